/** Contribution money on a real PostgreSQL, with the bank and public finance as they are played by the simulators. */
import { PHONE_COLLECTOR, phoneSettlementReference, type EReceiptAnswer } from '@app/contracts';
import { BankGateway, TreasuryGateway } from '@app/gateways';
import { DomainError, addDays, chinaDate, civilDate, fen, type CivilDate } from '@app/kernel';
import { balanceOf, imbalance, ledger } from '@app/ledger';
import {
  Database,
  PLATFORM_ENTITIES,
  PersonalDataVault,
  readConfig,
  rowsOf,
  type Principal,
  type Role,
  type Transaction,
} from '@app/platform';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { setImmediate } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { startBank, startTreasury, type RunningSimulator } from '../../../../apps/simulators/src/index.js';
import { MIGRATIONS } from '../../../../apps/standalone/src/schema.js';
import { SetClock } from '../../../../test/support/set-clock.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CoverClaims, type DecidedClaim, type MovedEnd } from '../cover/cover-claims.js';
import { coverByNumber, endCover, moveCover } from '../cover/cover-change.repository.js';
import { holdCoversOf, startJoinedCovers } from '../cover/cover.repository.js';
import { planFigures } from '../enrolment-figures.repository.js';
import { ENROLMENT_ENTITIES } from '../index.js';
import { OrganisationService } from '../organisation/organisation.service.js';
import { UnderwritingPlans } from '../underwriting/underwriting-plans.js';
import type { PlanRules } from '../underwriting/underwriting.js';
import { addCovered, addJoined, addRostered, recount } from '../window/enrolment-count.repository.js';
import type { Shares } from '../window/window.js';
import { WindowService } from '../window/window.service.js';
import { enrolmentDue } from '../enrolment-due.repository.js';
import { personalText } from '../member/member.js';
import { TurnDownService } from '../underwriting/turn-down.service.js';
import type { NoticeView } from './contribution.repository.js';
import { ContributionService, type MatchedStatement } from './contribution.service.js';
import { ReceiptService } from './receipt.service.js';
import type { RefundBank } from './refund-bank.js';
import { RefundService } from './refund.service.js';
import { ReversalService } from './reversal.service.js';
import { ContributionSummaryService } from './summary.service.js';
import { SuspenseService } from './suspense.service.js';

const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
const COUNTY = '/45/4599/459999/';
const PLAN = 'guangxi-1-2025';
const person = (userId: string, role: Role, organisationPath = '/'): Principal => ({
  userId,
  login: userId,
  roles: [role],
  organisationPath,
});
const maker = person('maker', 'finance-maker');
const checker = person('checker', 'finance-checker');
const SHARES: Shares = { memberFen: fen(6_000), unitFen: fen(3_000), fundFen: fen(1_000) };
/** By its ending the bank's simulator decides what becomes of a payment. */
const ORDINARY = '6228480402564890018';
const TO = { bankAccount: ORDINARY, bankName: '模拟银行' };

const UNIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
function unitCode(serial: number): string {
  const body = `81459999MA${String(serial).padStart(7, '0')}`;
  const sum = [...body].reduce((total, character, i) => total + UNIT_ALPHABET.indexOf(character) * (3 ** i % 31), 0);
  return body + UNIT_ALPHABET[(31 - (sum % 31)) % 31]!;
}

const ADD_ON = 'add-on-2025';
class Plans extends UnderwritingPlans {
  planOn(_day: CivilDate, planId: string): Promise<PlanRules> {
    const basePlan = planId === ADD_ON ? PLAN : null;
    return Promise.resolve({ insutypes: null, psnTypes: null, ages: null, basePlan, minimumParticipation: null });
  }
}

/** The claim path, of which enrolment knows no more than this. */
class Claims extends CoverClaims {
  granted = new Set<string>();
  decided(_tx: unknown, ends: readonly MovedEnd[]): Promise<DecidedClaim[]> {
    return Promise.resolve(
      ends
        .filter(({ memberId }) => this.granted.has(memberId))
        .map(({ memberId, until }) => ({
          memberId,
          claimId: 'C1',
          state: 'approved',
          dischargeOn: until,
          benefitFen: fen(1),
          granted: true,
        })),
    );
  }
}

