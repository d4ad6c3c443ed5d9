/** Plays a county on a system of its own and tells what came out, what the auditor expects, and what the bank really did. */
import { generateCounty } from '../../apps/simulators/src/index.js';
import { Conductor, YEAR } from '../../apps/standalone/src/conductor.js';
import { People } from '../../apps/standalone/src/people.js';
import { Progress } from '../../apps/standalone/src/progress.js';
import { rosterPeople } from '../../apps/standalone/src/roster-people.js';
import { builtWorker, startSystem, type HubaoSystem } from '../../apps/standalone/src/system.js';
import { createTestDatabase } from './test-database.js';
import type { SettlementReport } from '@app/claims';
import { readStatement } from '@app/contracts';
import { addDays, chinaDate, chinaInstant, civilDate } from '@app/kernel';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { audit, type Expected } from './auditor.js';

export interface County {
  readonly rosterCsv: string;
  readonly feedLines: string[];
}

/** A county's first weeks: small enough for a test, with every kind of message and bank account in it. */
export function smallCounty(seed: number, until: string): County {
  const { rosterCsv, feedLines } = generateCounty({ seed, members: 400, units: 12, settlements: 900 });
  return { rosterCsv, feedLines: feedLines.filter((line) => (/"inf_time":"([^"]+)"/.exec(line)?.[1] ?? '') < until) };
}

export interface Mischief {
  /** Called between phases with the running system; `count` counts from 0. */
  (system: HubaoSystem, count: number): Promise<void> | void;
}

export interface PlayedYear {
  readonly report: SettlementReport;
  readonly expected: Expected;
  /** Per claim, how often the bank paid it and did not get it back. */
  readonly timesPaid: Map<string, number>;
  readonly paidByBankFen: number;
}

const REPOSITORY = resolve(import.meta.dirname, '../..');

export async function playYear(
  county: County,
  options: { worker?: 'inside' | 'process'; mischief?: Mischief; redisUrl?: string } = {},
): Promise<PlayedYear> {
  const database = await createTestDatabase([]);
  const directory = mkdtempSync(join(tmpdir(), 'hubao-'));
  let system: HubaoSystem | undefined;
  try {
    system = await startSystem({
      databaseUrl: database.url,
      ...(options.redisUrl ? { redisUrl: options.redisUrl } : {}),
      clockFile: join(directory, 'clock'),
      startAt: chinaInstant(YEAR.opensOn),
      feed: { source: 'county', lines: county.feedLines },
      worker: options.worker === 'process' ? { main: builtWorker(REPOSITORY) } : 'inside',
      sweepEveryMs: 250,
    });
    const people = await People.hire(system);
    const conductor = new Conductor(system, people, new Progress(new PassThrough() as unknown as NodeJS.WriteStream));
    let count = 0;
    if (options.mischief) conductor.onPhase = () => options.mischief!(system!, count++);
    await conductor.play({ fileName: 'roster.csv', csv: county.rosterCsv, people: rosterPeople(county.rosterCsv) });
    return { report: await people.report(), expected: audit(county.rosterCsv, county.feedLines), ...(await whatTheBankDid(system)) };
  } finally {
    await system?.stop();
    await database.drop();
    rmSync(directory, { recursive: true });
  }
}

/** Read from the bank's own statements; an EndToEndId begins with the 32 characters of its claim. */
async function whatTheBankDid(system: HubaoSystem): Promise<{ timesPaid: Map<string, number>; paidByBankFen: number }> {
  const timesPaid = new Map<string, number>();
  let paidByBankFen = 0;
  for (let on = civilDate('2025-01-01'); on <= chinaDate(system.clock!.now()); on = addDays(on, 1)) {
    const response = await fetch(`${system.bank.url}/statements/${system.config.payoutAccount}/${on}`);
    if (!response.ok) continue;
    for (const line of readStatement(await response.text()).lines) {
      if (line.kind === 'credit') continue;
      const sign = line.kind === 'payment' ? 1 : -1;
      const claim = line.reference.slice(0, 32);
      timesPaid.set(claim, (timesPaid.get(claim) ?? 0) + sign);
      paidByBankFen += sign * line.amountFen;
    }
  }
  return { timesPaid, paidByBankFen };
}

/** What must hold of every played year, whatever was done to it. */
export function expectTrue(
  { report, expected, timesPaid, paidByBankFen }: PlayedYear,
  expect: typeof import('@jest/globals').expect,
): void {
  expect({
    members: report.members,
    covers: report.covers,
    rosterRefused: report.rosterRefused,
    feedMessages: report.feedMessages,
    duplicates: report.ignored['duplicate-message'],
    withdrawn: report.ignored['cancelled-before-payout'],
    quarantined: report.quarantined,
    refused: report.refused,
    claimsPaid: report.claimsPaid,
    paidFen: report.paidFen,
    clawbacks: report.clawbacks,
    settledClaims: report.settledClaims,
    settledFen: report.settledFen,
  }).toEqual({ ...expected, covers: expected.members });
  expect(report.invariants).toEqual({ ledgerBalanced: true, claimsEqualLedger: true, ledgerEqualsBank: true, openUnknown: 0 });
  expect(report.workingDays.withinTwo).toBe(1);
  expect({ openClaims: report.openClaims, faults: report.faults, cancelsWaiting: report.cancelsWaiting }).toEqual({
    openClaims: 0,
    faults: 0,
    cancelsWaiting: 0,
  });
  expect([...timesPaid.values()].filter((times) => times > 1)).toEqual([]);
  expect([...timesPaid.values()].filter((times) => times === 1).length).toBe(expected.claimsPaid);
  expect(paidByBankFen).toBe(expected.paidFen);
}
