/**
 * What is due and not moving, per stage: the sweeper wakes it, and a run is at rest when there is none. The predicates are those of the
 * stages' own `take…` queries.
 */
import type { WakeUp } from '@app/contracts';
import type { CivilDate } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import { CANCELLABLE } from './reconciliation/reconciliation.js';

export interface Due {
  readonly wakeUp: WakeUp;
  readonly count: number;
}

// In the text: as a parameter it would have the statement planned anew at each look, at twice the price of running it.
const CANCELLABLE_STATES = CANCELLABLE.map((state) => `'${state}'`).join(', ');

/** One look at everything that rows alone can tell; `stopped` claims may or may not have another account by now. `now` is the business clock. */
export async function claimsDue(
  tx: Transaction,
  now: Date,
  today: CivilDate,
  lastStatementDay: CivilDate,
): Promise<{ due: Due[]; stopped: boolean }> {
  const [row] = await rowsOf<Record<string, number>>(
    tx,
    `select
       (select count(*) from feed_message where state = 'stored')::int as accept,
       (select count(*) from feed_message where sent_on < $2 and sent_on > coalesce((select max(checked_on) from feed_day), '-infinity'))::int as compare,
       (select count(*) from claim where state = 'accepted' and cancelled_at is null and fault is null)::int as adjudicate,
       (select count(*) from claim where state = 'adjudicated' and cancelled_at is null and fault is null)::int as approve,
       (select count(*) from claim where cancelled_at is not null and state in (${CANCELLABLE_STATES}))::int as cancel,
       (select count(*) from batch where state = 'checked')::int + (select count(*) from batch_grant where state = 'asked')::int
         + (select count(*) from payment_part p where p.state in ('prepared', 'signed', 'sending')
              and not exists (select from batch_grant g where g.batch_id = p.batch_id and g.state = 'refused'))::int
         as pay,
       (select count(*) from payment_part where state = 'open' and next_query_at <= $1)::int as query,
       (select count(*) from member_notice where sent_at is null and refusal is null)::int as tell,
       coalesce($3::date - coalesce((select max("on") from bank_statement), (select min(cut_on) - 1 from batch where state in ('checked', 'released'))), 0) as reconcile,
       (select count(*) from bank_statement where voucher_number is null and lines > 0)::int as vouch,
       -- A rehearsal that moves counts differently at each look, and is left alone.
       (select coalesce(sum(claims_done + 1), 0) from rehearsal where state in ('waiting', 'running'))::float8 as rehearse,
       (select count(*) from (select from claim where state in ('failed', 'returned') and cancelled_at is null and fault is null limit 1) s)::int as stopped`,
    [now, today, lastStatementDay],
  );
  const wakes: Record<string, WakeUp> = {
    accept: { queue: 'acceptance', command: 'accept', ids: [] },
    compare: { queue: 'acceptance', command: 'compare', ids: [] },
    adjudicate: { queue: 'adjudication', command: 'adjudicate', ids: [] },
    approve: { queue: 'approval', command: 'approve', ids: [] },
    cancel: { queue: 'reconciliation', command: 'cancel', ids: [] },
    pay: { queue: 'payment', command: 'pay', ids: [] },
    query: { queue: 'payment', command: 'query', ids: [] },
    tell: { queue: 'notice', command: 'tell', ids: [] },
    reconcile: { queue: 'reconciliation', command: 'reconcile', ids: [] },
    vouch: { queue: 'reconciliation', command: 'vouch', ids: [] },
    rehearse: { queue: 'rehearsal', command: 'rehearse', ids: [] },
  };
  const due = Object.entries(wakes)
    .map(([name, wakeUp]) => ({ wakeUp, count: row![name]! }))
    .filter((one) => one.count > 0);
  return { due, stopped: row!.stopped! > 0 };
}
