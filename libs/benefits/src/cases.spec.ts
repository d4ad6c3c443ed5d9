/** Runs every file of cases/: the worked arithmetic of each plan of the library, with the trace printed where a case fails. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ZERO_FEN, formatYuan, type Fen } from '@app/kernel';
import { parse } from 'yaml';
import { z } from 'zod';
import type { CompiledDuty, CompiledPlan } from './compile.js';
import type { Accumulators } from './facts.js';
import { loadPlan, planIds } from './load-plans.js';
import { quoteCase, type Quote, type Quoted } from './quote.js';
import { REASONS } from './reasons.js';

const yuan = z.string().regex(/^\d+\.\d{2}$/, 'yuan with two places in quotes');
const paid = {
  benefits: z.record(z.string(), yuan).optional(),
  total: yuan.optional(),
  reason: z
    .enum(REASONS.map(({ code }) => code))
    .nullable()
    .optional(),
};
const CASE_FILE = z.strictObject({
  plan: z.string(),
  sources: z.record(z.string(), z.string()),
  cases: z
    .array(
      z.strictObject({
        name: z.string(),
        source: z.string(),
        status: z.enum(['published', 'derived']),
        select: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
        // Read by the quote itself.
        case: z.record(z.string(), z.unknown()),
        /** Names only what the case turns on; a duty that pays nothing is '0.00'. */
        expect: z
          .strictObject({
            ...paid,
            stays: z
              .array(z.strictObject(paid).refine((part) => Object.keys(part).length > 0, 'something to expect'))
              .min(1)
              .optional(),
            accumulators: z.record(z.string(), z.union([yuan, z.int()])).optional(),
            unitAccepted: z.boolean().optional(),
          })
          .refine((part) => Object.keys(part).length > 0, 'something to expect'),
      }),
    )
    .min(1),
});
type Worked = z.infer<typeof CASE_FILE>['cases'][number];
type Expected = Worked['expect'];

const CASES = join(import.meta.dirname, '..', 'cases');
const files = readdirSync(CASES).map((name) => {
  const read = CASE_FILE.safeParse(parse(readFileSync(join(CASES, name), 'utf8')));
  if (!read.success) throw new Error(`cases/${name}: ${z.prettifyError(read.error)}`);
  return { name, ...read.data };
});
/** Worked cases of published plans, where they are kept beside the repository. */
const PUBLISHED = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'cases', 'plan-cases.yaml');

const loaded = new Map<string, CompiledPlan>();
function planOf(id: string, select: Worked['select'] = {}): CompiledPlan {
  const key = JSON.stringify([id, select]);
  const plan = loaded.get(key) ?? loadPlan(id, select);
  loaded.set(key, plan);
  return plan;
}

const quoteOf = (plan: CompiledPlan, worked: Worked): Quote => quoteCase(worked.case, plan, worked.name);

/** Of a quote, or of one stay of it, what the case asks about, in its words. */
function paidOf({ benefits, total, reason }: Expected, quoted: Partial<Quoted>): object {
  return {
    ...(benefits && {
      benefits: Object.fromEntries(Object.keys(benefits).map((duty) => [duty, formatYuan(quoted.benefits?.[duty] ?? ZERO_FEN)])),
    }),
    ...(total !== undefined && { total: formatYuan(quoted.totalFen ?? ZERO_FEN) }),
    ...(reason !== undefined && { reason: quoted.reason }),
  };
}

function accumulatorsOf(names: readonly string[], accumulators: Accumulators): object {
  const isCount = (name: string): boolean => /^(days\.|claims$|stays$)/.test(name);
  return Object.fromEntries(
    names.map((name) => [name, isCount(name) ? (accumulators[name] ?? 0) : formatYuan((accumulators[name] ?? 0) as Fen)]),
  );
}

function outcomeOf(expected: Expected, quote: Quote): object {
  return {
    ...paidOf(expected, quote),
    ...(expected.stays && { stays: (quote.stays ?? []).map((stay, i) => paidOf(expected.stays![i] ?? {}, stay)) }),
    ...(expected.accumulators && { accumulators: accumulatorsOf(Object.keys(expected.accumulators), quote.accumulators) }),
    ...(expected.unitAccepted !== undefined && { unitAccepted: quote.unitAccepted }),
  };
}

describe.each(files)('worked cases of $plan', ({ plan: id, cases }) => {
  test.each(cases)('$name', (worked) => {
    const quote = quoteOf(planOf(id, worked.select), worked);
    try {
      expect(outcomeOf(worked.expect, quote)).toEqual(worked.expect);
    } catch (error) {
      const traces = quote.stays?.map(({ trace }) => trace) ?? [quote.trace];
      throw new Error(`${String(error)}\n\ntrace ${JSON.stringify(traces, null, 2)}`, { cause: error });
    }
  });
});

describe.each(files)('the cases of $plan', ({ name, plan: id, sources, cases }) => {
  test('stand in a file named after the plan', () => {
    expect(name).toBe(`${id}.yaml`);
  });

  test('have names of their own and sources that are listed', () => {
    expect(new Set(cases.map((worked) => worked.name)).size).toBe(cases.length);
    expect(cases.filter(({ source }) => !Object.hasOwn(sources, source))).toEqual([]);
  });

  test('name duties and accumulators of the plan', () => {
    for (const { select, expect: expected } of cases) {
      const plan = planOf(id, select);
      const duties = [expected, ...(expected.stays ?? [])].flatMap(({ benefits }) => Object.keys(benefits ?? {}));
      expect(plan.duties.map((duty) => duty.id)).toEqual(expect.arrayContaining(duties));
      expect(plan.accumulators).toEqual(expect.arrayContaining(Object.keys(expected.accumulators ?? {})));
    }
  });
});

/** A duty whose rates are all 0 % stands in for a rule that its source does not print. */
function bearsBenefit(duty: CompiledDuty): boolean {
  if (duty.kind !== 'reimbursement') return true;
  return duty.bands.some(({ rate }) =>
    [rate.constant, ...rate.cases.map(({ answer }) => answer)].some((answer) => answer !== null && answer.value.basisPoints > 0),
  );
}

describe.each(planIds())('the plan %s', (id) => {
  const cases = files.find(({ plan }) => plan === id)?.cases ?? [];

  test('has at least three worked cases', () => {
    expect(cases.length).toBeGreaterThanOrEqual(3);
  });

  test('pays something for each of its duties in one of them', () => {
    const paying = new Set(cases.flatMap((worked) => Object.keys(quoteOf(planOf(id, worked.select), worked).benefits)));
    const unpaid = planOf(id).duties.filter((duty) => bearsBenefit(duty) && !paying.has(duty.id));
    expect(unpaid.map((duty) => duty.id)).toEqual([]);
  });
});

test('every published plan with worked cases is in the library, with its cases', () => {
  if (!existsSync(PUBLISHED)) {
    console.warn('skipped: the worked cases of published plans are not beside the repository');
    return;
  }
  const published = (parse(readFileSync(PUBLISHED, 'utf8')) as { plan: string }[]).map(({ plan }) => plan);
  expect(published.length).toBeGreaterThan(0);
  expect(planIds()).toEqual(expect.arrayContaining(published));
  expect(files.map(({ plan }) => plan)).toEqual(expect.arrayContaining(published));
});
