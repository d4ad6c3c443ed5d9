import type { BankStatementLine } from '@app/contracts';
import { fen } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { CLAIM_STATES, canMove, type ClaimState } from '../lifecycle.js';
import { PAYMENT_STATES, type PaymentState } from '../payment/index.js';
import { CANCELLABLE, afterCancel, judgeLine, type CancelOutcome, type LineOutcome } from './reconciliation.js';

type Line = Pick<BankStatementLine, 'kind' | 'direction' | 'amountFen'>;
const out: Line = { kind: 'payment', direction: 'debit', amountFen: 100 };
const back: Line = { kind: 'return', direction: 'credit', amountFen: 100 };

describe('a line of the bank’s statement', () => {
  it.each<[PaymentState, LineOutcome, LineOutcome]>([
    ['prepared', 'open', 'open'],
    ['signed', 'open', 'open'],
    ['sending', 'payment-proved', 'open'],
    ['unknown', 'payment-proved', 'open'],
    ['accepted', 'payment-proved', 'open'],
    ['paid', 'payment-proved', 'payment-returned'],
    ['failed', 'open', 'open'],
    ['returned', 'payment-proved', 'open'],
  ])('about a payment that is %s: money out is %s, money back is %s', (state, paid, returned) => {
    expect(judgeLine(out, { state, amountFen: fen(100) })).toBe(paid);
    expect(judgeLine(back, { state, amountFen: fen(100) })).toBe(returned);
  });

  it('is left to a person when it is of another amount, of nothing of ours, or the wrong way round', () => {
    for (const state of PAYMENT_STATES) {
      const payment = { state, amountFen: fen(100) };
      const strange: Line[] = [
        { ...out, amountFen: 101 },
        { ...back, amountFen: 99 },
        { ...out, direction: 'credit' },
        { ...back, direction: 'debit' },
        { ...out, kind: 'credit' },
      ];
      for (const line of strange) expect(judgeLine(line, payment)).toBe('open');
    }
    expect([out, back].map((line) => judgeLine(line, undefined))).toEqual(['open', 'open']);
  });
});

describe('a cancel', () => {
  const outcomes: Record<ClaimState, CancelOutcome> = {
    accepted: 'withdraw',
    withdrawn: 'wait',
    adjudicated: 'withdraw',
    refused: 'wait',
    referred: 'withdraw',
    endorsed: 'withdraw',
    approved: 'withdraw',
    declined: 'wait',
    batched: 'wait',
    sent: 'wait',
    paid: 'wait',
    failed: 'withdraw',
    settled: 'claw-back',
    returned: 'withdraw',
    'clawed-back': 'wait',
  };
  it.each(CLAIM_STATES)('of a claim that is %s has its outcome, and the claim can move there', (state) => {
    expect(afterCancel(state)).toBe(outcomes[state]);
    if (outcomes[state] !== 'wait') expect(canMove(state, outcomes[state] === 'withdraw' ? 'withdrawn' : 'clawed-back')).toBe(true);
    expect(CANCELLABLE.includes(state)).toBe(outcomes[state] !== 'wait');
  });
});
