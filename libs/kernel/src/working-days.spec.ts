import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addDays, chinaInstant, civilDate } from './civil-date.js';
import { addWorkingDays, dayKind, elapsedWorkingDays, isPublished, isWorkingDay, workingDaysBetween, type Pause } from './working-days.js';

const at = (day: string, time = '09:00') => chinaInstant(civilDate(day), time);
const pause = (from: string, to: string): Pause => ({ reason: 'waiting', from: at(from), to: at(to) });

describe('two working days', () => {
  it.each([
    ['Thursday before the Spring Festival, the Saturday being worked', '2026-02-12', '2026-02-14'],
    ['Friday before it', '2026-02-13', '2026-02-24'],
    ['worked Saturday itself', '2026-02-14', '2026-02-25'],
    ['eve of the National Day', '2026-09-30', '2026-10-09'],
    ['Friday before a worked Saturday', '2026-10-09', '2026-10-12'],
    ['day inside the holiday', '2026-10-03', '2026-10-09'],
  ])('after the %s, %s, end on %s', (_, start, end) => {
    expect(addWorkingDays(civilDate(start), 2)).toEqual({ value: end, unpublishedYears: [] });
    expect(workingDaysBetween(civilDate(start), civilDate(end))).toEqual({ value: 2, unpublishedYears: [] });
  });

  it('that reach into a year whose days off are not published are flagged, not asserted', () => {
    expect(addWorkingDays(civilDate('2026-12-30'), 2).unpublishedYears).toEqual([2027]);
    expect(workingDaysBetween(civilDate('2026-12-30'), civilDate('2027-01-04')).unpublishedYears).toEqual([2027]);
    expect(addWorkingDays(civilDate('2026-12-30'), 1)).toEqual({ value: '2026-12-31', unpublishedYears: [] });
    expect([isPublished(civilDate('2026-12-31')), isPublished(civilDate('2027-01-01'))]).toEqual([true, false]);
  });
});

describe('a working day', () => {
  it.each([
    ['2026-02-14', 'working'],
    ['2026-02-15', 'off'],
    ['2026-02-23', 'off'],
    ['2026-02-24', 'working'],
    ['2026-01-04', 'working'],
    ['2025-01-26', 'working'],
    ['2025-10-08', 'off'],
    ['2024-10-12', 'working'],
    ['2026-03-07', 'off'],
    ['2026-03-09', 'working'],
  ] as const)('%s is %s', (day, kind) => expect(dayKind(civilDate(day))).toBe(kind));

  it('is what adding and counting agree on', () => {
    const day = fc.integer({ min: 0, max: 1_050 }).map((n) => addDays(civilDate('2024-01-01'), n));
    fc.assert(
      fc.property(day, fc.integer({ min: 1, max: 15 }), (start, count) => {
        const { value: end } = addWorkingDays(start, count);
        expect(isWorkingDay(end)).toBe(true);
        expect(workingDaysBetween(start, end).value).toBe(count);
      }),
    );
    expect(workingDaysBetween(civilDate('2026-03-09'), civilDate('2026-03-02'))).toEqual({ value: 0, unpublishedYears: [] });
  });
});

describe('the time from acceptance to the money', () => {
  it('counts the day after acceptance as the first, whatever the hours', () => {
    expect(elapsedWorkingDays(at('2026-03-06', '23:59'), at('2026-03-09', '00:01'), [])).toEqual({
      total: 1,
      net: 1,
      unpublishedYears: [],
    });
    expect(elapsedWorkingDays(at('2026-03-09', '00:00'), at('2026-03-09', '23:59'), []).total).toBe(0);
  });

  it('leaves the working days of a pause out of the net and in the total', () => {
    expect(elapsedWorkingDays(at('2026-03-02'), at('2026-03-13'), [pause('2026-03-03', '2026-03-09')])).toMatchObject({ total: 9, net: 5 });
  });

  it('counts a day of two pauses once, and of a pause only what lies within', () => {
    const pauses = [
      pause('2026-03-03', '2026-03-05'),
      pause('2026-03-04', '2026-03-06'),
      pause('2026-02-24', '2026-03-02'),
      pause('2026-03-12', '2026-04-30'),
    ];
    expect(elapsedWorkingDays(at('2026-03-02'), at('2026-03-13'), pauses)).toMatchObject({ total: 9, net: 5 });
    expect(elapsedWorkingDays(at('2026-03-02'), at('2026-03-13'), [pause('2026-03-06', '2026-03-08')]).net).toBe(9);
  });

  it('is never less than nothing, whatever the pauses', () => {
    const day = fc.integer({ min: 0, max: 120 }).map((n) => chinaInstant(addDays(civilDate('2026-01-01'), n)));
    const pauses = fc.array(
      fc.tuple(day, day).map(([from, to]) => ({ reason: 'waiting', from, to })),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(day, day, pauses, (start, end, paused) => {
        const { total, net } = elapsedWorkingDays(start, end, paused);
        expect(net).toBeGreaterThanOrEqual(0);
        expect(net).toBeLessThanOrEqual(total);
      }),
    );
  });
});
