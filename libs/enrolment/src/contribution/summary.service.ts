import { Injectable } from '@nestjs/common';
import { balanceOf, ledger } from '@app/ledger';
import { Database } from '@app/platform';
import { windowById } from '../window/window.repository.js';
import { bookSums, expectedSums, openLines, tableSums, type ContributionSums, type ExpectedSums } from './summary.repository.js';

export interface ContributionSummary {
  /** Asked by notices, and the special fund's share of them. */
  readonly expected: ExpectedSums;
  /** As our rows say; `phoneFen` is known from the books alone. */
  readonly received: ContributionSums & { readonly phoneFen: number };
  /** As the ledger says. */
  readonly books: ContributionSums;
  readonly equalsBooks: boolean;
  /** Paid on the phone and not handed on to the collection account yet; of all windows. */
  readonly heldByPhonePayFen: number;
  /** Lines of the collection account's statements that nothing of ours explains: a person has to look. */
  readonly openLines: number;
}

@Injectable()
export class ContributionSummaryService {
  constructor(private readonly database: Database) {}

  /** All figures of one instant: they are read under one snapshot. Error: `window` (not found). */
  read(windowId?: string): Promise<ContributionSummary> {
    return this.database.source.transaction('REPEATABLE READ', async (tx) => {
      if (windowId) await windowById(tx, windowId);
      const of = windowId ?? null;
      const rows = await tableSums(tx, of);
      const { phoneFen, ...sums } = await bookSums(tx, of);
      const balances = await ledger.trialBalance(tx);
      const books: ContributionSums = { ...sums, suspenseFen: balanceOf(balances, 'contribution-suspense') };
      const names = Object.keys(rows) as (keyof ContributionSums)[];
      return {
        expected: await expectedSums(tx, of),
        received: { ...rows, phoneFen },
        books,
        heldByPhonePayFen: balanceOf(balances, 'phone-collection'),
        openLines: await openLines(tx),
        equalsBooks: names.every((name) => rows[name] === books[name]),
      };
    });
  }
}
