import { civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  COLUMNS,
  REFUSALS,
  normaliseRow,
  readRecord,
  readRow,
  type RosterContext,
  type RosterField,
  type RosterLayout,
  type RosterRecord,
} from './roster.js';

const HEADER = Object.values(COLUMNS);
const GOOD: Record<RosterField, string> = {
  unitCode: '91350100M000100Y43',
  unitName: '第001基层工会',
  name: '李娟',
  personalNumber: '11010519491231002X',
  phone: '19900000000',
  insutype: '310',
  bankAccount: '6228480402564890018',
  bankName: '模拟银行',
};
const layout: RosterLayout = {
  width: HEADER.length,
  at: Object.fromEntries(Object.keys(COLUMNS).map((field, at) => [field, at])) as RosterLayout['at'],
};
const context: RosterContext = { layout, today: civilDate('2026-09-01'), seen: new Set(), units: new Set(), elsewhere: new Set() };
const read = (change: Partial<typeof GOOD>, over: Partial<RosterContext> = {}) =>
  readRow(Object.values({ ...GOOD, ...change }), { ...context, ...over });

describe('a roster row', () => {
  it('that is sound is accepted as it is', () => {
    expect(read({})).toEqual({ row: GOOD, normalised: false, cardWarning: false, phoneWarning: false });
  });

  it('written full-width, with spaces and a small x means the same person', () => {
    const typed = {
      personalNumber: '１１０１０５ 19491231002x',
      name: ' 李　娟',
      phone: ' 199 0000 0000　',
      unitCode: '91350100m000100y43',
      bankAccount: '6228 4804 0256 4890 018',
    };
    expect(read(typed)).toEqual({ row: { ...GOOD, name: '李 娟' }, normalised: true, cardWarning: false, phoneWarning: false });
  });

  it.each([
    ['职工基本医疗保险', '310'],
    [' 职工 医保', '310'],
    ['310-职工基本医疗保险', '310'],
    ['310（城镇职工医保）', '310'],
    ['城乡居民医保', '390'],
    ['390：城乡居民基本医疗保险', '390'],
  ])('whose insurance is written as %s has %s', (insutype, code) => {
    expect(read({ insutype })).toEqual({ row: { ...GOOD, insutype: code }, normalised: true, cardWarning: false, phoneWarning: false });
  });

  it('means the same whether its unit is known or not, and written plainly or not', () => {
    const known = { units: new Set([GOOD.unitCode]) };
    for (const change of [
      {},
      { bankAccount: '6228480402564890019' },
      { name: '' },
      { name: '0' },
      { name: '李 娟' },
      { phone: ' 1' },
      { insutype: '3' },
    ])
      expect(read(change, known)).toEqual(read(change));
  });

  it.each([
    ['unit-code', { unitCode: '91350100M000100Y4Z', name: '' }],
    ['name-missing', { name: ' 　', personalNumber: '1' }],
    ['name', { name: '-' }],
    ['name', { name: '／' }],
    ['name', { name: '0' }],
    ['name', { name: '13812345678' }],
    ['name', { name: '某'.repeat(51) }],
    ['id-checksum', { personalNumber: '110105194912310021' }],
    ['id-checksum', { personalNumber: '1101051949123100' }],
    ['id-checksum', { personalNumber: '11010519491231OO2X' }],
    ['id-birth-date', { personalNumber: '110105194902300020' }],
    ['insutype', { insutype: '职工' }],
    ['insutype', { insutype: '390-职工医保' }],
    ['insutype', { insutype: '310-居民' }],
    ['bank-account', { bankAccount: '622848040256489' }],
  ] as const)('is refused for %s', (reason, change) => {
    expect(read(change)).toEqual({ reason });
  });

  it('of somebody born tomorrow is refused', () => {
    expect(read({}, { today: civilDate('1949-12-31') })).toEqual({ reason: 'id-birth-date' });
  });

  it('of a person accepted before in the file is a duplicate, whatever the form of the number', () => {
    expect(read({ personalNumber: '11010519491231002x', bankAccount: '' }, { seen: new Set([GOOD.personalNumber]) })).toEqual({
      reason: 'duplicate',
    });
  });

  it('of a unit under another organisation is refused', () => {
    expect(read({}, { elsewhere: new Set([GOOD.unitCode]) })).toEqual({ reason: 'unit-elsewhere' });
  });

  it('with too few or too many columns is refused', () => {
    expect(readRow(HEADER.slice(1), context)).toEqual({ reason: 'columns' });
    expect(readRow([...HEADER, ''], context)).toEqual({ reason: 'columns' });
  });

  it('with a card number that fails Luhn is only warned about', () => {
    expect(read({ bankAccount: '6228480402564890019' })).toMatchObject({ cardWarning: true });
  });

  it('whose card is nothing but zeros is warned about', () => {
    expect(read({ bankAccount: '0000000000000000' })).toMatchObject({ cardWarning: true });
  });

  it.each(['13812345678/13912345678', '无', '123', '同上', ''])(
    'whose phone is %s is only warned about: nobody logs in with it',
    (phone) => {
      expect(read({ phone })).toMatchObject({ row: { phone }, cardWarning: false, phoneWarning: true });
    },
  );

  it.each(['阿卜杜拉·买买提', 'Anna Müller', '𠮷', '某'.repeat(50), '李2'])('may have the name %s', (name) => {
    expect(read({ name })).toMatchObject({ row: { name } });
  });

  it('normalised twice is normalised once, and has no control characters', () => {
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('１２３Ｘ', '1\u001F2', '\u001E', ' ﻿x', 'ﬁ　ｱ', '㎏ ①'),
    );
    fc.assert(
      fc.property(
        fc.record(Object.fromEntries(Object.keys(GOOD).map((field) => [field, value])) as Record<RosterField, typeof value>),
        (row) => {
          const once = normaliseRow(row);
          expect(normaliseRow(once)).toEqual(once);
          // They would part the values of a sealed text.
          for (const text of Object.values(once)) expect(text).not.toMatch(/[\u0000-\u001F\u007F]/);
        },
      ),
    );
  });
});

