/** The sums of contributions, from the tables and from the books; reads only. */
import { rowsOf, type Transaction } from '@app/platform';
import { UNDER_WAY } from './refund.js';

/** Sums in fen, each read twice: of our rows, and of the ledger. */
export interface ContributionSums {
  /** Of a window, or of all: what came of members and units by notices, of the special fund; and of that, what is to go back: paid twice, or for somebody refused. */
  readonly memberFen: number;
  readonly unitFen: number;
  readonly fundFen: number;
  readonly doubledFen: number;
  /** Of all windows: money in suspense belongs to none. */
  readonly suspenseFen: number;
  readonly refundedFen: number;
  readonly refundsUnderWayFen: number;
}

const numbers = <Row extends object>(row: Row): { [Key in keyof Row]: number } =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])) as { [Key in keyof Row]: number };

export interface ExpectedSums {
  readonly memberFen: number;
  readonly unitFen: number;
  readonly fundFen: number;
}

export async function expectedSums(tx: Transaction, windowId: string | null): Promise<ExpectedSums> {
  const [row] = await rowsOf<ExpectedSums>(
    tx,
    `select coalesce(sum(member_fen), 0) as "memberFen", coalesce(sum(unit_fen), 0) as "unitFen", coalesce(sum(fund_fen), 0) as "fundFen"
     from payment_notice where $1::uuid is null or window_id = $1`,
    [windowId],
  );
  return numbers(row!);
}

const UNDER_WAY_STATES = UNDER_WAY.map((state) => `'${state}'`).join(', ');

export async function tableSums(tx: Transaction, windowId: string | null): Promise<ContributionSums> {
  const [row] = await rowsOf<ContributionSums>(
    tx,
    `with notice as (select id, state, fund_fen from payment_notice where $1::uuid is null or window_id = $1),
     received as (
       select coalesce(sum(m.member_fen - coalesce(r.member_fen, 0)), 0) as member_fen, coalesce(sum(m.unit_fen - coalesce(r.unit_fen, 0)), 0) as unit_fen
       from contribution_match m join notice n on n.id = m.notice_id left join match_reversal r on r.match_id = m.id and r.state = 'confirmed'),
     doubled as (
       select coalesce(sum(d.amount_fen), 0) as amount_fen, coalesce(sum(d.fund_fen), 0) as fund_fen from contribution_double d
       where $1::uuid is null or d.notice_id in (select id from notice))
     select received.member_fen as "memberFen", received.unit_fen as "unitFen",
       (select coalesce(sum(fund_fen), 0) from notice where state = 'paid') - doubled.fund_fen as "fundFen", doubled.amount_fen as "doubledFen",
       (select coalesce(sum(rest_fen), 0) from contribution_credit)
         + (select coalesce(sum(amount_fen), 0) from contribution_refund where credit_id is not null and state in (${UNDER_WAY_STATES}))
         + (select coalesce(sum(amount_fen), 0) from contribution_double where state <> 'refunded') as "suspenseFen",
       (select coalesce(sum(amount_fen), 0) from contribution_refund where state = 'paid') as "refundedFen",
       (select coalesce(sum(amount_fen), 0) from contribution_refund where state in (${UNDER_WAY_STATES})) as "refundsUnderWayFen"
     from received, doubled`,
    [windowId],
  );
  return numbers(row!);
}

/** The same of the ledger, and what members paid on the phone. Rows of ours only say to which window a transfer belongs. */
export async function bookSums(
  tx: Transaction,
  windowId: string | null,
): Promise<Omit<ContributionSums, 'suspenseFen'> & { phoneFen: number }> {
  const [row] = await rowsOf<Omit<ContributionSums, 'suspenseFen'> & { phoneFen: number }>(
    tx,
    `with posted as (
       select code, subject, amount_fen from ledger_posted
       where code in ('contribution-member', 'contribution-unit', 'suspense-matched-member', 'suspense-matched-unit', 'match-reversed-member', 'match-reversed-unit',
         'contribution-special-fund', 'special-fund-return', 'contribution-double', 'contribution-phone', 'contribution-phone-refund', 'suspense-refund', 'suspense-refund-return')),
     placed as (
       select p.code, p.amount_fen, coalesce(n.window_id, a.window_id) as window_id
       from posted p
       left join contribution_match m on m.id = p.subject
         and p.code in ('contribution-member', 'contribution-unit', 'suspense-matched-member', 'suspense-matched-unit', 'match-reversed-member', 'match-reversed-unit')
       left join contribution_double d on p.code in ('contribution-double', 'special-fund-return') and d.id = p.subject
       left join join_application a on p.code in ('contribution-phone', 'contribution-phone-refund') and a.id = p.subject
       left join payment_notice n on n.id = case when p.code = 'contribution-special-fund' or p.code = 'special-fund-return' and d.id is null then p.subject
         else coalesce(m.notice_id, d.notice_id) end),
     summed as (select code, sum(amount_fen) as fen, sum(amount_fen) filter (where $1::uuid is null or window_id = $1) as of_window from placed group by 1)
     select coalesce(sum(of_window) filter (where code in ('contribution-member', 'suspense-matched-member')), 0)
         - coalesce(sum(of_window) filter (where code = 'match-reversed-member'), 0) as "memberFen",
       coalesce(sum(of_window) filter (where code in ('contribution-unit', 'suspense-matched-unit')), 0)
         - coalesce(sum(of_window) filter (where code = 'match-reversed-unit'), 0) as "unitFen",
       coalesce(sum(of_window) filter (where code = 'contribution-special-fund'), 0) - coalesce(sum(of_window) filter (where code = 'special-fund-return'), 0) as "fundFen",
       coalesce(sum(of_window) filter (where code = 'contribution-double'), 0) as "doubledFen",
       coalesce(sum(of_window) filter (where code = 'contribution-phone'), 0)
         - coalesce(sum(of_window) filter (where code = 'contribution-phone-refund'), 0) as "phoneFen",
       coalesce(sum(fen) filter (where code = 'suspense-refund'), 0) - coalesce(sum(fen) filter (where code = 'suspense-refund-return'), 0) as "refundedFen",
       (select coalesce(sum(amount_fen), 0) from ledger_pending where code = 'suspense-refund') as "refundsUnderWayFen"
     from summed`,
    [windowId],
  );
  return numbers(row!);
}

export async function openLines(tx: Transaction): Promise<number> {
  const [row] = await rowsOf<{ lines: number }>(tx, 'select coalesce(sum(open_lines), 0)::int as lines from collection_statement');
  return row!.lines;
}
