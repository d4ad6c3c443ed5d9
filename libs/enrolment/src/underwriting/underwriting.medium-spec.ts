import type { BankStatement } from '@app/contracts';
import { parsePlan, loadPlan } from '@app/benefits';
import { MedicalInsuranceGateway } from '@app/gateways';
import { chinaInstant, civilDate, fen, type CivilDate } from '@app/kernel';
import { Ledger1700000001000 } from '@app/ledger';
import {
  Audit,
  Database,
  PLATFORM_ENTITIES,
  PersonalDataVault,
  Platform1700000000000,
  addToOutbox,
  rowsOf,
  type Principal,
} from '@app/platform';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { startMedicalInsurance, type RunningMedicalInsurance } from '../../../../apps/simulators/src/index.js';
import { personalNumber } from '../../../../test/support/people.js';
import { SHIPPED_TEXT } from '../../../../test/support/plan-file.js';
import { SetClock } from '../../../../test/support/set-clock.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CollectionBank } from '../contribution/collection-bank.js';
import { ContributionService } from '../contribution/contribution.service.js';
import { endCover } from '../cover/cover-change.repository.js';
import { startCovers } from '../cover/cover.repository.js';
import { ENROLMENT_ENTITIES, ENROLMENT_MIGRATIONS } from '../index.js';
import { personalText } from '../member/member.js';
import { OrganisationService } from '../organisation/organisation.service.js';
import { addRostered } from '../window/enrolment-count.repository.js';
import { TargetService } from '../window/target.service.js';
import { WindowService } from '../window/window.service.js';
import type { PlanRules } from './underwriting.js';
import { UnderwritingPlans } from './underwriting-plans.js';
import { UnderwritingService } from './underwriting.service.js';

const why = 'interpreted: for the test';
const ELIGIBILITY = `eligibility:
  insutypes: { value: ['310'], ${why} }
  psn_types: { value: ['11'], ${why} }
  ages: { from: 16, to: 60, ${why} }
`;
const INSURED_PLAN = 'guangxi-1-2025';
const ADD_ON_PLAN = 'guangxi-extra-2025';
const UNIT_PLAN = 'guangzhou-2023';
const planOf = (id: string, more: string) =>
  parsePlan(SHIPPED_TEXT.replace(`id: ${INSURED_PLAN}`, `id: ${id}`).replace('\nscope:', `\n${more}\nscope:`), id);

class Plans extends UnderwritingPlans {
  private readonly plans = new Map<string, PlanRules>([
    [INSURED_PLAN, planOf(INSURED_PLAN, ELIGIBILITY)],
    [ADD_ON_PLAN, planOf(ADD_ON_PLAN, `requires:\n  base_plan: { value: ${INSURED_PLAN}, ${why} }\n`)],
    [UNIT_PLAN, loadPlan(UNIT_PLAN)],
  ]);
  planOn(_day: CivilDate, planId: string): Promise<PlanRules | undefined> {
    return Promise.resolve(this.plans.get(planId));
  }
}

class NoBank extends CollectionBank {
  statement(): Promise<BankStatement | undefined> {
    return Promise.resolve(undefined);
  }
}

const ACCOUNT = '6200009999000000025';
const COUNTY = '/45/4599/459999/';
const UNIT = '91350100M000100Y43';
const OTHER_UNIT = '81459999MA0000245H';
const clerk: Principal = { userId: 'clerk', login: 'clerk', roles: ['unit-clerk'], organisationPath: COUNTY };
const OUT_OF_REACH: Principal = { ...clerk, organisationPath: '/45/4599/459998/' };
const HOUR = 60;
const QUIET_MS = 30;

