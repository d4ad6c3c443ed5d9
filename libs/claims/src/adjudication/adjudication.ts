/** Adjudicates a set of claims in the order given, each upon what the ones before it used up. Pure. */
import { addAccumulators, calculate, type Accumulators, type CompiledPlan, type Decision, type Facts } from '@app/benefits';
import type { CivilDate } from '@app/kernel';
import { factsOf, type AcceptedClaim, type HeldCover } from './from-acceptance.js';

export interface Adjudicated {
  readonly claim: AcceptedClaim;
  readonly plan: CompiledPlan;
  readonly facts: Facts;
  readonly before: Accumulators;
  /** Its `changes` are given back when the claim falls away. */
  readonly decision: Decision;
}

export interface AdjudicationFault {
  readonly claim: AcceptedClaim;
  readonly fault: string;
}

export interface AdjudicationInput {
  readonly claim: AcceptedClaim;
  readonly cover: HeldCover | undefined;
  /** All of the member, the oldest first. */
  readonly covers: readonly HeldCover[];
  readonly plan: CompiledPlan;
}

/** What members used before, by {@link usedKey}; brought up to date. */
export type UsedByMember = Map<string, Accumulators>;
export const usedKey = (memberId: string, planId: string): string => `${memberId} ${planId}`;

/** Under which other ids members were or are known; who is under none is absent. */
export type OtherIds = ReadonlyMap<string, readonly string[]>;

/** All that a person has used up, under whatever id. */
export const usedByPerson = (used: ReadonlyMap<string, Accumulators>, memberId: string, planId: string, others: OtherIds): Accumulators =>
  [memberId, ...(others.get(memberId) ?? [])].map((id) => used.get(usedKey(id, planId)) ?? {}).reduce(addAccumulators);

/** A claim that breaks the calculator stands aside. `births` by member, of those whose plan asks for the age. What is used up is noted under the claim's id. */
export function adjudicateAll(
  inputs: readonly AdjudicationInput[],
  used: UsedByMember,
  others: OtherIds,
  births: ReadonlyMap<string, CivilDate>,
): { done: Adjudicated[]; faults: AdjudicationFault[] } {
  const done: Adjudicated[] = [];
  const faults: AdjudicationFault[] = [];
  for (const { claim, cover, covers, plan } of inputs) {
    try {
      const key = usedKey(claim.memberId, plan.id);
      const before = usedByPerson(used, claim.memberId, plan.id, others);
      const facts = factsOf(claim, cover, { covers, birthOn: births.get(claim.memberId) }, plan);
      const decision = calculate(facts, before, plan);
      used.set(key, addAccumulators(used.get(key) ?? {}, decision.changes));
      done.push({ claim, plan, facts, before, decision });
    } catch (error) {
      faults.push({ claim, fault: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown' });
    }
  }
  return { done, faults };
}
