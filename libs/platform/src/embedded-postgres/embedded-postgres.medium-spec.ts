import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startEmbeddedPostgres } from './embedded-postgres.js';

// Named like the data of the global set-up, which clears what a killed run left.
const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `hubao-test-${process.pid}-launcher-`));
const small = { shared_buffers: '16MB' };
jest.setTimeout(30_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the embedded PostgreSQL', () => {
  it('serves the database hubao, keeps Chinese trigrams, commits durably, and refuses a wrong password', async () => {
    const server = await startEmbeddedPostgres({ dataDirectory: directory, settings: small });
    try {
      const [row] = await ask(
        server.url,
        `create extension pg_trgm;
         select current_database() as name, current_setting('fsync') || current_setting('synchronous_commit') as durable,
                cardinality(show_trgm('职工医疗')) as trigrams`,
      );
      expect(row).toEqual({ name: 'hubao', durable: 'onon', trigrams: 5 });
      await expect(ask(server.url.replace(/:[0-9a-f]+@/, ':wrong@'), 'select 1')).rejects.toThrow('password authentication failed');
    } finally {
      await Promise.all([server.stop(), server.stop()]);
    }
    await expect(ask(server.url, 'select 1')).rejects.toThrow(/ECONNREFUSED|ENOENT/);
  });

  it('keeps the data of an earlier run only when asked', async () => {
    const seen: unknown[] = [];
    for (const keep of [false, true, false]) {
      const server = await startEmbeddedPostgres({ dataDirectory: directory, keep, settings: small });
      seen.push(...(await ask(server.url, `select to_regclass('roster') is not null as found`)));
      await ask(server.url, 'create table if not exists roster ()');
      await server.stop();
    }
    expect(seen).toEqual([{ found: false }, { found: true }, { found: false }]);
  });

  it('ends with its owner, even one that was killed, and starts again on the same data', async () => {
    const owner = await startInAnotherProcess(directory);
    try {
      await expect(startEmbeddedPostgres({ dataDirectory: directory, settings: small })).rejects.toThrow(`in use by process ${owner.pid}`);
    } finally {
      owner.kill('SIGKILL');
    }
    await until(() => !existsSync(join(directory, 'cluster', 'postmaster.pid')));
    const server = await startEmbeddedPostgres({ dataDirectory: directory, keep: true, settings: small });
    await server.stop();
  });

  it('is not held back by the pid file of a dead server, though another process has its number', async () => {
    mkdirSync(join(directory, 'cluster'), { recursive: true });
    writeFileSync(join(directory, 'cluster', 'postmaster.pid'), `${process.pid}\n`);
    const server = await startEmbeddedPostgres({ dataDirectory: directory, keep: true, settings: small });
    await server.stop();
  });

  it('says why the server did not start', async () => {
    await expect(startEmbeddedPostgres({ dataDirectory: directory, keep: true, settings: { shared_buffers: 'plenty' } })).rejects.toThrow(
      'invalid value for parameter "shared_buffers": "plenty"',
    );
  });
});

async function ask(url: string, statements: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return [await client.query(statements)].flat().at(-1)!.rows;
  } finally {
    await client.end();
  }
}

async function startInAnotherProcess(dataDirectory: string): Promise<ChildProcess> {
  const launcher = join(import.meta.dirname, 'embedded-postgres.ts');
  const program = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(launcher)});
    await startEmbeddedPostgres(${JSON.stringify({ dataDirectory, settings: small })});
    console.log('ready');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((ready, failed) => {
    child.stdout.once('data', ready);
    child.once('exit', () => failed(new Error('The owner ended before its server was ready.')));
  });
  return child;
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 3_000) throw new Error('Expected the server to end within 3 s of its owner, found it running.');
    await sleep(20);
  }
}
