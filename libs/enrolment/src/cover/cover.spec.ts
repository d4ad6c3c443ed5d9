import { civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import {
  TRANSFER_STATES,
  coverStateOf,
  daysAfterEnd,
  endFault,
  endOfProposal,
  endingTogether,
  sidesOf,
  transferFault,
  type DatedCover,
  type TransferState,
} from './cover.js';

const day = civilDate;
const cover: DatedCover = {
  coverFrom: day('2025-01-01'),
  coverTo: day('2025-12-31'),
  enrolledOn: day('2024-10-05'),
  endedOn: null,
  transferredOn: null,
};
const TODAY = day('2025-06-10');

describe('a proposed transfer', () => {
  it('reaches every state from its first, and every state but that is an end', () => {
    const reached = new Set<TransferState>(['proposed']);
    for (const state of reached) for (const next of TRANSFER_STATES[state]) reached.add(next);
    expect([...reached].sort()).toEqual(Object.keys(TRANSFER_STATES).sort());
    expect(Object.entries(TRANSFER_STATES).filter(([, next]) => next.length > 0)).toEqual([['proposed', expect.anything()]]);
  });

  it('is of the sides whose units lie under the user, and dropped by a side in its own way', () => {
    expect(sidesOf('/45/', '/45/1/A/', '/45/2/B/')).toEqual(['from', 'to']);
    expect(sidesOf('/45/2/', '/45/1/A/', '/45/2/B/')).toEqual(['to']);
    expect(sidesOf('/45/3/', '/45/1/A/', '/45/2/B/')).toEqual([]);
    expect([endOfProposal('from', ['from']), endOfProposal('from', ['to'])]).toEqual(['withdrawn', 'declined']);
  });
});

describe('a cover', () => {
  it.each([
    ['2024-12-31', null, 'not-started'],
    ['2025-01-01', null, 'in-force'],
    ['2025-12-31', null, 'in-force'],
    ['2026-01-01', null, 'over'],
    ['2025-06-30', '2025-06-30', 'in-force'],
    ['2025-07-01', '2025-06-30', 'ended'],
    ['2026-01-01', '2025-06-30', 'ended'],
    ['2024-12-20', '2024-12-19', 'ended'],
    ['2024-12-19', '2024-12-19', 'ended'],
    ['2025-06-10', '2024-12-19', 'ended'],
  ])('is on %s, ended on %s, %s', (today, endedOn, state) =>
    expect(coverStateOf({ ...cover, endedOn: endedOn === null ? null : day(endedOn) }, day(today))).toBe(state),
  );

  it.each([
    ['2025-06-10', {}, undefined],
    ['2024-10-05', {}, undefined],
    ['2024-10-04', {}, 'transfer-day'],
    ['2025-06-11', {}, 'transfer-day'],
    ['2025-03-01', { transferredOn: day('2025-03-01') }, 'transfer-not-later'],
    ['2025-03-02', { transferredOn: day('2025-03-01') }, undefined],
    ['2025-06-10', { endedOn: day('2025-05-01') }, 'cover-ended'],
  ])('moves to another unit on %s with %j: %s', (on, change, fault) =>
    expect(transferFault({ ...cover, ...change }, day(on), TODAY)).toBe(fault),
  );

  it('of a period that is over does not move after its end', () =>
    expect(transferFault(cover, day('2026-01-01'), day('2026-02-01'))).toBe('transfer-day'));

  it.each([
    ['left', '2025-01-01', {}, undefined],
    ['left', '2024-12-31', {}, 'end-day'],
    ['left', '2025-06-10', {}, undefined],
    ['left', '2025-06-11', {}, 'end-day'],
    ['left', '2025-03-01', { transferredOn: day('2025-03-02') }, 'end-day'],
    ['left', '2025-03-02', { transferredOn: day('2025-03-02') }, undefined],
    ['left', '2025-03-02', { endedOn: day('2025-03-01') }, 'cover-ended'],
    ['death', '2024-12-31', {}, undefined],
    ['death', '2024-10-04', {}, undefined],
    ['death', '1980-01-10', {}, undefined],
    ['death', '1980-01-09', {}, 'end-day'],
    ['death', '2025-06-11', {}, 'end-day'],
    ['death', '2025-03-01', { transferredOn: day('2025-03-02') }, undefined],
    ['death', '2025-06-02', { coverTo: day('2025-06-01') }, 'end-day'],
    ['death', '2025-03-02', { endedOn: day('2025-03-01') }, 'cover-ended'],
  ] as const)('ends by %s on %s with %j: %s', (reason, on, change, fault) =>
    expect(endFault({ ...cover, ...change }, { reason, on: day(on) }, day('1980-01-10'), TODAY)).toBe(fault),
  );

  it('of somebody whose birth is not known ends by a death on whatever day', () =>
    expect(endFault(cover, { reason: 'death', on: day('1970-01-01') }, undefined, TODAY)).toBeUndefined());

  it('takes with it what adds to it and what adds to that, of its own days; by a death everything', () => {
    const base = { ...cover, planLine: 'base', baseLine: null };
    const addOn = { ...cover, planLine: 'add-on', baseLine: 'base' };
    const further = { ...cover, planLine: 'further', baseLine: 'add-on', coverFrom: day('2025-07-01') };
    const later = { ...addOn, coverFrom: day('2026-01-01'), coverTo: day('2026-12-31') };
    const others = [later, further, { ...base, planLine: 'other' }, addOn];
    expect(endingTogether(base, 'left', others)).toEqual([base, addOn, further]);
    expect(endingTogether(addOn, 'left', [later, further, base])).toEqual([addOn, further]);
    expect(endingTogether(addOn, 'death', others)).toEqual([addOn, ...others]);
  });

  it('that ended gives up the days after the end, of its own only', () => {
    expect(daysAfterEnd(cover, day('2025-06-05'))).toEqual({ after: '2025-06-05', until: '2025-12-31' });
    expect(daysAfterEnd(cover, day('2024-12-19'))).toEqual({ after: '2024-12-31', until: '2025-12-31' });
  });
});
