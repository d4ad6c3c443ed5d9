import { addDays, chinaInstant, civilDate, fen } from '@app/kernel';
import { Audit, Database, PersonalDataVault } from '@app/platform';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PassThrough, Readable } from 'node:stream';
import { setImmediate as otherWork } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import {
  COUNTY,
  administrator,
  clerk,
  neighbour,
  principal,
  startCounties,
  unitClerk,
  type Counties,
} from '../../../../test/support/counties.js';
import { SetClock } from '../../../../test/support/set-clock.js';
import {
  ContributionService,
  coversOf,
  DifferenceService,
  otherIdsOf,
  recount,
  RosterService,
  WindowService,
  WithdrawalService,
} from '../index.js';
import { COLUMNS } from '../roster/roster.js';
import { TurnDownService } from '../underwriting/turn-down.service.js';
import { listApplications } from '../underwriting/underwriting.repository.js';
import { unconfirmedUnits } from './difference.repository.js';
import type { Confirmation } from './difference.service.js';

const [UNIT, OTHER_UNIT] = ['91350100M000100Y43', '81459999MA0000245H'] as const;
const NIL = '00000000-0000-0000-0000-000000000000';

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/** A thousand of one birth date, one after the other. */
const personalNumber = (serial: number): string => {
  const day = addDays(civilDate('1980-01-01'), Math.trunc(serial / 1000)).replaceAll('-', '');
  const body = `459999${day}${String(serial % 1000).padStart(3, '0')}`;
  return body + '10X98765432'[[...body].reduce((sum, digit, i) => sum + Number(digit) * WEIGHTS[i]!, 0) % 11]!;
};

const row = (serial: number, change: Partial<Record<keyof typeof COLUMNS, string>> = {}): string =>
  Object.values({
    unitCode: UNIT,
    unitName: '第一基层工会',
    name: `职工${serial}`,
    personalNumber: personalNumber(serial),
    phone: `1990000${String(serial % 10_000).padStart(4, '0')}`,
    insutype: '310',
    bankAccount: '6228480402564890018',
    bankName: '模拟银行',
    ...change,
  }).join(',');
const csv = (...rows: string[]): Readable => Readable.from([Buffer.from([Object.values(COLUMNS).join(','), ...rows, ''].join('\r\n'))]);

