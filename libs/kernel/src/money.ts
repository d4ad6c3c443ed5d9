/**
 * Money is an integer number of fen (1 yuan = 100 fen), held in a branded `number` that is checked to stay a safe integer
 * (90 trillion yuan). Rates are exact ratios of integers; rounding is named at each call.
 */
import { assert } from './assert.js';

declare const fenBrand: unique symbol;
export type Fen = number & { readonly [fenBrand]: 'fen' };

export interface Ratio {
  readonly numerator: number;
  readonly denominator: number;
}

export type Rounding = 'half-up' | 'down' | 'up';

export const ZERO_FEN = 0 as Fen;

/** Throws on anything but a safe integer: a fraction of a fen is a bug of the caller. */
export function fen(value: number): Fen {
  assert(Number.isSafeInteger(value), `money must be a safe integer of fen, found ${value}`);
  return value as Fen;
}

export const addFen = (a: Fen, b: Fen): Fen => fen(a + b);
export const subtractFen = (a: Fen, b: Fen): Fen => fen(a - b);
export const minFen = (a: Fen, b: Fen): Fen => (a < b ? a : b);
export const maxFen = (a: Fen, b: Fen): Fen => (a > b ? a : b);
export const sumFen = (values: Iterable<Fen>): Fen => {
  let sum = 0;
  for (const value of values) sum += value;
  return fen(sum);
};

export function ratio(numerator: number, denominator: number): Ratio {
  assert(
    Number.isSafeInteger(numerator) && Number.isSafeInteger(denominator) && denominator > 0,
    'a ratio needs integers and a positive denominator',
  );
  return { numerator, denominator };
}

/** `dividend / divisor` rounded to an integer; both in the caller's unit, `dividend` not negative. */
export function divideRounded(dividend: number, divisor: number, rounding: Rounding): number {
  assert(Number.isSafeInteger(dividend) && dividend >= 0 && divisor > 0, 'divideRounded needs a safe dividend of at least 0');
  const remainder = dividend % divisor;
  const quotient = (dividend - remainder) / divisor;
  if (remainder === 0 || rounding === 'down') return quotient;
  if (rounding === 'up') return quotient + 1;
  return remainder * 2 >= divisor ? quotient + 1 : quotient;
}

const YUAN = /^(-?)(\d{1,13})(?:\.(\d{1,2}))?$/;

/** Yuan as a decimal string of at most two places, as the outside parties send it ("-12.50"), to fen; undefined when it is not one. */
export function parseYuan(text: string): Fen | undefined {
  const match = YUAN.exec(text);
  if (!match) return undefined;
  const value = Number(match[2]) * 100 + Number((match[3] ?? '').padEnd(2, '0'));
  return fen(match[1] === '-' && value !== 0 ? -value : value);
}

/** Fen to yuan with two places ("-12.50"). */
export function formatYuan(amount: Fen): string {
  const digits = String(Math.abs(amount)).padStart(3, '0');
  return `${amount < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
