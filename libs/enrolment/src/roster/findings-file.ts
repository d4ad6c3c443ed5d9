/**
 * The file that a roster came in, with what was found in its rows. Every cell is a text: a personal number stays one, and nothing that somebody
 * typed into a roster runs as a formula where the file is opened.
 */
import type ExcelJS from 'exceljs';
import { once } from 'node:events';
import { PassThrough, Readable, type Writable } from 'node:stream';
import { setImmediate as otherWork } from 'node:timers/promises';
import Papa from 'papaparse';
import { FORMULA_START } from './cell-text.js';
import { begin, fitted, openRoster, untilStopped } from './roster-file.js';
import { FINDINGS_COLUMN, split } from './roster-header.js';
import { MAX_CSV_ROWS, type RosterSheet, type SheetRow } from './sheet.js';

export interface Finding {
  /** The line of its record. */
  readonly row: number;
  readonly field: string;
  readonly reason: string;
  readonly remedy: string;
}

export interface FindingsFile {
  readonly contentType: string;
  readonly fileName: string;
  readonly body: Readable;
}

/** Why the rest of a file is not read, and what to do, by the code of the failure. */
const STOPS = {
  'roster-quotes': ['该行有引号未成对，无法确定其后的行从哪里开始', '补全或删除引号'],
  'roster-too-long': [`文件超过${MAX_CSV_ROWS}行`, '将以后各行另存为一个文件'],
  'roster-xlsx-damaged': ['电子表格自该行起已损坏，无法读取', '用表格软件打开，另存为新文件'],
  'roster-xml-entities': ['电子表格含有实体定义，表格软件不会这样写入', '用表格软件打开，另存为新文件'],
  'unit-taken': ['文件中的某个单位在导入期间已由其他组织建立', '核对单位代码'],
} as const;
const ANY_STOP = ['该行起的内容无法处理，原因见错误代码', '改正'] as const;
export const STOPPED_BY = Object.keys(STOPS);

/** What stands in place of the rows from `row` on, which a failure of this code has kept from being read. */
export function stopFinding(code: string, row: number): Finding {
  const [cause, remedy] = code in STOPS ? STOPS[code as keyof typeof STOPS] : ANY_STOP;
  return { row, field: '整行', reason: code, remedy: `${cause}。文件自本行起未读取、未导入：请${remedy}后重新导入。` };
}

/**
 * The same file with one column more at its end, 核对结果; `findings` in the order of the rows. A file that has such a column already has its
 * findings replaced. Rows from that of `stop` on were not read: it stands in their place. An error of `bytes` or of the file breaks off the body;
 * one of its first bytes is thrown.
 */
