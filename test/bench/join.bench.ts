/**
 * Members who join alone, over HTTP, from another process. The floor is a bare Fastify route that inserts one row and commits, with as many
 * connections to the database; ours is a confirm and a notification of its payment: checked, written, paid, booked, enrolled, counted and covered.
 * The same once more where a flush to disk takes as long as on many a machine that is not a bench. Then what a person feels at four fifths of
 * the first, and what is left of it when five times as many come.
 */
import { ENROLMENT_MIGRATIONS, JoinPaymentService, OrganisationService, PhonePay, WindowService } from '@app/enrolment';
import { civilDate, Clock, fen } from '@app/kernel';
import { Ledger1700000001000 } from '@app/ledger';
import { BACKLOG, createHttpApp, Database, Platform1700000000000, readConfig, SystemClock, Tokens } from '@app/platform';
import Fastify from 'fastify';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Pool } from 'pg';
import { EnrolmentAppModule } from '../../apps/enrolment/src/enrolment-app.module.js';
import { FAKE_KEY, FakePhonePay } from '../support/fake-phone-pay.js';
import { createTestDatabase } from '../support/test-database.js';
import { median, type Measured } from './measure.js';

const MEMBERS = 130_000;
const UNITS = 300;
/** A crowd: all of them ask again as soon as they are answered, at both. */
const CONNECTIONS = 1_000;
/** As PlatformModule has it. */
const POOL = 10;
/** Of a disk behind a network, or one that turns: where a commit costs something, many in one cost as much. */
const SLOW_FLUSH_MS = 4;
const SLOW_RUNS = 3;
const RUNS = 5;
const RUN_SECONDS = 3;
/** Of a server that has just been started most of the time goes into compiling its code. */
const WARM_SECONDS = 8;
/** Of the peak. */
const STEADY = 0.8;
const STEADY_SECONDS = 3;
/** Of the last minutes. The first second of it goes into hearing a crowd that comes at once. */
const OVERLOAD_SECONDS = 30;
const OVERLOAD = 5;
const STEADY_CONNECTIONS = 2_000;
/** As many as are held at once, and more than are worked through in a second: a smaller crowd would wait for its own connections only. */
const CROWD_CONNECTIONS = 8_000;
const P99_MS = 200;
const DAY_MS = 86_400_000;

interface Run {
  readonly kind: 'closed' | 'open';
  readonly port: number;
  /** Of the confirm; unset is the floor's route. */
  readonly windowId?: string;
  readonly connections: number;
  readonly seconds: number;
  /** Arrivals a second, of an open run. */
  readonly rate?: number;
}
interface Ran {
  /** Enrolments, or requests of the floor, that were done within the seconds. */
  readonly done: number;
  readonly confirmP99: number;
  readonly notifyP99: number;
  readonly waited: number;
  readonly turnedAway: number;
  readonly failed: number;
  readonly failures: readonly string[];
}