describe('contribution money', () => {
  const clock = new SetClock('2025-09-01 10:00');
  const vault = new PersonalDataVault(MASTER_KEY);
  const config = readConfig({ DATABASE_URL: 'postgres://', HUBAO_MASTER_KEY: MASTER_KEY });
  let database: TestDatabase;
  let source: DataSource;
  let db: Database;
  let bank: RunningSimulator;
  let treasury: RunningSimulator;
  let bankGateway: BankGateway;
  let windows: WindowService;
  let organisations: OrganisationService;
  let contributions: ContributionService;
  let suspense: SuspenseService;
  let reversals: ReversalService;
  const claims = new Claims();
  let refunds: RefundService;
  let receipts: ReceiptService;
  let summaries: ContributionSummaryService;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    source = await new DataSource({
      type: 'postgres',
      url: database.url,
      entities: [...PLATFORM_ENTITIES, ...ENROLMENT_ENTITIES],
    }).initialize();
    db = new Database(source);
    bank = await startBank({ clock });
    treasury = await startTreasury({ clock, bankUrl: bank.url });
    bankGateway = new BankGateway(bank.url);
    windows = new WindowService(db, clock);
    organisations = new OrganisationService(db);
    contributions = new ContributionService(db, clock, config, bankGateway);
    suspense = new SuspenseService(db, clock);
    reversals = new ReversalService(db, clock, claims, new Plans());
    refunds = refundsBy(bankGateway);
    receipts = new ReceiptService(db, vault, new TreasuryGateway(treasury.url));
    summaries = new ContributionSummaryService(db);
    await organisations.create({ kind: 'region', code: '45', name: '某自治区' });
    await organisations.create({ kind: 'city', code: '4599', name: '某市', parentCode: '45' });
    await organisations.create({ kind: 'county', code: '459999', name: '某县', parentCode: '4599' });
  });
  afterAll(async () => {
    await source?.destroy();
    await Promise.all([treasury?.close(), bank?.close()]);
    await database?.drop();
  });

  /** A worker of its own. */
  const refundsBy = (by: RefundBank) => new RefundService(db, clock, vault, by, config);
  const rows = <Row>(sql: string, ...parameters: unknown[]): Promise<Row[]> => rowsOf<Row>(db.direct, sql, parameters);

  // Each window is before the others, so that nobody has a last period.
  let year = 2099;
  const newWindow = async (
    shares = SHARES,
    planId = PLAN,
    on = year--,
  ): Promise<{ id: string; periodId: string; coverFrom: CivilDate }> => {
    const coverFrom = civilDate(`${on}-01-01`);
    const { id, period_id: periodId } = await windows.create({
      planId,
      organisationCode: '459999',
      opensAt: new Date('2025-09-01T00:00:00+08:00'),
      closesAt: new Date('2025-12-11T00:00:00+08:00'),
      coverFrom,
      coverTo: civilDate(`${on}-12-31`),
      contributionFen: fen(10_000),
      shares,
    });
    return { id, periodId, coverFrom };
  };
  type Window = Awaited<ReturnType<typeof newWindow>>;

  let serial = 0;
  const newUnit = async (): Promise<{ id: string; code: string; name: string }> => {
    const code = unitCode(++serial);
    const name = `基层工会${serial}`;
    await organisations.create({ kind: 'unit', code, name, parentCode: '459999' });
    const [row] = await rows<{ id: string }>('select id from organisation where code = $1', code);
    return { id: row!.id, code, name };
  };
  type Unit = Awaited<ReturnType<typeof newUnit>>;

  /** People of a roster; their member ids. */
  /** How many wait for somebody else. */
  const waiting = async () =>
    (await rows(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length;
  const makeMembers = (tx: Transaction, unit: Pick<Unit, 'id'>, ids: readonly string[], sealed: Buffer = Buffer.alloc(0)) =>
    rowsOf(
      tx,
      `insert into member (id, sealed, roster_hash, unit_id, insutype, created_at, updated_at)
       select m, $2, '', $3, '310', $4, $4 from unnest($1::uuid[]) as p(m)`,
      [ids, sealed, unit.id, clock.now()],
    );
  const enrol = (window: Window, unit: Unit, people: number): Promise<string[]> =>
    db.transaction(async (tx) => {
      const ids = Array.from({ length: people }, () => uuidv7());
      await makeMembers(tx, unit, ids);
      const notice = (await addRostered(tx, window.id, new Map([[unit.id, people]]))).get(unit.id)!;
      await rowsOf(
        tx,
        `insert into enrolment (member_id, period_id, window_id, unit_id, import_id, row, applied_at, notice)
         select m, $2, $3, $4, $5, r, $6, $7 from unnest($1::uuid[]) with ordinality as p(m, r)`,
        [ids, window.periodId, window.id, unit.id, uuidv7(), clock.now(), notice],
      );
      return ids;
    });
  const startCover = (window: Window, memberId: string, joinId: string) =>
    db.transaction(async (tx) =>
      addCovered(tx, await startJoinedCovers(tx, [{ memberId, periodId: window.periodId, joinId }], clock.now())),
    );
  /** A member who joins alone: the own share is paid on the phone, and the cover starts at once. */
  const joinAlone = async (window: Window, unit: Unit): Promise<{ memberId: string; joinId: string }> => {
    const [memberId, joinId] = [uuidv7(), uuidv7()];
    await db.transaction(async (tx) => {
      await makeMembers(tx, unit, [memberId]);
      await rowsOf(tx, 'insert into enrolment (member_id, period_id, window_id, unit_id, applied_at) values ($1, $2, $3, $4, $5)', [
        memberId,
        window.periodId,
        window.id,
        unit.id,
        clock.now(),
      ]);
      await startJoinedCovers(tx, [{ memberId, periodId: window.periodId, joinId }], clock.now());
      await addJoined(tx, [{ memberId, periodId: window.periodId, id: joinId, windowId: window.id, unitId: unit.id }]);
    });
    await rows(
      `insert into join_application (member_id, period_id, id, window_id, unit_id, attempt, order_number, amount_fen, received_at, pay_until_at, look_at, state)
       values ($1, $2, $3, $4, $5, 1, '1', $6, $7, $7, $7, 'covered')`,
      memberId,
      window.periodId,
      joinId,
      window.id,
      unit.id,
      SHARES.memberFen,
      clock.now(),
    );
    await payByPhone(joinId);
    return { memberId, joinId };
  };
  const moveTo = async (unit: Unit, memberId: string): Promise<void> => {
    const [cover] = await rows<{ number: string }>('select number from cover where member_id = $1', memberId);
    await db.transaction(async (tx) => {
      const placed = (await coverByNumber(tx, cover!.number))!;
      const to = { id: unit.id, path: `${COUNTY}${unit.code}/` };
      await moveCover(tx, placed, { to, effectiveOn: chinaDate(clock.now()), reason: 'job-change' }, 'clerk', clock.now());
    });
  };
  const payByPhone = (joinId: string) =>
    db.transaction(async (tx) => {
      const booking = { subject: joinId, attempt: 1, amountFen: SHARES.memberFen, on: chinaDate(clock.now()) };
      await ledger.transfer(tx, [{ ...booking, code: 'contribution-phone' as const }]);
      const memberId = uuidv7();
      const sealed = vault.seal(personalText({ personalNumber: '', name: '某人', phone: '', bankAccount: '', bankName: '' }));
      await makeMembers(tx, { id: memberId }, [memberId], sealed);
      await rowsOf(
        tx,
        `insert into phone_payment (member_id, order_number, join_id, attempt, amount_fen, paid_at, recorded_at, state) values ($1, $2, $3, 1, $4, $5, $5, 'kept')`,
        [memberId, joinId, joinId, SHARES.memberFen, clock.now()],
      );
    });

  const noticesOf = async (window: Window, unit: Unit): Promise<NoticeView[]> =>
    (await contributions.notices(window.id, maker)).filter((notice) => notice.unitCode === unit.code);
  const issue = async (window: Window, unit: Unit): Promise<NoticeView> => {
    await contributions.issueNotices(window.id);
    return (await noticesOf(window, unit)).at(-1)!;
  };

  let credits = 0;
  /** Somebody pays into the collection account; the name of the credit. */
  const pay = async (amountFen: number, reference: string, payerName: string): Promise<string> => {
    const bankReference = `C${++credits}`;
    const body = JSON.stringify({ bankReference, account: config.collectionAccount, amountFen, reference, payerName });
    const answer = await fetch(`${bank.url}/credits`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(answer.status).toBe(200);
    return bankReference;
  };
  const creditOf = async (bankReference: string) => {
    const [row] = await rows<{ id: string; matched: number; refunded: number; rest: number }>(
      'select id, matched_fen::int as matched, refunded_fen::int as refunded, rest_fen::int as rest from contribution_credit where bank_reference = $1',
      bankReference,
    );
    return row!;
  };

  let today = civilDate('2025-09-01');
  /** The evening's statement is matched, and the next morning comes. */
  const closeDay = async (): Promise<MatchedStatement> => {
    clock.set(`${today} 20:00`);
    const matched = await contributions.collect(today);
    today = addDays(today, 1);
    clock.set(`${today} 10:00`);
    return matched!;
  };
  const bankBalance = async (): Promise<number> =>
    ((await (await fetch(`${bank.url}/balance/${config.collectionAccount}`)).json()) as { balanceFen: number }).balanceFen;

  // Whatever was done: the books balance, equal our rows, and are what the bank has.
  afterEach(async () => {
    await closeDay();
    const balances = await ledger.trialBalance(db.direct);
    expect(imbalance(balances)).toBe(0);
    expect(balanceOf(balances, 'collection-bank')).toBe(await bankBalance());
    const whole = await summaries.read();
    expect({ ...whole.received, phoneFen: undefined }).toEqual({ ...whole.books, phoneFen: undefined });
    expect(whole.equalsBooks).toBe(true);
    const { memberFen, unitFen, fundFen, phoneFen, doubledFen } = whole.received;
    expect((await planFigures(db.direct, PLAN)).contributionsFen).toBe(memberFen + unitFen + fundFen + phoneFen - doubledFen);
    for (const { id } of await rows<{ id: string }>('select id from enrolment_window'))
      expect((await summaries.read(id)).equalsBooks).toBe(true);
    expect(whole.openLines).toBe(0);
    const wrong = await rows(
      `select c.id from contribution_credit c
       left join (select credit_id, sum(amount_fen) as fen from contribution_match m
         where not exists (select from match_reversal r where r.match_id = m.id and r.state = 'confirmed') group by 1) m on m.credit_id = c.id
       left join (select credit_id, sum(amount_fen) as fen from contribution_refund where state in ('signed', 'sending', 'unknown', 'accepted', 'paid') group by 1) r on r.credit_id = c.id
       where c.matched_fen <> coalesce(m.fen, 0) or c.refunded_fen <> coalesce(r.fen, 0)`,
    );
    expect(wrong).toEqual([]);
  });

  /** A credit that is for nothing known. */
  const suspend = async (amountFen = 5_000) => {
    const bankReference = await pay(amountFen, '不明', '某单位');
    await closeDay();
    return { ...(await creditOf(bankReference)), bankReference };
  };
  const refund = async (creditId: string, amountFen: number, bankAccount = ORDINARY): Promise<string> => {
    const { id } = await refunds.propose(maker, { creditId, amountFen: fen(amountFen) }, { ...TO, bankAccount }, '非互助金');
    await refunds.check(checker, id);
    return id;
  };
  const stateOf = async (id: string) => {
    const [row] = await rows<{ state: string; reason: string | null; settled: string | null; outcome: string | null }>(
      `select r.state, r.bank_reason as reason, r.settled_on::text as settled, o.outcome from contribution_refund r
       left join ledger_outcome o on o.code = 'suspense-refund' and o.subject = r.id where r.id = $1`,
      id,
    );
    return row!;
  };

  describe('of a notice', () => {
    it('is asked as the shares of members and unit, and the special fund’s is booked when it is paid', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      await enrol(window, unit, 3);
      const notice = await issue(window, unit);
      expect(notice).toMatchObject({ members: 3, memberFen: 18_000, unitFen: 9_000, fundFen: 3_000, amountFen: 27_000, state: 'open' });
      await pay(20_000, notice.reference, unit.name);
      await closeDay();
      expect(await summaries.read(window.id)).toMatchObject({
        expected: { memberFen: 18_000, unitFen: 9_000, fundFen: 3_000 },
        received: { memberFen: 18_000, unitFen: 2_000, fundFen: 0 },
      });
      await pay(7_000, notice.reference, unit.name);
      expect(await closeDay()).toMatchObject({ noticesPaid: 1, coversStarted: 3, suspended: 0 });
      expect(await summaries.read(window.id)).toMatchObject({ received: { memberFen: 18_000, unitFen: 9_000, fundFen: 3_000 } });
    });

    it('that the special fund pays whole is paid at once, and starts covers', async () => {
      const [window, unit] = [await newWindow({ memberFen: fen(0), unitFen: fen(0), fundFen: fen(10_000) }), await newUnit()];
      const people = await enrol(window, unit, 2);
      expect(await contributions.issueNotices(window.id)).toEqual({ notices: 1, members: 2, amountFen: 0, waitingUnits: 0 });
      expect(await noticesOf(window, unit)).toMatchObject([{ state: 'paid', amountFen: 0, fundFen: 20_000 }]);
      expect(await rows('select 1 from cover where member_id = any($1)', people)).toHaveLength(2);
      expect(await summaries.read(window.id)).toMatchObject({ received: { memberFen: 0, unitFen: 0, fundFen: 20_000 } });
      expect(await receipts.ofNotice((await noticesOf(window, unit))[0]!.id, maker)).toEqual([]);
    });

    it('asks a unit once for its share of those who joined alone, whose cover does not wait for it', async () => {
      const [window, unit, other] = [await newWindow(), await newUnit(), await newUnit()];
      await enrol(window, unit, 1);
      for (let i = 0; i < 2; i++) await joinAlone(window, unit);
      await joinAlone(window, other);
      expect(await contributions.issueNotices(window.id)).toMatchObject({ notices: 2, members: 1 });
      expect(await contributions.issueNotices(window.id)).toMatchObject({ notices: 0 });
      expect(await noticesOf(window, unit)).toMatchObject([
        { members: 1, aloneMembers: 2, memberFen: 6_000, unitFen: 9_000, fundFen: 3_000 },
      ]);
      const [alone] = await noticesOf(window, other);
      expect(alone).toMatchObject({ members: 0, aloneMembers: 1, memberFen: 0, unitFen: 3_000, fundFen: 1_000 });
      await joinAlone(window, other);
      await contributions.issueNotices(window.id);
      expect((await noticesOf(window, other)).map((notice) => [notice.members, notice.aloneMembers])).toEqual([
        [0, 1],
        [0, 1],
      ]);
      await pay(3_000, alone!.reference, other.name);
      expect(await closeDay()).toMatchObject({ noticesPaid: 1, coversStarted: 0 });
      expect(await summaries.read(window.id)).toMatchObject({
        received: { memberFen: 0, unitFen: 3_000, fundFen: 1_000, phoneFen: 24_000 },
      });
    });

    it('asks the share of somebody who joined alone once, also after a move to another unit', async () => {
      const [window, unit, other] = [await newWindow(), await newUnit(), await newUnit()];
      const asked = await joinAlone(window, unit);
      await contributions.issueNotices(window.id);
      await moveTo(other, asked.memberId);
      expect(await contributions.issueNotices(window.id)).toMatchObject({ notices: 0 });

      await joinAlone(window, unit);
      const unasked = await joinAlone(window, unit);
      await moveTo(other, unasked.memberId);
      expect(await contributions.issueNotices(window.id)).toMatchObject({ notices: 2, amountFen: 6_000 });
      expect((await noticesOf(window, unit)).map(({ aloneMembers }) => aloneMembers)).toEqual([1, 1]);
      expect((await noticesOf(window, other)).map(({ aloneMembers }) => aloneMembers)).toEqual([1]);
      expect(await contributions.issueNotices(window.id)).toMatchObject({ notices: 0 });
    });

    it('reaches every unit of a province, each once, however many there are', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      await joinAlone(window, unit);
      await rows(
        `with u as (
           insert into organisation (id, parent_id, kind, code, name, path)
           select gen_random_uuid(), o.parent_id, 'unit', 'MANY' || i, 'MANY' || i, $2 || 'MANY' || i || '/' from organisation o, generate_series(1, 2500) i
           where o.id = $3 returning id)
         insert into enrolment_count (window_id, unit_id, members, unnoticed) select $1, id, 2, 2 from u`,
        window.id,
        COUNTY,
        unit.id,
      );
      expect(await contributions.issueNotices(window.id)).toMatchObject({ notices: 2_501, members: 5_000 });
      expect(await rows('select count(distinct unit_id)::int as units from payment_notice where window_id = $1', window.id)).toEqual([
        { units: 2_501 },
      ]);
      expect(await contributions.issueNotices(window.id)).toMatchObject({ notices: 0 });
    });

    it('asked for at the same time by two is issued once', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      await joinAlone(window, unit);
      // Both have begun before either can go on.
      const both = await db.transaction(async (tx) => {
        await rowsOf(tx, 'select from enrolment_count where window_id = $1 for update', [window.id]);
        const issuing = [contributions.issueNotices(window.id), contributions.issueNotices(window.id)];
        while ((await waiting()) < 2) await setImmediate();
        return issuing;
      });
      expect((await Promise.all(both)).map(({ notices }) => notices).sort()).toEqual([0, 1]);
    });
  });

  describe('on the collection account', () => {
    it('pays several notices by one credit, and keeps by which rule', async () => {
      const [window, unit, other] = [await newWindow(), await newUnit(), await newUnit()];
      await enrol(window, unit, 1);
      await enrol(window, other, 2);
      const first = await issue(window, unit);
      await enrol(window, unit, 1);
      await issue(window, unit);
      const [foreign] = await noticesOf(window, other);
      const both = await pay(18_000, `${first.reference}-02`, '代付人');
      const whole = await pay(18_000, '互助金', other.name);
      const stranger = await pay(18_000, '互助金', '别的单位');
      expect(await closeDay()).toMatchObject({ credits: 3, matched: 2, suspended: 1, noticesPaid: 3, coversStarted: 4 });
      const rulesOf = async (bankReference: string) =>
        rows(
          'select m.rule, m.amount_fen::int as fen from contribution_match m join contribution_credit c on c.id = m.credit_id where c.bank_reference = $1 order by m.id',
          bankReference,
        );
      expect(await rulesOf(both)).toEqual([
        { rule: 'references', fen: 9_000 },
        { rule: 'references', fen: 9_000 },
      ]);
      expect(await rulesOf(whole)).toEqual([{ rule: 'unit-total', fen: foreign!.amountFen }]);
      expect(await rulesOf(stranger)).toEqual([]);
      await expect(rows('update contribution_match set amount_fen = 1')).rejects.toThrow('append-only');
      await expect(rows('update contribution_credit set refunded_fen = 1 where bank_reference = $1', whole)).rejects.toThrow('rest_fen');
    });

    it('does not take a name that two units have for either of them', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      await enrol(window, unit, 1);
      await issue(window, unit);
      await organisations.create({ kind: 'unit', code: unitCode(++serial), name: unit.name, parentCode: '459999' });
      await pay(9_000, '互助金', unit.name);
      expect(await closeDay()).toMatchObject({ matched: 0, suspended: 1 });
    });

    it('settles what members paid on the phone when the institution hands it on', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      const before = balanceOf(await ledger.trialBalance(db.direct), 'phone-collection');
      for (let i = 0; i < 2; i++) await joinAlone(window, unit);
      await pay(before + 12_000, phoneSettlementReference(today), PHONE_COLLECTOR);
      expect(await closeDay()).toMatchObject({ matched: 1, suspended: 0, noticesPaid: 0 });
      expect(balanceOf(await ledger.trialBalance(db.direct), 'phone-collection')).toBe(0);
    });
  });

  describe('in suspense', () => {
    it('is shown with its age and the notices it may be for, and pays them when two people say so', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      await enrol(window, unit, 2);
      const notice = await issue(window, unit);
      const typo = `${notice.reference.slice(0, 20)}?${notice.reference.slice(21)}`;
      const bankReference = await pay(20_000, typo, '代付人');
      await closeDay();
      for (let i = 0; i < 8; i++) await closeDay();
      const view = await suspense.read();
      const { id: creditId } = await creditOf(bankReference);
      expect(view.credits.find(({ id }) => id === creditId)).toMatchObject({
        restFen: 20_000,
        ageDays: 9,
        age: '8-30',
        reason: 'no-reference',
        suggestions: [{ id: notice.id, reasons: ['similar-reference'] }],
      });
      expect(view.ages['8-30'].restFen).toBeGreaterThanOrEqual(20_000);

      const propose = (amountFen: number, noticeId = notice.id) =>
        suspense.propose(maker, creditId, [{ noticeId, amountFen: fen(amountFen) }]);
      await expect(propose(20_000)).rejects.toMatchObject({ code: 'notice-takes-less', details: { lackingFen: 18_000 } });
      await expect(propose(20_001)).rejects.toMatchObject({ code: 'suspense-rest' });
      await expect(propose(1, uuidv7())).rejects.toMatchObject({ code: 'notice', kind: 'not-found' });
      const { id } = await propose(18_000);
      await expect(propose(1)).rejects.toMatchObject({ code: 'already-proposed' });
      expect(await suspense.proposals()).toMatchObject([
        { id, proposedBy: 'maker', lines: [{ reference: notice.reference, amountFen: 18_000 }] },
      ]);
      await expect(suspense.confirm(maker, id)).rejects.toMatchObject({ code: 'same-person', kind: 'forbidden' });
      expect(await suspense.confirm(checker, id)).toEqual({ noticesPaid: 1, coversStarted: 2 });
      await expect(suspense.confirm(checker, id)).rejects.toMatchObject({ code: 'already-decided' });
      expect(await creditOf(bankReference)).toMatchObject({ matched: 18_000, rest: 2_000 });
      expect(await summaries.read(window.id)).toMatchObject({ received: { memberFen: 12_000, unitFen: 6_000, fundFen: 2_000 } });
    });

    it('is not taken for a notice that was paid between the proposal and its confirmation', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      await enrol(window, unit, 1);
      const notice = await issue(window, unit);
      const { id: creditId } = await suspend(9_000);
      const { id } = await suspense.propose(maker, creditId, [{ noticeId: notice.id, amountFen: fen(9_000) }]);
      await pay(9_000, notice.reference, unit.name);
      await closeDay();
      await expect(suspense.confirm(checker, id)).rejects.toMatchObject({ code: 'notice-takes-less' });
      await expect(suspense.decline(maker, id)).rejects.toMatchObject({ code: 'same-person' });
      await suspense.decline(checker, id);
    });

    it('is matched or given back, never both, when two pairs of people decide at once', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      await enrol(window, unit, 1);
      const notice = await issue(window, unit);
      const { id: creditId, bankReference } = await suspend(9_000);
      const match = await suspense.propose(maker, creditId, [{ noticeId: notice.id, amountFen: fen(9_000) }]);
      const back = await refunds.propose(maker, { creditId, amountFen: fen(9_000) }, TO, '非互助金');
      const ends = await Promise.allSettled([suspense.confirm(checker, match.id), refunds.check(checker, back.id)]);
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await creditOf(bankReference)).toMatchObject({ rest: 0 });
      await refunds.advance();
    });
  });

  describe('matched by mistake', () => {
    const matchOf = async (notice: NoticeView) => (await reversals.matches(notice.id)).at(-1)!;
    const takeBack = async (notice: NoticeView) => {
      const { id } = await reversals.propose(maker, (await matchOf(notice)).id, '写错了编号');
      return reversals.confirm(checker, id);
    };
    const coverNumbers = async (window: Window) =>
      (await rows<{ number: string }>('select number from cover where period_id = $1 order by number', window.periodId)).map(
        ({ number }) => number,
      );
    /** Two units with a notice each; the second one's money names the first one's. */
    const mistaken = async (people = 2) => {
      const [window, unit, other] = [await newWindow(), await newUnit(), await newUnit()];
      const members = await enrol(window, unit, people);
      await enrol(window, other, people);
      await contributions.issueNotices(window.id);
      const [[notice], [meant]] = [await noticesOf(window, unit), await noticesOf(window, other)];
      const bankReference = await pay(notice!.amountFen, notice!.reference, other.name);
      expect(await closeDay()).toMatchObject({ noticesPaid: 1, coversStarted: people });
      return { window, unit, other, members, notice: notice!, meant: meant!, bankReference };
    };

    it('is taken back by two people, goes to whom it was for, and its notice can be paid again', async () => {
      const { window, unit, notice, meant, bankReference } = await mistaken();
      await receipts.issue();
      const before = await coverNumbers(window);
      const match = await matchOf(notice);
      expect(match).toMatchObject({ rule: 'reference', amountFen: 18_000, reference: notice.reference, reversal: null });
      const { id } = await reversals.propose(maker, match.id, '写错了编号');
      expect(await reversals.proposals()).toMatchObject([
        { id, matchId: match.id, noticeReference: notice.reference, proposedBy: 'maker' },
      ]);
      await expect(reversals.propose(maker, match.id, '又一次')).rejects.toMatchObject({ code: 'match-reversed' });
      await expect(reversals.confirm(maker, id)).rejects.toMatchObject({ code: 'same-person' });
      expect(await reversals.confirm(checker, id)).toEqual({ noticeReopened: true, coversReversed: 2 });
      await expect(reversals.confirm(checker, id)).rejects.toMatchObject({ code: 'already-decided' });
      await expect(reversals.propose(maker, match.id, '又一次')).rejects.toMatchObject({ code: 'match-reversed' });
      expect(await matchOf(notice)).toMatchObject({ reversal: 'confirmed' });
      expect(await noticesOf(window, unit)).toMatchObject([{ state: 'open', receivedFen: 0 }]);
      expect(await coverNumbers(window)).toEqual([]);
      expect(await rows('select number from cover_reversal where reversal_id = $1 order by number', id)).toEqual(
        before.map((number) => ({ number })),
      );
      const credit = await creditOf(bankReference);
      expect(credit).toMatchObject({ matched: 0, rest: 18_000 });
      const held = (await suspense.read()).credits.find((one) => one.id === credit.id)!;
      expect(held).toMatchObject({ reason: 'taken-back', takenBackFrom: [notice.id] });
      expect(held.suggestions[0]).toMatchObject({ id: meant.id });
      expect(held.suggestions.some((suggestion) => suggestion.id === notice.id)).toBe(false);
      expect(await summaries.read(window.id)).toMatchObject({ received: { memberFen: 0, unitFen: 0, fundFen: 0 }, equalsBooks: true });
      await receipts.issue();
      expect(await receipts.ofNotice(notice.id, maker)).toMatchObject([{ version: 1, state: 'red-flushed' }]);
      await expect(receipts.askAgain(notice.id, maker)).rejects.toMatchObject({ code: 'receipt-not-refused' });

      const again = await suspense.propose(maker, credit.id, [{ noticeId: meant.id, amountFen: fen(18_000) }]);
      expect(await suspense.confirm(checker, again.id)).toEqual({ noticesPaid: 1, coversStarted: 2 });
      await pay(18_000, notice.reference, unit.name);
      expect(await closeDay()).toMatchObject({ noticesPaid: 1, coversStarted: 2 });
      expect(await coverNumbers(window)).toHaveLength(4);
      expect(await summaries.read(window.id)).toMatchObject({ received: { memberFen: 24_000, unitFen: 12_000, fundFen: 4_000 } });
      await receipts.issue();
      expect(await receipts.ofNotice(notice.id, maker)).toMatchObject([
        { version: 2, state: 'issued', amountFen: 18_000 },
        { version: 1, state: 'red-flushed' },
      ]);
      // And a second time.
      expect(await takeBack(notice)).toEqual({ noticeReopened: true, coversReversed: 2 });
      expect(await summaries.read(window.id)).toMatchObject({ received: { memberFen: 12_000, unitFen: 6_000, fundFen: 2_000 } });
    });

    it('leaves no receipt of a notice that was taken back before public finance had answered', async () => {
      const { notice, unit } = await mistaken();
      await takeBack(notice);
      await pay(18_000, notice.reference, unit.name);
      await closeDay();
      await receipts.issue();
      expect((await receipts.ofNotice(notice.id, maker)).map(({ version, state }) => [version, state])).toEqual([
        [2, 'issued'],
        [1, 'red-flushed'],
      ]);
    });

    it('is left where a claim is granted, a cover has moved, or somebody was paid for in vain', async () => {
      const { window, unit, other, members, notice } = await mistaken();
      const { id } = await matchOf(notice);
      const reversal = await reversals.propose(maker, id, '写错了编号');
      claims.granted.add(members[0]!);
      const stays = { code: 'covers-claimed', kind: 'conflict', details: { claims: 1 } };
      await expect(reversals.confirm(checker, reversal.id)).rejects.toMatchObject(stays);
      await expect(reversals.decline(maker, reversal.id)).rejects.toMatchObject({ code: 'same-person' });
      await reversals.decline(checker, reversal.id);
      await expect(reversals.propose(maker, id, '写错了编号')).rejects.toMatchObject(stays);
      claims.granted.clear();
      expect(await coverNumbers(window)).toHaveLength(2);
      const addOn = await newWindow(SHARES, ADD_ON, Number(window.coverFrom.slice(0, 4)));
      await rows(
        `insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, join_id, started_at, enrolled_on)
         select member_id, $2, $3, cover_from, cover_to, $3, organisation_path, $2, started_at, enrolled_on from cover where member_id = $1`,
        members[0],
        addOn.periodId,
        ADD_ON,
      );
      const changed = { code: 'covers-changed', details: { covers: 1 } };
      await expect(reversals.propose(maker, id, '写错了编号')).rejects.toMatchObject(changed);
      await rows('delete from cover where period_id = $1', addOn.periodId);
      await moveTo(other, members[1]!);
      await expect(reversals.propose(maker, id, '写错了编号')).rejects.toMatchObject(changed);

      const [early] = await enrol(window, unit, 1);
      const doubled = await issue(window, unit);
      await startCover(window, early!, uuidv7());
      await pay(doubled.amountFen, doubled.reference, other.name);
      await closeDay();
      await expect(takeBack(doubled)).rejects.toMatchObject({ code: 'notice-doubled', details: { doubles: 1 } });
    });

    it('waits for a claim that is being decided on one of its covers, and sees it', async () => {
      const { members, notice } = await mistaken();
      const { id } = await reversals.propose(maker, (await matchOf(notice)).id, '写错了编号');
      const [confirming] = await db.transaction(async (tx) => {
        await holdCoversOf(tx, [members[0]!]);
        const confirming = reversals.confirm(checker, id);
        // Awaited below; until then a failure must not count as unhandled.
        confirming.catch(() => {});
        while ((await waiting()) === 0) await setImmediate();
        claims.granted.add(members[0]!);
        return [confirming];
      });
      await expect(confirming).rejects.toMatchObject({ code: 'covers-claimed' });
      claims.granted.clear();
    });

    it('is not taken back where it is of no notice', async () => {
      const held = balanceOf(await ledger.trialBalance(db.direct), 'phone-collection');
      const bankReference = await pay(held + 1, phoneSettlementReference(today), PHONE_COLLECTOR);
      await closeDay();
      const { id } = await creditOf(bankReference);
      const [match] = await rows<{ id: string }>('select id from contribution_match where credit_id = $1', id);
      for (const unknown of [match!.id, uuidv7()])
        await expect(reversals.propose(maker, unknown, '写错了编号')).rejects.toMatchObject({ code: 'match', kind: 'not-found' });
      await expect(reversals.matches(uuidv7())).rejects.toMatchObject({ code: 'notice', kind: 'not-found' });
    });

    it('is taken back once, and never after its money was given away, whoever decides at once', async () => {
      const { notice, unit, window } = await mistaken();
      const { id } = await reversals.propose(maker, (await matchOf(notice)).id, '写错了编号');
      const ends = await Promise.allSettled(Array.from({ length: 4 }, () => reversals.confirm(checker, id)));
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await noticesOf(window, unit)).toMatchObject([{ state: 'open', receivedFen: 0 }]);
    });

    it('in parts is taken back in whatever order: shares, credits and books say what is left', async () => {
      const part = fc.record({ amountFen: fc.integer({ min: 1, max: 12_000 }), back: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 5 }), async (parts) => {
          const [window, unit] = [await newWindow(), await newUnit()];
          await enrol(window, unit, 2);
          const notice = await issue(window, unit);
          for (const { amountFen } of parts) await pay(amountFen, notice.reference, '代付人');
          await closeDay();
          const matched = await reversals.matches(notice.id);
          let left = matched.reduce((sum, { amountFen }) => sum + amountFen, 0);
          expect(left).toBe(
            Math.min(
              notice.amountFen,
              parts.reduce((sum, { amountFen }) => sum + amountFen, 0),
            ),
          );
          for (const [i, match] of matched.entries()) {
            if (!parts[i]!.back) continue;
            const { id } = await reversals.propose(maker, match.id, '写错了编号');
            expect(await reversals.confirm(checker, id)).toMatchObject({ noticeReopened: left === notice.amountFen });
            left -= match.amountFen;
          }
          expect(await noticesOf(window, unit)).toMatchObject([{ receivedFen: left, state: left === notice.amountFen ? 'paid' : 'open' }]);
          expect(await coverNumbers(window)).toHaveLength(left === notice.amountFen ? 2 : 0);
          const memberFen = Math.min(notice.memberFen, left);
          expect(await summaries.read(window.id)).toMatchObject({ received: { memberFen, unitFen: left - memberFen }, equalsBooks: true });
        }),
        { numRuns: 10 },
      );
    });
  });

  describe('given back', () => {
    it('by two people goes out once, and the statement shows it gone', async () => {
      const { id: creditId, bankReference } = await suspend(5_000);
      const before = await bankBalance();
      const { id } = await refunds.propose(maker, { creditId, amountFen: fen(5_000) }, TO, '重复转账');
      await expect(refunds.check(maker, id)).rejects.toMatchObject({ code: 'same-person' });
      await refunds.check(checker, id);
      await expect(refunds.check(checker, id)).rejects.toMatchObject({ code: 'already-decided' });
      expect(await enrolmentDue(db.direct, clock.now(), new Date(0))).toMatchObject({ refunds: 1 });
      await refunds.advance();
      expect(await stateOf(id)).toMatchObject({ state: 'paid', outcome: 'posted', settled: null });
      await refunds.advance();
      expect(await bankBalance()).toBe(before - 5_000);
      const on = today;
      await closeDay();
      expect(await stateOf(id)).toMatchObject({ state: 'paid', settled: on });
      expect(await creditOf(bankReference)).toMatchObject({ refunded: 5_000, rest: 0 });
      const [stored] = await rows<{ whole: string }>('select payee_sealed::text as whole from contribution_refund where id = $1', id);
      expect(Buffer.from(stored!.whole.slice(2), 'hex').includes(ORDINARY)).toBe(false);
    });

    it('is refused for money that paid a notice, whatever is left over of the credit', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      await enrol(window, unit, 1);
      const notice = await issue(window, unit);
      const bankReference = await pay(9_500, notice.reference, unit.name);
      await closeDay();
      const { id: creditId, rest } = await creditOf(bankReference);
      expect(rest).toBe(500);
      const ask = (amountFen: number) => refunds.propose(maker, { creditId, amountFen: fen(amountFen) }, TO, '退款');
      await expect(ask(9_500)).rejects.toMatchObject({ code: 'contribution-valid', message: expect.stringContaining('not given back') });
      const [first, second] = [await ask(500), await ask(500)];
      await refunds.check(checker, first.id);
      await expect(refunds.check(checker, second.id)).rejects.toMatchObject({ code: 'suspense-rest' });
      await refunds.decline(checker, second.id);
      await refunds.advance();
      expect(await creditOf(bankReference)).toMatchObject({ matched: 9_000, refunded: 500, rest: 0 });
    });

    it('without an answer of the bank that had executed it is only asked about (account ending 0028)', async () => {
      const { id: creditId } = await suspend();
      const submitted: string[] = [];
      const worker = refundsBy({
        submit: (pain001) => {
          submitted.push(pain001);
          return bankGateway.submit(pain001);
        },
        status: (messageId) => bankGateway.status(messageId),
      });
      const id = await refund(creditId, 5_000, '6228480402564890028');
      await worker.advance();
      expect(await stateOf(id)).toMatchObject({ state: 'paid', outcome: 'posted' });
      expect(submitted).toHaveLength(1);
      const events = await rows<{ status: string }>(
        'select status from contribution_refund_event where refund_id = $1 order by at, status',
        id,
      );
      expect(events.map(({ status }) => status).sort()).toEqual(['ACSC', 'UNKNOWN']);
    });

    it('that the bank stopped without executing it is back in suspense, and is given back by another refund (account ending 0036)', async () => {
      const { id: creditId, bankReference } = await suspend();
      const before = await bankBalance();
      const first = await refund(creditId, 5_000, '6228480402564890036');
      await refunds.advance();
      expect(await stateOf(first)).toMatchObject({ state: 'failed', reason: 'AB05', outcome: 'voided' });
      expect(await creditOf(bankReference)).toMatchObject({ refunded: 0, rest: 5_000 });
      expect(await bankBalance()).toBe(before);
      const second = await refund(creditId, 5_000, '6228480402564890036');
      await refunds.advance();
      expect(await stateOf(second)).toMatchObject({ state: 'paid', outcome: 'posted' });
      expect(await bankBalance()).toBe(before - 5_000);
    });

    it('to a closed account fails at once, and the money stays in suspense (account ending 0002)', async () => {
      const { id: creditId, bankReference } = await suspend();
      const id = await refund(creditId, 5_000, '6228480402564890002');
      await refunds.advance();
      expect(await stateOf(id)).toMatchObject({ state: 'failed', reason: 'AC04', outcome: 'voided' });
      expect(await creditOf(bankReference)).toMatchObject({ rest: 5_000 });
    });

    it('that comes back later is in suspense again (account ending 0010)', async () => {
      const { id: creditId, bankReference } = await suspend();
      const id = await refund(creditId, 5_000, '6228480402564890010');
      await refunds.advance();
      expect(await stateOf(id)).toMatchObject({ state: 'paid' });
      for (let days = 0; days < 10 && (await stateOf(id)).state === 'paid'; days++) await closeDay();
      expect(await stateOf(id)).toMatchObject({ state: 'returned', reason: 'AC04' });
      expect(await creditOf(bankReference)).toMatchObject({ refunded: 0, rest: 5_000 });
      expect(balanceOf(await ledger.trialBalance(db.direct), 'collection-bank')).toBe(await bankBalance());
    });

    const killed = new Error('killed');
    /** Real time passes for a worker that is gone. */
    const longAfter = () =>
      rows(`update contribution_refund set attempted_at = attempted_at - interval '1 minute' where state = 'sending'`);
    it.each([
      ['before the message is out', () => Promise.reject(killed)],
      ['after the bank has executed it', (pain001: string) => bankGateway.submit(pain001).then(() => Promise.reject(killed))],
    ])('by a worker that dies %s is taken up by another, and goes out once', async (_, submit) => {
      const { id: creditId } = await suspend();
      const before = await bankBalance();
      const id = await refund(creditId, 5_000);
      await expect(refundsBy({ submit, status: () => Promise.reject(killed) }).advance()).rejects.toThrow('killed');
      expect(await stateOf(id)).toMatchObject({ state: 'sending', outcome: null });
      await refunds.advance();
      expect(await stateOf(id)).toMatchObject({ state: 'sending' });
      await longAfter();
      await Promise.all([refunds.advance(), refundsBy(bankGateway).advance()]);
      expect(await stateOf(id)).toMatchObject({ state: 'paid', outcome: 'posted' });
      expect(await bankBalance()).toBe(before - 5_000);
    });

    it('is proved by the statement when the bank never says a word more', async () => {
      const { id: creditId } = await suspend();
      const id = await refund(creditId, 5_000, '6228480402564890028');
      const mute = refundsBy({ submit: (pain001) => bankGateway.submit(pain001), status: () => Promise.reject(killed) });
      await expect(mute.advance()).rejects.toThrow('killed');
      expect(await stateOf(id)).toMatchObject({ state: 'unknown', outcome: null });
      const on = today;
      await closeDay();
      expect(await stateOf(id)).toMatchObject({ state: 'paid', outcome: 'posted', settled: on });
    });

    it('about which the bank says what nobody can read holds up no other, and is asked about later', async () => {
      const { id: creditId } = await suspend();
      const ids = [await refund(creditId, 3_000, '6228480402564890028'), await refund(creditId, 2_000)];
      const unreadable = new DomainError('unreadable-answer', 'unavailable', 'expected a report, found another answer');
      const asked: string[] = [];
      const worker = refundsBy({
        submit: (pain001) => bankGateway.submit(pain001),
        status: (messageId) => {
          asked.push(messageId);
          return asked[0] === messageId ? Promise.reject(unreadable) : bankGateway.status(messageId);
        },
      });
      await expect(worker.advance()).rejects.toBe(unreadable);
      await worker.advance();
      const states = await Promise.all(ids.map(async (id) => (await stateOf(id)).state));
      expect([states.sort(), asked.length]).toEqual([['paid', 'unknown'], 2]);
      await longAfter();
      clock.set(`${today} 19:00`);
      await refunds.advance();
      expect(await Promise.all(ids.map(async (id) => (await stateOf(id)).state))).toEqual(['paid', 'paid']);
    });

    it('is not sent when what was checked is no longer what is stored', async () => {
      const { id: creditId } = await suspend();
      const id = await refund(creditId, 5_000);
      await rows('update contribution_refund set amount_fen = 4999 where id = $1', id);
      await expect(refunds.advance()).rejects.toThrow('changed after it was signed');
      await rows('update contribution_refund set amount_fen = 5000 where id = $1', id);
      await refunds.advance();
      expect(await stateOf(id)).toMatchObject({ state: 'paid' });
    });
  });

  describe('paid twice for a person', () => {
    it('who had paid alone on the phone is given back to the unit once, with a new receipt over the rest', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      const [early] = await enrol(window, unit, 2);
      const notice = await issue(window, unit);
      await startCover(window, early!, uuidv7());
      await pay(notice.amountFen, notice.reference, unit.name);
      expect(await closeDay()).toMatchObject({ noticesPaid: 1, coversStarted: 1 });
      await receipts.issue();
      const [double] = (await refunds.doubles()).filter((one) => one.noticeReference === notice.reference);
      expect(double).toMatchObject({ cause: 'paid-twice', amountFen: 6_000, state: 'due' });
      expect(await summaries.read(window.id)).toMatchObject({ received: { memberFen: 12_000, doubledFen: 6_000 } });

      const cause = { doubleId: double!.id };
      const { id } = await refunds.propose(maker, cause, TO, '重复缴费');
      await expect(refunds.propose(maker, cause, TO, '重复缴费')).rejects.toMatchObject({ code: 'already-proposed' });
      await refunds.check(checker, id);
      await refunds.advance();
      expect(await stateOf(id)).toMatchObject({ state: 'paid' });
      await expect(refunds.propose(maker, cause, TO, '重复缴费')).rejects.toMatchObject({ code: 'double' });
      await receipts.issue();
      expect(await receipts.ofNotice(notice.id, maker)).toMatchObject([
        { version: 2, state: 'issued', amountFen: 12_000 },
        { version: 1, state: 'red-flushed', amountFen: 18_000, redNumber: expect.any(String) },
      ]);
    });

    it('is counted as covered once, as is whoever joined alone, also after a death', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      const [twice, dies] = await enrol(window, unit, 3);
      const counts = () => windows.countdown(window.id);
      await joinAlone(window, unit);
      expect(await counts()).toMatchObject({ enrolled: 4, covered: 1 });
      await startCover(window, twice!, uuidv7());
      const notice = await issue(window, unit);
      expect(await counts()).toMatchObject({ enrolled: 4, covered: 2 });
      await pay(notice.amountFen, notice.reference, unit.name);
      await closeDay();
      expect(await counts()).toMatchObject({ enrolled: 4, covered: 4 });
      const on = chinaDate(clock.now());
      await db.transaction((tx) => endCover(tx, { memberId: dies!, periodId: window.periodId }, 'death', on, 'clerk', clock.now()));
      expect(await counts()).toMatchObject({ enrolled: 4, covered: 4 });
      expect(await db.transaction((tx) => recount(tx, window.id))).toBe(0);
    });

    it('by another notice is given back with the unit’s share, and the special fund has its own back', async () => {
      const [window, unit, other] = [await newWindow(), await newUnit(), await newUnit()];
      const [moved] = await enrol(window, unit, 1);
      await enrol(window, other, 1);
      await issue(window, unit);
      const [[first], [second]] = [await noticesOf(window, unit), await noticesOf(window, other)];
      await pay(9_000, first!.reference, unit.name);
      await closeDay();
      // The unit that the person went to had them on its notice too.
      await rows('update enrolment set unit_id = $2 where member_id = $1', moved!, other.id);
      await pay(9_000, second!.reference, other.name);
      await closeDay();
      expect((await refunds.doubles()).filter((one) => one.noticeReference === second!.reference)).toMatchObject([{ amountFen: 9_000 }]);
      expect(await summaries.read(window.id)).toMatchObject({
        received: { memberFen: 12_000, unitFen: 6_000, fundFen: 1_000, doubledFen: 9_000 },
      });
    });
  });

  describe('paid for somebody whom underwriting refused', () => {
    const refuse = (window: Window, memberId: string) =>
      rows(
        `insert into underwriting (member_id, period_id, window_id, unit_id, state, reason, answered_at, refused_at)
         select member_id, period_id, window_id, unit_id, 'refused', 'not-insured', $3, $3 from enrolment where member_id = $1 and period_id = $2`,
        memberId,
        window.periodId,
        clock.now(),
      );
    const turnDown = () => new TurnDownService(db, clock).turnDown();
    const isDue = () => new TurnDownService(db, clock).isDue();
    const days = async (count: number) => {
      for (let day = 0; day < count; day++) await closeDay();
    };

    it('is given back to the unit when nobody has put it right in seven days', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      await rows(`update enrolment_window set underwriting = 'insured' where id = $1`, window.id);
      const [refused, corrected, other] = (await enrol(window, unit, 3)) as [string, string, string];
      for (const memberId of [refused, corrected]) await refuse(window, memberId);
      const notice = await issue(window, unit);
      await days(8);
      // Not paid yet: nothing is to go back.
      expect(await isDue()).toBe(false);
      await pay(notice.amountFen, notice.reference, unit.name);
      await closeDay();
      expect(await isDue()).toBe(true);
      await rows(
        `update underwriting set state = 'due', reason = null, refused_at = null, next_at = $2 where member_id = $1`,
        corrected,
        clock.now(),
      );
      for (let i = 0; i < 2; i++) await turnDown();
      expect(await isDue()).toBe(false);
      expect(await rows('select member_id from enrolment where window_id = $1 order by 1', window.id)).toEqual(
        [corrected, other].sort().map((member_id) => ({ member_id })),
      );
      expect(await db.transaction((tx) => recount(tx, window.id))).toBe(0);
      expect(await rows('select withdrawn_by, member_id, reason from enrolment_withdrawal where window_id = $1', window.id)).toEqual([
        { withdrawn_by: 'underwriting', member_id: refused, reason: 'not-insured' },
      ]);
      const [double] = (await refunds.doubles()).filter((one) => one.noticeReference === notice.reference);
      expect(double).toMatchObject({ cause: 'refused', amountFen: SHARES.memberFen + SHARES.unitFen, state: 'due' });
      const { id } = await refunds.propose(maker, { doubleId: double!.id }, TO, '核保未通过');
      await refunds.check(checker, id);
      await refunds.advance();
      expect(await stateOf(id)).toMatchObject({ state: 'paid' });
      await receipts.issue();
      expect((await receipts.ofNotice(notice.id, maker))[0]).toMatchObject({
        state: 'issued',
        amountFen: notice.amountFen - SHARES.memberFen - SHARES.unitFen,
      });
    });

    it('is given back only while the notice is paid, whoever takes its match back meanwhile', async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      await rows(`update enrolment_window set underwriting = 'insured' where id = $1`, window.id);
      const [refused] = (await enrol(window, unit, 2)) as [string, string];
      await refuse(window, refused);
      const notice = await issue(window, unit);
      await pay(notice.amountFen, notice.reference, unit.name);
      await days(8);
      const doubles = async () => (await refunds.doubles()).filter((one) => one.noticeReference === notice.reference).length;
      // As a reversal does: the notice first, its count last.
      const turning = await db.transaction(async (tx) => {
        await rowsOf(tx, 'select from payment_notice where id = $1 for update', [notice.id]);
        const turning = turnDown();
        while ((await waiting()) === 0) await setImmediate();
        await rowsOf(tx, 'select from enrolment_count where window_id = $1 for update', [window.id]);
        await rowsOf(tx, `update payment_notice set state = 'open', received_fen = 0 where id = $1`, [notice.id]);
        return [turning];
      });
      await Promise.all(turning);
      expect(await doubles()).toBe(0);
      await rows(`update payment_notice set state = 'paid', received_fen = amount_fen where id = $1`, notice.id);
      await turnDown();
      expect(await doubles()).toBe(1);
    });
  });

  describe('has a receipt', () => {
    const faults = (body: object) =>
      fetch(`${treasury.url}/faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    const paidNotice = async () => {
      const [window, unit] = [await newWindow(), await newUnit()];
      await enrol(window, unit, 1);
      const notice = await issue(window, unit);
      expect(await receipts.ofNotice(notice.id, maker)).toEqual([]);
      await pay(notice.amountFen, notice.reference, unit.name);
      await closeDay();
      return { notice, unit };
    };

    it('once a notice is paid, whenever public finance answers', async () => {
      await receipts.issue();
      const { notice, unit } = await paidNotice();
      await faults({ unavailableReceipts: 3 });
      await expect(receipts.issue()).rejects.toMatchObject({ code: 'refused-by-party', retry: true });
      expect(await receipts.ofNotice(notice.id, maker)).toMatchObject([{ state: 'due', number: null }]);
      expect(await enrolmentDue(db.direct, clock.now(), new Date(0))).toMatchObject({ receipts: 1 });
      await faults({ unavailableReceipts: 0 });
      await Promise.all([receipts.issue(), receipts.issue()]);
      const [receipt] = await receipts.ofNotice(notice.id, person('clerk', 'unit-clerk', `${COUNTY}${unit.code}/`));
      expect(receipt).toMatchObject({
        state: 'issued',
        amountFen: notice.amountFen,
        issuedOn: today,
        number: expect.stringMatching(/^\d{10}$/),
      });
      const [{ reference }] = (await rows<{ reference: string }>(
        'select reference from contribution_receipt where subject = $1',
        notice.id,
      )) as [{ reference: string }];
      const said = (await (await fetch(`${treasury.url}/e-receipts/${reference}`)).json()) as EReceiptAnswer;
      expect(said).toMatchObject({ code: receipt!.code, number: receipt!.number, checkCode: receipt!.checkCode });
      expect(await enrolmentDue(db.direct, clock.now(), new Date(0))).toMatchObject({ receipts: 0, refunds: 0 });
      await expect(receipts.ofNotice(notice.id, person('other', 'unit-clerk', `${COUNTY}X/`))).rejects.toMatchObject({ code: 'notice' });
    });

    it('that is refused shows why, and is asked for again by a person', async () => {
      const { notice } = await paidNotice();
      await faults({ refuseReceipts: 1 });
      await receipts.issue();
      expect(await receipts.ofNotice(notice.id, maker)).toMatchObject([{ state: 'refused', refusal: '收费项目未备案' }]);
      await receipts.askAgain(notice.id, maker);
      await expect(receipts.askAgain(notice.id, maker)).rejects.toMatchObject({ code: 'receipt-not-refused' });
      await receipts.issue();
      expect(await receipts.ofNotice(notice.id, maker)).toMatchObject([
        { version: 2, state: 'issued' },
        { version: 1, state: 'refused' },
      ]);
    });
  });

  // The last: days go by here.
  it('that comes long after the windows have closed pays its notice, and no day is looked at twice', async () => {
    const [window, unit] = [await newWindow(), await newUnit()];
    await enrol(window, unit, 1);
    const notice = await issue(window, unit);
    today = civilDate('2026-03-01');
    clock.set(`${today} 10:00`);
    await pay(notice.amountFen, notice.reference, unit.name);
    clock.set(`${today} 20:00`);
    const due = await contributions.collectionDaysDue(clock.now());
    expect([due.at(-1), new Set(due).size]).toEqual([today, due.length]);
    for (const day of due) await contributions.collect(day);
    expect(await noticesOf(window, unit)).toMatchObject([{ state: 'paid' }]);
    expect(await contributions.collectionDaysDue(clock.now())).toEqual([]);
    today = addDays(today, 1);
  });
});
