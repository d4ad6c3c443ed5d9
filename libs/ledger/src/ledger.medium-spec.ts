import { civilDate, fen } from '@app/kernel';
import { Database, sqlState } from '@app/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { MIGRATIONS } from '../../../apps/standalone/src/schema.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import {
  ACCOUNTS,
  TRANSFERS,
  balanceOf,
  imbalance,
  ledger,
  type AccountName,
  type Outcome,
  type PendingCode,
  type Transfer,
  type TransferCode,
} from './index.js';

const ON = civilDate('2025-03-04');
const CODES = Object.keys(TRANSFERS) as TransferCode[];
const pends = (code: TransferCode): code is PendingCode => 'pends' in TRANSFERS[code];
type PostedCode = Exclude<TransferCode, PendingCode>;
const of = <Code extends TransferCode>(code: Code): Transfer<Code> => ({
  code,
  subject: uuidv7(),
  attempt: 1,
  amountFen: fen(100),
  on: ON,
});
const transfer = () => of('benefit');

describe('the ledger', () => {
  let database: TestDatabase;
  let source: DataSource;
  let db: Database;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    source = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    db = new Database(source);
  });
  afterAll(async () => {
    await source?.destroy();
    await database?.drop();
  });

  const balances = () => ledger.trialBalance(db.direct);
  const pend = (...transfers: Transfer<PendingCode>[]) => db.transaction((tx) => ledger.pend(tx, transfers));
  const post = (...transfers: Transfer<PostedCode>[]) => db.transaction((tx) => ledger.transfer(tx, transfers));
  const resolve = (outcome: Outcome, ...transfers: Transfer<PendingCode>[]) =>
    db.transaction((tx) => ledger.resolve(tx, transfers, outcome, ON));

  it('knows every account and its kind', async () => {
    expect(
      Object.fromEntries(
        (await source.query('select name, kind from ledger_account')).map(({ name, kind }: { name: string; kind: string }) => [name, kind]),
      ),
    ).toEqual(ACCOUNTS);
  });

  it.each(['ledger_transfer', 'ledger_outcome'])('never lets %s be changed, deleted or emptied', async (table) => {
    const one = transfer();
    await pend(one);
    await resolve('posted', one);
    for (const sql of [`update ${table} set booked_on = booked_on + 1`, `delete from ${table}`, `truncate ${table} cascade`])
      await expect(source.query(sql)).rejects.toMatchObject({
        message: expect.stringContaining('append-only'),
        driverError: { code: '23001' },
      });
  });

  it('sets money aside once, however often it is told to, and counts it only when it is posted', async () => {
    const [one, other] = [transfer(), transfer()];
    const before = balanceOf(await balances(), 'payout-bank');
    expect([await pend(one), await pend(one, other), await pend(one, other), await pend()]).toEqual([1, 1, 0, 0]);
    expect(balanceOf(await balances(), 'payout-bank')).toBe(before);
    await resolve('posted', one);
    await resolve('voided', other);
    expect(balanceOf(await balances(), 'payout-bank')).toBe(before - 100);
  });

  it('keeps the first amount of a transfer that is told again with another', async () => {
    const one = transfer();
    await pend(one);
    expect(await pend({ ...one, amountFen: fen(999) })).toBe(0);
    expect(await source.query('select amount_fen::int as fen from ledger_transfer where subject = $1', [one.subject])).toEqual([
      { fen: 100 },
    ]);
  });

  it('ends a transfer once: the same outcome again changes nothing, another is a bug and undoes its transaction', async () => {
    const [one, other] = [transfer(), transfer()];
    await pend(one, other);
    await resolve('posted', one);
    await resolve('posted', one, one);
    await expect(resolve('voided', other, one)).rejects.toThrow('2 transfers were to be voided, 1 are');
    expect(
      await source.query('select subject, outcome from ledger_outcome where subject = any($1)', [[one.subject, other.subject]]),
    ).toEqual([{ subject: one.subject, outcome: 'posted' }]);
    await expect(
      source.query(`insert into ledger_outcome values ('benefit', $1, 1, 'voided', '2025-03-04')`, [one.subject]),
    ).rejects.toMatchObject({ driverError: { code: '23505' } });
  });

  it('has no outcome without a transfer', async () => {
    expect(await resolve('posted', transfer()).catch(sqlState)).toBe('23503');
  });

  it('gives one outcome to a transfer that two end at the same time', async () => {
    const one = transfer();
    await pend(one);
    const both = await Promise.allSettled([resolve('posted', one), resolve('voided', one)]);
    expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('posts a transfer at once, and once', async () => {
    const one = of('grant');
    const before = balanceOf(await balances(), 'treasury-grant');
    expect([await post(one), await post(one), await post()]).toEqual([1, 0, 0]);
    expect(balanceOf(await balances(), 'treasury-grant')).toBe(before + 100);
  });

  it('has no outcome of a transfer that does not pend', async () => {
    const one = of('grant');
    await post(one);
    expect(await source.query(`insert into ledger_outcome values ('grant', $1, 1, 'voided', $2)`, [one.subject, ON]).catch(sqlState)).toBe(
      '23514',
    );
  });

  it('takes only the two accounts of a transfer’s meaning, an amount above nothing, and an attempt from 1', async () => {
    const insert = (code: string, debit: string, credit: string, amount = 1, attempt = 1) =>
      source.query('insert into ledger_transfer values ($1, gen_random_uuid(), $2, $3, $4, $5, $6)', [
        code,
        attempt,
        debit,
        credit,
        amount,
        ON,
      ]);
    const accounts = Object.keys(ACCOUNTS) as AccountName[];
    for (const code of CODES) {
      for (const debit of accounts)
        for (const credit of accounts)
          if (debit !== TRANSFERS[code].debit || credit !== TRANSFERS[code].credit)
            await expect(insert(code, debit, credit)).rejects.toMatchObject({ driverError: { code: '23514' } });
    }
    await expect(insert('gift', 'payout-bank', 'mutual-aid-fund')).rejects.toMatchObject({ driverError: { code: '23514' } });
    for (const [amount, attempt] of [
      [0, 1],
      [-5, 1],
      [1, 0],
    ] as const)
      await expect(insert('benefit', 'mutual-aid-fund', 'payout-bank', amount, attempt)).rejects.toMatchObject({
        driverError: { code: '23514' },
      });
  });

  it('balances after whatever was done to it, and each account holds what a simple model of it says', async () => {
    const subjects = Array.from({ length: 6 }, () => uuidv7());
    const key = fc.record({
      // Those that pend more often.
      code: fc.constantFrom(...CODES, ...CODES.filter(pends), ...CODES.filter(pends), ...CODES.filter(pends)),
      subject: fc.constantFrom(...subjects),
      attempt: fc.integer({ min: 1, max: 2 }),
    });
    const act = fc.record({
      act: fc.constantFrom('write' as const, 'posted' as const, 'voided' as const),
      key,
      amount: fc.integer({ min: 1, max: 1_000_000_000 }),
    });
    const before = await balances();
    const { pending: pendingBefore } = await ledger.totals(db.direct);
    const model = new Map<string, { code: TransferCode; amount: number; outcome: Outcome | null }>();
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 25 }), async (acts) => {
        for (const one of acts) {
          const id = JSON.stringify(one.key);
          const known = model.get(id);
          const { code, ...rest } = { ...one.key, amountFen: fen(one.amount), on: ON };
          if (one.act === 'write') {
            expect(await (pends(code) ? pend({ ...rest, code }) : post({ ...rest, code }))).toBe(known ? 0 : 1);
            if (!known) model.set(id, { code, amount: one.amount, outcome: pends(code) ? null : 'posted' });
          } else if (!pends(code)) continue;
          else if (known && (known.outcome === null || known.outcome === one.act)) {
            await resolve(one.act, { ...rest, code });
            known.outcome = one.act;
          } else await expect(resolve(one.act, { ...rest, code })).rejects.toThrow();
        }
        const now = await balances();
        expect(imbalance(now)).toBe(0);
        for (const account of Object.keys(ACCOUNTS) as AccountName[]) {
          const moved = [...model.values()]
            .filter(({ outcome }) => outcome === 'posted')
            .reduce(
              (sum, { code, amount }) =>
                sum + (TRANSFERS[code].debit === account ? amount : 0) - (TRANSFERS[code].credit === account ? amount : 0),
              0,
            );
          expect(balanceOf(now, account) - balanceOf(before, account)).toBe((ACCOUNTS[account] === 'asset' ? moved : -moved) + 0);
        }
      }),
      { numRuns: 15, seed: 20_250_304 },
    );
    const { pending } = await ledger.totals(db.direct);
    expect(pending - pendingBefore).toBe([...model.values()].filter(({ outcome }) => outcome === null).length);
  });
});
