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

/** From now on its targets are the headcounts of the earlier window, until {@link endFollowing}. */
export async function beginFollowing(tx: Transaction, windowId: string, earlierId: string): Promise<void> {
  await rowsOf(tx, 'update enrolment_window set targets_from = $2 where id = $1', [windowId, earlierId]);
}

/** Whoever follows right now is waited for. */
export async function endFollowing(tx: Transaction, windowId: string): Promise<void> {
  await rowsOf(tx, 'update enrolment_window set targets_from = null where id = $1 and targets_from is not null', [windowId]);
}

/** Units `c` of the earlier window, of which the target `t` of the window `w` that follows it says something else. */
const BEHIND = `
  from enrolment_window w join enrolment_count c on c.window_id = w.targets_from
  left join enrolment_target t on t.window_id = w.id and t.organisation_id = c.unit_id
  where c.members <> coalesce(t.headcount, 0)`;

export async function somebodyFollows(tx: Transaction, now: Date): Promise<boolean> {
  const rows = await rowsOf<{ due: boolean }>(
    tx,
    `select exists (select ${BEHIND}) or exists (select from enrolment_window where targets_from is not null and opens_at <= $1) as due`,
    [now],
  );
  return rows[0]!.due;
}

/** Brings the targets of all windows that follow an earlier one up to it; those that have opened follow no longer. */
export async function followTargets(tx: Transaction, now: Date): Promise<void> {
  await tx.query('select from enrolment_window where targets_from is not null order by id for no key update');
  await rowsOf(
    tx,
    `with behind as (select w.id, c.unit_id, c.members ${BEHIND}),
     gone as (
       delete from enrolment_target t using behind b where b.members = 0 and t.window_id = b.id and t.organisation_id = b.unit_id)
     insert into enrolment_target (window_id, organisation_id, headcount)
     select id, unit_id, members from behind where members > 0 order by id, unit_id
     on conflict (window_id, organisation_id) do update set headcount = excluded.headcount`,
  );
  await rowsOf(tx, 'update enrolment_window set targets_from = null where targets_from is not null and opens_at <= $1', [now]);
}

/** What each unit has enrolled in the earlier window, for units that have no target yet. */
export async function takeTargets(tx: Transaction, windowId: string, earlierId: string): Promise<TargetsTaken> {
  const rows = await rowsOf<TargetsTaken>(
    tx,
    `with taken as (
       insert into enrolment_target (window_id, organisation_id, headcount)
       select $1, unit_id, members from enrolment_count where window_id = $2 and members > 0 order by unit_id
       on conflict (window_id, organisation_id) do nothing returning headcount)
     select count(*)::int as targets, coalesce(sum(headcount), 0)::int as headcount from taken`,
    [windowId, earlierId],
  );
  return rows[0]!;
}
