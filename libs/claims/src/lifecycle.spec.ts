import { QUEUES } from '@app/contracts';
import { describe, expect, it } from '@jest/globals';
import { CLAIM_STATES, LIFECYCLE, canMove, type ClaimState } from './lifecycle.js';

const reachableFrom = (start: ClaimState): Set<ClaimState> => {
  const reached = new Set([start]);
  for (const state of reached) for (const next of LIFECYCLE[state].next) reached.add(next);
  return reached;
};
/** Where a claim can stay for ever. Settled and clawed-back may be reopened by the bank or by a cancel. */
const ENDS: readonly ClaimState[] = ['withdrawn', 'refused', 'declined', 'settled', 'clawed-back'];

describe('the life of a claim', () => {
  it('reaches every state from its acceptance', () => expect(reachableFrom('accepted')).toEqual(new Set(CLAIM_STATES)));

  it.each(CLAIM_STATES.filter((state) => !ENDS.includes(state)))('that is %s can be paid for good, and can end unpaid', (state) => {
    const reached = reachableFrom(state);
    expect(reached).toContain('settled');
    expect(['withdrawn', 'refused', 'declined'].some((end) => reached.has(end as ClaimState))).toBe(true);
  });

  it('ends at withdrawn, refused and declined; settled is reopened by a return or a cancel, clawed-back by money that came home', () => {
    expect(Object.fromEntries(ENDS.map((state) => [state, LIFECYCLE[state].next]))).toEqual({
      withdrawn: [],
      refused: [],
      declined: [],
      settled: ['returned', 'clawed-back'],
      'clawed-back': ['withdrawn'],
    });
  });

  it('never moves on the spot, nor from the bank’s hands to withdrawn without the bank’s word', () => {
    for (const state of CLAIM_STATES) expect(canMove(state, state)).toBe(false);
    for (const state of ['batched', 'sent', 'paid', 'settled'] as const) expect(canMove(state, 'withdrawn')).toBe(false);
  });

  it('is paid only after an approval, a batch and the bank’s word', () => {
    const into = (to: ClaimState) => CLAIM_STATES.filter((from) => canMove(from, to));
    expect({ batched: into('batched'), sent: into('sent'), paid: into('paid'), settled: into('settled') }).toEqual({
      batched: ['approved'],
      sent: ['batched'],
      paid: ['sent'],
      settled: ['paid'],
    });
  });

  it('wakes only queues that exist', () => {
    const woken = CLAIM_STATES.flatMap((state) => LIFECYCLE[state].wakes ?? []);
    expect(woken).toHaveLength(2);
    for (const { queue, command } of woken) {
      expect(QUEUES).toContain(queue);
      expect(command).toMatch(/^[a-z]+$/);
    }
  });
});
