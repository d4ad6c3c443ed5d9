/** The plan that ships, as text, and versions of it that a test makes up. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLAN_ID } from './claim-path.js';

export const SHIPPED_TEXT = readFileSync(join(import.meta.dirname, `../../libs/benefits/plans/guangxi/${PLAN_ID}.yaml`), 'utf8');

export interface PlanChange {
  readonly version?: number;
  readonly effectiveOn?: string;
  /** Of the first band, 30% as shipped. */
  readonly firstRate?: string;
}

export function planText({ version = 2, effectiveOn = '2025-06-01', firstRate = '50%' }: PlanChange = {}): string {
  const changes = [
    ['version: 1\n', `version: ${version}\n`],
    [`effective_on: '2025-01-01'`, `effective_on: '${effectiveOn}'`],
    ['rate: 30%', `rate: ${firstRate}`],
  ] as const;
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`expected "${from}" in the shipped plan, found none`);
    return text.replace(from, to);
  }, SHIPPED_TEXT);
}
