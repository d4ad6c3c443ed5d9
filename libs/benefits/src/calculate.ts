/**
 * What one event is worth under a plan: pure, without clock, floating point or exceptions on domain input. Both entry points run the same
 * `decide`; the trace is written by it on the way. Docs: docs/PLANS.md, "How a plan is computed".
 */
import { ZERO_FEN, addFen, assert, daysBetween, divideRounded, minFen, type CivilDate, type Fen, type Rounding } from '@app/kernel';
import type {
  Answer,
  BaseTerm,
  Choice,
  CompiledAllowance,
  CompiledCap,
  CompiledDeath,
  CompiledDuty,
  CompiledLumpSum,
  CompiledPlan,
  CompiledReimbursement,
} from './compile.js';
import type { Accumulators, Facts } from './facts.js';
import type { EnrolmentKind, When } from './language.js';
import type { ReasonCode } from './reasons.js';
import { exactFen, type Trace, type TraceStep, type TraceStepName } from './trace.js';

export interface BenefitLine {
  readonly duty: string;
  readonly kind: CompiledDuty['kind'];
  /** Above 0. */
  readonly amountFen: Fen;
}

export interface Amounts {
  /** null exactly when something is paid. */
  readonly reason: ReasonCode | null;
  /** Of all reimbursements; 0 where the claim was refused before its base mattered. */
  readonly baseFen: Fen;
  /** Adds up to `benefitFen`. */
  readonly lines: readonly BenefitLine[];
  readonly benefitFen: Fen;
  /** To be added to what was used before; only names that change. */
  readonly changes: Accumulators;
  /** Whether a cap, or a limit of the period, took something away. */
  readonly capped: boolean;
}

export interface Decision extends Amounts {
  readonly trace: Trace;
}

/** All amounts in fen. Never throws on facts as typed. Rules: the plan's own clauses, named in the trace. */
export function calculate(facts: Facts, used: Accumulators, plan: CompiledPlan): Decision {
  const steps: TraceStep[] = [];
  const amounts = decide(facts, used, plan, steps);
  const trace: Trace = {
    plan: plan.id,
    version: plan.version,
    hash: plan.hash,
    steps,
    reason: amounts.reason,
    resultFen: amounts.benefitFen,
  };
  return { ...amounts, trace };
}

/** As {@link calculate}, without the trace: for totals over many events. */
export const calculateAmounts = (facts: Facts, used: Accumulators, plan: CompiledPlan): Amounts => decide(facts, used, plan, null);

type Steps = TraceStep[] | null;

/** One decision as it is being made. */
interface Run {
  readonly facts: Facts;
  readonly used: Accumulators;
  readonly plan: CompiledPlan;
  readonly steps: Steps;
  readonly changes: Record<string, number>;
  readonly lines: BenefitLine[];
  /** Granted so far, by index of the plan's caps. */
  readonly taken: number[] | null;
  baseFen: number;
  grantedFen: number;
  reimbursedFen: number;
  /** Whether a cap, or the indemnity principle, took something away. */
  capped: boolean;
  paidByOthers: boolean;
}

const NOTHING: readonly BenefitLine[] = [];
const UNCHANGED: Accumulators = {};

const refused = (reason: ReasonCode): Amounts => ({
  reason,
  baseFen: ZERO_FEN,
  lines: NOTHING,
  benefitFen: ZERO_FEN,
  changes: UNCHANGED,
  capped: false,
});

/** What stops the computation of a duty. */
type Stop = 'not-named' | 'fact-missing';

function decide(facts: Facts, used: Accumulators, plan: CompiledPlan, steps: Steps): Amounts {
  const refusal = refusalOf(facts, used, plan, steps);
  if (refusal !== null) return refused(refusal);
  const run: Run = {
    facts,
    used,
    plan,
    steps,
    changes: {},
    lines: [],
    taken: plan.caps.length === 0 ? null : plan.caps.map(() => 0),
    baseFen: 0,
    grantedFen: 0,
    reimbursedFen: 0,
    capped: false,
    paidByOthers: false,
  };
  for (const duty of plan.duties) {
    const inner: Steps = steps && [];
    const result = dutyOf(run, duty, inner);
    if (typeof result === 'string') {
      steps?.push({ step: 'duty', clause: `${duty.path}.title`, inputs: { duty: duty.id }, steps: inner! });
      return refused(result);
    }
    if (result === null) continue;
    const amountFen = granted(run, duty, result, inner);
    steps?.push({ step: 'duty', clause: `${duty.path}.title`, inputs: { duty: duty.id }, steps: inner!, resultFen: amountFen });
    if (amountFen === 0) continue;
    run.lines.push({ duty: duty.id, kind: duty.kind, amountFen });
    run.grantedFen += amountFen;
    if (duty.paidName !== null) run.changes[duty.paidName] = amountFen;
  }
  const benefitFen = addFen(ZERO_FEN, run.grantedFen as Fen);
  if (isStay(facts)) {
    if (plan.countsStays) run.changes['stays'] = 1;
    if (plan.countsClaims && (plan.countsEvery || benefitFen > 0)) run.changes['claims'] = 1;
  }
  const reason = benefitFen > 0 ? null : run.capped ? 'cap-exhausted' : run.paidByOthers ? 'paid-by-others' : 'nothing-payable';
  return { reason, baseFen: run.baseFen as Fen, lines: run.lines, benefitFen, changes: run.changes, capped: run.capped };
}

