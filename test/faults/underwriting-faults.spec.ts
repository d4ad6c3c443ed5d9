/** A worker that is killed while it asks about people loses nobody. Needs the built worker (`npm test` builds it). */
import type { WindowUnderwriting } from '@app/enrolment';
import { chinaInstant, civilDate } from '@app/kernel';
import { expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateCounty } from '../../apps/simulators/src/index.js';
import { COUNTY, People } from '../../apps/standalone/src/people.js';
import { builtWorker, startSystem } from '../../apps/standalone/src/system.js';
import { createTestDatabase } from '../support/test-database.js';

const MEMBERS = 1_500;
const KILLS = 4;
/** Longer than the lease of a dead worker. */
const MINUTES = 6;

it('loses nobody, however often the worker is killed while it asks', async () => {
  const database = await createTestDatabase([]);
  const directory = mkdtempSync(join(tmpdir(), 'hubao-'));
  const system = await startSystem({
    databaseUrl: database.url,
    clockFile: join(directory, 'clock'),
    startAt: chinaInstant(civilDate('2025-09-01'), '09:00'),
    worker: { main: builtWorker(resolve(import.meta.dirname, '../..')) },
    sweepEveryMs: 100,
  });
  try {
    const { staff } = await People.hire(system);
    const { id } = await staff.administrator.enrolment<{ id: string }>('POST', '/windows', {
      planId: 'guangxi-1-2025',
      organisationCode: COUNTY.code,
      opensAt: '2025-09-01T00:00:00+08:00',
      closesAt: '2025-12-11T00:00:00+08:00',
      coverFrom: '2026-01-01',
      coverTo: '2026-12-31',
      contributionFen: 10_000,
      underwriting: 'insured',
    });
    const { rosterCsv } = generateCounty({ seed: 12, members: MEMBERS, units: 20, settlements: 20, rosterDefects: false });
    await staff.clerk.enrolment('POST', `/windows/${id}/rosters`, rosterCsv, { 'content-type': 'text/csv', 'x-file-name': 'roster.csv' });
    const passed = async () => (await staff.clerk.enrolment<WindowUnderwriting>('GET', `/windows/${id}/underwriting`)).states.passed ?? 0;
    const reaches = async (count: number) => {
      for (let look = 0; look < 1_200 && (await passed()) < count; look++) await sleep(50);
      return passed();
    };
    let last = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      // In the middle of a set: some of it is saved.
      const found = await reaches(last + 1);
      expect(found).toBeGreaterThan(last);
      last = found;
      system.killWorker();
      system.clock!.advanceTo(new Date(system.clock!.now().getTime() + MINUTES * 60_000));
    }
    expect(last).toBeLessThan(MEMBERS);
    expect(await reaches(MEMBERS)).toBe(MEMBERS);
  } finally {
    await system.stop();
    await database.drop();
    rmSync(directory, { recursive: true });
  }
}, 300_000);
