import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addFen, divideRounded, fen, formatYuan, maxFen, minFen, parseYuan, ratio, subtractFen, sumFen, type Rounding } from './money.js';

describe('money', () => {
  it.each([
    ['0', 0],
    ['0.5', 50],
    ['12.50', 1_250],
    ['-12.50', -1_250],
    ['-0.00', 0],
    ['9999999999999.99', 999_999_999_999_999],
  ])('reads %s yuan as %d fen', (text, expected) => expect(parseYuan(text)).toBe(expected));

  it.each(['', '.5', '1.', '1.234', '+1', '1,000.00', '1e3', ' 1', '１', '--1', 'NaN', '99999999999999.00'])(
    'does not take "%s" for an amount',
    (text) => expect(parseYuan(text)).toBeUndefined(),
  );

  it('comes back from its own text, to the fen', () => {
    const amount = fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 });
    fc.assert(fc.property(amount, (value) => expect(parseYuan(formatYuan(fen(value)))).toBe(value)));
  });

  it('never holds a fraction of a fen nor more than it can count', () => {
    for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1])
      expect(() => fen(value)).toThrow('safe integer of fen');
    expect(() => addFen(fen(Number.MAX_SAFE_INTEGER), fen(1))).toThrow('safe integer of fen');
    expect(() => subtractFen(fen(-Number.MAX_SAFE_INTEGER), fen(1))).toThrow('safe integer of fen');
    expect(() => sumFen([fen(Number.MAX_SAFE_INTEGER), fen(1)])).toThrow('safe integer of fen');
  });

  it('is added, compared and summed exactly', () => {
    expect([
      addFen(fen(1), fen(2)),
      subtractFen(fen(1), fen(2)),
      minFen(fen(1), fen(2)),
      maxFen(fen(1), fen(2)),
      sumFen([fen(1), fen(2), fen(-4)]),
    ]).toEqual([3, -1, 1, 2, -1]);
    expect(sumFen([])).toBe(0);
  });

  it('rounds half a fen up, and otherwise as the call says', () => {
    expect((['half-up', 'down', 'up'] as const).map((rounding) => divideRounded(5, 10, rounding))).toEqual([1, 0, 1]);
    expect((['half-up', 'down', 'up'] as const).map((rounding) => divideRounded(4, 10, rounding))).toEqual([0, 0, 1]);
    expect((['half-up', 'down', 'up'] as const).map((rounding) => divideRounded(20, 10, rounding))).toEqual([2, 2, 2]);
  });

  it('is divided as integers of any length would be', () => {
    const exact = (dividend: number, divisor: number, rounding: Rounding): number => {
      const [a, b] = [BigInt(dividend), BigInt(divisor)];
      const added = { 'half-up': b, down: 0n, up: 2n * (b - 1n) }[rounding];
      return Number((2n * a + added) / (2n * b));
    };
    const natural = fc.maxSafeNat();
    fc.assert(
      fc.property(
        natural,
        natural.map((n) => n || 1),
        fc.constantFrom<Rounding>('half-up', 'down', 'up'),
        (dividend, divisor, rounding) => expect(divideRounded(dividend, divisor, rounding)).toBe(exact(dividend, divisor, rounding)),
      ),
    );
    expect(() => divideRounded(-1, 2, 'down')).toThrow('at least 0');
    expect(() => divideRounded(1, 0, 'down')).toThrow();
  });

  it('has rates that are ratios of integers', () => {
    expect(ratio(30, 100)).toEqual({ numerator: 30, denominator: 100 });
    for (const [numerator, denominator] of [
      [0.3, 1],
      [1, 0],
      [1, -1],
    ] as const)
      expect(() => ratio(numerator, denominator)).toThrow('a ratio needs integers');
  });
});
