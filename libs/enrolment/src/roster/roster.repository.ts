import { DomainError, assert } from '@app/kernel';
import {
  FINGERPRINT_BYTES,
  UNIQUE_VIOLATION,
  bytesOf,
  copyInto,
  rowsOf,
  sqlState,
  type Database,
  type SealedSet,
  type Transaction,
} from '@app/platform';
import { setImmediate as otherWork } from 'node:timers/promises';
import { validate as isUuid } from 'uuid';
import { REFUSALS, type RefusalReason } from './roster.js';
import { RosterImport, RosterRefusal, type ImportFailure } from './roster.entity.js';
import type { Organisation } from '../organisation/organisation.entity.js';
import type { ByUnit } from '../window/enrolment-count.repository.js';
import { CopyBlocks, CopyRows, UUID_BYTES, copyBytes, instantBytes, pattern, uuidBytes } from './copy-rows.js';
import type { UnitPlace } from './unit-places.js';

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
  phoneWarnings: number;
}

export type StartedImport = Pick<RosterImport, 'id' | 'window_id' | 'file_name' | 'received_at' | 'received_by'>;

export async function insertImport(tx: Transaction, started: StartedImport): Promise<void> {
  await tx.query(
    `insert into roster_import (id, window_id, file_name, received_at, received_by, state) values ($1, $2, $3, $4, $5, 'receiving')`,
    [started.id, started.window_id, started.file_name, started.received_at, started.received_by],
  );
}

export async function insertPart(tx: Transaction, importId: string, part: number, sealed: Buffer): Promise<void> {
  // Written through with {@link setReceived}: a part alone is worth nothing.
  await rowsOf(
    tx,
    `insert into roster_file_part (import_id, part, sealed) select $1, $2, $3 from set_config('synchronous_commit', 'off', true)`,
    [importId, part, sealed],
  );
}

/** undefined after the last one. */
export function readPart(database: Database, importId: string, part: number): Promise<Buffer | undefined> {
  assert(isUuid(importId) && Number.isInteger(part), 'an import and the number of a part');
  return bytesOf(database, `select sealed from roster_file_part where import_id = '${importId}' and part = ${part}`);
}

export async function setReceived(tx: Transaction, importId: string, parts: number): Promise<void> {
  await rowsOf(tx, `update roster_import set state = 'received', parts = $2 where id = $1 and state = 'receiving'`, [importId, parts]);
}

/** Who works on an import, until when. */
export interface Lease {
  readonly id: string;
  readonly until: Date;
}

/** The import, when it is there to be worked on and nobody else does. */
export async function takeImport(tx: Transaction, importId: string, lease: Lease, now: Date): Promise<RosterImport | undefined> {
  const taken = await rowsOf(
    tx,
    `update roster_import set lease = $2, lease_ends_at = $3 where id = $1 and state = 'received' and (lease_ends_at is null or lease_ends_at <= $4) returning id`,
    [importId, lease.id, lease.until, now],
  );
  return taken.length > 0 ? tx.findOneByOrFail(RosterImport, { id: importId }) : undefined;
}

export interface Reached {
  readonly line: number;
  readonly part: number;
}

/** False when somebody else has taken the import over: then nothing of this transaction may stay. */
export async function addToImport(tx: Transaction, id: string, counts: Counts, reached: Reached, lease: Lease): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `update roster_import set rows = rows + $2, accepted = accepted + $3, refused = refused + $4, unchanged = unchanged + $5, normalised = normalised + $6,
       card_warnings = card_warnings + $7, phone_warnings = phone_warnings + $8, reached_line = $9, reached_part = $10, lease_ends_at = $12
     where id = $1 and lease = $11 and state = 'received' returning id`,
    [
      id,
      counts.rows,
      counts.accepted,
      counts.refused,
      counts.unchanged,
      counts.normalised,
      counts.cardWarnings,
      counts.phoneWarnings,
      reached.line,
      reached.part,
      lease.id,
      lease.until,
    ],
  );
  return rows.length > 0;
}

