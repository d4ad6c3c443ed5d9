/**
 * Starts one PostgreSQL for all medium and e2e tests of this run, unless HUBAO_TEST_DATABASE_URL names one.
 * Plain ESM, since Jest would turn a .ts here into CommonJS and map no names for it; the launcher comes in through tsx.
 */
import { mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';

export default async function globalSetup() {
  if (process.env.HUBAO_TEST_DATABASE_URL) return;
  const { startEmbeddedPostgres } = await tsImport('../../libs/platform/src/embedded-postgres/embedded-postgres.ts', import.meta.url);
  const base = memoryIsRoomy() ? '/dev/shm' : tmpdir();
  removeLeftovers(base);
  const directory = mkdtempSync(join(base, `hubao-test-${process.pid}-`));
  const server = await startEmbeddedPostgres({ dataDirectory: directory });
  globalThis.hubaoTestPostgres = { server, directory };
  process.env.HUBAO_TEST_DATABASE_URL = server.url;
}

function memoryIsRoomy() {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > 1024 ** 3;
  } catch {
    return false;
  }
}

/** Data of runs that were killed: they would fill the memory. */
function removeLeftovers(base) {
  for (const name of readdirSync(base)) {
    const owner = Number(/^hubao-test-(\d+)-/.exec(name)?.[1]);
    if (!owner || isAlive(owner)) continue;
    try {
      rmSync(join(base, name), { recursive: true, force: true });
    } catch {
      // another user's
    }
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
