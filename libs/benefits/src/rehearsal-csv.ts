/** Tables of a rehearsal as CSV for spreadsheets: UTF-8 with the mark that they know it by, yuan with two places. Pure. */
import { formatYuan, type Fen } from '@app/kernel';
import type { Rehearsal } from './rehearsal.js';

const BYTE_ORDER_MARK = '\uFEFF';

export const unitsCsv = ({ units }: Rehearsal): string =>
  table(
    ['单位 Unit', '申请数 Claims', '现行补助（元） Before (yuan)', '新计划补助（元） After (yuan)', '变化（元） Change (yuan)'],
    units.map(({ unit, claims, beforeFen, afterFen, changeFen }) => [text(unit), String(claims), ...yuan(beforeFen, afterFen, changeFen)]),
  );

export const largestChangesCsv = ({ largest }: Rehearsal): string =>
  table(
    [
      '申请 Claim',
      '职工代号 Member key',
      '单位 Unit',
      '现行补助（元） Before (yuan)',
      '新计划补助（元） After (yuan)',
      '变化（元） Change (yuan)',
      '现行不予补助原因 Reason before',
      '新计划不予补助原因 Reason after',
    ],
    largest.map(({ claim, member, unit, beforeFen, afterFen, changeFen, reasonBefore, reasonAfter }) => [
      text(claim),
      text(member),
      text(unit),
      ...yuan(beforeFen, afterFen, changeFen),
      text(reasonBefore ?? ''),
      text(reasonAfter ?? ''),
    ]),
  );

const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  BYTE_ORDER_MARK + [header, ...rows].map((cells) => `${cells.join(',')}\r\n`).join('');

/** Amounts are our own digits: a minus before them is a minus. */
const yuan = (...amounts: Fen[]): string[] => amounts.map(formatYuan);

/** A text that a spreadsheet would run as a formula is made a text by an apostrophe. */
function text(value: string): string {
  const cell = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
