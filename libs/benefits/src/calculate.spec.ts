import { describe, expect, test } from '@jest/globals';
import { addDays, civilDate, daysBetween, fen, type Fen } from '@app/kernel';
import fc from 'fast-check';
import { calculate, calculateAmounts, type SettlementFacts } from './calculate.js';
import { loadPlan } from './load-plans.js';
import type { CompiledPlan } from './plan.js';
import { REASONS, reasonOf } from './reasons.js';

const plan = loadPlan('guangxi-1-2025');
const readingB = loadPlan('guangxi-1-2025', { 'medical.reading': 'B' });
const noDayStay = loadPlan('guangxi-1-2025', { 'allowance.minimum_days': 0 });
const PLANS = (['B1', 'B2', 'B3'] as const).flatMap((base) =>
  (['A', 'B'] as const).map((reading) => loadPlan('guangxi-1-2025', { 'base.selector': base, 'medical.reading': reading })),
);
const unused = { paidFen: fen(0) };

const discharge = civilDate('2025-05-10');
const stay = (baseFen: number, change: Partial<SettlementFacts> = {}): SettlementFacts => ({
  medType: '21',
  admissionOn: civilDate('2025-05-07'),
  dischargeOn: discharge,
  acceptedOn: civilDate('2025-05-12'),
  amounts: { medfeeFen: fen(baseFen), inscpScpFen: fen(baseFen), fundPayFen: fen(0), psnPartFen: fen(baseFen), fulamtOwnpayFen: fen(0) },
  coverFrom: plan.coverFrom,
  coverTo: plan.coverTo,
  ...change,
});

describe('what is paid', () => {
  test('the medical benefit and the allowance are separate lines of one benefit', () => {
    const decision = calculate(stay(500_000), unused, plan);
    expect(decision.lines).toEqual([
      { kind: 'medical', amountFen: 120_000 },
      { kind: 'allowance', amountFen: 15_000 },
    ]);
    expect(decision).toMatchObject({ reason: null, baseFen: 500_000, benefitFen: 135_000, used: { paidFen: 120_000 } });
  });

  test('a stay below the deductible is paid the allowance alone', () => {
    expect(calculate(stay(80_000), unused, plan)).toMatchObject({
      reason: null,
      lines: [{ kind: 'allowance', amountFen: 15_000 }],
      used: { paidFen: 0 },
    });
  });

  test('the bands are rounded once, on their sum', () => {
    // 30 % of 10,000.00 and 40 % of 0.01 are 300,000.4 fen; 0.02 makes 300,000.8.
    expect(calculateAmounts(stay(1_100_001), unused, plan).used.paidFen).toBe(300_000);
    expect(calculateAmounts(stay(1_100_002), unused, plan).used.paidFen).toBe(300_001);
  });

  test('half a fen is rounded up', () => {
    // 95 % of 0.10 is 9.5 fen.
    expect(calculateAmounts(stay(5_100_010), unused, plan).used.paidFen).toBe(2_300_010);
  });

  test('funds above the in-scope amount leave a base of zero, not a debt', () => {
    const facts = stay(0, {
      amounts: { medfeeFen: fen(100), inscpScpFen: fen(50), fundPayFen: fen(60), psnPartFen: fen(40), fulamtOwnpayFen: fen(0) },
    });
    expect(calculate(facts, unused, noDayStay)).toMatchObject({ baseFen: 0, used: unused });
  });

  test('a bill of any safe size is calculated, not thrown at', () => {
    const uncapped: CompiledPlan = { ...plan, capFen: fen(Number.MAX_SAFE_INTEGER) };
    expect(calculate(stay(Number.MAX_SAFE_INTEGER), unused, plan).used.paidFen).toBe(plan.capFen);
    expect(BigInt(calculate(stay(Number.MAX_SAFE_INTEGER), unused, uncapped).used.paidFen)).toBe(
      oracle({ base: BigInt(Number.MAX_SAFE_INTEGER), days: 1n, paid: 0n, reading: 'A', cap: BigInt(Number.MAX_SAFE_INTEGER) }).medical,
    );
  });

  test('an accumulator above the cap takes nothing back', () => {
    expect(calculate(stay(500_000), { paidFen: fen(plan.capFen + 1) }, plan)).toMatchObject({
      benefitFen: 15_000,
      used: { paidFen: plan.capFen + 1 },
    });
  });
});

