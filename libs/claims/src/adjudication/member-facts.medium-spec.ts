/** What the path tells the calculator of a member: as much as the plan asks, from the covers as they stand. */
import { addDays, civilDate } from '@app/kernel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MIGRATIONS } from '../../../../apps/standalone/src/schema.js';
import { ClaimPath, PLAN_ID, UNIT_PATH, of, person } from '../../../../test/support/claim-path.js';
import { personalNumber } from '../../../../test/support/people.js';
import { planText } from '../../../../test/support/plan-file.js';
import { SAMPLE_BENEFIT_FEN, settlement } from '../../../../test/support/settlement.js';
import { decidedClaims } from '../claim.repository.js';
import { changedParts, type StoredDecision } from './replay.js';

const ADMITTED = civilDate('2025-02-20');
const why = 'interpreted: as the test has it';
const WAITING = `
waiting:
  days:
    cases:
      - { when: { enrolment: [new, late-renewal] }, value: 30, ${why} }
      - { when: { enrolment: [renewal] }, value: 0, ${why} }
    otherwise: refuse
  counted_from: { value: enrolment, ${why} }
renewal: { on_time_days: { value: 1, ${why} } }
`;

let path: ClaimPath;
beforeEach(async () => {
  path = await ClaimPath.create(MIGRATIONS);
});
afterEach(() => path.end());

const SECOND_VERSION = planText({ effectiveOn: '2025-01-02', firstRate: '30%' });
/** A second version of the model plan, in force from 2025-01-02 on, with these rules more. */
const inForce = async (more: string, version2 = SECOND_VERSION): Promise<void> => {
  const text = `${version2}\n${more}`;
  const { version, hash } = await path.plans.propose(person('administrator', 'administrator'), text);
  const { id } = await path.rehearsals.ask(person('administrator', 'administrator'), { planId: PLAN_ID, version }, PLAN_ID);
  await path.rehearsals.rehearse([id]);
  for (const name of ['leader', 'reviewer'] as const) await path.plans.sign(person(name, name), PLAN_ID, version, hash);
};

const enrolledOn = (day: string, serial = 1) =>
  path.rows('update cover set enrolled_on = $2 where member_id = $1', path.vault.memberId(personalNumber(serial)), day);
const addCover = (planId: string, from: string, to: string, enrolled: string) =>
  path.rows(
    `insert into cover (member_id, period_id, plan_id, cover_from, cover_to, number, organisation_path, notice_id, started_at, enrolled_on)
     values ($1, gen_random_uuid(), $2, $3, $4, gen_random_uuid()::text, $5, gen_random_uuid(), now(), $6)`,
    path.vault.memberId(personalNumber(1)),
    planId,
    from,
    to,
    UNIT_PATH,
    enrolled,
  );
const factsOf = async (settlementId = 'S0001'): Promise<Record<string, unknown>> => {
  const { id } = await path.claim(settlementId);
  const [row] = await path.rows<{ facts: string }>('select facts from decision where claim_id = $1', id);
  return JSON.parse(row!.facts) as Record<string, unknown>;
};
/** Every decision again, from what is stored with it: the parts that differ. */
const replayed = async (): Promise<unknown[]> => {
  const rows = await path.rows<StoredDecision>(
    `select claim_id as "claimId", plan_id as "planId", plan_version as "planVersion", plan_hash as "planHash", used_before as "usedBefore", changes,
       base_fen::text as "baseFen", benefit_fen::text as "benefitFen", reason, capped, facts, trace from decision`,
  );
  const plans = await Promise.all(rows.map((row) => path.plans.byHash(path.db.direct, row.planId, row.planHash)));
  return rows.flatMap((row, i) => changedParts(row, plans[i]!));
};

