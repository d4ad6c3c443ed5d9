import { describe, expect, it } from '@jest/globals';
import { batchCut, checkFault, type BatchCheck } from './batch.js';

describe('a batch', () => {
  it.each([
    ['2026-03-02T10:00:00+08:00', { on: '2026-03-02' }],
    ['2026-03-02T09:59:59.999+08:00', { notDue: 'before-cut-off' }],
    ['2026-03-02T16:59:59.999+08:00', { on: '2026-03-02' }],
    ['2026-03-02T17:00:00+08:00', { notDue: 'after-office-hours' }],
    ['2026-03-07T10:00:00+08:00', { notDue: 'not-a-working-day' }],
    ['2026-02-14T10:00:00+08:00', { on: '2026-02-14' }],
    ['2026-02-16T12:00:00+08:00', { notDue: 'not-a-working-day' }],
    ['2026-03-01T23:00:00Z', { notDue: 'before-cut-off' }],
  ])('at %s is %j', (now, expected) => expect(batchCut(new Date(now), { batchCut: '10:00', officeCloses: '17:00' })).toEqual(expected));

  const sound: BatchCheck = {
    state: 'made',
    madeBy: 'maker',
    actor: 'checker',
    digestSeen: 'd',
    digestMade: 'd',
    digestNow: 'd',
    cancelled: 0,
  };
  it.each<[string, Partial<BatchCheck>, ReturnType<typeof checkFault>]>([
    ['is released when another person saw what was made and what is there now', {}, undefined],
    ['is not released twice', { state: 'checked' }, 'already-decided'],
    ['is not released after it was rejected', { state: 'rejected' }, 'already-decided'],
    ['is not released by its maker', { actor: 'maker' }, 'same-person'],
    ['is not released by one who saw another batch', { digestSeen: 'e' }, 'digest-differs'],
    ['is not released when its rows have changed', { digestNow: 'e' }, 'digest-differs'],
    ['is not released when its rows have changed and the checker saw the change', { digestNow: 'e', digestSeen: 'e' }, 'digest-differs'],
    ['is not released with a cancelled claim in it', { cancelled: 1 }, 'claims-cancelled'],
  ])('%s', (_, change, fault) => expect(checkFault({ ...sound, ...change })).toBe(fault));
});
