import { describe, expect, it } from '@jest/globals';
import { SeenPeople } from './seen-people.js';

const number = (serial: number): string =>
  `45999919${String(50 + (serial % 40))}0${1 + (serial % 9)}1${serial % 9}${String(Math.trunc(serial / 40) % 1000).padStart(3, '0')}0`;

describe('the people seen', () => {
  it('are those added, however many', () => {
    const [added, others] = [new Set<string>(), new Set<string>()];
    for (let serial = 0; serial < 40_000; serial++) (serial % 2 === 0 ? added : others).add(number(serial));
    const seen = new SeenPeople();
    for (const one of added) seen.add(one);
    for (const one of added) expect(seen.has(one)).toBe(true);
    for (const other of others) expect(seen.has(other)).toBe(added.has(other));
  });
});
