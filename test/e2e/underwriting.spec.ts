/** A window that asks: the roster comes in over HTTP, the worker asks the medical-insurance platform, the clerk sees what came of it. */
import type { UnderwrittenPerson, WindowUnderwriting } from '@app/enrolment';
import { chinaInstant, civilDate } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateCounty } from '../../apps/simulators/src/index.js';
import { COUNTY, People } from '../../apps/standalone/src/people.js';
import { rosterPeople } from '../../apps/standalone/src/roster-people.js';
import { startSystem, type HubaoSystem } from '../../apps/standalone/src/system.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const { rosterCsv } = generateCounty({ seed: 11, members: 400, units: 8, settlements: 20, rosterDefects: false });

describe('underwriting over the whole system', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hubao-'));
  let database: TestDatabase;
  let system: HubaoSystem;
  let people: People;
  let windowId: string;

  beforeAll(async () => {
    database = await createTestDatabase([]);
    system = await startSystem({
      databaseUrl: database.url,
      clockFile: join(directory, 'clock'),
      startAt: chinaInstant(civilDate('2025-09-01'), '09:00'),
      sweepEveryMs: 100,
    });
    people = await People.hire(system);
  });

  afterAll(async () => {
    await system?.stop();
    await database?.drop();
    rmSync(directory, { recursive: true });
  });

  const standing = () => people.staff.clerk.enrolment<WindowUnderwriting>('GET', `/windows/${windowId}/underwriting`);
  const standsAs = async (states: WindowUnderwriting['states']): Promise<WindowUnderwriting> => {
    for (let look = 0; look < 300; look++) {
      if (JSON.stringify(Object.entries((await standing()).states).sort()) === JSON.stringify(Object.entries(states).sort())) break;
      await sleep(50);
    }
    const found = await standing();
    expect(found.states).toEqual(states);
    return found;
  };

  it('asks about everybody of the roster by itself, while its queue is wiped', async () => {
    const roster = rosterPeople(rosterCsv);
    system.medicalInsurance.setPerson(roster[0]!.personalNumber, 'suspended');
    system.medicalInsurance.setPerson(roster[1]!.personalNumber, 'other-name');
    const { administrator, clerk } = people.staff;
    ({ id: windowId } = await administrator.enrolment<{ id: string }>('POST', '/windows', {
      planId: 'guangxi-1-2025',
      organisationCode: COUNTY.code,
      opensAt: '2025-09-01T00:00:00+08:00',
      closesAt: '2025-12-11T00:00:00+08:00',
      coverFrom: '2026-01-01',
      coverTo: '2026-12-31',
      contributionFen: 10_000,
      underwriting: 'insured',
    }));
    expect(await people.uploadRoster(windowId, 'roster.csv', rosterCsv)).toMatchObject({ accepted: 400 });
    for (let wipe = 0; wipe < 10; wipe++) {
      await system.database.direct.query('delete from bullmq.job');
      await sleep(40);
    }
    expect(await standsAs({ passed: 398, refused: 2 })).toMatchObject({
      asks: 'insured',
      reasons: { 'not-insured': 1, 'identity-differs': 1 },
      outageUntil: null,
    });
    const refused = await clerk.enrolment<UnderwrittenPerson[]>('GET', `/windows/${windowId}/underwriting/people`);
    expect(refused.map(({ reason }) => reason).sort()).toEqual(['identity-differs', 'not-insured']);
    for (const { name, remedy } of refused) expect([name, remedy.zh]).toEqual([expect.stringMatching(/^.\*+$/), expect.any(String)]);
  });

  it('lets the clerk have a unit asked about again', async () => {
    system.medicalInsurance.setPerson(rosterPeople(rosterCsv)[0]!.personalNumber, 'normal');
    const { clerk, maker } = people.staff;
    const [one] = (await clerk.enrolment<UnderwrittenPerson[]>('GET', `/windows/${windowId}/underwriting/people`)).filter(
      ({ reason }) => reason === 'not-insured',
    );
    const request = { unitCode: one!.unitCode };
    await expect(maker.enrolment('POST', `/windows/${windowId}/underwriting/again`, request)).rejects.toMatchObject({ status: 403 });
    expect(await clerk.enrolment('POST', `/windows/${windowId}/underwriting/again`, request)).toMatchObject({
      applications: expect.any(Number),
    });
    await standsAs({ passed: 399, refused: 1 });
  });

  it('takes the number of a unit’s people, and nothing that is none', async () => {
    const { clerk } = people.staff;
    const [unit] = (await standing()).units;
    const staff = (value: number) =>
      clerk.enrolment('PUT', `/windows/${windowId}/underwriting/staff`, { unitCode: unit!.unitCode, staff: value });
    await staff(120);
    expect((await standing()).units[0]).toMatchObject({ staff: 120, missing: 0 });
    await expect(staff(0)).rejects.toMatchObject({ status: 422 });
  });

  it('refuses a window that asks for what is not known', async () => {
    const window = { planId: 'x', organisationCode: COUNTY.code, coverFrom: '2027-01-01', coverTo: '2027-12-31', contributionFen: 1 };
    const dates = { opensAt: '2025-09-01T00:00:00+08:00', closesAt: '2025-12-11T00:00:00+08:00' };
    await expect(
      people.staff.administrator.enrolment('POST', '/windows', { ...window, ...dates, underwriting: 'all' }),
    ).rejects.toMatchObject({
      status: 422,
    });
  });
});
