/** What a payment is and how the bank's words move it. Pure. A payment is known only from the bank: from unknown the only moves are queries. */
import type { BankReason, BankRowStatus } from '@app/contracts';
import { assert } from '@app/kernel';

export const PAYMENT_STATES = ['prepared', 'signed', 'sending', 'unknown', 'accepted', 'paid', 'failed', 'returned'] as const;
export type PaymentState = (typeof PAYMENT_STATES)[number];

export const PAYMENT_MOVES: Readonly<Record<PaymentState, readonly PaymentState[]>> = {
  prepared: ['signed'],
  signed: ['sending'],
  sending: ['unknown', 'accepted', 'paid', 'failed'],
  // Sending again is only ever the same message under the same reference, after the bank said that it never arrived.
  unknown: ['sending', 'accepted', 'paid', 'failed'],
  accepted: ['paid', 'failed'],
  paid: ['returned'],
  failed: [],
  returned: [],
};

/** Where a row of the bank's report takes a payment; undefined: nothing new. */
export function afterReport(state: PaymentState, status: BankRowStatus): PaymentState | undefined {
  const to = ({ ACSP: 'accepted', ACSC: 'paid', RJCT: 'failed', PDNG: undefined } as const)[status];
  return to !== undefined && PAYMENT_MOVES[state].includes(to) ? to : undefined;
}

/** These say that the account is the trouble: the member gives another. */
const ACCOUNT_REASONS: readonly BankReason[] = ['AC01', 'AC04', 'AC06', 'BE01'];
export const needsOtherAccount = (reason: BankReason | null): boolean => reason !== null && ACCOUNT_REASONS.includes(reason);

export type PauseReason = 'waiting-for-member-account' | 'bank-did-not-execute' | 'bank-returned';

const ATTEMPT_DIGITS = 3;

/** EndToEndId (35 characters): the claim and the attempt, so that the same right to be paid has one name for ever. */
export function endToEndId(claimId: string, attempt: number): string {
  const digits = attempt.toString(36).padStart(ATTEMPT_DIGITS, '0').toUpperCase();
  assert(digits.length === ATTEMPT_DIGITS, `attempt ${attempt} does not fit an EndToEndId`);
  return `${claimId.replaceAll('-', '').toUpperCase()}${digits}`;
}

/** MsgId of a part: the batch and its number. */
export const partMessageId = (batchId: string, part: number): string =>
  `${batchId.replaceAll('-', '').toUpperCase()}${part.toString(36).padStart(ATTEMPT_DIGITS, '0').toUpperCase()}`;

/** Short, since banks print it behind words of their own, and what is asked again gets a number behind it. */
export const GRANT_REFERENCE_LENGTH = 26;

/** The treasury's reference of a batch's grant. */
export const grantReference = (batchId: string): string =>
  `G${BigInt(`0x${batchId.replaceAll('-', '')}`)
    .toString(36)
    .toUpperCase()
    .padStart(GRANT_REFERENCE_LENGTH - 1, '0')}`;

/** The bank takes about this many rows a message. */
export const PART_ROWS = 1_000;

const QUERY_AFTER_MINUTES = [5, 15, 30, 60] as const;
/** When to ask again after silence. */
export const soon = (now: Date): Date => new Date(now.getTime() + 60_000);
/** When to ask again after `queries` questions without a final word. */
export const nextQueryAt = (now: Date, queries: number): Date =>
  new Date(now.getTime() + QUERY_AFTER_MINUTES[Math.min(queries, QUERY_AFTER_MINUTES.length - 1)]! * 60_000);
