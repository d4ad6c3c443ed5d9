/** `npm run bench [-- NAME]`: every speed that was promised, as a ratio against a floor measured in the same run; medians. */
import { startEmbeddedPostgres } from '@app/platform';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculatorBench } from './calculator.bench.js';
import { claimPathBench } from './claim-path.bench.js';
import type { Measured } from './measure.js';
import { countdownBench } from './countdown.bench.js';
import { provinceBench } from './province.bench.js';
import { rehearsalBench } from './rehearsal.bench.js';
import { rosterImportBench } from './roster-import.bench.js';
import { xlsxBench } from './xlsx.bench.js';

const BENCHES: Readonly<Record<string, (databaseUrl: string) => Promise<Measured[]> | Measured[]>> = {
  calculator: calculatorBench,
  rehearsal: rehearsalBench,
  'roster-import': rosterImportBench,
  province: provinceBench,
  xlsx: xlsxBench,
  'claim-path': claimPathBench,
  countdown: countdownBench,
};

const only = process.argv[2];
if (only !== undefined && !(only in BENCHES)) {
  console.error(`expected one of ${Object.keys(BENCHES).join(', ')}, found "${only}"`);
  process.exit(2);
}
const directory = mkdtempSync(join(tmpdir(), 'hubao-bench-'));
const postgres = await startEmbeddedPostgres({ dataDirectory: directory });
const rows: Measured[] = [];
try {
  for (const [name, bench] of Object.entries(BENCHES)) if (only === undefined || only === name) rows.push(...(await bench(postgres.url)));
} finally {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}
console.table(
  rows.map((row) => ({
    what: row.name,
    'floor ms': Math.round(row.floorMs),
    'own ms': Math.round(row.ownMs),
    ratio: row.ratio.toFixed(2),
    'at most': row.limit,
    holds: row.ratio <= row.limit ? 'yes' : 'NO',
  })),
);
