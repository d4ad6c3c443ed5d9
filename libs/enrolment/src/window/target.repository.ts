import { rowsOf, type Transaction } from '@app/platform';

export interface Target {
  readonly organisationId: string;
  readonly headcount: number;
}

/** Those that are not named stay. */
export async function saveTargets(tx: Transaction, windowId: string, targets: readonly Target[]): Promise<void> {
  await rowsOf(
    tx,
    `insert into enrolment_target (window_id, organisation_id, headcount)
     select $1, organisation_id, headcount from unnest($2::uuid[], $3::int[]) as t(organisation_id, headcount) order by organisation_id
     on conflict (window_id, organisation_id) do update set headcount = excluded.headcount`,
    [windowId, targets.map(({ organisationId }) => organisationId), targets.map(({ headcount }) => headcount)],
  );
}

export async function removeTargets(tx: Transaction, windowId: string, organisationIds: readonly string[]): Promise<void> {
  await rowsOf(tx, 'delete from enrolment_target where window_id = $1 and organisation_id = any($2::uuid[])', [windowId, organisationIds]);
}

/** The window of the same organisation and line of plans whose cover ended last before this one's starts. */
export async function earlierWindow(tx: Transaction, windowId: string): Promise<string | undefined> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    `select e.id from enrolment_window w
     join cover_period p on p.id = w.period_id
     join cover_period ep on ep.plan_line = p.plan_line and ep.cover_to < p.cover_from
     join enrolment_window e on e.organisation_id = w.organisation_id and e.period_id = ep.id
     where w.id = $1 order by e.cover_to desc, e.cover_from desc, e.id limit 1`,
    [windowId],
  );
  return rows[0]?.id;
}

export interface TargetsTaken {
  readonly targets: number;
  readonly headcount: number;
}

/** What each unit has enrolled in the earlier window, for units that have no target yet. */
export async function takeTargets(tx: Transaction, windowId: string, earlierId: string): Promise<TargetsTaken> {
  const rows = await rowsOf<TargetsTaken>(
    tx,
    `with taken as (
       insert into enrolment_target (window_id, organisation_id, headcount)
       select $1, unit_id, count(*)::int from enrolment where window_id = $2 group by unit_id order by unit_id
       on conflict (window_id, organisation_id) do nothing returning headcount)
     select count(*)::int as targets, coalesce(sum(headcount), 0)::int as headcount from taken`,
    [windowId, earlierId],
  );
  return rows[0]!;
}
