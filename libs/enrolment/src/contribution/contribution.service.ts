import { Inject, Injectable } from '@nestjs/common';
import type { BankStatement } from '@app/contracts';
import { Clock, DomainError, fen, type CivilDate } from '@app/kernel';
import { ledger } from '@app/ledger';
import { CONFIG, Database, reachOf, type Config, type Principal } from '@app/platform';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { startCovers } from '../cover/cover.repository.js';
import { unconfirmedUnits } from '../difference/difference.repository.js';
import { windowById } from '../window/window.repository.js';
import { CollectionBank } from './collection-bank.js';
import { daysDue, match, noticeReference, referenceIn, statementGap } from './contribution.js';
import * as contributions from './contribution.repository.js';

/** Names credits in the ledger: the same credit has the same id wherever it is booked. */
const CREDIT_NAMESPACE = '6d1c9f0e-6a4b-4f0e-9d57-1d3a6a2f6c11';

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
   * One notice for each unit that has enrolled members without one, and whose differences against last period are confirmed; `waitingUnits`
   * are those that are not. Errors: `window` (not found), `forbidden`.
   */
  async issueNotices(windowId: string, principal?: Principal): Promise<IssuedNotices> {
    if (principal) reachOf(principal, 'window.manage');
    return this.database.transaction(async (tx) => {
      const { window } = await windowById(tx, windowId);
      const unconfirmed = await unconfirmedUnits(tx, windowId);
      const heldBack = unconfirmed.map(({ unitId }) => unitId);
      const notices = (await contributions.closeNotices(tx, windowId, heldBack)).map((due) => ({
        ...due,
        id: uuidv7(),
        reference: noticeReference(windowId, due.unitCode, due.number),
      }));
      await contributions.insertNotices(tx, windowId, notices, window.contribution_fen, this.clock.now());
      const members = notices.reduce((sum, notice) => sum + notice.members, 0);
      const waitingUnits = unconfirmed.filter(({ unnoticed }) => unnoticed > 0).length;
      return { notices: notices.length, members, amountFen: members * window.contribution_fen, waitingUnits };
    });
  }

  /** Errors: `window` (not found), `forbidden`. */
  async notices(windowId: string, principal: Principal): Promise<contributions.NoticeView[]> {
    const reach = reachOf(principal, 'contribution.read');
    await windowById(this.database.direct, windowId);
    return contributions.noticesOf(this.database.direct, windowId, reach.scope === 'all' ? '/' : reach.organisationPath);
  }

  async collectionDaysDue(now: Date): Promise<CivilDate[]> {
    const [span, stored] = [await contributions.windowSpan(this.database.direct), await contributions.storedDays(this.database.direct)];
    return daysDue(span, stored, now, this.config.hours.statementReady);
  }

  /** Fetches the statement of the day and matches it; undefined when the bank does not have it yet. */
  async collect(on: CivilDate): Promise<MatchedStatement | undefined> {
    const statement = await this.bank.statement(this.config.collectionAccount, on);
    return statement && this.matchStatement(on, statement);
  }

  /**
   * Stores the credits of a day's statement, gives them to the notices they name, and starts the covers of the notices that are paid by it.
   * The same day again changes nothing. Errors: `statement-day`, `statement-account`, `statement-balance` (invalid), `statement-changed` (conflict).
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
      const header = {
        on,
        opening_fen: statement.openingFen,
        closing_fen: statement.closingFen,
        lines: statement.lines.length,
        fetched_at: this.clock.now(),
      };
      if (!(await contributions.insertStatement(tx, header))) {
        const stored = await contributions.statementOf(tx, on);
        if (stored.opening_fen !== header.opening_fen || stored.closing_fen !== header.closing_fen || stored.lines !== header.lines) {
          throw new DomainError(
            'statement-changed',
            'conflict',
            'expected the statement that was stored for this day, found another; ask the bank which one holds',
            { on },
          );
        }
        return { credits: 0, matched: 0, suspended: 0, noticesPaid: 0, coversStarted: 0 };
      }
      const fresh = await contributions.insertCredits(tx, on, credits);
      const due = credits.filter((credit) => fresh.has(credit.bankReference));
      const references = due.map((credit) => referenceIn(credit.reference)).filter((reference) => reference !== undefined);
      const { matches, notices } = match(due, await contributions.lockNotices(tx, references));
      await contributions.saveMatches(tx, matches);
      const paid = await contributions.receive(tx, notices);
      const idOf = new Map(due.map((credit) => [credit.bankReference, credit.id]));
      await ledger.transfer(
        tx,
        matches.flatMap(({ bankReference, matchedFen, suspenseFen }) => {
          const booking = { subject: idOf.get(bankReference)!, attempt: 1, on };
          return [
            { ...booking, code: 'contribution' as const, amountFen: matchedFen },
            { ...booking, code: 'contribution-unmatched' as const, amountFen: suspenseFen },
          ].filter((transfer) => transfer.amountFen > 0);
        }),
      );
      return {
        credits: due.length,
        matched: matches.filter((one) => one.matchedFen > 0).length,
        suspended: matches.filter((one) => one.suspenseFen > 0).length,
        noticesPaid: paid.length,
        coversStarted: await startCovers(tx, paid, this.clock.now()),
      };
    });
  }

  private check(on: CivilDate, statement: BankStatement): void {
    if (statement.on !== on)
      throw new DomainError(
        'statement-day',
        'invalid',
        `expected the statement of ${on}, found that of ${statement.on}; ask the bank again`,
      );
    if (statement.account !== this.config.collectionAccount) {
      throw new DomainError(
        'statement-account',
        'invalid',
        'expected the statement of the collection account, found that of another; check COLLECTION_ACCOUNT',
      );
    }
    const gap = statementGap(statement);
    if (gap !== 0) {
      throw new DomainError(
        'statement-balance',
        'invalid',
        `expected opening balance and lines to give the closing balance, found ${gap} fen between them; ask the bank`,
        { on },
      );
    }
  }
}
