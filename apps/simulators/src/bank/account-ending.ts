import type { BankReason } from '@app/contracts';

/** What becomes of a row that the bank takes up, before any word of it is said. */
export interface RowFate {
  status: 'ACSC' | 'RJCT';
  reason?: BankReason;
  /** No word of the row in the answer to its submission: a time-out. */
  silent?: true;
  /** Acknowledged twice when asked. */
  twice?: true;
  /** Executed, and given back on the next working day. */
  returned?: true;
}

/** By the last four digits of the creditor account; `presentation` counts from 1 how often that account was presented. */
export function fateOf(account: string, presentation: number): RowFate {
  switch (account.slice(-4)) {
    case '0002':
      return { status: 'RJCT', reason: 'AC04' };
    case '0010':
      return { status: 'ACSC', returned: true };
    case '0028':
      return { status: 'ACSC', silent: true };
    case '0036':
      return presentation % 2 === 1 ? { status: 'RJCT', reason: 'AB05', silent: true } : { status: 'ACSC' };
    case '0044':
      return { status: 'ACSC', twice: true };
    default:
      return { status: 'ACSC' };
  }
}
