import { fen, type Fen } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { daysDue, match, noticeReference, referenceIn, statementGap } from './contribution.js';

const REFERENCE = noticeReference('0197a3c2-0000-7000-8000-0000deadbeef', '91350100M000100Y43', 1);
const notice = (amountFen: number, receivedFen = 0, reference = REFERENCE) => ({
  id: `id of ${reference}`,
  reference,
  amountFen: fen(amountFen),
  receivedFen: fen(receivedFen),
});
const credit = (amountFen: number, reference = REFERENCE, bankReference = `b${amountFen}`) => ({
  bankReference,
  amountFen: fen(amountFen),
  reference,
});

describe('a payment notice', () => {
  it('has a reference that fits the bank and is found in what a payer types', () => {
    expect(REFERENCE).toBe('CBDEADBEEF91350100M000100Y4301');
    expect(REFERENCE.length).toBeLessThanOrEqual(35);
    expect(referenceIn(`互助金：${REFERENCE.toLowerCase().replace('cb', 'ＣＢ ')}，谢谢`)).toBe(REFERENCE);
    expect(referenceIn('互助金')).toBeUndefined();
  });
});

describe('a credit', () => {
  it('of the exact amount pays its notice', () => {
    expect(match([credit(100)], [notice(100)])).toEqual({
      matches: [{ bankReference: 'b100', noticeId: notice(1).id, matchedFen: 100, suspenseFen: 0 }],
      notices: [notice(100, 100)],
    });
  });

  it('in parts is added up, and what is too much goes to suspense', () => {
    const { matches, notices } = match([credit(60), credit(50)], [notice(100)]);
    expect(matches.map(({ matchedFen, suspenseFen }) => [matchedFen, suspenseFen])).toEqual([
      [60, 0],
      [40, 10],
    ]);
    expect(notices).toEqual([notice(100, 100)]);
  });

  it('for nothing known, or for what is paid already, goes to suspense whole', () => {
    const { matches, notices } = match([credit(60, 'x'), credit(50)], [notice(100, 100)]);
    expect(matches.map(({ matchedFen, suspenseFen }) => [matchedFen, suspenseFen])).toEqual([
      [0, 60],
      [0, 50],
    ]);
    expect(notices).toEqual([]);
  });

  it('never gains or loses a fen', () => {
    const amounts = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 1, max: 2_000_000 }), (credits, due) => {
        const { matches, notices } = match(
          credits.map((amount, i) => credit(amount, REFERENCE, `b${i}`)),
          [notice(due)],
        );
        const sum = (values: readonly Fen[]) => values.reduce<number>((total, value) => total + value, 0);
        matches.forEach((one, i) => expect(one.matchedFen + one.suspenseFen).toBe(credits[i]));
        expect(sum(matches.map((one) => one.matchedFen))).toBe(notices[0]?.receivedFen ?? 0);
        expect(notices[0]?.receivedFen ?? 0).toBe(
          Math.min(
            due,
            credits.reduce((a, b) => a + b, 0),
          ),
        );
      }),
    );
  });
});

describe('the statement of a day', () => {
  it('is due from its hour on, oldest first, until 30 days after the last window', () => {
    const windows = { opensAt: new Date('2026-09-01T00:00:00+08:00'), closesAt: new Date('2026-09-03T00:00:00+08:00') };
    const at = (instant: string, stored: string[] = []) => daysDue(windows, new Set(stored), new Date(instant), '20:00');
    expect(at('2026-09-01T19:59:59+08:00')).toEqual([]);
    expect(at('2026-09-03T20:00:00+08:00')).toEqual(['2026-09-01', '2026-09-02', '2026-09-03']);
    expect(at('2026-09-03T20:00:00+08:00', ['2026-09-01', '2026-09-03'])).toEqual(['2026-09-02']);
    expect(at('2027-09-03T20:00:00+08:00').at(-1)).toBe('2026-10-03');
    expect(daysDue(undefined, new Set(), new Date('2026-09-03T20:00:00+08:00'), '20:00')).toEqual([]);
  });

  it('that does not add up shows the gap', () => {
    const line = { bankReference: '1', amountFen: 100, reference: '', counterpartyName: '' };
    const lines = [
      { ...line, direction: 'credit' as const, kind: 'credit' as const },
      { ...line, direction: 'debit' as const, kind: 'payment' as const, amountFen: 30 },
    ];
    expect(statementGap({ openingFen: 5, closingFen: 75, lines })).toBe(0);
    expect(statementGap({ openingFen: 5, closingFen: 76, lines })).toBe(1);
  });
});
