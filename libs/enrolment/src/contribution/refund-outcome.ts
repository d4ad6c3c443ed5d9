/** What the bank's word on a refund, or its statement, does to the books, in the transaction that learns of it. */
import type { BankStatementLine } from '@app/contracts';
import type { CivilDate } from '@app/kernel';
import { ledger } from '@app/ledger';
import { addToOutbox, type Transaction } from '@app/platform';
import { moveDouble } from './double.repository.js';
import { reviseReceipts, setReturned } from './receipt.repository.js';
import * as refunds from './refund.repository.js';
import { REFUND_MOVES } from './refund.js';

const keyOf = ({ id }: refunds.Refund) => ({ code: 'suspense-refund' as const, subject: id, attempt: 1 });

/** The bank executed it. Nothing happens to one that was paid before. */
export async function applyPaid(tx: Transaction, refund: refunds.Refund, at: Date, on: CivilDate): Promise<void> {
  if (!(await refunds.moveRefund(tx, refund, 'paid', at))) return;
  await ledger.resolve(tx, [keyOf(refund)], 'posted', on);
  if (refund.doubleId) await revise(tx, await moveDouble(tx, refund.doubleId, 'refunding', 'refunded'));
}

/** The bank refused it for good: the money is in suspense again, and giving it back is another refund. */
export async function applyFailed(tx: Transaction, refund: refunds.Refund, reason: string | null, at: Date, on: CivilDate): Promise<void> {
  if (!(await refunds.moveRefund(tx, refund, 'failed', at, { reason }))) return;
  await ledger.resolve(tx, [keyOf(refund)], 'voided', on);
  if (refund.creditId) await refunds.releaseCredit(tx, refund.creditId, refund.amountFen);
  if (refund.doubleId) await moveDouble(tx, refund.doubleId, 'refunding', 'due');
}

/** Lines of a statement that are refunds leaving, and refunds coming back. Returns how many lines no refund explains. */
export async function settleLines(tx: Transaction, lines: readonly BankStatementLine[], at: Date, on: CivilDate): Promise<number> {
  let open = 0;
  for (const kind of ['payment', 'return'] as const) {
    const those = lines.filter((line) => line.kind === kind);
    const known = await refunds.lockByEndToEndId(
      tx,
      those.map((line) => line.reference),
    );
    for (const line of those) {
      const refund = known.get(line.reference);
      const explained = refund?.amountFen === line.amountFen && (kind === 'payment' ? canLeave(refund) : refund.state === 'paid');
      if (!explained) open++;
      else if (kind === 'payment') await leave(tx, refund, at, on);
      else await comeBack(tx, refund, line, at, on);
    }
  }
  return open;
}

const canLeave = ({ state }: refunds.Refund): boolean => state === 'paid' || REFUND_MOVES[state].includes('paid');

async function leave(tx: Transaction, refund: refunds.Refund, at: Date, on: CivilDate): Promise<void> {
  await applyPaid(tx, refund, at, on);
  await refunds.moveRefund(tx, { ...refund, state: 'paid' }, 'paid', at, { settledOn: on });
}

async function comeBack(tx: Transaction, refund: refunds.Refund, line: BankStatementLine, at: Date, on: CivilDate): Promise<void> {
  await refunds.moveRefund(tx, refund, 'returned', at, { reason: line.reason ?? null });
  await ledger.transfer(tx, [{ code: 'suspense-refund-return' as const, subject: refund.id, attempt: 1, amountFen: refund.amountFen, on }]);
  if (refund.creditId) await refunds.releaseCredit(tx, refund.creditId, refund.amountFen);
  if (refund.doubleId) await revise(tx, await moveDouble(tx, refund.doubleId, 'refunded', 'due'));
}

/** The payment of this attempt to join, which had a receipt, was given back on the phone. */
export async function returnReceipt(tx: Transaction, joinId: string, attempt: number): Promise<void> {
  await setReturned(tx, joinId, attempt);
  await revise(tx, joinId);
}

/** What is held of a contribution is another amount now than its receipt says. */
export async function revise(tx: Transaction, subject: string | undefined): Promise<void> {
  if (subject && (await reviseReceipts(tx, [subject])) > 0) await addToOutbox(tx, [{ queue: 'contribution', command: 'issue', ids: [] }]);
}
