/**
 * Works a roster through; nothing is applied before it is stored whole. The rows are read in groups; while the database works on one chunk of
 * them, the next is read and sealed. Each chunk is one transaction, which also says how far the import is: one that was cut off goes on from there.
 */
import { Injectable } from '@nestjs/common';
import { Clock, DomainError, chinaDate, isUnitCode, type CivilDate } from '@app/kernel';
import {
  Database,
  ENTRY_END,
  PersonalDataVault,
  sealSet,
  together,
  newId,
  type PersonalSet,
  type SealedSet,
  type SealingThread,
  type Transaction,
} from '@app/platform';
import { setImmediate as otherWork } from 'node:timers/promises';
import { personalText } from '../member/member.js';
import { liesUnder } from '../organisation/organisation.js';
import { insertOrganisations, newUnit } from '../organisation/organisation.repository.js';
import type { Organisation } from '../organisation/organisation.entity.js';
import { addRostered, type ByUnit } from '../window/enrolment-count.repository.js';
import { windowById } from '../window/window.repository.js';
import { CopyBlocks } from './copy-rows.js';
import { FileCut, type IncomingFile } from './incoming-file.js';
import { FILE_DAYS } from './roster.errors.js';
import { readRoster } from './roster-file.js';
import { personalNumberOf, readRecord, unitCodeOf, type RefusalReason, type RosterRow } from './roster.js';
import { groupText, rowGroups, type RowGroup } from './row-groups.js';
import { SeenPeople } from './seen-people.js';
import { storedFile } from './stored-file.js';
import type { ImportFailure, RosterImport } from './roster.entity.js';
import * as rosters from './roster.repository.js';
import { UnitPlaces, ownText, setUnitId, unitIdOf, type UnitPlace } from './unit-places.js';

const CHUNK_ROWS = 10_000;
/** Doubled with each: the database need not wait long for something to do. */
const FIRST_CHUNK_ROWS = 2_500;
/** From here on a second thread pays for its start. */
const THREAD_FROM_ROWS = 4_000;
const GROUPS_AHEAD = 8;
/** An import that has not moved for so long has lost its process. */
const LEASE_SECONDS = 60;
/** A file whose upload has taken so long is no longer coming in. */
const CUT_HOURS = 6;
export const uploadCutBefore = (now: Date): Date => new Date(now.getTime() - CUT_HOURS * 3_600_000);
/** Parts that are deleted in one transaction. */
const FORGET_PARTS = 200;

/** Rows that are worked on together, and what became of them. */
interface Group {
  readonly people: PersonalSet;
  /** Of the same people, in the same order. */
  readonly rows: readonly rosters.AcceptedRow[];
  readonly refused: readonly rosters.Refusal[];
  /** Row numbers. */
  readonly normalised: readonly number[];
  readonly cardWarnings: readonly number[];
  readonly phoneWarnings: readonly number[];
  /** To be kept when the window takes all of it; or what was kept of it before, and is only counted. */
  readonly block: rosters.Block | undefined;
  readonly unchanged: boolean;
  readonly reached: rosters.Reached;
}

type SealedGroup = Group & rosters.SealedRows;

/** A unit that no file named before; its place has the id that it will have, unless somebody else is making it. */
interface NewUnit {
  readonly organisation: Organisation;
  readonly place: UnitPlace;
}

/** What goes into the database at once. */
interface Chunk {
  readonly at: Date;
  readonly groups: readonly SealedGroup[];
  /** To be made before them. */
  readonly newUnits: readonly NewUnit[];
}

/** A chunk as it goes in. */
interface Ready {
  readonly rows: rosters.RosterRows;
  /** By the id of the unit: its rows, and the notice that they say they are on. */
  readonly byUnit: ReadonlyMap<string, { readonly unit: UnitPlace; readonly notice: number; readonly members: number }>;
}

/** Whom a file has turned out to hold so far: nobody known, known people who are new in the window, or anybody. Each is dearer than the last. */
const FILLINGS = ['strangers', 'newcomers', 'anybody'] as const;
/** Two imports of the same people can meet crosswise this often before one gives up. */
const ATTEMPTS = 5;

