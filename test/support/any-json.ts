/** Any JSON that somebody may send, and often what breaks a program that turns it into text, looks it up or goes through it unread. */
import fc from 'fast-check';

const HOSTILE = [
  { toString: false },
  { valueOf: null, toString: null },
  { length: -1 },
  ['1'],
  [null],
  [[]],
  '__proto__',
  'constructor',
  'toString',
  '\u0000',
  '\ud800',
  '1e400',
  -0,
  1e308,
] as const;

export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 2, arbitrary: fc.jsonValue() },
  { weight: 1, arbitrary: fc.constantFrom<unknown[]>(...HOSTILE, JSON.parse('{"__proto__":{"a":1}}')) },
);
