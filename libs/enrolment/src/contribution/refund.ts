/**
 * Money given back to its payer: what a refund may become and what it is called. Pure. As with any payment it is known only from the bank:
 * from unknown the only moves are questions, and what failed or came back stays so, since giving it back again is another refund.
 */
import type { BankRowStatus } from '@app/contracts';

export const REFUND_STATES = ['proposed', 'declined', 'signed', 'sending', 'unknown', 'accepted', 'paid', 'failed', 'returned'] as const;
export type RefundState = (typeof REFUND_STATES)[number];

export const REFUND_MOVES: Readonly<Record<RefundState, readonly RefundState[]>> = {
  proposed: ['declined', 'signed'],
  declined: [],
  signed: ['sending'],
  sending: ['unknown', 'accepted', 'paid', 'failed'],
  // Sending again is only ever the same message under the same reference, after the bank said that it never arrived.
  unknown: ['sending', 'accepted', 'paid', 'failed'],
  accepted: ['paid', 'failed'],
  paid: ['returned'],
  failed: [],
  returned: [],
};

/** On its way to the bank: the amount is out of suspense for any other use, and stands pending in the books. */
export const UNDER_WAY: readonly RefundState[] = ['signed', 'sending', 'unknown', 'accepted'];

/** Where a row of the bank's report takes a refund; undefined: nothing new. */
export function afterReport(state: RefundState, status: BankRowStatus): RefundState | undefined {
  const to = ({ ACSP: 'accepted', ACSC: 'paid', RJCT: 'failed', PDNG: undefined } as const)[status];
  return to !== undefined && REFUND_MOVES[state].includes(to) ? to : undefined;
}

/** MsgId and EndToEndId of a refund, its only names for ever (34 of the bank's 35 characters). */
export const refundMessageId = (id: string): string => `RM${id.replaceAll('-', '').toUpperCase()}`;
export const refundEndToEndId = (id: string): string => `RF${id.replaceAll('-', '').toUpperCase()}`;

const QUERY_AFTER_MINUTES = [5, 15, 30, 60] as const;
/** When to ask again after silence. */
export const soon = (now: Date): Date => new Date(now.getTime() + 60_000);
/** When to ask again after `queries` questions without a final word. */
export const nextQueryAt = (now: Date, queries: number): Date =>
  new Date(now.getTime() + QUERY_AFTER_MINUTES[Math.min(queries, QUERY_AFTER_MINUTES.length - 1)]! * 60_000);
