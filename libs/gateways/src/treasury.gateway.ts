/** Public finance: the grant of a batch's money, and the voucher of what was posted. Both are deduplicated by their reference. */
import type { GrantAnswer, GrantRequest, Voucher, VoucherAnswer } from '@app/contracts';
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
}