const isStay = (facts: Facts): boolean => facts.dischargeOn !== undefined;

/** In the order of the checks; docs/PLANS.md. */
function refusalOf(facts: Facts, used: Accumulators, plan: CompiledPlan, steps: Steps): ReasonCode | null {
  const { coverFrom, coverTo, admissionOn, dischargeOn, acceptedOn, deathOn } = facts;
  const stay = dischargeOn !== undefined;
  if (stay && plan.medTypes !== null) {
    const medType = facts.medType ?? '';
    steps?.push({ step: 'scope', clause: 'scope.med_types', inputs: { med_type: medType }, parameter: { med_types: plan.medTypes } });
    if (!plan.medTypes.some((prefix) => medType.startsWith(prefix))) return 'not-inpatient';
  }
  const eventOn = eventDayOf(facts, plan);
  if (eventOn !== undefined) {
    const lastOn = lastDayOf(facts, plan)!;
    steps?.push({
      step: 'cover',
      clause: 'cover.decided_by',
      inputs: { eventOn, ...(lastOn === eventOn ? {} : { lastOn }), coverFrom: coverFrom ?? null, coverTo: coverTo ?? null },
      parameter: { decided_by: plan.coverDecidedBy },
    });
    if (coverFrom === undefined || coverTo === undefined || lastOn < coverFrom || eventOn > coverTo) return 'not-covered';
  }
  const ineligible = ineligibility(facts, plan, steps);
  if (ineligible !== null) return ineligible;
  if (plan.basePlan !== null) {
    const plansHeld = facts.plansHeld ?? [];
    steps?.push({ step: 'base-plan', clause: 'requires.base_plan', inputs: { plansHeld }, parameter: { base_plan: plan.basePlan } });
    if (!plansHeld.includes(plan.basePlan)) return 'base-plan-missing';
  }
  if (plan.minimumParticipation !== null && facts.unit !== undefined) {
    const { staff, enrolled } = facts.unit;
    steps?.push({
      step: 'unit',
      clause: 'unit.minimum_participation',
      inputs: { staff, enrolled },
      parameter: { minimum_participation: plan.minimumParticipation.text },
    });
    if (!participates(facts.unit, plan)) return 'participation-too-low';
  }
  const waiting =
    plan.waitingDays === null ? null : waitingRefusal(facts, used, plan, stay ? (admissionOn ?? dischargeOn) : eventOn, steps);
  if (waiting !== null) return waiting;
  const late = stay
    ? isLate('claim.deadline_days', { dischargeOn, acceptedOn }, dischargeOn, plan.deadlineDays, steps)
    : deathOn !== undefined && isLate('claim.death_deadline_days', { deathOn, acceptedOn }, deathOn, plan.deathDeadlineDays, steps);
  if (late) return 'claimed-late';
  if (stay && plan.quota !== null) {
    const claims = used['claims'] ?? 0;
    steps?.push({ step: 'quota', clause: 'quota.claims', inputs: { claims }, parameter: { claims: plan.quota } });
    if (claims >= plan.quota) return 'quota-exhausted';
  }
  return null;
}

/** The day that has to be covered, and on which the age counts; undefined when nothing with a day happened. */
export function eventDayOf({ admissionOn, dischargeOn, deathOn, diagnosedOn }: Facts, plan: CompiledPlan): CivilDate | undefined {
  if (dischargeOn === undefined) return deathOn ?? diagnosedOn;
  return plan.coverDecidedBy === 'discharge' ? dischargeOn : (admissionOn ?? dischargeOn);
}

const lastDayOf = (facts: Facts, plan: CompiledPlan): CivilDate | undefined =>
  isStay(facts) && plan.coverDecidedBy === 'any-day' ? facts.dischargeOn : eventDayOf(facts, plan);

/** Whether a cover of these days holds for what happened, under its plan; of an event without a day, whether it held when it was claimed. */
export function isCovered(
  facts: Facts,
  { coverFrom, coverTo }: { readonly coverFrom: CivilDate; readonly coverTo: CivilDate },
  plan: CompiledPlan,
): boolean {
  return (lastDayOf(facts, plan) ?? facts.acceptedOn) >= coverFrom && (eventDayOf(facts, plan) ?? facts.acceptedOn) <= coverTo;
}

