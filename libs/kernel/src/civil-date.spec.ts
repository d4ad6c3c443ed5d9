import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  addDays,
  chinaDate,
  chinaInstant,
  civilDate,
  dayOfWeek,
  daysBetween,
  daysFrom,
  parseChinaTimestamp,
  parseCivilDate,
} from './civil-date.js';

describe('a civil date', () => {
  it.each(['2026-02-28', '2024-02-29', '1999-12-31'])('%s exists', (text) => expect(parseCivilDate(text)).toBe(text));

  it.each(['2026-02-29', '2026-13-01', '2026-00-10', '2026-04-31', '2026-4-3', '20260403', '0000-01-01', ' 2026-04-03', ''])(
    '"%s" does not',
    (text) => {
      expect(parseCivilDate(text)).toBeUndefined();
      expect(() => civilDate(text)).toThrow('expected a date YYYY-MM-DD');
    },
  );

  it('is as many days away as were added to it', () => {
    const day = fc.integer({ min: 0, max: 36_500 }).map((n) => addDays(civilDate('1990-01-01'), n));
    fc.assert(
      fc.property(day, fc.integer({ min: -3_650, max: 3_650 }), (date, days) => {
        const other = addDays(date, days);
        expect(parseCivilDate(other)).toBe(other);
        expect(daysBetween(date, other)).toBe(days);
        expect(addDays(other, -days)).toBe(date);
        expect((((dayOfWeek(date) + days) % 7) + 7) % 7).toBe(dayOfWeek(other));
      }),
    );
    expect(dayOfWeek(civilDate('2026-02-12'))).toBe(4);
  });

  it('counts days as the calendar of the machine does', () =>
    fc.assert(
      fc.property(fc.integer({ min: -719_000, max: 2_900_000 }), (days) =>
        expect(daysBetween(civilDate('1970-01-01'), addDays(civilDate('1970-01-01'), days))).toBe(days),
      ),
    ));

  it('is listed with those after it, up to a day and a number of days', () => {
    const [from, until] = [civilDate('2026-02-27'), civilDate('2026-03-02')];
    expect(daysFrom(from, until, 9)).toEqual(['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02']);
    expect(daysFrom(from, until, 2)).toEqual(['2026-02-27', '2026-02-28']);
    expect(daysFrom(until, from, 9)).toEqual([]);
  });

  it('is the day in China: midnight there is 16:00 the day before in Greenwich', () => {
    expect(chinaInstant(civilDate('2026-01-01')).toISOString()).toBe('2025-12-31T16:00:00.000Z');
    expect(chinaDate(new Date('2025-12-31T15:59:59.999Z'))).toBe('2025-12-31');
    expect(chinaDate(new Date('2025-12-31T16:00:00Z'))).toBe('2026-01-01');
    expect(() => chinaInstant(civilDate('2026-01-01'), '25:00')).toThrow('expected a time HH:mm');
  });

  it('with a time of day is read as the medical-insurance platform writes it', () => {
    expect(parseChinaTimestamp('2026-02-12 08:30:05')).toEqual(new Date('2026-02-12T00:30:05Z'));
    for (const text of [
      '2026-02-12',
      '2026-02-12T08:30:05',
      '2026-02-12 24:00:00',
      '2026-02-12 08:60:00',
      '2026-02-30 08:30:05',
      '2026-02-12 08:30:05 ',
    ])
      expect(parseChinaTimestamp(text)).toBeUndefined();
  });
});
