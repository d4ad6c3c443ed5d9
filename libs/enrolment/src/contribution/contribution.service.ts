import { Inject, Injectable } from '@nestjs/common';
import type { BankStatement } from '@app/contracts';
import { Clock, chinaDate, fen, type CivilDate } from '@app/kernel';
import { ledger } from '@app/ledger';
import { CONFIG, Database, reachOf, newId, type Config, type Principal, type Transaction } from '@app/platform';
import { NIL, v5 as uuidv5 } from 'uuid';
import { unconfirmedUnits } from '../difference/difference.repository.js';
import { windowById } from '../window/window.repository.js';
import { CollectionBank } from './collection-bank.js';
import { statementAccount, statementBalance, statementChanged, statementDay } from './contribution.errors.js';
import { daysDue, noticeReference, noticeShares, referencesIn, statementGap } from './contribution.js';
import * as contributions from './contribution.repository.js';
import { match, unitCodesIn } from './matching.js';
import { settlePaid } from './paid-notice.js';
import { settleLines } from './refund-outcome.js';

/** Names credits in the ledger: the same credit has the same id wherever it is booked. */
const CREDIT_NAMESPACE = '6d1c9f0e-6a4b-4f0e-9d57-1d3a6a2f6c11';
/** In one transaction: a province has some 70,000, which nobody should have to hold at once. */
const NOTICES_AT_ONCE = 1_000;
/** Who matches by a rule. */
const BY_STATEMENT = 'statement';

export interface MatchedStatement {
  credits: number;
  matched: number;
  /** Credits of which something, or all, went to suspense. */
  suspended: number;
  noticesPaid: number;
  coversStarted: number;
}

export interface IssuedNotices {
  notices: number;
  members: number;
  amountFen: number;
  /** Units with members for a notice whose clerk has not confirmed their differences. */
  waitingUnits: number;
}

