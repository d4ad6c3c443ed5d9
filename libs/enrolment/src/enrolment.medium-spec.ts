import type { BankStatement, BankStatementLine } from '@app/contracts';
import { Clock, addDays, chinaInstant, civilDate, fen, normaliseIdentifier, type CivilDate } from '@app/kernel';
import { Ledger1700000001000, balanceOf, imbalance, ledger } from '@app/ledger';
import {
  Audit,
  Database,
  ENTRY_END,
  PLATFORM_ENTITIES,
  PersonalDataVault,
  Platform1700000000000,
  Tokens,
  sealSet,
  type Principal,
  type Transaction,
} from '@app/platform';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import ExcelJS from 'exceljs';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { setImmediate as otherWork } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import {
  CollectionBank,
  ContributionService,
  ENROLMENT_ENTITIES,
  ENROLMENT_MIGRATIONS,
  MemberMessenger,
  MemberService,
  OrganisationService,
  RosterImportService,
  RosterService,
  WindowService,
  type NewWindow,
  coversOf,
  enrolmentDue,
  uploadCutBefore,
  memberCounts,
  payeesOf,
} from './index.js';
import { COLUMNS } from './roster/roster.js';
import { recount } from './window/enrolment-count.repository.js';

class SetClock extends Clock {
  constructor(private instant: Date) {
    super();
  }
  now(): Date {
    return this.instant;
  }
  set(instant: Date): void {
    this.instant = instant;
  }
}

class Outbasket extends MemberMessenger {
  readonly codes = new Map<string, string>();
  failing = false;
  send(memberId: string, _template: string, data: Readonly<Record<string, string>>): Promise<void> {
    if (this.failing) return Promise.reject(new Error('no signal'));
    this.codes.set(memberId, data.code!);
    return Promise.resolve();
  }
}

class Statements extends CollectionBank {
  readonly days = new Map<CivilDate, BankStatement>();
  statement(_account: string, on: CivilDate): Promise<BankStatement | undefined> {
    return Promise.resolve(this.days.get(on));
  }
}

const OPENS = civilDate('2025-09-01');
const CLOSES = civilDate('2025-12-11');
const ACCOUNT = '6200009999000000025';
const COUNTY = '/45/4599/459999/';
const NIL = '00000000-0000-0000-0000-000000000000';
const UNIT = '91350100M000100Y43';
const OTHER_UNIT = '81459999MA0000245H';
const ROSTER = new URL('../../../../shared/data/county-2025/roster.csv', import.meta.url);

const clerk: Principal = { userId: 'clerk', login: 'clerk', roles: ['unit-clerk'], organisationPath: COUNTY };
const administrator: Principal = { userId: 'admin', login: 'admin', roles: ['administrator'], organisationPath: '/' };
const auditor: Principal = { userId: 'auditor', login: 'auditor', roles: ['auditor'], organisationPath: '/' };

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const personalNumber = (serial: number): string => {
  const day = addDays(civilDate('1980-01-01'), Math.trunc(serial / 1000)).replaceAll('-', '');
  const body = `459999${day}${String(serial % 1000).padStart(3, '0')}`;
  return body + '10X98765432'[[...body].reduce((sum, digit, i) => sum + Number(digit) * WEIGHTS[i]!, 0) % 11]!;
};

const UNIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
function unitCode(body: string): string {
  const sum = [...body].reduce((total, character, i) => total + UNIT_ALPHABET.indexOf(character) * (3 ** i % 31), 0);
  return body + UNIT_ALPHABET[(31 - (sum % 31)) % 31]!;
}

const NEIGHBOUR_UNIT = unitCode('81459998MA0000001');

const rosterRow = (serial: number, change: Partial<Record<keyof typeof COLUMNS, string>> = {}): string =>
  Object.values({
    unitCode: UNIT,
    unitName: '第一基层工会',
    name: `职工${serial}`,
    personalNumber: personalNumber(serial),
    phone: `1990000${String(serial).padStart(4, '0')}`,
    insutype: '310',
    bankAccount: '6228480402564890018',
    bankName: '模拟银行',
    ...change,
  }).join(',');
const csv = (...rows: string[]): Readable => Readable.from([Buffer.from([Object.values(COLUMNS).join(','), ...rows, ''].join('\r\n'))]);

