/** Reconciliation: the bank's statement of a day, line by line, is the proof; and cancelled claims find their end here. */
import { Inject, Injectable } from '@nestjs/common';
import type { BankStatement, BankStatementLine } from '@app/contracts';
import { BankGateway, TreasuryGateway, type ReturnReason } from '@app/gateways';
import { addDays, chinaDate, chinaInstant, Clock, fen, type CivilDate } from '@app/kernel';
import { ledger } from '@app/ledger';
import { addToOutbox, CONFIG, Database, eachAlone, JOB_IDS, type Config, type Transaction } from '@app/platform';
import { releaseAccumulators } from '../adjudication/index.js';
import { releasePayable } from '../approval/index.js';
import { move } from '../claim.repository.js';
import type { ClaimState } from '../lifecycle.js';
import { endPauses, insertPauses, lockByReference, movePayments, PaymentService, receiveGrants, type Payment } from '../payment/index.js';
import { afterCancel, judgeLine } from './reconciliation.js';
import * as statements from './reconciliation.repository.js';

const STAGE = 'reconciliation';
const DAYS_A_ROUND = 31;

type JudgedLine = BankStatementLine & { readonly outcome: string };

@Injectable()
export class ReconciliationService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly bank: BankGateway,
    private readonly treasury: TreasuryGateway,
    private readonly payment: PaymentService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Days whose statement can be had and is not stored, oldest first. */
  daysDue(): Promise<CivilDate[]> {
    return statements.statementDays(this.database.direct, this.lastStatementDay(this.clock.now()), DAYS_A_ROUND);
  }

  lastStatementDay(now: Date): CivilDate {
    const today = chinaDate(now);
    return now >= chinaInstant(today, this.config.hours.statementReady) ? today : addDays(today, -1);
  }

  /** false: the bank does not have the statement yet. */
  async reconcile(on: CivilDate): Promise<boolean> {
    const statement = await this.bank.statement(this.config.payoutAccount, on);
    if (!statement) return false;
    // They tell the reasons of the statement's return lines, which most days have none of.
    const returned = statement.lines.some((line) => line.kind === 'return');
    const returns = returned ? await this.bank.returns(this.config.payoutAccount, on, on) : [];
    await this.database.transaction((tx) => this.match(tx, on, statement, returns));
    return true;
  }

  private async match(tx: Transaction, on: CivilDate, statement: BankStatement, returns: readonly ReturnReason[]): Promise<void> {
    const at = this.clock.now();
    if (!(await statements.insertStatement(tx, on, statement, at))) return;
    const ofKind = (kind: BankStatementLine['kind']) => statement.lines.filter((line) => line.kind === kind);
    const outgoing = async (): Promise<JudgedLine[]> => {
      const proved = await this.judge(tx, ofKind('payment'), (found) => this.prove(tx, found, at));
      // Afterwards, since a statement may take back what it proves.
      return [...proved, ...(await this.judge(tx, ofKind('return'), (found) => this.takeBack(tx, found, at, returns)))];
    };
    const [lines, credits] = await Promise.all([outgoing(), this.receive(tx, on, ofKind('credit'))]);
    await statements.insertLines(tx, on, [...lines, ...credits]);
  }

  private async judge(
    tx: Transaction,
    lines: readonly BankStatementLine[],
    apply: (found: readonly Payment[]) => Promise<void>,
  ): Promise<JudgedLine[]> {
    if (lines.length === 0) return [];
    const payments = await lockByReference(
      tx,
      lines.map((line) => line.reference),
    );
    const known = new Map(payments.map((row) => [row.endToEndId, row]));
    const judged = lines.map((line) => ({ ...line, outcome: judgeLine(line, known.get(line.reference)) }));
    const found = judged.filter((line) => line.outcome !== 'open').map((line) => known.get(line.reference)!);
    for (let first = 0; first < found.length; first += JOB_IDS) await apply(found.slice(first, first + JOB_IDS));
    return judged;
  }

  private async prove(tx: Transaction, proved: readonly Payment[], at: Date): Promise<void> {
    await this.payment.applyPaid(
      tx,
      proved.filter((row) => row.state !== 'paid' && row.state !== 'returned'),
      at,
    );
    const [, states] = await Promise.all([
      move(tx, proved, 'paid', 'settled', { actor: STAGE, reason: 'on the statement', at }, { settledAt: at }),
      statements.statesOf(tx, proved),
    ]);
    if (proved.some((row) => states.get(row.claimId)!.cancelled)) await this.wakeCancel(tx);
  }

  private async takeBack(tx: Transaction, returned: readonly Payment[], at: Date, returns: readonly ReturnReason[]): Promise<void> {
    if (returned.length === 0) return;
    const reasonOf = new Map(returns.map((row) => [row.endToEndId, row.reason]));
    for (const row of returned) await movePayments(tx, [row], 'returned', at, reasonOf.get(row.endToEndId) ?? null);
    await ledger.transfer(
      tx,
      returned.map((row) => ({
        code: 'benefit-return' as const,
        subject: row.claimId,
        attempt: row.attempt,
        amountFen: row.amountFen,
        on: chinaDate(at),
      })),
    );
    const states = await statements.statesOf(tx, returned);
    const inState = (state: ClaimState) => returned.filter((row) => states.get(row.claimId)!.state === state);
    const cause = { actor: STAGE, reason: 'returned by the bank', at };
    for (const from of ['settled', 'paid'] as const) await move(tx, inState(from), from, 'returned', cause);
    const live = [...inState('settled'), ...inState('paid')];
    await insertPauses(
      tx,
      live.map((row) => ({ ...row, reason: 'bank-returned' as const, from: row.paidAt!, to: at })),
    );
    await this.payment.waitForAccount(tx, live, at);
    // A clawed-back claim whose money came home by itself: the case is over.
    const home = inState('clawed-back');
    await move(tx, home, 'clawed-back', 'withdrawn', cause);
    await ledger.transfer(
      tx,
      home.map((row) => ({
        code: 'clawback-dropped' as const,
        subject: row.claimId,
        attempt: row.attempt,
        amountFen: row.amountFen,
        on: chinaDate(at),
      })),
    );
    await statements.closeCases(tx, home, at);
    if (live.some((row) => states.get(row.claimId)!.cancelled)) await this.wakeCancel(tx);
  }

  private async receive(tx: Transaction, on: CivilDate, credits: readonly BankStatementLine[]): Promise<JudgedLine[]> {
    const grants = await receiveGrants(
      tx,
      credits.map((line) => ({ reference: line.reference, amountFen: fen(line.amountFen) })),
      on,
    );
    await ledger.transfer(
      tx,
      grants.map((grant) => ({ code: 'grant' as const, subject: grant.batchId, attempt: 1, amountFen: grant.amountFen, on })),
    );
    const received = new Set(grants.map((grant) => grant.reference));
    return credits.map((line) => ({ ...line, outcome: received.has(line.reference) ? 'grant-received' : 'open' }));
  }

  private wakeCancel = (tx: Transaction): Promise<void> => addToOutbox(tx, [{ queue: STAGE, command: 'cancel', ids: [] }]);

  /** Withdraws cancelled claims whose money stays here, and claws back those whose money is gone. Returns how many it ended. */
  cancel(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const claims = await statements.takeCancelled(tx, JOB_IDS);
      const at = this.clock.now();
      const cause = { actor: STAGE, reason: 'the settlement was cancelled', at };
      for (const state of new Set(claims.map((claim) => claim.state))) {
        const those = claims.filter((claim) => claim.state === state);
        if (afterCancel(state) === 'withdraw') {
          await move(tx, those, state, 'withdrawn', cause);
          if (state === 'approved') await releasePayable(tx, those, at);
          await endPauses(tx, those, at);
        } else {
          await move(tx, those, state, 'clawed-back', cause);
          await statements.openCases(tx, those, at);
          await ledger.transfer(
            tx,
            those.map((claim) => ({
              code: 'clawback' as const,
              subject: claim.claimId,
              attempt: claim.attempt,
              amountFen: claim.benefitFen,
              on: chinaDate(at),
            })),
          );
        }
      }
      await releaseAccumulators(tx, claims);
      return claims.length;
    });
  }

  /** Sends the voucher of each reconciled day; the treasury deduplicates by reference. */
  async vouch(): Promise<void> {
    await eachAlone(await statements.daysToVouch(this.database.direct, DAYS_A_ROUND), async (day) => {
      const entries = [
        { account: 'payout-bank', debitFen: day.grantedFen, creditFen: 0 },
        { account: 'treasury-grant', debitFen: 0, creditFen: day.grantedFen },
        { account: 'mutual-aid-fund', debitFen: day.paidFen, creditFen: 0 },
        { account: 'payout-bank', debitFen: 0, creditFen: day.paidFen },
        { account: 'payout-bank', debitFen: day.returnedFen, creditFen: 0 },
        { account: 'mutual-aid-fund', debitFen: 0, creditFen: day.returnedFen },
      ].filter((entry) => entry.debitFen > 0 || entry.creditFen > 0);
      if (entries.length === 0) {
        // Only lines that wait for a person: the voucher follows when they are explained.
        await statements.saveVoucher(this.database.direct, day.on, 'none');
        return;
      }
      const answer = await this.treasury.sendVoucher({
        reference: `V${day.on.replaceAll('-', '')}`,
        on: day.on,
        summary: '互助补助',
        entries,
      });
      await statements.saveVoucher(this.database.direct, day.on, answer.voucherNumber);
    });
  }
}
