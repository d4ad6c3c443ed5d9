import type { CivilDate } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import { ATTEMPTS_SHOWN, type Insurance, type UnderwritingReason, type UnderwritingState } from './underwriting.js';

/** Of an enrolment `e` in a window `w`: nothing holds its cover back. For the `where` of whatever starts covers. */
export const MAY_START = `(w.underwriting = 'none' or exists (
  select from underwriting uw where uw.member_id = e.member_id and uw.period_id = e.period_id and uw.state = 'passed'))`;

export interface Run {
  /** How often in a row the platform was found down. */
  readonly outages: number;
  readonly resumesAt: Date | null;
}

/** undefined while another runner has it. */
export async function takeRun(tx: Transaction, runner: string, now: Date, until: Date): Promise<Run | undefined> {
  const rows = await rowsOf<Run>(
    tx,
    `update underwriting_run set runner = $1, until_at = $3, steps = steps + 1 where id = 1 and (runner is null or runner = $1 or until_at <= $2)
     returning outages, resumes_at as "resumesAt"`,
    [runner, now, until],
  );
  return rows[0];
}

/** The platform answers. */
export async function keepRun(tx: Transaction, runner: string, until: Date): Promise<void> {
  await rowsOf(
    tx,
    'update underwriting_run set until_at = $2, steps = steps + 1, outages = 0, resumes_at = null where id = 1 and runner = $1',
    [runner, until],
  );
}

export async function endRun(tx: Transaction, runner: string): Promise<void> {
  await rowsOf(tx, 'update underwriting_run set runner = null, until_at = null where id = 1 and runner = $1', [runner]);
}

export async function noteOutage(tx: Transaction, resumesAt: Date): Promise<void> {
  await rowsOf(tx, 'update underwriting_run set outages = outages + 1, resumes_at = $1 where id = 1', [resumesAt]);
}

/** Units of asking windows that count other than when their enrolments were last listed. */
const CHANGED_UNITS = `
  select c.window_id, c.unit_id, c.members from enrolment_window w join enrolment_count c on c.window_id = w.id
  left join underwriting_unit seen on seen.window_id = c.window_id and seen.unit_id = c.unit_id
  where w.underwriting <> 'none' and c.members is distinct from seen.members`;

/** Lists the enrolments of up to `units` changed units, and returns how many units it was. An import pays nothing for it: this reads what it has counted. */
export async function listApplications(tx: Transaction, now: Date, units: number): Promise<number> {
  const rows = await rowsOf<{ units: number }>(
    tx,
    `with unit as (${CHANGED_UNITS} order by c.window_id, c.unit_id limit $2),
     listed as (
       insert into underwriting (member_id, period_id, window_id, unit_id, state, next_at)
       select e.member_id, e.period_id, e.window_id, e.unit_id, 'due', $1
       from unit join enrolment e on e.window_id = unit.window_id and e.unit_id = unit.unit_id
       where not exists (select from underwriting u where u.member_id = e.member_id and u.period_id = e.period_id)
       order by e.member_id on conflict (member_id, period_id) do nothing),
     seen as (
       insert into underwriting_unit (window_id, unit_id, members) select window_id, unit_id, members from unit order by window_id, unit_id
       on conflict (window_id, unit_id) do update set members = excluded.members returning 1)
     select count(*)::int as units from seen`,
    [now, units],
  );
  return rows[0]!.units;
}

/** What may be due: people to ask about, units to list; and a number that grows while either moves. */
export async function lookAtWork(tx: Transaction, now: Date): Promise<{ ask: boolean; list: boolean; steps: number }> {
  const rows = await rowsOf<{ ask: boolean; list: boolean; steps: number }>(
    tx,
    `select exists (select from underwriting where next_at <= $1) and coalesce(r.resumes_at <= $1, true) as ask, exists (${CHANGED_UNITS}) as list, r.steps
     from underwriting_run r where r.id = 1`,
    [now],
  );
  return rows[0] ?? { ask: false, list: false, steps: 0 };
}

