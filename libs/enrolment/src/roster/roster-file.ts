/** A roster's bytes as records, a block at a time: a spreadsheet or a CSV file as people send it, told by its content and not by its name. */
import { DomainError } from '@app/kernel';
import type { RefusalReason, RosterRecord } from './roster.js';
import { FIELDS, type RosterLayout } from './roster-column.js';
import { headerBelow, isNoteRow, isPersonal, pageUnit, type RosterHeader } from './roster-header.js';
import { openCsv } from './csv-file.js';
import { KIND_BYTES, kindOf, oldFormat, type FileKind } from './file-kind.js';
import { emptyFile, isBlank, refuse, type RosterSheet, type SheetRow } from './sheet.js';
import { openXlsx } from './xlsx-file.js';
import { MAX_FILE_BYTES, fileTooLarge } from './xlsx-zip.js';

export type { RosterRecord };

export interface RosterBlock {
  /** The same object for the whole file. */
  readonly layout: RosterLayout;
  readonly records: RosterRecord[];
}

const BLOCK_RECORDS = 1_000;

/**
 * `bytes` may be read once. Errors: the whole file is refused (invalid), with a code that starts with `roster-`. One that stops a file of which rows
 * were read goes to `onStop`, and ends the rows.
 */
export async function* readRoster(
  bytes: AsyncIterable<Buffer>,
  _fileName: string,
  onStop: (error: DomainError) => void,
): AsyncGenerator<RosterBlock> {
  const sheet = await openRoster(bytes);
  const { layout } = sheet.header;
  const toRecord = recordMaker(sheet);
  let records: RosterRecord[] = [];
  let found = false;
  const stop = (error: DomainError): void => {
    if (!found && records.length === 0) throw error;
    onStop(error);
  };
  for await (const rows of untilStopped(sheet.rows, stop)) {
    for (const row of rows) records.push(toRecord(row));
    if (records.length < BLOCK_RECORDS) continue;
    found = true;
    yield { layout, records };
    records = [];
  }
  if (!found && records.length === 0)
    throw refuse('roster-no-rows', 'expected people below the header, found no row; fill in the roster and import the file again');
  if (records.length > 0) yield { layout, records };
}

/** The rows that can be read; what then stops the file is told. */
export async function* untilStopped(rows: AsyncGenerator<SheetRow[]>, onStop: (error: DomainError) => void): AsyncGenerator<SheetRow[]> {
  try {
    yield* rows;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    onStop(error);
  }
}

/** What a file is, and all of its bytes, of which the first had to be read for it. Errors: those of {@link kindOf}, and `roster-empty`. */
export async function begin(bytes: AsyncIterable<Buffer>): Promise<{ kind: FileKind | undefined; all: AsyncIterable<Buffer> }> {
  const source = bytes[Symbol.asyncIterator]();
  const start: Buffer[] = [];
  let length = 0;
  while (length < KIND_BYTES) {
    const next = await source.next();
    if (next.done) break;
    start.push(next.value);
    length += next.value.length;
  }
  if (length === 0) throw emptyFile();
  async function* all(): AsyncGenerator<Buffer> {
    yield* start;
    yield* { [Symbol.asyncIterator]: () => source };
  }
  return { kind: kindOf(Buffer.concat(start)), all: all() };
}

/** The sheet of a file that has a roster's header, read up to it. */
export async function openRoster(bytes: AsyncIterable<Buffer>): Promise<RosterSheet> {
  const { kind, all } = await begin(bytes);
  if (kind === 'text') return openCsv(all);
  const file = await whole(all);
  if (kind === 'zip') return openXlsx(file);
  throw oldFormat(file);
}

