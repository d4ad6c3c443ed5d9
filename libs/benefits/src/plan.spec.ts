import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DomainError } from '@app/kernel';
import { loadPlan } from './load-plans.js';
import { parsePlan, type Selection } from './plan.js';

const text = readFileSync(join(import.meta.dirname, '..', 'plans', 'guangxi', 'guangxi-1-2025.yaml'), 'utf8');

function refusalOf(act: () => unknown): DomainError {
  try {
    act();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('expected a refusal, found none');
}

/** The plan with one passage replaced, which must occur. */
function changed(from: string | RegExp, to: string): string {
  const result = text.replace(from, to);
  expect(result).not.toBe(text);
  return result;
}

describe('a plan', () => {
  const plan = loadPlan('guangxi-1-2025');

  test('compiles to integers of fen and basis points', () => {
    expect(plan).toMatchObject({
      id: 'guangxi-1-2025',
      version: 1,
      coverFrom: '2025-01-01',
      coverTo: '2025-12-31',
      medTypes: ['21', '24'],
      deadlineDays: 120,
      base: 'B1',
      reading: 'A',
      deductibleFen: 100_000,
      rounding: 'half-up',
      capFen: 100_000_000,
      allowance: { perDayFen: 5_000, limitFen: 20_000, minimumDays: 1 },
    });
    expect(plan.bands.map(({ aboveFen, upToFen, rateBasisPoints }) => [aboveFen, upToFen, rateBasisPoints])).toEqual([
      [0, 1_000_000, 3_000],
      [1_000_000, 3_000_000, 4_000],
      [3_000_000, 5_000_000, 6_000],
      [5_000_000, null, 9_500],
    ]);
  });

  test('says of each value where it is printed or why it was chosen', () => {
    expect(plan.clauses['medical.bands.3']).toEqual({ source: 'rules-2025', clause: '50000元以上95%' });
    expect(plan.clauses['medical.deductible_per']).toHaveProperty('interpreted');
  });

  test('takes an exact rate with decimals', () => {
    expect(parsePlan(changed("rate: '40%'", "rate: '62.5%'"), 'plan.yaml').bands[1]).toMatchObject({
      rate: '62.5%',
      rateBasisPoints: 6_250,
    });
  });

  test('keeps its hash when only layout and comments change, and changes it with any value or text', () => {
    const hash = (yaml: string): string => parsePlan(yaml, 'plan.yaml').hash;
    expect(plan.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(hash(`# another comment\n${text}`)).toBe(plan.hash);
    expect(hash(changed(/^id: (.*)\nversion: 1$/m, 'version: 1\nid: $1'))).toBe(plan.hash);
    expect(hash(changed("95%'", "94%'"))).not.toBe(plan.hash);
    expect(hash(changed('免补额1000元', '免补额一千元'))).not.toBe(plan.hash);
  });
});

describe('a selection', () => {
  test('replaces a default, and with it the hash', () => {
    const selected = loadPlan('guangxi-1-2025', { 'base.selector': 'B3', 'medical.reading': 'B', 'allowance.minimum_days': 0 });
    expect(selected).toMatchObject({ base: 'B3', reading: 'B', allowance: { minimumDays: 0 } });
    expect(selected.hash).not.toBe(loadPlan('guangxi-1-2025').hash);
  });

  test('of the default is the same plan', () => {
    expect(loadPlan('guangxi-1-2025', { 'base.selector': 'B1' }).hash).toBe(loadPlan('guangxi-1-2025').hash);
  });

  test.each<[string, Selection, string]>([
    ['an answer that is not offered', { 'base.selector': 'B4' }, 'base.selector'],
    ['a value without options', { 'medical.deductible': '0.00' }, 'medical.deductible'],
    ['a value that does not exist', { 'medical.nothing': 1 }, 'medical.nothing'],
  ])('is refused for %s', (_, selection, path) => {
    expect(refusalOf(() => loadPlan('guangxi-1-2025', selection))).toMatchObject({
      code: 'plan-invalid',
      kind: 'invalid',
      details: { path },
    });
  });
});

describe('a broken plan is refused', () => {
  test('with file, path, expected, found and remedy', () => {
    const refusal = refusalOf(() => parsePlan(changed("rate: '95%'", "rate: '101%'"), 'broken.yaml'));
    expect(refusal).toMatchObject({ code: 'plan-invalid', kind: 'invalid', retry: false });
    expect(refusal.details).toEqual({
      file: 'broken.yaml',
      path: 'medical.bands.3.rate',
      expected: "a percentage from 0% to 100% with at most two places, such as '62.5%'",
      found: '"101%"',
      remedy: 'correct the rate',
    });
    for (const detail of Object.values(refusal.details)) expect(refusal.message).toContain(String(detail));
  });

  const grounds = 'source: rules-2025\n    clause: 免补额1000元';
  test.each<[string, string | RegExp, string, string]>([
    ['an unknown key at the root', 'issuer:', 'isuer: x\nissuer:', 'isuer'],
    ['an unknown key of a value', "value: '1000.00'", "value: '1000.00'\n    unit: yuan", 'medical.deductible.unit'],
    ['a missing section', /^cap:[^]*?^allowance:/m, 'allowance:', 'cap'],
    ['a missing value', "value: '1000.00'\n    ", '', 'medical.deductible.value'],
    ['an empty text', /^issuer: .*$/m, "issuer: ' '", 'issuer'],
    ['a section that is no mapping', /^cover:[^]*?^claim:/m, 'cover: discharge\nclaim:', 'cover'],
    ['sources that are no mapping', /^sources:[^]*?^cover_period:/m, 'sources: none\ncover_period:', 'sources'],
    ['a version that is no whole number', 'version: 1', 'version: 1.5', 'version'],
    ['a value without a ground', grounds, '', 'medical.deductible'],
    ['a source without a clause', grounds, 'source: rules-2025', 'medical.deductible'],
    ['two grounds', grounds, `${grounds}\n    interpreted: silent`, 'medical.deductible'],
    ['an unlisted source', grounds, 'source: hearsay\n    clause: x', 'medical.deductible.source'],
    ['a day that does not exist', "to: '2025-12-31'", "to: '2025-02-29'", 'cover_period.to'],
    ['a period that ends before it begins', "to: '2025-12-31'", "to: '2024-12-31'", 'cover_period.to'],
    ['an empty list of types', "value: ['21', '24']", 'value: []', 'scope.med_types.value'],
    ['a type that is no code', "'24'", "'inpatient'", 'scope.med_types.value.1'],
    ['a deadline of no days', 'value: 120', 'value: 0', 'claim.deadline_days.value'],
    ['a deadline in quotes', 'value: 120', "value: '120'", 'claim.deadline_days.value'],
    ['an unknown base', 'options: [B1, B2, B3]', 'options: [B1, B2, B4]', 'base.selector.options.2'],
    ['a default that is not among its options', 'options: [B1, B2, B3]', 'options: [B2, B3]', 'base.selector.value'],
    ['a deductible per period', 'value: stay', 'value: period', 'medical.deductible_per.value'],
    ['a cover decided by admission', 'value: discharge', 'value: admission', 'cover.decided_by.value'],
    ['an amount without quotes', "value: '1000.00'", 'value: 1000.00', 'medical.deductible.value'],
    ['an amount of a third of a fen', "value: '1000.00'", "value: '1000.003'", 'medical.deductible.value'],
    ['a negative amount', "value: '1000.00'", "value: '-1000.00'", 'medical.deductible.value'],
    ['a rate without a percent sign', "rate: '30%'", "rate: '0.3'", 'medical.bands.0.rate'],
    ['a rate just above 100 %', "rate: '95%'", "rate: '100.01%'", 'medical.bands.3.rate'],
    ['overlapping bands', "above: '30000.00'", "above: '29999.99'", 'medical.bands.2.above'],
    ['a missing band', "above: '30000.00'", "above: '30000.01'", 'medical.bands.2.above'],
    ['bands that do not begin at zero', "above: '0.00'", "above: '1000.00'", 'medical.bands.0.above'],
    ['a band turned round', "up_to: '30000.00'", "up_to: '9000.00'", 'medical.bands.1.up_to'],
    ['an open band before the last', "      up_to: '30000.00'\n", '', 'medical.bands.1'],
    ['a last band that ends', "above: '50000.00'", "above: '50000.00'\n      up_to: '60000.00'", 'medical.bands.3'],
    ['no bands', /bands:[^]*?rounding:/, 'bands: []\n  rounding:', 'medical.bands'],
    ['an unknown rounding', 'value: half-up', 'value: bankers', 'medical.rounding.value'],
    ['a cap of nothing', "value: '1000000.00'", "value: '0.00'", 'cap.amount.value'],
    ['an allowance limit below one day', "value: '200.00'", "value: '49.99'", 'allowance.limit'],
    ['a key given twice', 'version: 1', 'version: 1\nversion: 2', '(root)'],
    ['text that is not YAML', 'title:', 'title: {', '(root)'],
    ['nothing at all', /^[^]*$/, '', '(root)'],
  ])('for %s', (_, from, to, path) => {
    const refusal = refusalOf(() => parsePlan(changed(from, to), 'broken.yaml'));
    expect(refusal).toMatchObject({ code: 'plan-invalid', kind: 'invalid', details: { file: 'broken.yaml', path } });
  });

  test('for an id that no plan has', () => {
    expect(refusalOf(() => loadPlan('guangxi-9-2025'))).toMatchObject({ code: 'plan-not-found', kind: 'not-found' });
  });
});