describe('under a plan with a wait', () => {
  beforeEach(async () => {
    await inForce(WAITING);
    await path.enrol(1);
  });

  it('a stay in the waiting days of a new member is refused, and one after them is paid', async () => {
    await path.enrol(2);
    await enrolledOn(addDays(ADMITTED, -29));
    await enrolledOn(addDays(ADMITTED, -30), 2);
    await path.receive(settlement(), settlement(of(2)));
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'refused', refusal: 'waiting-period' });
    expect(await path.claim('S0002')).toMatchObject({ state: 'approved', benefitFen: SAMPLE_BENEFIT_FEN });
    expect(await factsOf()).toMatchObject({ enrolmentKind: 'new', enrolledOn: addDays(ADMITTED, -29) });
    expect(await replayed()).toEqual([]);
  });

  it('a member who renewed in time waits for nothing, in whatever unit', async () => {
    await enrolledOn('2025-01-01');
    await addCover('guangxi-1-2024', '2024-01-01', '2024-12-31', '2023-10-01');
    await path.rows(`update cover set organisation_path = '/45/4598/1/U9/' where plan_id = 'guangxi-1-2024'`);
    await path.receive(settlement());
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'approved', benefitFen: SAMPLE_BENEFIT_FEN });
    expect(await factsOf()).toMatchObject({ enrolmentKind: 'renewal', enrolledOn: '2023-10-01' });
  });

  it('a member who renewed late waits again, since that is counted from the new enrolment', async () => {
    const enrolled = addDays(ADMITTED, -20);
    await enrolledOn(enrolled);
    await addCover('guangxi-1-2024', '2024-01-01', '2024-12-31', '2023-10-01');
    await path.receive(settlement());
    await path.work();
    expect(await path.claim()).toMatchObject({ refusal: 'waiting-period' });
    expect(await factsOf()).toMatchObject({ enrolmentKind: 'late-renewal', enrolledOn: enrolled });
  });

  it('a move to another unit does not start the wait again, and the claim goes to the organisation of the new unit', async () => {
    await enrolledOn(addDays(ADMITTED, -31));
    await path.rows(`update cover set transferred_on = $1, organisation_path = '/45/4598/459801/U2/'`, addDays(ADMITTED, -3));
    await path.receive(settlement());
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'approved' });
    expect(await factsOf()).toMatchObject({ enrolmentKind: 'new', enrolledOn: addDays(ADMITTED, -31) });
    expect(await path.rows('select organisation_path from claim')).toEqual([{ organisation_path: '/45/4598/459801/U2/' }]);
    await path.rows(`update cover set organisation_path = '/45/4597/459701/U3/'`);
    expect(await path.rows('select organisation_path from claim')).toEqual([{ organisation_path: '/45/4598/459801/U2/' }]);
  });

  it('a quote upon the member waits as a claim would, unless the case says otherwise', async () => {
    await enrolledOn(addDays(ADMITTED, -29));
    const officer = person('officer', 'claims-officer');
    const ask = (more: object) =>
      path.quotes.quote(officer, {
        planId: PLAN_ID,
        personalNumber: personalNumber(1),
        case: { base: '11000.00', begndate: ADMITTED, enddate: '2025-03-03', ...more },
      });
    expect(await ask({})).toMatchObject({ totalFen: 0, reason: 'waiting-period' });
    expect(await ask({ enrolmentKind: 'renewal' })).toMatchObject({ reason: null });
    expect(await ask({ person: { enrolledOn: '2024-01-01' } })).toMatchObject({ reason: null });
  });
});

it('under a plan that names the move, a member who moved is one who moved', async () => {
  await inForce(WAITING.replace('enrolment: [renewal] }, value: 0', 'enrolment: [renewal, transfer] }, value: 0'));
  await path.enrol(1);
  await enrolledOn(addDays(ADMITTED, -5));
  await path.rows('update cover set transferred_on = $1', ADMITTED);
  await path.receive(settlement());
  await path.work();
  expect(await factsOf()).toMatchObject({ enrolmentKind: 'transfer', enrolledOn: addDays(ADMITTED, -5) });
  expect(await path.claim()).toMatchObject({ state: 'approved' });
});

it('under a plan with ages the age is that of the day of discharge', async () => {
  // Born on 1980-01-10: 45 on the day of discharge.
  await inForce(`eligibility: { ages: { from: 16, to: 45, ${why} } }\n`);
  await path.enrol(1);
  await path.receive(settlement());
  await path.work();
  expect(await path.claim()).toMatchObject({ state: 'approved', benefitFen: SAMPLE_BENEFIT_FEN });
  expect(await factsOf()).toMatchObject({ age: 45 });
  expect(await replayed()).toEqual([]);
});

it('a plan for the young refuses the older member, in a quote as well', async () => {
  await inForce(`eligibility: { ages: { from: 16, to: 44, ${why} } }\n`);
  await path.enrol(1);
  await path.receive(settlement());
  await path.work();
  expect(await path.claim()).toMatchObject({ state: 'refused', refusal: 'not-eligible' });
  const quoted = { planId: PLAN_ID, personalNumber: personalNumber(1), case: { base: '11000.00', enddate: '2025-03-03' } };
  expect(await path.quotes.quote(person('officer', 'claims-officer'), quoted)).toMatchObject({ reason: 'not-eligible' });
});

it.each([
  ['admission', 'approved'],
  ['any-day', 'approved'],
  ['discharge', 'refused'],
])('a stay across the end of a cover is one of the plan that goes by the %s: %s', async (decidedBy, state) => {
  await inForce('', SECOND_VERSION.replace('value: discharge', `value: ${decidedBy}`));
  await path.enrol(1);
  await path.rows(`update cover set ended_on = $1, end_reason = 'left'`, ADMITTED);
  await path.receive(settlement());
  await path.work();
  expect(await path.claim()).toMatchObject({ state });
});