export interface DueApplication {
  readonly memberId: string;
  readonly periodId: string;
  readonly windowId: string;
  readonly attempts: number;
  readonly unknownOn: CivilDate | null;
  readonly sealed: Buffer;
  readonly insutype: string;
}

export const dueApplications = (tx: Transaction, now: Date, limit: number): Promise<DueApplication[]> =>
  rowsOf(
    tx,
    `select u.member_id as "memberId", u.period_id as "periodId", u.window_id as "windowId", u.attempts, u.unknown_on::text as "unknownOn", m.sealed, m.insutype
     from underwriting u join member m on m.id = u.member_id where u.next_at <= $1 order by u.next_at, u.member_id limit $2`,
    [now, limit],
  );

export interface AskingWindow {
  readonly id: string;
  readonly planId: string;
  readonly periodId: string;
  readonly coverFrom: CivilDate;
  readonly closesAt: Date;
}

export const windowsOf = (tx: Transaction, ids: readonly string[]): Promise<AskingWindow[]> =>
  rowsOf(
    tx,
    `select id, plan_id as "planId", period_id as "periodId", cover_from::text as "coverFrom", closes_at as "closesAt"
     from enrolment_window where id = any($1::uuid[])`,
    [ids],
  );

/** held: a cover of the base plan holds on the day. awaited: enrolled in it, but not decided or not paid yet. */
export type BaseStanding = 'held' | 'awaited';

/** Of these members; who has neither is not among them. */
export async function basesOf(
  tx: Transaction,
  memberIds: readonly string[],
  planLine: string,
  on: CivilDate,
): Promise<Map<string, BaseStanding>> {
  const rows = await rowsOf<{ id: string; base: BaseStanding }>(
    tx,
    `select m.id, case when c.member_id is null then 'awaited' else 'held' end as base
     from unnest($1::uuid[]) as m(id) join cover_period p on p.plan_line = $2 and $3::date between p.cover_from and p.cover_to
     left join cover c on c.member_id = m.id and c.period_id = p.id
     left join enrolment e on e.member_id = m.id and e.period_id = p.id
     left join underwriting u on u.member_id = m.id and u.period_id = p.id
     where case when c.member_id is null then e.member_id is not null and u.state is distinct from 'refused' else $3 <= coalesce(c.ended_on, c.cover_to) end`,
    [memberIds, planLine, on],
  );
  return new Map(rows.map(({ id, base }) => [id, base]));
}

/** Which of these members hold a cover of the line of plans on the day. None of these covers can end before the commit. */
export async function lockBases(tx: Transaction, memberIds: readonly string[], planLine: string, on: CivilDate): Promise<Set<string>> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    `select c.member_id as id from cover c join cover_period p on p.id = c.period_id
     where c.member_id = any($1::uuid[]) and p.plan_line = $2 and $3::date between c.cover_from and coalesce(c.ended_on, c.cover_to)
     order by c.member_id for share of c`,
    [memberIds, planLine, on],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Only of applications that are still to be asked about. */
export async function putOff(tx: Transaction, due: readonly DueApplication[], nextAt: Date): Promise<void> {
  if (due.length === 0) return;
  await rowsOf(
    tx,
    `update underwriting set next_at = $3 where (member_id, period_id) in (select * from unnest($1::uuid[], $2::uuid[])) and next_at is not null`,
    [due.map((one) => one.memberId), due.map((one) => one.periodId), nextAt],
  );
}

/** Covers of the period have ended for these members: what has no cover yet in another may have needed them, and is asked about again. */
export async function askWithoutBase(tx: Transaction, memberIds: readonly string[], periodId: string, now: Date): Promise<void> {
  await rowsOf(
    tx,
    `update underwriting u set state = 'due', next_at = $3 where u.member_id = any($1::uuid[]) and u.period_id <> $2 and u.state in ('passed', 'waiting')
       and not exists (select from cover c where c.member_id = u.member_id and c.period_id = u.period_id)`,
    [memberIds, periodId, now],
  );
}

