import type { EInvoiceCheckAnswer, EInvoiceCheck, EReceiptAnswer, GrantAnswer, RedFlushAnswer, VoucherAnswer } from '@app/contracts';
import { Body, Controller, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { Fields, fieldsOfList } from '../fields.js';
import { invalid } from '../http.js';
import { E_INVOICE_STATES, EInvoices, type RegisteredEInvoice } from './e-invoices.js';
import { EReceipts } from './e-receipts.js';
import { Grants } from './grants.js';
import { Vouchers, type BookedVoucher } from './vouchers.js';

/** The bank takes "grant-" + reference as a reference of at most 35 characters. */
const GRANT_REFERENCE = 29;
const RECEIPT_REFERENCE = 35;

@Controller()
export class TreasuryController {
  constructor(
    private readonly grants: Grants,
    private readonly eInvoices: EInvoices,
    private readonly eReceipts: EReceipts,
    private readonly vouchers: Vouchers,
  ) {}

  @Post('grants')
  @HttpCode(200)
  grant(@Body() body: unknown): Promise<GrantAnswer> {
    const fields = new Fields(body);
    return this.grants.grant({
      reference: fields.text('reference', GRANT_REFERENCE),
      amountFen: fields.integer('amountFen', 1),
      payoutAccount: fields.text('payoutAccount', 34),
      purpose: fields.text('purpose'),
    });
  }

  @Get('grants/:reference')
  findGrant(@Param('reference') reference: string): GrantAnswer {
    return this.grants.find(reference);
  }

  @Post('e-invoices/check')
  @HttpCode(200)
  check(@Body() body: unknown): EInvoiceCheckAnswer {
    return this.eInvoices.check(readEInvoice(new Fields(body)));
  }

  @Put('control/e-invoices')
  register(@Body() body: unknown): { registered: number } {
    const invoices = fieldsOfList(body).map((fields): RegisteredEInvoice => {
      const state = E_INVOICE_STATES.find((known) => known === fields.text('state'));
      if (!state) throw invalid(`state must be one of ${E_INVOICE_STATES.join(', ')}`);
      return { ...readEInvoice(fields), state };
    });
    this.eInvoices.put(invoices);
    return { registered: invoices.length };
  }

  @Post('e-receipts')
  @HttpCode(200)
  issue(@Body() body: unknown): EReceiptAnswer {
    const fields = new Fields(body);
    return this.eReceipts.issue({
      reference: fields.text('reference', RECEIPT_REFERENCE),
      payer: fields.text('payer'),
      amountFen: fields.integer('amountFen', 1),
      item: fields.text('item'),
    });
  }

  @Get('e-receipts/:reference')
  findReceipt(@Param('reference') reference: string): EReceiptAnswer {
    return this.eReceipts.find(reference);
  }

  @Post('e-receipts/:reference/red-flush')
  @HttpCode(200)
  redFlush(@Param('reference') reference: string): RedFlushAnswer {
    return this.eReceipts.redFlush(reference);
  }

  @Post('vouchers')
  @HttpCode(200)
  book(@Body() body: unknown): VoucherAnswer {
    const fields = new Fields(body);
    return this.vouchers.book({
      reference: fields.text('reference'),
      on: fields.day('on'),
      summary: fields.text('summary'),
      entries: fields.list('entries').map((entry) => ({
        account: entry.text('account'),
        debitFen: entry.integer('debitFen', 0),
        creditFen: entry.integer('creditFen', 0),
      })),
    });
  }

  @Get('vouchers')
  list(): BookedVoucher[] {
    return this.vouchers.list();
  }

  /** For tests: the next new grants or receipts refused, the next e-invoice checks or requests for receipts unavailable. */
  @Post('faults')
  @HttpCode(200)
  setFaults(@Body() body: unknown): Faults {
    const fields = new Fields(body);
    this.grants.refuseNext = fields.optionalInteger('refuseGrants', 0) ?? this.grants.refuseNext;
    this.eInvoices.unavailableNext = fields.optionalInteger('unavailableChecks', 0) ?? this.eInvoices.unavailableNext;
    this.eReceipts.refuseNext = fields.optionalInteger('refuseReceipts', 0) ?? this.eReceipts.refuseNext;
    this.eReceipts.unavailableNext = fields.optionalInteger('unavailableReceipts', 0) ?? this.eReceipts.unavailableNext;
    return {
      refuseGrants: this.grants.refuseNext,
      unavailableChecks: this.eInvoices.unavailableNext,
      refuseReceipts: this.eReceipts.refuseNext,
      unavailableReceipts: this.eReceipts.unavailableNext,
    };
  }
}

interface Faults {
  refuseGrants: number;
  unavailableChecks: number;
  refuseReceipts: number;
  unavailableReceipts: number;
}

const readEInvoice = (fields: Fields): EInvoiceCheck => ({
  code: fields.text('code', 12),
  number: fields.text('number', 10),
  checkCode: fields.text('checkCode', 6),
  issuedOn: fields.day('issuedOn'),
  amountFen: fields.integer('amountFen', 1),
});
