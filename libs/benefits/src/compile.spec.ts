/** What the plan language promises to refuse, mostly on the text of the model plan with one passage replaced. */
import { describe, expect, test } from '@jest/globals';
import { DomainError } from '@app/kernel';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anyJson } from '../../../test/support/any-json.js';
import { parsePlan, type CompiledPlan, type Selection } from './compile.js';
import { PLAN } from './language.js';
import { loadPlan, planIds } from './load-plans.js';
import { PlanInvalid, problemText, shapeProblems, type PlanProblem } from './plan-problem.js';

const text = readFileSync(join(import.meta.dirname, '../plans/guangxi/guangxi-1-2025.yaml'), 'utf8');

type Change = readonly [from: string | RegExp, to: string];

/** The model plan with passages replaced, each of which must occur. */
function changed(...changes: readonly Change[]): string {
  let result = text;
  for (const [from, to] of changes) {
    const next = result.replace(from, () => to);
    expect(next).not.toBe(result);
    result = next;
  }
  return result;
}

const compiled = (yaml: string, selection?: Selection): CompiledPlan => parsePlan(yaml, 'plan.yaml', selection);

function refusalOf(act: () => unknown): DomainError {
  try {
    act();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('expected a refusal, found none');
}

function problemsOf(yaml: string, selection?: Selection): readonly PlanProblem[] {
  const refusal = refusalOf(() => compiled(yaml, selection));
  expect(refusal).toBeInstanceOf(PlanInvalid);
  return (refusal as PlanInvalid).problems;
}

/** Of the first line that holds the passage, from 1. */
function lineOf(yaml: string, passage: string): number {
  const line = yaml.split('\n').findIndex((each) => each.includes(passage));
  expect(line).toBeGreaterThanOrEqual(0);
  return line + 1;
}

const chosen = <T>(value: T): { value: T; interpreted: string } => ({ value, interpreted: 'as the test has it' });
const chosenRate = (rate: string): { rate: string; interpreted: string } => ({ rate, interpreted: 'as the test has it' });

type Content = string | number | boolean | Content[] | { [key: string]: Content };
type Path = readonly (string | number)[];

/** Every key of the language at least once. */
const WHOLE: Content = {
  id: 'whole',
  version: 1,
  title: { zh: '全', en: 'whole' },
  issuer: 'nobody',
  effective_on: '2025-01-01',
  sources: { rules: { title: 'rules', grade: 'printed' } },
  cover_period: { from: '2025-01-01', to: '2025-12-31', source: 'rules', clause: 'one year' },
  scope: { med_types: chosen(['21']) },
  eligibility: {
    insutypes: chosen(['310', 'none']),
    psn_types: chosen(['11', '12']),
    ages: { from: 16, to: 70, interpreted: 'as the test has it' },
  },
  cover: { decided_by: chosen('any-day') },
  requires: { base_plan: chosen('base-plan') },
  unit: { minimum_participation: chosen('80%') },
  waiting: {
    days: { cases: [{ when: { enrolment: ['new', 'late-renewal'] }, ...chosen(30) }, chosen(0)] },
    counted_from: chosen('enrolment'),
  },
  renewal: { on_time_days: chosen(1) },
  claim: { deadline_days: chosen(120), death_deadline_days: chosen(180), counted_from: chosen('day-after') },
  quota: { claims: chosen(3), counts: chosen('paid') },
  payers: { order: chosen(['employer', 'self']), indemnity: chosen(true) },
  rounding: { unit: chosen('0.01'), mode: chosen('half-up') },
  duties: {
    medical: {
      kind: 'reimbursement',
      title: { zh: '医', en: 'medical' },
      base: {
        sum: [{ add: 'inscp_scp_amt', share: '50%', at_most: '10000.00' }, { less: 'item:drug' }],
        interpreted: 'as the test has it',
      },
      summed_over: chosen('stay'),
      prorated: chosen('days-covered'),
      threshold: {
        kind: { ...chosen('deductible'), options: ['deductible', 'gate'] },
        amount: {
          cases: [
            { when: { insutype: ['310'], psn_type: ['11'], hospital_level: [1, 0], place: 'local', hardship: true }, ...chosen('100.00') },
            { when: { stay: 'first', age: { from: 20, to: 30 } }, ...chosen('200.00') },
            chosen('300.00'),
          ],
          order: 'first-match',
        },
        per: chosen('stay'),
      },
      bands_on: chosen('base'),
      band_kind: chosen('whole-amount'),
      bounds: chosen('lower-inclusive'),
      bands: [
        { above: '0.00', up_to: '1000.00', ...chosenRate('30%') },
        {
          above: '1000.00',
          rates: [
            { when: { claim: [1] }, ...chosenRate('40%') },
            { when: { claim: [2] }, ...chosenRate('20%') },
          ],
          order: 'first-match',
          otherwise: 'refuse',
        },
      ],
      extra_points: { per_period: '1%', at_most: '10%', interpreted: 'as the test has it' },
    },
    allowance: {
      kind: 'allowance',
      title: { zh: '津', en: 'allowance' },
      per_day: chosen('50.00'),
      minimum_days: chosen(1),
      prorated: chosen('days-covered'),
      free_days: chosen(3),
      days_per_stay: chosen(90),
      days_per_period: chosen(180),
      amount_per_stay: chosen('2000.00'),
      amount_per_period: chosen('7200.00'),
    },
    illness: {
      kind: 'lump-sum',
      title: { zh: '病', en: 'illness' },
      amount: { cases: [{ when: { severity: ['light'] }, ...chosen('3000.00') }], otherwise: 'refuse' },
      correction: chosen('replaces'),
    },
    death: {
      kind: 'death',
      title: { zh: '故', en: 'death' },
      amount: { cases: [{ when: { cause: 'illness' }, ...chosen('1000.00') }, chosen('0.00')] },
      pays: chosen('top-up'),
    },
  },
  caps: { period: { duties: ['medical', 'allowance'], per: chosen('period'), amount: chosen('50000.00') } },
};

/** Every part of a content with its path, the whole first. */
function partsOf(content: Content, path: Path = []): { path: Path; part: Content }[] {
  const inner = Array.isArray(content)
    ? content.map((part, i) => [i, part] as const)
    : typeof content === 'object'
      ? Object.entries(content)
      : [];
  return [{ path, part: content }, ...inner.flatMap(([key, part]) => partsOf(part, [...path, key]))];
}

/** A copy with the part at `path` handed to `change` together with what holds it. */
function changedAt(path: Path, change: (holder: Record<string | number, Content>, key: string | number) => void): Content {
  const copy = structuredClone({ root: WHOLE }) as unknown as Record<string | number, Content>;
  const whole = ['root', ...path];
  const holder = whole.slice(0, -1).reduce((at, key) => at[key] as unknown as Record<string | number, Content>, copy);
  change(holder, whole.at(-1)!);
  return copy['root']!;
}

const dotted = (path: Path): string => path.join('.');
const PARTS = partsOf(WHOLE);
const isMapping = (part: Content): boolean => typeof part === 'object' && !Array.isArray(part);

describe('a plan that is understood', () => {
  const plan = loadPlan('guangxi-1-2025');

  test('compiles to integers of fen and basis points', () => {
    expect(plan).toMatchObject({
      id: 'guangxi-1-2025',
      version: 1,
      coverFrom: '2025-01-01',
      coverTo: '2025-12-31',
      medTypes: ['21', '24'],
      deadlineDays: 120,
      deathDeadlineDays: 180,
      coverDecidedBy: 'discharge',
      rounding: { mode: 'half-up', unitFen: 1 },
    });
    const [medical, allowance, death] = plan.duties;
    expect(medical).toMatchObject({
      id: 'medical',
      base: { named: 'B1' },
      bandsOnBase: false,
      summed: false,
      caps: [0],
      paidName: 'paid.medical',
    });
    expect(medical).toMatchObject({ threshold: { kind: 'deductible', perPeriod: false, amount: { constant: { value: 100_000 } } } });
    expect(
      medical?.kind === 'reimbursement' &&
        medical.bands.map(({ aboveFen, upToFen, rate }) => [aboveFen, upToFen, rate.constant?.value.basisPoints]),
    ).toEqual([
      [0, 1_000_000, 3_000],
      [1_000_000, 3_000_000, 4_000],
      [3_000_000, 5_000_000, 6_000],
      [5_000_000, null, 9_500],
    ]);
    expect(allowance).toMatchObject({ perDay: { constant: { value: 5_000 } }, minimumDays: 1, amountPerStayFen: 20_000, caps: [] });
    expect(death).toMatchObject({ amount: { constant: { value: 1_000_000 } }, topUp: false });
    expect(plan.caps).toMatchObject([{ id: 'period', perPeriod: true, amount: { constant: { value: 100_000_000 } } }]);
    expect(plan.accumulators).toEqual(['paid.medical', 'paid.death']);
  });

  test('says of each value where it is printed or why it was chosen', () => {
    expect(plan.clauses['duties.medical.bands.3']).toEqual({ source: 'rules-2025', clause: '50000元以上95%' });
    expect(plan.clauses['duties.medical.threshold.per']).toEqual({ interpreted: expect.any(String) });
  });

  test('takes an exact rate with decimals', () => {
    const [medical] = compiled(changed(['rate: 40%', 'rate: 62.5%'])).duties;
    expect(medical).toMatchObject({ bands: { 1: { rate: { constant: { value: { text: '62.5%', basisPoints: 6_250 } } } } } });
  });

  test('may be of one day, and effective on that day only', () => {
    const yaml = changed(["from: '2025-01-01'", "from: '2025-12-31'"], ["effective_on: '2025-01-01'", "effective_on: '2025-12-31'"]);
    expect(compiled(yaml)).toMatchObject({ coverFrom: '2025-12-31', coverTo: '2025-12-31', effectiveOn: '2025-12-31' });
  });

  test('may use every key of the language', () => {
    expect(compiled(JSON.stringify(WHOLE))).toMatchObject({ id: 'whole', quota: 3, indemnity: true, payersAfter: [] });
  });
});

describe('the hash of a plan', () => {
  const { hash } = compiled(text);

  test('is 64 hexadecimal digits', () => expect(hash).toMatch(/^[0-9a-f]{64}$/));

  test('stays the same when only comments and layout change', () => {
    expect(compiled(`# another comment\n${text}`).hash).toBe(hash);
    expect(compiled(changed([/^ *#.*\n/gm, ''])).hash).toBe(hash);
    expect(
      compiled(changed(['title: { zh: 医疗补助, en: medical benefit }', 'title:\n      zh: 医疗补助\n      en: "medical benefit"'])).hash,
    ).toBe(hash);
  });

  test.each<[string, Change]>([
    ['a rate', ['rate: 95%', 'rate: 94%']],
    ['the same rate written otherwise', ['rate: 95%', 'rate: 95.0%']],
    ['a word of a clause', ['免补额1000元', '免补额一千元']],
    ['the order of the keys', [/^id: .*\nversion: 1$/m, 'version: 1\nid: guangxi-1-2025']],
    ['the order of the duties', [/( {2}allowance:[^]*?)( {2}death:[^]*?)\ncaps:/, '']],
  ])('changes with %s', (name, [from, to]) => {
    const other = name === 'the order of the duties' ? text.replace(from, '$2\n$1\ncaps:') : changed([from, to]);
    expect(other).not.toBe(text);
    expect(compiled(other).hash).not.toBe(hash);
  });
});

describe('a selection', () => {
  const hashOf = (selection?: Selection): string => compiled(text, selection).hash;

  test('replaces defaults, and with them the hash', () => {
    const selection = { 'duties.medical.base': 'B3', 'duties.medical.bands_on': 'base', 'duties.allowance.minimum_days': 0 };
    const [medical, allowance] = compiled(text, selection).duties;
    expect(medical).toMatchObject({ base: { named: 'B3' }, bandsOnBase: true });
    expect(allowance).toMatchObject({ minimumDays: 0 });
    const hashes = [undefined, ...Object.entries(selection).map(([path, answer]) => ({ [path]: answer })), selection].map(hashOf);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('gives one hash in whatever order it is made', () => {
    expect(hashOf({ 'duties.medical.base': 'B3', 'duties.allowance.minimum_days': 0 })).toBe(
      hashOf({ 'duties.allowance.minimum_days': 0, 'duties.medical.base': 'B3' }),
    );
  });

  test('of a default is the same plan', () => expect(hashOf({ 'duties.medical.base': 'B1' })).toBe(hashOf()));

  test.each<[string, string, string | number, Partial<PlanProblem>]>([
    [
      'a value without options',
      'duties.medical.threshold.amount',
      '0.00',
      { expected: 'a value with options', found: 'the selection 0.00' },
    ],
    ['a value that is not there', 'duties.dental.base', 'B1', { expected: 'a value with options', found: 'the selection B1' }],
    ['a text', 'issuer.title', 'B1', { expected: 'a value with options' }],
    ['a part of a list', 'duties.medical.bands.0', '30%', { expected: 'a value with options' }],
    ['what every object has', 'constructor', 'B1', { expected: 'a value with options' }],
    ['an answer that is not offered', 'duties.medical.base', 'B4', { expected: 'one of the options B1, B2, B3', found: '"B4"' }],
    ['a number as a text', 'duties.allowance.minimum_days', '0', { expected: 'one of the options 0, 1', found: '"0"' }],
  ])('of %s is refused', (_, path, answer, problem) => {
    const remedy = problem.expected === 'a value with options' ? 'select only values that list options' : 'select one of them';
    expect(problemsOf(text, { [path]: answer })).toEqual([expect.objectContaining({ path, remedy, ...problem })]);
  });

  test('that is refused names the line of the value', () => {
    const [problem] = problemsOf(text, { 'duties.medical.base': 'B4' });
    expect(problem?.line).toBe(lineOf(text, 'value: B1'));
  });
});

describe('a refusal', () => {
  test('names file, line, path, what was expected and found, and the remedy', () => {
    const broken = changed(['rate: 95%', 'rate: 101%']);
    const refusal = refusalOf(() => parsePlan(broken, 'broken.yaml'));
    expect(refusal).toMatchObject({ code: 'plan-invalid', kind: 'invalid', retry: false });
    const expected = "a percentage from 0% to 100% with at most two places, such as '62.5%'";
    expect(refusal.details).toEqual({
      file: 'broken.yaml',
      path: 'duties.medical.bands.3.rate',
      expected,
      found: '"101%"',
      remedy: 'correct the value',
    });
    const line = lineOf(broken, 'rate: 101%');
    expect(refusal.message).toBe(`broken.yaml:${line}: duties.medical.bands.3.rate: expected ${expected}, found "101%"; correct the value`);
  });

  test('tells of the shape everything that is wrong, at once', () => {
    const broken = changed(
      ["value: '1000.00'", 'value: 1000.00'],
      ['rate: 95%', 'rate: 101%'],
      ['version: 1\n', 'version: 1\ncolour: red\n'],
    );
    const problems = problemsOf(broken);
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'colour',
      'duties.medical.bands.3.rate',
      'duties.medical.threshold.amount.value',
    ]);
    expect(problems.map(({ line }) => line).sort()).toEqual(
      ['colour: red', 'rate: 101%', 'value: 1000.00'].map((passage) => lineOf(broken, passage)).sort(),
    );
    expect(refusalOf(() => compiled(broken)).message).toMatch(/ \(and 2 more; npm run plan:check lists them\)$/);
  });

  test('tells of the rules everything that is wrong, at once', () => {
    const broken = changed(
      ["above: '30000.00'", "above: '30000.01'"],
      ['source: notice-2022\n  clause', 'source: hearsay\n  clause'],
      ['duties: [medical]', 'duties: [dental]'],
    );
    expect(
      problemsOf(broken)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['caps.period.duties.0', 'cover_period.source', 'duties.medical.bands.2.above']);
  });
});

const KNOWN = 'expected a key of the plan language (plans/plan.schema.json)';
const YUAN = "expected yuan as a decimal string of at most two places, such as '1000.00'";
const PERCENT = "expected a percentage from 0% to 100% with at most two places, such as '62.5%'";
const TEXT = 'expected a text, in quotes where it looks like a number or a date';
const MAPPING = 'expected a mapping ("key: value" lines)';
const ID = 'expected an id of small letters, digits and hyphens';
const UP_TO = 'expected an upper bound on every band but the last, and none on the last';
const GROUND = 'expected either source and clause, or interpreted';
const NO_GROUND = 'say where the value is printed, or why it was chosen';
const LAST_CASE = 'expected either a last case without "when", or "otherwise: refuse"';

const THRESHOLD_GROUND = '        source: rules-2025\n        clause: 免补额1000元\n      per:';
const PER_DAY = "      value: '50.00'\n      source: rules-2025\n      clause: 住院津贴每天50元\n";
/** The daily allowance answered by these lines. */
const perDay = (...lines: readonly string[]): Change => [PER_DAY, lines.map((line) => `      ${line}\n`).join('')];
const inMedical = (line: string): Change => ['    bands: #', `    ${line}\n    bands: #`];
const inPlan = (...lines: readonly string[]): Change => ['rounding:\n', `${lines.join('\n')}\nrounding:\n`];
const baseOf = (line: string): Change => ['      value: B1\n      options: [B1, B2, B3]\n', `      ${line}\n`];

/** The line is that of the first passage; null where no line can be named. */
type Refused = readonly [of: string, changes: readonly Change[], passage: string | null, problem: string];

const KEYS: readonly Refused[] = [
  [
    'an unknown key of the plan',
    [['version: 1\n', 'version: 1\ncolour: red\n']],
    'colour: red',
    `colour: ${KNOWN}, found the key "colour"; remove the key or correct its spelling`,
  ],
  [
    'an unknown key of a value',
    [["value: '1000.00'\n", "value: '1000.00'\n        unit: yuan\n"]],
    'unit: yuan',
    `duties.medical.threshold.amount.unit: ${KNOWN}, found the key "unit"; remove the key or correct its spelling`,
  ],
  ['a missing key of the plan', [[/^issuer:.*\n/m, '']], null, `issuer: ${TEXT}, found nothing; add the key "issuer"`],
  [
    'a missing key of a duty',
    [[/ {4}base:\n[^]*?(?= {4}summed_over)/, '']],
    'kind: reimbursement',
    `duties.medical.base: ${MAPPING}, found nothing; add the key "base"`,
  ],
  [
    'a missing key of a cap',
    [[/ {4}amount:\n {6}value: '1000000.00'\n.*\n.*\n/, '']],
    'duties: [medical]',
    `caps.period.amount: ${MAPPING}, found nothing; add the key "amount"`,
  ],
  ['the name of a duty in capitals', [['  death:\n', '  Death:\n']], 'kind: death', `duties.Death: ${ID}, found "Death"; rename it`],
  ['an id with other signs', [['id: guangxi-1-2025', 'id: Guangxi_1']], 'id: Guangxi_1', `id: ${ID}, found "Guangxi_1"; correct the value`],
];

const TYPES: readonly Refused[] = [
  [
    'a number in quotes',
    [['value: 120', "value: '120'"]],
    "value: '120'",
    'claim.deadline_days.value: expected a number without quotes, found "120"; correct the value',
  ],
  [
    'a fraction for a whole number',
    [['version: 1\n', 'version: 1.5\n']],
    'version: 1.5',
    'version: expected a whole number without quotes, found 1.5; correct the value',
  ],
  [
    'a deadline of no days',
    [['value: 120', 'value: 0']],
    'value: 0',
    'claim.deadline_days.value: expected at least 1, found 0; correct the value',
  ],
  [
    'one text for a list',
    [["value: ['21', '24']", "value: '21'"]],
    "value: '21'",
    'scope.med_types.value: expected a list ("- item" lines), found "21"; correct the value',
  ],
  [
    'an empty list',
    [["value: ['21', '24']", 'value: []']],
    'value: []',
    'scope.med_types.value: expected at least 1 item, found []; correct the value',
  ],
  [
    'a medical type that is no code',
    [["'24'", 'inpatient']],
    'inpatient]',
    'scope.med_types.value.1: expected two to six digits in quotes, found "inpatient"; correct the value',
  ],
  [
    'a text for a mapping',
    [[/^cover:[^]*?^claim:/m, 'cover: discharge\nclaim:']],
    'cover: discharge',
    `cover: ${MAPPING}, found "discharge"; correct the value`,
  ],
  [
    'a text for the sources',
    [[/^sources:[^]*?^cover_period:/m, 'sources: none\ncover_period:']],
    'sources: none',
    'sources: expected a mapping ("name: …" lines), found "none"; correct the value',
  ],
  [
    'a word that is not offered',
    [['value: half-up', 'value: bankers']],
    'bankers',
    'rounding.mode.value: expected one of half-up, down, up, found "bankers"; choose one of these words',
  ],
  [
    'a kind of duty that is not known',
    [['kind: allowance', 'kind: pension']],
    'kind: pension',
    'duties.allowance.kind: expected one of the forms of docs/PLANS.md, found "pension"; write it in one of these forms',
  ],
  ['nothing at all', [[/^[^]*$/, '']], null, `(root): ${MAPPING}, found null; correct the value`],
  ['a list for a plan', [[/^[^]*$/, '- a\n']], null, `(root): ${MAPPING}, found ["a"]; correct the value`],
];

const AMOUNTS: readonly Refused[] = [
  ...[
    ['money with three places', '1000.003'],
    ['money below zero', '-1000.00'],
    ['money with a comma', '1,000.00'],
    ['money of twelve digits', '100000000000.00'],
    ['money with its unit', '1000.00元'],
  ].map(([of, value]): Refused => [
    of!,
    [["value: '1000.00'", `value: '${value}'`]],
    value!,
    `duties.medical.threshold.amount.value: ${YUAN}, found "${value}"; correct the value`,
  ]),
  [
    'money not in quotes',
    [["value: '1000.00'", 'value: 1000.00']],
    'value: 1000.00',
    `duties.medical.threshold.amount.value: ${TEXT}, found 1000; correct the value`,
  ],
  ...['100.01%', '101%', '95.555%', '-5%'].map((rate): Refused => [
    `a rate of ${rate}`,
    [['rate: 95%', `rate: ${rate}`]],
    `rate: ${rate}`,
    `duties.medical.bands.3.rate: ${PERCENT}, found "${rate}"; correct the value`,
  ]),
  [
    'a rate as a fraction',
    [['rate: 95%', 'rate: 0.95']],
    'rate: 0.95',
    `duties.medical.bands.3.rate: ${TEXT}, found 0.95; correct the value`,
  ],
  [
    'a rate with its extra points above 100 %',
    [inMedical('extra_points: { per_period: 1%, at_most: 6%, interpreted: silent }')],
    "above: '50000.00'",
    'duties.medical.bands.3: expected a rate that stays within 100% with all extra points, found 95%; correct the rate or the points',
  ],
  [
    'a rate of one case with its extra points above 100 %',
    [
      inMedical('extra_points: { per_period: 1%, at_most: 6%, interpreted: silent }'),
      ['rate: 95%', 'rates: [{ when: { hardship: true }, rate: 95%, interpreted: silent }, { rate: 90%, interpreted: silent }]'],
      [/ +source: rules-2025\n +clause: 50000元以上95%\n/, ''],
    ],
    "above: '50000.00'",
    'duties.medical.bands.3: expected a rate that stays within 100% with all extra points, found 95%; correct the rate or the points',
  ],
];

const BANDS: readonly Refused[] = [
  [
    'bands that overlap',
    [["above: '30000.00'", "above: '29999.99'"]],
    '29999.99',
    "duties.medical.bands.2.above: expected '30000.00', where the band before ends, found '29999.99'; this band overlaps the one before: make the bands meet",
  ],
  [
    'a missing band',
    [["above: '30000.00'", "above: '30000.01'"]],
    '30000.01',
    "duties.medical.bands.2.above: expected '30000.00', where the band before ends, found '30000.01'; a band is missing before this one: make the bands meet",
  ],
  [
    'bands that do not begin at zero',
    [["above: '0.00'", "above: '1000.00'"]],
    "above: '1000.00'",
    "duties.medical.bands.0.above: expected '0.00', where the band before ends, found '1000.00'; a band is missing before this one: make the bands meet",
  ],
  [
    'an open band that is not the last',
    [
      ["        up_to: '30000.00'\n", ''],
      ["above: '30000.00'", "above: '10000.00' # next"],
    ],
    "above: '10000.00'",
    `duties.medical.bands.1.up_to: ${UP_TO}, found none; add or remove "up_to"`,
  ],
  [
    'a last band that ends',
    [["above: '50000.00'", "above: '50000.00'\n        up_to: '60000.00'"]],
    '60000.00',
    `duties.medical.bands.3.up_to: ${UP_TO}, found one on the last; add or remove "up_to"`,
  ],
  [
    'a band that is upside down',
    [
      ["up_to: '30000.00'", "up_to: '9000.00'"],
      ["above: '30000.00'", "above: '9000.00'"],
    ],
    "up_to: '9000.00'",
    "duties.medical.bands.1.up_to: expected an upper bound above the lower one, found '9000.00'; correct the bounds",
  ],
  [
    'a band of no width',
    [
      ["up_to: '30000.00'", "up_to: '10000.00' # no width"],
      ["above: '30000.00'", "above: '10000.00'"],
    ],
    'no width',
    "duties.medical.bands.1.up_to: expected an upper bound above the lower one, found '10000.00'; correct the bounds",
  ],
  [
    'a band without a rate',
    [[/ +rate: 95%\n/, '']],
    "above: '50000.00'",
    'duties.medical.bands.3: expected either rate or rates, found neither; write one rate, or the rates',
  ],
  [
    'no bands',
    [[/ {4}bands: #[^]*?(?=\n {2}allowance:)/, '    bands: []\n']],
    'bands: []',
    'duties.medical.bands: expected at least 1 item, found []; correct the value',
  ],
  [
    'a threshold without bands_on',
    [[/ {4}bands_on:\n[^]*?(?= {4}bands: )/, '']],
    'kind: reimbursement',
    'duties.medical.bands_on: expected a value, since there is a threshold, found nothing; say whether bands run on the excess or on the base',
  ],
  [
    'a whole amount without bounds',
    [inMedical('band_kind: { value: whole-amount, interpreted: silent }')],
    'kind: reimbursement',
    'duties.medical.bounds: expected a value, since a whole amount is rated by one band, found nothing; say which band a bound belongs to',
  ],
];

const DATES: readonly Refused[] = [
  [
    'a day that does not exist',
    [["to: '2025-12-31'", "to: '2025-02-29'"]],
    "to: '2025-02-29'",
    'cover_period.to: expected a date that exists, YYYY-MM-DD, found "2025-02-29"; correct the value',
  ],
  [
    'a period that ends before it begins',
    [
      ["to: '2025-12-31'", "to: '2024-12-31'"],
      ["effective_on: '2025-01-01'", "effective_on: '2024-01-01'"],
    ],
    "to: '2024-12-31'",
    'cover_period.to: expected a date not before 2025-01-01, found 2024-12-31; correct the cover period',
  ],
  [
    'a plan that is effective only after its period',
    [["effective_on: '2025-01-01'", "effective_on: '2026-01-01'"]],
    "effective_on: '2026-01-01'",
    'effective_on: expected a day up to 2025-12-31, the end of the cover period, found 2026-01-01; correct the date',
  ],
];

const GROUNDS: readonly Refused[] = [
  [
    'a source that is not listed',
    [['source: notice-2022\n  clause', 'source: hearsay\n  clause']],
    'source: hearsay',
    'cover_period.source: expected one of the sources rules-2025, notice-2022, found hearsay; name a source listed under "sources"',
  ],
  ...[
    ['a value without a ground', '', 'no ground'],
    [
      'a value with two grounds',
      '        interpreted: silent\n        source: rules-2025\n        clause: x\n',
      'source, clause, interpreted',
    ],
    ['a source without a clause', '        source: rules-2025\n', 'source'],
    ['a clause without a source', '        clause: x\n', 'clause'],
  ].map(([of, given, found]): Refused => [
    of!,
    [[THRESHOLD_GROUND, `${given}      per:`]],
    "value: '1000.00'",
    `duties.medical.threshold.amount: ${GROUND}, found ${found}; ${NO_GROUND}`,
  ]),
  [
    'a band without a ground',
    [[/ +source: rules-2025\n +clause: 50000元以上95%\n/, '']],
    "above: '50000.00'",
    `duties.medical.bands.3: ${GROUND}, found no ground; ${NO_GROUND}`,
  ],
  [
    'a case without a ground',
    [perDay('cases:', "  - { when: { hospital_level: [3] }, value: '40.00' }", "  - { value: '30.00', interpreted: silent }")],
    'hospital_level: [3]',
    `duties.allowance.per_day.cases.0: ${GROUND}, found no ground; ${NO_GROUND}`,
  ],
];

const ANSWERS: readonly Refused[] = [
  [
    'value and cases together',
    [[PER_DAY, `${PER_DAY}      cases:\n        - { value: '50.00', interpreted: silent }\n`]],
    "value: '50.00'",
    'duties.allowance.per_day: expected either value or cases, found both; write one value, or the cases',
  ],
  [
    'neither value nor cases',
    [perDay('interpreted: no value given')],
    'no value given',
    'duties.allowance.per_day: expected either value or cases, found neither; write one value, or the cases',
  ],
  [
    'rate and rates together',
    [['rate: 95%\n', 'rate: 95%\n        rates: [{ rate: 95%, interpreted: silent }]\n']],
    "above: '50000.00'",
    'duties.medical.bands.3: expected either rate or rates, found both; write one rate, or the rates',
  ],
  [
    'cases that overlap',
    [
      perDay(
        'cases:',
        "  - { when: { insutype: ['310'] }, value: '50.00', interpreted: silent }",
        "  - { when: { hospital_level: [3] }, value: '40.00', interpreted: silent }",
        "  - { value: '30.00', interpreted: silent }",
      ),
    ],
    'hospital_level: [3]',
    'duties.allowance.per_day.cases.1.when: expected conditions that never hold together with those of case 0, found some that do; make them exclude each other, or declare "order: first-match"',
  ],
  [
    'a case for everybody that is not the last',
    [perDay('cases:', "  - { value: '50.00', interpreted: silent }", "  - { value: '30.00', interpreted: silent }")],
    "- { value: '50.00'",
    'duties.allowance.per_day.cases.0: expected conditions ("when") on every case but the last, found none; add them, or move the case to the end',
  ],
  [
    'cases that leave somebody out',
    [perDay('cases:', "  - { when: { hospital_level: [3] }, value: '40.00', interpreted: silent }")],
    'cases:',
    `duties.allowance.per_day: ${LAST_CASE}, found neither; say what holds where no case does`,
  ],
  [
    'a case for everybody and an otherwise',
    [perDay('cases:', "  - { value: '40.00', interpreted: silent }", 'otherwise: refuse')],
    'cases:',
    `duties.allowance.per_day: ${LAST_CASE}, found both; say what holds where no case does`,
  ],
  ...['order: first-match', 'otherwise: refuse'].map((line): Refused => [
    `"${line}" beside a value`,
    [[PER_DAY, `${PER_DAY}      ${line}\n`]],
    "value: '50.00'",
    'duties.allowance.per_day: expected order and otherwise only beside cases, found a value; remove them',
  ]),
  [
    'no cases',
    [perDay('cases: []', 'otherwise: refuse')],
    'cases: []',
    'duties.allowance.per_day.cases: expected at least 1 item, found []; correct the value',
  ],
  [
    'a default that is not among its options',
    [['options: [excess, base]', 'options: [base]']],
    'value: excess',
    'duties.medical.bands_on.value: expected one of the options base, found "excess"; choose one of them',
  ],
  [
    'a base that is not among its options',
    [['options: [B1, B2, B3]', 'options: [B2, B3]']],
    'value: B1',
    'duties.medical.base.value: expected one of the options B2, B3, found B1; choose one of them',
  ],
];

const RULES: readonly Refused[] = [
  [
    'a base by name and as a sum',
    [['      value: B1\n', '      value: B1\n      sum: [{ add: psn_part_amt }]\n']],
    'value: B1',
    'duties.medical.base: expected either value or sum, found both; name a base, or write it as a sum',
  ],
  [
    'a base of nothing',
    [[/ {6}value: B1\n {6}options: .*\n {6}interpreted: >-\n/, '      interpreted: >- # no base\n']],
    '# no base',
    'duties.medical.base: expected either value or sum, found neither; name a base, or write it as a sum',
  ],
  [
    'a part of a base by more than all of it',
    [baseOf('sum: [{ add: psn_part_amt, share: 120% }]')],
    'share: 120%',
    `duties.medical.base.sum.0.share: ${PERCENT}, found "120%"; correct the value`,
  ],
  [
    'a deductible per stay on the sum of the period',
    [['    summed_over:\n      value: stay', '    summed_over:\n      value: period']],
    'value: stay',
    'duties.medical.threshold.per: expected period, since the duty runs on the sum of the period, found stay; write period, or sum over the stay',
  ],
  [
    'a gate per period on each stay',
    [
      ['value: deductible', 'value: gate'],
      ['      per:\n        value: stay', '      per:\n        value: period'],
    ],
    'value: period',
    'duties.medical.threshold.per: expected stay, since the duty runs on each stay, found period; write stay, or sum over the period',
  ],
  [
    'a cap on a duty that is not there',
    [['duties: [medical]', 'duties: [medical, dental]']],
    'dental',
    'caps.period.duties.1: expected one of the duties medical, allowance, death, found dental; name a duty of this plan',
  ],
  [
    'a cap on nothing',
    [['duties: [medical]', 'duties: []']],
    'duties: []',
    'caps.period.duties: expected at least 1 item, found []; correct the value',
  ],
  [
    'payers without this plan',
    [
      inPlan(
        'payers:',
        '  order: { value: [city-plan, employer], interpreted: silent }',
        '  indemnity: { value: true, interpreted: silent }',
      ),
    ],
    'city-plan, employer',
    'payers.order: expected "self" once among the payers, found ["city-plan","employer"]; say where this plan stands among them',
  ],
  [
    'a plan that pays for nothing',
    [[/^duties:[^]*/m, 'duties: {}\n']],
    'duties: {}',
    'duties: expected at least one duty, found none; write what the plan pays',
  ],
];

describe.each([
  ['keys', KEYS],
  ['types', TYPES],
  ['amounts and rates', AMOUNTS],
  ['bands', BANDS],
  ['dates', DATES],
  ['grounds', GROUNDS],
  ['answers', ANSWERS],
  ['rules', RULES],
] as const)('refused among %s:', (_, refusals) => {
  test.each(refusals)('%s', (_name, changes, passage, problem) => {
    const broken = changed(...changes);
    const place = passage === null ? 'plan.yaml' : `plan.yaml:${lineOf(broken, passage)}`;
    expect(problemsOf(broken).map((each) => problemText('plan.yaml', each))).toEqual([`${place}: ${problem}`]);
  });
});

describe('text that is not YAML is refused with its line:', () => {
  test.each<[string, Change, string, string]>([
    ['a key written twice', ['version: 1\n', 'version: 1\nversion: 2\n'], 'version: 2', 'Map keys must be unique'],
    ['a bracket that never closes', ['title:\n', 'title: {\n'], 'zh: 广西', 'Implicit keys need to be on a single line'],
    ['a tab for the indentation', ['scope:\n', 'scope:\n\t'], '\t', 'Tabs are not allowed as indentation'],
    ['a tag that is not known', ['version: 1\n', 'version: !int 1\n'], '!int', 'Unresolved tag: !int'],
    ['two documents', ['version: 1\n', '---\nversion: 1\n'], '---', 'multiple documents'],
  ])('%s', (_, change, passage, found) => {
    const broken = changed(change);
    expect(problemsOf(broken)).toEqual([
      {
        path: '(root)',
        line: lineOf(broken, passage),
        expected: 'YAML',
        found: expect.stringContaining(found),
        remedy: 'correct the text',
      },
    ]);
  });
});

describe('a YAML alias is refused', () => {
  const nested = ['a', 'b', 'c', 'd'].map(
    (name, i, all) => `  ${name}: &${name} [${`${i === 0 ? 'x' : `*${all[i - 1]}`}, `.repeat(12)}]\n`,
  );
  test.each<[string, string, string, number]>([
    ['of nothing', changed(['version: 1\n', 'version: *nothing\n']), 'nothing', 12],
    ['of itself', '&itself [*itself]', 'itself', 1],
    ['of a value that is there', 'a: &first [1]\nb: *first', 'first', 2],
    ['of aliases that multiply', changed([/^issuer:.*\n/m, `issuer:\n${nested.join('')}`]), 'a', 18],
  ])('%s', (_, yaml, source, line) => {
    expect(problemsOf(yaml)).toEqual([
      { path: '(root)', line, expected: 'a plan without YAML aliases', found: `the alias *${source}`, remedy: 'write the value out' },
    ]);
  });
});

describe('at every level of a plan', () => {
  /** A key added to these would be another source, duty or cap. */
  const NAMED = ['sources', 'duties', 'caps'];
  const mappings = PARTS.filter(({ path, part }) => isMapping(part) && !NAMED.includes(dotted(path)));
  const pathsOf = (content: Content): string[] => {
    const read = PLAN.safeParse(content);
    return read.success ? [] : shapeProblems(read.error.issues, content).map(({ path }) => path);
  };

  test('an unknown key is refused', () => {
    expect(mappings.length).toBeGreaterThan(80);
    const paths = mappings.map(({ path }) => [...path, 'colour']);
    const broken = paths.map((path) => changedAt(path, (holder, key) => (holder[key] = 'red')));
    expect(broken.map(pathsOf)).toEqual(paths.map((path) => [dotted(path)]));
  });

  test('a value of another type is refused', () => {
    const broken = PARTS.map(({ path, part }) => changedAt(path, (holder, key) => (holder[key] = typeof part === 'string' ? 7 : 'seven')));
    const unseen = PARTS.flatMap(({ path }, i) => (pathsOf(broken[i]!).includes(dotted(path) || '(root)') ? [] : [dotted(path)]));
    // The term as a whole is in none of its two forms.
    expect(unseen).toEqual(['sum.0.add', 'sum.0.share', 'sum.0.at_most', 'sum.1.less'].map((term) => `duties.medical.base.${term}`));
    expect(broken.filter((content) => PLAN.safeParse(content).success)).toEqual([]);
  });

  test('anything else that JSON can hold is refused, or has a meaning', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PARTS), anyJson, ({ path }, value) => {
        try {
          compiled(JSON.stringify(changedAt(path, (holder, key) => (holder[key] = value as Content))));
        } catch (error) {
          expect(error).toBeInstanceOf(PlanInvalid);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a key may be left out only where the language has an answer for that', () => {
    const accepts = (content: Content): boolean => {
      if (pathsOf(content).length > 0) return false;
      try {
        return compiled(JSON.stringify(content)) !== undefined;
      } catch (error) {
        if (error instanceof PlanInvalid) return false;
        throw error;
      }
    };
    const keys = PARTS.filter(({ path }) => typeof path.at(-1) === 'string' && !path.includes('when'));
    const optional = keys.filter(({ path }) => accepts(changedAt(path, (holder, key) => delete holder[key])));
    expect(optional.map(({ path }) => dotted(path))).toEqual([
      'scope',
      'eligibility',
      'eligibility.insutypes',
      'eligibility.psn_types',
      'eligibility.ages',
      'requires',
      'unit',
      'waiting',
      'renewal',
      'claim',
      'claim.death_deadline_days',
      'quota',
      'payers',
      'duties.medical.base.sum.0.share',
      'duties.medical.base.sum.0.at_most',
      'duties.medical.prorated',
      'duties.medical.threshold',
      'duties.medical.threshold.kind.options',
      'duties.medical.band_kind',
      // Its cases exclude each other.
      'duties.medical.bands.1.order',
      'duties.medical.extra_points',
      'duties.allowance.prorated',
      'duties.allowance.free_days',
      'duties.allowance.days_per_stay',
      'duties.allowance.days_per_period',
      'duties.allowance.amount_per_stay',
      'duties.allowance.amount_per_period',
      'duties.illness',
      'duties.death',
      'caps',
      'caps.period',
    ]);
  });
});

describe('cases', () => {
  const byCases = (one: string, other: string, order = ''): string =>
    changed(
      perDay(
        'cases:',
        `  - { when: ${one}, value: '50.00', interpreted: silent }`,
        `  - { when: ${other}, value: '40.00', interpreted: silent }`,
        "  - { value: '30.00', interpreted: silent }",
        order,
      ),
    );

  test.each([
    ['insurance', "{ insutype: ['310'] }", "{ insutype: ['390', none] }"],
    ['kind of person', "{ psn_type: ['11'] }", "{ psn_type: ['12'] }"],
    ['level of the hospital', '{ hospital_level: [3, 2] }', '{ hospital_level: [1, 0] }'],
    ['place', '{ place: local }', '{ place: elsewhere }'],
    ['hardship', '{ hardship: true }', '{ hardship: false }'],
    ['stay of the period', '{ stay: first }', '{ stay: later }'],
    ['claim of the period', '{ claim: [1, 3] }', '{ claim: [2] }'],
    ['age', '{ age: { to: 59 } }', '{ age: { from: 60 } }'],
    ['enrolment', '{ enrolment: [new, late-renewal] }', '{ enrolment: [renewal] }'],
    ['severity', '{ severity: [light] }', '{ severity: [severe] }'],
    ['cause', '{ cause: illness }', '{ cause: accident }'],
    [
      'one line of several',
      "{ insutype: ['310'], hardship: true, place: local }",
      "{ insutype: ['310'], hardship: true, place: elsewhere }",
    ],
  ])('that exclude each other by %s need no order', (_, one, other) => {
    const [, allowance] = compiled(byCases(one, other)).duties;
    expect(allowance).toMatchObject({ perDay: { constant: null, cases: { length: 3 } } });
  });

  test.each([
    ['share an insurance', "{ insutype: ['310', '390'] }", "{ insutype: ['390', none] }"],
    ['share a level', '{ hospital_level: [3, 2] }', '{ hospital_level: [2, 1] }'],
    ['share a year of age', '{ age: { to: 60 } }', '{ age: { from: 60, to: 70 } }'],
    ['have an age of open ends', '{ age: { from: 60 } }', '{ age: {} }'],
    ['are the same', '{ place: local }', '{ place: local }'],
    ['speak of different things', '{ stay: first }', '{ claim: [2] }'],
    ['say more of the same', "{ hospital_level: [3], psn_type: ['12'] }", '{ hospital_level: [3] }'],
  ])('that %s are refused, unless the first is declared to hold', (_, one, other) => {
    expect(problemsOf(byCases(one, other))).toEqual([
      expect.objectContaining({ path: 'duties.allowance.per_day.cases.1.when', remedy: expect.stringContaining('order: first-match') }),
    ]);
    expect(compiled(byCases(one, other, 'order: first-match')).id).toBe('guangxi-1-2025');
  });

  test('may end without a case for everybody where the others are refused', () => {
    const refusing = perDay('cases:', "  - { when: { place: local }, value: '50.00', interpreted: silent }", 'otherwise: refuse');
    const [, allowance] = compiled(changed(refusing)).duties;
    expect(allowance).toMatchObject({ perDay: { cases: { length: 1 } } });
  });

  test('each have a ground of their own, beside the words for when none of them holds', () => {
    const { clauses } = compiled(byCases('{ place: local }', '{ place: elsewhere }'));
    expect(Object.keys(clauses).filter((path) => path.startsWith('duties.allowance.per_day'))).toEqual(
      ['', '.cases.0', '.cases.1', '.cases.2'].map((end) => `duties.allowance.per_day${end}`),
    );
  });
});

describe('what is easily overlooked:', () => {
  test.each<[string, readonly Change[], string]>([
    [
      'a default by cases or value that is not among its options',
      [["value: '1000.00'\n", "value: '1000.00'\n        options: ['500.00', '800.00']\n"]],
      'duties.medical.threshold.amount.value',
    ],
    [
      'a cap that names a duty twice, and would count it twice',
      [['duties: [medical]', 'duties: [medical, medical]']],
      'caps.period.duties.1',
    ],
    ['a cap on what every object has', [['duties: [medical]', 'duties: [medical, constructor]']], 'caps.period.duties.1'],
    [
      'ages of members that are upside down',
      [inPlan('eligibility:', '  ages: { from: 60, to: 18, interpreted: silent }')],
      'eligibility.ages.to',
    ],
    [
      'ages of a case that are upside down',
      [
        perDay(
          'cases:',
          "  - { when: { age: { from: 60, to: 18 } }, value: '50.00', interpreted: silent }",
          "  - { value: '30.00', interpreted: silent }",
        ),
      ],
      'duties.allowance.per_day.cases.0.when.age.to',
    ],
    [
      'conditions that say nothing, beside which the last case is never met',
      [perDay('cases:', "  - { when: {}, value: '50.00', interpreted: silent }", "  - { value: '30.00', interpreted: silent }")],
      'duties.allowance.per_day.cases.0.when',
    ],
    [
      'a ground beside cases, which is that of no value',
      [perDay('cases:', "  - { value: '50.00', interpreted: silent }", 'source: hearsay', 'clause: x')],
      'duties.allowance.per_day',
    ],
  ])('%s', (_, changes, path) => {
    expect(problemsOf(changed(...changes)).map((problem) => problem.path)).toEqual([path]);
  });

  test('a date of another shape, as one problem', () => {
    expect(problemsOf(changed(["to: '2025-12-31'", 'to: 31.12.2025']))).toHaveLength(1);
  });

  test('an amount of a base that is not known, in words that say which are', () => {
    const [problem] = problemsOf(changed(baseOf('sum: [{ add: self_pay }]')));
    expect(problem?.expected).toMatch(/psn_part_amt/);
  });

  test('an empty text, in words', () => {
    const [problem] = problemsOf(changed([/^issuer: .*$/m, "issuer: ' '"]));
    expect(problem?.expected).not.toBe('at least 1');
  });
});

describe('the plan library', () => {
  test.each(planIds())('%s loads, and is named like its file', (id) => {
    const plan = loadPlan(id);
    expect(plan.id).toBe(id);
    expect(plan.duties.length).toBeGreaterThan(0);
  });

  test('has each id and each content once', () => {
    expect(new Set(planIds()).size).toBe(planIds().length);
    expect(new Set(planIds().map((id) => loadPlan(id).hash)).size).toBe(planIds().length);
  });

  test('refuses an id that no plan has, and lists those there are', () => {
    expect(refusalOf(() => loadPlan('guangxi-9-2025'))).toMatchObject({
      code: 'plan-not-found',
      kind: 'not-found',
      message: expect.stringContaining('guangxi-1-2025'),
    });
    expect(refusalOf(() => loadPlan('guangxi/guangxi-1-2025')).code).toBe('plan-not-found');
  });
});
