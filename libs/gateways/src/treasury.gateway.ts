/** Public finance: the e-receipt of a contribution, the grant of a batch's money, the voucher of what was posted. All are deduplicated by their reference. */
import type { EReceiptAnswer, EReceiptRequest, GrantAnswer, GrantRequest, RedFlushAnswer, Voucher, VoucherAnswer } from '@app/contracts';
import { HttpClient } from './http-client.js';

export class TreasuryGateway {
  private readonly http: HttpClient;

  constructor(url: string) {
    this.http = new HttpClient('treasury', url);
  }

  async requestGrant(request: GrantRequest): Promise<GrantAnswer> {
    return this.http.read(await this.http.askJson('POST', '/grants', request));
  }

  async sendVoucher(voucher: Voucher): Promise<VoucherAnswer> {
    return this.http.read(await this.http.askJson('POST', '/vouchers', voucher));
  }

  async issueReceipt(request: EReceiptRequest): Promise<EReceiptAnswer> {
    return this.http.read(await this.http.askJson('POST', '/e-receipts', request));
  }

  async redFlushReceipt(reference: string): Promise<RedFlushAnswer> {
    return this.http.read(await this.http.askJson('POST', `/e-receipts/${encodeURIComponent(reference)}/red-flush`, {}));
  }
}
