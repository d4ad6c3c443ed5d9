/** Whatever somebody sends to whichever route, it is answered or refused: never a failure of ours, and never repeated in the answer. */
import { FEED_PUSH } from '@app/contracts';
import { createHttpApp, Database, readConfig, ROLES, Tokens, type Principal } from '@app/platform';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClaimsAppModule } from '../../apps/claims/src/claims-app.module.js';
import { EnrolmentAppModule } from '../../apps/enrolment/src/enrolment-app.module.js';
import { MIGRATIONS } from '../../apps/standalone/src/schema.js';
import { anyJson } from '../support/any-json.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const RUNS = 40;
const SECRET = '45991219771109302X';
const WINDOW = '0197a3c2-0000-7000-8000-00000000000a';
const MEMBER = '9f1c6f4e-6a0e-5b52-8f65-2f2f3c0a77e1';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: 'path' | 'query' | 'header' }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas?: Readonly<Record<string, Schema>> };
}
interface Route {
  readonly app: 'claims' | 'enrolment';
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
  readonly description: Description;
}

const describedIn = (app: Route['app']): Description =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../../docs/api/${app}.openapi.json`), 'utf8')) as Description;

const routes = (['claims', 'enrolment'] as const).flatMap((app) => {
  const description = describedIn(app);
  return Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Route => ({ app, method: method.toUpperCase(), path, operation, description })),
  );
});
// An event stream has no end to wait for.
const answered = routes.filter(({ path }) => !path.endsWith('/events'));

/** A plan, and what is chosen among its options, is quoted to its author, who has to find the place; nobody's data are in one. */
const QUOTING = new Set(['/plan-versions', '/rehearsals', '/quotes']);

/** A text that stands in an address: often one that is known there, sometimes one that nothing can be made of. */
const inAddress = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(WINDOW, MEMBER, '1', '81459999MA0000245H', 'guangxi-1-2025', '2025-03-03') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1 }).map(encodeURIComponent) },
  { weight: 1, arbitrary: fc.constantFrom('%00', '%ED%A0%80', '%zz', '%2F..%2F', '-1', '1e99', '9'.repeat(400), SECRET) },
);

const INSTANTS = ['2025-09-01T00:00:00+08:00', '2026-W01-1T00:00:00Z', '20260101T000000Z', '+2026-01-01T00:00:00Z', '9999-12-31T23:59:59Z'];
const FEN = [0, 1, 10_000, 2 ** 53, 1e300, -1, 0.5];
/** What the description does not say, but the name of a field tells. */
const byName = (name: string): fc.Arbitrary<unknown> => {
  if (name.endsWith('Id')) return fc.constantFrom(WINDOW, MEMBER);
  if (name.endsWith('At')) return fc.constantFrom(...INSTANTS);
  if (/On$|^on$|From$|To$/.test(name)) return fc.constantFrom('2025-03-03', '2026-12-31', '2025-02-30');
  if (/digest|hash/i.test(name)) return fc.constant('a'.repeat(64));
  return fc.oneof(inAddress, fc.constantFrom(SECRET, '甲'));
};

const example = (schema: Schema, description: Description, name = ''): fc.Arbitrary<unknown> => {
  const named = schema.$ref ? description.components.schemas?.[schema.$ref.split('/').at(-1)!] : schema;
  if (!named) return anyJson;
  const often = (arbitrary: fc.Arbitrary<unknown>) => fc.oneof({ weight: 8, arbitrary }, { weight: 1, arbitrary: anyJson });
  if (name.endsWith('Fen')) return often(fc.constantFrom(...FEN));
  if (named.example !== undefined) return often(fc.constant(named.example));
  if (named.enum) return often(fc.constantFrom(...named.enum));
  if (named.type === 'array') return often(fc.array(example(named.items ?? {}, description, name.replace(/s$/, '')), { maxLength: 3 }));
  if (named.properties) {
    const properties = Object.entries(named.properties).map(([field, one]) => [field, example(one, description, field)] as const);
    return fc.oneof(
      { weight: 6, arbitrary: fc.record(Object.fromEntries(properties)) },
      { weight: 3, arbitrary: fc.record(Object.fromEntries(properties), { requiredKeys: [] }) },
      { weight: 1, arbitrary: fc.constantFrom([], [[]], [{}]) },
    );
  }
  if (named.type === 'object')
    return fc.oneof(anyJson, fc.dictionary(fc.constantFrom('x', SECRET), fc.constantFrom(SECRET, 1), { maxKeys: 2 }));
  if (named.type === 'number' || named.type === 'integer') return often(fc.integer());
  if (named.type === 'boolean') return often(fc.boolean());
  return often(byName(name));
};

const bodyOf = ({ operation, description }: Route): fc.Arbitrary<{ type: string; text: string }> => {
  const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const json = (value: unknown) => ({ type: 'application/json', text: JSON.stringify(value) });
  return fc.oneof(
    { weight: 8, arbitrary: (schema ? example(schema, description) : anyJson).map(json) },
    { weight: 2, arbitrary: anyJson.map(json) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constantFrom('application/json', 'application/x-ndjson', 'text/csv', 'application/octet-stream', 'text/plain'),
        text: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '{', `{"name":"${SECRET}`, '姓名,身份证号\n甲,1')),
      }),
    },
  );
};

