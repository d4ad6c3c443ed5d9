import { rowsOf, type Transaction } from '@app/platform';
import { secondOf, type CountdownNode, type Look, type Point } from './countdown.js';

const HOUR_MINUTES = 60;
const DAY_MINUTES = 1_440;

export const minuteOf = (instant: Date): number => Math.trunc(instant.getTime() / 60_000);

/** All that a countdown needs, in one statement; undefined when there is no such window. */
export async function look(tx: Transaction, windowId: string, now: Date): Promise<Look | undefined> {
  const minute = minuteOf(now);
  const rows = await rowsOf<Look>(
    tx,
    `select o.path as "organisationPath", w.opens_at as "opensAt", w.closes_at as "closesAt",
       (select coalesce(json_object_agg(unit_id, members), '{}') from enrolment_count where window_id = w.id) as counts,
       (select coalesce(json_object_agg(organisation_id, headcount), '{}') from enrolment_target where window_id = w.id) as targets,
       (select coalesce(json_agg(json_build_object('second', extract(epoch from s.at)::bigint, 'members', s.members, 'nodes', s.nodes) order by s.at), '[]') from (
          (select at, members, nodes from enrolment_sample where window_id = w.id and minute <= $2 order by minute desc limit 1)
          union (select at, members, nodes from enrolment_sample where window_id = w.id and minute > $2 order by minute limit 1)
          union (select at, members, nodes from enrolment_sample where window_id = w.id and minute <= $3 order by minute desc limit 1)
          union (select at, members, nodes from enrolment_sample where window_id = w.id and minute > $3 order by minute limit 1)
          union (select at, members, nodes from enrolment_sample where window_id = w.id order by minute desc limit 1)) s) as samples
     from enrolment_window w join organisation o on o.id = w.organisation_id where w.id = $1`,
    [windowId, minute - HOUR_MINUTES, minute - DAY_MINUTES],
  );
  return rows[0];
}

/** How many each of these units had an hour and a day ago, as samples: its people by the time at which they applied. */
export async function unitSamples(tx: Transaction, windowId: string, unitIds: readonly string[], now: Date): Promise<Map<string, Point[]>> {
  const [hour, day] = [HOUR_MINUTES, DAY_MINUTES].map((minutes) => new Date(now.getTime() - minutes * 60_000)) as [Date, Date];
  const rows = await rowsOf<{ id: string; hourAgo: number; dayAgo: number }>(
    tx,
    `select u.id, coalesce(c.members, 0) - since.hour as "hourAgo", coalesce(c.members, 0) - since.day as "dayAgo"
     from unnest($2::uuid[]) as u(id) left join enrolment_count c on c.window_id = $1 and c.unit_id = u.id
     cross join lateral (
       select count(*) filter (where e.applied_at > $3)::int as hour, count(*)::int as day
       from enrolment e where e.window_id = $1 and e.unit_id = u.id and e.applied_at > $4) since`,
    [windowId, unitIds, hour, day],
  );
  return new Map(
    rows.map(({ id, hourAgo, dayAgo }) => [
      id,
      [
        { second: secondOf(day), members: dayAgo },
        { second: secondOf(hour), members: hourAgo },
      ],
    ]),
  );
}

/** Parents come first. */
export const nodesUnder = (tx: Transaction, path: string): Promise<CountdownNode[]> =>
  rowsOf(
    tx,
    'select id, parent_id, kind, code, name, path from organisation where starts_with(path, $1) order by length(path), path collate "C"',
    [path],
  );

/** One a minute, whoever comes first. Before the last one that a rate of a day looks back to, the whole is enough. */
export async function insertSample(
  tx: Transaction,
  windowId: string,
  at: Date,
  members: number,
  nodes: Readonly<Record<string, number>>,
): Promise<void> {
  const minute = minuteOf(at);
  await rowsOf(
    tx,
    `with old as (
       update enrolment_sample set nodes = null where window_id = $1 and nodes is not null
         and minute < (select max(minute) from enrolment_sample where window_id = $1 and minute <= $5))
     insert into enrolment_sample (window_id, minute, at, members, nodes) values ($1, $2, $3, $4, $6) on conflict (window_id, minute) do nothing`,
    [windowId, minute, at, members, minute - DAY_MINUTES, JSON.stringify(nodes)],
  );
}
