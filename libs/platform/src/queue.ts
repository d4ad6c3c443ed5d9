/** BullMQ on PostgreSQL, or on Redis when REDIS_URL is set. The choice is made here and nowhere else. */
import { createPostgresBackend, runMigrations, setDefaultBackendFactory, type JobsOptions, type QueueOptions } from 'bullmq';
import { Pool } from 'pg';
import type { Config } from './config.js';

/** Finished jobs are of no use (the database tells what happened); failed ones stay for a look. */
export const JOB_OPTIONS: JobsOptions = {
  removeOnComplete: true,
  removeOnFail: { count: 1_000 },
  attempts: 3,
  backoff: { type: 'exponential', delay: 200 },
};

/** A worker that dies is noticed within seconds; the sweeper wakes its work in any case. */
export const WORKER_TIMING = { lockDuration: 10_000, stalledInterval: 5_000, maxStalledCount: 10 };

export const QUEUE_PREFIX = '{hubao}';

export function queueOptions(config: Pick<Config, 'databaseUrl' | 'redisUrl'>): QueueOptions {
  if (config.redisUrl) {
    return { connection: { url: config.redisUrl, maxRetriesPerRequest: null }, prefix: QUEUE_PREFIX, defaultJobOptions: JOB_OPTIONS };
  }
  setDefaultBackendFactory(createPostgresBackend);
  // A job is only a wake-up: it need not survive a crash, and so its commits need not wait for the disk.
  return {
    connection: {
      connectionString: config.databaseUrl,
      max: 3,
      options: '-c synchronous_commit=off',
    } as unknown as QueueOptions['connection'],
    prefix: 'hubao',
    defaultJobOptions: JOB_OPTIONS,
  };
}

/** BullMQ's own tables; explicit, like every migration. */
export async function migrateQueue(config: Pick<Config, 'databaseUrl' | 'redisUrl'>): Promise<void> {
  if (config.redisUrl) return;
  const pool = new Pool({ connectionString: config.databaseUrl, max: 1 });
  const client = await pool.connect();
  try {
    await runMigrations(client as never);
  } finally {
    client.release();
    await pool.end();
  }
}