it('a stay from a day before a cover that never began, since its member had died, is not covered on any day', async () => {
  await inForce('', SECOND_VERSION.replace('value: discharge', 'value: any-day'));
  await path.enrol(1);
  await path.rows(`update cover set cover_from = $1, ended_on = $2, end_reason = 'death'`, addDays(ADMITTED, 3), addDays(ADMITTED, 1));
  await path.receive(settlement());
  await path.work();
  expect(await path.claim()).toMatchObject({ state: 'refused', refusal: 'not-covered' });
  expect(await factsOf()).not.toHaveProperty('coverFrom');
});

it('a stay across two periods falls under the cover of its admission where that decides', async () => {
  await inForce('', SECOND_VERSION.replace('value: discharge', 'value: admission'));
  await path.enrol(1);
  await path.rows(`update cover set cover_to = $1`, ADMITTED);
  await addCover(PLAN_ID, addDays(ADMITTED, 1), '2025-12-31', '2024-10-01');
  await path.receive(settlement());
  await path.work();
  expect(await path.claim()).toMatchObject({ state: 'approved' });
  expect(await factsOf()).toMatchObject({ coverTo: ADMITTED });
});

it('periods without a gap earn their points', async () => {
  expect(SECOND_VERSION).toContain('    bands_on:');
  await inForce('', SECOND_VERSION.replace('    bands_on:', `    extra_points: { per_period: 1%, at_most: 3%, ${why} }\n    bands_on:`));
  await path.enrol(1);
  await addCover('guangxi-1-2024', '2024-01-01', '2024-12-31', '2023-10-01');
  await path.receive(settlement());
  await path.work();
  // 867.18 above the deductible at 31%, and four days.
  expect(await path.claim()).toMatchObject({ benefitFen: 26_883 + 20_000 });
  expect(await factsOf()).toMatchObject({ consecutivePeriods: 2 });
});

it('an add-on pays whoever holds the base plan on the day', async () => {
  await inForce(`requires: { base_plan: { value: guangxi-0-2025, ${why} } }\n`);
  await path.enrol(1);
  await path.receive(settlement());
  await path.work();
  expect(await path.claim()).toMatchObject({ refusal: 'base-plan-missing' });
  await addCover('guangxi-0-2025', '2025-02-01', '2025-12-31', '2024-10-01');
  await path.receive(settlement({ setl_id: 'S0009', mdtrt_id: 'M0009' }));
  await path.work();
  expect(await path.claim('S0009')).toMatchObject({ state: 'approved' });
  expect(await factsOf('S0009')).toMatchObject({ plansHeld: [PLAN_ID, 'guangxi-0-2025'] });
});

describe('under the plan that ships', () => {
  it('nothing is told of the member, since nothing is asked', async () => {
    await path.enrol(1);
    await path.receive(settlement());
    await path.work();
    for (const fact of ['age', 'enrolmentKind', 'enrolledOn', 'consecutivePeriods', 'plansHeld'])
      expect(await factsOf()).not.toHaveProperty(fact);
  });

  it('a discharge on the last day of a cover that ended is paid, and one after it is not covered', async () => {
    await path.enrol(1, 2);
    await path.rows(
      `update cover set ended_on = '2025-03-03', end_reason = 'death' where member_id = $1`,
      path.vault.memberId(personalNumber(1)),
    );
    await path.rows(
      `update cover set ended_on = '2025-03-02', end_reason = 'left' where member_id = $1`,
      path.vault.memberId(personalNumber(2)),
    );
    await path.receive(settlement(), settlement(of(2)));
    await path.work();
    expect(await path.claim()).toMatchObject({ state: 'approved' });
    expect(await path.claim('S0002')).toMatchObject({ state: 'refused', refusal: 'not-covered' });
  });

  it('claims decided before an end that came late are found, and those refused for it', async () => {
    await path.enrol(1);
    await path.receive(
      settlement(),
      settlement({ ...of(1), setl_id: 'S0010', mdtrt_id: 'M0010', enddate: '2024-12-30', begndate: '2024-12-20' }),
    );
    await path.work();
    const memberId = path.vault.memberId(personalNumber(1));
    const end = { memberId, planId: PLAN_ID, after: civilDate('2025-03-02'), until: civilDate('2025-12-31') };
    expect(await decidedClaims(path.db.direct, [end])).toMatchObject([
      { memberId, state: 'approved', dischargeOn: '2025-03-03', benefitFen: SAMPLE_BENEFIT_FEN, granted: true },
    ]);
    expect(await decidedClaims(path.db.direct, [{ ...end, after: civilDate('2025-03-03') }])).toEqual([]);
    expect(await decidedClaims(path.db.direct, [{ ...end, planId: 'guangxi-2-2025' }])).toEqual([]);
    const before = { ...end, after: civilDate('2024-12-01'), until: civilDate('2024-12-31') };
    expect(await decidedClaims(path.db.direct, [before])).toMatchObject([{ state: 'refused', granted: false }]);
    expect(await decidedClaims(path.db.direct, [])).toEqual([]);
  });
});