describe('differences against last period', () => {
  let counties: Counties;
  let source: DataSource;
  const clock = new SetClock('2025-09-01 09:00');
  let vault: PersonalDataVault;
  let db: Database;
  let rosters: RosterService;
  let windows: WindowService;
  let contributions: ContributionService;
  let differences: DifferenceService;
  let withdrawals: WithdrawalService;
  let plans = 0;

  const idOf = (serial: number): string => vault.memberId(personalNumber(serial));

  beforeAll(async () => {
    counties = await startCounties(clock);
    ({ source, db, vault, rosters, windows, contributions } = counties);
    const audit = new Audit(db, clock);
    withdrawals = new WithdrawalService(db, clock, audit);
    differences = new DifferenceService(db, clock, vault, audit, withdrawals);
  });

  afterAll(async () => {
    await counties?.stop();
  });

  /** Windows of a plan of their own, each of the period after that of the one before. */
  const newWindows = async (count: number): Promise<string[]> => {
    const planId = `test-${++plans}`;
    const ids: string[] = [];
    for (let year = 2026; year < 2026 + count; year++) {
      const { id } = await windows.create({
        planId,
        organisationCode: '459999',
        opensAt: chinaInstant(civilDate('2025-09-01')),
        closesAt: chinaInstant(civilDate('2025-12-11')),
        coverFrom: civilDate(`${year}-01-01`),
        coverTo: civilDate(`${year}-12-31`),
        contributionFen: fen(10_000),
      });
      ids.push(id);
    }
    return ids;
  };
  const importRows = (windowId: string, ...rows: string[]) =>
    rosters.importRoster({ windowId, fileName: '花名册.csv', principal: clerk, stream: csv(...rows) });
  const confirm = (windowId: string, change: Partial<Confirmation>, who = clerk) =>
    differences.confirm(windowId, who, { digest: '', corrections: [], withdrawals: [], ...change });
  const confirmAll = async (windowId: string) => confirm(windowId, { digest: (await differences.page(windowId, clerk)).total!.digest });
  const issue = async (windowId: string) => {
    const { notices, members, waitingUnits } = await contributions.issueNotices(windowId, administrator);
    return { notices, members, waitingUnits };
  };
  const confirmations = (windowId: string): Promise<Record<string, unknown>[]> =>
    source.query('select * from roster_confirmation where window_id = $1 order by confirmed_at', [windowId]);

  describe('of two units', () => {
    let [last, now]: [string, string] = ['', ''];

    beforeAll(async () => {
      [last, now] = (await newWindows(2)) as [string, string];
      await importRows(last, row(1), row(2), row(3), row(10, { unitCode: OTHER_UNIT, unitName: '"@第二""工会"' }));
      await importRows(now, row(1), row(4), row(10), row(2, { unitCode: OTHER_UNIT }), row(5, { unitCode: OTHER_UNIT }));
    });

    it('shows who joined, left and moved, masked, and how many stay', async () => {
      const { people, ...unit } = await differences.unit(now, unitClerk, UNIT);
      expect(unit).toMatchObject({
        lastWindowId: last,
        unitCode: UNIT,
        unitName: '第一基层工会',
        joiners: 1,
        leavers: 1,
        movedIn: 1,
        movedOut: 1,
        stays: 1,
        state: 'due',
      });
      const other = { code: OTHER_UNIT, name: '@第二"工会' };
      const masked = { name: '职**', personalNumber: expect.stringMatching(/^4599\*{10}\d{3}[\dX]$/) };
      expect(people).toEqual([
        { memberId: idOf(4), kind: 'joiner', ...masked },
        { memberId: idOf(3), kind: 'leaver', ...masked },
        { memberId: idOf(10), kind: 'moved-in', ...masked, name: '职***', otherUnit: other },
        { memberId: idOf(2), kind: 'moved-out', ...masked, otherUnit: other },
      ]);
      expect(await differences.unit(now, clerk, OTHER_UNIT)).toMatchObject({ joiners: 1, leavers: 0, movedIn: 1, movedOut: 1, stays: 0 });
    });

    it('counts every unit of the clerk, and all of them together', async () => {
      const page = await differences.page(now, clerk);
      expect(page.units.map(({ unitCode, joiners, stays }) => [unitCode, joiners, stays])).toEqual([
        [OTHER_UNIT, 1, 0],
        [UNIT, 1, 1],
      ]);
      expect(page.total).toMatchObject({ units: 2, due: 2, joiners: 2, leavers: 1, movedIn: 2, movedOut: 2, stays: 1 });
      expect(page.next).toBeUndefined();
      const own = await differences.page(now, unitClerk);
      expect(own.units.map(({ unitCode }) => unitCode)).toEqual([UNIT]);
      expect(own.total!.digest).toBe(own.units[0]!.digest);
    });

    it('are written as a file whose cells no spreadsheet runs', async () => {
      let text = '';
      for await (const lines of await differences.csv(now, clerk)) text += lines;
      const rows = text.trimEnd().split('\r\n');
      expect(rows).toHaveLength(1 + 3 + 4);
      expect(rows[0]).toMatch(/^\uFEFF单位代码,/);
      const moved = rows.find((line) => line.includes('转出') && line.startsWith(UNIT))!;
      expect(moved).toBe(`${UNIT},第一基层工会,转出,职**,${'4599**********' + personalNumber(2).slice(-4)},"'@第二""工会",,${idOf(2)}`);
      for (const serial of [1, 2, 3, 4, 5, 10]) expect(text).not.toContain(personalNumber(serial));
      let one = '';
      for await (const lines of await differences.csv(now, clerk, UNIT)) one += lines;
      expect(one.trimEnd().split('\r\n')).toHaveLength(1 + 4);
    });

    it('are for the clerk of the unit, or of what it stands under', async () => {
      await expect(differences.page(now, neighbour)).rejects.toMatchObject({ code: 'forbidden' });
      await expect(differences.unit(now, unitClerk, OTHER_UNIT)).rejects.toMatchObject({ code: 'forbidden' });
      await expect(differences.csv(now, unitClerk, OTHER_UNIT)).rejects.toMatchObject({ code: 'forbidden' });
      await expect(confirm(now, { unitCodes: [UNIT, OTHER_UNIT] }, unitClerk)).rejects.toMatchObject({ code: 'forbidden' });
      await expect(withdrawals.withdraw(now, unitClerk, idOf(5))).rejects.toMatchObject({ code: 'forbidden' });
      await expect(differences.unit(now, clerk, '91350100M000100Y99')).rejects.toMatchObject({ code: 'unit', kind: 'not-found' });
      await expect(confirm(now, { unitCodes: [UNIT, 'X'] })).rejects.toMatchObject({ code: 'unit', kind: 'not-found' });
      await expect(differences.page(NIL, clerk)).rejects.toMatchObject({ code: 'window' });
      await expect(differences.page(now, administrator)).rejects.toMatchObject({ code: 'forbidden' });
      await expect(confirm(now, {}, principal('auditor', '/'))).rejects.toMatchObject({ code: 'forbidden' });
    });

    it('there are none in a first period, whose notices wait for nobody', async () => {
      await expect(differences.page(last, clerk)).rejects.toMatchObject({ code: 'earlier-window', kind: 'not-found' });
      expect(await issue(last)).toEqual({ notices: 2, members: 4, waitingUnits: 0 });
    });

    it('hold the notice of a unit back until its clerk has confirmed them', async () => {
      expect(await issue(now)).toEqual({ notices: 0, members: 0, waitingUnits: 2 });
      const { digest } = await differences.unit(now, unitClerk, UNIT);
      expect(await confirm(now, { unitCodes: [UNIT], digest }, unitClerk)).toMatchObject({ units: 1, due: 0, joiners: 1, digest });
      expect((await differences.unit(now, clerk, UNIT)).state).toBe('confirmed');
      expect(await confirmations(now)).toMatchObject([
        { joiners: 1, leavers: 1, moved_in: 1, moved_out: 1, stays: 1, confirmed_by: 'unit-clerk' },
      ]);
      expect(await issue(now)).toEqual({ notices: 1, members: 3, waitingUnits: 1 });
      expect(await confirmAll(now)).toMatchObject({ units: 2, due: 0 });
      expect(await issue(now)).toEqual({ notices: 1, members: 2, waitingUnits: 0 });
      // The same once more changes nothing; and what stands stays.
      await confirmAll(now);
      expect(await confirmations(now)).toHaveLength(2);
      await expect(source.query('update roster_confirmation set joiners = 0')).rejects.toThrow('append-only');
    });

    it('are confirmed as they were shown, or not at all', async () => {
      const shown = (await differences.page(now, clerk)).total!;
      await importRows(now, row(3), row(6, { unitCode: OTHER_UNIT }));
      await expect(confirm(now, { digest: shown.digest })).rejects.toMatchObject({
        code: 'differences-changed',
        kind: 'conflict',
        details: { units: 2, due: 2, joiners: 3, leavers: 0, stays: 2, digest: expect.not.stringMatching(shown.digest) },
      });
      expect(await confirmations(now)).toHaveLength(2);
      expect(await issue(now)).toEqual({ notices: 0, members: 0, waitingUnits: 2 });
      await confirmAll(now);
      expect(await issue(now)).toEqual({ notices: 2, members: 2, waitingUnits: 0 });
    });
  });

  it('a unit that nobody was in last period has nothing to confirm', async () => {
    const [last, now] = await newWindows(2);
    await importRows(last!, row(1));
    await importRows(now!, row(1), row(2, { unitCode: OTHER_UNIT }));
    expect((await differences.unit(now!, clerk, OTHER_UNIT)).state).toBe('first');
    expect(await issue(now!)).toEqual({ notices: 1, members: 1, waitingUnits: 1 });
  });

  it('of very many units come page by page, and are hashed in the database as they are here', async () => {
    const [last, now] = (await newWindows(2)) as [string, string];
    // Of 3,000 people each is in one of 250 units last period, now, or both; a third stays.
    await source.query(
      `insert into organisation (id, parent_id, kind, code, name, path)
       select gen_random_uuid(), p.id, 'unit', 'UNIT' || lpad(i::text, 4, '0'), '单位' || i, p.path || 'UNIT' || lpad(i::text, 4, '0') || '/'
       from organisation p, generate_series(1, 250) i where p.code = '459999'`,
    );
    await source.query(
      'create temp table u as select id, (row_number() over (order by code) - 1)::int as n from organisation where code like $1',
      ['UNIT%'],
    );
    await source.query(
      `create temp table person as select gen_random_uuid() as id, (i * 7919) % 250 as last,
         case when i % 3 = 0 then (i * 7919) % 250 else (i * 104729) % 250 end as now, i % 5 as leaves, i % 7 as joins from generate_series(1, 3000) i`,
    );
    for (const [windowId, column, out] of [
      [last, 'last', 'joins'],
      [now, 'now', 'leaves'],
    ]) {
      await source.query(
        `insert into enrolment (member_id, period_id, window_id, unit_id, applied_at)
         select p.id, w.period_id, w.id, u.id, now() from person p join u on u.n = p.${column} join enrolment_window w on w.id = $1 where p.${out} > 0`,
        [windowId],
      );
      await db.transaction((tx) => recount(tx, windowId!));
    }
    // Whose data are not asked for need not be there: the people of a unit are opened by `unit` alone.
    await source.query(
      `insert into member (id, sealed, roster_hash, unit_id, insutype, created_at, updated_at)
       select id, $1, '', $2, '310', now(), now() from person`,
      [vault.seal(['1', '某', '', '', ''].join('\u001F')), NIL],
    );
    const units = [];
    let page = await differences.page(now, clerk);
    const { total } = page;
    for (;;) {
      units.push(...page.units);
      if (page.next === undefined) break;
      expect(page.units).toHaveLength(100);
      page = await differences.page(now, clerk, page.next);
      expect(page.total).toBeUndefined();
    }
    expect(units.map(({ unitCode }) => unitCode)).toEqual([...new Set(units.map(({ unitCode }) => unitCode))].sort());
    expect(units).toHaveLength(250);
    expect(total!.units).toBe(250);
    const [counted] = await source.query(
      `select count(*) filter (where leaves > 0 and joins > 0 and last = now)::int as stays, count(*) filter (where leaves > 0 and joins > 0 and last <> now)::int as moved,
              count(*) filter (where leaves > 0 and joins = 0)::int as joiners, count(*) filter (where leaves = 0 and joins > 0)::int as leavers from person`,
    );
    expect(total).toMatchObject({
      stays: counted.stays,
      movedIn: counted.moved,
      movedOut: counted.moved,
      joiners: counted.joiners,
      leavers: counted.leavers,
    });
    for (const { unitCode, ...summary } of units.filter((_, i) => i % 10 === 0)) {
      const { people, ...unit } = await differences.unit(now, clerk, unitCode);
      expect(unit).toMatchObject(summary);
      expect(people).toHaveLength(unit.joiners + unit.leavers + unit.movedIn + unit.movedOut);
    }
    expect(await confirm(now, { digest: total!.digest })).toMatchObject({ units: 250, due: 0 });
    // But for units that everybody has left: whoever comes there yet has not been confirmed.
    const deserted = units.filter(({ joiners, movedIn, stays }) => joiners + movedIn + stays === 0);
    expect(deserted.length).toBeGreaterThan(10);
    expect(await db.transaction((tx) => unconfirmedUnits(tx, now))).toHaveLength(deserted.length);
  });

  it('a notice is not issued for people who were enrolled while it waited for them', async () => {
    const [last, now] = (await newWindows(2)) as [string, string];
    await importRows(last, row(1));
    await importRows(now, row(1), row(2));
    await confirmAll(now);
    const importing = source.createQueryRunner();
    await importing.startTransaction();
    // As an import does: the enrolment, and at the end its count.
    await importing.query(
      `insert into enrolment (member_id, period_id, window_id, unit_id, import_id, row, applied_at, notice)
       select $2, period_id, window_id, unit_id, import_id, 99, applied_at, notice from enrolment where window_id = $1 limit 1`,
      [now, idOf(3)],
    );
    await importing.query('update enrolment_count set members = members + 1, unnoticed = unnoticed + 1 where window_id = $1', [now]);
    const issuing = issue(now);
    const waiting = async () =>
      (
        await source.query(
          `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      )[0].n;
    while ((await waiting()) === 0) await new Promise((resolve) => setImmediate(resolve));
    await importing.commitTransaction();
    await importing.release();
    expect(await issuing).toEqual({ notices: 0, members: 0, waitingUnits: 1 });
    expect((await differences.unit(now, clerk, UNIT)).joiners).toBe(2);
  });

  it('an upload and a confirmation at once leave either a conflict or a confirmation that no longer holds, never one of what nobody saw', async () => {
    for (let round = 0; round < 8; round++) {
      const [last, now] = (await newWindows(2)) as [string, string];
      await importRows(last, row(1), row(2));
      await importRows(now, row(1));
      const { digest } = await differences.unit(now, clerk, UNIT);
      const [imported, confirmed] = await Promise.allSettled([
        importRows(now, row(2), row(3)),
        confirm(now, { unitCodes: [UNIT], digest }),
      ]);
      expect(imported.status).toBe('fulfilled');
      if (confirmed.status === 'rejected') expect(confirmed.reason).toMatchObject({ code: 'differences-changed' });
      expect(await confirmations(now)).toHaveLength(confirmed.status === 'rejected' ? 0 : 1);
      expect(await differences.unit(now, clerk, UNIT)).toMatchObject({ state: 'due', joiners: 1, leavers: 0, stays: 2 });
      expect(await issue(now)).toEqual({ notices: 0, members: 0, waitingUnits: 1 });
    }
  });

  describe('a corrected personal number', () => {
    const aliases = async (...ids: string[]): Promise<Record<string, string[]>> => Object.fromEntries(await otherIdsOf(db.direct, ids));
    /** Same name and birth date: a conflict with whoever else has them. */
    const ming = (serial: number) => row(serial, { name: '明' });

    it('makes the joiner what the leaver was, whoever that had been before', async () => {
      const [first, second, third, fourth] = (await newWindows(4)) as [string, string, string, string];
      await importRows(first, ming(20), row(31));
      await importRows(second, ming(21), row(31));
      await importRows(third, ming(22), row(31));
      const unit = await differences.unit(second, clerk, UNIT);
      const pair = { leaver: idOf(20), joiner: idOf(21) };
      expect(unit.idConflicts).toEqual([{ ...pair, reasons: expect.arrayContaining(['birth-date']), corrected: false }]);
      expect(await confirm(second, { unitCodes: [UNIT], digest: unit.digest, corrections: [pair] })).toMatchObject({ corrections: 1 });
      expect((await differences.unit(second, clerk, UNIT)).idConflicts).toMatchObject([{ corrected: true }]);
      expect((await differences.unit(second, clerk, UNIT)).state).toBe('confirmed');
      // The same act again changes nothing.
      await confirm(second, { unitCodes: [UNIT], digest: unit.digest, corrections: [pair] });
      expect(await source.query('select direct, recorded_by from member_alias')).toEqual([{ direct: true, recorded_by: 'unit-clerk' }]);
      expect(
        await source.query(`select actor, subject, action from audit_record where route = 'DifferenceService.correct' order by id limit 1`),
      ).toEqual([{ actor: 'unit-clerk', subject: idOf(20), action: 'difference.confirm' }]);

      const { digest } = await differences.unit(third, clerk, UNIT);
      await confirm(third, { unitCodes: [UNIT], digest, corrections: [{ leaver: idOf(21), joiner: idOf(22) }] });
      expect(await aliases(idOf(20), idOf(21), idOf(22), idOf(31))).toEqual({
        [idOf(20)]: [idOf(21), idOf(22)].sort(),
        [idOf(21)]: [idOf(20), idOf(22)].sort(),
        [idOf(22)]: [idOf(20), idOf(21)].sort(),
      });

      // Back to the first number: nobody becomes their own past.
      await importRows(fourth, ming(20), row(31));
      const back = await differences.unit(fourth, clerk, UNIT);
      await expect(
        confirm(fourth, { unitCodes: [UNIT], digest: back.digest, corrections: [{ leaver: idOf(22), joiner: idOf(20) }] }),
      ).rejects.toMatchObject({ code: 'correction-taken', kind: 'conflict' });
      expect(await confirmations(fourth)).toEqual([]);
    });

    it('keeps the covers of the old number, of which continuity and waiting days are read', async () => {
      const [last, now] = (await newWindows(2)) as [string, string];
      await importRows(last, ming(25), row(1));
      await source.query(
        `insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, notice_id, started_at, enrolled_on)
         select e.member_id, e.period_id, w.plan_id, w.cover_from, w.cover_to, '1', $2, $3, now(), '2025-10-01'
         from enrolment e join enrolment_window w on w.id = e.window_id where w.id = $1`,
        [last, `${COUNTY}${UNIT}/`, NIL],
      );
      await importRows(now, ming(26), row(1));
      expect(await coversOf(db.direct, [idOf(26)])).toEqual([]);
      const { digest } = await differences.unit(now, clerk, UNIT);
      await confirm(now, { unitCodes: [UNIT], digest, corrections: [{ leaver: idOf(25), joiner: idOf(26) }] });
      expect(await coversOf(db.direct, [idOf(26), idOf(1)])).toEqual(
        expect.arrayContaining([26, 1].map((serial) => expect.objectContaining({ memberId: idOf(serial), enrolledOn: '2025-10-01' }))),
      );
      expect(await coversOf(db.direct, [idOf(26), idOf(1)])).toHaveLength(2);
    });

    it('is said of one leaver and one joiner of a unit who are alike, and of nobody else', async () => {
      const [last, now] = (await newWindows(2)) as [string, string];
      await importRows(last, ming(40), ming(41), row(1), ming(45));
      await importRows(now, ming(42), row(1), row(1_043), ming(44).replace(UNIT, OTHER_UNIT));
      const { digest } = (await differences.page(now, clerk)).total!;
      const correct = (...corrections: [number, number][]) =>
        confirm(now, { digest, corrections: corrections.map(([leaver, joiner]) => ({ leaver: idOf(leaver), joiner: idOf(joiner) })) });
      for (const wrong of [
        [[40, 1_043]],
        [[40, 44]],
        [[1, 42]],
        [[42, 40]],
        [[40, 9_999]],
        [
          [40, 42],
          [41, 42],
        ],
      ] as [number, number][][])
        await expect(correct(...wrong)).rejects.toMatchObject({ code: 'correction', kind: 'invalid' });
      await correct([40, 42]);
      await expect(correct([41, 42])).rejects.toMatchObject({ code: 'correction-taken' });
      expect(await aliases(idOf(42))).toEqual({ [idOf(42)]: [idOf(40)] });
    });

    it('cannot be said of one leaver and two joiners, even at once', async () => {
      const [last, now] = (await newWindows(2)) as [string, string];
      await importRows(last, ming(50));
      await importRows(now, ming(51), ming(52));
      const { digest } = await differences.unit(now, clerk, UNIT);
      const said = await Promise.allSettled(
        [51, 52].map((joiner) => confirm(now, { unitCodes: [UNIT], digest, corrections: [{ leaver: idOf(50), joiner: idOf(joiner) }] })),
      );
      expect(said.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(said.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'correction-taken' } });
    });
  });

  describe('an enrolment that is withdrawn', () => {
    it('is gone with its count, leaves a trace, and comes again with the same file', async () => {
      const [last, now] = (await newWindows(2)) as [string, string];
      await importRows(last, row(1));
      const file = [row(1), row(60), row(61, { unitCode: OTHER_UNIT })];
      await importRows(now, ...file);
      await withdrawals.withdraw(now, clerk, idOf(60));
      expect(await differences.unit(now, clerk, UNIT)).toMatchObject({ joiners: 0, stays: 1 });
      expect(await windows.countdown(now)).toMatchObject({ enrolled: 2 });
      expect(await db.transaction((tx) => recount(tx, now))).toBe(0);
      expect(await source.query('select member_id, row, withdrawn_by from enrolment_withdrawal where window_id = $1', [now])).toEqual([
        { member_id: idOf(60), row: 3, withdrawn_by: 'unit-clerk' },
      ]);
      expect(
        await source.query(`select subject from audit_record where route = 'WithdrawalService.withdraw' order by id desc limit 1`),
      ).toEqual([{ subject: idOf(60) }]);
      await expect(withdrawals.withdraw(now, clerk, idOf(60))).rejects.toMatchObject({ code: 'enrolment', kind: 'not-found' });

      expect(await importRows(now, ...file)).toMatchObject({ accepted: 3, unchanged: 2 });
      expect(await windows.countdown(now)).toMatchObject({ enrolled: 3 });
      await withdrawals.withdraw(now, clerk, idOf(60));
      expect(await source.query('select from enrolment_withdrawal where window_id = $1', [now])).toHaveLength(2);
    });

    it('while the same file comes in again is enrolled by it', async () => {
      const [now] = (await newWindows(1)) as [string];
      // Of more than one part, so that rows of the first are known as taken while the rest is awaited.
      const file = [Object.values(COLUMNS).join(','), ...Array.from({ length: 9_000 }, (_, i) => row(1_000 + i)), ''].join('\n');
      const all = () => ({ windowId: now, fileName: '花名册.csv', principal: clerk });
      await rosters.importRoster({ ...all(), stream: Readable.from([Buffer.from(file)]) });
      const digests = jest.spyOn(vault, 'fingerprint');
      const stream = new PassThrough();
      stream.write(file.slice(0, -1));
      const again = rosters.importRoster({ ...all(), stream });
      // Groups are looked up one ahead.
      while (digests.mock.calls.length < 3) await otherWork();
      digests.mockRestore();
      await withdrawals.withdraw(now, clerk, idOf(1_000));
      stream.end('\n');
      expect(await again).toMatchObject({ rows: 9_000, accepted: 9_000 });
      expect(await windows.countdown(now)).toMatchObject({ enrolled: 9_000 });
    });

    it('for what underwriting said comes again with the same file, too', async () => {
      const [now] = (await newWindows(1)) as [string];
      await source.query(`update enrolment_window set underwriting = 'insured' where id = $1`, [now]);
      await importRows(now, row(90), row(91));
      await issue(now);
      await source.query(`update payment_notice set state = 'paid', received_fen = amount_fen where window_id = $1`, [now]);
      await source.query(
        `insert into underwriting (member_id, period_id, window_id, unit_id, state, reason, refused_at)
         select member_id, period_id, window_id, unit_id, 'refused', 'not-insured', $2 from enrolment where window_id = $1 and member_id = $3`,
        [now, new Date(clock.now().getTime() - 7 * 86_400_000), idOf(90)],
      );
      await new TurnDownService(db, clock).turnDown();
      expect(await windows.countdown(now)).toMatchObject({ enrolled: 1 });
      expect(await importRows(now, row(90), row(91))).toMatchObject({ accepted: 2, unchanged: 1 });
      expect(await windows.countdown(now)).toMatchObject({ enrolled: 2 });
      expect(await db.transaction((tx) => recount(tx, now))).toBe(0);
    });

    it('is asked about by nobody any more, and who comes in its place is', async () => {
      const [now] = (await newWindows(1)) as [string];
      await source.query(`update enrolment_window set underwriting = 'insured' where id = $1`, [now]);
      await importRows(now, row(60), row(62));
      await listApplications(db.direct, clock.now(), 100);
      await withdrawals.withdraw(now, clerk, idOf(60));
      await importRows(now, row(63));
      await listApplications(db.direct, clock.now(), 100);
      const asked = (await source.query('select member_id from underwriting where window_id = $1', [now])) as { member_id: string }[];
      expect(asked.map(({ member_id }) => member_id).sort()).toEqual([idOf(62), idOf(63)].sort());
    });

    it('goes in the act that confirms, which then holds for those who are left', async () => {
      const [last, now] = (await newWindows(2)) as [string, string];
      await importRows(last, row(1));
      await importRows(now, row(1), row(70), row(71));
      const { digest } = await differences.unit(now, clerk, UNIT);
      const done = await confirm(now, { unitCodes: [UNIT], digest, withdrawals: [idOf(70)] });
      expect(done).toMatchObject({ joiners: 1, stays: 1, due: 0, withdrawals: 1 });
      expect(await differences.unit(now, clerk, UNIT)).toMatchObject({ state: 'confirmed', digest: done.digest, joiners: 1 });
      expect(await issue(now)).toEqual({ notices: 1, members: 2, waitingUnits: 0 });
      expect(await db.transaction((tx) => recount(tx, now))).toBe(0);
    });

    it('is not one whose notice is issued, who joined alone, or of a window that has closed or takes a roster in', async () => {
      const [now] = (await newWindows(1)) as [string];
      await importRows(now, row(80));
      await issue(now);
      await importRows(now, row(81));
      await source.query(
        `insert into enrolment (member_id, period_id, window_id, unit_id, applied_at)
         select $2, period_id, window_id, unit_id, applied_at from enrolment where window_id = $1 limit 1`,
        [now, idOf(82)],
      );
      const taken = async (serial: number) =>
        withdrawals.withdraw(now, clerk, idOf(serial)).then(
          () => 'withdrawn',
          (error: { code: string }) => error.code,
        );
      expect(await taken(80)).toBe('enrolment-noticed');
      expect(await taken(82)).toBe('enrolment-own');
      await source.query(
        `insert into roster_import (id, window_id, file_name, received_at, received_by, state) values ($1, $2, 'a.csv', now(), 'clerk', 'received')`,
        [NIL, now],
      );
      expect(await taken(81)).toBe('roster-working');
      await source.query(`update roster_import set state = 'done' where id = $1`, [NIL]);
      clock.set('2025-12-11 00:00');
      expect(await taken(81)).toBe('window-closed');
      clock.set('2025-09-01 09:00');
      expect(await taken(81)).toBe('withdrawn');
      expect(await source.query('select members, unnoticed from enrolment_count where window_id = $1', [now])).toEqual([
        { members: 1, unnoticed: 0 },
      ]);
    });

    it('and its notice, issued at once, leave one or the other', async () => {
      for (let round = 0; round < 8; round++) {
        const [now] = (await newWindows(1)) as [string];
        await importRows(now, row(90), row(91));
        const [withdrawn, issued] = await Promise.allSettled([withdrawals.withdraw(now, clerk, idOf(90)), issue(now)]);
        expect(issued).toMatchObject({ status: 'fulfilled', value: { notices: 1, members: withdrawn.status === 'fulfilled' ? 1 : 2 } });
        if (withdrawn.status === 'rejected') expect(withdrawn.reason).toMatchObject({ code: 'enrolment-noticed' });
        expect(await db.transaction((tx) => recount(tx, now))).toBe(0);
      }
    });
  });
});
