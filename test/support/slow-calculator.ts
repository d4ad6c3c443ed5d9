/**
 * The plans of the worked cases once more: each rule written by hand from its printed words (quoted above it), in exact fractions and
 * without a thought for speed. It shares no code with the engine, so that the two cannot share a mistake.
 */
import { daysBetween, type CivilDate } from '@app/kernel';
import type { Facts } from '../../libs/benefits/src/facts.js';
import type { SettlementField } from '../../libs/benefits/src/language.js';

export interface SlowBenefit {
  /** Fen by duty; a duty that pays nothing is absent. */
  readonly lines: Record<string, bigint>;
  readonly totalFen: bigint;
  /** The reason code where the claim is refused before anything is calculated. */
  readonly refused: string | null;
  /** What the member used up of the cover period, this claim included. */
  readonly used: Record<string, bigint>;
}

class Fraction {
  constructor(
    readonly over: bigint,
    readonly under: bigint = 1n,
  ) {}

  plus(other: Fraction): Fraction {
    return new Fraction(this.over * other.under + other.over * this.under, this.under * other.under);
  }

  times(other: Fraction): Fraction {
    return new Fraction(this.over * other.over, this.under * other.under);
  }

  /** To the fen; the fraction is not negative. */
  halfUp(): bigint {
    return (2n * this.over + this.under) / (2n * this.under);
  }

  downToYuan(): bigint {
    return (this.over / (this.under * 100n)) * 100n;
  }
}

const yuan = (amount: bigint): bigint => amount * 100n;
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
/** What is left of `amount` when `taken` is taken off; never below zero. */
const less = (amount: bigint, taken: bigint): bigint => most(amount - taken, 0n);

const percent = (rate: bigint): Fraction => new Fraction(rate, 100n);
const share = (amount: bigint, rate: bigint): Fraction => new Fraction(amount).times(percent(rate));

/** From, to (both in yuan; null: without end), and the rate in percent. */
type Segment = readonly [from: bigint, to: bigint | null, rate: bigint];

/** The sum of (min(x, to) - from)+ * rate. */
function seg(x: bigint, ...segments: readonly Segment[]): Fraction {
  return segments
    .map(([from, to, rate]) => share(less(to === null ? x : least(x, yuan(to)), yuan(from)), rate))
    .reduce((sum, part) => sum.plus(part));
}

const amount = (facts: Facts, field: SettlementField): bigint => BigInt(facts.amounts?.[field] ?? 0);

/** In-scope self-pay; the self-pay of official tables; everything the person bears. */
const b1 = (facts: Facts): bigint => less(amount(facts, 'inscp_scp_amt'), amount(facts, 'fund_pay_sumamt'));
const b2 = (facts: Facts): bigint => less(amount(facts, 'psn_part_amt'), amount(facts, 'fulamt_ownpay_amt'));
const b3 = (facts: Facts): bigint => amount(facts, 'psn_part_amt');

/** What the person still bears after everyone has paid. */
function remainingBurden(facts: Facts): bigint {
  return less(
    facts.remainingBurdenFen === undefined ? b3(facts) : BigInt(facts.remainingBurdenFen),
    (facts.otherPayers ?? []).reduce((sum, payer) => sum + BigInt(payer.amountFen), 0n),
  );
}

const within = (day: CivilDate, facts: Facts): boolean =>
  facts.coverFrom !== undefined && facts.coverTo !== undefined && facts.coverFrom <= day && day <= facts.coverTo;

/** A stay within one day counts one; where the days are not told, there are none. */
function nights({ admissionOn, dischargeOn }: Facts): bigint {
  if (admissionOn === undefined || dischargeOn === undefined) return 0n;
  return most(BigInt(daysBetween(admissionOn, dischargeOn)), 1n);
}