/** `unitCodes`: of the units of which a row was taken. A transfer may have taken somebody out of them meanwhile. */
export async function endImport(tx: Transaction, id: string, leaseId: string, unitCodes: readonly string[]): Promise<void> {
  await rowsOf(
    tx,
    `update roster_import i set state = 'done', reached_part = parts, others_enrolled = greatest(0, -accepted + (
       select coalesce(sum(c.members), 0) from organisation o join enrolment_count c on c.window_id = i.window_id and c.unit_id = o.id
       where o.code = any($3::text[])))
     where id = $1 and lease = $2 and state = 'received'`,
    [id, leaseId, unitCodes],
  );
}

export async function failImport(tx: Transaction, id: string, failure: ImportFailure): Promise<void> {
  await rowsOf(tx, `update roster_import set state = 'failed', failure = $2 where id = $1 and state in ('receiving', 'received')`, [
    id,
    JSON.stringify(failure),
  ]);
}

export async function dropLease(tx: Transaction, id: string, leaseId: string): Promise<void> {
  await rowsOf(tx, 'update roster_import set lease_ends_at = null where id = $1 and lease = $2', [id, leaseId]);
}

/** Imports whose file is stored and on which nobody works, and those whose file stopped coming in before `cutBefore`. */
export const openImports = (tx: Transaction, now: Date, cutBefore: Date): Promise<{ id: string; state: 'receiving' | 'received' }[]> =>
  rowsOf(
    tx,
    `select id, state from roster_import
     where state in ('receiving', 'received') and case state when 'received' then lease_ends_at is null or lease_ends_at <= $1 else received_at <= $2 end
     order by received_at limit 100`,
    [now, cutBefore],
  );

export const hasOldFiles = async (tx: Transaction, before: Date): Promise<boolean> =>
  (
    await rowsOf(
      tx,
      `select from roster_import i where i.received_at < $1 and i.state in ('done', 'failed') and exists (select from roster_file_part p where p.import_id = i.id) limit 1`,
      [before],
    )
  ).length > 0;

/** Files that came in before this day go; what was found in them stays. */
export async function forgetFiles(tx: Transaction, before: Date, limit: number): Promise<number> {
  const rows = await rowsOf<{ count: number }>(
    tx,
    `with old as (
       select p.ctid from roster_file_part p join roster_import i on i.id = p.import_id where i.received_at < $1 and i.state in ('done', 'failed') limit $2),
     gone as (delete from roster_file_part where ctid in (select ctid from old) returning 1)
     select count(*)::int as count from gone`,
    [before, limit],
  );
  return rows[0]!.count;
}

/** A group of rows of a file that the window has taken as it is. */
export interface Block {
  readonly digest: Buffer;
  readonly rows: number;
  readonly normalised: number;
  readonly cardWarnings: number;
  readonly phoneWarnings: number;
  readonly refused: readonly { readonly at: number; readonly reason: RefusalReason }[];
}

export const hasBlocks = async (tx: Transaction, windowId: string): Promise<boolean> =>
  (await rowsOf(tx, 'select from roster_block where window_id = $1 limit 1', [windowId])).length > 0;

/** Unless another import has changed a member since. */
export async function findBlock(tx: Transaction, { windowId, importId }: ImportKey, digest: Buffer): Promise<Block | undefined> {
  const [row] = await rowsOf<Omit<Block, 'refused'> & { refusedAt: number[]; refusedFor: RefusalReason[] }>(
    tx,
    `select digest, rows, normalised, card_warnings as "cardWarnings", phone_warnings as "phoneWarnings", refused_at as "refusedAt", refused_for as "refusedFor"
     from roster_block where window_id = $1 and digest = $2 and overtaken_by <@ array[$3::uuid]`,
    [windowId, digest, importId],
  );
  return row && { ...row, refused: row.refusedAt.map((at, i) => ({ at, reason: row.refusedFor[i]! })) };
}

