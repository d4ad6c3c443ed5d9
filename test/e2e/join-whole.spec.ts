/** A member joins alone on the whole system: the code by the official account, the payment at WeChat, its notification, the cover, the receipt. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { chinaInstant, civilDate } from '@app/kernel';
import { PersonalDataVault } from '@app/platform';
import type { StoredTemplateMessage } from '@app/contracts';
import type { ContributionSummary } from '@app/enrolment';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpPerson } from '../../apps/standalone/src/http-person.js';
import { People } from '../../apps/standalone/src/people.js';
import { startSystem, type HubaoSystem } from '../../apps/standalone/src/system.js';
import { ROSTER_HEADER, rosterLine } from '../bench/roster-lines.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const MASTER_KEY = Buffer.alloc(32, 3).toString('base64');
const PEOPLE = 3;

let database: TestDatabase;
let system: HubaoSystem;
let people: People;
let windowId: string;
const directory = mkdtempSync(join(tmpdir(), 'hubao-'));
const cellsOf = (serial: number) => rosterLine(serial).split(',');
const memberIdOf = (serial: number) => new PersonalDataVault(MASTER_KEY).memberId(cellsOf(serial)[3]!);

beforeAll(async () => {
  database = await createTestDatabase([]);
  system = await startSystem({
    databaseUrl: database.url,
    masterKey: MASTER_KEY,
    clockFile: join(directory, 'clock'),
    startAt: chinaInstant(civilDate('2024-10-08'), '09:00'),
    sweepEveryMs: 100,
  });
  people = await People.hire(system);
  const window = (planId: string, year: number) =>
    people.openWindow({
      planId,
      opensAt: '2024-09-01T00:00:00+08:00',
      closesAt: '2024-12-11T00:00:00+08:00',
      coverFrom: `${year}-01-01`,
      coverTo: `${year}-12-31`,
      contributionFen: 10_000,
    });
  // Known by the roster of another plan, and in nobody's roster for this one.
  const other = await window('hainan-2', 2025);
  await people.uploadRoster(other.id, 'roster.csv', [ROSTER_HEADER, ...Array.from({ length: PEOPLE }, (_, i) => rosterLine(i))].join('\n'));
  windowId = (await window('guangxi-1-2025', 2025)).id;
});

afterAll(async () => {
  await system?.stop();
  await database?.drop();
  rmSync(directory, { recursive: true });
});

async function logIn(serial: number): Promise<HttpPerson> {
  const [, , , personalNumber, phone] = cellsOf(serial) as [string, string, string, string, string];
  const person = new HttpPerson(system.urls.enrolment, system.urls.claims);
  await person.enrolment('POST', '/login/member/code', { personalNumber, phone });
  const sent = (await (await fetch(`${system.wechat.url}/messages?touser=${memberIdOf(serial)}`)).json()) as StoredTemplateMessage[];
  return person.loginAsMember(personalNumber, sent.at(-1)!.data.code!.value);
}

interface Joined {
  readonly state: string;
  readonly ticket: string;
  readonly amountFen: number;
}

async function payAtWechat(member: HttpPerson, ticket: string, serial: number): Promise<void> {
  const { payParameters } = await member.enrolment<{ payParameters: { package: string } }>('GET', `/joins/${ticket}/payment`);
  const answer = await fetch(`${system.wechatPay.url}/phone/pay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prepay_id: payParameters.package.replace('prepay_id=', ''), payer: memberIdOf(serial) }),
  });
  expect(answer.status).toBe(200);
}

async function ended(member: HttpPerson, ticket: string): Promise<Joined> {
  for (let look = 0; look < 400; look++) {
    const view = await member.enrolment<Joined>('GET', `/joins/${ticket}`);
    if (view.state !== 'to-pay') return view;
    await sleep(25);
  }
  throw new Error('the join did not end');
}

it('is covered once WeChat has told of the payment, and public finance receipts it', async () => {
  const member = await logIn(0);
  const { state, ticket, amountFen } = await member.enrolment<Joined>('POST', `/windows/${windowId}/joins`);
  expect({ state, amountFen }).toEqual({ state: 'to-pay', amountFen: 10_000 });
  await payAtWechat(member, ticket, 0);
  expect(await ended(member, ticket)).toMatchObject({ state: 'covered', ticket });
  const own = await member.enrolment<{ covers: { planId: string; number: string }[] }>('GET', '/members/me');
  expect(own.covers).toMatchObject([{ planId: 'guangxi-1-2025' }]);
  const receipts = async () =>
    (await system.database.direct.query(`select kind, state, amount_fen::int as fen from contribution_receipt`)) as { state: string }[];
  for (let look = 0; (await receipts())[0]?.state !== 'issued' && look < 400; look++) await sleep(25);
  expect(await receipts()).toEqual([{ kind: 'phone', state: 'issued', fen: 10_000 }]);
});

it('is covered too when the notification never comes: the order is asked about', async () => {
  await fetch(`${system.wechatPay.url}/control/payers`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ payer: memberIdOf(1), ending: '0001' }),
  });
  const member = await logIn(1);
  const { ticket } = await member.enrolment<Joined>('POST', `/windows/${windowId}/joins`);
  await payAtWechat(member, ticket, 1);
  expect(await member.enrolment('GET', `/joins/${ticket}`)).toMatchObject({ state: 'to-pay' });
  system.clock!.advanceTo(new Date(system.clock!.now().getTime() + 5 * 60_000));
  expect(await ended(member, ticket)).toMatchObject({ state: 'covered' });
});

it('whose money WeChat hands on the next morning is found in the collection account to the fen', async () => {
  const { leader } = people.staff;
  const held = async () => (await leader.enrolment<ContributionSummary>('GET', '/contributions/summary')).heldByPhonePayFen;
  expect(await held()).toBe(20_000);
  system.clock!.advanceTo(chinaInstant(civilDate('2024-10-09'), '10:00'));
  await system.wechatPay.settleDue();
  // Until the bank's statement says so.
  expect(await held()).toBe(20_000);
  system.clock!.advanceTo(chinaInstant(civilDate('2024-10-09'), '20:00'));
  for (let look = 0; (await held()) !== 0 && look < 400; look++) await sleep(25);
  expect(await leader.enrolment('GET', '/contributions/summary')).toMatchObject({
    heldByPhonePayFen: 0,
    equalsBooks: true,
    openLines: 0,
    received: { phoneFen: 20_000, suspenseFen: 0 },
  });
});

it('whose payment does not add up is seen by finance, who says what was done about it', async () => {
  const path = '/contributions/phone-payments/flags';
  const flag = { orderNumber: 'not-an-order', fault: 'order-unknown' };
  await system.database.direct.query(
    `insert into phone_payment_flag (order_number, fault, amount_fen, flagged_at) values ('not-an-order', 'order-unknown', 100, $1)`,
    [system.clock!.now()],
  );
  const { clerk, maker, checker } = people.staff;
  await expect(clerk.enrolment('GET', path)).rejects.toMatchObject({ status: 403 });
  expect(await checker.enrolment('GET', path)).toMatchObject([{ ...flag, amountFen: 100, payment: null }]);
  const clearance = { ...flag, clearance: '商户平台已原路退回' };
  await expect(checker.enrolment('POST', `${path}/clearances`, clearance)).rejects.toMatchObject({ status: 403 });
  await expect(maker.enrolment('POST', `${path}/clearances`, { ...clearance, fault: 'other' })).rejects.toMatchObject({ status: 422 });
  await maker.enrolment('POST', `${path}/clearances`, clearance);
  await expect(maker.enrolment('POST', `${path}/clearances`, clearance)).rejects.toMatchObject({ status: 404 });
  expect(await maker.enrolment('GET', path)).toEqual([]);
  expect(await checker.enrolment('GET', '/contributions/phone-payments/refunds')).toEqual([]);
});