/** A night belongs to the day on which it begins. */
function coveredNights(facts: Facts): bigint {
  const { admissionOn, coverFrom, coverTo } = facts;
  if (admissionOn === undefined || coverFrom === undefined || coverTo === undefined) return 0n;
  const first = BigInt(daysBetween(coverFrom, admissionOn));
  const last = BigInt(daysBetween(coverFrom, coverTo));
  let covered = 0n;
  for (let night = 0n; night < nights(facts); night += 1n) if (first + night >= 0n && first + night <= last) covered += 1n;
  return covered;
}

/** What earlier claims of the period used up: `paid`, `paid <duty>`, `claims` (stays that were paid something), and what a rule adds of its own. */
type Before = (name: string) => bigint;

/** What remains of a cap of the period on one duty. */
const roomUnder = (cap: bigint, before: Before, duty: string): bigint => less(cap, before(`paid ${duty}`));

interface Outcome {
  readonly lines: Readonly<Record<string, bigint>>;
  readonly adds?: Readonly<Record<string, bigint>>;
  readonly refused?: 'not-named';
}

interface Plan {
  readonly pays: (facts: Facts, before: Before, reading: string | null) => Outcome;
  /** Which day of a stay has to be covered; the day of discharge where nothing is said. */
  readonly anyDayCovered?: boolean;
  readonly admissionCovered?: boolean;
  /** Whether it pays for more than stays in hospital. */
  readonly anyTreatment?: boolean;
  readonly deadline?: { readonly ofDischarge: number; readonly ofDeath: number };
  readonly claims?: bigint;
  readonly waitingDays?: number;
  /** Percent of the unit's staff. */
  readonly participation?: bigint;
}

/**
 * "Inpatient. Deductible 1,000 per stay; bands over what is left: to 10,000 30 %, to 30,000 40 %, to 50,000 60 %, above 95 %; bounds
 * inclusive; cap 1,000,000 per period. Allowance 50 per inpatient day, at most 200 per stay. Death 10,000 once. Claim within 120 days of
 * discharge. Base by default B1; B2 and B3 selectable. Reading B (bands over the base) selectable."
 */
const guangxi: Plan = {
  deadline: { ofDischarge: 120, ofDeath: 180 },
  pays: (facts, before, reading) => {
    const [bandsOn, baseName] = (reading ?? 'excess B1').split(' ');
    const base = { B1: b1, B2: b2, B3: b3 }[baseName as 'B1' | 'B2' | 'B3'](facts);
    const exact =
      bandsOn === 'excess'
        ? seg(less(base, yuan(1_000n)), [0n, 10_000n, 30n], [10_000n, 30_000n, 40n], [30_000n, 50_000n, 60n], [50_000n, null, 95n])
        : seg(base, [1_000n, 10_000n, 30n], [10_000n, 30_000n, 40n], [30_000n, 50_000n, 60n], [50_000n, null, 95n]);
    return {
      lines: {
        medical: least(exact.halfUp(), roomUnder(yuan(1_000_000n), before, 'medical')),
        allowance: least(nights(facts) * yuan(50n), yuan(200n)),
        death: facts.deathOn !== undefined && before('paid death') === 0n ? yuan(10_000n) : 0n,
      },
    };
  },
};

/** "Allowance 25 a day; medical aid 55 % of self-pay; whole yuan, rounded down." */
const sanmen: Plan = {
  pays: (facts) => ({
    lines: {
      medical: share(b1(facts), 55n).downToYuan(),
      allowance: new Fraction(nights(facts) * yuan(25n)).downToYuan(),
    },
  }),
};

/** "70 % of inpatient self-pay." */
const hubeiInpatient: Plan = { pays: (facts) => ({ lines: { medical: share(b1(facts), 70n).halfUp() } }) };

/** "Critical illness, light 3,000, severe 10,000; a re-classification corrects, it does not add." */
const hubeiCritical: Plan = {
  // A diagnosis is paid, wherever it was made.
  anyTreatment: true,
  pays: (facts, before) => {
    const sum = facts.severity === 'severe' ? yuan(10_000n) : facts.severity === 'light' ? yuan(3_000n) : 0n;
    return { lines: { 'critical-illness': less(sum, before('paid critical-illness')) } };
  },
};

