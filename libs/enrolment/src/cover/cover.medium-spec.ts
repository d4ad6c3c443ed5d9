import { continuityOf, parsePlan } from '@app/benefits';
import { Clock, addDays, chinaInstant, civilDate, fen, type CivilDate } from '@app/kernel';
import { Ledger1700000001000 } from '@app/ledger';
import {
  Audit,
  Database,
  PLATFORM_ENTITIES,
  PersonalDataVault,
  Platform1700000000000,
  rowsOf,
  sealSet,
  type Principal,
  type Transaction,
} from '@app/platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DataSource } from 'typeorm';
import { personalNumber } from '../../../../test/support/people.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import {
  CoverClaims,
  CoverService,
  ENROLMENT_ENTITIES,
  ENROLMENT_MIGRATIONS,
  OrganisationService,
  RosterImportService,
  RosterService,
  UnderwritingPlans,
  WindowService,
  coversOf,
  recount,
  type DecidedClaim,
  type MovedEnd,
} from '../index.js';
import { personalText } from '../member/member.js';
import { COLUMNS } from '../roster/roster.js';
import { CopyBlocks } from '../roster/copy-rows.js';
import * as rosters from '../roster/roster.repository.js';
import { UnitPlaces } from '../roster/unit-places.js';
import type { PlanRules } from '../underwriting/underwriting.js';
import { COVER_CHANGES, END_REASONS, REINSTATE_REASONS, TRANSFER_REASONS, TRANSFER_STATES } from './cover.js';
import { startCovers } from './cover.repository.js';

class SetClock extends Clock {
  instant = chinaInstant(civilDate('2025-06-10'), '10:00');
  now(): Date {
    return this.instant;
  }
}

/** The claim path, of which enrolment knows no more than this. */
class Claims extends CoverClaims {
  standing: DecidedClaim[] = [];
  decided(_tx: Transaction, ends: readonly MovedEnd[]): Promise<DecidedClaim[]> {
    return Promise.resolve(
      this.standing.filter(({ memberId, dischargeOn }) =>
        ends.some((end) => end.memberId === memberId && end.after < dischargeOn && dischargeOn <= end.until),
      ),
    );
  }
}

const day = civilDate;
const [BASE, OTHER, ADD_ON, LATE_ADD_ON] = ['guangxi-1-2025', 'guangxi-2-2025', 'guangxi-add-on-2025', 'guangxi-late-add-on-2025'];
const BASES: Readonly<Record<string, string>> = { [ADD_ON]: BASE, [LATE_ADD_ON]: BASE };
/** Of the plans whose cover begins after today. */
const LATE = { [OTHER]: day('2025-07-01'), [LATE_ADD_ON]: day('2025-07-01') };
class Plans extends UnderwritingPlans {
  planOn(_day: CivilDate, planId: string): Promise<PlanRules | undefined> {
    return Promise.resolve({ insutypes: null, psnTypes: null, ages: null, basePlan: BASES[planId] ?? null, minimumParticipation: null });
  }
}

const UNIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
/** With its check character. */
function unitOf(body: string): string {
  const sum = [...body].reduce((total, character, i) => total + UNIT_ALPHABET.indexOf(character) * (3 ** i % 31), 0);
  return body + UNIT_ALPHABET[(31 - (sum % 31)) % 31]!;
}

const COUNTY = '/45/4599/459999/';
const NEIGHBOUR = '/45/4599/459998/';
const [A, B, C] = ['91350100M000100Y43', '81459999MA0000245H', unitOf('81459999MA0000001')];
/** Of the neighbour county. */
const N = unitOf('81459998MA0000001');
const user = (userId: string, role: Principal['roles'][number], organisationPath: string): Principal => ({
  userId,
  login: userId,
  roles: [role],
  organisationPath,
});
const clerk = user('clerk', 'unit-clerk', COUNTY);
const neighbour = user('neighbour', 'unit-clerk', NEIGHBOUR);
const cityClerk = user('city', 'unit-clerk', '/45/4599/');
const stranger = user('stranger', 'unit-clerk', '/45/4598/');
const reviewer = user('reviewer', 'reviewer', COUNTY);
const administrator = user('administrator', 'administrator', '/');
const auditor = user('auditor', 'auditor', '/');

