import { rowsOf, type Transaction } from '@app/platform';
import type { CivilDate } from '@app/kernel';

export interface MemberCover {
  memberId: string;
  planId: string;
  coverFrom: CivilDate;
  coverTo: CivilDate;
  organisationPath: string;
}

/** Covers of these members, of whatever plan and period. */
export const coversOf = (tx: Transaction, memberIds: readonly string[]): Promise<MemberCover[]> =>
  rowsOf(
    tx,
    `select member_id as "memberId", plan_id as "planId", cover_from::text as "coverFrom", coalesce(ended_on, cover_to)::text as "coverTo",
            organisation_path as "organisationPath"
     from cover where member_id = any($1::uuid[]) order by member_id, cover_from, plan_id`,
    [memberIds],
  );

export interface OwnCover {
  planId: string;
  coverFrom: CivilDate;
  coverTo: CivilDate;
  number: string;
}

export const coversOfMember = (tx: Transaction, memberId: string): Promise<OwnCover[]> =>
  rowsOf(
    tx,
    `select plan_id as "planId", cover_from::text as "coverFrom", coalesce(ended_on, cover_to)::text as "coverTo", number from cover where member_id = $1 order by cover_from, plan_id`,
    [memberId],
  );

/** The number that is printed: plan, year and a serial number; of a row with plan_id and cover_from. */
const coverNumber = (row: string): string =>
  `${row}.plan_id || '-' || to_char(${row}.cover_from, 'YYYY') || '-' || lpad(nextval('cover_number')::text, ${SERIAL_DIGITS}, '0')`;
// Enough for all the covers there will be: lpad would cut a longer one.
const SERIAL_DIGITS = 10;

/** The cover of the line that ended last before the period of `due` starts. */
const LAST_COVER = `
  select coalesce(c.ended_on, c.cover_to) as cover_to, c.consecutive_periods from cover c join cover_period cp on cp.id = c.period_id
  where c.member_id = due.member_id and cp.plan_line = due.plan_line and cp.cover_to < due.cover_from order by cp.cover_to desc limit 1`;

/** Covers for the members on these paid notices; a member who has that cover already keeps it. Returns how many are new. */
export async function startCovers(tx: Transaction, noticeIds: readonly string[], at: Date): Promise<number> {
  if (noticeIds.length === 0) return 0;
  const rows = await rowsOf<{ count: number }>(
    tx,
    `with due as (
       select e.member_id, e.period_id, w.plan_id, p.plan_line, w.cover_from, w.cover_to, unit.path, n.id as notice_id,
              (e.applied_at at time zone 'Asia/Shanghai')::date as enrolled_on
       from payment_notice n
       join enrolment_window w on w.id = n.window_id
       join cover_period p on p.id = w.period_id
       join organisation unit on unit.id = n.unit_id
       join enrolment e on e.window_id = n.window_id and e.unit_id = n.unit_id and e.notice = n.number
       where n.id = any($1::uuid[]) and n.state = 'paid'
       order by e.member_id),
     started as (
       insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, notice_id, started_at, enrolled_on,
         last_cover_to, consecutive_periods)
       select due.member_id, due.period_id, due.plan_id, due.cover_from, due.cover_to, ${coverNumber('due')}, due.path, due.notice_id, $2, due.enrolled_on,
              last.cover_to, coalesce(last.consecutive_periods, 0) + 1
       from due left join lateral (${LAST_COVER}) last on true
       on conflict (member_id, period_id) do nothing returning 1)
     select count(*)::int as count from started`,
    [noticeIds, at],
  );
  return rows[0]!.count;
}

export interface JoinedCover {
  readonly memberId: string;
  readonly periodId: string;
  readonly joinId: string;
}

/** Covers for members who joined alone and are enrolled; one who has that cover already keeps it. Returns how many are new. */
export async function startJoinedCovers(tx: Transaction, joins: readonly JoinedCover[], at: Date): Promise<number> {
  if (joins.length === 0) return 0;
  const rows = await rowsOf<{ count: number }>(
    tx,
    `with due as (
       select e.member_id, e.period_id, w.plan_id, p.plan_line, w.cover_from, w.cover_to, unit.path, j.join_id,
              (e.applied_at at time zone 'Asia/Shanghai')::date as enrolled_on
       from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as j(member_id, period_id, join_id)
       join enrolment e on e.member_id = j.member_id and e.period_id = j.period_id
       join enrolment_window w on w.id = e.window_id
       join cover_period p on p.id = w.period_id
       join organisation unit on unit.id = e.unit_id
       order by e.member_id),
     started as (
       insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, join_id, started_at, enrolled_on,
         last_cover_to, consecutive_periods)
       select due.member_id, due.period_id, due.plan_id, due.cover_from, due.cover_to, ${coverNumber('due')}, due.path, due.join_id, $4, due.enrolled_on,
              last.cover_to, coalesce(last.consecutive_periods, 0) + 1
       from due left join lateral (${LAST_COVER}) last on true
       on conflict (member_id, period_id) do nothing returning 1)
     select count(*)::int as count from started`,
    [joins.map((join) => join.memberId), joins.map((join) => join.periodId), joins.map((join) => join.joinId), at],
  );
  return rows[0]!.count;
}
