import type { JsapiOrder, JsapiOrderAnswer, WechatPayNotification, WechatRefund, WechatTransaction } from '@app/contracts';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createDecipheriv, createPublicKey, randomUUID, sign, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Refusal } from '../http.js';
import { call, jsapiOrder, SetClock } from '../testing.js';
import { generateWechatPayKeys, type WechatPayKeys } from './keys.js';
import { Orders } from './orders.js';
import { Payers } from './payer-ending.js';
import { startWechatPay, type RunningWechatPay } from './start-wechat-pay.js';

const PAYER = 'member-1';
const ORDER = 'order-0001';
const PATH = '/v3/pay/transactions/jsapi';

let keys: WechatPayKeys;
let clock: SetClock;
let pay: RunningWechatPay;
/** The merchant's own address: what it was told, and how it answers. */
let merchant: Server;
let told: { headers: Record<string, string>; body: string }[];
let merchantAnswers: number;
let notifyUrl: string;

beforeAll(async () => {
  keys = await generateWechatPayKeys();
});
beforeEach(async () => {
  clock = new SetClock('2025-03-07 10:00');
  told = [];
  merchantAnswers = 204;
  merchant = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    request.on('end', () => {
      told.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(merchantAnswers).end();
    });
  });
  await new Promise<void>((resolve) => merchant.listen(0, '127.0.0.1', resolve));
  notifyUrl = `http://127.0.0.1:${(merchant.address() as AddressInfo).port}/told`;
  pay = await startWechatPay({ clock, keys });
});
afterEach(async () => {
  await pay.close();
  merchant.closeAllConnections();
  await new Promise((resolve) => merchant.close(resolve));
});

function authorization(method: string, path: string, body: string, change: { at?: Date; body?: string; mchid?: string } = {}): string {
  const timestamp = String(Math.floor((change.at ?? clock.now()).getTime() / 1000));
  const nonce = randomUUID();
  const signed = `${method}\n${path}\n${timestamp}\n${nonce}\n${change.body ?? body}\n`;
  const signature = sign('sha256', Buffer.from(signed), keys.merchant.privateKey).toString('base64');
  const { mchId, serial } = keys.merchant;
  return (
    `WECHATPAY2-SHA256-RSA2048 mchid="${change.mchid ?? mchId}",nonce_str="${nonce}",signature="${signature}",` +
    `timestamp="${timestamp}",serial_no="${serial}"`
  );
}

function v3<T = Record<string, unknown>>(method: 'GET' | 'POST', path: string, body?: object) {
  const text = body === undefined ? '' : JSON.stringify(body);
  return call<T>(method, pay.url + path, body, { authorization: authorization(method, path, text) });
}

const orderOf = (change: Partial<JsapiOrder> = {}): JsapiOrder =>
  jsapiOrder({
    appid: keys.merchant.appId,
    mchid: keys.merchant.mchId,
    time_expire: '2025-03-07T10:30:00+08:00',
    notify_url: notifyUrl,
    ...change,
  });
const order = (change: Partial<JsapiOrder> = {}) => v3<JsapiOrderAnswer>('POST', PATH, orderOf(change));
const find = async (number = ORDER) =>
  (await v3<WechatTransaction>('GET', `/v3/pay/transactions/out-trade-no/${number}?mchid=${keys.merchant.mchId}`)).body;
const close = (number = ORDER) => v3('POST', `/v3/pay/transactions/out-trade-no/${number}/close`, { mchid: keys.merchant.mchId });
const tap = (prepayId: string, payer = PAYER) => call('POST', `${pay.url}/phone/pay`, { prepay_id: prepayId, payer });
const ordered = async (change: Partial<JsapiOrder> = {}) => (await order(change)).body.prepay_id;
const refund = (fen: number, number = 'refund-1', change: object = {}) =>
  v3<WechatRefund>('POST', '/v3/refund/domestic/refunds', {
    out_trade_no: ORDER,
    out_refund_no: number,
    reason: '重复缴费',
    amount: { refund: fen, total: 10_000, currency: 'CNY' },
    ...change,
  });

