import { Clock, chinaInstant, civilDate, fen, type Fen } from '@app/kernel';
import { balanceOf, imbalance, ledger } from '@app/ledger';
import { Audit, Database, PLATFORM_ENTITIES, PersonalDataVault, Turn, type Principal } from '@app/platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { DataSource } from 'typeorm';
import { MIGRATIONS } from '../../../../apps/standalone/src/schema.js';
import { FakePhonePay, notificationOf } from '../../../../test/support/fake-phone-pay.js';
import { bankAccount, personalNumber } from '../../../../test/support/people.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import {
  ENROLMENT_ENTITIES,
  JoinPaymentService,
  JoinService,
  OrganisationService,
  RosterService,
  WindowService,
  recount,
  type JoinView,
} from '../index.js';
import { COLUMNS } from '../roster/roster.js';

const OPENS = chinaInstant(civilDate('2025-09-01'));
const CLOSES = chinaInstant(civilDate('2025-12-11'));
const UNIT = '91350100M000100Y43';
const SHARE = fen(4_000);
const MINUTE = 60_000;

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
  const start = (on: Database = db): { joins: JoinService; payments: JoinPaymentService } => {
    const turn = new Turn();
    return {
      joins: new JoinService(on, clock, vault, new Audit(on, clock), pay, turn),
      payments: new JoinPaymentService(on, clock, pay, turn),
    };
  };
  const member = (serial: number): Principal => {
    const memberId = vault.memberId(personalNumber(serial));
    return { userId: memberId, login: memberId, roles: ['member'], organisationPath: '/', memberId };
  };
  const newWindow = async (memberFen: Fen = SHARE) =>
    (
      await windows.create({
        planId: 'guangxi-1-2025',
        organisationCode: '459999',
        opensAt: OPENS,
        closesAt: CLOSES,
        coverFrom: civilDate(`${year}-01-01`),
        coverTo: civilDate(`${year++}-12-31`),
        contributionFen: fen(10_000),
        shares: { memberFen, unitFen: fen(10_000 - memberFen), fundFen: fen(0) },
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
  const query = (sql: string): Promise<Record<string, unknown>[]> => source.query(sql, [windowId]);
  const covers = () =>
    query(
      'select c.member_id, c.notice_id, c.enrolled_on::text from cover c join enrolment_window w on w.id = $1 and w.period_id = c.period_id',
    );
  const counted = async () => (await query('select coalesce(sum(members), 0)::int as n from enrolment_count where window_id = $1'))[0]!.n;
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
    rosters = new RosterService(db, clock, vault);
    const organisations = new OrganisationService(db);
    await organisations.create({ kind: 'region', code: '45', name: '某自治区' });
    await organisations.create({ kind: 'city', code: '4599', name: '某市', parentCode: '45' });
    await organisations.create({ kind: 'county', code: '459999', name: '某县', parentCode: '4599' });
    await organisations.create({ kind: 'county', code: '459998', name: '邻县', parentCode: '4599' });
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
    expect([await counted(), (await phoneMoney()) - before]).toEqual([1, SHARE]);
    expect(await source.query(`select actor, roles from audit_record where action = 'join.ask'`)).toEqual([
      { actor: member(1).memberId, roles: ['member'] },
    ]);
  });
});

void notificationOf;
void recount;
