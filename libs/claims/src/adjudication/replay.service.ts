/** Makes every stored decision again, in constant memory: a decision that comes out otherwise was changed, or the calculator was. */
import { Injectable } from '@nestjs/common';
import type { CompiledPlan } from '@app/benefits';
import { Database } from '@app/platform';
import { storedDecisions } from './book.repository.js';
import { PlanVersionService } from './plan-version.service.js';
import { changedParts, type DecisionPart } from './replay.js';

export interface ReplayReport {
  readonly decisions: number;
  readonly same: number;
  readonly changed: number;
  /** Decisions by the hash of a plan that nobody knows. */
  readonly unknownPlans: Readonly<Record<string, number>>;
  /** The first of those that changed, by claim. */
  readonly examples: readonly { readonly claimId: string; readonly parts: readonly DecisionPart[] }[];
}

const EXAMPLES = 20;

@Injectable()
export class ReplayService {
  constructor(
    private readonly database: Database,
    private readonly plans: PlanVersionService,
  ) {}

  /** All decisions, or those under one plan. */
  replay(planId?: string): Promise<ReplayReport> {
    return this.database.transaction(async (tx) => {
      const plans = new Map<string, CompiledPlan | undefined>();
      const unknownPlans: Record<string, number> = {};
      const examples: { claimId: string; parts: DecisionPart[] }[] = [];
      let [same, changed, unknown] = [0, 0, 0];
      for await (const decisions of storedDecisions(tx, planId)) {
        for (const stored of decisions) {
          const key = `${stored.planId} ${stored.planHash}`;
          if (!plans.has(key)) plans.set(key, await this.plans.byHash(tx, stored.planId, stored.planHash));
          const plan = plans.get(key);
          if (!plan) {
            unknownPlans[stored.planHash] = (unknownPlans[stored.planHash] ?? 0) + 1;
            unknown += 1;
            continue;
          }
          const parts = changedParts(stored, plan);
          if (parts.length === 0) same += 1;
          else {
            changed += 1;
            if (examples.length < EXAMPLES) examples.push({ claimId: stored.claimId, parts });
          }
        }
      }
      return { decisions: same + changed + unknown, same, changed, unknownPlans, examples };
    });
  }
}

export const isSound = ({ decisions, same }: ReplayReport): boolean => decisions === same;
