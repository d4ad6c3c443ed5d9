import { rowsOf, type Transaction } from '@app/platform';
import { earlierWindow } from '../window/target.repository.js';
import type { Sealed } from '../member/member.repository.js';
import type { DifferenceCounts, Place } from './difference.js';

/** A window and the one before it, whose members are compared. */
export interface Periods {
  readonly windowId: string;
  readonly periodId: string;
  readonly lastWindowId: string;
  readonly lastPeriodId: string;
}

/** undefined when there was no last period. */
export async function periodsOf(tx: Transaction, windowId: string): Promise<Periods | undefined> {
  const lastWindowId = await earlierWindow(tx, windowId);
  if (lastWindowId === undefined) return undefined;
  const rows = await rowsOf<Periods>(
    tx,
    `select w.id as "windowId", w.period_id as "periodId", l.id as "lastWindowId", l.period_id as "lastPeriodId"
     from enrolment_window w, enrolment_window l where w.id = $1 and l.id = $2`,
    [windowId, lastWindowId],
  );
  return rows[0];
}

const parametersOf = ({ windowId, periodId, lastWindowId, lastPeriodId }: Periods) => [windowId, periodId, lastWindowId, lastPeriodId];

/** Where people of the units `u` are enrolled now ($1, $2) and were last period ($3, $4): by unit from either side, the other by the key of the member. */
const PLACES = `
  select u.id as unit_id, n.member_id, l.unit_id as last, n.unit_id as now
  from u join enrolment n on n.window_id = $1 and n.unit_id = u.id
  left join enrolment l on l.member_id = n.member_id and l.period_id = $4 and l.window_id = $3
  union all
  select u.id, l.member_id, l.unit_id, n.unit_id
  from u join enrolment l on l.window_id = $3 and l.unit_id = u.id
  left join enrolment n on n.member_id = l.member_id and n.period_id = $2 and n.window_id = $1
  where n.unit_id is distinct from l.unit_id`;

/** Everybody who is enrolled in the unit, or was last period. */
export const placesOf = (tx: Transaction, periods: Periods, unitId: string): Promise<Place[]> =>
  rowsOf(tx, `with u as (select $5::uuid as id), place as (${PLACES}) select member_id as "memberId", last, now from place`, [
    ...parametersOf(periods),
    unitId,
  ]);

export interface UnitCounts extends DifferenceCounts {
  readonly unitId: string;
  readonly code: string;
  readonly name: string;
  readonly path: string;
  readonly digest: string;
  /** Somebody confirmed exactly these differences. */
  readonly confirmed: boolean;
}

/** The differences of the units `u` (id, code, name, path), counted; compare, countsOf and digestOf as one statement. */
const countsOver = (u: string): string => `
  with u as (${u}), place as (${PLACES}),
  entry as (
    select unit_id, member_id, case when now = unit_id then last else now end as other,
           case when now = last then 'stay' when last is null then 'joiner' when now is null then 'leaver' when now = unit_id then 'moved-in' else 'moved-out' end as kind
    from place),
  shown as (select unit_id, kind, concat(kind, ' ', member_id, ' ', other) collate "C" as line from entry),
  counted as (
    select unit_id,
           count(*) filter (where kind = 'joiner')::int as joiners, count(*) filter (where kind = 'leaver')::int as leavers,
           count(*) filter (where kind = 'moved-in')::int as moved_in, count(*) filter (where kind = 'moved-out')::int as moved_out,
           count(*) filter (where kind = 'stay')::int as stays, string_agg(line, e'\\n' order by line) filter (where kind <> 'stay') as lines
    from shown group by unit_id),
  digested as (
    select u.*, c.joiners, c.leavers, c.moved_in, c.moved_out, c.stays, sha256(convert_to(concat(u.id, e'\\n', c.lines), 'UTF8')) as digest
    from u left join counted c on c.unit_id = u.id)
  select d.id as "unitId", d.code, d.name, d.path, coalesce(d.joiners, 0) as joiners, coalesce(d.leavers, 0) as leavers,
         coalesce(d.moved_in, 0) as "movedIn", coalesce(d.moved_out, 0) as "movedOut", coalesce(d.stays, 0) as stays, encode(d.digest, 'hex') as digest,
         exists (select from roster_confirmation r where r.window_id = $1 and r.unit_id = d.id and r.digest = d.digest) as confirmed
  from digested d order by d.code`;