/** "Personal burden summed over the year; deductible 10,000; 10,000 to 40,000 80 %, above 90 %; cap 50,000." */
const weihai: Plan = {
  pays: (facts, before) => {
    const dueOn = (sum: bigint): bigint => seg(sum, [10_000n, 40_000n, 80n], [40_000n, null, 90n]).halfUp();
    const sum = before('burden') + b3(facts);
    const due = dueOn(sum) - dueOn(before('burden'));
    return { lines: { medical: least(due, roomUnder(yuan(50_000n), before, 'medical')) }, adds: { burden: b3(facts) } };
  },
};

/** "seg[(0,2000,.8),(2000,10000,.7),(10000,inf,.5)], cap 50,000 per period." */
const yulin: Plan = {
  pays: (facts, before) => {
    const exact = seg(b1(facts), [0n, 2_000n, 80n], [2_000n, 10_000n, 70n], [10_000n, null, 50n]);
    return { lines: { medical: least(exact.halfUp(), roomUnder(yuan(50_000n), before, 'medical')) } };
  },
};

/**
 * "In-scope self-pay less 300, 60 %, cap 30,000; allowance 30 a day, at most 20 days. Members in resident insurance 50 % cap 20,000;
 * uninsured less 500, 45 %, cap 15,000. A stay across the period's end is prorated by days."
 */
const ningde: Plan = {
  anyDayCovered: true,
  pays: (facts, before): Outcome => {
    const terms = new Map([
      ['310', [300n, 60n, 30_000n]],
      ['390', [300n, 50n, 20_000n]],
      ['none', [500n, 45n, 15_000n]],
    ] as const).get(facts.insutype as '310' | '390' | 'none');
    // Insurance that is not known is not the same as none.
    if (terms === undefined) return { lines: {}, refused: 'not-named' };
    const [deductible, rate, cap] = terms;
    const days = coveredNights(facts);
    const base = new Fraction(b1(facts)).times(new Fraction(days, nights(facts))).halfUp();
    return {
      lines: {
        medical: least(share(less(base, yuan(deductible)), rate).halfUp(), roomUnder(yuan(cap), before, 'medical')),
        allowance: least(days, 20n) * yuan(30n),
      },
    };
  },
};

/** "In-catalogue self-pay summed over the period, 300 taken off once, 60 %, cap 50,000. Death by illness topped up to 1,000." */
const zhangzhou: Plan = {
  pays: (facts, before): Outcome => {
    const dueOn = (sum: bigint): bigint => share(less(sum, yuan(300n)), 60n).halfUp();
    const due = dueOn(before('self-pay') + b2(facts)) - dueOn(before('self-pay'));
    const medical = least(due, roomUnder(yuan(50_000n), before, 'medical'));
    const adds = { 'self-pay': b2(facts) };
    if (facts.deathOn === undefined) return { lines: { medical }, adds };
    if (facts.deathCause !== 'illness') return { lines: {}, refused: 'not-named' };
    return { lines: { medical, death: less(yuan(1_000n), before('paid') + medical) }, adds };
  },
};

/**
 * "Threshold 1,000, then 1,000-5,000 50 %, to 10,000 60 %, above 70 %; cap 50,000; at most 3 claims a period; death topped up to 3,000. The
 * source does not say whether the threshold is a deductible or an entry gate; both must be expressible."
 */
const hainan: Plan = {
  claims: 3n,
  pays: (facts, before, reading) => {
    const base = b1(facts);
    const asGate = (): Fraction =>
      base < yuan(1_000n) ? new Fraction(0n) : seg(base, [0n, 5_000n, 50n], [5_000n, 10_000n, 60n], [10_000n, null, 70n]);
    const asDeductible = (): Fraction => seg(base, [1_000n, 5_000n, 50n], [5_000n, 10_000n, 60n], [10_000n, null, 70n]);
    const exact = reading === 'gate' ? asGate() : asDeductible();
    const medical = least(exact.halfUp(), roomUnder(yuan(50_000n), before, 'medical'));
    return { lines: { medical, death: facts.deathOn === undefined ? 0n : less(yuan(3_000n), before('paid') + medical) } };
  },
};

