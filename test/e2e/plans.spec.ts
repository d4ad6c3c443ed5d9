/** A plan changes by HTTP: quoted, proposed, rehearsed on what was decided, signed by two, in force. */
import { PersonalDataVault, Tokens, type Role } from '@app/platform';
import { personalText } from '@app/enrolment';
import { chinaInstant, civilDate } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { HttpPerson } from '../../apps/standalone/src/http-person.js';
import { startSystem, type HubaoSystem } from '../../apps/standalone/src/system.js';
import { PLAN_ID } from '../support/claim-path.js';
import { planText } from '../support/plan-file.js';
import { personalNumber } from '../support/people.js';
import { SAMPLE_BENEFIT_FEN, settlement } from '../support/settlement.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const MASTER_KEY = Buffer.alloc(32, 5).toString('base64');
const PASSWORD = 'a long enough password';
const NOBODY = '0197a3c2-0000-7000-8000-000000000000';

describe('plans over HTTP', () => {
  const vault = new PersonalDataVault(MASTER_KEY);
  const memberId = vault.memberId(personalNumber(1));
  const directory = mkdtempSync(join(tmpdir(), 'hubao-plans-'));
  const tokens: Record<string, string> = {};
  let database: TestDatabase;
  let system: HubaoSystem;

  const post = (who: string, path: string, body: object) =>
    request(system.urls.claims).post(path).set('authorization', `Bearer ${tokens[who]}`).send(body);
  const get = (who: string, path: string) => request(system.urls.claims).get(path).set('authorization', `Bearer ${tokens[who]}`);

  beforeAll(async () => {
    database = await createTestDatabase([]);
    system = await startSystem({
      databaseUrl: database.url,
      clockFile: join(directory, 'clock'),
      startAt: chinaInstant(civilDate('2025-03-03'), '09:00'),
      masterKey: MASTER_KEY,
      feed: { source: 'county', lines: [JSON.stringify(settlement())] },
      sweepEveryMs: 250,
    });
    const administrator = await new HttpPerson(system.urls.enrolment, system.urls.claims).login(
      system.administrator.login,
      system.administrator.password,
    );
    tokens.administrator = administrator.bearer;
    const roles: Record<string, Role> = {
      officer: 'claims-officer',
      reviewer: 'reviewer',
      leader: 'leader',
      auditor: 'auditor',
      clerk: 'unit-clerk',
    };
    for (const [login, role] of Object.entries(roles)) {
      await administrator.enrolment('POST', '/accounts', {
        login,
        displayName: login,
        password: PASSWORD,
        roles: [role],
        organisationPath: '/45/',
      });
      tokens[login] = (await new HttpPerson(system.urls.enrolment, system.urls.claims).login(login, PASSWORD)).bearer;
    }
    ({ token: tokens.member } = (await new Tokens(vault).issue({
      userId: memberId,
      login: memberId,
      roles: ['member'],
      organisationPath: '/45/',
      memberId,
    })) as { token: string });

    const sealed = vault.seal(
      personalText({ personalNumber: personalNumber(1), name: '职工一', phone: '', bankAccount: '62', bankName: '模拟银行' }),
    );
    await system.database.direct.query(
      `insert into member (id, sealed, roster_hash, unit_id, insutype, created_at, updated_at) values ($1, $2, '', gen_random_uuid(), '310', now(), now())`,
      [memberId, sealed],
    );
    await system.database.direct.query(
      `insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, notice_id, started_at, enrolled_on)
       values ($1, gen_random_uuid(), $2, '2025-01-01', '2025-12-31', '1', '/45/4599/459999/U1/', gen_random_uuid(), now(), '2024-10-01')`,
      [memberId, PLAN_ID],
    );
    await system.medicalInsurance.playback(chinaInstant(civilDate('2025-03-03'), '16:00'));
    const isDecided = async () => ((await system.database.direct.query('select from decision')) as unknown[]).length === 1;
    for (let look = 0; !(await isDecided()) && look < 400; look++) await sleep(50);
    expect(await isDecided()).toBe(true);
  });

  afterAll(async () => {
    await system?.stop();
    await database?.drop();
    rmSync(directory, { recursive: true });
  });

  it('says why a claim was decided as it was, to a member in the member’s words', async () => {
    const [claim] = (await system.database.direct.query('select id from claim')) as { id: string }[];
    const path = `/claims/${claim!.id}/explanation`;
    const { text } = await get('member', `${path}?audience=auditor`)
      .expect(200)
      .expect('content-type', /text\/plain/);
    expect(text).toContain('免补额 1,000.00 元由您自己承担');
    expect((await get('officer', `${path}?language=en`).expect(200)).text).toContain('in-scope self-pay');
    expect((await get('auditor', `${path}?audience=auditor`).expect(200)).text).toContain(`plan=${PLAN_ID}`);
    await get('auditor', `${path}?audience=chef`).expect(422);
    await get('auditor', `/claims/${NOBODY}/explanation`).expect(404);
  });

  it('quotes upon what the member has used, and says nothing of the person', async () => {
    const stay = { base: '11000.00', days: 1, enddate: '2025-03-10' };
    const { body } = await post('officer', '/quotes', { planId: PLAN_ID, case: stay, personalNumber: personalNumber(1) }).expect(200);
    expect(body).toMatchObject({
      plan: PLAN_ID,
      version: 1,
      totalFen: 305_000,
      accumulators: { 'paid.medical': SAMPLE_BENEFIT_FEN - 20_000 + 300_000 },
    });
    expect(JSON.stringify(body)).not.toMatch(new RegExp(`${personalNumber(1)}|${memberId}`));
    expect((await post('member', '/quotes', { planId: PLAN_ID, case: stay }).expect(200)).body).toEqual(body);
    await post('member', '/quotes', { planId: PLAN_ID, case: stay, memberId: NOBODY }).expect(404);
    await post('clerk', '/quotes', { planId: PLAN_ID, case: stay }).expect(403);
    const twice = { planId: PLAN_ID, case: { ...stay, accumulators: { 'paid.medical': '1.00' } }, memberId };
    expect((await post('officer', '/quotes', twice).expect(422)).body).toMatchObject({ title: 'accumulators-twice' });
    const wrong = await post('officer', '/quotes', { planId: PLAN_ID, case: { psn_name: '职工一', base: personalNumber(1) } }).expect(422);
    expect(wrong.body).toMatchObject({ title: 'case-invalid', path: 'base', remedy: expect.any(String) });
    expect(wrong.text).not.toMatch(new RegExp(`${personalNumber(1)}|职工一`));
    for (const body of [
      {},
      { planId: PLAN_ID },
      { planId: PLAN_ID, case: stay, version: 0 },
      { planId: PLAN_ID, case: stay, personalNumber: 1 },
    ])
      await post('officer', '/quotes', body).expect(422);
  });

  it('answers a broken plan with all that is wrong with it', async () => {
    const content = planText().replace('half-up', 'upwards').replace('rate: 40%', 'rate: forty');
    for (const [who, path, body] of [
      ['administrator', '/plan-versions', { content }],
      ['leader', '/rehearsals', { content, against: PLAN_ID }],
    ] as const) {
      const { body: problem, type } = await post(who, path, body).expect(422);
      expect([type, problem.title]).toEqual(['application/problem+json', 'plan-invalid']);
      const whole = {
        path: expect.any(String),
        line: expect.any(Number),
        expected: expect.any(String),
        found: expect.any(String),
        remedy: expect.any(String),
      };
      expect(problem.problems).toEqual([whole, whole]);
    }
    await post('administrator', '/plan-versions', { content: '' }).expect(422);
    await post('leader', '/plan-versions', { content: planText() }).expect(403);
  });

  it('puts a version in force that was proposed, rehearsed and signed by two', async () => {
    const { body: version } = await post('administrator', '/plan-versions', { content: planText() }).expect(201);
    expect(version).toMatchObject({ planId: PLAN_ID, version: 2, state: 'proposed', effectiveOn: '2025-06-01', signedBy: [] });
    const address = `/plan-versions/${PLAN_ID}/2`;
    const sign = (who: string, hash: string) => post(who, `${address}/signatures`, { hash });
    expect((await sign('leader', version.hash).expect(409)).body).toMatchObject({ title: 'not-rehearsed' });

    await post('auditor', '/rehearsals', { planId: PLAN_ID, against: PLAN_ID }).expect(403);
    await post('leader', '/rehearsals', { against: PLAN_ID }).expect(422);
    const { body: asked } = await post('leader', '/rehearsals', { planId: PLAN_ID, version: 2, against: PLAN_ID }).expect(202);
    const { text, headers } = await get('leader', `/rehearsals/${asked.id}/events`).expect(200);
    expect(headers['content-type']).toContain('text/event-stream');
    const events = [...text.matchAll(/^data: (.+)$/gm)].map((match) => JSON.parse(match[1]!) as object);
    expect(events.at(-1)).toEqual({ state: 'done', claimsDone: 1, claimsTotal: 1, failure: null });

    const { body: rehearsal } = await get('auditor', `/rehearsals/${asked.id}`).expect(200);
    expect(rehearsal).toMatchObject({
      state: 'done',
      hash: version.hash,
      bookPlanId: PLAN_ID,
      result: { claims: 1, winners: { claims: 1 } },
    });
    for (const [file, type, content] of [
      ['report.html', 'text/html', '<html'],
      ['units.csv', 'text/csv', 'U1'],
      ['largest.csv', 'text/csv', 'U1'],
    ] as const) {
      const answer = await get('leader', `/rehearsals/${asked.id}/${file}`).expect(200);
      expect(answer.headers['content-type']).toBe(`${type}; charset=utf-8`);
      expect(answer.text).toContain(content);
      expect((await get('leader', `/rehearsals/${NOBODY}/${file}`).expect(404)).type).toBe('application/problem+json');
    }

    expect((await sign('leader', '0'.repeat(64)).expect(409)).body).toMatchObject({ title: 'hash-differs' });
    await sign('administrator', version.hash).expect(403);
    expect((await sign('leader', version.hash).expect(200)).body).toMatchObject({ state: 'proposed', signedBy: [expect.any(String)] });
    expect((await sign('leader', version.hash).expect(409)).body).toMatchObject({ title: 'already-signed' });
    expect((await sign('reviewer', version.hash).expect(200)).body).toMatchObject({ state: 'active' });
    expect((await get('auditor', address).expect(200)).body).toMatchObject({
      state: 'active',
      content: planText(),
      rehearsals: [asked.id],
    });
    expect((await get('officer', '/plan-versions').expect(200)).body).toMatchObject([{ planId: PLAN_ID, version: 2, state: 'active' }]);

    const quoted = async (enddate: string) =>
      (await post('officer', '/quotes', { planId: PLAN_ID, case: { base: '11000.00', days: 1, enddate } }).expect(200)).body as object;
    expect(await quoted('2025-05-31')).toMatchObject({ version: 1, totalFen: 305_000 });
    expect(await quoted('2025-06-01')).toMatchObject({ version: 2, totalFen: 505_000 });
  });

  it('rehearses again what a worker died over, without a wake-up', async () => {
    const [{ id }] = (await system.database.direct.query(
      `insert into rehearsal (id, plan_id, hash, content, selection, book_plan_id, state, claims_done, claims_total, asked_by, asked_at)
       select gen_random_uuid(), plan_id, hash, content, selection, book_plan_id, 'running', 7, 9, asked_by, asked_at from rehearsal limit 1 returning id`,
    )) as [{ id: string }];
    const { text } = await get('leader', `/rehearsals/${id}/events`).expect(200);
    expect(text).toContain('"state":"running","claimsDone":7');
    expect((await get('leader', `/rehearsals/${id}`).expect(200)).body).toMatchObject({ state: 'done', claimsDone: 1, claimsTotal: 1 });
  });

  it('tells a stranger nothing, and of what is not there that it is not', async () => {
    await request(system.urls.claims).get('/plan-versions').expect(401);
    await request(system.urls.claims).post('/quotes').send({}).expect(401);
    await get('clerk', '/plan-versions').expect(403);
    await get('officer', `/rehearsals/${NOBODY}/events`).expect(403);
    expect((await get('leader', `/rehearsals/${NOBODY}/events`).expect(404)).body).toMatchObject({ title: 'rehearsal-not-found' });
    await get('leader', `/plan-versions/${PLAN_ID}/9`).expect(404);
    for (const version of ['0', 'x', '1.5', '99999999999']) await get('leader', `/plan-versions/${PLAN_ID}/${version}`).expect(422);
  });
});