/** What an application is to be from now on. */
export interface Outcome {
  readonly memberId: string;
  readonly periodId: string;
  readonly state: UnderwritingState;
  readonly reason: UnderwritingReason | null;
  readonly attempts: number;
  readonly nextAt: Date | null;
  readonly answered: boolean;
  readonly insurance: Insurance | null;
  readonly unknownOn: CivilDate | null;
}

export interface Passed {
  readonly memberId: string;
  readonly periodId: string;
}

/** Only of applications that are still to be asked about; returns those that have passed by this. */
export const saveOutcomes = (tx: Transaction, outcomes: readonly Outcome[], at: Date): Promise<Passed[]> =>
  rowsOf(
    tx,
    `with saved as (
       update underwriting u set state = o.state, reason = o.reason, attempts = o.attempts, next_at = o.next_at, unknown_on = o.unknown_on,
         refused_at = case o.state when 'refused' then $10::timestamptz end, answered_at = case when o.answered then $10 else u.answered_at end,
         insutype = coalesce(o.insurance ->> 'insutype', u.insutype), psn_type = coalesce(o.insurance ->> 'psn_type', u.psn_type),
         psn_insu_stas = coalesce(o.insurance ->> 'psn_insu_stas', u.psn_insu_stas)
       from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::timestamptz[], $7::bool[], $8::jsonb[], $9::date[])
         as o(member_id, period_id, state, reason, attempts, next_at, answered, insurance, unknown_on)
       where u.member_id = o.member_id and u.period_id = o.period_id and u.next_at is not null
       returning u.member_id, u.period_id, u.state)
     select member_id as "memberId", period_id as "periodId" from saved where state = 'passed'`,
    [
      outcomes.map((one) => one.memberId),
      outcomes.map((one) => one.periodId),
      outcomes.map((one) => one.state),
      outcomes.map((one) => one.reason),
      outcomes.map((one) => one.attempts),
      outcomes.map((one) => one.nextAt),
      outcomes.map((one) => one.answered),
      outcomes.map((one) => one.insurance && JSON.stringify(one.insurance)),
      outcomes.map((one) => one.unknownOn),
      at,
    ],
  );

/** Of enrolment_count `c`, underwriting_unit `uu` and enrolment_target `t`: who enrolled and was not refused, and of how many. */
const PARTICIPATION = `
  coalesce(c.members, 0) - (select count(*)::int from underwriting r where r.window_id = uu.window_id and r.unit_id = uu.unit_id
    and r.state = 'refused' and r.reason <> 'participation-too-low') as enrolled,
  coalesce(uu.staff, t.headcount) as staff`;
const PARTICIPATION_FROM = `
  left join enrolment_count c on c.window_id = uu.window_id and c.unit_id = uu.unit_id
  left join enrolment_target t on t.window_id = uu.window_id and t.organisation_id = uu.unit_id`;

export interface WaitingUnit {
  readonly windowId: string;
  readonly unitId: string;
  readonly enrolled: number;
  readonly staff: number | null;
}

/** Units with applications that wait for enough others. */
export const waitingUnits = (tx: Transaction): Promise<WaitingUnit[]> =>
  rowsOf(
    tx,
    `select uu.window_id as "windowId", uu.unit_id as "unitId", ${PARTICIPATION}
     from (select distinct window_id, unit_id from underwriting where state = 'waiting') w
     join underwriting_unit uu on uu.window_id = w.window_id and uu.unit_id = w.unit_id ${PARTICIPATION_FROM}
     order by uu.window_id, uu.unit_id`,
  );

/** Returns the members who have passed by this. */
export const moveWaiting = (
  tx: Transaction,
  { windowId, unitId }: Pick<WaitingUnit, 'windowId' | 'unitId'>,
  state: UnderwritingState,
  reason: UnderwritingReason | null,
  at: Date,
): Promise<Passed[]> =>
  rowsOf(
    tx,
    `with moved as (
       update underwriting set state = $3, reason = $4, refused_at = case $3 when 'refused' then $5::timestamptz end where window_id = $1 and unit_id = $2 and state = 'waiting' returning member_id, period_id, state)
     select member_id as "memberId", period_id as "periodId" from moved where state = 'passed'`,
    [windowId, unitId, state, reason, at],
  );

