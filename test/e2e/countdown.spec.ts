/** The countdown over HTTP: read, followed as server-sent events by many, moved by two people. */
import { addRostered, CountdownReader, ENROLMENT_MIGRATIONS, WindowService } from '@app/enrolment';
import { civilDate, Clock, fen } from '@app/kernel';
import { Ledger1700000001000 } from '@app/ledger';
import { Accounts, createHttpApp, Database, Platform1700000000000, readConfig, type Config } from '@app/platform';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { EnrolmentAppModule } from '../../apps/enrolment/src/enrolment-app.module.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const PASSWORD = 'a long enough password';
const UNIT = '91350100M000100Y43';
const DAY_MS = 86_400_000;
const NOWHERE = '0197a3c2-0000-7000-8000-000000000000';

interface Event {
  readonly id: number;
  readonly data: {
    readonly secondsLeft: number;
    readonly enrolled?: number;
    readonly node?: { enrolled: number };
    readonly children?: object[];
  };
}

/** Follows a stream over a bare socket. */
class Follower {
  private readonly socket: Socket;
  text = '';
  closed = false;

  constructor(port: number, path: string, headers: Readonly<Record<string, string>>) {
    const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket = connect(port, '127.0.0.1', () => this.socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`));
    this.socket.on('data', (data) => (this.text += data.toString()));
    this.socket.on('close', () => (this.closed = true));
    this.socket.on('error', () => {});
  }

  get events(): Event[] {
    return [...this.text.matchAll(/^id: (\d+)\ndata: (.*)\n\n/gm)].map(([, id, data]) => ({ id: Number(id), data: JSON.parse(data!) }));
  }

  async until(count: number): Promise<Event[]> {
    for (let waited = 0; this.events.length < count && waited < 200; waited++) await sleep(50);
    return this.events;
  }

  close(): void {
    this.socket.destroy();
  }
}

describe('the countdown', () => {
  let database: TestDatabase;
  let config: Config;
  let app: NestFastifyApplication;
  let port: number;
  let windowId: string;
  let unitId: string;
  const tokens: Record<string, string> = {};

  const start = async (at = 0) => {
    app = await createHttpApp(EnrolmentAppModule.forRoot(config), 'Hubao enrolment');
    await app.listen(at, '127.0.0.1');
    port = (app.getHttpServer().address() as AddressInfo).port;
  };
  const as = (who: string) => ({ authorization: `Bearer ${tokens[who]}` });
  const send = (who: string, method: 'post' | 'put', path: string, body: object) =>
    request(app.getHttpServer())[method](path).set(as(who)).send(body);
  const get = (who: string, path: string) => request(app.getHttpServer()).get(path).set(as(who));
  const follow = (who: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
    new Follower(port, path, { ...(who ? as(who) : {}), ...headers });
  const enrol = (people: number) => app.get(Database).transaction((tx) => addRostered(tx, windowId, new Map([[unitId, people]])));
  const events = () => `/windows/${windowId}/countdown/events`;

  beforeAll(async () => {
    database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS]);
    config = readConfig({ DATABASE_URL: database.url, HUBAO_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
    await start();
    const people = [
      ['admin', 'administrator', '/'],
      ['admin-2', 'administrator', '/'],
      ['leader', 'leader', '/'],
      ['clerk', 'unit-clerk', '/45/459999/'],
      ['stranger', 'unit-clerk', '/45/459998/'],
    ] as const;
    for (const [login, role, organisationPath] of people) {
      await app.get(Accounts).create({ login, displayName: login, password: PASSWORD, roles: [role], organisationPath });
      tokens[login] = (await app.get(Accounts).login(login, PASSWORD)).token;
    }
    await send('admin', 'post', '/organisations', { kind: 'region', code: '45', name: '某自治区' }).expect(201);
    for (const code of ['459999', '459998'])
      await send('admin', 'post', '/organisations', { kind: 'county', code, name: `某${code}`, parentCode: '45' }).expect(201);
    unitId = (await send('admin', 'post', '/organisations', { kind: 'unit', code: UNIT, name: '某单位', parentCode: '459999' }).expect(201))
      .body.id;
    const now = app.get(Clock).now().getTime();
    const { id } = await app.get(WindowService).create({
      planId: 'guangxi-1-2025',
      organisationCode: '45',
      opensAt: new Date(now - DAY_MS),
      closesAt: new Date(now + DAY_MS),
      coverFrom: civilDate('2099-01-01'),
      coverTo: civilDate('2099-12-31'),
      contributionFen: fen(10_000),
    });
    windowId = id;
  });

  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it('counts towards targets, for everybody within reach', async () => {
    await send('clerk', 'put', `/windows/${windowId}/targets`, []).expect(403);
    const wrong = await send('admin', 'put', `/windows/${windowId}/targets`, [{ organisationCode: UNIT, headcount: -1, secret: 1 }]).expect(
      422,
    );
    expect(JSON.stringify(wrong.body)).not.toContain('secret');
    await send('admin', 'put', `/windows/${windowId}/targets`, { organisationCode: UNIT }).expect(422);
    await send('admin', 'put', `/windows/${windowId}/targets`, [{ organisationCode: 'X', headcount: 1 }]).expect(422);
    await send('admin', 'put', `/windows/${windowId}/targets`, [{ organisationCode: UNIT, headcount: 8 }]).expect(204);
    await send('admin', 'post', `/windows/${windowId}/targets/from-last`, {}).expect(404);
    await enrol(3);
    const { body } = await get('leader', `/windows/${windowId}/countdown`).expect(200);
    expect(body).toMatchObject({
      state: 'open',
      node: { code: '45', enrolled: 3, target: 8, percent: 37.5, missing: 5 },
      children: [
        { code: '459999', enrolled: 3 },
        { code: '459998', target: null },
      ],
    });
    expect((await get('clerk', `/windows/${windowId}/countdown`).expect(200)).body).toMatchObject({
      node: { code: '459999' },
      children: [{ code: UNIT, kind: 'unit', enrolled: 3, target: 8 }],
    });
    await get('clerk', `/windows/${windowId}/countdown?node=459998`).expect(403);
    await get('stranger', `${events()}?node=459999`).expect(403);
    await get('leader', `/windows/${windowId}/countdown?node=X`).expect(404);
    await get('leader', `/windows/${NOWHERE}/countdown/events`).expect(404);
    await request(app.getHttpServer()).get(events()).expect(401);
  });

  it('tells the public the whole and no organisation', async () => {
    const answer = await request(app.getHttpServer()).get(`/public/windows/${windowId}/countdown`).expect(200);
    expect(answer.headers['cache-control']).toBe('public, max-age=1');
    expect(answer.body).toMatchObject({ state: 'open', enrolled: 3, target: 8, percent: 37.5, missing: 5 });
    expect(Object.keys(answer.body as object)).toHaveLength(9);
    await request(app.getHttpServer()).get(`/public/windows/${NOWHERE}/countdown`).expect(404);
    await request(app.getHttpServer()).head(`/public/windows/${windowId}/countdown/events`).expect(200);
  });

  it('is told every second to everybody, at the cost of one query, and of none when nobody listens', async () => {
    const look = jest.spyOn(app.get(CountdownReader), 'look');
    const followers = [
      follow('leader', events()),
      follow('leader', `${events()}?node=459999`),
      follow('clerk', events()),
      ...Array.from({ length: 20 }, () => follow('', `/public/windows/${windowId}/countdown/events`)),
    ];
    try {
      await Promise.all(followers.map((follower) => follower.until(1)));
      look.mockClear();
      await enrol(1);
      await sleep(4_000);
      expect(look.mock.calls.length).toBeGreaterThanOrEqual(3);
      expect(look.mock.calls.length).toBeLessThanOrEqual(5);
      for (const follower of followers) {
        const seen = await follower.until(4);
        expect(follower.text).toContain('content-type: text/event-stream');
        expect(follower.text).toContain('retry: 2000\n');
        expect(seen.slice(1).every(({ id }, i) => id > seen[i]!.id)).toBe(true);
        const { data } = seen.at(-1)!;
        expect(data.node?.enrolled ?? data.enrolled).toBe(4);
        expect(data.secondsLeft).toBeLessThan(seen[0]!.data.secondsLeft);
      }
      expect(followers[0]!.events[0]!.data).not.toHaveProperty('children');
      expect(followers[1]!.events[0]!.data.children).toHaveLength(1);
    } finally {
      for (const follower of followers) follower.close();
    }
    await sleep(200);
    look.mockClear();
    await sleep(1_500);
    expect(look.mock.calls).toEqual([]);
    look.mockRestore();
  });

  it('goes on after the server has been started again, with what the database says', async () => {
    const before = follow('leader', events());
    const seen = await before.until(2);
    const old = port;
    const closing = performance.now();
    await app.close();
    expect(performance.now() - closing).toBeLessThan(2_000);
    for (let waited = 0; !before.closed && waited < 20; waited++) await sleep(50);
    expect(before.closed).toBe(true);
    await start(old);
    await enrol(1);
    const after = follow('leader', events(), { 'last-event-id': String(seen.at(-1)!.id) });
    try {
      const [next] = await after.until(1);
      expect(next!.id).toBeGreaterThan(seen.at(-1)!.id);
      expect(next!.data.node!.enrolled).toBe(5);
    } finally {
      after.close();
    }
  });

  it('of a second that was seen is not told again', async () => {
    const first = follow('', `/public/windows/${windowId}/countdown/events`);
    const [{ id }] = (await first.until(1)) as [Event];
    const again = follow('', `/public/windows/${windowId}/countdown/events`, { 'last-event-id': String(id + 1) });
    const [next] = await again.until(1);
    expect(next!.id).toBeGreaterThan(id);
    first.close();
    again.close();
  });

  it('closes later only when two people say so', async () => {
    const closesAt = new Date(app.get(Clock).now().getTime() + 3 * DAY_MS).toISOString();
    const path = `/windows/${windowId}/extensions`;
    await send('clerk', 'post', path, { closesAt, reason: '寒潮' }).expect(403);
    await send('leader', 'post', path, { closesAt, reason: '寒潮' }).expect(403);
    await send('admin', 'post', path, { closesAt: '2099-01-01', reason: '寒潮' }).expect(422);
    expect((await send('admin', 'post', path, { closesAt: '2100-01-01T00:00:00+08:00', reason: '寒潮' }).expect(409)).body).toMatchObject({
      title: 'extension-after-cover',
    });
    const { id } = (await send('admin', 'post', path, { closesAt, reason: ' 寒潮 ' }).expect(201)).body as { id: string };
    const refused = await send('admin', 'post', `${path}/${id}/approval`, {}).expect(403);
    expect(refused.body).toMatchObject({ title: 'same-person', detail: expect.stringMatching(/expected .* found .*; ask/) });
    await send('clerk', 'post', `${path}/${id}/approval`, {}).expect(403);
    expect((await send('admin-2', 'post', `${path}/${id}/approval`, {}).expect(200)).body).toEqual({ closesAt });
    await send('leader', 'post', `${path}/${id}/approval`, {}).expect(409);
    expect((await get('leader', path).expect(200)).body).toMatchObject([{ id, closesAt, reason: '寒潮' }]);
    expect((await get('leader', `/windows/${windowId}/countdown`).expect(200)).body).toMatchObject({ closesAt });
  });

  it('is counted anew from the enrolments by an administrator', async () => {
    const path = `/windows/${windowId}/recount`;
    await send('clerk', 'post', path, {}).expect(403);
    await send('admin', 'post', `/windows/${NOWHERE}/recount`, {}).expect(404);
    // Counted here without anybody enrolled.
    expect((await send('admin', 'post', path, {}).expect(200)).body).toEqual({ differed: 1 });
    expect((await get('leader', `/windows/${windowId}/countdown`).expect(200)).body.node).toMatchObject({ enrolled: 0 });
    expect((await send('admin', 'post', path, {}).expect(200)).body).toEqual({ differed: 0 });
  });
});
