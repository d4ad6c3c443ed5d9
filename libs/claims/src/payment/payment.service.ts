/**
 * Payment: the grant, the signed parts, the bank. Every step is stored before the next is taken, so that a crash anywhere leaves a row
 * that says where it stopped; a payment whose outcome is not known is only ever asked about.
 */
import { Inject, Injectable } from '@nestjs/common';
import { writePaymentInstruction, type BankReason, type PaymentStatusReport } from '@app/contracts';
import { payeesOf } from '@app/enrolment';
import { BankGateway, NoAnswer, TreasuryGateway, WechatGateway } from '@app/gateways';
import { assert, chinaDate, Clock, DomainError, maskIdentifier } from '@app/kernel';
import { ledger } from '@app/ledger';
import {
  addToOutbox,
  CONFIG,
  Database,
  eachAlone,
  eachDue,
  isOfParty,
  JOB_IDS,
  PersonalDataVault,
  newId,
  type Config,
  type Transaction,
} from '@app/platform';
import { makePayable, releasePayable } from '../approval/index.js';
import { batchesToRelease, digestNow, lockBatch, readItems, releaseBatch } from '../batch/index.js';
import { cancelledAmong, markFault, move } from '../claim.repository.js';
import { planPayments } from './from-batch.js';
import { grantNotRefused } from './payment.errors.js';
import { afterReport, grantReference, needsOtherAccount, nextQueryAt, partMessageId, soon, type PaymentState } from './payment.js';
import * as payments from './payment.repository.js';

const STAGE = 'payment';
const PARTS_A_ROUND = 20;
const BATCHES_A_ROUND = 100;

interface Payee {
  readonly name: string;
  readonly bankAccount: string;
  readonly bankName: string;
}

/** How long a notice waits that failed for a reason which may be its own; else it would be the first of each round. */
const NOTICE_LATER_MS = 3_600_000;
/** Said of the official account, such as that its messages of the day are used up: it would be said of the next member too. */
const isOfAccount = (error: unknown): boolean => isOfParty(error) || (error instanceof DomainError && error.code === 'wechat-account');

@Injectable()
export class PaymentService {
  constructor(
    private readonly database: Database,
    private readonly vault: PersonalDataVault,
    private readonly clock: Clock,
    private readonly bank: BankGateway,
    private readonly treasury: TreasuryGateway,
    private readonly wechat: WechatGateway,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Takes these checked batches (none: whatever is due) as far as the bank's answers allow. */
  async pay(batchIds: readonly string[]): Promise<void> {
    const { direct } = this.database;
    const batches = async (due: typeof batchesToRelease) => (batchIds.length > 0 ? batchIds : due(direct, BATCHES_A_ROUND));
    const failures: unknown[] = [];
    // Each asks another party, or none.
    for (const step of [
      async () => eachAlone(await batches(batchesToRelease), (batchId) => this.prepare(batchId)),
      async () => eachAlone(await batches(payments.grantsToAsk), (batchId) => this.askGrant(batchId)),
      () => this.advance(batchIds.length === 1 ? batchIds[0] : undefined),
    ])
      await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  /** Takes every part that is due (of one batch, or of all) as far as the bank's answers allow. */
  async advance(batchId?: string): Promise<void> {
    await eachDue(
      (most) => payments.partsDue(this.database.direct, this.clock.now(), batchId, most),
      async (part) => {
        for (let next: payments.Part | undefined = part; next;) next = await this.step(next);
      },
      { size: PARTS_A_ROUND, keyOf: (part) => part.messageId },
    );
  }

  /** The part as it stands afterwards, when the next step can be taken at once. */
  private async step(part: payments.Part): Promise<payments.Part | undefined> {
    switch (part.state) {
      case 'prepared':
        return this.sign(part);
      case 'signed':
        return this.send(part);
      case 'sending':
        // Whoever sent it is gone: what the bank did is not known.
        return this.apply(part, undefined);
      case 'open':
        return this.query(part);
      case 'closed':
        return undefined;
    }
  }

  private async prepare(batchId: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const [batch, digest, items] = await Promise.all([lockBatch(tx, batchId), digestNow(tx, batchId), readItems(tx, batchId)]);
      if (batch?.state !== 'checked') return;
      if (!(await payments.insertGrant(tx, batchId, grantReference(batchId), batch.totalFen))) return;
      assert(digest === batch.digest, `batch ${batchId} changed after it was checked`);
      const at = this.clock.now();
      for (const part of planPayments(items)) {
        const payees = await payeesOf(
          tx,
          this.vault,
          part.map((item) => item.memberId),
        );
        const rows = part.map((item) => {
          const payee = payees.get(item.memberId);
          assert(payee, `claim ${item.claimId} was approved for a member that does not exist`);
          return { ...item, payeeSealed: this.vault.seal(JSON.stringify(payee satisfies Payee)) };
        });
        const number = part[0]!.part;
        await payments.insertPart(tx, { batchId, part: number, messageId: partMessageId(batchId, number), createdAt: at }, rows);
      }
      await releaseBatch(tx, batchId);
    });
  }