/** The day after `on` is day 1. */
function isLate(
  clause: string,
  days: { readonly dischargeOn?: CivilDate; readonly deathOn?: CivilDate; readonly acceptedOn: CivilDate },
  on: CivilDate,
  limit: number | null,
  steps: Steps,
): boolean {
  if (limit === null) return false;
  const day = daysBetween(on, days.acceptedOn);
  steps?.push({ step: 'deadline', clause, inputs: { ...days, day }, parameter: { deadline_days: limit } });
  return day > limit;
}

function ineligibility(facts: Facts, plan: CompiledPlan, steps: Steps): ReasonCode | null {
  const { insutypes, psnTypes, ages } = plan;
  if (insutypes !== null) {
    const { insutype } = facts;
    steps?.push({ step: 'eligibility', clause: 'eligibility.insutypes', inputs: { insutype: insutype ?? null }, parameter: { insutypes } });
    if (insutype === undefined) return 'fact-missing';
    if (!insutypes.includes(insutype)) return 'not-eligible';
  }
  if (psnTypes !== null) {
    const { psnType } = facts;
    steps?.push({
      step: 'eligibility',
      clause: 'eligibility.psn_types',
      inputs: { psn_type: psnType ?? null },
      parameter: { psn_types: psnTypes },
    });
    if (psnType === undefined) return 'fact-missing';
    if (!psnTypes.includes(psnType)) return 'not-eligible';
  }
  if (ages !== null) {
    const age = facts.age ?? null;
    steps?.push({ step: 'eligibility', clause: 'eligibility.ages', inputs: { age }, parameter: { from: ages.from, to: ages.to } });
    if (age === null) return 'fact-missing';
    if (age < ages.from || age > ages.to) return 'not-eligible';
  }
  return null;
}

function waitingRefusal(facts: Facts, used: Accumulators, plan: CompiledPlan, on: CivilDate | undefined, steps: Steps): ReasonCode | null {
  if (on === undefined) return null;
  const days = choose(plan.waitingDays!, facts, used);
  const { enrolledOn, enrolmentKind } = facts;
  const since = enrolledOn === undefined ? null : daysBetween(enrolledOn, on);
  steps?.push({
    step: 'waiting',
    clause: days?.clause ?? 'waiting.days',
    inputs: { enrolmentKind: enrolmentKind ?? null, enrolledOn: enrolledOn ?? null, eventOn: on, daysSinceEnrolment: since },
    parameter: { days: days?.value ?? null },
  });
  if (days === null) return 'not-named';
  if (days.value === 0) return null;
  if (since === null) return 'fact-missing';
  return since < days.value ? 'waiting-period' : null;
}

/** Whether enough of a unit's staff take part; true where the plan asks nothing. */
export const participates = ({ staff, enrolled }: { readonly staff: number; readonly enrolled: number }, plan: CompiledPlan): boolean =>
  plan.minimumParticipation === null || enrolled * BASIS >= staff * plan.minimumParticipation.basisPoints;

/**
 * What an enrolment is under the plan: `lastCoverTo` is the last day of the member's cover before. A gap longer than the plan allows makes a
 * renewal a late one; a move between units is no enrolment, and is not asked for here.
 */
export function enrolmentKindOf(
  enrolledOn: CivilDate,
  lastCoverTo: CivilDate | undefined,
  plan: CompiledPlan,
): Exclude<EnrolmentKind, 'transfer'> {
  if (lastCoverTo === undefined) return 'new';
  const late = plan.renewalOnTimeDays !== null && daysBetween(lastCoverTo, enrolledOn) > plan.renewalOnTimeDays;
  return late ? 'late-renewal' : 'renewal';
}

/** A cover as its continuity is read from it; `coverTo` is the last covered day, of one that ended early the day it did. */
export interface CoverOfLine {
  readonly coverFrom: CivilDate;
  readonly coverTo: CivilDate;
  readonly enrolledOn: CivilDate;
}

export interface Continuity {
  /** Of the last of the covers. */
  readonly kind: Exclude<EnrolmentKind, 'transfer'>;
  /** Since when there is no gap. */
  readonly enrolledOn: CivilDate;
  /** Without a gap, the last one included. */
  readonly consecutivePeriods: number;
}

/**
 * What a member's covers of one line of plans come to under the plan, the oldest first, the one in question last; at least one. A late renewal
 * starts anew. Where the plan does not say what is in time, a day without cover is a gap. Units play no part: a change of job is no gap.
 */
