import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FORMULA_START, cellIdentifier, cellWords, dateText, hasLostDigits, isDateText, isErrorValue, numberText } from './cell-text.js';

describe('a number of a spreadsheet', () => {
  it.each([
    ['310', '310'],
    ['310.0', '310'],
    ['13800000000', '13800000000'],
    ['1.38E10', '13800000000'],
    ['0.5', '0.5'],
    ['-3', '-3'],
    ['123456789012345', '123456789012345'],
    ['1234567890123457', '1234567890123457'],
    ['1234567890123450', '1.23456789012345E+15'],
    ['6228480402564890018', '6.22848040256489E+18'],
    ['1.1010519491231E17', '1.10105194912310E+17'],
    ['abc', 'abc'],
  ])('%s is %s', (raw, text) => {
    expect(numberText(raw)).toBe(text);
  });

  it('up to fifteen digits is exact, and beyond it never passes for the number that was typed', () => {
    fc.assert(fc.property(fc.nat(999_999_999_999_999), (value) => numberText(String(value)) === String(value)));
    fc.assert(
      fc.property(fc.bigInt({ min: 10n ** 17n, max: 10n ** 19n }), (value) => {
        expect(hasLostDigits(cellIdentifier(numberText(String(value))))).toBe(true);
      }),
    );
  });

  it('is a date by its format only, in either date system', () => {
    expect(dateText('45000', 1900)).toBe('2023-03-15');
    expect(dateText('43538', 1904)).toBe('2023-03-15');
    expect(dateText('45000.75', 1900)).toBe('2023-03-15 18:00:00');
    expect(dateText('0.5', 1900)).toBe('12:00:00');
    // The day that never was moves the days before it.
    expect([dateText('1', 1900), dateText('59', 1900), dateText('61', 1900)]).toEqual(['1900-01-01', '1900-02-28', '1900-03-01']);
    expect(dateText('13800000000', 1900)).toBe('13800000000');
    for (const raw of ['45000', '45000.75', '0.5', '1']) expect(isDateText(dateText(raw, 1900))).toBe(true);
  });
});

describe('the text of a cell', () => {
  it.each([
    ['="450102199001011234"', '450102199001011234'],
    [`'450102199001011234`, '450102199001011234'],
    ['１３８ 0000\u200B0000', '13800000000'],
    ['310.0', '310'],
    ['1.3812345678e+10', '13812345678'],
    ['4.5E+17', '4.5E+17'],
    ['\u202D6228\u202C', '6228'],
  ])('%j is the identifier %s', (typed, text) => {
    expect(cellIdentifier(typed)).toBe(text);
  });

  it.each([
    [' 李　娟 ', '李 娟'],
    ['="李娟"', '李娟'],
    ["'李娟", '李娟'],
    ["D'Arcy", "D'Arcy"],
    ['李\u0000娟', '李 娟'],
  ])('%j is the name %s', (typed, text) => {
    expect(cellWords(typed)).toBe(text);
  });

  it('read twice is read once', () => {
    const cell = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('=', '"', "'", '\u200B', '.0', 'E+3', '1', ' ', '＝', '＂'), { maxLength: 9 })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(cell, (text) => {
        expect(cellIdentifier(cellIdentifier(text))).toBe(cellIdentifier(text));
        expect(cellWords(cellWords(text))).toBe(cellWords(text));
      }),
    );
  });

  it('of an error is known in every spelling', () => {
    for (const text of ['#N/A', '#REF!', '#VALUE!', '#DIV/0!', '#NAME?']) expect(isErrorValue(text)).toBe(true);
    for (const text of ['#1', '#', 'N/A', '']) expect(isErrorValue(text)).toBe(false);
  });

  it('that a spreadsheet would run is known, half-width or full', () => {
    for (const text of ['=1', '+1', '-1', '@a', '\t=1', '\r1', '＝1', '＋1', '－1', '＠a', ' =1', '\u200B=1'])
      expect(text).toMatch(FORMULA_START);
    for (const text of ['1=1', '李-娟', '', 'a']) expect(text).not.toMatch(FORMULA_START);
  });
});
