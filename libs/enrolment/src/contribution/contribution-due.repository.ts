/** What of contributions is due and not moving; the predicates are those of the services' own queries. */
import type { WakeUp } from '@app/contracts';
import { rowsOf, type Transaction } from '@app/platform';

/** Receipts to ask for and refunds to send or ask about; `now` is the business clock. */
export async function contributionDue(tx: Transaction, now: Date): Promise<{ wakeUp: WakeUp; count: number }[]> {
  const [row] = await rowsOf<{ receipts: number; refunds: number }>(
    tx,
    `select (select count(*) from contribution_receipt where state in ('due', 'flush-due'))::int as receipts,
       (select count(*) from contribution_refund where state in ('signed', 'sending') or (state in ('unknown', 'accepted') and next_query_at <= $1))::int as refunds`,
    [now],
  );
  return [
    { wakeUp: { queue: 'contribution' as const, command: 'issue', ids: [] }, count: row!.receipts },
    { wakeUp: { queue: 'contribution' as const, command: 'refund', ids: [] }, count: row!.refunds },
  ].filter((due) => due.count > 0);
}
