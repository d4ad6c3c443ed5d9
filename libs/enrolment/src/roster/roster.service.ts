/**
 * The roster import. The file streams through in chunks of rows: while the database works on one, the next is read and sealed. Each chunk is
 * one transaction and every statement is idempotent, so an import that was cut off is simply run again.
 */
import { Injectable } from '@nestjs/common';
import { Clock, DomainError, chinaDate, isUnitCode } from '@app/kernel';
import {
  Database,
  ENTRY_END,
  PersonalDataVault,
  reachOf,
  sealSet,
  type Principal,
  type PersonalSet,
  type SealedSet,
  type SealingThread,
  type Transaction,
} from '@app/platform';
import { setImmediate as otherWork } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { personalText } from '../member/member.js';
import { liesUnder } from '../organisation/organisation.js';
import { insertOrganisations, newUnit } from '../organisation/organisation.repository.js';
import type { Organisation } from '../organisation/organisation.entity.js';
import { addRostered, type ByUnit } from '../window/enrolment-count.repository.js';
import { windowState } from '../window/window.js';
import { windowById, type PlacedWindow } from '../window/window.repository.js';
import { readRecords, type RosterRecord } from './roster-file.js';
import { COLUMNS, readHeader, readRow, unitCodeOf, type RefusalReason, type RosterLayout, type RosterRow } from './roster.js';
import type { RosterImport, RosterRefusal } from './roster.entity.js';
import { SeenPeople } from './seen-people.js';
import { uuidBytes, uuidText } from './copy-rows.js';
import * as rosters from './roster.repository.js';

const CHUNK_ROWS = 10_000;
/** Doubled with each: the database need not wait long for something to do. */
const FIRST_CHUNK_ROWS = 2_500;
/** What is read, looked up and sealed at once: some 10 ms, so that the database work of the last chunk, and every other request, goes on. */
const GROUP_ROWS = 1_000;
/** From here on a second thread pays for its start. */
const THREAD_FROM_ROWS = 4_000;
const GROUPS_AHEAD = 4;

export interface RosterUpload {
  windowId: string;
  fileName: string;
  principal: Principal;
  stream: Readable;
}

export interface RosterSummary extends rosters.Counts {
  importId: string;
  state: RosterImport['state'];
  reasons: Partial<Record<RefusalReason, number>>;
}

/** Records that are worked on together, and what became of them. */
interface Group {
  readonly people: PersonalSet;
  /** Of the same people, in the same order. */
  readonly rows: readonly rosters.AcceptedRow[];
  readonly refused: readonly rosters.Refusal[];
  /** Row numbers. */
  readonly normalised: readonly number[];
  readonly cardWarnings: readonly number[];
}

type SealedGroup = Group & rosters.SealedRows;

/** What goes into the database at once. */
interface Chunk {
  readonly at: Date;
  readonly groups: readonly rosters.SealedRows[];
  readonly byUnit: ReadonlyMap<string, { readonly unit: rosters.UnitPlace; readonly members: number }>;
  readonly refused: readonly rosters.Refusal[];
  /** Row numbers. */
  readonly normalised: ReadonlySet<number>;
  readonly cardWarnings: ReadonlySet<number>;
}

/** Whom a file has turned out to hold so far: nobody known, known people who are new in the window, or anybody. Each is dearer than the last. */
const FILLINGS = ['strangers', 'newcomers', 'anybody'] as const;
/** Two imports of the same people can meet crosswise this often before one gives up. */
const ATTEMPTS = 5;

/** What one import knows while it runs. */
interface Run {
  readonly key: rosters.ImportKey;
  readonly organisation: Organisation;
  readonly seen: SeenPeople;
  readonly elsewhere: Set<string>;
  /** The units of this organisation by code. */
  readonly units: Map<string, rosters.UnitPlace>;
  filling: (typeof FILLINGS)[number];
  thread?: SealingThread;
}

