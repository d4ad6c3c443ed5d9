import { fen } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { ACCOUNTS, TRANSFERS, balanceOf, imbalance, type AccountBalance, type AccountName, type TransferCode } from './ledger.js';

const account = (name: AccountName, debit: number, credit: number): AccountBalance => ({
  account: name,
  debitFen: fen(debit),
  creditFen: fen(credit),
});

describe('the books', () => {
  it('of an asset grow by debit, those of a fund by credit', () => {
    const balances = [account('payout-bank', 700, 200), account('mutual-aid-fund', 200, 1_000)];
    expect(balanceOf(balances, 'payout-bank')).toBe(500);
    expect(balanceOf(balances, 'mutual-aid-fund')).toBe(800);
    expect(balanceOf(balances, 'treasury-grant')).toBe(0);
  });

  it('are out by what debits and credits differ', () => {
    expect(imbalance([account('payout-bank', 700, 200), account('mutual-aid-fund', 0, 500)])).toBe(0);
    expect(imbalance([account('payout-bank', 700, 200), account('mutual-aid-fund', 0, 499)])).toBe(1);
    expect(imbalance([])).toBe(0);
  });

  it('move money between two different accounts that exist, and each account is reached', () => {
    const sides = Object.values(TRANSFERS).flatMap(({ debit, credit }) => {
      expect(debit).not.toBe(credit);
      return [debit, credit];
    });
    expect(new Set(sides)).toEqual(new Set(Object.keys(ACCOUNTS)));
  });

  it.each<[TransferCode, TransferCode]>([
    ['benefit', 'benefit-return'],
    ['clawback', 'clawback-dropped'],
    ['suspense-refund', 'suspense-refund-return'],
    ['contribution-special-fund', 'special-fund-return'],
    ['suspense-matched-member', 'match-reversed-member'],
    ['suspense-matched-unit', 'match-reversed-unit'],
  ])('undo a %s by a %s the other way round', (code, back) =>
    expect(TRANSFERS[back]).toEqual({ debit: TRANSFERS[code].credit, credit: TRANSFERS[code].debit }),
  );
});
