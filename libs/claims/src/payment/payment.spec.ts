import type { BankReason, BankRowStatus } from '@app/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { planPayments } from './from-batch.js';
import { fen } from '@app/kernel';
import {
  PART_ROWS,
  PAYMENT_MOVES,
  PAYMENT_STATES,
  afterReport,
  endToEndId,
  grantReference,
  needsOtherAccount,
  nextQueryAt,
  partMessageId,
  type PaymentState,
} from './payment.js';

const reachableFrom = (start: PaymentState): Set<PaymentState> => {
  const reached = new Set([start]);
  for (const state of reached) for (const next of PAYMENT_MOVES[state]) reached.add(next);
  return reached;
};
const uuid = fc.uuid();

describe('a payment', () => {
  it('reaches every state once it is prepared, and from each of them an end', () => {
    expect(reachableFrom('prepared')).toEqual(new Set(PAYMENT_STATES));
    for (const state of PAYMENT_STATES) expect([...reachableFrom(state)].some((end) => PAYMENT_MOVES[end].length === 0)).toBe(true);
  });

  it('whose outcome is unknown has only the outcomes of a question, or the same message again', () => {
    expect(new Set(PAYMENT_MOVES.unknown)).toEqual(new Set([...PAYMENT_MOVES.accepted, 'accepted', 'sending']));
    expect(PAYMENT_STATES.filter((state) => PAYMENT_MOVES[state].includes('unknown'))).toEqual(['sending']);
  });

  it('that failed or came back stays so: the claim’s next attempt is another payment', () => {
    expect([PAYMENT_MOVES.failed, PAYMENT_MOVES.returned]).toEqual([[], []]);
    expect(PAYMENT_MOVES.paid).toEqual(['returned']);
  });

  it.each<[PaymentState, BankRowStatus, PaymentState | undefined]>([
    ['sending', 'ACSP', 'accepted'],
    ['sending', 'ACSC', 'paid'],
    ['sending', 'RJCT', 'failed'],
    ['sending', 'PDNG', undefined],
    ['unknown', 'ACSP', 'accepted'],
    ['unknown', 'ACSC', 'paid'],
    ['accepted', 'ACSP', undefined],
    ['accepted', 'ACSC', 'paid'],
    ['accepted', 'RJCT', 'failed'],
    ['paid', 'ACSC', undefined],
    ['paid', 'RJCT', undefined],
    ['failed', 'ACSC', undefined],
    ['returned', 'ACSC', undefined],
    ['prepared', 'ACSC', undefined],
    ['signed', 'RJCT', undefined],
  ])('that is %s and reported %s becomes %s', (state, status, to) => expect(afterReport(state, status)).toBe(to));

  it('refused for its account waits for another; refused for time or money does not', () => {
    const reasons: (BankReason | null)[] = ['AC01', 'AC04', 'AC06', 'BE01', 'AB05', 'AM04', 'AM05', null];
    expect(reasons.filter(needsOtherAccount)).toEqual(['AC01', 'AC04', 'AC06', 'BE01']);
  });

  it('is asked about after 5, 15, 30 and then every 60 minutes', () => {
    const now = new Date('2026-03-02T02:00:00Z');
    expect([0, 1, 2, 3, 4, 100].map((queries) => (nextQueryAt(now, queries).getTime() - now.getTime()) / 60_000)).toEqual([
      5, 15, 30, 60, 60, 60,
    ]);
  });
});

describe('the name of a payment', () => {
  const attempt = fc.integer({ min: 1, max: 32_767 });

  it('has 35 characters and is another for every claim and attempt', () => {
    fc.assert(
      fc.property(uuid, attempt, uuid, attempt, (claim, first, other, second) => {
        const id = endToEndId(claim, first);
        expect(id).toMatch(/^[0-9A-Z]{35}$/);
        expect(endToEndId(claim, first)).toBe(id);
        expect(endToEndId(other, second) === id).toBe(other === claim && second === first);
        if (first !== second) expect(endToEndId(claim, second)).not.toBe(id);
      }),
    );
    expect(() => endToEndId('0192f0c0-0000-7000-8000-000000000000', 36 ** 3)).toThrow('does not fit an EndToEndId');
  });

  it('of a message fits the bank’s 35 characters and is another for every part', () => {
    fc.assert(
      fc.property(uuid, fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 40_000 }), (batch, part, other) => {
        expect(partMessageId(batch, part)).toMatch(/^[0-9A-Z]{35}$/);
        expect(partMessageId(batch, part) === partMessageId(batch, other)).toBe(part === other);
      }),
    );
  });

  it('of a grant has at most 29 characters and is another for every batch', () => {
    fc.assert(
      fc.property(uuid, uuid, (batch, other) => {
        expect(grantReference(batch)).toMatch(/^G[0-9A-Z]{1,28}$/);
        expect(grantReference(batch) === grantReference(other)).toBe(batch === other);
      }),
    );
    expect(grantReference('ffffffff-ffff-ffff-ffff-ffffffffffff')).toHaveLength(26);
  });
});

describe('a checked batch', () => {
  const items = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      memberId: 'm',
      claimId: `00000000-0000-7000-8000-${String(i).padStart(12, '0')}`,
      attempt: 1,
      amountFen: fen(i + 1),
    }));

  it.each([
    [0, []],
    [1, [1]],
    [PART_ROWS, [PART_ROWS]],
    [PART_ROWS + 1, [PART_ROWS, 1]],
  ])('of %i claims is sent in messages of %p', (count, sizes) =>
    expect(planPayments(items(count)).map((part) => part.length)).toEqual(sizes),
  );

  it('has every claim in exactly one message, under its own name', () => {
    const planned = planPayments(items(2_500));
    expect(planned.map((part) => new Set(part.map((payment) => payment.part)))).toEqual([new Set([1]), new Set([2]), new Set([3])]);
    expect(planned.flat().map(({ part: _, endToEndId: __, ...item }) => item)).toEqual(items(2_500));
    expect(new Set(planned.flat().map((payment) => payment.endToEndId)).size).toBe(2_500);
  });
});
