/** SQL on people for whom a notice was paid although another payment covers them, or nothing may. */
import { fen, type Fen } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import type { DoubleCause } from './contribution.entity.js';
import type { AsText } from './contribution.repository.js';

export interface Double {
  readonly id: string;
  readonly amountFen: Fen;
  readonly fundFen: Fen;
}

type Row = AsText<Double, 'amountFen' | 'fundFen'>;
const double = (row: Row): Double => ({ id: row.id, amountFen: fen(Number(row.amountFen)), fundFen: fen(Number(row.fundFen)) });

/**
 * Members on these paid notices whose cover was started by something else. Paid alone on the phone: the member's share came twice. By
 * another notice: the unit's and the special fund's came twice as well.
 */
export async function insertDoubles(tx: Transaction, noticeIds: readonly string[], at: Date): Promise<Double[]> {
  const rows = await rowsOf<Row>(
    tx,
    `insert into contribution_double (id, member_id, period_id, notice_id, cause, amount_fen, fund_fen, found_at, state)
     select gen_random_uuid(), d.member_id, d.period_id, d.notice_id, 'paid-twice', d.amount_fen, d.fund_fen, $2, case when d.amount_fen = 0 then 'refunded' else 'due' end
     from (select e.member_id, e.period_id, n.id as notice_id,
                  w.member_share_fen + case when c.join_id is null then w.unit_share_fen else 0 end as amount_fen,
                  case when c.join_id is null then w.fund_share_fen else 0 end as fund_fen
           from payment_notice n
           join enrolment_window w on w.id = n.window_id
           join enrolment e on e.window_id = n.window_id and e.unit_id = n.unit_id and e.notice = n.number
           join cover c on c.member_id = e.member_id and c.period_id = e.period_id
           where n.id = any($1::uuid[]) and n.state = 'paid' and c.notice_id is distinct from n.id) d
     where d.amount_fen + d.fund_fen > 0
     on conflict do nothing returning id, amount_fen as "amountFen", fund_fen as "fundFen"`,
    [noticeIds, at],
  );
  return rows.map(double);
}

/** Members on these paid notices whom underwriting has refused for good: all that came for them. */
export async function insertRefused(
  tx: Transaction,
  refused: readonly { readonly memberId: string; readonly periodId: string; readonly noticeId: string }[],
  at: Date,
): Promise<Double[]> {
  if (refused.length === 0) return [];
  const rows = await rowsOf<Row>(
    tx,
    `insert into contribution_double (id, member_id, period_id, notice_id, cause, amount_fen, fund_fen, found_at, state)
     select gen_random_uuid(), r.member_id, r.period_id, n.id, 'refused', w.member_share_fen + w.unit_share_fen, w.fund_share_fen, $4,
            case when w.member_share_fen + w.unit_share_fen = 0 then 'refunded' else 'due' end
     from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as r(member_id, period_id, notice_id)
     join payment_notice n on n.id = r.notice_id join enrolment_window w on w.id = n.window_id
     on conflict do nothing returning id, amount_fen as "amountFen", fund_fen as "fundFen"`,
    [refused.map((one) => one.memberId), refused.map((one) => one.periodId), refused.map((one) => one.noticeId), at],
  );
  return rows.map(double);
}

/** Guarded by the state it was in; the notice of the double that moved, undefined when it was in another state. */
export async function moveDouble(
  tx: Transaction,
  id: string,
  from: 'due' | 'refunding' | 'refunded',
  to: 'due' | 'refunding' | 'refunded',
): Promise<string | undefined> {
  const [row] = await rowsOf<{ subject: string }>(
    tx,
    'update contribution_double set state = $3 where id = $1 and state = $2 returning notice_id as subject',
    [id, from, to],
  );
  return row?.subject;
}

/** A double that waits to be given back by the bank, locked, with the name under which the notice was paid last. */
export async function lockDueDouble(tx: Transaction, id: string): Promise<{ amountFen: Fen; payerName: string } | undefined> {
  const [row] = await rowsOf<{ amountFen: string; payerName: string }>(
    tx,
    `select d.amount_fen as "amountFen", coalesce((
         select c.payer_name from contribution_match m join contribution_credit c on c.id = m.credit_id where m.notice_id = d.notice_id order by m.matched_at desc, m.id desc limit 1
       ), o.name) as "payerName"
     from contribution_double d join payment_notice n on n.id = d.notice_id join organisation o on o.id = n.unit_id
     where d.id = $1 and d.state = 'due' for update of d`,
    [id],
  );
  return row && { amountFen: fen(Number(row.amountFen)), payerName: row.payerName };
}

export interface DoubleView {
  readonly id: string;
  readonly cause: DoubleCause;
  readonly noticeReference: string;
  readonly unitName: string;
  readonly amountFen: number;
  readonly foundAt: Date;
  readonly state: string;
}

export async function readDoubles(tx: Transaction, limit: number): Promise<DoubleView[]> {
  const rows = await rowsOf<AsText<DoubleView, 'amountFen'>>(
    tx,
    `select d.id, d.cause, n.reference as "noticeReference", o.name as "unitName", d.amount_fen as "amountFen", d.found_at as "foundAt", d.state
     from contribution_double d join payment_notice n on n.id = d.notice_id join organisation o on o.id = n.unit_id
     order by (d.state = 'refunded'), d.found_at, d.id limit $1`,
    [limit],
  );
  return rows.map((row) => ({ ...row, amountFen: Number(row.amountFen) }));
}
