import { civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readRecords } from './roster-file.js';
import { COLUMNS, normaliseRow, readHeader, readRow, type RosterContext, type RosterField, type RosterLayout } from './roster.js';

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
const layout = readHeader(HEADER) as RosterLayout;
const context: RosterContext = { layout, today: civilDate('2026-09-01'), seen: new Set(), units: new Set(), elsewhere: new Set() };
const read = (change: Partial<typeof GOOD>, over: Partial<RosterContext> = {}) =>
  readRow(Object.values({ ...GOOD, ...change }), { ...context, ...over });

describe('a roster row', () => {
  it('that is sound is accepted as it is', () => {
    expect(read({})).toEqual({ row: GOOD, normalised: false, cardWarning: false });
  });

  it('written full-width, with spaces and a small x means the same person', () => {
    const typed = {
      personalNumber: '１１０１０５ 19491231002x',
      name: ' 李　娟',
      phone: ' 199 0000 0000　',
      unitCode: '91350100m000100y43',
      bankAccount: '6228 4804 0256 4890 018',
    };
    expect(read(typed)).toEqual({ row: { ...GOOD, name: '李 娟' }, normalised: true, cardWarning: false });
  });

  it('means the same whether its unit is known or not, and written plainly or not', () => {
    const known = { units: new Set([GOOD.unitCode]) };
    for (const change of [{}, { bankAccount: '6228480402564890019' }, { name: '' }, { name: '李 娟' }, { phone: ' 1' }, { insutype: '3' }])
      expect(read(change, known)).toEqual(read(change));
  });

  it.each([
    ['unit-code', { unitCode: '91350100M000100Y4Z', name: '' }],
    ['name-missing', { name: ' 　', personalNumber: '1' }],
    ['id-checksum', { personalNumber: '110105194912310021' }],
    ['id-checksum', { personalNumber: '1101051949123100' }],
    ['id-checksum', { personalNumber: '11010519491231OO2X' }],
    ['id-birth-date', { personalNumber: '110105194902300020' }],
    ['insutype', { insutype: '职工' }],
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

describe('a roster header', () => {
  it('may have any order and more columns', () => {
    const read = readHeader(['序号', ...HEADER.toReversed()]) as RosterLayout;
    expect(read).toMatchObject({ width: 9, at: { unitCode: 8, bankName: 1 } });
  });

  it('that lacks columns tells which, and nothing else that it found', () => {
    expect(readHeader(['姓名', '11010519491231002X'])).toEqual({ missing: HEADER.filter((name) => name !== '姓名'), found: ['姓名'] });
  });
});

describe('a roster file', () => {
  const records = async (bytes: Buffer, size: number) => {
    const blocks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
    const found = [];
    for await (const block of readRecords(
      (async function* () {
        yield* blocks;
      })(),
    ))
      found.push(...block);
    return found;
  };

  it('is the same in whatever pieces it arrives', async () => {
    const text = '﻿a,b\r\n"第一,""单位""",2\r\n\r\n张,"三\r\n四"\r\n';
    for (let size = 1; size < 40; size++) {
      expect(await records(Buffer.from(text), size)).toEqual([
        { line: 1, cells: ['﻿a', 'b'].map((cell) => cell.replace('﻿', '')) },
        { line: 2, cells: ['第一,"单位"', '2'] },
        { line: 4, cells: ['张', '三\n四'] },
      ]);
    }
  });

  it('with a quotation mark that never closes is refused whole', async () => {
    await expect(records(Buffer.from('a,b\n1,2\n"3,4\n5,6\n'), 4)).rejects.toMatchObject({ code: 'roster-quotes', details: { line: 3 } });
    await expect(records(Buffer.from(`a,b\n"${'5,6\n'.repeat(100_000)}`), 65_536)).rejects.toMatchObject({
      code: 'roster-quotes',
      details: { line: 2 },
    });
  });

  it('in GBK is refused whole', async () => {
    await expect(records(Buffer.from([0xd0, 0xd5, 0xc3, 0xfb, 0x0a]), 64)).rejects.toMatchObject({ code: 'roster-encoding' });
  });
});
