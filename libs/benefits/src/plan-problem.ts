/** What is wrong with a plan file, all of it at once: where, what was expected, what was found and what to do. */
import { DomainError } from '@app/kernel';
import type { z } from 'zod';

export interface PlanProblem {
  /** Dotted, list items by index: "duties.medical.bands.0.rate"; "(root)" for the whole. */
  readonly path: string;
  /** Of the file, from 1; absent where nothing stands at the path. */
  readonly line?: number;
  readonly expected: string;
  readonly found: string;
  readonly remedy: string;
}

export type Path = readonly PropertyKey[];

export const dotted = (path: Path): string => (path.length === 0 ? '(root)' : path.map(String).join('.'));

export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Plans are published rules, so nothing in them is personal data. */
export class PlanInvalid extends DomainError {
  constructor(
    file: string,
    readonly problems: readonly PlanProblem[],
  ) {
    const [{ path, expected, found, remedy }] = problems as readonly [PlanProblem];
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more; npm run plan:check lists them)` : '';
    super('plan-invalid', 'invalid', `${problemText(file, problems[0]!)}${more}`, { file, path, expected, found, remedy });
  }
}

export const problemText = (file: string, { path, line, expected, found, remedy }: PlanProblem): string =>
  `${file}${line === undefined ? '' : `:${line}`}: ${path}: expected ${expected}, found ${found}; ${remedy}`;

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text, in quotes where it looks like a number or a date',
  int: 'a whole number without quotes',
  number: 'a number without quotes',
  object: 'a mapping ("key: value" lines)',
  record: 'a mapping ("name: …" lines)',
  array: 'a list ("- item" lines)',
  boolean: 'true or false',
};

/** A problem for each thing the shape of the language refuses. */
export function shapeProblems(issues: readonly z.core.$ZodIssue[], content: unknown): Omit<PlanProblem, 'line'>[] {
  return issues.flatMap((issue): Omit<PlanProblem, 'line'>[] => {
    const path = dotted(issue.path);
    const found = describe(valueAt(content, issue.path));
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => ({
          path: dotted([...issue.path, key]),
          expected: 'a key of the plan language (plans/plan.schema.json)',
          found: `the key "${key}"`,
          remedy: 'remove the key or correct its spelling',
        }));
      case 'invalid_type':
        return found === 'nothing'
          ? [{ path, expected: TYPES[issue.expected] ?? issue.expected, found, remedy: `add the key "${String(issue.path.at(-1))}"` }]
          : [{ path, expected: TYPES[issue.expected] ?? issue.expected, found, remedy: 'correct the value' }];
      case 'invalid_value':
        return [{ path, expected: `one of ${issue.values.join(', ')}`, found, remedy: 'choose one of these words' }];
      case 'invalid_union':
        return [
          {
            path,
            expected: issue.message.startsWith('Invalid') ? 'one of the forms of docs/PLANS.md' : issue.message,
            found,
            remedy: 'write it in one of these forms',
          },
        ];
      case 'too_small':
        if (issue.origin === 'string') return [{ path, expected: 'a text that is not empty', found, remedy: 'write it' }];
        return [
          { path, expected: `at least ${issue.minimum}${issue.origin === 'array' ? ' item' : ''}`, found, remedy: 'correct the value' },
        ];
      case 'invalid_key':
        return [{ path, expected: 'an id of small letters, digits and hyphens', found: describe(issue.path.at(-1)), remedy: 'rename it' }];
      case 'invalid_format':
      case 'custom':
      case 'too_big':
      case 'not_multiple_of':
      case 'invalid_element':
        return [{ path, expected: issue.message, found, remedy: 'correct the value' }];
    }
  });
}

function valueAt(content: unknown, path: Path): unknown {
  let value = content;
  for (const key of path) value = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value;
}
