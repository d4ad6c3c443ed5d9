import {
  readPaymentStatusReport,
  readStatement,
  writePaymentInstruction,
  type BankCredit,
  type BankReturn,
  type BankStatement,
  type PaymentInstruction,
  type PaymentStatusReport,
} from '@app/contracts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RunningSimulator } from '../simulator.js';
import { call, SetClock } from '../testing.js';
import { isBankWorkingDay, nextBankWorkingDay } from './bank-calendar.js';
import { startBank } from './start-bank.js';

const PAYOUT = '6200001111111111111';
const THURSDAY = '2025-03-06';
const FRIDAY = '2025-03-07';
const MONDAY = '2025-03-10';

let clock: SetClock;
let bank: RunningSimulator;

beforeEach(async () => {
  clock = new SetClock(`${FRIDAY} 10:00`);
  bank = await startBank({ clock });
});
afterEach(() => bank.close());

const credit = (amountFen: number, bankReference = 'G1', account = PAYOUT) =>
  call('POST', `${bank.url}/credits`, {
    bankReference,
    account,
    amountFen,
    reference: bankReference,
    payerName: '财政专户',
  } satisfies BankCredit);

const message = (messageId: string, rows: Record<string, { account: string; fen?: number }>): PaymentInstruction => ({
  messageId,
  createdAt: new Date('2025-03-07T01:00:00Z'),
  debtorName: '县总工会',
  debtorAccount: PAYOUT,
  executeOn: FRIDAY,
  rows: Object.entries(rows).map(([endToEndId, { account, fen = 100 }]) => ({
    endToEndId,
    amountFen: fen,
    creditorName: '李娟',
    creditorAccount: account,
    creditorBankName: '',
  })),
});

const post = (xml: string) => call<string | { code: string }>('POST', `${bank.url}/payments`, xml, { 'content-type': 'application/xml' });

async function send(instruction: PaymentInstruction): Promise<PaymentStatusReport> {
  const { status, body } = await post(writePaymentInstruction(instruction));
  expect(status).toBe(200);
  return readPaymentStatusReport(body as string);
}

const ask = async (messageId: string): Promise<PaymentStatusReport> =>
  readPaymentStatusReport((await call<string>('GET', `${bank.url}/payments/${messageId}`)).body);

const words = (report: PaymentStatusReport) => report.rows.map((row) => [row.endToEndId, row.status, row.reason].filter(Boolean).join(' '));

const statement = async (on: string, account = PAYOUT): Promise<BankStatement> => {
  const { status, body } = await call<string>('GET', `${bank.url}/statements/${account}/${on}`);
  expect(status).toBe(200);
  return readStatement(body);
};

const balance = async (): Promise<number> => (await call<{ balanceFen: number }>('GET', `${bank.url}/balance/${PAYOUT}`)).body.balanceFen;

const plain = (n: number) => ({ account: `62000000000000${String(15_000 + n)}` });

describe('payments', () => {
  test('rows are accepted at once and executed when asked, and the money is gone', async () => {
    await credit(1_000);
    expect(words(await send(message('M1', { E1: plain(1), E2: plain(2) })))).toEqual(['E1 ACSP', 'E2 ACSP']);
    expect(words(await ask('M1'))).toEqual(['E1 ACSC', 'E2 ACSC']);
    expect(await balance()).toBe(800);
  });

  test('a batch above the balance is refused row by row, and nothing moves', async () => {
    await credit(199);
    expect(words(await send(message('M1', { E1: plain(1), E2: plain(2) })))).toEqual(['E1 RJCT AM04', 'E2 RJCT AM04']);
    expect(await balance()).toBe(199);
  });

  test('the same message again gets the same answer and pays once', async () => {
    await credit(1_000);
    const xml = writePaymentInstruction(message('M1', { E1: plain(1), E2: { account: '6200000000000000028' } }));
    const [first, second] = [await post(xml), await post(xml)];
    expect(second).toEqual(first);
    expect(await balance()).toBe(800);
  });

  test('another content under a known MsgId is a conflict', async () => {
    await credit(1_000);
    await send(message('M1', { E1: plain(1) }));
    expect(await post(writePaymentInstruction(message('M1', { E2: plain(1) })))).toMatchObject({
      status: 409,
      body: { code: 'message-id-reused' },
    });
  });

  test('an EndToEndId is good once for ever, in whatever message', async () => {
    await credit(1_000);
    await send(message('M1', { E1: plain(1) }));
    expect(words(await send(message('M2', { E1: plain(1), E2: plain(1) })))).toEqual(['E1 RJCT AM05', 'E2 ACSP']);
    expect(await balance()).toBe(800);
  });

  test.each([
    ['no XML', 'hello'],
    ['a long MsgId', writePaymentInstruction(message('M1', { E1: plain(1) })).replaceAll('>M1<', `>${'M'.repeat(36)}<`)],
    ['a long EndToEndId', writePaymentInstruction(message('M1', { E1: plain(1) })).replaceAll('>E1<', `>${'E'.repeat(36)}<`)],
    ['an amount of nothing', writePaymentInstruction(message('M1', { E1: { ...plain(1), fen: 0 } }))],
    ['an EndToEndId twice', writePaymentInstruction(message('M1', { E1: plain(1), E2: plain(2) })).replaceAll('>E2<', '>E1<')],
    ['1,001 rows', writePaymentInstruction(message('M1', Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`E${i}`, plain(1)]))))],
  ])('%s is refused as a whole', async (_, xml) => {
    expect(await post(xml)).toMatchObject({ status: 400, body: { code: expect.any(String), message: expect.any(String) } });
    expect((await call('GET', `${bank.url}/payments/M1`)).status).toBe(404);
  });

  test('1,000 rows pass', async () => {
    await credit(100_000);
    const rows = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`E${i}`, plain(i)]));
    expect((await send(message('M1', rows))).rows).toHaveLength(1000);
    expect(await balance()).toBe(0);
  });
});

