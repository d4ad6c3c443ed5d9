/** Imports the roster of `province.bench` and pays its notices: DATABASE_URL FILE; prints what it took and the memory it needed. */
import { Clock, chinaInstant, civilDate, fen } from '@app/kernel';
import {
  ContributionService,
  ENROLMENT_ENTITIES,
  OrganisationService,
  RosterImportService,
  RosterService,
  WindowService,
} from '@app/enrolment';
import { Database, PersonalDataVault, type Principal } from '@app/platform';
import { createReadStream } from 'node:fs';
import { DataSource } from 'typeorm';
import type { ProvinceRun } from './province.bench.js';

/** Credits in a day's statement of the collection account. */
const CREDITS_A_DAY = 10_000;
const ACCOUNT = '6200009999000000025';
const clerk: Principal = { userId: 'bench', login: 'bench', roles: ['unit-clerk', 'finance-checker'], organisationPath: '/' };

class FixedClock extends Clock {
  now(): Date {
    return chinaInstant(civilDate('2025-10-09'), '10:00');
  }
}

const [url, file] = process.argv.slice(2);
const source = await new DataSource({ type: 'postgres', url: url!, entities: ENROLMENT_ENTITIES, poolSize: 4 }).initialize();
const db = new Database(source);
const clock = new FixedClock();
// The same key in both runs: the second has to know the people of the first.
const vault = new PersonalDataVault(Buffer.alloc(32, 5).toString('base64'));
const rosters = new RosterService(db, clock, vault, new RosterImportService(db, clock, vault));
const windowId = await openWindow();
let start = performance.now();
const { accepted, unchanged } = await rosters.importRoster({
  windowId,
  fileName: 'province.csv',
  principal: clerk,
  stream: createReadStream(file!),
});
const importMs = performance.now() - start;
start = performance.now();
await payNotices();
const coversMs = performance.now() - start;
const [{ covers }] = (await source.query('select count(*)::int as covers from cover')) as [{ covers: number }];
await source.destroy();
const run: ProvinceRun = { importMs, coversMs, accepted, unchanged, covers, peakMib: process.resourceUsage().maxRSS / 1024 };
process.stdout.write(JSON.stringify(run));

async function openWindow(): Promise<string> {
  const [known] = (await source.query('select id from enrolment_window')) as { id: string }[];
  if (known) return known.id;
  await new OrganisationService(db).create({ kind: 'region', code: '45', name: 'bench' });
  const { id } = await new WindowService(db, clock).create({
    planId: 'guangxi-1-2026',
    organisationCode: '45',
    opensAt: chinaInstant(civilDate('2025-09-01')),
    closesAt: chinaInstant(civilDate('2025-12-11')),
    coverFrom: civilDate('2026-01-01'),
    coverTo: civilDate('2026-12-31'),
    contributionFen: fen(10_000),
  });
  return id;
}

/** Every unit pays its notice whole. */
async function payNotices(): Promise<void> {
  const contributions = new ContributionService(
    db,
    clock,
    { hours: { officeOpens: '09:00', officeCloses: '17:00', batchCut: '10:00', statementReady: '20:00' }, collectionAccount: ACCOUNT },
    { statement: () => Promise.resolve(undefined) },
  );
  await contributions.issueNotices(windowId);
  const open = (await contributions.notices(windowId, clerk)).filter(({ state }) => state === 'open');
  for (let from = 0, day = 1; from < open.length; from += CREDITS_A_DAY, day++) {
    const lines = open.slice(from, from + CREDITS_A_DAY).map(({ reference, amountFen, unitName }) => ({
      bankReference: `B${reference}`,
      direction: 'credit' as const,
      kind: 'credit' as const,
      amountFen,
      reference,
      counterpartyName: unitName,
    }));
    const on = civilDate(`2025-10-${String(day).padStart(2, '0')}`);
    const closingFen = lines.reduce((sum, { amountFen }) => sum + amountFen, 0);
    await contributions.matchStatement(on, {
      statementId: on,
      account: ACCOUNT,
      on,
      createdAt: chinaInstant(on, '20:00'),
      openingFen: 0,
      closingFen,
      lines,
    });
  }
}