export function continuityOf(covers: readonly CoverOfLine[], plan: CompiledPlan): Continuity {
  const [first, ...later] = covers;
  assert(first !== undefined, 'continuity is asked of a cover');
  let continuity: Continuity = { kind: 'new', enrolledOn: first.enrolledOn, consecutivePeriods: 1 };
  later.forEach(({ coverFrom, enrolledOn }, before) => {
    const lastTo = covers[before]!.coverTo;
    const kind = enrolmentKindOf(enrolledOn, lastTo, plan);
    const gap = plan.renewalOnTimeDays === null ? daysBetween(lastTo, coverFrom) > 1 : kind === 'late-renewal';
    continuity = gap
      ? { kind, enrolledOn, consecutivePeriods: 1 }
      : { kind, enrolledOn: continuity.enrolledOn, consecutivePeriods: continuity.consecutivePeriods + 1 };
  });
  return continuity;
}

/** The answer that holds in these circumstances; null where the plan names none. */
function choose<T>(choice: Choice<T>, facts: Facts, used: Accumulators): Answer<T> | null {
  if (choice.constant !== null) return choice.constant;
  for (const { when, answer } of choice.cases) if (when === undefined || holds(when, facts, used)) return answer;
  return null;
}

/** What is not known holds nothing. */
function holds(when: When, facts: Facts, used: Accumulators): boolean {
  if (when.insutype && !(facts.insutype !== undefined && when.insutype.includes(facts.insutype))) return false;
  if (when.psn_type && !(facts.psnType !== undefined && when.psn_type.includes(facts.psnType))) return false;
  if (when.hospital_level && !(facts.hospitalLevel !== undefined && when.hospital_level.includes(facts.hospitalLevel))) return false;
  if (when.place && !(facts.elsewhere !== undefined && (when.place === 'elsewhere') === facts.elsewhere)) return false;
  if (when.hardship !== undefined && when.hardship !== facts.hardship) return false;
  if (when.stay && (when.stay === 'first') !== ((used['stays'] ?? 0) === 0)) return false;
  if (when.claim && !when.claim.includes((used['claims'] ?? 0) + 1)) return false;
  if (when.enrolment && !(facts.enrolmentKind !== undefined && when.enrolment.includes(facts.enrolmentKind))) return false;
  if (when.severity && !(facts.severity !== undefined && when.severity.includes(facts.severity))) return false;
  if (when.cause && when.cause !== facts.deathCause) return false;
  if (when.age && !(facts.age !== undefined && facts.age >= (when.age.from ?? 0) && facts.age <= (when.age.to ?? Infinity))) return false;
  return true;
}

/** What the duty comes to before caps, rounded; null where it has nothing to do with what happened. */
function dutyOf(run: Run, duty: CompiledDuty, steps: Steps): Fen | Stop | null {
  switch (duty.kind) {
    case 'reimbursement':
      return isStay(run.facts) ? reimbursementOf(run, duty, steps) : null;
    case 'allowance':
      // A quote may leave the days of a stay out.
      return isStay(run.facts) && run.facts.admissionOn !== undefined ? allowanceOf(run, duty, steps) : null;
    case 'lump-sum':
      return run.facts.severity === undefined || !standsBeside(run, run.facts.diagnosedOn, steps) ? null : lumpSumOf(run, duty, steps);
    case 'death':
      return run.facts.deathOn === undefined || !standsBeside(run, run.facts.deathOn, steps) ? null : deathOf(run, duty, steps);
  }
}

/** A death or a diagnosis that is claimed together with a stay has a day of its own, which has to be covered and in time. */
function standsBeside({ facts, plan }: Run, on: CivilDate | undefined, steps: Steps): boolean {
  const { coverFrom, coverTo, deathOn, acceptedOn } = facts;
  // Alone it was looked at before.
  if (!isStay(facts) || on === undefined) return true;
  const covered = coverFrom !== undefined && coverTo !== undefined && on >= coverFrom && on <= coverTo;
  const late = on === deathOn && plan.deathDeadlineDays !== null && daysBetween(on, acceptedOn) > plan.deathDeadlineDays;
  if (covered && !late) return true;
  steps?.push({
    step: late ? 'deadline' : 'cover',
    clause: late ? 'claim.death_deadline_days' : 'cover.decided_by',
    inputs: { eventOn: on, coverFrom: coverFrom ?? null, coverTo: coverTo ?? null, acceptedOn },
    resultFen: ZERO_FEN,
  });
  return false;
}

