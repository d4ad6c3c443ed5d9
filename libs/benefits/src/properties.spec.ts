/** What holds of every plan of the library, in each of its selections, on any facts. A plan of which something honestly does not hold is named. */
import { describe, expect, test } from '@jest/globals';
import { addDays, fen, type CivilDate, type Fen } from '@app/kernel';
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'yaml';
import { calculate, calculateAmounts, type Amounts, type Decision } from './calculate.js';
import type { CompiledPlan, Selection } from './compile.js';
import { addAccumulators, type Accumulators, type Facts } from './facts.js';
import { loadPlan, planIds } from './load-plans.js';
import type { ReasonCode } from './reasons.js';
import type { TraceStep } from './trace.js';

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) frozen(part);
  }
  return value;
}

const PLANS = join(import.meta.dirname, '../plans');
const fileOf = (id: string): string =>
  readdirSync(PLANS, { recursive: true, encoding: 'utf8' }).find((file) => basename(file) === `${id}.yaml`)!;

/** The values of a plan that list options, with their paths. */
function optionsOf(content: unknown, path: readonly string[] = []): [path: string, answers: readonly (string | number | boolean)[]][] {
  if (typeof content !== 'object' || content === null) return [];
  const { options } = content as { options?: (string | number | boolean)[] };
  return [
    ...(options ? [[path.join('.'), options] as [string, (string | number | boolean)[]]] : []),
    ...Object.entries(content).flatMap(([key, part]) => optionsOf(part, [...path, key])),
  ];
}

/** Every plan that can be loaded under an id, all answers combined. */
function variantsOf(id: string): CompiledPlan[] {
  let selections: Selection[] = [{}];
  for (const [path, answers] of optionsOf(parse(readFileSync(join(PLANS, fileOf(id)), 'utf8'))))
    selections = selections.flatMap((selection) => answers.map((answer) => ({ ...selection, [path]: answer })));
  return selections.map((selection) => frozen(loadPlan(id, selection)));
}

const VARIANTS = new Map(planIds().map((id) => [id, variantsOf(id)]));
/** Index into the variants of a plan: a counterexample names it, and not the whole plan. */
const variant = (id: string): fc.Arbitrary<number> => fc.nat({ max: VARIANTS.get(id)!.length - 1 });

type Bill = { readonly inScope: number; readonly outOfScope: number; readonly drug: number; readonly fund: number; readonly aside: number };

/** Where the rules of a plan turn, in fen. */
function turnsOf(plan: CompiledPlan): number[] {
  const all = <T>(choice: { constant: { value: T } | null; cases: readonly { answer: { value: T } }[] }): T[] =>
    choice.constant ? [choice.constant.value] : choice.cases.map(({ answer }) => answer.value);
  const duties = plan.duties.flatMap((duty): number[] =>
    duty.kind === 'reimbursement'
      ? [...duty.bands.map(({ aboveFen }) => aboveFen), ...(duty.threshold ? all(duty.threshold.amount) : [])]
      : [],
  );
  return [...new Set([0, ...duties, ...plan.caps.flatMap(({ amount }) => all(amount))])];
}

const amountAround = (turns: readonly number[]): fc.Arbitrary<number> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(fc.constantFrom(...turns), fc.integer({ min: -2, max: 2 })).map(([turn, by]) => Math.max(0, turn + by)),
    },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...turns), fc.constantFrom(...turns)).map(([one, other]) => one + other) },
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 6_000_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 300_000_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 30 }) },
  );

const small = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 200_000 }));
const billAround = (turns: readonly number[]): fc.Arbitrary<Bill> => {
  const amount = amountAround(turns);
  return fc.record({ inScope: amount, outOfScope: fc.oneof(small, amount), drug: fc.oneof(small, amount), fund: amount, aside: small });
};

/** A settlement whose identities hold: the person bears what is in scope and no fund paid, what is aside of it, and what is out of it. */
const settlementOf = ({ inScope, outOfScope, drug, fund, aside }: Bill): Pick<Facts, 'amounts' | 'items'> => ({
  amounts: {
    medfee_sumamt: fen(inScope + fund + aside + outOfScope + drug),
    inscp_scp_amt: fen(inScope + fund),
    preselfpay_amt: fen(aside),
    overlmt_selfpay: fen(0),
    fulamt_ownpay_amt: fen(outOfScope + drug),
    fund_pay_sumamt: fen(fund),
    psn_part_amt: fen(inScope + aside + outOfScope + drug),
  },
  items: { 'special-drug': fen(drug) },
});

