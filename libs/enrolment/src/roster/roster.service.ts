/** Rosters as their clerks see them: a file is stored whole before anything of it is applied, and its import can be followed and read. */
import { Injectable } from '@nestjs/common';
import { Clock, DomainError } from '@app/kernel';
import { Database, PersonalDataVault, hurryRelay, reachOf, newId, type Principal } from '@app/platform';
import type { Readable } from 'node:stream';
import type { Organisation } from '../organisation/organisation.entity.js';
import { liesUnder } from '../organisation/organisation.js';
import { windowState } from '../window/window.js';
import { windowById } from '../window/window.repository.js';
import { CUT_OFF, RosterImportService } from './roster-import.service.js';
import type { RefusalReason } from './roster.js';
import type { ImportFailure, RosterImport, RosterRefusal } from './roster.entity.js';
import { IncomingFile } from './incoming-file.js';
import { stopFinding, writeFindings, type FindingsFile } from './findings-file.js';
import * as rosters from './roster.repository.js';
import { fileForgotten, notDone } from './roster.errors.js';
import { storedFile } from './stored-file.js';

/** Large enough for one statement to carry much, small enough for many uploads at once. */
const PART_BYTES = 512 * 1024;
/** Some half a million rows of a CSV file. */
const HERE_PARTS = 128;

export interface RosterUpload {
  windowId: string;
  fileName: string;
  principal: Principal;
  stream: Readable;
}

const PAGE_ROSTERS = 100;

export interface RosterStanding extends rosters.Counts {
  importId: string;
  state: RosterImport['state'];
  /** Of the file that is worked through, 0 to 100. */
  percent: number;
  /** The last line that has been worked through. */
  readToLine: number;
  /** Why the file was refused whole, or from where on it was not read. */
  failure: { code: string; message: string } | null;
  /**
   * Who is enrolled in units of this file besides its own people, at its end: by an earlier roster (among them whom it no longer names), alone, or
   * though the row here was refused. null while it is not done.
   */
  othersEnrolled: number | null;
}

export interface RosterSummary extends RosterStanding {
  reasons: Partial<Record<RefusalReason, number>>;
}

export interface ListedRoster extends RosterStanding {
  fileName: string;
  receivedAt: Date;
  receivedBy: string;
}

export interface RosterList {
  rosters: ListedRoster[];
  next?: string;
}

