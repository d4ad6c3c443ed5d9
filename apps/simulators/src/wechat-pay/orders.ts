/** The orders of one merchant and what was paid and given back on them. Everything happens at once, so two taps are one after the other. */
import type { JsapiOrder, WechatRefund, WechatRefundRequest, WechatTradeState, WechatTransaction } from '@app/contracts';
import { addHours, chinaDay, chinaTimestamp } from '../china-time.js';
import { Refusal } from '../http.js';
import type { SimulatorClock } from '../simulator.js';
import type { Payers } from './payer-ending.js';

const MINUTE_MS = 60_000;
const REFUND_MS = 5 * MINUTE_MS;

interface Order {
  readonly request: JsapiOrder;
  readonly content: string;
  readonly prepayId: string;
  readonly expiresAt: Date;
  state: WechatTradeState;
  tries: number;
  refundedFen: number;
  payment?: { readonly transaction: string; readonly at: Date };
}

interface Refund {
  readonly request: WechatRefundRequest;
  readonly content: string;
  readonly id: string;
  readonly transaction: string;
  readonly at: Date;
  readonly fails: boolean;
}

/** A payment or a refund, as the bill of its day has it. */
export interface Trade {
  readonly order: JsapiOrder;
  readonly transaction: string;
  readonly at: Date;
  readonly refund?: { readonly id: string; readonly request: WechatRefundRequest; readonly fails: boolean };
}

export interface Tapped {
  readonly transaction: WechatTransaction;
  readonly notifyUrl: string;
  /** It had been paid before: nothing moved. */
  readonly again: boolean;
}

export class Orders {
  private readonly byNumber = new Map<string, Order>();
  private readonly byPrepayId = new Map<string, Order>();
  private readonly refunds = new Map<string, Refund>();
  private readonly byDay = new Map<string, Trade[]>();
  private transactions = 0;

  constructor(
    private readonly clock: SimulatorClock,
    private readonly payers: Payers,
  ) {}

  /** `fresh`: it was not known before. */
  order(request: JsapiOrder): { prepayId: string; fresh: boolean } {
    const now = this.clock.now();
    const content = JSON.stringify(request);
    const known = this.byNumber.get(request.out_trade_no);
    if (known) {
      if (known.content !== content) throw new Refusal(403, 'OUT_TRADE_NO_USED', '商户订单号重复');
      if (known.payment) throw paid();
      if (known.state === 'CLOSED') throw closed();
      if (now > known.expiresAt) throw new Refusal(400, 'INVALID_REQUEST', '订单已过支付结束时间');
      return { prepayId: known.prepayId, fresh: false };
    }
    const prepayId = `wx${digitsOf(now, 14)}${String(this.byNumber.size + 1).padStart(20, '0')}`;
    const order: Order = {
      request,
      content,
      prepayId,
      // WeChat grants at least a minute.
      expiresAt: new Date(Math.max(Date.parse(request.time_expire), now.getTime() + MINUTE_MS)),
      state: 'NOTPAY',
      tries: 0,
      refundedFen: 0,
    };
    this.byNumber.set(request.out_trade_no, order);
    this.byPrepayId.set(prepayId, order);
    return { prepayId, fresh: true };
  }

  find(number: string): WechatTransaction {
    return transactionOf(this.known(number));
  }

  close(number: string): void {
    const order = this.known(number);
    if (order.payment) throw paid();
    order.state = 'CLOSED';
  }

  /** The payer taps "pay". */
  pay(prepayId: string, payer: string): Tapped {
    const order = this.byPrepayId.get(prepayId);
    if (!order) throw new Refusal(404, 'PREPAY_NOT_EXIST', '预支付交易会话不存在');
    const { request } = order;
    if (request.payer.openid !== payer) throw new Refusal(403, 'OPENID_MISMATCH', '下单的用户与支付的用户不一致');
    if (order.payment) return { transaction: transactionOf(order), notifyUrl: request.notify_url, again: true };
    const now = this.clock.now();
    if (order.state === 'CLOSED') throw closed();
    if (now > order.expiresAt) throw new Refusal(403, 'TRADE_ERROR', '订单已过支付结束时间');
    order.tries++;
    if (this.payers.fate(payer).insufficientFunds && order.tries % 2 === 1) {
      order.state = 'PAYERROR';
      throw new Refusal(403, 'NOTENOUGH', '余额不足');
    }
    order.state = 'SUCCESS';
    const transaction = `420000${digitsOf(now, 8)}${String(++this.transactions).padStart(14, '0')}`;
    order.payment = { transaction, at: now };
    this.book({ order: request, transaction, at: now });
    return { transaction: transactionOf(order), notifyUrl: request.notify_url, again: false };
  }

