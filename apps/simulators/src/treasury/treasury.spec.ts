import type { EInvoiceCheck, EInvoiceCheckAnswer, EReceiptAnswer, GrantRequest, Voucher } from '@app/contracts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startBank } from '../bank/start-bank.js';
import type { RunningSimulator } from '../simulator.js';
import { call, SetClock } from '../testing.js';
import { startTreasury } from './start-treasury.js';

const INVOICE: EInvoiceCheck = { code: '45060125', number: '0000000001', checkCode: 'a1b2c3', issuedOn: '2025-03-01', amountFen: 500_000 };
const GRANT: GrantRequest = {
  reference: 'B20250307-1',
  amountFen: 12_345,
  payoutAccount: '6200001111111111111',
  purpose: '医疗互助补助金',
};
const VOUCHER: Voucher = {
  reference: 'V1',
  on: '2025-03-07',
  summary: '支付补助金',
  entries: [
    { account: '5001', debitFen: 100, creditFen: 0 },
    { account: '1002', debitFen: 0, creditFen: 100 },
  ],
};

let clock: SetClock;
let bank: RunningSimulator;
let treasury: RunningSimulator;

beforeEach(async () => {
  clock = new SetClock('2025-03-07 10:00');
  bank = await startBank({ clock });
  treasury = await startTreasury({ clock, bankUrl: bank.url, eInvoices: [{ ...INVOICE, state: 'valid' }] });
});
afterEach(async () => {
  await treasury.close();
  await bank.close();
});

describe('grants', () => {
  const grant = (body: unknown) => call('POST', `${treasury.url}/grants`, body);
  const balance = async () => (await call<{ balanceFen: number }>('GET', `${bank.url}/balance/${GRANT.payoutAccount}`)).body.balanceFen;

  test('a grant is paid out at the bank, once however often it is asked for', async () => {
    const granted = { status: 200, body: { reference: GRANT.reference, state: 'granted' } };
    expect(await grant(GRANT)).toEqual(granted);
    expect(await grant(GRANT)).toEqual(granted);
    expect(await call('GET', `${treasury.url}/grants/${GRANT.reference}`)).toEqual(granted);
    expect(await balance()).toBe(12_345);
  });

  test('two requests at the same moment are one grant', async () => {
    expect((await Promise.all([grant(GRANT), grant(GRANT)])).map(({ status }) => status)).toEqual([200, 200]);
    expect(await balance()).toBe(12_345);
  });

  test('another content under the same reference is a conflict', async () => {
    await grant(GRANT);
    expect(await grant({ ...GRANT, amountFen: 1 })).toMatchObject({ status: 409, body: { code: 'grant-reused' } });
  });

  test('an unknown grant is not found, and a senseless one is refused', async () => {
    expect((await call('GET', `${treasury.url}/grants/none`)).status).toBe(404);
    expect((await grant({ ...GRANT, amountFen: 0.5 })).status).toBe(400);
    expect((await grant({ ...GRANT, reference: 'x'.repeat(30) })).status).toBe(400);
  });

  test('a refused grant stays refused and pays nothing', async () => {
    await call('POST', `${treasury.url}/faults`, { refuseGrants: 1 });
    expect(await grant(GRANT)).toMatchObject({ status: 200, body: { state: 'refused', reason: expect.any(String) } });
    expect((await grant(GRANT)).body).toMatchObject({ state: 'refused' });
    expect((await grant({ ...GRANT, reference: 'B2' })).body).toMatchObject({ state: 'granted' });
    expect(await balance()).toBe(12_345);
  });

  test('while the bank is away nothing is granted', async () => {
    const alone = await startTreasury({ clock, bankUrl: 'http://127.0.0.1:1' });
    expect(await call('POST', `${alone.url}/grants`, GRANT)).toMatchObject({ status: 503, body: { code: 'bank-unavailable' } });
    expect((await call('GET', `${alone.url}/grants/${GRANT.reference}`)).status).toBe(404);
    await alone.close();
  });
});

