/** A crowd joins while the service dies again and again: nobody pays twice or in vain, and a ticket outlives the process. Needs the built services. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { WECHAT_PAY_NOTIFICATION } from '@app/contracts';
import { WechatPayGateway } from '@app/gateways';
import { addDays, chinaInstant, civilDate } from '@app/kernel';
import { PersonalDataVault, Tokens } from '@app/platform';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { callJson, HttpError } from '../../apps/standalone/src/http-person.js';
import { People } from '../../apps/standalone/src/people.js';
import { builtWorker, startSystem, type HubaoSystem } from '../../apps/standalone/src/system.js';
import { ROSTER_HEADER, rosterLine } from '../bench/roster-lines.js';
import { freePort } from '../support/free-port.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const MASTER_KEY = Buffer.alloc(32, 5).toString('base64');
const KILLS = 6;
/** One may find nobody asking. */
const KILLS_THAT_HIT = 5;
/** Who come in each life of the service, the last included. */
const WAVE = 36;
const CROWD = (KILLS + 1) * WAVE;
/** A unit enrols some of the crowd when half of it is there, and somebody of them has asked. */
const ROSTER_AFTER = 3;
/** Of the second story, and somebody who comes too late. */
const LAST_MINUTE = 12;
const SHARE_FEN = 10_000;
const DAY = civilDate('2024-10-08');
const CLOSES_AT = chinaInstant(civilDate('2024-10-20'), '12:00');
/** Longer than until WeChat tells again of a payment that nobody took. */
const OUTAGE_MS = 16_000;
const MINUTE_MS = 60_000;

/** What befalls a member, in turn: all of it happens in every life of the service. */
const FATES = [
  'two-devices',
  'never-told',
  'told-twice',
  'told-late',
  'no-money-at-first',
  'order-not-answered',
  'does-not-pay',
  'enrolled-by-unit',
  'plain',
  'plain',
  'plain',
  'plain',
] as const;
type Fate = (typeof FATES)[number];
/** As the simulator names them. */
const ENDINGS: Partial<Record<Fate, string>> = {
  'never-told': '0001',
  'told-twice': '0002',
  'told-late': '0003',
  'no-money-at-first': '0004',
  'order-not-answered': '0005',
};

interface Joined {
  readonly state: string;
  readonly reason?: string;
  readonly ticket: string;
  readonly receivedAt: string;
}

interface Member {
  readonly serial: number;
  readonly id: string;
  readonly token: string;
  readonly fate: Fate;
  /** The first that was given. */
  paper?: Pick<Joined, 'ticket' | 'receivedAt'>;
  /** Instead of a ticket. */
  refusal?: string;
}

let database: TestDatabase;
let system: HubaoSystem;
let people: People;
let service: Service;
let members: Member[];
/** Who paid, by order: as often as money moved. */
const payers: { orderNumber: string; member: Member }[] = [];
const directory = mkdtempSync(join(tmpdir(), 'hubao-'));

/** The built service: killed as in a crash, and started again on its port. */
class Service {
  answered = 0;
  private child: ChildProcess | undefined;
  /** Each becomes whether its connection broke. */
  private readonly underWay = new Set<Promise<boolean>>();

