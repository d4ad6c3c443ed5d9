/**
 * What one settlement is worth under a plan: pure, without clock, floating point or exceptions on domain input. Both entry points run the
 * same `decide`; the trace is written by it on the way.
 */
import { ZERO_FEN, addFen, daysBetween, divideRounded, maxFen, minFen, subtractFen, type CivilDate, type Fen } from '@app/kernel';
import type { CompiledPlan } from './plan.js';
import type { ReasonCode } from './reasons.js';
import { exactFen, type Trace, type TraceStep } from './trace.js';

/** Of one settlement that stands (a cancelled or red record never gets here). Amounts are not negative. */
export interface SettlementFacts {
  readonly medType: string;
  readonly admissionOn: CivilDate;
  readonly dischargeOn: CivilDate;
  /** The day the claim was accepted, in China. */
  readonly acceptedOn: CivilDate;
  readonly amounts: {
    readonly medfeeFen: Fen;
    readonly inscpScpFen: Fen;
    readonly fundPayFen: Fen;
    readonly psnPartFen: Fen;
    readonly fulamtOwnpayFen: Fen;
  };
  /** First and last day of the member's cover; absent: no cover. */
  readonly coverFrom?: CivilDate;
  readonly coverTo?: CivilDate;
}

/** What the member's earlier decisions of the cover period used up; the caller holds it under a lock. */
export interface Accumulators {
  /** Medical benefit granted, which is what the cap counts; the allowance is not in it. */
  readonly paidFen: Fen;
}

export interface BenefitLine {
  readonly kind: 'medical' | 'allowance';
  /** Above 0. */
  readonly amountFen: Fen;
}

export interface Amounts {
  /** null exactly when something is paid. */
  readonly reason: ReasonCode | null;
  /** 0 where the claim was refused before its base mattered. */
  readonly baseFen: Fen;
  /** Adds up to `benefitFen`. */
  readonly lines: readonly BenefitLine[];
  readonly benefitFen: Fen;
  /** After this decision. */
  readonly used: Accumulators;
}

export interface Decision extends Amounts {
  readonly trace: Trace;
}

/** All amounts in fen. Never throws on facts as typed. Rules: the plan's own clauses, named in the trace. */
export function calculate(facts: SettlementFacts, used: Accumulators, plan: CompiledPlan): Decision {
  const steps: TraceStep[] = [];
  const { reason, baseFen, lines, benefitFen, used: after } = decide(facts, used, plan, steps);
  const trace: Trace = { plan: plan.id, version: plan.version, hash: plan.hash, steps, reason, resultFen: benefitFen };
  return { reason, baseFen, lines, benefitFen, used: after, trace };
}

/** As {@link calculate}, without the trace: for totals over many settlements. */
export const calculateAmounts = (facts: SettlementFacts, used: Accumulators, plan: CompiledPlan): Amounts =>
  decide(facts, used, plan, null);

type Steps = TraceStep[] | null;

function decide(facts: SettlementFacts, used: Accumulators, plan: CompiledPlan, steps: Steps): Amounts {
  const refusal = refusalOf(facts, plan, steps);
  if (refusal !== null) return { reason: refusal, baseFen: ZERO_FEN, lines: [], benefitFen: ZERO_FEN, used: { paidFen: used.paidFen } };

  const baseFen = baseOf(facts, plan, steps);
  const uncappedFen = medicalOf(baseFen, plan, steps);
  const medicalFen = withinCap(uncappedFen, used, plan, steps);
  const allowanceFen = allowanceOf(facts, plan, steps);
  const benefitFen = addFen(medicalFen, allowanceFen);

  const lines: BenefitLine[] = [];
  if (medicalFen > 0) lines.push({ kind: 'medical', amountFen: medicalFen });
  if (allowanceFen > 0) lines.push({ kind: 'allowance', amountFen: allowanceFen });
  const reason = benefitFen > 0 ? null : uncappedFen > 0 ? 'cap-exhausted' : 'nothing-payable';
  return { reason, baseFen, lines, benefitFen, used: { paidFen: addFen(used.paidFen, medicalFen) } };
}

function refusalOf(facts: SettlementFacts, plan: CompiledPlan, steps: Steps): ReasonCode | null {
  const { medType, dischargeOn, acceptedOn, coverFrom, coverTo } = facts;
  steps?.push({ step: 'scope', clause: 'scope.med_types', inputs: { medType }, parameter: { medTypes: plan.medTypes } });
  if (!plan.medTypes.some((prefix) => medType.startsWith(prefix))) return 'not-inpatient';

  steps?.push({
    step: 'cover',
    clause: 'cover.decided_by',
    inputs: { dischargeOn, coverFrom: coverFrom ?? null, coverTo: coverTo ?? null },
  });
  if (coverFrom === undefined || coverTo === undefined || dischargeOn < coverFrom || dischargeOn > coverTo) return 'not-covered';

  const day = daysBetween(dischargeOn, acceptedOn);
  steps?.push({
    step: 'deadline',
    clause: 'claim.deadline_days',
    inputs: { dischargeOn, acceptedOn, day },
    parameter: { deadlineDays: plan.deadlineDays },
  });
  return day > plan.deadlineDays ? 'claimed-late' : null;
}

