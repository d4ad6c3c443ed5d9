/**
 * The bank's books and its word on payments. Money moves the moment a message is taken in. The banking day ends at 20:00: what comes later
 * is booked on the next day, so a statement that was given out never changes.
 */
import {
  readPaymentInstruction,
  writePaymentStatusReport,
  writeStatement,
  type BankCredit,
  type BankReturn,
  type PaymentInstruction,
  type PaymentRow,
  type PaymentStatusReport,
} from '@app/contracts';
import { createHash } from 'node:crypto';
import { addHours, chinaDay, chinaInstant, isDay } from '../china-time.js';
import { invalid, Refusal } from '../http.js';
import type { SimulatorClock } from '../simulator.js';
import { AccountBook } from './account-book.js';
import { fateOf, type RowFate } from './account-ending.js';
import { nextBankWorkingDay } from './bank-calendar.js';

const MAX_ROWS = 1000;
const HOURS_AFTER_CUT_OFF = 4;
const RETURN_REASON = 'AC04';
const RETURN_TIME = '09:30:00';

interface TakenRow {
  row: PaymentRow;
  statusId: string;
  fate: RowFate;
}

interface TakenMessage {
  bodyHash: string;
  /** The answer that was given, given again to the same message. */
  answer: string;
  rows: TakenRow[];
}

interface DueReturn {
  account: string;
  row: PaymentRow;
  on: string;
}

type ReportRow = PaymentStatusReport['rows'][number];

export class Bank {
  private readonly accounts = new Map<string, AccountBook>();
  private readonly messages = new Map<string, TakenMessage>();
  private readonly endToEndIds = new Set<string>();
  private readonly credits = new Map<string, string>();
  private readonly presentations = new Map<string, number>();
  /** In the order of their days, since banking days only go forward. */
  private readonly dueReturns: DueReturn[] = [];
  private readonly returns: { account: string; entry: BankReturn }[] = [];
  private bookings = 0;
  private reports = 0;

  constructor(private readonly clock: SimulatorClock) {}

  /** pain.001 to pain.002. */
  submit(xml: string): string {
    this.giveBackWhatIsDue();
    const instruction = readInstruction(xml);
    const bodyHash = createHash('sha256').update(xml).digest('hex');
    const known = this.messages.get(instruction.messageId);
    if (known) {
      if (known.bodyHash === bodyHash) return known.answer;
      throw new Refusal(409, 'message-id-reused', `message ${instruction.messageId} was sent before with another content`);
    }
    const rows = this.take(instruction);
    const answer = this.report(
      instruction.messageId,
      rows.filter(({ fate }) => !fate.silent).map((taken) => wordOn(taken, taken.fate.status === 'ACSC' ? 'ACSP' : 'RJCT')),
    );
    this.messages.set(instruction.messageId, { bodyHash, answer, rows });
    return answer;
  }

  /** pain.002 of what is known of a message now. */
  query(messageId: string): string {
    this.giveBackWhatIsDue();
    const message = this.messages.get(messageId);
    if (!message) throw new Refusal(404, 'message-unknown', `no message ${messageId} has arrived`);
    return this.report(
      messageId,
      message.rows.flatMap((taken) => {
        const word = wordOn(taken, taken.fate.status);
        return taken.fate.twice ? [word, { ...word, statusId: `${word.statusId}-2` }] : [word];
      }),
    );
  }

  returnsOf(account: string, from: string, to: string): BankReturn[] {
    this.giveBackWhatIsDue();
    return this.returns
      .filter((one) => one.account === account && one.entry.returnedOn >= from && one.entry.returnedOn <= to)
      .map(({ entry }) => entry);
  }

  /** camt.053 */
  statement(account: string, on: string): string {
    this.giveBackWhatIsDue();
    if (!isDay(on)) throw invalid('the day of a statement must be YYYY-MM-DD');
    if (this.bankingDay() <= on) throw new Refusal(404, 'statement-not-ready', `the statement of ${on} is ready at 20:00 of that day`);
    const book = this.book(account);
    const { openingFen, closingFen, lines } = book.day(on);
    return writeStatement({
      statementId: `ST${on.replaceAll('-', '')}-${String(book.sequence).padStart(6, '0')}`,
      account,
      on,
      createdAt: chinaInstant(on, '20:00:00'),
      openingFen,
      closingFen,
      lines,
    });
  }

  balance(account: string): number {
    this.giveBackWhatIsDue();
    return this.book(account).balanceFen;
  }

  credit(credit: BankCredit): BankCredit {
    this.giveBackWhatIsDue();
    const content = JSON.stringify(credit);
    const known = this.credits.get(credit.bankReference);
    if (known === content) return credit;
    if (known !== undefined)
      throw new Refusal(409, 'credit-reused', `credit ${credit.bankReference} was booked before with another content`);
    this.credits.set(credit.bankReference, content);
    const { bankReference, amountFen, reference, payerName: counterpartyName } = credit;
    this.book(credit.account).book(
      { bankReference, direction: 'credit', amountFen, reference, kind: 'credit', counterpartyName },
      this.bankingDay(),
    );
    return credit;
  }

