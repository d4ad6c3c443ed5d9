import { TRADE_BILL_COLUMNS, TRADE_BILL_TOTALS, type TradeBillColumn } from '@app/contracts';
import { chinaTimestamp } from '../china-time.js';
import type { Trade } from './orders.js';

const yuan = (amountFen: number): string => {
  const digits = String(amountFen).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

const line = (values: readonly string[]): string => values.map((value) => `\`${value}`).join(',');

function valuesOf({ order, transaction, at, refund }: Trade): Partial<Record<TradeBillColumn, string>> {
  return {
    交易时间: chinaTimestamp(at),
    公众账号ID: order.appid,
    商户号: order.mchid,
    特约商户号: '0',
    微信订单号: transaction,
    商户订单号: order.out_trade_no,
    用户标识: order.payer.openid,
    交易类型: 'JSAPI',
    交易状态: refund ? 'REFUND' : 'SUCCESS',
    付款银行: 'OTHERS',
    货币种类: 'CNY',
    应结订单金额: yuan(refund ? 0 : order.amount.total),
    微信退款单号: refund?.id ?? '0',
    商户退款单号: refund?.request.out_refund_no ?? '0',
    退款金额: yuan(refund?.request.amount.refund ?? 0),
    退款类型: refund ? 'ORIGINAL' : '',
    // As it was when the bill was made, and never brought up to date.
    退款状态: refund ? 'PROCESSING' : '',
    商品名称: order.description,
    订单金额: yuan(refund ? 0 : order.amount.total),
    申请退款金额: yuan(refund?.request.amount.refund ?? 0),
    费率: '0.60%',
  };
}

/** Money that does not occur is "0.00", and other things are empty. */
const MONEY = new Set<TradeBillColumn>(['代金券金额', '充值券退款金额', '手续费']);

export function writeTradeBill(trades: readonly Trade[]): string {
  const rows = trades.map((trade) => {
    const values = valuesOf(trade);
    return line(TRADE_BILL_COLUMNS.map((column) => values[column] ?? (MONEY.has(column) ? '0.00' : '')));
  });
  const paidFen = trades.reduce((sum, { order, refund }) => sum + (refund ? 0 : order.amount.total), 0);
  const refundedFen = trades.reduce((sum, { refund }) => sum + (refund?.request.amount.refund ?? 0), 0);
  const totals = [String(trades.length), ...[paidFen, refundedFen, 0, 0, paidFen, refundedFen].map(yuan)];
  return `\uFEFF${[TRADE_BILL_COLUMNS.join(','), ...rows, TRADE_BILL_TOTALS.join(','), line(totals), ''].join('\r\n')}`;
}
