/** What each line of the bank's statement proves, and what becomes of a cancelled claim. Pure. */
import type { BankStatementLine } from '@app/contracts';
import type { Fen } from '@app/kernel';
import { canMove, CLAIM_STATES, type ClaimState } from '../lifecycle.js';
import type { PaymentState } from '../payment/index.js';

export interface KnownPayment {
  readonly state: PaymentState;
  readonly amountFen: Fen;
}

export type LineOutcome =
  /** The money went out for good, as far as today's statement knows. */
  | 'payment-proved'
  /** It came back. */
  | 'payment-returned'
  /** Nothing of ours, or another amount: a person looks at it. */
  | 'open';

/** A payment line proves a payment the bank had no other word on; a return line needs a payment that went. */
export function judgeLine(
  line: Pick<BankStatementLine, 'kind' | 'direction' | 'amountFen'>,
  payment: KnownPayment | undefined,
): LineOutcome {
  if (!payment || payment.amountFen !== line.amountFen) return 'open';
  if (line.kind === 'payment' && line.direction === 'debit')
    return payment.state === 'failed' || payment.state === 'prepared' || payment.state === 'signed' ? 'open' : 'payment-proved';
  if (line.kind === 'return' && line.direction === 'credit') return payment.state === 'paid' ? 'payment-returned' : 'open';
  return 'open';
}

export type CancelOutcome = 'withdraw' | 'claw-back' | 'wait';

/** Before payout the claim is withdrawn; once the statement shows the money gone it is clawed back; in between its fate must be known first. */
export function afterCancel(state: ClaimState): CancelOutcome {
  if (state === 'settled') return 'claw-back';
  return state !== 'clawed-back' && canMove(state, 'withdrawn') ? 'withdraw' : 'wait';
}

/** States in which a cancel has something to do. */
export const CANCELLABLE = CLAIM_STATES.filter((state) => afterCancel(state) !== 'wait');
