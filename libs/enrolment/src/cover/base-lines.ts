/** Which covers add to which, as their plans say. */
import type { UnderwritingPlans } from '../underwriting/underwriting-plans.js';
import { planLineOf } from '../window/window.js';
import type { CoverDays, LinedCover } from './cover.js';

interface PlannedCover extends Pick<CoverDays, 'coverFrom' | 'coverTo'> {
  readonly planId: string;
}

/** By plan, the line of plans that it adds to. */
export type BaseLines = ReadonlyMap<string, string | null>;

/** Not within a transaction, which has a connection already. */
export async function readBaseLines(
  plans: UnderwritingPlans,
  covers: readonly Pick<PlannedCover, 'planId' | 'coverFrom'>[],
): Promise<BaseLines> {
  const bases = new Map<string, string | null>();
  for (const { planId, coverFrom } of covers) {
    if (bases.has(planId)) continue;
    const base = (await plans.planOn(coverFrom, planId))?.basePlan ?? null;
    bases.set(planId, base === null ? null : planLineOf(base));
  }
  return bases;
}

export const lined = <Cover extends PlannedCover>(cover: Cover, bases: BaseLines): Cover & LinedCover => ({
  ...cover,
  planLine: planLineOf(cover.planId),
  baseLine: bases.get(cover.planId) ?? null,
});