/** Units with members now or last period. Counted by unit already, so that nobody's enrolment is looked at to find them. */
const peopled = (condition: string): string => `
  select o.id, o.code, o.name, o.path from organisation o
  where ${condition} and exists (select from enrolment_count c where c.window_id in ($1, $3) and c.unit_id = o.id and c.members > 0)`;

const PAGE_UNITS = 100;
// Statements of their own: a page is to be planned for the units of a page, all of them for whole windows.
const COUNTS_OF_PAGE = countsOver(`${peopled('starts_with(o.path, $5) and o.code > $6')} order by o.code limit ${PAGE_UNITS + 1}`);
const COUNTS_OF_ALL = countsOver(peopled('starts_with(o.path, $5)'));
const COUNTS_OF_NAMED = countsOver(peopled('o.code = any($5::text[])'));

export interface CountsPage {
  readonly units: readonly UnitCounts[];
  /** The code after which the next page begins; undefined on the last. */
  readonly next: string | undefined;
}

/** Units under `path`, in the order of their codes, from the first one behind `after` on. */
export async function countsOfPage(tx: Transaction, periods: Periods, path: string, after: string): Promise<CountsPage> {
  const units = await rowsOf<UnitCounts>(tx, COUNTS_OF_PAGE, [...parametersOf(periods), path, after]);
  return { units: units.slice(0, PAGE_UNITS), next: units.length > PAGE_UNITS ? units[PAGE_UNITS - 1]!.code : undefined };
}

/** Unprepared: a plan made for any path would expect few units, and go person by person through a whole province. */
export const countsOfAll = (tx: Transaction, periods: Periods, path: string): Promise<UnitCounts[]> =>
  tx.query(COUNTS_OF_ALL, [...parametersOf(periods), path]);

/** A code of no unit of these windows is absent. */
export const countsOfNamed = (tx: Transaction, periods: Periods, codes: readonly string[]): Promise<UnitCounts[]> =>
  rowsOf(tx, COUNTS_OF_NAMED, [...parametersOf(periods), codes]);

/** Whether exactly these differences were confirmed. */
export const isConfirmed = async (tx: Transaction, windowId: string, unitId: string, digest: string): Promise<boolean> =>
  (
    await rowsOf(tx, `select from roster_confirmation where window_id = $1 and unit_id = $2 and digest = decode($3, 'hex')`, [
      windowId,
      unitId,
      digest,
    ])
  ).length > 0;

/** The same differences once more are confirmed already. */
export async function insertConfirmations(
  tx: Transaction,
  windowId: string,
  units: readonly UnitCounts[],
  by: string,
  at: Date,
): Promise<void> {
  const column = <Name extends keyof UnitCounts>(name: Name) => units.map((unit) => unit[name]);
  await rowsOf(
    tx,
    `insert into roster_confirmation (window_id, unit_id, digest, joiners, leavers, moved_in, moved_out, stays, confirmed_by, confirmed_at)
     select $1, unit_id, decode(digest, 'hex'), joiners, leavers, moved_in, moved_out, stays, $9, $10
     from unnest($2::uuid[], $3::text[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[]) as u(unit_id, digest, joiners, leavers, moved_in, moved_out, stays)
     order by unit_id on conflict (window_id, unit_id, digest) do nothing`,
    [
      windowId,
      column('unitId'),
      column('digest'),
      column('joiners'),
      column('leavers'),
      column('movedIn'),
      column('movedOut'),
      column('stays'),
      by,
      at,
    ],
  );
}

export interface UnconfirmedUnit {
  readonly unitId: string;
  /** Members that its next payment notice would be for. */
  readonly unnoticed: number;
}

/**
 * Units that had members last period and whose differences, as they are, nobody has confirmed. The counts of the window stay locked until the
 * commit, so that nobody who is not looked at here comes on a notice of this transaction.
 */
export async function unconfirmedUnits(tx: Transaction, windowId: string): Promise<UnconfirmedUnit[]> {
  const periods = await periodsOf(tx, windowId);
  if (!periods) return [];
  const locked = await rowsOf<UnconfirmedUnit>(
    tx,
    'select unit_id as "unitId", unnoticed from enrolment_count where window_id = $1 order by unit_id for update',
    [windowId],
  );
  const unnoticed = new Map(locked.map((unit) => [unit.unitId, unit.unnoticed]));
  const before = await rowsOf<{ unitId: string }>(
    tx,
    'select unit_id as "unitId" from enrolment_count where window_id = $1 and members > 0',
    [periods.lastWindowId],
  );
  // A statement after the locks: it sees what those who held them have enrolled. One that was not there to be locked is not confirmed.
  const counts = await countsOfAll(tx, periods, '/');
  const confirmed = new Set(counts.filter((unit) => unit.confirmed && unnoticed.has(unit.unitId)).map(({ unitId }) => unitId));
  return before.filter(({ unitId }) => !confirmed.has(unitId)).map(({ unitId }) => ({ unitId, unnoticed: unnoticed.get(unitId) ?? 0 }));
}

