/**
 * WeChat Pay (API v3, JSAPI). Every call is idempotent by our number there, so each is asked again after no answer. The public clients
 * (wechatpay-node-v3, wechatpay-axios-plugin) take the time from the wall clock and bring an HTTP client of their own; without these,
 * what is left of them are four calls of node:crypto.
 */
import {
  WECHAT_PAY_HEADERS,
  type JsapiOrder,
  type JsapiOrderAnswer,
  type TradeBillAnswer,
  type TradeBillColumn,
  type WechatPayMerchant,
  type WechatPayNotification,
  type WechatRefund,
  type WechatRefundRequest,
  type WechatTradeState,
} from '@app/contracts';
import { addDays, chinaInstant, DomainError, fen, parseChinaTimestamp, parseYuan, type CivilDate, type Clock, type Fen } from '@app/kernel';
import { createDecipheriv, createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { HttpClient, NoAnswer, parsed, type Answer } from './http-client.js';

/** WeChat's own bound between the time of a signature and the time it is read. */
const SIGNATURE_LIFE_MS = 5 * 60_000;
const BILL_READY = '10:00';
const TAG_BYTES = 16;

const PAID_STATES = { SUCCESS: 'paid', REFUND: 'refunded' } as const satisfies Partial<Record<WechatTradeState, PhonePayment['state']>>;
// A payment that failed may be tried again until the order is closed.
const UNPAID_STATES = { NOTPAY: 'open', USERPAYING: 'open', PAYERROR: 'open', CLOSED: 'closed' } as const satisfies Record<
  Exclude<WechatTradeState, keyof typeof PAID_STATES>,
  PhonePayment['state']
>;
const REFUND_STATES: Readonly<Record<WechatRefund['status'], PhoneRefund['state']>> = {
  PROCESSING: 'processing',
  SUCCESS: 'succeeded',
  CLOSED: 'failed',
  ABNORMAL: 'failed',
};
/** What is wrong with this refund or its payer; anything else is wrong with us, and the same refund is taken when a person has mended it. */
const REFUND_REFUSED = new Set(['INVALID_REQUEST', 'USER_ACCOUNT_ABNORMAL']);
const ORDER_GONE = new Set(['OUT_TRADE_NO_USED', 'ORDERPAID', 'ORDER_CLOSED', 'INVALID_REQUEST']);

const text = z.string().min(1);
const instant = z.iso.datetime({ offset: true }).transform((value) => new Date(value));
const yuan = z.literal('CNY');
const order = { appid: text, mchid: text, out_trade_no: text };
const TRANSACTION = z.discriminatedUnion('trade_state', [
  z.object({
    ...order,
    trade_state: z.enum(['SUCCESS', 'REFUND']),
    amount: z.object({ total: z.int().positive(), currency: yuan }),
    transaction_id: text,
    success_time: instant,
  }),
  // WeChat's manual promises no amount here, and nobody reads one.
  z.object({ ...order, trade_state: z.enum(['NOTPAY', 'USERPAYING', 'PAYERROR', 'CLOSED']) }),
]);
const NOTIFICATION: z.ZodType<Pick<WechatPayNotification, 'event_type' | 'resource'>> = z.object({
  event_type: z.literal('TRANSACTION.SUCCESS'),
  resource: z.object({
    original_type: z.string(),
    algorithm: z.literal('AEAD_AES_256_GCM'),
    ciphertext: text,
    nonce: text,
    associated_data: z.string(),
  }),
});
const REFUND = z.object({
  out_refund_no: text,
  out_trade_no: text,
  status: z.enum(['PROCESSING', 'SUCCESS', 'CLOSED', 'ABNORMAL']),
  amount: z.object({ refund: z.int().positive(), currency: yuan }),
});
const REFUSAL = z.object({ code: z.string().regex(/^[A-Z_]{1,40}$/) });
const ORDER_ANSWER: z.ZodType<JsapiOrderAnswer> = z.object({ prepay_id: text });
const BILL_ANSWER: z.ZodType<TradeBillAnswer> = z.object({
  hash_type: z.literal('SHA1'),
  hash_value: z.string().regex(/^[\da-f]{40}$/i),
  download_url: z.url(),
});

/** A signature takes a quarter of a millisecond: in the thread pool, so that it does not stand in the way of everything else. */
const signInPool = promisify<string, Buffer, KeyObject, Buffer>(sign);

interface PhoneOrder {
  readonly orderNumber: string;
  readonly amountFen: Fen;
  readonly description: string;
  readonly expiresAt: Date;
  readonly payer: string;
}

type PhonePayment = { readonly orderNumber: string } & (
  | { readonly state: 'paid' | 'refunded'; readonly amountFen: Fen; readonly transaction: string; readonly paidAt: Date }
  | { readonly state: 'open' | 'closed' }
);

interface PhoneRefund {
  readonly refundNumber: string;
  readonly orderNumber: string;
  readonly amountFen: Fen;
  readonly state: 'processing' | 'succeeded' | 'failed';
}

interface BillLine {
  orderNumber: string;
  transaction: string;
  kind: 'payment' | 'refund' | 'other';
  amountFen: Fen;
  at: Date;
}

interface Keys {
  readonly merchant: WechatPayMerchant;
  readonly privateKey: KeyObject;
  readonly platformKeys: ReadonlyMap<string, KeyObject>;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export class WechatPayGateway {
  private readonly http: HttpClient;
  private readonly keys: Keys | undefined;

  /** Without a merchant nothing can be ordered, and no notification is genuine. */
  constructor(
    url: string,
    merchant: WechatPayMerchant | undefined,
    private readonly notifyUrl: string,
    private readonly clock: Clock,
  ) {
    this.http = new HttpClient('WeChat Pay', url);
    this.keys = merchant && {
      merchant,
      privateKey: createPrivateKey(merchant.privateKey),
      platformKeys: new Map(Object.entries(merchant.platformKeys).map(([serial, pem]) => [serial, createPublicKey(pem)])),
    };
  }

  /** Errors: `wechat-pay`, and of every call `unreadable-answer`, to be tried again; `order-changed` when the number is that of another, a paid, a closed or an expired order. */
  async order(order: PhoneOrder): Promise<{ prepayId: string; payParameters: Readonly<Record<string, string>> }> {
    const { merchant } = this.configured();
    const answer = await this.call('POST', '/v3/pay/transactions/jsapi', {
      appid: merchant.appId,
      mchid: merchant.mchId,
      description: order.description,
      out_trade_no: order.orderNumber,
      time_expire: rfc3339(order.expiresAt),
      notify_url: this.notifyUrl,
      amount: { total: order.amountFen, currency: 'CNY' },
      payer: { openid: order.payer },
    } satisfies JsapiOrder);
    const code = refusalCode(answer);
    if (code !== undefined && ORDER_GONE.has(code))
      throw new DomainError(
        'order-changed',
        'conflict',
        `expected order ${order.orderNumber} to be new or open with the same content, found ${code}; ask what became of it`,
        { orderNumber: order.orderNumber, code },
      );
    const { prepay_id: prepayId } = this.http.read(answer, ORDER_ANSWER);
    return { prepayId, payParameters: await this.payParameters(prepayId) };
  }

  /** undefined: the order never arrived. */
  async query(orderNumber: string): Promise<PhonePayment | undefined> {
    const answer = await this.call('GET', `${orderPath(orderNumber)}?mchid=${this.configured().merchant.mchId}`);
    if (answer.status === 404) return undefined;
    const transaction = this.http.read(answer, TRANSACTION);
    if (transaction.out_trade_no !== orderNumber) throw unavailable('the state of the order that was asked for', 'another order');
    return paymentOf(transaction);
  }

  /** An order that never arrived, or is closed, cannot be paid either. Error: `order-paid`. */
  async close(orderNumber: string): Promise<void> {
    const answer = await this.call('POST', `${orderPath(orderNumber)}/close`, { mchid: this.configured().merchant.mchId });
    const code = refusalCode(answer);
    if (answer.status === 404 || code === 'ORDER_CLOSED') return;
    if (code === 'ORDERPAID')
      throw new DomainError('order-paid', 'conflict', `expected order ${orderNumber} to be open, found it paid; ask for its payment`, {
        orderNumber,
      });
    if (answer.status >= 300) throw this.http.refused(answer);
  }

  /** Errors: `wechat-pay`, with WeChat's `refusal` where there is one; `refund-refused` for another content under the same number, more than was paid, or a payer who cannot be paid. */
  async refund(refund: { refundNumber: string; orderNumber: string; amountFen: Fen; totalFen: Fen; reason: string }): Promise<PhoneRefund> {
    const answer = await this.call('POST', '/v3/refund/domestic/refunds', {
      out_trade_no: refund.orderNumber,
      out_refund_no: refund.refundNumber,
      reason: refund.reason,
      amount: { refund: refund.amountFen, total: refund.totalFen, currency: 'CNY' },
    } satisfies WechatRefundRequest);
    // Seen for minutes after a payment: WeChat's refunds do not know the order yet.
    if (answer.status === 404) throw unavailable('the order of a refund to be known', 'status 404');
    const code = refusalCode(answer);
    if (code === 'NOT_ENOUGH') throw unavailable('money for refunds', 'too little; pay some into the account of the merchant', code);
    if (code !== undefined && REFUND_REFUSED.has(code))
      throw new DomainError(
        'refund-refused',
        'conflict',
        `expected refund ${refund.refundNumber} to be taken, found ${code}; compare it with the order's payment and refunds`,
        { refundNumber: refund.refundNumber, orderNumber: refund.orderNumber },
      );
    if (answer.status === 400 || answer.status === 403) {
      const refusal = code ?? `status ${answer.status}`;
      throw unavailable('a refund to be taken', refusal, refusal);
    }
    return this.readRefund(answer, refund.refundNumber);
  }

  /** undefined: the refund never arrived. */
  async queryRefund(refundNumber: string): Promise<PhoneRefund | undefined> {
    const answer = await this.call('GET', `/v3/refund/domestic/refunds/${encodeURIComponent(refundNumber)}`);
    if (answer.status === 404) return undefined;
    return this.readRefund(answer, refundNumber);
  }

  /** `headers` by their names in lower case. undefined: not from WeChat, changed on the way, too old, of another merchant, or not of a payment. */
  readNotification(headers: Readonly<Record<string, string | undefined>>, body: string): PhonePayment | undefined {
    if (!this.keys || !this.isGenuine(headers, body)) return undefined;
    const { merchant } = this.keys;
    const notification = NOTIFICATION.safeParse(parsed(body)).data;
    const opened = notification && open(merchant.apiV3Key, notification.resource);
    const transaction = opened === undefined ? undefined : TRANSACTION.safeParse(parsed(opened)).data;
    return transaction?.mchid === merchant.mchId && transaction.appid === merchant.appId ? paymentOf(transaction) : undefined;
  }

  /** undefined: not ready before 10:00 of the next day. */
  async bill(on: CivilDate): Promise<{ lines: BillLine[] } | undefined> {
    // Not even asked: until then, that there is no bill does not say that nothing was paid.
    if (this.clock.now() < chinaInstant(addDays(on, 1), BILL_READY)) return undefined;
    const answer = await this.call('GET', `/v3/bill/tradebill?bill_date=${on}&bill_type=ALL`);
    const code = refusalCode(answer);
    if (code === 'STATEMENT_CREATING') return undefined;
    if (code === 'NO_STATEMENT_EXIST') return { lines: [] };
    const { download_url: url, hash_value: hash } = this.http.read(answer, BILL_ANSWER);
    const { pathname, search } = new URL(url);
    // The file is the one answer without a signature: its hash came in a signed one.
    const file = await this.call('GET', `${pathname}${search}`, undefined, 'hashed');
    if (file.status >= 300) throw this.http.refused(file);
    if (createHash('sha1').update(file.body).digest('hex') !== hash.toLowerCase())
      throw unavailable('a bill with the hash that was told', 'another');
    return { lines: readBill(file.body) };
  }

  private readRefund(answer: Answer, refundNumber: string): PhoneRefund {
    const refund = this.http.read(answer, REFUND);
    if (refund.out_refund_no !== refundNumber) throw unavailable('the state of the refund that was asked for', 'another refund');
    return refundOf(refund);
  }

  private configured(): Keys {
    if (!this.keys) throw unavailable('a merchant of WeChat Pay', 'none; set WECHAT_PAY_MERCHANT in the environment');
    return this.keys;
  }

  private async call(method: 'GET' | 'POST', path: string, body?: object, proof: 'signed' | 'hashed' = 'signed'): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { accept: 'application/json', 'user-agent': 'hubao', authorization: await this.authorization(method, path, text) };
    let answer: Answer;
    try {
      answer = await this.http.ask({ method, path, headers, ...(body === undefined ? {} : { body: { type: 'application/json', text } }) });
    } catch (error) {
      if (error instanceof NoAnswer) throw unavailable('an answer of WeChat Pay', 'none');
      throw error;
    }
    // A wrong signature is a wrong key of ours: a person corrects it, and the same call succeeds.
    if (answer.status >= 500 || answer.status === 429 || answer.status === 401)
      throw unavailable('an answer of WeChat Pay', `status ${answer.status}`);
    if (answer.status < 300 && proof === 'signed' && !this.isGenuine(answer.headers, answer.body))
      throw unavailable("WeChat's signature on its answer", 'none that is right');
    return answer;
  }

  private async authorization(method: string, path: string, body: string): Promise<string> {
    const { merchant, privateKey } = this.configured();
    const [timestamp, nonce] = [this.timestamp(), newNonce()];
    const signature = await signText(privateKey, [method, path, timestamp, nonce, body]);
    return (
      `WECHATPAY2-SHA256-RSA2048 mchid="${merchant.mchId}",nonce_str="${nonce}",signature="${signature}",` +
      `timestamp="${timestamp}",serial_no="${merchant.serial}"`
    );
  }

  /** What the official account's page hands to WeixinJSBridge. */
  private async payParameters(prepayId: string): Promise<Readonly<Record<string, string>>> {
    const { merchant, privateKey } = this.configured();
    const [timeStamp, nonceStr, packed] = [this.timestamp(), newNonce(), `prepay_id=${prepayId}`];
    const paySign = await signText(privateKey, [merchant.appId, timeStamp, nonceStr, packed]);
    return { appId: merchant.appId, timeStamp, nonceStr, package: packed, signType: 'RSA', paySign };
  }

  /** Signed by WeChat over exactly this body, not long ago. */
  private isGenuine(headers: Headers, body: string): boolean {
    const [timestamp, nonce, signature, serial] = [
      headers[WECHAT_PAY_HEADERS.timestamp],
      headers[WECHAT_PAY_HEADERS.nonce],
      headers[WECHAT_PAY_HEADERS.signature],
      headers[WECHAT_PAY_HEADERS.serial],
    ];
    if (typeof timestamp !== 'string' || typeof nonce !== 'string' || typeof signature !== 'string' || typeof serial !== 'string')
      return false;
    if (!/^\d{1,12}$/.test(timestamp)) return false;
    if (Math.abs(this.clock.now().getTime() - Number(timestamp) * 1000) > SIGNATURE_LIFE_MS) return false;
    const key = this.keys?.platformKeys.get(serial);
    return key !== undefined && verify('sha256', Buffer.from(`${timestamp}\n${nonce}\n${body}\n`), key, Buffer.from(signature, 'base64'));
  }

  private timestamp(): string {
    return String(Math.trunc(this.clock.now().getTime() / 1000));
  }
}

/** Retryable: WeChat could not be reached, or did not prove that it was WeChat. `refusal`: with what it answered that it will not, as it is. */
const unavailable = (expected: string, found: string, refusal?: string): DomainError =>
  new DomainError(
    'wechat-pay',
    'unavailable',
    `expected ${expected}, found ${found}; it will be asked again`,
    refusal === undefined ? {} : { refusal },
  );

const newNonce = (): string => randomBytes(16).toString('hex');

const signText = async (key: KeyObject, lines: readonly string[]): Promise<string> =>
  (await signInPool('sha256', Buffer.from(lines.map((line) => `${line}\n`).join('')), key)).toString('base64');

const orderPath = (orderNumber: string): string => `/v3/pay/transactions/out-trade-no/${encodeURIComponent(orderNumber)}`;

/** In China time, to the second. */
const rfc3339 = (at: Date): string => `${new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;

/** WeChat's code of a refusal; its message may name the payer and goes nowhere. */
function refusalCode({ status, body }: Answer): string | undefined {
  if (status < 400) return undefined;
  return REFUSAL.safeParse(parsed(body)).data?.code;
}

/** undefined: sealed under another key. */
function open(apiV3Key: string, resource: WechatPayNotification['resource']): string | undefined {
  const sealed = Buffer.from(resource.ciphertext, 'base64');
  try {
    const decipher = createDecipheriv('aes-256-gcm', apiV3Key, resource.nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(resource.associated_data));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return decipher.update(sealed.subarray(0, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}

function paymentOf(transaction: z.output<typeof TRANSACTION>): PhonePayment {
  const orderNumber = transaction.out_trade_no;
  return 'success_time' in transaction
    ? {
        orderNumber,
        state: PAID_STATES[transaction.trade_state],
        amountFen: fen(transaction.amount.total),
        transaction: transaction.transaction_id,
        paidAt: transaction.success_time,
      }
    : { orderNumber, state: UNPAID_STATES[transaction.trade_state] };
}

const refundOf = (refund: z.output<typeof REFUND>): PhoneRefund => ({
  refundNumber: refund.out_refund_no,
  orderNumber: refund.out_trade_no,
  amountFen: fen(refund.amount.refund),
  state: REFUND_STATES[refund.status],
});

const BILLED = new Map<string | undefined, BillLine['kind']>([
  ['SUCCESS', 'payment'],
  ['REFUND', 'refund'],
]);

/** Not CSV: nothing is quoted, a value may hold commas, and what parts two values is ",`". Columns are found by name, since they may move. */
function readBill(text: string): BillLine[] {
  const [header = '', ...rows] = text.replace(/^\uFEFF/, '').split('\r\n');
  const columns = header.split(',');
  const at = (column: TradeBillColumn): number => {
    const index = columns.indexOf(column);
    if (index === -1) throw unavailable(`a bill with the column ${column}`, 'none');
    return index;
  };
  const [time, transaction, order, state, paid, refunded] = [
    at('交易时间'),
    at('微信订单号'),
    at('商户订单号'),
    at('交易状态'),
    at('订单金额'),
    at('申请退款金额'),
  ];
  const totals = rows.findIndex((row) => !row.startsWith('`'));
  if (totals === -1) throw unavailable('a bill with its totals', 'none');
  return rows.slice(0, totals).map((row): BillLine => {
    const values = row.slice(1).split(',`');
    const kind = BILLED.get(values[state]) ?? 'other';
    const amountFen = parseYuan(values[kind === 'refund' ? refunded : paid] ?? '');
    const instant = parseChinaTimestamp(values[time] ?? '');
    if (amountFen === undefined || instant === undefined || values.length !== columns.length)
      throw unavailable('a bill of whole lines', 'another line');
    return { orderNumber: values[order]!, transaction: values[transaction]!, kind, amountFen, at: instant };
  });
}
