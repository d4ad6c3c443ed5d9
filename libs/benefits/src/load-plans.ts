/** The only file of this library that touches the disk: plans/ stands beside src/ both in the sources and in the build output. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DomainError } from '@app/kernel';
import { parsePlan, type CompiledPlan, type Selection } from './plan.js';

const PLANS = join(import.meta.dirname, '..', 'plans');

/**
 * Reads and compiles plans/<region>/<id>.yaml; meant for start-up, the result is immutable and can be kept. Throws DomainError
 * `plan-not-found` (not-found) or `plan-invalid` (invalid).
 */
export function loadPlan(id: string, selection: Selection = {}): CompiledPlan {
  const files = readdirSync(PLANS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
  const file = files.find((candidate) => basename(candidate) === `${id}.yaml`);
  if (file === undefined) {
    const known = files.map((candidate) => basename(candidate, '.yaml')).sort();
    throw new DomainError(
      'plan-not-found',
      'not-found',
      `expected one of the plans ${known.join(', ')}, found "${id}"; correct the plan id`,
      { id },
    );
  }
  const plan = parsePlan(readFileSync(join(PLANS, file), 'utf8'), `plans/${file}`, selection);
  if (plan.id !== id) {
    throw new DomainError('plan-invalid', 'invalid', `plans/${file}: id: expected ${id}, found ${plan.id}; name the file after its plan`, {
      file: `plans/${file}`,
      path: 'id',
      expected: id,
      found: plan.id,
      remedy: 'name the file after its plan',
    });
  }
  return plan;
}
