/** Adjudicates a set of claims in the order given, each upon what the ones before it used up. Pure. */
import { calculate, type CompiledPlan, type Decision } from '@app/benefits';
import { ZERO_FEN, type Fen } from '@app/kernel';
import { factsOf, type AcceptedClaim, type CoverPeriod } from './from-acceptance.js';

export interface Adjudicated {
  readonly claim: AcceptedClaim;
  readonly decision: Decision;
  /** What this decision added to the accumulator, to be given back when the claim falls away. */
  readonly accumulatedFen: Fen;
}

export interface AdjudicationFault {
  readonly claim: AcceptedClaim;
  readonly fault: string;
}

export interface AdjudicationInput {
  readonly claim: AcceptedClaim;
  readonly cover: CoverPeriod | undefined;
}

/** `used` holds, per member, what was granted before in the period, and is brought up to date. A claim that breaks the calculator stands aside. */
export function adjudicateAll(
  inputs: readonly AdjudicationInput[],
  used: Map<string, Fen>,
  plan: CompiledPlan,
): { done: Adjudicated[]; faults: AdjudicationFault[] } {
  const done: Adjudicated[] = [];
  const faults: AdjudicationFault[] = [];
  for (const { claim, cover } of inputs) {
    try {
      const before = used.get(claim.memberId) ?? ZERO_FEN;
      const decision = calculate(factsOf(claim, cover), { paidFen: before }, plan);
      used.set(claim.memberId, decision.used.paidFen);
      done.push({ claim, decision, accumulatedFen: (decision.used.paidFen - before) as Fen });
    } catch (error) {
      faults.push({ claim, fault: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown' });
    }
  }
  return { done, faults };
}
