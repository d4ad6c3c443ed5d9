import { DomainError, civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import ExcelJS from 'exceljs';
import { buffer } from 'node:stream/consumers';
import Papa from 'papaparse';
import {
  OTHER_UNIT,
  ROSTER_HEADER as HEADER,
  csvOf,
  gb18030,
  people,
  xlsxOf,
  type XlsxCell,
} from '../../../../test/support/roster-files.js';
import { STOPPED_BY, stopFinding, writeFindings, type Finding } from './findings-file.js';
import { readRoster } from './roster-file.js';
import { REFUSALS, readRecord, type RosterRow } from './roster.js';

async function* inPieces(file: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += 1000) yield file.subarray(at, at + 1000);
}

async function read(file: Buffer): Promise<{ rows: RosterRow[]; lines: number[]; findings: Finding[] }> {
  const [rows, lines, findings, seen]: [RosterRow[], number[], Finding[], Set<string>] = [[], [], [], new Set()];
  for await (const { layout, records } of readRoster(inPieces(file), 'x', (error) => {
    throw error;
  }))
    for (const record of records) {
      const reading = readRecord(record, { layout, today: civilDate('2026-09-01'), seen, units: new Set(), elsewhere: new Set() });
      if ('row' in reading) {
        rows.push(reading.row);
        lines.push(record.line);
        seen.add(reading.row.personalNumber);
      } else {
        const { field, zh } = REFUSALS[reading.reason];
        findings.push({ row: record.line, field, reason: reading.reason, remedy: zh });
      }
    }
  return { rows, lines, findings };
}

const write = (file: Buffer, name: string, findings: readonly Finding[]): Promise<Buffer> =>
  writeFindings(inPieces(file), name, findings).then(({ body }) => buffer(body));

const csvCells = (file: Buffer): string[][] => Papa.parse<string[]>(file.toString(), { newline: '\r\n' }).data;

const FOUR = people(4);
const [ONE, TWO, THREE, FOURTH] = FOUR as [string[], string[], string[], string[]];

/** Titles, a blank row, rows that are wrong in several ways, a total. */
const ODD: string[][] = [
  ['某县总工会花名册', '', '', '', '', '', '', '', '', '', '制表'],
  HEADER,
  ONE,
  TWO.with(3, '4.5E+17'),
  [''],
  THREE.with(0, '').with(1, ''),
  FOURTH.with(2, '=cmd()'),
  FOURTH.with(0, OTHER_UNIT).with(4, '+8619900000004'),
  ONE.with(7, '#N/A'),
  ['合计', '4'],
];
const formula: XlsxCell = { xml: '><f>A1</f>' };
const FILES = {
  'roster.csv': Buffer.from(csvOf(ODD)),
  'gb18030.csv': gb18030(csvOf(ODD)),
  'tabs.txt': Buffer.from(csvOf(ODD, '\t')),
  'short-and-long.csv': Buffer.from(csvOf([HEADER, ONE, TWO.slice(0, 5), [...THREE, 'x', 'y'], FOURTH])),
  'full-width.csv': Buffer.from(`${HEADER.join('，')}\n${csvOf(FOUR)}`),
  'roster.xlsx': xlsxOf([{ name: '花名册', rows: ODD.map((cells) => (cells[0] === '' && cells.length === 1 ? undefined : cells)) }]),
  'merged.xlsx': xlsxOf([
    { rows: [HEADER, ONE, TWO.with(0, '').with(1, ''), THREE.with(0, '').with(1, ''), FOURTH], merges: ['A2:A4', 'B2:B4'] },
  ]),
  'formula.xlsx': xlsxOf([{ rows: [HEADER, ONE, (TWO as XlsxCell[]).with(4, formula), [...THREE, '多出来的'], FOURTH] }]),
} as const;

