/**
 * A province's roster, from the file to covers, against a bare floor: COPY, duplicates dropped in SQL, and rows in three tables (person,
 * enrolment, cover) with the indexes that ours have. Ours runs in processes of its own, whose memory is measured; then the same file again.
 */
import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Ledger1700000001000 } from '@app/ledger';
import { ENROLMENT_MIGRATIONS } from '@app/enrolment';
import { Platform1700000000000 } from '@app/platform';
import { createTestDatabase } from '../support/test-database.js';
import type { Measured } from './measure.js';
import { DUPLICATE_EVERY, rosterLine, ROSTER_HEADER } from './roster-lines.js';

/** Members of the model platform in 2023. */
const ROWS = Number(process.env.PROVINCE_ROWS ?? 2_270_000);
const LIMIT = 1.8;
const AGAIN_LIMIT = 0.3;
const MEMORY_LIMIT_MIB = 300;

export interface Received {
  readonly importId: string;
  readonly importMs: number;
  readonly peakMib: number;
}

export interface Worked {
  readonly importMs: number;
  readonly coversMs: number;
  readonly accepted: number;
  readonly unchanged: number;
  readonly covers: number;
  readonly peakMib: number;
}

export async function provinceBench(databaseUrl: string): Promise<Measured[]> {
  const directory = mkdtempSync(join(tmpdir(), 'hubao-province-'));
  const file = join(directory, 'roster.csv');
  try {
    const expected = ROWS - (await writeRoster(file));
    const floorMs = await measureFloor(databaseUrl, file, expected);
    const database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS], databaseUrl);
    try {
      const first = await importInChildren(database.url, file);
      check('accepted', expected, first.accepted);
      check('covers', expected, first.covers);
      const again = await importInChildren(database.url, file);
      check('unchanged', expected, again.unchanged);
      const firstMs = first.importMs + first.coversMs;
      return [
        { name: `roster of ${ROWS} rows to covers`, floorMs, ownMs: firstMs, ratio: firstMs / floorMs, limit: LIMIT },
        { name: 'the same roster again', floorMs: firstMs, ownMs: again.importMs, ratio: again.importMs / firstMs, limit: AGAIN_LIMIT },
        {
          name: 'peak memory of its processes, MiB',
          floorMs: MEMORY_LIMIT_MIB,
          ownMs: Math.max(first.peakMib, again.peakMib),
          ratio: Math.max(first.peakMib, again.peakMib) / MEMORY_LIMIT_MIB,
          limit: 1,
        },
      ];
    } finally {
      await database.drop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Returns how many rows are duplicates. */
async function writeRoster(file: string): Promise<number> {
  const out = createWriteStream(file);
  let lines = [ROSTER_HEADER];
  for (let i = 0; i < ROWS; i++) {
    lines.push(rosterLine(i));
    if (lines.length < 10_000) continue;
    if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
    lines = [];
  }
  out.end(lines.length > 0 ? `${lines.join('\n')}\n` : '');
  await once(out, 'close');
  return Math.trunc(ROWS / DUPLICATE_EVERY);
}

/** In a process that takes the file in, and one that works it through: what both took, and what the larger needed. */
async function importInChildren(databaseUrl: string, file: string): Promise<Worked> {
  const program = fileURLToPath(new URL('./province-import.js', import.meta.url));
  const run = async <Ran>(...task: string[]): Promise<Ran> =>
    JSON.parse((await promisify(execFile)(process.execPath, [program, databaseUrl, ...task])).stdout) as Ran;
  const received = await run<Received>('receive', file);
  const worked = await run<Worked>('work', received.importId);
  return {
    ...worked,
    importMs: received.importMs + worked.importMs,
    peakMib: Math.max(received.peakMib, worked.peakMib),
  };
}

async function measureFloor(databaseUrl: string, file: string, expected: number): Promise<number> {
  const database = await createTestDatabase([], databaseUrl);
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    const columns =
      'unit_code text, unit_name text, name text, personal_number text, phone text, insutype text, bank_account text, bank_name text';
    await client.query(`
      create table person (id uuid primary key, ${columns}, created_at timestamptz not null);
      create table enrolled (member_id uuid, period_id uuid, unit_code text, applied_at timestamptz not null, primary key (member_id, period_id));
      create index on enrolled (period_id, unit_code);
      create sequence number;
      create table covered (member_id uuid, period_id uuid, number text not null, cover_from date not null, cover_to date not null, unit_code text not null,
        started_at timestamptz not null, primary key (member_id, period_id))`);
    const start = performance.now();
    await client.query('begin');
    await client.query(`create temp table stage (${columns}) on commit drop`);
    await pipeline(createReadStream(file), client.query(copyFrom('copy stage from stdin (format csv, header)')));
    await client.query(
      `insert into person select distinct on (personal_number) md5(personal_number)::uuid, stage.*, now() from stage on conflict (id) do nothing`,
    );
    await client.query(`insert into enrolled select id, md5('p')::uuid, unit_code, now() from person`);
    await client.query(
      `insert into covered select member_id, period_id, 'C-' || nextval('number'), '2026-01-01', '2026-12-31', unit_code, now() from enrolled`,
    );
    await client.query('commit');
    const took = performance.now() - start;
    check('floor', expected, Number((await client.query('select count(*) from covered')).rows[0].count));
    return took;
  } finally {
    await client.end();
    await database.drop();
  }
}

function check(what: string, expected: number, found: number): void {
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}
