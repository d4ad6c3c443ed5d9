import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startBank } from '../bank/start-bank.js';
import type { RunningSimulator } from '../simulator.js';
import { call, jsapiOrder, SetClock } from '../testing.js';
import { Orders } from './orders.js';
import { Payers } from './payer-ending.js';
import { Settlements } from './settlements.js';

const ACCOUNT = '6200000000000000001';
const UNREACHABLE = 'http://127.0.0.1:1';

let clock: SetClock;
let bank: RunningSimulator;
let orders: Orders;
let to: { bankUrl: string; account: string };
let settlements: Settlements;

beforeEach(async () => {
  clock = new SetClock('2025-03-07 10:00');
  bank = await startBank({ clock });
  orders = new Orders(clock, new Payers());
  to = { bankUrl: bank.url, account: ACCOUNT };
  settlements = new Settlements(clock, orders, to);
});
afterEach(() => bank.close());

function pay(number: string, payer = 'member-1'): void {
  const request = jsapiOrder({ out_trade_no: number, payer: { openid: payer } });
  orders.pay(orders.order(request).prepayId, payer);
}
const giveBack = (number: string, refund: number) =>
  orders.refund({
    out_trade_no: number,
    out_refund_no: `refund ${number}`,
    reason: '重复缴费',
    amount: { refund, total: 10_000, currency: 'CNY' },
  });
const handedOn = async () => {
  await settlements.settleDue();
  return (await call<{ balanceFen: number }>('GET', `${bank.url}/balance/${ACCOUNT}`)).body.balanceFen;
};

test('a day is handed on at ten of the next morning, once, less what went back; a refund that fails stays', async () => {
  for (const number of ['1', '2']) pay(number);
  pay('3', 'payer-0006');
  giveBack('1', 4_000);
  giveBack('3', 10_000);
  clock.set('2025-03-08 09:59');
  expect(await handedOn()).toBe(0);
  clock.set('2025-03-08 10:00');
  expect([await handedOn(), await handedOn()]).toEqual([26_000, 26_000]);
  clock.set('2025-03-08 20:00');
  expect(JSON.stringify((await call('GET', `${bank.url}/statements/${ACCOUNT}/2025-03-08`)).body)).toContain('PHONE20250307');
});

test('a bank that is away is tried again, and no day is left out', async () => {
  pay('1');
  clock.set('2025-03-08 11:00');
  pay('2');
  to.bankUrl = UNREACHABLE;
  clock.set('2025-03-10 10:00');
  expect(await handedOn()).toBe(0);
  to.bankUrl = bank.url;
  expect(await handedOn()).toBe(20_000);
});

test('a day on which more went back than came in is made up for by the next', async () => {
  pay('1');
  clock.set('2025-03-08 11:00');
  giveBack('1', 3_000);
  clock.set('2025-03-09 11:00');
  expect(await handedOn()).toBe(10_000);
  pay('2');
  clock.set('2025-03-10 10:00');
  expect(await handedOn()).toBe(17_000);
});
