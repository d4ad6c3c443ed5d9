import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  REFUND_MOVES,
  REFUND_STATES,
  UNDER_WAY,
  afterReport,
  nextQueryAt,
  refundEndToEndId,
  refundMessageId,
  type RefundState,
} from './refund.js';

describe('a refund', () => {
  it('reaches every state once it is proposed, and from each of them an end', () => {
    const reachable = (start: RefundState) => {
      const reached = new Set([start]);
      for (const state of reached) for (const next of REFUND_MOVES[state]) reached.add(next);
      return reached;
    };
    expect(reachable('proposed')).toEqual(new Set(REFUND_STATES));
    for (const state of REFUND_STATES) expect([...reachable(state)].some((end) => REFUND_MOVES[end].length === 0)).toBe(true);
  });

  it('goes to the bank only signed, or again when the bank never had it', () =>
    expect(REFUND_STATES.filter((state) => REFUND_MOVES[state].includes('sending'))).toEqual(['signed', 'unknown']));

  it('that is over holds no money any more, whatever the bank says later', () => {
    for (const state of REFUND_STATES.filter((each) => !UNDER_WAY.includes(each)))
      for (const status of ['ACSP', 'ACSC', 'RJCT', 'PDNG'] as const) expect(afterReport(state, status)).toBeUndefined();
    expect(afterReport('unknown', 'ACSC')).toBe('paid');
    expect(afterReport('accepted', 'RJCT')).toBe('failed');
  });

  it('has names of its own that fit the bank', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (id, other) => {
        for (const name of [refundMessageId, refundEndToEndId]) {
          expect(name(id)).toMatch(/^R[MF][0-9A-F]{32}$/);
          expect(name(id) === name(other)).toBe(id === other);
        }
      }),
    );
  });

  it('is asked about after 5, 15, 30 and then every 60 minutes', () => {
    const now = new Date('2026-03-02T02:00:00Z');
    expect([0, 1, 2, 3, 9].map((queries) => (nextQueryAt(now, queries).getTime() - now.getTime()) / 60_000)).toEqual([5, 15, 30, 60, 60]);
  });
});
