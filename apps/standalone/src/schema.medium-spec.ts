import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { migrate } from './schema.js';

let database: TestDatabase;
let client: Client;
const run = () => migrate({ databaseUrl: database.url, redisUrl: undefined });

beforeEach(async () => {
  database = await createTestDatabase([]);
  client = new Client({ connectionString: database.url });
  await client.connect();
  await run();
});
afterEach(async () => {
  await client?.end();
  await database?.drop();
});

it('a database that these migrations made is migrated again, also where the program had died after one', async () => {
  await run();
  await client.query(`update migrations set checksum = null where name like 'Join%'`);
  await run();
  expect((await client.query('select from migrations where checksum is null')).rowCount).toBe(0);
});

it('a database that was made by another text of a migration is refused, with what to do', async () => {
  await client.query(`update migrations set checksum = 'other' where name like 'Join%'`);
  await expect(run()).rejects.toMatchObject({
    code: 'schema-changed',
    message: expect.stringMatching(/Join\d+ was another; make it anew: drop the database with all that it holds/),
  });
});

it('a database of another program, or of a newer version, is left alone', async () => {
  await client.query(`insert into migrations (timestamp, name) values (1800000000000, 'Future1800000000000')`);
  await expect(run()).rejects.toMatchObject({ code: 'schema-unknown', message: expect.stringMatching(/Future.*check DATABASE_URL/) });
});

it('a database from before there were checksums is refused', async () => {
  await client.query('alter table migrations drop column checksum');
  await expect(run()).rejects.toMatchObject({ code: 'schema-changed' });
});