describe('what is refused', () => {
  const outpatient = { medType: '14' };
  const afterCover = { dischargeOn: civilDate('2026-01-03'), acceptedOn: civilDate('2026-09-01') };
  const late = { acceptedOn: addDays(discharge, 121) };

  test.each([
    ['an outpatient bill', 'not-inpatient', stay(500_000, outpatient)],
    ['an outpatient bill of someone without cover', 'not-inpatient', stay(500_000, { ...outpatient, ...afterCover })],
    ['a discharge before the cover began', 'not-covered', stay(500_000, { coverFrom: addDays(discharge, 1) })],
    ['a discharge after the cover ended, claimed late', 'not-covered', stay(500_000, afterCover)],
    ['a claim on day 121', 'claimed-late', stay(500_000, late)],
    ['a late claim for nothing', 'claimed-late', stay(0, late)],
  ])('%s is %s', (_, reason, facts) => {
    expect(calculate(facts, { paidFen: fen(7) }, plan)).toMatchObject({
      reason,
      baseFen: 0,
      lines: [],
      benefitFen: 0,
      used: { paidFen: 7 },
    });
  });

  test('someone without any cover is not covered', () => {
    const { medType, admissionOn, dischargeOn, acceptedOn, amounts } = stay(500_000);
    expect(calculate({ medType, admissionOn, dischargeOn, acceptedOn, amounts }, unused, plan).reason).toBe('not-covered');
  });

  test('a stay that earns neither line has nothing payable, whatever is left of the cap', () => {
    const facts = stay(100_000, { admissionOn: discharge });
    expect(calculate(facts, unused, noDayStay)).toMatchObject({ reason: 'nothing-payable', baseFen: 100_000, benefitFen: 0 });
    expect(calculate(facts, { paidFen: plan.capFen }, noDayStay).reason).toBe('nothing-payable');
  });

  test('a benefit that meets a cap used up is refused for the cap', () => {
    expect(calculate(stay(500_000, { admissionOn: discharge }), { paidFen: plan.capFen }, noDayStay)).toMatchObject({
      reason: 'cap-exhausted',
      baseFen: 500_000,
      benefitFen: 0,
    });
  });

  test('the list of reasons is append-only, in the order of precedence', () => {
    expect(REASONS.map(({ number, code }) => `${number} ${code}`)).toEqual([
      '1 not-inpatient',
      '2 not-covered',
      '3 claimed-late',
      '4 nothing-payable',
      '5 cap-exhausted',
    ]);
  });

  test.each(REASONS)('$code names a clause of the plan and has both texts', ({ code, clause, zh, en }) => {
    expect(plan.clauses).toHaveProperty([clause]);
    expect(reasonOf(code)).toMatchObject({ zh, en });
    expect(zh).not.toBe('');
    expect(en).not.toBe('');
  });
});

describe('the trace', () => {
  const decision = calculate(stay(186_718), unused, plan);

  test('answers why this amount, step by step', () => {
    expect(decision.trace).toEqual({
      plan: 'guangxi-1-2025',
      version: 1,
      hash: plan.hash,
      steps: [
        { step: 'scope', clause: 'scope.med_types', inputs: { medType: '21' }, parameter: { medTypes: ['21', '24'] } },
        {
          step: 'cover',
          clause: 'cover.decided_by',
          inputs: { dischargeOn: '2025-05-10', coverFrom: '2025-01-01', coverTo: '2025-12-31' },
        },
        {
          step: 'deadline',
          clause: 'claim.deadline_days',
          inputs: { dischargeOn: '2025-05-10', acceptedOn: '2025-05-12', day: 2 },
          parameter: { deadlineDays: 120 },
        },
        {
          step: 'base',
          clause: 'base.selector',
          inputs: { inscpScpFen: 186_718, fundPayFen: 0 },
          parameter: { selector: 'B1' },
          resultFen: 186_718,
        },
        {
          step: 'deductible',
          clause: 'medical.deductible',
          inputs: { baseFen: 186_718 },
          parameter: { deductibleFen: 100_000 },
          resultFen: 86_718,
        },
        {
          step: 'medical',
          clause: 'medical.reading',
          inputs: { fromFen: 0, toFen: 86_718 },
          parameter: { reading: 'A' },
          steps: [
            {
              step: 'band',
              clause: 'medical.bands.0',
              inputs: { aboveFen: 0, upToFen: 86_718, sliceFen: 86_718 },
              parameter: { rate: '30%' },
              exactFen: '26015.4',
            },
          ],
          exactFen: '26015.4',
          rounding: 'half-up',
          resultFen: 26_015,
        },
        {
          step: 'cap',
          clause: 'cap.amount',
          inputs: { medicalFen: 26_015, paidFen: 0, leftFen: 100_000_000 },
          parameter: { capFen: 100_000_000 },
          resultFen: 26_015,
        },
        {
          step: 'allowance',
          clause: 'allowance.per_day',
          inputs: { admissionOn: '2025-05-07', dischargeOn: '2025-05-10', days: 3 },
          parameter: { perDayFen: 5_000, limitFen: 20_000, minimumDays: 1 },
          resultFen: 15_000,
        },
      ],
      reason: null,
      resultFen: 41_015,
    });
  });

  test('names a clause of the plan at every step', () => {
    const steps = calculate(stay(9_000_000), unused, readingB).trace.steps.flatMap((step) => [step, ...(step.steps ?? [])]);
    expect(steps.filter(({ step }) => step === 'band')).toHaveLength(4);
    for (const { clause } of steps) expect(plan.clauses).toHaveProperty([clause]);
  });

  test('of a refusal ends with the step that refused', () => {
    const { trace } = calculate(stay(500_000, { acceptedOn: addDays(discharge, 121) }), unused, plan);
    expect(trace.steps.map(({ step }) => step)).toEqual(['scope', 'cover', 'deadline']);
    expect(trace.reason).toBe('claimed-late');
  });

  test('replays byte for byte, and stays whole through JSON', () => {
    const text = JSON.stringify(decision.trace);
    expect(JSON.stringify(calculate(stay(186_718), unused, loadPlan('guangxi-1-2025')).trace)).toBe(text);
    expect(JSON.parse(text)).toEqual(decision.trace);
  });
});