describe('enrolment', () => {
  let database: TestDatabase;
  let source: DataSource;
  const clock = new SetClock(chinaInstant(OPENS, '09:00'));
  const vault = new PersonalDataVault(Buffer.alloc(32, 7).toString('base64'));
  const messenger = new Outbasket();
  const bank = new Statements();
  let db: Database;
  let rosters: RosterService;
  let windows: WindowService;
  let organisations: OrganisationService;
  let contributions: ContributionService;
  let members: MemberService;
  let year = 2099;

  beforeAll(async () => {
    database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS]);
    source = await new DataSource({
      type: 'postgres',
      url: database.url,
      entities: [...PLATFORM_ENTITIES, ...ENROLMENT_ENTITIES],
    }).initialize();
    db = new Database(source);
    rosters = new RosterService(db, clock, vault, new RosterImportService(db, clock, vault));
    windows = new WindowService(db, clock);
    organisations = new OrganisationService(db);
    const hours = { officeOpens: '09:00', officeCloses: '17:00', batchCut: '10:00', statementReady: '20:00' };
    contributions = new ContributionService(db, clock, { hours, collectionAccount: ACCOUNT }, bank);
    members = new MemberService(db, clock, vault, new Tokens(vault), new Audit(db, clock), messenger);
    await organisations.create({ kind: 'region', code: '45', name: '某自治区' });
    await organisations.create({ kind: 'city', code: '4599', name: '某市', parentCode: '45' });
    await organisations.create({ kind: 'county', code: '459999', name: '某县', parentCode: '4599' });
    await organisations.create({ kind: 'county', code: '459998', name: '邻县', parentCode: '4599' });
  });

  afterAll(async () => {
    await source?.destroy();
    await database?.drop();
  });

  /** Each test has a window of its own: another cover year of the same plan, before the others, so that nobody has a last period. */
  const newWindow = async (organisationCode = '459999', change: Partial<NewWindow> = {}) => {
    const { id } = await windows.create({
      planId: 'guangxi-1-2025',
      organisationCode,
      opensAt: chinaInstant(OPENS),
      closesAt: chinaInstant(CLOSES),
      coverFrom: civilDate(`${year}-01-01`),
      coverTo: civilDate(`${year--}-12-31`),
      contributionFen: fen(10_000),
      ...change,
    });
    return id;
  };
  const people = (from: number, count: number) => Array.from({ length: count }, (_, i) => rosterRow(from + i));

  const importRows = (windowId: string, stream: Readable, principal = clerk) =>
    rosters.importRoster({ windowId, fileName: '花名册.csv', principal, stream });

  const importsDue = async () => (await enrolmentDue(db.direct, clock.now(), uploadCutBefore(clock.now()))).imports;

  let day = OPENS;
  const statement = (lines: Partial<BankStatementLine>[]): { on: CivilDate; statement: BankStatement } => {
    const on = day;
    day = addDays(day, 1);
    const whole = lines.map((line, i) => ({
      bankReference: `${on}-${i}`,
      direction: 'credit' as const,
      kind: 'credit' as const,
      amountFen: 0,
      reference: '',
      counterpartyName: '某单位',
      ...line,
    }));
    const credits = whole.reduce((sum, line) => sum + line.amountFen, 0);
    return {
      on,
      statement: {
        statementId: on,
        account: ACCOUNT,
        on,
        createdAt: chinaInstant(on, '20:00'),
        openingFen: 100,
        closingFen: 100 + credits,
        lines: whole,
      },
    };
  };
  const postedFen = async () => {
    const balances = await ledger.trialBalance(db.direct);
    expect(imbalance(balances)).toBe(0);
    return { fund: balanceOf(balances, 'mutual-aid-fund'), suspense: balanceOf(balances, 'contribution-suspense') };
  };

  const county = existsSync(ROSTER) ? describe : describe.skip;
  if (!existsSync(ROSTER)) console.warn('the county roster of ../shared is absent: its tests are skipped');

  county('of the county roster', () => {
    const reasons = { 'id-checksum': 12, 'id-birth-date': 4, duplicate: 16, 'name-missing': 5, 'unit-code': 3 };
    let windowId: string;

    it('accepts what is sound and tells of every other row where it is and why', async () => {
      windowId = await newWindow();
      const done = await importRows(windowId, createReadStream(ROSTER));
      expect(done).toMatchObject({ state: 'done', rows: 11_172, accepted: 11_132, refused: 40, unchanged: 0, reasons });
      expect(done.normalised).toBeGreaterThan(0);
      expect(await windows.countdown(windowId)).toMatchObject({ state: 'open', enrolled: 11_132, covered: 0 });

      const lines = readFileSync(ROSTER, 'utf8').split(/\r?\n/);
      const refusals = await rosters.refusals(done.importId, clerk);
      expect(refusals).toHaveLength(40);
      for (const refusal of refusals.filter(({ reason }) => reason === 'name-missing'))
        expect(lines[refusal.row - 1]!.split(',')[2]).toBe('');
      const told = JSON.stringify(refusals);
      for (const refusal of refusals) expect(told).not.toContain(normaliseIdentifier(lines[refusal.row - 1]!.split(',')[3]!));
    });

    it('changes nothing when it comes again', async () => {
      const before = await source.query('select md5(string_agg(m::text, $1 order by id)) as members from member m', ['']);
      expect(await importRows(windowId, createReadStream(ROSTER))).toMatchObject({
        accepted: 11_132,
        unchanged: 11_132,
        refused: 40,
        reasons,
      });
      expect(await source.query('select md5(string_agg(m::text, $1 order by id)) as members from member m', [''])).toEqual(before);
    });
  });

  describe('of a roster', () => {
    it('is refused outside the window and outside the own organisation', async () => {
      const windowId = await newWindow();
      clock.set(new Date(chinaInstant(OPENS).getTime() - 1));
      await expect(importRows(windowId, csv(rosterRow(1)))).rejects.toMatchObject({ code: 'window-not-open' });
      clock.set(chinaInstant(CLOSES));
      await expect(importRows(windowId, csv(rosterRow(1)))).rejects.toMatchObject({ code: 'window-closed' });
      clock.set(chinaInstant(OPENS, '09:00'));
      await expect(importRows(windowId, csv(rosterRow(1)), { ...clerk, organisationPath: '/45/4599/459998/' })).rejects.toMatchObject({
        code: 'forbidden',
      });
      await expect(importRows(windowId, csv(rosterRow(1)), auditor)).rejects.toMatchObject({ code: 'forbidden' });
    });

    it('is warned about phones with which nobody can log in, however often it comes', async () => {
      const windowId = await newWindow();
      const rows = () => csv(rosterRow(1, { phone: '无' }), rosterRow(2));
      for (const unchanged of [0, 2])
        expect(await importRows(windowId, rows())).toMatchObject({ accepted: 2, unchanged, phoneWarnings: 1 });
    });

    it('refuses a file whole that lacks a column, naming it', async () => {
      const windowId = await newWindow();
      await expect(importRows(windowId, Readable.from([Buffer.from('姓名,手机号\n某,1\n')]))).rejects.toMatchObject({
        code: 'roster-columns',
        details: { missing: expect.stringContaining('身份证号码') },
      });
      const [{ id }] = (await source.query('select id from roster_import where window_id = $1', [windowId])) as [{ id: string }];
      await expect(rosters.findingsFile(id, clerk)).rejects.toMatchObject({
        code: 'roster-file',
        message: expect.stringContaining('refused whole'),
      });
      await expect(importRows(windowId, Readable.from([]))).rejects.toMatchObject({ code: 'roster-empty' });
    });

    it('that cannot be read to its end is taken up to there, and says so', async () => {
      const windowId = await newWindow();
      const good = Array.from({ length: 6_000 }, (_, i) => rosterRow(900_000 + i));
      const stopped = () => csv(...good, `x,${'y'.repeat(1_000_000)}"`, ...good.slice(0, 3));
      const error = await importRows(windowId, stopped()).catch((failure: unknown) => failure);
      expect(error).toMatchObject({
        code: 'roster-quotes',
        message: expect.stringContaining('of 6000 rows up to line 6001 6000 were taken, and the rest of the file was not read'),
        details: { importId: expect.any(String), readToLine: 6001, rows: 6000, accepted: 6000, refused: 0 },
      });
      expect(await windows.countdown(windowId)).toMatchObject({ enrolled: 6_000 });
      const importId = (error as { details: { importId: string } }).details.importId;
      expect(await rosters.read(importId, clerk)).toMatchObject({ state: 'failed', accepted: 6_000, readToLine: 6001 });
      const lines = Buffer.concat(await (await rosters.findingsFile(importId, clerk)).body.toArray())
        .toString()
        .split('\r\n');
      expect(lines).toHaveLength(6_003);
      expect(lines[6_000]).toContain(personalNumber(905_999));
      expect(lines[6_001]).toContain('该行有引号未成对');
      expect(lines[6_001]).toContain('roster-quotes');
    });

    it('takes the first row that is accepted of a person, and another unit cannot enrol them again', async () => {
      const windowId = await newWindow();
      const first = await importRows(windowId, csv(rosterRow(10, { bankAccount: '1' }), rosterRow(10), rosterRow(10)));
      expect(first).toMatchObject({ rows: 3, accepted: 1, reasons: { 'bank-account': 1, duplicate: 1 } });
      expect(await rosters.refusals(first.importId, clerk)).toMatchObject([
        { row: 2, reason: 'bank-account' },
        { row: 4, reason: 'duplicate' },
      ]);
      const second = await importRows(
        windowId,
        csv(rosterRow(10, { unitCode: OTHER_UNIT, name: '别人' }), rosterRow(11, { unitCode: OTHER_UNIT })),
      );
      expect(second).toMatchObject({ rows: 2, accepted: 1, unchanged: 0, reasons: { duplicate: 1 } });
      const id = vault.memberId(personalNumber(10));
      expect((await payeesOf(db.direct, vault, [id])).get(id)).toMatchObject({ name: '职工10' });
    });

    it('corrects a member whose row has changed', async () => {
      const windowId = await newWindow();
      await importRows(windowId, csv(rosterRow(20), rosterRow(21)));
      expect(await importRows(windowId, csv(rosterRow(20, { bankName: '另一银行' }), rosterRow(21)))).toMatchObject({
        accepted: 2,
        unchanged: 1,
      });
      const id = vault.memberId(personalNumber(20));
      expect((await payeesOf(db.direct, vault, [id])).get(id)).toMatchObject({ bankName: '另一银行' });
    });

    it('of a unit under another county is refused', async () => {
      const neighbour = await newWindow('459998');
      const windowId = await newWindow();
      await importRows(windowId, csv(rosterRow(30)));
      expect(await importRows(neighbour, csv(rosterRow(31)), { ...clerk, organisationPath: '/45/4599/' })).toMatchObject({
        accepted: 0,
        reasons: { 'unit-elsewhere': 1 },
      });
    });

    it('that was cut off is done by importing it again', async () => {
      const windowId = await newWindow();
      const cut = new Readable({ read() {} });
      cut.push(`${Object.values(COLUMNS).join(',')}\n`);
      for (let i = 0; i < 12_000; i++) cut.push(`${rosterRow(i)}\n`);
      setTimeout(() => cut.destroy(new Error('connection lost')), 50);
      await expect(importRows(windowId, cut)).rejects.toThrow('connection lost');
      expect(await source.query('select state from roster_import where window_id = $1', [windowId])).toEqual([{ state: 'failed' }]);
      const whole = await importRows(windowId, csv(...Array.from({ length: 12_000 }, (_, i) => rosterRow(i))));
      expect(whole).toMatchObject({ state: 'done', accepted: 12_000, refused: 0 });
      expect(await windows.countdown(windowId)).toMatchObject({ enrolled: 12_000, units: 1 });
    });

    it('is read while it comes in, and applied when it is stored whole', async () => {
      const now = jest.spyOn(clock, 'now');
      const come = async (unitCode: string, end: (stream: PassThrough) => void) => {
        const windowId = await newWindow();
        const stream = new PassThrough();
        now.mockClear();
        const whole = importRows(windowId, stream);
        whole.catch(() => {});
        stream.write(Object.values(COLUMNS).join(','));
        for (let i = 0; i < 20_000; i++) stream.write(`\n${rosterRow(700_000 + i, { unitCode })}`);
        // When it begins to come in, and when the first chunk is ready.
        while (now.mock.calls.length < 2) await otherWork();
        const made = 'select from organisation where code = $1';
        expect(await source.query(made, [unitCode])).toEqual([]);
        expect(await windows.countdown(windowId)).toMatchObject({ enrolled: 0 });
        end(stream);
        const [ended] = await Promise.allSettled([whole]);
        return {
          ended,
          units: (await source.query(made, [unitCode])) as unknown[],
          enrolled: (await windows.countdown(windowId)).enrolled,
        };
      };
      expect(await come(unitCode('81459999MA0000801'), (stream) => stream.destroy(new Error('connection lost')))).toMatchObject({
        ended: { status: 'rejected', reason: { message: 'connection lost' } },
        units: [],
        enrolled: 0,
      });
      expect(await come(unitCode('81459999MA0000802'), (stream) => stream.end('\n'))).toMatchObject({
        ended: { value: { state: 'done', accepted: 20_000 } },
        units: [{}],
        enrolled: 20_000,
      });
      now.mockRestore();
    });

    it('too large for the program that members wait for is left to a worker', async () => {
      class LittleRoom extends RosterService {
        protected override readonly hereParts = 2;
      }
      const windowId = await newWindow();
      const imports = new RosterImportService(db, clock, vault);
      const upload = (rows: string[]) =>
        new LittleRoom(db, clock, vault, imports).importRoster({
          windowId,
          fileName: 'a.csv',
          principal: clerk,
          // In pieces, as over a network.
          stream: Readable.from([Object.values(COLUMNS).join(','), ...rows].map((line) => Buffer.from(`${line}\n`))),
        });
      const rows = people(630_000, 20_000);
      const { importId, ...received } = await upload(rows);
      expect(received).toMatchObject({ state: 'received', accepted: 0, failure: null });
      expect(await windows.countdown(windowId)).toMatchObject({ enrolled: 0 });
      expect(await importsDue()).toEqual([importId]);
      // Nothing is found in it yet, which is not to be taken for a file without faults.
      await expect(rosters.findingsFile(importId, clerk)).rejects.toMatchObject({ code: 'roster-not-done' });
      await imports.resume([importId]);
      expect(await rosters.read(importId, clerk)).toMatchObject({ state: 'done', accepted: 20_000 });
      (await rosters.findingsFile(importId, clerk)).body.destroy();
      expect(await upload(rows.slice(0, 5_000))).toMatchObject({ state: 'done', unchanged: 5_000 });
    });

    it('so large that a second thread seals part of it enrols everybody all the same', async () => {
      const windowId = await newWindow();
      const rows = Array.from({ length: 30_000 }, (_, i) => rosterRow(i));
      // In pieces that come slowly, so that the thread has the time to start.
      const pieces = async function* () {
        for (let i = 0; i < rows.length; i += 1_000) {
          yield Buffer.from(`${i === 0 ? `${Object.values(COLUMNS).join(',')}\n` : ''}${rows.slice(i, i + 1_000).join('\n')}\n`);
          await new Promise((resolve) => setTimeout(resolve, i > 20_000 ? 200 : 0));
        }
      };
      expect(await importRows(windowId, Readable.from(pieces()))).toMatchObject({ accepted: 30_000, refused: 0 });
      const serials = [0, 9_999, 20_000, 29_999];
      const payees = await payeesOf(
        db.direct,
        vault,
        serials.map((serial) => vault.memberId(personalNumber(serial))),
      );
      expect([...payees.values()].map(({ name }) => name).sort()).toEqual(serials.map((serial) => `职工${serial}`).sort());
    });

    it('is sealed by the thread as it is here', async () => {
      const thread = vault.startThread();
      try {
        for (let waited = 0; !thread.isRunning && waited < 500; waited++) await new Promise((resolve) => setTimeout(resolve, 20));
        const { memberIds, fingerprints, sealed, ends } = await thread.seal({
          personalNumbers: ['1', '2'].join(ENTRY_END),
          texts: ['甲', '乙乙'].join(ENTRY_END),
        });
        expect(Buffer.from(memberIds).toString('hex')).toBe(
          ['1', '2'].map((number) => vault.memberId(number).replaceAll('-', '')).join(''),
        );
        const here = sealSet(vault, { personalNumbers: ['1', '2'].join(ENTRY_END), texts: ['甲', '乙乙'].join(ENTRY_END) });
        expect(fingerprints).toEqual(here.fingerprints);
        const whole = Buffer.from(sealed);
        expect([vault.open(whole.subarray(0, ends[0])), vault.open(whole.subarray(ends[0], ends[1]))]).toEqual(['甲', '乙乙']);
      } finally {
        await thread.close();
      }
    });

    it('imported twice at the same time enrols everybody once', async () => {
      const windowId = await newWindow();
      const rows = Array.from({ length: 500 }, (_, i) => rosterRow(100 + i));
      const both = await Promise.all([importRows(windowId, csv(...rows)), importRows(windowId, csv(...rows.toReversed()))]);
      expect(both.map(({ accepted }) => accepted)).toEqual([500, 500]);
      expect(both[0]!.unchanged + both[1]!.unchanged).toBe(500);
      expect(await windows.countdown(windowId)).toMatchObject({ enrolled: 500 });
    });

    it('enrols a person once in a period, whichever county imports first', async () => {
      const here = await newWindow();
      const there = await newWindow('459998', { coverFrom: civilDate(`${year + 1}-01-01`), coverTo: civilDate(`${year + 1}-12-31`) });
      const neighbour: Principal = { ...clerk, organisationPath: '/45/4599/459998/' };
      const people = Array.from({ length: 40 }, (_, i) => 7_000 + i);
      const imports = await Promise.all([
        importRows(here, csv(...people.map((serial) => rosterRow(serial)))),
        importRows(there, csv(...people.map((serial) => rosterRow(serial, { unitCode: NEIGHBOUR_UNIT }))), neighbour),
      ]);
      expect(imports[0].accepted + imports[1].accepted).toBe(40);
      expect((imports[0].reasons.duplicate ?? 0) + (imports[1].reasons.duplicate ?? 0)).toBe(40);
    });

    it('keeps a period from overlapping another of its line of plans', async () => {
      await newWindow();
      const overlapping = { coverFrom: civilDate(`${year + 1}-07-01`), coverTo: civilDate(`${year + 2}-06-30`) };
      await expect(newWindow('459999', overlapping)).rejects.toMatchObject({ code: 'cover-period', kind: 'conflict' });
      await newWindow('459999', { ...overlapping, planId: 'hainan-2' });
    });

    it('puts rows on the next notice when one was issued while they were on their way', async () => {
      const windowId = await newWindow();
      await importRows(windowId, csv(rosterRow(7_100), rosterRow(7_101)));
      const importing = importRows(windowId, csv(...Array.from({ length: 40_000 }, (_, i) => rosterRow(10_000 + i))));
      const pause = () => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 20));
      while ((await Promise.race([importing, pause()])) === undefined) await contributions.issueNotices(windowId);
      expect((await importing).accepted).toBe(40_000);
      await contributions.issueNotices(windowId);
      const notices = (await source.query(
        `select n.members, (select count(*)::int from enrolment e where e.window_id = n.window_id and e.unit_id = n.unit_id and e.notice = n.number) as rows
         from payment_notice n where n.window_id = $1 order by number`,
        [windowId],
      )) as { members: number; rows: number }[];
      expect(notices.length).toBeGreaterThan(2);
      expect(notices.map(({ rows }) => rows)).toEqual(notices.map(({ members: asked }) => asked));
      expect(notices.reduce((sum, { members: asked }) => sum + asked, 0)).toBe(40_002);
      expect(await db.transaction((tx) => recount(tx, windowId))).toBe(0);
    });

    describe('again', () => {
      const bad = rosterRow(1, { name: '' });

      it('is known by its groups of rows, and only what has changed is worked through', async () => {
        const windowId = await newWindow();
        const rows = [...people(100_000, 6_000), bad, rosterRow(100_000)];
        const first = await importRows(windowId, csv(...rows));
        expect(first).toMatchObject({ accepted: 6_000, refused: 2, reasons: { 'name-missing': 1, duplicate: 1 } });
        const written = async () =>
          (await source.query(`select count(*)::int as n, sum(version)::int as versions from member`))[0] as {
            n: number;
            versions: number;
          };
        const before = await written();
        const again = await importRows(windowId, csv(...rows));
        expect({ ...again, importId: '' }).toEqual({ ...first, importId: '', unchanged: 6_000 });
        expect(await written()).toEqual(before);
        expect(await rosters.refusals(again.importId, clerk)).toMatchObject([
          { row: 6_002, reason: 'name-missing' },
          { row: 6_003, reason: 'duplicate' },
        ]);
        // One row in, one out, one corrected.
        rows.splice(10, 1, rosterRow(200_000), rosterRow(100_010, { phone: '19911112222' }));
        rows.splice(3_000, 1);
        const changed = await importRows(windowId, csv(...rows));
        expect(changed).toMatchObject({ accepted: 6_000, refused: 2, unchanged: 5_998 });
        const after = await written();
        expect([after.n - before.n, after.versions - before.versions]).toEqual([1, 2]);
      });

      it('takes the second row of a person once the first is gone from the file', async () => {
        const windowId = await newWindow();
        const second = rosterRow(300_000, { phone: '19922223333' });
        await importRows(windowId, csv(rosterRow(300_000), ...people(310_000, 1_500), second, ...people(320_000, 800)));
        const { reasons, accepted } = await importRows(windowId, csv(...people(310_000, 1_500), second, ...people(320_000, 800)));
        expect([reasons, accepted]).toEqual([{}, 2_301]);
      });

      it('puts back what a later one had changed', async () => {
        const windowId = await newWindow();
        const rows = people(340_000, 6_000);
        const later = rows.with(0, rosterRow(340_000, { insutype: '390', phone: '19933334444' }));
        await importRows(windowId, csv(...rows));
        expect(await importRows(windowId, csv(...later))).toMatchObject({ accepted: 6_000, unchanged: 5_999 });
        const member = async () =>
          (await source.query('select insutype, version from member where id = $1', [vault.memberId(personalNumber(340_000))])) as unknown;
        expect(await importRows(windowId, csv(...rows))).toMatchObject({ accepted: 6_000, unchanged: 5_999 });
        expect(await member()).toEqual([{ insutype: '310', version: 3 }]);
        expect(await importRows(windowId, csv(...later))).toMatchObject({ accepted: 6_000, unchanged: 5_999 });
        expect(await importRows(windowId, csv(...later))).toMatchObject({ accepted: 6_000, unchanged: 6_000 });
        expect(await member()).toEqual([{ insutype: '390', version: 4 }]);
      });

      it('keeps the groups that the later one held too', async () => {
        const windowId = await newWindow();
        const rows = people(350_000, 3_000);
        await importRows(windowId, csv(...rows));
        await importRows(windowId, csv(...rows.with(1_500, rosterRow(351_500, { phone: '19933334444' }))));
        const groups = (await source.query(
          `select count(*) filter (where overtaken_by = '{}')::int as held, count(*) filter (where overtaken_by <> '{}')::int as overtaken
           from roster_block where window_id = $1`,
          [windowId],
        )) as { held: number; overtaken: number }[];
        expect(groups).toMatchObject([{ overtaken: 1 }]);
        expect(groups[0]!.held).toBeGreaterThan(2);
      });

      it('puts back what came in through another window', async () => {
        const [windowId, other] = [await newWindow(), await newWindow()];
        await importRows(windowId, csv(rosterRow(360_000), rosterRow(360_001)));
        await importRows(other, csv(rosterRow(360_000, { insutype: '390' })));
        expect(await importRows(windowId, csv(rosterRow(360_000), rosterRow(360_001)))).toMatchObject({ accepted: 2, unchanged: 1 });
        expect(await source.query('select insutype from member where id = $1', [vault.memberId(personalNumber(360_000))])).toEqual([
          { insutype: '310' },
        ]);
      });

      it('asks again what the file alone could not decide', async () => {
        const windowId = await newWindow();
        await importRows(windowId, csv(rosterRow(330_000)));
        const others = csv(rosterRow(330_000, { unitCode: OTHER_UNIT }), rosterRow(330_001, { unitCode: OTHER_UNIT }));
        const again = csv(rosterRow(330_000, { unitCode: OTHER_UNIT }), rosterRow(330_001, { unitCode: OTHER_UNIT }));
        for (const file of [others, again]) expect((await importRows(windowId, file)).reasons).toEqual({ duplicate: 1 });
        await source.query('delete from enrolment where member_id = $1', [vault.memberId(personalNumber(330_000))]);
        const freed = csv(rosterRow(330_000, { unitCode: OTHER_UNIT }), rosterRow(330_001, { unitCode: OTHER_UNIT }));
        expect(await importRows(windowId, freed)).toMatchObject({ accepted: 2, reasons: {} });
        // Put right what was deleted behind the back of the count.
        await db.transaction((tx) => recount(tx, windowId));
      });
    });

    describe('whose process died', () => {
      /** Dies in its n-th transaction: the connection is gone, and nothing after it happens. */
      class Dying extends Database {
        constructor(
          source: DataSource,
          private left: number,
        ) {
          super(source);
        }
        override transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
          if (this.left-- > 0) return super.transaction(work);
          return super.transaction(async (tx) => {
            await work(tx);
            return new Promise<never>((_, reject) => setTimeout(() => reject(new Died()), 5));
          });
        }
        override get direct(): Transaction {
          if (this.left < 0) throw new Died();
          return super.direct;
        }
      }
      class Died extends Error {}

      it.each([0, 1, 2, 3])('in chunk %i goes on from there when its lease has run out, and enrols nobody twice', async (chunk) => {
        const windowId = await newWindow();
        const from = 400_000 + chunk * 50_000;
        await importRows(windowId, csv(rosterRow(1, { unitCode: OTHER_UNIT })));
        const rows = Array.from({ length: 20_000 }, (_, i) => rosterRow(from + i, i < 100 ? { unitCode: OTHER_UNIT } : {}));
        rows.splice(7_000, 0, rosterRow(from + 1), rosterRow(1, { name: '' }));
        rows.splice(15_000, 0, rosterRow(from + 2));
        const started = clock.now();
        const dying = new Dying(source, chunk);
        const failing = new RosterService(db, clock, vault, new RosterImportService(dying, clock, vault));
        await expect(failing.importRoster({ windowId, fileName: 'a.csv', principal: clerk, stream: csv(...rows) })).rejects.toThrow(Died);

        const imports = new RosterImportService(db, clock, vault);
        expect(await importsDue()).toEqual([]);
        clock.set(new Date(started.getTime() + 61_000));
        const [id] = await importsDue();
        await Promise.all([imports.resume([]), imports.resume([id!])]);
        const done = await rosters.read(id!, clerk);
        expect(done).toMatchObject({ state: 'done', percent: 100, rows: 20_003, accepted: 20_000, refused: 3, othersEnrolled: 1 });
        expect(done.reasons).toEqual({ duplicate: 2, 'name-missing': 1 });
        expect((await rosters.refusals(id!, clerk)).map(({ row }) => row)).toEqual([7_002, 7_003, 15_002]);
        expect(await windows.countdown(windowId)).toMatchObject({ enrolled: 20_001 });
        expect(await importsDue()).toEqual([]);
        clock.set(started);
      });

      it('does not overtake the groups that it found before', async () => {
        const windowId = await newWindow();
        const [first, last] = [people(600_000, 2_000), people(602_000, 1_000)];
        await importRows(windowId, csv(...first, ...last));
        const started = clock.now();
        const failing = new RosterService(db, clock, vault, new RosterImportService(new Dying(source, 1), clock, vault));
        const later = csv(...first, ...people(603_000, 3_000), ...last.with(999, rosterRow(602_999, { phone: '19933334444' })));
        await expect(failing.importRoster({ windowId, fileName: 'a.csv', principal: clerk, stream: later })).rejects.toThrow(Died);
        clock.set(new Date(started.getTime() + 61_000));
        const [id] = await importsDue();
        await new RosterImportService(db, clock, vault).resume([]);
        expect(await rosters.read(id!, clerk)).toMatchObject({ accepted: 6_000, unchanged: 2_999 });
        clock.set(started);
        // All that it holds is its own; the others held somebody that it changed.
        const groups = (await source.query(
          `select sum(rows) filter (where taken_by = $2)::int as own, every(taken_by = $2 or overtaken_by = array[$2]::uuid[]) as others,
                  every(taken_by <> $2 or overtaken_by = '{}') as held from roster_block where window_id = $1`,
          [windowId, id],
        )) as unknown[];
        expect(groups).toEqual([{ own: 6_000, others: true, held: true }]);
      });

      it('while the file came in is told to its clerk', async () => {
        const windowId = await newWindow();
        const started = clock.now();
        await source.query(
          `insert into roster_import (id, window_id, file_name, received_at, received_by, state) values ($1, $2, 'a.csv', $3, 'clerk', 'receiving')`,
          [NIL, windowId, started],
        );
        const imports = new RosterImportService(db, clock, vault);
        clock.set(new Date(started.getTime() + 7 * 3_600_000));
        expect(await importsDue()).toEqual([NIL]);
        await imports.resume([]);
        expect(await rosters.read(NIL, clerk)).toMatchObject({ state: 'failed', failure: { code: 'roster-cut-off' } });
        clock.set(started);
      });
    });

    it('of a spreadsheet goes back with what was found in a column, and comes in again as it was', async () => {
      const windowId = await newWindow();
      const book = new ExcelJS.Workbook();
      const sheet = book.addWorksheet('花名册');
      sheet.addRow(['某单位职工互助保障花名册']);
      sheet.addRow(['序号', '统一社会信用代码', '工作单位', '姓名*', '身份证号', '手机号码', '险种', '银行账号', '开户行']);
      const line = (serial: number, personal: string | number) =>
        sheet.addRow([serial, UNIT, '第一基层工会', `职工${serial}`, personal, '19900000000', '310', '6228480402564890018', '模拟银行']);
      line(1, personalNumber(50_001));
      line(2, Number(personalNumber(50_002).slice(0, 17) + '0'));
      line(3, personalNumber(50_003));
      sheet.addRow(['合计', 3]);
      const file = Buffer.from(await book.xlsx.writeBuffer());
      const upload = { windowId, fileName: '花名册.xlsx', principal: clerk };
      const first = await rosters.importRoster({ ...upload, stream: Readable.from([file]) });
      expect(first).toMatchObject({ rows: 4, accepted: 2, refused: 2, reasons: { 'id-number-lost': 1, 'note-row': 1 } });

      const { body, fileName } = await rosters.findingsFile(first.importId, clerk);
      expect(fileName).toBe('花名册-核对结果.xlsx');
      const back = Buffer.concat(await body.toArray());
      const read = new ExcelJS.Workbook();
      await read.xlsx.load(back as unknown as ArrayBuffer);
      const column = read.worksheets[0]!.getColumn(10)
        .values.slice(2)
        .map((cell) => (typeof cell === 'string' ? cell : ''));
      expect(column[0]).toBe('核对结果');
      expect(column[2]).toContain('身份证');
      expect(await rosters.importRoster({ ...upload, stream: Readable.from([back]) })).toMatchObject({
        accepted: 2,
        reasons: { 'id-number-lost': 1, 'note-row': 1 },
      });
      await expect(rosters.findingsFile(first.importId, { ...clerk, organisationPath: '/45/4599/459998/' })).rejects.toMatchObject({
        code: 'forbidden',
      });
    });

    it('is stored sealed, and forgotten after thirty days', async () => {
      const windowId = await newWindow();
      const { importId } = await importRows(windowId, csv(rosterRow(40)));
      const [{ sealed }] = (await source.query('select sealed from roster_file_part where import_id = $1', [importId])) as [
        { sealed: Buffer },
      ];
      expect(sealed.includes(personalNumber(40))).toBe(false);
      expect(vault.openBytes(sealed).toString()).toContain(personalNumber(40));
      const started = clock.now();
      const imports = new RosterImportService(db, clock, vault);
      expect(await imports.hasOldFiles()).toBe(false);
      clock.set(new Date(started.getTime() + 31 * 86_400_000));
      expect(await imports.hasOldFiles()).toBe(true);
      await imports.forget();
      expect(await source.query('select from roster_file_part')).toEqual([]);
      await expect(rosters.findingsFile(importId, clerk)).rejects.toMatchObject({
        code: 'roster-file',
        message: expect.stringContaining('deleted 30 days after'),
      });
      expect(await imports.hasOldFiles()).toBe(false);
      clock.set(started);
    });

    it('is listed with the others of its window, newest first, a page at a time', async () => {
      const windowId = await newWindow();
      await importRows(await newWindow(), csv(rosterRow(1)));
      const [first, second] = [
        await importRows(windowId, csv(rosterRow(1))),
        await importRows(windowId, csv(rosterRow(1), rosterRow(2, { name: '' }))),
      ];
      await expect(importRows(windowId, Readable.from([]))).rejects.toMatchObject({ code: 'roster-empty' });
      const { rosters: listed, next } = await rosters.list(windowId, clerk);
      expect(listed).toEqual([
        expect.objectContaining({ state: 'failed', rows: 0, failure: { code: 'roster-empty', message: expect.stringContaining('empty') } }),
        expect.objectContaining({ importId: second.importId, state: 'done', percent: 100, rows: 2, accepted: 1, refused: 1, unchanged: 1 }),
        expect.objectContaining({
          importId: first.importId,
          fileName: '花名册.csv',
          receivedAt: clock.now(),
          receivedBy: clerk.userId,
          accepted: 1,
          failure: null,
        }),
      ]);
      expect(next).toBeUndefined();
      await source.query(
        `insert into roster_import (id, window_id, file_name, received_at, received_by, state)
         select gen_random_uuid(), window_id, i || '.csv', received_at + i * interval '1 s', received_by, 'done' from roster_import, generate_series(1, 100) i where id = $1`,
        [first.importId],
      );
      const page = await rosters.list(windowId, auditor);
      const rest = await rosters.list(windowId, auditor, page.next);
      expect([...page.rosters, ...rest.rosters].map(({ fileName }) => fileName)).toEqual([
        ...Array.from({ length: 100 }, (_, i) => `${100 - i}.csv`),
        ...listed.map(({ fileName }) => fileName),
      ]);
      expect([page.rosters.length, rest.next]).toEqual([100, undefined]);
      for (const organisationPath of ['/45/4599/459998/', `${clerk.organisationPath}${UNIT}/`])
        await expect(rosters.list(windowId, { ...clerk, organisationPath })).rejects.toMatchObject({ code: 'forbidden' });
      await expect(rosters.list(NIL, clerk)).rejects.toMatchObject({ code: 'window' });
    });

    it('is seen by the clerk of its organisation and by nobody below or beside', async () => {
      const windowId = await newWindow();
      const { importId } = await importRows(windowId, csv(rosterRow(1)));
      expect(await rosters.read(importId, auditor)).toMatchObject({ rows: 1 });
      await expect(rosters.read(importId, { ...clerk, organisationPath: '/45/4599/459998/' })).rejects.toMatchObject({ code: 'forbidden' });
    });
  });

  describe('contributions', () => {
    it('full, in parts, too much and without a known notice are each booked, and a paid notice starts covers', async () => {
      const windowId = await newWindow();
      await importRows(windowId, csv(rosterRow(1), rosterRow(2), rosterRow(3, { unitCode: OTHER_UNIT })));
      expect(await contributions.issueNotices(windowId, administrator)).toEqual({
        notices: 2,
        members: 3,
        amountFen: 30_000,
        waitingUnits: 0,
      });
      expect(await contributions.issueNotices(windowId, administrator)).toEqual({ notices: 0, members: 0, amountFen: 0, waitingUnits: 0 });
      const notices = new Map((await contributions.notices(windowId, auditor)).map((notice) => [notice.unitCode, notice]));
      const [two, one] = [notices.get(UNIT)!, notices.get(OTHER_UNIT)!];
      expect([two.amountFen, one.amountFen]).toEqual([20_000, 10_000]);
      const before = await postedFen();

      const first = statement([
        { amountFen: 5_000, reference: two.reference },
        { amountFen: 10_000, reference: `互助金 ${one.reference.toLowerCase()}` },
        { amountFen: 700, reference: '不明' },
      ]);
      expect(await contributions.matchStatement(first.on, first.statement)).toEqual({
        credits: 3,
        matched: 2,
        suspended: 1,
        noticesPaid: 1,
        coversStarted: 1,
      });
      const second = statement([{ amountFen: 16_000, reference: two.reference }]);
      expect(await contributions.matchStatement(second.on, second.statement)).toEqual({
        credits: 1,
        matched: 1,
        suspended: 1,
        noticesPaid: 1,
        coversStarted: 2,
      });

      const after = await postedFen();
      expect({ fund: after.fund - before.fund, suspense: after.suspense - before.suspense }).toEqual({ fund: 30_000, suspense: 1_700 });
      const ids = [1, 2, 3].map((serial) => vault.memberId(personalNumber(serial)));
      const covers = (await coversOf(db.direct, ids)).filter((cover) => cover.coverFrom === `${year + 1}-01-01`);
      expect(covers).toHaveLength(3);
      expect(covers.find((cover) => cover.memberId === ids[2])).toMatchObject({
        coverTo: `${year + 1}-12-31`,
        organisationPath: `${COUNTY}${OTHER_UNIT}/`,
      });
      expect(await windows.countdown(windowId)).toMatchObject({ enrolled: 3, covered: 3, units: 2 });

      expect(await contributions.matchStatement(second.on, second.statement)).toMatchObject({ credits: 0, coversStarted: 0 });
      expect(await postedFen()).toEqual(after);
      const changed = {
        ...second.statement,
        closingFen: second.statement.closingFen + 1,
        lines: [{ ...second.statement.lines[0]!, amountFen: 16_001 }],
      };
      expect(() => contributions.matchStatement(second.on, { ...second.statement, closingFen: 0 })).toThrow(
        expect.objectContaining({ code: 'statement-balance' }),
      );
      await expect(contributions.matchStatement(second.on, changed)).rejects.toMatchObject({ code: 'statement-changed' });

      // Who joins later gets a further notice; a credit that a later statement repeats is booked once.
      await importRows(windowId, csv(rosterRow(4)));
      expect(await contributions.issueNotices(windowId)).toEqual({ notices: 1, members: 1, amountFen: 10_000, waitingUnits: 0 });
      const further = (await contributions.notices(windowId, clerk)).find((notice) => notice.state === 'open')!;
      expect(further.reference).toBe(`${two.reference.slice(0, -2)}02`);
      const third = statement([{ amountFen: 10_000, reference: further.reference }, { ...second.statement.lines[0]! }]);
      expect(await contributions.matchStatement(third.on, third.statement)).toEqual({
        credits: 1,
        matched: 1,
        suspended: 0,
        noticesPaid: 1,
        coversStarted: 1,
      });
      const numbers = await source.query('select number from cover');
      expect(new Set(numbers.map((row: { number: string }) => row.number)).size).toBe(numbers.length);
      expect(numbers[0].number).toMatch(/^guangxi-1-2025-\d{4}-\d{10}$/);
    });

    it('are seen by a clerk for the own organisation only', async () => {
      const windowId = await newWindow();
      await importRows(windowId, csv(rosterRow(1), rosterRow(2, { unitCode: OTHER_UNIT })));
      await contributions.issueNotices(windowId);
      expect(await contributions.notices(windowId, clerk)).toHaveLength(2);
      expect(await contributions.notices(windowId, { ...clerk, organisationPath: `${COUNTY}${UNIT}/` })).toMatchObject([
        { unitCode: UNIT },
      ]);
      expect(await contributions.notices(windowId, { ...clerk, organisationPath: '/45/4599/459998/' })).toEqual([]);
    });

    it('are looked for on every day whose statement is ready and not stored', async () => {
      await newWindow();
      const stored = new Set(
        (await source.query('select "on"::text as "on" from collection_statement')).map((row: { on: string }) => row.on),
      );
      const due = await contributions.collectionDaysDue(chinaInstant(addDays(OPENS, 10), '20:00'));
      expect(due).toEqual(Array.from({ length: 11 }, (_, i) => addDays(OPENS, i)).filter((on) => !stored.has(on)));
      expect(await contributions.collect(due[0]!)).toBeUndefined();
      day = due[0]!;
      const empty = statement([]);
      bank.days.set(empty.on, empty.statement);
      expect(await contributions.collect(due[0]!)).toMatchObject({ credits: 0 });
      expect(await contributions.collectionDaysDue(chinaInstant(addDays(OPENS, 10), '20:00'))).toEqual(due.slice(1));
    });
  });

  describe('a member', () => {
    const id = vault.memberId(personalNumber(900));
    const phone = '19900000900';
    const later = (seconds: number) => clock.set(new Date(clock.now().getTime() + seconds * 1000));

    beforeAll(async () => {
      await importRows(await newWindow(), csv(rosterRow(900), rosterRow(901)));
    });

    it('gets a code only when number and phone both match, and the answer is the same', async () => {
      expect(await members.requestCode(personalNumber(900), '19911111111')).toBeUndefined();
      expect(await members.requestCode(personalNumber(999), phone)).toBeUndefined();
      expect(messenger.codes.size).toBe(0);
      expect(await members.requestCode(personalNumber(900).toLowerCase(), ` ${phone}`)).toBeUndefined();
      expect(messenger.codes.get(id)).toMatch(/^\d{6}$/);
      const stored = await source.query('select * from login_code');
      expect(stored).toHaveLength(1);
      expect(JSON.stringify(stored)).not.toContain(messenger.codes.get(id)!);
    });

    it('logs in with the code, once', async () => {
      const code = messenger.codes.get(id)!;
      const { token } = await members.login(personalNumber(900), code);
      expect(new Tokens(vault).verify(token)).toMatchObject({ roles: ['member'], memberId: id });
      await expect(members.login(personalNumber(900), code)).rejects.toMatchObject({ code: 'login' });
    });

    it('has five attempts and five minutes, and a minute between codes', async () => {
      await members.requestCode(personalNumber(900), phone);
      const code = messenger.codes.get(id)!;
      await members.requestCode(personalNumber(900), phone);
      expect(messenger.codes.get(id)).toBe(code);
      const wrong = code === '000000' ? '000001' : '000000';
      for (let i = 0; i < 5; i++) await expect(members.login(personalNumber(900), wrong)).rejects.toMatchObject({ code: 'login' });
      await expect(members.login(personalNumber(900), code)).rejects.toMatchObject({ code: 'login' });
      later(60);
      await members.requestCode(personalNumber(900), phone);
      const next = messenger.codes.get(id)!;
      later(300);
      await expect(members.login(personalNumber(900), next)).rejects.toMatchObject({ code: 'login' });
    });

    it('can ask again at once when the code could not be sent', async () => {
      messenger.failing = true;
      expect(await members.requestCode(personalNumber(900), phone)).toBeUndefined();
      messenger.failing = false;
      await members.requestCode(personalNumber(900), phone);
      await members.login(personalNumber(900), messenger.codes.get(id)!);
    });

    it('changes the bank account, which wakes payments and outlives the next roster', async () => {
      const self: Principal = { userId: id, login: id, roles: ['member'], organisationPath: COUNTY, memberId: id };
      await source.query('delete from outbox');
      await expect(members.changeBankAccount(self, { account: '12', bankName: '某行' })).rejects.toMatchObject({ code: 'bank-account' });
      await members.changeBankAccount(self, { account: '6228 4804 0256 4890 026', bankName: '新银行' });
      expect(await source.query('select queue, command, ids from outbox')).toEqual([{ queue: 'payment', command: 'resume', ids: [id] }]);
      expect(await source.query('select action, subject from audit_record order by id desc limit 1')).toEqual([
        { action: 'member.change-own-account', subject: id },
      ]);
      await importRows(await newWindow(), csv(rosterRow(900, { phone: '19988888888' })));
      const payees = await payeesOf(db.direct, vault, [id, vault.memberId(personalNumber(901)), vault.memberId('x')]);
      expect(payees.get(id)).toEqual({ name: '职工900', bankAccount: '6228480402564890026', bankName: '新银行' });
      expect(payees.size).toBe(2);
      expect(await members.own(self)).toMatchObject({
        name: '职****',
        phone: '1998***8888',
        bankAccount: '6228***********0026',
        unit: { code: UNIT },
        covers: [],
      });
      await expect(members.own(clerk)).rejects.toMatchObject({ code: 'forbidden' });
      expect((await memberCounts(db.direct)).members).toBeGreaterThan(2);
    });

    it('is not readable in the database', async () => {
      const [row] = (await source.query('select sealed, own_account from member where id = $1', [id])) as {
        sealed: Buffer;
        own_account: Buffer;
      }[];
      const stored = Buffer.concat([row!.sealed, row!.own_account]);
      for (const secret of [personalNumber(900), '职工900', '19988888888', '6228480402564890018', '新银行'])
        expect(stored.includes(secret)).toBe(false);
    });
  });

  it('has counted as many people in every unit as are enrolled there, however they came', async () => {
    const windows = (await source.query('select distinct window_id as id from enrolment')) as { id: string }[];
    expect(windows.length).toBeGreaterThan(3);
    for (const { id } of windows) expect(await db.transaction((tx) => recount(tx, id))).toBe(0);
  });

  it('keeps the tables that the entities describe', async () => {
    for (const { tableName, columns } of source.entityMetadatas) {
      const stored = await source.query('select column_name, is_nullable from information_schema.columns where table_name = $1', [
        tableName,
      ]);
      const described = columns.map((column) => [column.databaseName, column.isNullable ? 'YES' : 'NO']).sort();
      expect(stored.map((row: { column_name: string; is_nullable: string }) => [row.column_name, row.is_nullable]).sort()).toEqual(
        described,
      );
    }
  });
});