describe('underwriting', () => {
  const clock = new SetClock('2025-09-01 09:00');
  const vault = new PersonalDataVault(Buffer.alloc(32, 7).toString('base64'));
  const hours = { officeOpens: '09:00', officeCloses: '17:00', batchCut: '10:00', statementReady: '20:00' };
  const logged: string[] = [];
  let database: TestDatabase;
  let source: DataSource;
  let db: Database;
  let platform: RunningMedicalInsurance;
  let windows: WindowService;
  let targets: TargetService;
  let contributions: ContributionService;
  let underwriting: UnderwritingService;
  /** Personal numbers in the order in which the platform was asked about them. */
  let calls: string[] = [];
  let onCall: () => void = () => {};
  let serial = 0;
  const instant = { at: chinaInstant(civilDate('2025-09-01'), '09:00') };

  const rows = <Row>(sql: string, ...parameters: unknown[]): Promise<Row[]> => rowsOf<Row>(db.direct, sql, parameters);
  const at = (china: string) => {
    const [day, time] = china.split(' ');
    instant.at = chinaInstant(civilDate(day!), time);
  };
  const later = (minutes: number) => (instant.at = new Date(instant.at.getTime() + minutes * 60_000));
  /** Minutes on the clock, and for real as long as a platform that was down is left alone. */
  const pause = async (minutes: number) => {
    later(minutes);
    await sleep(2 * QUIET_MS);
  };
  jest.spyOn(clock, 'now').mockImplementation(() => instant.at);

  /** A worker of its own, with its own connection to the platform. */
  const worker = (callsPerSecond = 1_000_000, timeoutMs = 10_000) => {
    const gateway = new MedicalInsuranceGateway(platform.url, clock, { callsPerSecond, timeoutMs, retryAfterMs: 50, quietMs: QUIET_MS });
    return new UnderwritingService(db, clock, vault, gateway, new Plans(), new Audit(db, clock));
  };
  /** As the processor does: until a set is not full. */
  const run = async (one = underwriting) => {
    while ((await one.underwrite()) >= 1_000);
  };

  beforeAll(async () => {
    for (const level of ['warn', 'error'] as const)
      jest.spyOn(Logger.prototype, level).mockImplementation((...parts: unknown[]) => void logged.push(parts.join(' ')));
    database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS]);
    source = await new DataSource({
      type: 'postgres',
      url: database.url,
      entities: [...PLATFORM_ENTITIES, ...ENROLMENT_ENTITIES],
      poolSize: 20,
    }).initialize();
    db = new Database(source);
    windows = new WindowService(db, clock);
    targets = new TargetService(db, clock);
    contributions = new ContributionService(db, clock, { hours, collectionAccount: ACCOUNT }, new NoBank());
    const organisations = new OrganisationService(db);
    await organisations.create({ kind: 'region', code: '45', name: '某自治区' });
    await organisations.create({ kind: 'city', code: '4599', name: '某市', parentCode: '45' });
    await organisations.create({ kind: 'county', code: '459999', name: '某县', parentCode: '4599' });
    await organisations.create({ kind: 'unit', code: UNIT, name: '第一基层工会', parentCode: '459999' });
    await organisations.create({ kind: 'unit', code: OTHER_UNIT, name: '第二基层工会', parentCode: '459999' });
  });

  afterAll(async () => {
    await source?.destroy();
    await database?.drop();
  });

  beforeEach(async () => {
    at('2025-09-01 09:00');
    calls = [];
    onCall = () => {};
    platform = await startMedicalInsurance({
      clock,
      pushUrl: 'http://127.0.0.1:9',
      pushToken: '',
      knowsEverybody: true,
      onPerson: (certno) => {
        calls.push(certno);
        onCall();
      },
    });
    underwriting = worker();
  });

  afterEach(async () => {
    await platform.close();
    // Each test has the platform to itself.
    for (const table of ['underwriting', 'underwriting_unit', 'cover', 'enrolment', 'enrolment_count', 'payment_notice', 'member'])
      await rows(`delete from ${table}`);
    await rows('update underwriting_run set runner = null, until_at = null, outages = 0, resumes_at = null');
    await rows('delete from outbox');
    await rows('delete from enrolment_target');
    await rows('delete from enrolment_window');
    await rows('delete from cover_period');
  });

  const newWindow = async (planId = INSURED_PLAN, asks: 'none' | 'insured' = 'insured', coverFrom = '2026-01-01') => {
    const { id, period_id } = await windows.create({
      planId,
      organisationCode: '459999',
      opensAt: chinaInstant(civilDate('2025-09-01')),
      closesAt: chinaInstant(civilDate('2025-12-11')),
      coverFrom: civilDate(coverFrom),
      coverTo: civilDate('2026-12-31'),
      contributionFen: fen(10_000),
      underwriting: asks,
    });
    return { id, periodId: period_id };
  };

  interface Window {
    readonly id: string;
    readonly periodId: string;
  }

  /** As a roster does; whoever is a member already stays one. Returns their serial numbers. */
  const enrol = async (window: Window, count: number, unitCode = UNIT, who?: readonly number[]): Promise<readonly number[]> => {
    const people = who ?? Array.from({ length: count }, () => serial++);
    const ids = people.map((one) => vault.memberId(personalNumber(one)));
    const sealed = people.map((one) =>
      vault.seal(
        personalText({
          personalNumber: personalNumber(one),
          name: `职工${one}`,
          phone: '19900000000',
          bankAccount: '6228480402564890018',
          bankName: '模拟银行',
        }),
      ),
    );
    const [unit] = await rows<{ id: string }>('select id from organisation where code = $1', unitCode);
    await db.transaction(async (tx) => {
      await rowsOf(
        tx,
        `insert into member (id, sealed, roster_hash, unit_id, insutype, created_at, updated_at)
         select id, sealed, '', $3, '310', now(), now() from unnest($1::uuid[], $2::bytea[]) as t(id, sealed) on conflict (id) do nothing`,
        [ids, sealed, unit!.id],
      );
      const [count] = await rowsOf<{ notice: number }>(tx, 'select notice from enrolment_count where window_id = $1 and unit_id = $2', [
        window.id,
        unit!.id,
      ]);
      await rowsOf(
        tx,
        `insert into enrolment (member_id, period_id, window_id, unit_id, import_id, row, applied_at, notice)
         select id, $2, $3, $4, gen_random_uuid(), 1, $5, $6 from unnest($1::uuid[]) as id`,
        [ids, window.periodId, window.id, unit!.id, clock.now(), count?.notice ?? 1],
      );
      await addRostered(tx, window.id, new Map([[unit!.id, people.length]]));
    });
    return people;
  };

  /** Everybody who has enrolled is put on notices, and these are paid; returns how many covers that started. */
  const pay = async (window: Window): Promise<number> => {
    await contributions.issueNotices(window.id);
    return db.transaction(async (tx) => {
      const paid = await rowsOf<{ id: string }>(
        tx,
        `update payment_notice set state = 'paid', received_fen = amount_fen where window_id = $1 and state = 'open' returning id`,
        [window.id],
      );
      const { started } = await startCovers(
        tx,
        paid.map(({ id }) => id),
        clock.now(),
      );
      return started;
    });
  };

  const states = async (window: Window): Promise<Record<string, number>> =>
    Object.fromEntries(
      (
        await rows<{ state: string; count: number }>(
          `select state || coalesce(' ' || reason, '') as state, count(*)::int as count from underwriting where window_id = $1 group by 1`,
          window.id,
        )
      ).map(({ state, count }) => [state, count]),
    );
  const covered = async (window: Window): Promise<number> =>
    (await rows<{ count: number }>('select count(*)::int as count from cover where period_id = $1', window.periodId))[0]!.count;
  const numbers = (people: readonly number[]) => people.map(personalNumber);

  it('asks nothing in a window that asks nothing', async () => {
    const window = await newWindow(INSURED_PLAN, 'none');
    await enrol(window, 3);
    expect(await underwriting.due()).toBe(0);
    await run();
    expect([calls, await states(window), await pay(window)]).toEqual([[], {}, 3]);
  });

  it('asks about two thousand people once each, and starts their covers when they are paid for', async () => {
    const window = await newWindow();
    const people = [...(await enrol(window, 1_500)), ...(await enrol(window, 500, OTHER_UNIT))];
    expect(await underwriting.due()).toBeGreaterThan(0);
    await run();
    expect(calls.toSorted()).toEqual(numbers(people).toSorted());
    expect(await states(window)).toEqual({ passed: 2_000 });
    expect(await underwriting.due()).toBe(0);
    expect(await pay(window)).toBe(2_000);
  });

  it('starts a cover that was paid for before when its member passes', async () => {
    const window = await newWindow();
    const [sound, other] = await enrol(window, 2);
    platform.setPerson(personalNumber(other!), 'suspended');
    expect(await pay(window)).toBe(0);
    expect(await windows.countdown(window.id)).toMatchObject({ enrolled: 2, covered: 0 });
    later(3 * 24 * HOUR);
    await run();
    expect(await states(window)).toEqual({ passed: 1, 'refused not-insured': 1 });
    expect(await rows('select member_id, cover_from::text, started_at from cover where period_id = $1', window.periodId)).toEqual([
      { member_id: vault.memberId(personalNumber(sound!)), cover_from: '2026-01-01', started_at: clock.now() },
    ]);

    platform.setPerson(personalNumber(other!), 'normal');
    expect(await underwriting.askAgain(window.id, UNIT, clerk)).toEqual({ applications: 1 });
    await run();
    expect([await states(window), await covered(window)]).toEqual([{ passed: 2 }, 2]);
    expect(await windows.countdown(window.id)).toMatchObject({ enrolled: 2, covered: 2 });
    expect(calls).toHaveLength(3);
  });

  it('starts the cover whichever of payment and answer comes first, also in the same moment', async () => {
    const window = await newWindow();
    await enrol(window, 40);
    await contributions.issueNotices(window.id);
    let asking = Promise.resolve();
    await db.transaction(async (tx) => {
      const [notice] = await rowsOf<{ id: string }>(
        tx,
        `update payment_notice set state = 'paid', received_fen = amount_fen where window_id = $1 returning id`,
        [window.id],
      );
      // Held back: nobody has passed when this looks. Whoever passes now has to wait for it.
      expect(await startCovers(tx, [notice!.id], clock.now())).toEqual({ due: 0, started: 0 });
      asking = run();
      for (let look = 0; (await lockWaits()) === 0 && look < 500; look++) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await lockWaits()).toBeGreaterThan(0);
    });
    await asking;
    expect([await states(window), await covered(window)]).toEqual([{ passed: 40 }, 40]);
  });
  const lockWaits = async (): Promise<number> =>
    (
      await rows<{ count: number }>(
        `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
    )[0]!.count;

  it('tells each reason apart, and refuses nobody for an answer that says nothing about them', async () => {
    const window = await newWindow();
    const people = await enrol(window, 9);
    const settings = ['normal', 'suspended', 'ended', 'unknown', 'other-name', 'retired', 'resident', 'error', 'time-out'] as const;
    settings.forEach((setting, i) => platform.setPerson(personalNumber(people[i]!), setting));
    await run(worker(1_000_000, 1_000));
    expect(await states(window)).toEqual({
      passed: 1,
      'refused not-insured': 2,
      due: 1,
      'refused identity-differs': 1,
      'refused not-in-service': 1,
      'refused insutype': 1,
      'not-answered': 2,
    });

    platform.setPerson(personalNumber(people[8]!), 'error');
    const silent = people.slice(7).map((one) => vault.memberId(personalNumber(one)));
    for (let attempt = 2; attempt <= 5; attempt++) {
      later(24 * HOUR);
      await run();
    }
    expect(await states(window)).toMatchObject({ 'refused not-known': 1, 'not-answered': 2 });
    const shown = await underwriting.people(window.id, clerk, {});
    expect(shown).toHaveLength(8);
    for (const { name, remedy } of shown)
      expect([/^职\*+$/.test(name), remedy.zh.length > 10, remedy.en.length > 10]).toEqual([true, true, true]);
    expect(
      shown
        .filter(({ state }) => state === 'not-answered')
        .map(({ memberId }) => memberId)
        .sort(),
    ).toEqual(silent.sort());

    for (const one of people.slice(7)) platform.setPerson(personalNumber(one), 'normal');
    later(24 * HOUR);
    await run();
    expect(await states(window)).toMatchObject({ passed: 3 });
  });

  it('gives somebody who reaches the register a day late their cover', async () => {
    const window = await newWindow();
    const [late] = await enrol(window, 1);
    platform.setPerson(personalNumber(late!), 'unknown');
    await run();
    later(23 * HOUR);
    await run();
    expect([calls.length, await states(window)]).toEqual([1, { due: 1 }]);
    platform.setPerson(personalNumber(late!), 'normal');
    later(HOUR);
    await run();
    expect(await states(window)).toEqual({ passed: 1 });
  });

  it('refuses nobody while the platform is down for an hour, leaves it alone, and catches up', async () => {
    const window = await newWindow();
    const people = await enrol(window, 1_200);
    const from = clock.now();
    platform.setFaults({ outage: { from, until: new Date(from.getTime() + HOUR * 60_000) } });
    for (let minute = 0; minute < HOUR; minute++) {
      if ((await underwriting.due()) > 0) await run();
      later(1);
      expect(await states(window)).toEqual({ due: 1_200 });
    }
    // A few calls each time it was tried, with pauses of up to ten minutes: not one for each who waits.
    expect(calls.length).toBeLessThan(400);
    expect(await underwriting.standing(window.id, clerk)).toMatchObject({ outageUntil: expect.any(Date) });
    for (let minutes = 0; minutes < 40; minutes += 10) {
      await pause(10);
      await run();
    }
    expect(await states(window)).toEqual({ passed: 1_200 });
    expect(new Set(calls)).toEqual(new Set(numbers(people)));
    expect(await underwriting.standing(window.id, clerk)).toMatchObject({ outageUntil: null });
  });

  it('goes slower when the platform says that it takes no more, and everybody is answered in the end', async () => {
    const window = await newWindow();
    await enrol(window, 200);
    platform.setFaults({ callsPerSecond: 0 });
    await run();
    expect(await states(window)).toEqual({ due: 200 });
    platform.setFaults({});
    for (let minutes = 0; minutes < 40; minutes += 10) {
      await pause(10);
      await run();
    }
    expect(await states(window)).toEqual({ passed: 200 });
  });

  it('goes on where a dead worker was: nobody is lost, and nobody is asked again who was answered', async () => {
    const window = await newWindow();
    const people = await enrol(window, 1_000);
    const dying = worker();
    onCall = () => {
      if (calls.length === 450) dying.onModuleDestroy();
    };
    await dying.underwrite();
    // As if killed: what it held, it still holds.
    await rows('update underwriting_run set runner = gen_random_uuid(), until_at = $1', new Date(clock.now().getTime() + 300_000));
    const answered = (await states(window)).passed!;
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan(600);

    await run();
    expect(await states(window)).toMatchObject({ passed: answered });
    expect(await underwriting.due()).toBeGreaterThan(0);
    later(5);
    await run();
    expect(await states(window)).toEqual({ passed: 1_000 });
    expect(calls.toSorted()).toEqual(numbers(people).toSorted());
  });

  it('keeps nothing from its answer when the answer is lost on the way to the database', async () => {
    const window = await newWindow();
    const people = await enrol(window, 300);
    const save = jest.spyOn(db, 'transaction');
    save.mockRejectedValueOnce(new Error('connection lost'));
    await expect(underwriting.underwrite()).rejects.toThrow('connection lost');
    save.mockRestore();
    later(5);
    await run();
    expect(await states(window)).toEqual({ passed: 300 });
    expect(new Set(calls)).toEqual(new Set(numbers(people)));
  });

  it('is asked by one worker at a time', async () => {
    const window = await newWindow();
    const people = await enrol(window, 800);
    await Promise.all([run(), run(worker()), run(worker())]);
    expect(await states(window)).toEqual({ passed: 800 });
    expect(calls.toSorted()).toEqual(numbers(people).toSorted());
  });

  it('keeps its rate', async () => {
    const window = await newWindow();
    await enrol(window, 300);
    const started = performance.now();
    await run(worker(100));
    expect(calls).toHaveLength(300);
    // A slow machine only makes it longer.
    expect(performance.now() - started).toBeGreaterThan(2_800);
  });

  it('finds new applications by what the import has counted, without a wake-up', async () => {
    const window = await newWindow();
    await enrol(window, 2);
    await run();
    await enrol(window, 1);
    await addToOutbox(db.direct, [{ queue: 'underwriting', command: 'underwrite', ids: [] }]);
    await rows('delete from outbox');
    expect(await underwriting.due()).toBeGreaterThan(0);
    await run();
    expect(await states(window)).toEqual({ passed: 3 });
    expect(await underwriting.due()).toBe(0);
  });

  it('counts something else when it has moved, so that only what stands still is woken', async () => {
    const window = await newWindow();
    await enrol(window, 1);
    const before = await underwriting.due();
    expect(await underwriting.due()).toBe(before);
    await run();
    await enrol(window, 1);
    expect(await underwriting.due()).not.toBe(before);
  });

  it('of an add-on is refused without the base plan, and passes with it', async () => {
    const base = await newWindow(INSURED_PLAN);
    const extra = await newWindow(ADD_ON_PLAN);
    const [both, refusedInBase] = await enrol(base, 2);
    platform.setPerson(personalNumber(refusedInBase!), 'ended');
    await run();
    expect(await pay(base)).toBe(1);
    platform.setPerson(personalNumber(refusedInBase!), 'normal');
    await enrol(extra, 0, UNIT, [both!, refusedInBase!, serial++]);
    await run();
    expect(await states(extra)).toEqual({ passed: 1, 'refused base-cover-missing': 2 });
  });

  it('of an add-on waits for the base, and is decided when that is: refused with it', async () => {
    const [base, extra] = [await newWindow(INSURED_PLAN), await newWindow(ADD_ON_PLAN)];
    const people = await enrol(base, 3);
    await enrol(extra, 0, UNIT, people);
    for (const one of people) platform.setPerson(personalNumber(one), 'retired');
    await run();
    await pay(extra);
    expect([await states(extra), await covered(extra)]).toEqual([{ due: 3 }, 0]);
    later(HOUR);
    await run();
    expect([await states(base), await states(extra)]).toEqual([{ 'refused not-in-service': 3 }, { 'refused base-cover-missing': 3 }]);
  });

  it('of an add-on waits until the base is paid, without a word to the platform and in nobody’s way', async () => {
    const [base, extra] = [await newWindow(INSURED_PLAN, 'none'), await newWindow(ADD_ON_PLAN)];
    const people = await enrol(base, 1_200);
    await enrol(extra, 0, UNIT, people);
    await pay(extra);
    for (let hours = 0; hours < 3; hours++) {
      await run();
      expect(await underwriting.due()).toBe(0);
      later(HOUR);
    }
    const alone = await newWindow(UNIT_PLAN);
    const [other] = await enrol(alone, 1);
    await run();
    expect([calls, await states(extra), await covered(extra)]).toEqual([numbers([other!]), { due: 1_200 }, 0]);

    await pay(base);
    later(HOUR);
    await run();
    expect([calls.length, await states(extra), await covered(extra)]).toEqual([1_201, { passed: 1_200 }, 1_200]);
  });

  it.each(['before it was asked about', 'while it was asked about', 'before it was paid'])(
    'of an add-on is refused when the base has ended %s',
    async (when) => {
      const [base, extra] = [await newWindow(INSURED_PLAN), await newWindow(ADD_ON_PLAN, 'insured', '2026-07-01')];
      const people = await enrol(base, 2);
      await run();
      await pay(base);
      const [leaver] = people;
      const leave = () =>
        db.transaction((tx) =>
          endCover(
            tx,
            { memberId: vault.memberId(personalNumber(leaver!)), periodId: base.periodId },
            'left',
            civilDate('2026-06-30'),
            'clerk',
            clock.now(),
          ),
        );
      if (when === 'before it was asked about') await leave();
      await enrol(extra, 0, UNIT, people);
      let leaving: Promise<void> | undefined;
      if (when === 'while it was asked about') onCall = () => void (leaving ??= leave());
      await run();
      await leaving;
      if (when === 'before it was paid') await leave();
      await run();
      expect(await pay(extra)).toBe(1);
      expect(await states(extra)).toEqual({ passed: 1, 'refused base-cover-missing': 1 });
    },
  );

  it('of a unit of which too few take part waits, and passes when enough have come', async () => {
    const window = await newWindow(UNIT_PLAN);
    await enrol(window, 7);
    await enrol(window, 3, OTHER_UNIT);
    expect(await pay(window)).toBe(0);
    await run();
    expect(await states(window)).toEqual({ waiting: 10 });
    await underwriting.setStaff(window.id, UNIT, 10, clerk);
    await targets.set(window.id, [{ organisationCode: OTHER_UNIT, headcount: 3 }]);
    expect(await underwriting.due()).toBeGreaterThan(0);
    await run();
    expect([await states(window), await covered(window)]).toEqual([{ waiting: 7, passed: 3 }, 3]);
    expect(await underwriting.standing(window.id, clerk)).toMatchObject({
      minimumParticipation: '80%',
      states: { waiting: 7, passed: 3 },
      units: [
        { unitCode: OTHER_UNIT, enrolled: 3, staff: 3, missing: 0 },
        { unitCode: UNIT, enrolled: 7, staff: 10, missing: 1 },
      ],
    });
    await enrol(window, 1);
    await run();
    expect([await states(window), await covered(window)]).toEqual([{ passed: 11 }, 10]);
  });

  it('of a unit of which too few took part is refused when the window has closed, but not where nobody told the staff', async () => {
    const window = await newWindow(UNIT_PLAN);
    await enrol(window, 7);
    await enrol(window, 3, OTHER_UNIT);
    await run();
    await underwriting.setStaff(window.id, UNIT, 10, clerk);
    at('2025-12-10 23:59');
    expect(await underwriting.due()).toBe(0);
    at('2025-12-11 00:00');
    expect(await underwriting.due()).toBeGreaterThan(0);
    await run();
    expect(await states(window)).toEqual({ 'refused participation-too-low': 7, waiting: 3 });
    expect(await underwriting.due()).toBe(0);
  });

  it('of a plan that nobody knows waits', async () => {
    const window = await newWindow('no-plan-2025');
    await enrol(window, 1);
    await run();
    expect([await states(window), calls]).toEqual([{ 'not-answered': 1 }, []]);
  });

  it('is seen, and asked for again, by those of the organisation alone, and that is recorded', async () => {
    const window = await newWindow();
    const [one] = await enrol(window, 2);
    platform.setPerson(personalNumber(one!), 'suspended');
    await run();
    expect(await underwriting.standing(window.id, clerk)).toMatchObject({
      asks: 'insured',
      states: { passed: 1, refused: 1 },
      reasons: { 'not-insured': 1 },
      units: [{ unitCode: UNIT, states: { passed: 1, refused: 1 } }],
    });
    expect(await underwriting.people(window.id, clerk, { unitCode: UNIT })).toMatchObject([
      { unitCode: UNIT, reason: 'not-insured', psnInsuStas: '2', name: expect.stringMatching(/^职\*+$/) },
    ]);
    expect(await underwriting.people(window.id, clerk, { unitCode: OTHER_UNIT })).toEqual([]);
    expect(await underwriting.standing(window.id, OUT_OF_REACH)).toMatchObject({ states: {}, units: [] });
    expect(await underwriting.people(window.id, OUT_OF_REACH, {})).toEqual([]);
    await expect(underwriting.askAgain(window.id, UNIT, OUT_OF_REACH)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(underwriting.askAgain(window.id, '459999', clerk)).rejects.toMatchObject({ code: 'unit' });
    await underwriting.askAgain(window.id, UNIT, clerk);
    expect(await rows('select actor, action, outcome from audit_record order by id desc limit 1')).toEqual([
      { actor: 'clerk', action: 'underwriting.correct', outcome: 'allowed' },
    ]);
    expect(await rows('select queue, command, ids from outbox')).toEqual([{ queue: 'underwriting', command: 'underwrite', ids: [] }]);
  });

  it('leaves no personal data in the log, in the rows or in the wake-ups', async () => {
    const window = await newWindow();
    const people = await enrol(window, 3);
    platform.setPerson(personalNumber(people[0]!), 'error');
    platform.setPerson(personalNumber(people[1]!), 'other-name');
    await run();
    platform.setFaults({ outage: { from: clock.now(), until: new Date(clock.now().getTime() + 60_000) } });
    await enrol(window, 40);
    await run();
    await underwriting.askAgain(window.id, UNIT, clerk);
    const kept = JSON.stringify([
      logged,
      await rows('select * from underwriting'),
      await rows('select * from outbox'),
      await rows('select * from audit_record'),
    ]);
    expect(logged.length).toBeGreaterThan(0);
    for (const one of people) for (const secret of [personalNumber(one), `职工${one}"`]) expect(kept).not.toContain(secret);
  });
});
