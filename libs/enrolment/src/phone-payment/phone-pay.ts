import type { CivilDate, Fen } from '@app/kernel';

export interface PhoneOrder {
  /** Ours: at least 6 and at most 32 characters of 0-9 A-Z a-z _ -, unique for ever. */
  readonly orderNumber: string;
  readonly amountFen: Fen;
  readonly description: string;
  readonly expiresAt: Date;
  /** The member's binding to the official account; here the member id. */
  readonly payer: string;
}

/** `transaction` is WeChat's own number. */
export type PhonePayment = { readonly orderNumber: string } & (
  | { readonly state: 'paid' | 'refunded'; readonly amountFen: Fen; readonly transaction: string; readonly paidAt: Date }
  | { readonly state: 'open' | 'closed' }
);

export interface PhoneRefund {
  readonly refundNumber: string;
  readonly orderNumber: string;
  readonly amountFen: Fen;
  readonly state: 'processing' | 'succeeded' | 'failed';
}

/** Paying on the phone; the app binds it to a gateway. Every call may be made again. */
export abstract class PhonePay {
  /**
   * Makes the order, or finds the same one again; returns what the phone needs to pay. Errors: retryable `wechat-pay` and `unreadable-answer` (unavailable);
   * `order-changed` (conflict), also when the order is paid, closed or expired: ask with {@link query}.
   */
  abstract order(order: PhoneOrder): Promise<{ prepayId: string; payParameters: Readonly<Record<string, string>> }>;

  /** undefined: the order never arrived. An expired order stays open until it is closed. */
  abstract query(orderNumber: string): Promise<PhonePayment | undefined>;

  /** Afterwards nobody can pay it. Error: `order-paid` (conflict) when somebody has. */
  abstract close(orderNumber: string): Promise<void>;

  /**
   * Idempotent by its number. Errors: `refund-refused` (conflict), for another content, more than was paid, or a payer who cannot be paid; retryable
   * ones, with the institution's code as `refusal` in their details where it refuses for a fault that is not the refund's own.
   */
  abstract refund(refund: {
    refundNumber: string;
    orderNumber: string;
    amountFen: Fen;
    totalFen: Fen;
    reason: string;
  }): Promise<PhoneRefund>;

  /** undefined: the refund never arrived. */
  abstract queryRefund(refundNumber: string): Promise<PhoneRefund | undefined>;

  /**
   * The signed, encrypted notification, checked; undefined when the signature or the age is wrong. Pure CPU, fast: thousands a second.
   * `headers` by their names in lower case; `body` as it came.
   */
  abstract readNotification(headers: Readonly<Record<string, string | undefined>>, body: string): PhonePayment | undefined;

  /** Bill of a day: one line per paid or refunded order, for reconciliation; 'other' is for a person. undefined: not ready yet. */
  abstract bill(on: CivilDate): Promise<
    | {
        lines: { orderNumber: string; transaction: string; kind: 'payment' | 'refund' | 'other'; amountFen: Fen; at: Date }[];
      }
    | undefined
  >;
}
