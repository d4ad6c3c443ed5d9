/** What enrolment adds to the settlement report and to the book of a plan; reads only. */
import { fen, type Fen } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';

export interface EnrolmentFigures {
  readonly members: number;
  readonly covers: number;
  readonly rosterRefused: Readonly<Record<string, number>>;
  /** Closing balance of the collection account on its last statement, in fen. */
  readonly collectionClosingFen: number;
}

export async function enrolmentFigures(tx: Transaction): Promise<EnrolmentFigures> {
  const [row] = await rowsOf<{ members: number; covers: number; closing: string }>(
    tx,
    `select (select count(*)::int from member) as members, (select count(*)::int from cover) as covers,
       coalesce((select closing_fen from collection_statement order by "on" desc limit 1), 0)::text as closing`,
  );
  const refused = await rowsOf<{ reason: string; n: number }>(
    tx,
    'select reason, count(*)::int as n from roster_refusal group by 1 order by 1',
  );
  return {
    members: row!.members,
    covers: row!.covers,
    rosterRefused: Object.fromEntries(refused.map(({ reason, n }) => [reason, n])),
    collectionClosingFen: Number(row!.closing),
  };
}

export interface PlanFigures {
  /** Covered at any time. */
  readonly members: number;
  /** Of members, units and the special fund, by notice and on the phone; less what is to go back. */
  readonly contributionsFen: Fen;
}

export async function planFigures(tx: Transaction, planId: string): Promise<PlanFigures> {
  const [row] = await rowsOf<{ members: number; contributions: string }>(
    tx,
    `select (select count(distinct member_id)::int from cover where plan_id = $1) as members,
       ((select coalesce(sum(n.received_fen + case when n.state = 'paid' then n.fund_fen else 0 end), 0)
           - coalesce((select sum(d.amount_fen + d.fund_fen) from contribution_double d join payment_notice dn on dn.id = d.notice_id join enrolment_window dw on dw.id = dn.window_id where dw.plan_id = $1), 0)
         from payment_notice n join enrolment_window w on w.id = n.window_id where w.plan_id = $1)
        + (select coalesce(sum(case t.code when 'contribution-phone' then t.amount_fen else -t.amount_fen end), 0)
           from cover c join ledger_transfer t on t.code in ('contribution-phone', 'contribution-phone-refund') and t.subject = c.join_id where c.plan_id = $1))::text as contributions`,
    [planId],
  );
  return { members: row!.members, contributionsFen: fen(Number(row!.contributions)) };
}
