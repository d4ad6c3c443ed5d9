import { assert } from '@app/kernel';
import { UNIQUE_VIOLATION, copyInto, copyText, rowsOf, sqlState, type Transaction } from '@app/platform';
import { REFUSALS, type RefusalReason } from './roster.js';
import { RosterImport, RosterRefusal } from './roster.entity.js';
import { STAGED_COLUMNS, type StagedRows } from './staged-rows.js';

export interface Refusal {
  readonly row: number;
  readonly reason: RefusalReason;
}

export interface Counts {
  rows: number;
  accepted: number;
  refused: number;
  unchanged: number;
  normalised: number;
  cardWarnings: number;
}

export async function insertImport(tx: Transaction, started: Pick<RosterImport, 'id' | 'window_id' | 'file_name' | 'received_at' | 'received_by'>): Promise<void> {
  await tx.query(`insert into roster_import (id, window_id, file_name, received_at, received_by, state) values ($1, $2, $3, $4, $5, 'receiving')`, [
    started.id,
    started.window_id,
    started.file_name,
    started.received_at,
    started.received_by,
  ]);
}

export async function addToImport(tx: Transaction, id: string, counts: Counts): Promise<void> {
  await tx.query(
    `update roster_import set rows = rows + $2, accepted = accepted + $3, refused = refused + $4, unchanged = unchanged + $5, normalised = normalised + $6,
       card_warnings = card_warnings + $7 where id = $1`,
    [id, counts.rows, counts.accepted, counts.refused, counts.unchanged, counts.normalised, counts.cardWarnings],
  );
}

export async function endImport(tx: Transaction, id: string, state: 'done' | 'failed'): Promise<RosterImport> {
  await tx.query(`update roster_import set state = $2 where id = $1 and state = 'receiving'`, [id, state]);
  return tx.findOneByOrFail(RosterImport, { id });
}

/** Staged rows live until the end of the transaction. */
export async function stage(tx: Transaction, rows: StagedRows): Promise<void> {
  await tx.query(`create temp table roster_stage (${STAGED_COLUMNS}) on commit drop`);
  const staged = await copyInto(tx, 'roster_stage', rows.blocks(), 'binary');
  assert(staged === rows.count, `${rows.count} rows were to be staged, ${staged} are`);
}

/** Staged rows whose unit was made by somebody else in the meantime get the unit that is there. */
export async function replaceUnits(tx: Transaction, units: ReadonlyMap<string, string>): Promise<void> {
  if (units.size === 0) return;
  await tx.query('update roster_stage s set unit_id = u.there from unnest($1::uuid[], $2::uuid[]) as u(staged, there) where s.unit_id = u.staged', [
    [...units.keys()],
    [...units.values()],
  ]);
}

export interface Enrolling {
  readonly windowId: string;
  readonly importId: string;
  readonly at: Date;
}

// In member order, like every lock.
const INSERT_ENROLMENTS = `
  insert into enrolment (member_id, window_id, unit_id, import_id, row, applied_at)
  select member_id, $1, unit_id, $2, row, $3 from roster_stage order by member_id`;
const INSERT_MEMBERS = `
  insert into member as m (id, sealed, roster_hash, unit_id, insutype, created_at, updated_at)
  select member_id, sealed, roster_hash, unit_id, insutype, $1::timestamptz, $1::timestamptz from roster_stage order by member_id`;

/** Enrols all of the staged rows, or none when one of them is enrolled already. A plain insert costs a third less than one that expects conflicts. */
export const enrolAllStaged = (tx: Transaction, { windowId, importId, at }: Enrolling): Promise<boolean> =>
  unlessTaken(tx, () => tx.query(INSERT_ENROLMENTS, [windowId, importId, at]));

/** Enrols whom it can of the staged rows. Returns how many are new in the window. */
export async function enrolStaged(tx: Transaction, { windowId, importId, at }: Enrolling): Promise<number> {
  const rows = await rowsOf<{ count: number }>(
    tx,
    `with enrolled as (${INSERT_ENROLMENTS} on conflict (member_id, window_id) do nothing returning 1) select count(*)::int as count from enrolled`,
    [windowId, importId, at],
  );
  return rows[0]!.count;
}

/** Takes away the staged rows whose member another unit has enrolled in the window, and returns their numbers. */
export async function unstageOthers(tx: Transaction, windowId: string): Promise<number[]> {
  const rows = await rowsOf<{ row: number }>(
    tx,
    `delete from roster_stage s using enrolment e
     where e.member_id = s.member_id and e.window_id = $1 and e.unit_id <> s.unit_id returning s.row`,
    [windowId],
  );
  return rows.map(({ row }) => row);
}

/** Saves all staged members, or none when one of them is known already. */
export const saveAllStagedMembers = (tx: Transaction, at: Date): Promise<boolean> => unlessTaken(tx, () => tx.query(INSERT_MEMBERS, [at]));

/** Members as the staged rows say, where that is news. Returns how many staged rows changed neither a member nor an enrolment. */
export async function saveStagedMembers(tx: Transaction, { windowId, importId, at }: Enrolling): Promise<number> {
  const rows = await rowsOf<{ count: number }>(
    tx,
    `with saved as (${INSERT_MEMBERS}
       on conflict (id) do update set sealed = excluded.sealed, roster_hash = excluded.roster_hash, unit_id = excluded.unit_id, insutype = excluded.insutype,
         updated_at = excluded.updated_at, version = m.version + 1
       where (m.roster_hash, m.unit_id, m.insutype) is distinct from (excluded.roster_hash, excluded.unit_id, excluded.insutype)
       returning id)
     select count(*)::int as count from roster_stage s join enrolment e on e.member_id = s.member_id and e.window_id = $2
     where e.import_id <> $3 and not exists (select from saved where saved.id = s.member_id)`,
    [at, windowId, importId],
  );
  return rows[0]!.count;
}

async function unlessTaken(tx: Transaction, insert: () => Promise<unknown>): Promise<boolean> {
  await tx.query('savepoint insertion');
  try {
    await insert();
  } catch (error) {
    if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
    await tx.query('rollback to savepoint insertion');
    return false;
  }
  await tx.query('release savepoint insertion');
  return true;
}

export async function insertRefusals(tx: Transaction, importId: string, refusals: readonly Refusal[]): Promise<void> {
  if (refusals.length === 0) return;
  await copyInto(
    tx,
    'roster_refusal (import_id, row, field, reason, remedy)',
    refusals.map(({ row, reason }) => `${importId}\t${row}\t${copyText(REFUSALS[reason].field)}\t${reason}\t${copyText(REFUSALS[reason].zh)}\n`),
  );
}

export const importById = (tx: Transaction, id: string): Promise<RosterImport | null> => tx.findOneBy(RosterImport, { id });

export async function refusalsByReason(tx: Transaction, importId: string): Promise<Partial<Record<RefusalReason, number>>> {
  const rows = await rowsOf<{ reason: RefusalReason; count: number }>(
    tx,
    'select reason, count(*)::int as count from roster_refusal where import_id = $1 group by reason order by reason',
    [importId],
  );
  return Object.fromEntries(rows.map(({ reason, count }) => [reason, count]));
}

export const refusalsOf = (tx: Transaction, importId: string): Promise<RosterRefusal[]> => tx.find(RosterRefusal, { where: { import_id: importId }, order: { row: 'ASC' } });
