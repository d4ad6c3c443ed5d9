import type { WakeUp } from '@app/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { MIGRATIONS } from '../../../apps/standalone/src/schema.js';
import { SetClock } from '../../../test/support/set-clock.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import {
  Accounts,
  Audit,
  Database,
  HURRY,
  JOB_IDS,
  PLATFORM_ENTITIES,
  PersonalDataVault,
  Tokens,
  UserAccount,
  addToOutbox,
  answerWakeUps,
  bytesOf,
  copyInto,
  drainOutbox,
  hurryRelay,
  reachOf,
  rowsOf,
  type NewAccount,
  type Principal,
  type Transaction,
} from './index.js';

const KEY = Buffer.alloc(32, 7).toString('base64');

const COPY_BEGINS = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const COPY_ENDS = Buffer.from([0xff, 0xff]);
function copyRow(...texts: string[]): Buffer {
  const row = [Buffer.from([0, texts.length])];
  for (const text of texts) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(Buffer.byteLength(text));
    row.push(length, Buffer.from(text));
  }
  return Buffer.concat(row);
}

describe('the platform', () => {
  let database: TestDatabase;
  let source: DataSource;
  let db: Database;
  const clock = new SetClock('2025-03-03 16:00');
  const vault = new PersonalDataVault(KEY);
  const tokens = new Tokens(vault);

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    source = await new DataSource({ type: 'postgres', url: database.url, entities: [...PLATFORM_ENTITIES] }).initialize();
    db = new Database(source);
  });
  afterAll(async () => {
    await source?.destroy();
    await database?.drop();
  });

  describe('audit', () => {
    it('keeps what was done, and lets nobody change, delete or empty it', async () => {
      const audit = new Audit(db, clock);
      await audit.record({ actor: 'a', roles: ['auditor'], action: 'claim.read', route: 'GET /claims', outcome: 'allowed' });
      await audit.record({ actor: 'b', roles: [], action: 'claim.read', route: 'GET /claims', subject: 'c', outcome: 'denied' });
      for (const sql of [`update audit_record set actor = 'nobody'`, 'delete from audit_record', 'truncate audit_record'])
        await expect(source.query(sql)).rejects.toMatchObject({
          message: expect.stringContaining('append-only'),
          driverError: { code: '23001' },
        });
      expect(await audit.latest(1)).toMatchObject([{ actor: 'b', subject: 'c', outcome: 'denied', at: clock.now() }]);
      expect(await audit.latest(10)).toHaveLength(2);
    });

    it('is not kept of what was undone', async () => {
      const audit = new Audit(db, clock);
      const undone = db.transaction(async (tx) => {
        await audit.record({ actor: 'undone', roles: [], action: 'claim.read', route: 'GET /claims', outcome: 'allowed' }, tx);
        throw new Error('crash');
      });
      await expect(undone).rejects.toThrow('crash');
      expect(await rowsOf(db.direct, `select from audit_record where actor = 'undone'`)).toEqual([]);
    });
  });

  describe('personal data', () => {
    it('comes out as it went in, sealed otherwise each time', () => {
      for (const text of ['', '张三 😀', 'x'.repeat(10_000)]) {
        const [one, other] = [vault.seal(text), vault.seal(text)];
        expect([vault.open(one), vault.open(other)]).toEqual([text, text]);
        expect(one.equals(other)).toBe(false);
      }
      const sealed = Array.from({ length: 2_000 }, () => vault.seal('same').subarray(1, 13).toString('hex'));
      expect(new Set(sealed).size).toBe(2_000);
    });

    it('does not open when a byte of it has changed, nor with another key', () => {
      const sealed = vault.seal('6228480402564890018');
      for (let i = 0; i < sealed.length; i++) {
        const wrong = Buffer.from(sealed);
        wrong[i]! ^= 1;
        expect(() => vault.open(wrong)).toThrow();
      }
      expect(() => new PersonalDataVault(Buffer.alloc(32, 8).toString('base64')).open(sealed)).toThrow();
      expect(() => vault.open(Buffer.alloc(0))).toThrow('sealed data of format 1 expected');
    });

    it('is found by an id that is the same for the same number under the same key, and says nothing of it', () => {
      const id = vault.memberId('11010519491231002X');
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(new PersonalDataVault(KEY).memberId('11010519491231002X')).toBe(id);
      expect(vault.memberId('440524188001010014')).not.toBe(id);
      expect(new PersonalDataVault(Buffer.alloc(32, 8).toString('base64')).memberId('11010519491231002X')).not.toBe(id);
      expect(vault.blindIndex('a').equals(vault.sign('a'))).toBe(false);
    });

    it.each(['', 'short', Buffer.alloc(31).toString('base64')])('has no place under the key "%s"', (key) => {
      expect(() => new PersonalDataVault(key)).toThrow('expected 32 bytes in base64');
    });
  });

  describe('the outbox', () => {
    beforeEach(() => source.query('delete from outbox'));
    const ids = (count: number) => Array.from({ length: count }, () => uuidv7());
    const drain = (limit = 500): Promise<{ taken: number; sent: WakeUp[]; upTo: string }> =>
      db.transaction(async (tx) => {
        let [sent, upTo]: [WakeUp[], string] = [[], ''];
        const taken = await drainOutbox(tx, limit, (wakeUps, last) => {
          [sent, upTo] = [wakeUps, last];
          return Promise.resolve();
        });
        return { taken, sent, upTo };
      });

    it('merges what wakes the same stage, and keeps "whatever is due" apart', async () => {
      const [a, b, c] = ids(3) as [string, string, string];
      await addToOutbox(db.direct, [
        { queue: 'approval', command: 'approve', ids: [a] },
        { queue: 'payment', command: 'pay', ids: [] },
        { queue: 'approval', command: 'approve', ids: [b, c] },
        { queue: 'payment', command: 'pay', ids: [a] },
        { queue: 'payment', command: 'pay', ids: [] },
      ]);
      const { taken, sent } = await drain();
      expect(taken).toBe(5);
      expect(sent).toHaveLength(3);
      expect(sent).toEqual(
        expect.arrayContaining([
          { queue: 'approval', command: 'approve', ids: [a, b, c] },
          { queue: 'payment', command: 'pay', ids: [] },
          { queue: 'payment', command: 'pay', ids: [a] },
        ]),
      );
      expect(await drain()).toEqual({ taken: 0, sent: [], upTo: '' });
    });

    it('puts at most a thousand ids into one job, and loses none', async () => {
      const wakeUps = Array.from({ length: 5 }, (): WakeUp => ({ queue: 'adjudication', command: 'adjudicate', ids: ids(400) }));
      await addToOutbox(db.direct, wakeUps);
      const { sent } = await drain();
      expect(sent.map((wakeUp) => wakeUp.ids.length)).toEqual([800, 800, 400]);
      expect(Math.max(...sent.map((wakeUp) => wakeUp.ids.length))).toBeLessThanOrEqual(JOB_IDS);
      expect(sent.flatMap((wakeUp) => wakeUp.ids).sort()).toEqual(wakeUps.flatMap((wakeUp) => wakeUp.ids).sort());
    });

    it('keeps what could not be sent, for the next round', async () => {
      await addToOutbox(db.direct, [{ queue: 'notice', command: 'tell', ids: ids(2) }]);
      const failing = db.transaction((tx) => drainOutbox(tx, 500, () => Promise.reject(new Error('the queue is down'))));
      await expect(failing).rejects.toThrow('the queue is down');
      expect(await drain()).toMatchObject({ taken: 1, sent: [{ queue: 'notice' }] });
    });

    it('takes no more than it is asked, the oldest first, and names the last', async () => {
      for (const id of ids(3)) await addToOutbox(db.direct, [{ queue: 'payment', command: 'pay', ids: [id] }]);
      const rows = await rowsOf<{ id: string; ids: string[] }>(db.direct, 'select id, ids from outbox order by id');
      expect(await drain(2)).toEqual({
        taken: 2,
        sent: [{ queue: 'payment', command: 'pay', ids: [...rows[0]!.ids, ...rows[1]!.ids] }],
        upTo: rows[1]!.id,
      });
    });

    it('hands a wake-up to one of two relays that come at the same time', async () => {
      await addToOutbox(
        db.direct,
        ids(20).map((id): WakeUp => ({ queue: 'payment', command: 'pay', ids: [id] })),
      );
      const both = await Promise.all([drain(), drain()]);
      expect(both[0]!.taken + both[1]!.taken).toBe(20);
    });

    it('holds nothing of a transaction that was undone', async () => {
      const undone = db.transaction(async (tx) => {
        await addToOutbox(tx, [{ queue: 'payment', command: 'pay', ids: [] }]);
        throw new Error('crash');
      });
      await expect(undone).rejects.toThrow('crash');
      expect((await drain()).taken).toBe(0);
    });
  });

  describe('a patient wake-up', () => {
    beforeEach(() => source.query('delete from outbox'));
    const [PATIENT, SECOND]: WakeUp[] = [
      { queue: 'acceptance', command: 'accept', ids: [] },
      { queue: 'payment', command: 'pay', ids: [] },
    ];
    const addPatient = () => source.query(`insert into outbox (queue, command, patient) values ('acceptance', 'accept', true)`);
    const drain = async (patient: boolean): Promise<WakeUp[]> => {
      let sent: WakeUp[] = [];
      await db.transaction((tx) => drainOutbox(tx, 500, (wakeUps) => Promise.resolve(void (sent = wakeUps)), patient));
      return sent;
    };

    it('is left where it is until somebody looks or hurries', async () => {
      await addPatient();
      await addToOutbox(db.direct, [SECOND!]);
      expect(await drain(false)).toEqual([SECOND]);
      expect(await drain(true)).toEqual([PATIENT]);
    });

    it('does not notify; any other does, and so does the hurry, with what it brings', async () => {
      const listener = new Client({ connectionString: database.url });
      await listener.connect();
      try {
        const heard: string[] = [];
        const hurried = new Promise<void>((resolve) =>
          listener.on('notification', ({ payload }) => {
            heard.push(payload ?? '');
            if (payload === HURRY) resolve();
          }),
        );
        await listener.query('listen outbox');
        await addPatient();
        await addToOutbox(db.direct, [SECOND!]);
        await addPatient();
        await hurryRelay(db.direct);
        await hurried;
        expect(heard).toEqual(['', HURRY]);
        await hurryRelay(db.direct, [{ ...SECOND!, command: 'query' }]);
        expect((await drain(true)).map(({ command }) => command).sort()).toEqual(['accept', 'pay', 'query']);
      } finally {
        await listener.end();
      }
    });

    it('goes away with the transaction that did its work, and stays when that is undone', async () => {
      const [done, other] = [uuidv7(), uuidv7()];
      const adjudicate = (...claims: string[]): WakeUp => ({ queue: 'adjudication', command: 'adjudicate', ids: claims });
      await addToOutbox(db.direct, [adjudicate(done, uuidv7()), adjudicate(other), { ...SECOND!, ids: [done] }]);
      const answer = (tx: Transaction) => answerWakeUps(tx, 'adjudication', 'adjudicate', [done]);
      const undone = db.transaction(async (tx) => {
        await answer(tx);
        throw new Error('crash');
      });
      await expect(undone).rejects.toThrow('crash');
      expect(await rowsOf(db.direct, 'select from outbox')).toHaveLength(3);
      await db.transaction(answer);
      expect(await drain(true)).toEqual([adjudicate(other), { ...SECOND!, ids: [done] }]);
    });
  });

  describe('a transaction', () => {
    beforeEach(() => source.query('delete from outbox'));
    const add = (tx: Transaction, command: string) =>
      rowsOf(tx, `insert into outbox (queue, command) values ('payment', $1) returning command`, [command]);
    const commands = async () =>
      (await rowsOf<{ command: string }>(db.direct, 'select command from outbox order by id')).map(({ command }) => command);
    const fail = (tx: Transaction) => rowsOf(tx, 'select 1 / $1::int', [0]);

    it('runs what is sent together in the order it was sent', async () => {
      const [, , seen] = await db.transaction((tx) =>
        Promise.all([add(tx, 'first'), add(tx, 'second'), rowsOf<{ command: string }>(tx, 'select command from outbox order by id')]),
      );
      expect(seen.map(({ command }) => command)).toEqual(['first', 'second']);
      expect(await commands()).toEqual(['first', 'second']);
    });

    it('that fails in one statement keeps nothing of the others, and names the one that failed', async () => {
      const failed = db.transaction((tx) => Promise.all([add(tx, 'before'), fail(tx), add(tx, 'after')]));
      await expect(failed).rejects.toMatchObject({ code: '22012' });
      expect(await commands()).toEqual([]);
    });

    it('lets nothing run behind its end, not even what goes on beside the failure', async () => {
      let goesOn: Promise<unknown> = Promise.resolve();
      const failed = db.transaction((tx) => {
        const failing = fail(tx);
        goesOn = add(tx, 'beside').catch(() => Promise.any([add(tx, 'behind'), sleep(0).then(() => add(tx, 'long behind'))]));
        return Promise.all([failing, goesOn]);
      });
      await expect(failed).rejects.toMatchObject({ code: '22012' });
      await expect(goesOn).rejects.toThrow();
      const ended = await db.transaction((tx) => Promise.resolve(tx));
      await expect(add(ended, 'late')).rejects.toThrow('a transaction that has ended');
      expect(await commands()).toEqual([]);
    });
  });

  describe('an account', () => {
    const accounts = new Accounts(
      {
        get direct() {
          return db.direct;
        },
      } as Database,
      tokens,
      clock,
    );
    const account = (change: Partial<NewAccount> = {}): NewAccount => ({
      login: `user-${uuidv7()}`,
      displayName: '某人',
      password: 'a long enough password',
      roles: ['finance-maker'],
      organisationPath: '/45/',
      ...change,
    });

    it.each<[NewAccount['roles']]>([
      [['finance-maker', 'finance-checker']],
      [['reviewer', 'leader', 'claims-officer']],
      [['administrator', 'auditor']],
    ])('with the duties %j is refused: they belong to two people', async (roles) => {
      const refused = account({ roles });
      await expect(accounts.create(refused)).rejects.toMatchObject({ code: 'separation-of-duties', kind: 'invalid' });
      expect(await db.direct.countBy(UserAccount, { login: refused.login })).toBe(0);
    });

    it('logs in with its password, and its token says who it is', async () => {
      const mine = account({ roles: ['claims-officer', 'leader'] });
      const id = await accounts.create(mine);
      const { token } = await accounts.login(mine.login, mine.password);
      expect(tokens.verify(token)).toEqual({
        userId: id,
        login: mine.login,
        roles: mine.roles,
        organisationPath: '/45/',
        memberId: undefined,
      });
      const [{ hash }] = (await rowsOf<{ hash: string }>(db.direct, 'select password_hash as hash from user_account where id = $1', [
        id,
      ])) as [{ hash: string }];
      expect(hash).not.toContain(mine.password);
    });

    it('is refused alike for a wrong password, an unknown login and one that was disabled', async () => {
      const mine = account();
      await accounts.create(mine);
      const wrong = await accounts.login(mine.login, 'another password').catch((error: Error) => error.message);
      const unknown = await accounts.login('nobody', mine.password).catch((error: Error) => error.message);
      await db.direct.update(UserAccount, { login: mine.login }, { disabled: true });
      const disabled = await accounts.login(mine.login, mine.password).catch((error: Error) => error.message);
      expect(new Set([wrong, unknown, disabled])).toEqual(
        new Set(['expected a known login and its password; check both, or ask the administrator']),
      );
    });

    it('has a login of its own', async () => {
      const mine = account();
      await accounts.create(mine);
      await expect(accounts.create({ ...mine, password: 'another password' })).rejects.toMatchObject({
        code: 'login-taken',
        kind: 'conflict',
      });
    });

    it('that is reset keeps its id and loses its old password; one that is absent is made', async () => {
      const mine = account();
      await accounts.createOrReset(mine);
      const { id } = (await db.direct.findOneBy(UserAccount, { login: mine.login }))!;
      await accounts.createOrReset({ ...mine, password: 'the new password' });
      await expect(accounts.login(mine.login, mine.password)).rejects.toMatchObject({ code: 'login' });
      const { token } = await accounts.login(mine.login, 'the new password');
      expect(tokens.verify(token)).toMatchObject({ userId: id });
    });
  });

  describe('a token', () => {
    const member: Principal = { userId: 'u', login: 'l', roles: ['member'], organisationPath: '/45/', memberId: 'm' };

    it('says who it was issued to, for eight hours', async () => {
      const before = Math.floor(Date.now() / 1000) * 1000;
      const { token, expiresAt } = await tokens.issue(member);
      expect([tokens.verify(token), tokens.verify(token)]).toEqual([member, member]);
      expect(expiresAt.getTime() - before).toBeGreaterThanOrEqual(8 * 3_600_000);
      expect(expiresAt.getTime() - before).toBeLessThan(8 * 3_600_000 + 10_000);
    });

    it('of another installation, changed, unsigned or none at all is refused', async () => {
      const { token } = await tokens.issue(member);
      const foreign = await new Tokens(new PersonalDataVault(Buffer.alloc(32, 8).toString('base64'))).issue(member);
      const [header, , signature] = token.split('.');
      const forged = Buffer.from(JSON.stringify({ iss: 'hubao', sub: 'u', roles: ['administrator'], org: '/', exp: 4e9 })).toString(
        'base64url',
      );
      const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${forged}.`;
      for (const bad of [foreign.token, `${header}.${forged}.${signature}`, unsigned, '', 'x'])
        expect(() => tokens.verify(bad)).toThrow(expect.objectContaining({ code: 'token', kind: 'unauthenticated' }));
    });

    it('reaches the member’s own, a subtree, or everything, by the widest of its roles', () => {
      expect(reachOf(member, 'claim.read')).toEqual({ scope: 'own', organisationPath: '/45/', memberId: 'm' });
      expect(reachOf({ ...member, roles: ['member', 'claims-officer'] }, 'claim.read').scope).toBe('organisation');
      expect(reachOf({ ...member, roles: ['claims-officer', 'auditor'] }, 'claim.read').scope).toBe('all');
      expect(() => reachOf({ ...member, memberId: undefined }, 'claim.read')).toThrow('expected a role with "claim.read"');
      expect(() => reachOf(member, 'batch.make')).toThrow('expected a role with "batch.make"');
    });
  });

  describe('a set of rows', () => {
    it('is copied whole, whatever its texts hold, or not at all', async () => {
      const texts = ['plain', 'tab\tnew\nline\r\\back\\N', '\\N', '', '张三'];
      await db.transaction(async (tx) => {
        const rows = texts.map((text) => copyRow('copy', text));
        expect(await copyInto(tx, 'outbox (queue, command)', [COPY_BEGINS, ...rows, COPY_ENDS])).toBe(texts.length);
      });
      expect(
        (await rowsOf<{ command: string }>(db.direct, `select command from outbox where queue = 'copy' order by id`)).map(
          (one) => one.command,
        ),
      ).toEqual(texts);
      const broken = db.transaction((tx) =>
        copyInto(tx, 'outbox (queue, command)', [COPY_BEGINS, copyRow('broken', 'x'), copyRow('one column'), COPY_ENDS]),
      );
      await expect(broken).rejects.toMatchObject({ code: '22P04' });
      const cut = db.transaction((tx) =>
        copyInto(
          tx,
          'outbox (queue, command)',
          (function* () {
            yield Buffer.concat([COPY_BEGINS, copyRow('broken', 'x')]);
            throw new Error('cut off');
          })(),
        ),
      );
      await expect(cut).rejects.toThrow('cut off');
      expect(await rowsOf(db.direct, `select from outbox where queue = 'broken'`)).toEqual([]);
    });

    it('bytes are read as they are', async () => {
      const all = Buffer.from(Array.from({ length: 256 * 1024 }, (_, i) => (i * 7) % 256));
      const read = (where: string) => bytesOf(db, `select decode('${all.toString('hex')}', 'hex') from (values (1)) one ${where}`);
      expect(await read('')).toEqual(all);
      expect(await read('where false')).toBeUndefined();
      await expect(bytesOf(db, 'select nothing')).rejects.toMatchObject({ code: '42703' });
      expect(await rowsOf(db.direct, 'select 1 as one')).toEqual([{ one: 1 }]);
    });

    it('reaches a statement as arrays as it was, whatever is in it', async () => {
      const echo = async (type: string, values: readonly unknown[]) =>
        (await rowsOf<{ values: unknown[] }>(db.direct, `select $1::${type}[] as values`, [values]))[0]!.values;
      const text = fc.oneof(
        fc.string({ unit: 'grapheme' }).filter((one) => !one.includes('\0')),
        fc.constantFrom('', 'null', 'NULL', '{}', '"', '\\', ', ', '职工'),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(fc.option(text)), fc.array(fc.option(fc.maxSafeInteger())), async (texts, numbers) => {
          expect(await echo('text', texts)).toEqual(texts);
          expect(await echo('float8', numbers)).toEqual(numbers);
        }),
      );
      const instants = [new Date(0), new Date('2025-12-31T23:59:59.999+08:00'), null];
      expect(await echo('timestamptz', instants)).toEqual(instants);
      expect(await echo('bool', [true, false, null])).toEqual([true, false, null]);
      const bytes = [Buffer.from([0, 1, 92, 34, 255])];
      expect(await echo('bytea', bytes)).toEqual(bytes);
    });

    it('that a statement returns is the same whatever the statement', async () => {
      await source.query('delete from outbox');
      await addToOutbox(db.direct, [{ queue: 'payment', command: 'pay', ids: [] }]);
      expect(await rowsOf(db.direct, `update outbox set command = 'pay' returning command`)).toEqual([{ command: 'pay' }]);
      expect(await rowsOf(db.direct, 'delete from outbox returning command')).toEqual([{ command: 'pay' }]);
      expect(await rowsOf(db.direct, 'select 1 as one union all select 2 order by 1')).toEqual([{ one: 1 }, { one: 2 }]);
    });
  });
});
