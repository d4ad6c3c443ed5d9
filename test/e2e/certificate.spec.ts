import { Ledger1700000001000 } from '@app/ledger';
import { ENROLMENT_MIGRATIONS, personalText } from '@app/enrolment';
import { chinaInstant, civilDate } from '@app/kernel';
import {
  Accounts,
  Audit,
  Database,
  PersonalDataVault,
  Platform1700000000000,
  Tokens,
  VirtualClock,
  createHttpApp,
  readConfig,
} from '@app/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { EnrolmentAppModule } from '../../apps/enrolment/src/enrolment-app.module.js';
import { CertificateTokens, type Certificate } from '../../libs/enrolment/src/certificate/certificate-token.js';
import { bankAccount, personalNumber } from '../support/people.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const PASSWORD = 'a long enough password';
const MASTER_KEY = Buffer.alloc(32, 9).toString('base64');
const PLAN = 'guangxi-1-2025';
const UNIT = '91350100M000100Y43';
const UNIT_ID = '00000000-0000-7000-8000-000000000003';
const COUNTY = '/45/459999/';
const COVER = `${PLAN}-2026-00000001`;
const NEIGHBOURS_COVER = `${PLAN}-2026-00000002`;
const NO_COVER = `${PLAN}-2026-00000009`;
const [NAME, NUMBER, NEIGHBOURS_NUMBER] = ['李某娟', personalNumber(1), personalNumber(2)];
const PHONE = '19900000001';

