import type { EReceiptAnswer, EReceiptRequest, RedFlushAnswer } from '@app/contracts';

/** Public finance, which issues fiscal receipts once for each reference; the app binds it to a gateway. */
export abstract class ReceiptOffice {
  abstract issueReceipt(request: EReceiptRequest): Promise<EReceiptAnswer>;
  abstract redFlushReceipt(reference: string): Promise<RedFlushAnswer>;
}
