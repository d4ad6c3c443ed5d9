/**
 * The bank, in our neutral form ISO 20022: pain.001.001.09 out, pain.002.001.10 status, camt.053.001.08 statement. These are the meanings;
 * the XML of each is built and read in bank-xml.ts.
 *
 *   POST /payments                        pain.001 -> pain.002; idempotent by MsgId, another body under it is answered 409
 *   GET  /payments/:messageId             pain.002 with the state of every row; 404 when the message never arrived
 *   GET  /returns?account=&from=&to=      BankReturn[] as JSON, by the day of return, both ends included
 *   GET  /statements/:account/:on         camt.053; 404 before the evening of that day
 *   POST /credits                         BankCredit: somebody pays into an account (a unit its contribution, the treasury a grant)
 */
export interface PaymentInstruction {
  /** MsgId: the caller's own unique reference of this part, the idempotency key; at most 35 characters. */
  messageId: string;
  createdAt: Date;
  debtorName: string;
  debtorAccount: string;
  /** The day the money is to go. */
  executeOn: string;
  /** At most 1,000. */
  rows: PaymentRow[];
}

export interface PaymentRow {
  /** At most 35 characters, unique for ever. */
  endToEndId: string;
  amountFen: number;
  creditorName: string;
  creditorAccount: string;
  creditorBankName: string;
}

/** ACSP accepted for execution, ACSC executed, RJCT refused for good, PDNG no outcome yet. */
export type BankRowStatus = 'ACSP' | 'ACSC' | 'RJCT' | 'PDNG';

export interface PaymentStatusReport {
  /** MsgId of this report. */
  reportId: string;
  createdAt: Date;
  originalMessageId: string;
  /** A row that the bank has no word on is absent; the same row may be acknowledged more than once. */
  rows: { statusId: string; endToEndId: string; status: BankRowStatus; reason?: BankReason }[];
}

/** AC01 wrong account, AC04 closed, AC06 blocked, AB05 stopped by a time-out and not executed, AM04 no funds, AM05 duplicate, BE01 name mismatch. */
export const BANK_REASONS = ['AC01', 'AC04', 'AC06', 'AB05', 'AM04', 'AM05', 'BE01'] as const;
export type BankReason = (typeof BANK_REASONS)[number];

export interface BankReturn {
  endToEndId: string;
  amountFen: number;
  /** Absent when it is none of ours. */
  reason?: BankReason;
  /** Day the money came back. */
  returnedOn: string;
}

export interface BankStatement {
  statementId: string;
  account: string;
  on: string;
  createdAt: Date;
  openingFen: number;
  closingFen: number;
  lines: BankStatementLine[];
}

export interface BankStatementLine {
  /** The bank's own reference of the booking, unique within the account. */
  bankReference: string;
  direction: 'credit' | 'debit';
  amountFen: number;
  /** Our EndToEndId on a payment and on its return; the payer's reference on a credit. */
  reference: string;
  kind: 'payment' | 'return' | 'credit';
  reason?: BankReason;
  counterpartyName: string;
}

/** POST /credits; idempotent by `bankReference`. */
export interface BankCredit {
  bankReference: string;
  account: string;
  amountFen: number;
  reference: string;
  payerName: string;
}
