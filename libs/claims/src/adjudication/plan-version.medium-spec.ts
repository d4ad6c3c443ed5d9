import { DomainError } from '@app/kernel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MIGRATIONS } from '../../../../apps/standalone/src/schema.js';
import { ClaimPath, PLAN_ID, of, person } from '../../../../test/support/claim-path.js';
import { planText, SHIPPED_TEXT } from '../../../../test/support/plan-file.js';
import { personalNumber } from '../../../../test/support/people.js';
import { SAMPLE_BENEFIT_FEN, settlement, settlementOver } from '../../../../test/support/settlement.js';

const administrator = person('administrator', 'administrator');
const leader = person('leader', 'leader');
const reviewer = person('reviewer', 'reviewer');

let path: ClaimPath;
beforeEach(async () => {
  path = await ClaimPath.create(MIGRATIONS);
});
afterEach(() => path.end());

/** The code of what is refused. */
const refusal = async (act: Promise<unknown>): Promise<string> => {
  try {
    await act;
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
  return 'nothing refused';
};

const rehearsed = async (version = 2): Promise<void> => {
  const { id } = await path.rehearsals.ask(administrator, { planId: PLAN_ID, version }, PLAN_ID);
  await path.rehearsals.rehearse([id]);
};

/** A version that was proposed and rehearsed, and its hash. */
const proposed = async (text = planText()): Promise<string> => {
  const { hash, version } = await path.plans.propose(administrator, text);
  await rehearsed(version);
  return hash;
};

const activated = async (text = planText(), version = 2): Promise<void> => {
  const hash = await proposed(text);
  await path.plans.sign(leader, PLAN_ID, version, hash);
  expect(await path.plans.sign(reviewer, PLAN_ID, version, hash)).toMatchObject({ state: 'active' });
};

describe('a version', () => {
  it('is in force once two people have signed what was rehearsed, and every act is recorded', async () => {
    const hash = await proposed();
    expect(await path.plans.list()).toMatchObject([
      { planId: PLAN_ID, version: 2, hash, state: 'proposed', signedBy: [], activatedAt: null },
    ]);
    expect(await path.plans.sign(leader, PLAN_ID, 2, hash)).toMatchObject({ state: 'proposed', signedBy: ['leader'] });
    expect((await path.plans.inForce(path.db.direct)).latest(PLAN_ID)).toMatchObject({ version: 1 });
    expect(await path.plans.sign(reviewer, PLAN_ID, 2, hash)).toMatchObject({ state: 'active', signedBy: ['leader', 'reviewer'] });
    expect(await path.plans.read(PLAN_ID, 2)).toMatchObject({
      content: planText(),
      selection: {},
      effectiveOn: '2025-06-01',
      activatedAt: path.clock.now(),
      rehearsals: [expect.any(String)],
    });
    expect((await path.plans.inForce(path.db.direct)).latest(PLAN_ID)).toMatchObject({ version: 2, hash });
    expect(await path.rows('select actor, action, subject from audit_record order by id')).toEqual(
      [
        ['administrator', 'plan.propose'],
        ['leader', 'plan.sign'],
        ['reviewer', 'plan.sign'],
      ].map(([actor, action]) => ({ actor, action, subject: `${PLAN_ID}@2 ${hash}` })),
    );
  });

  it('that cannot be understood is refused with everything that is wrong', async () => {
    const broken = planText().replace('half-up', 'upwards').replace('rate: 40%', 'rate: forty');
    await expect(path.plans.propose(administrator, broken)).rejects.toMatchObject({
      code: 'plan-invalid',
      problems: [{ path: 'rounding.mode.value' }, { path: expect.stringContaining('bands.1.rate') }],
    });
    expect(await path.plans.list()).toEqual([]);
  });

  it.each([
    ['of the number that is shipped', SHIPPED_TEXT, 'version-not-next'],
    ['that leaves a number out', planText({ version: 3 }), 'version-not-next'],
    ['that takes effect on the day of the one before', planText({ effectiveOn: '2025-01-01' }), 'effective-not-later'],
  ])('%s is refused', async (_, text, code) => expect(await refusal(path.plans.propose(administrator, text))).toBe(code));

  it('follows the highest that was proposed, signed or not', async () => {
    await path.plans.propose(administrator, planText());
    expect(await refusal(path.plans.propose(administrator, planText({ effectiveOn: '2025-07-01' })))).toBe('version-not-next');
    expect(await refusal(path.plans.propose(administrator, planText({ version: 3 })))).toBe('effective-not-later');
    expect(await path.plans.propose(administrator, planText({ version: 3, effectiveOn: '2025-06-02' }))).toMatchObject({ version: 3 });
  });

  it('of a plan that is new here begins at one', async () => {
    const text = SHIPPED_TEXT.replace(`id: ${PLAN_ID}`, 'id: another-plan');
    expect(await path.plans.propose(administrator, text)).toMatchObject({ planId: 'another-plan', version: 1 });
  });

  it('is kept as it was proposed, and once active for good', async () => {
    await activated();
    for (const change of [
      `update plan_version set effective_on = '2025-07-01'`,
      `update plan_version set state = 'proposed', activated_at = null`,
      'delete from plan_version',
      'delete from plan_signature',
    ])
      await expect(path.rows(change)).rejects.toMatchObject({ code: '23001' });
    await path.plans.propose(administrator, planText({ version: 3, effectiveOn: '2025-09-01' }));
    await expect(path.rows(`update plan_version set content = '' where version = 3`)).rejects.toMatchObject({ code: '23001' });
  });
});

describe('a signature', () => {
  it('needs a finished rehearsal of that very hash', async () => {
    const { hash } = await path.plans.propose(administrator, planText());
    expect(await refusal(path.plans.sign(leader, PLAN_ID, 2, hash))).toBe('not-rehearsed');
    const other = await path.rehearsals.ask(leader, { content: planText({ firstRate: '51%' }) }, PLAN_ID);
    const asked = await path.rehearsals.ask(leader, { planId: PLAN_ID, version: 2 }, PLAN_ID);
    await path.rehearsals.rehearse([other.id]);
    expect(await refusal(path.plans.sign(leader, PLAN_ID, 2, hash))).toBe('not-rehearsed');
    await path.rehearsals.rehearse([asked.id]);
    expect(await path.plans.sign(leader, PLAN_ID, 2, hash)).toMatchObject({ signedBy: ['leader'] });
  });

  it('is not the proposer’s, counts once a person, and is bound to the hash that was read', async () => {
    const hash = await proposed();
    expect(await refusal(path.plans.sign(administrator, PLAN_ID, 2, hash))).toBe('same-person');
    expect(await refusal(path.plans.sign(leader, PLAN_ID, 2, '0'.repeat(64)))).toBe('hash-differs');
    await path.plans.sign(leader, PLAN_ID, 2, hash);
    expect(await refusal(path.plans.sign(leader, PLAN_ID, 2, hash))).toBe('already-signed');
    await path.plans.sign(reviewer, PLAN_ID, 2, hash);
    expect(await refusal(path.plans.sign(person('third', 'leader'), PLAN_ID, 2, hash))).toBe('already-active');
    expect(await refusal(path.plans.sign(leader, PLAN_ID, 1, hash))).toBe('plan-version-not-found');
  });

  it('of two people in the same moment puts the version in force', async () => {
    const hash = await proposed();
    await Promise.all([leader, reviewer].map((who) => path.plans.sign(who, PLAN_ID, 2, hash)));
    expect(await path.plans.list()).toMatchObject([{ state: 'active' }]);
  });
});

describe('a claim', () => {
  // 9,867.18 above the deductible of 1,000 at 30%, and at 50%; 11 days of allowance.
  const BASE = 10_867.18;
  const [UNDER_FIRST, UNDER_SECOND] = [296_015 + 20_000, 493_359 + 20_000];

  it('is decided by the version in force on its day of discharge, and stays as it was decided', async () => {
    await path.enrol(1, 2, 3);
    path.clock.set('2025-07-01 16:00');
    const stay = (serial: number, enddate: string) => settlementOver(BASE, { ...of(serial), begndate: '2025-05-21', enddate });
    await path.receive(stay(1, '2025-06-02'));
    await path.work();
    await activated();
    await path.receive(stay(2, '2025-06-01'), stay(3, '2025-05-31'));
    await path.work();
    for (const [serial, benefitFen, version] of [
      [1, UNDER_FIRST, '1'],
      [2, UNDER_SECOND, '2'],
      [3, UNDER_FIRST, '1'],
    ] as const) {
      const claim = await path.claim(of(serial).setl_id);
      expect(claim).toMatchObject({ benefitFen, fault: null });
      expect(await path.rows('select plan_version from decision where claim_id = $1', claim.id)).toEqual([{ plan_version: version }]);
    }
    expect(await path.replay.replay()).toMatchObject({ decisions: 3, same: 3 });
  });

  it('of a proposed version is decided by none but those in force', async () => {
    await path.enrol(1);
    await proposed(planText({ effectiveOn: '2025-01-02' }));
    await path.receive(settlement());
    await path.work();
    expect(await path.claim()).toMatchObject({ benefitFen: SAMPLE_BENEFIT_FEN });
  });
});

describe('a quote', () => {
  const officer = person('officer', 'claims-officer');
  const stay = { base: '11000.00', days: 1, enddate: '2025-03-03' };
  const memberId = () => path.vault.memberId(personalNumber(1));
  const used = () => path.rows('select used from accumulator');

  it('goes on from what the member really used, and leaves no trace', async () => {
    await path.enrol(1);
    await path.receive(settlement());
    await path.work();
    const before = await used();
    const quoted = await path.quotes.quote(officer, { planId: PLAN_ID, case: stay, personalNumber: personalNumber(1) });
    expect(quoted).toMatchObject({
      plan: PLAN_ID,
      version: 1,
      totalFen: 305_000,
      accumulators: { 'paid.medical': SAMPLE_BENEFIT_FEN - 20_000 + 300_000 },
    });
    expect(await path.quotes.quote(officer, { planId: PLAN_ID, case: stay, memberId: memberId() })).toEqual(quoted);
    expect(await path.quotes.quote(officer, { planId: PLAN_ID, case: stay })).toMatchObject({ accumulators: { 'paid.medical': 300_000 } });
    expect(
      await path.quotes.quote(officer, { planId: PLAN_ID, case: { ...stay, enddate: '2024-12-31' }, memberId: memberId() }),
    ).toMatchObject({
      reason: 'not-covered',
    });
    expect(await used()).toEqual(before);
  });

  it('is under the version in force on its day, or the one that is named', async () => {
    await activated();
    const quoted = (request: object) => path.quotes.quote(officer, { planId: PLAN_ID, case: stay, ...request });
    expect(await quoted({})).toMatchObject({ version: 1, totalFen: 305_000 });
    expect(await quoted({ case: { ...stay, enddate: '2025-06-01' } })).toMatchObject({ version: 2, totalFen: 505_000 });
    expect(await quoted({ version: 2 })).toMatchObject({ version: 2, totalFen: 505_000 });
    expect(await quoted({ version: 1, selection: { 'duties.allowance.minimum_days': 0 } })).not.toMatchObject({
      hash: (await quoted({})).hash,
    });
    expect(await refusal(quoted({ version: 3 }))).toBe('plan-version-not-found');
    expect(await refusal(quoted({ planId: 'no-plan' }))).toBe('plan-not-found');
    expect(await refusal(quoted({ case: { stays: [stay, { ...stay, enddate: '2025-06-01' }] } }))).toBe('versions-differ');
    expect(await refusal(quoted({ selection: { 'duties.medical.base': 'B9' } }))).toBe('plan-invalid');
  });

  it('is refused where the case brings accumulators of its own, or two members', async () => {
    const [id] = await path.enrol(1);
    const own = { ...stay, accumulators: { 'paid.medical': '1.00' } };
    expect(await refusal(path.quotes.quote(officer, { planId: PLAN_ID, case: own, memberId: id! }))).toBe('accumulators-twice');
    expect(
      await refusal(path.quotes.quote(officer, { planId: PLAN_ID, case: stay, memberId: id!, personalNumber: personalNumber(1) })),
    ).toBe('member-twice');
  });

  it('shows a member to those within reach only, and a member to themselves', async () => {
    const [first, second] = await path.enrol(1, 2);
    const request = { planId: PLAN_ID, case: stay, memberId: first! };
    const stranger = { ...officer, organisationPath: '/46/' };
    const member = { ...person('member', 'member'), memberId: first! };
    expect(await refusal(path.quotes.quote(stranger, request))).toBe('member-not-found');
    expect(await refusal(path.quotes.quote(officer, { ...request, memberId: path.vault.memberId(personalNumber(9)) }))).toBe(
      'member-not-found',
    );
    expect(await refusal(path.quotes.quote(member, { ...request, memberId: second! }))).toBe('member-not-found');
    expect(await path.quotes.quote(member, { planId: PLAN_ID, case: { ...stay, enddate: '2026-01-01' } })).toMatchObject({
      reason: 'not-covered',
    });
    expect(await path.quotes.quote(leader, request)).toMatchObject({ totalFen: 305_000 });
    expect(await refusal(path.quotes.quote(person('clerk', 'unit-clerk'), request))).toBe('forbidden');
  });
});
