/** The only file with the SQL of the report; it reads, and never writes. */
import type { Pause } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import type { PaidClaimTimes } from './settlement-report.js';

/** A claim whose subsidy was paid and stayed paid, clawed-back ones included. */
const PAID = `('paid', 'settled', 'clawed-back')`;
const ENDED = `('withdrawn', 'refused', 'declined', 'settled', 'clawed-back')`;

export interface ReportCounts {
  readonly feedMessages: number;
  readonly duplicates: number;
  readonly cancelsWaiting: number;
  readonly withdrawn: number;
  readonly declined: number;
  readonly openClaims: number;
  readonly faults: number;
  readonly claimsPaid: number;
  readonly paidFen: string;
  readonly settledClaims: number;
  readonly settledFen: string;
  readonly clawbacks: number;
  readonly clawbackFen: string;
  readonly rejected: number;
  readonly returned: number;
  readonly unknownResolved: number;
  readonly doubleAcks: number;
  readonly openUnknown: number;
  readonly automatic: number;
  readonly byPerson: number;
  readonly comparedDays: number;
  readonly differentDays: number;
  readonly pulled: number;
}

export async function readCounts(tx: Transaction): Promise<ReportCounts> {
  const [row] = await rowsOf<ReportCounts>(
    tx,
    `select
       m.messages as "feedMessages", m.duplicates, m.waiting as "cancelsWaiting",
       c.withdrawn, c.declined, c.open as "openClaims", c.faults, c.paid as "claimsPaid", c.paid_fen as "paidFen", c.settled as "settledClaims", c.settled_fen as "settledFen",
       k.count as clawbacks, k.fen as "clawbackFen", p.rejected, p.returned, p.resolved as "unknownResolved", a.doubles as "doubleAcks", p.unknown as "openUnknown",
       v.automatic, v.person as "byPerson", d.compared as "comparedDays", d.different as "differentDays", d.pulled
     from
       (select (count(*) + coalesce(sum(duplicates), 0))::int as messages, coalesce(sum(duplicates), 0)::int as duplicates, (count(*) filter (where state = 'waiting'))::int as waiting from feed_message) m,
       (select (count(*) filter (where state = 'withdrawn'))::int as withdrawn, (count(*) filter (where state = 'declined'))::int as declined,
               (count(*) filter (where state not in ${ENDED}))::int as open, (count(*) filter (where fault is not null))::int as faults,
               (count(*) filter (where state in ${PAID}))::int as paid, coalesce(sum(benefit_fen) filter (where state in ${PAID}), 0)::text as paid_fen,
               (count(*) filter (where state = 'settled'))::int as settled, coalesce(sum(benefit_fen) filter (where state = 'settled'), 0)::text as settled_fen from claim) c,
       (select count(*)::int as count, coalesce(sum(amount_fen), 0)::text as fen from clawback_case where closed_at is null) k,
       (select (count(*) filter (where p.state = 'failed' and p.reason not in ('AB05', 'AM04')))::int as rejected, (count(*) filter (where p.state = 'returned'))::int as returned,
               (count(*) filter (where u.status_id is not null and p.state in ('paid', 'failed', 'returned')))::int as resolved, (count(*) filter (where p.state in ('unknown', 'sending')))::int as unknown
          from payment p left join payment_event u on u.member_id = p.member_id and u.end_to_end_id = p.end_to_end_id and u.status_id = 'no-answer') p,
       (select coalesce(sum(n - 1), 0)::int as doubles from (select count(*) as n from payment_event where status = 'ACSC' group by member_id, end_to_end_id) e) a,
       (select (count(*) filter (where act = 'automatic'))::int as automatic, (count(*) filter (where act = 'approve'))::int as person from approval_act) v,
       (select count(*)::int as compared, (count(*) filter (where not equal))::int as different, coalesce(sum(pulled), 0)::int as pulled from feed_day) d`,
  );
  return row!;
}

const countsBy = async (tx: Transaction, sql: string): Promise<Record<string, number>> =>
  Object.fromEntries((await rowsOf<{ reason: string; n: number }>(tx, sql)).map(({ reason, n }) => [reason, n]));

export const readQuarantinedBy = (tx: Transaction): Promise<Record<string, number>> =>
  countsBy(tx, `select reason, count(*)::int as n from feed_message where state in ('quarantined', 'repeated') group by 1 order by 1`);

export const readRefusedBy = (tx: Transaction): Promise<Record<string, number>> =>
  countsBy(tx, `select refusal as reason, count(*)::int as n from claim where state = 'refused' group by 1 order by 1`);

export const readPausedBy = (tx: Transaction): Promise<Record<string, number>> =>
  countsBy(tx, `select reason, count(distinct (member_id, claim_id))::int as n from claim_pause group by 1 order by 1`);

export async function readTimes(tx: Transaction): Promise<PaidClaimTimes[]> {
  const rows = await rowsOf<{ acceptedAt: Date; settledAt: Date; pauses: { reason: string; from: string; to: string }[] | null }>(
    tx,
    `select c.accepted_at as "acceptedAt", c.settled_at as "settledAt", p.pauses from claim c
     left join lateral (select json_agg(json_build_object('reason', reason, 'from', from_at, 'to', coalesce(to_at, c.settled_at))) as pauses
                        from claim_pause p where p.member_id = c.member_id and p.claim_id = c.id having count(*) > 0) p on true
     where c.state in ('settled', 'clawed-back')`,
  );
  return rows.map((row) => ({
    acceptedAt: row.acceptedAt,
    settledAt: row.settledAt,
    pauses: (row.pauses ?? []).map((pause): Pause => ({ reason: pause.reason, from: new Date(pause.from), to: new Date(pause.to) })),
  }));
}

export interface BookFaults {
  /** Claims whose state and books differ. */
  readonly claims: number;
  /** Pending transfers that no claim on its way to the bank explains, or the other way round. */
  readonly pending: number;
  /** Statement lines that nothing of ours explains. */
  readonly openLines: number;
  /** Statements that do not follow from the one before. */
  readonly gaps: number;
  readonly closingFen: string;
}

export async function readBookFaults(tx: Transaction): Promise<BookFaults> {
  const [row] = await rowsOf<BookFaults>(
    tx,
    `select
       (select count(*)::int from claim c
          full join (select t.subject,
                        sum(case t.code when 'benefit' then t.amount_fen when 'benefit-return' then -t.amount_fen else 0 end) as paid,
                        sum(case t.code when 'clawback' then t.amount_fen when 'clawback-dropped' then -t.amount_fen else 0 end) as clawback
                      from ledger_posted t where t.code in ('benefit', 'benefit-return', 'clawback', 'clawback-dropped') group by 1) l on l.subject = c.id
          where coalesce(l.paid, 0) <> case when c.state in ${PAID} then c.benefit_fen else 0 end
             or coalesce(l.clawback, 0) <> case when c.state = 'clawed-back' then c.benefit_fen else 0 end or c.id is null) as claims,
       (select count(*)::int from claim c
          full join (select subject from ledger_pending where code = 'benefit') l on l.subject = c.id
          where (c.state in ('approved', 'batched', 'sent')) is distinct from (l.subject is not null)) as pending,
       (select count(*)::int from bank_statement_line where outcome = 'open') as "openLines",
       (select count(*)::int from bank_statement where not continuous) as gaps,
       coalesce((select closing_fen from bank_statement order by "on" desc limit 1), 0)::text as "closingFen"`,
  );
  return row!;
}
