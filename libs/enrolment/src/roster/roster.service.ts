/**
 * The roster import. The file streams through in chunks of rows: while the database works on one, the next is read and sealed. Each chunk is
 * one transaction and every statement is idempotent, so an import that was cut off is simply run again.
 */
import { Injectable } from '@nestjs/common';
import { Clock, DomainError, chinaDate, isUnitCode } from '@app/kernel';
import { Database, PersonalDataVault, reachOf, type Principal } from '@app/platform';
import { hash } from 'node:crypto';
import { setImmediate as otherWork } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import type { PersonalData } from '../member/member.js';
import { liesUnder } from '../organisation/organisation.js';
import { insertOrganisations, newUnit, organisationsByCode } from '../organisation/organisation.repository.js';
import type { Organisation } from '../organisation/organisation.entity.js';
import { windowState } from '../window/window.js';
import { windowById } from '../window/window.repository.js';
import { readRecords, type RosterRecord } from './roster-file.js';
import { COLUMNS, readHeader, readRow, unitCodeOf, type RefusalReason, type RosterLayout, type RosterRow } from './roster.js';
import type { RosterImport, RosterRefusal } from './roster.entity.js';
import * as rosters from './roster.repository.js';
import { StagedRows } from './staged-rows.js';

const CHUNK_ROWS = 10_000;
/** Between two groups of this many rows the event loop is given up, so that the database work of the last chunk, and everybody else, goes on. */
const GROUP_ROWS = 1_000;

/** 128 bits. */
const HASH_DIGITS = 32;

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

interface Chunk {
  readonly staged: StagedRows;
  readonly refused: rosters.Refusal[];
  /** Units that are not known yet, by code. */
  readonly newUnits: Map<string, Organisation>;
  /** Row numbers. */
  readonly normalised: Set<number>;
  readonly cardWarnings: Set<number>;
}

/** What one import knows while it runs. */
interface Run {
  readonly importId: string;
  readonly windowId: string;
  readonly organisation: Organisation;
  readonly seen: Set<string>;
  readonly elsewhere: Set<string>;
  /** Ids of the units of this organisation by code. */
  readonly units: Map<string, string>;
  /** Ids that were given to new units here, while somebody else made these units under other ids. */
  readonly replaced: Map<string, string>;
  /** Whether nobody of this file was found enrolled, or known, so far. */
  enrolmentsAreNew: boolean;
  membersAreNew: boolean;
}