describe('the file with the findings', () => {
  it.each(Object.entries(FILES))('of %s has the same good rows in the same places, and the same reasons', async (name, file) => {
    const before = await read(file);
    expect(before.rows.length).toBeGreaterThan(1);
    const written = await write(file, name, before.findings);
    expect(await read(written)).toEqual(before);
    // A second time nothing grows.
    const again = await write(written, name, before.findings);
    expect(await read(again)).toEqual(before);
    if (name.endsWith('.csv')) expect(csvCells(again)).toEqual(csvCells(written));
  });

  it('names the field, what to do and the reason beside the row', async () => {
    const { findings } = await read(FILES['roster.csv']);
    const written = await write(FILES['roster.csv'], 'roster.csv', findings);
    // Without the mark a spreadsheet takes it for GB18030.
    expect([...written.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const cells = csvCells(written);
    expect(cells[1]).toEqual([...HEADER, '核对结果']);
    expect(cells[2]).toEqual([...ONE, '']);
    expect(cells[3]![8]).toBe(`身份证号码：${REFUSALS['id-number-lost'].zh}（id-number-lost）`);
    expect(cells[4]).toEqual(['']);
    expect(cells[9]).toEqual(['合计', '4', expect.stringContaining('note-row')]);
  });

  it('has several findings of a row in one cell, and one of a blank row on its line', async () => {
    const finding = (row: number, reason: string): Finding => ({ row, field: '整行', reason, remedy: '改。' });
    for (const name of ['roster.csv', 'roster.xlsx'] as const) {
      const written = await write(FILES[name], name, [finding(3, 'a'), finding(3, 'b'), finding(5, 'c'), finding(99, 'd')]);
      const texts = name.endsWith('csv')
        ? csvCells(written).map((cells) => cells[8] ?? '')
        : (await textsOf(written)).map((cells) => cells[8] ?? '');
      expect([texts[2], texts[4], texts[98]]).toEqual(['整行：改。（a）；整行：改。（b）', '整行：改。（c）', '整行：改。（d）']);
    }
  });

  it('runs nothing that somebody typed into the roster', async () => {
    const typed = ['=1+1', '+1', '-1', '@SUM(A1)', '＝1+1', '＋1', '－1', '＠a', '\u200B=1', ' =1'];
    const rows = [HEADER, ONE, ...typed.map((text) => TWO.with(2, text))];
    const cells = csvCells(await write(Buffer.from(csvOf(rows)), 'a.csv', []));
    expect(cells.slice(2, -1).map((row) => row[2])).toEqual(typed.map((text) => `'${text}`));
    const book = await loaded(await write(xlsxOf([{ rows }]), 'a.xlsx', []));
    for (const [i, text] of typed.entries()) {
      const cell = book.worksheets[0]!.getCell(i + 3, 3);
      expect([cell.type, cell.value]).toEqual([ExcelJS.ValueType.String, text]);
    }
  });

  it('keeps numbers as texts, formats their columns as text, and has no formula', async () => {
    const book = await loaded(await write(FILES['formula.xlsx'], 'formula.xlsx', []));
    const page = book.worksheets[0]!;
    expect(page.getCell('D2').value).toBe(ONE[3]);
    expect(page.getCell('D2').numFmt).toBe('@');
    expect([page.getCell('E3').type, page.getCell('E3').value]).toEqual([ExcelJS.ValueType.String, '=']);
    expect(page.getCell('I1').value).toBe('核对结果');
    // What stood there without a header stays.
    expect(page.getCell('I4').value).toBe('多出来的');
  });

  it('is a spreadsheet or CSV as what came in, whatever its name', async () => {
    const { contentType, fileName, body } = await writeFindings(inPieces(FILES['roster.xlsx']), 'roster.csv', []);
    expect([contentType, fileName]).toEqual(['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'roster-核对结果.xlsx']);
    const [[first]] = (await loaded(await buffer(body))).worksheets.map((page) => [page.getCell('A2').value]) as [[string]];
    expect(first).toBe(HEADER[0]);
    const other = await writeFindings(inPieces(FILES['roster.csv']), '花名册.XLSX', []);
    expect([other.contentType, other.fileName]).toEqual(['text/csv; charset=utf-8', '花名册-核对结果.csv']);
    expect((await read(await buffer(other.body))).rows).toEqual((await read(FILES['roster.csv'])).rows);
  });

  it.each([...STOPPED_BY, 'something-else'])('says in Chinese why the file stops (%s), and what to do', async (code) => {
    const stop = stopFinding(code, 4);
    expect([stop.row, stop.reason]).toEqual([4, code]);
    expect(stop.remedy).toMatch(/^[^。]{8,}。文件自本行起未读取、未导入：请[^。]{2,}后重新导入。$/u);
    const { body } = await writeFindings(inPieces(Buffer.from(csvOf([HEADER, ...FOUR]))), 'a.csv', [], stop);
    expect(csvCells(await buffer(body))[3]).toContain(`整行：${stop.remedy}（${code}）`);
  });

  it('of thousands of rows is whole', async () => {
    const rows = [HEADER, ...people(3000)];
    for (const [name, file] of [
      ['a.csv', Buffer.from(csvOf(rows))],
      ['a.xlsx', xlsxOf([{ rows }])],
    ] as const)
      expect((await read(await write(file, name, []))).lines).toEqual(rows.slice(1).map((_, i) => i + 2));
  });

  it('breaks off with the reason where the file cannot be read', async () => {
    for (const name of ['a.csv', 'a.xlsx']) await expect(write(Buffer.from('甲,乙\n'), name, [])).rejects.toBeInstanceOf(DomainError);
  });
});

async function loaded(file: Buffer): Promise<ExcelJS.Workbook> {
  const book = new ExcelJS.Workbook();
  await book.xlsx.load(file as unknown as ArrayBuffer);
  return book;
}

async function textsOf(file: Buffer): Promise<string[][]> {
  const page = (await loaded(file)).worksheets[0]!;
  return Array.from({ length: page.rowCount }, (_, i) =>
    Array.from({ length: 9 }, (_, at) => {
      const { value } = page.getCell(i + 1, at + 1);
      return typeof value === 'string' ? value : '';
    }),
  );
}
