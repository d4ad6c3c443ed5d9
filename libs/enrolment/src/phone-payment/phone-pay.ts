import type { CivilDate, Fen } from '@app/kernel';

export interface PhoneOrder {
  readonly orderNumber: string /* ours, ≤32 chars [0-9A-Za-z_-], unique for ever */;
  readonly amountFen: Fen;
  readonly description: string;
  readonly expiresAt: Date;
  readonly payer: string; /* member's binding to the official account; here the member id */
}
export interface PhonePayment {
  readonly orderNumber: string;
  readonly state: 'paid' | 'open' | 'closed' | 'refunded';
  readonly amountFen: Fen;
  readonly transaction: string | null;
  readonly paidAt: Date | null;
}
export interface PhoneRefund {
  readonly refundNumber: string;
  readonly orderNumber: string;
  readonly amountFen: Fen;
  readonly state: 'processing' | 'succeeded' | 'failed';
}
export abstract class PhonePay {
  abstract order(order: PhoneOrder): Promise<{ prepayId: string; payParameters: Readonly<Record<string, string>> }>;
  abstract query(orderNumber: string): Promise<PhonePayment | undefined>;
  abstract close(orderNumber: string): Promise<void>;
  abstract refund(refund: {
    refundNumber: string;
    orderNumber: string;
    amountFen: Fen;
    totalFen: Fen;
    reason: string;
  }): Promise<PhoneRefund>;
  abstract queryRefund(refundNumber: string): Promise<PhoneRefund | undefined>;
  /** The signed, encrypted notification, checked; undefined when the signature or the age is wrong. Pure CPU. */
  abstract readNotification(headers: Readonly<Record<string, string | undefined>>, body: string): PhonePayment | undefined;
  abstract bill(
    on: CivilDate,
  ): Promise<{ lines: { orderNumber: string; transaction: string; kind: 'payment' | 'refund'; amountFen: Fen; at: Date }[] } | undefined>;
}