@Injectable()
export class ContributionService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'hours' | 'collectionAccount'>,
    private readonly bank: CollectionBank,
  ) {}

  /**
   * One notice for each unit that has enrolled members without one, or members who joined alone and whose share it owes. A notice that the
   * special fund pays whole starts covers at once. A unit whose differences against last period are not confirmed has to wait. Errors: `window` (not found), `forbidden`.
   */
  async issueNotices(windowId: string, principal?: Principal): Promise<IssuedNotices> {
    if (principal) reachOf(principal, 'window.manage');
    const issued: IssuedNotices = { notices: 0, members: 0, amountFen: 0, waitingUnits: 0 };
    let after: string | undefined = NIL;
    while (after !== undefined) {
      const { round, last } = await this.issueSome(windowId, after);
      after = round.notices === NOTICES_AT_ONCE ? last : undefined;
      issued.notices += round.notices;
      issued.members += round.members;
      issued.amountFen += round.amountFen;
      issued.waitingUnits = round.waitingUnits;
    }
    return issued;
  }

  /** `last`: the unit that the next ones come after. */
  private issueSome(windowId: string, after: string): Promise<{ round: IssuedNotices; last: string | undefined }> {
    return this.database.transaction(async (tx) => {
      const { window } = await windowById(tx, windowId);
      const shares = {
        memberFen: fen(window.member_share_fen),
        unitFen: fen(window.unit_share_fen),
        fundFen: fen(window.fund_share_fen),
      };
      const unconfirmed = await unconfirmedUnits(tx, windowId);
      const heldBack = unconfirmed.map(({ unitId }) => unitId);
      const notices = (await contributions.closeNotices(tx, windowId, { after, heldBack, limit: NOTICES_AT_ONCE })).map((due) => ({
        ...due,
        ...noticeShares(shares, due.members, due.alone),
        id: newId(),
        reference: noticeReference(windowId, due.unitCode, due.number),
      }));
      const at = this.clock.now();
      await contributions.insertNotices(tx, windowId, notices, at);
      const free = notices.filter((notice) => notice.memberFen + notice.unitFen === 0);
      await settlePaid(
        tx,
        free.map((notice) => notice.id),
        at,
        chinaDate(at),
      );
      const round = {
        notices: notices.length,
        members: notices.reduce((sum, notice) => sum + notice.members, 0),
        amountFen: notices.reduce((sum, notice) => sum + notice.memberFen + notice.unitFen, 0),
        waitingUnits: unconfirmed.filter(({ unnoticed }) => unnoticed > 0).length,
      };
      return { round, last: notices.at(-1)?.unitId };
    });
  }

  /** Errors: `window` (not found), `forbidden`. */
  async notices(windowId: string, principal: Principal): Promise<contributions.NoticeView[]> {
    const reach = reachOf(principal, 'contribution.read');
    await windowById(this.database.direct, windowId);
    return contributions.noticesOf(this.database.direct, windowId, reach.scope === 'all' ? '/' : reach.organisationPath);
  }

  async collectionDaysDue(now: Date): Promise<CivilDate[]> {
    const [opensAt, stored] = [
      await contributions.firstOpening(this.database.direct),
      await contributions.storedDays(this.database.direct),
    ];
    return daysDue(opensAt, stored, now, this.config.hours.statementReady);
  }

  /** Fetches the statement of the day and matches it; undefined when the bank does not have it yet. */
  async collect(on: CivilDate): Promise<MatchedStatement | undefined> {
    const statement = await this.bank.statement(this.config.collectionAccount, on);
    return statement && this.matchStatement(on, statement);
  }

  /**
   * Stores the credits of a day's statement, gives them to the notices they are for, and starts the covers of the notices that are paid by it;
   * its debits and returns prove refunds. The same day again changes nothing. Errors: `statement-day`, `statement-account`,
   * `statement-balance` (invalid), `statement-changed` (conflict).
   */
  matchStatement(on: CivilDate, statement: BankStatement): Promise<MatchedStatement> {
    this.check(on, statement);
    const credits = statement.lines
      .filter((line) => line.kind === 'credit')
      .map((line) => ({
        id: uuidv5(line.bankReference, CREDIT_NAMESPACE),
        bankReference: line.bankReference,
        amountFen: fen(line.amountFen),
        reference: line.reference,
        payerName: line.counterpartyName,
      }));
    return this.database.transaction(async (tx) => {
      const at = this.clock.now();
      const header = {
        on,
        opening_fen: statement.openingFen,
        closing_fen: statement.closingFen,
        lines: statement.lines.length,
        open_lines: 0,
        fetched_at: at,
      };
      if (!(await contributions.insertStatement(tx, header))) {
        const stored = await contributions.statementOf(tx, on);
        if (stored.opening_fen !== header.opening_fen || stored.closing_fen !== header.closing_fen || stored.lines !== header.lines)
          throw statementChanged(on);
        return { credits: 0, matched: 0, suspended: 0, noticesPaid: 0, coversStarted: 0 };
      }
      const openLines = await settleLines(tx, statement.lines, at, on);
      if (openLines > 0) await contributions.saveOpenLines(tx, on, openLines);
      const fresh = await contributions.insertCredits(tx, on, credits);
      return this.matchCredits(
        tx,
        credits.filter((credit) => fresh.has(credit.bankReference)),
        at,
        on,
      );
    });
  }

  private async matchCredits(
    tx: Transaction,
    credits: readonly contributions.NewCredit[],
    at: Date,
    on: CivilDate,
  ): Promise<MatchedStatement> {
    const nameless = credits.filter((credit) => referencesIn(credit.reference).length === 0);
    const open = await contributions.lockNotices(
      tx,
      credits.flatMap((credit) => referencesIn(credit.reference)),
      nameless.flatMap((credit) => unitCodesIn(credit.reference)),
      nameless.map((credit) => credit.payerName),
    );
    const { matches, notices, restFen } = match(credits, open);
    const idOf = new Map(credits.map((credit) => [credit.bankReference, credit.id]));
    const rows = matches.map(({ bankReference, ...one }) => ({
      ...one,
      id: newId(),
      creditId: idOf.get(bankReference)!,
      matchedBy: BY_STATEMENT,
      confirmedBy: null,
    }));
    await contributions.insertMatches(tx, rows, at);
    const paid = await contributions.receive(tx, notices);
    await ledger.transfer(
      tx,
      [
        ...rows.flatMap((row) => [
          { code: 'contribution-member' as const, subject: row.id, attempt: 1, amountFen: row.memberFen, on },
          { code: 'contribution-unit' as const, subject: row.id, attempt: 1, amountFen: row.unitFen, on },
        ]),
        ...rows
          .filter((row) => row.rule === 'phone-settlement')
          .map((row) => ({ code: 'phone-settlement' as const, subject: row.creditId, attempt: 1, amountFen: row.amountFen, on })),
        ...credits.map((credit) => ({
          code: 'contribution-unmatched' as const,
          subject: credit.id,
          attempt: 1,
          amountFen: restFen.get(credit.bankReference)!,
          on,
        })),
      ].filter((transfer) => transfer.amountFen > 0),
    );
    return {
      credits: credits.length,
      matched: new Set(matches.map((one) => one.bankReference)).size,
      suspended: [...restFen.values()].filter((rest) => rest > 0).length,
      noticesPaid: paid.length,
      coversStarted: await settlePaid(tx, paid, at, on),
    };
  }

  private check(on: CivilDate, statement: BankStatement): void {
    if (statement.on !== on) throw statementDay(on, statement.on);
    if (statement.account !== this.config.collectionAccount) throw statementAccount();
    const gap = statementGap(statement);
    if (gap !== 0) throw statementBalance(on, gap);
  }
}
