/** The gateway behind its port, against the simulator over loopback. */
import type { WechatPayMerchant } from '@app/contracts';
import { PhonePay, type PhoneOrder } from '@app/enrolment';
import { addDays, chinaInstant, civilDate, fen, type DomainError } from '@app/kernel';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateWechatPayKeys, Signer, type WechatPayKeys } from '../../../apps/simulators/src/wechat-pay/keys.js';
import { signPayments, type SignedNotification } from '../../../apps/simulators/src/wechat-pay/notifications.js';
import type { Trade } from '../../../apps/simulators/src/wechat-pay/orders.js';
import { writeTradeBill } from '../../../apps/simulators/src/wechat-pay/trade-bill.js';
import { startWechatPay, type RunningWechatPay } from '../../../apps/simulators/src/wechat-pay/start-wechat-pay.js';
import { anyJson } from '../../../test/support/any-json.js';
import { SetClock } from '../../../test/support/set-clock.js';
import { WechatPayGateway } from './wechat-pay.gateway.js';

const DAY = civilDate('2025-03-07');
const REASON = '重复缴费';
const NOTIFY_URL = 'http://127.0.0.1:9/phone-payments/notifications';
const ORDER: PhoneOrder = {
  orderNumber: '0197a3c200007000800000000001ab3f',
  amountFen: fen(10_000),
  description: '2025年度互助金',
  expiresAt: chinaInstant(DAY, '10:30'),
  payer: '9f1c6f4e-6a0e-5b52-8f65-2f2f3c0a77e1',
};

let keys: WechatPayKeys;
let otherKeys: WechatPayKeys;
/** WeChat's, and ours. */
let theirs: SetClock;
let ours: SetClock;
let wechat: RunningWechatPay;
let phone: PhonePay;

beforeAll(async () => {
  [keys, otherKeys] = await Promise.all([generateWechatPayKeys(), generateWechatPayKeys()]);
});
beforeEach(async () => {
  theirs = new SetClock('2025-03-07 10:00');
  ours = new SetClock('2025-03-07 10:00');
  wechat = await startWechatPay({ clock: theirs, keys });
  phone = new WechatPayGateway(wechat.url, keys.merchant, NOTIFY_URL, ours);
});
afterEach(() => wechat.close());

