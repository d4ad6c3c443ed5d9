/** The plan library, for what a certificate says of a plan. */
import { Injectable } from '@nestjs/common';
import { loadPlan, planIds } from '@app/benefits';
import { PlanCatalogue, type PlanDescription } from '@app/enrolment';

@Injectable()
export class ShippedPlans extends PlanCatalogue {
  private readonly ids = new Set(planIds());
  // They never change while a program runs.
  private readonly known = new Map<string, PlanDescription>();

  describe(planId: string): PlanDescription | undefined {
    if (!this.ids.has(planId)) return undefined;
    let description = this.known.get(planId);
    if (!description) this.known.set(planId, (description = read(planId)));
    return description;
  }
}

function read(planId: string): PlanDescription {
  const { title, waitingDays } = loadPlan(planId);
  const answers = [waitingDays?.constant, ...(waitingDays?.cases ?? []).map(({ answer }) => answer)];
  return { title, waitingDays: Math.max(0, ...answers.map((answer) => answer?.value ?? 0)) };
}
