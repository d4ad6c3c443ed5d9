/**
 * Stories that nobody thought of: people join alone, units enrol them and take them back, underwriting changes its mind, money comes twice, late,
 * short or never, parties fall silent, and some of it at the same time. When all of it has come to rest, the books are what the bank and WeChat
 * have, and whoever's money was kept is enrolled, and nobody else.
 */
import type { EReceiptAnswer, EReceiptRequest, PersonReply, RedFlushAnswer } from '@app/contracts';
import { loadPlan } from '@app/benefits';
import {
  ContributionService,
  ContributionSummaryService,
  ENROLMENT_ENTITIES,
  enrolmentDue,
  JoinPaymentService,
  JoinService,
  OrganisationService,
  PersonRegister,
  recount,
  ReceiptOffice,
  ReceiptService,
  RefundService,
  RosterImportService,
  RosterService,
  SuspenseService,
  TurnDownService,
  UnderwritingPlans,
  UnderwritingService,
  WindowService,
  WithdrawalService,
  type JoinView,
  type PlanRules,
} from '@app/enrolment';
import { BankGateway, NoAnswer } from '@app/gateways';
import { addDays, chinaInstant, civilDate, DomainError, fen } from '@app/kernel';
import { balanceOf, imbalance, ledger } from '@app/ledger';
import { Audit, Database, PersonalDataVault, PLATFORM_ENTITIES, readConfig, rowsOf, type Principal, type Role } from '@app/platform';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { DataSource } from 'typeorm';
import { startBank, type RunningSimulator } from '../../apps/simulators/src/index.js';
import { MIGRATIONS } from '../../apps/standalone/src/schema.js';
import { COLUMNS } from '../../libs/enrolment/src/roster/roster.js';
import { FakePhonePay, type Notification } from '../support/fake-phone-pay.js';
import { bankAccount, personalNumber } from '../support/people.js';
import { csvOf, OTHER_UNIT, UNIT } from '../support/roster-files.js';
import { SetClock } from '../support/set-clock.js';
import { tellStories, tolerated, type World } from '../support/stories.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const PLAN = 'guangxi-1-2025';
const COUNTY = '/45/4599/459999/';
const PEOPLE = 5;
const UNITS = [UNIT, OTHER_UNIT] as const;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** In days from the opening. */
const OPEN_DAYS = 30;
/** Of the rest that follows: underwriting gives up after seven days, and what was refused goes through the bank. */
const REST_DAYS = 25;
const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
const person = (userId: string, role: Role, organisationPath = '/'): Principal => ({
  userId,
  login: userId,
  roles: [role],
  organisationPath,
});
const clerk = person('clerk', 'unit-clerk', COUNTY);
const maker = person('maker', 'finance-maker');
const checker = person('checker', 'finance-checker');
/** By its ending the bank's simulator decides what becomes of a payment. */
const ENDINGS = ['0018', '0002', '0010', '0028', '0036', '0044'] as const;
const to = (ending: string) => ({ bankAccount: `622848040256489${ending}`, bankName: '模拟银行' });

const WORDS = ['insured', 'suspended', 'unknown', 'no-answer', 'down'] as const;

class Register extends PersonRegister {
  readonly words = new Map<string, (typeof WORDS)[number]>();

  person(personalNumber: string, name: string): Promise<PersonReply> {
    const word = this.words.get(personalNumber) ?? 'insured';
    if (word === 'down') return Promise.reject(new DomainError('insurance-down', 'unavailable', 'down'));
    if (word === 'unknown' || word === 'no-answer') return Promise.resolve({ outcome: word });
    const insured = { insutype: '310', psn_type: '11', psn_insu_stas: word === 'insured' ? ('1' as const) : ('2' as const) };
    return Promise.resolve({ outcome: 'known', person: { baseinfo: { psn_name: name }, insuinfo: [insured] } });
  }
}

class Plans extends UnderwritingPlans {
  planOn(): Promise<PlanRules | undefined> {
    return Promise.resolve(loadPlan(PLAN));
  }
}