function reimbursementOf(run: Run, duty: CompiledReimbursement, steps: Steps): Fen | Stop {
  const { facts, used, changes } = run;
  const bare = baseOf(run, duty, steps);
  if (bare === null) return 'fact-missing';
  const baseFen = duty.prorated && facts.admissionOn !== undefined ? proratedOf(run, duty, bare, steps) : bare;
  run.baseFen += baseFen;

  const beforeFen = duty.summed ? (used[`base.${duty.id}`] ?? 0) : 0;
  const totalFen = beforeFen + baseFen;
  if (duty.summed) {
    if (baseFen > 0) changes[`base.${duty.id}`] = baseFen;
    steps?.push({
      step: 'sum',
      clause: `${duty.path}.summed_over`,
      inputs: { baseFen, beforeFen },
      resultFen: totalFen as Fen,
    });
  }

  let thresholdFen = 0;
  let gateFen = 0;
  if (duty.threshold !== null) {
    const amount = choose(duty.threshold.amount, facts, used);
    if (amount === null) return unnamed(steps, 'threshold', `${duty.path}.threshold.amount`, facts);
    thresholdFen = amount.value;
    if (duty.threshold.kind === 'gate') {
      const reached = totalFen >= thresholdFen;
      steps?.push({
        step: 'threshold',
        clause: amount.clause,
        inputs: { amountFen: totalFen },
        parameter: { kind: 'gate', thresholdFen },
        resultFen: (reached ? totalFen : 0) as Fen,
      });
      if (!reached) return ZERO_FEN;
      gateFen = thresholdFen;
      thresholdFen = 0;
    } else {
      let usedFen = 0;
      if (duty.threshold.perPeriod && !duty.summed) {
        usedFen = used[`deductible.${duty.id}`] ?? 0;
        const parameterFen = thresholdFen;
        thresholdFen = Math.max(0, parameterFen - usedFen);
        const takenFen = Math.min(baseFen, thresholdFen);
        if (takenFen > 0) changes[`deductible.${duty.id}`] = takenFen;
      }
      steps?.push({
        step: 'threshold',
        clause: amount.clause,
        inputs: { amountFen: totalFen, ...(usedFen > 0 ? { usedFen } : {}) },
        parameter: { kind: 'deductible', thresholdFen: amount.value },
        resultFen: Math.max(0, totalFen - thresholdFen) as Fen,
      });
    }
  }

  const points = extraPointsOf(run, duty, steps);
  if (points === null) return 'fact-missing';
  const totalBenefit = bandsOf(run, duty, totalFen, thresholdFen, points, steps);
  if (totalBenefit === null) return 'not-named';
  if (beforeFen === 0) return totalBenefit;
  // Before the gate was reached nothing was paid.
  const before = beforeFen < gateFen ? ZERO_FEN : bandsOf(run, duty, beforeFen, thresholdFen, points, null);
  if (before === null) return 'not-named';
  const amountFen = Math.max(0, totalBenefit - before) as Fen;
  steps?.push({
    step: 'sum',
    clause: `${duty.path}.summed_over`,
    inputs: { totalBenefitFen: totalBenefit, beforeBenefitFen: before },
    resultFen: amountFen,
  });
  return amountFen;
}

/** Not below 0; null where a field that the base needs is not known. */
function baseOf(run: Run, duty: CompiledReimbursement, steps: Steps): Fen | null {
  const { facts, plan } = run;
  const given = facts.bases?.[duty.id];
  if (given !== undefined && 'terms' in duty.base) {
    steps?.push({ step: 'base', clause: duty.baseClause, inputs: { base: given }, parameter: { base: duty.base.named }, resultFen: given });
    return given;
  }
  const inputs: Record<string, number> | null = steps && {};
  let sum = 0;
  if (!('terms' in duty.base)) {
    const burden = burdenOf(facts, given, plan, inputs);
    if (burden === null) return missing(steps, 'base', duty.baseClause, 'psn_part_amt');
    if (burden === 0 && (facts.otherPayers?.length ?? 0) > 0) run.paidByOthers = true;
    sum = burden;
  } else {
    for (const term of duty.base.terms) {
      const amount = amountOf(facts, term);
      if (amount === undefined) return missing(steps, 'base', duty.baseClause, nameOf(term));
      if (inputs !== null) inputs[nameOf(term)] = amount;
      sum += term.sign * sharedOf(amount, term, plan.rounding.mode);
    }
  }
  const baseFen = Math.max(0, sum) as Fen;
  if (steps !== null) {
    const shares =
      'terms' in duty.base
        ? duty.base.terms.flatMap(({ of, share, atMostFen }) =>
            share === null && atMostFen === null
              ? []
              : [`${'field' in of ? of.field : of.item} ${share?.text ?? '100%'}${atMostFen === null ? '' : ` ≤ ${atMostFen}`}`],
          )
        : [];
    steps.push({
      step: 'base',
      clause: duty.baseClause,
      inputs: inputs!,
      parameter: { base: duty.base.named, ...(shares.length > 0 ? { shares } : {}) },
      resultFen: baseFen,
    });
  }
  return baseFen;
}

const nameOf = ({ of }: BaseTerm): string => ('field' in of ? of.field : `item:${of.item}`);

/** The step that a computation ends with where a fact is missing. */
function missing(steps: Steps, step: TraceStepName, clause: string, fact: string): null {
  steps?.push({ step, clause, inputs: { [fact]: null } });
  return null;
}