@Injectable()
export class RosterService {
  // The hash is only compared with itself, so a secret in front of the text makes it a keyed one; an HMAC would cost six times as much.
  private readonly rosterKey: string;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: PersonalDataVault,
  ) {
    this.rosterKey = vault.blindIndex('roster').toString('hex');
  }

  /**
   * Errors: `window` (not found), `forbidden`, `window-not-open`, `window-closed` (conflict); the whole file refused: `roster-columns`,
   * `roster-encoding`, `roster-quotes` (invalid).
   */
  async importRoster({ windowId, fileName, principal, stream }: RosterUpload): Promise<RosterSummary> {
    const organisation = await this.openWindow(windowId, principal);
    const run: Run = {
      importId: uuidv7(),
      windowId,
      organisation,
      seen: new Set(),
      elsewhere: new Set(),
      units: new Map(),
      replaced: new Map(),
      enrolmentsAreNew: true,
      membersAreNew: true,
    };
    await rosters.insertImport(this.database.direct, {
      id: run.importId,
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
      await rosters.endImport(this.database.direct, run.importId, 'failed');
      throw error;
    }
    return this.summarise(await rosters.endImport(this.database.direct, run.importId, 'done'));
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

  private async openWindow(windowId: string, principal: Principal): Promise<Organisation> {
    const { window, organisation } = await windowById(this.database.direct, windowId);
    const reach = reachOf(principal, 'roster.import');
    if (reach.scope !== 'all' && !liesUnder(organisation.path, reach.organisationPath)) throw outOfReach();
    const state = windowState(window, this.clock.now());
    if (state === 'upcoming') throw new DomainError('window-not-open', 'conflict', 'expected an open enrolment window, found one that opens later; import when it is open');
    if (state === 'closed') throw new DomainError('window-closed', 'conflict', 'expected an open enrolment window, found one that has closed; use the next window');
    return organisation;
  }

  private async *chunks(run: Run, stream: Readable): AsyncGenerator<Chunk> {
    let layout: RosterLayout | undefined;
    let group: RosterRecord[] = [];
    let chunk = newChunk();
    for await (const records of readRecords(stream)) {
      if (records.length === 0) continue;
      layout ??= layoutOf(records.shift()!.cells);
      group.push(...records);
      if (group.length < GROUP_ROWS) continue;
      await this.seal(run, layout, group, chunk);
      group = [];
      if (chunk.staged.count + chunk.refused.length < CHUNK_ROWS) continue;
      yield chunk;
      chunk = newChunk();
    }
    await this.seal(run, layout ?? layoutOf([]), group, chunk);
    yield chunk;
  }

  private async seal(run: Run, layout: RosterLayout, records: readonly RosterRecord[], chunk: Chunk): Promise<void> {
    await otherWork();
    await this.lookUpUnits(run, layout, records);
    const context = { layout, today: chinaDate(this.clock.now()), seen: run.seen, elsewhere: run.elsewhere };
    for (const { line, cells } of records) {
      const reading = readRow(cells, context);
      if ('reason' in reading) {
        chunk.refused.push({ row: line, reason: reading.reason });
        continue;
      }
      const { row, normalised, cardWarning } = reading;
      run.seen.add(row.personalNumber);
      const text = sealedText(row);
      chunk.staged.add({
        memberId: this.vault.memberId(row.personalNumber),
        unitId: this.unitOf(run, chunk, row),
        insutype: row.insutype,
        row: line,
        hash: hash('sha256', this.rosterKey + text).slice(0, HASH_DIGITS),
        sealed: this.vault.seal(text),
      });
      if (normalised) chunk.normalised.add(line);
      if (cardWarning) chunk.cardWarnings.add(line);
    }
  }

  private async lookUpUnits(run: Run, layout: RosterLayout, records: readonly RosterRecord[]): Promise<void> {
    const unknown = new Set<string>();
    for (const { cells } of records) {
      const code = unitCodeOf(cells, layout);
      if (!run.units.has(code) && !run.elsewhere.has(code) && isUnitCode(code)) unknown.add(code);
    }
    if (unknown.size === 0) return;
    for (const unit of await organisationsByCode(this.database.direct, [...unknown])) {
      if (isOf(run, unit)) run.units.set(unit.code, unit.id);
      else run.elsewhere.add(unit.code);
    }
  }

  private unitOf(run: Run, chunk: Chunk, { unitCode, unitName }: RosterRow): string {
    const known = run.units.get(unitCode);
    if (known !== undefined) return known;
    const unit = newUnit(run.organisation, unitCode, unitName || unitCode);
    chunk.newUnits.set(unitCode, unit);
    run.units.set(unitCode, unit.id);
    return unit.id;
  }

  private async apply(run: Run, { staged, refused, newUnits, normalised, cardWarnings }: Chunk): Promise<void> {
    const { importId, windowId } = run;
    if (staged.count + refused.length === 0) return;
    await this.makeUnits(run, newUnits);
    await this.database.transaction(async (tx) => {
      const enrolling = { windowId, importId, at: this.clock.now() };
      const others = new Set<number>();
      let unchanged = 0;
      if (staged.count > 0) {
        await rosters.stage(tx, staged);
        await rosters.replaceUnits(tx, run.replaced);
        run.enrolmentsAreNew &&= await rosters.enrolAllStaged(tx, enrolling);
        if (!run.enrolmentsAreNew && (await rosters.enrolStaged(tx, enrolling)) < staged.count) {
          for (const row of await rosters.unstageOthers(tx, windowId)) others.add(row);
        }
        run.membersAreNew &&= await rosters.saveAllStagedMembers(tx, enrolling.at);
        if (!run.membersAreNew) unchanged = await rosters.saveStagedMembers(tx, enrolling);
      }
      await rosters.insertRefusals(tx, importId, [...refused, ...[...others].map((row) => ({ row, reason: 'duplicate' as const }))]);
      await rosters.addToImport(tx, importId, {
        rows: staged.count + refused.length,
        accepted: staged.count - others.size,
        refused: refused.length + others.size,
        unchanged,
        normalised: countWithout(normalised, others),
        cardWarnings: countWithout(cardWarnings, others),
      });
    });
  }

  /** In a transaction of its own, so that imports which meet the same new unit wait for each other no longer than that. */
  private async makeUnits(run: Run, units: ReadonlyMap<string, Organisation>): Promise<void> {
    if (units.size === 0) return;
    await insertOrganisations(this.database.direct, [...units.values()]);
    for (const there of await organisationsByCode(this.database.direct, [...units.keys()])) {
      const made = units.get(there.code)!;
      if (there.id === made.id) continue;
      if (!isOf(run, there)) {
        throw new DomainError('unit-taken', 'conflict', 'another organisation made one of the units of this file in the meantime; import the file again', { unitCode: there.code });
      }
      run.units.set(there.code, there.id);
      run.replaced.set(made.id, there.id);
    }
  }
}

const newChunk = (): Chunk => ({ staged: new StagedRows(), refused: [], newUnits: new Map(), normalised: new Set(), cardWarnings: new Set() });

const countWithout = (rows: ReadonlySet<number>, others: ReadonlySet<number>): number => {
  let count = rows.size;
  for (const row of others) if (rows.has(row)) count--;
  return count;
};

const isOf = (run: Run, unit: Organisation): boolean => unit.kind === 'unit' && liesUnder(unit.path, run.organisation.path);

const sealedText = ({ personalNumber, name, phone, bankAccount, bankName }: RosterRow): string =>
  JSON.stringify({ personalNumber, name, phone, bankAccount, bankName } satisfies PersonalData);

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

const outOfReach = (): DomainError => new DomainError('forbidden', 'forbidden', 'expected a window of your own organisation, found one of another; ask its clerk');
