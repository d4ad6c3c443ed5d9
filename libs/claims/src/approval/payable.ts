/** Approving a claim is one thing wherever it happens: a state, a new attempt, and the money set aside in the books. */
import { ledger } from '@app/ledger';
import { chinaDate, type Fen } from '@app/kernel';
import type { Transaction } from '@app/platform';
import type { Cause, ClaimKey } from '../claim.js';
import { move } from '../claim.repository.js';
import type { ClaimState } from '../lifecycle.js';

export interface Payable extends ClaimKey {
  readonly attempt: number;
  readonly benefitFen: Fen;
}

/** `claims` as they are before: their attempt is the last one made. */
export async function makePayable(tx: Transaction, claims: readonly Payable[], from: ClaimState, cause: Cause): Promise<void> {
  const moved = new Set((await move(tx, claims, from, 'approved', cause, { nextAttempt: true })).map((claim) => claim.claimId));
  await ledger.pend(
    tx,
    claims
      .filter((claim) => moved.has(claim.claimId))
      .map((claim) => ({
        code: 'benefit' as const,
        subject: claim.claimId,
        attempt: claim.attempt + 1,
        amountFen: claim.benefitFen,
        on: chinaDate(cause.at),
      })),
  );
}

/** Takes the set-aside money of an attempt back: it did not go, and will not. */
export const releasePayable = (tx: Transaction, claims: readonly { claimId: string; attempt: number }[], at: Date): Promise<void> =>
  ledger.resolve(
    tx,
    claims.map((claim) => ({ code: 'benefit' as const, subject: claim.claimId, attempt: claim.attempt })),
    'voided',
    chinaDate(at),
  );
