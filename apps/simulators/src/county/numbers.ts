/** Sound identifiers of people, units and cards in a county that does not exist (area 4599); written apart from the engine's checks. */
import type { Random } from './random.js';

const PERSON_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const UNIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
export const COUNTY_CODE = '459999';

/** GB 11643; `body` is the first 17 digits. */
export const personCheck = (body: string): string =>
  '10X98765432'[PERSON_WEIGHTS.reduce((sum, weight, index) => sum + weight * Number(body[index]), 0) % 11]!;

export const isPersonNumber = (text: string): boolean => /^\d{17}[\dX]$/.test(text) && personCheck(text) === text[17];

/** `birth` is YYYYMMDD and need not exist. */
export function personNumber(random: Random, birth = birthDay(random)): string {
  const body = `4599${String(random.integer(1, 30)).padStart(2, '0')}${birth}${random.digits(3)}`;
  return body + personCheck(body);
}

const birthDay = (random: Random): string =>
  new Date(Date.UTC(random.integer(1960, 2004), 0, random.integer(1, 365))).toISOString().slice(0, 10).replaceAll('-', '');

/** GB 32100; the unit's number makes the organisation part. */
export function unitCode(number: number): string {
  const body = `81${COUNTY_CODE}MA${String(number).padStart(7, '0')}`;
  let [sum, weight] = [0, 1];
  for (const character of body) {
    sum += UNIT_ALPHABET.indexOf(character) * weight;
    weight = (weight * 3) % 31;
  }
  return body + UNIT_ALPHABET[(31 - (sum % 31)) % 31]!;
}

function luhnSum(number: string): number {
  let sum = 0;
  for (let i = 0; i < number.length; i++) {
    const value = Number(number[number.length - 1 - i]) * (i % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum;
}

/** Endings at which the bank simulator does something of its own; see the README. */
export const BANK_ENDINGS = ['0002', '0010', '0028', '0036', '0044'] as const;

/** A card that ends in `ending`, or in none of the bank's endings. */
export function bankCard(random: Random, ending?: string): string {
  const length = random.chance(0.9) ? 19 : random.integer(16, 18);
  for (;;) {
    const tail = ending ?? random.digits(4);
    if (ending === undefined && BANK_ENDINGS.some((known) => known === tail)) continue;
    const head = `620000${random.digits(length - 11)}`;
    // One digit before the ending is free, so that the sum of the whole comes out right (ISO/IEC 7812).
    const free = '0123456789'.split('').find((digit) => luhnSum(head + digit + tail) % 10 === 0);
    if (free) return head + free + tail;
  }
}