const mostly = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 14, arbitrary: usual }, { weight: 1, arbitrary: rare });

type Person = Partial<Facts>;
const personOf = ({ coverFrom, coverTo, basePlan }: CompiledPlan): fc.Arbitrary<Person> =>
  fc.record({
    coverFrom: mostly(fc.constant(coverFrom), fc.constant(addDays(coverFrom, 100))),
    coverTo: fc.constant(coverTo),
    insutype: mostly(fc.constantFrom('310', '390', 'none'), fc.constantFrom('510', undefined)),
    psnType: fc.constantFrom('11', '12'),
    hardship: fc.boolean(),
    age: fc.integer({ min: 18, max: 65 }),
    enrolmentKind: mostly(fc.constant('renewal' as const), fc.constantFrom('new' as const, 'late-renewal' as const, 'transfer' as const)),
    enrolledOn: mostly(fc.constant(addDays(coverFrom, -400)), fc.constant(addDays(coverFrom, 5))),
    consecutivePeriods: mostly(fc.integer({ min: 1, max: 14 }), fc.constant(1)),
    plansHeld: fc.constant(basePlan === null ? [] : [basePlan]),
    unit: mostly(
      fc.constant(undefined),
      fc.integer({ min: 70, max: 100 }).map((enrolled) => ({ staff: 100, enrolled })),
    ),
  });

const nightsOf = fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 250 }));
const dayOf = ({ coverFrom, coverTo }: CompiledPlan): fc.Arbitrary<CivilDate> =>
  mostly(
    fc.integer({ min: 0, max: 364 }).map((days) => addDays(coverFrom, days)),
    fc.integer({ min: -3, max: 8 }).map((days) => addDays(coverTo, days)),
  );

function stayOf(plan: CompiledPlan): fc.Arbitrary<Partial<Facts>> {
  return fc
    .record({
      dischargeOn: dayOf(plan),
      nights: nightsOf,
      wait: mostly(fc.integer({ min: 0, max: 119 }), fc.integer({ min: 120, max: 400 })),
      medType: mostly(fc.constantFrom('21', '2101', '24'), fc.constantFrom('11', '52')),
      hospitalLevel: mostly(fc.integer({ min: 1, max: 3 }), fc.constant(0)),
      elsewhere: fc.boolean(),
      bill: billAround(turnsOf(plan)),
      otherPayers: fc.array(fc.record({ payer: fc.constantFrom('city-plan', 'employer', 'stranger'), amountFen: small.map(fen) }), {
        maxLength: 2,
      }),
      known: mostly(fc.constant(false), fc.constant(true)),
    })
    .map(({ dischargeOn, nights, wait, bill, known, ...rest }) => {
      const { amounts, items } = settlementOf(bill);
      return {
        ...rest,
        dischargeOn,
        admissionOn: addDays(dischargeOn, -nights),
        acceptedOn: addDays(dischargeOn, wait),
        amounts: amounts!,
        items: items!,
        ...(known ? { remainingBurdenFen: amounts!.psn_part_amt! } : {}),
      };
    });
}

/** A death or a diagnosis. */
const asideOf = (plan: CompiledPlan): fc.Arbitrary<Partial<Facts>> =>
  fc.oneof(
    fc.record({ deathOn: dayOf(plan), deathCause: fc.constantFrom('illness' as const, 'accident' as const) }),
    fc.record({ diagnosedOn: dayOf(plan), severity: mostly(fc.constantFrom('light', 'severe'), fc.constant('grave')) }),
  );

/** With a death or a diagnosis now and then, and often where the plan pays nothing else. */
function eventOf(plan: CompiledPlan): fc.Arbitrary<Partial<Facts>> {
  const onStays = plan.duties.some(({ kind }) => kind === 'reimbursement' || kind === 'allowance');
  const aside = asideOf(plan).map((event) => ({ ...event, acceptedOn: addDays((event.deathOn ?? event.diagnosedOn)!, 30) }));
  return fc.oneof({ weight: onStays ? 7 : 1, arbitrary: stayOf(plan) }, { weight: onStays ? 1 : 7, arbitrary: aside });
}

