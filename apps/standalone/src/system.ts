/** Everything in one process tree: PostgreSQL, the outside world, the services and the worker. The demo and the tests stand on it. */
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { WECHAT_PAY_NOTIFICATION } from '@app/contracts';
import { BookService, PaymentService, ReconciliationService, ReplayService } from '@app/claims';
import {
  ContributionService,
  JoinPaymentService,
  RosterImportService,
  TargetService,
  TurnDownService,
  UnderwritingService,
} from '@app/enrolment';
import { Accounts, createHttpApp, Database, readConfig, SystemClock, VirtualClock, type Config } from '@app/platform';
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ClaimsAppModule } from '../../claims/src/claims-app.module.js';
import { EnrolmentAppModule } from '../../enrolment/src/enrolment-app.module.js';
import {
  startBank,
  startMedicalInsurance,
  startTreasury,
  startWechat,
  startWechatPay,
  systemClock,
  type RunningMedicalInsurance,
  type RunningSimulator,
  type RunningWechatPay,
} from '../../simulators/src/index.js';
import { DueWork } from '../../worker/src/due-work.js';
import { WorkerAppModule } from '../../worker/src/worker-app.module.js';
import { migrate } from './schema.js';

export interface SystemOptions {
  readonly databaseUrl: string;
  readonly redisUrl?: string;
  /** Where the virtual clock's file lives; unset: the wall clock. */
  readonly clockFile?: string;
  readonly startAt?: Date;
  /** The database and the clock are those of an earlier run. */
  readonly kept?: boolean;
  readonly masterKey?: string;
  readonly feed?: { readonly source: string; readonly lines: string[] };
  /** `inside`: in this process; a path: the built worker, as a process of its own that is started again when it dies. */
  readonly worker?: 'inside' | { readonly main: string };
  readonly sweepEveryMs?: number;
  /** Port of the claims service; the enrolment service takes the next one. 0 takes free ones. */
  readonly port?: number;
}

export interface HubaoSystem {
  readonly config: Config;
  readonly clock: VirtualClock | undefined;
  readonly urls: { readonly enrolment: string; readonly claims: string };
  readonly bank: RunningSimulator;
  readonly treasury: RunningSimulator;
  readonly wechat: RunningSimulator;
  readonly wechatPay: RunningWechatPay;
  readonly medicalInsurance: RunningMedicalInsurance;
  readonly administrator: { readonly login: string; readonly password: string };
  readonly dueWork: DueWork;
  readonly database: Database;
  readonly book: BookService;
  readonly replay: ReplayService;
  /** Ends the worker process at once, as a crash would (only when it is a process of its own). */
  killWorker(): void;
  stop(): Promise<void>;
}

const ADMINISTRATOR = 'administrator';
const FEED = 'medical-insurance-platform';
const LOOPBACK = '127.0.0.1';