function baseOf({ amounts }: SettlementFacts, plan: CompiledPlan, steps: Steps): Fen {
  const { inscpScpFen, fundPayFen, psnPartFen, fulamtOwnpayFen } = amounts;
  let inputs: TraceStep['inputs'];
  let amountFen: Fen;
  switch (plan.base) {
    case 'B1':
      inputs = { inscpScpFen, fundPayFen };
      amountFen = subtractFen(inscpScpFen, fundPayFen);
      break;
    case 'B2':
      inputs = { psnPartFen, fulamtOwnpayFen };
      amountFen = subtractFen(psnPartFen, fulamtOwnpayFen);
      break;
    case 'B3':
      inputs = { psnPartFen };
      amountFen = psnPartFen;
  }
  const baseFen = maxFen(ZERO_FEN, amountFen);
  steps?.push({ step: 'base', clause: 'base.selector', inputs, parameter: { selector: plan.base }, resultFen: baseFen });
  return baseFen;
}

const BASIS = 10_000;

/** Deductible and bands, rounded once at the end. */
function medicalOf(baseFen: Fen, plan: CompiledPlan, steps: Steps): Fen {
  const { deductibleFen, reading, rounding } = plan;
  const excessFen = baseFen > deductibleFen ? subtractFen(baseFen, deductibleFen) : ZERO_FEN;
  steps?.push({
    step: 'deductible',
    clause: 'medical.deductible',
    inputs: { baseFen },
    parameter: { deductibleFen },
    resultFen: excessFen,
  });

  // What the bands are laid over: A the excess from 0, B the base from the deductible on.
  const fromFen = reading === 'A' ? ZERO_FEN : deductibleFen;
  const toFen = reading === 'A' ? excessFen : baseFen;
  const bandSteps: Steps = steps && [];
  // Each slice is split at 10,000 fen, so that no product of fen and basis points leaves the safe integers, whatever the bill.
  let whole = 0;
  let parts = 0;
  for (const { clause, aboveFen, upToFen, rate, rateBasisPoints } of plan.bands) {
    const lowFen = maxFen(aboveFen, fromFen);
    const highFen = upToFen === null ? toFen : minFen(upToFen, toFen);
    if (highFen <= lowFen) continue;
    const sliceFen = subtractFen(highFen, lowFen);
    const rest = sliceFen % BASIS;
    const sliceWhole = ((sliceFen - rest) / BASIS) * rateBasisPoints;
    const sliceParts = rest * rateBasisPoints;
    whole += sliceWhole;
    parts += sliceParts;
    bandSteps?.push({
      step: 'band',
      clause,
      inputs: { aboveFen: lowFen, upToFen: highFen, sliceFen },
      parameter: { rate },
      exactFen: exactFen(sliceWhole, sliceParts),
    });
  }
  const medicalFen = (whole + divideRounded(parts, BASIS, rounding)) as Fen;
  if (bandSteps !== null) {
    steps?.push({
      step: 'medical',
      clause: 'medical.reading',
      inputs: { fromFen, toFen },
      parameter: { reading },
      steps: bandSteps,
      exactFen: exactFen(whole, parts),
      rounding,
      resultFen: medicalFen,
    });
  }
  return medicalFen;
}

function withinCap(medicalFen: Fen, used: Accumulators, plan: CompiledPlan, steps: Steps): Fen {
  const leftFen = plan.capFen > used.paidFen ? subtractFen(plan.capFen, used.paidFen) : ZERO_FEN;
  const grantedFen = minFen(medicalFen, leftFen);
  steps?.push({
    step: 'cap',
    clause: 'cap.amount',
    inputs: { medicalFen, paidFen: used.paidFen, leftFen },
    parameter: { capFen: plan.capFen },
    resultFen: grantedFen,
  });
  return grantedFen;
}

function allowanceOf({ admissionOn, dischargeOn }: SettlementFacts, plan: CompiledPlan, steps: Steps): Fen {
  const { perDayFen, limitFen, minimumDays } = plan.allowance;
  const days = Math.max(minimumDays, daysBetween(admissionOn, dischargeOn));
  const allowanceFen = Math.min(days * perDayFen, limitFen) as Fen;
  steps?.push({
    step: 'allowance',
    clause: 'allowance.per_day',
    inputs: { admissionOn, dischargeOn, days },
    parameter: { perDayFen, limitFen, minimumDays },
    resultFen: allowanceFen,
  });
  return allowanceFen;
}