/** Some of the members, sealed; who is not known is absent. */
export const sealedOf = (tx: Transaction, memberIds: readonly string[]): Promise<Pick<Sealed, 'id' | 'sealed'>[]> =>
  rowsOf(tx, 'select id, sealed from member where id = any($1::uuid[])', [memberIds]);

export interface UnitName {
  readonly id: string;
  readonly code: string;
  readonly name: string;
}

export const unitNames = (tx: Transaction, ids: readonly string[]): Promise<UnitName[]> =>
  rowsOf(tx, 'select id, code, name from organisation where id = any($1::uuid[])', [ids]);

/** A leaver and a joiner of whom somebody says that they are one person. */
export interface Correction {
  readonly leaver: string;
  readonly joiner: string;
}

/** In member order and one by one, like every lock on members. */
export async function lockMembers(tx: Transaction, memberIds: readonly string[]): Promise<void> {
  for (const id of [...memberIds].sort()) await rowsOf(tx, 'select from member where id = $1 for update', [id]);
}

/** Those of a leaver and a joiner of the same one of these units. */
export const sameUnit = (
  tx: Transaction,
  periods: Periods,
  corrections: readonly Correction[],
  unitIds: readonly string[],
): Promise<Correction[]> =>
  rowsOf(
    tx,
    `select c.leaver, c.joiner from unnest($5::uuid[], $6::uuid[]) as c(leaver, joiner)
     join enrolment n on n.member_id = c.joiner and n.period_id = $2 and n.window_id = $1
     join enrolment l on l.member_id = c.leaver and l.period_id = $4 and l.window_id = $3 and l.unit_id = n.unit_id
     where n.unit_id = any($7::uuid[])
       and not exists (select from enrolment e where e.member_id = c.leaver and e.period_id = $2 and e.window_id = $1)
       and not exists (select from enrolment e where e.member_id = c.joiner and e.period_id = $4 and e.window_id = $3)`,
    [...parametersOf(periods), corrections.map(({ leaver }) => leaver), corrections.map(({ joiner }) => joiner), unitIds],
  );

/**
 * Makes the joiners what the leavers, and whoever these were before, are now; the same again changes nothing. Their members are locked, so that
 * no chain grows at both ends. Not made is what would give a leaver, or a joiner of this window, a second other, or a joiner who is
 * somebody else by now: chains grow at their end only, so that none closes. Returns the pairs that stand.
 */
export async function insertAliases(
  tx: Transaction,
  windowId: string,
  corrections: readonly Correction[],
  by: string,
  at: Date,
): Promise<Correction[]> {
  const pairs = [corrections.map(({ leaver }) => leaver), corrections.map(({ joiner }) => joiner)];
  await rowsOf(
    tx,
    `with pair as (
       select leaver, joiner from unnest($1::uuid[], $2::uuid[]) as p(leaver, joiner)
       where not exists (select from member_alias a where a.member_id in (p.leaver, p.joiner) and a.direct)
         and not exists (select from member_alias a where a.current_id = p.joiner and a.direct and a.window_id = $3))
     insert into member_alias (member_id, current_id, direct, window_id, recorded_by, recorded_at)
     select leaver, joiner, true, $3::uuid, $4, $5::timestamptz from pair
     union all select a.member_id, p.joiner, false, $3, $4, $5 from pair p join member_alias a on a.current_id = p.leaver
     order by 1, 2`,
    [...pairs, windowId, by, at],
  );
  return rowsOf(
    tx,
    `select p.leaver, p.joiner from unnest($1::uuid[], $2::uuid[]) as p(leaver, joiner)
     join member_alias a on a.member_id = p.leaver and a.current_id = p.joiner and a.direct`,
    pairs,
  );
}

/** Pairs of these leavers that were made already. */
export const correctionsOf = (tx: Transaction, leavers: readonly string[]): Promise<Correction[]> =>
  rowsOf(tx, 'select member_id as leaver, current_id as joiner from member_alias where member_id = any($1::uuid[]) and direct', [leavers]);