/** Whether all of these still hold; then they do for every import. */
export async function keepBlocks(tx: Transaction, { windowId, importId }: ImportKey, blocks: readonly Block[]): Promise<boolean> {
  if (blocks.length === 0) return true;
  const rows = await rowsOf<{ all: boolean }>(
    tx,
    `with held as (
       select digest from roster_block where window_id = $1 and digest = any($2::bytea[]) and overtaken_by <@ array[$3::uuid] order by digest for update),
     kept as (
       update roster_block b set taken_by = $3, overtaken_by = '{}' from held where b.window_id = $1 and b.digest = held.digest)
     select count(*) = (select count(distinct d) from unnest($2::bytea[]) d) as all from held`,
    [windowId, blocks.map(({ digest }) => digest), importId],
  );
  return rows[0]!.all;
}

/** After an import has changed these members: in every window that had enrolled one, the groups that it has not taken or kept itself. */
export async function overtakeBlocks(tx: Transaction, { importId }: ImportKey, changed: readonly string[]): Promise<void> {
  if (changed.length === 0) return;
  await rowsOf(
    tx,
    `update roster_block set overtaken_by = overtaken_by || $1::uuid
     where window_id in (select window_id from enrolment where member_id = any($2::uuid[]) and import_id is distinct from $1)
       and taken_by <> $1 and cardinality(overtaken_by) < 2 and not $1 = any(overtaken_by)`,
    [importId, changed],
  );
}

export async function saveBlocks(tx: Transaction, { windowId, importId }: ImportKey, blocks: readonly Block[]): Promise<void> {
  if (blocks.length === 0) return;
  await rowsOf(
    tx,
    `insert into roster_block (window_id, digest, taken_by, rows, normalised, card_warnings, phone_warnings, refused_at, refused_for)
     select $1, digest, $2, rows, normalised, card_warnings, phone_warnings, refused_at::int[], refused_for::text[]
     from unnest($3::bytea[], $4::int[], $5::int[], $6::int[], $7::int[], $8::text[], $9::text[])
       as b(digest, rows, normalised, card_warnings, phone_warnings, refused_at, refused_for)
     order by digest on conflict (window_id, digest) do update set taken_by = excluded.taken_by, normalised = excluded.normalised,
       card_warnings = excluded.card_warnings, phone_warnings = excluded.phone_warnings, refused_at = excluded.refused_at,
       refused_for = excluded.refused_for, overtaken_by = '{}'`,
    [
      windowId,
      importId,
      blocks.map(({ digest }) => digest),
      blocks.map(({ rows }) => rows),
      blocks.map(({ normalised }) => normalised),
      blocks.map(({ cardWarnings }) => cardWarnings),
      blocks.map(({ phoneWarnings }) => phoneWarnings),
      blocks.map(({ refused }) => `{${refused.map(({ at }) => at).join(',')}}`),
      blocks.map(({ refused }) => `{${refused.map(({ reason }) => reason).join(',')}}`),
    ],
  );
}

/** Organisations of these codes, with the number of the payment notice that a unit's next rows are on. */
export const unitsOf = (tx: Transaction, windowId: string, codes: readonly string[]): Promise<(Organisation & { notice: number })[]> =>
  rowsOf(
    tx,
    `select o.*, coalesce(c.notice, 1) as notice
     from organisation o left join enrolment_count c on c.window_id = $1 and c.unit_id = o.id where o.code = any($2::text[])`,
    [windowId, codes],
  );

const ENROLMENT_COLUMNS = 'member_id, period_id, window_id, unit_id, import_id, row, applied_at, notice';
const MEMBER_COLUMNS = 'id, unit_id, created_at, updated_at, insutype, roster_hash, sealed';
/** Then whoever else wants to has a turn: the socket of a COPY holds what the database takes in 3 ms, and then it stands still. */
export const ROWS_AT_ONCE = 200;
const INT_BYTES = 4;
const INSUTYPE_BYTES = 3;

