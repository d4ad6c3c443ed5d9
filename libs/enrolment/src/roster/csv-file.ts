/** A CSV file as rows of text, a block at a time: any encoding and separator that spreadsheets in China write. */
import { isUtf8 } from 'node:buffer';
import Papa from 'papaparse';
import { REQUIRED, findHeader, type HeaderFault, type RosterHeader } from './roster-header.js';
import { isUnreadable } from './cell-text.js';
import { COLUMNS } from './roster-column.js';
import type { RefusalReason } from './roster.js';
import {
  HEADER_WITHIN,
  MAX_CELL_CHARACTERS,
  MAX_COLUMNS,
  MAX_CSV_ROWS,
  cutCell,
  emptyFile,
  headerError,
  isBlank,
  refuse,
  tooManyColumns,
  tooManyRows,
  type RosterSheet,
  type SheetRow,
} from './sheet.js';

const SEPARATORS = [',', '\t', ';', '，', '|'] as const;
// A roster's row is some 150 characters; one this long is a quotation mark that never closes, and would take the rest of the file with it.
const LONGEST_RECORD = 256 * 1024;
/** Each has what follows it read again: one that opens in every line would take hours. */
const MOST_OPEN = 100;
/** Enough for the rows above a header, and for a few people to see which separator they have. */
const HEAD_CHARACTERS = 64 * 1024;

interface Parsed {
  readonly data: string[][];
  readonly errors: readonly { readonly code: string }[];
  readonly meta: { readonly cursor: number };
}

/** Errors (invalid): `roster-empty`, `roster-encoding`, `roster-quotes`, `roster-html`, `roster-xml`, and those of a header. */
export async function openCsv(bytes: AsyncIterable<Buffer>): Promise<RosterSheet> {
  const texts = readText(bytes);
  let head = '';
  let ended = false;
  while (head.length < HEAD_CHARACTERS && !ended) {
    const next = await texts.next();
    if (next.done) ended = true;
    else head += next.value;
  }
  if (head.trim() === '') throw emptyFile();
  refuseMarkup(head);
  const { separator, header } = findSeparator(head);
  const all = csvRows(head, ended ? undefined : texts, separator, header?.columns);
  if (!header) {
    // The whole of a short file is looked at for a quotation mark that is not closed, before anything is said about its header.
    if (ended) await all.next();
    if (isUnreadable(head)) throw unreadable();
    throw headerError(
      findHeaderOf(head, separator),
      REQUIRED.map((field) => COLUMNS[field]),
    );
  }
  return { name: '', header, ...(await splitHead(all, header)), ragged: true };
}

/** The rows up to the header, and the others. */
export async function splitHead(
  all: AsyncGenerator<SheetRow[]>,
  header: RosterHeader,
): Promise<{ head: SheetRow[]; rows: AsyncGenerator<SheetRow[]> }> {
  const first: SheetRow[] = [];
  while (first.length <= header.last) {
    const next = await all.next();
    if (next.done) break;
    first.push(...next.value);
  }
  async function* rows(): AsyncGenerator<SheetRow[]> {
    try {
      yield first.slice(header.last + 1);
      yield* all;
    } finally {
      await all.return(undefined);
    }
  }
  const titles = first[header.last];
  if (titles?.fault === 'row-too-wide') throw tooManyColumns(titles.line);
  return { head: first.slice(0, header.last + 1), rows: rows() };
}

const parse = (text: string, separator: string, more: boolean, preview = 0): Parsed =>
  // The core parser, since it alone takes a block and says where the last whole record ended.
  new Papa.Parser({ delimiter: separator, newline: '\n', preview }).parse(text, 0, more) as Parsed;

/** The separator by which the file has a header and rows of its width. */
function findSeparator(head: string): { separator: string; header: RosterHeader | undefined } {
  let best: { separator: string; header: RosterHeader | undefined; score: number } = { separator: ',', header: undefined, score: 0 };
  for (const separator of SEPARATORS) {
    if (separator !== ',' && !head.includes(separator)) continue;
    const rows = filledRows(head, separator);
    const header = findHeader(rows.slice(0, HEADER_WITHIN));
    if ('fault' in header) {
      const score = header.fault === 'missing' ? header.found.length : header.fault === 'none' ? 0 : 1;
      if (best.header === undefined && score > best.score) best = { separator, header: undefined, score };
      continue;
    }
    const score = header.fields * HEAD_CHARACTERS + rows.slice(header.last + 1).filter((cells) => cells.length === header.columns).length;
    if (best.header === undefined || score > best.score) best = { separator, header, score };
  }
  return best;
}

const filledRows = (head: string, separator: string): string[][] => parse(head, separator, false).data.filter((cells) => !isBlank(cells));

