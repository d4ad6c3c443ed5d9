/** The whole schema, in order: every app runs on it, and `npm run migrate` brings a database up to it. */
import { Claims1700000003000 } from '@app/claims';
import { ENROLMENT_MIGRATIONS } from '@app/enrolment';
import { Ledger1700000001000 } from '@app/ledger';
import { migrateQueue, Platform1700000000000, type Config } from '@app/platform';
import { DataSource } from 'typeorm';
import { checkMigrations, keepChecksums } from './schema.repository.js';

export const MIGRATIONS = [Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS, Claims1700000003000];

/** Errors: `schema-changed`, `schema-unknown` (conflict). */
export async function migrate(config: Pick<Config, 'databaseUrl' | 'redisUrl'>): Promise<void> {
  const source = await new DataSource({ type: 'postgres', url: config.databaseUrl, migrations: MIGRATIONS, poolSize: 1 }).initialize();
  try {
    await checkMigrations(source, MIGRATIONS);
    await source.runMigrations({ transaction: 'all' });
    await keepChecksums(source, MIGRATIONS);
  } finally {
    await source.destroy();
  }
  await migrateQueue(config);
}