export async function writeFindings(
  bytes: AsyncIterable<Buffer>,
  fileName: string,
  findings: AsyncIterable<Finding> | Iterable<Finding>,
  stop?: Finding,
): Promise<FindingsFile> {
  const { kind, all } = await begin(bytes);
  const name = `${fileName.replace(/\.[^.]*$/u, '')}-${FINDINGS_COLUMN}`;
  if (kind === 'text')
    return {
      contentType: 'text/csv; charset=utf-8',
      fileName: `${name}.csv`,
      body: Readable.from(csvOf(all, findings, stop), { objectMode: false }),
    };
  const body = new PassThrough();
  writeXlsx(all, findings, body, stop).catch((error: unknown) => body.destroy(error as Error));
  return { contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', fileName: `${name}.xlsx`, body };
}

const BOM = '﻿';
const LINE_END = '\r\n';

async function* csvOf(
  bytes: AsyncIterable<Buffer>,
  findings: AsyncIterable<Finding> | Iterable<Finding>,
  stop?: Finding,
): AsyncGenerator<Buffer> {
  const sheet = await openRoster(bytes);
  let line = 0;
  let start = BOM;
  for await (const rows of annotated(sheet, findings, stop)) {
    const lines: string[] = [];
    for (const row of rows) {
      // A blank row keeps its place.
      while (++line < row.line) lines.push('');
      lines.push(Papa.unparse([row.cells], { newline: LINE_END, escapeFormulae: FORMULA_START }));
    }
    yield Buffer.from(`${start}${lines.map((text) => text + LINE_END).join('')}`);
    start = '';
  }
}

async function writeXlsx(
  bytes: AsyncIterable<Buffer>,
  findings: AsyncIterable<Finding> | Iterable<Finding>,
  body: PassThrough,
  stop?: Finding,
): Promise<void> {
  const sheet = await openRoster(bytes);
  // Loaded where it is used: it is as large as the rest of an import.
  const { default: Excel } = await import('exceljs');
  const book = new Excel.stream.xlsx.WorkbookWriter({ stream: body, useStyles: true, useSharedStrings: false });
  const page = book.addWorksheet(sheet.name.replace(/[*?:\\/[\]]/gu, '').slice(0, 31) || undefined);
  // Whoever corrects a number in it keeps its digits.
  page.columns = Array.from({ length: placeOf(sheet) + 1 }, () => ({ style: { numFmt: '@' }, width: 20 }));
  const gone = new Promise((resolve) => body.once('close', resolve));
  for await (const rows of annotated(sheet, findings, stop)) {
    for (const { line, cells } of rows) {
      const row = page.getRow(line);
      for (const [column, text] of cells.entries()) if (text !== '') row.getCell(column + 1).value = text;
      row.commit();
    }
    if (!(await drained(page, body, gone))) return;
  }
  page.commit();
  await book.commit();
}

/** exceljs writes on whether or not what it wrote has been taken; false when nobody takes it any more. */
async function drained(page: ExcelJS.Worksheet, body: PassThrough, gone: Promise<unknown>): Promise<boolean> {
  const { stream } = page as unknown as { readonly stream: { readonly pipes: readonly Writable[] } };
  for (;;) {
    if (body.destroyed) return false;
    const full = stream.pipes.find((pipe) => pipe.writableNeedDrain);
    if (!full) break;
    await Promise.race([once(full, 'drain'), gone]);
  }
  await otherWork();
  return !body.destroyed;
}

/** Where the findings stand: right of all that has a header. */
const placeOf = ({ header }: RosterSheet): number => header.findingsAt ?? header.columns;

/** Every row with its findings. */
async function* annotated(
  sheet: RosterSheet,
  findings: AsyncIterable<Finding> | Iterable<Finding>,
  stop?: Finding,
): AsyncGenerator<SheetRow[]> {
  const { header, head, ragged } = sheet;
  const place = placeOf(sheet);
  const headerLine = head[header.last]!.line;
  const queue = new Queue(findings);
  const annotate = (row: SheetRow, own: readonly Finding[]): SheetRow => {
    const texts = own.map(textOf);
    const cells = [...fitted(row.cells, header, ragged)];
    // A row of another width stays so: what it lacks would be guessed.
    if (cells.length !== header.columns) {
      const old = header.findingsAt !== undefined && OLD_FINDING.test(row.cells.at(-1) ?? '');
      return { line: row.line, cells: [...(old ? row.cells.slice(0, -1) : row.cells), texts.join('；')] };
    }
    const beyond = header.findingsAt === undefined ? row.cells.slice(place) : [];
    const stray = beyond[0] === undefined || beyond[0] === '' ? [] : [beyond[0]];
    cells[place] = [...stray, ...texts].join('；');
    return { line: row.line, cells: [...cells, ...beyond.slice(1)] };
  };
  yield head.map(({ line, cells }) => (line === headerLine ? { line, cells: withTitle(split(cells), place) } : { line, cells }));
  const read = stop ? untilStopped(sheet.rows, () => {}) : sheet.rows;
  for await (const rows of read) {
    const done: SheetRow[] = [];
    for (const row of rows) {
      if (stop && row.line >= stop.row) break;
      const found = await queue.upTo(row.line);
      const own = found.filter((finding) => finding.row === row.line);
      done.push(...onBlankLines(found.slice(0, found.length - own.length), place), annotate(row, own));
    }
    yield done;
    if (stop && (rows.at(-1)?.line ?? 0) >= stop.row) break;
  }
  yield onBlankLines([...(await queue.upTo(Infinity)), ...(stop ? [stop] : [])], place);
}

/** Of rows that are blank in the file. */
function onBlankLines(findings: readonly Finding[], place: number): SheetRow[] {
  const byLine = new Map<number, string[]>();
  for (const finding of findings) byLine.set(finding.row, [...(byLine.get(finding.row) ?? []), textOf(finding)]);
  return [...byLine].map(([line, texts]) => ({ line, cells: [...Array.from({ length: place }, () => ''), texts.join('；')] }));
}

const withTitle = (cells: readonly string[], place: number): string[] =>
  Array.from({ length: Math.max(cells.length, place + 1) }, (_, i) => (i === place ? FINDINGS_COLUMN : (cells[i] ?? '')));

const textOf = ({ field, reason, remedy }: Finding): string => `${field}：${remedy}（${reason}）`;

/** At the end of a row that is not as wide as the header. */
const OLD_FINDING = /^$|（[a-z-]+）$/u;

/** Findings in order, one ahead. */
class Queue {
  private readonly source: AsyncIterator<Finding>;
  private next: IteratorResult<Finding> | undefined;

  constructor(findings: AsyncIterable<Finding> | Iterable<Finding>) {
    this.source = (async function* () {
      yield* findings;
    })();
  }

  async upTo(line: number): Promise<Finding[]> {
    const found: Finding[] = [];
    for (;;) {
      this.next ??= await this.source.next();
      if (this.next.done || this.next.value.row > line) return found;
      found.push(this.next.value);
      this.next = undefined;
    }
  }
}
