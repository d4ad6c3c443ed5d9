import { rowsOf, type Transaction } from '@app/platform';

/**
 * Counts what this transaction has enrolled. The last statement of the transaction: its rows stay locked until the commit. They are taken in
 * the order of the units, so that two imports cannot wait for each other.
 */
export async function addEnrolled(tx: Transaction, windowId: string, byUnit: ReadonlyMap<string, number>): Promise<void> {
  const added = [...byUnit].filter(([, members]) => members !== 0);
  if (added.length === 0) return;
  await rowsOf(
    tx,
    `insert into enrolment_count as c (window_id, unit_id, members)
     select $1, unit_id, members from unnest($2::uuid[], $3::int[]) as u(unit_id, members) order by unit_id
     on conflict (window_id, unit_id) do update set members = c.members + excluded.members`,
    [windowId, added.map(([unitId]) => unitId), added.map(([, members]) => members)],
  );
}

/** Sets the counts of the window from its enrolments, and returns how many differed. A repair. */
export async function recount(tx: Transaction, windowId: string): Promise<number> {
  // Whoever has counted has committed before the enrolments are read; who has not counted yet will add to what is set here.
  await tx.query('lock table enrolment_count in share row exclusive mode');
  const rows = await rowsOf<{ differed: number }>(
    tx,
    `with enrolled as (select unit_id, count(*)::int as members from enrolment where window_id = $1 group by unit_id),
     counted as (select unit_id, members from enrolment_count where window_id = $1),
     corrected as (
       insert into enrolment_count (window_id, unit_id, members)
       select $1, unit_id, coalesce(e.members, 0) from enrolled e full join counted c using (unit_id)
       where coalesce(e.members, 0) <> coalesce(c.members, 0) order by unit_id
       on conflict (window_id, unit_id) do update set members = excluded.members returning unit_id)
     select count(*)::int as differed from corrected`,
    [windowId],
  );
  return rows[0]!.differed;
}