  constructor(
    private readonly port: number,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  get busy(): boolean {
    return this.underWay.size > 0;
  }

  async start(): Promise<void> {
    if (this.running) return;
    const child = spawn(process.execPath, [join(REPOSITORY, 'dist/apps/enrolment/src/main.js')], {
      env: { ...process.env, ...this.env, PORT: String(this.port), HOST: '127.0.0.1' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.child = child;
    await until('a service that answers', () => {
      expect(child.exitCode).toBeNull();
      return callJson('GET', this.urlOf('/health')).then(
        () => true,
        () => false,
      );
    });
  }

  /** Returns how many requests it took with it; one that had not reached it yet is refused, and does not count. */
  async kill(): Promise<number> {
    const child = this.running;
    if (!child) return 0;
    const asked = [...this.underWay];
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    return (await Promise.all(asked)).filter((broken) => broken).length;
  }

  async ask<T>({ token }: Member, method: 'GET' | 'POST', path: string): Promise<T> {
    const answer = callJson<T>(method, this.urlOf(path), undefined, { authorization: `Bearer ${token}` });
    const broken = answer.then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ECONNRESET' || error.code === 'EPIPE',
    );
    this.underWay.add(broken);
    try {
      const answered = await answer;
      this.answered++;
      return answered;
    } finally {
      this.underWay.delete(broken);
    }
  }

  private get running(): ChildProcess | undefined {
    return this.child?.exitCode === null && this.child.signalCode === null ? this.child : undefined;
  }

  private urlOf(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }
}

/** However slow the machine: looks again and again, and gives up only after minutes. */
async function until(what: string | (() => string), holds: () => boolean | Promise<boolean>, everyMs = 10): Promise<void> {
  for (let look = 0; look < 150_000 / everyMs; look++) {
    if (await holds()) return;
    await sleep(everyMs);
  }
  throw new Error(`expected ${typeof what === 'string' ? what : what()}, waited in vain`);
}

const pass = (ms: number): void => system.clock!.advanceTo(new Date(system.clock!.now().getTime() + ms));

/** As somebody whose connection broke, or who was told to come back. The request may be another one each time. */
async function insist<T>(member: Member, request: () => { method: 'GET' | 'POST'; path: string }): Promise<T> {
  for (let tries = 0; tries < 1_000; tries++) {
    try {
      const { method, path } = request();
      return await service.ask<T>(member, method, path);
    } catch (error) {
      if (error instanceof HttpError && error.status !== 503) throw error;
      await sleep(randomInt(50, 150));
    }
  }
  throw new Error('expected an answer at last, found none');
}

const read = async (member: Member): Promise<Joined> => {
  const { ticket, receivedAt } = member.paper!;
  const view = await insist<Joined>(member, () => ({ method: 'GET', path: `/joins/${ticket}` }));
  expect(view).toMatchObject({ ticket, receivedAt });
  return view;
};

/** Whoever has a ticket comes back with it. */
async function confirm(member: Member, windowId: string): Promise<Joined> {
  const view = await insist<Joined>(member, () =>
    member.paper ? { method: 'GET', path: `/joins/${member.paper.ticket}` } : { method: 'POST', path: `/windows/${windowId}/joins` },
  );
  const { ticket, receivedAt } = view;
  member.paper ??= { ticket, receivedAt };
  expect({ ticket, receivedAt }).toEqual(member.paper);
  return view;
}

/** Undefined where there is nothing to pay any more. */
async function prepayId(member: Member): Promise<string | undefined> {
  try {
    const { payParameters } = await insist<{ payParameters: { package: string } }>(member, () => ({
      method: 'GET',
      path: `/joins/${member.paper!.ticket}/payment`,
    }));
    return payParameters.package.replace('prepay_id=', '');
  } catch (error) {
    if (error instanceof HttpError && error.status === 409) return undefined;
    throw error;
  }
}

/** Taps at WeChat, which nobody kills. */
async function tap(member: Member, prepay: string): Promise<void> {
  const pay = () =>
    callJson<{ out_trade_no: string; again: boolean }>('POST', `${system.wechatPay.url}/phone/pay`, {
      prepay_id: prepay,
      payer: member.id,
    });
  const { out_trade_no: orderNumber, again } = await (member.fate === 'no-money-at-first' ? pay().catch(pay) : pay());
  if (!again) payers.push({ orderNumber, member });
}

/** From the confirm until it is clear what becomes of it, or the member has had enough of looking. */
async function visit(member: Member, windowId: string, rosterIsIn: () => boolean): Promise<void> {
  await sleep(randomInt(200));
  pass(100);
  try {
    for (let view = await confirm(member, windowId); view.state === 'waiting'; view = await read(member));
  } catch (error) {
    if (!(error instanceof HttpError && error.status === 409)) throw error;
    member.refusal = error.problem.title!;
    return;
  }
  if (member.fate === 'does-not-pay') return;
  const prepay = await prepayId(member);
  if (member.fate === 'enrolled-by-unit') await until('a roster', rosterIsIn, 50);
  if (prepay !== undefined) await tap(member, prepay);
  for (let look = 0; look < 5 && (await read(member)).state === 'to-pay'; look++) await sleep(randomInt(50, 250));
}

/** The worker does what is due; when nothing is, time passes quickly, until nothing is open. */
async function rest(): Promise<void> {
  let found = '';
  await until(
    () => `nothing due or open, found ${found}`,
    async () => {
      const due = await system.dueWork.look();
      const { waiting } = await system.wechatPay.deliverDue();
      const [open] = await rows<{ joins: number; refunds: number }>(
        `select (select count(*)::int from join_application where state in ('to-pay', 'refunding')) as joins,
           (select count(*)::int from phone_payment where look_at is not null) as refunds`,
      );
      found = JSON.stringify({ due: due.map(({ wakeUp, count }) => ({ ...wakeUp, count })), notifications: waiting, ...open! });
      if (due.length + waiting + open!.joins + open!.refunds === 0) return true;
      pass(due.length > 0 ? 1_000 : 5 * MINUTE_MS);
      return false;
    },
    50,
  );
}

const rows = async <Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> =>
  (await system.database.direct.query(sql, parameters)) as Row[];

beforeAll(async () => {
  database = await createTestDatabase([]);
  system = await startSystem({
    databaseUrl: database.url,
    masterKey: MASTER_KEY,
    clockFile: join(directory, 'clock'),
    startAt: chinaInstant(DAY, '09:00'),
    worker: { main: builtWorker(REPOSITORY) },
    sweepEveryMs: 100,
  });
  people = await People.hire(system);
  const vault = new PersonalDataVault(MASTER_KEY);
  const tokens = new Tokens(vault);
  members = await Promise.all(
    Array.from({ length: CROWD + LAST_MINUTE + 1 }, async (_, serial): Promise<Member> => {
      const id = vault.memberId(rosterLine(serial).split(',')[3]!);
      const { token } = await tokens.issue({
        userId: id,
        login: id,
        roles: ['member'],
        organisationPath: '/45/4599/459999/',
        memberId: id,
      });
      return { serial, id, token, fate: serial < CROWD ? FATES[serial % FATES.length]! : 'plain' };
    }),
  );
  // Known by the roster of another plan.
  const other = await openWindow('hainan-2', 2025);
  await people.uploadRoster(other, 'roster.csv', [ROSTER_HEADER, ...members.map(({ serial }) => rosterLine(serial))].join('\n'));
  for (const { id, fate } of members)
    await callJson('PUT', `${system.wechatPay.url}/control/payers`, { payer: id, ending: ENDINGS[fate] ?? '0000' });
  const port = await freePort();
  service = new Service(port, {
    DATABASE_URL: database.url,
    HUBAO_MASTER_KEY: MASTER_KEY,
    HUBAO_CLOCK_FILE: join(directory, 'clock'),
    WECHAT_PAY_URL: system.wechatPay.url,
    WECHAT_PAY_MERCHANT: JSON.stringify(system.wechatPay.merchant),
    WECHAT_PAY_NOTIFY_URL: `http://127.0.0.1:${port}${WECHAT_PAY_NOTIFICATION.path}`,
  });
}, 120_000);

afterAll(async () => {
  await service?.kill();
  await system?.stop();
  await database?.drop();
  rmSync(directory, { recursive: true });
});

const openWindow = async (planId: string, year: number, closesAt = chinaInstant(civilDate('2024-12-11'))): Promise<string> =>
  (
    await people.openWindow({
      planId,
      opensAt: chinaInstant(DAY).toISOString(),
      closesAt: closesAt.toISOString(),
      coverFrom: `${year}-01-01`,
      coverTo: `${year}-12-31`,
      contributionFen: SHARE_FEN,
    })
  ).id;

it('whoever joins while the service is killed six times is covered once and charged once, or has the money back', async () => {
  const windowId = await openWindow('guangxi-1-2025', 2025);
  const crowd = members.slice(0, CROWD);
  const byUnit = crowd.filter(({ fate }) => fate === 'enrolled-by-unit');
  let lives = 0;
  let inside = 0;
  let rosterIsIn = false;
  const visits = crowd.flatMap((member, place) =>
    Array.from({ length: member.fate === 'two-devices' ? 2 : 1 }, async () => {
      await until('the turn of a wave', () => lives > place / WAVE, 20);
      inside++;
      await visit(member, windowId, () => rosterIsIn);
      inside--;
    }),
  );
  const broken: number[] = [];
  const dieAgainAndAgain = async (): Promise<void> => {
    for (let kill = 1; kill <= KILLS; kill++) {
      await service.start();
      // Somewhere among the answers, or among the payments: the new ones wait for three answers each, and whoever was here before for one at least.
      const [count, most] = kill % 2 === 0 ? [() => service.answered, inside + 2 * WAVE] : [() => payers.length, WAVE / 2];
      const enough = count() + randomInt(1, most);
      lives++;
      await until('the moment of the end', () => count() >= enough, 1);
      await sleep(randomInt(20));
      await until('requests under way', () => service.busy, 1);
      broken.push(await service.kill());
      pass(OUTAGE_MS);
      if (rosterIsIn || kill < ROSTER_AFTER || !byUnit.some(({ paper }) => paper)) continue;
      await people.uploadRoster(windowId, 'unit.csv', [ROSTER_HEADER, ...byUnit.map(({ serial }) => rosterLine(serial))].join('\n'));
      rosterIsIn = true;
    }
    await service.start();
    lives++;
  };
  const ended = await Promise.allSettled([...visits, dieAgainAndAgain()]);
  expect(ended.filter(({ status }) => status === 'rejected')).toEqual([]);
  expect(broken.filter((count) => count > 0).length).toBeGreaterThanOrEqual(KILLS_THAT_HIT);
  await rest();

  const ends = await Promise.all(crowd.map(async (member) => member.refusal ?? endOf(await read(member))));
  expect(crowd.map(({ serial, fate }, i) => `${serial} ${fate}: ${ends[i]}`)).toEqual(
    crowd.map(({ serial, fate, refusal }) => `${serial} ${fate}: ${expectedEnd(fate, refusal)}`),
  );
  expect(new Set(ends)).toEqual(new Set(Object.keys(KEPT)));
  expect(await keptOf(windowId, crowd)).toEqual(crowd.map((_, i) => KEPT[ends[i]!]));
  expect(await receivedOf(windowId, crowd)).toEqual(
    crowd.map(({ paper, refusal }) => (refusal === undefined ? paper!.receivedAt : undefined)),
  );
  const numberOf = (end: string): number => ends.filter((one) => one === end).length;
  expect(await people.countdown(windowId)).toMatchObject({ enrolled: numberOf('covered') + byUnit.length, covered: numberOf('covered') });

  const paid = await rows<{ orderNumber: string }>('select order_number as "orderNumber" from phone_payment');
  expect(paid.map(({ orderNumber }) => orderNumber).sort()).toEqual(payers.map(({ orderNumber }) => orderNumber).sort());
  expect(new Set(payers.map(({ member }) => member.id)).size).toBe(payers.length);
  system.clock!.advanceTo(chinaInstant(addDays(DAY, 1), '10:00'));
  expect(await heldByWechat()).toBe(numberOf('covered') * SHARE_FEN);
  expect(await booked()).toBe(numberOf('covered') * SHARE_FEN);
  await rest();
  // Everything had been heard of before.
  expect(await rows('select "on"::text as "on", missed, flagged from phone_bill')).toEqual([{ on: DAY, missed: 0, flagged: 0 }]);
}, 300_000);

const endOf = ({ state, reason }: Joined): string => (reason === undefined ? state : `${state}, ${reason}`);

function expectedEnd(fate: Fate, refusal: string | undefined): string {
  if (fate === 'does-not-pay') return 'expired, not-paid';
  if (fate !== 'enrolled-by-unit') return 'covered';
  // Who came before the roster has paid in vain.
  return refusal === undefined ? 'refunded, enrolled-by-unit' : 'already-enrolled';
}

interface Kept {
  readonly covers: number;
  readonly enrolments: number;
  readonly kept: number;
  readonly refunded: number;
  readonly booked: number;
  readonly bookedBack: number;
}

const NOTHING: Kept = { covers: 0, enrolments: 0, kept: 0, refunded: 0, booked: 0, bookedBack: 0 };
/** What there is of a member, by the end that the member was told. */
const KEPT: Readonly<Record<string, Kept>> = {
  covered: { ...NOTHING, covers: 1, enrolments: 1, kept: 1, booked: 1 },
  'expired, not-paid': NOTHING,
  'refunded, enrolled-by-unit': { ...NOTHING, enrolments: 1, refunded: 1, booked: 1, bookedBack: 1 },
  'already-enrolled': { ...NOTHING, enrolments: 1 },
};

const keptOf = (windowId: string, of: readonly Member[]): Promise<Kept[]> =>
  rows(
    `select (select count(*)::int from cover c where c.member_id = n.id and c.period_id = w.period_id) as covers,
       (select count(*)::int from enrolment e where e.member_id = n.id and e.window_id = w.id) as enrolments,
       (select count(*)::int from phone_payment p where p.member_id = n.id and p.state = 'kept') as kept,
       (select count(*)::int from phone_payment p where p.member_id = n.id and p.state = 'refunded') as refunded,
       (select count(*)::int from ledger_transfer t where t.subject = a.id and t.code = 'contribution-phone') as booked,
       (select count(*)::int from ledger_transfer t where t.subject = a.id and t.code = 'contribution-phone-refund') as "bookedBack"
     from unnest($2::uuid[]) with ordinality as n(id, place) join enrolment_window w on w.id = $1
     left join join_application a on a.member_id = n.id and a.period_id = w.period_id order by n.place`,
    [windowId, of.map(({ id }) => id)],
  );

/** When a join was received, as it is kept: in the enrolment that came of it, too. */
const receivedOf = async (windowId: string, of: readonly Member[]): Promise<(string | undefined)[]> =>
  (
    await rows<{ receivedAt: Date | null }>(
      `select case when a.state <> 'covered' or e.applied_at = a.received_at then a.received_at end as "receivedAt"
       from unnest($2::uuid[]) with ordinality as n(id, place)
       left join join_application a on a.member_id = n.id and a.window_id = $1
       left join enrolment e on e.member_id = n.id and e.window_id = $1 order by n.place`,
      [windowId, of.map(({ id }) => id)],
    )
  ).map(({ receivedAt }) => receivedAt?.toISOString());

/** By its own bill of the day. */
async function heldByWechat(): Promise<number> {
  const bill = await new WechatPayGateway(system.wechatPay.url, system.wechatPay.merchant, '', system.clock!).bill(DAY);
  return bill!.lines.reduce((sum, { kind, amountFen }) => sum + (kind === 'payment' ? amountFen : -amountFen), 0);
}

const booked = async (): Promise<number> =>
  (
    await rows<{ fen: number }>(
      `select sum(case code when 'contribution-phone' then amount_fen else -amount_fen end)::int as fen from ledger_transfer
       where code in ('contribution-phone', 'contribution-phone-refund')`,
    )
  )[0]!.fen;

it('a ticket of the last minute whose process dies before it is worked through counts from when it was received', async () => {
  const windowId = await openWindow('guangxi-1-2025', 2026, CLOSES_AT);
  const [late, ...inTime] = members.slice(CROWD);
  system.clock!.advanceTo(new Date(CLOSES_AT.getTime() - 30_000));
  await service.start();
  const lock = system.database.source.createQueryRunner();
  await lock.startTransaction();
  // Nobody is worked through while it is held.
  await lock.query('lock table join_application in share mode');
  const dieUnseen = async (): Promise<void> => {
    try {
      await until('tickets for all', () => inTime.every(({ paper }) => paper));
      await until('requests under way', () => service.busy);
      expect(await service.kill()).toBeGreaterThan(0);
      expect(await rows('select member_id from join_application where window_id = $1', [windowId])).toEqual([]);
    } finally {
      await lock.rollbackTransaction();
      await lock.release();
    }
    system.clock!.advanceTo(new Date(CLOSES_AT.getTime() + 60 * MINUTE_MS));
    await service.start();
  };
  const ended = await Promise.allSettled([
    ...inTime.map(async (member, place) => {
      await sleep(20 * place);
      pass(1_000);
      expect((await confirm(member, windowId)).state).toBe('waiting');
      await until('to be worked through', async () => (await read(member)).state === 'to-pay');
    }),
    dieUnseen(),
  ]);
  expect(ended.filter(({ status }) => status === 'rejected')).toEqual([]);
  await expect(confirm(late!, windowId)).rejects.toMatchObject({ status: 409, problem: { title: 'window-closed' } });
  await Promise.all(inTime.map(async (member) => tap(member, (await prepayId(member))!)));
  await rest();

  expect((await Promise.all(inTime.map(read))).map(endOf)).toEqual(inTime.map(() => 'covered'));
  expect(await keptOf(windowId, inTime)).toEqual(inTime.map(() => KEPT.covered));
  expect(await receivedOf(windowId, inTime)).toEqual(inTime.map(({ paper }) => paper!.receivedAt));
  for (const { paper } of inTime) expect(new Date(paper!.receivedAt).getTime()).toBeLessThan(CLOSES_AT.getTime());
}, 300_000);
