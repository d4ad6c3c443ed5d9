import { Ledger1700000001000 } from '@app/ledger';
import { ENROLMENT_MIGRATIONS } from '@app/enrolment';
import { Accounts, Database, Platform1700000000000, RoutePolicyCheck, createHttpApp, readConfig } from '@app/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import request from 'supertest';
import { EnrolmentAppModule } from '../../apps/enrolment/src/enrolment-app.module.js';
import { ROSTER_TYPES } from '../../apps/enrolment/src/roster.controller.js';
import type { RunningSimulator } from '../../apps/simulators/src/simulator.js';
import { startWechat } from '../../apps/simulators/src/wechat/start-wechat.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const PASSWORD = 'a long enough password';
const HEADER = '银行卡号,开户银行,单位统一社会信用代码,单位名称,姓名,身份证号码,手机号,医保险种,备注';
const MEMBER = { personalNumber: '11010519491231002X', phone: '19900000001' };
const DAY_MS = 86_400_000;

describe('the enrolment app', () => {
  let database: TestDatabase;
  let wechat: RunningSimulator;
  let app: NestFastifyApplication;
  let server: ReturnType<NestFastifyApplication['getHttpServer']>;
  const tokens: Record<string, string> = {};
  let windowId: string;
  let importId: string;

  const as = (who: string) => ({ authorization: `Bearer ${tokens[who]}` });
  const post = (who: string, path: string, body: object) => request(server).post(path).set(as(who)).send(body);
  const get = (who: string, path: string) => request(server).get(path).set(as(who));
  const login = async (name: string) => {
    const { body } = await request(server).post('/login').send({ login: name, password: PASSWORD }).expect(200);
    tokens[name] = body.token;
  };

  beforeAll(async () => {
    database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS]);
    wechat = await startWechat();
    const config = readConfig({
      DATABASE_URL: database.url,
      WECHAT_URL: wechat.url,
      HUBAO_MASTER_KEY: Buffer.alloc(32, 9).toString('base64'),
    });
    app = await createHttpApp(EnrolmentAppModule.forRoot(config), 'Hubao enrolment');
    await app.listen(0, '127.0.0.1');
    await app.getHttpAdapter().getInstance().ready();
    server = app.getHttpServer();
    await app
      .get(Accounts)
      .create({ login: 'admin', displayName: '管理员', password: PASSWORD, roles: ['administrator'], organisationPath: '/' });
    await login('admin');
  });

  afterAll(async () => {
    await app?.close();
    await wechat?.close();
    await database?.drop();
  });

  it('has a policy on every route, and lets in nobody without a token', async () => {
    const routes = app.get(RoutePolicyCheck).routes();
    expect(routes.length).toBeGreaterThan(13);
    for (const { method, path, permission } of routes.filter((route) => route.permission !== 'public')) {
      const answer = await request(server)[method.toLowerCase() as 'get'](
        `/${path}`.replace(/\/+/g, '/').replace(/\/$/, '').replace(':id', '0197a3c2-0000-7000-8000-000000000000'),
      );
      expect({ path, permission, status: answer.status }).toEqual({ path, permission, status: 401 });
    }
  });

  it('takes a file nowhere but where rosters are taken', async () => {
    for (const type of ROSTER_TYPES) {
      const answer = await request(server).post('/login').set('content-type', type).send('姓名,身份证号\n甲,1').expect(415);
      expect(answer.headers['content-type']).toContain('application/problem+json');
    }
  });

  it('lets the administrator set up organisations, accounts and a window', async () => {
    await post('admin', '/organisations', { kind: 'region', code: '45', name: '某自治区' }).expect(201);
    await post('admin', '/organisations', { kind: 'city', code: '4599', name: '某市', parentCode: '45' }).expect(201);
    const county = await post('admin', '/organisations', { kind: 'county', code: '459999', name: '某县', parentCode: '4599' }).expect(201);
    expect(county.body).toMatchObject({ path: '/45/4599/459999/' });
    await post('admin', '/organisations', { kind: 'unit', code: '459999', name: '某单位', parentCode: '459999' }).expect(422);
    for (const [name, role, path] of [
      ['clerk', 'unit-clerk', '/45/4599/459999/'],
      ['stranger', 'unit-clerk', '/45/4599/459998/'],
      ['maker', 'finance-maker', '/45/'],
    ]) {
      await post('admin', '/accounts', {
        login: name,
        displayName: name,
        password: PASSWORD,
        roles: [role],
        organisationPath: path,
      }).expect(201);
      await login(name!);
    }
    const window = {
      planId: 'guangxi-1-2025',
      organisationCode: '459999',
      opensAt: new Date(Date.now() - DAY_MS).toISOString(),
      closesAt: new Date(Date.now() + DAY_MS).toISOString(),
      coverFrom: '2027-01-01',
      coverTo: '2027-12-31',
      contributionFen: 10_000,
    };
    await post('clerk', '/windows', window).expect(403);
    const wrong = await post('admin', '/windows', { ...window, coverFrom: '2027-02-30', contributionFen: 0.5 }).expect(422);
    expect(wrong.body).toMatchObject({ title: 'request' });
    windowId = (await post('admin', '/windows', window).expect(201)).body.id;
    await post('admin', '/windows', window).expect(409);
  });

  const upload = (who: string, text: string, name = '花名册.csv') =>
    request(server)
      .post(`/windows/${windowId}/rosters`)
      .set({ ...as(who), 'content-type': 'text/csv; charset=utf-8', 'x-file-name': encodeURIComponent(name) })
      .send(text);

  it('takes a roster as it comes and says what became of every row', async () => {
    const row = (id: string, phone: string, unit = '91350100M000100Y43') =>
      `6228480402564890018,模拟银行,${unit},第一基层工会,李娟,${id},${phone},310,`;
    const rows = [
      row('11010519491231002x', ` ${MEMBER.phone}　`),
      row('440524188001010014', '19900000002'),
      row('11010519491231002X', '19900000003'),
      row('440524188001010014', '1', 'X'),
    ];
    await upload('stranger', `${HEADER}\r\n`).expect(403);
    const answer = await upload('clerk', `﻿${HEADER}\r\n${rows.join('\r\n')}\r\n`).expect(200);
    importId = answer.body.importId;
    expect(answer.body).toMatchObject({
      state: 'done',
      rows: 4,
      accepted: 2,
      refused: 2,
      unchanged: 0,
      normalised: 1,
      reasons: { duplicate: 1, 'unit-code': 1 },
    });
    expect((await get('clerk', `/rosters/${importId}`).expect(200)).body).toEqual(answer.body);
    const refusals = await get('clerk', `/rosters/${importId}/refusals`).expect(200);
    expect(refusals.body).toEqual([
      { row: 4, field: '身份证号码', reason: 'duplicate', remedy: expect.any(String) },
      { row: 5, field: '单位统一社会信用代码', reason: 'unit-code', remedy: expect.any(String) },
    ]);
    await get('stranger', `/rosters/${importId}`).expect(403);
    const whole = await upload('clerk', '姓名,手机号\n李娟,19900000001\n').expect(422);
    expect(whole.body).toMatchObject({ title: 'roster-columns', detail: expect.stringContaining('身份证号码') });
    expect(JSON.stringify(whole.body)).not.toContain('19900000001');
    await request(server).post(`/windows/${windowId}/rosters`).set(as('clerk')).send({ rows: [] }).expect(422);
  });

  it.each(['application/zip', 'application/csv', 'application/wps-office.xlsx', 'multipart/form-data; boundary=x', 'text/plain', ''])(
    'says of a roster sent as %j which types it takes, to those who have logged in',
    async (type) => {
      const path = `${await app.getUrl()}/windows/${windowId}/rosters`;
      const send = (headers: Record<string, string>) =>
        fetch(path, {
          method: 'POST',
          headers: { ...headers, ...(type && { 'content-type': type }) },
          body: Buffer.from('x'.repeat(20_000)),
        });
      expect((await send({})).status).toBe(401);
      const answer = await send(as('clerk'));
      expect([answer.status, await answer.json()]).toMatchObject([
        422,
        { title: 'roster-body', detail: expect.stringContaining('text/csv') },
      ]);
    },
  );

  it('counts down for everybody and notifies units', async () => {
    const { body } = await get('clerk', `/windows/${windowId}/countdown`).expect(200);
    expect(body).toMatchObject({ state: 'open', enrolled: 2, covered: 0, units: 1 });
    expect(body.secondsLeft).toBeGreaterThan(0);
    expect((await post('admin', `/windows/${windowId}/payment-notices`, {}).expect(200)).body).toEqual({
      notices: 1,
      members: 2,
      amountFen: 20_000,
      waitingUnits: 0,
    });
    expect((await get('maker', `/windows/${windowId}/payment-notices`).expect(200)).body).toMatchObject([
      { unitCode: '91350100M000100Y43', members: 2, state: 'open' },
    ]);
    expect((await get('stranger', `/windows/${windowId}/payment-notices`).expect(200)).body).toEqual([]);
    await get('clerk', '/windows/0197a3c2-0000-7000-8000-000000000000/countdown').expect(404);
  });

  it('lets a member in by a code sent to the official account, and to own data only', async () => {
    await request(server).post('/login/member/code').send({ personalNumber: MEMBER.personalNumber, phone: '19900000009' }).expect(202);
    await request(server).post('/login/member/code').send(MEMBER).expect(202);
    const codes: { member_id: string }[] = await app.get(Database).direct.query('select member_id from login_code');
    expect(codes).toHaveLength(1);
    const messages = await fetch(`${wechat.url}/messages?touser=${codes[0]!.member_id}`).then((answer) => answer.json());
    expect(messages).toMatchObject([{ template_id: 'login-code' }]);
    const code: string = messages[0].data.code.value;
    await request(server)
      .post('/login/member')
      .send({ personalNumber: MEMBER.personalNumber, code: code === '123456' ? '654321' : '123456' })
      .expect(401);
    const answer = await request(server).post('/login/member').send({ personalNumber: MEMBER.personalNumber, code }).expect(200);
    tokens.member = answer.body.token;
    expect((await get('member', '/members/me').expect(200)).body).toMatchObject({
      name: '李*',
      phone: '1990***0001',
      bankAccount: '6228***********0018',
      unit: { code: '91350100M000100Y43' },
      covers: [],
    });
    await get('member', `/rosters/${importId}`).expect(403);
    await get('clerk', '/members/me').expect(403);
    const change = (body: object) => request(server).put('/members/me/bank-account').set(as('member')).send(body);
    await change({ account: '1234', bankName: '新银行' }).expect(422);
    await change({ account: '6228480402564890026', bankName: '新银行' }).expect(204);
    expect((await get('member', '/members/me').expect(200)).body).toMatchObject({ bankAccount: '6228***********0026', bankName: '新银行' });
  });
});
