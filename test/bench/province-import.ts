/**
 * As large as it is, the roster of `province.bench` is taken in by one program, `receive FILE`, and worked through by another, `work IMPORT`, which
 * pays its notices, too. DATABASE_URL comes first; prints what it took and the memory it needed.
 */
import { addDays, Clock, chinaInstant, civilDate, fen } from '@app/kernel';
import {
  ContributionService,
  ENROLMENT_ENTITIES,
  OrganisationService,
  RosterImportService,
  RosterService,
  WindowService,
} from '@app/enrolment';
import { Database, keepHeapSmall, PersonalDataVault, type Principal } from '@app/platform';
import { createReadStream } from 'node:fs';
import { DataSource } from 'typeorm';
import type { Received, Worked } from './province.bench.js';

/** Credits in a day's statement of the collection account. */
const CREDITS_A_DAY = 5_000;
const ACCOUNT = '6200009999000000025';
const clerk: Principal = { userId: 'bench', login: 'bench', roles: ['unit-clerk'], organisationPath: '/' };

class FixedClock extends Clock {
  now(): Date {
    return chinaInstant(civilDate('2025-10-09'), '10:00');
  }
}

// As the worker does.
keepHeapSmall();
const [url, task, of] = process.argv.slice(2) as [string, 'receive' | 'work', string];
const source = await new DataSource({ type: 'postgres', url, entities: ENROLMENT_ENTITIES, poolSize: 4 }).initialize();
const db = new Database(source);
const clock = new FixedClock();
// The same key in all runs: the second import has to know the people of the first.
const vault = new PersonalDataVault(Buffer.alloc(32, 5).toString('base64'));
const imports = new RosterImportService(db, clock, vault);
const rosters = new RosterService(db, clock, vault, imports);
const done = await (task === 'receive' ? receive(of) : work(of));
await source.destroy();
process.stdout.write(JSON.stringify({ ...done, peakMib: process.resourceUsage().maxRSS / 1024 } satisfies Received | Worked));

async function receive(file: string): Promise<Omit<Received, 'peakMib'>> {
  const windowId = await openWindow();
  const start = performance.now();
  const importId = await rosters.receive({ windowId, fileName: 'province.csv', principal: clerk, stream: createReadStream(file) });
  return { importId, importMs: performance.now() - start };
}

async function work(importId: string): Promise<Omit<Worked, 'peakMib'>> {
  let start = performance.now();
  await imports.work(importId);
  const importMs = performance.now() - start;
  const { accepted, unchanged } = await rosters.read(importId, clerk);
  start = performance.now();
  await payNotices(await openWindow());
  const coversMs = performance.now() - start;
  const [{ covers }] = (await source.query('select count(*)::int as covers from cover')) as [{ covers: number }];
  return { importMs, coversMs, accepted, unchanged, covers };
}

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
async function payNotices(windowId: string): Promise<void> {
  const contributions = new ContributionService(
    db,
    clock,
    { hours: { officeOpens: '09:00', officeCloses: '17:00', batchCut: '10:00', statementReady: '20:00' }, collectionAccount: ACCOUNT },
    { statement: () => Promise.resolve(undefined) },
  );
  await contributions.issueNotices(windowId);
  for (let day = 0; ; day++) {
    // As the bank knows them: a day's at a time.
    const paid: { reference: string; amount: string; name: string }[] = await source.query(
      `select n.reference, n.amount_fen as amount, o.name from payment_notice n join organisation o on o.id = n.unit_id where n.state = 'open' limit $1`,
      [CREDITS_A_DAY],
    );
    if (paid.length === 0) break;
    const lines = paid.map(({ reference, amount, name }) => ({
      bankReference: `B${reference}`,
      direction: 'credit' as const,
      kind: 'credit' as const,
      amountFen: Number(amount),
      reference,
      counterpartyName: name,
    }));
    const on = addDays(civilDate('2025-10-01'), day);
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