const claimOf = (plan: CompiledPlan): fc.Arbitrary<Facts> =>
  fc.tuple(personOf(plan), eventOf(plan)).map(([person, event]) => ({ ...person, ...event }) as Facts);

/** Claims of one member in the order of their arrival. */
const claimsOf = (plan: CompiledPlan, event = eventOf(plan)): fc.Arbitrary<readonly Facts[]> =>
  fc
    .tuple(personOf(plan), fc.array(event, { minLength: 2, maxLength: 7 }))
    .map(([person, events]) => events.map((each) => ({ ...person, ...each }) as Facts));

function usedOf(plan: CompiledPlan): fc.Arbitrary<Accumulators> {
  const amount = amountAround(turnsOf(plan));
  const value = (name: string): fc.Arbitrary<number> =>
    name === 'claims' || name === 'stays'
      ? fc.integer({ min: 0, max: 3 })
      : name.startsWith('days.')
        ? fc.integer({ min: 0, max: 200 })
        : amount;
  return fc.record(Object.fromEntries(plan.accumulators.map((name) => [name, mostly(fc.oneof(fc.constant(0), value(name)), value(name))])));
}

const REFUSALS: readonly ReasonCode[] = [
  'not-inpatient',
  'not-covered',
  'claimed-late',
  'waiting-period',
  'quota-exhausted',
  'base-plan-missing',
  'not-eligible',
  'participation-too-low',
  'not-named',
  'fact-missing',
];

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
const lineOf = ({ lines }: Amounts, duty: string): number => lines.find((line) => line.duty === duty)?.amountFen ?? 0;
const dutySteps = ({ trace }: Decision): readonly TraceStep[] => trace.steps.filter(({ step }) => step === 'duty');
const stepsOf = (steps: readonly TraceStep[]): TraceStep[] => steps.flatMap((step) => [step, ...stepsOf(step.steps ?? [])]);
const lastOf = (steps: readonly TraceStep[] | undefined, ...names: readonly string[]): number | undefined =>
  steps?.findLast(({ step }) => names.includes(step))?.resultFen;

function played(claims: readonly Facts[], plan: CompiledPlan, decide = calculate): { decisions: Decision[]; used: Accumulators } {
  let used: Accumulators = {};
  const decisions = claims.map((facts) => {
    const decision = decide(facts, used, plan);
    used = addAccumulators(used, decision.changes);
    return decision;
  });
  return { decisions, used };
}
function totalOf(claims: readonly Facts[], plan: CompiledPlan): number {
  let used: Accumulators = {};
  let total = 0;
  for (const facts of claims) {
    const { benefitFen, changes } = calculateAmounts(facts, used, plan);
    used = addAccumulators(used, changes);
    total += benefitFen;
  }
  return total;
}

/** A stay in the middle of the cover that costs the person these, and has nothing else to it. */
const plainStay = (plan: CompiledPlan, inScope: number, outOfScope = 0, drug = 0): Facts => ({
  acceptedOn: addDays(plan.coverFrom, 105),
  coverFrom: plan.coverFrom,
  coverTo: plan.coverTo,
  medType: '21',
  admissionOn: addDays(plan.coverFrom, 99),
  dischargeOn: addDays(plan.coverFrom, 100),
  ...settlementOf({ inScope, outOfScope, drug, fund: 0, aside: 0 }),
  insutype: '310',
  psnType: '11',
  hospitalLevel: 3,
  enrolmentKind: 'renewal',
  enrolledOn: addDays(plan.coverFrom, -400),
  consecutivePeriods: 3,
});

/** The rule is a cliff on the sum of the period: a stay of a fen can bring the whole sum over an edge. */
const LINE_ABOVE_ITS_OWN_BASE = ['yunnan-20-second-aid'];
/** What is paid depends on which claim comes first. */
const ORDER_OF_ARRIVAL: Readonly<Record<string, string>> = {
  qingyang: 'the first claim has another rate than the second',
  'guangdong-2017': 'the third claim is paid nothing, whatever it is of',
  'hainan-2': 'the fourth claim is paid nothing, whatever it is of',
};
/** Its benefit rule is not in the source. */
const PAYS_NOTHING = ['guangzhou-2023'];

