/** Public finance: the e-receipt of a contribution, the grant of a batch's money, the voucher of what was posted. All are deduplicated by their reference. */
import type { EReceiptAnswer, EReceiptRequest, GrantAnswer, GrantRequest, RedFlushAnswer, Voucher, VoucherAnswer } from '@app/contracts';
import { parseCivilDate } from '@app/kernel';
import { z } from 'zod';
import { HttpClient } from './http-client.js';

const text = z.string().min(1);
const day = z.string().refine((value) => parseCivilDate(value) !== undefined);
// An answer about another reference is no answer to what was asked.
const grantOf = (reference: string): z.ZodType<GrantAnswer> =>
  z.object({ reference: z.literal(reference), state: z.enum(['granted', 'refused']) });
const voucherOf = (reference: string): z.ZodType<VoucherAnswer> => z.object({ reference: z.literal(reference), voucherNumber: text });
const receiptOf = (reference: string): z.ZodType<EReceiptAnswer> =>
  z.discriminatedUnion('state', [
    z.object({
      reference: z.literal(reference),
      state: z.literal('issued'),
      code: text,
      number: text,
      checkCode: z.string(),
      issuedOn: day,
    }),
    z.object({ reference: z.literal(reference), state: z.literal('refused'), reason: z.string() }),
  ]);
const redFlushOf = (reference: string): z.ZodType<RedFlushAnswer> =>
  z.object({ reference: z.literal(reference), state: z.literal('red-flushed'), redNumber: text, flushedOn: day });

export class TreasuryGateway {
  private readonly http: HttpClient;

  constructor(url: string) {
    this.http = new HttpClient('treasury', url);
  }

  async requestGrant(request: GrantRequest): Promise<GrantAnswer> {
    return this.http.read(await this.http.askJson('POST', '/grants', request), grantOf(request.reference));
  }

  async sendVoucher(voucher: Voucher): Promise<VoucherAnswer> {
    return this.http.read(await this.http.askJson('POST', '/vouchers', voucher), voucherOf(voucher.reference));
  }

  async issueReceipt(request: EReceiptRequest): Promise<EReceiptAnswer> {
    return this.http.read(await this.http.askJson('POST', '/e-receipts', request), receiptOf(request.reference));
  }

  async redFlushReceipt(reference: string): Promise<RedFlushAnswer> {
    const answer = await this.http.askJson('POST', `/e-receipts/${encodeURIComponent(reference)}/red-flush`, {});
    return this.http.read(answer, redFlushOf(reference));
  }
}