const setBoth = (china: string) => {
  theirs.set(china);
  ours.set(china);
};
const control = async (method: string, path: string, body: object) => {
  const answer = await fetch(wechat.url + path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
const behaveAs = (ending: string) => control('PUT', '/control/payers', { payer: ORDER.payer, ending });
const tap = (prepayId: string) => control('POST', '/phone/pay', { prepay_id: prepayId, payer: ORDER.payer });
const faults = (body: object) => control('POST', '/faults', body);
const ordered = async (change: Partial<PhoneOrder> = {}) => (await phone.order({ ...ORDER, ...change })).prepayId;
const paid = async (change: Partial<PhoneOrder> = {}): Promise<SignedNotification> => wechat.pay(await ordered(change), ORDER.payer);
async function failure(work: Promise<unknown>): Promise<DomainError> {
  try {
    await work;
  } catch (error) {
    return error as DomainError;
  }
  throw new Error('expected a failure');
}
const refund = (amountFen: number, change: { orderNumber?: string; refundNumber?: string } = {}) =>
  phone.refund({
    refundNumber: 'refund-1',
    orderNumber: ORDER.orderNumber,
    amountFen: fen(amountFen),
    totalFen: ORDER.amountFen,
    reason: REASON,
    ...change,
  });

describe('an order', () => {
  it('is one order however often it is made, and signs what the phone needs', async () => {
    const { prepayId, payParameters } = await phone.order(ORDER);
    expect(await ordered()).toBe(prepayId);
    expect(payParameters).toMatchObject({ appId: keys.merchant.appId, package: `prepay_id=${prepayId}`, signType: 'RSA' });
    const { appId, timeStamp, nonceStr, paySign } = payParameters as Record<string, string>;
    const signed = Buffer.from(`${appId}\n${timeStamp}\n${nonceStr}\nprepay_id=${prepayId}\n`);
    expect(verify('sha256', signed, createPublicKey(keys.merchant.privateKey), Buffer.from(paySign!, 'base64'))).toBe(true);
  });

  it('that never arrived is not known', async () => {
    expect(await phone.query('order-none')).toBeUndefined();
  });

  it('is open until somebody pays it', async () => {
    await ordered();
    expect(await phone.query(ORDER.orderNumber)).toEqual({
      orderNumber: ORDER.orderNumber,
      state: 'open',
    });
  });

  it.each<[string, () => Promise<unknown>, Partial<PhoneOrder>]>([
    ['with another amount', () => ordered(), { amountFen: fen(1) }],
    ['with another payer', () => ordered(), { payer: 'somebody-else' }],
    ['that is paid', () => paid(), {}],
    [
      'that is closed',
      async () => {
        await ordered();
        await phone.close(ORDER.orderNumber);
      },
      {},
    ],
    [
      'that is expired',
      async () => {
        await ordered();
        setBoth('2025-03-07 10:31');
      },
      {},
    ],
  ])('%s is not made again under its number', async (_, before, change) => {
    await before();
    expect(await failure(ordered(change))).toMatchObject({ code: 'order-changed', kind: 'conflict', retry: false });
  });

  it('whose answer got lost is found again by itself, and stays one order', async () => {
    await behaveAs('0005');
    const prepayId = await ordered();
    expect(await ordered()).toBe(prepayId);
    expect((await phone.query(ORDER.orderNumber))?.state).toBe('open');
  });

  it('that WeChat executed in silence, three times asked, is the same order later', async () => {
    await faults({ dropAnswers: 3 });
    expect(await failure(ordered())).toMatchObject({ code: 'wechat-pay', kind: 'unavailable', retry: true });
    expect((await phone.query(ORDER.orderNumber))?.state).toBe('open');
    expect(await ordered()).toMatch(/^wx20250307100000/);
  });

  it('is made after two broken connections', async () => {
    await faults({ refuseConnections: 2 });
    expect(await ordered()).toMatch(/^wx/);
  });

  it('is to be tried again when WeChat is pressed, or nobody is there', async () => {
    await faults({ limitFrequency: 1 });
    expect(await failure(ordered())).toMatchObject({ code: 'wechat-pay', retry: true });
    const nowhere = new WechatPayGateway('http://127.0.0.1:9', keys.merchant, NOTIFY_URL, ours);
    expect(await failure(nowhere.order(ORDER))).toMatchObject({ code: 'wechat-pay', retry: true });
  });

  it('is to be tried again when our key or our clock is wrong', async () => {
    const wrong = new WechatPayGateway(wechat.url, { ...keys.merchant, privateKey: otherKeys.merchant.privateKey }, NOTIFY_URL, ours);
    expect(await failure(wrong.order(ORDER))).toMatchObject({ code: 'wechat-pay', retry: true });
    ours.set('2025-03-07 10:06');
    expect(await failure(ordered())).toMatchObject({ code: 'wechat-pay', retry: true });
  });

  it('cannot be made without a merchant', async () => {
    const without = new WechatPayGateway(wechat.url, undefined, NOTIFY_URL, ours);
    expect(await failure(without.order(ORDER))).toMatchObject({ code: 'wechat-pay', retry: true });
    const { headers, body } = await paid();
    expect(without.readNotification(headers, body)).toBeUndefined();
  });
});

describe('a payment', () => {
  it('that was tapped twice is one payment', async () => {
    const prepayId = await ordered();
    const taps = await Promise.all([tap(prepayId), tap(prepayId)]);
    expect(taps.map(({ status }) => status)).toEqual([200, 200]);
    expect(await phone.query(ORDER.orderNumber)).toMatchObject({
      state: 'paid',
      amountFen: 10_000,
      transaction: taps[0]!.body.transaction_id,
    });
    expect(taps[1]!.body.transaction_id).toBe(taps[0]!.body.transaction_id);
  });

  it('whose notification was lost is found by asking', async () => {
    await behaveAs('0001');
    await tap(await ordered());
    expect(await wechat.deliverDue()).toEqual({ delivered: 0, waiting: 0 });
    expect(await phone.query(ORDER.orderNumber)).toMatchObject({ state: 'paid', paidAt: chinaInstant(DAY, '10:00') });
  });

  it('that failed for want of money leaves the order open, and may be tried again', async () => {
    await behaveAs('0004');
    const prepayId = await ordered();
    expect((await tap(prepayId)).status).toBe(403);
    expect((await phone.query(ORDER.orderNumber))?.state).toBe('open');
    expect((await tap(prepayId)).status).toBe(200);
    expect((await phone.query(ORDER.orderNumber))?.state).toBe('paid');
  });
});

describe('closing', () => {
  it('keeps an order from being paid, and may be asked for again', async () => {
    const prepayId = await ordered();
    await phone.close(ORDER.orderNumber);
    await phone.close(ORDER.orderNumber);
    expect((await tap(prepayId)).status).toBe(400);
    expect((await phone.query(ORDER.orderNumber))?.state).toBe('closed');
  });

  it('does nothing to an order that never arrived', async () => {
    await expect(phone.close('order-none')).resolves.toBeUndefined();
  });

  it('comes too late for a paid order', async () => {
    await paid();
    expect(await failure(phone.close(ORDER.orderNumber))).toMatchObject({ code: 'order-paid', kind: 'conflict' });
  });
});

describe('a refund', () => {
  it('of a payment made twice gives one of them back, once', async () => {
    await paid();
    await paid({ orderNumber: 'order-0002' });
    const taken = { refundNumber: 'refund-1', orderNumber: 'order-0002', amountFen: 10_000, state: 'processing' };
    expect(await refund(10_000, { orderNumber: 'order-0002' })).toEqual(taken);
    expect(await refund(10_000, { orderNumber: 'order-0002' })).toEqual(taken);
    setBoth('2025-03-07 10:05');
    expect(await phone.queryRefund('refund-1')).toEqual({ ...taken, state: 'succeeded' });
    expect((await phone.query('order-0002'))?.state).toBe('refunded');
    expect((await phone.query(ORDER.orderNumber))?.state).toBe('paid');
  });

  it('is never more than was paid, nor another under the same number', async () => {
    await paid();
    await refund(6_000);
    expect(await failure(refund(4_001, { refundNumber: 'refund-2' }))).toMatchObject({ code: 'refund-refused', kind: 'conflict' });
    expect(await failure(refund(5_000))).toMatchObject({ code: 'refund-refused', kind: 'conflict' });
    expect(await phone.queryRefund('refund-2')).toBeUndefined();
  });

  it('is to be asked for again while WeChat does not know the order yet', async () => {
    expect(await failure(refund(1))).toMatchObject({ code: 'wechat-pay', retry: true });
  });

  it('is to be asked for again while the merchant has too little money', async () => {
    await paid();
    await faults({ emptyAccount: 1 });
    expect(await failure(refund(10_000))).toMatchObject({ code: 'wechat-pay', retry: true, details: { refusal: 'NOT_ENOUGH' } });
    expect(await refund(10_000)).toMatchObject({ state: 'processing' });
  });

  it('is to be asked for again, and says so, where it is refused without a code', async () => {
    await paid();
    expect(
      await failure(
        phone.refund({
          refundNumber: 'refund-1',
          orderNumber: ORDER.orderNumber,
          amountFen: fen(10_000),
          totalFen: fen(10_000),
          reason: '',
        }),
      ),
    ).toMatchObject({
      code: 'wechat-pay',
      retry: true,
      details: { refusal: 'status 400' },
    });
  });

  it('that does not reach the payer has failed', async () => {
    await behaveAs('0006');
    await paid();
    await refund(10_000);
    setBoth('2025-03-07 10:05');
    expect(await phone.queryRefund('refund-1')).toMatchObject({ state: 'failed' });
  });
});

describe('a notification', () => {
  it('says what asking says', async () => {
    const { headers, body } = await paid();
    const payment = phone.readNotification(headers, body);
    expect(payment).toMatchObject({ orderNumber: ORDER.orderNumber, state: 'paid', amountFen: 10_000, paidAt: chinaInstant(DAY, '10:00') });
    expect(payment).toEqual(await phone.query(ORDER.orderNumber));
  });

  it('is refused once it is five minutes old, or of the future', async () => {
    const { headers, body } = await paid();
    for (const [time, taken] of [
      ['09:54', false],
      ['09:55', true],
      ['10:05', true],
      ['10:06', false],
    ] as const) {
      ours.set(`2025-03-07 ${time}`);
      expect([time, phone.readNotification(headers, body) !== undefined]).toEqual([time, taken]);
    }
  });

  it('is refused when anything of it was altered', async () => {
    const { headers, body } = await paid();
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.constantFrom('0', 'A', ' ', '"'), (at, letter) => {
        fc.pre(body[at] !== letter);
        return phone.readNotification(headers, body.slice(0, at) + letter + body.slice(at + 1)) === undefined;
      }),
    );
    for (const name of Object.keys(headers) as (keyof typeof headers)[]) {
      expect(phone.readNotification({ ...headers, [name]: undefined }, body)).toBeUndefined();
      expect(phone.readNotification({ ...headers, [name]: '1741312801' }, body)).toBeUndefined();
    }
    expect(phone.readNotification(headers, body)).toBeDefined();
  });

  it('is refused when somebody else made it', async () => {
    const made = (by: WechatPayKeys) =>
      signPayments(by, [{ orderNumber: ORDER.orderNumber, amountFen: 10_000, payer: ORDER.payer }], ours.now()).then(([one]) => one!);
    const read = ({ headers, body }: SignedNotification) => phone.readNotification(headers, body);
    expect(read(await made(keys))).toMatchObject({ state: 'paid' });
    // With a key of their own, also under the name of WeChat's.
    expect(read(await made({ ...otherKeys, merchant: keys.merchant }))).toBeUndefined();
    expect(read(await made({ ...keys, platformPrivateKey: otherKeys.platformPrivateKey }))).toBeUndefined();
    // By WeChat, for another merchant, for another account, or sealed for another.
    const wrongly = (change: Partial<WechatPayMerchant>) => made({ ...keys, merchant: { ...keys.merchant, ...change } });
    expect(read(await wrongly({ mchId: '1900000002' }))).toBeUndefined();
    expect(read(await wrongly({ appId: 'wx1' }))).toBeUndefined();
    expect(read(await wrongly({ apiV3Key: otherKeys.merchant.apiV3Key }))).toBeUndefined();
    // A probe, by which WeChat finds out whether signatures are checked.
    const { headers, body } = await made(keys);
    const probe = `WECHATPAY/SIGNTEST/${headers['wechatpay-signature']}`;
    expect(phone.readNotification({ ...headers, 'wechatpay-signature': probe }, body)).toBeUndefined();
  });

  it('of anything but a payment is not read', async () => {
    const { body } = await paid();
    const other = body.replace('TRANSACTION.SUCCESS', 'REFUND.SUCCESS');
    expect(phone.readNotification(await new Signer(keys).headers(other, ours.now()), other)).toBeUndefined();
  });

  it('of one of two keys is read while WeChat changes its key', async () => {
    const both = { ...keys.merchant, platformKeys: { ...otherKeys.merchant.platformKeys, ...keys.merchant.platformKeys } };
    const gateway = new WechatPayGateway(wechat.url, both, NOTIFY_URL, ours);
    const { headers, body } = await paid();
    expect(gateway.readNotification(headers, body)).toBeDefined();
    const signedByNext = await new Signer(otherKeys).headers(body, ours.now());
    expect(gateway.readNotification(signedByNext, body)).toBeDefined();
    expect(phone.readNotification(signedByNext, body)).toBeUndefined();
  });

  it('made in numbers for load is read like any other', async () => {
    const payments = Array.from({ length: 300 }, (_, index) => ({
      orderNumber: `order-${String(index).padStart(4, '0')}`,
      amountFen: 10_000 + index,
      payer: `member-${index}`,
    }));
    const signed = await signPayments(keys, payments, ours.now());
    const read = signed.map(({ headers, body }) => phone.readNotification(headers, body));
    expect(read).toMatchObject(payments.map(({ orderNumber, amountFen }) => ({ orderNumber, amountFen })));
    expect(new Set(read.map((one) => one?.state === 'paid' && one.transaction)).size).toBe(300);
  });
});

