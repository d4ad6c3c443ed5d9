/** The claim path on a database of its own, its services made by hand, with a clock that stands and parties that answer as told. */
import {
  AcceptanceService,
  AdjudicationService,
  ApprovalService,
  BatchService,
  BookService,
  CLAIMS_ENTITIES,
  PaymentService,
  PlanVersionService,
  QuoteService,
  ReconciliationService,
  RehearsalService,
  ReplayService,
  SettlementReportService,
  type BatchView,
  type ClaimState,
} from '@app/claims';
import type { FeedMessage, FeedReceipt } from '@app/contracts';
import { ENROLMENT_ENTITIES, personalText } from '@app/enrolment';
import { civilDate } from '@app/kernel';
import { ledger, type Outcome, type TransferCode } from '@app/ledger';
import { Audit, Database, PLATFORM_ENTITIES, PersonalDataVault, readConfig, rowsOf, type Principal, type Role } from '@app/platform';
import { setTimeout } from 'node:timers/promises';
import { DataSource, type MigrationInterface } from 'typeorm';
import { FakeBank, FakeInsurance, FakeTreasury, FakeWechat } from './outside-parties.js';
import { bankAccount, personalNumber } from './people.js';
import { SetClock } from './set-clock.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
export const UNIT_PATH = '/45/4599/459999/U1/';
export const PLAN_ID = 'guangxi-1-2025';

export const person = (userId: string, ...roles: Role[]): Principal => ({ userId, login: userId, roles, organisationPath: '/45/' });

export interface ClaimRow {
  readonly id: string;
  readonly memberId: string;
  readonly state: ClaimState;
  readonly version: number;
  readonly attempt: number;
  readonly benefitFen: number | null;
  readonly refusal: string | null;
  readonly cancelled: boolean;
  readonly fault: string | null;
}

export class ClaimPath {
  readonly clock = new SetClock('2025-03-03 16:00');
  readonly vault = new PersonalDataVault(MASTER_KEY);
  readonly bank = new FakeBank();
  readonly treasury = new FakeTreasury(this.bank);
  readonly wechat = new FakeWechat();
  readonly insurance = new FakeInsurance(this.clock);
  readonly config = readConfig({ DATABASE_URL: 'postgres://', HUBAO_MASTER_KEY: MASTER_KEY });
  readonly db: Database;
  readonly acceptance: AcceptanceService;
  readonly plans: PlanVersionService;
  readonly adjudication: AdjudicationService;
  readonly quotes: QuoteService;
  readonly books: BookService;
  readonly rehearsals: RehearsalService;
  readonly replay: ReplayService;
  readonly approval: ApprovalService;
  readonly batch: BatchService;
  readonly payment: PaymentService;
  readonly reconciliation: ReconciliationService;
  readonly report: SettlementReportService;
  private line = 0;

  private constructor(
    readonly source: DataSource,
    private readonly database: TestDatabase,
  ) {
    this.db = new Database(source);
    this.acceptance = new AcceptanceService(this.db, this.vault, this.clock, this.insurance);
    this.plans = new PlanVersionService(this.db, this.clock, new Audit(this.db, this.clock));
    this.adjudication = new AdjudicationService(this.db, this.clock, this.plans, this.vault);
    this.quotes = new QuoteService(this.db, this.vault, this.plans);
    this.books = new BookService(this.db, this.vault, this.plans);
    this.rehearsals = new RehearsalService(this.db, this.clock, this.plans, this.books);
    this.replay = new ReplayService(this.db, this.plans);
    this.approval = new ApprovalService(this.db, this.clock);
    this.batch = new BatchService(this.db, this.clock, this.config);
    this.payment = new PaymentService(this.db, this.vault, this.clock, this.bank, this.treasury, this.wechat, this.config);
    this.reconciliation = new ReconciliationService(this.db, this.clock, this.bank, this.treasury, this.payment, this.config);
    this.report = new SettlementReportService(this.db);
  }

  static async create(migrations: readonly (new () => MigrationInterface)[]): Promise<ClaimPath> {
    const database = await createTestDatabase(migrations);
    const entities = [...PLATFORM_ENTITIES, ...ENROLMENT_ENTITIES, ...CLAIMS_ENTITIES];
    return new ClaimPath(await new DataSource({ type: 'postgres', url: database.url, entities, poolSize: 12 }).initialize(), database);
  }

  async end(): Promise<void> {
    await this.source.destroy();
    await this.database.drop();
  }

  rows<Row>(sql: string, ...parameters: unknown[]): Promise<Row[]> {
    return rowsOf<Row>(this.db.direct, sql, parameters);
  }

  /** Members with these serial numbers, covered for the year 2025; their ids. */
  async enrol(...serials: number[]): Promise<string[]> {
    const ids = serials.map((serial) => this.vault.memberId(personalNumber(serial)));
    const sealed = serials.map((serial) =>
      this.vault.seal(
        personalText({
          personalNumber: personalNumber(serial),
          name: `职工${serial}`,
          phone: '19900000000',
          bankAccount: bankAccount(serial),
          bankName: '模拟银行',
        }),
      ),
    );
    await this.rows(
      `with m as (insert into member (id, sealed, roster_hash, unit_id, insutype, created_at, updated_at)
         select id, sealed, '', gen_random_uuid(), '310', now(), now() from unnest($1::uuid[], $2::bytea[]) as t(id, sealed))
       insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, notice_id, started_at, enrolled_on)
       select id, md5($3)::uuid, $3, '2025-01-01', '2025-12-31', id, $4, gen_random_uuid(), now(), '2024-10-01' from unnest($1::uuid[]) as id`,
      ids,
      sealed,
      PLAN_ID,
      UNIT_PATH,
    );
    return ids;
  }