export async function joinBench(databaseUrl: string): Promise<Measured[]> {
  const database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS], databaseUrl);
  const config = readConfig({ DATABASE_URL: database.url, HUBAO_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
  const phonePay = new FakePhonePay(new SystemClock());
  const app = await createHttpApp(EnrolmentAppModule.forRoot(config, { provide: PhonePay, useValue: phonePay }), 'bench');
  const floor = await startFloor(database.url);
  const folder = mkdtempSync(join(tmpdir(), 'hubao-join-'));
  let crowd: ChildProcess | undefined;
  try {
    await app.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG });
    const db = app.get(Database);
    const people = await makePeople(db, app.get(OrganisationService));
    // One after the other: all at once would leave the server a gigabyte to collect while it is measured.
    const tokens: string[] = [];
    for (const { id } of people) {
      const { token } = await app.get(Tokens).issue({ userId: id, login: id, roles: ['member'], organisationPath: '/45/', memberId: id });
      tokens.push(token);
    }
    writeFileSync(join(folder, 'tokens'), tokens.join('\n'));
    crowd = spawn(process.execPath, ['-e', CROWD, join(folder, 'tokens'), FAKE_KEY], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const tell = crowd;
    const run = async (one: Run): Promise<Ran> => {
      tell.send(one);
      const [ran] = (await once(tell, 'message')) as [Ran];
      // Of nobody who was served, the times would be the best there are.
      if (ran.done === 0) throw new Error(`expected somebody to be served, found nobody: ${JSON.stringify(ran)}`);
      if (ran.failed > 0) throw new Error(`expected no failed request, found ${ran.failed}: ${ran.failures.join('; ')}`);
      return ran;
    };
    const { port } = app.getHttpServer().address() as AddressInfo;
    let year = 2031;
    const newWindow = () => makeWindow(app.get(WindowService), app.get(Clock).now(), year++);
    const closed = { kind: 'closed', connections: CONNECTIONS, seconds: RUN_SECONDS } as const;

    const open = async (rate: number, seconds: number, connections: number): Promise<Ran> =>
      run({
        kind: 'open',
        port,
        windowId: await newWindow(),
        connections,
        seconds,
        rate,
      });

    const [floors, owns]: [number[], number[]] = [[], []];
    const steady: Ran[] = [];
    const crowded: Ran[] = [];
    for (let i = 0; i <= RUNS; i++) {
      const seconds = i === 0 ? WARM_SECONDS : RUN_SECONDS;
      const floorRan = await run({ ...closed, seconds, port: floor.port });
      const ownRan = await run({ ...closed, seconds, port, windowId: await newWindow() });
      if (i === 0) continue;
      floors.push(floorRan.done / RUN_SECONDS);
      const own = ownRan.done / RUN_SECONDS;
      owns.push(own);
      // Beside the peak that they are shares of: a machine may be slower a minute later.
      steady.push(await open(own * STEADY, STEADY_SECONDS, STEADY_CONNECTIONS));
      crowded.push(await open(own * OVERLOAD, OVERLOAD_SECONDS, CROWD_CONNECTIONS));
    }
    const slow: { floor: number; own: number }[] = [];
    await setFlush(db, SLOW_FLUSH_MS);
    for (let i = 0; i < SLOW_RUNS; i++) {
      const floorRan = await run({ ...closed, port: floor.port });
      const ownRan = await run({ ...closed, port, windowId: await newWindow() });
      slow.push({ floor: floorRan.done / RUN_SECONDS, own: ownRan.done / RUN_SECONDS });
    }
    await setFlush(db, 0);
    await finish(db, phonePay);

    const peak = median(owns);
    const goodputs = crowded.map(({ done }) => done / OVERLOAD_SECONDS);
    const sum = (name: 'waited' | 'turnedAway') => crowded.reduce((all, ran) => all + ran[name], 0);
    const per1000 = (aSecond: number): number => 1_000_000 / aSecond;
    return [
      {
        name: `1,000 joins, confirmed and paid (${Math.round(peak)}/s), against 1,000 bare inserts (${Math.round(median(floors))}/s)`,
        floorMs: per1000(median(floors)),
        ownMs: per1000(peak),
        ratio: median(owns.map((own, i) => floors[i]! / own)),
        limit: 1,
      },
      {
        name: '1,000 requests of those joins, of which each needs two, against 1,000 bare inserts',
        floorMs: per1000(median(floors)),
        ownMs: per1000(2 * peak),
        ratio: median(owns.map((own, i) => floors[i]! / (2 * own))),
        limit: 1,
      },
      {
        name: `1,000 joins against 1,000 bare inserts where a flush takes ${SLOW_FLUSH_MS} ms more`,
        floorMs: per1000(median(slow.map((ran) => ran.floor))),
        ownMs: per1000(median(slow.map((ran) => ran.own))),
        ratio: median(slow.map((ran) => ran.floor / ran.own)),
        limit: 1,
      },
      p99(`p99 of a confirm at ${STEADY} of that`, steady, 'confirmP99'),
      p99('p99 of a notification at that', steady, 'notifyP99'),
      {
        name: `1,000 joins while ${OVERLOAD} times as many come (${sum('waited')} got a place in the line, ${sum('turnedAway')} were turned away)`,
        floorMs: per1000(peak),
        ownMs: per1000(median(goodputs)),
        ratio: median(goodputs.map((goodput, i) => owns[i]! / goodput)),
        limit: 1.11,
      },
    ];
  } finally {
    crowd?.kill();
    rmSync(folder, { recursive: true, force: true });
    await floor.close();
    await app.close();
    await database.drop();
  }
}