describe('account endings', () => {
  beforeEach(() => credit(100_000));
  const account = (ending: string) => ({ account: `620000000000000${ending}` });

  test('0002 is refused at once: closed', async () => {
    expect(words(await send(message('M1', { E1: account('0002') })))).toEqual(['E1 RJCT AC04']);
    expect(words(await ask('M1'))).toEqual(['E1 RJCT AC04']);
    expect(await balance()).toBe(100_000);
  });

  test('0010 is executed and comes back on the next working day at 09:30', async () => {
    await send(message('M1', { E1: account('0010') }));
    const returns = async () => (await call<BankReturn[]>('GET', `${bank.url}/returns?account=${PAYOUT}&from=${FRIDAY}&to=${MONDAY}`)).body;
    clock.set(`${MONDAY} 09:29`);
    expect([await returns(), await balance()]).toEqual([[], 99_900]);
    clock.set(`${MONDAY} 09:30`);
    expect(await returns()).toEqual([{ endToEndId: 'E1', amountFen: 100, reason: 'AC04', returnedOn: MONDAY }]);
    expect(await balance()).toBe(100_000);
    expect(words(await ask('M1'))).toEqual(['E1 ACSC']);
    clock.set(`${MONDAY} 20:00`);
    expect((await statement(MONDAY)).lines).toMatchObject([
      { kind: 'return', direction: 'credit', reference: 'E1', amountFen: 100, reason: 'AC04' },
    ]);
    expect((await call<BankReturn[]>('GET', `${bank.url}/returns?account=${PAYOUT}&from=2025-03-11&to=2025-03-31`)).body).toEqual([]);
  });

  test('a return goes to its own day even when nobody asked the bank that day', async () => {
    await send(message('M1', { E1: account('0010') }));
    clock.set('2025-03-20 21:00');
    expect((await statement(MONDAY)).lines).toHaveLength(1);
  });

  test('0028 is executed without a word in the answer', async () => {
    expect(words(await send(message('M1', { E1: account('0028'), E2: plain(1) })))).toEqual(['E2 ACSP']);
    expect(words(await ask('M1'))).toEqual(['E1 ACSC', 'E2 ACSC']);
    expect(await balance()).toBe(99_800);
  });

  test('0036 is not executed at every odd presentation, without a word in the answer', async () => {
    expect(words(await send(message('M1', { E1: account('0036') })))).toEqual([]);
    expect(words(await ask('M1'))).toEqual(['E1 RJCT AB05']);
    expect(await balance()).toBe(100_000);
    expect(words(await send(message('M2', { E2: account('0036') })))).toEqual(['E2 ACSP']);
    expect(words(await ask('M2'))).toEqual(['E2 ACSC']);
    expect(words(await send(message('M3', { E3: account('0036') })))).toEqual([]);
    expect(await balance()).toBe(99_900);
  });

  test('0044 is acknowledged twice under different status ids, and paid once', async () => {
    expect(words(await send(message('M1', { E1: account('0044') })))).toEqual(['E1 ACSP']);
    const { rows } = await ask('M1');
    expect(rows.map(({ endToEndId, status }) => [endToEndId, status])).toEqual([
      ['E1', 'ACSC'],
      ['E1', 'ACSC'],
    ]);
    expect(new Set(rows.map(({ statusId }) => statusId)).size).toBe(2);
    expect((await ask('M1')).rows).toEqual(rows);
    expect(await balance()).toBe(99_900);
  });
});