@Injectable()
export class RosterService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: PersonalDataVault,
  ) {}

  /**
   * Errors: `window` (not found), `forbidden`, `window-not-open`, `window-closed` (conflict); the whole file refused: `roster-columns`,
   * `roster-encoding`, `roster-quotes` (invalid).
   */
  async importRoster({ windowId, fileName, principal, stream }: RosterUpload): Promise<RosterSummary> {
    const { window, organisation } = await this.openWindow(windowId, principal);
    const importId = uuidv7();
    const run: Run = {
      key: { windowId, periodId: window.period_id, importId },
      organisation,
      seen: new SeenPeople(),
      elsewhere: new Set(),
      units: new Map(),
      filling: 'strangers',
    };
    await rosters.insertImport(this.database.direct, {
      id: importId,
      window_id: windowId,
      file_name: fileName,
      received_at: this.clock.now(),
      received_by: principal.userId,
    });
    let applying = Promise.resolve();
    try {
      for await (const chunk of this.chunks(run, stream)) {
        await applying;
        applying = this.apply(run, chunk);
        // Awaited a round later; until then a failure must not count as unhandled.
        applying.catch(() => {});
      }
      await applying;
    } catch (error) {
      await applying.catch(() => {});
      await rosters.endImport(this.database.direct, importId, 'failed');
      throw error;
    } finally {
      await run.thread?.close();
    }
    return this.summarise(await rosters.endImport(this.database.direct, importId, 'done'));
  }

  /** Errors: `roster` (not found), `forbidden`. */
  async read(importId: string, principal: Principal): Promise<RosterSummary> {
    return this.summarise(await this.visible(importId, principal));
  }

  /** Errors: `roster` (not found), `forbidden`. */
  async refusals(importId: string, principal: Principal): Promise<RosterRefusal[]> {
    await this.visible(importId, principal);
    return rosters.refusalsOf(this.database.direct, importId);
  }

  private async visible(importId: string, principal: Principal): Promise<RosterImport> {
    const found = await rosters.importById(this.database.direct, importId);
    if (!found) throw new DomainError('roster', 'not-found', 'expected the id of a roster import, found none; check it');
    const reach = reachOf(principal, 'roster.read');
    const { organisation } = await windowById(this.database.direct, found.window_id);
    if (reach.scope !== 'all' && !liesUnder(organisation.path, reach.organisationPath)) throw outOfReach();
    return found;
  }

  private async summarise(done: RosterImport): Promise<RosterSummary> {
    return {
      importId: done.id,
      state: done.state,
      rows: done.rows,
      accepted: done.accepted,
      refused: done.refused,
      unchanged: done.unchanged,
      normalised: done.normalised,
      cardWarnings: done.card_warnings,
      reasons: await rosters.refusalsByReason(this.database.direct, done.id),
    };
  }

  private async openWindow(windowId: string, principal: Principal): Promise<PlacedWindow> {
    const placed = await windowById(this.database.direct, windowId);
    const { window, organisation } = placed;
    const reach = reachOf(principal, 'roster.import');
    if (reach.scope !== 'all' && !liesUnder(organisation.path, reach.organisationPath)) throw outOfReach();
    const state = windowState(window, this.clock.now());
    if (state === 'upcoming')
      throw new DomainError(
        'window-not-open',
        'conflict',
        'expected an open enrolment window, found one that opens later; import when it is open',
      );
    if (state === 'closed')
      throw new DomainError(
        'window-closed',
        'conflict',
        'expected an open enrolment window, found one that has closed; use the next window',
      );
    return placed;
  }

  private async *chunks(run: Run, stream: Readable): AsyncGenerator<Chunk> {
    let groups: SealedGroup[] = [];
    let rows = 0;
    let full = FIRST_CHUNK_ROWS;
    for await (const sealed of this.sealedGroups(run, stream)) {
      groups.push(sealed);
      rows += sealed.rows.length + sealed.refused.length;
      if (rows < full) continue;
      yield this.chunkOf(groups);
      [groups, rows, full] = [[], 0, Math.min(full * 2, CHUNK_ROWS)];
    }
    yield this.chunkOf(groups);
  }

  private chunkOf(groups: readonly SealedGroup[]): Chunk {
    return {
      at: this.clock.now(),
      groups,
      byUnit: countByUnit(groups),
      refused: groups.flatMap(({ refused }) => refused),
      normalised: new Set(groups.flatMap(({ normalised }) => normalised)),
      cardWarnings: new Set(groups.flatMap(({ cardWarnings }) => cardWarnings)),
    };
  }

  /** In the order of the file; some are being sealed by the thread while the next are read. */
  private async *sealedGroups(run: Run, stream: Readable): AsyncGenerator<SealedGroup> {
    const ahead: { group: Group; sealing: Promise<SealedSet> }[] = [];
    const next = async () => {
      const { group, sealing } = ahead.shift()!;
      return { ...group, sealed: await sealing };
    };
    let rows = 0;
    for await (const { layout, records } of recordGroups(stream)) {
      // A set that is being sealed, and every other request, gets its turn.
      await otherWork();
      const group = await this.readGroup(run, layout, records);
      rows += records.length;
      if (rows > THREAD_FROM_ROWS) run.thread ??= this.vault.startThread();
      const sealing = run.thread?.hasTime ? run.thread.seal(group.people) : Promise.resolve(sealSet(this.vault, group.people));
      // Awaited later; until then a failure must not count as unhandled.
      sealing.catch(() => {});
      ahead.push({ group, sealing });
      if (ahead.length > GROUPS_AHEAD) yield await next();
    }
    while (ahead.length > 0) yield await next();
  }

  private async readGroup(run: Run, layout: RosterLayout, records: readonly RosterRecord[]): Promise<Group> {
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
    const newUnits = new Map<string, string>();
    const units = { has: (code: string) => run.units.has(code) || newUnits.has(code) };
    const context = { layout, today: chinaDate(this.clock.now()), seen: run.seen, units, elsewhere: run.elsewhere };
    const accepted: { line: number; row: RosterRow }[] = [];
    const [refused, normalised, cardWarnings]: [rosters.Refusal[], number[], number[]] = [[], [], []];
    for (const { line, cells } of records) {
      const reading = readRow(cells, context);
      if ('reason' in reading) {
        refused.push({ row: line, reason: reading.reason });
        continue;
      }
      const { row } = reading;
      run.seen.add(row.personalNumber);
      if (!units.has(row.unitCode)) newUnits.set(row.unitCode, row.unitName || row.unitCode);
      if (reading.normalised) normalised.push(line);
      if (reading.cardWarning) cardWarnings.push(line);
      accepted.push({ line, row });
    }
    await this.makeUnits(run, newUnits);
    return {
      people: {
        personalNumbers: accepted.map(({ row }) => row.personalNumber).join(ENTRY_END),
        texts: accepted.map(({ row }) => personalText(row)).join(ENTRY_END),
      },
      rows: accepted.map(({ line, row: { unitCode, insutype } }) => ({ row: line, unit: run.units.get(unitCode)!, insutype })),
      refused,
      normalised,
      cardWarnings,
    };
  }

  private async findUnits(run: Run, codes: Iterable<string>): Promise<void> {
    const sought = [...codes].filter((code) => !run.elsewhere.has(code) && isUnitCode(code));
    if (sought.length === 0) return;
    for (const { code, id, kind, path, notice } of await rosters.unitsOf(this.database.direct, run.key.windowId, sought)) {
      if (kind === 'unit' && liesUnder(path, run.organisation.path)) run.units.set(code, { id: uuidBytes(id), notice });
      else run.elsewhere.add(code);
    }
  }

  /** In a transaction of its own, so that imports which meet the same new unit wait for each other no longer than that. */
  private async makeUnits(run: Run, names: ReadonlyMap<string, string>): Promise<void> {
    if (names.size === 0) return;
    const codes = [...names.keys()];
    await insertOrganisations(
      this.database.direct,
      codes.map((code) => newUnit(run.organisation, code, names.get(code)!)),
    );
    await this.findUnits(run, codes);
    const taken = codes.find((code) => run.elsewhere.has(code));
    if (taken)
      throw new DomainError(
        'unit-taken',
        'conflict',
        'another organisation made one of the units of this file in the meantime; import the file again',
        { unitCode: taken },
      );
  }

  private async apply(run: Run, chunk: Chunk): Promise<void> {
    if (chunk.byUnit.size + chunk.refused.length === 0) return;
    for (let attempt = 1; ; attempt++) {
      try {
        const rows = new rosters.RosterRows(run.key, chunk.at, chunk.groups);
        return await this.database.transaction((tx) => this.applyIn(tx, run, chunk, rows));
      } catch (error) {
        const again = error instanceof NoticeIssued || rosters.isTaken(error);
        if (!again || attempt === ATTEMPTS) throw error;
        if (!(error instanceof NoticeIssued)) run.filling = FILLINGS[FILLINGS.indexOf(run.filling) + 1] ?? run.filling;
      }
    }
  }

  private async applyIn(
    tx: Transaction,
    { key, filling }: Run,
    { byUnit, refused, normalised, cardWarnings }: Chunk,
    rows: rosters.RosterRows,
  ): Promise<void> {
    let elsewhere: number[] = [];
    let enrolled: ByUnit = new Map([...byUnit].map(([unitId, { members }]) => [unitId, members]));
    if (filling === 'anybody') ({ elsewhere, enrolled } = await rosters.enrol(tx, rows, key));
    else await rosters.enrolNew(tx, rows);
    if (filling === 'strangers') await rosters.saveNewMembers(tx, rows);
    else {
      const saved = await rosters.saveMembers(tx, rows, filling === 'anybody');
      await rosters.keepTransferred(tx, key, saved);
    }
    await rosters.insertRefusals(tx, key.importId, [...refused, ...elsewhere.map((row) => ({ row, reason: 'duplicate' as const }))]);
    await rosters.addToImport(tx, key.importId, {
      rows: rows.count + refused.length,
      accepted: rows.count - elsewhere.length,
      refused: refused.length + elsewhere.length,
      unchanged: filling === 'anybody' ? await rosters.countUnchanged(tx, key) : 0,
      normalised: normalised.size - elsewhere.filter((row) => normalised.has(row)).length,
      cardWarnings: cardWarnings.size - elsewhere.filter((row) => cardWarnings.has(row)).length,
    });
    let moved = false;
    for (const [unitId, notice] of await addRostered(tx, key.windowId, enrolled)) {
      const { unit } = byUnit.get(unitId)!;
      moved ||= unit.notice !== notice;
      unit.notice = notice;
    }
    if (moved) throw new NoticeIssued();
  }
}

