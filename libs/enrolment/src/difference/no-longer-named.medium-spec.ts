import { chinaInstant, civilDate, fen } from '@app/kernel';
import { Audit, Database, PersonalDataVault, newId } from '@app/platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { DataSource } from 'typeorm';
import { administrator, clerk, neighbour, principal, startCounties, unitClerk, type Counties } from '../../../../test/support/counties.js';
import { personalNumber } from '../../../../test/support/people.js';
import { OTHER_UNIT, ROSTER_HEADER, UNIT, csvOf, person, xlsxOf } from '../../../../test/support/roster-files.js';
import { SetClock } from '../../../../test/support/set-clock.js';
import { ContributionService, NoLongerNamedService, recount, RosterService, WindowService, WithdrawalService } from '../index.js';

const NIL = '00000000-0000-0000-0000-000000000000';

const auditor = principal('auditor', '/');

const elsewhere = (serial: number): string[] => person(serial).with(0, OTHER_UNIT).with(1, '第二基层工会');
const many = (from: number, count: number): string[][] => Array.from({ length: count }, (_, i) => person(from + i));

describe('people whom a roster no longer names', () => {
  let counties: Counties;
  let source: DataSource;
  const clock = new SetClock('2025-09-01 09:00');
  let vault: PersonalDataVault;
  let db: Database;
  let rosters: RosterService;
  let windows: WindowService;
  let contributions: ContributionService;
  let noLongerNamed: NoLongerNamedService;
  let plans = 0;
  let now = '';

  const idOf = (serial: number): string => vault.memberId(personalNumber(serial));
  const ids = (...serials: number[]): string[] => serials.map(idOf).sort();

  beforeAll(async () => {
    counties = await startCounties(clock);
    ({ source, db, vault, rosters, windows, contributions } = counties);
    noLongerNamed = new NoLongerNamedService(db, clock, vault, new WithdrawalService(db, clock, new Audit(db, clock)));
  });

  afterAll(async () => {
    await counties?.stop();
  });

  /** Of a first period, in which there are no differences. */
  beforeEach(async () => {
    const { id } = await windows.create({
      planId: `test-${++plans}`,
      organisationCode: '459999',
      opensAt: chinaInstant(civilDate('2025-09-01')),
      closesAt: chinaInstant(civilDate('2025-12-11')),
      coverFrom: civilDate('2026-01-01'),
      coverTo: civilDate('2026-12-31'),
      contributionFen: fen(10_000),
    });
    now = id;
  });

  const importFile = (file: Buffer) =>
    rosters.importRoster({
      windowId: now,
      fileName: '花名册.csv',
      principal: clerk,
      stream: Readable.from([file.subarray(0, 512 * 1024), file.subarray(512 * 1024)]),
    });
  const importRows = async (...rows: string[][]) => (await importFile(Buffer.from(csvOf([ROSTER_HEADER, ...rows])))).importId;
  const found = async (importId: string, who = clerk) => (await noLongerNamed.page(importId, who)).people.map(({ memberId }) => memberId);
  const withdrawAll = async (importId: string) =>
    noLongerNamed.withdraw(importId, clerk, { digest: (await noLongerNamed.page(importId, clerk)).total.digest });
  const counts = async () =>
    (await source.query('select members from enrolment_count where window_id = $1 order by unit_id', [now])) as object[];
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'none',
      (error: { code: string }) => error.code,
    );

  it('are shown masked, with their unit, by the file that does not name them', async () => {
    await importRows(person(1), person(2), person(3), elsewhere(4), elsewhere(5));
    const second = await importRows(person(1), elsewhere(4));
    const masked = { name: '职**', personalNumber: expect.stringMatching(/^\d{4}\*{10}\d{3}[\dX]$/) };
    const { total, people, next } = await noLongerNamed.page(second, clerk);
    expect(total).toEqual({ people: 3, withdrawable: 3, unreadRows: 0, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const unit = { unitCode: UNIT, unitName: '第001基层工会' };
    const other = { unitCode: OTHER_UNIT, unitName: '第二基层工会' };
    const shown = [
      { memberId: idOf(2), ...masked, name: '职*', ...unit },
      { memberId: idOf(3), ...masked, name: '职*', ...unit },
      { memberId: idOf(5), ...masked, name: '职*', ...other },
    ].map((one) => ({ ...one, name: expect.stringMatching(/^职\*+$/), withdrawable: true }));
    expect(people).toEqual(shown.sort((a, b) => (a.memberId < b.memberId ? -1 : 1)));
    expect(next).toBeUndefined();
  });

  it('are of the units of which the file has a row that was taken, and none who joined alone or came later', async () => {
    await importRows(person(1), person(2), elsewhere(4));
    await source.query(
      `insert into enrolment (member_id, period_id, window_id, unit_id, applied_at)
       select $2, period_id, window_id, unit_id, applied_at from enrolment where window_id = $1 and member_id = $3`,
      [now, idOf(6), idOf(1)],
    );
    const refused = elsewhere(7).with(6, '1');
    const second = await importRows(person(1), refused);
    clock.set('2025-09-01 10:00');
    await importRows(person(8));
    expect(await found(second)).toEqual(ids(2));
    clock.set('2025-09-01 09:00');
  });

  it('are not those whose row was refused; rows that cannot be told apart are counted', async () => {
    await importRows(person(1), person(2), person(3), person(4));
    const second = await importRows(person(1), person(2).with(6, '1'), person(3).with(3, '4.5E+17'), ['合计', '3', '', '', '', '', '', '']);
    expect(await rosters.read(second, clerk)).toMatchObject({ accepted: 1, refused: 3 });
    const { total, people } = await noLongerNamed.page(second, clerk);
    expect(people.map(({ memberId }) => memberId)).toEqual(ids(3, 4));
    expect(total).toMatchObject({ people: 2, unreadRows: 1 });
  });

  it('are not those whom a later roster names again, also one that stopped', async () => {
    await importRows(person(1), person(2), person(3), person(4));
    const second = await importRows(person(1));
    await importRows(person(2));
    await expect(importFile(Buffer.from(`${csvOf([ROSTER_HEADER, person(3)])}x,${'y'.repeat(1_000_000)}"\n`))).rejects.toMatchObject({
      code: 'roster-quotes',
    });
    expect(await found(second)).toEqual(ids(4));
  });

  it('are found also where the rest of the file was taken before and is only counted, and in a spreadsheet', async () => {
    await importRows(...many(1_000, 3_000));
    const rows = many(1_000, 3_000).filter((_, i) => i !== 2_500);
    const second = await importFile(xlsxOf([{ rows: [ROSTER_HEADER, ...rows] }]));
    expect(second).toMatchObject({ accepted: 2_999, unchanged: 2_999 });
    expect(await found(second.importId)).toEqual([idOf(3_500)]);
  });

  it('are counted among the others of the units as soon as the file is in, and again when it comes again', async () => {
    const othersOf = async (importId: string) => (await rosters.read(importId, clerk)).othersEnrolled;
    expect(await othersOf(await importRows(...many(1_000, 3_000), elsewhere(4)))).toBe(0);
    const rows = many(1_000, 3_000).filter((_, i) => i % 1_000 !== 7);
    for (let time = 0; time < 2; time++) expect(await othersOf(await importRows(...rows))).toBe(3);
    expect(await othersOf(await importRows(...rows, elsewhere(5)))).toBe(4);
    // Refused, and nobody of the unit is taken.
    expect(await othersOf(await importRows(...rows, elsewhere(6).with(6, '1')))).toBe(3);
    expect(await othersOf(await importRows(person(1).with(6, '1')))).toBe(0);
    const endless = importFile(Buffer.from(`${csvOf([ROSTER_HEADER, person(1)])}x,${'y'.repeat(1_000_000)}"\n`));
    await expect(endless).rejects.toMatchObject({ code: 'roster-quotes' });
    const { rosters: listed } = await rosters.list(now, clerk);
    expect(listed.slice(0, 2).map(({ othersEnrolled }) => othersEnrolled)).toEqual([null, 0]);
  });

  it('are shown a page at a time', async () => {
    await importRows(...many(1_000, 2_200));
    const second = await importRows(person(1_000));
    const first = await noLongerNamed.page(second, clerk);
    const next = await noLongerNamed.page(second, clerk, first.next);
    const last = await noLongerNamed.page(second, clerk, next.next);
    expect([first, next, last].map(({ people, total }) => [people.length, total.people])).toEqual([
      [1_000, 2_199],
      [1_000, 2_199],
      [199, 2_199],
    ]);
    expect([first, next, last].flatMap(({ people }) => people.map(({ memberId }) => memberId))).toEqual(
      ids(...Array.from({ length: 2_199 }, (_, i) => 1_001 + i)),
    );
    expect(last.next).toBeUndefined();
  });

  it('are for the clerk of their unit, or of what it stands under', async () => {
    await importRows(person(1), person(2), elsewhere(3), elsewhere(4));
    const second = await importRows(person(1), elsewhere(3));
    expect(await found(second, unitClerk)).toEqual(ids(2));
    expect(await found(second, auditor)).toEqual(ids(2, 4));
    const { digest } = (await noLongerNamed.page(second, unitClerk)).total;
    expect(await codeOf(noLongerNamed.page(second, neighbour))).toBe('forbidden');
    expect(await codeOf(noLongerNamed.withdraw(second, neighbour, { digest }))).toBe('forbidden');
    expect(await codeOf(noLongerNamed.withdraw(second, auditor, { digest }))).toBe('forbidden');
    expect(await codeOf(noLongerNamed.page(NIL, clerk))).toBe('roster');
    expect(await noLongerNamed.withdraw(second, unitClerk, { digest })).toEqual({ withdrawn: 1 });
    expect(await found(second)).toEqual(ids(4));
  });

  it('are withdrawn in one act, each with a trace, and come again with a file that names them', async () => {
    const first = [person(1), person(2), person(3), elsewhere(4), elsewhere(5)];
    await importRows(...first);
    const second = await importRows(person(1), elsewhere(4));
    expect(await withdrawAll(second)).toEqual({ withdrawn: 3 });
    expect(await counts()).toEqual([{ members: 1 }, { members: 1 }]);
    expect(await db.transaction((tx) => recount(tx, now))).toBe(0);
    const trace = (await source.query('select member_id, withdrawn_by from enrolment_withdrawal where window_id = $1 order by 1', [
      now,
    ])) as object[];
    expect(trace).toEqual(ids(2, 3, 5).map((member_id) => ({ member_id, withdrawn_by: 'unit-clerk' })));
    expect(
      await source.query(
        `select actor, action, roles, outcome from audit_record where route = 'WithdrawalService.withdraw' and subject = any($1::text[])`,
        [ids(3)],
      ),
    ).toEqual([{ actor: 'unit-clerk', action: 'enrolment.withdraw', roles: ['unit-clerk'], outcome: 'allowed' }]);
    expect((await noLongerNamed.page(second, clerk)).total).toMatchObject({ people: 0, withdrawable: 0 });
    expect(await withdrawAll(second)).toEqual({ withdrawn: 0 });
    await importRows(...first);
    expect(await counts()).toEqual(expect.arrayContaining([{ members: 3 }, { members: 2 }]));
  });

  it('are withdrawn as they were shown, or not at all', async () => {
    await importRows(person(1), person(2), person(3));
    const second = await importRows(person(1));
    const { digest } = (await noLongerNamed.page(second, clerk)).total;
    expect(await noLongerNamed.withdraw(second, clerk, { digest, memberIds: ids(2, 2) })).toEqual({ withdrawn: 1 });
    await expect(noLongerNamed.withdraw(second, clerk, { digest })).rejects.toMatchObject({
      code: 'no-longer-named-changed',
      kind: 'conflict',
      details: { people: 1, withdrawable: 1, digest: expect.not.stringMatching(digest) },
    });
    const { digest: shown } = (await noLongerNamed.page(second, clerk)).total;
    for (const memberIds of [ids(1), ids(3, 2), [NIL]])
      expect(await codeOf(noLongerNamed.withdraw(second, clerk, { digest: shown, memberIds }))).toBe('no-longer-named');
    await importRows(person(3));
    expect(await codeOf(noLongerNamed.withdraw(second, clerk, { digest: shown }))).toBe('no-longer-named-changed');
    expect(await counts()).toEqual([{ members: 2 }]);
  });

  it('and a roster that comes in while they are withdrawn: who it names stays', async () => {
    for (let round = 0; round < 5; round++) {
      await importRows(person(1), person(2), person(3));
      const second = await importRows(person(1));
      const { digest } = (await noLongerNamed.page(second, clerk)).total;
      const [withdrawn] = await Promise.allSettled([noLongerNamed.withdraw(second, clerk, { digest }), importRows(person(1), person(3))]);
      if (withdrawn.status === 'rejected')
        expect(['no-longer-named-changed', 'roster-working']).toContain((withdrawn.reason as { code: string }).code);
      const enrolled = (await source.query('select member_id from enrolment where window_id = $1', [now])) as { member_id: string }[];
      expect(enrolled.map(({ member_id }) => member_id)).toEqual(expect.arrayContaining(ids(1, 3)));
      expect(await db.transaction((tx) => recount(tx, now))).toBe(0);
    }
  });

  it('stay when a roster came in after the files had been read', async () => {
    await importRows(person(1), person(2));
    const second = await importRows(person(1));
    const { digest } = (await noLongerNamed.page(second, clerk)).total;
    const other = source.createQueryRunner();
    await other.startTransaction();
    await other.query('lock table roster_import in share row exclusive mode');
    const withdrawing = codeOf(noLongerNamed.withdraw(second, clerk, { digest }));
    const waiting = async (): Promise<number> =>
      (
        await source.query(
          `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      )[0].n;
    while ((await waiting()) === 0) await new Promise((resolve) => setImmediate(resolve));
    await other.query(
      `insert into roster_import (id, window_id, file_name, received_at, received_by, state)
       select $1, window_id, file_name, received_at + interval '1 second', received_by, state from roster_import where id = $2`,
      [newId(), second],
    );
    await other.commitTransaction();
    await other.release();
    expect(await withdrawing).toBe('no-longer-named-changed');
    expect(await counts()).toEqual([{ members: 2 }]);
  });

  it('stay where their notice is issued', async () => {
    await importRows(person(1), person(2));
    await contributions.issueNotices(now, administrator);
    await importRows(person(3), person(4));
    const last = await importRows(person(1), person(3));
    const { total, people } = await noLongerNamed.page(last, clerk);
    expect(total).toMatchObject({ people: 2, withdrawable: 1 });
    expect(people.find(({ memberId }) => memberId === idOf(2))!.withdrawable).toBe(false);
    const { digest } = total;
    expect(await codeOf(noLongerNamed.withdraw(last, clerk, { digest, memberIds: ids(2, 4) }))).toBe('enrolment-noticed');
    expect(await noLongerNamed.withdraw(last, clerk, { digest })).toEqual({ withdrawn: 1 });
    expect(await found(last)).toEqual(ids(2));
  });

  it('stay when the window has closed, or while a roster is worked through', async () => {
    await importRows(person(1), person(2));
    const second = await importRows(person(1));
    await source.query(
      `insert into roster_import (id, window_id, file_name, received_at, received_by, state) values ($1, $2, 'a.csv', now(), 'clerk', 'received')`,
      [NIL, now],
    );
    expect(await codeOf(noLongerNamed.page(NIL, clerk))).toBe('roster-not-done');
    expect(await codeOf(withdrawAll(second))).toBe('roster-working');
    await source.query('delete from roster_import where id = $1', [NIL]);
    clock.set('2025-12-11 00:00');
    expect((await noLongerNamed.page(second, clerk)).total).toMatchObject({ people: 1, withdrawable: 0 });
    expect(await codeOf(withdrawAll(second))).toBe('window-closed');
    clock.set('2025-09-01 09:00');
  });

  it('are not told of a file that stopped or failed, or is kept no longer', async () => {
    await importRows(person(1), person(2));
    await expect(importFile(Buffer.from(`${csvOf([ROSTER_HEADER, person(1)])}x,${'y'.repeat(1_000_000)}"\n`))).rejects.toThrow();
    const [{ id }] = (await source.query(`select id from roster_import where window_id = $1 and state = 'failed'`, [now])) as [
      { id: string },
    ];
    await expect(noLongerNamed.page(id, clerk)).rejects.toMatchObject({
      code: 'roster-not-whole',
      details: { failure: 'roster-quotes', readToLine: 2 },
    });
    const rows = many(1_000, 8_000);
    const second = await importRows(person(1), ...rows);
    expect(await found(second)).toEqual(ids(2));
    // Files go part by part.
    await source.query('delete from roster_file_part where import_id = $1 and part = 1', [second]);
    await expect(noLongerNamed.page(second, clerk)).rejects.toMatchObject({ code: 'roster-file', kind: 'not-found' });
    expect(await codeOf(noLongerNamed.withdraw(second, clerk, { digest: '' }))).toBe('roster-file');
  });
});
