/** Fiscal receipts of contributions: asked of public finance until it answers, and taken back when the money was given back. */
import { Injectable } from '@nestjs/common';
import { DomainError } from '@app/kernel';
import { addToOutbox, Database, eachAlone, PersonalDataVault, reachOf, together, type Principal, type Transaction } from '@app/platform';
import { readPersonalText } from '../member/member.js';
import * as errors from './contribution.errors.js';
import { pathOfNotice } from './contribution.repository.js';
import { ReceiptOffice } from './receipt-office.js';
import * as receipts from './receipt.repository.js';

/** What a receipt is for, as public finance lists it. */
const ITEM = '职工互助保障互助金';
/** Asked for side by side: one after another a province would wait for hours. */
const AT_ONCE = 10;
const ROUND = 200;

@Injectable()
export class ReceiptService {
  constructor(
    private readonly database: Database,
    private readonly vault: PersonalDataVault,
    private readonly office: ReceiptOffice,
  ) {}

  /** Everything that is due, until nothing is. Error: `no-answer` and the like (unavailable), to be tried again. */
  async issue(): Promise<void> {
    while ((await this.listPhonePayments()) === ROUND);
    for (let due = await this.due(); due.length > 0; due = await this.due()) {
      const slices = Array.from({ length: Math.ceil(due.length / AT_ONCE) }, (_, i) => due.slice(i * AT_ONCE, (i + 1) * AT_ONCE));
      await eachAlone(slices, (slice) => together(() => slice.map((receipt) => this.ask(receipt))));
    }
  }

  /** Off the path of those who join; returns how many it took. */
  private listPhonePayments(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const paid = await receipts.phonePaymentsDue(tx, ROUND);
      if (paid.length === 0) return 0;
      await receipts.insertPhoneReceipts(
        tx,
        paid.map(({ joinId, attempt, sealed, amountFen }) => ({
          joinId,
          attempt,
          payerSealed: this.vault.seal(readPersonalText(this.vault.open(sealed)).name),
          amountFen,
        })),
      );
      await receipts.setReceipted(tx, paid);
      return paid.length;
    });
  }

  private due(): Promise<receipts.DueReceipt[]> {
    return receipts.receiptsDue(this.database.direct, ROUND);
  }

  /** The office deduplicates by reference, so a crash between asking and saving only asks again. */
  private async ask(receipt: receipts.DueReceipt): Promise<void> {
    try {
      await (receipt.state === 'due' ? this.request(receipt) : this.takeBack(receipt));
    } catch (error) {
      if (!(error instanceof DomainError) || (error.retry && error.code !== 'unreadable-answer')) throw error;
      // Asking later would change nothing: it waits for a person, and the others go on.
      await receipts.saveRefused(this.database.direct, receipt, error.code);
    }
  }

  private async request(receipt: receipts.DueReceipt): Promise<void> {
    const answer = await this.office.issueReceipt({
      reference: receipt.reference,
      payer: receipt.payerSealed ? this.vault.open(receipt.payerSealed) : receipt.unitName!,
      amountFen: receipt.amountFen,
      item: ITEM,
    });
    if (answer.state === 'refused') return receipts.saveRefused(this.database.direct, receipt, answer.reason);
    await this.database.transaction(async (tx) => {
      await receipts.saveIssued(tx, receipt.id, answer);
      // A refund that came between.
      await receipts.reviseReceipts(tx, [receipt.subject]);
    });
  }

  private async takeBack(receipt: receipts.DueReceipt): Promise<void> {
    await receipts.saveFlushed(this.database.direct, receipt.id, await this.office.redFlushReceipt(receipt.reference));
  }

  /** The latest first; none while nothing is paid. Errors: `notice` (not found), `forbidden`. */
  async ofNotice(noticeId: string, principal: Principal): Promise<receipts.ReceiptView[]> {
    await this.reach(noticeId, principal);
    return receipts.receiptsOf(this.database.direct, noticeId);
  }

  /** When public finance refused a receipt and has been spoken to. Errors: `notice` (not found), `receipt-not-refused` (conflict), `forbidden`. */
  async askAgain(noticeId: string, principal: Principal): Promise<void> {
    await this.reach(noticeId, principal);
    await this.database.transaction(async (tx) => {
      if (!(await receipts.insertAgain(tx, noticeId))) throw errors.receiptNotRefused();
      await this.wake(tx);
    });
  }

  /** For the phone side: whether it is the own payment is its to know. */
  ofJoin(joinId: string): Promise<receipts.ReceiptView[]> {
    return receipts.receiptsOf(this.database.direct, joinId);
  }

  private async reach(noticeId: string, principal: Principal): Promise<void> {
    const reach = reachOf(principal, 'contribution.read');
    const path = await pathOfNotice(this.database.direct, noticeId);
    // Another's notice is as unknown as one that does not exist.
    if (path === undefined || (reach.scope !== 'all' && !path.startsWith(reach.organisationPath))) throw errors.noticeNotFound();
  }

  private wake = (tx: Transaction): Promise<void> => addToOutbox(tx, [{ queue: 'contribution', command: 'issue', ids: [] }]);
}