function findHeaderOf(head: string, separator: string): HeaderFault {
  const header = findHeader(filledRows(head, separator).slice(0, HEADER_WITHIN));
  return 'fault' in header ? header : { fault: 'none' };
}

/** Rows that are not blank. Blank ones count as lines. */
async function* csvRows(
  head: string,
  texts: AsyncIterable<string> | undefined,
  separator: string,
  columns: number | undefined,
): AsyncGenerator<SheetRow[]> {
  let line = 0;
  let rest = head;
  let opened = 0;
  const numbered = (rows: readonly string[][], mayBeLong: boolean): SheetRow[] => {
    const filled: SheetRow[] = [];
    for (const cells of rows) {
      line += 1;
      if (!startsPlain(cells[0]!) && isBlank(cells)) continue;
      if (line > MAX_CSV_ROWS) throw tooManyRows();
      const fault = faultOf(cells, mayBeLong);
      filled.push(fault ? { line, cells: cells.slice(0, MAX_COLUMNS + 1).map(cutCell), fault } : { line, cells });
    }
    return filled;
  };
  /** All whole records of `rest`, which keeps what is left. */
  const take = (last: boolean): SheetRow[] => {
    const { data, errors, meta } = parse(rest, separator, !last);
    const open = last ? errors.some((error) => error.code === 'MissingQuotes') : rest.length - meta.cursor > LONGEST_RECORD;
    const whole = open && last ? data.slice(0, -1) : data;
    // Without a quotation mark no cell goes over two lines.
    const quoted = rest.includes('"');
    const mayBeLong = quoted || hasLongLine(rest);
    if (quoted && columns !== undefined && whole.some((cells) => hasSwallowed(cells, separator, columns)))
      return numbered(takeOneByOne(last), mayBeLong);
    if (open) return takeOpen(whole, mayBeLong);
    rest = last ? '' : rest.slice(meta.cursor);
    return numbered(data, mayBeLong);
  };
  /** What stands before a quotation mark that does not close; then its line, refused, so that the next can be read. */
  const takeOpen = (whole: readonly string[][], mayBeLong: boolean): SheetRow[] => {
    if (columns === undefined) throw openQuote(line + whole.length + 1);
    if (whole.length > 0) {
      rest = rest.slice(parse(rest, separator, true, whole.length).meta.cursor);
      return numbered(whole, mayBeLong);
    }
    const end = rest.indexOf('\n');
    const text = end < 0 ? rest : rest.slice(0, end);
    if (text.length > LONGEST_RECORD || ++opened > MOST_OPEN) throw openQuote(line + 1);
    rest = rest.slice(text.length + 1);
    line += 1;
    return [{ line, cells: text.split(separator, MAX_COLUMNS + 1).map((cell) => cutCell(bare(cell))), fault: 'open-quote' }];
  };
  /** A quotation mark that opens a cell in one row and is closed by one of a later row spoils its own row, not those between. */
  const takeOneByOne = (last: boolean): string[][] => {
    const records: string[][] = [];
    let at = 0;
    while (at < rest.length) {
      const text = rest.slice(at);
      const { data, errors, meta } = parse(text, separator, !last, 1);
      const cells = data[0];
      if (cells === undefined) break;
      if (last && errors.some((error) => error.code === 'MissingQuotes')) break;
      if (hasSwallowed(cells, separator, columns!)) {
        const end = text.indexOf('\n');
        records.push(text.slice(0, end).split(separator).map(bare));
        at += end + 1;
        continue;
      }
      records.push(cells);
      at += Math.max(meta.cursor, 1);
    }
    rest = rest.slice(at);
    return records;
  };
  if (texts) {
    yield take(false);
    for await (const text of texts) {
      rest += text;
      do {
        const rows = take(false);
        if (rows.length > 0) yield rows;
      } while (rest.length > LONGEST_RECORD);
    }
  }
  for (;;) {
    yield take(true);
    if (rest === '') return;
  }
}

function faultOf(cells: readonly string[], mayBeLong: boolean): RefusalReason | undefined {
  if (cells.length > MAX_COLUMNS && !isBlank(cells.slice(MAX_COLUMNS))) return 'row-too-wide';
  return mayBeLong && cells.some((cell) => cell.length > MAX_CELL_CHARACTERS) ? 'cell-too-long' : undefined;
}

/** With a letter or a digit: most cells, and told faster than by cutting their spaces. */
const startsPlain = (cell: string): boolean => {
  const code = cell.charCodeAt(0);
  return (code > 0x2f && code < 0x7f) || (code > 0x4e00 && code < 0x9fff);
};

/** Looked for where a line would have to end, not character by character. */
function hasLongLine(text: string): boolean {
  for (let from = 0; from + MAX_CELL_CHARACTERS < text.length;) {
    const end = text.lastIndexOf('\n', from + MAX_CELL_CHARACTERS);
    if (end < from) return true;
    from = end + 1;
  }
  return false;
}