class Office extends ReceiptOffice {
  silent = false;
  private numbers = 0;
  issueReceipt({ reference }: EReceiptRequest): Promise<EReceiptAnswer> {
    if (this.silent) return Promise.reject(new NoAnswer('treasury'));
    return Promise.resolve({ reference, state: 'issued', code: '45', number: `${++this.numbers}`, checkCode: 'c', issuedOn: '2025-09-01' });
  }
  redFlushReceipt(reference: string): Promise<RedFlushAnswer> {
    if (this.silent) return Promise.reject(new NoAnswer('treasury'));
    return Promise.resolve({ reference, state: 'red-flushed', redNumber: 'r', flushedOn: '2025-09-08' });
  }
}

class Clock extends SetClock {
  private passed = 0;
  override now(): Date {
    return new Date(super.now().getTime() + this.passed);
  }
  move(ms: number): void {
    this.passed += ms;
  }
}

const SHARES = [
  { memberFen: fen(4_000), unitFen: fen(5_000), fundFen: fen(1_000) },
  { memberFen: fen(10_000), unitFen: fen(0), fundFen: fen(0) },
  { memberFen: fen(0), unitFen: fen(9_000), fundFen: fen(1_000) },
] as const;

interface Beginning {
  readonly shares: number;
  readonly underwritten: boolean;
}

/** One thing that happens. Numbers pick among what there is at that moment, whatever that is. */
type Step =
  | { readonly do: 'ask' | 'open-page' | 'tap' | 'pay' | 'ask-and-pay' | 'withdraw'; readonly who: number }
  | { readonly do: 'notify' | 'propose' | 'give-back' | 'refuse-refund'; readonly which: number }
  | { readonly do: 'see-to-flags'; readonly givenBack: boolean; readonly retry: boolean }
  | { readonly do: 'enrol'; readonly who: readonly number[]; readonly unit: number }
  | { readonly do: 'say'; readonly who: number; readonly word: (typeof WORDS)[number] }
  | { readonly do: 'pay-notice'; readonly which: number; readonly change: number }
  | { readonly do: 'issue-notices' | 'underwrite' | 'ask-underwriting-again' | 'sweep' | 'fall-silent' | 'answer' }
  | { readonly do: 'refunds-are'; readonly state: 'processing' | 'failed' | 'succeeded' }
  | { readonly do: 'wait'; readonly minutes: number }
  | { readonly do: 'at-once'; readonly steps: readonly Step[] };