describe('e-receipts', () => {
  const RECEIPT = { reference: 'R1', payer: '第一基层工会', amountFen: 20_000, item: '互助金' };
  const issue = (body: unknown) => call<EReceiptAnswer>('POST', `${treasury.url}/e-receipts`, body);
  const flush = (reference: string) => call('POST', `${treasury.url}/e-receipts/${reference}/red-flush`, {});
  const checked = async () => {
    const { body } = await issue(RECEIPT);
    if (body.state !== 'issued') throw new Error('refused');
    const { code, number, checkCode, issuedOn } = body;
    const asked = { code, number, checkCode, issuedOn, amountFen: RECEIPT.amountFen };
    return (await call<EInvoiceCheckAnswer>('POST', `${treasury.url}/e-invoices/check`, asked)).body.result;
  };

  test('a receipt is issued once however often it is asked for, and can be checked like any other', async () => {
    const { status, body } = await issue(RECEIPT);
    expect({ status, body }).toMatchObject({ status: 200, body: { state: 'issued', issuedOn: '2025-03-07' } });
    expect((await issue(RECEIPT)).body).toEqual(body);
    expect((await call('GET', `${treasury.url}/e-receipts/R1`)).body).toEqual(body);
    expect((await issue({ ...RECEIPT, amountFen: 1 })).status).toBe(409);
    expect(await checked()).toBe('VERIFIED');
  });

  test('a receipt is taken back once, and the register says so', async () => {
    expect((await flush('R1')).status).toBe(404);
    await issue(RECEIPT);
    const flushed = await flush('R1');
    expect(flushed).toMatchObject({ status: 200, body: { state: 'red-flushed', flushedOn: '2025-03-07' } });
    expect(await flush('R1')).toEqual(flushed);
    expect(await checked()).toBe('RED_FLUSHED');
  });

  test('a refused receipt stays refused, and a closed office is asked again', async () => {
    await call('POST', `${treasury.url}/faults`, { refuseReceipts: 1, unavailableReceipts: 1 });
    expect((await issue(RECEIPT)).status).toBe(503);
    for (let i = 0; i < 2; i++) expect((await issue(RECEIPT)).body).toMatchObject({ state: 'refused', reason: expect.any(String) });
    expect((await flush('R1')).status).toBe(409);
    expect((await issue({ ...RECEIPT, reference: 'R2' })).body).toMatchObject({ state: 'issued' });
  });
});

describe('e-invoices', () => {
  const check = async (change: Partial<EInvoiceCheck> = {}) =>
    (await call<EInvoiceCheckAnswer>('POST', `${treasury.url}/e-invoices/check`, { ...INVOICE, ...change })).body;

  test('the same in every part is verified; another part is a mismatch', async () => {
    expect(await check()).toEqual({ result: 'VERIFIED', checks: 1 });
    expect(await check({ amountFen: 1 })).toEqual({ result: 'MISMATCH', checks: 2 });
    expect(await check({ checkCode: 'a1b2c4' })).toEqual({ result: 'MISMATCH', checks: 3 });
    expect(await check({ number: '0000000002' })).toEqual({ result: 'NOT_FOUND', checks: 1 });
  });

  test('after five checks of a day the invoice must wait for the next', async () => {
    for (let i = 0; i < 5; i++) expect((await check()).result).toBe('VERIFIED');
    expect(await check()).toEqual({ result: 'RATE_LIMITED', checks: 5 });
    clock.set('2025-03-08 00:00');
    expect(await check()).toEqual({ result: 'VERIFIED', checks: 6 });
  });

  test('voided and red-flushed ones are told apart, and the register can be loaded', async () => {
    const register = [
      { ...INVOICE, number: '0000000003', state: 'voided' },
      { ...INVOICE, number: '0000000004', state: 'red-flushed' },
    ];
    expect(await call('PUT', `${treasury.url}/control/e-invoices`, register)).toEqual({ status: 200, body: { registered: 2 } });
    expect((await check({ number: '0000000003' })).result).toBe('VOIDED');
    expect((await check({ number: '0000000004' })).result).toBe('RED_FLUSHED');
    expect((await call('PUT', `${treasury.url}/control/e-invoices`, [{ ...INVOICE, state: 'lost' }])).status).toBe(400);
  });

  test('a closed register says so and counts nothing', async () => {
    await call('POST', `${treasury.url}/faults`, { unavailableChecks: 1 });
    expect(await check()).toEqual({ result: 'UNAVAILABLE', checks: 0 });
    expect(await check()).toEqual({ result: 'VERIFIED', checks: 1 });
  });
});

describe('vouchers', () => {
  const book = (body: unknown) => call('POST', `${treasury.url}/vouchers`, body);

  test('a balanced voucher gets a number, the same one again', async () => {
    const booked = { status: 200, body: { reference: 'V1', voucherNumber: 'PZ202503-0001' } };
    expect(await book(VOUCHER)).toEqual(booked);
    expect(await book(VOUCHER)).toEqual(booked);
    expect((await book({ ...VOUCHER, reference: 'V2' })).body).toMatchObject({ voucherNumber: 'PZ202503-0002' });
    expect((await call('GET', `${treasury.url}/vouchers`)).body).toMatchObject([
      { ...VOUCHER, voucherNumber: 'PZ202503-0001' },
      { reference: 'V2' },
    ]);
  });

  test('another content under the same reference is a conflict', async () => {
    await book(VOUCHER);
    expect(await book({ ...VOUCHER, summary: '其他' })).toMatchObject({ status: 409, body: { code: 'voucher-reused' } });
  });

  test.each([
    ['unbalanced', [VOUCHER.entries[0], { account: '1002', debitFen: 0, creditFen: 99 }]],
    ['one-sided', [VOUCHER.entries[0]]],
    ['both at once', [{ account: '1', debitFen: 1, creditFen: 1 }, VOUCHER.entries[0]]],
    ['negative', [{ account: '1', debitFen: -1, creditFen: 0 }, VOUCHER.entries[0]]],
  ])('%s entries are refused', async (_, entries) => {
    expect((await book({ ...VOUCHER, entries })).status).toBe(400);
    expect((await call('GET', `${treasury.url}/vouchers`)).body).toEqual([]);
  });
});