  /** The treasury deduplicates by reference, so a crash between asking and saving only asks again. Parts are not sent before the grant. */
  private async askGrant(batchId: string): Promise<void> {
    const grant = await payments.readGrant(this.database.direct, batchId);
    if (grant?.state !== 'asked') return;
    const answer = await this.treasury.requestGrant({
      reference: grant.reference,
      amountFen: grant.amountFen,
      payoutAccount: this.config.payoutAccount,
      purpose: '互助补助',
    });
    await payments.saveGrant(this.database.direct, batchId, answer.state);
  }

  /** When the treasury refused a batch's money and has been spoken to. Error: grant-not-refused. */
  askGrantAgain(batchId: string): Promise<void> {
    return this.database.transaction(async (tx) => {
      if (!(await payments.reopenGrant(tx, batchId))) throw grantNotRefused();
      await addToOutbox(tx, [{ queue: STAGE, command: 'pay', ids: [batchId] }]);
    });
  }

  progress(batchId: string): Promise<payments.BatchProgress> {
    return payments.readProgress(this.database.direct, batchId);
  }

  private sign(part: payments.Part): Promise<payments.Part> {
    return this.database.transaction(async (tx) => {
      const rows = await payments.lockPayments(tx, part.batchId, part.part);
      const signature = this.vault.sign(this.instruction(part, rows));
      await Promise.all([
        payments.movePayments(tx, rows, 'signed', this.clock.now()),
        payments.movePart(tx, part, 'signed', { signature }),
      ]);
      return { ...part, state: 'signed' as const, signature };
    });
  }

  /** undefined: another worker took the step. */
  private async send(part: payments.Part): Promise<payments.Part | undefined> {
    const pain001 = await this.database.transaction((tx) => this.markSending(tx, part));
    return pain001 === undefined ? undefined : this.submit({ ...part, state: 'sending' }, pain001);
  }

  /** undefined: another worker took the step. The claims are out of our hands from here on. */
  private async markSending(tx: Transaction, part: payments.Part): Promise<string | undefined> {
    // The payments before their part, like everybody: two workers would wait for each other.
    const [rows, taken] = await Promise.all([payments.lockPayments(tx, part.batchId, part.part), payments.movePart(tx, part, 'sending')]);
    if (!taken) return undefined;
    const pain001 = this.instruction(part, rows);
    assert(part.signature?.equals(this.vault.sign(pain001)), `part ${part.messageId} changed after it was signed`);
    const at = this.clock.now();
    await Promise.all([
      payments.movePayments(tx, rows, 'sending', at),
      move(tx, rows, 'batched', 'sent', { actor: STAGE, reason: `message ${part.messageId}`, at }),
      payments.endPauses(tx, rows, at),
    ]);
    return pain001;
  }

