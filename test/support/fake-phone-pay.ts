/** WeChat pay as an object: orders, payments and refunds in memory; notifications signed by an HMAC in place of certificates. */
import { PhonePay, type PhoneOrder, type PhonePayment, type PhoneRefund } from '@app/enrolment';
import { NoAnswer } from '@app/gateways';
import { chinaDate, DomainError, fen, type CivilDate, type Clock, type Fen } from '@app/kernel';
import { createHmac, timingSafeEqual } from 'node:crypto';

export const FAKE_KEY = 'fake phone pay';
const signatureOf = (body: string): Buffer => createHmac('sha256', FAKE_KEY).update(body).digest();

export interface Notification {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** As WeChat would send it; also where there is no instance, since the key is no secret. */
export function notificationOf(orderNumber: string, amountFen: number, paidAt: Date): Notification {
  const body = JSON.stringify({ orderNumber, amountFen, transaction: `4200${orderNumber}`, paidAt: paidAt.toISOString() });
  return { headers: { 'content-type': 'application/json', 'wechatpay-signature': signatureOf(body).toString('base64') }, body };
}

interface Order extends PhoneOrder {
  payment: PhonePayment;
}

export class FakePhonePay extends PhonePay {
  readonly orders = new Map<string, Order>();
  readonly refunds = new Map<string, PhoneRefund>();
  /** No answer to anything. */
  silent = false;
  /** What a refund comes to at once, and one that is under way when it is asked about. */
  refundState: PhoneRefund['state'] = 'succeeded';
  /** Orders whose refund is refused. */
  readonly refusedRefunds = new Set<string>();
  /** By order: the code with which a refund is answered for a fault that is none of its own. */
  readonly faultyRefunds = new Map<string, string>();

  constructor(private readonly clock: Clock) {
    super();
  }

  override order(order: PhoneOrder): Promise<{ prepayId: string; payParameters: Readonly<Record<string, string>> }> {
    return this.answered(() => {
      const { orderNumber } = order;
      if (!this.orders.has(orderNumber)) this.orders.set(orderNumber, { ...order, payment: { orderNumber, state: 'open' } });
      return { prepayId: `wx${orderNumber}`, payParameters: { package: `prepay_id=wx${orderNumber}` } };
    });
  }

  override query(orderNumber: string): Promise<PhonePayment | undefined> {
    return this.answered(() => this.orders.get(orderNumber)?.payment);
  }

  override close(orderNumber: string): Promise<void> {
    return this.answered(() => {
      const order = this.orders.get(orderNumber);
      if (order?.payment.state === 'open') order.payment = { orderNumber, state: 'closed' };
    });
  }

  override refund(refund: { refundNumber: string; orderNumber: string; amountFen: Fen }): Promise<PhoneRefund> {
    return this.answered(() => {
      if (this.refusedRefunds.has(refund.orderNumber)) throw new DomainError('refund-refused', 'conflict', 'expected a refund, found more');
      const refusal = this.faultyRefunds.get(refund.orderNumber);
      if (refusal !== undefined)
        throw new DomainError('wechat-pay', 'unavailable', `expected a refund to be taken, found ${refusal}`, { refusal });
      const known = this.refunds.get(refund.refundNumber) ?? { ...refund, state: this.refundState };
      this.refunds.set(refund.refundNumber, known);
      return known;
    });
  }

  override queryRefund(refundNumber: string): Promise<PhoneRefund | undefined> {
    return this.answered(() => {
      const known = this.refunds.get(refundNumber);
      if (known?.state !== 'processing') return known;
      const now = { ...known, state: this.refundState };
      this.refunds.set(refundNumber, now);
      return now;
    });
  }

  override readNotification(headers: Readonly<Record<string, string | undefined>>, body: string): PhonePayment | undefined {
    const given = Buffer.from(headers['wechatpay-signature'] ?? '', 'base64');
    const expected = signatureOf(body);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const told = JSON.parse(body) as { orderNumber: string; amountFen: number; transaction: string; paidAt: string };
    return { ...told, state: 'paid', amountFen: fen(told.amountFen), paidAt: new Date(told.paidAt) };
  }

  override bill(on: CivilDate): ReturnType<PhonePay['bill']> {
    return this.answered(() => ({
      lines: [...this.orders.values()].flatMap(({ payment }) =>
        payment.state === 'paid' && chinaDate(payment.paidAt) === on ? [{ ...payment, kind: 'payment' as const, at: payment.paidAt }] : [],
      ),
    }));
  }

  /** A person gives back at the institution what could not be given back. */
  giveBackByHand(orderNumber: string): void {
    this.refusedRefunds.delete(orderNumber);
    for (const refund of this.refunds.values())
      if (refund.orderNumber === orderNumber) this.refunds.set(refund.refundNumber, { ...refund, state: 'succeeded' });
  }

  /** The member pays; what WeChat would send is returned. */
  pay(orderNumber: string, paidAt = this.clock.now()): Notification {
    const order = this.orders.get(orderNumber)!;
    const { amountFen } = order;
    order.payment = { orderNumber, state: 'paid', amountFen, transaction: `4200${orderNumber}`, paidAt };
    return notificationOf(orderNumber, amountFen, paidAt);
  }

  private answered<T>(answer: () => T): Promise<T> {
    return this.silent ? Promise.reject(new NoAnswer('phone pay')) : Promise.resolve().then(answer);
  }
}
