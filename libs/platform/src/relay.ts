/**
 * Carries wake-ups from the outbox to the queues, in the worker. The database notifies it at each commit that wrote one that is not
 * patient; a look besides carries the patient ones, and makes up for a notification that was lost. Bursts are merged, since a job costs the
 * queue more than the message it speaks of: what collects while one round is sent, or until the next look, rides together.
 */
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { QueueName, WakeUp } from '@app/contracts';
import type { Queue } from 'bullmq';
import { Client } from 'pg';
import type { Config } from './config.js';
import { CONFIG, QUEUE_MAP } from './tokens.js';
import { Database } from './database.js';
import { drainOutbox, HURRY } from './outbox.js';

const ROUND = 500;
const LOOK_EVERY_MS = 1_000;
const LISTEN_AGAIN_MS = 1_000;

@Injectable()
export class Relay implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Relay');
  private listener: Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  private patientToo = false;
  private stopped = false;

  constructor(
    private readonly database: Database,
    @Inject(QUEUE_MAP) private readonly queues: ReadonlyMap<QueueName, Queue>,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.listen();
    this.timer = setInterval(() => this.nudge(true), LOOK_EVERY_MS);
    this.nudge(true);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
    await this.listener?.end();
  }

  /** Carries what is in the outbox, and what is patient only when asked to. */
  nudge(patientToo: boolean): void {
    if (this.stopped) return;
    this.again = true;
    this.patientToo ||= patientToo;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }

  private async run(): Promise<void> {
    while (this.again && !this.stopped) {
      const { patientToo } = this;
      this.again = this.patientToo = false;
      try {
        const taken = await this.database.transaction((tx) =>
          drainOutbox(tx, ROUND, (wakeUps, upTo) => this.send(wakeUps, upTo), patientToo),
        );
        if (taken === ROUND) this.nudge(patientToo);
      } catch (error) {
        // The wake-ups stay in the outbox; the next look sends them.
        this.logger.warn(`a round was not sent: ${(error as Error).name}`);
        return;
      }
    }
  }

  private async send(wakeUps: readonly WakeUp[], upTo: string): Promise<void> {
    await Promise.all(
      wakeUps.map(({ queue, command, ids }, index) =>
        this.queues.get(queue)!.add(command, { ids }, { jobId: `${command}-${upTo}-${index}` }),
      ),
    );
  }

  private async listen(): Promise<void> {
    const client = new Client({ connectionString: this.config.databaseUrl });
    client.on('notification', ({ payload }) => this.nudge(payload === HURRY));
    client.on('error', () => {
      this.listener = undefined;
      this.listenLater();
    });
    await client.connect();
    await client.query('listen outbox');
    this.listener = client;
  }

  /** Until it is back, the look on the timer carries everything. */
  private listenLater(): void {
    if (this.stopped) return;
    setTimeout(() => void this.listen().catch(() => this.listenLater()), LISTEN_AGAIN_MS);
  }
}