  private async submit(part: payments.Part, pain001: string): Promise<payments.Part | undefined> {
    let report: PaymentStatusReport | undefined;
    try {
      report = await this.bank.submit(pain001);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
    return this.apply(part, report);
  }

  private async query(part: payments.Part): Promise<payments.Part | undefined> {
    let report: PaymentStatusReport | undefined;
    try {
      report = await this.bank.status(part.messageId);
    } catch (error) {
      await this.queryLater(part, error);
      throw error;
    }
    // Without one: the bank's final word that the message never arrived. The same message goes again, under the same reference.
    return report ? this.apply(part, report) : this.send(part);
  }

  /** Else a question that fails would be the first of each round. Silence is most often the bank's as a whole, and says nothing of this part. */
  private queryLater(part: payments.Part, error: unknown): Promise<boolean> {
    const now = this.clock.now();
    return payments.movePart(
      this.database.direct,
      part,
      'open',
      error instanceof NoAnswer ? { nextQueryAt: soon(now) } : { nextQueryAt: nextQueryAt(now, part.queries), queried: true },
    );
  }

  /** What the bank said of a part (undefined: nothing) becomes states, books, pauses and notices, in one transaction. */
  private apply(part: payments.Part, report: PaymentStatusReport | undefined): Promise<payments.Part | undefined> {
    return this.database.transaction(async (tx) => {
      const at = this.clock.now();
      const rows = await payments.lockPayments(tx, part.batchId, part.part);
      const byReference = new Map(rows.map((row) => [row.endToEndId, row]));
      const outcome = new Map<string, { to: PaymentState; reason: BankReason | null }>();
      for (const row of report?.rows ?? []) {
        const payment = byReference.get(row.endToEndId);
        const to = payment && afterReport(payment.state, row.status);
        // Paid outranks every other word of a report, since money that went must not go again; a word that came before is kept and changes nothing.
        if (to && outcome.get(row.endToEndId)?.to !== 'paid') outcome.set(row.endToEndId, { to, reason: row.reason ?? null });
      }

      const moved = (to: PaymentState) => rows.filter((row) => outcome.get(row.endToEndId)?.to === to);
      const unknown = rows.filter((row) => row.state === 'sending' && !outcome.has(row.endToEndId));
      const spokenOf = new Set(report?.rows.map((row) => row.endToEndId));
      const open = rows.some(
        (row) => !(['paid', 'failed', 'returned'] as const).some((state) => state === (outcome.get(row.endToEndId)?.to ?? row.state)),
      );
      // The answer to a sending is asked about at once; after a question the pauses grow.
      const atOnce = part.state === 'sending';
      const nextAt = atOnce ? at : nextQueryAt(at, part.queries);
      await Promise.all([
        report && payments.saveReport(tx, byReference, report, at),
        payments.movePayments(tx, unknown, 'unknown', at),
        payments.saveUnknown(
          tx,
          unknown.filter((row) => !spokenOf.has(row.endToEndId)),
          at,
        ),
        payments.movePayments(tx, moved('accepted'), 'accepted', at),
        payments.movePart(tx, part, open ? 'open' : 'closed', open ? { nextQueryAt: nextAt, queried: part.state === 'open' } : {}),
        this.applyPaid(tx, moved('paid'), at),
        this.applyFailed(
          tx,
          moved('failed').map((row) => ({ ...row, reason: outcome.get(row.endToEndId)!.reason })),
          at,
        ),
      ]);
      return open && atOnce ? { ...part, state: 'open' as const } : undefined;
    });
  }

  /** Money that the bank executed, by its own word or by its statement. */
  async applyPaid(tx: Transaction, paid: readonly payments.Payment[], at: Date): Promise<void> {
    await Promise.all([
      payments.movePayments(tx, paid, 'paid', at),
      move(tx, paid, 'sent', 'paid', { actor: STAGE, reason: 'executed by the bank', at }),
      ledger.resolve(
        tx,
        paid.map((row) => ({ code: 'benefit' as const, subject: row.claimId, attempt: row.attempt })),
        'posted',
        chinaDate(at),
      ),
    ]);
  }

  private async applyFailed(
    tx: Transaction,
    failed: readonly (payments.Payment & { reason: BankReason | null })[],
    at: Date,
  ): Promise<void> {
    if (failed.length === 0) return;
    for (const reason of new Set(failed.map((row) => row.reason))) {
      const those = failed.filter((row) => row.reason === reason);
      await payments.movePayments(tx, those, 'failed', at, reason);
      await move(tx, those, 'sent', 'failed', { actor: STAGE, reason: `refused by the bank: ${reason ?? 'no reason'}`, at });
    }
    await releasePayable(tx, failed, at);
    await this.waitForAccount(
      tx,
      failed.filter((row) => needsOtherAccount(row.reason)),
      at,
    );
    const notExecuted = failed.filter((row) => row.reason === 'AB05' || row.reason === 'AM04');
    // From the sending that came to nothing until the next one.
    await payments.insertPauses(
      tx,
      notExecuted.map((row) => ({ ...row, reason: 'bank-did-not-execute' as const, from: row.sentAt!, to: null })),
    );
    await makePayable(
      tx,
      notExecuted.map((row) => ({ ...row, benefitFen: row.amountFen })),
      'failed',
      { actor: STAGE, reason: 'not executed: paid in the next batch', at },
    );
    for (const row of failed) {
      if (!needsOtherAccount(row.reason) && !notExecuted.includes(row))
        await markFault(tx, row, `the bank refused with ${row.reason ?? 'no reason'}: a person has to look`);
    }
    await addToOutbox(tx, [{ queue: 'reconciliation', command: 'cancel', ids: [] }]);
  }

  /** The claim's clock stands still until the member gives another account, and the member is told; who has nothing to get is not asked. */
  async waitForAccount(tx: Transaction, withoutMoney: readonly payments.Payment[], at: Date): Promise<void> {
    const cancelled = await cancelledAmong(tx, withoutMoney);
    const stopped = withoutMoney.filter((row) => !cancelled.has(row.claimId));
    await payments.insertPauses(
      tx,
      stopped.map((row) => ({ ...row, reason: 'waiting-for-member-account' as const, from: at, to: null })),
    );
    await payments.insertNotices(
      tx,
      stopped.map((row) => ({
        id: newId(),
        memberId: row.memberId,
        template: 'account-needed' as const,
        data: { claim: row.claimId, account: maskIdentifier((JSON.parse(this.vault.open(row.payeeSealed)) as Payee).bankAccount) },
      })),
      at,
    );
  }

  /** Claims of these members (none: of all) that waited for another account, and have one now, are paid in the next batch. Returns how many. */
  resume(memberIds: readonly string[]): Promise<number> {
    return this.database.transaction(async (tx) => {
      const resumable = await this.withOtherAccount(tx, memberIds);
      const at = this.clock.now();
      for (const from of ['failed', 'returned'] as const) {
        const those = resumable.filter((row) => row.claimState === from);
        await makePayable(
          tx,
          those.map((row) => ({ ...row, benefitFen: row.amountFen })),
          from,
          { actor: STAGE, reason: 'the member gave another account', at },
        );
      }
      await payments.endPauses(tx, resumable, at);
      return resumable.length;
    });
  }

  /** How many stopped claims could go on; stops counting at a set. */
  async resumable(): Promise<number> {
    return this.database.transaction(async (tx) => (await this.withOtherAccount(tx, [])).length);
  }

  /** At most a set of them, looked for page by page: many may wait long for their members. */
  private async withOtherAccount(tx: Transaction, memberIds: readonly string[]): Promise<payments.StoppedClaim[]> {
    const found: payments.StoppedClaim[] = [];
    let page: payments.StoppedClaim[] = [];
    do {
      page = await payments.takeStopped(tx, memberIds, page.at(-1), JOB_IDS);
      const payees = await payeesOf(
        tx,
        this.vault,
        page.map((row) => row.memberId),
      );
      found.push(
        ...page.filter(
          (row) => payees.get(row.memberId)?.bankAccount !== (JSON.parse(this.vault.open(row.payeeSealed)) as Payee).bankAccount,
        ),
      );
    } while (page.length === JOB_IDS && found.length < JOB_IDS);
    return found.slice(0, JOB_IDS);
  }

  /** Tells members what waits to be told; a message that was sent twice is one, by its id. */
  async tell(): Promise<void> {
    await eachAlone(
      await payments.unsentNotices(this.database.direct, this.clock.now(), JOB_IDS),
      async (notice) => {
        try {
          const refusal = await this.tellMember(notice);
          await payments.endNotice(this.database.direct, notice, this.clock.now(), refusal);
        } catch (error) {
          if (!isOfAccount(error))
            await payments.tellLater(this.database.direct, notice, new Date(this.clock.now().getTime() + NOTICE_LATER_MS));
          throw error;
        }
      },
      isOfAccount,
    );
  }

  /** Returns why this member cannot be told, for good, or null. */
  private async tellMember(notice: payments.Notice): Promise<string | null> {
    try {
      await this.wechat.send({
        touser: notice.memberId,
        template_id: notice.template,
        client_msg_id: notice.id,
        data: Object.fromEntries(Object.entries(notice.data).map(([key, value]) => [key, { value }])),
      });
      return null;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'member-not-reached') return String(error.details.errcode);
      throw error;
    }
  }

  private instruction(part: payments.Part, rows: readonly payments.Payment[]): string {
    return writePaymentInstruction({
      messageId: part.messageId,
      createdAt: part.createdAt,
      debtorName: this.config.payerName,
      debtorAccount: this.config.payoutAccount,
      executeOn: chinaDate(part.createdAt),
      rows: rows.map((row) => {
        const payee = JSON.parse(this.vault.open(row.payeeSealed)) as Payee;
        return {
          endToEndId: row.endToEndId,
          amountFen: row.amountFen,
          creditorName: payee.name,
          creditorAccount: payee.bankAccount,
          creditorBankName: payee.bankName,
        };
      }),
    });
  }
}
