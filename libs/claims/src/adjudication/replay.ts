/** A stored decision made again from what it was made of: the same bytes, or it was changed. Pure. */
import { calculate, type Accumulators, type CompiledPlan, type Facts } from '@app/benefits';

/** As it stands in the database; JSON and amounts are text. */
export interface StoredDecision {
  readonly claimId: string;
  readonly planId: string;
  readonly planVersion: string;
  readonly planHash: string;
  readonly usedBefore: string;
  readonly changes: string;
  readonly baseFen: string;
  readonly benefitFen: string;
  readonly reason: string | null;
  readonly capped: boolean;
  readonly facts: string;
  readonly trace: string;
}

export type DecisionPart = Exclude<keyof StoredDecision, 'claimId' | 'planId' | 'planHash'>;

/** The parts that a second calculation does not come to; all of them where it comes to nothing. */
export function changedParts(stored: StoredDecision, plan: CompiledPlan): DecisionPart[] {
  const again = decideAgain(stored, plan);
  return PARTS.filter((part) => again?.[part] !== stored[part]);
}

const PARTS = [
  'planVersion',
  'usedBefore',
  'changes',
  'baseFen',
  'benefitFen',
  'reason',
  'capped',
  'facts',
  'trace',
] as const satisfies readonly DecisionPart[];

function decideAgain(stored: StoredDecision, plan: CompiledPlan): Pick<StoredDecision, DecisionPart> | undefined {
  try {
    const facts = JSON.parse(stored.facts) as Facts;
    const used = JSON.parse(stored.usedBefore) as Accumulators;
    const { baseFen, benefitFen, reason, changes, capped, trace } = calculate(facts, used, plan);
    return {
      planVersion: String(plan.version),
      usedBefore: JSON.stringify(used),
      changes: JSON.stringify(changes),
      baseFen: String(baseFen),
      benefitFen: String(benefitFen),
      reason,
      capped,
      facts: JSON.stringify(facts),
      trace: JSON.stringify(trace),
    };
  } catch {
    // Only what was written by another hand cannot be read or calculated with.
    return undefined;
  }
}