/** A cell that goes from its row into the same column of a later one. */
const hasSwallowed = (cells: readonly string[], separator: string, columns: number): boolean =>
  cells.some((cell) => cell.includes('\n') && cell.split(separator).length >= columns);

const bare = (cell: string): string => cell.replace(/^"|"$/gu, '').replaceAll('""', '"');

const openQuote = (line: number): Error =>
  refuse(
    'roster-quotes',
    `expected every quotation mark to be closed, found one in line ${line} that is not; correct that line and import the file again`,
    { line },
  );

const unreadable = (): Error =>
  refuse(
    'roster-encoding',
    'expected a text in one encoding (UTF-8 or GB18030), found bytes that are in none, and no header; save the file as .xlsx or as "CSV UTF-8" and import it again',
  );

/** Many systems export a table of a web page and call it .xls. */
function refuseMarkup(head: string): void {
  const start = head.trimStart().slice(0, 4096);
  if (!start.startsWith('<')) return;
  if (/<(?:!doctype html|html|head|body|table|meta|style|div)[\s>]/iu.test(start))
    throw refuse(
      'roster-html',
      'expected a spreadsheet, found a web page saved under the name of one; open it in a spreadsheet program, save it as .xlsx and import that',
    );
  if (/^<(?:\?xml|[\w:]*workbook)/iu.test(start))
    throw refuse(
      'roster-xml',
      'expected a spreadsheet, found an XML file; open it in a spreadsheet program, save it as .xlsx and import that',
    );
}

/** What has to be seen of a text before its encoding is sure. */
const ENCODING_SAMPLE = 64 * 1024;

/** Text with \n as its only line end and without NUL. Bytes that are no character spoil their own row: U+FFFD stands for them. */
async function* readText(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let held: Buffer = Buffer.alloc(0);
  let carry = '';
  let first = true;
  // Looked for in the bytes: in a text of two bytes a character that is ten times dearer.
  let zeros = false;
  const unixLines = (decoded: string): string => {
    let text = carry + decoded;
    // Half of a CRLF waits for the other half.
    carry = text.endsWith('\r') ? '\r' : '';
    if (carry) text = text.slice(0, -1);
    if (text.includes('\r')) text = text.replace(/\r\n?/gu, '\n');
    return zeros ? text.replaceAll('\0', '') : text;
  };
  for await (const chunk of bytes) {
    zeros ||= chunk.includes(0);
    if (decoder) {
      yield unixLines(decoder.decode(chunk, STREAM));
      continue;
    }
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    if (first && held.length < 4) continue;
    if (first) decoder = byMark(held);
    first = false;
    decoder ??= byContent(held, false);
    if (decoder || isAscii(held)) {
      yield unixLines(decoder ? decoder.decode(held, STREAM) : held.toString('latin1'));
      held = Buffer.alloc(0);
    }
  }
  decoder ??= byMark(held) ?? byContent(held, true) ?? new TextDecoder();
  yield `${unixLines(decoder.decode(held))}${carry && '\n'}`;
}

const STREAM = { stream: true } as const;

function byMark(start: Buffer): TextDecoder | undefined {
  if (start[0] === 0xff && start[1] === 0xfe) return new TextDecoder('utf-16le');
  if (start[0] === 0xfe && start[1] === 0xff) return new TextDecoder('utf-16be');
  return start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? new TextDecoder() : undefined;
}

const firstBeyondAscii = (bytes: Buffer): number => bytes.findIndex((byte) => byte > 0x7f);
const isAscii = (bytes: Buffer): boolean => firstBeyondAscii(bytes) < 0;

/** As long as a text is plain ASCII nothing is sure; after that what follows decides, and a little of it could be either. */
function byContent(bytes: Buffer, whole: boolean): TextDecoder | undefined {
  const from = firstBeyondAscii(bytes);
  if (from < 0) return undefined;
  const sample = bytes.subarray(from);
  if (!whole && sample.length < ENCODING_SAMPLE) return undefined;
  const isSound = isUtf8(whole ? sample : sample.subarray(0, wholeCharacters(sample)));
  return new TextDecoder(isSound || spoiledLines(sample, 'utf-8') < spoiledLines(sample, 'gb18030') ? 'utf-8' : 'gb18030');
}

/** A text that is sound in neither encoding is in the one that spoils less of it. */
const spoiledLines = (bytes: Buffer, encoding: string): number =>
  new TextDecoder(encoding)
    .decode(bytes, STREAM)
    .split(/[\r\n]+/u)
    .filter(isUnreadable).length;

/** Without a character of UTF-8 that the end cuts off. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 4; back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) return bytes.length - back;
  }
  return bytes.length;
}
