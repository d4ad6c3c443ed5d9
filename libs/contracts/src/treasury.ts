/** The public-finance (财政) system: e-invoice check, e-receipts of contributions, grant of money for a batch, vouchers. All amounts are integer fen. */
export type EInvoiceResult = 'VERIFIED' | 'MISMATCH' | 'NOT_FOUND' | 'VOIDED' | 'RED_FLUSHED' | 'RATE_LIMITED' | 'UNAVAILABLE';

/** POST /e-invoices/check */
export interface EInvoiceCheck {
  code: string;
  number: string;
  checkCode: string;
  issuedOn: string;
  amountFen: number;
}
export interface EInvoiceCheckAnswer {
  result: EInvoiceResult;
  /** How often this invoice has been checked, this time included. */
  checks: number;
}

/** POST /e-receipts: the fiscal receipt of money taken in; idempotent by `reference`, another body under it is answered 409. GET /e-receipts/:reference asks again. */
export interface EReceiptRequest {
  reference: string;
  payer: string;
  amountFen: number;
  item: string;
}
/** The receipt stands in the register of e-invoices under code, number and check code. */
export type EReceiptAnswer =
  | { reference: string; state: 'issued'; code: string; number: string; checkCode: string; issuedOn: string }
  | { reference: string; state: 'refused'; reason: string };

/** POST /e-receipts/:reference/red-flush: the whole receipt is taken back; again gives the same answer. */
export interface RedFlushAnswer {
  reference: string;
  state: 'red-flushed';
  redNumber: string;
  flushedOn: string;
}

/** POST /grants: idempotent by `reference`; another body under the same reference is answered 409. GET /grants/:reference asks again. */
export interface GrantRequest {
  reference: string;
  amountFen: number;
  payoutAccount: string;
  purpose: string;
}
export interface GrantAnswer {
  reference: string;
  state: 'granted' | 'refused';
  reason?: string;
}

/** POST /vouchers: one accounting voucher, balanced; idempotent by `reference`. GET /vouchers lists them. */
export interface Voucher {
  reference: string;
  on: string;
  summary: string;
  entries: { account: string; debitFen: number; creditFen: number }[];
}
export interface VoucherAnswer {
  reference: string;
  voucherNumber: string;
}
