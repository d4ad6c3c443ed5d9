/** A database of its own for each test file, cloned in milliseconds from one that was migrated once in this run. */
import { createHash, randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { DataSource, type MigrationInterface } from 'typeorm';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

type Migration = new () => MigrationInterface;

/** On the server of HUBAO_TEST_DATABASE_URL, or of `server`. */
export async function createTestDatabase(
  migrations: readonly Migration[],
  server = process.env.HUBAO_TEST_DATABASE_URL,
): Promise<TestDatabase> {
  if (!server)
    throw new Error(
      'HUBAO_TEST_DATABASE_URL: expected the URL of a PostgreSQL server, found nothing; run the tests through jest, whose set-up starts one',
    );
  const urlOf = (database: string): string => {
    const url = new URL(server);
    url.pathname = `/${database}`;
    return url.toString();
  };
  const name = `hubao_test_${randomBytes(6).toString('hex')}`;
  await withClient(server, async (client) => {
    const template = await makeTemplate(client, migrations, urlOf);
    await client.query(`create database ${name} template ${template}`);
  });
  return { url: urlOf(name), drop: () => withClient(server, (client) => client.query(`drop database if exists ${name} with (force)`)) };
}

async function makeTemplate(client: Client, migrations: readonly Migration[], urlOf: (database: string) => string): Promise<string> {
  // The parent process is this run of the tests, and the text of a migration is what it does.
  const text = `${process.ppid}\n${migrations.map(String).join('\n')}`;
  const template = `hubao_template_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  // Held until the client ends: a template can be cloned by one at a time, and must not be made twice.
  await client.query('select pg_advisory_lock(20251122)');
  const { rowCount } = await client.query('select from pg_database where datname = $1', [template]);
  if (rowCount) return template;
  const draft = `${template}_draft`;
  await client.query(`drop database if exists ${draft} with (force)`);
  await client.query(`create database ${draft}`);
  const source = new DataSource({ type: 'postgres', url: urlOf(draft), migrations: [...migrations] });
  await source.initialize();
  try {
    await source.runMigrations({ transaction: 'all' });
  } finally {
    await source.destroy();
  }
  // Backends of a closed pool may take a moment to end, and a database in use cannot be renamed.
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [draft]);
  await client.query(`alter database ${draft} rename to ${template}`);
  return template;
}

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
