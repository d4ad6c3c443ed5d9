/** SQL on people who were paid for twice. */
import { fen, type Fen } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
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
    `insert into contribution_double (id, member_id, period_id, payer, notice_id, amount_fen, fund_fen, found_at, state)
     select gen_random_uuid(), d.member_id, d.period_id, 'unit', d.notice_id, d.amount_fen, d.fund_fen, $2, case when d.amount_fen = 0 then 'refunded' else 'due' end
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

/** undefined when that join is known as a double already. */
export async function insertPhoneDouble(
  tx: Transaction,
  join: { readonly joinId: string; readonly memberId: string; readonly periodId: string; readonly amountFen: Fen },
  at: Date,
): Promise<Double | undefined> {
  const [row] = await rowsOf<Row>(
    tx,
    `insert into contribution_double (id, member_id, period_id, payer, join_id, amount_fen, fund_fen, found_at, state)
     values (gen_random_uuid(), $1, $2, 'phone', $3, $4, 0, $5, 'due') on conflict do nothing returning id, amount_fen as "amountFen", fund_fen as "fundFen"`,
    [join.memberId, join.periodId, join.joinId, join.amountFen, at],
  );
  return row && double(row);
}

export interface PhoneRefundDue {
  readonly joinId: string;
  readonly memberId: string;
  readonly amountFen: Fen;
}

export async function phoneRefundsDue(tx: Transaction, limit: number): Promise<PhoneRefundDue[]> {
  const rows = await rowsOf<AsText<PhoneRefundDue, 'amountFen'>>(
    tx,
    `select join_id as "joinId", member_id as "memberId", amount_fen as "amountFen" from contribution_double
     where payer = 'phone' and state = 'due' order by found_at, id limit $1`,
    [limit],
  );
  return rows.map((row) => ({ ...row, amountFen: fen(Number(row.amountFen)) }));
}

/** undefined when there is nothing to give back for that join, or it was given back before. */
export async function endPhoneDouble(tx: Transaction, joinId: string): Promise<Double | undefined> {
  const [row] = await rowsOf<Row>(
    tx,
    `update contribution_double set state = 'refunded' where join_id = $1 and state = 'due' returning id, amount_fen as "amountFen", fund_fen as "fundFen"`,
    [joinId],
  );
  return row && double(row);
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
     where d.id = $1 and d.payer = 'unit' and d.state = 'due' for update of d`,
    [id],
  );
  return row && { amountFen: fen(Number(row.amountFen)), payerName: row.payerName };
}

export interface DoubleView {
  readonly id: string;
  readonly payer: 'unit' | 'phone';
  readonly noticeReference: string | null;
  readonly unitName: string | null;
  readonly joinId: string | null;
  readonly amountFen: number;
  readonly foundAt: Date;
  readonly state: string;
}

export async function readDoubles(tx: Transaction, limit: number): Promise<DoubleView[]> {
  const rows = await rowsOf<AsText<DoubleView, 'amountFen'>>(
    tx,
    `select d.id, d.payer, n.reference as "noticeReference", o.name as "unitName", d.join_id as "joinId", d.amount_fen as "amountFen", d.found_at as "foundAt", d.state
     from contribution_double d left join payment_notice n on n.id = d.notice_id left join organisation o on o.id = n.unit_id
     order by (d.state = 'refunded'), d.found_at, d.id limit $1`,
    [limit],
  );
  return rows.map((row) => ({ ...row, amountFen: Number(row.amountFen) }));
}
