import { chinaInstant, civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { workingDaysOf, type PaidClaimTimes } from './settlement-report.js';

const at = (day: string, time = '09:00') => chinaInstant(civilDate(day), time);
/** Accepted on a Monday. */
const took = (settled: string, ...pauses: [string, string][]): PaidClaimTimes => ({
  acceptedAt: at('2026-03-02'),
  settledAt: at(settled, '20:00'),
  pauses: pauses.map(([from, to]) => ({ reason: 'waiting-for-member-account', from: at(from), to: at(to) })),
});

describe('the working days that claims took', () => {
  it('are nothing when nothing was paid', () =>
    expect(workingDaysOf([])).toEqual({ p50: null, p95: null, max: null, withinTwo: null, grossMax: null, unpublishedYears: [] }));

  it('are told by the nearest rank: half, nineteen in twenty, and the slowest', () => {
    const claims = ['2026-03-03', '2026-03-04', '2026-03-05', '2026-03-06'].map((day) => took(day));
    expect(workingDaysOf(claims)).toMatchObject({ p50: 2, p95: 4, max: 4, withinTwo: 0.5, grossMax: 4 });
    expect(workingDaysOf([took('2026-03-03')])).toMatchObject({ p50: 1, p95: 1, max: 1, withinTwo: 1 });
    const twenty = [...Array.from({ length: 19 }, () => took('2026-03-03')), took('2026-03-13')];
    expect(workingDaysOf(twenty)).toMatchObject({ p50: 1, p95: 1, max: 9, withinTwo: 0.95 });
  });

  it('are counted without the pauses, and the pauses are shown in the gross figure', () =>
    expect(workingDaysOf([took('2026-03-13', ['2026-03-03', '2026-03-12']), took('2026-03-03')])).toMatchObject({
      p50: 1,
      max: 2,
      withinTwo: 1,
      grossMax: 9,
    }));

  it('are sorted as numbers: ten is more than nine', () =>
    expect(workingDaysOf([took('2026-03-16'), took('2026-03-13'), took('2026-03-04')])).toMatchObject({ p50: 9, max: 10 }));

  it('name the years whose days off are not published', () =>
    expect(workingDaysOf([{ acceptedAt: at('2026-12-31'), settledAt: at('2027-01-04'), pauses: [] }]).unpublishedYears).toEqual([2027]));
});
