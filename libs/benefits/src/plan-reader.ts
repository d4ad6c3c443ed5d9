/**
 * Strict reading of plan data: every value is taken from a known place in a known form, or refused with file, path, what was expected,
 * what was found and what to do. Nothing is ever defaulted.
 */
import { DomainError, parseCivilDate, parseYuan, type CivilDate, type Fen } from '@app/kernel';

/** A value and where it stands: `path` is dotted, list items by index ("medical.bands.0.rate"). */
export interface Place {
  readonly file: string;
  readonly path: string;
  readonly value: unknown;
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Throws DomainError `plan-invalid`; plans are published rules, so nothing in them is personal data. */
export function refuse(at: Place, expected: string, remedy: string, found = describe(at.value)): never {
  const path = at.path === '' ? '(root)' : at.path;
  throw new DomainError('plan-invalid', 'invalid', `${at.file}: ${path}: expected ${expected}, found ${found}; ${remedy}`, {
    file: at.file,
    path,
    expected,
    found,
    remedy,
  });
}

export const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const below = (at: Place, key: string | number, value: unknown): Place => ({
  file: at.file,
  path: at.path === '' ? String(key) : `${at.path}.${key}`,
  value,
});

/** The places of a mapping's keys; all of `required` and nothing outside `required` and `optional`. */
export function mapping<R extends string, O extends string = never>(
  at: Place,
  required: readonly R[],
  optional: readonly O[] = [],
): Record<R, Place> & Partial<Record<O, Place>> {
  if (!isMapping(at.value)) refuse(at, `a mapping with ${required.join(', ')}`, 'write it as "key: value" lines');
  const known: readonly string[] = [...required, ...optional];
  for (const key of Object.keys(at.value)) {
    if (!known.includes(key)) {
      refuse(
        below(at, key, at.value[key]),
        `one of the keys ${known.join(', ')}`,
        'remove the key or correct its spelling',
        `the key "${key}"`,
      );
    }
  }
  const places: Partial<Record<string, Place>> = {};
  for (const key of known) if (key in at.value) places[key] = below(at, key, at.value[key]);
  for (const key of required) if (!places[key]) refuse(below(at, key, undefined), 'a value', `add the key "${key}"`);
  return places as Record<R, Place> & Partial<Record<O, Place>>;
}

/** The places of the keys of a mapping whose keys are free names. */
export function entries(at: Place): ReadonlyMap<string, Place> {
  if (!isMapping(at.value)) refuse(at, 'a mapping', 'write it as "name: …" lines');
  return new Map(Object.entries(at.value).map(([key, value]) => [key, below(at, key, value)]));
}

export function list(at: Place): readonly Place[] {
  if (!Array.isArray(at.value) || at.value.length === 0) refuse(at, 'a list of at least one item', 'write it as "- item" lines');
  return at.value.map((item: unknown, index) => below(at, index, item));
}

export function text(at: Place): string {
  if (typeof at.value !== 'string' || at.value.trim() === '')
    refuse(at, 'a text', 'write a text that is not empty, in quotes where it looks like a number');
  return at.value;
}

export function integer(at: Place, min: number): number {
  if (typeof at.value !== 'number' || !Number.isSafeInteger(at.value) || at.value < min) {
    refuse(at, `a whole number of at least ${min}`, 'write the number without quotes');
  }
  return at.value;
}

export function date(at: Place): CivilDate {
  const day = typeof at.value === 'string' ? parseCivilDate(at.value) : undefined;
  return day ?? refuse(at, 'a date that exists, YYYY-MM-DD', 'correct the date');
}

/** Fen, not negative. */
export function yuan(at: Place): Fen {
  const amount = typeof at.value === 'string' ? parseYuan(at.value) : undefined;
  if (amount === undefined || amount < 0) {
    refuse(
      at,
      "yuan as a decimal string of at most two places, such as '1000.00'",
      'write the amount in quotes, without sign or separators',
    );
  }
  return amount;
}

/** Basis points (1/100 of a percent), 0 to 10,000. */
export function percent(at: Place): number {
  const match = typeof at.value === 'string' ? /^(\d{1,3})(?:\.(\d{1,2}))?%$/.exec(at.value) : null;
  const basisPoints = match ? Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0')) : Number.POSITIVE_INFINITY;
  if (basisPoints > 10_000) refuse(at, "a percentage from 0% to 100% with at most two places, such as '62.5%'", 'correct the rate');
  return basisPoints;
}

/** One of the words this version of the plan language understands. */
export const oneOf =
  <T extends string>(...words: readonly T[]) =>
  (at: Place): T =>
    words.find((word) => word === at.value) ?? refuse(at, `one of ${words.join(', ')}`, 'choose a word that the calculator implements');