describe('faults of the line', () => {
  const faults = (body: Record<string, number>) => call('POST', `${bank.url}/faults`, body);

  test('a dropped answer: executed, and the same message gets its answer later', async () => {
    await credit(1_000);
    await faults({ dropAnswers: 1 });
    const instruction = message('M1', { E1: plain(1) });
    await expect(post(writePaymentInstruction(instruction))).rejects.toThrow();
    expect(words(await ask('M1'))).toEqual(['E1 ACSC']);
    expect(words(await send(instruction))).toEqual(['E1 ACSP']);
    expect(await balance()).toBe(900);
  });

  test('a refused connection: nothing is executed and the message is unknown', async () => {
    await credit(1_000);
    await faults({ refuseConnections: 1 });
    const instruction = message('M1', { E1: plain(1) });
    await expect(post(writePaymentInstruction(instruction))).rejects.toThrow();
    expect(await call('GET', `${bank.url}/payments/M1`)).toMatchObject({ status: 404, body: { code: 'message-unknown' } });
    expect(words(await send(instruction))).toEqual(['E1 ACSP']);
  });
});

describe('credits', () => {
  test('the same credit is booked once, another content is a conflict', async () => {
    expect((await credit(1_000)).status).toBe(200);
    expect((await credit(1_000)).status).toBe(200);
    expect(await credit(1_001)).toMatchObject({ status: 409, body: { code: 'credit-reused' } });
    expect(await balance()).toBe(1_000);
  });

  test.each([{}, [], { amountFen: 1.5 }, { amountFen: 0 }, 'not json'])('%j is refused', async (body) => {
    expect(await call('POST', `${bank.url}/credits`, body)).toMatchObject({
      status: 400,
      body: { code: 'invalid', message: expect.any(String) },
    });
  });
});

describe('statements', () => {
  test('one is ready at 20:00 of its day', async () => {
    const url = `${bank.url}/statements/${PAYOUT}/${FRIDAY}`;
    clock.set(`${FRIDAY} 19:59`);
    expect(await call('GET', url)).toMatchObject({ status: 404, body: { code: 'statement-not-ready' } });
    clock.set(`${FRIDAY} 20:00`);
    expect((await statement(FRIDAY)).lines).toEqual([]);
    expect((await call('GET', `${bank.url}/statements/${PAYOUT}/2025-02-30`)).status).toBe(400);
  });

  test('a statement that was given out does not change: later bookings are of the next day', async () => {
    await credit(500);
    clock.set(`${FRIDAY} 20:00`);
    const before = await statement(FRIDAY);
    await credit(700, 'G2');
    expect(await statement(FRIDAY)).toEqual(before);
    clock.set('2025-03-08 20:00');
    expect(await statement('2025-03-08')).toMatchObject({ openingFen: 500, closingFen: 1_200, lines: [{ bankReference: 'G2' }] });
  });

  test('every day: opening + credits - debits = closing, and the next opens where the last closed', async () => {
    clock.set(`${THURSDAY} 08:00`);
    await credit(50_000);
    const accounts = ['0002', '0010', '0028', '0036', '0044', '1234'];
    const days = [THURSDAY, FRIDAY, '2025-03-08', '2025-03-09', MONDAY, '2025-03-11', '2025-03-12'];
    for (const [n, day] of days.entries()) {
      clock.set(`${day} 11:00`);
      const rows = Object.fromEntries(
        accounts.map((ending, i) => [`E${n}-${i}`, { account: `620000000000000${ending}`, fen: 10 * n + i + 1 }]),
      );
      if (day !== '2025-03-09') await send(message(`M${n}`, rows));
    }
    clock.set('2025-03-12 20:00');
    let closing = 0;
    const references: string[] = [];
    for (const day of days) {
      const { openingFen, closingFen, lines } = await statement(day);
      const moved = lines.reduce((sum, line) => sum + (line.direction === 'credit' ? line.amountFen : -line.amountFen), 0);
      expect(openingFen).toBe(closing);
      expect(openingFen + moved).toBe(closingFen);
      closing = closingFen;
      references.push(...lines.map((line) => line.bankReference));
    }
    expect(closing).toBe(await balance());
    expect(new Set(references).size).toBe(references.length);
    expect((await statement('2025-03-09')).lines).toEqual([]);
    expect((await statement(MONDAY)).lines.map((line) => line.kind).slice(0, 2)).toEqual(['return', 'return']);
  });
});

describe('bank calendar', () => {
  test.each([
    ['2025-03-07', '2025-03-10'],
    ['2026-02-13', '2026-02-14'],
    ['2026-02-14', '2026-02-24'],
    ['2025-09-30', '2025-10-09'],
    ['2025-01-26', '2025-01-27'],
    ['2024-12-31', '2025-01-02'],
  ])('after %s comes %s', (day, next) => expect(nextBankWorkingDay(day)).toBe(next));

  test('a worked Sunday is a working day', () => expect(isBankWorkingDay('2025-04-27')).toBe(true));
});

test('an unknown route is answered in JSON', async () => {
  expect(await call('GET', `${bank.url}/nothing`)).toMatchObject({ status: 404, body: { code: 'not-found', message: expect.any(String) } });
});
