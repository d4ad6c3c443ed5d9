/** A worker that dies again and again while it imports a large roster: everybody is enrolled once, every finding is there once. Needs the built worker. */
import { expect, it } from '@jest/globals';
import { chinaInstant, civilDate } from '@app/kernel';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { People } from '../../apps/standalone/src/people.js';
import { builtWorker, startSystem, type HubaoSystem } from '../../apps/standalone/src/system.js';
import { ROSTER_HEADER, rosterLine, unitCode } from '../bench/roster-lines.js';
import { createTestDatabase } from '../support/test-database.js';

const ROWS = 60_000;
const BAD_EVERY = 5_000;
const KILLS = 6;

it('a roster is imported once though its worker is killed six times on the way', async () => {
  const database = await createTestDatabase([]);
  const directory = mkdtempSync(join(tmpdir(), 'hubao-'));
  let system: HubaoSystem | undefined;
  try {
    system = await startSystem({
      databaseUrl: database.url,
      clockFile: join(directory, 'clock'),
      startAt: chinaInstant(civilDate('2024-10-08'), '09:00'),
      worker: { main: builtWorker(resolve(import.meta.dirname, '../..')) },
      sweepEveryMs: 100,
    });
    const people = await People.hire(system);
    const { id } = await people.openWindow({
      planId: 'guangxi-1-2025',
      opensAt: '2024-09-01T00:00:00+08:00',
      closesAt: '2024-12-11T00:00:00+08:00',
      coverFrom: '2025-01-01',
      coverTo: '2025-12-31',
      contributionFen: 10_000,
    });
    const lines = Array.from({ length: ROWS }, (_, i) =>
      i % BAD_EVERY === BAD_EVERY - 1 ? `${unitCode(i)},某单位,,${'0'.repeat(18)},1,310,1,某行` : rosterLine(i),
    );
    const duplicates = new Set(lines).size;
    const { importId } = await people.staff.clerk.enrolment<{ importId: string }>(
      'POST',
      `/windows/${id}/rosters`,
      [ROSTER_HEADER, ...lines].join('\n'),
      { 'content-type': 'text/csv', prefer: 'respond-async' },
    );
    const read = () =>
      people.staff.clerk.enrolment<{ state: string; percent: number; rows: number; accepted: number; refused: number }>(
        'GET',
        `/rosters/${importId}`,
      );

    const reached: number[] = [];
    for (let look = 0; look < 3_000; look++) {
      const { state, percent, rows } = await read();
      if (state === 'done') break;
      // Each time it has come further than the last.
      if (reached.length < KILLS && rows > (reached.at(-1) ?? -1)) {
        reached.push(rows);
        system.killWorker();
        // Its lease runs out, and another worker takes over.
        system.clock!.advanceTo(new Date(system.clock!.now().getTime() + 61_000));
      }
      expect(percent).toBeLessThanOrEqual(100);
      await sleep(20);
    }
    expect(reached.length).toBe(KILLS);
    const bad = Math.trunc(ROWS / BAD_EVERY);
    const expected = { state: 'done', percent: 100, rows: ROWS, accepted: duplicates - bad, refused: ROWS - (duplicates - bad) };
    expect(await read()).toMatchObject(expected);
    const findings = await people.staff.clerk.enrolment<{ row: number }[]>('GET', `/rosters/${importId}/refusals`);
    expect(findings.length).toBe(expected.refused);
    expect(new Set(findings.map(({ row }) => row)).size).toBe(expected.refused);
    expect(await people.countdown(id)).toMatchObject({ enrolled: expected.accepted });
  } finally {
    await system?.stop();
    await database.drop();
    rmSync(directory, { recursive: true });
  }
}, 300_000);