describe('a roster record', () => {
  const record = (change: Partial<typeof GOOD>, more: Partial<RosterRecord> = {}): RosterRecord => ({
    line: 2,
    cells: Object.values({ ...GOOD, ...change }),
    ...more,
  });

  it('is read like a row', () => {
    expect(readRecord(record({}), context)).toEqual(read({}));
    expect(readRecord(record({ personalNumber: '1' }), context)).toEqual({ reason: 'id-checksum' });
  });

  it('with a fault is refused for it', () => {
    expect(readRecord(record({}, { fault: 'formula-without-value' }), context)).toEqual({ reason: 'formula-without-value' });
  });

  it('whose unit is that of the row above was changed by us', () => {
    expect(readRecord(record({}, { carried: true }), context)).toEqual({
      row: GOOD,
      normalised: true,
      cardWarning: false,
      phoneWarning: false,
    });
  });

  it.each([
    ['a total', { unitCode: '合计', name: '', personalNumber: '' }],
    ['a signature', { unitCode: '', name: '制表人：某', personalNumber: '' }],
    ['the header again', Object.fromEntries(Object.keys(COLUMNS).map((field) => [field, COLUMNS[field as RosterField]]))],
    ['a unit without a person', { name: '', personalNumber: '', phone: '', bankAccount: '' }],
    ['a sentence', { unitCode: '', unitName: '', name: '以上人员均已缴费。', personalNumber: '', phone: '', bankAccount: '' }],
  ])('that is %s is nobody', (_, change) => {
    expect(readRecord(record(change), context)).toEqual({ reason: 'note-row' });
  });

  it.each([
    ['unit-code', { unitCode: '合计' }],
    ['name-missing', { name: '' }],
    ['id-checksum', { personalNumber: '' }],
    ['id-checksum', { personalNumber: '见附件' }],
    ['id-number-lost', { personalNumber: '1.1E+17', name: '合计' }],
  ] as const)('that carries something of a person is refused for %s, and not passed over', (reason, change) => {
    expect(readRecord(record(change), context)).toEqual({ reason });
  });
});

describe('the reasons', () => {
  it('tell the member of the unit what to do, in both languages', () => {
    for (const { field, zh, en } of Object.values(REFUSALS)) {
      expect(field).not.toBe('');
      expect(zh).toMatch(/。$/);
      expect(en).toMatch(/\.$/);
    }
  });
});