/**
 * "On the whole remaining burden after all payments, a cliff and not bands. From 100,000 below 200,000 20 %; from 200,000 40 %; one point
 * more per further consecutive period, at most ten; cap 500,000."
 */
const yunnan: Plan = {
  pays: (facts, before) => {
    const points = least(BigInt(facts.consecutivePeriods ?? 1) - 1n, 10n);
    const { due, adds } = onSum('burden', remainingBurden(facts), before, (sum) => {
      const rate = sum < yuan(100_000n) ? 0n : sum < yuan(200_000n) ? 20n + points : 40n + points;
      return share(sum, rate).halfUp();
    });
    return { lines: { 'second-aid': least(most(due, 0n), roomUnder(yuan(500_000n), before, 'second-aid')) }, adds };
  },
};

/** "40 a day from the 4th day, at most 7,200 a period." */
const beijing: Plan = {
  pays: (facts, before) => ({
    lines: { allowance: least(less(nights(facts), 3n) * yuan(40n), roomUnder(yuan(7_200n), before, 'allowance')) },
  }),
};

/** "70 % of in-scope inpatient self-pay, at most 2 claims a period." */
const guangdong: Plan = { claims: 2n, pays: (facts) => ({ lines: { medical: share(b1(facts), 70n).halfUp() } }) };

/** "First stay 70 %, second 40 %, then nothing." */
const qingyang: Plan = {
  claims: 2n,
  pays: (facts, before) => ({ lines: { medical: share(b1(facts), before('claims') === 0n ? 70n : 40n).halfUp() } }),
};

/**
 * "Period 1 July to 30 June. Waiting 30 days for new members, none for an on-time renewal, a late renewal counts as new. At least 80 % of
 * the unit's staff." The words name no benefit.
 */
const guangzhou: Plan = { admissionCovered: true, waitingDays: 30, participation: 80n, pays: () => ({ lines: {} }) };

/** A rule on the sum of the period: what the sum is worth now, less what it was worth before. */
function onSum(
  name: string,
  add: bigint,
  before: Before,
  worth: (sum: bigint) => bigint,
): { readonly due: bigint; readonly adds: Record<string, bigint> } {
  return { due: worth(before(name) + add) - worth(before(name)), adds: { [name]: add } };
}

/** "Deductible 12,000; bands on the base itself - to 30,000 60 %, to 100,000 65 %, above 75 %." On the sum of the period. */
const largeIllnessOnBase: Plan = {
  pays: (facts, before) => {
    const { due, adds } = onSum('self-pay', b1(facts), before, (sum) =>
      seg(sum, [12_000n, 30_000n, 60n], [30_000n, 100_000n, 65n], [100_000n, null, 75n]).halfUp(),
    );
    return { lines: { medical: due }, adds };
  },
};

/** "Deductible 20,000; bands on the excess - to 20,000 30 %, to 50,000 40 %, to 100,000 50 %." On the sum of the period. */
const largeIllnessOnExcess: Plan = {
  pays: (facts, before) => {
    const { due, adds } = onSum('self-pay', b1(facts), before, (sum) =>
      seg(less(sum, yuan(20_000n)), [0n, 20_000n, 30n], [20_000n, 50_000n, 40n], [50_000n, 100_000n, 50n]).halfUp(),
    );
    return { lines: { medical: due }, adds };
  },
};

