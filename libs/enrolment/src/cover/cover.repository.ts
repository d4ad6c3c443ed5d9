import { rowsOf, type Transaction } from '@app/platform';
import type { CivilDate } from '@app/kernel';
import { addCovered, type CountKey, type UnitCovers } from '../window/enrolment-count.repository.js';
import { planLineOf } from '../window/window.js';
import type { EndReason } from './cover.js';
import { MAY_START, askWithoutBase } from '../underwriting/underwriting.repository.js';

export interface MemberCover {
  memberId: string;
  planId: string;
  /** The plan through the years. */
  planLine: string;
  coverFrom: CivilDate;
  /** The last covered day: of a cover that ended early the day it did. */
  coverTo: CivilDate;
  organisationPath: string;
  enrolledOn: CivilDate;
  /** The first move to another unit. */
  transferredOn: CivilDate | null;
}

/**
 * Covers of these members, of whatever plan and period, but for those that never began; those of one member the oldest first, with those from
 * before its personal number was corrected.
 */
export const coversOf = (tx: Transaction, memberIds: readonly string[]): Promise<MemberCover[]> => readCovers(tx, memberIds, '');

/** As {@link coversOf}, for a decision: until the commit none of them is taken back. */
export const holdCoversOf = (tx: Transaction, memberIds: readonly string[]): Promise<MemberCover[]> =>
  readCovers(tx, memberIds, 'for key share of cover');

async function readCovers(tx: Transaction, memberIds: readonly string[], lock: string): Promise<MemberCover[]> {
  const rows = await rowsOf<Omit<MemberCover, 'planLine'>>(
    tx,
    `select who.current_id as "memberId", plan_id as "planId", cover_from::text as "coverFrom", coalesce(ended_on, cover_to)::text as "coverTo",
            organisation_path as "organisationPath", enrolled_on::text as "enrolledOn", transferred_on::text as "transferredOn"
     from (select id as member_id, id as current_id from unnest($1::uuid[]) id
             union all select member_id, current_id from member_alias where current_id = any($1::uuid[])) who join cover using (member_id)
     where ended_on is null or ended_on >= cover_from
     order by who.current_id, cover_from, plan_id ${lock}`,
    [memberIds],
  );
  return rows.map((row) => ({ ...row, planLine: planLineOf(row.planId) }));
}

export interface CoverOfMember {
  planId: string;
  coverFrom: CivilDate;
  coverTo: CivilDate;
  endedOn: CivilDate | null;
  endReason: EndReason | null;
  number: string;
}

export const coversOfMember = (tx: Transaction, memberId: string): Promise<CoverOfMember[]> =>
  rowsOf(
    tx,
    `select plan_id as "planId", cover_from::text as "coverFrom", cover_to::text as "coverTo", ended_on::text as "endedOn", end_reason as "endReason", number
     from cover where member_id = $1 order by cover_from, plan_id`,
    [memberId],
  );

/** The number that is printed: plan, year and a serial number; of a row with plan_id and cover_from. */
const coverNumber = (row: string): string =>
  `${row}.plan_id || '-' || to_char(${row}.cover_from, 'YYYY') || '-' || lpad(nextval('cover_number')::text, ${SERIAL_DIGITS}, '0')`;
// Enough for all the covers there will be: lpad would cut a longer one.
const SERIAL_DIGITS = 10;

/**
 * Who is known to have died is covered up to that day, however late the money comes; of rows of `due`. All deaths, which are few, once: looked for
 * person by person, a plan that was made while there were no covers would read all covers for each.
 */
const DEATHS = `deaths as materialized (select member_id, min(ended_on) as ended_on from cover where end_reason = 'death' group by member_id)`;
const JOIN_DEATHS = 'left join deaths on deaths.member_id = due.member_id and deaths.ended_on <= due.cover_to';
const DEATH_END = `deaths.ended_on, case when deaths.ended_on is not null then 'death' end`;

/**
 * Covers for the members on these paid notices, but for those whom underwriting holds back; a member who has that cover already keeps it. `due`
 * are all who were to be covered, `started` those who are now.
 */
export async function startCovers(tx: Transaction, noticeIds: readonly string[], at: Date): Promise<{ due: number; started: number }> {
  const units = await coverNoticed(tx, noticeIds, at, null);
  await addCovered(tx, units);
  return { due: units.reduce((sum, { due }) => sum + due, 0), started: units.reduce((sum, { started }) => sum + started, 0) };
}

