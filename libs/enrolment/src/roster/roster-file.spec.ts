import { DomainError, civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import ExcelJS from 'exceljs';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { personalNumber } from '../../../../test/support/people.js';
import {
  OTHER_UNIT,
  ROSTER_HEADER as HEADER,
  UNIT,
  csvOf,
  gb18030,
  number,
  people,
  person,
  xlsxOf,
  zipOf,
  type XlsxCell,
  type XlsxOptions,
  type XlsxSheet,
} from '../../../../test/support/roster-files.js';
import { readRoster } from './roster-file.js';
import { readRecord, type RefusalReason, type RosterRow } from './roster.js';

async function* inPieces(file: Buffer, size = 64 * 1024): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
}

interface Outcome {
  readonly rows: RosterRow[];
  readonly taken: string[];
  readonly refused: Record<number, RefusalReason>;
  readonly normalised: number[];
  readonly lines: number[];
}

const throwIt = (error: Error): never => {
  throw error;
};

async function outcomeOf(file: Buffer, size?: number): Promise<Outcome> {
  const [seen, units] = [new Set<string>(), new Set<string>()];
  const outcome: Outcome = { rows: [], taken: [], refused: {}, normalised: [], lines: [] };
  let layout;
  for await (const block of readRoster(inPieces(file, size), 'roster.xlsx', throwIt)) {
    layout ??= block.layout;
    expect(block.layout).toBe(layout);
    for (const record of block.records) {
      outcome.lines.push(record.line);
      const reading = readRecord(record, { layout, today: civilDate('2026-09-01'), seen, units, elsewhere: new Set() });
      if ('reason' in reading) {
        outcome.refused[record.line] = reading.reason;
        continue;
      }
      seen.add(reading.row.personalNumber);
      units.add(reading.row.unitCode);
      outcome.rows.push(reading.row);
      outcome.taken.push(reading.row.personalNumber);
      if (reading.normalised) outcome.normalised.push(record.line);
    }
  }
  return outcome;
}

const ids = (...serials: number[]): string[] => serials.map(personalNumber);
const csv = (rows: readonly (readonly string[])[], separator?: string, lineEnd?: string): Buffer =>
  Buffer.from(csvOf(rows, separator, lineEnd));
const sheet = (rows: XlsxSheet['rows'], merges?: string[]): XlsxSheet => ({ rows, ...(merges && { merges }) });
const xlsx = (rows: XlsxSheet['rows'], options?: XlsxOptions, merges?: string[]): Buffer => xlsxOf([sheet(rows, merges)], options);
const changed = <T>(row: readonly T[], column: number, value: T): T[] => row.with(column, value);
const exchanged = <T>(row: readonly T[], one: number, other: number): T[] => row.with(one, row[other]!).with(other, row[one]!);
const [CODE, UNIT_NAME, NAME, ID, PHONE, TYPE, ACCOUNT, BANK] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

const WIDE = Array<string>(193).fill('x');
/** As `file`, with one byte that is no character in place of the last before `text`. */
const spoiled = (file: Buffer, text: string): Buffer => {
  const at = file.indexOf(text);
  return at < 0 ? file : Buffer.from(file).fill(0xff, at - 1, at);
};

/** How a sound file of four people (lines 2 to 5) is changed, and what is left of it. */
interface Mutation {
  readonly name: string;
  readonly file: () => Buffer;
  /** Serials. */
  readonly taken?: readonly number[];
  readonly refused?: Readonly<Record<number, RefusalReason>>;
  readonly normalised?: readonly number[];
}

const FOUR = people(4);
const [ONE, TWO, THREE, FOURTH] = FOUR as [string[], string[], string[], string[]];
const ROWS = [HEADER, ...FOUR];
/** Person 2 with one cell changed, in either format. */
const second = (column: number, value: string): string[][] => [HEADER, ONE, changed(TWO, column, value), THREE, FOURTH];
const secondCell = (column: number, value: XlsxCell): XlsxCell[][] => [HEADER, ONE, changed<XlsxCell>(TWO, column, value), THREE, FOURTH];
const loses = (reason: RefusalReason) => ({ taken: [1, 3, 4], refused: { 3: reason } });

