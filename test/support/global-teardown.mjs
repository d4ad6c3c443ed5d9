import { rmSync } from 'node:fs';

export default async function globalTeardown() {
  const started = globalThis.hubaoTestPostgres;
  if (!started) return;
  await started.server.stop();
  for (const directory of [started.server.dataDirectory, started.directory]) rmSync(directory, { recursive: true, force: true });
  delete globalThis.hubaoTestPostgres;
  // Watch mode runs the set-up again in the same process.
  delete process.env.HUBAO_TEST_DATABASE_URL;
}
