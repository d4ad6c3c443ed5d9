import type { EReceiptAnswer, EReceiptRequest, RedFlushAnswer } from '@app/contracts';
import { addDays, Clock, DomainError, chinaInstant, civilDate, fen, type Fen } from '@app/kernel';
import { balanceOf, imbalance, ledger } from '@app/ledger';
import { Audit, Database, PLATFORM_ENTITIES, PersonalDataVault, type Principal, type Transaction } from '@app/platform';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { MIGRATIONS } from '../../../../apps/standalone/src/schema.js';
import { FakePhonePay, notificationOf } from '../../../../test/support/fake-phone-pay.js';
import { bankAccount, personalNumber } from '../../../../test/support/people.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import {
  ContributionSummaryService,
  ENROLMENT_ENTITIES,
  JoinPaymentService,
  JoinService,
  OrganisationService,
  ReceiptOffice,
  ReceiptService,
  RosterImportService,
  RosterService,
  TurnDownService,
  WindowService,
  recount,
  type JoinView,
} from '../index.js';
import { COLUMNS } from '../roster/roster.js';
import type { Underwriting } from '../window/window.js';
import { writeTicket } from './join-ticket.js';

const OPENS = chinaInstant(civilDate('2025-09-01'));
const CLOSES = chinaInstant(civilDate('2025-12-11'));
const UNIT = '91350100M000100Y43';
const SHARE = fen(4_000);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

class MovedClock extends Clock {
  instant = OPENS;
  now(): Date {
    return this.instant;
  }
  move(ms: number): void {
    this.instant = new Date(this.instant.getTime() + ms);
  }
}

const clerk: Principal = { userId: 'clerk', login: 'clerk', roles: ['unit-clerk'], organisationPath: '/45/4599/459999/' };
const finance: Principal = { userId: 'finance', login: 'finance', roles: ['finance-maker'], organisationPath: '/' };
const rosterRow = (serial: number): string =>
  [
    UNIT,
    '第一基层工会',
    `职工${serial}`,
    personalNumber(serial),
    `1990000${String(serial).padStart(4, '0')}`,
    '310',
    bankAccount(serial),
    '模拟银行',
  ].join();
const csv = (...rows: string[]): Readable => Readable.from([Buffer.from([Object.values(COLUMNS).join(','), ...rows, ''].join('\r\n'))]);

/** Each set takes a while. */
class SlowDatabase extends Database {
  override async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    await sleep(50);
    return super.transaction(work);
  }
}

/** Ends after the commit, before anybody hears of it. */
class DyingDatabase extends Database {
  override async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    await super.transaction(work);
    throw Object.assign(new Error('killed'), { code: 'ECONNRESET' });
  }
}

/** Nothing is written until it opens. */
class GatedDatabase extends Database {
  open!: () => void;
  private readonly opened = new Promise<void>((resolve) => (this.open = resolve));
  override async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    await this.opened;
    return super.transaction(work);
  }
}

class Office extends ReceiptOffice {
  unreadable = false;
  private numbers = 0;
  issueReceipt({ reference }: EReceiptRequest): Promise<EReceiptAnswer> {
    if (this.unreadable) return Promise.reject(new DomainError('unreadable-answer', 'unavailable', 'expected a receipt'));
    return Promise.resolve({ reference, state: 'issued', code: '45', number: `${++this.numbers}`, checkCode: 'c', issuedOn: '2025-09-01' });
  }
  redFlushReceipt(reference: string): Promise<RedFlushAnswer> {
    return Promise.resolve({ reference, state: 'red-flushed', redNumber: 'r', flushedOn: '2025-09-08' });
  }
}

