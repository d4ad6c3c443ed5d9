/**
 * Refunds: one person proposes, another checks, the bank pays out of the collection account. Each step is stored before the next is taken,
 * so that a crash anywhere leaves a row that says where it stopped; a refund whose outcome is not known is only ever asked about.
 */
import { Inject, Injectable } from '@nestjs/common';
import { writePaymentInstruction, type BankReason, type PaymentStatusReport } from '@app/contracts';
import { Clock, DomainError, assert, chinaDate, type Fen } from '@app/kernel';
import { ledger } from '@app/ledger';
import {
  addToOutbox,
  CONFIG,
  Database,
  eachDue,
  PersonalDataVault,
  newId,
  type Config,
  type Principal,
  type Transaction,
} from '@app/platform';
import * as errors from './contribution.errors.js';
import * as doubles from './double.repository.js';
import { applyFailed, applyPaid } from './refund-outcome.js';
import { RefundBank } from './refund-bank.js';
import { afterReport, nextQueryAt, refundEndToEndId, refundMessageId, soon, type RefundState } from './refund.js';
import * as refunds from './refund.repository.js';
import { lockCredit } from './suspense.repository.js';

type Actor = Pick<Principal, 'userId'>;

interface Payee {
  readonly name: string;
  readonly bankAccount: string;
  readonly bankName: string;
}

/** Of a credit in suspense an amount, or a double whole. The name of the payee is the payer's, so that the bank refuses another's account. */
export type RefundCause = { readonly creditId: string; readonly amountFen: Fen } | { readonly doubleId: string };

const PAGE = 100;