describe.each(planIds())('%s', (id) => {
  const variants = VARIANTS.get(id)!;
  const [plan] = variants as [CompiledPlan];
  const [which, claim, used] = [variant(id), claimOf(plan), usedOf(plan)];
  const onVariants = (check: (some: CompiledPlan, facts: Facts, before: Accumulators) => void): void =>
    fc.assert(fc.property(which, claim, used, (i, facts, before) => check(variants[i]!, facts, before)));

  test('the claims drawn here are mostly paid', () => {
    const decisions = fc
      .sample(fc.tuple(which, claim), { numRuns: 100, seed: 2025 })
      .map(([i, facts]) => calculateAmounts(facts, {}, variants[i]!));
    const paid = decisions.filter(({ benefitFen }) => benefitFen > 0).length;
    if (PAYS_NOTHING.includes(id)) expect(paid).toBe(0);
    else expect(paid).toBeGreaterThan(20);
  });

  test('a benefit is never negative, its lines add up to it, and there is a reason exactly where there are none', () => {
    onVariants((some, facts, before) => {
      const { benefitFen, lines, reason, baseFen } = calculateAmounts(facts, before, some);
      expect(benefitFen).toBe(sum(lines.map(({ amountFen }) => amountFen)));
      expect(lines.every(({ amountFen }) => Number.isSafeInteger(amountFen) && amountFen > 0)).toBe(true);
      expect(new Set(lines.map(({ duty }) => duty)).size).toBe(lines.length);
      expect(reason === null).toBe(lines.length > 0);
      expect(baseFen).toBeGreaterThanOrEqual(0);
    });
  });

  test('a reimbursement is never above its base, nor a line above what is left of a cap', () => {
    onVariants((some, facts, before) => {
      const decision = calculate(facts, before, some);
      for (const { inputs, steps } of dutySteps(decision)) {
        const own = lastOf(steps, 'base', 'proration');
        const base = LINE_ABOVE_ITS_OWN_BASE.includes(id) ? (steps?.find(({ step }) => step === 'sum')?.resultFen ?? own) : own;
        if (base !== undefined) expect(lineOf(decision, String(inputs['duty']))).toBeLessThanOrEqual(base);
      }
      for (const { clause, parameter, inputs } of stepsOf(decision.trace.steps).filter(({ step }) => step === 'cap')) {
        const cap = some.caps.find(({ path }) => `${clause}.`.startsWith(`${path}.`))!;
        const lines = cap.paidNames.map((name) => lineOf(decision, name.slice('paid.'.length)));
        const beforeFen = cap.perPeriod ? sum(cap.paidNames.map((name) => before[name] ?? 0)) : 0;
        expect(sum(lines)).toBeLessThanOrEqual(Math.max(0, Number(parameter?.['capFen']) - beforeFen));
        expect(inputs['usedFen']).toBeGreaterThanOrEqual(beforeFen);
      }
    });
  });

  test('more base never gives less', () => {
    const more = fc.tuple(amountAround(turnsOf(plan)), small, small);
    fc.assert(
      fc.property(which, personOf(plan), stayOf(plan), used, more, (i, person, event, before, [inScope, outOfScope, drug]) => {
        const less = { ...person, ...event } as Facts;
        const { amounts, items } = less;
        const raised = (field: 'medfee_sumamt' | 'inscp_scp_amt' | 'fulamt_ownpay_amt' | 'psn_part_amt', by: number): Fen =>
          fen(amounts![field]! + by);
        const greater: Facts = {
          ...less,
          amounts: {
            ...amounts,
            medfee_sumamt: raised('medfee_sumamt', inScope + outOfScope + drug),
            inscp_scp_amt: raised('inscp_scp_amt', inScope),
            fulamt_ownpay_amt: raised('fulamt_ownpay_amt', outOfScope + drug),
            psn_part_amt: raised('psn_part_amt', inScope + outOfScope + drug),
          },
          items: { 'special-drug': fen(items!['special-drug']! + drug) },
          ...(less.remainingBurdenFen === undefined ? {} : { remainingBurdenFen: raised('psn_part_amt', inScope + outOfScope + drug) }),
        };
        const [one, other] = [less, greater].map((facts) => calculateAmounts(facts, before, variants[i]!));
        expect(other!.benefitFen).toBeGreaterThanOrEqual(one!.benefitFen);
        expect(other!.baseFen).toBeGreaterThanOrEqual(one!.baseFen);
      }),
    );
  });

  test('after any claims no period cap is passed, no quota, no limit of an allowance, and a death is paid once', () => {
    fc.assert(
      fc.property(which, claimsOf(plan), (i, claims) => {
        const some = variants[i]!;
        const { decisions, used: after } = played(claims, some);
        const paidOf = (duty: string): number => sum(decisions.map((decision) => lineOf(decision, duty)));
        for (const cap of some.caps.filter(({ perPeriod }) => perPeriod)) {
          const steps = decisions.flatMap(({ trace }) =>
            stepsOf(trace.steps).filter(({ step, clause }) => step === 'cap' && `${clause}.`.startsWith(`${cap.path}.`)),
          );
          const limitFen = Math.max(0, ...steps.map(({ parameter }) => Number(parameter?.['capFen'])));
          expect(sum(cap.paidNames.map((name) => paidOf(name.slice('paid.'.length))))).toBeLessThanOrEqual(limitFen);
        }
        for (const duty of some.duties) {
          if (duty.kind === 'allowance') {
            expect(paidOf(duty.id)).toBeLessThanOrEqual(duty.amountPerPeriodFen ?? Infinity);
            expect(after[`days.${duty.id}`] ?? 0).toBeLessThanOrEqual(duty.daysPerPeriod ?? Infinity);
          }
          if (duty.kind === 'death') expect(decisions.filter((decision) => lineOf(decision, duty.id) > 0).length).toBeLessThanOrEqual(1);
          if (duty.paidName !== null) expect(after[duty.paidName] ?? 0).toBe(paidOf(duty.id));
        }
        const paidStays = decisions.filter(({ benefitFen }, at) => benefitFen > 0 && claims[at]!.dischargeOn !== undefined);
        expect(paidStays.length).toBeLessThanOrEqual(some.quota ?? Infinity);
      }),
    );
  });

  test('accumulators only grow, and only those that the plan keeps', () => {
    onVariants((some, facts, before) => {
      const { changes } = calculateAmounts(facts, before, some);
      expect(Object.keys(changes).filter((name) => !some.accumulators.includes(name))).toEqual([]);
      expect(Object.values(changes).every((change) => Number.isSafeInteger(change) && change >= 0)).toBe(true);
    });
  });

  test('a refused claim changes nothing, and one that is paid nothing adds nothing paid', () => {
    const spoiled = fc.constantFrom<Partial<Facts>>(
      { coverFrom: undefined },
      { coverTo: addDays(plan.coverFrom, -1) },
      { amounts: undefined, remainingBurdenFen: undefined },
      { hospitalLevel: undefined },
      { consecutivePeriods: undefined },
      { insutype: '999' },
      { severity: 'grave' },
    );
    fc.assert(
      fc.property(which, claim, used, spoiled, (i, facts, before, change) => {
        const { reason, changes, lines, baseFen } = calculateAmounts({ ...facts, ...change }, before, variants[i]!);
        if (reason === null) return;
        if (REFUSALS.includes(reason)) expect({ changes, lines, baseFen }).toEqual({ changes: {}, lines: [], baseFen: 0 });
        else expect(Object.keys(changes).filter((name) => name.startsWith('paid.'))).toEqual([]);
      }),
    );
  });

  test('a decision depends on nothing but its arguments, and leaves them as they are', () => {
    onVariants((some, facts, before) => {
      const first = calculate(frozen(facts), frozen(before), some);
      const text = JSON.stringify(first);
      expect(JSON.stringify(calculate(structuredClone(facts), { ...before }, some))).toBe(text);
      expect({ ...calculateAmounts(facts, before, some), trace: first.trace }).toEqual(first);
    });
  });

  test('every step of a trace names a clause of the plan, or the title of a duty', () => {
    onVariants((some, facts, before) => {
      const { trace, reason, benefitFen } = calculate(facts, before, some);
      expect(trace).toMatchObject({ plan: id, hash: some.hash, reason, resultFen: benefitFen });
      // A value that is not named has no clause: calculate.spec.ts has it among what fails.
      const titles = some.duties.map(({ path }) => `${path}.title`);
      const unknown = stepsOf(trace.steps).filter(({ step, clause }) =>
        step === 'duty' ? !titles.includes(clause) : !Object.hasOwn(some.clauses, clause),
      );
      expect(unknown.map(({ clause }) => clause)).toEqual([]);
    });
  });

  if (id in ORDER_OF_ARRIVAL) {
    test(`the order of arrival does change the total: ${ORDER_OF_ARRIVAL[id]}`, () => {
      const stays = [200_000, 300_000, 400_000, 500_000, 600_000].map((burden) => plainStay(plan, burden));
      expect(totalOf(stays, plan)).not.toBe(totalOf([...stays].reverse(), plan));
    });
  } else {
    test('the order of arrival does not change the total of stays', () => {
      const shuffled = claimsOf(plan, stayOf(plan)).chain((claims) =>
        fc.tuple(fc.constant(claims), fc.shuffledSubarray([...claims], { minLength: claims.length, maxLength: claims.length })),
      );
      fc.assert(
        fc.property(which, shuffled, (i, [claims, others]) => expect(totalOf(others, variants[i]!)).toBe(totalOf(claims, variants[i]!))),
      );
    });
  }
});