describe('orders', () => {
  test('the same order again is the same; another content under its number is refused', async () => {
    const first = await order();
    expect(first).toMatchObject({ status: 200, body: { prepay_id: expect.stringMatching(/^wx20250307100000\d+$/) } });
    expect(await order()).toEqual(first);
    expect(await order({ amount: { total: 1, currency: 'CNY' } })).toMatchObject({ status: 403, body: { code: 'OUT_TRADE_NO_USED' } });
    expect(await find()).toMatchObject({ trade_state: 'NOTPAY', amount: { total: 10_000 } });
  });

  test('an order that never arrived is not found', async () => {
    expect(await v3('GET', `/v3/pay/transactions/out-trade-no/none-such?mchid=${keys.merchant.mchId}`)).toMatchObject({
      status: 404,
      body: { code: 'ORDER_NOT_EXIST' },
    });
  });

  test('a closed order cannot be paid, and a paid one cannot be closed', async () => {
    const prepayId = await ordered();
    expect((await close()).status).toBe(204);
    expect((await close()).status).toBe(204);
    expect(await tap(prepayId)).toMatchObject({ status: 400, body: { code: 'ORDER_CLOSED' } });
    expect(await order()).toMatchObject({ status: 400, body: { code: 'ORDER_CLOSED' } });
    expect((await find()).trade_state).toBe('CLOSED');

    await tap(await ordered({ out_trade_no: 'order-0002' }));
    expect(await close('order-0002')).toMatchObject({ status: 400, body: { code: 'ORDERPAID' } });
    expect((await find('order-0002')).trade_state).toBe('SUCCESS');
  });

  test('after its last moment an order is not paid, but open until it is closed', async () => {
    const prepayId = await ordered();
    clock.set('2025-03-07 10:31');
    expect(await tap(prepayId)).toMatchObject({ status: 403, body: { code: 'TRADE_ERROR' } });
    expect(await order()).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    expect((await find()).trade_state).toBe('NOTPAY');
  });

  test.each<[string, object]>([
    ['a short number', { out_trade_no: 'short' }],
    ['a number with a dot', { out_trade_no: 'order.0001' }],
    ['no money', { amount: { total: 0, currency: 'CNY' } }],
    ['other money', { amount: { total: 1, currency: 'USD' } }],
    ['a time without zone', { time_expire: '2025-03-07T10:30:00' }],
    ['an address with a query', { notify_url: 'http://127.0.0.1/told?by=wechat' }],
    ['a description that is too long', { description: '互'.repeat(128) }],
    ['another app', { appid: 'wx1' }],
    ['another merchant', { mchid: '1' }],
  ])('%s is refused', async (_, change) => {
    expect((await order(change)).status).toBe(400);
  });
});

describe('the signature of the merchant', () => {
  const send = async (change: Parameters<typeof authorization>[3]) => {
    const body = JSON.stringify(orderOf());
    return call('POST', pay.url + PATH, body, { authorization: authorization('POST', PATH, body, change) });
  };

  test.each<[string, Parameters<typeof authorization>[3]]>([
    ['of another body', { body: '{}' }],
    ['made too long ago', { at: new Date('2025-03-07T09:54:59+08:00') }],
    ['of another merchant', { mchid: '1' }],
  ])('one %s is refused', async (_, change) => {
    expect(await send(change)).toMatchObject({ status: 401, body: { code: 'SIGN_ERROR' } });
  });

  test('without one nothing is said, and with a right one everything', async () => {
    expect((await call('POST', pay.url + PATH, orderOf())).status).toBe(401);
    expect((await call('POST', pay.url + PATH, orderOf(), { authorization: 'Bearer x' })).status).toBe(401);
    expect((await send({ at: new Date('2025-03-07T09:55:00+08:00') })).status).toBe(200);
  });

  test("WeChat's own is on what it answers", async () => {
    await order();
    const path = `/v3/pay/transactions/out-trade-no/${ORDER}?mchid=${keys.merchant.mchId}`;
    const { headers, text } = await fetch(pay.url + path, { headers: { authorization: authorization('GET', path, '') } }).then(
      async (answer) => ({ headers: answer.headers, text: await answer.text() }),
    );
    expect(isSigned((name) => headers.get(name)!, text)).toBe(true);
    expect(isSigned((name) => headers.get(name)!, `${text} `)).toBe(false);
  });
});

