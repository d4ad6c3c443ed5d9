/** Resident personal numbers (GB 11643), unified social credit codes of units (GB 32100) and bank card numbers (ISO/IEC 7812, Luhn). */
import { isDay, parseCivilDate, type CivilDate } from './civil-date.js';

/** Half-width, without spaces and control characters, upper case: what people type into spreadsheets means the same number. */
export const normaliseIdentifier = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/[\s\u0000-\u001F\u007F\u200B\uFEFF]+/gu, '')
    .toUpperCase();

const PERSONAL_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const;
const PERSONAL_CHECKS = '10X98765432';
const PERSONAL_SHAPE = /^\d{17}[\dX]$/;

export type PersonalNumberFault = 'id-checksum' | 'id-birth-date';

/** undefined when `id` (normalised) is sound; `today` bounds the birth date. */
export function personalNumberFault(id: string, today: CivilDate): PersonalNumberFault | undefined {
  if (!PERSONAL_SHAPE.test(id)) return 'id-checksum';
  let sum = 0;
  for (let i = 0; i < 17; i++) sum += (id.charCodeAt(i) - 48) * PERSONAL_WEIGHTS[i]!;
  if (PERSONAL_CHECKS[sum % 11] !== id[17]) return 'id-checksum';
  // Compared as numbers: a roster has millions of them, and a text each would be most of the work.
  const [year, month, day] = [digits(id, 6, 10), digits(id, 10, 12), digits(id, 12, 14)];
  const before = digits(today, 0, 4) * 10_000 + digits(today, 5, 7) * 100 + digits(today, 8, 10);
  return isDay(year, month, day) && year * 10_000 + month * 100 + day < before ? undefined : 'id-birth-date';
}

export const birthDateOf = (id: string): CivilDate | undefined =>
  parseCivilDate(`${id.slice(6, 10)}-${id.slice(10, 12)}-${id.slice(12, 14)}`);

/** A sound personal number as an exact integer: region, day and serial; the check character follows from them. */
export const packPersonalNumber = (id: string): number =>
  ((digits(id, 0, 6) * 10_000 + digits(id, 6, 10)) * 372 + (digits(id, 10, 12) - 1) * 31 + digits(id, 12, 14) - 1) * 1000 +
  digits(id, 14, 17);

function digits(text: string, from: number, to: number): number {
  let number = 0;
  for (let i = from; i < to; i++) number = number * 10 + text.charCodeAt(i) - 48;
  return number;
}

const UNIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const UNIT_WEIGHTS = Array.from({ length: 17 }, (_, i) => 3 ** i % 31);

export function isUnitCode(code: string): boolean {
  if (code.length !== 18) return false;
  let sum = 0;
  for (let i = 0; i < 17; i++) {
    const value = UNIT_ALPHABET.indexOf(code[i]!);
    if (value < 0) return false;
    sum += value * UNIT_WEIGHTS[i]!;
  }
  return UNIT_ALPHABET[(31 - (sum % 31)) % 31] === code[17];
}

export const isBankCardShape = (number: string): boolean => /^\d{16,19}$/.test(number);

/** A warning only: some banks issue accounts that do not follow it. */
export function passesLuhn(number: string): boolean {
  let sum = 0;
  for (let i = 0; i < number.length; i++) {
    const digit = number.charCodeAt(number.length - 1 - i) - 48;
    const value = i % 2 === 1 ? digit * 2 : digit;
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

/** First four and last four stay; the rest is hidden. */
export const maskIdentifier = (text: string): string =>
  text.length <= 8 ? '*'.repeat(text.length) : `${text.slice(0, 4)}${'*'.repeat(text.length - 8)}${text.slice(-4)}`;

export const maskName = (name: string): string => `${[...name][0] ?? ''}${'*'.repeat(Math.max(1, [...name].length - 1))}`;
