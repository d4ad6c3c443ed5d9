import { copyInto, rowsOf, type Transaction } from '@app/platform';
import type { NamedPeople, ReadableImport } from '../roster/named-people.js';
import type { RosterImport } from '../roster/roster.entity.js';

type Placed = Pick<RosterImport, 'id' | 'window_id' | 'received_at'>;

/** Imports of the window that were received after this one, of which rows were taken. */
export const laterImports = (tx: Transaction, { id, window_id, received_at }: Placed): Promise<ReadableImport[]> =>
  rowsOf(
    tx,
    `select id, file_name, received_at, state, parts from roster_import
     where window_id = $1 and (received_at, id) > ($2, $3) and (state = 'done' or state = 'failed' and rows > 0) order by received_at, id`,
    [window_id, received_at, id],
  );

/** Until the end of the transaction. */
export async function stageNamed(tx: Transaction, { memberIds }: NamedPeople): Promise<void> {
  await tx.query('create temp table named_stage on commit drop as select member_id from enrolment with no data');
  await copyInto(tx, 'named_stage', memberIds.copy());
  await tx.query('analyze named_stage');
}

/**
 * Whoever of these units, as far as they lie under `path`, was enrolled by an earlier roster and is not staged as named; staged until the end of
 * the transaction. `noticed`: on a payment notice that is issued. Unprepared: a plan made for any file would expect few people, and hold each of
 * them against all who are named.
 */
export async function stageNoLongerNamed(
  tx: Transaction,
  { id, window_id, received_at }: Placed,
  unitCodes: readonly string[],
  path: string,
): Promise<void> {
  await tx.query(
    'create temp table no_longer_named_stage (unit_id uuid, member_id uuid, noticed boolean, primary key (unit_id, member_id)) on commit drop',
  );
  await tx.query(
    `insert into no_longer_named_stage (unit_id, member_id, noticed)
     select e.unit_id, e.member_id, e.notice <> c.notice
     from organisation o
     join enrolment_count c on c.window_id = $1 and c.unit_id = o.id
     join enrolment e on e.window_id = c.window_id and e.unit_id = c.unit_id
     join roster_import i on i.id = e.import_id and (i.received_at, i.id) < ($2, $3)
     where o.code = any($4::text[]) and starts_with(o.path, $5)
       and not exists (select from named_stage n where n.member_id = e.member_id)`,
    [window_id, received_at, id, unitCodes, path],
  );
}

export interface StagedTotal {
  readonly people: number;
  readonly noticed: number;
  /** SHA-256 over who is staged, of which unit, and who is noticed. */
  readonly digest: string;
}

export async function totalOfStaged(tx: Transaction): Promise<StagedTotal> {
  const rows = await rowsOf<StagedTotal>(
    tx,
    `select count(*)::int as people, count(*) filter (where noticed)::int as noticed,
            encode(sha256(convert_to(coalesce(string_agg(concat(unit_id, ' ', member_id, ' ', noticed), e'\\n' order by unit_id, member_id), ''), 'UTF8')), 'hex') as digest
     from no_longer_named_stage`,
  );
  return rows[0]!;
}

export interface StagedPerson {
  readonly memberId: string;
  readonly unitCode: string;
  readonly unitName: string;
  readonly noticed: boolean;
  readonly sealed: Buffer;
}

/** In the order of their ids, from behind `after` on. */
export const stagedPeople = (tx: Transaction, after: string | null, limit: number): Promise<StagedPerson[]> =>
  rowsOf(
    tx,
    `select s.member_id as "memberId", o.code as "unitCode", o.name as "unitName", s.noticed, m.sealed
     from (select * from no_longer_named_stage where $1::uuid is null or member_id > $1 order by member_id limit $2) s
     join organisation o on o.id = s.unit_id join member m on m.id = s.member_id order by s.member_id`,
    [after, limit],
  );

/** Takes some out of the stage, in the order of the units: of the named members, or (null) all who are on no issued notice. */
export async function takeStaged(tx: Transaction, memberIds: readonly string[] | null, limit: number): Promise<string[]> {
  const rows = await rowsOf<{ memberId: string }>(
    tx,
    `with taken as (
       select unit_id, member_id from no_longer_named_stage
       where case when $1::uuid[] is null then not noticed else member_id = any($1) end order by unit_id, member_id limit $2)
     delete from no_longer_named_stage s using taken t where (s.unit_id, s.member_id) = (t.unit_id, t.member_id) returning s.member_id as "memberId"`,
    [memberIds, limit],
  );
  return rows.map(({ memberId }) => memberId);
}