const CSV_MUTATIONS: readonly Mutation[] = [
  { name: 'a UTF-8 mark', file: () => Buffer.from(`﻿${csvOf(ROWS)}`) },
  { name: 'GB18030', file: () => gb18030(csvOf(ROWS)) },
  { name: 'UTF-16 little-endian', file: () => Buffer.from(`﻿${csvOf(ROWS)}`, 'utf16le') },
  { name: 'UTF-16 big-endian', file: () => Buffer.from(`﻿${csvOf(ROWS)}`, 'utf16le').swap16() },
  { name: 'CRLF', file: () => csv(ROWS, ',', '\r\n') },
  { name: 'CR only', file: () => csv(ROWS, ',', '\r') },
  { name: 'tabs', file: () => csv(ROWS, '\t') },
  { name: 'semicolons', file: () => csv(ROWS, ';') },
  { name: 'full-width commas everywhere', file: () => csv(ROWS, '，') },
  { name: 'a header typed with full-width commas', file: () => Buffer.from(`${HEADER.join('，')}\n${csvOf(FOUR)}`) },
  { name: 'every cell in quotation marks', file: () => csv(ROWS.map((cells) => cells.map((cell) => `"${cell}"`))) },
  { name: 'stray NULs', file: () => Buffer.from(csvOf(ROWS).replaceAll(',310,', ',3\x0010,').replaceAll('职工', '职\0工')) },
  { name: 'no line end at the end', file: () => Buffer.from(csvOf(ROWS).trimEnd()) },
  { name: 'blank rows and rows of separators', file: () => csv([HEADER, [''], ONE, Array(8).fill(''), [' ', '　'], TWO, THREE, FOURTH]) },
  {
    name: 'columns in another order, with others between',
    file: () => csv(ROWS.map((cells, i) => [i === 0 ? '序号' : String(i), ...cells.toReversed()])),
  },
  {
    name: 'other names for the columns',
    file: () => csv([['单位代码', '工作单位', '职工姓名', '证件号码', '联系电话', '险种', '银行账号', '开户行'], ...FOUR]),
  },
  {
    name: 'stars, hints, colons, numbers and line breaks in the header',
    file: () =>
      csv([
        [
          '*统一社会信用代码',
          '"单位\n名称"',
          '１．姓 名：',
          '身份证号（必填）',
          '手机号码(11位)',
          '【必填】险种',
          '卡号*',
          '开户行（具体到支行）',
        ].map((cell) => (cell.startsWith('【') ? '医保类型【必填】' : cell)),
        ...FOUR,
      ]),
  },
  {
    name: 'a byte that is no character',
    file: () => spoiled(csv(ROWS), `,${TWO[ID]}`),
    ...loses('unreadable-text'),
  },
  {
    name: 'a byte that is no character, in GB18030',
    file: () => spoiled(gb18030(csvOf(ROWS)), `,${TWO[ID]}`),
    ...loses('unreadable-text'),
  },
  {
    name: 'a byte that is no character in the place of a separator',
    file: () => spoiled(csv(ROWS), TWO[ID]!),
    ...loses('unreadable-text'),
  },
  {
    name: 'a byte that is no character in a column that nobody asked for',
    file: () => spoiled(csv(ROWS.map((cells, i) => [...cells, i === 0 ? '备注' : `注${i}`])), '2\n'),
  },
  { name: 'an end within a character', file: () => csv(ROWS).subarray(0, -2), taken: [1, 2, 3], refused: { 5: 'unreadable-text' } },
  {
    name: 'a row in another encoding',
    file: () => Buffer.concat([csv(ROWS), gb18030(csvOf([person(5)]))]),
    refused: { 6: 'unreadable-text' },
  },
  { name: 'a quotation mark that never closes', file: () => csv(second(NAME, '"职工')), ...loses('open-quote') },
  {
    name: 'a quotation mark that never closes, in the last row',
    file: () => csv([...ROWS.slice(0, 4), changed(FOURTH, BANK, '"银行')]),
    taken: [1, 2, 3],
    refused: { 5: 'open-quote' },
  },
  { name: 'a row of hundreds of columns', file: () => csv([HEADER, ONE, [...TWO, ...WIDE], THREE, FOURTH]), ...loses('row-too-wide') },
  { name: 'a cell as long as a book', file: () => csv(second(BANK, 'x'.repeat(32_768))), ...loses('cell-too-long') },
  {
    name: 'without the columns that may be empty',
    file: () => csv(ROWS.map((cells) => [CODE, NAME, ID, TYPE, ACCOUNT].map((at) => cells[at]!))),
  },
  {
    name: 'titles above the header',
    file: () => csv([['某县总工会职工互助保障花名册'], [''], ['填报日期：2026年9月1日', '', '联系人：某'], ...ROWS]),
    taken: [1, 2, 3, 4],
  },
  {
    name: 'the unit named once, in the title',
    file: () => csv([[`单位：第一基层工会　统一社会信用代码：${UNIT}`], ...ROWS.map((cells) => cells.slice(NAME))]),
  },
  {
    name: 'the next unit named between people',
    file: () =>
      csv([
        ['单位：一', '统一社会信用代码：', UNIT],
        ...[HEADER, ONE, TWO].map((cells) => cells.slice(NAME)),
        ['单位：二', '统一社会信用代码：', OTHER_UNIT, '', '', ''],
        ...[HEADER, THREE, FOURTH].map((cells) => cells.slice(NAME)),
      ]),
    refused: { 5: 'note-row', 6: 'note-row' },
  },
  ...[
    { name: 'with a wrong check character', title: '单位：第二工会 统一社会信用代码：81450000000000017A' },
    { name: 'with a character too few', title: '单位：第二工会 统一社会信用代码：8145000000000001' },
    { name: 'by its name alone', title: '单位名称：第二工会' },
  ].map(({ name, title }): Mutation => ({
    name: `the next unit named between people ${name}: nobody is put into the unit before`,
    file: () =>
      csv([
        [`单位：第一工会 统一社会信用代码：${UNIT}`],
        ...[HEADER, ONE, TWO].map((cells) => cells.slice(NAME)),
        [title],
        ...[HEADER, THREE, FOURTH].map((cells) => cells.slice(NAME)),
      ]),
    taken: [1, 2],
    refused: { 5: 'note-row', 6: 'note-row', 7: 'unit-code', 8: 'unit-code' },
  })),
  {
    name: 'the same unit named again, and signed for, between people',
    file: () =>
      csv([
        [`单位：第一工会 统一社会信用代码：${UNIT}`],
        ...[HEADER, ONE, TWO].map((cells) => cells.slice(NAME)),
        ['单位（盖章）：', '', '负责人：某某某某'],
        ['单位：第一工会'],
        ['金额单位：元'],
        ...[HEADER, THREE, FOURTH].map((cells) => cells.slice(NAME)),
      ]),
    refused: { 5: 'note-row', 6: 'note-row', 7: 'note-row', 8: 'note-row' },
  },
  {
    name: 'groups of columns above their parts',
    file: () =>
      csv([
        ['单位', '', '职工', '', '', '', '银行信息', ''],
        ['统一社会信用代码', '单位名称', '姓名', '身份证号', '手机', '险种', '账号', '开户行'],
        ...FOUR,
      ]),
  },
  { name: 'the header again on each page', file: () => csv([HEADER, ONE, TWO, HEADER, THREE, FOURTH]), refused: { 4: 'note-row' } },
  {
    name: 'a header on the next page with its columns in another order',
    file: () => csv([HEADER, ONE, TWO, exchanged(HEADER, NAME, BANK), exchanged(THREE, NAME, BANK), exchanged(FOURTH, NAME, BANK)]),
    refused: { 4: 'note-row' },
  },
  {
    name: 'a header on the next page with the number in another column, and then the first again',
    file: () => csv([HEADER, ONE, exchanged(HEADER, CODE, ID), exchanged(TWO, CODE, ID), HEADER, THREE, FOURTH]),
    refused: { 3: 'note-row', 5: 'note-row' },
  },
  {
    name: 'a header on the next page in another order, and below it another unit',
    file: () =>
      csv([
        [`单位：第一工会 统一社会信用代码：${UNIT}`],
        ...[HEADER, ONE, TWO].map((cells) => cells.slice(NAME)),
        exchanged(HEADER, NAME, BANK).slice(NAME),
        exchanged(THREE, NAME, BANK).slice(NAME),
        ['单位名称：第二工会'],
        exchanged(FOURTH, NAME, BANK).slice(NAME),
      ]),
    taken: [1, 2, 3],
    refused: { 5: 'note-row', 7: 'note-row', 8: 'unit-code' },
  },
  {
    name: 'a header on the next page that lacks a column',
    file: () => csv([HEADER, ONE, TWO, ...[HEADER, THREE, FOURTH].map((cells) => cells.toSpliced(TYPE, 1))]),
    taken: [1, 2],
    refused: { 4: 'note-row', 5: 'columns', 6: 'columns' },
  },
  {
    name: 'a total and signatures at the end',
    file: () =>
      csv([
        ...ROWS,
        ['合计', '', '4人', '', '', '', '', ''],
        ['制表人：某', '', '', '审核：某', '', '', '', ''],
        ['填表日期：2026年9月1日'],
      ]),
    refused: { 6: 'note-row', 7: 'note-row', 8: 'note-row' },
  },
  {
    name: 'units only in the first row of each, as exported from merged cells',
    file: () =>
      csv([
        HEADER,
        ONE,
        changed(changed(TWO, CODE, ''), UNIT_NAME, ' '),
        changed(changed(THREE, CODE, OTHER_UNIT), UNIT_NAME, '二'),
        changed(changed(FOURTH, CODE, ''), UNIT_NAME, ''),
      ]),
    normalised: [3, 5],
  },
  {
    name: 'a first row without a unit: nothing is taken over',
    file: () =>
      csv([HEADER, changed(changed(ONE, CODE, ''), UNIT_NAME, ''), TWO, changed(changed(THREE, CODE, ''), UNIT_NAME, ''), FOURTH]),
    taken: [2, 4],
    refused: { 2: 'unit-code', 4: 'unit-code' },
  },
  {
    name: 'numbers kept by ="…"',
    file: () => csv([HEADER, ...FOUR.map((cells) => cells.map((cell, at) => (at === ID || at === ACCOUNT ? `="${cell}"` : cell)))]),
    normalised: [2, 3, 4, 5],
  },
  { name: 'numbers kept by ="…" and quoted again', file: () => csv(second(ID, `"=""${TWO[ID]}"""`)), normalised: [3] },
  { name: 'an apostrophe in front', file: () => csv(second(ID, `'${TWO[ID]}`)), normalised: [3] },
  { name: 'a trailing .0', file: () => csv(second(TYPE, '310.0')), normalised: [3] },
  {
    name: 'full-width digits, spaces and widthless marks',
    file: () => csv(second(PHONE, '\u202D１９９ 0000\u200B0002\u202C')),
    normalised: [3],
  },
  { name: 'trailing separators', file: () => Buffer.from(csvOf(FOUR.toSpliced(0, 0, HEADER)).replaceAll('模拟银行\n', '模拟银行,,\n')) },
  { name: 'rows without their empty last cell', file: () => Buffer.from(csvOf(ROWS).replaceAll(',模拟银行', '')) },
  { name: 'a personal number in scientific notation', file: () => csv(second(ID, '4.59999E+17')), ...loses('id-number-lost') },
  { name: 'a personal number of fifteen digits and zeros', file: () => csv(second(ID, '459999198001002000')), ...loses('id-number-lost') },
  { name: 'an account in scientific notation', file: () => csv(second(ACCOUNT, '6.2E+18')), ...loses('account-number-lost') },
  { name: 'a phone in scientific notation', file: () => csv(second(PHONE, '1.99E+10')), ...loses('phone-lost') },
  { name: 'a phone in scientific notation with all its digits', file: () => csv(second(PHONE, '1.9900000002E+10')), normalised: [3] },
  { name: 'a unit code in scientific notation', file: () => csv(second(CODE, '8.145E+17')), ...loses('unit-code-lost') },
  { name: 'a date for a phone', file: () => csv(second(PHONE, '2026/9/1')), ...loses('cell-type') },
  { name: '#N/A for a bank', file: () => csv(second(BANK, '#N/A')), ...loses('cell-error') },
  { name: 'a formula as its text', file: () => csv(second(NAME, '=A1&B1')), ...loses('formula-without-value') },
  { name: 'a name left out', file: () => csv(second(NAME, '')), ...loses('name-missing') },
  { name: 'a person without a number', file: () => csv(second(ID, '')), ...loses('id-checksum') },
  {
    name: 'a person without a number, of a unit that is called as a note begins',
    file: () =>
      csv(
        [HEADER, ONE, changed(changed(TWO, ID, ''), UNIT_NAME, '编制委员会办公室'), THREE, FOURTH].map((cells) => [
          cells[UNIT_NAME]!,
          cells[CODE]!,
          ...cells.slice(NAME),
        ]),
      ),
    ...loses('id-checksum'),
  },
  { name: 'a digit too few', file: () => csv(second(ID, TWO[ID]!.slice(1))), ...loses('id-checksum') },
  { name: 'the same person twice', file: () => csv([HEADER, ONE, ONE, THREE, FOURTH]), ...loses('duplicate') },
  { name: 'a comma too many', file: () => csv(second(NAME, '职,工')), ...loses('columns') },
  { name: 'a row broken off', file: () => csv([HEADER, ONE, TWO.slice(0, 5), THREE, FOURTH]), ...loses('columns') },
  {
    name: 'a quotation mark that a later row closes',
    file: () => csv([HEADER, ONE, changed(TWO, NAME, '"职工'), THREE, changed(FOURTH, NAME, '职工"')]),
    taken: [1, 2, 3, 4],
  },
  {
    name: 'a quotation mark in front of a name that holds another',
    file: () => csv([HEADER, changed(ONE, UNIT_NAME, '"第,一'), TWO, changed(THREE, UNIT_NAME, '第"'), FOURTH]),
    taken: [2, 3, 4],
    refused: { 2: 'columns' },
  },
  {
    name: 'the first block plain, what follows in GB18030',
    file: () => gb18030(`registration of members, nothing here${'\n'.repeat(3000)}${csvOf(ROWS)}`),
  },
];