export interface UnitStanding {
  readonly unitId: string;
  readonly unitCode: string;
  readonly unitName: string;
  readonly enrolled: number;
  readonly staff: number | null;
}

/** Units under `path` whose enrolments have been listed. */
export const unitsUnder = (tx: Transaction, windowId: string, path: string): Promise<UnitStanding[]> =>
  rowsOf(
    tx,
    `select o.id as "unitId", o.code as "unitCode", o.name as "unitName", ${PARTICIPATION}
     from underwriting_unit uu join organisation o on o.id = uu.unit_id ${PARTICIPATION_FROM}
     where uu.window_id = $1 and starts_with(o.path, $2) order by o.code`,
    [windowId, path],
  );

export interface StandingCount {
  readonly unitId: string;
  readonly state: UnderwritingState;
  readonly reason: UnderwritingReason | null;
  readonly count: number;
}

export const standingCounts = (tx: Transaction, windowId: string, path: string): Promise<StandingCount[]> =>
  rowsOf(
    tx,
    `select u.unit_id as "unitId", u.state, u.reason, count(*)::int as count from underwriting u join organisation o on o.id = u.unit_id
     where u.window_id = $1 and starts_with(o.path, $2) group by u.unit_id, u.state, u.reason`,
    [windowId, path],
  );

export async function outageUntil(tx: Transaction): Promise<Date | null> {
  const rows = await rowsOf<{ resumesAt: Date | null }>(tx, 'select resumes_at as "resumesAt" from underwriting_run where id = 1');
  return rows[0]?.resumesAt ?? null;
}

export interface ShownPerson {
  readonly memberId: string;
  readonly unitCode: string;
  readonly state: UnderwritingState;
  readonly reason: UnderwritingReason | null;
  readonly attempts: number;
  readonly psnInsuStas: string | null;
  readonly answeredAt: Date | null;
  readonly sealed: Buffer;
}

/** Whom a person should look at: refused, or asked about in vain too often. By member, those after `after`. */
export const shownPeople = (
  tx: Transaction,
  windowId: string,
  path: string,
  unitCode: string | null,
  after: string | null,
  limit: number,
): Promise<ShownPerson[]> =>
  rowsOf(
    tx,
    `select u.member_id as "memberId", o.code as "unitCode", u.state, u.reason, u.attempts, u.psn_insu_stas as "psnInsuStas", u.answered_at as "answeredAt", m.sealed
     from underwriting u join organisation o on o.id = u.unit_id join member m on m.id = u.member_id
     where u.window_id = $1 and starts_with(o.path, $2) and ($3::text is null or o.code = $3) and ($4::uuid is null or u.member_id > $4)
       and (u.state = 'refused' or u.state = 'not-answered' and u.attempts >= $6)
     order by u.member_id limit $5`,
    [windowId, path, unitCode, after, limit, ATTEMPTS_SHOWN],
  );

/** Applications of the unit that were refused, or not answered, are due again; returns how many. */
export async function dueAgain(tx: Transaction, windowId: string, unitId: string, now: Date): Promise<number> {
  const rows = await rowsOf<{ count: number }>(
    tx,
    `with again as (
       update underwriting set state = 'due', reason = null, refused_at = null, attempts = 0, next_at = $3, unknown_on = null
       where window_id = $1 and unit_id = $2 and state in ('refused', 'not-answered') returning 1)
     select count(*)::int as count from again`,
    [windowId, unitId, now],
  );
  return rows[0]!.count;
}

/** Whom underwriting had refused before that time; enrolled no more. */
export interface TurnedDown {
  readonly memberId: string;
  readonly periodId: string;
  readonly windowId: string;
  /** Of the unit, paid; null: the member paid alone. */
  readonly noticeId: string | null;
}

/**
 * Refused, without a cover, and paid for: what is due to go back. The first parameter is the time by which they were refused. A roster that is
 * being worked through would note down as taken who is turned down under its hands.
 */
