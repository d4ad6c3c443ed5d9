/**
 * WeChat Pay, API v3, JSAPI: paying inside the official account. Field names are WeChat's; amounts are integer fen, instants RFC 3339.
 * Source: the public manual at pay.weixin.qq.com/doc/v3/merchant.
 *
 *   POST /v3/pay/transactions/jsapi                               JsapiOrder -> JsapiOrderAnswer; the same again gets the same prepay_id
 *   GET  /v3/pay/transactions/out-trade-no/:number?mchid=         WechatTransaction; 404 when the order never arrived
 *   POST /v3/pay/transactions/out-trade-no/:number/close          {mchid} -> 204
 *   POST /v3/refund/domestic/refunds                              WechatRefundRequest -> WechatRefund; idempotent by out_refund_no
 *   GET  /v3/refund/domestic/refunds/:number                      WechatRefund; 404 when it never arrived
 *   GET  /v3/bill/tradebill?bill_date=                            TradeBillAnswer, from 10:00 of the next day; its download_url gives the file
 *
 * Every request carries `Authorization: WECHATPAY2-SHA256-RSA2048 mchid="",nonce_str="",signature="",timestamp="",serial_no=""`, the
 * merchant's signature of "method\npath with query\ntimestamp\nnonce\nbody\n". Every answer that succeeds, but for the bill's file, and
 * every notification is signed by WeChat over "timestamp\nnonce\nbody\n", in the headers below. A refusal is {code, message}.
 */
export const WECHAT_PAY_HEADERS = {
  timestamp: 'wechatpay-timestamp',
  nonce: 'wechatpay-nonce',
  signature: 'wechatpay-signature',
  serial: 'wechatpay-serial',
} as const;

/** Where the engine takes notifications, below its own address. */
export const WECHAT_PAY_NOTIFICATION = { path: '/phone-payments/notifications' } as const;

/** What a merchant gets from WeChat when the contract is made, and keeps secret. Keys are PEM. */
export interface WechatPayMerchant {
  appId: string;
  mchId: string;
  /** Serial number of the merchant's certificate, and the private key that belongs to it. */
  serial: string;
  privateKey: string;
  /** APIv3 key, 32 characters: opens the notifications. */
  apiV3Key: string;
  /** WeChat's public keys by their serial numbers; more than one while WeChat changes its key. */
  platformKeys: Readonly<Record<string, string>>;
}

export interface JsapiOrder {
  appid: string;
  mchid: string;
  /** At most 127 characters. */
  description: string;
  /** 6 to 32 characters of 0-9 A-Z a-z _ - | *, unique for ever. */
  out_trade_no: string;
  /** Last moment to pay; it does not close the order. */
  time_expire: string;
  notify_url: string;
  amount: { total: number; currency: 'CNY' };
  payer: { openid: string };
}

export interface JsapiOrderAnswer {
  prepay_id: string;
}

export type WechatTradeState = 'SUCCESS' | 'REFUND' | 'NOTPAY' | 'CLOSED' | 'USERPAYING' | 'PAYERROR';

export interface WechatTransaction {
  appid: string;
  mchid: string;
  out_trade_no: string;
  trade_state: WechatTradeState;
  trade_state_desc: string;
  /** From here on once it was paid, and the amount perhaps before. */
  amount?: { total: number; currency: 'CNY' };
  transaction_id?: string;
  trade_type?: 'JSAPI';
  success_time?: string;
  payer?: { openid: string };
}

/** POST to the order's notify_url until it is answered 2xx; the resource is sealed under the merchant's APIv3 key. */
export interface WechatPayNotification {
  id: string;
  create_time: string;
  /** A payment is TRANSACTION.SUCCESS. */
  event_type: string;
  resource_type: 'encrypt-resource';
  summary: string;
  resource: {
    original_type: string;
    algorithm: 'AEAD_AES_256_GCM';
    /** Base64; the last 16 bytes are the tag. */
    ciphertext: string;
    nonce: string;
    associated_data: string;
  };
}

export interface WechatRefundRequest {
  out_trade_no: string;
  out_refund_no: string;
  /** At most 80 characters; the payer reads it. */
  reason: string;
  amount: { refund: number; total: number; currency: 'CNY' };
}

export interface WechatRefund {
  refund_id: string;
  out_refund_no: string;
  transaction_id: string;
  out_trade_no: string;
  create_time: string;
  success_time?: string;
  /** ABNORMAL: the payer's card is closed; the money waits for a person at WeChat. */
  status: 'PROCESSING' | 'SUCCESS' | 'CLOSED' | 'ABNORMAL';
  amount: { refund: number; total: number; currency: 'CNY' };
}

export interface TradeBillAnswer {
  hash_type: 'SHA1';
  /** Hexadecimal, of the file. */
  hash_value: string;
  download_url: string;
}

/**
 * The columns of a bill of which the engine reads some, in WeChat's order. The file is UTF-8 with a byte order mark and \r\n: this line, a
 * line for each payment or refund, then a line of other names and the totals. Each value begins with "`", nothing is quoted, and money is
 * in yuan with two places.
 */
export const TRADE_BILL_COLUMNS = [
  '交易时间',
  '公众账号ID',
  '商户号',
  '特约商户号',
  '设备号',
  '微信订单号',
  '商户订单号',
  '用户标识',
  '交易类型',
  '交易状态',
  '付款银行',
  '货币种类',
  '应结订单金额',
  '代金券金额',
  '微信退款单号',
  '商户退款单号',
  '退款金额',
  '充值券退款金额',
  '退款类型',
  '退款状态',
  '商品名称',
  '商户数据包',
  '手续费',
  '费率',
  '订单金额',
  '申请退款金额',
  '费率备注',
] as const;
export const TRADE_BILL_TOTALS = [
  '总交易单数',
  '应结订单总金额',
  '退款总金额',
  '充值券退款总金额',
  '手续费总金额',
  '订单总金额',
  '申请退款总金额',
] as const;
export type TradeBillColumn = (typeof TRADE_BILL_COLUMNS)[number];

/** How the sum of a day that was paid on the phone reads on the statement of the account it is handed on to. */
export const PHONE_COLLECTOR = '微信支付';
export const phoneSettlementReference = (day: string): string => `PHONE${day.replaceAll('-', '')}`;
