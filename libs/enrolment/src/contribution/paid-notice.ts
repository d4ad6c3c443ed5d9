/** What follows when notices are paid, in the transaction that pays them: the special fund's share, the covers, the doubles, the receipts; and all of it undone. */
import type { CivilDate } from '@app/kernel';
import { ledger } from '@app/ledger';
import { addToOutbox, type Transaction } from '@app/platform';
import { reverseCovers, startCovers, type NoticeCover } from '../cover/cover.repository.js';
import { fundShares } from './contribution.repository.js';
import { bookDoubles } from './book-doubles.js';
import { insertDoubles } from './double.repository.js';
import { insertNoticeReceipts, setNoticeReturned } from './receipt.repository.js';
import { revise } from './refund-outcome.js';

/** `on`: the business day of the books. Returns how many covers are new. */
export async function settlePaid(tx: Transaction, noticeIds: readonly string[], at: Date, on: CivilDate): Promise<number> {
  if (noticeIds.length === 0) return 0;
  const shares = await fundShares(tx, noticeIds);
  await ledger.transfer(
    tx,
    shares.map(({ id, attempt, fundFen }) => ({
      code: 'contribution-special-fund' as const,
      subject: id,
      attempt,
      amountFen: fundFen,
      on,
    })),
  );
  const { due, started } = await startCovers(tx, noticeIds, at);
  // Where everybody got a cover by these notices, nobody was paid for twice.
  if (started < due) await bookDoubles(tx, await insertDoubles(tx, noticeIds, at), on);
  if ((await insertNoticeReceipts(tx, noticeIds)) > 0) await addToOutbox(tx, [{ queue: 'contribution', command: 'issue', ids: [] }]);
  return started;
}

/** Of a notice that is paid, and is to be open again without these covers; nobody was paid for in vain by it. */
export async function unsettle(
  tx: Transaction,
  noticeId: string,
  covers: readonly NoticeCover[],
  reversalId: string,
  at: Date,
  on: CivilDate,
): Promise<void> {
  const shares = await fundShares(tx, [noticeId]);
  await ledger.transfer(
    tx,
    shares.map(({ id, attempt, fundFen }) => ({ code: 'special-fund-return' as const, subject: id, attempt, amountFen: fundFen, on })),
  );
  await setNoticeReturned(tx, noticeId);
  await revise(tx, noticeId);
  await reverseCovers(tx, covers, reversalId, at);
}