const TURNED_DOWN = `
  from underwriting u join enrolment e on e.member_id = u.member_id and e.period_id = u.period_id
  left join payment_notice n on n.window_id = e.window_id and n.unit_id = e.unit_id and n.number = e.notice and n.state = 'paid'
  left join join_application j on e.notice is null and j.member_id = e.member_id and j.period_id = e.period_id and j.state = 'covered'
  where u.state = 'refused' and u.refused_at <= $1 and (n.id is not null or j.id is not null)
    and not exists (select from cover c where c.member_id = u.member_id and c.period_id = u.period_id)
    and not exists (select from roster_import i where i.window_id = e.window_id and i.state = 'received')`;

export const somebodyTurnedDown = async (tx: Transaction, before: Date): Promise<boolean> =>
  (await rowsOf(tx, `select ${TURNED_DOWN} limit 1`, [before])).length > 0;

/** Ends the enrolments of up to `limit` people who are to have their money back, and with them everything that underwriting knows of them but why. */
export async function turnDown(tx: Transaction, before: Date, limit: number, at: Date): Promise<TurnedDown[]> {
  // No import begins or goes on until the commit; locked before units, as an import does.
  await tx.query('lock table roster_import in share row exclusive mode');
  const due = await rowsOf<{ memberId: string; periodId: string; windowId: string; unitId: string; noticeId: string | null }>(
    tx,
    `select u.member_id as "memberId", u.period_id as "periodId", e.window_id as "windowId", e.unit_id as "unitId", n.id as "noticeId" ${TURNED_DOWN} order by u.member_id limit $2`,
    [before, limit],
  );
  if (due.length === 0) return [];
  // Notices before counts, as whatever starts covers does; none of them is open again before the commit.
  await rowsOf(tx, 'select from payment_notice where id = any($1::uuid[]) order by id for share', [
    due.flatMap(({ noticeId }) => noticeId ?? []),
  ]);
  // In the one order of counts, since many units are at stake.
  const units = [due.map((one) => one.windowId), due.map((one) => one.unitId)];
  for (const table of ['enrolment_count', 'underwriting_unit'])
    await rowsOf(
      tx,
      `select from ${table} c where (c.window_id, c.unit_id) in (select * from unnest($1::uuid[], $2::uuid[])) order by c.window_id, c.unit_id for update`,
      units,
    );
  return rowsOf(
    tx,
    `with refused as (
       select u.member_id, u.period_id, n.id as notice_id, gen_random_uuid() as id, u.reason, u.refused_at ${TURNED_DOWN}
         and (u.member_id, u.period_id) in (select * from unnest($2::uuid[], $3::uuid[])) order by u.member_id for update of e, u),
     gone as (
       delete from enrolment e using refused r where e.member_id = r.member_id and e.period_id = r.period_id
       returning e.*, r.id, r.notice_id, r.reason, r.refused_at),
     told as (
       insert into enrolment_withdrawal (member_id, id, period_id, window_id, unit_id, import_id, row, applied_at, withdrawn_by, withdrawn_at, reason, refused_at)
       select member_id, id, period_id, window_id, unit_id, import_id, row, applied_at, 'underwriting', $4, reason, refused_at from gone),
     unasked as (delete from underwriting u using gone g where u.member_id = g.member_id and u.period_id = g.period_id),
     fewer as (select window_id, unit_id, count(*)::int as members from gone group by window_id, unit_id),
     unlisted as (
       update underwriting_unit uu set members = uu.members - f.members from fewer f where uu.window_id = f.window_id and uu.unit_id = f.unit_id),
     counted as (
       update enrolment_count c set members = c.members - f.members from fewer f where c.window_id = f.window_id and c.unit_id = f.unit_id)
     select member_id as "memberId", period_id as "periodId", window_id as "windowId", notice_id as "noticeId" from gone`,
    [before, due.map((one) => one.memberId), due.map((one) => one.periodId), at],
  );
}

export async function saveStaff(tx: Transaction, windowId: string, unitId: string, staff: number): Promise<void> {
  await rowsOf(
    tx,
    `insert into underwriting_unit (window_id, unit_id, staff) values ($1, $2, $3) on conflict (window_id, unit_id) do update set staff = excluded.staff`,
    [windowId, unitId, staff],
  );
}