/** How much longer a flush takes, for everybody: PostgreSQL waits so long before it begins one, and whoever comes meanwhile is in it. */
async function setFlush(db: Database, ms: number): Promise<void> {
  await db.direct.query(`alter system set commit_delay = ${ms * 1_000}`);
  await db.direct.query('alter system set commit_siblings = 0');
  await db.direct.query('select pg_reload_conf()');
  await setTimeout(RELOAD_MS);
}
const RELOAD_MS = 500;

function p99(name: string, runs: readonly Ran[], of: 'confirmP99' | 'notifyP99'): Measured {
  const ownMs = median(runs.map((ran) => ran[of]));
  return { name: `${name}, against ${P99_MS} ms`, floorMs: P99_MS, ownMs, ratio: ownMs / P99_MS, limit: 1 };
}

async function startFloor(url: string): Promise<{ port: number; close(): Promise<void> }> {
  const pool = new Pool({ connectionString: url, max: POOL });
  await pool.query(
    'create table floor (id bigint generated always as identity primary key, member text not null, at timestamptz not null)',
  );
  const server = Fastify();
  server.post<{ Body: { member: string } }>('/floor', async (request, reply) => {
    await pool.query({ name: 'floor', text: 'insert into floor (member, at) values ($1, now())', values: [request.body.member] });
    return reply.status(201).send({ member: request.body.member });
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  return {
    port: (server.server.address() as AddressInfo).port,
    async close() {
      await server.close();
      await pool.end();
    },
  };
}

async function makePeople(db: Database, organisations: OrganisationService): Promise<{ id: string }[]> {
  const { id: regionId } = await organisations.create({ kind: 'region', code: '45', name: 'bench' });
  await db.direct.query(
    `insert into organisation (id, parent_id, kind, code, name, path)
     select gen_random_uuid(), $1, 'unit', 'UNIT' || i, '第' || i || '基层工会', '/45/UNIT' || i || '/' from generate_series(1, $2::int) i`,
    [regionId, UNITS],
  );
  const people: { id: string }[] = await db.direct.query(
    `with u as (select id, row_number() over () - 1 as place from organisation where kind = 'unit')
     insert into member (id, sealed, roster_hash, unit_id, insutype, created_at, updated_at)
     select gen_random_uuid(), '\\x01', '\\x01', u.id, '310', now(), now() from generate_series(1, $1::int) i join u on u.place = i % $2::int returning id`,
    [MEMBERS, UNITS],
  );
  // Not what is empty yet: a plan that is made for an empty table stays for as long as its connection.
  await db.direct.query('analyze organisation, member');
  return people;
}

async function makeWindow(windows: WindowService, now: Date, year: number): Promise<string> {
  const { id } = await windows.create({
    planId: 'guangxi-1-2025',
    organisationCode: '45',
    opensAt: new Date(now.getTime() - DAY_MS),
    closesAt: new Date(now.getTime() + DAY_MS),
    coverFrom: civilDate(`${year}-01-01`),
    coverTo: civilDate(`${year}-12-31`),
    contributionFen: fen(10_000),
  });
  return id;
}

/** An hour later the sweeper has looked at everything: each application has ended, no payment is there twice, and covers, counts and books agree. */
async function finish(db: Database, phonePay: PhonePay): Promise<void> {
  const later = new Date(new SystemClock().now().getTime() + DAY_MS / 24);
  const payments = new JoinPaymentService(db, { now: () => later }, phonePay);
  while ((await payments.look()) > 0);
  const [found] = (await db.direct.query(
    `select (select count(*)::int from join_application where state not in ('covered', 'expired')) as open,
       (select count(*)::int from join_application where state = 'covered') as joined, (select count(*)::int from cover) as covers,
       (select count(*)::int from enrolment) as enrolments, (select sum(members)::int from enrolment_count) as counted,
       (select count(*)::int from phone_payment where state = 'kept') as payments,
       (select count(*)::int from ledger_transfer where code = 'contribution-phone') as booked`,
  )) as [Record<string, number>];
  const { open, joined, ...same } = found!;
  if (open !== 0 || Object.values(same).some((count) => count !== joined))
    throw new Error(
      `expected every join ended, and as many covers, enrolments, counts, payments and bookings, found ${JSON.stringify(found)}`,
    );
}

/**
 * The crowd: bare sockets. A closed run is as fast as it is answered. In an open run people come at their times whatever the answers, and a time is
 * taken from when somebody came, also where no socket was free: so that a slow server cannot slow its own measurement down.
 */
const CROWD = `
const { connect } = require('node:net');
const { createHmac } = require('node:crypto');
const [tokensFile, key] = process.argv.slice(1);
const tokens = require('node:fs').readFileSync(tokensFile, 'utf8').split('\\n');
const FLOOR_BODY = JSON.stringify({ member: '0197a3c2-0000-7000-8000-000000000000' });
const FLOOR = 'POST /floor HTTP/1.1\\r\\nhost: l\\r\\ncontent-type: application/json\\r\\ncontent-length: ' + FLOOR_BODY.length + '\\r\\n\\r\\n' + FLOOR_BODY;
let next = 0;

class Client {
  constructor(port, ready) {
    this.text = '';
    let open = false;
    this.socket = connect(port, '127.0.0.1', () => { open = true; ready(this); });
    this.socket.setNoDelay(true);
    this.socket.setEncoding('latin1');
    this.socket.on('data', (data) => this.read(data));
    this.socket.on('error', (error) => { const { answered } = this; this.answered = undefined; answered?.(0, '', error.message); if (!open) ready(undefined); });
  }
  ask(text, answered) {
    this.answered = answered;
    this.socket.write(text, 'latin1');
  }
  read(data) {
    this.text = this.text === '' ? data : this.text + data;
    const head = this.text.indexOf('\\r\\n\\r\\n');
    if (head < 0) return;
    const at = this.text.toLowerCase().indexOf('content-length: ');
    const length = at < 0 ? 0 : Number(this.text.slice(at + 16, this.text.indexOf('\\r', at)));
    if (this.text.length < head + 4 + length) return;
    const { text, answered } = this;
    this.text = '';
    this.answered = undefined;
    answered(Number(text.slice(9, 12)), text.slice(head + 4), text);
  }
}

const valueOf = (body, name) => { const at = body.indexOf('"' + name + '":') + name.length + 3; return body[at] === '"' ? body.slice(at + 1, body.indexOf('"', at + 1)) : parseInt(body.slice(at)); };
const get = (token, path) => 'GET ' + path + ' HTTP/1.1\\r\\nhost: l\\r\\nauthorization: Bearer ' + token + '\\r\\n\\r\\n';
const confirm = (token, windowId) => 'POST /windows/' + windowId + '/joins HTTP/1.1\\r\\nhost: l\\r\\nauthorization: Bearer ' + token + '\\r\\ncontent-length: 0\\r\\n\\r\\n';
function notify(answer) {
  const orderNumber = valueOf(answer, 'orderNumber');
  const body = JSON.stringify({ orderNumber, amountFen: valueOf(answer, 'amountFen'), transaction: '4200' + orderNumber, paidAt: new Date().toISOString() });
  return 'POST /phone-payments/notifications HTTP/1.1\\r\\nhost: l\\r\\ncontent-type: application/json\\r\\nwechatpay-signature: ' +
    createHmac('sha256', key).update(body).digest('base64') + '\\r\\ncontent-length: ' + body.length + '\\r\\n\\r\\n' + body;
}
const p99 = (all) => all.length === 0 ? 0 : Float64Array.from(all).sort()[Math.trunc(all.length * 0.99)];

process.on('message', async (run) => {
  const ran = { done: 0, waited: 0, turnedAway: 0, failed: 0, failures: [] };
  const confirms = [], notifies = [];
  const free = [];
  // Taken by place: shifting a queue of tens of thousands would cost more than what is measured.
  const first = [];
  let queue = [], taken = 0;
  // Of an open run, counted: whoever has come costs nothing until a connection is free, else five times as many would slow the crowd itself.
  let came = 0, begun = 0, people = 0;
  const waiting = () => first.length + queue.length - taken + came - begun;
  // A few at a time, since what does not fit into the queue of connections is tried again seconds later.
  while (free.length < run.connections) {
    const clients = await Promise.all(Array.from({ length: Math.min(100, run.connections - free.length) }, () => new Promise((ready) => new Client(run.port, ready))));
    free.push(...clients.filter((client) => client));
  }
  let open = run.connections;
  const all = [...free];
  const start = performance.now();
  const end = start + run.seconds * 1000;
  let under = 0;
  const fail = (status, text) => { if (performance.now() < end + 20000) { ran.failed++; if (ran.failures.length < 3) ran.failures.push(status + ' ' + text.slice(0, 300)); } };

  // A request on a free connection, or when one is.
  const request = (asked, before) => { (before ? first : queue).push(asked); pump(); };
  function pump() {
    while (waiting() > 0) {
      let client = free.pop();
      if (!client && open < run.connections) { open++; client = new Client(run.port, () => {}); all.push(client); }
      if (!client) return;
      const { text, answered } = first.pop() ?? (taken < queue.length ? queue[taken++] : person(start + begun++ * 1000 / run.rate));
      under++;
      client.ask(typeof text === 'function' ? text() : text, (status, body, whole) => { under--; if (status === 0) open--; else free.push(client); answered(status, body, whole, performance.now()); pump(); });
    }
  }
  const done = (at) => { if (at <= end) ran.done++; };
  function pay(answer, came) {
    request({ text: () => notify(answer), answered: (status, body, whole, at) => {
      if (status === 0) return pay(answer, came);
      if (status !== 204) return fail(status, body || whole);
      notifies.push(at - came);
      done(at);
      again();
    } }, true);
  }
  // What somebody asks who came then.
  function person(came) {
    if (!run.windowId) return { text: FLOOR, answered: (status, body, whole, at) => { if (status !== 201) return fail(status, body || whole); confirms.push(at - came); done(at); again(); } };
    // Who comes twice would be answered without being joined.
    if (++people > tokens.length) fail(0, 'expected somebody else, found everybody came already');
    const token = tokens[next++ % tokens.length];
    const answered = (status, body, whole, at) => {
      if (status === 201 || (status === 200 && !body.includes('"waiting"'))) { confirms.push(at - came); return pay(body, at); }
      if (status === 202) { ran.waited++; return later(valueOf(body, 'pollAfterSeconds'), () => get(token, '/joins/' + valueOf(body, 'ticket'))); }
      if (status === 503) { ran.turnedAway++; return later(Number(/retry-after: (\\d+)/i.exec(whole)[1]), () => confirm(token, run.windowId)); }
      // The connection was cut: whoever it is comes again.
      if (status === 0) { ran.turnedAway++; return later(1, () => confirm(token, run.windowId)); }
      fail(status, body || whole);
    };
    const later = (seconds, text) => setTimeout(() => { if (performance.now() < end) request({ text: text(), answered }); }, seconds * 1000);
    return { text: confirm(token, run.windowId), answered };
  }
  const again = () => { if (run.kind === 'closed' && performance.now() < end) request(person(performance.now())); };

  if (run.kind === 'closed') for (let i = 0; i < run.connections; i++) request(person(start));
  const arrivals = run.kind === 'open' && setInterval(() => { came = Math.ceil((Math.min(performance.now(), end) - start) * run.rate / 1000); pump(); }, 1);
  await new Promise((resolve) => setTimeout(resolve, run.seconds * 1000));
  if (arrivals) { clearInterval(arrivals); queue = []; taken = 0; begun = came; }
  for (let i = 0; i < 1500 && (under > 0 || waiting() > 0); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  for (const { socket } of all) socket.destroy();
  process.send({ ...ran, confirmP99: p99(confirms), notifyP99: p99(notifies) });
});
`;
