/**
 * The roster import against a bare floor: COPY of the same eight columns as text, and duplicates dropped in SQL, into a table with a unique
 * index on the personal number and one on the unit. Ours also checks every value, seals the personal data and keeps the refusals.
 */
import { Clock, chinaInstant, civilDate, fen } from '@app/kernel';
import { Ledger1700000001000 } from '@app/ledger';
import {
  ENROLMENT_MIGRATIONS,
  ENROLMENT_ENTITIES,
  OrganisationService,
  RosterImportService,
  RosterService,
  WindowService,
} from '@app/enrolment';
import { Database, PersonalDataVault, Platform1700000000000, type Principal } from '@app/platform';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { DataSource } from 'typeorm';
import { createTestDatabase } from '../support/test-database.js';
import { DUPLICATE_EVERY, rosterLine, ROSTER_HEADER } from './roster-lines.js';

const ROWS = 200_000;
const RUNS = 5;
const LIMIT = 2.5;
const BLOCK = 64 * 1024;

export async function rosterImportBench(
  databaseUrl: string,
): Promise<{ name: string; floorMs: number; ownMs: number; ratio: number; limit: number }[]> {
  const { file, duplicates } = makeRoster();
  const floor: number[] = [];
  const own: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    floor.push(await measureFloor(databaseUrl, file, ROWS - duplicates));
    own.push(await measureOwn(databaseUrl, file, ROWS - duplicates));
  }
  const [floorMs, ownMs] = [median(floor), median(own)];
  // Of neighbours in time: a machine whose speed swings would otherwise measure itself.
  const ratio = median(own.map((ms, run) => ms / floor[run]!));
  return [{ name: `roster import of ${ROWS} rows`, floorMs, ownMs, ratio, limit: LIMIT }];
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.trunc(values.length / 2)]!;

function* blocks(file: Buffer): Generator<Buffer> {
  for (let at = 0; at < file.length; at += BLOCK) yield file.subarray(at, at + BLOCK);
}

async function measureFloor(databaseUrl: string, file: Buffer, expected: number): Promise<number> {
  const database = await createTestDatabase([], databaseUrl);
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    const columns =
      'unit_code text, unit_name text, name text, personal_number text, phone text, insutype text, bank_account text, bank_name text';
    await client.query(
      `create table floor (${columns}); create unique index on floor (personal_number); create index on floor (unit_code)`,
    );
    const start = performance.now();
    await client.query('begin');
    await client.query(`create temp table stage (${columns}) on commit drop`);
    await pipeline(Readable.from(blocks(file)), client.query(copyFrom('copy stage from stdin (format csv, header)')));
    await client.query('insert into floor select distinct on (personal_number) * from stage on conflict (personal_number) do nothing');
    await client.query('commit');
    const took = performance.now() - start;
    check('floor', expected, Number((await client.query('select count(*) from floor')).rows[0].count));
    return took;
  } finally {
    await client.end();
    await database.drop();
  }
}

async function measureOwn(databaseUrl: string, file: Buffer, expected: number): Promise<number> {
  const database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS], databaseUrl);
  const source = await new DataSource({ type: 'postgres', url: database.url, entities: ENROLMENT_ENTITIES, poolSize: 4 }).initialize();
  try {
    const db = new Database(source);
    const clock = new FixedClock();
    const principal: Principal = { userId: 'bench', login: 'bench', roles: ['unit-clerk'], organisationPath: '/45/' };
    await new OrganisationService(db).create({ kind: 'region', code: '45', name: 'bench' });
    const window = await new WindowService(db, clock).create({
      planId: 'guangxi-1-2025',
      organisationCode: '45',
      opensAt: chinaInstant(civilDate('2025-09-01')),
      closesAt: chinaInstant(civilDate('2025-12-11')),
      coverFrom: civilDate('2026-01-01'),
      coverTo: civilDate('2026-12-31'),
      contributionFen: fen(10_000),
    });
    const vault = new PersonalDataVault(randomBytes(32).toString('base64'));
    const rosters = new RosterService(db, clock, vault, new RosterImportService(db, clock, vault));
    const start = performance.now();
    const { accepted, rows } = await rosters.importRoster({
      windowId: window.id,
      fileName: 'bench.csv',
      principal,
      stream: Readable.from(blocks(file)),
    });
    const took = performance.now() - start;
    check('rows', ROWS, rows);
    check('accepted', expected, accepted);
    check('members', expected, Number((await source.query('select count(*) from member'))[0].count));
    return took;
  } finally {
    await source.destroy();
    await database.drop();
  }
}

function check(what: string, expected: number, found: number): void {
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}

class FixedClock extends Clock {
  now(): Date {
    return chinaInstant(civilDate('2025-10-09'), '10:00');
  }
}

function makeRoster(): { file: Buffer; duplicates: number } {
  const lines = [ROSTER_HEADER, ...Array.from({ length: ROWS }, (_, i) => rosterLine(i))];
  return { file: Buffer.from(`${lines.join('\n')}\n`), duplicates: Math.trunc(ROWS / DUPLICATE_EVERY) };
}