  private bankingDay(): string {
    return chinaDay(addHours(this.clock.now(), HOURS_AFTER_CUT_OFF));
  }

  private take(instruction: PaymentInstruction): TakenRow[] {
    const fresh = instruction.rows.filter((row) => !this.endToEndIds.has(row.endToEndId));
    const totalFen = fresh.reduce((sum, row) => sum + row.amountFen, 0);
    const covered = totalFen <= this.book(instruction.debtorAccount).balanceFen;
    return instruction.rows.map((row, index) => {
      const fate = this.fate(row, covered);
      this.endToEndIds.add(row.endToEndId);
      if (fate.status === 'ACSC') this.execute(instruction, row, fate);
      return { row, statusId: `M${this.messages.size + 1}-${index + 1}`, fate };
    });
  }

  private fate(row: PaymentRow, covered: boolean): RowFate {
    if (this.endToEndIds.has(row.endToEndId)) return { status: 'RJCT', reason: 'AM05' };
    if (!covered) return { status: 'RJCT', reason: 'AM04' };
    const presentation = (this.presentations.get(row.creditorAccount) ?? 0) + 1;
    this.presentations.set(row.creditorAccount, presentation);
    return fateOf(row.creditorAccount, presentation);
  }

  private execute({ debtorAccount }: PaymentInstruction, row: PaymentRow, fate: RowFate): void {
    const on = this.bankingDay();
    this.move(debtorAccount, row, 'payment', on);
    if (fate.returned) this.dueReturns.push({ account: debtorAccount, row, on: nextBankWorkingDay(on) });
  }

  private giveBackWhatIsDue(): void {
    const now = this.clock.now();
    for (let due = this.dueReturns[0]; due && chinaInstant(due.on, RETURN_TIME) <= now; due = this.dueReturns[0]) {
      this.dueReturns.shift();
      const { account, row, on } = due;
      this.move(account, row, 'return', on);
      this.returns.push({
        account,
        entry: { endToEndId: row.endToEndId, amountFen: row.amountFen, reason: RETURN_REASON, returnedOn: on },
      });
    }
  }

  private move(account: string, row: PaymentRow, kind: 'payment' | 'return', on: string): void {
    this.book(account).book(
      {
        bankReference: `TX${String(++this.bookings).padStart(12, '0')}`,
        direction: kind === 'payment' ? 'debit' : 'credit',
        amountFen: row.amountFen,
        reference: row.endToEndId,
        kind,
        ...(kind === 'return' ? { reason: RETURN_REASON } : {}),
        counterpartyName: row.creditorName,
      },
      on,
    );
  }

  private report(originalMessageId: string, rows: ReportRow[]): string {
    return writePaymentStatusReport({ reportId: `R${++this.reports}`, createdAt: this.clock.now(), originalMessageId, rows });
  }

  private book(account: string): AccountBook {
    let book = this.accounts.get(account);
    if (!book) {
      if (account === '' || account.length > 34) throw invalid('an account must have 1 to 34 characters');
      book = new AccountBook(account, this.accounts.size + 1);
      this.accounts.set(account, book);
    }
    return book;
  }
}

/** Status ids name the word they stand for, so the same word asked for twice has the same id. */
const wordOn = ({ row, statusId, fate }: TakenRow, status: ReportRow['status']): ReportRow => ({
  statusId: `${statusId}-${status}`,
  endToEndId: row.endToEndId,
  status,
  ...(fate.reason ? { reason: fate.reason } : {}),
});

function readInstruction(xml: string): PaymentInstruction {
  let instruction: PaymentInstruction;
  try {
    instruction = readPaymentInstruction(xml);
  } catch (error) {
    throw new Refusal(400, 'xml-invalid', error instanceof Error ? error.message : String(error));
  }
  const { messageId, rows } = instruction;
  if (messageId.length > 35) throw invalid('MsgId must have at most 35 characters');
  if (rows.length > MAX_ROWS) throw new Refusal(400, 'too-many-rows', `a message has at most ${MAX_ROWS} rows, found ${rows.length}`);
  if (rows.some((row) => row.endToEndId.length > 35)) throw invalid('EndToEndId must have at most 35 characters');
  if (rows.some((row) => row.amountFen <= 0)) throw invalid('an amount must be above 0');
  if (rows.some((row) => row.creditorAccount.length > 34 || row.creditorName.length > 140))
    throw invalid('Id or Nm of a creditor is too long');
  // A status row is known by its EndToEndId alone, so two in one message could not be told apart.
  if (new Set(rows.map((row) => row.endToEndId)).size < rows.length)
    throw new Refusal(400, 'end-to-end-id-repeated', 'an EndToEndId stands twice in the message');
  return instruction;
}