@Injectable()
export class RefundService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly vault: PersonalDataVault,
    private readonly bank: RefundBank,
    @Inject(CONFIG) private readonly config: Pick<Config, 'collectionAccount' | 'payerName'>,
  ) {}

  /** Errors: `suspense-credit` (not found), `contribution-valid`, `suspense-rest`, `double`, `already-proposed` (conflict). */
  propose(actor: Actor, cause: RefundCause, to: { bankAccount: string; bankName: string }, reason: string): Promise<{ id: string }> {
    return this.database.transaction(async (tx) => {
      const { amountFen, payerName } = 'creditId' in cause ? await this.suspended(tx, cause) : await this.doubled(tx, cause.doubleId);
      const id = newId();
      const payee: Payee = { name: payerName, ...to };
      const inserted = await refunds.insertRefund(tx, {
        id,
        creditId: 'creditId' in cause ? cause.creditId : null,
        doubleId: 'doubleId' in cause ? cause.doubleId : null,
        amountFen,
        payeeSealed: this.vault.seal(JSON.stringify(payee)),
        messageId: refundMessageId(id),
        endToEndId: refundEndToEndId(id),
        reason,
        by: actor.userId,
        at: this.clock.now(),
      });
      if (!inserted) throw errors.alreadyProposed();
      return { id };
    });
  }

  private async suspended(tx: Transaction, { creditId, amountFen }: { creditId: string; amountFen: Fen }) {
    const credit = await lockCredit(tx, creditId);
    if (!credit) throw errors.creditNotFound();
    if (amountFen > credit.restFen)
      throw credit.matchedFen > 0 ? errors.contributionValid(credit.restFen) : errors.restTooSmall(credit.restFen);
    return { amountFen, payerName: credit.payerName };
  }

  private async doubled(tx: Transaction, doubleId: string) {
    const double = await doubles.lockDueDouble(tx, doubleId);
    if (!double) throw errors.doubleNotDue();
    return double;
  }

  /** By another person; the money is set aside and goes to the bank. Errors: `refund` (not found), `already-decided`, `suspense-rest`, `double` (conflict), `same-person` (forbidden). */
  async check(actor: Actor, id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const refund = await this.lockProposed(tx, actor, id);
      const { creditId, doubleId, amountFen } = refund;
      if (creditId && !(await refunds.holdCredit(tx, creditId, amountFen)))
        throw errors.restTooSmall((await lockCredit(tx, creditId))!.restFen);
      if (doubleId && !(await doubles.moveDouble(tx, doubleId, 'due', 'refunding'))) throw errors.doubleNotDue();
      const at = this.clock.now();
      const signature = this.vault.sign(this.instruction({ ...refund, checkedAt: at }));
      await refunds.decideRefund(tx, id, { state: 'signed', by: actor.userId, at, signature });
      await ledger.pend(tx, [{ code: 'suspense-refund' as const, subject: id, attempt: 1, amountFen, on: chinaDate(at) }]);
      await addToOutbox(tx, [{ queue: 'contribution', command: 'refund', ids: [] }]);
    });
  }

  /** Errors: `refund` (not found), `already-decided` (conflict), `same-person` (forbidden). */
  async decline(actor: Actor, id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      await this.lockProposed(tx, actor, id);
      await refunds.decideRefund(tx, id, { state: 'declined', by: actor.userId, at: this.clock.now(), signature: null });
    });
  }

  private async lockProposed(tx: Transaction, actor: Actor, id: string): Promise<refunds.Refund> {
    const refund = await refunds.lockRefund(tx, id);
    if (!refund) throw errors.refundNotFound();
    if (refund.state !== 'proposed') throw errors.alreadyDecided();
    if (refund.proposedBy === actor.userId) throw errors.samePerson();
    return refund;
  }

  list(): Promise<refunds.RefundView[]> {
    return refunds.readRefunds(this.database.direct, PAGE);
  }

  doubles(): Promise<doubles.DoubleView[]> {
    return doubles.readDoubles(this.database.direct, PAGE);
  }

  /** Takes every refund that is due a step further, until none is. */
  advance(): Promise<void> {
    return eachDue(
      (most) => refunds.refundsDue(this.database.direct, this.clock.now(), most),
      (refund) => this.step(refund),
      { size: PAGE, keyOf: ({ id }) => id },
    );
  }

  private async step(refund: refunds.Refund): Promise<void> {
    if (refund.state === 'signed') return this.send(refund);
    // Whoever sent it is gone: what the bank did is not known.
    if (refund.state === 'sending') return this.apply(refund, undefined);
    let report: PaymentStatusReport | undefined;
    try {
      report = await this.bank.status(refund.messageId);
    } catch (error) {
      await this.queryLater(refund, error);
      throw error;
    }
    // The bank's final word that the message never arrived: the same message goes again, under the same reference.
    if (!report && refund.state === 'unknown') return this.send(refund);
    return this.apply(refund, report);
  }

  /** Else a question that fails would be the first of each round. Silence is most often the bank's as a whole, and says nothing of this refund. */
  private queryLater(refund: refunds.Refund, error: unknown): Promise<boolean> {
    const at = this.clock.now();
    const silent = error instanceof DomainError && error.code === 'no-answer';
    const later = silent ? { nextQueryAt: soon(at) } : { nextQueryAt: nextQueryAt(at, refund.queries), queried: true };
    return refunds.moveRefund(this.database.direct, refund, refund.state, at, later);
  }

  private async send(refund: refunds.Refund): Promise<void> {
    const pain001 = this.instruction(refund);
    assert(refund.signature?.equals(this.vault.sign(pain001)), `refund ${refund.id} changed after it was signed`);
    // Another worker took the step when it does not move.
    if (!(await refunds.moveRefund(this.database.direct, refund, 'sending', this.clock.now()))) return;
    let report: PaymentStatusReport | undefined;
    try {
      report = await this.bank.submit(pain001);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'no-answer') throw error;
    }
    await this.apply({ ...refund, state: 'sending' }, report);
  }

  /** What the bank said (undefined: nothing) becomes state and books, in one transaction. */
  private async apply(refund: refunds.Refund, report: PaymentStatusReport | undefined): Promise<void> {
    await this.database.transaction(async (tx) => {
      const [at, on] = [this.clock.now(), chinaDate(this.clock.now())];
      await refunds.saveReport(tx, refund, report, at);
      const { to, reason } = outcome(refund, report);
      if (to === 'paid') return applyPaid(tx, refund, at, on);
      if (to === 'failed') return applyFailed(tx, refund, reason, at, on);
      const asked = refund.state !== 'sending';
      // The answer to a sending is asked about at once; after a question the pauses grow.
      await refunds.moveRefund(tx, refund, to, at, { nextQueryAt: asked ? nextQueryAt(at, refund.queries) : at, queried: asked });
    });
  }

  private instruction(refund: Pick<refunds.Refund, 'messageId' | 'endToEndId' | 'amountFen' | 'payeeSealed' | 'checkedAt'>): string {
    const payee = JSON.parse(this.vault.open(refund.payeeSealed)) as Payee;
    return writePaymentInstruction({
      messageId: refund.messageId,
      createdAt: refund.checkedAt!,
      debtorName: this.config.payerName,
      debtorAccount: this.config.collectionAccount,
      executeOn: chinaDate(refund.checkedAt!),
      rows: [
        {
          endToEndId: refund.endToEndId,
          amountFen: refund.amountFen,
          creditorName: payee.name,
          creditorAccount: payee.bankAccount,
          creditorBankName: payee.bankName,
        },
      ],
    });
  }
}

/** Paid outranks every other word of a report, since money that went must not go again. */
function outcome(refund: refunds.Refund, report: PaymentStatusReport | undefined): { to: RefundState; reason: BankReason | null } {
  const words = (report?.rows ?? [])
    .filter((row) => row.endToEndId === refund.endToEndId)
    .map((row) => ({ to: afterReport(refund.state, row.status), reason: row.reason ?? null }));
  const last = words.find(({ to }) => to === 'paid') ?? words.findLast(({ to }) => to !== undefined);
  return { to: last?.to ?? (refund.state === 'sending' ? 'unknown' : refund.state), reason: last?.reason ?? null };
}