const XLSX_MUTATIONS: readonly Mutation[] = [
  { name: 'as it is', file: () => xlsx(ROWS) },
  { name: 'texts in the cells', file: () => xlsx(ROWS, { inline: true }) },
  { name: 'elements with a prefix', file: () => xlsx(ROWS, { prefix: 'x' }) },
  {
    name: 'cells and rows without references',
    file: () => xlsx(ROWS, { change: (part) => ({ ...part, data: String(part.data).replace(/(<row|<c) r="\w+"/g, '$1') }) }),
  },
  { name: 'macros beside it', file: () => xlsx(ROWS, { parts: [{ name: 'xl/vbaProject.bin', data: Buffer.from([0, 1, 2]) }] }) },
  { name: 'a sheet of instructions first', file: () => xlsxOf([sheet([['填写说明'], ['请如实填写']]), sheet(ROWS)]) },
  { name: 'a hidden roster before the visible one', file: () => xlsxOf([{ rows: [HEADER, person(9)], state: 'hidden' }, sheet(ROWS)]) },
  { name: 'nothing but a hidden sheet', file: () => xlsxOf([{ rows: ROWS, state: 'veryHidden' }]) },
  {
    name: 'notes, a pivot and a list of codes beside the roster',
    file: () =>
      xlsxOf([
        sheet([['填写说明'], ['姓名', '与身份证一致'], ['身份证号码', '18位']]),
        sheet(ROWS),
        sheet([
          ['单位', '人数'],
          ['第001基层工会', number(4)],
          ['总计', number(4)],
        ]),
        sheet([
          ['代码', '险种'],
          ['310', '职工医保'],
          [UNIT, '第001基层工会'],
        ]),
      ]),
  },
  { name: 'a template sheet after the roster', file: () => xlsxOf([sheet(ROWS), sheet([HEADER])]) },
  { name: 'blank rows and empty cells between', file: () => xlsx([HEADER, undefined, ONE, [], ['', ' '], TWO, THREE, FOURTH]) },
  {
    name: 'phones and types as numbers',
    file: () => xlsx([HEADER, ...FOUR.map((cells) => cells.map((cell, at) => (at === PHONE || at === TYPE ? number(cell) : cell)))]),
  },
  { name: 'a phone as a number with decimals and exponent', file: () => xlsx(secondCell(PHONE, number('1.9900000002E10'))) },
  {
    name: 'a formatted text in pieces',
    file: () => xlsx(secondCell(NAME, { xml: 't="inlineStr"><is><r><t>职</t></r><r><rPr><b/></rPr><t>工乙</t></r></is>' })),
  },
  {
    name: 'phonetic text beside a name',
    file: () =>
      xlsx(ROWS, {
        change: (part) => ({ ...part, data: String(part.data).replace('职工丙</t>', '职工丙</t><rPh sb="0" eb="1"><t>zhigong</t></rPh>') }),
      }),
  },
  { name: 'a formula with its result', file: () => xlsx(secondCell(NAME, { xml: 't="str"><f>A1&amp;B1</f><v>职工丙</v>' })) },
  {
    name: 'a total of a formula in a column that is not ours',
    file: () => xlsx(ROWS.map((cells, i): XlsxCell[] => [...cells, i === 0 ? '备注' : { xml: '><f>SUM(A1)</f>' }])),
  },
  {
    name: 'a merged unit',
    file: () => xlsx([HEADER, ONE, ...[TWO, THREE, FOURTH].map((cells) => ['', '', ...cells.slice(2)])], {}, ['A2:A5', 'B2:B5']),
  },
  {
    name: 'a header of two rows, merged across and down, under a merged title',
    file: () =>
      xlsx(
        [
          ['职工互助保障花名册'],
          ['统一社会信用代码', '单位', '姓名', '身份证号', '联系方式', '医保', '银行信息', ''],
          ['', '', '', '', '手机', '险种', '账号', '开户行'],
          ...FOUR,
        ],
        {},
        ['A1:H1', 'A2:A3', 'B2:B3', 'C2:C3', 'D2:D3', 'G2:H2'],
      ),
  },
  { name: 'a personal number as a number', file: () => xlsx(secondCell(ID, number('4.5999919800110002E17'))), ...loses('id-number-lost') },
  {
    name: 'a personal number as a number with all its digits',
    file: () => xlsx(secondCell(ID, number(TWO[ID]!.replace('X', '1')))),
    ...loses('id-number-lost'),
  },
  { name: 'an account as a number', file: () => xlsx(secondCell(ACCOUNT, number('6.2E18'))), ...loses('account-number-lost') },
  {
    name: 'an account of sixteen digits as a number whose last a spreadsheet cut',
    file: () => xlsx(secondCell(ACCOUNT, number('6200000000000010'))),
    ...loses('account-number-lost'),
  },
  { name: 'an account of sixteen digits as a number', file: () => xlsx(secondCell(ACCOUNT, number('6200000000000017'))) },
  { name: 'a unit code as a number', file: () => xlsx(secondCell(CODE, number('814500000000000000'))), ...loses('unit-code-lost') },
  { name: 'a date for a phone', file: () => xlsx(secondCell(PHONE, number(45_000, 1))), ...loses('cell-type') },
  {
    name: 'a date and time for a type, in the system of 1904',
    file: () => xlsx(secondCell(TYPE, number('310.5', 2)), { date1904: true }),
    ...loses('cell-type'),
  },
  { name: 'a phone in a column formatted as dates', file: () => xlsx(secondCell(PHONE, number('19900000002', 1))) },
  { name: 'TRUE for a name', file: () => xlsx(secondCell(NAME, { xml: 't="b"><v>1</v>' })), ...loses('cell-type') },
  {
    name: '#REF! for an account',
    file: () => xlsx(secondCell(ACCOUNT, { xml: 't="e"><f>Sheet9!A1</f><v>#REF!</v>' })),
    ...loses('cell-error'),
  },
  { name: 'a formula without its result', file: () => xlsx(secondCell(PHONE, { xml: '><f>A1</f>' })), ...loses('formula-without-value') },
  { name: 'a character that XML escapes', file: () => xlsx(secondCell(BANK, '模拟_x000D_银行')), normalised: [3] },
  { name: 'a row of hundreds of columns', file: () => xlsx([HEADER, ONE, [...TWO, ...WIDE], THREE, FOURTH]), ...loses('row-too-wide') },
  { name: 'a cell as long as a book', file: () => xlsx(secondCell(BANK, 'x'.repeat(32_768))), ...loses('cell-too-long') },
  {
    name: 'a cell as long as a book, in its own place',
    file: () => xlsx(secondCell(BANK, 'x'.repeat(40_000)), { inline: true }),
    ...loses('cell-too-long'),
  },
  {
    name: 'a byte that is no character',
    file: () => xlsx(secondCell(NAME, 'LOST'), { change: (part) => ({ ...part, data: spoiled(Buffer.from(part.data), 'OST') }) }),
    ...loses('unreadable-text'),
  },
  { name: 'a note far to the right', file: () => xlsx([HEADER, ONE, [...TWO, '', '', '核实'], THREE, FOURTH]) },
  {
    name: 'a total and signatures',
    file: () => xlsx([...ROWS, undefined, ['', '', '合计', '4'], ['制表人：某', '', '', '', '审核人：某']]),
    refused: { 7: 'note-row', 8: 'note-row' },
  },
];

