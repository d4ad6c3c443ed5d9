/** Two periods over HTTP: a clerk looks at what a roster changes, confirms it, and only then the unit is asked to pay. */
import { Ledger1700000001000 } from '@app/ledger';
import { ENROLMENT_MIGRATIONS } from '@app/enrolment';
import { Accounts, Platform1700000000000, createHttpApp, readConfig } from '@app/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import request from 'supertest';
import { EnrolmentAppModule } from '../../apps/enrolment/src/enrolment-app.module.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const PASSWORD = 'a long enough password';
const HEADER = '银行卡号,开户银行,单位统一社会信用代码,单位名称,姓名,身份证号码,手机号,医保险种';
const UNIT = '91350100M000100Y43';
const DAY_MS = 86_400_000;
const row = (name: string, personalNumber: string) =>
  `6228480402564890018,模拟银行,${UNIT},第一基层工会,${name},${personalNumber},19900000001,310`;
/** The second and the third are one person. */
const [LI, WANG, WANG_AGAIN] = [
  row('李娟', '11010519491231002X'),
  row('王伟', '440524188001010014'),
  row('王伟', '440524188001010030'),
] as const;

describe('differences over HTTP', () => {
  let database: TestDatabase;
  let app: NestFastifyApplication;
  let server: ReturnType<NestFastifyApplication['getHttpServer']>;
  const tokens: Record<string, string> = {};
  let [last, now] = ['', ''];

  const as = (who: string) => ({ authorization: `Bearer ${tokens[who]}` });
  const get = (who: string, path: string) => request(server).get(path).set(as(who));
  const post = (who: string, path: string, body: object = {}) => request(server).post(path).set(as(who)).send(body);
  const upload = (windowId: string, ...rows: string[]) =>
    request(server)
      .post(`/windows/${windowId}/rosters`)
      .set({ ...as('clerk'), 'content-type': 'text/csv' })
      .send([HEADER, ...rows].join('\r\n'))
      .expect(200);

  beforeAll(async () => {
    database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS]);
    const config = readConfig({ DATABASE_URL: database.url, HUBAO_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
    app = await createHttpApp(EnrolmentAppModule.forRoot(config), 'Hubao enrolment');
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    server = app.getHttpServer();
    for (const [login, role, organisationPath] of [
      ['admin', 'administrator', '/'],
      ['clerk', 'unit-clerk', '/45/459999/'],
      ['stranger', 'unit-clerk', '/45/459998/'],
    ] as const) {
      await app.get(Accounts).create({ login, displayName: login, password: PASSWORD, roles: [role], organisationPath });
      tokens[login] = (await request(server).post('/login').send({ login, password: PASSWORD }).expect(200)).body.token;
    }
    await post('admin', '/organisations', { kind: 'region', code: '45', name: '某自治区' }).expect(201);
    await post('admin', '/organisations', { kind: 'county', code: '459999', name: '某县', parentCode: '45' }).expect(201);
    const windowOf = async (year: number) =>
      (
        await post('admin', '/windows', {
          planId: 'guangxi-1-2025',
          organisationCode: '459999',
          opensAt: new Date(Date.now() - DAY_MS).toISOString(),
          closesAt: new Date(Date.now() + DAY_MS).toISOString(),
          coverFrom: `${year}-01-01`,
          coverTo: `${year}-12-31`,
          contributionFen: 10_000,
        }).expect(201)
      ).body.id as string;
    [last, now] = [await windowOf(2026), await windowOf(2027)];
    await upload(last, LI, WANG);
    await upload(now, LI, WANG_AGAIN, row('误报', '110105194912310038'));
  });

  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it('are read as counts, as people and as a file, by the own clerk', async () => {
    const { body } = await get('clerk', `/windows/${now}/differences`).expect(200);
    expect(body).toMatchObject({ lastWindowId: last, total: { units: 1, due: 1, joiners: 2, leavers: 1, stays: 1 } });
    const unit = await get('clerk', `/windows/${now}/differences?unit=${UNIT}`).expect(200);
    expect(unit.headers['cache-control']).toBe('private, no-store');
    expect(unit.body.idConflicts).toEqual([
      { leaver: expect.any(String), joiner: expect.any(String), reasons: ['number', 'birth-date', 'phone'], corrected: false },
    ]);
    const file = await get('clerk', `/windows/${now}/differences.csv`).expect(200);
    expect(file.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(file.text.trimEnd().split('\r\n')).toHaveLength(4);
    expect(file.text).not.toContain('440524188001010014');

    await get('stranger', `/windows/${now}/differences`).expect(403);
    await get('stranger', `/windows/${now}/differences.csv`).expect(403);
    await get('admin', `/windows/${now}/differences`).expect(403);
    await get('clerk', `/windows/${now}/differences?unit=X`).expect(404);
    await get('clerk', `/windows/${last}/differences.csv`).expect(404);
  });

  it('are confirmed in one act, with a correction and a withdrawal, and then paid for', async () => {
    const notices = async () => (await post('admin', `/windows/${now}/payment-notices`).expect(200)).body;
    expect(await notices()).toMatchObject({ notices: 0, waitingUnits: 1 });
    const { body: unit } = await get('clerk', `/windows/${now}/differences?unit=${UNIT}`).expect(200);
    const [{ leaver, joiner }] = unit.idConflicts;
    const wrong = unit.people.find((person: { kind: string; memberId: string }) => person.kind === 'joiner' && person.memberId !== joiner);
    const act = { unitCodes: [UNIT], digest: unit.digest, corrections: [{ leaver, joiner }], withdrawals: [wrong.memberId] };
    const path = `/windows/${now}/differences/confirmation`;
    await post('stranger', path, act).expect(403);
    await post('clerk', path, { ...act, all: true }).expect(422);
    await post('clerk', path, { ...act, digest: 'x' }).expect(422);
    const stale = await post('clerk', path, { ...act, digest: '0'.repeat(64) }).expect(409);
    expect(stale.body).toMatchObject({ title: 'differences-changed', joiners: 2, leavers: 1, stays: 1, digest: unit.digest });
    expect((await post('clerk', path, act).expect(200)).body).toMatchObject({ joiners: 1, corrections: 1, withdrawals: 1, due: 0 });
    expect(await notices()).toEqual({ notices: 1, members: 2, amountFen: 20_000, waitingUnits: 0 });
    const enrolment = request(server).delete(`/windows/${now}/enrolments/${joiner}`).set(as('clerk'));
    expect((await enrolment.expect(409)).body).toMatchObject({ title: 'enrolment-noticed' });
    await upload(now, row('误报', '110105194912310038'));
    await request(server).delete(`/windows/${now}/enrolments/${wrong.memberId}`).set(as('clerk')).expect(204);
    expect(await notices()).toMatchObject({ notices: 0, waitingUnits: 0 });
  });

  it('in a first period there are none, and whom the corrected roster no longer names is found and withdrawn all the same', async () => {
    await upload(last, LI);
    const { body: list } = await get('clerk', `/windows/${last}/rosters`).expect(200);
    expect(list.rosters).toMatchObject([
      { fileName: 'roster.csv', receivedBy: expect.any(String), state: 'done', accepted: 1 },
      { accepted: 2 },
    ]);
    await get('stranger', `/windows/${last}/rosters`).expect(403);
    const path = `/rosters/${list.rosters[0].importId}/no-longer-named`;
    const { body, headers } = await get('clerk', path).expect(200);
    expect(headers['cache-control']).toBe('private, no-store');
    expect(body).toMatchObject({ total: { people: 1, withdrawable: 1, unreadRows: 0 }, people: [{ unitCode: UNIT, name: '王*' }] });
    await get('stranger', path).expect(403);
    await get('clerk', `${path}?after=x`).expect(422);
    const [{ memberId }] = body.people;
    const act = { digest: body.total.digest, memberIds: [memberId] };
    await post('stranger', `${path}/withdrawal`, act).expect(403);
    await post('clerk', `${path}/withdrawal`, { ...act, memberIds: [] }).expect(422);
    const stale = await post('clerk', `${path}/withdrawal`, { ...act, digest: '0'.repeat(64) }).expect(409);
    expect(stale.body).toMatchObject({ title: 'no-longer-named-changed', people: 1, digest: body.total.digest });
    expect((await post('clerk', `${path}/withdrawal`, act).expect(200)).body).toEqual({ withdrawn: 1 });
    expect((await get('clerk', path).expect(200)).body).toMatchObject({ total: { people: 0 }, people: [] });
  });
});
