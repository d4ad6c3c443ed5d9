import { rowsOf, type Transaction } from '@app/platform';

/** Members by the id of their unit. */
export type ByUnit = ReadonlyMap<string, number>;

/**
 * Counts rows of rosters; returns the number of the payment notice that each unit's rows are on. The last statement of the transaction: its rows
 * stay locked until the commit. They are taken in the order of the units, so that two imports cannot wait for each other.
 */
export async function addRostered(tx: Transaction, windowId: string, byUnit: ByUnit): Promise<Map<string, number>> {
  const added = [...byUnit].filter(([, members]) => members !== 0);
  if (added.length === 0) return new Map();
  const rows = await rowsOf<{ unitId: string; notice: number }>(
    tx,
    `insert into enrolment_count as c (window_id, unit_id, members, unnoticed)
     select $1, unit_id, members, members from unnest($2::uuid[], $3::int[]) as u(unit_id, members) order by unit_id
     on conflict (window_id, unit_id) do update set members = c.members + excluded.members, unnoticed = c.unnoticed + excluded.unnoticed
     returning unit_id as "unitId", notice`,
    [windowId, added.map(([unitId]) => unitId), added.map(([, members]) => members)],
  );
  return new Map(rows.map(({ unitId, notice }) => [unitId, notice]));
}

export interface CountKey {
  readonly windowId: string;
  readonly unitId: string;
}

export interface CountedJoin extends CountKey {
  readonly memberId: string;
  readonly periodId: string;
  readonly id: string;
}

/** As {@link addRostered}, members who joined alone; of them as covered those whose cover this transaction has started. */
export async function addJoined(tx: Transaction, joins: readonly CountedJoin[]): Promise<void> {
  if (joins.length === 0) return;
  await rowsOf(
    tx,
    `insert into enrolment_count as c (window_id, unit_id, members, covered)
     select j.window_id, j.unit_id, count(*)::int, count(v.join_id)::int
     from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[]) as j(member_id, period_id, id, window_id, unit_id)
     left join cover v on v.member_id = j.member_id and v.period_id = j.period_id and v.join_id = j.id
     group by j.window_id, j.unit_id order by j.window_id, j.unit_id
     on conflict (window_id, unit_id) do update set members = c.members + excluded.members, covered = c.covered + excluded.covered`,
    [
      joins.map(({ memberId }) => memberId),
      joins.map(({ periodId }) => periodId),
      joins.map(({ id }) => id),
      joins.map(({ windowId }) => windowId),
      joins.map(({ unitId }) => unitId),
    ],
  );
}

export interface UnitCovers extends CountKey {
  /** Below zero where they have not begun after all. */
  readonly started: number;
}

/** As {@link addRostered}, covers of members who are counted already. After whatever else starts covers in the transaction. */
export async function addCovered(tx: Transaction, covers: readonly UnitCovers[]): Promise<void> {
  const added = covers.filter(({ started }) => started !== 0);
  if (added.length === 0) return;
  await rowsOf(
    tx,
    `with added as (
       select window_id, unit_id, sum(started)::int as started from unnest($1::uuid[], $2::uuid[], $3::int[]) as a(window_id, unit_id, started)
       group by window_id, unit_id),
     locked as (
       select c.window_id, c.unit_id, a.started from added a join enrolment_count c on c.window_id = a.window_id and c.unit_id = a.unit_id
       order by c.window_id, c.unit_id for update of c)
     update enrolment_count c set covered = c.covered + l.started from locked l where c.window_id = l.window_id and c.unit_id = l.unit_id`,
    [added.map(({ windowId }) => windowId), added.map(({ unitId }) => unitId), added.map(({ started }) => started)],
  );
}

/** One member with a cover counts in another place from now on. The last statement, as of {@link addRostered}; notices are not touched. */
export async function moveEnrolled(tx: Transaction, from: CountKey, to: CountKey): Promise<void> {
  if (from.windowId === to.windowId && from.unitId === to.unitId) return;
  // Where the member counted there is a row, so that a 0 is a member less and never a new row.
  await rowsOf(
    tx,
    `insert into enrolment_count as c (window_id, unit_id, members, covered)
     select window_id, unit_id, members, members from (values ($1::uuid, $2::uuid, 0), ($3::uuid, $4::uuid, 1)) as m(window_id, unit_id, members)
     order by window_id, unit_id
     on conflict (window_id, unit_id) do update set members = c.members + case excluded.members when 0 then -1 else 1 end,
       covered = c.covered + case excluded.covered when 0 then -1 else 1 end`,
    [from.windowId, from.unitId, to.windowId, to.unitId],
  );
}

/**
 * Sets the counts of the window from its enrolments, and returns how many differed. A repair: meanwhile nobody can be counted, so it gives up
 * when it cannot begin at once. Error: lock_not_available (55P03).
 */
export async function recount(tx: Transaction, windowId: string): Promise<number> {
  await tx.query(`set local lock_timeout = '2s'`);
  // Whoever has counted has committed before the enrolments are read; who has not counted yet will add to what is set here.
  await tx.query('lock table enrolment_count in share row exclusive mode');
  const rows = await rowsOf<{ differed: number }>(
    tx,
    `with counted as (select unit_id, members, covered, notice, unnoticed from enrolment_count where window_id = $1),
     enrolled as (
       select e.unit_id, count(*)::int as members, count(v.member_id)::int as covered,
              count(*) filter (where e.notice = coalesce(c.notice, 1))::int as unnoticed
       from enrolment e left join counted c using (unit_id) left join cover v using (member_id, period_id)
       where e.window_id = $1 group by e.unit_id),
     corrected as (
       insert into enrolment_count (window_id, unit_id, members, covered, unnoticed)
       select $1, unit_id, coalesce(e.members, 0), coalesce(e.covered, 0), coalesce(e.unnoticed, 0) from enrolled e full join counted c using (unit_id)
       where (coalesce(e.members, 0), coalesce(e.covered, 0), coalesce(e.unnoticed, 0))
         <> (coalesce(c.members, 0), coalesce(c.covered, 0), coalesce(c.unnoticed, 0)) order by unit_id
       on conflict (window_id, unit_id) do update set members = excluded.members, covered = excluded.covered, unnoticed = excluded.unnoticed
       returning unit_id)
     select count(*)::int as differed from corrected`,
    [windowId],
  );
  return rows[0]!.differed;
}