/** What one import knows while it runs. */
interface Run {
  readonly key: rosters.ImportKey;
  readonly leaseId: string;
  readonly fileName: string;
  readonly organisation: Organisation;
  /** The day on which the file was received: what a row is must not depend on when it is worked through. */
  readonly today: CivilDate;
  /** Lines up to this one are done: they are only read, for whom they hold. */
  readonly doneLine: number;
  readonly mayKnowBlocks: boolean;
  readonly seen: SeenPeople;
  readonly elsewhere: Set<string>;
  /** The units of this organisation by code. */
  readonly units: UnitPlaces;
  /** Those of them that are not made yet. */
  newUnits: NewUnit[];
  readonly copyBlocks: CopyBlocks;
  /** The file, when it still comes in. */
  readonly incoming: IncomingFile | undefined;
  /** Parts of the file that have been read. */
  part: number;
  filling: (typeof FILLINGS)[number];
  /** Why the rest of the file cannot be read. */
  stopped?: DomainError;
  thread?: SealingThread;
}

interface LookedUp {
  readonly rowGroup: RowGroup;
  readonly block: rosters.Block | undefined;
}

@Injectable()
export class RosterImportService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: PersonalDataVault,
  ) {}

  /** Goes on with what is due of these (none: whatever is due). */
  async resume(ids: readonly string[]): Promise<void> {
    const open = await rosters.openImports(this.database.direct, this.clock.now(), uploadCutBefore(this.clock.now()));
    for (const { id, state } of open) {
      if (ids.length > 0 && !ids.includes(id)) continue;
      if (state === 'received') await this.work(id);
      else await rosters.failImport(this.database.direct, id, CUT_OFF);
    }
  }

  /** Whether there are files that have been kept long enough. */
  hasOldFiles(): Promise<boolean> {
    return rosters.hasOldFiles(this.database.direct, this.hoursAgo(FILE_DAYS * 24));
  }

  /** Deletes the files that have been kept long enough; what was found in them stays. */
  async forget(): Promise<void> {
    while ((await rosters.forgetFiles(this.database.direct, this.hoursAgo(FILE_DAYS * 24), FORGET_PARTS)) === FORGET_PARTS);
  }

  /** Works an import through; does nothing when it is not there to be worked on, or somebody else does it. A file that is refused whole, or from a line on, ends as failed. */
  async work(importId: string): Promise<void> {
    const leaseId = newId();
    const found = await this.take(importId, leaseId);
    if (found) await this.endingAs(importId, leaseId, () => this.workThrough(found, leaseId));
  }

  /** As {@link work}, of a file that still comes in: nothing of it is applied before it is stored whole, and nothing at all when it was cut. */
  async workIncoming(started: rosters.StartedImport, incoming: IncomingFile): Promise<void> {
    const leaseId = newId();
    await this.endingAs(started.id, leaseId, () => this.workThrough({ ...started, reached_line: 0 }, leaseId, incoming));
  }

  private take(importId: string, leaseId: string): Promise<RosterImport | undefined> {
    return rosters.takeImport(this.database.direct, importId, this.lease(leaseId), this.clock.now());
  }

  private async endingAs(importId: string, leaseId: string, working: () => Promise<void>): Promise<void> {
    try {
      await working();
    } catch (error) {
      if (error instanceof LeaseLost || error instanceof FileCut) return;
      if (error instanceof ReadAgain) {
        await rosters.dropLease(this.database.direct, importId, leaseId);
        return await this.work(importId);
      }
      if (error instanceof DomainError && !error.retry) {
        const { code, kind, message, details } = error;
        return await rosters.failImport(this.database.direct, importId, { code, kind, message, details });
      }
      await rosters.dropLease(this.database.direct, importId, leaseId);
      throw error;
    }
  }

  private async workThrough(
    found: rosters.StartedImport & Pick<RosterImport, 'reached_line'>,
    leaseId: string,
    incoming?: IncomingFile,
  ): Promise<void> {
    const mayApply = incoming ? this.takeWhenReceived(found.id, leaseId, incoming) : Promise.resolve();
    // Awaited with the first chunk; until then a failure must not count as unhandled.
    mayApply.catch(() => {});
    const { window, organisation } = await windowById(this.database.direct, found.window_id);
    const run: Run = {
      key: { windowId: window.id, periodId: window.period_id, importId: found.id },
      leaseId,
      fileName: found.file_name,
      organisation,
      today: chinaDate(found.received_at),
      doneLine: found.reached_line,
      mayKnowBlocks: await rosters.hasBlocks(this.database.direct, window.id),
      seen: new SeenPeople(),
      elsewhere: new Set(),
      units: new UnitPlaces(),
      newUnits: [],
      copyBlocks: new CopyBlocks(),
      incoming,
      part: 0,
      filling: 'strangers',
    };
    let [before, applying, made] = [Promise.resolve(), mayApply, mayApply];
    try {
      for await (const chunk of this.chunks(run)) {
        // One may wait for its turn, so that neither we nor the database stand still when a chunk takes longer than the next.
        await before;
        before = applying;
        // One after the other: a unit that somebody else made first gets its id before a later chunk's rows are packed with it.
        made = made.then(() => this.makeUnits(run, chunk.newUnits));
        const ready = made.then(() => makeReady(run, chunk));
        applying = Promise.all([ready, applying]).then(([rows]) => this.apply(run, chunk, rows));
        // Awaited later; until then a failure must not count as unhandled.
        applying.catch(() => {});
      }
      await applying;
      if (run.stopped) throw run.stopped;
      await rosters.endImport(this.database.direct, found.id, leaseId, run.units.taken());
    } finally {
      await applying.catch(() => {});
      await run.thread?.close();
    }
  }

  private async takeWhenReceived(importId: string, leaseId: string, incoming: IncomingFile): Promise<void> {
    await incoming.received();
    const taken = await this.take(importId, leaseId);
    if (!taken) throw new LeaseLost();
    // Somebody has had it, and has given it up.
    if (taken.reached_line > 0) throw new ReadAgain();
  }

  private lease(id: string): rosters.Lease {
    return { id, until: new Date(this.clock.now().getTime() + LEASE_SECONDS * 1000) };
  }

  private hoursAgo(hours: number): Date {
    return new Date(this.clock.now().getTime() - hours * 3_600_000);
  }

  private fileOf(run: Run): AsyncIterable<Buffer> {
    return storedFile(this.database, this.vault, run.key.importId, { incoming: run.incoming, onPart: (parts) => (run.part = parts) });
  }

  private async *chunks(run: Run): AsyncGenerator<Chunk> {
    let groups: SealedGroup[] = [];
    let rows = 0;
    let full = FIRST_CHUNK_ROWS;
    for await (const sealed of this.sealedGroups(run)) {
      groups.push(sealed);
      // Groups that are only counted cost the database nothing.
      rows += sealed.unchanged ? 0 : sealed.rows.length + sealed.refused.length;
      if (rows < full && groups.length < CHUNK_ROWS / 10) continue;
      yield this.chunkOf(run, groups);
      [groups, rows, full] = [[], 0, Math.min(full * 2, CHUNK_ROWS)];
    }
    if (groups.length > 0) yield this.chunkOf(run, groups);
  }

  private chunkOf(run: Run, groups: readonly SealedGroup[]): Chunk {
    const { newUnits } = run;
    run.newUnits = [];
    return { at: this.clock.now(), groups, newUnits };
  }

  /** In the order of the file; some are being sealed by the thread while the next are read. */
  private async *sealedGroups(run: Run): AsyncGenerator<SealedGroup> {
    const ahead: { group: Group; sealing: Promise<SealedSet> }[] = [];
    const next = async () => {
      const { group, sealing } = ahead.shift()!;
      return { ...group, people: NOBODY, sealed: await sealing };
    };
    let rows = 0;
    for await (const { rowGroup, block } of this.lookedUp(run)) {
      // A set that is being sealed, and every other request, gets its turn.
      await otherWork();
      if (isDone(run, rowGroup)) {
        this.remember(run, rowGroup);
        continue;
      }
      const unchanged = block && this.unchangedGroup(run, rowGroup, block);
      if (block && !unchanged) await this.findUnitsOf(run, rowGroup);
      const group = unchanged ?? (await this.readGroup(run, rowGroup));
      rows += group.rows.length;
      if (rows > THREAD_FROM_ROWS) run.thread ??= this.vault.startThread();
      const sealing = run.thread?.isRunning ? run.thread.seal(group.people) : Promise.resolve(sealSet(this.vault, group.people));
      // Awaited later; until then a failure must not count as unhandled.
      sealing.catch(() => {});
      ahead.push({ group, sealing });
      if (ahead.length > GROUPS_AHEAD) yield await next();
    }
    while (ahead.length > 0) yield await next();
  }

  /** Groups with what the database knows of them, which is asked for while the one before is worked on. */
  private async *lookedUp(run: Run): AsyncGenerator<LookedUp> {
    let before: { readonly rowGroup: RowGroup; readonly looking: Promise<rosters.Block | undefined> } | undefined;
    for await (const rowGroup of rowGroups(readRoster(this.fileOf(run), run.fileName, (error) => (run.stopped = error)))) {
      const looking = this.lookUp(run, rowGroup);
      // Awaited a round later; until then a failure must not count as unhandled.
      looking.catch(() => {});
      if (before) yield { rowGroup: before.rowGroup, block: await before.looking };
      before = { rowGroup, looking };
    }
    if (before) yield { rowGroup: before.rowGroup, block: await before.looking };
  }

  /** What was kept of a group that the window has taken before; the units of any other. */
  private async lookUp(run: Run, rowGroup: RowGroup): Promise<rosters.Block | undefined> {
    const block =
      run.mayKnowBlocks && !isDone(run, rowGroup)
        ? await rosters.findBlock(this.database.direct, run.key, this.vault.fingerprint(groupText(rowGroup)))
        : undefined;
    if (!block) await this.findUnitsOf(run, rowGroup);
    return block;
  }

  /** Whom rows hold that were worked through before the import was cut off. */
  private remember(run: Run, rowGroup: RowGroup): void {
    const { layout, records } = rowGroup;
    const context = { layout, today: run.today, seen: run.seen, units: run.units, elsewhere: run.elsewhere };
    for (const record of records) {
      const reading = readRecord(record, context);
      if (!('row' in reading)) continue;
      run.seen.add(reading.row.personalNumber);
      run.units.take(reading.row.unitCode);
    }
  }

  /** What is known of a group that the window has taken as it is before, unless other rows of this file now hold its people. */
  private unchangedGroup(run: Run, { layout, records }: RowGroup, block: rosters.Block): Group | undefined {
    const refusedAt = new Map(block.refused.map(({ at, reason }) => [at, reason]));
    const fresh = new Set<string>();
    for (const [at, { cells }] of records.entries()) {
      const reason = refusedAt.get(at);
      if (reason !== undefined && reason !== 'duplicate') continue;
      const personalNumber = personalNumberOf(cells, layout);
      const known = fresh.has(personalNumber) || run.seen.has(personalNumber);
      if (known !== (reason === 'duplicate')) return undefined;
      if (!known) fresh.add(personalNumber);
    }
    for (const personalNumber of fresh) run.seen.add(personalNumber);
    let last: string | undefined;
    for (const [at, { cells }] of records.entries()) {
      // A roster is mostly unit after unit.
      if (refusedAt.has(at) || cells[layout.at.unitCode] === last) continue;
      last = cells[layout.at.unitCode];
      run.units.take(unitCodeOf(cells, layout));
    }
    return {
      people: NOBODY,
      rows: [],
      refused: block.refused.map(({ at, reason }) => ({ row: records[at]!.line, reason })),
      normalised: [],
      cardWarnings: [],
      phoneWarnings: [],
      block,
      unchanged: true,
      reached: { line: records.at(-1)!.line, part: run.part },
    };
  }

  private async readGroup(run: Run, rowGroup: RowGroup): Promise<Group> {
    const { layout, records } = rowGroup;
    const context = { layout, today: run.today, seen: run.seen, units: run.units, elsewhere: run.elsewhere };
    const accepted: { line: number; row: RosterRow }[] = [];
    const [refused, normalised]: [rosters.Refusal[], number[]] = [[], []];
    const [cardWarnings, phoneWarnings]: [number[], number[]] = [[], []];
    const refusedAt: { at: number; reason: RefusalReason }[] = [];
    for (const [at, record] of records.entries()) {
      if (at > 0 && at % rosters.ROWS_AT_ONCE === 0) await otherWork();
      const { line } = record;
      const reading = readRecord(record, context);
      if ('reason' in reading) {
        refused.push({ row: line, reason: reading.reason });
        refusedAt.push({ at, reason: reading.reason });
        continue;
      }
      const { row } = reading;
      run.seen.add(row.personalNumber);
      if (!run.units.has(row.unitCode)) nameUnit(run, row);
      run.units.take(row.unitCode);
      if (reading.normalised) normalised.push(line);
      if (reading.cardWarning) cardWarnings.push(line);
      if (reading.phoneWarning) phoneWarnings.push(line);
      accepted.push({ line, row });
    }
    return {
      people: {
        personalNumbers: accepted.map(({ row }) => row.personalNumber).join(ENTRY_END),
        texts: accepted.map(({ row }) => personalText(row)).join(ENTRY_END),
      },
      rows: accepted.map(({ line, row: { unitCode, insutype } }) => ({ row: line, unit: run.units.get(unitCode)!, insutype })),
      refused,
      normalised,
      cardWarnings,
      phoneWarnings,
      // Whose unit it is can change without the file.
      block: refused.some(({ reason }) => reason === 'unit-elsewhere')
        ? undefined
        : {
            digest: this.vault.fingerprint(groupText(rowGroup)),
            rows: records.length,
            normalised: normalised.length,
            cardWarnings: cardWarnings.length,
            phoneWarnings: phoneWarnings.length,
            refused: refusedAt,
          },
      unchanged: false,
      reached: { line: records.at(-1)!.line, part: run.part },
    };
  }

  private async findUnitsOf(run: Run, { layout, records }: RowGroup): Promise<void> {
    const unknown = new Set<string>();
    let last: string | undefined;
    for (const { cells } of records) {
      // A roster is mostly unit after unit.
      if (cells[layout.at.unitCode] === last) continue;
      last = cells[layout.at.unitCode];
      const code = unitCodeOf(cells, layout);
      if (!run.units.has(code)) unknown.add(code);
    }
    await this.findUnits(run, unknown);
  }

  private async findUnits(run: Run, codes: Iterable<string>): Promise<void> {
    const sought = [...codes].filter((code) => !run.elsewhere.has(code) && isUnitCode(code));
    if (sought.length === 0) return;
    for (const { code, id, kind, path, notice } of await rosters.unitsOf(this.database.direct, run.key.windowId, sought)) {
      if (kind !== 'unit' || !liesUnder(path, run.organisation.path)) run.elsewhere.add(code);
      // One that was named meanwhile keeps its place, of which it has but one.
      else if (!run.units.has(code)) run.units.add(code, id, notice);
    }
  }

  /** In a statement of its own, so that imports which meet the same new unit wait for each other no longer than that. */
  private async makeUnits(run: Run, newUnits: readonly NewUnit[]): Promise<void> {
    if (newUnits.length === 0) return;
    const inserted = await insertOrganisations(
      this.database.direct,
      newUnits.map(({ organisation }) => organisation),
    );
    const made = new Set(inserted.map(({ code }) => code));
    const others = new Map(newUnits.filter(({ organisation: { code } }) => !made.has(code)).map((unit) => [unit.organisation.code, unit]));
    if (others.size === 0) return;
    for (const { code, id, kind, path, notice } of await rosters.unitsOf(this.database.direct, run.key.windowId, [...others.keys()])) {
      if (kind !== 'unit' || !liesUnder(path, run.organisation.path))
        throw new DomainError(
          'unit-taken',
          'conflict',
          'another organisation made one of the units of this file in the meantime; import the file again',
          { unitCode: code },
        );
      const { place } = others.get(code)!;
      setUnitId(place, id);
      place.notice = notice;
    }
  }

  private async apply(run: Run, chunk: Chunk, first: Ready): Promise<void> {
    for (let [ready, attempt] = [first, 1]; ; ready = await makeReady(run, chunk), attempt++) {
      try {
        return await this.database.transaction((tx) => this.applyIn(tx, run, chunk.groups, ready));
      } catch (error) {
        const taken = rosters.isTaken(error);
        if ((!taken && !(error instanceof NoticeIssued)) || attempt === ATTEMPTS) throw error;
        if (taken) run.filling = FILLINGS[FILLINGS.indexOf(run.filling) + 1] ?? run.filling;
      } finally {
        ready.rows.release();
      }
    }
  }

  private async applyIn(
    tx: Transaction,
    { key, filling, leaseId }: Run,
    groups: readonly SealedGroup[],
    { rows, byUnit }: Ready,
  ): Promise<void> {
    // How far the import is, is lost together with the rows if the server dies; the end of the import is written through, and all before it.
    await tx.query('set local synchronous_commit = off');
    let elsewhere = new Set<number>();
    let changed: readonly string[] = [];
    let enrolled: ByUnit = new Map([...byUnit].map(([unitId, { members }]) => [unitId, members]));
    if (rows.count > 0) {
      if (filling === 'anybody') ({ elsewhere, enrolled } = await rosters.enrol(tx, rows, key));
      else await rosters.enrolNew(tx, rows);
      if (filling === 'strangers') await rosters.saveNewMembers(tx, rows);
      else changed = await rosters.saveMembers(tx, rows, filling === 'anybody');
      if (filling === 'anybody') await rosters.keepTransferred(tx, key, changed);
    }
    const refused = groups.flatMap((group) => group.refused);
    const known = groups.flatMap(({ unchanged, block }) => (unchanged ? [block!] : []));
    const sum = (of: (block: rosters.Block) => number) => known.reduce((total, block) => total + of(block), 0);
    const taken = sum((block) => block.rows - block.refused.length);
    const count = (of: (group: SealedGroup) => readonly number[]) =>
      groups.reduce((total, group) => total + of(group).filter((row) => !elsewhere.has(row)).length, 0);
    const counts = {
      rows: rows.count + taken + refused.length,
      accepted: rows.count + taken - elsewhere.size,
      refused: refused.length + elsewhere.size,
      unchanged: taken + (rows.count > 0 && filling === 'anybody' ? await rosters.countUnchanged(tx, key) : 0),
      normalised: sum((block) => block.normalised) + count((group) => group.normalised),
      cardWarnings: sum((block) => block.cardWarnings) + count((group) => group.cardWarnings),
      phoneWarnings: sum((block) => block.phoneWarnings) + count((group) => group.phoneWarnings),
    };
    const blocks = groups.flatMap(({ block, unchanged, rows: accepted }) =>
      block && !unchanged && !accepted.some(({ row }) => elsewhere.has(row)) ? [block] : [],
    );
    // Together, and only a few statements in all: between two of them stands whatever else this process is at.
    const [, , leased, notices, blocksHold] = await together(() => [
      rosters.insertRefusals(tx, key.importId, [...refused, ...[...elsewhere].map((row) => ({ row, reason: 'duplicate' as const }))]),
      rosters.saveBlocks(tx, key, blocks),
      rosters.addToImport(tx, key.importId, counts, groups.at(-1)!.reached, this.lease(leaseId)),
      addRostered(tx, key.windowId, enrolled),
      rosters.keepBlocks(tx, key, known),
    ]);
    if (!leased) throw new LeaseLost();
    if (!blocksHold) throw new ReadAgain();
    let moved = false;
    for (const [unitId, notice] of notices) {
      const { unit, notice: supposed } = byUnit.get(unitId)!;
      unit.notice = notice;
      moved ||= supposed !== notice;
    }
    if (moved) throw new NoticeIssued();
    await rosters.overtakeBlocks(tx, key, changed);
  }
}