describe('of a file that was changed', () => {
  const table = [
    ...CSV_MUTATIONS.map((mutation) => ({ ...mutation, name: `CSV: ${mutation.name}` })),
    ...XLSX_MUTATIONS.map((mutation) => ({ ...mutation, name: `xlsx: ${mutation.name}` })),
  ];

  it.each(table)(
    '$name: all good rows are taken, and each other one has its reason',
    async ({ file, taken = [1, 2, 3, 4], refused = {}, normalised }) => {
      const bytes = file();
      const outcome = await outcomeOf(bytes);
      expect(outcome).toMatchObject({ taken: ids(...taken), refused });
      expect(Object.keys(outcome.refused)).toEqual(Object.keys(refused));
      expect(outcome.lines).toEqual([...outcome.lines].sort((a, b) => a - b));
      if (normalised) expect(outcome.normalised).toEqual(normalised);
      // However it arrives.
      expect(await outcomeOf(bytes, 7)).toEqual(outcome);
    },
  );

  it('there are enough kinds of them', () => {
    expect(table.length).toBeGreaterThan(60);
    expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
  });

  it('a value means the same in every format', async () => {
    const expected = FOUR.map(([unitCode, unitName, name, personalNumber, phone, insutype, bankAccount, bankName]) => ({
      unitCode,
      unitName,
      name,
      personalNumber,
      phone,
      insutype,
      bankAccount,
      bankName,
    }));
    for (const file of [csv(ROWS), gb18030(csvOf(ROWS)), xlsx(ROWS), xlsx(ROWS, { prefix: 'x', inline: true })])
      expect((await outcomeOf(file)).rows).toEqual(expected);
  });

  /** A title, merged units, dates, numbers, kinds of insurance in words, a formula, a number that lost its digits, a total: saved by LibreOffice Calc 7.4. */
  it('a file of a spreadsheet program is read as it is meant', async () => {
    const outcome = await outcomeOf(readFileSync('test/support/roster-of-libreoffice.xlsx'));
    expect(outcome.taken).toEqual(ids(1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12));
    expect(outcome.refused).toEqual({ 8: 'id-number-lost', 17: 'note-row' });
    expect(new Set(outcome.rows.map(({ unitCode, unitName, insutype }) => `${unitCode} ${unitName} ${insutype}`))).toEqual(
      new Set([`${UNIT} 第001基层工会 310`]),
    );
    expect(outcome.rows[3]).toMatchObject({ name: '职工丁', phone: '19900000005' });
  });

  it('the unit of a title holds until the next is named', async () => {
    const { rows } = await outcomeOf(CSV_MUTATIONS.find(({ name }) => name.startsWith('the next unit'))!.file());
    expect(rows.map(({ unitCode, unitName }) => [unitCode, unitName])).toEqual([
      [UNIT, '一'],
      [UNIT, '一'],
      [OTHER_UNIT, '二'],
      [OTHER_UNIT, '二'],
    ]);
  });

  it('a name is what its own page calls so', async () => {
    const { rows } = await outcomeOf(CSV_MUTATIONS.find(({ name }) => name.endsWith('in another order'))!.file());
    expect(rows.map(({ name, bankName }) => [name, bankName])).toEqual(FOUR.map((cells) => [cells[NAME], cells[BANK]]));
  });

  it('lines are those that the spreadsheet shows', async () => {
    expect((await outcomeOf(xlsx([['花名册'], undefined, HEADER, undefined, ONE, TWO]))).lines).toEqual([5, 6]);
    expect((await outcomeOf(csv([['花名册'], [''], HEADER, [''], ONE, changed(TWO, BANK, '"模拟\n银行"'), THREE]))).lines).toEqual([
      5, 6, 7,
    ]);
  });

  it('a workbook that a spreadsheet library wrote is read', async () => {
    const book = new ExcelJS.Workbook();
    const page = book.addWorksheet('花名册');
    page.addRows([...ROWS, []]);
    page.getCell('C3').value = { richText: [{ text: '职' }, { text: '工丙', font: { bold: true } }] };
    page.getCell('H4').value = { text: '模拟银行', hyperlink: 'https://example.org' };
    page.getCell('E5').value = 19_900_000_004;
    page.getCell('E2').value = { formula: 'E5-3', result: 19_900_000_001 };
    page.getCell('J2').value = new Date(Date.UTC(2026, 0, 1));
    expect(await outcomeOf(Buffer.from(await book.xlsx.writeBuffer()))).toMatchObject({
      taken: ids(1, 2, 3, 4),
      refused: {},
      normalised: [],
    });
  });

  it('a quotation mark that never closes costs its own row of thousands, wherever it stands', async () => {
    for (const at of [3, 2500, 4999]) {
      const rows = people(5000).map((cells, i) => (i === at ? changed(cells, NAME, '"职工') : cells));
      const { taken, refused, lines } = await outcomeOf(csv([HEADER, ...rows]));
      expect(refused).toEqual({ [at + 2]: 'open-quote' });
      expect([taken.length, lines.length]).toEqual([4999, 5000]);
    }
  });

  it('a spreadsheet whose XML breaks off gives every row before, also those that were unpacked together with the break', async () => {
    for (const at of [3, 33, 41]) {
      const broken = xlsx([HEADER, ...people(40)], {
        change: (part) =>
          part.name.endsWith('sheet1.xml')
            ? { ...part, data: String(part.data).replace(new RegExp(`<row r="${at}">.*?</c>`, 'u'), '$&<a b=c>') }
            : part,
      });
      const [lines, stops]: [number[], string[]] = [[], []];
      for await (const { records } of readRoster(inPieces(broken), 'roster.xlsx', ({ code }) => stops.push(code)))
        lines.push(...records.map(({ line }) => line));
      expect(stops).toEqual(['roster-xlsx-damaged']);
      expect(lines).toEqual(Array.from({ length: at - 2 }, (_, i) => i + 2));
    }
  });

  it('thousands of rows are read once each, in order, whatever block they fall into', async () => {
    const rows = [HEADER, ...people(2500)];
    for (const file of [csv(rows), xlsx(rows), gb18030(csvOf(rows))]) {
      const { taken, rows: read } = await outcomeOf(file);
      expect(taken).toEqual(rows.slice(1).map((cells) => cells[ID]));
      expect(read.map(({ name }) => name)).toEqual(rows.slice(1).map((cells) => cells[NAME]));
    }
  });
});