export interface AcceptedRow {
  readonly row: number;
  readonly unit: UnitPlace;
  readonly insutype: string;
}

/** What every row of an import has in common. */
export interface ImportKey {
  readonly windowId: string;
  readonly periodId: string;
  readonly importId: string;
}

/** People and rows in the same order. */
export interface SealedRows {
  readonly sealed: SealedSet;
  readonly rows: readonly AcceptedRow[];
}

/**
 * Rows of `enrolment` and `member` for COPY, made side by side. In member order: neighbours in an index are written together, and imports of
 * the same people take their locks in the same order.
 */
export class RosterRows {
  private constructor(
    readonly enrolments: CopyRows,
    readonly members: CopyRows,
  ) {}

  static async pack(
    { windowId, periodId, importId }: ImportKey,
    at: Date,
    sets: readonly SealedRows[],
    pool: CopyBlocks,
  ): Promise<RosterRows> {
    const instant = instantBytes(at);
    const enrolment = pattern(
      UUID_BYTES,
      uuidBytes(periodId),
      uuidBytes(windowId),
      UUID_BYTES,
      uuidBytes(importId),
      INT_BYTES,
      instant,
      INT_BYTES,
    );
    const member = pattern(UUID_BYTES, UUID_BYTES, instant, instant, INSUTYPE_BYTES, FINGERPRINT_BYTES, 0);
    const [enrolments, members] = [new CopyRows(enrolment, pool), new CopyRows(member, pool)];
    const [toMember, , , toUnit, , toRow, , toNotice] = enrolment.at as [number, number, number, number, number, number, number, number];
    const [toId, toMemberUnit, , , toInsutype, toHash, toSealed] = member.at as [number, number, number, number, number, number, number];
    await inMemberOrder(sets, ({ sealed: { memberIds, fingerprints, sealed, ends }, rows }, i) => {
      const { unit, insutype, row } = rows[i]!;
      const from = i === 0 ? 0 : ends[i - 1]!;
      const length = ends[i]! - from;

      const m = members.begin(length);
      copyBytes(memberIds, i * UUID_BYTES, members.block, m + toId, UUID_BYTES);
      copyBytes(unit.ids, unit.at, members.block, m + toMemberUnit, UUID_BYTES);
      for (let at = 0; at < INSUTYPE_BYTES; at++) members.block[m + toInsutype + at] = insutype.charCodeAt(at);
      copyBytes(fingerprints, i * FINGERPRINT_BYTES, members.block, m + toHash, FINGERPRINT_BYTES);
      sealed.copy(members.block, m + toSealed, from, from + length);

      const e = enrolments.begin();
      copyBytes(memberIds, i * UUID_BYTES, enrolments.block, e + toMember, UUID_BYTES);
      copyBytes(unit.ids, unit.at, enrolments.block, e + toUnit, UUID_BYTES);
      enrolments.block.writeInt32BE(row, e + toRow);
      enrolments.block.writeInt32BE(unit.notice, e + toNotice);
    });
    return new RosterRows(enrolments, members);
  }

  get count(): number {
    return this.enrolments.count;
  }

  /** Nothing of them may be read any more. */
  release(): void {
    this.enrolments.release();
    this.members.release();
  }
}

async function inMemberOrder(sets: readonly SealedRows[], visit: (set: SealedRows, i: number) => void): Promise<void> {
  const total = sets.reduce((sum, { rows }) => sum + rows.length, 0);
  // By the first 24 bits, which tell nearly all apart; with the place as one number, since numbers are sorted far faster than objects.
  const places = 2 ** Math.ceil(Math.log2(total));
  const keys = new Float64Array(total);
  const [setOf, indexOf] = [new Uint32Array(total), new Uint32Array(total)];
  let place = 0;
  sets.forEach(({ sealed, rows }, set) => {
    for (let i = 0; i < rows.length; i++, place++) {
      keys[place] = sealed.memberIds.readUIntBE(i * UUID_BYTES, 3) * places + place;
      setOf[place] = set;
      indexOf[place] = i;
    }
  });
  keys.sort();
  for (let at = 0; at < total; at++) {
    if (at % ROWS_AT_ONCE === 0) await otherWork();
    const key = keys[at]!;
    place = key - Math.floor(key / places) * places;
    visit(sets[setOf[place]!]!, indexOf[place]!);
  }
}