describe('a plan that sums over the period', () => {
  const SUMMED = [...VARIANTS].flatMap(([id, variants]) => {
    const summed = variants.filter(({ duties }) =>
      duties.every((duty) => duty.kind === 'death' || (duty.kind === 'reimbursement' && duty.summed)),
    );
    return summed.length > 0 ? [[id, summed] as const] : [];
  });

  test('is one of these', () => {
    expect(SUMMED.map(([id]) => id)).toEqual([
      'city-plan-three-duties',
      'large-illness-bands-on-base',
      'large-illness-bands-on-excess',
      'weihai-2013',
      'yunnan-20-second-aid',
      'zhangzhou-2021',
    ]);
  });

  /** In as many parts as there are cuts, and one more; a cut is at so many ten-thousandths. */
  function parts(amount: number, cuts: readonly number[]): number[] {
    const ends = [...cuts.map((cut) => Math.trunc((amount * cut) / 10_000)), amount].sort((a, b) => a - b);
    return ends.map((end, i) => end - (ends[i - 1] ?? 0));
  }

  test.each(SUMMED)('%s pays for the stays of a year what it pays for one stay of their sum', (id, summed) => {
    const amount = amountAround(turnsOf(summed[0]!));
    const cuts = fc
      .integer({ min: 1, max: 6 })
      .chain((count) => fc.array(fc.array(fc.nat(10_000), { minLength: count, maxLength: count }), { minLength: 3, maxLength: 3 }));
    fc.assert(
      fc.property(fc.nat({ max: summed.length - 1 }), fc.tuple(amount, amount, amount), cuts, (i, whole, [inScope, outOfScope, drug]) => {
        const some = summed[i]!;
        const divided = [inScope, outOfScope, drug].map((at, part) => parts(whole[part]!, at!));
        const stays = divided[0]!.map((_, at) => plainStay(some, divided[0]![at]!, divided[1]![at]!, divided[2]![at]!));
        expect(totalOf(stays, some)).toBe(totalOf([plainStay(some, ...whole)], some));
      }),
    );
    expect(totalOf([plainStay(summed[0]!, 30_000_000)], summed[0]!)).toBeGreaterThan(0);
    expect(id).toBe(summed[0]!.id);
  });
});

describe('what is said of a plan by name', () => {
  test('is said of plans that there are', () => {
    const named = [...LINE_ABOVE_ITS_OWN_BASE, ...Object.keys(ORDER_OF_ARRIVAL), ...PAYS_NOTHING];
    expect(named.filter((id) => !planIds().includes(id))).toEqual([]);
  });

  test('a stay of a fen can bring a sum over the edge of a cliff', () => {
    const plan = loadPlan('yunnan-20-second-aid');
    const { decisions } = played([plainStay(plan, 9_999_999), plainStay(plan, 1)], plan);
    expect(decisions.map(({ baseFen, benefitFen }) => [baseFen, benefitFen])).toEqual([
      [9_999_999, 0],
      [1, 2_200_000],
    ]);
  });
});
