/**
 * An .xlsx file as rows of text. Every part is unpacked once and its checksum compared before the first row is handed on, so that a damaged file
 * is refused before anything of it is taken; the sheet is then unpacked again as it is read, since merged cells are told at its end.
 */
import { DomainError } from '@app/kernel';
import { COLUMNS } from './roster-column.js';
import { REQUIRED, findHeader, holdsPerson, type HeaderFault } from './roster-header.js';
import { HEADER_WITHIN, headerError, isBlank, refuse, type RosterSheet, type SheetRow } from './sheet.js';
import {
  RelationsReader,
  SharedStrings,
  SheetReader,
  StylesReader,
  WorkbookReader,
  readMerges,
  type Merge,
  type SheetContext,
} from './xlsx-xml.js';
import { XlsxZip, asDamage, damaged, target } from './xlsx-zip.js';
import { splitHead } from './csv-file.js';

interface Candidate {
  readonly name: string;
  readonly part: string;
}

/**
 * The sheet with the roster: the first that has its header. Hidden sheets count only where no other is.
 *
 * Errors (invalid): `roster-xlsx-damaged`, `roster-zip-bomb`, `roster-password`, `roster-xlsb`, `roster-zip`, `roster-xml-entities`,
 * `roster-sheets`, and those of a header.
 */
export async function openXlsx(file: Buffer): Promise<RosterSheet> {
  const zip = await XlsxZip.open(file);
  const workbookPart = await workbookOf(zip);
  const [relations, workbook] = [await relationsOf(zip, workbookPart), await read(zip, workbookPart, new WorkbookReader())];
  const styles = await readType(zip, workbookPart, relations, 'styles', new StylesReader());
  const strings = await readType(zip, workbookPart, relations, 'sharedStrings', new SharedStrings());
  const sheets = workbook.sheets.flatMap(({ name, hidden, relation }): (Candidate & { hidden: boolean })[] => {
    const to = relations.byId.get(relation);
    return to?.type === 'worksheet' ? [{ name, hidden, part: target(workbookPart, to.target) }] : [];
  });
  const visible = sheets.filter(({ hidden }) => !hidden);
  const context = { strings, isDate: styles?.isDate ?? [], dateSystem: workbook.dateSystem };
  return choose(zip, visible.length > 0 ? visible : sheets, context);
}

async function choose(zip: XlsxZip, sheets: readonly Candidate[], shared: Omit<SheetContext, 'merges'>): Promise<RosterSheet> {
  let chosen: RosterSheet | undefined;
  let fault: HeaderFault = { fault: 'none' };
  let other: string | undefined;
  for (const { name, part } of sheets) {
    const context = { ...shared, merges: await verify(zip, part) };
    const { start, stopped } = await firstRows(zip, part, context);
    const header = findHeader(start.slice(0, HEADER_WITHIN).map(({ cells }) => cells));
    if ('fault' in header) {
      if (stopped) throw stopped;
      if (fault.fault === 'none') fault = header;
      // Notes, pivots and lists of codes may lie beside a roster; people may not, since nobody would hear of them.
      if (header.fault !== 'none' || (await holdsPeople(zip, part, context))) other ??= name;
      continue;
    }
    if (chosen && start.length > header.last + 1) other ??= name;
    chosen ??= { name, header, ...(await splitHead(sheetRows(zip, part, context), header)), ragged: false };
  }
  if (chosen && other !== undefined)
    throw refuse(
      'roster-sheets',
      `expected the people on one sheet, found more on the sheet ${other}; put them on one sheet, or import a file for each`,
      { sheet: other },
    );
  if (chosen) return chosen;
  throw headerError(
    fault,
    REQUIRED.map((field) => COLUMNS[field]),
  );
}

async function workbookOf(zip: XlsxZip): Promise<string> {
  const names = [...zip.names];
  if (names.some((name) => name.endsWith('workbook.bin')))
    throw refuse('roster-xlsb', 'expected .xlsx or CSV, found the binary format .xlsb; save the file as .xlsx and import that');
  const root = await read(zip, '_rels/.rels', new RelationsReader(), true);
  const part = root ? target('', root.byType('officeDocument') ?? '') : '';
  if (names.some((name) => name.startsWith('xl/')) && part === '') throw damaged();
  // A document has one too, in another folder.
  if (!names.some((name) => name.startsWith('xl/') || name.includes('worksheets/')))
    throw refuse(
      'roster-zip',
      'expected .xlsx or CSV, found another kind of file (a document, or an archive); unpack it, or save the roster as .xlsx, and import that',
    );
  if (!zip.has(part)) throw damaged();
  return part;
}