const requestTo = (route: Route) => {
  const of = (where: 'path' | 'query' | 'header') => (route.operation.parameters ?? []).filter((parameter) => parameter.in === where);
  const values = (where: 'path' | 'query' | 'header') => fc.record(Object.fromEntries(of(where).map(({ name }) => [name, inAddress])));
  return fc.record({
    path: values('path'),
    query: fc.oneof(
      values('query'),
      // Left out, given twice, or of another name.
      fc.constantFrom('', 'a=1&a=2', ...of('query').flatMap(({ name }) => [`${name}=1&${name}=2`, `${name}[a]=1`, name])),
    ),
    headers: values('header'),
    body: route.method === 'GET' ? fc.constant(undefined) : bodyOf(route),
    feedLine: fc.constantFrom(undefined, undefined, '1', '3000000000', '1e300', 'x'),
    // Most routes are for one of the two.
    member: fc.constantFrom(...(/^\/members\/me|joins/.test(route.path) ? [true, true, true, false] : [false, false, false, true])),
  });
};

let database: TestDatabase;
const apps = {} as Record<Route['app'], NestFastifyApplication>;
const urls = {} as Record<Route['app'], string>;
const tokens = {} as Record<'staff' | 'member', string>;

beforeAll(async () => {
  database = await createTestDatabase(MIGRATIONS);
  const config = readConfig({ DATABASE_URL: database.url, HUBAO_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
  apps.enrolment = await createHttpApp(EnrolmentAppModule.forRoot(config), 'Hubao enrolment');
  apps.claims = await createHttpApp(ClaimsAppModule.forRoot(config), 'Hubao claims');
  for (const app of Object.values(apps)) {
    await app.listen(0, '127.0.0.1');
  }
  urls.claims = await apps.claims.getUrl();
  urls.enrolment = await apps.enrolment.getUrl();
  const enrolment = apps.enrolment;
  const issue = async (principal: Principal) => (await enrolment.get(Tokens).issue(principal)).token;
  tokens.staff = await issue({ userId: WINDOW, login: 'staff', roles: ROLES.filter((role) => role !== 'member'), organisationPath: '/' });
  tokens.member = await issue({ userId: MEMBER, login: MEMBER, roles: ['member'], organisationPath: '/45/', memberId: MEMBER });
  const db = enrolment.get(Database).direct;
  await db.query(
    `insert into organisation (id, parent_id, kind, code, name, path) values
       ('0197a3c2-0000-7000-8000-000000000001', null, 'region', '45', '区', '/45/'),
       ('0197a3c2-0000-7000-8000-000000000002', '0197a3c2-0000-7000-8000-000000000001', 'unit', '81459999MA0000245H', '甲', '/45/81459999MA0000245H/')`,
  );
  await db.query(
    `with p as (insert into cover_period values (gen_random_uuid(), 'guangxi-1', '2025-01-01', '2025-12-31') returning *)
     insert into enrolment_window (id, plan_id, organisation_id, opens_at, closes_at, period_id, cover_from, cover_to, contribution_fen,
       member_share_fen, unit_share_fen, fund_share_fen)
     select '${WINDOW}', 'guangxi-1-2025', '0197a3c2-0000-7000-8000-000000000001', now() - interval '1 day', now() + interval '1 day', id,
       cover_from, cover_to, 10000, 10000, 0, 0 from p`,
  );
});

afterAll(async () => {
  for (const app of Object.values(apps)) await app.close();
  await database?.drop();
});

it.each(answered.map((route) => [route.app, route.method, route.path, route] as const))('%s %s %s', async (_app, _method, _path, route) => {
  await fc.assert(
    fc.asyncProperty(requestTo(route), async ({ path, query, headers, body, feedLine, member }) => {
      const asked = typeof query === 'string' ? query : new URLSearchParams(query as Record<string, string>).toString();
      const url = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (path as Record<string, string>)[name]!);
      const answer = await fetch(urls[route.app] + (asked === '' ? url : `${url}?${asked}`), {
        method: route.method,
        headers: {
          ...(headers as Record<string, string>),
          authorization: `Bearer ${member ? tokens.member : tokens.staff}`,
          ...(body && { 'content-type': body.type }),
          ...(feedLine && { [FEED_PUSH.lineHeader]: feedLine }),
        },
        ...(body && { body: body.text }),
      });
      const text = await answer.text();
      expect([answer.status, answer.status === 500 ? text : '']).toEqual([answer.status, '']);
      if (answer.status >= 400 && !QUOTING.has(route.path)) expect(text).not.toContain(SECRET);
      if (answer.status >= 400) expect(answer.headers.get('content-type')).toContain('application/problem+json');
    }),
    { numRuns: RUNS },
  );
});

it('asks every route but the streams', () => {
  expect(routes.length - answered.length).toBe(3);
  expect(answered.length).toBeGreaterThan(80);
});

const REFUND = { creditId: WINDOW, amountFen: 10_000, bankAccount: '6228480402564890018', bankName: '模拟银行', reason: '重复缴费' };
const NEW_WINDOW = {
  planId: 'guangxi-1-2025',
  organisationCode: '45',
  opensAt: '2025-09-01T00:00:00+08:00',
  closesAt: '2025-12-11T00:00:00+08:00',
  coverFrom: '2030-01-01',
  coverTo: '2030-12-31',
  contributionFen: 10_000,
};
const MATCHES = `/contributions/suspense/${WINDOW}/matches`;
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
it.each<[string, string, object | string | undefined, number, string]>([
  ['a NUL in an address', '/covers/%00', undefined, 422, 'request'],
  ['an address that cannot be read', '/covers/%zz', undefined, 400, 'unreadable-request'],
  ['an address that leads nowhere', `/covers/nobody/${SECRET}`, undefined, 404, 'route'],
  ['an id that is none', `/rosters/${SECRET}`, undefined, 400, 'unreadable-request'],
  ['null for what may be left out', '/organisations', { kind: 'region', code: '46', name: '某省', parentCode: null }, 422, 'request'],
  ['a refund of two things', '/contributions/refunds', { ...REFUND, doubleId: WINDOW }, 422, 'refund-cause'],
  ['a refund of a list', '/contributions/refunds', { ...REFUND, doubleId: [] }, 422, 'request'],
  ['a refund of nothing', '/contributions/refunds', { ...REFUND, creditId: undefined, amountFen: undefined }, 422, 'request'],
  ['a refund of more than there is', '/contributions/refunds', { ...REFUND, amountFen: 2 ** 53 }, 422, 'request'],
  ['a match of a list', MATCHES, { matches: [[]] }, 422, 'request'],
  ['a match of nothing', MATCHES, { matches: [null] }, 422, 'request'],
  ['a match of one notice twice', MATCHES, { matches: [1, 1].map((amountFen) => ({ noticeId: WINDOW, amountFen })) }, 422, 'request'],
  ['shares in a list', '/windows', { ...NEW_WINDOW, shares: [{ memberFen: 10_000, unitFen: 0, fundFen: 0 }] }, 422, 'request'],
  ['an instant by weeks', '/windows', { ...NEW_WINDOW, opensAt: '2026-W01-1T00:00:00Z' }, 422, 'request'],
  ['a day that does not exist', '/windows', { ...NEW_WINDOW, coverTo: '2030-02-30' }, 422, 'request'],
  [
    'a window that closes when its cover has ended',
    '/windows',
    { ...NEW_WINDOW, coverFrom: '2025-01-01', coverTo: '2025-12-10' },
    422,
    'window-dates',
  ],
  ['a reason of spaces', `/windows/${WINDOW}/extensions`, { closesAt: NEW_WINDOW.closesAt, reason: ' \u3000' }, 422, 'request'],
  ['a body of a hundred levels', '/login', deep(100), 422, 'unreadable-request'],
  ['a body of ten thousand levels', '/login', deep(10_000), 422, 'unreadable-request'],
  ['a body larger than a login is', '/login', deep(40_000), 413, 'unreadable-request'],
  ['a body that breaks off', '/login', `{"login":"${SECRET}`, 400, 'unreadable-request'],
])('%s is refused', async (_, path, body, status, title) => {
  const answer = await fetch(urls.enrolment + path, {
    headers: { authorization: `Bearer ${tokens.staff}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([status, expect.stringContaining('application/problem+json')]);
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({ type: `urn:hubao:${title}`, title, status });
  expect(text).not.toContain(SECRET);
});

it('reads a large body from nobody who has not logged in', async () => {
  const send = (bearer: string | undefined) =>
    fetch(`${urls.claims}/plan-versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) },
      body: JSON.stringify({ content: 'x'.repeat(400_000) }),
    });
  expect((await send(undefined)).status).toBe(401);
  // Read, and refused for what it is.
  expect((await send(tokens.staff)).status).toBe(422);
});