/** The step that a computation ends with where the plan names no value, with the circumstances it was asked for. */
function unnamed(steps: Steps, step: TraceStepName, clause: string, facts: Facts): Stop {
  steps?.push({
    step,
    clause,
    inputs: {
      insutype: facts.insutype ?? null,
      psn_type: facts.psnType ?? null,
      hospitalLevel: facts.hospitalLevel ?? null,
      elsewhere: facts.elsewhere ?? null,
      age: facts.age ?? null,
      enrolmentKind: facts.enrolmentKind ?? null,
      ...(facts.severity === undefined ? {} : { severity: facts.severity }),
      ...(facts.deathCause === undefined ? {} : { cause: facts.deathCause }),
    },
  });
  return 'not-named';
}

/** A named part of the bill that is absent was not there; a settlement field that is absent is not known. */
const amountOf = ({ amounts, items }: Facts, { of }: BaseTerm): number | undefined =>
  'field' in of ? amounts?.[of.field] : (items?.[of.item] ?? 0);

/** Rounded to the fen, each part for itself. */
function sharedOf(amountFen: number, { share, atMostFen }: BaseTerm, mode: Rounding): number {
  let part = amountFen;
  if (share !== null) {
    const rest = amountFen % BASIS;
    part = ((amountFen - rest) / BASIS) * share.basisPoints + divideRounded(rest * share.basisPoints, BASIS, mode);
  }
  return atMostFen === null ? part : Math.min(part, atMostFen);
}

/** What the person bears after those who pay before this plan; null where it is not known. `given`: the base of a quote. */
function burdenOf(
  { remainingBurdenFen, amounts, otherPayers }: Facts,
  given: Fen | undefined,
  plan: CompiledPlan,
  inputs: Record<string, number> | null,
): number | null {
  const [name, own] =
    given !== undefined
      ? ['base', given]
      : remainingBurdenFen !== undefined
        ? ['remainingBurdenFen', remainingBurdenFen]
        : ['psn_part_amt', amounts?.psn_part_amt];
  if (own === undefined) return null;
  if (inputs !== null) inputs[name] = own;
  let left: number = own;
  for (const { payer, amountFen } of otherPayers ?? []) {
    if (plan.payersAfter.includes(payer)) continue;
    if (inputs !== null) inputs[`otherPayers.${payer}`] = (inputs[`otherPayers.${payer}`] ?? 0) + amountFen;
    left -= amountFen;
  }
  return Math.max(0, left);
}

interface CoveredDays {
  readonly days: number;
  readonly covered: number;
}

/** Nights, at least one: how many there were, and how many within the cover. */
function coveredDays({ admissionOn, dischargeOn, coverFrom, coverTo }: Facts): CoveredDays {
  const days = Math.max(1, daysBetween(admissionOn!, dischargeOn!));
  const before = Math.max(0, daysBetween(admissionOn!, coverFrom!));
  const after = Math.max(0, daysBetween(coverTo!, dischargeOn!) - 1);
  return { days, covered: Math.max(0, days - before - after) };
}

function proratedOf({ facts, plan }: Run, duty: CompiledReimbursement, baseFen: Fen, steps: Steps): Fen {
  const { days, covered } = coveredDays(facts);
  if (covered === days) return baseFen;
  // Split so that no product leaves the safe integers.
  const rest = baseFen % days;
  const partFen = (((baseFen - rest) / days) * covered + divideRounded(rest * covered, days, plan.rounding.mode)) as Fen;
  steps?.push({
    step: 'proration',
    clause: `${duty.path}.prorated`,
    inputs: { baseFen, days, coveredDays: covered },
    rounding: { mode: plan.rounding.mode, unitFen: 1 },
    resultFen: partFen,
  });
  return partFen;
}

/** In basis points; null where the number of periods is not known. */
function extraPointsOf({ facts }: Run, { extraPoints }: CompiledReimbursement, steps: Steps): number | null {
  if (extraPoints === null) return 0;
  const { consecutivePeriods } = facts;
  if (consecutivePeriods === undefined) return missing(steps, 'extra-points', extraPoints.clause, 'consecutivePeriods');
  const points = Math.min(extraPoints.atMost, Math.max(0, consecutivePeriods - 1) * extraPoints.perPeriod);
  steps?.push({
    step: 'extra-points',
    clause: extraPoints.clause,
    inputs: { consecutivePeriods },
    parameter: { perPeriodBasisPoints: extraPoints.perPeriod, atMostBasisPoints: extraPoints.atMost, basisPoints: points },
  });
  return points;
}

const BASIS = 10_000;

