/** A cover over HTTP: who may move it, end it and put it right, and who learns of claims that an end contradicts. */
import { personalText } from '@app/enrolment';
import { addDays, chinaDate } from '@app/kernel';
import { Accounts, Database, PersonalDataVault, Tokens, createHttpApp, readConfig, type Role } from '@app/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import request from 'supertest';
import { EnrolmentAppModule } from '../../apps/enrolment/src/enrolment-app.module.js';
import { MIGRATIONS } from '../../apps/standalone/src/schema.js';
import { personalNumber } from '../support/people.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const PASSWORD = 'a long enough password';
const [HERE, BESIDE] = ['91350100M000100Y43', '81459999MA0000245H'];
const NUMBER = 'guangxi-1-2025-2025-0000000001';
const WINDOW = '0197a3c2-0000-7000-8000-00000000000a';

describe('covers of the enrolment app', () => {
  let database: TestDatabase;
  let app: NestFastifyApplication;
  let server: ReturnType<NestFastifyApplication['getHttpServer']>;
  let memberId: string;
  const tokens: Record<string, string> = {};
  const today = chinaDate(new Date(Date.now()));
  const ago = (days: number) => addDays(today, -days);

  const as = (who: string) => ({ authorization: `Bearer ${tokens[who]}` });
  const post = (who: string, path: string, body: object = {}) => request(server).post(`/covers/${path}`).set(as(who)).send(body);
  const get = (who: string, path: string) => request(server).get(path).set(as(who));

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    const config = readConfig({ DATABASE_URL: database.url, HUBAO_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
    app = await createHttpApp(EnrolmentAppModule.forRoot(config), 'Hubao enrolment');
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    server = app.getHttpServer();
    const people: [string, Role, string][] = [
      ['clerk', 'unit-clerk', '/45/4599/459999/'],
      ['neighbour', 'unit-clerk', '/45/4599/459998/'],
      ['reviewer', 'reviewer', '/45/'],
      ['auditor', 'auditor', '/'],
    ];
    for (const [login, role, organisationPath] of people) {
      await app.get(Accounts).create({ login, displayName: login, password: PASSWORD, roles: [role], organisationPath });
      tokens[login] = (await request(server).post('/login').send({ login, password: PASSWORD }).expect(200)).body.token;
    }
    const vault = app.get(PersonalDataVault);
    memberId = vault.memberId(personalNumber(1));
    const principal = { userId: memberId, login: memberId, roles: ['member' as const], organisationPath: '/45/', memberId };
    tokens.member = (await app.get(Tokens).issue(principal)).token;
    const sealed = vault.seal(
      personalText({ personalNumber: personalNumber(1), name: '职工一', phone: '', bankAccount: '62', bankName: '模拟银行' }),
    );
    const db = app.get(Database).direct;
    await db.query(
      `insert into organisation (id, parent_id, kind, code, name, path) values
         ('0197a3c2-0000-7000-8000-000000000001', null, 'region', '45', '区', '/45/'),
         ('0197a3c2-0000-7000-8000-000000000002', '0197a3c2-0000-7000-8000-000000000001', 'county', '459999', '县', '/45/4599/459999/'),
         ('0197a3c2-0000-7000-8000-000000000003', '0197a3c2-0000-7000-8000-000000000002', 'unit', '${HERE}', '甲', '/45/4599/459999/${HERE}/'),
         ('0197a3c2-0000-7000-8000-000000000004', '0197a3c2-0000-7000-8000-000000000002', 'unit', '${BESIDE}', '乙', '/45/4599/459999/${BESIDE}/')`,
    );
    await db.query(
      `with p as (insert into cover_period values (gen_random_uuid(), 'guangxi-1', '${ago(100)}', '${addDays(today, 100)}') returning *),
         w as (insert into enrolment_window (id, plan_id, organisation_id, opens_at, closes_at, period_id, cover_from, cover_to, contribution_fen,
           member_share_fen, unit_share_fen, fund_share_fen) select '${WINDOW}', 'guangxi-1-2025', '0197a3c2-0000-7000-8000-000000000002',
           now() - interval '1 day', now(), id, cover_from, cover_to, 10000, 10000, 0, 0 from p),
         e as (insert into enrolment select $1, id, '${WINDOW}', '0197a3c2-0000-7000-8000-000000000003', null, null, now(), null from p),
         n as (insert into enrolment_count (window_id, unit_id, members, covered) values ('${WINDOW}', '0197a3c2-0000-7000-8000-000000000003', 1, 1))
       insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, join_id, started_at, enrolled_on)
       select $1, id, 'guangxi-1-2025', cover_from, cover_to, '${NUMBER}', '/45/4599/459999/${HERE}/', gen_random_uuid(), now(), cover_from from p`,
      [memberId],
    );
    await db.query(
      `insert into member (id, sealed, roster_hash, unit_id, insutype, created_at, updated_at)
       values ($1, $2, '', '0197a3c2-0000-7000-8000-000000000003', '310', now(), now())`,
      [memberId, sealed],
    );
    // A claim that is settled, of a discharge five days ago.
    await db.query(
      `with c as (insert into claim (member_id, id, state, version, settlement_id, message_id, med_type, admission_on, discharge_on, accepted_at, accepted_on,
           medfee_fen, inscp_scp_fen, fund_pay_fen, psn_part_fen, fulamt_ownpay_fen, context, flags, moved_at, benefit_fen)
         values ($1, gen_random_uuid(), 'settled', 1, 'S1', gen_random_uuid(), '21', '${ago(9)}', '${ago(5)}', now(), '${today}', 1, 1, 1, 1, 1, '{}', '{}', now(), 46015)
         returning id)
       insert into decision (member_id, claim_id, plan_id, plan_version, plan_hash, used_before, changes, base_fen, benefit_fen, reason, capped, facts, trace, decided_at)
       select $1, id, 'guangxi-1-2025', '1', 'h', '{}', '{}', 1, 46015, null, false, '{}', '{}', now() from c`,
      [memberId],
    );
  });

  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it('is shown to its member with its state, and to nobody beside', async () => {
    const { body } = await get('member', '/members/me').expect(200);
    expect(body.covers).toMatchObject([{ number: NUMBER, state: 'in-force', endedOn: null, endReason: null }]);
    expect((await get('clerk', `/covers/${NUMBER}`).expect(200)).body).toMatchObject({ unitCode: HERE, state: 'in-force', changes: [] });
    await get('neighbour', `/covers/${NUMBER}`).expect(404);
    await get('member', `/covers/${NUMBER}`).expect(403);
  });

  it('moves to a unit of the same organisation, and the countdown follows', async () => {
    const move = { toUnitCode: BESIDE, effectiveOn: ago(20), reason: 'job-change' };
    await post('neighbour', `${NUMBER}/transfer`, move).expect(404);
    await post('auditor', `${NUMBER}/transfer`, move).expect(403);
    for (const wrong of [{}, { ...move, reason: 'why not' }, { ...move, effectiveOn: '2025-02-30' }, { ...move, toUnitCode: 1 }])
      await post('clerk', `${NUMBER}/transfer`, wrong).expect(422);
    const { body } = await post('clerk', `${NUMBER}/transfer`, move).expect(200);
    expect(body).toMatchObject({ unitCode: BESIDE, transfer: null, changes: [{ kind: 'transfer', effectiveOn: ago(20) }] });
    expect((await post('clerk', `${NUMBER}/transfer`, move).expect(200)).body).toEqual(body);
    await post('clerk', `${NUMBER}/transfer`, { ...move, effectiveOn: ago(19) }).expect(409);
    expect((await get('member', '/members/me').expect(200)).body).toMatchObject({ unit: { code: BESIDE } });
    const { body: transfers } = await get('clerk', '/covers/transfers').expect(200);
    expect(transfers).toEqual([]);
    await post('clerk', `${NUMBER}/transfer/acceptance`).expect(404);
    await request(server).delete(`/covers/${NUMBER}/transfer`).set(as('clerk')).expect(404);
  });

  it('ends, tells of a claim that was settled after the end, and is reinstated by another', async () => {
    await post('clerk', `${NUMBER}/end`, { reason: 'moved', on: ago(6) }).expect(422);
    await post('clerk', `${NUMBER}/end`, { reason: 'left', on: addDays(today, 1) }).expect(409);
    const ended = await post('clerk', `${NUMBER}/end`, { reason: 'left', on: ago(6) }).expect(200);
    expect(ended.body).toMatchObject({ state: 'ended', endedOn: ago(6), claimsToReview: 1 });
    expect((await get('reviewer', '/covers/conflicts').expect(200)).body).toEqual([
      {
        number: NUMBER,
        endedOn: ago(6),
        endReason: 'left',
        claims: [{ claimId: expect.any(String), state: 'settled', dischargeOn: ago(5), benefitFen: 46_015 }],
      },
    ]);
    await get('clerk', '/covers/conflicts').expect(403);
    expect((await get('member', '/members/me')).body.covers).toMatchObject([{ state: 'ended', endReason: 'left', endedOn: ago(6) }]);

    await post('clerk', `${NUMBER}/reinstatement`, { reason: 'wrong-day' }).expect(403);
    expect((await post('reviewer', `${NUMBER}/reinstatement`, { reason: 'wrong-day' }).expect(200)).body).toMatchObject({
      state: 'in-force',
      claimsToReview: 0,
    });
    expect((await get('reviewer', '/covers/conflicts').expect(200)).body).toEqual([]);
  });

  it('leaves an access record of every act, without a name', async () => {
    const rows = (await app
      .get(Database)
      .direct.query(`select distinct action from audit_record where action like 'cover.%' and outcome = 'allowed' order by 1`)) as {
      action: string;
    }[];
    expect(rows.map(({ action }) => action)).toEqual(['cover.end', 'cover.read', 'cover.reinstate', 'cover.review', 'cover.transfer']);
  });
});
