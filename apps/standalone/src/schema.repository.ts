/** What the migrations of a database were when it was made: until the first release they are edited in place, which TypeORM does not see. */
import { DomainError } from '@app/kernel';
import { createHash } from 'node:crypto';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';

type Migrations = readonly (new () => MigrationInterface)[];

/** By the name of a migration, of the SQL that it runs. */
async function checksumsOf(migrations: Migrations): Promise<Map<string, string>> {
  const checksums = new Map<string, string>();
  for (const Migration of migrations) {
    const hash = createHash('sha256');
    const recorder = { query: (sql: string) => Promise.resolve(void hash.update(sql)) };
    const migration = new Migration();
    await migration.up(recorder as unknown as QueryRunner);
    checksums.set(migration.name!, hash.digest('hex'));
  }
  return checksums;
}

/** Errors: `schema-changed`, `schema-unknown` (conflict). */
export async function checkMigrations(source: DataSource, migrations: Migrations): Promise<void> {
  const [{ there }] = (await source.query(`select to_regclass('migrations') is not null as there`)) as [{ there: boolean }];
  if (!there) return;
  // The column may not be there.
  const made: { name: string; checksum: string | null }[] = await source.query(
    `select name, to_jsonb(m) ->> 'checksum' as checksum from migrations m order by id`,
  );
  const checksums = await checksumsOf(migrations);
  const unknown = made.find(({ name }) => !checksums.has(name));
  if (unknown)
    throw new DomainError(
      'schema-unknown',
      'conflict',
      `expected a database that these migrations made, found one that ${unknown.name} made, which they do not hold: a newer version or another program has it; check DATABASE_URL`,
    );
  // One that ran while the program died has none.
  const older = made.length > 0 && made.every(({ checksum }) => checksum === null);
  const changed = made.find(({ name, checksum }) => older || (checksum !== null && checksum !== checksums.get(name)));
  if (changed)
    throw new DomainError(
      'schema-changed',
      'conflict',
      `expected a database that was made by these migrations, found one whose ${changed.name} was another; make it anew: drop the database with all that it holds, create it, and migrate again`,
    );
}

/** Of migrations that have run. */
export async function keepChecksums(source: DataSource, migrations: Migrations): Promise<void> {
  const checksums = await checksumsOf(migrations);
  await source.transaction(async (tx) => {
    await tx.query('alter table migrations add column if not exists checksum text');
    await tx.query(
      'update migrations m set checksum = c.checksum from unnest($1::text[], $2::text[]) as c(name, checksum) where m.name = c.name and m.checksum is null',
      [[...checksums.keys()], [...checksums.values()]],
    );
  });
}
