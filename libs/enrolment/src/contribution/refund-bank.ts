import type { PaymentStatusReport } from '@app/contracts';

/** The bank that pays refunds out of the collection account; the app binds it to a gateway. */
export abstract class RefundBank {
  /** `pain001` as it was signed. Error `no-answer`: the outcome is unknown, and only {@link status} may follow. */
  abstract submit(pain001: string): Promise<PaymentStatusReport>;
  /** undefined: the bank never received that message. */
  abstract status(messageId: string): Promise<PaymentStatusReport | undefined>;
}
