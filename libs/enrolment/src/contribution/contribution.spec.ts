import { phoneSettlementReference } from '@app/contracts';
import { civilDate, fen, type Fen } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { daysDue, isPhoneSettlement, noticeReference, noticeShares, referencesIn, splitReceived, statementGap } from './contribution.js';

const STEM = 'CBDEADBEEF91350100M000100Y43';
const REFERENCE = noticeReference('0197a3c2-0000-7000-8000-0000deadbeef', '91350100M000100Y43', 1);

describe('a payment notice', () => {
  it('has a reference that fits the bank and is found in what a payer types', () => {
    expect(REFERENCE).toBe(`${STEM}01`);
    expect(REFERENCE.length).toBeLessThanOrEqual(35);
    expect(referencesIn(`互助金：${REFERENCE.toLowerCase().replace('cb', 'ＣＢ ')}，谢谢`)).toEqual([REFERENCE]);
    expect(referencesIn('互助金')).toEqual([]);
  });

  it.each([
    [`${STEM}01-03`, ['01', '02', '03']],
    [`${STEM}01－04`, ['01', '02', '03', '04']],
    [`${STEM}02至03`, ['02', '03']],
    [`${STEM}01、03`, ['01', '03']],
    [`${STEM}01，02-04`, ['01', '02', '03', '04']],
    [`${STEM}03-01`, ['01', '03']],
    [`${STEM}01-999`, ['01', '999']],
    [`${STEM}01 ${STEM}02`, ['01', '02']],
    [`${STEM}01 2026-09-01`, ['01']],
    [`${STEM}11 2026`, []],
    [`${STEM}99-101`, ['100', '101', '99']],
  ])('named as %s is understood as these', (text, numbers) =>
    expect(referencesIn(text)).toEqual(numbers.map((number) => `${STEM}${number}`).sort()),
  );

  it('asks for the shares of members and unit; for who joined alone only the unit’s, and the special fund pays its own', () => {
    const shares = { memberFen: fen(6_000), unitFen: fen(3_000), fundFen: fen(1_000) };
    expect(noticeShares(shares, 3, 2)).toEqual({ memberFen: 18_000, unitFen: 15_000, fundFen: 5_000 });
  });

  it('paid in whatever parts comes to the shares it asked for', () => {
    const parts = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(parts, fc.nat(1_200_000), (amounts, asked) => {
        const memberFen = fen(
          Math.min(
            asked,
            amounts.reduce((a, b) => a + b, 0),
          ),
        );
        let [received, members, units] = [0, 0, 0];
        for (const amount of amounts) {
          const split = splitReceived(memberFen, fen(received), fen(amount));
          expect(split.memberFen).toBeGreaterThanOrEqual(0);
          expect(split.unitFen).toBeGreaterThanOrEqual(0);
          expect(split.memberFen + split.unitFen).toBe(amount);
          [received, members, units] = [received + amount, members + split.memberFen, units + split.unitFen];
        }
        expect({ members, units }).toEqual({ members: memberFen, units: received - memberFen });
      }),
    );
  });
});

describe('money from the phone-pay institution', () => {
  const on = civilDate('2025-09-01');
  it('is known by its payer and its reference together', () => {
    expect(phoneSettlementReference(on)).toBe('PHONE20250901');
    expect(isPhoneSettlement(phoneSettlementReference(on), '微信支付')).toBe(true);
    expect(isPhoneSettlement(phoneSettlementReference(on), '某单位')).toBe(false);
    expect(isPhoneSettlement('互助金', '微信支付')).toBe(false);
  });
});

describe('the statement of a day', () => {
  it('is due from its hour on, oldest first, from the first opening of a window on, however long ago that was', () => {
    const opensAt = new Date('2026-09-01T00:00:00+08:00');
    const at = (instant: string, stored: string[] = []) => daysDue(opensAt, new Set(stored), new Date(instant), '20:00');
    expect(at('2026-09-01T19:59:59+08:00')).toEqual([]);
    expect(at('2026-09-03T20:00:00+08:00')).toEqual(['2026-09-01', '2026-09-02', '2026-09-03']);
    expect(at('2026-09-03T20:00:00+08:00', ['2026-09-01', '2026-09-03'])).toEqual(['2026-09-02']);
    expect(at('2027-09-03T20:00:00+08:00').at(-1)).toBe('2027-09-03');
    expect(daysDue(undefined, new Set(), new Date('2026-09-03T20:00:00+08:00'), '20:00')).toEqual([]);
  });

  it('that does not add up shows the gap', () => {
    const line = { bankReference: '1', amountFen: 100 as Fen, reference: '', counterpartyName: '' };
    const lines = [
      { ...line, direction: 'credit' as const, kind: 'credit' as const },
      { ...line, direction: 'debit' as const, kind: 'payment' as const, amountFen: 30 },
    ];
    expect(statementGap({ openingFen: 5, closingFen: 75, lines })).toBe(0);
    expect(statementGap({ openingFen: 5, closingFen: 76, lines })).toBe(1);
  });
});
