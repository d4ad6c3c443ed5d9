import { rowsOf, type Transaction } from '@app/platform';
import type { CountdownNode, Look } from './countdown.js';

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