async function beginWorld({ shares, underwritten }: Beginning): Promise<World<Step>> {
  const clock = new Clock('2025-09-01 09:00');
  const vault = new PersonalDataVault(MASTER_KEY);
  const config = readConfig({ DATABASE_URL: 'postgres://', HUBAO_MASTER_KEY: MASTER_KEY });
  const database: TestDatabase = await createTestDatabase(MIGRATIONS);
  const bank: RunningSimulator = await startBank({ clock });
  const source = await new DataSource({
    type: 'postgres',
    url: database.url,
    entities: [...PLATFORM_ENTITIES, ...ENROLMENT_ENTITIES],
  }).initialize();
  const db = new Database(source);
  const audit = new Audit(db, clock);
  const pay = new FakePhonePay(clock);
  const register = new Register();
  const office = new Office();
  const gateway = new BankGateway(bank.url);
  const windows = new WindowService(db, clock);
  const rosters = new RosterService(db, clock, vault, new RosterImportService(db, clock, vault));
  // Two processes, which know of each other through the database alone.
  const processes = [0, 1].map(() => {
    const payments = new JoinPaymentService(db, clock, pay);
    return { payments, joins: new JoinService(db, clock, vault, audit, pay, payments) };
  });
  let turn = 0;
  const process = () => processes[turn++ % processes.length]!;
  const withdrawals = new WithdrawalService(db, clock, audit);
  const contributions = new ContributionService(db, clock, config, gateway);
  const suspense = new SuspenseService(db, clock);
  const refunds = new RefundService(db, clock, vault, gateway, config);
  const receipts = new ReceiptService(db, vault, office);
  const turnDown = new TurnDownService(db, clock);
  const underwriting = new UnderwritingService(db, clock, vault, register, new Plans(), audit);
  const summaries = new ContributionSummaryService(db);

  const rows = <Row>(sql: string, ...parameters: unknown[]): Promise<Row[]> => rowsOf<Row>(db.direct, sql, parameters);
  const member = (who: number): Principal => {
    const memberId = vault.memberId(personalNumber(who));
    return { userId: memberId, login: memberId, roles: ['member'], organisationPath: '/', memberId };
  };
  const roster = (windowId: string, unit: number, who: readonly number[]) =>
    rosters.importRoster({
      windowId,
      fileName: 'f.csv',
      principal: clerk,
      stream: Readable.from([
        Buffer.from(
          csvOf([
            Object.values(COLUMNS),
            ...who.map((serial) => [
              UNITS[unit]!,
              `第${unit}工会`,
              '职工甲',
              personalNumber(serial),
              '19900000001',
              '310',
              bankAccount(serial),
              '模拟银行',
            ]),
          ]),
        ),
      ]),
    });
  const newWindow = async (year: number, underwrite: boolean) =>
    windows.create({
      planId: PLAN,
      organisationCode: '459999',
      opensAt: chinaInstant(civilDate('2025-09-01')),
      closesAt: chinaInstant(addDays(civilDate('2025-09-01'), OPEN_DAYS)),
      coverFrom: civilDate(`${year}-01-01`),
      coverTo: civilDate(`${year}-12-31`),
      contributionFen: fen(10_000),
      shares: SHARES[shares % SHARES.length]!,
      underwriting: underwrite ? 'insured' : 'none',
    });

  const organisations = new OrganisationService(db);
  await organisations.create({ kind: 'region', code: '45', name: '某自治区' });
  await organisations.create({ kind: 'city', code: '4599', name: '某市', parentCode: '45' });
  await organisations.create({ kind: 'county', code: '459999', name: '某县', parentCode: '4599' });
  // Where all of them are known from: a later year, so that there is no last period to compare with.
  const { id: known } = await newWindow(2030, false);
  await roster(known, 0, [0, 1, 2]);
  await roster(known, 1, [3, 4]);
  const { id: windowId, period_id: periodId } = await newWindow(2026, underwritten);

  const views = new Map<number, JoinView>();
  const told: Notification[] = [];
  let credits = 0;
  const credit = async (amountFen: number, reference: string): Promise<void> => {
    const bankReference = `C${++credits}`;
    const body = JSON.stringify({ bankReference, account: config.collectionAccount, amountFen, reference, payerName: '第0工会' });
    const answer = await fetch(`${bank.url}/credits`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(answer.status).toBe(200);
  };
  const ask = async (who: number): Promise<void> => {
    const view = await process().joins.ask(member(who), windowId, clock.now());
    views.set(who, view);
  };
  /** The page is opened, which makes the order. */
  const openPage = async (who: number): Promise<void> => {
    const view = views.get(who);
    if (view) await process().joins.payment(member(who), view.ticket);
  };
  /** As WeChat lets anybody: an order that is open, in its time. */
  const tap = (who: number): void => {
    const open = [...pay.orders.values()].find(
      (order) => order.payer === member(who).memberId && order.payment.state === 'open' && clock.now() < order.expiresAt,
    );
    if (open) told.push(pay.pay(open.orderNumber));
  };

  /** Everything that a worker finds due, once. */
  const sweep = async (): Promise<void> => {
    const now = clock.now();
    const { payments } = process();
    for (const day of await contributions.collectionDaysDue(now)) await contributions.collect(day);
    for (const work of [
      () => receipts.issue(),
      () => refunds.advance(),
      () => payments.look(),
      () => payments.refund(),
      async () => {
        for (const day of await payments.billDaysDue(now)) await payments.compare(day);
      },
      async () => {
        if (await turnDown.isDue()) await turnDown.turnDown();
      },
      () => underwriting.underwrite(),
    ])
      await tolerated(work);
  };

  /** What finance may give back: doubles, and what is for nothing. */
  const propose = async (which: number, ending: string): Promise<void> => {
    const doubles = (await refunds.doubles()).filter(({ state }) => state === 'due');
    const open = (await suspense.read()).credits;
    const causes = [
      ...doubles.map(({ id }) => ({ doubleId: id })),
      ...open.map(({ id, restFen }) => ({ creditId: id, amountFen: restFen })),
    ];
    const cause = causes[which % Math.max(causes.length, 1)];
    if (cause) await refunds.propose(maker, cause, to(ending), '重复缴费');
  };
  const giveBack = async (which: number): Promise<void> => {
    const proposed = (await refunds.list()).filter(({ state }) => state === 'proposed');
    const one = proposed[which % Math.max(proposed.length, 1)];
    if (!one) return;
    try {
      await refunds.check(checker, one.id);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      // Another refund had the money.
      await refunds.decline(checker, one.id);
    }
  };

  const perform = async (step: Step): Promise<void> => {
    switch (step.do) {
      case 'ask':
        return ask(step.who);
      case 'open-page':
        return openPage(step.who);
      case 'tap':
        return tap(step.who);
      case 'pay':
        await openPage(step.who);
        return tap(step.who);
      case 'ask-and-pay':
        await ask(step.who);
        await openPage(step.who);
        return tap(step.who);
      case 'notify': {
        const one = told[step.which % Math.max(told.length, 1)];
        if (one) await process().payments.notified(one.headers, one.body);
        return;
      }
      case 'enrol':
        await roster(windowId, step.unit, step.who);
        return;
      case 'withdraw':
        return withdrawals.withdraw(windowId, clerk, member(step.who).memberId!);
      case 'say':
        register.words.set(personalNumber(step.who), step.word);
        return;
      case 'issue-notices':
        await contributions.issueNotices(windowId);
        return;
      case 'pay-notice': {
        const notices = await contributions.notices(windowId, maker);
        const notice = notices[step.which % Math.max(notices.length, 1)];
        // Nobody pays nothing: a notice that the special fund bears whole.
        if (notice && notice.amountFen + step.change > 0) await credit(notice.amountFen + step.change, notice.reference);
        return;
      }
      case 'propose':
        return propose(step.which, ENDINGS[step.which % ENDINGS.length]!);
      case 'give-back':
        return giveBack(step.which);
      case 'underwrite':
        await underwriting.underwrite();
        return;
      case 'ask-underwriting-again':
        for (const unit of UNITS) await tolerated(() => underwriting.askAgain(windowId, unit, clerk));
        return;
      case 'sweep':
        return sweep();
      case 'fall-silent':
        pay.silent = office.silent = true;
        return;
      case 'answer':
        pay.silent = office.silent = false;
        return;
      case 'refuse-refund': {
        const order = [...pay.orders.keys()][step.which % Math.max(pay.orders.size, 1)];
        if (order) pay.refusedRefunds.add(order);
        return;
      }
      case 'see-to-flags':
        for (const { fault, orderNumber } of await process().payments.flags()) {
          if (step.givenBack) pay.giveBackByHand(orderNumber);
          const refund = fault === 'refund-failed' ? (step.retry || step.givenBack ? 'retry' : 'given-back') : undefined;
          await tolerated(() => process().payments.clearFlag(maker, { orderNumber, fault }, { clearance: '已核对', refund }));
        }
        return;
      case 'refunds-are':
        pay.refundState = step.state;
        return;
      case 'wait':
        return clock.move(step.minutes * MINUTE);
      case 'at-once':
        await Promise.all(step.steps.map((one) => tolerated(() => perform(one))));
        return;
    }
  };

  /** Everybody answers, and the days go by until nothing moves any more. */
  const rest = async (): Promise<void> => {
    pay.silent = office.silent = false;
    if (pay.refundState === 'processing') pay.refundState = 'succeeded';
    for (const [number, word] of register.words) if (word === 'down' || word === 'no-answer') register.words.set(number, 'insured');
    for (let day = 0; day < OPEN_DAYS + REST_DAYS; day++) {
      clock.move(DAY);
      await contributions.issueNotices(windowId);
      await sweep();
      // Finance clears its desk.
      for (let which = 0; which < 3; which++) {
        await tolerated(() => propose(which, ENDINGS[0]));
        await tolerated(() => giveBack(which));
      }
    }
  };

  const check = async (): Promise<void> => {
    const balances = await ledger.trialBalance(db.direct);
    expect(imbalance(balances)).toBe(0);
    const due = await enrolmentDue(db.direct, clock.now(), clock.now());
    expect(due).toMatchObject({ imports: [], receipts: 0, refunds: 0, joins: 0, phoneRefunds: 0 });

    // Money on the phone: WeChat's word against ours.
    const paid = [...pay.orders.values()].flatMap(({ payment }) => (payment.state === 'paid' ? [payment] : []));
    const returned = [...pay.refunds.values()].filter(({ state }) => state === 'succeeded');
    const ours = await rows<{ number: string; fen: number; state: string; joinId: string }>(
      'select order_number as number, amount_fen::int as fen, state, join_id as "joinId" from phone_payment order by 1',
    );
    expect(ours.map(({ number, fen: amount }) => [number, amount])).toEqual(
      paid.map(({ orderNumber, amountFen }) => [orderNumber, amountFen]).sort(),
    );
    expect(new Set(returned.map(({ orderNumber }) => orderNumber)).size).toBe(returned.length);
    const back = new Set<string>(returned.map(({ orderNumber }) => orderNumber));
    for (const one of ours)
      expect([one.number, one.state]).toEqual([
        one.number,
        one.state === 'kept' ? 'kept' : back.has(one.number) ? 'refunded' : 'refund-failed',
      ]);
    for (const number of back) expect(ours.find((one) => one.number === number)?.state).toBe('refunded');
    const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
    expect(balanceOf(balances, 'phone-collection')).toBe(sum(paid.map((one) => one.amountFen)) - sum(returned.map((one) => one.amountFen)));
    const flagged = await rows<{ number: string; open: boolean }>(
      `select order_number as number, bool_or(cleared_at is null) as open from phone_payment_flag where fault = 'refund-failed' group by 1`,
    );
    const failed = ours.filter(({ state }) => state === 'refund-failed').map(({ number }) => number);
    // A person was told of each, and of none any more that went well in the end.
    expect(flagged.map(({ number }) => number)).toEqual(expect.arrayContaining(failed));
    expect(failed).toEqual(expect.arrayContaining(flagged.filter(({ open }) => open).map(({ number }) => number)));

    // Money at the bank.
    const { balanceFen } = (await (await fetch(`${bank.url}/balance/${config.collectionAccount}`)).json()) as { balanceFen: number };
    expect(balanceOf(balances, 'collection-bank')).toBe(balanceFen);
    for (const id of [undefined, windowId, known]) expect(await summaries.read(id)).toMatchObject({ equalsBooks: true, openLines: 0 });

    expect((await suspense.read()).credits).toEqual([]);
    expect((await refunds.doubles()).filter(({ state }) => state !== 'refunded')).toEqual([]);
    const unended = await rows(`select state from contribution_refund where state not in ('paid', 'declined', 'failed', 'returned')`);
    expect(unended).toEqual([]);

    // People.
    const enrolled = await rows<{
      memberId: string;
      notice: number | null;
      noticeState: string | null;
      underwriting: string | null;
      cover: string | null;
      kept: number;
    }>(
      `select e.member_id as "memberId", e.notice, n.state as "noticeState", u.state as underwriting, c.number as cover,
         (select count(*)::int from join_application a join phone_payment p on p.join_id = a.id and p.state = 'kept'
           where a.member_id = e.member_id and a.period_id = e.period_id) as kept
       from enrolment e
       left join payment_notice n on n.window_id = e.window_id and n.unit_id = e.unit_id and n.number = e.notice
       left join underwriting u using (member_id, period_id)
       left join cover c using (member_id, period_id)
       where e.period_id = $1`,
      periodId,
    );
    const free = SHARES[shares % SHARES.length]!.memberFen === 0;
    for (const one of enrolled) {
      const alone = one.notice === null;
      expect(one).toMatchObject({ kept: alone && !free ? 1 : 0 });
      const isPaid = alone || one.noticeState === 'paid';
      const passed = !underwritten || one.underwriting === 'passed';
      expect({ ...one, covered: one.cover !== null }).toEqual({ ...one, covered: isPaid && passed });
    }
    const here = new Set(enrolled.map(({ memberId }) => memberId));
    const elsewhere = await rows<{ memberId: string }>(
      `select member_id as "memberId" from cover where period_id = $1
       union all select a.member_id from join_application a join phone_payment p on p.join_id = a.id and p.state = 'kept' where a.period_id = $1`,
      periodId,
    );
    expect(elsewhere.filter(({ memberId }) => !here.has(memberId))).toEqual([]);
    expect(await db.transaction((tx) => recount(tx, windowId))).toBe(0);
    const applications = await rows<{ state: string; kept: number; failed: number; enrolled: boolean }>(
      `select a.state, (select count(*)::int from phone_payment p where p.join_id = a.id and p.state = 'kept') as kept,
         (select count(*)::int from phone_payment p where p.join_id = a.id and p.state = 'refund-failed') as failed,
         exists (select from enrolment e where e.member_id = a.member_id and e.period_id = a.period_id and e.notice is null) as enrolled
       from join_application a where a.window_id = $1`,
      windowId,
    );
    for (const one of applications) {
      expect(['covered', 'expired', 'refunded', ...(one.failed > 0 ? ['refunding'] : [])]).toContain(one.state);
      expect(one).toMatchObject({ enrolled: one.state === 'covered', kept: one.state === 'covered' && !free ? 1 : 0 });
    }

    // Receipts on the phone: one for what was kept.
    const receipted = await rows<{ kept: number; standing: number }>(
      `select count(*) filter (where p.state = 'kept')::int as kept,
         (select count(*)::int from contribution_receipt r where r.subject = p.join_id and r.state = 'issued') as standing
       from phone_payment p where p.join_id is not null group by p.join_id`,
    );
    for (const one of receipted) expect(one.standing).toBeGreaterThanOrEqual(one.kept);
  };

  const end = async (): Promise<void> => {
    underwriting.onModuleDestroy();
    await Promise.all(processes.flatMap(({ joins, payments }) => [joins.onApplicationShutdown(), payments.onApplicationShutdown()]));
    await source.destroy();
    await bank.close();
    await database.drop();
  };
  return { perform: (step: Step) => tolerated(() => perform(step)), rest, check, end };
}

const who = fc.nat(PEOPLE - 1);
const which = fc.nat(9);
const simple: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ask' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('open-page' as const, 'tap' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('pay' as const, 'ask-and-pay' as const), who }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('notify' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('enrol' as const), who: fc.uniqueArray(who, { minLength: 1 }), unit: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('withdraw' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('say' as const), who, word: fc.constantFrom(...WORDS) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pay-notice' as const), which, change: fc.constantFrom(0, 0, 0, -1_000, 5_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('propose' as const, 'give-back' as const, 'refuse-refund' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('see-to-flags' as const), givenBack: fc.boolean(), retry: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('issue-notices', 'underwrite', 'ask-underwriting-again', 'sweep', 'sweep', 'fall-silent', 'answer', 'answer'),
    }) as fc.Arbitrary<Step>,
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('refunds-are' as const), state: fc.constantFrom('processing', 'failed', 'succeeded') }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 20, 45, 600, 1_440, 3 * 1_440, 8 * 1_440) }),
  },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: simple },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('at-once' as const), steps: fc.array(simple, { minLength: 2, maxLength: 3 }) }) },
);
const story = fc.record({
  beginning: fc.record({ shares: fc.nat(2), underwritten: fc.boolean() }),
  steps: fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
});

it('however it came about: the books are right, and whoever paid is enrolled or has the money back', () => tellStories(story, beginWorld));