describe('a cover', () => {
  let database: TestDatabase;
  let source: DataSource;
  let db: Database;
  let covers: CoverService;
  let windows: WindowService;
  let rosterService: RosterService;
  const clock = new SetClock();
  const claims = new Claims();
  const vault = new PersonalDataVault(Buffer.alloc(32, 7).toString('base64'));
  const units = new Map<string, { id: string; path: string }>();
  const windowIds = new Map<string, string>();

  beforeAll(async () => {
    database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS]);
    const entities = [...PLATFORM_ENTITIES, ...ENROLMENT_ENTITIES];
    source = await new DataSource({ type: 'postgres', url: database.url, entities }).initialize();
    db = new Database(source);
    covers = new CoverService(db, clock, new Audit(db, clock), claims, vault, new Plans());
    windows = new WindowService(db, clock);
    rosterService = new RosterService(db, clock, vault, new RosterImportService(db, clock, vault));
    const organisations = new OrganisationService(db);
    await organisations.create({ kind: 'region', code: '45', name: '某自治区' });
    await organisations.create({ kind: 'city', code: '4599', name: '某市', parentCode: '45' });
    for (const code of ['459999', '459998', '459997']) await organisations.create({ kind: 'county', code, name: code, parentCode: '4599' });
    for (const [code, parentCode] of [
      [A, '459999'],
      [B, '459999'],
      [C, '459999'],
      [N, '459998'],
      [unitOf('81459997MA0000001'), '459997'],
    ] as const)
      units.set(code, await organisations.create({ kind: 'unit', code, name: code, parentCode }));
    for (const [organisation, year] of [
      ['459999', 2025],
      ['459998', 2025],
      ...[2021, 2022, 2023, 2024].map((past) => ['459999', past] as const),
    ] as const)
      windowIds.set(`${organisation} ${year}`, await newWindow(organisation, year));
  });

  afterAll(async () => {
    await source?.destroy();
    await database?.drop();
  });

  beforeEach(() => {
    clock.instant = chinaInstant(day('2025-06-10'), '10:00');
    claims.standing = [];
  });

  const newWindow = async (
    organisationCode: string,
    year: number,
    planId = `guangxi-1-${year}`,
    coverFrom = day(`${year}-01-01`),
  ): Promise<string> => {
    const { id } = await windows.create({
      planId,
      organisationCode,
      opensAt: chinaInstant(day(`${year - 1}-09-01`)),
      closesAt: chinaInstant(day(`${year}-12-11`)),
      coverFrom,
      coverTo: day(`${year}-12-31`),
      contributionFen: fen(10_000),
    });
    return id;
  };

  let serials = 0;
  let numbers = 0;
  /** Enrolled by roster and paid: the cover's number. */
  async function enrol(serial: number, year = 2025, unit = A, on = `${year - 1}-10-05`, windowId = windowIds.get(`459999 ${year}`)!) {
    const memberId = vault.memberId(personalNumber(serial));
    const number = ++numbers;
    const { id: unitId } = units.get(unit)!;
    const text = { personalNumber: personalNumber(serial), name: `职工${serial}`, phone: '', bankAccount: '62', bankName: '模拟银行' };
    await sql(
      `insert into member (id, sealed, roster_hash, unit_id, insutype, created_at, updated_at) values ($1, $2, '', $3, '310', now(), now())
       on conflict (id) do update set unit_id = excluded.unit_id`,
      memberId,
      vault.seal(personalText(text)),
      unitId,
    );
    await sql(
      `insert into enrolment (member_id, period_id, window_id, unit_id, import_id, row, applied_at, notice)
       select $1, period_id, id, $3, gen_random_uuid(), 2, $4, $5 from enrolment_window where id = $2`,
      memberId,
      windowId,
      unitId,
      chinaInstant(day(on), '09:00'),
      number,
    );
    await sql(
      `insert into enrolment_count as c (window_id, unit_id, members, notice) values ($1, $2, 1, $3 + 1)
       on conflict (window_id, unit_id) do update set members = c.members + 1, notice = excluded.notice`,
      windowId,
      unitId,
      number,
    );
    const [notice] = await sql<{ id: string }>(
      `insert into payment_notice (id, window_id, unit_id, number, reference, members, alone_members, member_fen, unit_fen, fund_fen, amount_fen, received_fen, issued_at, state)
       values (gen_random_uuid(), $1, $2, $3, md5(random()::text), 1, 0, 10000, 0, 0, 10000, 10000, now(), 'paid') returning id`,
      windowId,
      unitId,
      number,
    );
    return { memberId, noticeId: notice!.id };
  }
  const start = async (noticeId: string): Promise<void> => {
    await db.transaction((tx) => startCovers(tx, [noticeId], clock.now()));
  };
  /** A new member with a cover of 2025 in unit A. */
  async function covered(): Promise<{ number: string; memberId: string; serial: number }> {
    const serial = ++serials;
    const { memberId, noticeId } = await enrol(serial);
    await start(noticeId);
    return { number: await numberOf(memberId), memberId, serial };
  }
  const numberOf = async (memberId: string, year = 2025): Promise<string> =>
    (await sql<{ number: string }>('select number from cover where member_id = $1 and plan_id = $2', memberId, `guangxi-1-${year}`))[0]!
      .number;
  const sql = <Row>(text: string, ...parameters: unknown[]): Promise<Row[]> => rowsOf<Row>(db.direct, text, parameters);
  const countOf = async (unit: string, window = '459999 2025'): Promise<number> => {
    const rows = await sql<{ members: number }>(
      'select members from enrolment_count where window_id = $1 and unit_id = $2',
      windowIds.get(window),
      units.get(unit)!.id,
    );
    return rows[0]?.members ?? 0;
  };
  const recounted = async (): Promise<number[]> => {
    const differed: number[] = [];
    for (const id of windowIds.values()) differed.push(await db.transaction((tx) => recount(tx, id)));
    return differed;
  };
  const placeOf = async (memberId: string) => {
    const [row] = await sql<{ member: string; enrolment: string; notice: number; path: string }>(
      `select m.unit_id as member, e.unit_id as enrolment, e.notice, c.organisation_path as path from member m
       join cover c on c.member_id = m.id and c.plan_id = 'guangxi-1-2025' join enrolment e on e.member_id = m.id and e.period_id = c.period_id
       where m.id = $1`,
      memberId,
    );
    return row!;
  };
  const move = { toUnitCode: B, effectiveOn: day('2025-06-01'), reason: 'job-change' as const };
  const sound = (unit: string) => ({ member: units.get(unit)!.id, enrolment: units.get(unit)!.id, path: units.get(unit)!.path });

  describe('that moves within one organisation', () => {
    it('keeps number, days and enrolment, and the counts move with it', async () => {
      const { number, memberId } = await covered();
      const before = await coversOf(db.direct, [memberId]);
      const [inA, inB] = [await countOf(A), await countOf(B)];
      const view = await covers.transfer(clerk, number, move);
      expect(view).toMatchObject({
        number,
        unitCode: B,
        state: 'in-force',
        enrolledOn: '2024-10-05',
        transfer: null,
        claimsToReview: 0,
        changes: [{ kind: 'transfer', effectiveOn: '2025-06-01', reason: 'job-change', madeBy: 'clerk' }],
      });
      expect(await coversOf(db.direct, [memberId])).toEqual([
        { ...before[0], organisationPath: units.get(B)!.path, transferredOn: '2025-06-01' },
      ]);
      expect(await placeOf(memberId)).toEqual({ ...sound(B), notice: 0 });
      expect([await countOf(A), await countOf(B)]).toEqual([inA - 1, inB + 1]);
      expect(new Set(await recounted())).toEqual(new Set([0]));
      expect(await sql('select actor, action from audit_record where subject = $1', memberId)).toEqual([
        { actor: 'clerk', action: 'cover.transfer' },
      ]);
    });

    it('answers the same transfer the same, and refuses another that cannot be', async () => {
      const { number } = await covered();
      const view = await covers.transfer(clerk, number, move);
      expect(await covers.transfer(clerk, number, move)).toEqual(view);
      for (const [change, code] of [
        [{ effectiveOn: day('2025-06-02') }, 'cover-in-unit'],
        [{ toUnitCode: C }, 'transfer-not-later'],
        [{ toUnitCode: C, effectiveOn: day('2025-06-11') }, 'transfer-day'],
        [{ toUnitCode: '91350100M000100Y44' }, 'unit'],
        [{ toUnitCode: '459999' }, 'unit'],
      ] as const)
        await expect(covers.transfer(clerk, number, { ...move, ...change })).rejects.toMatchObject({ code });
      expect(await covers.transfer(clerk, number, { ...move, toUnitCode: C, effectiveOn: day('2025-06-09') })).toMatchObject({
        unitCode: C,
      });
      expect(await sql('select transferred_on::text as on from cover where number = $1', number)).toEqual([{ on: '2025-06-01' }]);
    });

    it('is not there for a clerk of another organisation', async () => {
      const { number } = await covered();
      for (const act of [
        covers.read(stranger, number),
        covers.transfer(stranger, number, move),
        covers.acceptTransfer(stranger, number),
        covers.dropTransfer(stranger, number),
        covers.end(stranger, number, { reason: 'left', on: day('2025-06-01') }),
        covers.end(neighbour, number, { reason: 'left', on: day('2025-06-01') }),
        covers.reinstate({ ...reviewer, organisationPath: NEIGHBOUR }, number, { reason: 'wrong-day' }),
        covers.read(clerk, 'guangxi-1-2025-2025-9999999999'),
      ])
        await expect(act).rejects.toMatchObject({ code: 'cover', kind: 'not-found' });
      await expect(covers.transfer(auditor, number, move)).rejects.toMatchObject({ code: 'forbidden' });
      await expect(covers.reinstate(clerk, number, { reason: 'wrong-day' })).rejects.toMatchObject({ code: 'forbidden' });
      expect(await covers.read(auditor, number)).toMatchObject({ unitCode: A, changes: [] });
    });

    it('goes one way when two ask at once, and the counts stay right', async () => {
      const all = await Promise.all(Array.from({ length: 6 }, () => covered()));
      const outcomes = await Promise.all(
        all.flatMap(({ number }) =>
          [B, C].map(async (toUnitCode) => {
            try {
              return (await covers.transfer(clerk, number, { ...move, toUnitCode })).unitCode;
            } catch (error) {
              return (error as { code: string }).code;
            }
          }),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === 'transfer-not-later')).toHaveLength(6);
      for (const { memberId } of all) {
        const place = await placeOf(memberId);
        expect([sound(B), sound(C)]).toContainEqual({ member: place.member, enrolment: place.enrolment, path: place.path });
      }
      expect(new Set(await recounted())).toEqual(new Set([0]));
    });
  });

  describe('that moves between two organisations', () => {
    const away = { ...move, toUnitCode: N };

    it('moves when the other organisation accepts, into the window of that organisation', async () => {
      const { number, memberId } = await covered();
      const [here, there] = [await countOf(A), await countOf(N, '459998 2025')];
      const proposed = await covers.transfer(clerk, number, away);
      expect(proposed).toMatchObject({
        unitCode: A,
        changes: [],
        transfer: { proposedFor: 'from', proposedBy: 'clerk', state: 'proposed' },
      });
      expect(await covers.transfer(clerk, number, away)).toEqual(proposed);
      await expect(covers.transfer(clerk, number, move)).rejects.toMatchObject({ code: 'transfer-open' });
      await expect(covers.transfer(neighbour, number, away)).rejects.toMatchObject({ code: 'transfer-open' });
      await expect(covers.acceptTransfer(clerk, number)).rejects.toMatchObject({ code: 'same-person' });
      for (const one of [clerk, neighbour]) expect(await covers.openTransfers(one)).toMatchObject([{ number, toPath: units.get(N)!.path }]);
      expect(await covers.openTransfers(stranger)).toEqual([]);
      expect(await covers.read(neighbour, number)).toMatchObject({ unitCode: A });
      expect(await placeOf(memberId)).toMatchObject(sound(A));

      const accepted = await covers.acceptTransfer(neighbour, number);
      expect(accepted).toMatchObject({ unitCode: N, transfer: null, changes: [{ kind: 'transfer', madeBy: 'neighbour' }] });
      expect(await covers.acceptTransfer(neighbour, number)).toEqual(accepted);
      expect(await covers.transfer(clerk, number, away)).toEqual(accepted);
      expect(await placeOf(memberId)).toEqual({ ...sound(N), notice: 0 });
      expect([await countOf(A), await countOf(N, '459998 2025')]).toEqual([here - 1, there + 1]);
      expect(new Set(await recounted())).toEqual(new Set([0]));
      expect(await covers.openTransfers(clerk)).toEqual([]);
      await expect(covers.end(clerk, number, { reason: 'left', on: day('2025-06-02') })).rejects.toMatchObject({ code: 'cover' });
    });

    it('stays where the other declines, or the first withdraws, and may be proposed again', async () => {
      const { number } = await covered();
      await covers.transfer(neighbour, number, away);
      expect(await covers.dropTransfer(clerk, number)).toMatchObject({ unitCode: A, transfer: null, changes: [] });
      expect(await covers.dropTransfer(clerk, number)).toMatchObject({ transfer: null });
      await expect(covers.acceptTransfer(clerk, number)).rejects.toMatchObject({ code: 'transfer' });
      clock.instant = chinaInstant(day('2025-06-10'), '11:00');
      await covers.transfer(neighbour, number, away);
      await covers.dropTransfer(neighbour, number);
      expect(
        await sql(
          'select state, answered_by as by from cover_transfer t join cover using (member_id, period_id) where number = $1 order by proposed_at',
          number,
        ),
      ).toEqual([
        { state: 'declined', by: 'clerk' },
        { state: 'withdrawn', by: 'neighbour' },
      ]);
      expect(await covers.transfer(cityClerk, number, away)).toMatchObject({ unitCode: N });
    });

    it('to where the plan has no window moves the cover, and its enrolment stays counted where it was made', async () => {
      const { number, memberId } = await covered();
      const code = [...units.keys()].at(-1)!;
      const here = await countOf(A);
      expect(await covers.transfer(cityClerk, number, { ...move, toUnitCode: code })).toMatchObject({ unitCode: code });
      const place = await placeOf(memberId);
      expect([place.member, place.path, place.enrolment]).toEqual([units.get(code)!.id, units.get(code)!.path, units.get(A)!.id]);
      expect(await countOf(A)).toBe(here);
      expect(new Set(await recounted())).toEqual(new Set([0]));
    });

    it('has the states, kinds and reasons that the tables know', async () => {
      const allowed = async (table: string, column: string): Promise<string[]> => {
        const checks = await sql<{ text: string }>(
          `select pg_get_constraintdef(oid) as text from pg_constraint where conrelid = $1::regclass and conname = $2`,
          table,
          `${table}_${column}_check`,
        );
        return [...checks[0]!.text.matchAll(/'([a-z-]+)'::text/g)].map((match) => match[1]!).sort();
      };
      const sorted = (words: readonly string[]) => [...words].sort();
      expect(await allowed('cover_transfer', 'state')).toEqual(sorted(Object.keys(TRANSFER_STATES)));
      expect(await allowed('cover_transfer', 'reason')).toEqual(sorted(TRANSFER_REASONS));
      expect(await allowed('cover_change', 'kind')).toEqual(sorted(COVER_CHANGES));
      expect(await allowed('cover_change', 'reason')).toEqual(sorted([...TRANSFER_REASONS, ...REINSTATE_REASONS]));
      expect(await allowed('cover', 'end_reason')).toEqual(sorted(END_REASONS));
    });

    it('that is accepted and withdrawn at once has one of both outcomes', async () => {
      const { number, memberId } = await covered();
      await covers.transfer(clerk, number, away);
      await Promise.allSettled([covers.acceptTransfer(neighbour, number), covers.dropTransfer(clerk, number)]);
      const [{ state }] = (await sql('select state from cover_transfer where member_id = $1', memberId)) as [{ state: string }];
      expect(await placeOf(memberId)).toMatchObject(state === 'accepted' ? sound(N) : sound(A));
      expect(new Set(await recounted())).toEqual(new Set([0]));
    });
  });

  describe('while a roster names its member', () => {
    const row = (serial: number, bankName: string) =>
      Object.values({
        unitCode: A,
        unitName: '第一基层工会',
        name: `职工${serial}`,
        personalNumber: personalNumber(serial),
        phone: '19900000001',
        insutype: '310',
        bankAccount: '6228480402564890018',
        bankName,
      } satisfies Record<keyof typeof COLUMNS, string>).join(',');
    const importOf = (people: readonly { serial: number }[], bankName: string) =>
      rosterService.importRoster({
        windowId: windowIds.get('459999 2025')!,
        fileName: '花名册.csv',
        principal: clerk,
        stream: Readable.from([
          Buffer.from([Object.values(COLUMNS).join(','), ...people.map((one) => row(one.serial, bankName)), ''].join('\n')),
        ]),
      });

    it('the member is where the transfer put them, whoever came first', async () => {
      const people = await Promise.all(Array.from({ length: 20 }, () => covered()));
      await Promise.all([
        importOf(people, '一'),
        ...people.map(({ number }) => covers.transfer(clerk, number, move)),
        importOf(people, '二'),
      ]);
      for (const { memberId } of people) expect(await placeOf(memberId)).toMatchObject(sound(B));
      // The roster of the unit that they left is refused for them from now on.
      expect(await importOf(people, '三')).toMatchObject({ accepted: 0, reasons: { duplicate: 20 } });
      expect(new Set(await recounted())).toEqual(new Set([0]));
    });

    it('a transfer between the two steps of an import stands', async () => {
      const { number, memberId, serial } = await covered();
      const [{ period }] = (await sql('select period_id as period from cover where number = $1', number)) as [{ period: string }];
      const key = { windowId: windowIds.get('459999 2025')!, periodId: period, importId: '0197a3c2-0000-7000-8000-000000000000' };
      const sealed = sealSet(vault, { personalNumbers: personalNumber(serial), texts: 'changed' });
      const unit = new UnitPlaces().add(A, units.get(A)!.id, 1);
      const rows = await rosters.RosterRows.pack(
        key,
        clock.now(),
        [{ sealed, rows: [{ row: 2, unit, insutype: '310' }] }],
        new CopyBlocks(),
      );
      await db.transaction(async (tx) => {
        expect((await rosters.enrol(tx, rows, key)).elsewhere).toEqual(new Set());
        await covers.transfer(clerk, number, move);
        const saved = await rosters.saveMembers(tx, rows, true);
        expect(saved).toEqual([memberId]);
        await rosters.keepTransferred(tx, key, saved);
      });
      expect(await placeOf(memberId)).toMatchObject(sound(B));
    });
  });

  describe('that ends', () => {
    const left = { reason: 'left' as const, on: day('2025-06-05') };

    it('is covered up to its last day, and says so the same way again', async () => {
      const { number, memberId } = await covered();
      const before = await sql('select * from payment_notice order by id');
      const view = await covers.end(clerk, number, left);
      expect(view).toMatchObject({ state: 'ended', endedOn: '2025-06-05', endReason: 'left', coverTo: '2025-12-31', claimsToReview: 0 });
      expect(await coversOf(db.direct, [memberId])).toMatchObject([{ coverTo: '2025-06-05' }]);
      expect(await covers.end(clerk, number, left)).toEqual(view);
      await expect(covers.end(clerk, number, { ...left, on: day('2025-06-06') })).rejects.toMatchObject({
        code: 'cover-ended',
        kind: 'conflict',
      });
      await expect(covers.end(clerk, number, { ...left, reason: 'death' })).rejects.toMatchObject({ code: 'cover-ended' });
      await expect(covers.transfer(clerk, number, move)).rejects.toMatchObject({ code: 'cover-ended' });
      expect(await sql('select * from payment_notice order by id')).toEqual(before);
      expect(new Set(await recounted())).toEqual(new Set([0]));
    });

    it.each([
      ['left', '2024-12-31', 'a day from 2025-01-01 to 2025-06-10'],
      ['left', '2025-06-11', 'a day from 2025-01-01 to 2025-06-10'],
      ['death', '2025-06-11', 'a day from the birth of the member to 2025-06-10'],
      ['death', '1980-01-09', 'a day from the birth of the member to 2025-06-10'],
    ] as const)('does not end by %s on %s: expected %s', async (reason, on, expected) => {
      const { number } = await covered();
      await expect(covers.end(clerk, number, { reason, on: day(on) })).rejects.toMatchObject({
        code: 'end-day',
        message: expect.stringContaining(expected),
      });
    });

    it('before it began never begins, by a death; and nobody leaves it before', async () => {
      const { number, memberId } = await covered();
      clock.instant = chinaInstant(day('2024-12-20'), '10:00');
      await expect(covers.end(clerk, number, { reason: 'left', on: day('2024-12-19') })).rejects.toMatchObject({
        code: 'end-day',
        message: expect.stringContaining('found one that begins on 2025-01-01'),
      });
      const death = { reason: 'death' as const, on: day('2024-12-19') };
      const view = await covers.end(clerk, number, death);
      expect(view).toMatchObject({ state: 'ended', endedOn: '2024-12-19', endReason: 'death', coverFrom: '2025-01-01' });
      expect(await covers.end(clerk, number, death)).toEqual(view);
      expect(await coversOf(db.direct, [memberId])).toEqual([]);
      clock.instant = chinaInstant(day('2025-06-10'), '10:00');
      expect(await covers.read(clerk, number)).toMatchObject({ state: 'ended' });
      // Of the days between the death and the cover another one is told.
      const claim = { state: 'settled', benefitFen: fen(46_015), granted: true };
      claims.standing = [
        { ...claim, memberId, claimId: 'C1', dischargeOn: day('2024-12-30') },
        { ...claim, memberId, claimId: 'C2', dischargeOn: day('2025-01-01') },
      ];
      expect(await covers.read(clerk, number)).toMatchObject({ claimsToReview: 1 });
      const found = (await covers.conflicts(reviewer)).filter((one) => one.number === number);
      expect(found).toMatchObject([{ claims: [{ claimId: 'C2' }] }]);
      claims.standing = [];
      expect(await covers.reinstate(reviewer, number, { reason: 'wrong-person' })).toMatchObject({ state: 'in-force', endedOn: null });
      expect(await coversOf(db.direct, [memberId])).toMatchObject([{ coverTo: '2025-12-31' }]);
    });

    it('by a death before it moved ends on that day, with the unit that it moved to', async () => {
      const { number, memberId } = await covered();
      await covers.transfer(clerk, number, move);
      await expect(covers.end(clerk, number, { reason: 'left', on: day('2025-05-20') })).rejects.toMatchObject({
        message: expect.stringContaining('a day from 2025-06-01 to 2025-06-10'),
      });
      expect(await covers.end(clerk, number, { reason: 'death', on: day('2025-05-20') })).toMatchObject({
        state: 'ended',
        endedOn: '2025-05-20',
        unitCode: B,
        changes: [
          { kind: 'transfer', effectiveOn: '2025-06-01' },
          { kind: 'death', effectiveOn: '2025-05-20' },
        ],
      });
      expect(await coversOf(db.direct, [memberId])).toMatchObject([{ coverTo: '2025-05-20' }]);
      expect(await placeOf(memberId)).toMatchObject(sound(B));
      expect(new Set(await recounted())).toEqual(new Set([0]));
      expect(await covers.reinstate(reviewer, number, { reason: 'wrong-day' })).toMatchObject({ state: 'in-force', unitCode: B });
    });

    it('by mistake is reinstated by another person with the role', async () => {
      const { number, memberId } = await covered();
      const both: Principal = { ...clerk, roles: ['unit-clerk', 'reviewer'] };
      await covers.end(both, number, { reason: 'death', on: day('2025-06-01') });
      await expect(covers.reinstate(both, number, { reason: 'wrong-person' })).rejects.toMatchObject({ code: 'same-person' });
      const view = await covers.reinstate(reviewer, number, { reason: 'wrong-person' });
      expect(view).toMatchObject({
        state: 'in-force',
        endedOn: null,
        changes: [
          { kind: 'death', effectiveOn: '2025-06-01' },
          { kind: 'reinstated', effectiveOn: '2025-06-01', reason: 'wrong-person', madeBy: 'reviewer' },
        ],
      });
      expect(await covers.reinstate(reviewer, number, { reason: 'wrong-person' })).toEqual(view);
      await expect(covers.reinstate(administrator, number, { reason: 'wrong-day' })).rejects.toMatchObject({ code: 'cover-not-ended' });
      expect(await coversOf(db.direct, [memberId])).toMatchObject([{ coverTo: '2025-12-31' }]);
      expect(await covers.end(clerk, number, left)).toMatchObject({ state: 'ended' });
    });

    it('before the discharge of a claim that stands is a conflict for a person: counted for the clerk, named for the reviewer', async () => {
      const { number, memberId } = await covered();
      const claim = { claimId: 'C1', state: 'settled', dischargeOn: day('2025-06-06'), benefitFen: fen(46_015) };
      claims.standing = [
        { ...claim, memberId, granted: true },
        { ...claim, memberId, claimId: 'C2', dischargeOn: left.on, granted: true },
        { ...claim, memberId, claimId: 'C3', state: 'refused', benefitFen: null, granted: false },
      ];
      const view = await covers.end(clerk, number, left);
      expect(view).toMatchObject({ claimsToReview: 1 });
      expect(JSON.stringify(view)).not.toContain('C1');
      expect(await covers.conflicts(reviewer)).toEqual([{ number, endedOn: '2025-06-05', endReason: 'left', claims: [claim] }]);
      expect(await covers.conflicts(auditor)).toHaveLength(1);
      expect(await covers.conflicts({ ...reviewer, organisationPath: NEIGHBOUR })).toEqual([]);
      await expect(covers.conflicts(clerk)).rejects.toMatchObject({ code: 'forbidden' });
      // Reinstated, it is the refused one that a person should look at.
      expect(await covers.reinstate(reviewer, number, { reason: 'wrong-day' })).toMatchObject({ claimsToReview: 1 });
      expect(await covers.conflicts(reviewer)).toEqual([]);
    });

    describe('of a person who has others', () => {
      async function coveredBy(...plans: readonly string[]) {
        const { number, memberId, serial } = await covered();
        for (const planId of plans) {
          if (!windowIds.has(planId)) windowIds.set(planId, await newWindow('459999', 2025, planId, LATE[planId]));
          await start((await enrol(serial, 2025, A, '2024-10-06', windowIds.get(planId))).noticeId);
        }
        const rows = await sql<{ plan: string; number: string }>(
          'select plan_id as plan, number from cover where member_id = $1',
          memberId,
        );
        const ends = async () => {
          const ended = await sql<{ end: string }>(
            `select plan_id || ': ' || end_reason || ' ' || ended_on as end from cover where member_id = $1 and ended_on is not null order by plan_id`,
            memberId,
          );
          return ended.map(({ end }) => end);
        };
        return { number, memberId, serial, numbers: new Map(rows.map((row) => [row.plan, row.number])), ends };
      }
      const death = { reason: 'death' as const, on: day('2025-06-05') };

      it('by a death ends with all that hold or will begin, and they are reinstated together', async () => {
        const { number, ends } = await coveredBy(OTHER, ADD_ON);
        const all = [BASE, OTHER, ADD_ON].map((plan) => `${plan}: death 2025-06-05`);
        await covers.end(clerk, number, death);
        expect(await ends()).toEqual(all);
        await covers.reinstate(reviewer, number, { reason: 'wrong-person' });
        expect(await ends()).toEqual([]);
        await covers.end(clerk, number, death);
        expect(await ends()).toEqual(all);
      });

      it('by a death ends also what is paid later', async () => {
        const { number, memberId, serial, ends } = await coveredBy();
        windowIds.set(OTHER, windowIds.get(OTHER) ?? (await newWindow('459999', 2025, OTHER, LATE[OTHER])));
        const { noticeId } = await enrol(serial, 2025, A, '2024-10-06', windowIds.get(OTHER));
        await covers.end(clerk, number, death);
        await start(noticeId);
        expect(await ends()).toEqual([BASE, OTHER].map((plan) => `${plan}: death 2025-06-05`));
        expect(await coversOf(db.direct, [memberId])).toMatchObject([{ planId: BASE }]);
        const [late] = await sql<{ number: string }>('select number from cover where member_id = $1 and plan_id = $2', memberId, OTHER);
        const both: Principal = { ...clerk, roles: ['unit-clerk', 'reviewer'] };
        await expect(covers.reinstate(both, late!.number, { reason: 'wrong-person' })).rejects.toMatchObject({ code: 'same-person' });
        await covers.reinstate(reviewer, number, { reason: 'wrong-person' });
        expect(await ends()).toEqual([]);
      });

      it('by a death ends with what an earlier personal number of the person covers', async () => {
        const [now, before] = [await covered(), await covered()];
        await sql(
          `insert into member_alias (member_id, current_id, direct, window_id, recorded_by, recorded_at) values ($1, $2, true, $3, 'clerk', now())`,
          before.memberId,
          now.memberId,
          windowIds.get('459999 2025'),
        );
        await covers.end(clerk, now.number, death);
        expect(await covers.read(clerk, before.number)).toMatchObject({ state: 'ended', endReason: 'death' });
      });

      it.each([ADD_ON, LATE_ADD_ON])('takes %s with it where it is the base of that, and no other; a move takes none', async (addOn) => {
        const { number, numbers, ends } = await coveredBy(OTHER, addOn);
        await covers.transfer(clerk, number, move);
        expect(await ends()).toEqual([]);
        await covers.end(clerk, number, left);
        expect(await ends()).toEqual([`${BASE}: left 2025-06-05`, `${addOn}: base-ended 2025-06-05`]);
        expect(await covers.read(clerk, numbers.get(addOn)!)).toMatchObject({ state: 'ended', endReason: 'base-ended' });
        await expect(covers.reinstate(reviewer, numbers.get(addOn)!, { reason: 'wrong-day' })).rejects.toMatchObject({
          code: 'base-ended',
        });
        await covers.reinstate(reviewer, number, { reason: 'did-not-leave' });
        expect(await ends()).toEqual([]);
      });

      it('leaves an add-on by itself, which the base that is reinstated later does not bring back', async () => {
        const { number, numbers, ends } = await coveredBy(ADD_ON);
        await covers.end(clerk, numbers.get(ADD_ON)!, left);
        await covers.end(clerk, number, left);
        expect(await ends()).toEqual([`${BASE}: left 2025-06-05`, `${ADD_ON}: left 2025-06-05`]);
        await covers.reinstate(reviewer, number, { reason: 'did-not-leave' });
        expect(await ends()).toEqual([`${ADD_ON}: left 2025-06-05`]);
      });
    });

    it('by two at once ends once', async () => {
      const { number, memberId } = await covered();
      const outcomes = await Promise.allSettled([
        covers.end(clerk, number, left),
        covers.end(clerk, number, { reason: 'death', on: day('2025-06-04') }),
        covers.transfer(clerk, number, move),
      ]);
      expect(outcomes.slice(0, 2).filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const kinds = await sql<{ kind: string }>('select kind from cover_change where member_id = $1 order by position', memberId);
      expect(kinds.filter(({ kind }) => kind !== 'transfer')).toHaveLength(1);
    });
  });

  it('continues, or not, as a small model of the member’s years has it', async () => {
    const YEARS = [2021, 2022, 2023, 2024, 2025] as const;
    const plans = [null, 1, 20, 200].map((days) => ({ days, plan: planWithin(days) }));
    const lived = fc.record({
      /** Days from the first of January on which the enrolment was made. */
      enrolled: fc.option(fc.oneof(fc.integer({ min: -100, max: 30 }), fc.integer({ min: -3, max: 3 })), { freq: 4 }),
      unit: fc.constantFrom(A, B, C),
      movedTo: fc.option(fc.constantFrom(A, B, C)),
      /** Days before the end of the year. */
      ended: fc.option(fc.integer({ min: 1, max: 250 }), { freq: 3 }),
      order: fc.integer(),
    });
    await fc.assert(
      fc.asyncProperty(fc.tuple(lived, lived, lived, lived, lived), async (years) => {
        clock.instant = chinaInstant(day('2026-03-01'));
        const serial = ++serials;
        const memberId = vault.memberId(personalNumber(serial));
        const notices: { id: string; order: number }[] = [];
        for (const [i, { enrolled, unit, order }] of years.entries()) {
          if (enrolled === null) continue;
          const { noticeId } = await enrol(serial, YEARS[i]!, unit, addDays(day(`${YEARS[i]}-01-01`), enrolled));
          notices.push({ id: noticeId, order });
        }
        // Contributions come in whatever order.
        for (const { id } of notices.sort((a, b) => a.order - b.order)) await start(id);
        for (const [i, { enrolled, unit, movedTo, ended }] of years.entries()) {
          if (enrolled === null) continue;
          const number = await numberOf(memberId, YEARS[i]);
          if (movedTo !== null && movedTo !== unit)
            await covers.transfer(clerk, number, { toUnitCode: movedTo, effectiveOn: day(`${YEARS[i]}-03-01`), reason: 'job-change' });
          if (ended !== null) await covers.end(clerk, number, { reason: 'left', on: addDays(day(`${YEARS[i]}-12-31`), -ended) });
        }
        const known = await coversOf(db.direct, [memberId]);
        for (const { days, plan } of plans) {
          const told = known.map((cover, i) => ({ year: cover.coverFrom.slice(0, 4), ...continuityOf(known.slice(0, i + 1), plan) }));
          expect(told).toEqual(modelOf(years, days));
        }
      }),
      { numRuns: 25 },
    );

    /** The same again, a year at a time, in numbers of days since the first year began. */
    function modelOf(years: readonly { enrolled: number | null; ended: number | null }[], onTime: number | null) {
      const told: { year: string; kind: string; enrolledOn: CivilDate; consecutivePeriods: number }[] = [];
      let last: { day: number; since: CivilDate; periods: number } | undefined;
      years.forEach(({ enrolled, ended }, i) => {
        if (enrolled === null) return;
        const first = (Date.UTC(YEARS[i]!, 0, 1) - Date.UTC(YEARS[0], 0, 1)) / 86_400_000;
        const end = (Date.UTC(YEARS[i]!, 11, 31) - Date.UTC(YEARS[0], 0, 1)) / 86_400_000;
        const asked = first + enrolled;
        const on = new Date(Date.UTC(YEARS[0], 0, 1 + asked)).toISOString().slice(0, 10) as CivilDate;
        const late = last !== undefined && onTime !== null && asked - last.day > onTime;
        const goesOn = last !== undefined && !late && (onTime !== null || last.day + 1 === first);
        const since = goesOn ? last!.since : on;
        const periods = goesOn ? last!.periods + 1 : 1;
        told.push({
          year: String(YEARS[i]),
          kind: last === undefined ? 'new' : late ? 'late-renewal' : 'renewal',
          enrolledOn: since,
          consecutivePeriods: periods,
        });
        last = { day: end - (ended ?? 0), since, periods };
      });
      return told;
    }
  });
});

const SHIPPED = readFileSync(join(import.meta.dirname, '../../../benefits/plans/guangxi/guangxi-1-2025.yaml'), 'utf8');
const planWithin = (days: number | null) =>
  parsePlan(
    days === null ? SHIPPED : `${SHIPPED}\nrenewal: { on_time_days: { value: ${days}, interpreted: as the test has it } }\n`,
    'plan.yaml',
  );
