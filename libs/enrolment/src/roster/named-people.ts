/** Whom a roster's file names. It is read again, since an import keeps no list of them: a group of rows that is known as taken is only counted. */
import { chinaDate, personalNumberFault } from '@app/kernel';
import { MEMBER_ID_BYTES, type Database, type PersonalDataVault } from '@app/platform';
import { setImmediate as otherWork } from 'node:timers/promises';
import { CopyBlocks, CopyRows, pattern } from './copy-rows.js';
import { FILE_FORGOTTEN, fileForgotten } from './roster.errors.js';
import { readRoster } from './roster-file.js';
import { personalNumberOf, unitCodeOf } from './roster.js';
import type { RosterImport } from './roster.entity.js';
import { everyRefusal } from './roster.repository.js';
import { storedFile } from './stored-file.js';

/** An import whose file can be read: it took all of its rows, or failed after it had taken some. */
export type ReadableImport = Pick<RosterImport, 'id' | 'file_name' | 'received_at' | 'state' | 'parts'>;

const ROW = pattern(MEMBER_ID_BYTES);

/** Ids of members, packed for COPY: a text each would take several times the memory. */
export class NamedPeople {
  readonly memberIds = new CopyRows(ROW, new CopyBlocks());
  /** Codes of the units of which a row was taken. */
  readonly unitCodes = new Set<string>();
  /** Rows that say whose they are in a way that cannot be read. */
  unreadRows = 0;

  constructor(
    private readonly database: Database,
    private readonly vault: PersonalDataVault,
  ) {}

  /** Whoever has a row, be it taken or refused, and the units that were taken. Error: `roster-file` (not found). */
  async addRoster(found: ReadableImport): Promise<void> {
    const refusals = everyRefusal(this.database.direct, found.id);
    const today = chinaDate(found.received_at);
    let refused = await refusals.next();
    for await (const { layout, records } of this.recordsOf(found)) {
      for (const { line, cells } of records) {
        while (!refused.done && refused.value.row < line) refused = await refusals.next();
        const personalNumber = personalNumberOf(cells, layout);
        if (refused.done || refused.value.row !== line) this.addUnit(unitCodeOf(cells, layout));
        else if (personalNumberFault(personalNumber, today)) {
          if (refused.value.reason !== 'note-row') this.unreadRows++;
          continue;
        }
        this.add(personalNumber);
      }
      await otherWork();
    }
  }

  /** Only the people. Error: `roster-file` (not found). */
  async addPeople(found: ReadableImport): Promise<void> {
    for await (const { layout, records } of this.recordsOf(found)) {
      for (const { cells } of records) this.add(personalNumberOf(cells, layout));
      await otherWork();
    }
  }

  private recordsOf(found: ReadableImport): ReturnType<typeof readRoster> {
    return readRoster(this.wholeFile(found), found.file_name, (stop) => {
      if (found.state === 'done' || stop.code === FILE_FORGOTTEN) throw stop;
    });
  }

  private async *wholeFile({ id, parts }: ReadableImport): AsyncGenerator<Buffer> {
    let read = 0;
    yield* storedFile(this.database, this.vault, id, { onPart: (part) => (read = part) });
    // Files are deleted part by part; what is left of one would name fewer people.
    if (read < parts) throw fileForgotten();
  }

  private add(personalNumber: string): void {
    const at = this.memberIds.begin();
    this.vault.memberIdInto(this.memberIds.block, at + ROW.at[0]!, personalNumber);
  }

  private addUnit(code: string): void {
    // A text of its own: that of the row is a part of what was read, and would keep all of it in memory.
    if (!this.unitCodes.has(code)) this.unitCodes.add(Buffer.from(code).toString());
  }
}