/** Bands over an amount, rounded once at the end; null where the plan names no rate. */
function bandsOf(
  { facts, used, plan }: Run,
  duty: CompiledReimbursement,
  amountFen: number,
  deductibleFen: number,
  points: number,
  steps: Steps,
): Fen | null {
  // What the bands are laid over: the excess from 0, or the base from the deductible on.
  const fromFen = duty.bandsOnBase ? deductibleFen : 0;
  const toFen = duty.bandsOnBase ? amountFen : Math.max(0, amountFen - deductibleFen);
  const bandSteps: Steps = steps && [];
  // Each slice is split at 10,000 fen, so that no product of fen and basis points leaves the safe integers, whatever the bill.
  let whole = 0;
  let parts = 0;
  for (const { clause, aboveFen, upToFen, rate } of duty.bands) {
    let lowFen: number;
    let highFen: number;
    if (duty.wholeAmount) {
      const within = duty.lowerInclusive
        ? toFen >= aboveFen && (upToFen === null || toFen < upToFen)
        : toFen > aboveFen && (upToFen === null || toFen <= upToFen);
      lowFen = fromFen;
      highFen = within ? toFen : fromFen;
    } else {
      lowFen = Math.max(aboveFen, fromFen);
      highFen = upToFen === null ? toFen : Math.min(upToFen, toFen);
    }
    if (highFen <= lowFen) continue;
    const answer = choose(rate, facts, used);
    if (answer === null) {
      unnamed(steps, 'band', clause, facts);
      return null;
    }
    const basisPoints = answer.value.basisPoints === 0 ? 0 : answer.value.basisPoints + points;
    const sliceFen = highFen - lowFen;
    const rest = sliceFen % BASIS;
    const sliceWhole = ((sliceFen - rest) / BASIS) * basisPoints;
    const sliceParts = rest * basisPoints;
    whole += sliceWhole;
    parts += sliceParts;
    bandSteps?.push({
      step: 'band',
      clause: rate.constant === null ? answer.clause : clause,
      inputs: { aboveFen: lowFen, upToFen: highFen, sliceFen },
      parameter:
        basisPoints === answer.value.basisPoints ? { rate: answer.value.text } : { rate: answer.value.text, extraBasisPoints: points },
      exactFen: exactFen(sliceWhole, sliceParts),
    });
  }
  const benefitFen = rounded(whole, parts, plan);
  if (bandSteps !== null) {
    steps!.push({
      step: 'bands',
      clause: duty.bandsClause,
      inputs: { fromFen, toFen },
      parameter: { bandsOn: duty.bandsOnBase ? 'base' : 'excess', wholeAmount: duty.wholeAmount },
      steps: bandSteps,
      exactFen: exactFen(whole, parts),
      rounding: plan.rounding,
      resultFen: benefitFen,
    });
  }
  return benefitFen;
}

/** `whole` fen and `parts` ten-thousandths to the plan's unit. */
function rounded(whole: number, parts: number, { rounding: { mode, unitFen } }: CompiledPlan): Fen {
  const rest = parts % BASIS;
  const fen = whole + (parts - rest) / BASIS;
  const over = fen % unitFen;
  return addFen((fen - over) as Fen, (divideRounded(over * BASIS + rest, unitFen * BASIS, mode) * unitFen) as Fen);
}

function allowanceOf(run: Run, duty: CompiledAllowance, steps: Steps): Fen | Stop {
  const { facts, used, plan, changes } = run;
  const { admissionOn, dischargeOn } = facts;
  const perDay = choose(duty.perDay, facts, used);
  if (perDay === null) return unnamed(steps, 'days', `${duty.path}.per_day`, facts);
  const nights = daysBetween(admissionOn!, dischargeOn!);
  const counted = duty.prorated && nights > 0 ? coveredDays(facts).covered : Math.max(duty.minimumDays, nights);
  let days = Math.max(0, counted - duty.freeDays);
  if (duty.daysPerStay !== null) days = Math.min(days, duty.daysPerStay);
  if (duty.daysPerPeriod !== null) {
    const before = used[`days.${duty.id}`] ?? 0;
    const left = Math.max(0, duty.daysPerPeriod - before);
    if (left < days) run.capped = true;
    days = Math.min(days, left);
    if (days > 0) changes[`days.${duty.id}`] = days;
  }
  const wholeFen = days * perDay.value;
  let amountFen = rounded(wholeFen, 0, plan);
  steps?.push({
    step: 'days',
    clause: perDay.clause,
    inputs: {
      admissionOn: admissionOn!,
      dischargeOn: dischargeOn!,
      days: counted,
      ...(duty.daysPerPeriod === null ? {} : { daysBefore: used[`days.${duty.id}`] ?? 0 }),
      paidDays: days,
    },
    parameter: {
      perDayFen: perDay.value,
      minimumDays: duty.minimumDays,
      freeDays: duty.freeDays,
      ...(duty.daysPerStay === null ? {} : { daysPerStay: duty.daysPerStay }),
      ...(duty.daysPerPeriod === null ? {} : { daysPerPeriod: duty.daysPerPeriod }),
    },
    ...(wholeFen === amountFen ? {} : { exactFen: String(wholeFen), rounding: plan.rounding }),
    resultFen: amountFen,
  });
  if (duty.amountPerStayFen !== null) {
    amountFen = minFen(amountFen, duty.amountPerStayFen);
    steps?.push({
      step: 'limit',
      clause: `${duty.path}.amount_per_stay`,
      inputs: {},
      parameter: { limitFen: duty.amountPerStayFen },
      resultFen: amountFen,
    });
  }
  if (duty.amountPerPeriodFen !== null) {
    const paidFen = used[`paid.${duty.id}`] ?? 0;
    const leftFen = Math.max(0, duty.amountPerPeriodFen - paidFen) as Fen;
    if (leftFen < amountFen) run.capped = true;
    amountFen = minFen(amountFen, leftFen);
    steps?.push({
      step: 'limit',
      clause: `${duty.path}.amount_per_period`,
      inputs: { paidFen },
      parameter: { limitFen: duty.amountPerPeriodFen },
      resultFen: amountFen,
    });
  }
  return amountFen;
}

