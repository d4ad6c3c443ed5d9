import type { PlanDescription } from './certificate.js';

/** What a certificate says of a plan; the app binds it to the plan library. */
export abstract class PlanCatalogue {
  /** undefined for a plan that the library does not have. */
  abstract describe(planId: string): PlanDescription | undefined;
}
