/**
 * The books. A transfer moves an amount from one account (credit) to another (debit), so each is balanced by its shape. A transfer is
 * never changed, and a correction is another transfer. Most are posted by being written; one that pends sets money aside until exactly one
 * outcome, posted or voided, is written beside it (primary key). Only this lib moves money.
 */
import { ZERO_FEN, addFen, fen, type CivilDate, type Fen } from '@app/kernel';

/** kind: an asset grows by debit, a fund (what the body holds for its members and the treasury) by credit. */
export const ACCOUNTS = {
  'collection-bank': 'asset',
  /** What the phone-pay institution took from members and has not handed on to the collection account. */
  'phone-collection': 'asset',
  /** What the special fund owes for its share of paid contributions. */
  'special-fund': 'asset',
  'payout-bank': 'asset',
  'clawback-receivable': 'asset',
  'mutual-aid-fund': 'fund',
  'treasury-grant': 'fund',
  'contribution-suspense': 'fund',
} as const satisfies Record<string, 'asset' | 'fund'>;
export type AccountName = keyof typeof ACCOUNTS;

/** What a transfer means, between which accounts it moves, and whether it pends. */
export const TRANSFERS = {
  // What a credit brought for a payment notice, the shares of members and of the unit apart; subject: the match.
  'contribution-member': { debit: 'collection-bank', credit: 'mutual-aid-fund' },
  'contribution-unit': { debit: 'collection-bank', credit: 'mutual-aid-fund' },
  // The rest of a credit; subject: the credit.
  'contribution-unmatched': { debit: 'collection-bank', credit: 'contribution-suspense' },
  // As the first two, out of suspense by two people; subject: the match.
  'suspense-matched-member': { debit: 'contribution-suspense', credit: 'mutual-aid-fund' },
  'suspense-matched-unit': { debit: 'contribution-suspense', credit: 'mutual-aid-fund' },
  // What a match had brought is in suspense again; subject: the match.
  'match-reversed-member': { debit: 'mutual-aid-fund', credit: 'contribution-suspense' },
  'match-reversed-unit': { debit: 'mutual-aid-fund', credit: 'contribution-suspense' },
  // Given back to the payer by the bank, and given back by the bank in turn; subject: the refund.
  'suspense-refund': { debit: 'contribution-suspense', credit: 'collection-bank', pends: true },
  'suspense-refund-return': { debit: 'collection-bank', credit: 'contribution-suspense' },
  // The special fund's share of a notice each time that it is paid (subject); back where it is open again, or of a person for whom it was paid in
  // vain (subject: the double).
  'contribution-special-fund': { debit: 'special-fund', credit: 'mutual-aid-fund' },
  'special-fund-return': { debit: 'mutual-aid-fund', credit: 'special-fund' },
  // A member who joined alone paid the own share on the phone; subject: the join.
  'contribution-phone': { debit: 'phone-collection', credit: 'mutual-aid-fund' },
  // The phone-pay institution handed a sum on; subject: the credit.
  'phone-settlement': { debit: 'collection-bank', credit: 'phone-collection' },
  // Paid for twice, or for somebody who was refused: no longer a contribution, until the bank gives it back (suspense-refund); subject: the double.
  'contribution-double': { debit: 'mutual-aid-fund', credit: 'contribution-suspense' },
  // A payment by phone that is no contribution goes back; subject: the join.
  'contribution-phone-refund': { debit: 'mutual-aid-fund', credit: 'phone-collection' },
  grant: { debit: 'payout-bank', credit: 'treasury-grant' },
  benefit: { debit: 'mutual-aid-fund', credit: 'payout-bank', pends: true },
  'benefit-return': { debit: 'payout-bank', credit: 'mutual-aid-fund' },
  clawback: { debit: 'clawback-receivable', credit: 'mutual-aid-fund' },
  'clawback-dropped': { debit: 'mutual-aid-fund', credit: 'clawback-receivable' },
} as const satisfies Record<string, { debit: AccountName; credit: AccountName; pends?: true }>;
export type TransferCode = keyof typeof TRANSFERS;
export type PendingCode = { [Code in TransferCode]: (typeof TRANSFERS)[Code] extends { pends: true } ? Code : never }[TransferCode];

export type Outcome = 'posted' | 'voided';

/** Names a transfer for ever: the same key again is the same transfer. `subject` is the id of what it is about, `attempt` counts from 1. */
export interface TransferKey<Code extends TransferCode = TransferCode> {
  readonly code: Code;
  readonly subject: string;
  readonly attempt: number;
}

export interface Transfer<Code extends TransferCode = TransferCode> extends TransferKey<Code> {
  readonly amountFen: Fen;
  /** Business day of the books. */
  readonly on: CivilDate;
}

export interface AccountBalance {
  readonly account: AccountName;
  readonly debitFen: Fen;
  readonly creditFen: Fen;
}

/** Debits less credits over all accounts: anything but 0 is a bug. */
export const imbalance = (balances: readonly AccountBalance[]): Fen =>
  fen(balances.reduce((sum, balance) => sum + balance.debitFen - balance.creditFen, 0));

/** An asset's balance is debit less credit, a fund's credit less debit. */
export function balanceOf(balances: readonly AccountBalance[], account: AccountName): Fen {
  const found = balances.find((balance) => balance.account === account);
  if (!found) return ZERO_FEN;
  return ACCOUNTS[account] === 'asset' ? addFen(found.debitFen, fen(-found.creditFen)) : addFen(found.creditFen, fen(-found.debitFen));
}