/** Fails when one is enrolled already ({@link isTaken}); costs half of an insert that expects conflicts. */
export const enrolNew = (tx: Transaction, rows: RosterRows): Promise<number> =>
  copyInto(tx, `enrolment (${ENROLMENT_COLUMNS})`, rows.enrolments.copy());

/** Fails when one is known already. */
export const saveNewMembers = (tx: Transaction, rows: RosterRows): Promise<number> =>
  copyInto(tx, `member (${MEMBER_COLUMNS})`, rows.members.copy());

/** A row was there already; or another import held it and waited for one of ours, since COPY takes its locks in the order of the file. */
export const isTaken = (error: unknown): boolean => [UNIQUE_VIOLATION, DEADLOCK].includes(sqlState(error) ?? '');
const DEADLOCK = '40P01';

/** Enrols whom it can; `elsewhere` are the numbers of the rows whose member another unit, or another window, has enrolled in the period. */
export async function enrol(
  tx: Transaction,
  rows: RosterRows,
  { windowId, periodId }: ImportKey,
): Promise<{ elsewhere: Set<number>; enrolled: ByUnit }> {
  await stage(tx, 'enrolment', ENROLMENT_COLUMNS, rows.enrolments);
  // In member order, like every lock.
  const enrolled = await rowsOf<{ unitId: string; members: number }>(
    tx,
    `with e as (insert into enrolment (${ENROLMENT_COLUMNS}) select ${ENROLMENT_COLUMNS} from enrolment_stage order by member_id
       on conflict (member_id, period_id) do nothing returning unit_id)
     select unit_id as "unitId", count(*)::int as members from e group by unit_id`,
    [],
  );
  const elsewhere = await rowsOf<{ row: number }>(
    tx,
    `delete from enrolment_stage s using enrolment e
     where e.member_id = s.member_id and e.period_id = $1 and (e.unit_id, e.window_id) <> (s.unit_id, $2::uuid) returning s.row`,
    [periodId, windowId],
  );
  return {
    elsewhere: new Set(elsewhere.map(({ row }) => row)),
    enrolled: new Map(enrolled.map(({ unitId, members }) => [unitId, members])),
  };
}

/** Members as the rows say, where that is news; after {@link enrol} only those it left. Returns the ids of those that were known and are changed. */
export async function saveMembers(tx: Transaction, rows: RosterRows, afterEnrol: boolean): Promise<string[]> {
  await stage(tx, 'member', MEMBER_COLUMNS, rows.members);
  const saved = await rowsOf<{ id: string }>(
    tx,
    `with saved as (
       insert into member as m (${MEMBER_COLUMNS}) select ${MEMBER_COLUMNS} from member_stage s
       ${afterEnrol ? 'where exists (select from enrolment_stage e where e.member_id = s.id)' : ''} order by id
       on conflict (id) do update set sealed = excluded.sealed, roster_hash = excluded.roster_hash, unit_id = excluded.unit_id, insutype = excluded.insutype,
         updated_at = excluded.updated_at, version = m.version + 1
       where (m.roster_hash, m.unit_id, m.insutype) is distinct from (excluded.roster_hash, excluded.unit_id, excluded.insutype)
       returning id, version)
     select id from saved where version > 1`,
    [],
  );
  return saved.map(({ id }) => id);
}

/** A transfer may have been recorded after {@link enrol} had looked and before {@link saveMembers} got the lock: then it stands. */
export async function keepTransferred(tx: Transaction, { periodId }: ImportKey, saved: readonly string[]): Promise<void> {
  if (saved.length === 0) return;
  await rowsOf(
    tx,
    `update member m set unit_id = e.unit_id from enrolment e
     where m.id = any($1::uuid[]) and e.member_id = m.id and e.period_id = $2 and e.unit_id <> m.unit_id`,
    [saved, periodId],
  );
}

