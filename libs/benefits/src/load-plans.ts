/** The only file of this library that touches the disk: plans/ stands beside src/ both in the sources and in the build output. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DomainError } from '@app/kernel';
import { parsePlan, type CompiledPlan, type Selection } from './compile.js';
import { PlanInvalid } from './plan-problem.js';

const PLANS = join(import.meta.dirname, '..', 'plans');

/** Ids of the plan library. */
export const planIds = (): string[] =>
  files()
    .map((file) => basename(file, '.yaml'))
    .sort();

const files = (): string[] => readdirSync(PLANS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));

/**
 * Reads and compiles plans/<region>/<id>.yaml; meant for start-up, the result is immutable and can be kept. Throws DomainError
 * `plan-not-found` (not-found) or `plan-invalid` (invalid).
 */
export function loadPlan(id: string, selection: Selection = {}): CompiledPlan {
  const file = files().find((candidate) => basename(candidate) === `${id}.yaml`);
  if (file === undefined) {
    throw new DomainError(
      'plan-not-found',
      'not-found',
      `expected one of the plans ${planIds().join(', ')}, found "${id}"; correct the plan id, or give the path of a plan file`,
      { id },
    );
  }
  const plan = parsePlan(readFileSync(join(PLANS, file), 'utf8'), `plans/${file}`, selection);
  if (plan.id === id) return plan;
  throw new PlanInvalid(`plans/${file}`, [{ path: 'id', expected: id, found: plan.id, remedy: 'name the file after its plan' }]);
}