const relationsPart = (part: string): string => {
  const slash = part.lastIndexOf('/') + 1;
  return `${part.slice(0, slash)}_rels/${part.slice(slash)}.rels`;
};

const relationsOf = (zip: XlsxZip, part: string): Promise<RelationsReader> => read(zip, relationsPart(part), new RelationsReader());

interface Reader {
  write(text: string): void;
  end(): void;
}

async function readType<T extends Reader>(
  zip: XlsxZip,
  from: string,
  relations: RelationsReader,
  type: string,
  reader: T,
): Promise<T | undefined> {
  const to = relations.byType(type);
  return to === undefined ? undefined : read(zip, target(from, to), reader);
}

async function read<T extends Reader>(zip: XlsxZip, part: string, reader: T): Promise<T>;
async function read<T extends Reader>(zip: XlsxZip, part: string, reader: T, mayLack: boolean): Promise<T | undefined>;
async function read<T extends Reader>(zip: XlsxZip, part: string, reader: T, mayLack = false): Promise<T | undefined> {
  if (mayLack && !zip.has(part)) return undefined;
  try {
    for await (const text of zip.texts(part)) reader.write(text);
    reader.end();
  } catch (error) {
    throw asDamage(error);
  }
  return reader;
}

const MAX_TAIL_BYTES = 64 * 1024 * 1024;
/** Longer than any end tag. */
const OVERLAP = 256;

/** Unpacks a sheet to its end, and answers which cells are merged over several rows. */
async function verify(zip: XlsxZip, part: string): Promise<Merge[]> {
  const tail: Buffer[] = [];
  let [before, length]: [Buffer, number] = [Buffer.alloc(0), 0];
  for await (const chunk of zip.bytes(part)) {
    const piece: Buffer = tail.length > 0 ? chunk : Buffer.concat([before, chunk]);
    const from = tail.length > 0 ? 0 : endOfRows(piece);
    if (from >= 0) tail.push(piece.subarray(from));
    before = piece.subarray(-OVERLAP);
    length += from >= 0 ? piece.length - from : 0;
    if (length > MAX_TAIL_BYTES) throw damaged();
  }
  return readMerges(Buffer.concat(tail).toString());
}

const ROWS_NAME = 'sheetData>';

/** Where </sheetData> stands, whatever its prefix; else -1. */
function endOfRows(bytes: Buffer): number {
  const at = bytes.lastIndexOf(ROWS_NAME);
  if (at < 0) return -1;
  const start = bytes.lastIndexOf('<', at);
  return start >= 0 && bytes[start + 1] === SLASH ? start : -1;
}
const SLASH = 0x2f;

/** `stopped`: why there are no more of them. */
async function firstRows(zip: XlsxZip, part: string, context: SheetContext): Promise<{ start: SheetRow[]; stopped?: DomainError }> {
  const first: SheetRow[] = [];
  let stopped: DomainError | undefined;
  try {
    for await (const rows of sheetRows(zip, part, context)) {
      first.push(...rows);
      if (first.length > HEADER_WITHIN + 1) break;
    }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    stopped = error;
  }
  return { start: first.filter(({ cells }) => !isBlank(cells)), ...(stopped && { stopped }) };
}

async function holdsPeople(zip: XlsxZip, part: string, context: SheetContext): Promise<boolean> {
  for await (const rows of sheetRows(zip, part, context)) if (rows.some(({ cells }) => holdsPerson(cells))) return true;
  return false;
}

async function* sheetRows(zip: XlsxZip, part: string, context: SheetContext): AsyncGenerator<SheetRow[]> {
  const reader = new SheetReader(context);
  try {
    for await (const text of zip.texts(part)) {
      reader.write(text);
      const rows = reader.take();
      if (rows.length > 0) yield rows;
    }
    reader.end();
  } catch (error) {
    // What stands before the fault was read with it.
    const rows = reader.take();
    if (rows.length > 0) yield rows;
    throw asDamage(error);
  }
}