  refund(request: WechatRefundRequest): WechatRefund {
    const content = JSON.stringify(request);
    const known = this.refunds.get(request.out_refund_no);
    if (known) {
      if (known.content !== content) throw new Refusal(400, 'INVALID_REQUEST', '订单金额或退款金额与之前请求不一致');
      return this.refundNow(known);
    }
    const order = this.byNumber.get(request.out_trade_no);
    if (!order) throw new Refusal(404, 'RESOURCE_NOT_EXISTS', '订单不存在');
    if (!order.payment) throw new Refusal(400, 'INVALID_REQUEST', '订单未支付');
    const { total } = order.request.amount;
    if (request.amount.total !== total) throw new Refusal(400, 'INVALID_REQUEST', '订单金额与原订单不一致');
    if (order.refundedFen + request.amount.refund > total) throw new Refusal(400, 'INVALID_REQUEST', '退款金额大于订单可退金额');
    const at = this.clock.now();
    const refund: Refund = {
      request,
      content,
      id: `503000${digitsOf(at, 8)}${String(this.refunds.size + 1).padStart(14, '0')}`,
      transaction: order.payment.transaction,
      at,
      fails: this.payers.fate(order.request.payer.openid).refundFails === true,
    };
    order.refundedFen += request.amount.refund;
    order.state = 'REFUND';
    this.refunds.set(request.out_refund_no, refund);
    this.book({ order: order.request, transaction: refund.transaction, at, refund: { id: refund.id, request, fails: refund.fails } });
    return this.refundNow(refund);
  }

  findRefund(number: string): WechatRefund {
    const refund = this.refunds.get(number);
    if (!refund) throw new Refusal(404, 'RESOURCE_NOT_EXISTS', '退款单不存在');
    return this.refundNow(refund);
  }

  /** Payments of the day they succeeded on, refunds of the day they were taken on. */
  tradesOf(day: string): readonly Trade[] {
    return this.byDay.get(day) ?? [];
  }

  /** Days with a payment or a refund, in their order. */
  daysAfter(day: string): string[] {
    return [...this.byDay.keys()].filter((one) => one > day).sort();
  }

  private known(number: string): Order {
    const order = this.byNumber.get(number);
    if (!order) throw new Refusal(404, 'ORDER_NOT_EXIST', '订单不存在');
    return order;
  }

  private book(trade: Trade): void {
    const day = chinaDay(trade.at);
    const trades = this.byDay.get(day);
    if (trades) trades.push(trade);
    else this.byDay.set(day, [trade]);
  }

  /** A refund takes five minutes. */
  private refundNow({ request, id, transaction, at, fails }: Refund): WechatRefund {
    const doneAt = new Date(at.getTime() + REFUND_MS);
    const done = this.clock.now() >= doneAt;
    return {
      refund_id: id,
      out_refund_no: request.out_refund_no,
      transaction_id: transaction,
      out_trade_no: request.out_trade_no,
      create_time: rfc3339(at),
      ...(done && !fails ? { success_time: rfc3339(doneAt) } : {}),
      status: !done ? 'PROCESSING' : fails ? 'ABNORMAL' : 'SUCCESS',
      amount: request.amount,
    };
  }
}

const STATE_TEXTS: Readonly<Record<WechatTradeState, string>> = {
  SUCCESS: '支付成功',
  REFUND: '转入退款',
  NOTPAY: '订单未支付',
  CLOSED: '订单已关闭',
  USERPAYING: '用户支付中',
  PAYERROR: '支付失败',
};

const transactionOf = ({ request, state, payment }: Order): WechatTransaction => ({
  appid: request.appid,
  mchid: request.mchid,
  out_trade_no: request.out_trade_no,
  trade_state: state,
  trade_state_desc: STATE_TEXTS[state],
  amount: request.amount,
  ...(payment ? { transaction_id: payment.transaction, trade_type: 'JSAPI', success_time: rfc3339(payment.at), payer: request.payer } : {}),
});

const paid = (): Refusal => new Refusal(400, 'ORDERPAID', '该订单已支付');
const closed = (): Refusal => new Refusal(400, 'ORDER_CLOSED', '订单已关闭');

/** The first digits of YYYYMMDDHHmmss, China time. */
const digitsOf = (at: Date, count: number): string => chinaTimestamp(at).replace(/\D/g, '').slice(0, count);

export const rfc3339 = (at: Date): string => `${addHours(at, 8).toISOString().slice(0, 19)}+08:00`;