describe('the bill', () => {
  it('is not ready before 10:00 of the next day', async () => {
    await paid();
    setBoth('2025-03-08 09:59');
    expect(await phone.bill(DAY)).toBeUndefined();
    // WeChat is late.
    ours.set('2025-03-08 10:00');
    expect(await phone.bill(DAY)).toBeUndefined();
  });

  it('has a line for each payment and each refund of the day', async () => {
    await paid({ description: '互助金,2025`年' });
    await paid({ orderNumber: 'order-0002', amountFen: fen(5) });
    await ordered({ orderNumber: 'order-0003' });
    setBoth('2025-03-07 11:00');
    await refund(4_000);
    setBoth('2025-03-08 10:00');
    const first = { orderNumber: ORDER.orderNumber, transaction: expect.any(String) };
    expect(await phone.bill(DAY)).toEqual({
      lines: [
        { ...first, kind: 'payment', amountFen: 10_000, at: chinaInstant(DAY, '10:00') },
        { orderNumber: 'order-0002', transaction: expect.any(String), kind: 'payment', amountFen: 5, at: chinaInstant(DAY, '10:00') },
        { ...first, kind: 'refund', amountFen: 4_000, at: chinaInstant(DAY, '11:00') },
      ],
    });
  });

  it('of a day without payments is not known to be empty before that', async () => {
    theirs.set('2025-03-08 10:00');
    ours.set('2025-03-08 09:59');
    expect(await phone.bill(DAY)).toBeUndefined();
  });

  it('of a day without payments is empty', async () => {
    setBoth('2025-03-08 10:00');
    expect(await phone.bill(addDays(DAY, -1))).toEqual({ lines: [] });
  });
});