describe('always', () => {
  // Small, around the bounds of the bands, and beyond the cap.
  const amount = fc.oneof(
    fc.integer({ min: 0, max: 20_000_000 }),
    fc.constantFrom(100_000, 1_000_000, 1_100_000, 3_100_000, 5_100_000).chain((bound) => fc.integer({ min: bound - 3, max: bound + 3 })),
    fc.integer({ min: 0, max: 400_000_000 }),
  );
  const paid = fc
    .oneof(fc.constant(0), fc.integer({ min: 0, max: 100_000_000 }), fc.integer({ min: 99_990_000, max: 100_000_000 }))
    .map(fen);
  const anyPlan = fc.constantFrom(...PLANS);
  const medicalOf = (lines: readonly { kind: string; amountFen: Fen }[]): number =>
    lines.find(({ kind }) => kind === 'medical')?.amountFen ?? 0;

  const mostly = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
    fc.oneof({ arbitrary: usual, weight: 19 }, { arbitrary: rare, weight: 1 });
  const anyFacts = fc
    .record({
      medType: mostly(fc.constantFrom('21', '2101', '24'), fc.constantFrom('11', '52')),
      days: fc.integer({ min: 0, max: 40 }),
      wait: mostly(fc.integer({ min: 0, max: 121 }), fc.integer({ min: 121, max: 400 })),
      discharge: mostly(fc.integer({ min: 0, max: 364 }), fc.constantFrom(-1, 365)),
      covered: mostly(fc.constant(true), fc.constant(false)),
      amounts: fc.record({ medfeeFen: amount, inscpScpFen: amount, fundPayFen: amount, psnPartFen: amount, fulamtOwnpayFen: amount }),
    })
    .map(({ medType, days, wait, discharge: day, covered, amounts }): SettlementFacts => {
      const dischargeOn = addDays(plan.coverFrom, day);
      const facts = {
        medType,
        admissionOn: addDays(dischargeOn, -days),
        dischargeOn,
        acceptedOn: addDays(dischargeOn, wait),
        amounts: amounts as SettlementFacts['amounts'],
      };
      return covered ? { ...facts, coverFrom: plan.coverFrom, coverTo: plan.coverTo } : facts;
    });

  test('a benefit is never negative, nor above the base and the allowance, nor above the cap and the allowance', () => {
    fc.assert(
      fc.property(anyFacts, paid, anyPlan, (facts, paidFen, some) => {
        const { baseFen, benefitFen, used, lines } = calculateAmounts(facts, { paidFen }, some);
        expect(benefitFen).toBeGreaterThanOrEqual(0);
        expect(benefitFen).toBeLessThanOrEqual(Math.min(baseFen, some.capFen) + some.allowance.limitFen);
        expect(used.paidFen).toBe(paidFen + medicalOf(lines));
        expect(used.paidFen).toBeLessThanOrEqual(some.capFen);
      }),
    );
  });

  test('the lines add up to the benefit, each above zero, and there is a reason exactly when there are none', () => {
    fc.assert(
      fc.property(anyFacts, paid, anyPlan, (facts, paidFen, some) => {
        const { reason, lines, benefitFen } = calculateAmounts(facts, { paidFen }, some);
        expect(lines.reduce((sum, line) => sum + line.amountFen, 0)).toBe(benefitFen);
        expect(lines.every(({ amountFen }) => amountFen > 0)).toBe(true);
        expect(reason === null).toBe(lines.length > 0);
      }),
    );
  });

  test('more base never gives less', () => {
    fc.assert(
      fc.property(amount, amount, paid, anyPlan, (one, other, paidFen, some) => {
        const [less, more] = one < other ? [one, other] : [other, one];
        const benefit = (baseFen: number): number => calculateAmounts(stay(baseFen), { paidFen }, some).benefitFen;
        expect(benefit(more)).toBeGreaterThanOrEqual(benefit(less));
      }),
    );
  });

  test('stays of one period together never pass the cap', () => {
    fc.assert(
      fc.property(fc.array(amount, { minLength: 2, maxLength: 12 }), anyPlan, (bases, some) => {
        let used = unused;
        let granted = 0;
        for (const baseFen of bases) {
          const decision = calculateAmounts(stay(baseFen), used, some);
          granted += medicalOf(decision.lines);
          used = decision.used;
        }
        expect(granted).toBe(used.paidFen);
        expect(granted).toBeLessThanOrEqual(some.capFen);
      }),
    );
  });

  test('with and without a trace it is the same decision', () => {
    fc.assert(
      fc.property(anyFacts, paid, anyPlan, (facts, paidFen, some) => {
        const { trace, ...decision } = calculate(facts, { paidFen }, some);
        expect(calculateAmounts(facts, { paidFen }, some)).toEqual(decision);
        expect(trace).toMatchObject({ reason: decision.reason, resultFen: decision.benefitFen });
      }),
    );
  });

  test('agrees with the text of the rule in exact fractions', () => {
    fc.assert(
      fc.property(anyFacts, paid, anyPlan, (facts, paidFen, some) => {
        const { amounts: money, medType } = facts;
        const base = { B1: money.inscpScpFen - money.fundPayFen, B2: money.psnPartFen - money.fulamtOwnpayFen, B3: money.psnPartFen }[
          some.base
        ];
        const expected = oracle({
          base: BigInt(base),
          days: BigInt(daysBetween(facts.admissionOn, facts.dischargeOn)),
          paid: BigInt(paidFen),
          reading: some.reading,
          cap: 100_000_000n,
        });
        const entitled =
          /^2[14]/.test(medType) &&
          facts.coverFrom !== undefined &&
          facts.dischargeOn.startsWith('2025-') &&
          facts.acceptedOn <= addDays(facts.dischargeOn, 120);
        const { benefitFen, used } = calculateAmounts(facts, { paidFen }, some);
        expect(BigInt(benefitFen)).toBe(entitled ? expected.medical + expected.allowance : 0n);
        expect(BigInt(used.paidFen - paidFen)).toBe(entitled ? expected.medical : 0n);
      }),
      { numRuns: 2_000 },
    );
  });
});

/**
 * The rule's sentence over again, in fen and percent, sharing nothing with the calculator: it adds the difference of neighbouring rates on
 * everything above each bound, and reading B subtracts what the first 1,000 would have earned.
 */
function oracle(stay: { base: bigint; days: bigint; paid: bigint; reading: 'A' | 'B'; cap: bigint }): {
  medical: bigint;
  allowance: bigint;
} {
  const above = (amount: bigint, bound: bigint): bigint => (amount > bound ? amount - bound : 0n);
  const percentFen = (amount: bigint): bigint =>
    above(amount, 0n) * 30n + above(amount, 1_000_000n) * 10n + above(amount, 3_000_000n) * 20n + above(amount, 5_000_000n) * 35n;
  const hundredths =
    stay.reading === 'A'
      ? percentFen(above(stay.base, 100_000n))
      : stay.base > 100_000n
        ? percentFen(stay.base) - percentFen(100_000n)
        : 0n;
  const rounded = (2n * hundredths + 100n) / 200n;
  const left = stay.cap - stay.paid;
  const days = stay.days < 1n ? 1n : stay.days;
  return { medical: rounded < left ? rounded : left, allowance: days > 4n ? 20_000n : days * 5_000n };
}