function isSigned(header: (name: string) => string, body: string): boolean {
  const message = `${header('wechatpay-timestamp')}\n${header('wechatpay-nonce')}\n${body}\n`;
  const key = keys.merchant.platformKeys[header('wechatpay-serial')]!;
  return verify('sha256', Buffer.from(message), createPublicKey(key), Buffer.from(header('wechatpay-signature'), 'base64'));
}

function unseal({ resource }: WechatPayNotification): WechatTransaction {
  const sealed = Buffer.from(resource.ciphertext, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', keys.merchant.apiV3Key, resource.nonce);
  decipher.setAAD(Buffer.from(resource.associated_data));
  decipher.setAuthTag(sealed.subarray(-16));
  return JSON.parse(decipher.update(sealed.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8')) as WechatTransaction;
}

describe('the tap', () => {
  test('pays, and the merchant is told what it could also ask', async () => {
    expect(await tap(await ordered())).toMatchObject({
      status: 200,
      body: { out_trade_no: ORDER, transaction_id: '4200002025030700000000000001', again: false },
    });
    await pay.deliverDue();
    expect(told).toHaveLength(1);
    const [{ headers, body }] = told as [(typeof told)[0]];
    expect(isSigned((name) => headers[name]!, body)).toBe(true);
    const notification = JSON.parse(body) as WechatPayNotification;
    expect(notification).toMatchObject({ event_type: 'TRANSACTION.SUCCESS', resource: { algorithm: 'AEAD_AES_256_GCM' } });
    expect(unseal(notification)).toEqual(await find());
    expect(await find()).toMatchObject({
      trade_state: 'SUCCESS',
      success_time: '2025-03-07T10:00:00+08:00',
      payer: { openid: PAYER },
      amount: { total: 10_000 },
    });
  });

  test('twice at the same moment pays once, and is told once', async () => {
    const prepayId = await ordered();
    const answers = await Promise.all([tap(prepayId), tap(prepayId)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers.map(({ body }) => body.again).sort()).toEqual([false, true]);
    expect(new Set(answers.map(({ body }) => body.transaction_id)).size).toBe(1);
    await pay.deliverDue();
    expect(told).toHaveLength(1);
  });

  test('of somebody else, or on nothing, is refused', async () => {
    expect(await tap(await ordered(), 'member-2')).toMatchObject({ status: 403, body: { code: 'OPENID_MISMATCH' } });
    expect((await tap('wx-none')).status).toBe(404);
    expect((await find()).trade_state).toBe('NOTPAY');
  });

  test('in this process hands the notification back instead of sending it', async () => {
    const { headers, body } = await pay.pay(await ordered(), PAYER);
    expect(isSigned((name) => headers[name as keyof typeof headers], body)).toBe(true);
    expect(await pay.deliverDue()).toEqual({ delivered: 0, waiting: 0 });
    expect(told).toEqual([]);
    expect((await find()).trade_state).toBe('SUCCESS');
  });
});

describe('notifications', () => {
  const paidBy = async (payer: string) => tap(await ordered({ payer: { openid: payer } }), payer);

  test('one that is not taken is sent again with growing pauses, signed anew', async () => {
    merchantAnswers = 500;
    await paidBy(PAYER);
    expect(await pay.deliverDue()).toEqual({ delivered: 0, waiting: 1 });
    expect(await pay.deliverDue()).toEqual({ delivered: 0, waiting: 1 });
    expect(told).toHaveLength(1);
    clock.set('2025-03-07 10:01');
    await pay.deliverDue();
    clock.set('2025-03-07 10:02');
    merchantAnswers = 200;
    expect(await pay.deliverDue()).toEqual({ delivered: 1, waiting: 0 });
    expect(told).toHaveLength(3);
    expect(told.map(({ headers }) => Number(headers['wechatpay-timestamp']) % 3600)).toEqual([0, 60, 120]);
    clock.set('2025-03-09 10:00');
    await pay.deliverDue();
    expect(told).toHaveLength(3);
  });

  test('after fifteen pauses WeChat gives up', async () => {
    merchantAnswers = 503;
    await paidBy(PAYER);
    for (let day = 1; day <= 15; day++) {
      expect(await pay.deliverDue()).toEqual({ delivered: 0, waiting: 1 });
      clock.set(`2025-04-${String(day).padStart(2, '0')} 10:00`);
    }
    expect(await pay.deliverDue()).toEqual({ delivered: 0, waiting: 0 });
    expect(told).toHaveLength(16);
  });

  test('are lost, doubled or late by the ending of the payer', async () => {
    await paidBy('oX-0001');
    expect(await pay.deliverDue()).toEqual({ delivered: 0, waiting: 0 });
    expect((await find()).trade_state).toBe('SUCCESS');

    await tap(await ordered({ out_trade_no: 'order-0002', payer: { openid: 'oX-0002' } }), 'oX-0002');
    await pay.deliverDue();
    expect(told).toHaveLength(2);

    await tap(await ordered({ out_trade_no: 'order-0003', payer: { openid: 'oX-0003' } }), 'oX-0003');
    expect(await pay.deliverDue()).toEqual({ delivered: 0, waiting: 1 });
    clock.set('2025-03-07 10:30');
    await pay.deliverDue();
    expect(told).toHaveLength(3);
  });
});

describe('the ending of the payer', () => {
  test('0004: the money is not there at first', async () => {
    const prepayId = await ordered({ payer: { openid: 'oX-0004' } });
    expect(await tap(prepayId, 'oX-0004')).toMatchObject({ status: 403, body: { code: 'NOTENOUGH' } });
    expect((await find()).trade_state).toBe('PAYERROR');
    expect((await tap(prepayId, 'oX-0004')).status).toBe(200);
    expect((await find()).trade_state).toBe('SUCCESS');
  });

  test('0005: the order is made, and the answer to it lost', async () => {
    await expect(order({ payer: { openid: 'oX-0005' } })).rejects.toThrow();
    expect((await find()).trade_state).toBe('NOTPAY');
    expect((await order({ payer: { openid: 'oX-0005' } })).status).toBe(200);
  });

  test('can be given to a payer', async () => {
    expect((await call('PUT', `${pay.url}/control/payers`, { payer: PAYER, ending: '0004' })).status).toBe(200);
    expect((await tap(await ordered())).status).toBe(403);
  });
});

describe('refunds', () => {
  beforeEach(async () => {
    await tap(await ordered());
  });

  test('one is taken at once and done after five minutes, once however often it is asked for', async () => {
    const taken = await refund(10_000);
    expect(taken).toMatchObject({ status: 200, body: { status: 'PROCESSING', out_trade_no: ORDER, amount: { refund: 10_000 } } });
    expect(await refund(10_000)).toEqual(taken);
    expect((await find()).trade_state).toBe('REFUND');
    clock.set('2025-03-07 10:05');
    expect((await v3('GET', '/v3/refund/domestic/refunds/refund-1')).body).toMatchObject({
      status: 'SUCCESS',
      success_time: '2025-03-07T10:05:00+08:00',
    });
  });

  test('all of them together are never more than was paid', async () => {
    expect((await refund(6_000)).status).toBe(200);
    expect(await refund(4_001, 'refund-2')).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    expect((await refund(4_000, 'refund-2')).status).toBe(200);
    expect((await refund(1, 'refund-3')).status).toBe(400);
  });

  test('another content under the same number, of nothing, or of what was not paid is refused', async () => {
    await refund(1);
    expect((await refund(2)).status).toBe(400);
    expect((await refund(1, 'refund-2', { out_trade_no: 'order-none' })).status).toBe(404);
    await order({ out_trade_no: 'order-0002' });
    expect((await refund(1, 'refund-2', { out_trade_no: 'order-0002' })).status).toBe(400);
    expect((await v3('GET', '/v3/refund/domestic/refunds/refund-2')).status).toBe(404);
  });

  test('0006: one does not reach a payer whose card is closed', async () => {
    await call('PUT', `${pay.url}/control/payers`, { payer: PAYER, ending: '0006' });
    await refund(10_000);
    clock.set('2025-03-07 10:05');
    expect((await refund(10_000)).body.status).toBe('ABNORMAL');
  });
});

test('whatever is asked in whatever order, an order is paid at most once, not after it was closed, and not given back twice', () => {
  const NUMBERS = ['order-0001', 'order-0002'];
  const act = fc.record({
    number: fc.constantFrom(...NUMBERS),
    what: fc.constantFrom('order', 'pay', 'close', 'refund'),
    refundNumber: fc.constantFrom('r1', 'r2', 'r3'),
    refundFen: fc.integer({ min: 1, max: 10_000 }),
  });
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      // Anything but a refusal is a bug.
      if (error instanceof Refusal) return undefined;
      throw error;
    }
  };
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const orders = new Orders(clock, new Payers());
      const prepayIds = new Map<string, string>();
      const closed = new Set<string>();
      const paid = new Set<string>();
      for (const { number, what, refundNumber, refundFen } of acts) {
        if (what === 'order') {
          const made = attempt(() => orders.order(orderOf({ out_trade_no: number })));
          if (made) prepayIds.set(number, made.prepayId);
        } else if (what === 'pay') {
          if (attempt(() => orders.pay(prepayIds.get(number) ?? 'none', PAYER))) paid.add(number);
        } else if (what === 'close') {
          if (attempt(() => (orders.close(number), true))) closed.add(number);
        } else {
          const amount = { refund: refundFen, total: 10_000, currency: 'CNY' as const };
          attempt(() => orders.refund({ out_trade_no: number, out_refund_no: refundNumber, reason: 'x', amount }));
        }
      }
      const trades = orders.tradesOf('2025-03-07');
      for (const number of NUMBERS) {
        const ofOrder = trades.filter(({ order }) => order.out_trade_no === number);
        const refundedFen = ofOrder.reduce((sum, { refund }) => sum + (refund?.request.amount.refund ?? 0), 0);
        expect(ofOrder.filter(({ refund }) => !refund)).toHaveLength(paid.has(number) ? 1 : 0);
        expect(refundedFen).toBeLessThanOrEqual(paid.has(number) ? 10_000 : 0);
        expect(paid.has(number) && closed.has(number)).toBe(false);
      }
    }),
    { numRuns: 500 },
  );
});