function lumpSumOf({ facts, used }: Run, duty: CompiledLumpSum, steps: Steps): Fen | Stop {
  const amount = choose(duty.amount, facts, used);
  if (amount === null) return unnamed(steps, 'lump-sum', `${duty.path}.amount`, facts);
  const paidFen = duty.replaces ? (used[`paid.${duty.id}`] ?? 0) : 0;
  const amountFen = Math.max(0, amount.value - paidFen) as Fen;
  steps?.push({
    step: 'lump-sum',
    clause: amount.clause,
    inputs: { severity: facts.severity!, paidFen },
    parameter: { amountFen: amount.value },
    resultFen: amountFen,
  });
  return amountFen;
}

/** Once: after a death was paid nothing more is. */
function deathOf(run: Run, duty: CompiledDeath, steps: Steps): Fen | Stop {
  const { facts, used, plan } = run;
  const amount = choose(duty.amount, facts, used);
  if (amount === null) return unnamed(steps, 'death', `${duty.path}.amount`, facts);
  let paidFen = used[duty.paidName!] ?? 0;
  const paidBefore = paidFen > 0;
  if (duty.topUp) {
    paidFen = run.grantedFen;
    for (const { paidName } of plan.duties) paidFen += used[paidName!] ?? 0;
  }
  const amountFen = (paidBefore ? 0 : duty.topUp ? Math.max(0, amount.value - paidFen) : amount.value) as Fen;
  steps?.push({
    step: 'death',
    clause: amount.clause,
    inputs: { deathOn: facts.deathOn!, cause: facts.deathCause ?? null, paidFen },
    parameter: { amountFen: amount.value, pays: duty.topUp ? 'top-up' : 'sum' },
    resultFen: amountFen,
  });
  return amountFen;
}

/** What remains of a duty's amount within its caps and, for a reimbursement, within what the person still bears. */
function granted(run: Run, duty: CompiledDuty, uncappedFen: Fen, steps: Steps): Fen {
  let amountFen: number = uncappedFen;
  for (const index of duty.caps) {
    const capped = withinCap(run, run.plan.caps[index]!, index, amountFen, steps);
    if (capped < amountFen) run.capped = true;
    amountFen = capped;
  }
  if (run.plan.indemnity && duty.kind === 'reimbursement') {
    const burden = burdenOf(run.facts, undefined, run.plan, null);
    // Not known where a quote gives bases only; a rate of at most 100% keeps within the base all the same.
    if (burden !== null) {
      const leftFen = Math.max(0, burden - run.reimbursedFen);
      const within = Math.min(amountFen, leftFen);
      steps?.push({
        step: 'indemnity',
        clause: 'payers.indemnity',
        inputs: { amountFen, burdenFen: burden, reimbursedFen: run.reimbursedFen },
        resultFen: within as Fen,
      });
      if (within < amountFen) run.paidByOthers = true;
      amountFen = within;
    }
    run.reimbursedFen += amountFen;
  }
  if (run.taken !== null) for (const index of duty.caps) run.taken[index]! += amountFen;
  return amountFen as Fen;
}

function withinCap({ facts, used, taken }: Run, cap: CompiledCap, index: number, amountFen: number, steps: Steps): number {
  const limit = choose(cap.amount, facts, used);
  // A cap that names nothing for these circumstances grants nothing.
  const limitFen = limit?.value ?? 0;
  let usedFen = taken![index]!;
  if (cap.perPeriod) for (const name of cap.paidNames) usedFen += used[name] ?? 0;
  const within = Math.min(amountFen, Math.max(0, limitFen - usedFen));
  steps?.push({
    step: 'cap',
    clause: limit?.clause ?? cap.path,
    inputs: { amountFen, usedFen },
    parameter: { capFen: limitFen, per: cap.perPeriod ? 'period' : 'stay' },
    resultFen: within as Fen,
  });
  return within;
}
