/** What was paid twice, or for somebody who was refused, is no longer a contribution, but money to be given back. */
import type { CivilDate } from '@app/kernel';
import { ledger } from '@app/ledger';
import type { Transaction } from '@app/platform';
import type { Double } from './double.repository.js';

export async function bookDoubles(tx: Transaction, doubles: readonly Double[], on: CivilDate): Promise<void> {
  await ledger.transfer(
    tx,
    doubles.flatMap(({ id, amountFen, fundFen }) =>
      [
        { code: 'contribution-double' as const, subject: id, attempt: 1, amountFen, on },
        { code: 'special-fund-return' as const, subject: id, attempt: 1, amountFen: fundFen, on },
      ].filter((transfer) => transfer.amountFen > 0),
    ),
  );
}