describe('an answer', () => {
  /** Somebody who sits between us and WeChat, and answers everything in the same way. */
  async function between<T>(
    answer: (path: string) => Promise<{ headers: Record<string, string>; body: string }>,
    work: (gateway: PhonePay) => Promise<T>,
  ) {
    const server = createServer((request, response) => {
      void answer(request.url!).then(({ headers, body }) => response.writeHead(200, headers).end(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      return await work(
        new WechatPayGateway(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys.merchant, NOTIFY_URL, ours),
      );
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }
  const SOUND = {
    appid: 'wx1',
    mchid: '1900000001',
    out_trade_no: ORDER.orderNumber,
    trade_state: 'SUCCESS',
    amount: { total: 10_000, currency: 'CNY' },
    transaction_id: '4200000001',
    success_time: '2025-03-07T10:00:00+08:00',
  };
  const PAID_TRANSACTION = (number: string) => JSON.stringify({ ...SOUND, out_trade_no: number });
  const query = (gateway: PhonePay) => failure(gateway.query(ORDER.orderNumber));

  it('that WeChat did not sign is not believed', async () => {
    const body = PAID_TRANSACTION(ORDER.orderNumber);
    expect(await between(async () => ({ headers: {}, body }), query)).toMatchObject({ code: 'wechat-pay', retry: true });
    const signedByOther = async () => ({ headers: await new Signer(otherKeys).headers(body, ours.now()), body });
    expect(await between(signedByOther, query)).toMatchObject({ code: 'wechat-pay', retry: true });
  });

  it('that WeChat signed for another order, or long ago, is not believed', async () => {
    const signed = (number: string, at: Date) => async () => ({
      headers: await new Signer(keys).headers(PAID_TRANSACTION(number), at),
      body: PAID_TRANSACTION(number),
    });
    expect(await between(signed('order-0002', ours.now()), query)).toMatchObject({ code: 'wechat-pay' });
    expect(await between(signed(ORDER.orderNumber, chinaInstant(DAY, '09:54')), query)).toMatchObject({ code: 'wechat-pay' });
    const believed = await between(signed(ORDER.orderNumber, ours.now()), (gateway) => gateway.query(ORDER.orderNumber));
    expect(believed).toMatchObject({ state: 'paid' });
  });

  it.each([
    ['in a state that is not known', { trade_state: 'SETTLED' }],
    ['paid, and not when', { success_time: undefined }],
    ['paid at no time', { success_time: 'soon' }],
    ['in another currency', { amount: { total: 10_000, currency: 'USD' } }],
    ['of half a fen', { amount: { total: 0.5, currency: 'CNY' } }],
    ['of nothing', { amount: undefined }],
  ])('of WeChat with a payment %s is asked for again', async (_, change) => {
    const body = JSON.stringify({ ...SOUND, ...change });
    const signed = async () => ({ headers: await new Signer(keys).headers(body, ours.now()), body });
    expect(await between(signed, query)).toMatchObject({ code: 'unreadable-answer', retry: true });
  });

  it('of WeChat in any other shape is asked for again, and not repeated', async () => {
    const answered = fc.record({ key: fc.constantFrom(...Object.keys(SOUND)), value: anyJson, whole: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(answered, async ({ key, value, whole }) => {
        const body = whole ? JSON.stringify(value) : JSON.stringify({ ...SOUND, [key]: value });
        const signed = async () => ({ headers: await new Signer(keys).headers(body, ours.now()), body });
        const outcome = await between(signed, (gateway) => gateway.query(ORDER.orderNumber).catch((error: unknown) => error));
        if (outcome instanceof Error) expect(outcome).toMatchObject({ name: 'DomainError', retry: true });
        else expect(outcome).toMatchObject({ orderNumber: ORDER.orderNumber });
      }),
    );
  });

  it.each([
    ['is about another', { out_refund_no: 'refund-2' }, 'wechat-pay'],
    ['has a state that is not known', { status: 'DONE' }, 'unreadable-answer'],
    ['is of no amount', { amount: { refund: 0, currency: 'CNY' } }, 'unreadable-answer'],
  ])('to a refund that %s is asked for again', async (_, change, code) => {
    const sound = { out_refund_no: 'refund-1', out_trade_no: ORDER.orderNumber, status: 'SUCCESS', amount: { refund: 1, currency: 'CNY' } };
    const answered = (body: string) => async () => ({ headers: await new Signer(keys).headers(body, ours.now()), body });
    const asked = (gateway: PhonePay) => gateway.queryRefund('refund-1');
    const made = (gateway: PhonePay) =>
      gateway.refund({ refundNumber: 'refund-1', orderNumber: ORDER.orderNumber, amountFen: fen(1), totalFen: fen(1), reason: REASON });
    for (const work of [asked, made]) {
      expect(await between(answered(JSON.stringify(sound)), work)).toMatchObject({ state: 'succeeded' });
      const wrong = answered(JSON.stringify({ ...sound, ...change }));
      expect(await between(wrong, (gateway) => failure(work(gateway)))).toMatchObject({ code, retry: true });
    }
  });

  it('about an open order need not say its amount', async () => {
    const body = JSON.stringify({ appid: 'wx1', mchid: '1900000001', out_trade_no: ORDER.orderNumber, trade_state: 'NOTPAY' });
    const signed = async () => ({ headers: await new Signer(keys).headers(body, ours.now()), body });
    expect(await between(signed, (gateway) => gateway.query(ORDER.orderNumber))).toEqual({ orderNumber: ORDER.orderNumber, state: 'open' });
  });

  it('with a bill that is not the one WeChat named is not believed', async () => {
    ours.set('2025-03-08 10:00');
    const body = JSON.stringify({ hash_type: 'SHA1', hash_value: '00'.repeat(20), download_url: 'http://127.0.0.1:9/file?token=1' });
    const bill = async () => ({ headers: await new Signer(keys).headers(body, ours.now()), body });
    expect(await between(bill, (gateway) => failure(gateway.bill(DAY)))).toMatchObject({ code: 'wechat-pay', retry: true });
  });

  it.each<[string, (bill: string) => string]>([
    ['no amounts', (bill) => bill.replaceAll('`100.00', '`')],
    ['no time', (bill) => bill.replace('`2025-03-07 10:00:00', '`')],
    ['no totals', (bill) => bill.slice(0, bill.indexOf('\r\n总交易单数'))],
    ['a column less', (bill) => bill.replace('交易状态', '状态')],
  ])('with a bill of %s is asked for again', async (_, change) => {
    ours.set('2025-03-08 10:00');
    const order = { appid: 'wx1', mchid: '1', out_trade_no: ORDER.orderNumber, payer: { openid: 'o' }, amount: { total: 10_000 } };
    const sound = writeTradeBill([{ order, transaction: '42', at: chinaInstant(DAY, '10:00') }] as unknown as Trade[]);
    const bill = (text: string) => async (path: string) => {
      const named = {
        hash_type: 'SHA1',
        hash_value: createHash('sha1').update(text).digest('hex'),
        download_url: 'http://127.0.0.1:9/file',
      };
      const body = path.startsWith('/v3/bill') ? JSON.stringify(named) : text;
      return { headers: await new Signer(keys).headers(body, ours.now()), body };
    };
    expect(await between(bill(sound), (gateway) => gateway.bill(DAY))).toMatchObject({ lines: [{ amountFen: 10_000, kind: 'payment' }] });
    // A person looks at a line of another state, and the others are read.
    const revoked = sound.replace('`SUCCESS', '`REVOKED');
    expect(await between(bill(revoked), (gateway) => gateway.bill(DAY))).toMatchObject({ lines: [{ amountFen: 10_000, kind: 'other' }] });
    expect(change(sound)).not.toBe(sound);
    expect(await between(bill(change(sound)), (gateway) => failure(gateway.bill(DAY)))).toMatchObject({ code: 'wechat-pay', retry: true });
  });
});

it('no failure says who pays, what for, or with which key', async () => {
  const personal = [
    ORDER.payer,
    ORDER.description,
    'somebody-else',
    REASON,
    keys.merchant.privateKey.split('\n')[1]!,
    keys.merchant.apiV3Key,
  ];
  await paid();
  await faults({ limitFrequency: 1 });
  const failures = [
    await failure(ordered()),
    await failure(ordered()),
    await failure(ordered({ payer: 'somebody-else' })),
    await failure(ordered({ orderNumber: 'short' })),
    await failure(phone.close(ORDER.orderNumber)),
    await failure(refund(10_001)),
    await failure(new WechatPayGateway('http://127.0.0.1:9', keys.merchant, NOTIFY_URL, ours).order(ORDER)),
  ];
  for (const { message, details, stack } of failures)
    for (const text of personal) expect(`${message} ${JSON.stringify(details)} ${stack}`).not.toContain(text);
  expect(new Set(failures.map(({ code }) => code))).toEqual(
    new Set(['wechat-pay', 'order-changed', 'refused-by-party', 'order-paid', 'refund-refused']),
  );
});