@Injectable()
export class RosterService {
  /** A file of more parts is for a worker: members wait for the program that takes it in, and its memory is theirs. */
  protected readonly hereParts: number = HERE_PARTS;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: PersonalDataVault,
    private readonly imports: RosterImportService,
  ) {}

  /**
   * Stores the file and has it worked through by a worker; returns the import's id. The window has to be open when the file begins to come in.
   * Errors: `window` (not found), `forbidden`, `window-not-open`, `window-closed` (conflict).
   */
  async receive(upload: RosterUpload): Promise<string> {
    const { id } = await this.begin(upload);
    await this.store(id, upload.stream);
    await this.handOver(id);
    return id;
  }

  /**
   * As {@link receive}, worked through here and now: read while it comes in, applied when it is stored whole. One that turns out too large for that
   * is left to a worker, and its state is `received`. Errors of a file that is refused whole, or from a line on: those of readRoster (invalid).
   */
  async importRoster(upload: RosterUpload): Promise<RosterSummary> {
    const started = await this.begin(upload);
    const incoming = new IncomingFile();
    const [stored, worked] = await Promise.allSettled([
      this.store(started.id, upload.stream, incoming),
      this.imports.workIncoming(started, incoming),
    ]);
    if (stored.status === 'rejected') throw stored.reason;
    if (worked.status === 'rejected') throw worked.reason;
    if (!stored.value.here) await this.handOver(started.id);
    const done = await rosters.importById(this.database.direct, started.id);
    if (done.failure) {
      const { code, kind, details } = done.failure;
      const { reached_line: readToLine, rows, accepted, refused } = done;
      throw new DomainError(code, kind, messageOf(done, done.failure), {
        ...details,
        importId: done.id,
        ...(rows > 0 && { readToLine, rows, accepted, refused }),
      });
    }
    return this.summarise(done);
  }

  /** Errors: `roster` (not found), `forbidden`. */
  async read(importId: string, principal: Principal): Promise<RosterSummary> {
    return this.summarise(await this.visible(importId, principal));
  }

  /**
   * Rosters of the window, newest first, from behind the import `after` on. Errors: `window` (not found), `forbidden`.
   */
  async list(windowId: string, principal: Principal, after?: string): Promise<RosterList> {
    const { organisation } = await windowById(this.database.direct, windowId);
    this.mustReach(organisation, principal);
    const found = await rosters.importsOf(this.database.direct, windowId, after ?? null, PAGE_ROSTERS + 1);
    const shown = found.slice(0, PAGE_ROSTERS);
    return {
      rosters: shown.map((one) => ({
        fileName: one.file_name,
        receivedAt: one.received_at,
        receivedBy: one.received_by,
        ...standingOf(one),
      })),
      ...(found.length > PAGE_ROSTERS ? { next: shown.at(-1)!.id } : {}),
    };
  }

  /** Errors: `roster` (not found), `forbidden`. */
  async refusals(importId: string, principal: Principal): Promise<RosterRefusal[]> {
    await this.visible(importId, principal);
    return rosters.refusalsOf(this.database.direct, importId);
  }

  /** The file as it came, with what was found in its rows in a column. Errors: `roster`, `roster-file` (not found), `forbidden`, `roster-not-done` (conflict). */
  async findingsFile(importId: string, principal: Principal): Promise<FindingsFile> {
    const { state, rows, failure, reached_line, file_name } = await this.visible(importId, principal);
    if (state === 'failed' && rows === 0)
      throw new DomainError(
        'roster-file',
        'not-found',
        'expected a file whose rows were read, found one that was refused whole; correct what its failure says and import it again',
      );
    if (state === 'receiving' || state === 'received') throw notDone();
    if ((await rosters.readPart(this.database, importId, 0)) === undefined) throw fileForgotten();
    const stop = failure ? stopFinding(failure.code, reached_line + 1) : undefined;
    return writeFindings(
      storedFile(this.database, this.vault, importId),
      file_name,
      rosters.everyRefusal(this.database.direct, importId),
      stop,
    );
  }

  private async begin({ windowId, fileName, principal }: RosterUpload): Promise<rosters.StartedImport> {
    const received_at = this.clock.now();
    await this.openWindow(windowId, principal, received_at);
    const started = { id: newId(), window_id: windowId, file_name: fileName, received_at, received_by: principal.userId };
    await rosters.insertImport(this.database.direct, started);
    return started;
  }

  private handOver(id: string): Promise<void> {
    return hurryRelay(this.database.direct, [{ queue: 'roster', command: 'import', ids: [id] }]);
  }

  /** `here`: whoever reads the file meanwhile got all of it. */
  private async store(id: string, stream: Readable, incoming?: IncomingFile): Promise<{ here: boolean }> {
    let part = 0;
    let storing = Promise.resolve();
    let reader = incoming;
    try {
      for await (const piece of parts(stream)) {
        await storing;
        if (part === this.hereParts) {
          reader?.end(false);
          reader = undefined;
        }
        storing = rosters.insertPart(this.database.direct, id, part++, this.vault.sealBytes(piece)).then(() => reader?.add(piece));
        // Awaited a round later; until then a failure must not count as unhandled.
        storing.catch(() => {});
      }
      await storing;
      await rosters.setReceived(this.database.direct, id, part);
    } catch (error) {
      incoming?.end(false);
      await storing.catch(() => {});
      await rosters.failImport(this.database.direct, id, CUT_OFF);
      throw error;
    }
    reader?.end(true);
    return { here: reader !== undefined };
  }

  private async visible(importId: string, principal: Principal): Promise<RosterImport> {
    const found = await rosters.importById(this.database.direct, importId);
    const { organisation } = await windowById(this.database.direct, found.window_id);
    this.mustReach(organisation, principal);
    return found;
  }

  private mustReach({ path }: Organisation, principal: Principal): void {
    const reach = reachOf(principal, 'roster.read');
    if (reach.scope !== 'all' && !liesUnder(path, reach.organisationPath)) throw outOfReach();
  }

  private async summarise(found: RosterImport): Promise<RosterSummary> {
    return { ...standingOf(found), reasons: await rosters.refusalsByReason(this.database.direct, found.id) };
  }

  private async openWindow(windowId: string, principal: Principal, at: Date): Promise<void> {
    const { window, organisation } = await windowById(this.database.direct, windowId);
    const reach = reachOf(principal, 'roster.import');
    if (reach.scope !== 'all' && !liesUnder(organisation.path, reach.organisationPath)) throw outOfReach();
    const state = windowState(window, at);
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
  }
}

const standingOf = (found: RosterImport): RosterStanding => ({
  importId: found.id,
  state: found.state,
  percent: found.parts === 0 ? 0 : Math.floor((found.reached_part / found.parts) * 100),
  readToLine: found.reached_line,
  failure: found.failure && { code: found.failure.code, message: messageOf(found, found.failure) },
  rows: found.rows,
  accepted: found.accepted,
  refused: found.refused,
  unchanged: found.unchanged,
  normalised: found.normalised,
  cardWarnings: found.card_warnings,
  phoneWarnings: found.phone_warnings,
  othersEnrolled: found.others_enrolled,
});

function messageOf({ reached_line, rows, accepted }: RosterImport, { message }: ImportFailure): string {
  if (rows === 0) return message;
  return `${message}; of ${rows} rows up to line ${reached_line} ${accepted} were taken, and the rest of the file was not read`;
}

async function* parts(stream: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
  let [pieces, length]: [Buffer[], number] = [[], 0];
  for await (const piece of stream) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    pieces.push(bytes);
    length += bytes.length;
    if (length < PART_BYTES) continue;
    yield Buffer.concat(pieces, length);
    [pieces, length] = [[], 0];
  }
  if (length > 0) yield Buffer.concat(pieces, length);
}

const outOfReach = (): DomainError =>
  new DomainError('forbidden', 'forbidden', 'expected a window of your own organisation, found one of another; ask its clerk');
