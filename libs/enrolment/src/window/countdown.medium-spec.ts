import { chinaInstant, civilDate, fen } from '@app/kernel';
import { Ledger1700000001000 } from '@app/ledger';
import { Audit, Database, PLATFORM_ENTITIES, Platform1700000000000, type Principal, type Role } from '@app/platform';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { SetClock } from '../../../../test/support/set-clock.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import {
  addRostered,
  CountdownBoard,
  CountdownReader,
  CountdownService,
  ENROLMENT_ENTITIES,
  ENROLMENT_MIGRATIONS,
  ExtensionService,
  OrganisationService,
  recount,
  TargetService,
  WindowService,
} from '../index.js';
import type { CountdownView } from './countdown.js';
import { minuteOf } from './countdown.repository.js';

const CITY = '/45/4599/';
const [U1, U2, U3] = ['91350100M000100Y43', '81459999MA0000245H', '81459999MA0000000J'] as const;

const principal = (role: Role, organisationPath: string, userId: string = role): Principal => ({
  userId,
  login: userId,
  roles: [role],
  organisationPath,
});
const leader = principal('leader', '/');
const clerk = principal('unit-clerk', `${CITY}459999/`);

describe('the countdown', () => {
  let database: TestDatabase;
  let source: DataSource;
  let db: Database;
  let windows: WindowService;
  let targets: TargetService;
  let countdowns: CountdownService;
  let reader: CountdownReader;
  let extensions: ExtensionService;
  const clock = new SetClock('2025-10-09 10:00');
  const idOf = new Map<string, string>();
  let year = 2026;

  beforeAll(async () => {
    database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS]);
    source = await new DataSource({
      type: 'postgres',
      url: database.url,
      entities: [...PLATFORM_ENTITIES, ...ENROLMENT_ENTITIES],
    }).initialize();
    db = new Database(source);
    windows = new WindowService(db, clock);
    targets = new TargetService(db, clock);
    reader = new CountdownReader(db);
    countdowns = new CountdownService(new CountdownBoard(reader, clock));
    extensions = new ExtensionService(db, clock, new Audit(db, clock));
    const organisations = new OrganisationService(db);
    const make = async (...[kind, code, parentCode]: [Parameters<OrganisationService['create']>[0]['kind'], string, string?]) =>
      idOf.set(code, (await organisations.create({ kind, code, name: `某${code}`, ...(parentCode ? { parentCode } : {}) })).id);
    await make('region', '45');
    await make('city', '4599', '45');
    await make('county', '459999', '4599');
    await make('county', '459998', '4599');
    await make('unit', U1, '459999');
    await make('unit', U2, '459999');
    await make('unit', U3, '459998');
    await make('city', '4598', '45');
  });

  afterAll(async () => {
    await source?.destroy();
    await database?.drop();
  });

  /** Each test has a window of its own: another cover year of the same plan. */
  const newWindow = async (change: { planId?: string; organisationCode?: string; coverYear?: number } = {}) => {
    const coverYear = change.coverYear ?? year++;
    const { id } = await windows.create({
      planId: change.planId ?? 'guangxi-1-2025',
      organisationCode: change.organisationCode ?? '4599',
      opensAt: chinaInstant(civilDate('2025-09-01')),
      closesAt: chinaInstant(civilDate('2025-12-11')),
      coverFrom: civilDate(`${coverYear}-01-01`),
      coverTo: civilDate(`${coverYear}-12-31`),
      contributionFen: fen(10_000),
    });
    return id;
  };
  const byUnit = (counts: Readonly<Record<string, number>>) =>
    new Map(Object.entries(counts).map(([code, members]) => [idOf.get(code)!, members]));
  const count = (windowId: string, counts: Readonly<Record<string, number>>) =>
    db.transaction((tx) => addRostered(tx, windowId, byUnit(counts)));
  const enrol = async (windowId: string, code: string, people: number, at = clock.now()) => {
    await source.query(
      `insert into enrolment (member_id, period_id, window_id, unit_id, import_id, row, applied_at, notice)
       select gen_random_uuid(), gen_random_uuid(), $1, $2, gen_random_uuid(), i, $4, 1 from generate_series(1, $3::int) i`,
      [windowId, idOf.get(code), people, at],
    );
  };
  const membersOf = async (windowId: string) =>
    Object.fromEntries(
      (
        await source.query(
          'select o.code, c.members from enrolment_count c join organisation o on o.id = c.unit_id where window_id = $1 order by o.code',
          [windowId],
        )
      ).map(({ code, members }: { code: string; members: number }) => [code, members]),
    );

  describe('of a tree', () => {
    let windowId: string;

    beforeAll(async () => {
      windowId = await newWindow();
      await targets.set(windowId, [
        { organisationCode: U1, headcount: 10 },
        { organisationCode: U2, headcount: 30 },
        { organisationCode: U3, headcount: 4 },
        { organisationCode: '459999', headcount: 50 },
      ]);
      await count(windowId, { [U1]: 9, [U2]: 3 });
      await count(windowId, { [U1]: 1, [U3]: 3 });
    });

    it('sums the units, and takes a target of its own before those below', async () => {
      expect(await countdowns.read(windowId, leader)).toMatchObject({
        state: 'open',
        now: clock.now(),
        secondsLeft: (62 * 24 + 14) * 3600,
        node: { code: '4599', kind: 'city', name: '某4599', enrolled: 16, target: 54, percent: 29.6, missing: 38 },
        children: [
          { code: '459999', kind: 'county', enrolled: 13, target: 50, percent: 26, missing: 37 },
          { code: '459998', kind: 'county', enrolled: 3, target: 4, percent: 75, missing: 1 },
        ],
      });
      expect(await countdowns.read(windowId, leader, '459999')).toMatchObject({
        node: { code: '459999', enrolled: 13, target: 50 },
        children: [
          { code: U2, kind: 'unit', enrolled: 3, target: 30, percent: 10, missing: 27 },
          { code: U1, enrolled: 10, target: 10, percent: 100, missing: 0 },
        ],
      });
      expect((await countdowns.read(windowId, leader, U3)).children).toEqual([]);
      expect(await countdowns.readPublic(windowId)).toMatchObject({ enrolled: 16, target: 54, percent: 29.6, missing: 38 });
    });

    it('shows a clerk the own subtree, and nobody what is not of the window', async () => {
      expect((await countdowns.read(windowId, clerk)).node.code).toBe('459999');
      expect((await countdowns.read(windowId, clerk, U1)).node.code).toBe(U1);
      expect((await countdowns.read(windowId, principal('unit-clerk', '/45/'))).node.code).toBe('4599');
      for (const code of ['459998', U3, '4599'])
        await expect(countdowns.read(windowId, clerk, code)).rejects.toMatchObject({ code: 'forbidden' });
      await expect(countdowns.read(windowId, principal('unit-clerk', '/45/4598/'))).rejects.toMatchObject({ code: 'forbidden' });
      await expect(countdowns.read(windowId, principal('finance-maker', '/'))).rejects.toMatchObject({ code: 'forbidden' });
      for (const code of ['45', '4598', 'X'])
        await expect(countdowns.read(windowId, leader, code)).rejects.toMatchObject({ code: 'countdown-node' });
      await expect(countdowns.read(idOf.get('45')!, leader)).rejects.toMatchObject({ code: 'window' });
    });

    it('knows units that are made while it goes on', async () => {
      const late = '81459999MA0000010K';
      const { id } = await new OrganisationService(db).create({ kind: 'unit', code: late, name: '新单位', parentCode: '459998' });
      idOf.set(late, id);
      expect((await countdowns.read(windowId, leader, late)).node).toMatchObject({
        enrolled: 0,
        target: null,
        percent: null,
        missing: null,
      });
      await count(windowId, { [late]: 2 });
      expect((await countdowns.read(windowId, leader, '459998')).node.enrolled).toBe(5);
    });

    it('sets targets one by one, and takes one away', async () => {
      await targets.set(windowId, [
        { organisationCode: '459999', headcount: 0 },
        { organisationCode: U1, headcount: 20 },
      ]);
      expect((await countdowns.read(windowId, leader, '459999')).node.target).toBe(50);
      expect((await countdowns.read(windowId, leader)).node.target).toBe(54);
      await expect(targets.set(windowId, [{ organisationCode: '4598', headcount: 1 }])).rejects.toMatchObject({
        code: 'target-organisation',
      });
      const twice = Array.from({ length: 2 }, () => ({ organisationCode: U1, headcount: 1 }));
      await expect(targets.set(windowId, twice)).rejects.toMatchObject({ code: 'target-twice' });
    });
  });

  describe('targets of the last window', () => {
    it('are what each unit enrolled in the one that ended last before, whatever year its plan names', async () => {
      const [older, last] = [await newWindow({ coverYear: 2050 }), await newWindow({ planId: 'guangxi-1-2051', coverYear: 2051 })];
      const [next, after] = [await newWindow({ planId: 'guangxi-1-2052', coverYear: 2052 }), await newWindow({ coverYear: 2053 })];
      await newWindow({ organisationCode: '459999', coverYear: 2051 });
      await newWindow({ planId: 'guangxi-2', coverYear: 2051 });
      await count(older, { [U1]: 9 });
      await count(last, { [U1]: 3, [U3]: 2 });
      await count(after, { [U1]: 7 });
      await targets.set(next, [{ organisationCode: U3, headcount: 5 }]);
      expect(await targets.takeFromLast(next)).toEqual({ windowId: last, targets: 1, headcount: 3 });
      expect(await targets.takeFromLast(next)).toEqual({ windowId: last, targets: 0, headcount: 0 });
      expect((await countdowns.read(next, leader)).children).toMatchObject([
        { code: '459998', target: 5 },
        { code: '459999', target: 3 },
      ]);
    });

    it('follow that one until the window opens, or somebody sets others', async () => {
      clock.set('2025-08-20 10:00');
      const last = await newWindow({ planId: 'followed-2060', coverYear: 2060 });
      await count(last, { [U1]: 6, [U2]: 1 });
      const [next, own] = [
        await newWindow({ planId: 'followed-2061', coverYear: 2061 }),
        await newWindow({ planId: 'followed-2062', coverYear: 2061, organisationCode: '4599' }),
      ];
      const target = async (windowId: string) => (await countdowns.read(windowId, leader)).node.target;
      expect([await target(next), await target(own), await targets.isDue()]).toEqual([7, 7, false]);
      await targets.set(own, [{ organisationCode: U3, headcount: 20 }]);
      await count(last, { [U1]: 2, [U3]: 5 });
      await source.query('update enrolment_count set members = 0 where window_id = $1 and unit_id = $2', [last, idOf.get(U2)]);
      expect(await targets.isDue()).toBe(true);
      await targets.follow();
      expect([await target(next), await target(own), await targets.isDue()]).toEqual([13, 27, false]);

      clock.set('2025-09-01 00:00');
      await count(last, { [U1]: 1 });
      expect(await targets.isDue()).toBe(true);
      await targets.follow();
      await count(last, { [U1]: 1 });
      await targets.follow();
      expect([await target(next), await targets.isDue()]).toEqual([14, false]);
      clock.set('2025-10-09 10:00');
    });

    it('are those of a window from its beginning, until somebody sets others', async () => {
      await count(await newWindow({ planId: 'line-2060', coverYear: 2060 }), { [U1]: 6 });
      const next = await newWindow({ planId: 'line-2061', coverYear: 2061 });
      expect((await countdowns.read(next, leader)).node).toMatchObject({ enrolled: 0, target: 6, percent: 0, missing: 6 });
      await targets.set(next, [{ organisationCode: U1, headcount: 8 }]);
      await count(next, { [U1]: 2 });
      clock.set('2025-10-09 10:01');
      expect((await countdowns.read(next, leader)).node).toMatchObject({ enrolled: 2, target: 8, percent: 25 });
    });

    it('are none where there was no such window', async () =>
      expect(targets.takeFromLast(await newWindow({ planId: 'first-of-all' }))).rejects.toMatchObject({ code: 'earlier-window' }));
  });

  describe('counts', () => {
    it('of the same units in opposite order, added at the same time, do not wait for each other', async () => {
      const windowId = await newWindow();
      const [up, down] = [byUnit({ [U1]: 1, [U2]: 1, [U3]: 1 }), new Map([...byUnit({ [U1]: 1, [U2]: 1, [U3]: 1 })].toReversed())];
      await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          db.transaction(async (tx) => {
            await addRostered(tx, windowId, i % 2 === 0 ? up : down);
            await new Promise((resolve) => setTimeout(resolve, 2));
          }),
        ),
      );
      expect(await membersOf(windowId)).toEqual({ [U1]: 40, [U2]: 40, [U3]: 40 });
    });

    it('are undone with the transaction, and never below none', async () => {
      const windowId = await newWindow();
      const undone = db.transaction(async (tx) => {
        await addRostered(tx, windowId, byUnit({ [U1]: 5 }));
        throw new Error('crash');
      });
      await expect(undone).rejects.toThrow('crash');
      await count(windowId, { [U1]: 0 });
      expect(await membersOf(windowId)).toEqual({});
      await expect(count(windowId, { [U1]: -1 })).rejects.toMatchObject({ code: '23514' });
    });

    it('are set from the enrolments, and those that differed are told', async () => {
      const windowId = await newWindow();
      await enrol(windowId, U1, 3);
      await enrol(windowId, U2, 2);
      await count(windowId, { [U2]: 2, [U3]: 4 });
      expect(await db.transaction((tx) => recount(tx, windowId))).toBe(2);
      expect(await membersOf(windowId)).toEqual({ [U1]: 3, [U2]: 2, [U3]: 0 });
      expect(await db.transaction((tx) => recount(tx, windowId))).toBe(0);
    });

    it('that are set while somebody enrols miss nobody', async () => {
      const windowId = await newWindow();
      await count(windowId, { [U1]: 5 });
      let repaired: Promise<number> | undefined;
      await db.transaction(async (tx) => {
        await tx.query(
          `insert into enrolment (member_id, period_id, window_id, unit_id, applied_at) values (gen_random_uuid(), gen_random_uuid(), $1, $2, now())`,
          [windowId, idOf.get(U1)],
        );
        await addRostered(tx, windowId, byUnit({ [U1]: 1 }));
        repaired = db.transaction((other) => recount(other, windowId));
        await new Promise((resolve) => setTimeout(resolve, 100));
      });
      expect(await repaired).toBe(1);
      expect(await membersOf(windowId)).toEqual({ [U1]: 1 });
    });
  });

  describe('the rate', () => {
    it('comes of samples, one a minute at most, and leads to a finish', async () => {
      clock.set('2025-10-09 10:00');
      const windowId = await newWindow();
      const samples = () => source.query('select minute, members from enrolment_sample where window_id = $1 order by minute', [windowId]);
      await targets.set(windowId, [{ organisationCode: '4599', headcount: 400 }]);
      await count(windowId, { [U1]: 100 });
      await Promise.all([countdowns.read(windowId, leader), countdowns.read(windowId, leader)]);
      await countdowns.read(windowId, leader);
      expect(await samples()).toEqual([{ minute: minuteOf(clock.now()), members: 100 }]);
      clock.set('2025-10-09 10:30');
      await count(windowId, { [U3]: 50 });
      // Half an hour of it lies before the first sample, when people came as slowly as they had since the opening.
      expect((await countdowns.read(windowId, leader)).node.perHour.lastHour).toBe(50.054);
      clock.set('2025-10-09 11:00');
      await count(windowId, { [U1]: 50 });
      expect((await countdowns.read(windowId, leader)).node).toMatchObject({
        enrolled: 200,
        perHour: { lastHour: 100 },
        projectedFinish: chinaInstant(civilDate('2025-10-09'), '13:00'),
        projectedAtClose: 200 + 100 * (62 * 24 + 13),
      });
      clock.set('2025-10-10 10:30');
      const { node } = await countdowns.read(windowId, leader);
      expect(node.perHour).toEqual({ lastHour: 0, lastDay: 2.083 });
      expect(node).toMatchObject({ projectedFinish: null, projectedAtClose: 200 });
      expect(await samples()).toHaveLength(4);
      clock.set('2025-10-09 10:00');
    });

    it('of a unit comes of the times at which its people applied, read once a minute for all who look', async () => {
      clock.set('2025-10-09 10:00');
      const windowId = await newWindow({ planId: 'units' });
      await targets.set(windowId, [{ organisationCode: U1, headcount: 40 }]);
      await enrol(windowId, U1, 6, chinaInstant(civilDate('2025-10-08'), '12:00'));
      await enrol(windowId, U1, 4, chinaInstant(civilDate('2025-10-09'), '09:30'));
      await enrol(windowId, U2, 5, chinaInstant(civilDate('2025-10-01'), '09:30'));
      await count(windowId, { [U1]: 10, [U2]: 5 });
      const reads = jest.spyOn(reader, 'unitSamples');
      const pace = {
        perHour: { lastHour: 4, lastDay: 0.417 },
        projectedFinish: chinaInstant(civilDate('2025-10-09'), '17:30'),
        projectedAtClose: 10 + 4 * (62 * 24 + 14),
      };
      expect((await countdowns.read(windowId, leader, U1)).node).toMatchObject(pace);
      expect((await countdowns.read(windowId, leader, U2)).node).toMatchObject({ perHour: { lastHour: 0, lastDay: 0 } });
      expect((await countdowns.read(windowId, leader, U3)).node).toMatchObject({ enrolled: 0, perHour: { lastHour: 0, lastDay: 0 } });
      expect((await countdowns.read(windowId, leader, '459999')).children!.find(({ code }) => code === U1)).not.toHaveProperty('perHour');
      expect(reads).toHaveBeenCalledTimes(3);

      const following = [await countdowns.events(windowId, leader, U1), await countdowns.events(windowId, leader, U2)];
      expect(following[0]!.view.node).toMatchObject(pace);
      clock.set('2025-10-09 10:40');
      reads.mockClear();
      const told: CountdownView[] = await new Promise((resolve) => {
        const views: CountdownView[] = [];
        const unfollow = following.map((each) =>
          each.follow((_second, view) => {
            if (views.push(view) < 4) return;
            unfollow.forEach((leave) => leave());
            resolve(views);
          }),
        );
      });
      expect(told.at(-2)!.node).toMatchObject({ code: U1, perHour: { lastHour: 0, lastDay: 0.417 } });
      expect(reads).toHaveBeenCalledTimes(1);
      reads.mockRestore();
      clock.set('2025-10-09 10:00');
    });

    it('is kept by region for as long as it looks back', async () => {
      clock.set('2025-10-09 10:00');
      const windowId = await newWindow();
      const kept = async () =>
        (await source.query('select nodes is not null as kept from enrolment_sample where window_id = $1 order by minute', [windowId])).map(
          (row: { kept: boolean }) => row.kept,
        );
      await count(windowId, { [U1]: 100 });
      await countdowns.read(windowId, leader);
      clock.set('2025-10-09 11:00');
      await count(windowId, { [U1]: 30 });
      const { children } = await countdowns.read(windowId, leader);
      const moving = children!.filter((child) => (child.perHour?.lastHour ?? 0) > 0);
      expect(moving).toMatchObject([{ enrolled: 130, perHour: { lastHour: 30 } }]);
      expect(await kept()).toEqual([true, true]);
      // Nobody looks for days, and nobody comes: a rate of a day still has something to look back to.
      clock.set('2025-10-13 11:30');
      await countdowns.read(windowId, leader);
      expect(await kept()).toEqual([false, true, true]);
      clock.set('2025-10-13 11:31');
      const later = (await countdowns.read(windowId, leader)).children!.find(({ enrolled }) => enrolled === 130);
      expect(later).toMatchObject({ perHour: { lastHour: 0, lastDay: 0 }, projectedFinish: null });
      expect(await kept()).toEqual([false, true, true, true]);
      clock.set('2025-10-09 10:00');
    });

    it('is not sampled while nobody can enrol', async () => {
      const windowId = await newWindow();
      clock.set('2025-08-31 10:00');
      expect(await countdowns.read(windowId, leader)).toMatchObject({ state: 'upcoming', node: { projectedAtClose: null } });
      clock.set('2025-12-11 00:00');
      expect(await countdowns.read(windowId, leader)).toMatchObject({ state: 'closed', secondsLeft: 0, node: { projectedAtClose: 0 } });
      expect(await source.query('select from enrolment_sample where window_id = $1', [windowId])).toEqual([]);
      clock.set('2025-10-09 10:00');
    });
  });

  describe('an extension', () => {
    const [one, other] = [principal('administrator', '/', 'one'), principal('leader', '/', 'other')];
    const later = chinaInstant(civilDate('2025-12-31'));
    const proposal = { closesAt: later, reason: '寒潮' };

    it('moves the closing when a second person approves it, and both are on record', async () => {
      const windowId = await newWindow();
      const { id } = await extensions.propose(one, windowId, proposal);
      expect((await windows.countdown(windowId)).closesAt).toEqual(chinaInstant(civilDate('2025-12-11')));
      await expect(extensions.approve(one, windowId, id)).rejects.toMatchObject({ code: 'same-person', kind: 'forbidden' });
      expect(await extensions.approve(other, windowId, id)).toEqual({ closesAt: later });
      expect((await countdowns.read(windowId, leader)).closesAt).toEqual(later);
      expect(await extensions.list(windowId)).toMatchObject([
        { id, closesAt: later, reason: '寒潮', proposedBy: 'one', approvedBy: 'other' },
      ]);
      expect(await source.query(`select action, actor from audit_record where subject = $1 order by id`, [`${windowId} ${id}`])).toEqual([
        { action: 'extension.propose', actor: 'one' },
        { action: 'extension.approve', actor: 'other' },
      ]);
      await expect(extensions.approve(other, windowId, id)).rejects.toMatchObject({ code: 'extension-approved' });
      await expect(extensions.propose(one, windowId, proposal)).rejects.toMatchObject({
        code: 'extension-not-later',
        message: expect.stringContaining('expected an instant after 2025-12-30T16:00:00.000Z'),
      });
    });

    it('that is overtaken, too late or of another window is not approved', async () => {
      const [windowId, elsewhere] = [await newWindow(), await newWindow()];
      const [first, second] = [await extensions.propose(one, windowId, proposal), await extensions.propose(one, windowId, proposal)];
      await expect(extensions.approve(other, elsewhere, first.id)).rejects.toMatchObject({ code: 'extension' });
      const outcomes = await Promise.allSettled([first, second].map(({ id }) => extensions.approve(other, windowId, id)));
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const { id } = await extensions.propose(one, elsewhere, proposal);
      clock.set('2025-12-31 00:00');
      await expect(extensions.approve(other, elsewhere, id)).rejects.toMatchObject({ code: 'extension-past' });
      clock.set('2025-10-09 10:00');
    });

    it('is the only way, whoever asks the database', async () => {
      const windowId = await newWindow();
      const refused = { driverError: { code: '23001' } };
      await expect(source.query('update enrolment_window set closes_at = $2 where id = $1', [windowId, later])).rejects.toMatchObject(
        refused,
      );
      const { id } = await extensions.propose(one, windowId, proposal);
      await expect(
        source.query(
          'insert into window_extension_approval (extension_id, proposed_by, approved_by, approved_at) values ($1, $2, $2, now())',
          [id, 'one'],
        ),
      ).rejects.toMatchObject({ driverError: { code: '23514' } });
      await extensions.approve(other, windowId, id);
      for (const table of ['window_extension', 'window_extension_approval'])
        for (const sql of [`update ${table} set proposed_by = 'x'`, `delete from ${table}`, `truncate ${table} cascade`])
          await expect(source.query(sql)).rejects.toMatchObject(refused);
    });
  });
});
