import { describe, expect, it } from '@jest/globals';
import { COLUMNS } from './roster-column.js';
import { findHeader, isNoteRow, titleUnit, type RosterHeader } from './roster-header.js';
import { ROSTER_HEADER as HEADER, UNIT, person } from '../../../../test/support/roster-files.js';

const found = (rows: readonly (readonly string[])[]): RosterHeader => {
  const header = findHeader(rows);
  if ('fault' in header) throw new Error(header.fault);
  return header;
};
const NAMED = { unitCode: 0, unitName: 1, name: 2, personalNumber: 3, phone: 4, insutype: 5, bankAccount: 6, bankName: 7 };

describe('a header', () => {
  it('is found below titles, and by other names', () => {
    const header = found([
      ['某县总工会花名册'],
      ['单位名称：某', '联系电话：1'],
      ['*单位代码', '工作单位', '姓 名', '证件号码：', '联系方式', '医保类型(310)', '银行帐号', '开户行名称'],
      person(1),
    ]);
    expect(header).toMatchObject({ first: 2, last: 2, columns: 8, layout: { width: 8, at: NAMED } });
  });

  it('knows which of two columns is meant when one says so plainly', () => {
    expect(found([[...HEADER, '联系电话', '单位编号', '证件号']]).layout.at).toEqual(NAMED);
    expect(found([['联系电话', '单位编号', ...HEADER]]).layout.at).toMatchObject({ unitCode: 2, phone: 6 });
  });

  it('with two columns that say the same is refused, by their places', () => {
    expect(findHeader([[...HEADER, '手机号码']])).toEqual({ fault: 'twice', field: COLUMNS.phone, columns: [5, 9] });
    const vague = HEADER.map((name) => (name === '手机号' ? '联系电话' : name));
    expect(findHeader([[...vague, '电话']])).toEqual({ fault: 'twice', field: COLUMNS.phone, columns: [5, 9] });
  });

  it('that lacks a column tells which, and of what it found only our own names', () => {
    expect(findHeader([['姓名', '身份证号', '110105194912310021']])).toEqual({
      fault: 'missing',
      missing: [COLUMNS.unitCode, COLUMNS.insutype, COLUMNS.bankAccount],
      found: [COLUMNS.name, COLUMNS.personalNumber],
    });
  });

  it('adds what the file does not have to every row', () => {
    const header = found([[`单位名称：某工会 统一社会信用代码：${UNIT}`], ['姓名', '身份证号', '险种', '卡号']]);
    expect(header).toMatchObject({
      columns: 4,
      added: [UNIT, '某工会', '', ''],
      layout: { width: 8, at: { unitCode: 4, unitName: 5, phone: 6, bankName: 7 } },
    });
  });

  it('is not a title that has labels, nor a person', () => {
    expect(findHeader([['单位名称', '某', '联系电话', '1'], person(1)])).toEqual({ fault: 'none' });
    expect(findHeader([])).toEqual({ fault: 'none' });
  });

  it('below people is refused, since they would be passed over', () => {
    expect(findHeader([person(1), HEADER, person(2)])).toEqual({ fault: 'people-above' });
  });

  it('remembers the column of earlier findings', () => {
    expect(found([[...HEADER, '核对结果']])).toMatchObject({ columns: 9, findingsAt: 8 });
  });
});

describe('the unit of a title', () => {
  it.each([
    ['in one cell', [`填报单位（盖章）：某工会　统一社会信用代码：${UNIT}　日期：2026年`]],
    ['in cells', ['单位名称：', '某工会', '', '单位代码', UNIT.toLowerCase()]],
    ['full-width', [`单位：某工会`, `信用代码：${[...UNIT].map((c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)).join('')}`]],
  ])('is read %s', (_, cells) => {
    expect(titleUnit([cells])).toEqual({ code: UNIT, name: '某工会' });
  });

  it('with a wrong check character is none', () => {
    expect(titleUnit([[`单位：某 统一社会信用代码：${UNIT.slice(0, -1)}4`]])).toBeUndefined();
  });
});

describe('a row about nobody', () => {
  const { layout } = found([HEADER]);

  it('is never one that carries a personal number, whatever else it says', () => {
    expect(isNoteRow(person(1).with(0, '合计').with(2, '合计'), layout)).toBe(false);
    expect(isNoteRow(person(1).with(3, '450102').with(2, ''), layout)).toBe(false);
  });

  it('may have any width', () => {
    expect(isNoteRow(['合计'], layout)).toBe(true);
    expect(isNoteRow(['', '', '', '', '', '', '', '', '', '审核：'], layout)).toBe(true);
  });
});