  /** The member names another account. */
  async changeAccount(serial: number, account: string): Promise<void> {
    const sealed = this.vault.seal(JSON.stringify({ bankAccount: account, bankName: '模拟银行' }));
    await this.rows('update member set own_account = $2 where id = $1', this.vault.memberId(personalNumber(serial)), sealed);
  }

  /** Messages come in, each on a line of its own. */
  async receive(...messages: FeedMessage[]): Promise<FeedReceipt[]> {
    const first = this.line + 1;
    this.line += messages.length;
    return this.acceptance.receive(
      messages.map((message) => JSON.stringify(message)),
      'feed',
      first,
    );
  }

  /** Everything that needs no person and no date: acceptance to approval, and cancels. */
  async work(): Promise<void> {
    for (const step of [
      () => this.acceptance.accept(),
      () => this.adjudication.adjudicate([]),
      () => this.approval.approve([]),
      () => this.reconciliation.cancel(),
    ])
      while ((await step()) > 0);
  }

  /** A batch made and checked on that day at 10:00. */
  async checkedBatch(day: string): Promise<BatchView> {
    this.clock.set(`${day} 10:00`);
    const batch = await this.batch.make({ userId: 'maker' });
    return this.batch.check({ userId: 'checker' }, batch.id, batch.digest);
  }

  /** A batch of that day is paid as far as the bank answers. */
  async payOn(day: string): Promise<BatchView> {
    const batch = await this.checkedBatch(day);
    await this.payment.pay([batch.id]);
    return batch;
  }

  /** The bank's statement of the day comes and is reconciled, with what follows from it. */
  async closeDay(day: string): Promise<void> {
    this.bank.closeDay(civilDate(day));
    this.clock.set(`${day} 20:00`);
    for (const due of await this.reconciliation.daysDue()) if (!(await this.reconciliation.reconcile(due))) break;
    await this.work();
  }

  async claim(settlementId = 'S0001'): Promise<ClaimRow> {
    const [row, ...others] = await this.rows<ClaimRow>(
      `select id, member_id as "memberId", state, version, attempt, benefit_fen::float8 as "benefitFen", refusal, cancelled_at is not null as cancelled, fault
       from claim where settlement_id = $1`,
      settlementId,
    );
    if (!row || others.length > 0) throw new Error(`expected one claim of ${settlementId}, found ${row ? others.length + 1 : 0}`);
    return row;
  }

  async history(settlementId = 'S0001'): Promise<ClaimState[]> {
    const { id } = await this.claim(settlementId);
    return (
      await this.rows<{ state: ClaimState }>('select to_state as state from claim_history where claim_id = $1 order by version', id)
    ).map((row) => row.state);
  }

  /** The transfers about a claim: code, attempt, amount, and what became of it. */
  async transfers(settlementId = 'S0001'): Promise<[TransferCode, number, number, Outcome | null][]> {
    const { id } = await this.claim(settlementId);
    const rows = await this.rows<{ code: TransferCode; attempt: number; fen: number; outcome: Outcome | null }>(
      `select code, attempt, amount_fen::float8 as fen, case when code = 'benefit' then outcome else 'posted' end as outcome
       from ledger_transfer left join ledger_outcome using (code, subject, attempt) where subject = $1 order by attempt, code`,
      id,
    );
    return rows.map((row) => [row.code, row.attempt, row.fen, row.outcome]);
  }

  /** Payments of a claim by attempt. */
  async payments(settlementId = 'S0001'): Promise<{ attempt: number; state: string; reason: string | null; endToEndId: string }[]> {
    const { id } = await this.claim(settlementId);
    return this.rows('select attempt, state, reason, end_to_end_id as "endToEndId" from payment where claim_id = $1 order by attempt', id);
  }

  async pauses(settlementId = 'S0001'): Promise<{ reason: string; ended: boolean }[]> {
    const { id } = await this.claim(settlementId);
    return this.rows('select reason, to_at is not null as ended from claim_pause where claim_id = $1 order by from_at', id);
  }

  async accumulatedFen(serial = 1): Promise<number> {
    const [row] = await this.rows<{ fen: number }>(
      `select (used::jsonb ->> 'paid.medical')::float8 as fen from accumulator where member_id = $1`,
      this.vault.memberId(personalNumber(serial)),
    );
    return row?.fen ?? 0;
  }

  /** Returns once that many statements of this database wait for a lock. */
  async waitingForLocks(count: number): Promise<void> {
    for (let look = 0; look < 500; look++) {
      const waiting = await this.rows(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
      if (waiting.length >= count) return;
      await setTimeout(10);
    }
    throw new Error(`expected ${count} statements that wait for a lock, found fewer`);
  }

  balances(): ReturnType<typeof ledger.trialBalance> {
    return ledger.trialBalance(this.db.direct);
  }

  /** What the outbox would wake. */
  async wakeUps(): Promise<string[]> {
    return (await this.rows<{ wake: string }>(`select distinct queue || '/' || command as wake from outbox order by 1`)).map(
      (row) => row.wake,
    );
  }
}

/** Another personal number and settlement for each serial. */
export const of = (serial: number): { certno: string; setl_id: string } => ({
  certno: personalNumber(serial),
  setl_id: `S${String(serial).padStart(4, '0')}`,
});