async function whole(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of bytes) {
    length += piece.length;
    if (length > MAX_FILE_BYTES) throw fileTooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Rows as wide as the layout, each with its unit. */
function recordMaker({ header, ragged }: RosterSheet): (row: SheetRow) => RosterRecord {
  const { layout } = header;
  const { unitCode, unitName } = layout.at;
  const added = [...header.added];
  const inTitle = unitCode >= header.columns;
  // A merged cell that was exported has its value in its first row only. A file that starts without a unit did not leave it out for that.
  let above = header.unit;
  let page = header.unit;
  let started = false;
  const withUnit = (row: readonly string[]): readonly string[] | undefined => {
    const [code, name] = [row[unitCode]!, row[unitName]!];
    if (code === above?.code || isNoteRow(row, layout)) return undefined;
    const left = isBlank([code, name]);
    if (left && above) return row.with(unitCode, above.code).with(unitName, above.name);
    if (!left && (above || !started)) above = { code, name };
    started = true;
    return undefined;
  };
  /** The next page may be the next unit's. */
  const turnPage = (cells: readonly string[]): void => {
    const unit = pageUnit(cells, page!);
    if (!unit) return;
    page = unit;
    added[unitCode - header.columns] = unit.code;
    if (unitName >= header.columns) added[unitName - header.columns] = unit.name;
  };
  let below: RosterHeader | 'faulty' = header;
  const read = ({ line, cells: own, faults, fault: whole }: SheetRow, by: RosterHeader): RosterRecord => {
    const fit = fitted(own, by, ragged);
    if (fit.length !== by.columns) return { line, cells: own, fault: whole ?? 'columns' };
    const cells = Array.from({ length: layout.width }, () => '');
    const all = [...fit, ...by.added];
    for (const field of FIELDS) cells[layout.at[field]] = all[by.layout.at[field]]!;
    // The unit may have been named below that header.
    if (by.layout.at.unitCode >= by.columns) [cells[unitCode], cells[unitName]] = [page!.code, page!.name];
    const carried = inTitle ? undefined : withUnit(cells);
    const fault = whole ?? (faults && faultOf(faults, by.layout));
    return { line, cells: carried ?? cells, ...(fault && { fault }), ...(carried && { carried: true }) };
  };
  return (row) => {
    const { line, cells: own, faults, fault: whole } = row;
    if (inTitle && !isPersonal(own[layout.at.personalNumber] ?? '')) turnPage(own);
    if (!startsWithDigit(own[layout.at.personalNumber])) below = headerBelow(own, header, page) ?? below;
    if (below === 'faulty') return { line, cells: own, fault: whole ?? 'columns' };
    if (below !== header) return read(row, below);
    const fit = fitted(own, header, ragged);
    if (fit.length !== header.columns) return { line, cells: fit, ...(whole && { fault: whole }) };
    const cells = added.length === 0 ? fit : [...fit, ...added];
    const carried = inTitle ? undefined : withUnit(cells);
    // Almost every row of a sound file.
    if (!carried && !faults && cells === own) return row;
    const fault = whole ?? (faults && faultOf(faults, layout));
    return { line, cells: carried ?? cells, ...(fault && { fault }), ...(carried && { carried: true }) };
  };
}

/** As almost every personal number, and no name of a column; told faster than by what it says. */
const startsWithDigit = (text = ''): boolean => text.length > 14 && text.charCodeAt(0) >= 0x30 && text.charCodeAt(0) <= 0x39;

function faultOf(faults: ReadonlyMap<number, RefusalReason>, { at }: RosterLayout): RefusalReason | undefined {
  for (const field of FIELDS) if (faults.has(at[field])) return faults.get(at[field]);
  return undefined;
}

/** As many cells as the header has, where that is sure. */
export function fitted(cells: readonly string[], { columns, shortest }: RosterHeader, ragged: boolean): readonly string[] {
  const { length } = cells;
  if (length === columns) return cells;
  if (length > columns) return !ragged || isBlank(cells.slice(columns)) ? cells.slice(0, columns) : cells;
  return ragged && length < shortest ? cells : [...cells, ...Array.from({ length: columns - length }, () => '')];
}
