import { OrganisationService, PhonePay, RosterService, WindowService } from '@app/enrolment';
import { civilDate, fen } from '@app/kernel';
import { createHttpApp, Database, PersonalDataVault, readConfig, SystemClock, Tokens, type Principal } from '@app/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { EnrolmentAppModule } from '../../apps/enrolment/src/enrolment-app.module.js';
import { MIGRATIONS } from '../../apps/standalone/src/schema.js';
import { FakePhonePay } from '../support/fake-phone-pay.js';
import { bankAccount, personalNumber } from '../support/people.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const DAY_MS = 86_400_000;
const CROWD = 620;

describe('a member who joins alone, over HTTP', () => {
  let database: TestDatabase;
  let app: NestFastifyApplication;
  let windowId: string;
  let address: string;
  const clock = new SystemClock();
  const pay = new FakePhonePay(clock);
  const tokens: string[] = [];

  const call = async (who: number | string, method: 'GET' | 'POST', url: string) => {
    const token = typeof who === 'string' ? who : tokens[who]!;
    const answer = await fetch(`${address}${url}`, { method, headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, string & number> };
  };
  const ask = (who: number | string) => call(who, 'POST', `/windows/${windowId}/joins`);
  const tell = async (headers: Record<string, string>, payload: string) =>
    (await fetch(`${address}/phone-payments/notifications`, { method: 'POST', headers, body: payload })).status;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    const config = readConfig({ DATABASE_URL: database.url, HUBAO_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
    app = await createHttpApp(EnrolmentAppModule.forRoot(config, { provide: PhonePay, useValue: pay }), 'Hubao enrolment');
    await app.listen(0, '127.0.0.1');
    address = await app.getUrl();
    await app.get(OrganisationService).create({ kind: 'region', code: '45', name: '某自治区' });
    const now = clock.now().getTime();
    const window = async (year: number) =>
      (
        await app.get(WindowService).create({
          planId: 'guangxi-1-2025',
          organisationCode: '45',
          opensAt: new Date(now - DAY_MS),
          closesAt: new Date(now + DAY_MS),
          coverFrom: civilDate(`${year}-01-01`),
          coverTo: civilDate(`${year}-12-31`),
          contributionFen: fen(10_000),
        })
      ).id;
    const rows = Array.from(
      { length: CROWD },
      (_, i) => `91350100M000100Y43,第一基层工会,职工${i},${personalNumber(i)},19900000001,310,${bankAccount(i)},模拟银行`,
    );
    const clerk: Principal = { userId: 'clerk', login: 'clerk', roles: ['unit-clerk'], organisationPath: '/45/' };
    await app.get(RosterService).importRoster({
      windowId: await window(2098),
      fileName: 'f.csv',
      principal: clerk,
      stream: Readable.from([
        Buffer.from(['单位统一社会信用代码,单位名称,姓名,身份证号码,手机号,医保险种,银行卡号,开户银行', ...rows, ''].join('\n')),
      ]),
    });
    windowId = await window(2099);
    for (let i = 0; i < CROWD; i++) {
      const memberId = app.get(PersonalDataVault).memberId(personalNumber(i));
      tokens.push(
        (await app.get(Tokens).issue({ userId: memberId, login: memberId, roles: ['member'], organisationPath: '/45/', memberId })).token,
      );
    }
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it('sees the offer, confirms, pays and is covered', async () => {
    expect((await call(0, 'GET', `/windows/${windowId}/joins/me`)).body).toMatchObject({ toPayFen: 10_000, covered: false, state: 'open' });
    const asked = await ask(0);
    expect(asked).toMatchObject({ status: 201, body: { state: 'to-pay', amountFen: 10_000 } });
    const { ticket, orderNumber } = asked.body as Record<string, string>;
    expect((await call(0, 'GET', `/joins/${ticket}/payment`)).body).toMatchObject({
      orderNumber,
      payParameters: { package: expect.any(String) },
    });
    const { headers, body } = pay.pay(orderNumber!);
    expect([await tell({ 'content-type': 'application/json' }, body), await tell(headers, `${body} `)]).toEqual([401, 401]);
    expect([await tell(headers, body), await tell(headers, body)]).toEqual([204, 204]);
    expect(await call(0, 'GET', `/joins/${ticket}`)).toMatchObject({ status: 200, body: { state: 'covered', ticket } });
    expect((await call(0, 'GET', `/windows/${windowId}/joins/me`)).body).toMatchObject({ covered: true, join: { state: 'covered' } });
    expect(await ask(0)).toMatchObject({ status: 201, body: { ticket, state: 'covered' } });
  });

  it('is a member, and nobody else; who is denied is on record', async () => {
    const { token } = await app.get(Tokens).issue({ userId: 'clerk', login: 'clerk', roles: ['unit-clerk'], organisationPath: '/45/' });
    expect([(await ask('nobody')).status, (await ask(token)).status]).toEqual([401, 403]);
    expect(await app.get(Database).direct.query(`select actor, outcome from audit_record where action = 'join.ask' order by id`)).toEqual([
      { actor: app.get(PersonalDataVault).memberId(personalNumber(0)), outcome: 'allowed' },
      { actor: 'clerk', outcome: 'denied' },
    ]);
    expect((await call(1, 'GET', '/joins/x')).status).toBe(404);
  });

  it('gets a place in the line where many come at once, and comes back with the ticket', async () => {
    const db = app.get(Database);
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const transaction = db.transaction.bind(db);
    db.transaction = async (work) => {
      await gate;
      return transaction(work);
    };
    // On a slow machine some are shed, and come again as they are told to.
    const insist = async (who: number): Promise<Awaited<ReturnType<typeof ask>> & { who: number }> => {
      const answer = await ask(who);
      if (answer.status !== 503) return { who, ...answer };
      await sleep(500);
      return insist(who);
    };
    const asking = tokens.slice(1).map((_, i) => insist(i + 1));
    // A set is being written and cannot end; whoever is not in it is the first to be answered.
    const waiting = await Promise.race(asking);
    expect(waiting).toMatchObject({
      status: 202,
      body: { state: 'waiting', position: expect.any(Number), estimatedSeconds: expect.any(Number) },
    });
    expect(Number(waiting.headers.get('retry-after'))).toBe(waiting.body.pollAfterSeconds);
    open();
    await Promise.all(asking);
    let back = await call(waiting.who, 'GET', `/joins/${waiting.body.ticket}`);
    while (back.status === 202 || back.status === 503) back = await call(waiting.who, 'GET', `/joins/${waiting.body.ticket}`);
    expect(back).toMatchObject({
      status: 200,
      body: { state: 'to-pay', ticket: waiting.body.ticket, receivedAt: waiting.body.receivedAt },
    });
  });
});
