import type { CivilDate } from '@app/kernel';
import type { PlanRules } from './underwriting.js';

/** Where the rules of plans come from; the app binds it to the versions in force. */
export abstract class UnderwritingPlans {
  /** The version that decides on the day; undefined for a plan nobody knows. */
  abstract planOn(day: CivilDate, planId: string): Promise<PlanRules | undefined>;
}