const OLE2 = Buffer.from('d0cf11e0a1b11ae1', 'hex');
const part = (name: string, change: (text: string) => string): XlsxOptions => ({
  change: (part) => (part.name === name ? { ...part, data: change(String(part.data)) } : part),
});
const SHEET = 'xl/worksheets/sheet1.xml';

describe('a file is refused whole', () => {
  it.each<[code: string, why: string, file: () => Buffer]>([
    ['roster-empty', 'without a byte', () => Buffer.alloc(0)],
    ['roster-empty', 'with blank lines only', () => Buffer.from('\r\n \n\n')],
    ['roster-nul', 'of zero bytes', () => Buffer.alloc(5000)],
    ['roster-no-rows', 'without a row below the header', () => csv([HEADER])],
    ['roster-no-rows', 'without a row below the header (xlsx)', () => xlsx([HEADER, [], ['']])],
    [
      'roster-header',
      'without a header',
      () =>
        csv([
          ['甲', '乙'],
          ['1', '2'],
        ]),
    ],
    ['roster-header', 'of an empty sheet', () => xlsx([])],
    ['roster-header-below', 'whose header stands below people', () => csv([...FOUR, HEADER, person(5)])],
    ['roster-columns', 'without the personal numbers', () => csv(ROWS.map((cells) => cells.toSpliced(ID, 1)))],
    ['roster-columns', 'without a unit anywhere', () => csv(ROWS.map((cells) => cells.slice(1)))],
    ['roster-column-twice', 'with two columns that say the same', () => csv(ROWS.map((cells, i) => [...cells, i === 0 ? '身份证号' : '']))],
    ['roster-quotes', 'with a quotation mark in its header that never closes', () => csv([changed(HEADER, NAME, '"姓名'), ...FOUR])],
    [
      'roster-quotes',
      'with quotation marks that never close in hundreds of rows',
      () => csv([HEADER, ...people(300).map((cells) => changed(cells, NAME, '"职工'))]),
    ],
    ['roster-encoding', 'in an encoding that is neither', () => Buffer.from(csvOf(ROWS), 'latin1').fill(0xff, 0, 30)],
    [
      'roster-html',
      'that is a web page called .xls',
      () => Buffer.from('\r\n<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table><tr><td>姓名</td></tr></table></html>'),
    ],
    ['roster-html', 'that is a web page in GB18030', () => gb18030('<meta charset="gb2312"><table><tr><td>姓名</td></tr></table>')],
    [
      'roster-xml',
      'that is an XML spreadsheet of 2003',
      () => Buffer.from('<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'),
    ],
    ['roster-pdf', 'that is a PDF', () => Buffer.from('%PDF-1.7\n')],
    ['roster-kind', 'that is a picture', () => Buffer.from('89504e470d0a1a0a', 'hex')],
    ['roster-xls', 'in the old format', () => Buffer.concat([OLE2, Buffer.alloc(600), Buffer.from('Workbook', 'utf16le')])],
    ['roster-password', 'with a password', () => Buffer.concat([OLE2, Buffer.alloc(600), Buffer.from('EncryptedPackage', 'utf16le')])],
    ['roster-password', 'packed with a password', () => xlsx(ROWS, { change: (part) => ({ ...part, encrypted: true }) })],
    ['roster-xlsb', 'in the binary format', () => zipOf([{ name: 'xl/workbook.bin', data: 'x' }])],
    ['roster-zip', 'that is a document', () => zipOf([{ name: 'word/document.xml', data: '<w/>' }])],
    ['roster-zip', 'that is an archive of a roster', () => zipOf([{ name: '花名册.csv', data: csv(ROWS) }])],
    ['roster-zip', 'that is an empty archive', () => zipOf([])],
    [
      'roster-zip-bomb',
      'that claims to unpack to terabytes',
      () => xlsx(ROWS, { parts: [{ name: 'xl/media/a', data: 'x', claimedBytes: 0xfffffff0 }] }),
    ],
    [
      'roster-zip-bomb',
      'that unpacks a thousandfold',
      () => xlsx(ROWS, { parts: [{ name: 'xl/media/a', data: Buffer.alloc(32 * 1024 * 1024) }] }),
    ],
    [
      'roster-xlsx-damaged',
      'that unpacks to more than it claims',
      () => xlsx(ROWS, { change: (part) => (part.name === SHEET ? { ...part, claimedBytes: 100 } : part) }),
    ],
    ['roster-xlsx-damaged', 'cut off', () => xlsx(ROWS).subarray(0, -100)],
    [
      'roster-xlsx-damaged',
      'whose sheet breaks off',
      () =>
        xlsx(
          ROWS,
          part(SHEET, (xml) => xml.slice(0, xml.indexOf('<row r="5"'))),
        ),
    ],
    [
      'roster-xlsx-damaged',
      'whose sum does not fit',
      () => xlsx(ROWS, { change: (part) => (part.name === SHEET ? { ...part, crc: 1 } : part) }),
    ],
    [
      'roster-xlsx-damaged',
      'without its texts',
      () => xlsx(ROWS, { change: (part) => (part.name.endsWith('sharedStrings.xml') ? { ...part, data: '<sst/>' } : part) }),
    ],
    ['roster-xlsx-damaged', 'without its sheet', () => xlsx(ROWS, { change: (part) => (part.name === SHEET ? undefined : part) })],
    [
      'roster-xlsx-damaged',
      'with rows out of order',
      () =>
        xlsx(
          ROWS,
          part(SHEET, (xml) => xml.replace('<row r="5"', '<row r="3"')),
        ),
    ],
    ['roster-xlsx-damaged', 'with merged cells that overlap by the thousand', () => xlsx(ROWS, {}, Array<string>(1000).fill('A2:A5'))],
    [
      'roster-xml-entities',
      'with entities that grow',
      () => xlsx(ROWS, { doctype: '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' }),
    ],
    ['roster-sheets', 'with people on two sheets', () => xlsxOf([sheet([HEADER, ONE]), sheet([HEADER, TWO])])],
    ['roster-sheets', 'with people on a sheet without a header', () => xlsxOf([sheet([HEADER, ONE]), sheet([TWO])])],
    [
      'roster-sheets',
      'with people on a sheet without a header, far down',
      () => xlsxOf([sheet([...Array.from({ length: 50 }, () => ['说明']), TWO]), sheet([HEADER, ONE])]),
    ],
    [
      'roster-sheets',
      'with a sheet that lacks a column',
      () => xlsxOf([sheet([HEADER, ONE]), sheet([HEADER, TWO].map((cells) => cells.toSpliced(TYPE, 1)))]),
    ],
    [
      'roster-sheets',
      'with a sheet with two columns that say the same',
      () => xlsxOf([sheet([HEADER, ONE]), sheet([[...HEADER, '身份证号'], TWO])]),
    ],
    ['roster-too-wide', 'with hundreds of columns', () => xlsx([[...HEADER, ...WIDE], ONE])],
    ['roster-too-wide', 'with hundreds of columns (CSV)', () => csv([[...HEADER, ...WIDE], ONE])],
    ['roster-too-long', 'with more than eight million lines', () => Buffer.from(csvOf(ROWS) + '\n'.repeat(8_000_000) + csvOf([person(5)]))],
  ])('%s: %s', async (code, _, file) => {
    const failure = await outcomeOf(file()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DomainError);
    expect(failure).toMatchObject({ code, kind: 'invalid', message: expect.stringMatching(/^expected .+, found .+; .+/) });
    // Nothing of anybody stands in an error.
    for (const cells of FOUR)
      for (const at of [NAME, ID, PHONE, ACCOUNT]) expect(JSON.stringify([(failure as Error).message, failure])).not.toContain(cells[at]);
  });

  it('names the other sheet with people', async () => {
    await expect(outcomeOf(xlsxOf([sheet(ROWS), { name: '退休', rows: [TWO] }]))).rejects.toMatchObject({
      details: { sheet: '退休' },
      message: expect.stringContaining('退休'),
    });
  });

  it('names both columns that say the same, counted from 1', async () => {
    await expect(outcomeOf(csv(ROWS.map((cells, i) => [...cells, i === 0 ? '身份证号' : ''])))).rejects.toMatchObject({
      details: { column: '身份证号码', first: 4, second: 9 },
    });
  });
});