const isDone = (run: Run, { records }: RowGroup): boolean => records.at(-1)!.line <= run.doneLine;

function nameUnit(run: Run, { unitCode, unitName }: RosterRow): void {
  const organisation = newUnit(run.organisation, ownText(unitCode), ownText(unitName || unitCode));
  run.newUnits.push({ organisation, place: run.units.add(unitCode, organisation.id, 1) });
}

/** A unit's notice was issued while its rows were on their way: they belong on the next one. */
class NoticeIssued extends Error {}

/** What is sealed need not be kept. */
const NOBODY: PersonalSet = { personalNumbers: '', texts: '' };

/** What was read no longer holds: somebody was withdrawn after a group had been known as taken, and before the file was stored whole. */
class ReadAgain extends Error {}

/** Another process has the import. */
class LeaseLost extends Error {}

/** Of a file that came in part. */
export const CUT_OFF: ImportFailure = {
  code: 'roster-cut-off',
  kind: 'invalid',
  message: 'expected the whole file, found that it stopped coming in; send it again',
  details: {},
};

async function makeReady({ key, copyBlocks }: Run, { at, groups }: Chunk): Promise<Ready> {
  const members = new Map<UnitPlace, number>();
  for (const { rows } of groups) for (const { unit } of rows) members.set(unit, (members.get(unit) ?? 0) + 1);
  const byUnit = new Map([...members].map(([unit, count]) => [unitIdOf(unit), { unit, notice: unit.notice, members: count }]));
  return { rows: await rosters.RosterRows.pack(key, at, groups, copyBlocks), byUnit };
}