describe('a member who joins alone', () => {
  let database: TestDatabase;
  let source: DataSource;
  let db: Database;
  let windows: WindowService;
  let rosters: RosterService;
  let year = 2026;
  let windowId: string;
  const clock = new MovedClock();
  const vault = new PersonalDataVault(Buffer.alloc(32, 7).toString('base64'));
  let pay: FakePhonePay;
  let joins: JoinService;
  let payments: JoinPaymentService;

  /** One process. */
  const start = (on: Database = db, Joins = JoinService): { joins: JoinService; payments: JoinPaymentService } => {
    const paid = new JoinPaymentService(on, clock, pay);
    return { joins: new Joins(on, clock, vault, new Audit(on, clock), pay, paid), payments: paid };
  };
  const member = (serial: number): Principal => {
    const memberId = vault.memberId(personalNumber(serial));
    return { userId: memberId, login: memberId, roles: ['member'], organisationPath: '/', memberId };
  };
  const newWindow = async (memberFen: Fen = SHARE, underwriting: Underwriting = 'none', organisationCode = '459999') =>
    (
      await windows.create({
        planId: 'guangxi-1-2025',
        organisationCode,
        opensAt: OPENS,
        closesAt: CLOSES,
        coverFrom: civilDate(`${year}-01-01`),
        coverTo: civilDate(`${year++}-12-31`),
        contributionFen: fen(10_000),
        shares: { memberFen, unitFen: fen(10_000 - memberFen), fundFen: fen(0) },
        underwriting,
      })
    ).id;
  const enrolByUnit = (serial: number) =>
    rosters.importRoster({ windowId, fileName: 'f.csv', principal: clerk, stream: csv(rosterRow(serial)) });
  const ask = (serial: number, at = clock.now(), on = joins) => on.ask(member(serial), windowId, at);
  const read = (serial: number, { ticket }: JoinView, on = joins) => on.read(member(serial), ticket);
  /** The member pays, and the notification comes. */
  const payAndTell = async (serial: number, { ticket, orderNumber }: JoinView, paidAt?: Date) => {
    await joins.payment(member(serial), ticket);
    const { headers, body } = pay.pay(orderNumber!, paidAt);
    await payments.notified(headers, body);
  };
  /** Comes back with the ticket until it is served. */
  const served = async (serial: number, view: JoinView, on = joins): Promise<JoinView> => {
    let now = view;
    while (now.state === 'waiting') {
      await sleep(20);
      now = await read(serial, now, on);
    }
    return now;
  };
  const query = (sql: string): Promise<Record<string, unknown>[]> => source.query(sql, [windowId]);
  const covers = () =>
    query(
      'select c.member_id, c.notice_id, c.enrolled_on::text from cover c join enrolment_window w on w.id = $1 and w.period_id = c.period_id',
    );
  const counted = async () => (await query('select coalesce(sum(members), 0)::int as n from enrolment_count where window_id = $1'))[0]!.n;
  const countedAsCovered = async () => (await windows.countdown(windowId)).covered;
  const flagsOf = async ({ orderNumber }: JoinView) => (await payments.flags()).filter((flag) => flag.orderNumber === orderNumber);
  const phoneMoney = async () => {
    const balances = await ledger.trialBalance(db.direct);
    expect(imbalance(balances)).toBe(0);
    return balanceOf(balances, 'phone-collection');
  };

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    source = await new DataSource({
      type: 'postgres',
      url: database.url,
      entities: [...PLATFORM_ENTITIES, ...ENROLMENT_ENTITIES],
    }).initialize();
    db = new Database(source);
    windows = new WindowService(db, clock);
    rosters = new RosterService(db, clock, vault, new RosterImportService(db, clock, vault));
    const organisations = new OrganisationService(db);
    await organisations.create({ kind: 'region', code: '45', name: '某自治区' });
    await organisations.create({ kind: 'city', code: '4599', name: '某市', parentCode: '45' });
    await organisations.create({ kind: 'county', code: '459999', name: '某县', parentCode: '4599' });
    await organisations.create({ kind: 'county', code: '459998', name: '邻县', parentCode: '4599' });
    await organisations.create({ kind: 'county', code: '459997', name: '远县', parentCode: '4599' });
    for (const [code, parentCode] of [
      ['81459999MA0000245H', '459999'],
      ['81459998MA00000017', '459998'],
      ['81459997MA0000001Q', '459997'],
    ] as const)
      await organisations.create({ kind: 'unit', code, name: code, parentCode });
    clock.instant = new Date(OPENS.getTime() + MINUTE);
    // Known from the year before.
    windowId = await newWindow();
    await rosters.importRoster({
      windowId,
      fileName: 'f.csv',
      principal: clerk,
      stream: csv(...Array.from({ length: 1_200 }, (_, i) => rosterRow(i))),
    });
  });
  afterAll(async () => {
    await source?.destroy();
    await database?.drop();
  });
  beforeEach(async () => {
    clock.instant = new Date(OPENS.getTime() + MINUTE);
    pay = new FakePhonePay(clock);
    ({ joins, payments } = start());
    windowId = await newWindow();
  });

  it('confirms, pays their share, and is covered from the legal time of the request', async () => {
    const before = await phoneMoney();
    const asked = await ask(1);
    expect(asked).toMatchObject({ state: 'to-pay', amountFen: SHARE, payBy: new Date(clock.now().getTime() + 30 * MINUTE) });
    expect(await counted()).toBe(0);
    const receivedAt = clock.now();
    clock.move(MINUTE);
    await payAndTell(1, asked);
    expect(await read(1, asked)).toMatchObject({ state: 'covered', ticket: asked.ticket });
    expect(await covers()).toMatchObject([{ member_id: member(1).memberId, notice_id: null, enrolled_on: '2025-09-01' }]);
    expect(await query('select applied_at, import_id, notice from enrolment where window_id = $1')).toEqual([
      { applied_at: receivedAt, import_id: null, notice: null },
    ]);
    expect([await counted(), await countedAsCovered(), (await phoneMoney()) - before]).toEqual([1, 1, SHARE]);
    expect(await source.query(`select actor, roles from audit_record where action = 'join.ask'`)).toEqual([
      { actor: member(1).memberId, roles: ['member'] },
    ]);
  });

  describe('at the closing of the window', () => {
    it('counts by the millisecond in which the request was received, however late it is worked through', async () => {
      clock.instant = new Date(CLOSES.getTime() + 90 * MINUTE);
      const inTime = new Date(CLOSES.getTime() - 1);
      expect(await ask(1, inTime)).toMatchObject({ state: 'to-pay', receivedAt: inTime });
      await expect(ask(2, CLOSES)).rejects.toMatchObject({
        code: 'window-closed',
        message: expect.stringMatching(/2025-12-10T16:00:00.000Z.*2025-12-10T16:00:00.000Z/),
      });
      await expect(ask(3, new Date(OPENS.getTime() - 1))).rejects.toMatchObject({ code: 'window-not-open' });
    });

    it('holds a set that is being written while the window closes', async () => {
      const slow = new SlowDatabase(source);
      const process = start(slow);
      clock.instant = new Date(CLOSES.getTime() - 1);
      const first = ask(1, clock.now(), process.joins);
      const last = ask(2, clock.now(), process.joins);
      clock.instant = CLOSES;
      const tooLate = ask(3, clock.now(), process.joins);
      await expect(tooLate).rejects.toMatchObject({ code: 'window-closed' });
      expect([(await first).state, (await last).state]).toEqual(['to-pay', 'to-pay']);
      await payAndTell(1, await first, new Date(CLOSES.getTime() + 10 * MINUTE));
      expect((await query('select applied_at from enrolment where window_id = $1'))[0]).toEqual({
        applied_at: new Date(CLOSES.getTime() - 1),
      });
    });

    it('answers a confirm that was answered before, also afterwards', async () => {
      const asked = await ask(1);
      clock.instant = new Date(CLOSES.getTime() + MINUTE);
      expect(await ask(1)).toEqual(asked);
    });
  });

  describe('once only', () => {
    it('gives a double tap, two devices and two processes one application, one order, one charge, one cover and the same answer', async () => {
      const other = start(new Database(source));
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, i) => ask(1, new Date(clock.now().getTime() + i), i % 2 ? joins : other.joins)),
      );
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      await joins.payment(member(1), answers[0]!.ticket);
      await other.joins.payment(member(1), answers[0]!.ticket);
      const { headers, body } = pay.pay(answers[0]!.orderNumber!);
      const before = await phoneMoney();
      const told = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) => (i % 2 ? payments : other.payments).notified(headers, body)),
      );
      // Who lost a race is told again by WeChat.
      expect(told.some(({ status }) => status === 'fulfilled')).toBe(true);
      await payments.notified(headers, body);
      expect([(await covers()).length, await counted(), (await phoneMoney()) - before]).toEqual([1, 1, SHARE]);
      expect(await query('select count(*)::int as n from join_application where window_id = $1')).toEqual([{ n: 1 }]);
      expect(await source.query(`select state from phone_payment where order_number = $1`, [answers[0]!.orderNumber])).toEqual([
        { state: 'kept' },
      ]);
      expect((await read(1, answers[0]!)).state).toBe('covered');
    });

    it('is told which window of the period has the application, and charged in no other', async () => {
      const first = await ask(1);
      const county = windowId;
      year--;
      windowId = await newWindow(SHARE, 'none', '4599');
      const named = { code: 'join-elsewhere', kind: 'conflict', details: { windowId: county } };
      await expect(ask(1)).rejects.toMatchObject(named);
      const lost = writeTicket(vault, { memberId: member(1).memberId!, windowId, receivedAt: clock.now() });
      await expect(joins.read(member(1), lost)).rejects.toMatchObject(named);
      await expect(joins.payment(member(1), lost)).rejects.toMatchObject(named);
      expect(pay.orders.size).toBe(0);
      await payAndTell(1, first);
      await expect(ask(1)).rejects.toMatchObject(named);
      expect(await joins.read(member(1), lost)).toMatchObject({ state: 'covered', windowId: county, ticket: first.ticket });
      expect((await joins.offer(member(1), windowId)).join).toMatchObject({ windowId: county });
    });

    it('has one application of two windows that are asked at once, whoever writes them', async () => {
      const county = windowId;
      year--;
      const city = await newWindow(SHARE, 'none', '4599');
      const other = start(new Database(source));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) => (i % 2 ? joins : other.joins).ask(member(1), i % 4 < 2 ? city : county, clock.now())),
      );
      const orders = new Set(
        outcomes.flatMap((one) => (one.status === 'fulfilled' ? [`${one.value.windowId} ${one.value.orderNumber}`] : [])),
      );
      const refusals = new Set(outcomes.flatMap((one) => (one.status === 'rejected' ? [(one.reason as DomainError).code] : [])));
      expect([orders.size, [...refusals]]).toEqual([1, ['join-elsewhere']]);
      windowId = [city, county].find((id) => [...orders][0]!.startsWith(id))!;
    });

    it('answers a notification again when the process died between the commit and the answer', async () => {
      const asked = await ask(1);
      await joins.payment(member(1), asked.ticket);
      const { headers, body } = pay.pay(asked.orderNumber!);
      const dying = start(new DyingDatabase(source));
      await expect(dying.payments.notified(headers, body)).rejects.toThrow('killed');
      expect((await read(1, asked)).state).toBe('covered');
      await expect(payments.notified(headers, body)).resolves.toBeUndefined();
      expect([(await covers()).length, await counted()]).toEqual([1, 1]);
    });

    it('counts a thousand who join one unit together', async () => {
      const before = await phoneMoney();
      const asked = await Promise.all(Array.from({ length: 1_000 }, (_, i) => ask(i)));
      // Whoever waits in the line is served too.
      const views = await Promise.all(asked.map(async (view, i) => (view.state === 'waiting' ? served(i, view) : view)));
      await Promise.all(
        views.map((view) => {
          const { headers, body } = notificationOf(view.orderNumber!, SHARE, clock.now());
          return payments.notified(headers, body);
        }),
      );
      expect([(await covers()).length, await counted(), (await phoneMoney()) - before]).toEqual([1_000, 1_000, 1_000 * SHARE]);
      expect(await db.transaction((tx) => recount(tx, windowId))).toBe(0);
    });

    it('writes the others of a set where one cannot be written', async () => {
      const [asked, broken] = [await ask(1), await ask(2)];
      // Somebody has damaged a row: its window is gone.
      await source.query('update join_application set window_id = gen_random_uuid() where order_number = $1', [broken.orderNumber]);
      const [good, bad] = [asked, broken].map(({ orderNumber }) => notificationOf(orderNumber!, SHARE, clock.now()));
      const ended = await Promise.allSettled([payments.notified(good!.headers, good!.body), payments.notified(bad!.headers, bad!.body)]);
      expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      expect((await covers()).map(({ member_id }) => member_id)).toEqual([member(1).memberId]);
      await source.query('delete from join_application where order_number = $1', [broken.orderNumber]);
    });
  });

  describe('and changes the unit between confirming and paying', () => {
    const SECOND = '81459999MA0000245H';
    const THIRD = '81459998MA00000017';
    const FOURTH = '81459997MA0000001Q';
    /** As a transfer of another cover of theirs does. */
    const movesTo = (serial: number, unit: string) =>
      source.query('update member set unit_id = (select id from organisation where code = $2) where id = $1', [
        member(serial).memberId,
        unit,
      ]);
    const placeOf = async (serial: number) => {
      const rows = await source.query<{ cover: string; enrolled: string; counted: string; asked: string; window: string }[]>(
        `select c.organisation_path as cover, e.window_id as window, (select code from organisation where id = e.unit_id) as enrolled,
           (select code from organisation where id = j.unit_id) as asked,
           (select string_agg(o.code, ' ') from enrolment_count n join organisation o on o.id = n.unit_id
            join enrolment_window w on w.id = n.window_id where w.period_id = c.period_id and n.members > 0) as counted
         from cover c join enrolment e using (member_id, period_id) join join_application j using (member_id, period_id)
         where c.member_id = $1 and c.join_id is not null order by c.cover_from desc limit 1`,
        [member(serial).memberId],
      );
      return { ...rows[0]!, cover: rows[0]!.cover.split('/').at(-2) };
    };
    afterEach(() => movesTo(1, UNIT));

    it('is enrolled and covered in the unit that they belong to by then', async () => {
      const asked = await ask(1);
      await movesTo(1, SECOND);
      await payAndTell(1, asked);
      expect(await read(1, asked)).toMatchObject({ state: 'covered', ticket: asked.ticket });
      expect(await placeOf(1)).toEqual({ cover: SECOND, enrolled: SECOND, asked: SECOND, counted: SECOND, window: windowId });
      expect(await db.transaction((tx) => recount(tx, windowId))).toBe(0);
    });

    it('of another organisation, is so in its window of the period', async () => {
      year--;
      const there = await newWindow(SHARE, 'none', '459998');
      const asked = await ask(1);
      await movesTo(1, THIRD);
      await payAndTell(1, asked);
      expect((await read(1, asked)).state).toBe('covered');
      expect(await placeOf(1)).toEqual({ cover: THIRD, enrolled: THIRD, asked: THIRD, counted: THIRD, window: there });
    });

    it('of an organisation without a window, is covered there, and enrolled where they asked', async () => {
      const asked = await ask(1);
      await movesTo(1, FOURTH);
      await payAndTell(1, asked);
      expect(await placeOf(1)).toEqual({ cover: FOURTH, enrolled: UNIT, asked: UNIT, counted: UNIT, window: windowId });
    });
  });

  describe('paying', () => {
    it('costs nothing where the share is nothing: covered at once', async () => {
      windowId = await newWindow(fen(0));
      expect(await ask(1)).toMatchObject({ state: 'covered', amountFen: 0 });
      expect([(await covers()).length, await counted(), await countedAsCovered()]).toEqual([1, 1, 1]);
    });

    const underwritten = (state: 'refused' | 'passed', reason: string | null = null) =>
      source.query(
        `insert into underwriting (member_id, period_id, window_id, unit_id, state, reason, refused_at)
         select e.member_id, e.period_id, e.window_id, e.unit_id, $2, $3, case $2 when 'refused' then $4::timestamptz end from enrolment e where e.window_id = $1
         on conflict (member_id, period_id) do update set state = excluded.state, reason = excluded.reason, refused_at = excluded.refused_at`,
        [windowId, state, reason, clock.now()],
      );

    it('goes back, with its receipt, when underwriting has refused and nobody has put it right in seven days', async () => {
      const turnDown = new TurnDownService(db, clock);
      const receipts = new ReceiptService(db, vault, new Office());
      const before = await phoneMoney();
      windowId = await newWindow(SHARE, 'insured');
      const asked = await ask(1);
      await payAndTell(1, asked);
      await receipts.issue();
      await underwritten('refused', 'not-insured');
      clock.move(7 * DAY - 1);
      await turnDown.turnDown();
      expect([await turnDown.isDue(), (await read(1, asked)).state]).toEqual([false, 'not-accepted']);
      clock.move(1);
      expect(await turnDown.isDue()).toBe(true);
      await turnDown.turnDown();
      expect(await read(1, asked)).toMatchObject({ state: 'refunding', reason: 'not-accepted' });
      expect([await turnDown.isDue(), await counted()]).toEqual([false, 0]);
      expect((await phoneMoney()) - before).toBe(SHARE);
      await payments.refund();
      expect(await read(1, asked)).toMatchObject({
        state: 'refunded',
        reason: 'not-accepted',
        reasonText: expect.stringMatching(/原路退回。医保状态为暂停或终止/),
      });
      expect(await phoneMoney()).toBe(before);
      await receipts.issue();

      // Insured again, and in time.
      const again = await ask(1);
      expect(again.orderNumber).not.toBe(asked.orderNumber);
      await payAndTell(1, again);
      expect(await read(1, again)).toMatchObject({ state: 'underwriting' });
      await receipts.issue();
      const [join] = (await query('select id from join_application where window_id = $1')) as [{ id: string }];
      expect(await receipts.ofJoin(join.id)).toMatchObject([
        { version: 2, state: 'issued', amountFen: SHARE },
        { version: 1, state: 'red-flushed', amountFen: SHARE },
      ]);
      expect(await db.transaction((tx) => recount(tx, windowId))).toBe(0);
    });

    it('whose receipt public finance answers unreadably waits for a person, and holds up no other', async () => {
      const office = new Office();
      const receipts = new ReceiptService(db, vault, office);
      office.unreadable = true;
      await payAndTell(1, await ask(1));
      await receipts.issue();
      const [join] = (await query('select id from join_application where window_id = $1')) as [{ id: string }];
      expect(await receipts.ofJoin(join.id)).toMatchObject([{ state: 'refused', refusal: 'unreadable-answer' }]);
    });

    it.each(['processing', 'failed'] as const)('of a refused member is receipted anew, though the first is %s', async (refundState) => {
      const [turnDown, receipts] = [new TurnDownService(db, clock), new ReceiptService(db, vault, new Office())];
      windowId = await newWindow(SHARE, 'insured');
      const asked = await ask(1);
      await payAndTell(1, asked);
      await receipts.issue();
      await underwritten('refused', 'not-insured');
      clock.move(7 * DAY);
      await turnDown.turnDown();
      pay.refundState = refundState;
      await payments.refund();
      const again = await ask(1);
      await payAndTell(1, again);
      await receipts.issue();
      const [join] = (await query('select id from join_application where window_id = $1')) as [{ id: string }];
      expect(await receipts.ofJoin(join.id)).toMatchObject([
        { version: 2, state: 'issued' },
        { version: 1, state: 'issued' },
      ]);
      pay.refundState = 'succeeded';
      clock.move(5 * MINUTE);
      await payments.refund();
      await receipts.issue();
      // Of the first, and only where its money went.
      expect((await receipts.ofJoin(join.id)).map(({ state }) => state)).toEqual([
        'issued',
        refundState === 'failed' ? 'issued' : 'red-flushed',
      ]);
      expect(await read(1, again)).toMatchObject({ state: 'underwriting' });
    });

    it('is not to be waited for where nothing was paid and underwriting has refused', async () => {
      windowId = await newWindow(fen(0), 'insured');
      const asked = await ask(1);
      await underwritten('refused', 'age');
      clock.move(7 * DAY);
      await new TurnDownService(db, clock).turnDown();
      expect(await read(1, asked)).toMatchObject({ state: 'expired', reason: 'not-accepted' });
    });

    it('is not called covered while underwriting holds the cover back, or has refused it', async () => {
      windowId = await newWindow(SHARE, 'insured');
      const asked = await ask(1);
      await payAndTell(1, asked);
      expect(await read(1, asked)).toMatchObject({ state: 'underwriting' });
      expect([await counted(), await countedAsCovered()]).toEqual([1, 0]);
      expect((await joins.offer(member(1), windowId)).covered).toBe(false);
      await underwritten('refused', 'not-insured');
      expect(await read(1, asked)).toMatchObject({
        state: 'not-accepted',
        reason: 'not-insured',
        reasonText: expect.stringContaining('医保'),
      });
      await underwritten('passed');
      expect(await read(1, asked)).toMatchObject({ state: 'covered' });

      windowId = await newWindow(fen(0), 'insured');
      expect(await ask(1)).toMatchObject({ state: 'underwriting' });
    });

    it('stands in the summary of its window before there is a cover', async () => {
      windowId = await newWindow(SHARE, 'insured');
      await payAndTell(1, await ask(1));
      expect(await new ContributionSummaryService(db).read(windowId)).toMatchObject({ received: { phoneFen: SHARE } });
    });

    it('covers until the cover ends', async () => {
      await payAndTell(1, await ask(1));
      const end = (day: string) =>
        source.query(
          `update cover set ended_on = $2, end_reason = 'left' where period_id = (select period_id from enrolment_window where id = $1)`,
          [windowId, day],
        );
      const [{ from }] = (await query('select cover_from::text as from from enrolment_window where id = $1')) as [{ from: string }];
      await end(from);
      expect(await joins.offer(member(1), windowId)).toMatchObject({ covered: true, coverEndedOn: from });
      clock.instant = chinaInstant(addDays(civilDate(from), 1));
      expect(await joins.offer(member(1), windowId)).toMatchObject({ covered: false, coverEndedOn: from });
    });

    it('is refused without a sound signature, and an order that is nobody’s waits for a person', async () => {
      const { headers, body } = notificationOf('not-an-order', 100, clock.now());
      await expect(payments.notified({}, body)).rejects.toMatchObject({ code: 'notification', kind: 'unauthenticated' });
      await expect(payments.notified(headers, body.replace('100', '101'))).rejects.toMatchObject({ code: 'notification' });
      await payments.notified(headers, body);
      await payments.notified(headers, body);
      expect(
        await source.query(`select fault, amount_fen::int as fen from phone_payment_flag where order_number = 'not-an-order'`),
      ).toEqual([{ fault: 'order-unknown', fen: 100 }]);

      const flag = { orderNumber: 'not-an-order', fault: 'order-unknown' } as const;
      expect(await payments.flags()).toContainEqual({ ...flag, amountFen: 100, flaggedAt: clock.now(), payment: null, earlier: [] });
      await payments.clearFlag(finance, flag, { clearance: 'given back at the institution' });
      expect((await payments.flags()).map(({ orderNumber }) => orderNumber)).not.toContain('not-an-order');
      await expect(payments.clearFlag(finance, flag, { clearance: 'again', refund: 'retry' })).rejects.toMatchObject({
        code: 'refund-outcome',
      });
      await expect(payments.clearFlag(finance, flag, { clearance: 'again' })).rejects.toMatchObject({ code: 'flag', kind: 'not-found' });
      await payments.notified(headers, body);
      const earlier = [{ by: 'finance', at: clock.now(), clearance: 'given back at the institution' }];
      expect(await payments.flags()).toContainEqual(expect.objectContaining({ ...flag, earlier }));
    });

    it('of another amount covers nobody, goes back, and waits for a person', async () => {
      const before = await phoneMoney();
      const asked = await ask(1);
      const { headers, body } = notificationOf(asked.orderNumber!, SHARE - 1, clock.now());
      await payments.notified(headers, body);
      expect(await read(1, asked)).toMatchObject({ state: 'refunding', reason: 'amount-differs' });
      await payments.refund();
      expect(await read(1, asked)).toMatchObject({ state: 'refunded', reason: 'amount-differs' });
      expect([...pay.refunds.values()]).toMatchObject([{ amountFen: SHARE - 1 }]);
      expect([(await covers()).length, (await phoneMoney()) - before]).toEqual([0, 0]);
      expect(await source.query('select fault from phone_payment_flag where order_number = $1', [asked.orderNumber])).toEqual([
        { fault: 'amount-differs' },
      ]);
    });

    it('goes back when the unit’s roster enrolled the person in between, who is enrolled once', async () => {
      const before = await phoneMoney();
      const asked = await ask(1);
      await enrolByUnit(1);
      await payAndTell(1, asked);
      expect(await read(1, asked)).toMatchObject({ state: 'refunding', reason: 'enrolled-by-unit' });
      expect(await source.query(`select queue, command from outbox where queue = 'join'`)).toContainEqual({
        queue: 'join',
        command: 'refund',
      });
      await payments.refund();
      await payments.refund();
      expect(pay.refunds.size).toBe(1);
      expect(await read(1, asked)).toMatchObject({ state: 'refunded' });
      expect([(await covers()).length, await counted(), await countedAsCovered(), (await phoneMoney()) - before]).toEqual([0, 1, 0, 0]);
      await expect(ask(1)).rejects.toMatchObject({ code: 'already-enrolled' });
    });

    it('after its time goes back, and a refund that takes its time or fails is seen', async () => {
      const asked = await ask(1);
      pay.refundState = 'processing';
      await payAndTell(1, asked, new Date(asked.payBy!.getTime() + 1));
      await payments.refund();
      expect(await read(1, asked)).toMatchObject({ state: 'refunding', reason: 'paid-late' });
      pay.refundState = 'failed';
      clock.move(5 * MINUTE - 1);
      await payments.refund();
      expect(await flagsOf(asked)).toEqual([]);
      clock.move(1);
      await payments.refund();
      expect(await flagsOf(asked)).toMatchObject([
        { fault: 'refund-failed', payment: { state: 'refund-failed', amountFen: asked.amountFen, reason: 'paid-late' } },
      ]);
    });

    it.each(['failed', 'refused'])('whose refund %s is asked about again when finance has seen to it, until it is back', async (how) => {
      const before = await phoneMoney();
      const [asked, other] = [await ask(1), await ask(2)];
      const orderNumber = asked.orderNumber!;
      if (how === 'failed') pay.refundState = 'failed';
      else pay.refusedRefunds.add(orderNumber);
      await payAndTell(1, asked, new Date(asked.payBy!.getTime() + 1));
      await payments.refund();
      // Nobody else is held up.
      pay.refundState = 'succeeded';
      await payAndTell(2, other, new Date(other.payBy!.getTime() + 1));
      await payments.refund();
      expect([await read(1, asked), await read(2, other)]).toMatchObject([{ state: 'refunding' }, { state: 'refunded' }]);
      const seen = () =>
        payments.clearFlag(finance, { orderNumber, fault: 'refund-failed' }, { clearance: 'given to the bank card', refund: 'retry' });
      await seen();
      expect(await flagsOf(asked)).toEqual([]);
      await payments.refund();
      // It was not.
      expect(await flagsOf(asked)).toMatchObject([{ fault: 'refund-failed', earlier: [{ clearance: 'given to the bank card' }] }]);
      pay.giveBackByHand(orderNumber);
      await source.query('delete from outbox');
      await seen();
      expect(await source.query('select queue, command from outbox')).toEqual([{ queue: 'join', command: 'refund' }]);
      await payments.refund();
      expect(await read(1, asked)).toMatchObject({ state: 'refunded', reason: 'paid-late' });
      expect([await flagsOf(asked), (await phoneMoney()) - before]).toEqual([[], 0]);
    });

    it('that finance gave back another way is not given back again', async () => {
      const asked = await ask(1);
      pay.refusedRefunds.add(asked.orderNumber!);
      await payAndTell(1, asked, new Date(asked.payBy!.getTime() + 1));
      await payments.refund();
      pay.refusedRefunds.clear();
      const flag = { orderNumber: asked.orderNumber!, fault: 'refund-failed' } as const;
      await expect(payments.clearFlag(finance, flag, { clearance: 'by bank transfer' })).rejects.toMatchObject({ code: 'refund-outcome' });
      await payments.clearFlag(finance, flag, { clearance: 'by bank transfer', refund: 'given-back' });
      clock.move(DAY);
      await payments.refund();
      expect([pay.refunds.size, await flagsOf(asked)]).toEqual([0, []]);
      expect(await read(1, asked)).toMatchObject({ state: 'refunded', reason: 'paid-late' });
    });

    it('whose refund was refused because another process was asking for it is known by asking', async () => {
      const asked = await ask(1);
      await payAndTell(1, asked, new Date(asked.payBy!.getTime() + 1));
      const taken = pay.refund.bind(pay);
      pay.refund = async (request) => {
        await taken(request);
        throw new DomainError('refund-refused', 'conflict', 'expected one request, found two');
      };
      await payments.refund();
      expect([await read(1, asked), await flagsOf(asked)]).toMatchObject([{ state: 'refunded' }, []]);
    });

    it('that is to go back waits a minute where nobody answers, and holds up no other', async () => {
      const asked = await ask(1);
      await payAndTell(1, asked, new Date(asked.payBy!.getTime() + 1));
      pay.silent = true;
      await payments.refund();
      pay.silent = false;
      await payments.refund();
      expect(await read(1, asked)).toMatchObject({ state: 'refunding' });
      const { orderNumber } = asked;
      const late = new Date(asked.payBy!.getTime() + 1);
      const mine = async () => (await payments.refundsUnderWay()).filter((refund) => refund.orderNumber === orderNumber);
      expect(await mine()).toEqual([
        { orderNumber, amountFen: SHARE, state: 'refund-due', reason: 'paid-late', paidAt: late, refusal: null, stuck: false },
      ]);
      clock.move(MINUTE);
      await payments.refund();
      expect(await read(1, asked)).toMatchObject({ state: 'refunded' });
      expect(await mine()).toEqual([]);
    });

    describe('whose refund is refused each minute for a fault that is not its own', () => {
      /** `times` minutes of it. */
      const refused = async (times: number) => {
        for (let i = 0; i < times; i++) {
          await payments.refund();
          clock.move(MINUTE);
        }
      };
      const mine = async ({ orderNumber }: JoinView) =>
        (await payments.refundsUnderWay()).filter((refund) => refund.orderNumber === orderNumber);
      const begin = async (serial: number) => {
        const asked = await ask(serial);
        pay.faultyRefunds.set(asked.orderNumber!, 'PARAM_ERROR');
        await payAndTell(serial, asked, new Date(asked.payBy!.getTime() + 1));
        return asked;
      };

      it('needs a person after an hour of the same, says the code, and is over when it is taken', async () => {
        const asked = await begin(1);
        await refused(59);
        expect([await mine(asked), await flagsOf(asked)]).toMatchObject([
          [{ state: 'refund-due', refusal: 'PARAM_ERROR', stuck: false }],
          [],
        ]);
        await refused(2);
        expect(await mine(asked)).toMatchObject([{ state: 'refund-due', refusal: 'PARAM_ERROR', stuck: true }]);
        expect(await flagsOf(asked)).toMatchObject([{ fault: 'refund-stuck', amountFen: SHARE, payment: { state: 'refund-due' } }]);
        pay.faultyRefunds.clear();
        await refused(1);
        expect(await read(1, asked)).toMatchObject({ state: 'refunded' });
        expect([await mine(asked), await flagsOf(asked)]).toEqual([[], []]);
        expect(await source.query('select fault, cleared_by from phone_payment_flag where order_number = $1', [asked.orderNumber])).toEqual(
          [{ fault: 'refund-stuck', cleared_by: 'phone-pay' }],
        );
      });

      it('counts another code anew, and an hour after it was cleared needs a person again', async () => {
        const asked = await begin(1);
        await refused(59);
        pay.faultyRefunds.set(asked.orderNumber!, 'NO_AUTH');
        await refused(59);
        expect([await mine(asked), await flagsOf(asked)]).toMatchObject([[{ refusal: 'NO_AUTH', stuck: false }], []]);
        await refused(1);
        const flag = { orderNumber: asked.orderNumber!, fault: 'refund-stuck' } as const;
        await expect(payments.clearFlag(finance, flag, { clearance: 'a setting was wrong' })).rejects.toMatchObject({
          code: 'refund-outcome',
        });
        await payments.clearFlag(finance, flag, { clearance: 'a setting was wrong', refund: 'retry' });
        expect([await mine(asked), await flagsOf(asked)]).toMatchObject([[{ stuck: false }], []]);
        await refused(60);
        expect(await flagsOf(asked)).toMatchObject([{ fault: 'refund-stuck', earlier: [{ clearance: 'a setting was wrong' }] }]);
      });

      it('is not asked for again when finance gave it back another way', async () => {
        const asked = await begin(1);
        await refused(60);
        const flag = { orderNumber: asked.orderNumber!, fault: 'refund-stuck' } as const;
        await payments.clearFlag(finance, flag, { clearance: 'given to the bank card', refund: 'given-back' });
        pay.faultyRefunds.clear();
        await refused(2);
        expect(await read(1, asked)).toMatchObject({ state: 'refunded', reason: 'paid-late' });
        expect([pay.refunds.size, await mine(asked), await flagsOf(asked)]).toEqual([0, [], []]);
      });
    });

    it('that never comes ends the application, and the member may ask again under another order', async () => {
      const asked = await ask(1);
      await joins.payment(member(1), asked.ticket);
      clock.instant = new Date(asked.payBy!.getTime() - 1);
      await payments.look();
      expect((await read(1, asked)).state).toBe('to-pay');
      clock.instant = asked.payBy!;
      await expect(joins.payment(member(1), asked.ticket)).rejects.toMatchObject({ code: 'join-not-to-pay' });
      await payments.look();
      expect(await read(1, asked)).toMatchObject({ state: 'expired', reason: 'not-paid' });
      expect(pay.orders.get(asked.orderNumber!)!.payment.state).toBe('closed');
      const again = await ask(1);
      expect(again).toMatchObject({ state: 'to-pay' });
      expect(again.orderNumber).not.toBe(asked.orderNumber);
      // The old order is paid after all: that money goes back, the new order covers.
      const late = notificationOf(asked.orderNumber!, SHARE, clock.now());
      await payments.notified(late.headers, late.body);
      await payAndTell(1, again);
      await payments.refund();
      expect((await read(1, again)).state).toBe('covered');
      expect(
        await source.query('select order_number, state, reason from phone_payment where order_number = any($1) order by attempt', [
          [asked.orderNumber, again.orderNumber],
        ]),
      ).toEqual([
        { order_number: asked.orderNumber, state: 'refunded', reason: 'order-replaced' },
        { order_number: again.orderNumber, state: 'kept', reason: null },
      ]);
    });

    it('is found by asking when the notification is lost, and nothing ends while nobody answers', async () => {
      const asked = await ask(1);
      await joins.payment(member(1), asked.ticket);
      pay.pay(asked.orderNumber!);
      clock.instant = new Date(asked.payBy!.getTime() + MINUTE);
      pay.silent = true;
      expect(await payments.look()).toBe(1);
      expect((await read(1, asked)).state).toBe('to-pay');
      // Others are asked about meanwhile: it is no longer first.
      expect(await payments.look()).toBe(0);
      pay.silent = false;
      clock.move(MINUTE);
      await payments.look();
      expect((await read(1, asked)).state).toBe('covered');
    });

    it('whose line in the bill is neither a payment nor a refund waits for a person, and the day is compared', async () => {
      const asked = await ask(1);
      const line = { orderNumber: asked.orderNumber!, transaction: '42', kind: 'other' as const, amountFen: SHARE, at: clock.now() };
      pay.bill = () => Promise.resolve({ lines: [line] });
      expect(await payments.compare(civilDate('2025-09-01'))).toBe(true);
      expect(await source.query('select fault from phone_payment_flag where order_number = $1', [asked.orderNumber])).toEqual([
        { fault: 'bill-differs' },
      ]);
      await source.query('delete from phone_bill');
    });

    it('is found in the bill of the day when all else failed, and what differs from the bill waits for a person', async () => {
      const [asked, told] = [await ask(1), await ask(2)];
      await joins.payment(member(1), asked.ticket);
      pay.pay(asked.orderNumber!);
      // Nobody at WeChat knows of this one.
      const { headers, body } = notificationOf(told.orderNumber!, SHARE, clock.now());
      await payments.notified(headers, body);
      const next = chinaInstant(civilDate('2025-09-02'), '09:59');
      expect(await payments.billDaysDue(next)).toEqual([]);
      const [day] = await payments.billDaysDue(new Date(next.getTime() + MINUTE));
      expect(day).toBe('2025-09-01');
      expect(await payments.compare(day!)).toBe(true);
      expect((await read(1, asked)).state).toBe('covered');
      expect(await source.query('select fault from phone_payment_flag where order_number = $1', [told.orderNumber])).toEqual([
        { fault: 'not-in-bill' },
      ]);
      expect(await payments.billDaysDue(new Date(next.getTime() + MINUTE))).toEqual([]);
    });
  });

  describe('in the line', () => {
    class Impatient extends JoinService {
      protected override readonly holdMs: number = 100;
    }
    /** Everybody at once, while the database stands still. */
    const crowd = async (count: number) => {
      const gate = new GatedDatabase(source);
      const { joins: crowded } = start(gate, Impatient);
      const views = await Promise.all(Array.from({ length: count }, (_, i) => ask(i, new Date(clock.now().getTime() + i), crowded)));
      return { crowded, gate, views };
    };

    it('tells who waits long their place and time, and serves in the order of receiving', async () => {
      const { crowded, gate, views } = await crowd(1_100);
      const waiting = views.filter((view) => view?.state === 'waiting') as JoinView[];
      expect(waiting.length).toBeGreaterThan(100);
      for (const view of waiting) expect(view).toMatchObject({ position: expect.any(Number), estimatedSeconds: expect.any(Number) });
      const places = waiting.map(({ position }) => position!);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      gate.open();
      const last = waiting.at(-1)!;
      const done = await served(1_099, last, crowded);
      expect(done).toMatchObject({ state: 'to-pay', ticket: last.ticket, receivedAt: last.receivedAt });
      const rows = await query('select received_at from join_application where window_id = $1 order by id');
      const order = rows.map(({ received_at }) => (received_at as Date).getTime());
      expect(order).toHaveLength(1_100);
      // The first set was begun when the first came; each set holds those who were received next.
      const sets = await query(`select received_at, xmin::text::bigint::int as set from join_application where window_id = $1`);
      const spans = [...new Set(sets.map((row) => row.set))].map((set) => {
        const times = sets.filter((row) => row.set === set).map(({ received_at }) => (received_at as Date).getTime());
        return [Math.min(...times), Math.max(...times)] as const;
      });
      spans.sort((a, b) => a[0] - b[0]);
      for (let i = 1; i < spans.length; i++) expect(spans[i]![0]).toBeGreaterThan(spans[i - 1]![1]);
    });

    it('keeps the place and the legal time of a ticket over a restart, also when the window has closed', async () => {
      clock.instant = new Date(CLOSES.getTime() - 2_000);
      const { views } = await crowd(1_100);
      const place = views.findIndex((view) => view?.state === 'waiting');
      const ticket = views[place]!;
      // The process is gone, and with it the line.
      clock.instant = new Date(CLOSES.getTime() + 60 * MINUTE);
      const { joins: restarted } = start();
      const asked = await served(place, ticket, restarted);
      expect(asked).toMatchObject({ state: 'to-pay', receivedAt: ticket.receivedAt, ticket: ticket.ticket });
      await expect(ask(1_150, clock.now(), restarted)).rejects.toMatchObject({ code: 'window-closed' });
      // There is as much time to pay as for anybody else.
      expect(asked.payBy).toEqual(new Date(clock.now().getTime() + 30 * MINUTE));
      await payAndTell(place, asked);
      expect(await read(place, asked)).toMatchObject({ state: 'covered', receivedAt: ticket.receivedAt });
    });

    describe('of a request that was lost and made anew', () => {
      /** Asked at `lost` at a process that died, and again a day later in the eyes of the books. */
      const lostAndAsked = async (lost: Date) => {
        clock.instant = lost;
        const { joins: dying } = start(new GatedDatabase(source), Impatient);
        const ticket = await ask(1, lost, dying);
        expect(ticket).toMatchObject({ state: 'waiting', receivedAt: lost });
        clock.instant = new Date(lost.getTime() + 23 * 60 * MINUTE);
        return { ticket, asked: await ask(1) };
      };
      const times = async () => {
        const rows = await source.query<Record<'asked' | 'enrolled', Date>[]>(
          `select a.received_at as asked, e.applied_at as enrolled from join_application a left join enrolment e using (member_id, period_id) where a.window_id = $1`,
          [windowId],
        );
        return rows[0]!;
      };
      const LOST = new Date(OPENS.getTime() + MINUTE);

      it('has the earlier time when its ticket is shown, before it is paid', async () => {
        const { ticket, asked } = await lostAndAsked(LOST);
        expect(asked.receivedAt).toEqual(clock.now());
        expect(await read(1, ticket)).toMatchObject({ ...asked, receivedAt: LOST, ticket: ticket.ticket });
        await payAndTell(1, asked);
        expect(await read(1, asked)).toMatchObject({ state: 'covered', receivedAt: LOST });
        expect([await times(), await covers()]).toMatchObject([{ asked: LOST, enrolled: LOST }, [{ enrolled_on: '2025-09-01' }]]);
      });

      it('and after', async () => {
        const { ticket, asked } = await lostAndAsked(LOST);
        await payAndTell(1, asked);
        expect(await covers()).toMatchObject([{ enrolled_on: '2025-09-01' }]);
        expect(await read(1, ticket)).toMatchObject({ state: 'covered', receivedAt: LOST });
        expect(await times()).toEqual({ asked: LOST, enrolled: LOST });
      });

      it('has a day that comes before, when its ticket is shown', async () => {
        const lost = new Date(OPENS.getTime() + 12 * 60 * MINUTE);
        const { ticket, asked } = await lostAndAsked(lost);
        await payAndTell(1, asked);
        expect(await covers()).toMatchObject([{ enrolled_on: '2025-09-02' }]);
        await read(1, ticket);
        expect(await covers()).toMatchObject([{ enrolled_on: '2025-09-01' }]);
      });

      it.each([
        ['received before the window opened', OPENS.getTime() - 1, 0],
        ['left lying for more than a day', LOST.getTime(), 61 * MINUTE],
      ])('has its own time where the ticket was %s', async (_, lost, lying) => {
        const { asked } = await lostAndAsked(LOST);
        clock.move(lying);
        const ticket = writeTicket(vault, { memberId: member(1).memberId!, windowId, receivedAt: new Date(lost) });
        expect(await joins.read(member(1), ticket)).toEqual(asked);
      });

      it('keeps the ticket of the first while the second waits', async () => {
        clock.instant = LOST;
        const ticket = await ask(1, LOST, start(new GatedDatabase(source), Impatient).joins);
        clock.move(MINUTE);
        const { joins: crowded } = start(new GatedDatabase(source), Impatient);
        await ask(2, clock.now(), crowded);
        expect(await ask(1, clock.now(), crowded)).toMatchObject({ state: 'waiting', receivedAt: clock.now() });
        expect(await read(1, ticket, crowded)).toMatchObject({ state: 'waiting', ticket: ticket.ticket, receivedAt: LOST });
      });
    });

    it('keeps the legal time also of a request after one that had expired', async () => {
      const first = await ask(1);
      clock.instant = first.payBy!;
      await payments.look();
      clock.instant = new Date(CLOSES.getTime() - 1);
      const gate = new GatedDatabase(source);
      const { joins: crowded } = start(gate, Impatient);
      const second = await ask(1, clock.now(), crowded);
      expect(second).toMatchObject({ state: 'waiting', receivedAt: clock.now() });
      clock.move(MINUTE);
      const { joins: restarted } = start();
      expect((await read(1, first, restarted)).state).toBe('expired');
      const again = await read(1, second, restarted);
      expect(again).toMatchObject({ state: 'to-pay', receivedAt: second.receivedAt });
      expect(again.orderNumber).not.toBe(first.orderNumber);
      // The time of the first is not that of the second.
      expect(await read(1, first, restarted)).toMatchObject({ orderNumber: again.orderNumber, receivedAt: second.receivedAt });
      gate.open();
    });

    it('holds no more than leave connections to whoever comes', async () => {
      class Small extends JoinService {
        protected override readonly mostHeld = 1;
      }
      const gate = new GatedDatabase(source);
      const { joins: small } = start(gate, Small);
      const first = ask(1, clock.now(), small);
      expect(await ask(2, clock.now(), small)).toMatchObject({ state: 'waiting', ticket: expect.any(String) });
      gate.open();
      expect(await first).toMatchObject({ state: 'to-pay' });
    });

    it('lets payments that wait go first', async () => {
      let catchUp = (): void => undefined;
      class Behind extends JoinPaymentService {
        override caughtUp(): Promise<void> {
          return new Promise((resolve) => (catchUp = resolve));
        }
      }
      const behind = new JoinService(db, clock, vault, new Audit(db, clock), pay, new Behind(db, clock, pay));
      const asked = ask(1, clock.now(), behind);
      await sleep(50);
      expect(await source.query('select from join_application where window_id = $1', [windowId])).toHaveLength(0);
      catchUp();
      expect(await asked).toMatchObject({ state: 'to-pay' });
    });

    it('that is full turns people away with a ticket that keeps their time, and says when to come back', async () => {
      class ShortLine extends JoinService {
        protected override readonly places = 1;
      }
      clock.instant = new Date(CLOSES.getTime() - 1);
      const gate = new GatedDatabase(source);
      const short = new ShortLine(gate, clock, vault, new Audit(gate, clock), pay, payments);
      const first = ask(1, clock.now(), short);
      // The first is being written, the second has the one place.
      await sleep(20);
      const second = ask(2, clock.now(), short);
      await sleep(20);
      const busy = (await ask(3, clock.now(), short).catch((error: unknown) => error)) as DomainError;
      expect(busy).toMatchObject({ code: 'busy', kind: 'unavailable', details: { retryAfterSeconds: 1, ticket: expect.any(String) } });
      gate.open();
      await Promise.all([first, second]);
      clock.instant = CLOSES;
      expect(await short.read(member(3), busy.details.ticket as string)).toMatchObject({ state: 'to-pay' });
    });

    it('does not take a ticket of somebody else, of nobody, or one that was left lying', async () => {
      const asked = await ask(1);
      await expect(joins.read(member(2), asked.ticket)).rejects.toMatchObject({ code: 'ticket', kind: 'not-found' });
      await expect(joins.read(member(1), 'x'.repeat(74))).rejects.toMatchObject({ code: 'ticket' });
      const { views } = await crowd(1_100);
      const place = views.findIndex((view, i) => i > 1 && view?.state === 'waiting');
      clock.move(25 * 60 * MINUTE);
      await expect(start().joins.read(member(place), views[place]!.ticket)).rejects.toMatchObject({ code: 'ticket-expired' });
    });
  });

  it('shows what is known before anything is asked for, masked', async () => {
    const offer = await joins.offer(member(1), windowId);
    expect(offer).toMatchObject({
      unit: { code: UNIT },
      contributionFen: 10_000,
      toPayFen: SHARE,
      enrolled: false,
      covered: false,
      join: null,
      state: 'open',
      secondsLeft: (CLOSES.getTime() - clock.now().getTime()) / 1_000,
    });
    const told = JSON.stringify([offer, await ask(1)]);
    for (const personal of [personalNumber(1), '职工1', '19900000001']) expect(told).not.toContain(personal);
  });

  it('leaves no personal data in tickets, orders, the queue, the audit and errors', async () => {
    const asked = await ask(1);
    await enrolByUnit(1);
    await payAndTell(1, asked);
    const errors = await Promise.all([ask(1, CLOSES), ask(5, CLOSES)].map((asking) => asking.catch((error: Error) => error.message)));
    const rows = await source.query(
      `select (select jsonb_agg(o) from outbox o where queue = 'join') as outbox, (select jsonb_agg(a) from audit_record a) as audit,
         (select jsonb_agg(j) from join_application j) as applications, (select jsonb_agg(p) from phone_payment p) as payments`,
    );
    const told = JSON.stringify([asked, Buffer.from(asked.ticket, 'base64url').toString('latin1'), rows, errors, [...pay.orders.values()]]);
    const personal = [personalNumber(1), personalNumber(5), '职工1', '职工5', '19900000001', '19900000005', bankAccount(1)];
    expect(personal.filter((one) => told.includes(one))).toEqual([]);
  });
});