/** "Deductible 800 / 500 / 200 and rate 80 / 85 / 90 % for level 3 / 2 / 1; retired at level 3 85 %." */
const basicByLevel: Plan = {
  pays: (facts): Outcome => {
    const retired = facts.psnType === '12';
    const terms = new Map([
      [3, [800n, retired ? 85n : 80n]],
      [2, [500n, 85n]],
      [1, [200n, 90n]],
    ] as const).get(facts.hospitalLevel as 1 | 2 | 3);
    if (terms === undefined) return { lines: {}, refused: 'not-named' };
    const [deductible, rate] = terms;
    return { lines: { medical: share(less(amount(facts, 'inscp_scp_amt'), yuan(deductible)), rate).halfUp() } };
  },
};

/** "In scope less 10,000 80 %; out of scope less 20,000 50 %; special drug less 20,000 80 %. Each duty has its own deductible." */
const cityPlan: Plan = {
  // Special drugs are bought at pharmacies, too.
  anyTreatment: true,
  pays: (facts, before) => {
    const after = (rate: bigint, deductible: bigint) => (sum: bigint) => share(less(sum, yuan(deductible)), rate).halfUp();
    const inScope = onSum('in scope', b1(facts), before, after(80n, 10_000n));
    const outOfScope = onSum('out of scope', amount(facts, 'fulamt_ownpay_amt'), before, after(50n, 20_000n));
    const drug = onSum('drug', BigInt(facts.items?.['special-drug'] ?? 0), before, after(80n, 20_000n));
    return {
      lines: { 'in-scope': inScope.due, 'out-of-scope': outOfScope.due, 'special-drug': drug.due },
      adds: { ...inScope.adds, ...outOfScope.adds, ...drug.adds },
    };
  },
};

/** "200 a day after 3 free days, at most 90 days a stay and 180 a year." */
const dailyCash: Plan = {
  pays: (facts, before) => {
    const days = least(least(less(nights(facts), 3n), 90n), less(180n, before('days')));
    return { lines: { allowance: days * yuan(200n) }, adds: { days } };
  },
};

/** "The sum of all payers never exceeds the actual cost. This plan pays what is left after others, less 10,000." */
const indemnity: Plan = { pays: (facts) => ({ lines: { medical: less(remainingBurden(facts), yuan(10_000n)) } }) };

const PLANS = new Map<string, Plan>([
  ['guangxi-1-2025', guangxi],
  ['sanmen', sanmen],
  ['hubei-inpatient-2025', hubeiInpatient],
  ['hubei-critical-2025', hubeiCritical],
  ['weihai-2013', weihai],
  ['yulin-union', yulin],
  ['ningde-2012', ningde],
  ['zhangzhou-2021', zhangzhou],
  ['hainan-2', hainan],
  ['yunnan-20-second-aid', yunnan],
  ['beijing-allowance-2011', beijing],
  ['guangdong-2017', guangdong],
  ['qingyang', qingyang],
  ['guangzhou-2023', guangzhou],
  ['large-illness-bands-on-base', largeIllnessOnBase],
  ['large-illness-bands-on-excess', largeIllnessOnExcess],
  ['basic-by-hospital-level', basicByLevel],
  ['city-plan-three-duties', cityPlan],
  ['daily-cash', dailyCash],
  ['indemnity', indemnity],
]);

export interface SlowReading {
  readonly name: string;
  /** The engine's plan is loaded with these. */
  readonly select: Record<string, string | number>;
}

const AS_PRINTED: readonly SlowReading[] = [{ name: 'as printed', select: {} }];
const READINGS = new Map<string, readonly SlowReading[]>([
  [
    'guangxi-1-2025',
    ['excess', 'base'].flatMap((bandsOn) =>
      ['B1', 'B2', 'B3'].map((base) => ({
        name: `${bandsOn} ${base}`,
        select: { 'duties.medical.bands_on': bandsOn, 'duties.medical.base': base },
      })),
    ),
  ],
  ['hainan-2', ['deductible', 'gate'].map((kind) => ({ name: kind, select: { 'duties.medical.threshold.kind': kind } }))],
]);