/** How many of the staged rows have changed neither a member nor an enrolment; after {@link enrol} and {@link saveMembers}. */
export async function countUnchanged(tx: Transaction, { periodId, importId }: ImportKey): Promise<number> {
  const rows = await rowsOf<{ count: number }>(
    tx,
    `select count(*)::int as count from member_stage s
     join enrolment e on e.member_id = s.id and e.period_id = $1 join enrolment_stage using (member_id)
     join member m on m.id = s.id
     where e.import_id is distinct from $2 and m.sealed <> s.sealed`,
    [periodId, importId],
  );
  return rows[0]!.count;
}

/** Staged rows live until the end of the transaction. */
async function stage(tx: Transaction, table: 'enrolment' | 'member', columns: string, rows: CopyRows): Promise<void> {
  await tx.query(`create temp table ${table}_stage on commit drop as select ${columns} from ${table} with no data`);
  const staged = await copyInto(tx, `${table}_stage`, rows.copy());
  assert(staged === rows.count, `${rows.count} rows were to be staged, ${staged} are`);
}

export async function insertRefusals(tx: Transaction, importId: string, refusals: readonly Refusal[]): Promise<void> {
  if (refusals.length === 0) return;
  await rowsOf(
    tx,
    `insert into roster_refusal (import_id, row, field, reason, remedy)
     select $1, row, field, reason, remedy from unnest($2::int[], $3::text[], $4::text[], $5::text[]) as n(row, field, reason, remedy)`,
    [
      importId,
      refusals.map(({ row }) => row),
      refusals.map(({ reason }) => REFUSALS[reason].field),
      refusals.map(({ reason }) => reason),
      refusals.map(({ reason }) => REFUSALS[reason].zh),
    ],
  );
}

/** Error: `roster` (not found). */
export async function importById(tx: Transaction, id: string): Promise<RosterImport> {
  const found = await tx.findOneBy(RosterImport, { id });
  if (!found) throw new DomainError('roster', 'not-found', 'expected the id of a roster import, found none; check it');
  return found;
}

export async function refusalsByReason(tx: Transaction, importId: string): Promise<Partial<Record<RefusalReason, number>>> {
  const rows = await rowsOf<{ reason: RefusalReason; count: number }>(
    tx,
    'select reason, count(*)::int as count from roster_refusal where import_id = $1 group by reason order by reason',
    [importId],
  );
  return Object.fromEntries(rows.map(({ reason, count }) => [reason, count]));
}

export const refusalsOf = (tx: Transaction, importId: string): Promise<RosterRefusal[]> =>
  tx.find(RosterRefusal, { where: { import_id: importId }, order: { row: 'ASC' } });

/** Of a window, newest first. */
export const importsOf = (tx: Transaction, windowId: string, after: string | null, limit: number): Promise<RosterImport[]> =>
  rowsOf(
    tx,
    `select * from roster_import
     where window_id = $1 and ($2::uuid is null or (received_at, id) < (select received_at, id from roster_import where id = $2))
     order by received_at desc, id desc limit $3`,
    [windowId, after, limit],
  );

const PAGE_REFUSALS = 1_000;

/** In the order of the rows; not held all at once. */
export async function* everyRefusal(tx: Transaction, importId: string): AsyncGenerator<RosterRefusal, undefined> {
  for (let after = 0; ;) {
    const page = await rowsOf<RosterRefusal>(
      tx,
      'select import_id, row, field, reason, remedy from roster_refusal where import_id = $1 and row > $2 order by row limit $3',
      [importId, after, PAGE_REFUSALS],
    );
    yield* page;
    if (page.length < PAGE_REFUSALS) return;
    after = page.at(-1)!.row;
  }
}