/** A unit's notice was issued while its rows were on their way: they belong on the next one. */
class NoticeIssued extends Error {}

function countByUnit(groups: readonly SealedGroup[]): Chunk['byUnit'] {
  const counts = new Map<rosters.UnitPlace, number>();
  for (const { rows } of groups) for (const { unit } of rows) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  return new Map([...counts].map(([unit, members]) => [uuidText(unit.id), { unit, members }]));
}

async function* recordGroups(stream: Readable): AsyncGenerator<{ layout: RosterLayout; records: RosterRecord[] }> {
  let layout: RosterLayout | undefined;
  let group: RosterRecord[] = [];
  for await (const records of readRecords(stream)) {
    if (records.length === 0) continue;
    layout ??= layoutOf(records.shift()!.cells);
    group.push(...records);
    if (group.length < GROUP_ROWS) continue;
    yield { layout, records: group };
    group = [];
  }
  yield { layout: layout ?? layoutOf([]), records: group };
}

function layoutOf(cells: readonly string[]): RosterLayout {
  const read = readHeader(cells);
  if ('width' in read) return read;
  throw new DomainError(
    'roster-columns',
    'invalid',
    `the first line: expected the columns ${Object.values(COLUMNS).join('、')}, found ${read.found.join('、') || 'none of them'}; add ${read.missing.join('、')} and import the file again`,
    { missing: read.missing.join('、') },
  );
}

const outOfReach = (): DomainError =>
  new DomainError('forbidden', 'forbidden', 'expected a window of your own organisation, found one of another; ask its clerk');
