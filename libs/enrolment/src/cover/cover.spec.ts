import { civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import {
  TRANSFER_STATES,
  coverStateOf,
  endFault,
  endOfProposal,
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
    ['2025-01-01', {}, undefined],
    ['2024-12-31', {}, 'end-day'],
    ['2025-06-10', {}, undefined],
    ['2025-06-11', {}, 'end-day'],
    ['2025-03-01', { transferredOn: day('2025-03-02') }, 'end-day'],
    ['2025-03-02', { transferredOn: day('2025-03-02') }, undefined],
    ['2025-03-02', { endedOn: day('2025-03-01') }, 'cover-ended'],
  ])('ends on %s with %j: %s', (on, change, fault) => expect(endFault({ ...cover, ...change }, day(on), TODAY)).toBe(fault));
});