export const SLOW_PLANS: readonly { readonly plan: string; readonly readings: readonly SlowReading[] }[] = [...PLANS.keys()].map(
  (plan) => ({ plan, readings: READINGS.get(plan) ?? AS_PRINTED }),
);

function refusalOfEvent(plan: Plan, facts: Facts): string | null {
  const day = facts.deathOn ?? facts.diagnosedOn;
  if (day === undefined) throw new Error('expected a stay, a death or a diagnosis, found none');
  if (!within(day, facts)) return 'not-covered';
  if (facts.deathOn && plan.deadline && daysBetween(facts.deathOn, facts.acceptedOn) > plan.deadline.ofDeath) return 'claimed-late';
  return null;
}

function isCovered(plan: Plan, facts: Facts, dischargeOn: CivilDate): boolean {
  if (plan.admissionCovered) return within(facts.admissionOn ?? dischargeOn, facts);
  if (!plan.anyDayCovered) return within(dischargeOn, facts);
  if (facts.coverFrom === undefined || facts.coverTo === undefined) return false;
  return (facts.admissionOn ?? dischargeOn) <= facts.coverTo && dischargeOn >= facts.coverFrom;
}

function isWaiting(plan: Plan, facts: Facts): boolean {
  if (plan.waitingDays === undefined || facts.enrolledOn === undefined || facts.admissionOn === undefined) return false;
  // A move between units goes on with the days that were waited: they run from the enrolment.
  if (facts.enrolmentKind === 'renewal') return false;
  return daysBetween(facts.enrolledOn, facts.admissionOn) < plan.waitingDays;
}

function refusalOf(plan: Plan, facts: Facts, before: Before): string | null {
  const { dischargeOn, unit } = facts;
  if (dischargeOn === undefined) return refusalOfEvent(plan, facts);
  if (!plan.anyTreatment && !/^2[14]/.test(facts.medType ?? '')) return 'not-inpatient';
  if (!isCovered(plan, facts, dischargeOn)) return 'not-covered';
  if (plan.participation !== undefined && unit && BigInt(unit.enrolled) * 100n < plan.participation * BigInt(unit.staff))
    return 'participation-too-low';
  if (isWaiting(plan, facts)) return 'waiting-period';
  if (plan.deadline && daysBetween(dischargeOn, facts.acceptedOn) > plan.deadline.ofDischarge) return 'claimed-late';
  if (plan.claims !== undefined && before('claims') >= plan.claims) return 'quota-exhausted';
  return null;
}

export function slowBenefit(planId: string, reading: string | null, facts: Facts, used: Record<string, bigint>): SlowBenefit {
  const plan = PLANS.get(planId);
  if (plan === undefined) throw new Error(`expected one of ${[...PLANS.keys()].join(', ')}, found "${planId}"`);
  const before = (name: string): bigint => used[name] ?? 0n;

  const refused = refusalOf(plan, facts, before);
  if (refused !== null) return { lines: {}, totalFen: 0n, refused, used };
  const outcome = plan.pays(facts, before, reading);
  if (outcome.refused !== undefined) return { lines: {}, totalFen: 0n, refused: outcome.refused, used };

  const lines = Object.fromEntries(Object.entries(outcome.lines).filter(([, line]) => line !== 0n));
  const totalFen = Object.values(lines).reduce((sum, line) => sum + line, 0n);
  const after = { ...used };
  const add = (name: string, by: bigint): void => {
    after[name] = (after[name] ?? 0n) + by;
  };
  for (const [duty, line] of Object.entries(lines)) add(`paid ${duty}`, line);
  for (const [name, by] of Object.entries(outcome.adds ?? {})) add(name, by);
  add('paid', totalFen);
  // A death that is claimed without a stay is paid whatever the number of stays, so it is not one of them.
  add('claims', totalFen > 0n && facts.dischargeOn !== undefined ? 1n : 0n);
  return { lines, totalFen, refused: null, used: after };
}