async function coverNoticed(
  tx: Transaction,
  noticeIds: readonly string[],
  at: Date,
  memberIds: readonly string[] | null,
): Promise<(UnitCovers & { readonly due: number })[]> {
  if (noticeIds.length === 0) return [];
  return rowsOf(
    tx,
    `with due as (
       select e.member_id, e.period_id, e.window_id, e.unit_id, w.plan_id, w.cover_from, w.cover_to, unit.path, n.id as notice_id,
              (e.applied_at at time zone 'Asia/Shanghai')::date as enrolled_on
       from payment_notice n
       join enrolment_window w on w.id = n.window_id
       join organisation unit on unit.id = n.unit_id
       join enrolment e on e.window_id = n.window_id and e.unit_id = n.unit_id and e.notice = n.number
       where n.id = any($1::uuid[]) and n.state = 'paid' and ${MAY_START} and ($3::uuid[] is null or e.member_id = any($3))
       order by e.member_id),
     ${DEATHS},
     started as (
       insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, notice_id, started_at, enrolled_on, ended_on, end_reason)
       select due.member_id, due.period_id, due.plan_id, due.cover_from, due.cover_to, ${coverNumber('due')}, due.path, due.notice_id, $2, due.enrolled_on, ${DEATH_END}
       from due ${JOIN_DEATHS} on conflict (member_id, period_id) do nothing returning notice_id)
     select n.window_id as "windowId", n.unit_id as "unitId", sum(due)::int as due, sum(started)::int as started
     from (select notice_id, count(*) as due, 0 as started from due group by notice_id
           union all select notice_id, 0, count(*) from started group by notice_id) counted
     join payment_notice n on n.id = counted.notice_id group by n.window_id, n.unit_id`,
    [noticeIds, at, memberIds],
  );
}

/**
 * Covers for members who have passed underwriting in this transaction, where their notice was paid before. Whoever is paying the notice right
 * now is waited for, and whoever pays it later sees that they have passed: so one of the two starts the cover, always. What is returned is still
 * to be counted.
 */
export async function startUnderwritten(
  tx: Transaction,
  memberIds: readonly string[],
  periodId: string,
  at: Date,
): Promise<readonly UnitCovers[]> {
  const notices = await rowsOf<{ windowId: string; unitId: string; number: number }>(
    tx,
    `select distinct window_id as "windowId", unit_id as "unitId", notice as number
     from enrolment where member_id = any($1::uuid[]) and period_id = $2 and notice is not null`,
    [memberIds, periodId],
  );
  const issued = await rowsOf<{ id: string; state: string }>(
    tx,
    `select n.id, n.state from payment_notice n
     where (n.window_id, n.unit_id, n.number) in (select * from unnest($1::uuid[], $2::uuid[], $3::int[])) order by n.id for share`,
    [notices.map((one) => one.windowId), notices.map((one) => one.unitId), notices.map((one) => one.number)],
  );
  const paid = issued.filter(({ state }) => state === 'paid').map(({ id }) => id);
  const alone = await rowsOf<JoinedCover>(
    tx,
    `select j.member_id as "memberId", j.period_id as "periodId", j.id as "joinId" from join_application j
     join enrolment e on e.member_id = j.member_id and e.period_id = j.period_id and e.notice is null
     where j.member_id = any($1::uuid[]) and j.period_id = $2 and j.state = 'covered'`,
    [memberIds, periodId],
  );
  return [...(await coverNoticed(tx, paid, at, memberIds)), ...(await startJoinedCovers(tx, alone, at))];
}

export interface JoinedCover {
  readonly memberId: string;
  readonly periodId: string;
  readonly joinId: string;
}

/**
 * Covers for members who joined alone and are enrolled, in the unit that they belong to; `heldBack` are those whom underwriting holds back.
 * One who has that cover already keeps it. What is returned is still to be counted.
 */
