/** docs/PLANS.md teaches with plans: what it shows must be understood by the language. */
import { parsePlan, quoteCase, type CompiledPlan } from '@app/benefits';
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

type Tree = Record<string, unknown>;

const text = readFileSync(join(import.meta.dirname, '../../docs/PLANS.md'), 'utf8');
const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map((match) => parse(match[1]!) as Tree);
const [first, second, third] = blocks as [Tree, Tree, Tree];

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);
/** The later plans of the page show only what they add to the ones before. */
const merge = (a: Tree, b: Tree): Tree => ({
  ...a,
  ...Object.fromEntries(Object.entries(b).map(([key, value]) => [key, isTree(value) && isTree(a[key]) ? merge(a[key], value) : value])),
});
const compile = (...parts: Tree[]): CompiledPlan => parsePlan(stringify(parts.reduce(merge)), 'docs/PLANS.md');

describe('the plans of docs/PLANS.md', () => {
  it('first: one rate', () => expect(quoteCase({ base: '5000.00' }, compile(first), 'case').totalFen).toBe(350_000));

  it('second: deductible by level, bands, cap and allowance', () => {
    const plan = compile(first, second);
    expect(quoteCase({ base: '11800.00', days: 5, hospitalLevel: 3 }, plan, 'case').benefits).toEqual({
      medical: 570_000,
      allowance: 8_000,
    });
    expect(quoteCase({ base: '11800.00' }, plan, 'case').reason).toBe('not-named');
  });

  it('third: the sum of the year, a cliff, a lump sum, a death', () => {
    const plan = compile(first, second, third);
    const { totalFen, stays } = quoteCase(
      {
        consecutivePeriods: 3,
        stays: [
          { bases: { 'second-aid': '60000' }, hospitalLevel: 3 },
          { bases: { 'second-aid': '60000' }, hospitalLevel: 3 },
          { severity: 'light' },
          { death: true },
        ],
      },
      plan,
      'case',
    );
    expect(stays!.map((stay) => stay.totalFen)).toEqual([0, 2_640_000, 300_000, 0]);
    expect(totalFen).toBe(2_940_000);
  });
});