export async function startSystem(options: SystemOptions): Promise<HubaoSystem> {
  const { port = 0, worker = 'inside' } = options;
  const clock = options.clockFile ? new VirtualClock(options.clockFile, options.kept ? 'continue' : 'create') : undefined;
  if (clock && options.startAt) clock.advanceTo(options.startAt);
  const simulatorClock = clock ?? systemClock;

  const own = {
    DATABASE_URL: options.databaseUrl,
    ...(options.redisUrl ? { REDIS_URL: options.redisUrl } : {}),
    HUBAO_MASTER_KEY: options.masterKey ?? randomBytes(32).toString('base64'),
    ...(options.clockFile ? { HUBAO_CLOCK_FILE: options.clockFile } : {}),
  };
  const { collectionAccount } = readConfig(own);
  const feedToken = { value: '' };
  const bank = await startBank({ clock: simulatorClock });
  const [treasury, wechat, wechatPay] = await Promise.all([
    startTreasury({ clock: simulatorClock, bankUrl: bank.url }),
    startWechat({ clock: simulatorClock }),
    startWechatPay({ clock: simulatorClock, settleTo: { bankUrl: bank.url, account: collectionAccount } }),
  ]);

  const env = {
    ...own,
    BANK_URL: bank.url,
    TREASURY_URL: treasury.url,
    WECHAT_URL: wechat.url,
    WECHAT_PAY_URL: wechatPay.url,
    WECHAT_PAY_MERCHANT: JSON.stringify(wechatPay.merchant),
    SWEEP_EVERY_MS: String(options.sweepEveryMs ?? 1_000),
  };
  await migrate(readConfig(env));
  // The feed is pushed to the claims service, and the claims service asks the platform for totals: one of the two has to have its address
  // first. So it is with the enrolment service and the notifications of WeChat Pay.
  const [claimsPort, enrolmentPort] = port === 0 ? await Promise.all([freePort(), freePort()]) : [port, port + 1];
  const claimsUrl = `http://${LOOPBACK}:${claimsPort}`;
  const medicalInsurance = await startMedicalInsurance({
    clock: simulatorClock,
    ...(options.feed ? { feed: options.feed } : {}),
    knowsEverybody: true,
    pushUrl: claimsUrl,
    pushToken: () => Promise.resolve(feedToken.value),
    ...(clock ? { advanceTo: (time: Date) => clock.advanceTo(time) } : {}),
  });
  const fullEnv = {
    ...env,
    MEDICAL_INSURANCE_URL: medicalInsurance.url,
    WECHAT_PAY_NOTIFY_URL: `http://${LOOPBACK}:${enrolmentPort}${WECHAT_PAY_NOTIFICATION.path}`,
  };
  const config = readConfig(fullEnv);

  const enrolment = await createHttpApp(EnrolmentAppModule.forRoot(config), 'Hubao enrolment');
  const claims = await createHttpApp(ClaimsAppModule.forRoot(config), 'Hubao claims');
  await enrolment.listen(enrolmentPort, LOOPBACK);
  await claims.listen(claimsPort, LOOPBACK);

  const administrator = { login: ADMINISTRATOR, password: randomBytes(12).toString('base64url') };
  const feedPassword = randomBytes(24).toString('base64url');
  const accounts = enrolment.get(Accounts);
  await Promise.all([
    // With kept data the accounts are there from an earlier run, under passwords of that run.
    accounts.createOrReset({
      login: ADMINISTRATOR,
      displayName: '管理员',
      password: administrator.password,
      roles: ['administrator'],
      organisationPath: '/',
    }),
    accounts.createOrReset({
      login: FEED,
      displayName: '医保平台',
      password: feedPassword,
      roles: ['medical-insurance-platform'],
      organisationPath: '/',
    }),
  ]);
  feedToken.value = (await accounts.login(FEED, feedPassword)).token;

  const running = worker === 'inside' ? await startInside(config) : new WorkerProcess(worker.main, fullEnv);
  const database = claims.get(Database);
  return {
    config,
    clock,
    urls: { enrolment: await enrolment.getUrl(), claims: claimsUrl },
    bank,
    treasury,
    wechat,
    wechatPay,
    medicalInsurance,
    administrator,
    database,
    book: claims.get(BookService),
    replay: claims.get(ReplayService),
    dueWork: new DueWork(
      database,
      clock ?? new SystemClock(),
      claims.get(PaymentService),
      claims.get(ReconciliationService),
      enrolment.get(ContributionService),
      enrolment.get(RosterImportService),
      enrolment.get(TargetService),
      enrolment.get(UnderwritingService),
      enrolment.get(TurnDownService),
      enrolment.get(JoinPaymentService),
      config.hours,
    ),
    killWorker: () => running.kill(),
    async stop() {
      await running.stop();
      await Promise.all([claims.close(), enrolment.close()]);
      await Promise.all([medicalInsurance, treasury, bank, wechat, wechatPay].map((party) => party.close()));
      clock?.close();
    },
  };
}

async function startInside(config: Config): Promise<{ kill(): void; stop(): Promise<void> }> {
  const context: INestApplicationContext = await NestFactory.createApplicationContext(WorkerAppModule.forRoot(config), {
    logger: ['error', 'warn'],
  });
  return { kill: () => undefined, stop: () => context.close() };
}

/** The built worker as a child: when it dies it is started again, as a supervisor would. */
class WorkerProcess {
  private child: ChildProcess;
  private stopping = false;

  constructor(
    private readonly main: string,
    private readonly env: Record<string, string>,
  ) {
    this.child = this.start();
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.stopping = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await gone;
  }

  private start(): ChildProcess {
    const child = fork(this.main, [], {
      env: { ...process.env, ...this.env },
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.once('exit', () => {
      if (!this.stopping) this.child = this.start();
    });
    return child;
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, LOOPBACK, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** The worker as built by `npm run build`, seen from the repository. */
export const builtWorker = (repository: string): string => join(repository, 'dist/apps/worker/src/main.js');