export async function startJoinedCovers(
  tx: Transaction,
  joins: readonly JoinedCover[],
  at: Date,
): Promise<(UnitCovers & { readonly heldBack: number })[]> {
  if (joins.length === 0) return [];
  return rowsOf(
    tx,
    `with asked as (
       select e.member_id, e.period_id, e.window_id, e.unit_id, m.unit_id as member_unit_id, e.applied_at, w.plan_id, w.cover_from, w.cover_to, j.join_id,
              ${MAY_START} as may
       from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as j(member_id, period_id, join_id)
       join enrolment e on e.member_id = j.member_id and e.period_id = j.period_id
       join member m on m.id = e.member_id
       join enrolment_window w on w.id = e.window_id),
     due as (
       select asked.*, unit.path, (applied_at at time zone 'Asia/Shanghai')::date as enrolled_on
       from asked join organisation unit on unit.id = asked.member_unit_id where may order by member_id),
     ${DEATHS},
     started as (
       insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, join_id, started_at, enrolled_on, ended_on, end_reason)
       select due.member_id, due.period_id, due.plan_id, due.cover_from, due.cover_to, ${coverNumber('due')}, due.path, due.join_id, $4, due.enrolled_on, ${DEATH_END}
       from due ${JOIN_DEATHS} on conflict (member_id, period_id) do nothing returning member_id, period_id)
     select window_id as "windowId", unit_id as "unitId", sum(started)::int as started, sum(held_back)::int as "heldBack"
     from (select window_id, unit_id, 0 as started, case when may then 0 else 1 end as held_back from asked
           union all select e.window_id, e.unit_id, 1, 0 from started join enrolment e using (member_id, period_id)) counted
     group by window_id, unit_id`,
    [joins.map((join) => join.memberId), joins.map((join) => join.periodId), joins.map((join) => join.joinId), at],
  );
}

export interface NoticeCover {
  readonly memberId: string;
  readonly periodId: string;
  readonly planId: string;
  readonly coverFrom: CivilDate;
  readonly coverTo: CivilDate;
  /** Moved or ended since, or proposed to move. */
  readonly changed: boolean;
}

/** Covers that a notice has begun, in member order; until the commit nothing happens to them, and no claim is decided on them. */
export async function lockCoversOf(tx: Transaction, noticeId: string): Promise<NoticeCover[]> {
  // Found once: nothing leads from a notice to its covers but all of them.
  const found = await rowsOf<{ memberId: string }>(tx, 'select member_id as "memberId" from cover where notice_id = $1', [noticeId]);
  const memberIds = found.map(({ memberId }) => memberId);
  await rowsOf(tx, 'select from member where id = any($1::uuid[]) order by id for update', [memberIds]);
  return rowsOf(
    tx,
    `select c.member_id as "memberId", c.period_id as "periodId", c.plan_id as "planId", c.cover_from::text as "coverFrom", c.cover_to::text as "coverTo",
       exists (select from cover_change x where x.member_id = c.member_id and x.period_id = c.period_id)
         or exists (select from cover_transfer t where t.member_id = c.member_id and t.period_id = c.period_id and t.state = 'proposed') as changed
     from cover c where c.member_id = any($1::uuid[]) and c.notice_id = $2 order by c.member_id for update of c`,
    [memberIds, noticeId],
  );
}

/** What else the people of a notice's covers are covered by. */
export const coversBeside = (tx: Transaction, noticeId: string): Promise<Omit<NoticeCover, 'changed'>[]> =>
  rowsOf(
    tx,
    `select o.member_id as "memberId", o.period_id as "periodId", o.plan_id as "planId", o.cover_from::text as "coverFrom", o.cover_to::text as "coverTo"
     from cover c join cover o on o.member_id = c.member_id and o.period_id <> c.period_id where c.notice_id = $1 and o.ended_on is null`,
    [noticeId],
  );

/** The notice was not paid after all: its covers, locked by {@link lockCoversOf}, have not begun. */
export async function reverseCovers(tx: Transaction, covers: readonly NoticeCover[], reversalId: string, at: Date): Promise<void> {
  if (covers.length === 0) return;
  const memberIds = covers.map(({ memberId }) => memberId);
  const { periodId } = covers[0]!;
  const counted = await rowsOf<CountKey>(
    tx,
    `with gone as (
       delete from cover where member_id = any($1::uuid[]) and period_id = $2 returning member_id, period_id, notice_id, number, started_at),
     told as (
       insert into cover_reversal (member_id, reversal_id, period_id, notice_id, number, started_at)
       select member_id, $3, period_id, notice_id, number, started_at from gone)
     select e.window_id as "windowId", e.unit_id as "unitId" from gone join enrolment e using (member_id, period_id)`,
    [memberIds, periodId, reversalId],
  );
  await askWithoutBase(tx, memberIds, periodId, at);
  await addCovered(
    tx,
    counted.map((key) => ({ ...key, started: -1 })),
  );
}
