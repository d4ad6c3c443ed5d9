/** Contribution money through everything there is: HTTP, queue, worker, bank and public finance; the queue is lost on the way, and public finance is closed. */
import type { ContributionSummary, NoticeView, ReceiptView, RefundView, SuspenseView } from '@app/enrolment';
import { addDays, chinaInstant, civilDate } from '@app/kernel';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Conductor } from '../../apps/standalone/src/conductor.js';
import { COUNTY, People } from '../../apps/standalone/src/people.js';
import { Progress } from '../../apps/standalone/src/progress.js';
import { startSystem, type HubaoSystem } from '../../apps/standalone/src/system.js';
import { bankAccount, personalNumber } from '../support/people.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const UNIT = { code: '91350100M000100Y43', name: '第一基层工会' };
const HEADER = '银行卡号,开户银行,单位统一社会信用代码,单位名称,姓名,身份证号码,手机号,医保险种,备注';
const ROSTER = [1, 2, 3].map(
  (serial) => `${bankAccount(serial)},模拟银行,${UNIT.code},${UNIT.name},某人,${personalNumber(serial)},1990000000${serial},310,`,
);
const OPENS = civilDate('2025-09-01');

let database: TestDatabase;
let directory: string;
let system: HubaoSystem;
let people: People;
let conductor: Conductor;
let windowId: string;
let notice: NoticeView;
let today = OPENS;

beforeAll(async () => {
  database = await createTestDatabase([]);
  directory = mkdtempSync(join(tmpdir(), 'hubao-'));
  system = await startSystem({
    databaseUrl: database.url,
    clockFile: join(directory, 'clock'),
    startAt: chinaInstant(OPENS, '09:00'),
    sweepEveryMs: 100,
  });
  people = await People.hire(system);
  conductor = new Conductor(system, people, new Progress(new PassThrough() as unknown as NodeJS.WriteStream));
  ({ id: windowId } = await people.staff.administrator.enrolment<{ id: string }>('POST', '/windows', {
    planId: 'guangxi-1-2025',
    organisationCode: COUNTY.code,
    opensAt: chinaInstant(OPENS).toISOString(),
    closesAt: chinaInstant(civilDate('2025-12-11')).toISOString(),
    coverFrom: '2026-01-01',
    coverTo: '2026-12-31',
    contributionFen: 10_000,
    shares: { memberFen: 6_000, unitFen: 3_000, fundFen: 1_000 },
  }));
  await people.uploadRoster(windowId, '花名册.csv', [HEADER, ...ROSTER, ''].join('\n'));
  await people.notices(windowId);
  [notice] = (await people.staff.maker.enrolment<NoticeView[]>('GET', `/windows/${windowId}/payment-notices`)) as [NoticeView];
}, 120_000);

afterAll(async () => {
  await system?.stop();
  await database?.drop();
  rmSync(directory, { recursive: true });
});

const post = (url: string, body: object) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const pay = (bankReference: string, amountFen: number, reference: string, payerName: string) =>
  post(`${system.bank.url}/credits`, { bankReference, account: system.config.collectionAccount, amountFen, reference, payerName });
const loseQueue = () => system.database.direct.query('delete from bullmq.job');
/** Evening, until nothing is due, and the next morning. */
const closeDay = async () => {
  system.clock!.advanceTo(chinaInstant(today, '20:00'));
  await conductor.rest();
  today = addDays(today, 1);
  system.clock!.advanceTo(chinaInstant(today, '09:00'));
};
const summary = () => people.staff.leader.enrolment<ContributionSummary>('GET', `/contributions/summary?windowId=${windowId}`);

it('a unit’s money pays its notice and starts covers, and public finance receipts it as soon as it answers', async () => {
  expect(notice).toMatchObject({ unitCode: UNIT.code, memberFen: 18_000, unitFen: 9_000, fundFen: 3_000, amountFen: 27_000 });
  await post(`${system.treasury.url}/faults`, { unavailableReceipts: 4 });
  await pay('C1', 27_000, notice.reference, UNIT.name);
  await pay('C2', 27_000, notice.reference, UNIT.name);
  const path = `/payment-notices/${notice.id}/receipt`;
  await closeDay();
  expect(await people.staff.clerk.enrolment<ReceiptView[]>('GET', path)).toMatchObject([
    { state: 'issued', amountFen: 27_000, issuedOn: OPENS },
  ]);
  expect(await people.countdown(windowId)).toMatchObject({ enrolled: 3, covered: 3 });
  expect(await summary()).toMatchObject({
    received: { memberFen: 18_000, unitFen: 9_000, fundFen: 3_000, suspenseFen: 27_000 },
    equalsBooks: true,
    openLines: 0,
  });
  await expect(people.staff.clerk.enrolment('POST', path)).rejects.toMatchObject({ status: 403 });
  await expect(people.staff.maker.enrolment('POST', path)).rejects.toMatchObject({ status: 409 });
});