describe('a sound file that was damaged anywhere', () => {
  const sound = [
    { name: 'CSV', file: csv([HEADER, ...people(30)]) },
    { name: 'GB18030', file: gb18030(csvOf([HEADER, ...people(30)])) },
    { name: 'xlsx', file: xlsx([HEADER, ...people(30)]) },
  ];

  it.each(sound)('never crashes the reader: $name is read, each row once, or refused', async ({ file }) => {
    const flips = fc.array(fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(flips, fc.option(fc.nat(file.length)), fc.integer({ min: 1, max: 3000 }), async (changes, length, size) => {
        const bytes = Buffer.from(file);
        for (const [at, by] of changes) bytes[at]! ^= by;
        const outcome = await outcomeOf(bytes.subarray(0, length ?? bytes.length), size).catch((error: unknown) => {
          if (error instanceof DomainError) return undefined;
          throw error;
        });
        if (!outcome) return;
        const { taken, refused, lines } = outcome;
        expect(taken.length + Object.keys(refused).length).toBe(lines.length);
        expect(new Set(lines).size).toBe(lines.length);
      }),
      { numRuns: 200 },
    );
  });

  it('never crashes the reader: a spreadsheet whose parts were changed before they were packed', async () => {
    const rows = [HEADER, ...people(8)];
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(127)), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(SHEET, 'xl/sharedStrings.xml', 'xl/styles.xml', 'xl/workbook.xml'), flips, async (name, changes) => {
        const flip = (text: string): string =>
          changes.reduce(
            (now, [at, by]) => now.slice(0, at % now.length) + String.fromCharCode(by) + now.slice((at % now.length) + 1),
            text,
          );
        const outcome = await outcomeOf(xlsx(rows, part(name, flip))).catch((error: unknown) => {
          if (error instanceof DomainError) return undefined;
          throw error;
        });
        if (outcome) expect(outcome.taken.length + Object.keys(outcome.refused).length).toBe(outcome.lines.length);
      }),
      { numRuns: 300 },
    );
  });

  it('loses no row of a CSV file: what is below the header is taken or has a reason, line by line', async () => {
    const rows = people(12);
    const text = csvOf([HEADER, ...rows]);
    const start = csvOf([HEADER]).length;
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - start - 2), fc.constantFrom('x', ',', '9', '姓', '\t', ' ', '；'), async (at, by) => {
        const changed = text.slice(0, start + at) + by + text.slice(start + at + 1);
        const lines = changed.split('\n').slice(1, -1);
        const outcome = await outcomeOf(Buffer.from(changed));
        expect(outcome.lines).toEqual(lines.map((_, i) => i + 2));
        const untouched = rows.filter((cells, i) => lines[i] === cells.join(','));
        if (lines.length === rows.length) expect(outcome.taken).toEqual(expect.arrayContaining(untouched.map((cells) => cells[ID])));
      }),
      { numRuns: 200 },
    );
  });
});
