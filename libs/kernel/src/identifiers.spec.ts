import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { civilDate } from './civil-date.js';
import {
  isBankCardShape,
  isUnitCode,
  maskIdentifier,
  maskName,
  normaliseIdentifier,
  packPersonalNumber,
  passesLuhn,
  personalNumberFault,
} from './identifiers.js';

const TODAY = civilDate('2026-01-01');

describe('a personal number', () => {
  it.each(['11010519491231002X', '440524188001010014'])('%s is sound', (id) => expect(personalNumberFault(id, TODAY)).toBeUndefined());

  it('with one wrong digit is not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 16 }), fc.integer({ min: 1, max: 9 }), (position, by) => {
        const id = [...'11010519491231002X'];
        id[position] = String((Number(id[position]) + by) % 10);
        expect(personalNumberFault(id.join(''), TODAY)).toBe('id-checksum');
      }),
    );
    for (const id of ['', '11010519491231002x', '1101051949123100', '11010519491231002X0'])
      expect(personalNumberFault(id, TODAY)).toBe('id-checksum');
  });

  it('with two neighbouring digits swapped is not', () => expect(personalNumberFault('11010519491213002X', TODAY)).toBe('id-checksum'));

  it('has a birth date that exists and is past', () => {
    expect(personalNumberFault('459999198002300015', TODAY)).toBe('id-birth-date');
    expect(personalNumberFault('11010519491231002X', civilDate('1949-12-31'))).toBe('id-birth-date');
    expect(personalNumberFault('11010519491231002X', civilDate('1950-01-01'))).toBeUndefined();
  });

  it('is the same number however it was typed', () =>
    expect(normaliseIdentifier('\uFEFF１１０１０５ 19491231\t002ｘ\u001F\u200B')).toBe('11010519491231002X'));

  it('of another region, day or serial is another integer, and the largest is exact', () => {
    const numbers = ['110105194912310020', '110106194912310020', '110105194901010020', '110105194902010020', '110105194912310030'];
    expect(new Set(numbers.map(packPersonalNumber)).size).toBe(numbers.length);
    expect(Number.isSafeInteger(packPersonalNumber('999999999912319990'))).toBe(true);
  });
});

describe('a unit code', () => {
  it('91350100M000100Y43 is sound, and with another check character is not', () => {
    expect(isUnitCode('91350100M000100Y43')).toBe(true);
    expect(isUnitCode('91350100M000100Y4Z')).toBe(false);
    for (const last of '012456789ABCDEFGHJKLMNPQRTUWXYIOSV') expect(isUnitCode(`91350100M000100Y4${last}`)).toBe(false);
  });

  it.each(['', '91350100M000100Y4', '91350100M000100Y430', '91350100m000100Y43', '9135010OM000100Y43'])('"%s" is not one', (code) =>
    expect(isUnitCode(code)).toBe(false),
  );
});

describe('a bank card', () => {
  it('6228480402564890018 passes the Luhn check, and with one wrong digit does not', () => {
    expect(passesLuhn('6228480402564890018')).toBe(true);
    for (let i = 0; i < 19; i++) {
      const wrong = [...'6228480402564890018'];
      wrong[i] = String((Number(wrong[i]) + 1) % 10);
      expect(passesLuhn(wrong.join(''))).toBe(false);
    }
  });

  it('has 16 to 19 digits', () =>
    expect(['1'.repeat(15), '1'.repeat(16), '1'.repeat(19), '1'.repeat(20), '622848040256489001a'].map(isBankCardShape)).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]));
});

describe('a mask', () => {
  it('shows the first and last four of an identifier, and nothing of a short one', () => {
    expect(maskIdentifier('6228480402564890018')).toBe('6228***********0018');
    expect(maskIdentifier('12345678')).toBe('********');
  });

  it('shows the family name only, and hides that a name has one character', () =>
    expect(['张三', '欧阳明月', '张', ''].map(maskName)).toEqual(['张*', '欧***', '张*', '*']));
});