it('what it paid twice is given back by two people, though the queue is lost and the bank falls silent', async () => {
  const { maker, checker, clerk } = people.staff;
  await expect(clerk.enrolment('GET', '/contributions/suspense')).rejects.toMatchObject({ status: 403 });
  const { credits } = await maker.enrolment<SuspenseView>('GET', '/contributions/suspense');
  expect(credits).toMatchObject([{ restFen: 27_000, ageDays: 1, age: '0-7', reason: 'notice-paid', suggestions: [] }]);
  const request = {
    creditId: credits[0]!.id,
    amountFen: 27_000,
    bankAccount: bankAccount(9_000),
    bankName: '模拟银行',
    reason: '重复缴费',
  };
  await expect(maker.enrolment('POST', '/contributions/refunds', { ...request, bankAccount: 'x' })).rejects.toMatchObject({ status: 422 });
  await expect(maker.enrolment('POST', '/contributions/refunds', { ...request, creditId: undefined })).rejects.toMatchObject({
    status: 422,
  });
  const { id } = await maker.enrolment<{ id: string }>('POST', '/contributions/refunds', request);
  await expect(maker.enrolment('POST', `/contributions/refunds/${id}/check`)).rejects.toMatchObject({ status: 403 });
  await post(`${system.bank.url}/faults`, { dropAnswers: 1 });
  await checker.enrolment('POST', `/contributions/refunds/${id}/check`);
  await loseQueue();
  await conductor.rest();
  await closeDay();
  expect(await checker.enrolment<RefundView[]>('GET', '/contributions/refunds')).toMatchObject([
    { id, state: 'paid', amountFen: 27_000, proposedBy: expect.any(String), settledOn: addDays(OPENS, 1) },
  ]);
  expect(await summary()).toMatchObject({ received: { suspenseFen: 0, refundedFen: 27_000 }, equalsBooks: true, openLines: 0 });
  const balance = (await (await fetch(`${system.bank.url}/balance/${system.config.collectionAccount}`)).json()) as { balanceFen: number };
  expect(balance).toEqual({ balanceFen: 27_000 });
  expect((await people.report()).invariants).toMatchObject({ ledgerBalanced: true, ledgerEqualsBank: true });
});

it('what is named wrongly is matched by hand, by two people', async () => {
  const { administrator, maker, checker } = people.staff;
  const more = `${bankAccount(4)},模拟银行,${UNIT.code},${UNIT.name},某人,${personalNumber(4)},19900000004,310,`;
  await people.uploadRoster(windowId, '补充.csv', [HEADER, more, ''].join('\n'));
  await administrator.enrolment('POST', `/windows/${windowId}/payment-notices`);
  const open = (await maker.enrolment<NoticeView[]>('GET', `/windows/${windowId}/payment-notices`)).find(({ state }) => state === 'open')!;
  await pay('C3', 9_000, open.reference.replace('M', 'W'), '代付人');
  await closeDay();
  const [credit] = (await maker.enrolment<SuspenseView>('GET', '/contributions/suspense')).credits;
  expect(credit!.suggestions).toMatchObject([{ id: open.id, reasons: ['similar-reference', 'same-amount'] }]);
  const matches = [{ noticeId: open.id, amountFen: 9_000 }];
  const propose = `/contributions/suspense/${credit!.id}/matches`;
  for (const wrong of [[], [...matches, ...matches], [{ noticeId: open.id, amountFen: 0.5 }]])
    await expect(maker.enrolment('POST', propose, { matches: wrong })).rejects.toMatchObject({ status: 422 });
  const { id } = await maker.enrolment<{ id: string }>('POST', propose, { matches });
  expect(await checker.enrolment('GET', '/contributions/suspense/matches')).toMatchObject([{ id, lines: [{ amountFen: 9_000 }] }]);
  expect(await checker.enrolment('POST', `/contributions/suspense/matches/${id}/confirmation`)).toEqual({
    noticesPaid: 1,
    coversStarted: 1,
  });
  await conductor.rest();
  expect(await maker.enrolment('GET', `/payment-notices/${open.id}/receipt`)).toMatchObject([{ state: 'issued' }]);
  expect(await maker.enrolment('GET', '/contributions/doubles')).toEqual([]);
  expect(await summary()).toMatchObject({
    received: { memberFen: 24_000, unitFen: 12_000, fundFen: 4_000, suspenseFen: 0 },
    equalsBooks: true,
  });
});