/** Under which other ids each of these members was or is known, their personal numbers having been corrected; who is under none is absent. */
export async function otherIdsOf(tx: Transaction, memberIds: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await rowsOf<{ id: string; others: string[] }>(
    tx,
    `with asked as (
       select id, coalesce((select a.current_id from member_alias a
         where a.member_id = id and not exists (select from member_alias later where later.member_id = a.current_id)), id) as last
       from unnest($1::uuid[]) as id)
     select asked.id, array_agg(one.id order by one.id) as others
     from asked cross join lateral (select asked.last as id union all select member_id from member_alias where current_id = asked.last) one
     where one.id <> asked.id group by asked.id`,
    [memberIds],
  );
  return new Map(rows.map(({ id, others }) => [id, others]));
}

/** Everybody whose personal number was corrected: each id that somebody had before, with the one that the person has now. */
export const lastIds = (tx: Transaction): Promise<{ memberId: string; lastId: string }[]> =>
  rowsOf(
    tx,
    `select member_id as "memberId", current_id as "lastId" from member_alias a
     where not exists (select from member_alias later where later.member_id = a.current_id)`,
  );

/**
 * Keeps every import from going on, or beginning, until the commit; true when one of the window is under way. To be locked before units, as
 * an import does.
 */
export async function holdImports(tx: Transaction, windowId: string): Promise<boolean> {
  await tx.query('lock table roster_import in share row exclusive mode');
  return (await rowsOf(tx, `select from roster_import where window_id = $1 and state = 'received' limit 1`, [windowId])).length > 0;
}

/** An enrolment of the window that somebody wants back. */
export interface Withdrawable {
  readonly memberId: string;
  readonly unitId: string;
  readonly path: string;
  /** Without one the member joined alone. */
  readonly notice: number | null;
  /** Of the unit's rows that are on no issued notice. */
  readonly nextNotice: number;
}

/**
 * The counts of their units stay locked, in the order of the units. Unprepared, as {@link withdraw}: a plan made for any number of people would
 * hold thousands against everybody in the window.
 */
export const lockEnrolments = (tx: Transaction, windowId: string, memberIds: readonly string[]): Promise<Withdrawable[]> =>
  tx.query(
    `select e.member_id as "memberId", e.unit_id as "unitId", o.path, e.notice, c.notice as "nextNotice"
     from enrolment_count c join enrolment e on e.window_id = c.window_id and e.unit_id = c.unit_id join organisation o on o.id = c.unit_id
     where c.window_id = $1 and e.member_id = any($2::uuid[]) order by c.unit_id, e.member_id for update of c`,
    [windowId, memberIds],
  );

/** Takes back what {@link lockEnrolments} found to be on no notice; `ids` are of the rows that tell of it. Returns how many. */
export async function withdraw(
  tx: Transaction,
  windowId: string,
  memberIds: readonly string[],
  ids: readonly string[],
  by: string,
  at: Date,
): Promise<number> {
  const rows: { count: number }[] = await tx.query(
    `with gone as (
       delete from enrolment e using enrolment_count c, unnest($2::uuid[], $3::uuid[]) as w(member_id, id)
       where e.member_id = w.member_id and e.window_id = $1 and c.window_id = e.window_id and c.unit_id = e.unit_id and c.notice = e.notice
       returning w.id, e.*),
     told as (
       insert into enrolment_withdrawal (member_id, id, period_id, window_id, unit_id, import_id, row, applied_at, withdrawn_by, withdrawn_at)
       select member_id, id, period_id, window_id, unit_id, import_id, row, applied_at, $4, $5 from gone),
     fewer as (select unit_id, count(*)::int as members from gone group by unit_id),
     counted as (
       update enrolment_count c set members = c.members - f.members, unnoticed = c.unnoticed - f.members
       from fewer f where c.window_id = $1 and c.unit_id = f.unit_id),
     -- Nobody is asked about any more; and whoever enrols next is seen to be new, as before.
     unasked as (delete from underwriting u using gone g where u.member_id = g.member_id and u.period_id = g.period_id),
     unlisted as (
       update underwriting_unit uu set members = uu.members - f.members from fewer f where uu.window_id = $1 and uu.unit_id = f.unit_id)
     select count(*)::int as count from gone`,
    [windowId, memberIds, ids, by, at],
  );
  return rows[0]!.count;
}

/** A group of rows that the window took as it is would be passed over when it comes again, and with it whoever was withdrawn since. */
export async function forgetBlocks(tx: Transaction, windowId: string): Promise<void> {
  await rowsOf(tx, 'delete from roster_block where window_id = $1', [windowId]);
}
