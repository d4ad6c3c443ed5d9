/** A roster's bytes as records, a block at a time: UTF-8 with or without a byte order mark, quotes, CRLF. */
import { DomainError } from '@app/kernel';
import Papa from 'papaparse';

export interface RosterRecord {
  /** As a person sees it in a spreadsheet: the header is line 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

const CONFIG = { delimiter: ',', newline: '\n' } as const;
// A roster's row is some 150 characters; one this long is a quotation mark that never closes, and would take the rest of the file with it.
const LONGEST_RECORD = 256 * 1024;

interface Parsed {
  readonly data: string[][];
  readonly errors: readonly { readonly code: string }[];
  readonly meta: { readonly cursor: number };
}

/** Empty lines count as lines and are no records. Errors: `roster-encoding`, `roster-quotes` (invalid). */
export async function* readRecords(bytes: AsyncIterable<Buffer | string>): AsyncGenerator<RosterRecord[]> {
  let line = 0;
  let rest = '';
  const number = (rows: readonly string[][]): RosterRecord[] =>
    rows.flatMap((cells) => {
      line += 1;
      return cells.length === 1 && cells[0]!.trim() === '' ? [] : [{ line, cells }];
    });
  for await (const text of decode(bytes)) {
    rest += text;
    // The core parser, since it alone takes a block and says where the last whole record ended.
    const { data, meta } = new Papa.Parser(CONFIG).parse(rest, 0, true) as Parsed;
    rest = rest.slice(meta.cursor);
    if (rest.length > LONGEST_RECORD) throw openQuote(line + data.length + 1);
    if (data.length > 0) yield number(data);
  }
  const { data, errors } = new Papa.Parser(CONFIG).parse(rest, 0, false) as Parsed;
  if (errors.some((error) => error.code === 'MissingQuotes')) throw openQuote(line + data.length);
  yield number(data);
}

const openQuote = (line: number): DomainError =>
  new DomainError(
    'roster-quotes',
    'invalid',
    `expected every quotation mark to be closed, found one in line ${line} that is not; correct that line and import the file again`,
    { line },
  );

/** Text with \n as its only line end. */
async function* decode(bytes: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let carry = '';
  const read = (chunk?: Buffer): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw new DomainError(
        'roster-encoding',
        'invalid',
        'expected a file in UTF-8, found another encoding; save it as "CSV UTF-8" and import it again',
      );
    }
  };
  for await (const chunk of bytes) {
    const text = carry + read(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    // Half of a CRLF waits for the other half.
    carry = text.endsWith('\r') ? '\r' : '';
    yield unixLines(carry ? text.slice(0, -1) : text);
  }
  yield unixLines(carry + read());
}

const unixLines = (text: string): string => (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text);