describe('the certificate of a cover', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hubao-certificate-'));
  const clock = new VirtualClock(join(folder, 'clock'), 'create');
  const today = (day: string): void => clock.advanceTo(chinaInstant(civilDate(day), '10:00'));
  const vault = new PersonalDataVault(MASTER_KEY);
  const tokens = new CertificateTokens(vault);
  const logged: unknown[] = [];
  let database: TestDatabase;
  let app: NestFastifyApplication;
  let server: ReturnType<NestFastifyApplication['getHttpServer']>;
  const bearers: Record<string, string> = {};

  const get = (who: string, path: string) => request(server).get(path).set('authorization', `Bearer ${bearers[who]}`);
  const own = (who: string, number: string) => get(who, `/members/me/covers/${number}/certificate.pdf`);
  const ofUnit = (who: string, number: string) => get(who, `/covers/${number}/certificate.pdf`);
  const verify = (token: string) => request(server).get('/certificates/verification').query({ token });
  const isHolder = (token: string, number: string, address: string) =>
    request(server).post('/certificates/verification/holder').set('x-forwarded-for', address).send({ token, personalNumber: number });
  const issue = (change: Partial<Certificate> = {}): Promise<string> =>
    tokens.issue({
      number: COVER,
      planId: PLAN,
      coverFrom: civilDate('2026-01-01'),
      coverTo: civilDate('2026-12-31'),
      issuedOn: civilDate('2025-12-20'),
      memberId: vault.memberId(NUMBER),
      ...change,
    });

  /** A member with a cover of the unit. */
  const addCover = async (number: string, name: string, personal: string, serial: number): Promise<string> => {
    const { direct } = app.get(Database);
    const id = vault.memberId(personal);
    const data = { personalNumber: personal, name, phone: PHONE, bankAccount: bankAccount(serial), bankName: '模拟银行' };
    await direct.query(
      `insert into member (id, sealed, roster_hash, unit_id, insutype, created_at, updated_at) values ($1, $2, '', $3, '310', now(), now())`,
      [id, vault.seal(personalText(data)), UNIT_ID],
    );
    await direct.query(
      `insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, notice_id, started_at, enrolled_on)
       values ($1, gen_random_uuid(), $2, '2026-01-01', '2026-12-31', $3, $4, gen_random_uuid(), now(), '2025-10-09')`,
      [id, PLAN, number, `${COUNTY}${UNIT}/`],
    );
    return id;
  };

  beforeAll(async () => {
    today('2025-12-20');
    database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS]);
    const config = readConfig({
      DATABASE_URL: database.url,
      HUBAO_CLOCK_FILE: join(folder, 'clock'),
      HUBAO_MASTER_KEY: MASTER_KEY,
      PUBLIC_URL: 'https://aid.example.org/',
      TRUSTED_PROXIES: '127.0.0.1, ::1',
    });
    app = await createHttpApp(EnrolmentAppModule.forRoot(config), 'Hubao enrolment', config.trustedProxies);
    const log = (...what: unknown[]): void => void logged.push(...what);
    Logger.overrideLogger({ log, error: log, warn: log, debug: log, verbose: log, fatal: log });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    server = app.getHttpServer();
    await app.get(Database).direct.query(
      `insert into organisation (id, parent_id, kind, code, name, path) values
         ('00000000-0000-7000-8000-000000000001', null, 'region', '45', '某自治区', '/45/'),
         ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'county', '459999', '某县', $1),
         ($2, '00000000-0000-7000-8000-000000000002', 'unit', $3, '第一基层工会', $1 || $3 || '/')`,
      [COUNTY, UNIT_ID, UNIT],
    );
    const people = {
      member: await addCover(COVER, NAME, NUMBER, 1),
      neighbour: await addCover(NEIGHBOURS_COVER, '王某', NEIGHBOURS_NUMBER, 2),
    };
    for (const [who, memberId] of Object.entries(people)) {
      const principal = { userId: memberId, login: memberId, roles: ['member' as const], organisationPath: COUNTY, memberId };
      bearers[who] = (await app.get(Tokens).issue(principal)).token;
    }
    for (const [login, role, organisationPath] of [
      ['clerk', 'unit-clerk', `${COUNTY}${UNIT}/`],
      ['stranger', 'unit-clerk', '/45/459998/'],
      ['finance', 'finance-maker', '/'],
    ] as const) {
      await app.get(Accounts).create({ login, displayName: login, password: PASSWORD, roles: [role], organisationPath });
      bearers[login] = (await request(server).post('/login').send({ login, password: PASSWORD }).expect(200)).body.token;
    }
  });

  afterAll(async () => {
    Logger.overrideLogger(false);
    await app?.close();
    await database?.drop();
    clock.close();
    rmSync(folder, { recursive: true });
  });

  describe('is downloaded', () => {
    it('by the member, the same file as often as on that day', async () => {
      const first = await own('member', COVER).expect(200);
      expect(first.headers).toMatchObject({
        'content-type': 'application/pdf',
        'content-disposition': 'attachment; filename="certificate.pdf"',
        'cache-control': 'private, no-store',
      });
      expect(first.body.subarray(0, 5).toString()).toBe('%PDF-');
      const again = await own('member', COVER).expect(200);
      expect(again.body.equals(first.body)).toBe(true);
    });

    it('by the clerk of the unit, and it is the same', async () => {
      const [members, clerks] = [await own('member', COVER).expect(200), await ofUnit('clerk', COVER).expect(200)];
      expect(clerks.body.equals(members.body)).toBe(true);
    });

    it('by nobody else: what is out of reach cannot be told from what is not there', async () => {
      const refusals = [
        await own('neighbour', COVER).expect(404),
        await own('member', NO_COVER).expect(404),
        await own('member', encodeURIComponent("' or true --")).expect(404),
        await ofUnit('stranger', COVER).expect(404),
        await ofUnit('clerk', NO_COVER).expect(404),
      ];
      expect(new Set(refusals.map(({ text }) => text)).size).toBe(1);
      expect(refusals[0]!.body).toMatchObject({ title: 'cover', status: 404 });
      await own('clerk', COVER).expect(403);
      await ofUnit('member', COVER).expect(403);
      await ofUnit('finance', COVER).expect(403);
      await request(server).get(`/covers/${COVER}/certificate.pdf`).expect(401);
    });

    it('not of a cover that ended before it began', async () => {
      const end = (on: string | null, reason: string | null) =>
        app.get(Database).direct.query('update cover set ended_on = $2, end_reason = $3 where number = $1', [NEIGHBOURS_COVER, on, reason]);
      await end('2025-12-19', 'death');
      expect((await own('neighbour', NEIGHBOURS_COVER).expect(409)).headers['content-type']).toContain('application/problem+json');
      await end(null, null);
      await own('neighbour', NEIGHBOURS_COVER).expect(200);
    });

    it('and the access record names whose it was', async () => {
      const records = (await app.get(Audit).latest(1000)).filter(({ action }) => action.startsWith('certificate.'));
      const drawn = records.filter(({ subject }) => subject === vault.memberId(NUMBER));
      expect(new Set(drawn.map(({ actor, action }) => `${action} ${actor === vault.memberId(NUMBER) ? 'member' : 'clerk'}`))).toEqual(
        new Set(['certificate.read-own member', 'certificate.read clerk']),
      );
      expect(records.filter(({ outcome }) => outcome === 'denied')).toHaveLength(3);
    });
  });

  describe('is checked by anybody', () => {
    it('before the cover starts, while it holds, and when it has ended', async () => {
      const facts = {
        coverNumber: COVER,
        planId: PLAN,
        planTitle: { zh: '广西职工医疗互助保障互助1号（2025年度）' },
        coverFrom: '2026-01-01',
        coverTo: '2026-12-31',
      };
      const token = await issue();
      expect((await verify(token).expect(200)).body).toMatchObject({
        state: 'not-started',
        ...facts,
        checkedAt: '2025-12-20T02:00:00.000Z',
      });
      today('2026-01-01');
      expect((await verify(token).expect(200)).body).toMatchObject({ state: 'valid', ...facts });
      today('2027-01-01');
      const { body, headers } = await verify(token).expect(200);
      expect(body).toMatchObject({ state: 'ended', ...facts });
      expect(headers['cache-control']).toBe('no-store');
    });

    it('and a cover that the database does not have is unknown, though we signed it', async () => {
      for (const change of [{ number: NO_COVER }, { memberId: vault.memberId(NEIGHBOURS_NUMBER) }]) {
        const { body } = await verify(await issue(change)).expect(200);
        expect(body).toEqual({ state: 'unknown', checkedAt: expect.any(String), coverNumber: change.number ?? COVER });
      }
    });

    it('and one that was forged is said to be, with not a word of any cover', async () => {
      const [header, payload, signature] = (await issue()).split('.') as [string, string, string];
      const altered = Buffer.from(
        JSON.stringify({ ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), t: 20_991_231 }),
      ).toString('base64url');
      const elsewhere = new CertificateTokens(new PersonalDataVault(Buffer.alloc(32, 8).toString('base64')));
      const ofElsewhere = await elsewhere.issue((await tokens.read(await issue()))!);
      for (const token of [`${header}.${altered}.${signature}`, ofElsewhere, 'x', `${header}.${payload}.`]) {
        expect((await verify(token).expect(200)).body).toEqual({ state: 'forged', checkedAt: expect.any(String) });
      }
      await verify('').expect(422);
      await verify('x'.repeat(2001)).expect(422);
    });

    it('with the published key alone, too', async () => {
      const { body, headers } = await request(server).get('/.well-known/hubao-certificate-keys.json').expect(200);
      expect(headers['content-type']).toContain('application/json');
      const { payload } = await compactVerify(await issue(), createLocalJWKSet(body as JSONWebKeySet));
      expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({ n: COVER, p: PLAN, f: 20_260_101, t: 20_261_231 });
    });

    it('on a page that asks nothing of anybody else', async () => {
      const { text, headers } = await request(server).get('/verify').expect(200);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      const policy = headers['content-security-policy']!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
      for (const element of ['script', 'style']) {
        const inside = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(text)![1]!;
        expect(policy).toContain(`${element}-src 'sha256-${createHash('sha256').update(inside).digest('base64')}'`);
      }
      expect(text.match(/https?:|\bsrc=|@import|url\(|\son\w+=|\sstyle=/g)).toBeNull();
      expect(text.length).toBeLessThan(12_000);
    });
  });

  describe('is of the person', () => {
    it('with the number that was typed, however it was written, or it is not', async () => {
      const token = await issue({ number: `${PLAN}-2026-00000011` });
      const ask = async (number: string): Promise<unknown> => (await isHolder(token, number, '198.51.100.1').expect(200)).body;
      expect(await ask(` ${NUMBER.toLowerCase()}　`)).toEqual({ matches: true });
      expect(await ask(NEIGHBOURS_NUMBER)).toEqual({ matches: false });
      expect(await ask('nonsense')).toEqual({ matches: false });
    });

    it('but not by a token that was forged', async () => {
      const { body } = await isHolder('x.y.z', NUMBER, '198.51.100.2').expect(404);
      expect(body.title).toBe('certificate');
    });

    it('and a cover is asked about ten times a day, from wherever and with whichever of its certificates', async () => {
      const number = `${PLAN}-2026-00000012`;
      const [first, second] = [await issue({ number }), await issue({ number, issuedOn: civilDate('2026-12-31') })];
      for (let i = 0; i < 10; i++) await isHolder(i % 2 ? first : second, NEIGHBOURS_NUMBER, `198.51.100.${10 + i}`).expect(200);
      // The right number as well: the answer must not depend on it.
      const refusal = await isHolder(first, NUMBER, '198.51.100.20').expect(429);
      expect(refusal.headers['content-type']).toContain('application/problem+json');
      expect(Number(refusal.headers['retry-after'])).toBeGreaterThan(80_000);
      expect(Number(refusal.headers['retry-after'])).toBeLessThanOrEqual(86_400);
      expect(refusal.body).toMatchObject({ title: 'holder-checks', status: 429 });
      await isHolder(await issue({ number: `${PLAN}-2026-00000013` }), NUMBER, '198.51.100.20').expect(200);
    });

    it('and an address asks thirty times an hour, forged tokens counted', async () => {
      for (let i = 0; i < 30; i++) await isHolder('x', NUMBER, '203.0.113.7').expect(404);
      const refusal = await isHolder(await issue({ number: `${PLAN}-2026-00000014` }), NUMBER, '203.0.113.7').expect(429);
      expect(Number(refusal.headers['retry-after'])).toBeGreaterThan(3000);
      await isHolder(await issue({ number: `${PLAN}-2026-00000014` }), NUMBER, '203.0.113.8').expect(200);
    });
  });

  it('is not asked about more often by who only says that he is others', async () => {
    const config = readConfig({ DATABASE_URL: database.url, HUBAO_CLOCK_FILE: join(folder, 'clock'), HUBAO_MASTER_KEY: MASTER_KEY });
    const bare = await createHttpApp(EnrolmentAppModule.forRoot(config), 'Hubao enrolment', config.trustedProxies);
    await bare.init();
    await bare.getHttpAdapter().getInstance().ready();
    const ask = (from: number) =>
      request(bare.getHttpServer())
        .post('/certificates/verification/holder')
        .set('x-forwarded-for', `203.0.113.${from}`)
        .send({ token: 'x', personalNumber: NUMBER });
    try {
      for (let i = 1; i <= 30; i++) await ask(i).expect(404);
      await ask(31).expect(429);
    } finally {
      await bare.close();
    }
  });

  it('leaves no personal data in an answer, a log or the access record', async () => {
    const token = await issue();
    const [header, payload] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    const answers = [
      await verify(token),
      await isHolder(await issue({ number: `${PLAN}-2026-00000015` }), NUMBER, '198.51.100.30'),
      await isHolder('x', NUMBER, '198.51.100.30'),
      await isHolder('x', '', '198.51.100.30'),
      await ofUnit('stranger', COVER),
      await request(server).get('/.well-known/hubao-certificate-keys.json'),
    ].map(({ text }) => text);
    // Something went wrong on purpose, so that there is a log to look at.
    Logger.error('a line');
    expect(logged).toContain('a line');
    const said = JSON.stringify([header, payload, answers, logged, await app.get(Audit).latest(1000)]);
    for (const secret of [NAME, NUMBER, NUMBER.slice(6, 14), PHONE, bankAccount(1)]) expect(said).not.toContain(secret);
    expect(JSON.stringify([token, answers, logged])).not.toContain(vault.memberId(NUMBER));
  });
});