describe('the bill', () => {
  const bill = (day: string) =>
    v3<{ hash_value: string; download_url: string; code: string }>('GET', `/v3/bill/tradebill?bill_date=${day}`);

  test('of a day is there at 10:00 of the next, with payments and refunds', async () => {
    await tap(await ordered({ description: '互助金,2025' }));
    await refund(4_000);
    clock.set('2025-03-08 09:59');
    expect(await bill('2025-03-07')).toMatchObject({ status: 400, body: { code: 'STATEMENT_CREATING' } });
    clock.set('2025-03-08 10:00');
    const { pathname, search } = new URL((await bill('2025-03-07')).body.download_url);
    const lines = (await v3<string>('GET', pathname + search)).body.split('\r\n');
    expect(lines).toHaveLength(6);
    expect(lines[0]).toContain('交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,');
    const { appId, mchId } = keys.merchant;
    expect(lines[1]).toBe(
      `\`2025-03-07 10:00:00,\`${appId},\`${mchId},\`0,\`,\`4200002025030700000000000001,\`${ORDER},\`${PAYER},\`JSAPI,\`SUCCESS,` +
        '`OTHERS,`CNY,`100.00,`0.00,`0,`0,`0.00,`0.00,`,`,`互助金,2025,`,`0.00,`0.60%,`100.00,`0.00,`',
    );
    expect(lines[2]).toContain(',`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5030002025030700000000000001,`refund-1,`40.00,`0.00,`ORIGINAL,');
    expect(lines[4]).toBe('`2,`100.00,`40.00,`0.00,`0.00,`100.00,`40.00');
    expect((await bill('2025-03-06')).body.code).toBe('NO_STATEMENT_EXIST');
  });
});

test('faults of the line break or hold up the next calls', async () => {
  const faults = (body: object) => call('POST', `${pay.url}/faults`, body);
  await faults({ refuseConnections: 1 });
  await expect(order()).rejects.toThrow();
  expect((await v3('GET', `/v3/pay/transactions/out-trade-no/${ORDER}?mchid=${keys.merchant.mchId}`)).status).toBe(404);
  await faults({ dropAnswers: 1 });
  await expect(order()).rejects.toThrow();
  expect((await find()).trade_state).toBe('NOTPAY');
  await faults({ limitFrequency: 1 });
  expect((await order()).status).toBe(429);
  expect((await order()).status).toBe(200);
});

test('what the merchant gets can be asked for, and says nothing of the keys of WeChat', async () => {
  const { body } = await call('GET', `${pay.url}/merchant`);
  expect(body).toEqual(keys.merchant);
  expect(JSON.stringify(body)).not.toContain(keys.platformPrivateKey.split('\n')[1]);
});
