import { describe, expect, test } from '@jest/globals';
import { addDays, formatYuan, type Fen } from '@app/kernel';
import fc from 'fast-check';
import { calculate } from './calculate.js';
import { parsePlan, type CompiledPlan } from './compile.js';
import { addAccumulators, type Facts } from './facts.js';
import { ENROLMENT_KINDS, SETTLEMENT_FIELDS } from './language.js';
import { loadPlan, planIds } from './load-plans.js';
import { quoteCase } from './quote.js';
import { REASONS, type ReasonCode } from './reasons.js';
import { renderTrace } from './render-trace.js';
import type { Trace, TraceStep, TraceStepName } from './trace.js';

const LANGUAGES = ['zh', 'en'] as const;
const AUDIENCES = ['member', 'officer', 'auditor'] as const;

const why = { interpreted: 'chosen\n for the test' };
const printed = { source: 'rules', clause: '条款原文' };
/** A plan with every rule of the language, so that its traces have every step. */
const CONTENT = {
  id: 'everything',
  version: 3,
  title: { zh: '样例计划', en: 'Sample plan' },
  issuer: 'nobody',
  effective_on: '2025-01-01',
  sources: { rules: { title: '样例规定', grade: 'printed' } },
  cover_period: { from: '2025-01-01', to: '2025-12-31', ...why },
  scope: { med_types: { value: ['21'], ...printed } },
  eligibility: {
    insutypes: { value: ['310', '390'], ...printed },
    psn_types: { value: ['11', '12'], ...why },
    ages: { from: 16, to: 60, ...why },
  },
  cover: { decided_by: { value: 'any-day', ...why } },
  requires: { base_plan: { value: 'guangxi-1-2025', ...why } },
  unit: { minimum_participation: { value: '80%', ...why } },
  waiting: {
    days: {
      cases: [
        { when: { enrolment: ['new'] }, value: 30, ...printed },
        { when: { enrolment: ['renewal'] }, value: 0, ...why },
      ],
      otherwise: 'refuse',
    },
    counted_from: { value: 'enrolment', ...why },
  },
  claim: {
    deadline_days: { value: 120, ...why },
    death_deadline_days: { value: 180, ...why },
    counted_from: { value: 'day-after', ...why },
  },
  quota: { claims: { value: 2, ...why }, counts: { value: 'paid', ...why } },
  payers: { order: { value: ['large-illness', 'self'], ...why }, indemnity: { value: true, ...why } },
  rounding: { unit: { value: '1.00', ...why }, mode: { value: 'down', ...why } },
  duties: {
    care: {
      kind: 'reimbursement',
      title: { zh: '医疗补助', en: 'medical benefit' },
      base: { value: 'B1', ...why },
      summed_over: { value: 'period', ...why },
      prorated: { value: 'days-covered', ...why },
      threshold: { kind: { value: 'deductible', ...why }, amount: { value: '1000.00', ...printed }, per: { value: 'period', ...why } },
      bands_on: { value: 'excess', ...why },
      bands: [
        { above: '0.00', up_to: '5000.00', rate: '50%', ...printed },
        { above: '5000.00', rates: [{ when: { hospital_level: [3] }, rate: '60%', ...printed }], otherwise: 'refuse' },
      ],
      extra_points: { per_period: '1%', at_most: '10%', ...why },
    },
    drug: {
      kind: 'reimbursement',
      title: { zh: '特药补助', en: 'drug benefit' },
      base: { sum: [{ add: 'item:special-drug', share: '80%', at_most: '50000.00' }, { less: 'oth_pay' }], ...why },
      summed_over: { value: 'stay', ...why },
      threshold: { kind: { value: 'gate', ...why }, amount: { value: '2000.00', ...why }, per: { value: 'stay', ...why } },
      bands_on: { value: 'base', ...why },
      bands: [{ above: '0.00', rate: '50%', ...why }],
    },
    allowance: {
      kind: 'allowance',
      title: { zh: '住院津贴', en: 'hospital allowance' },
      per_day: { value: '50.00', ...why },
      minimum_days: { value: 1, ...why },
      free_days: { value: 2, ...why },
      days_per_stay: { value: 5, ...why },
      days_per_period: { value: 7, ...why },
      amount_per_stay: { value: '240.00', ...why },
      amount_per_period: { value: '330.00', ...why },
    },
    illness: {
      kind: 'lump-sum',
      title: { zh: '重大疾病补助', en: 'critical-illness benefit' },
      amount: {
        cases: [
          { when: { severity: ['light'] }, value: '3000.00', ...why },
          { when: { severity: ['severe'] }, value: '10000.00', ...why },
        ],
        otherwise: 'refuse',
      },
      correction: { value: 'replaces', ...why },
    },
    death: {
      kind: 'death',
      title: { zh: '身故补助', en: 'death benefit' },
      amount: { value: '20000.00', ...why },
      pays: { value: 'top-up', ...why },
    },
  },
  caps: {
    'one-stay': { duties: ['care', 'drug'], per: { value: 'stay', ...why }, amount: { value: '30000.00', ...why } },
    year: {
      duties: ['care', 'drug'],
      per: { value: 'period', ...why },
      amount: { cases: [{ when: { hardship: true }, value: '60000.00', ...why }], otherwise: 'refuse' },
    },
  },
};
const everything = parsePlan(JSON.stringify(CONTENT), 'everything.yaml');
const guangxi = loadPlan('guangxi-1-2025');

const person = {
  age: 40,
  hardship: true,
  hospitalLevel: 3,
  consecutivePeriods: 3,
  enrolmentKind: 'renewal',
  unit: { staff: 100, enrolled: 90 },
};
const bill = { inscp_scp_amt: '30000.00', fund_pay_sumamt: '18000.33', psn_part_amt: '15000.00', oth_pay: '100.00' };
const { hospitalLevel, unit, ...who } = person;
const stay = { ...bill, hospitalLevel, items: { 'special-drug': '10000.00' }, begndate: '2025-03-01', days: 4 };

const tracesOf = (content: unknown, plan: CompiledPlan): Trace[] => {
  const { trace, stays } = quoteCase(content, plan, 'the case');
  return stays?.map((one) => one.trace) ?? [trace!];
};
const traceOf = (content: unknown, plan: CompiledPlan): Trace => tracesOf(content, plan)[0]!;
const render = (content: unknown, plan: CompiledPlan, audience: (typeof AUDIENCES)[number], language: (typeof LANGUAGES)[number]): string =>
  renderTrace(traceOf(content, plan), plan, audience, language);
const forMember = (content: unknown, plan: CompiledPlan) =>
  [render(content, plan, 'member', 'zh'), render(content, plan, 'member', 'en')] as const;

const stepsOf = (steps: readonly TraceStep[]): TraceStep[] => steps.flatMap((step) => [step, ...stepsOf(step.steps ?? [])]);
const stepLines = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('  '));
const grouped = (amount: Fen): string => formatYuan(amount).replace(/\B(?=(\d{3})+\.)/g, ',');

describe('a member is told', () => {
  const stayOfFiveDays = { base: '51000.00', days: 5 };

  test('what is paid in all, and for each duty why this amount', () => {
    expect(render(stayOfFiveDays, guangxi, 'member', 'zh')).toBe(`广西职工医疗互助保障互助1号（2025年度）

本次共补助 23,200.00 元。

医疗补助：23,000.00 元
- 计入补助计算的金额为 51,000.00 元。
- 免补额 1,000.00 元由您自己承担，其余 50,000.00 元参加补助。
- 这笔金额分段补助：
  - 10,000.00 元以内的部分，按 30% 补助 3,000.00 元。
  - 10,000.00 元至 30,000.00 元的部分（20,000.00 元），按 40% 补助 8,000.00 元。
  - 30,000.00 元至 50,000.00 元的部分（20,000.00 元），按 60% 补助 12,000.00 元。

住院津贴：200.00 元
- 住院计 5 天，每天 50.00 元，共 250.00 元。
- 每次住院最高 200.00 元，所以为 200.00 元。
`);
    expect(render(stayOfFiveDays, guangxi, 'member', 'en')).toBe(`Guangxi workers' mutual medical aid, plan No. 1, cover year 2025

23,200.00 yuan is paid in all.

Medical benefit: 23,000.00 yuan
- The amount that counts is 51,000.00 yuan.
- The first 1,000.00 yuan is yours to bear; the remaining 50,000.00 yuan is subsidised.
- It is subsidised in parts:
  - 30% of the part up to 10,000.00 yuan: 3,000.00 yuan.
  - 40% of the part from 10,000.00 yuan to 30,000.00 yuan (20,000.00 yuan): 8,000.00 yuan.
  - 60% of the part from 30,000.00 yuan to 50,000.00 yuan (20,000.00 yuan): 12,000.00 yuan.

Hospital allowance: 200.00 yuan
- 5 days in hospital, at 50.00 yuan a day: 250.00 yuan.
- At most 200.00 yuan is paid for a stay, so it is 200.00 yuan.
`);
  });

  test.each<[string, object, string, string, CompiledPlan?]>([
    [
      'how the amount comes out of the bill',
      { inscp_scp_amt: '4973.72', fund_pay_sumamt: '3106.54' },
      '为 1,867.18 元（政策范围内费用 4,973.72 元，减去基金支付总额 3,106.54 元）',
      'is 1,867.18 yuan (costs within the scope of basic insurance 4,973.72 yuan, less payments of all insurance funds 3,106.54 yuan)',
    ],
    [
      'that a fraction of a fen was rounded',
      { inscp_scp_amt: '4973.72', fund_pay_sumamt: '3106.54' },
      '867.18 元按 30% 补助，四舍五入到分，为 260.15 元',
      '867.18 yuan at 30%, rounded to 0.01 yuan, is 260.15 yuan',
    ],
    [
      'that a part is shown rounded while the sum is exact',
      { base: '11000.01' },
      '（0.01 元），按 40% 补助约 0.00 元。\n- 以上合计四舍五入到分，为 3,000.00 元',
      '(0.01 yuan): about 0.00 yuan.\n- Together, rounded to 0.01 yuan, this is 3,000.00 yuan',
    ],
    [
      'that the deductible is not exceeded',
      { base: '1000.00' },
      '没有超过免补额 1,000.00 元，所以这一项没有补助',
      'The first 1,000.00 yuan is not paid, and the amount does not exceed it',
    ],
    [
      'that the cap is nearly used',
      { base: '51000.00', accumulators: { 'paid.medical': '990000.00' } },
      '本保障期的补助最高 1,000,000.00 元，已用 990,000.00 元，所以这一项为 10,000.00 元',
      'A cover period is paid 1,000,000.00 yuan at most, of which 990,000.00 yuan is used, so this is 10,000.00 yuan',
    ],
    ['what is paid on a death', { death: true }, '按计划规定一次性补助 10,000.00 元', 'The plan pays 10,000.00 yuan once'],
    [
      'that it was rounded down to the yuan, as the plan has it',
      { base: '2075.00', days: 5 },
      '2,075.00 元按 55% 补助，不足一元的部分舍去，为 1,141.00 元',
      '2,075.00 yuan at 55%, rounded down to 1.00 yuan, is 1,141.00 yuan',
      loadPlan('sanmen'),
    ],
    [
      'that the first days are not paid',
      { days: 10 },
      '住院计 10 天，其中 7 天计发津贴（每次前 3 天不计），每天 40.00 元，共 280.00 元',
      '10 days in hospital, of which 7 count (the first 3 days of a stay do not count), at 40.00 yuan a day: 280.00 yuan',
      loadPlan('beijing-allowance-2011'),
    ],
    [
      'that none of the days is paid',
      { days: 3 },
      '住院计 3 天，没有可以计发津贴的天数（每次前 3 天不计）',
      'Of 3 days in hospital none is paid by the day (the first 3 days of a stay do not count)',
      loadPlan('beijing-allowance-2011'),
    ],
    [
      'that a stay across the end of the cover counts in part',
      { base: '5000', days: 25, begndate: '2012-12-20' },
      '住院 25 天，其中 12 天在您的保障期内；按天数折算，计入 2,400.00 元',
      'Of 25 days in hospital 12 lie within your cover; in proportion, 2,400.00 yuan counts',
      loadPlan('ningde-2012'),
    ],
  ])('%s', (_, content, zh, en, plan = guangxi) => {
    const [chinese, english] = forMember(content, plan);
    expect(chinese).toContain(zh);
    expect(english).toContain(en);
  });

  const later = { ...stay, days: 9, otherPayers: [{ payer: 'large-illness', amount: '11000.00' }] };
  const [, second] = tracesOf({ ...who, unit, stays: [stay, later] }, everything);

  test('in Chinese, how a later stay runs on the sum, reaches limits and is met by others', () => {
    expect(renderTrace(second!, everything, 'member', 'zh')).toBe(`样例计划

本次共补助 4,230.00 元。

医疗补助：4,000.00 元
- 计入补助计算的金额为 11,999.67 元（政策范围内费用 30,000.00 元，减去基金支付总额 18,000.33 元）。
- 本保障期此前已有 11,999.67 元，与本次合计 23,999.34 元，按累计金额计算。
- 免补额 1,000.00 元由您自己承担，其余 22,999.34 元参加补助。
- 您已连续参加 3 期，补助比例提高 2 个百分点。
- 这笔金额分段补助：
  - 5,000.00 元以内的部分，按 50% 加 2 个百分点补助 2,600.00 元。
  - 5,000.00 元至 22,999.34 元的部分（17,999.34 元），按 60% 加 2 个百分点补助约 11,159.59 元。
- 以上合计不足一元的部分舍去，为 13,759.00 元。
- 累计金额共可补助 13,759.00 元，减去此前部分的 6,319.00 元，本次为 7,440.00 元。
- 其他渠道支付以后，您实际负担 4,000.00 元；补助不超过实际负担，所以这一项为 4,000.00 元。

特药补助：本次没有
- 计入补助计算的金额为 7,900.00 元（单独列明的费用 10,000.00 元的 80%（最多计 50,000.00 元），减去其他支出 100.00 元）。
- 已达到 2,000.00 元的补助门槛，全部金额参加补助。
- 7,900.00 元按 50% 补助，为 3,950.00 元。
- 其他渠道支付以后，您实际负担 4,000.00 元，其他项目已补助 4,000.00 元；补助不超过实际负担，所以这一项为 0.00 元。

住院津贴：230.00 元
- 住院计 9 天，其中 5 天计发津贴（每次前 2 天不计；每次最多 5 天；本保障期最多 7 天，此前已计 2 天），每天 50.00 元，共 250.00 元。
- 每次住院最高 240.00 元，所以为 240.00 元。
- 本保障期最高 330.00 元，此前已补助 100.00 元，所以本次为 230.00 元。
`);
  });

  test('in English, how a later stay runs on the sum, reaches limits and is met by others', () => {
    expect(renderTrace(second!, everything, 'member', 'en')).toBe(`Sample plan

4,230.00 yuan is paid in all.

Medical benefit: 4,000.00 yuan
- The amount that counts is 11,999.67 yuan (costs within the scope of basic insurance 30,000.00 yuan, less payments of all insurance funds 18,000.33 yuan).
- Together with 11,999.67 yuan from earlier in this cover period it makes 23,999.34 yuan, on which the benefit runs.
- The first 1,000.00 yuan is yours to bear; the remaining 22,999.34 yuan is subsidised.
- You have taken part for 3 periods without a gap, which raises the rate by 2 percentage points.
- It is subsidised in parts:
  - 50% plus 2 percentage points of the part up to 5,000.00 yuan: 2,600.00 yuan.
  - 60% plus 2 percentage points of the part from 5,000.00 yuan to 22,999.34 yuan (17,999.34 yuan): about 11,159.59 yuan.
- Together, rounded down to 1.00 yuan, this is 13,759.00 yuan.
- The sum earns 13,759.00 yuan; less 6,319.00 yuan for the earlier part, this time it is 7,440.00 yuan.
- After what others paid you bear 4,000.00 yuan; the plan pays no more than that, so this is 4,000.00 yuan.

Drug benefit: nothing this time
- The amount that counts is 7,900.00 yuan (a cost listed apart 10,000.00 yuan at 80% (at most 50,000.00 yuan), less other payments 100.00 yuan).
- This reaches 2,000.00 yuan, from which on the plan pays on the whole amount.
- 7,900.00 yuan at 50% is 3,950.00 yuan.
- After what others paid you bear 4,000.00 yuan, of which 4,000.00 yuan is already paid above; the plan pays no more than that, so this is 0.00 yuan.

Hospital allowance: 230.00 yuan
- 9 days in hospital, of which 5 count (the first 2 days of a stay do not count, at most 5 days of a stay, at most 7 days of a cover period, of which 2 were paid before), at 50.00 yuan a day: 250.00 yuan.
- At most 240.00 yuan is paid for a stay, so it is 240.00 yuan.
- At most 330.00 yuan is paid in a cover period, of which 100.00 yuan was paid before, so this time it is 230.00 yuan.
`);
  });

  test.each<[string, object, string, string]>([
    [
      'what a corrected severity adds',
      { accumulators: { 'paid.illness': '3000.00' }, severity: 'severe' },
      '本次补足差额 7,000.00 元',
      'this is the difference of 7,000.00 yuan',
    ],
    [
      'that a severity paid before is not paid again',
      { accumulators: { 'paid.illness': '3000.00' }, severity: 'light' },
      '此前已补助 3,000.00 元，不再补助',
      'and 3,000.00 yuan was paid before',
    ],
    [
      'what a death is made up to',
      { accumulators: { 'paid.illness': '3000.00' }, death: true },
      '计划补足到 20,000.00 元，已补助 3,000.00 元，本次补足差额 17,000.00 元',
      'makes it up to 20,000.00 yuan; 3,000.00 yuan has been paid, and this is the difference of 17,000.00 yuan',
    ],
    [
      'that a gate is not reached',
      { ...stay, items: { 'special-drug': '1000.00' } },
      '没有达到 2,000.00 元的补助门槛，所以这一项没有补助',
      'This does not reach 2,000.00 yuan, from which on the plan pays',
    ],
    [
      'what a cap of a stay leaves',
      { ...stay, psn_part_amt: '300000.00', inscp_scp_amt: '99000.00' },
      '每次住院的补助最高 30,000.00 元，所以这一项为 30,000.00 元',
      'A stay is paid 30,000.00 yuan at most, so this is 30,000.00 yuan',
    ],
  ])('%s', (_, content, zh, en) => {
    const [chinese, english] = forMember({ ...who, unit, ...content }, everything);
    expect(chinese).toContain(zh);
    expect(english).toContain(en);
  });
});

describe('a member who is refused is told why, with what was looked at, and what to do', () => {
  const eligible = { ...who, unit, ...stay };
  const ageless = Object.fromEntries(Object.entries(eligible).filter(([name]) => name !== 'age'));
  test.each(
    (
      [
        [
          'not-inpatient',
          { ...eligible, med_type: '1401' },
          '医保结算的就医类别：门诊慢特病。',
          'The settlement says: chronic outpatient.',
        ],
        [
          'not-covered',
          { ...eligible, begndate: '2026-01-02' },
          '住院期间为 2026年1月2日至 2026年1月6日。\n- 您的保障期为 2025年1月1日至 2025年12月31日。',
          'The stay was from 2 January 2026 to 6 January 2026.\n- Your cover runs from 1 January 2025 to 31 December 2025.',
        ],
        ['not-covered', { ...eligible, covered: false }, '没有查到您的保障期。', 'No cover of yours was found.'],
        [
          'not-eligible',
          { ...eligible, age: 61 },
          '登记的年龄：61。\n- 计划规定的年龄：16 至 60 周岁。',
          'Recorded age: 61.\n- The plan is for ages 16 to 60.',
        ],
        ['not-eligible', { ...eligible, insutype: '340' }, '登记的医保险种：离休人员医疗保障。', 'Recorded insurance: retired cadre.'],
        ['fact-missing', ageless, '缺少的资料：年龄。', 'What is missing: age.'],
        ['base-plan-missing', { ...eligible, plansHeld: [] }, '请联系本单位工会经办人', 'please ask your union clerk'],
        [
          'participation-too-low',
          { ...eligible, unit: { staff: 100, enrolled: 79 } },
          '本单位职工 100 人，参加 79 人；计划要求不低于 80%。',
          'Of 100 people in your unit 79 take part; the plan asks for at least 80%.',
        ],
        [
          'waiting-period',
          { ...eligible, enrolmentKind: 'new', enrolledOn: '2025-02-28' },
          '您于 2025年2月28日参加，2025年3月1日是参加后第 1 天；等待期为 30 天。',
          'You enrolled on 28 February 2025; 1 March 2025 is 1 day later, and the waiting period is 30 days.',
        ],
        [
          'fact-missing',
          { ...eligible, enrolmentKind: 'new' },
          '缺少的资料：参加日期。',
          'What is missing: the day on which you enrolled.',
        ],
        [
          'not-named',
          { ...eligible, enrolmentKind: 'transfer' },
          '需要核对的是：等待期。',
          'What has to be looked at: the waiting period.',
        ],
        [
          'claimed-late',
          { ...eligible, claimedOn: '2025-07-04' },
          '出院日期为 2025年3月5日，申请受理日期为 2025年7月4日，是第 121 天；期限为 120 天。',
          'The discharge was on 5 March 2025 and the claim came on 4 July 2025, day 121; the plan allows 120 days.',
        ],
        [
          'claimed-late',
          { ...who, unit, death: { on: '2025-03-05' }, claimedOn: '2025-12-01' },
          '身故日期为 2025年3月5日',
          'The death was on 5 March 2025',
        ],
        [
          'quota-exhausted',
          { ...eligible, accumulators: { claims: 2 } },
          '本保障期最多 2 次，此前已用 2 次。',
          'A cover period has 2 at most, and 2 came before.',
        ],
        ['not-named', { ...eligible, hospitalLevel: 1 }, '需要核对的补助项目：医疗补助。', 'What has to be looked at: medical benefit.'],
        [
          'nothing-payable',
          { ...eligible, days: 1, inscp_scp_amt: '0.00', items: {} },
          '没有超过免补额 1,000.00 元',
          'The first 1,000.00 yuan is not paid',
        ],
        [
          'cap-exhausted',
          { ...eligible, days: 1, items: {}, accumulators: { 'paid.care': '60000.00' } },
          '本保障期的补助最高 60,000.00 元，已用 60,000.00 元，所以这一项为 0.00 元',
          'A cover period is paid 60,000.00 yuan at most, of which 60,000.00 yuan is used, so this is 0.00 yuan',
        ],
        [
          'paid-by-others',
          { ...eligible, days: 1, otherPayers: [{ payer: 'large-illness', amount: '15000.00' }] },
          '您实际负担 0.00 元',
          'you bear 0.00 yuan',
        ],
      ] satisfies [ReasonCode, object, string, string][]
    ).map(([reason, content, zh, en]) => [reason, en, zh, content] as const),
  )('%s: %s', (reason, en, zh, content) => {
    const trace = traceOf(content, everything);
    expect(trace.reason).toBe(reason);
    const known = REASONS.find(({ code }) => code === reason)!;
    const [chinese, english] = forMember(content, everything);
    expect(chinese).toContain(`本次没有补助。\n${known.zh}`);
    expect(english).toContain(`Nothing is paid this time.\n${known.en}`);
    expect(chinese).toContain(zh);
    expect(english).toContain(en);
  });

  test.each(REASONS)('$code has a text and an advice in both languages, even where nothing else is known', ({ code, zh, en }) => {
    const trace: Trace = { plan: guangxi.id, version: guangxi.version, hash: guangxi.hash, steps: [], reason: code, resultFen: 0 as Fen };
    const [, , chinese, , adviceZh, ...restZh] = renderTrace(trace, guangxi, 'member', 'zh').split('\n').slice(1);
    const [, , english, , adviceEn, ...restEn] = renderTrace(trace, guangxi, 'member', 'en').split('\n').slice(1);
    expect([chinese, english]).toEqual([zh, en]);
    expect(adviceZh).toMatch(/[您请].+。$/);
    expect(adviceEn).toMatch(/^(You|If|Please) .+\.$/);
    expect([restZh, restEn]).toEqual([[''], ['']]);
    for (const language of LANGUAGES) {
      expect(renderTrace(trace, guangxi, 'officer', language)).toContain(language === 'zh' ? zh : en);
      expect(renderTrace(trace, guangxi, 'auditor', language)).toContain(`reason=${code}`);
    }
  });
});

describe('an officer is shown', () => {
  const settled = { inscp_scp_amt: '4973.72', fund_pay_sumamt: '3106.54', days: 3 };
  const lineOf = (text: string, beginning: string): string =>
    stepLines(text)
      .find((line) => line.trimStart().startsWith(beginning))!
      .trim();

  test('each amount under the name of the settlement, and the ground of the step', () => {
    expect(lineOf(render(settled, guangxi, 'officer', 'zh'), '基数')).toMatch(
      /^基数 \| 政策范围内费用 inscp_scp_amt 4,973\.72 元，基金支付总额 fund_pay_sumamt 3,106\.54 元 \| 规定：基数口径 B1（政策范围内自付） \| 结果 1,867\.18 元 \| 自定：The source says/,
    );
    expect(lineOf(render(settled, guangxi, 'officer', 'en'), 'threshold')).toBe(
      'threshold | amount before 1,867.18 yuan | plan: kind deductible, threshold 1,000.00 yuan | result 867.18 yuan | clause: 免补额1000元 (广西职工医疗互助保障互助1号待遇规定（2025年度）)',
    );
  });

  test('the exact amount before rounding, and how it was rounded', () => {
    expect(lineOf(render(settled, guangxi, 'officer', 'zh'), '分段计算')).toContain(
      ' | 取整前 260.154 元 | 四舍五入到分 | 结果 260.15 元 | ',
    );
    expect(lineOf(render(settled, guangxi, 'officer', 'en'), 'bands')).toContain(
      ' | exactly 260.154 yuan | rounded to 0.01 yuan | result 260.15 yuan | ',
    );
  });

  test('shares of a base under the names of their amounts', () => {
    const text = render({ ...who, unit, ...stay }, everything, 'officer', 'zh');
    expect(text).toContain('单列费用 special-drug 10,000.00 元');
    expect(text).toContain('计入比例 special-drug 80%（最多 50,000.00 元）');
    expect(text).toContain('其他支出 oth_pay 100.00 元');
  });

  test('the outcome, and the step at which a claim was refused', () => {
    const refused = render({ base: '5000.00', enddate: '2025-03-01', claimedOn: '2025-06-30' }, guangxi, 'officer', 'zh');
    expect(refused).toContain('结论：不予补助。申请时间超过了互助计划规定的期限（自次日起算）。（claimed-late）');
    expect(stepLines(refused).map((line) => line.includes('不符合'))).toEqual([false, false, true]);
    expect(render(settled, guangxi, 'officer', 'en')).toContain('Outcome: 410.15 yuan is paid');
  });
});

describe('an auditor is shown', () => {
  const text = render({ inscp_scp_amt: '4973.72', fund_pay_sumamt: '3106.54' }, guangxi, 'auditor', 'en');

  test('plan, version and hash, and the result in fen', () => {
    expect(text.split('\n').slice(0, 4)).toEqual([
      'plan=guangxi-1-2025 version=1',
      `hash=${guangxi.hash}`,
      'resultFen=26015',
      'reason=null',
    ]);
  });

  test('values as they are kept, the amount before rounding, clause, source and grade', () => {
    expect(stepLines(text).map((line) => line.trim())).toContain(
      '4.3.1 band | inputs aboveFen=0 upToFen=86718 sliceFen=86718 | parameter rate="30%" | exactFen=26015.4 | clause duties.medical.bands.0 | source rules-2025 | grade: printed by an official body or newspaper | text: 10000元（含）以下30%',
    );
    expect(text).toMatch(
      /4\.3 bands \|.* \| exactFen=26015\.4 \| rounding mode=half-up unitFen=1 \| resultFen=26015 \| clause duties\.medical\.bands_on \| interpreted: /,
    );
  });

  test('the same text for equal traces, whatever a database did to the order of their keys', () => {
    const turned = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(turned)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .map(([key, inner]) => [key, turned(inner)] as const)
                .reverse(),
            )
          : value;
    const trace = traceOf({ ...who, unit, ...stay }, everything);
    for (const audience of AUDIENCES)
      expect(renderTrace(turned(trace) as Trace, everything, audience, 'en')).toBe(renderTrace(trace, everything, audience, 'en'));
  });
});

describe('what a renderer does not know is shown all the same', () => {
  const inner: TraceStep = { step: 'sub-step' as TraceStepName, clause: 'no.such.clause', inputs: { 'odd\nname': 'odd\nvalue' } };
  const unknown: TraceStep = {
    step: 'levy' as TraceStepName,
    clause: 'duties.medical.levy',
    inputs: { levyFen: 123_456, zone: 'north', known: null },
    parameter: { ceilingFen: 5 },
    steps: [inner],
    resultFen: 99 as Fen,
  };
  const trace: Trace = {
    ...traceOf({ base: '51000.00' }, guangxi),
    steps: [{ step: 'duty', clause: 'duties.future.title', inputs: { duty: 'future' }, steps: [unknown], resultFen: 99 as Fen }],
  };

  test('by the member as a step with its result', () => {
    expect(renderTrace(trace, guangxi, 'member', 'zh')).toContain(
      '其他补助：0.99 元\n- 另有一步计算，结果为 0.99 元，详情请咨询经办人员。',
    );
    expect(renderTrace(trace, guangxi, 'member', 'en')).toContain(
      'Another benefit: 0.99 yuan\n- There is one more step, which comes to 0.99 yuan; an officer can explain it.\n- There is one more step; an officer can explain it.',
    );
  });

  test('by the officer and the auditor under its own name', () => {
    expect(renderTrace(trace, guangxi, 'officer', 'zh')).toContain(
      '    levy | known 未登记，levyFen 1,234.56 元，zone north | 规定：ceilingFen 0.05 元 | 结果 0.99 元 | 条款：duties.medical.levy\n      sub-step | odd name odd value | 条款：no.such.clause\n',
    );
    expect(renderTrace(trace, guangxi, 'auditor', 'en')).toContain(
      '    1.1 levy | inputs known=null levyFen=123456 zone="north" | parameter ceilingFen=5 | resultFen=99 | clause duties.medical.levy\n      1.1.1 sub-step | inputs "odd\\nname"="odd\\nvalue" | clause no.such.clause\n',
    );
  });

  test('a reason of a later version leaves the member with the outcome', () => {
    const later: Trace = { ...trace, steps: [], reason: 'moon-phase' as ReasonCode, resultFen: 0 as Fen };
    expect(renderTrace(later, guangxi, 'member', 'zh')).toContain('本次没有补助。');
    for (const audience of ['officer', 'auditor'] as const) expect(renderTrace(later, guangxi, audience, 'en')).toContain('moon-phase');
  });

  test('texts of another plan than the one that decided are said to be so', () => {
    for (const audience of ['officer', 'auditor'] as const) {
      expect(renderTrace({ ...trace, hash: '0' }, guangxi, audience, 'en')).toContain('not of the one that decided');
      expect(renderTrace(trace, guangxi, audience, 'en')).not.toContain('not of the one that decided');
    }
  });
});

describe('every step that there is', () => {
  const trace = traceOf({ ...who, unit, ...stay, begndate: '2025-12-30', severity: 'light', death: { on: '2025-12-31' } }, everything);
  const steps = stepsOf(trace.steps);

  test('is met by one event under a plan with every rule', () => {
    const all: Readonly<Record<TraceStepName, true>> = {
      scope: true,
      eligibility: true,
      cover: true,
      'base-plan': true,
      unit: true,
      waiting: true,
      deadline: true,
      quota: true,
      duty: true,
      base: true,
      proration: true,
      sum: true,
      threshold: true,
      'extra-points': true,
      bands: true,
      band: true,
      days: true,
      limit: true,
      'lump-sum': true,
      death: true,
      cap: true,
      indemnity: true,
    };
    expect([...new Set(steps.map(({ step }) => step))].sort()).toEqual(Object.keys(all).sort());
  });

  test.each(LANGUAGES)('has a name for the officer (%s)', (language) => {
    const names = stepLines(renderTrace(trace, everything, 'officer', language)).map((line) => line.trim().split(' | ')[0]);
    expect(names).toHaveLength(steps.length);
    expect(new Set(names).size).toBe(new Set(steps.map(({ step }) => step)).size);
  });
});

describe('always', () => {
  const plans = [...planIds().map((id) => loadPlan(id)), loadPlan('guangxi-1-2025', { 'duties.medical.bands_on': 'base' }), everything];
  const amount = fc.integer({ min: 0, max: 300_000_000 }) as unknown as fc.Arbitrary<Fen>;
  const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 });
  const anyFacts = (plan: CompiledPlan): fc.Arbitrary<Facts> => {
    const day = fc.integer({ min: -3, max: 370 }).map((days) => addDays(plan.coverFrom, days));
    return fc
      .record({
        admissionOn: sometimes(day),
        days: fc.integer({ min: 0, max: 40 }),
        wait: fc.oneof(
          { arbitrary: fc.integer({ min: 0, max: 30 }), weight: 9 },
          { arbitrary: fc.integer({ min: 0, max: 400 }), weight: 1 },
        ),
        covered: fc.oneof({ arbitrary: fc.constant(true), weight: 9 }, { arbitrary: fc.constant(false), weight: 1 }),
        medType: fc.oneof(
          { arbitrary: fc.constantFrom('21', '2101'), weight: 9 },
          { arbitrary: fc.constantFrom('11', '52', '99', ''), weight: 1 },
        ),
        amounts: fc.record(Object.fromEntries(SETTLEMENT_FIELDS.map((field) => [field, amount])), {
          requiredKeys: ['inscp_scp_amt', 'fund_pay_sumamt'],
        }),
        items: sometimes(fc.record({ 'special-drug': amount })),
        bases: sometimes(fc.constantFrom(...plan.duties.map(({ id }) => id)).chain((id) => amount.map((base) => ({ [id]: base })))),
        hospitalLevel: sometimes(fc.integer({ min: 0, max: 3 })),
        otherPayers: sometimes(
          fc.array(fc.record({ payer: fc.constantFrom('large-illness', 'employer'), amountFen: amount }), { maxLength: 3 }),
        ),
        deathOn: fc.oneof({ arbitrary: fc.constant(undefined), weight: 9 }, { arbitrary: day, weight: 1 }),
        deathCause: sometimes(fc.constantFrom('illness', 'accident')),
        severity: fc.oneof(
          { arbitrary: fc.constant(undefined), weight: 4 },
          { arbitrary: fc.constantFrom('light', 'severe', 'dire'), weight: 1 },
        ),
        insutype: sometimes(fc.constantFrom('310', '310', '390', 'none', '777')),
        psnType: sometimes(fc.constantFrom('11', '11', '12', '77')),
        hardship: sometimes(fc.boolean()),
        age: sometimes(fc.integer({ min: 15, max: 61 })),
        enrolmentKind: sometimes(fc.constantFrom(...ENROLMENT_KINDS)),
        enrolledOn: sometimes(day),
        consecutivePeriods: sometimes(fc.integer({ min: 1, max: 20 })),
        plansHeld: sometimes(fc.constantFrom(['guangxi-1-2025'], [])),
        unit: sometimes(fc.record({ staff: fc.constant(100), enrolled: fc.integer({ min: 79, max: 100 }) })),
      })
      .map(({ admissionOn, days, wait, covered, ...facts }) => {
        const dischargeOn = admissionOn && addDays(admissionOn, days);
        const known = {
          ...facts,
          acceptedOn: addDays(dischargeOn ?? facts.deathOn ?? plan.coverFrom, wait),
          ...(admissionOn && { admissionOn, dischargeOn }),
          ...(facts.severity && { diagnosedOn: plan.coverFrom }),
          ...(covered && { coverFrom: plan.coverFrom, coverTo: plan.coverTo }),
        };
        return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as unknown as Facts;
      });
  };
  /** Two events of one member, one upon the other. */
  const anyTraces = fc.oneof(fc.constant(guangxi), fc.constantFrom(...plans)).chain((plan) =>
    fc.tuple(anyFacts(plan), anyFacts(plan)).map(([one, other]) => {
      const first = calculate(one, {}, plan);
      return { plan, traces: [first.trace, calculate(other, addAccumulators({}, first.changes), plan).trace] };
    }),
  );
  const NUM_RUNS = { numRuns: 250 };

  test('nothing is missing from a rendering, and nothing internal is in that of a member', () => {
    fc.assert(
      fc.property(anyTraces, ({ plan, traces }) => {
        for (const trace of traces)
          for (const language of LANGUAGES) {
            for (const audience of AUDIENCES)
              expect(renderTrace(trace, plan, audience, language)).not.toMatch(/undefined|NaN|\[object|\n\n\n|  \n| \n/);
            const text = renderTrace(trace, plan, 'member', language);
            expect(text).not.toMatch(/_|Fen\b|—|null/);
            expect(text.replace(/\b\d{1,3}(,\d{3})*\.\d{2} (元|yuan)/g, '')).not.toMatch(/\d (元|yuan)|\d\.\d+ /);
          }
      }),
      NUM_RUNS,
    );
  });

  test('a member reads what is paid in all, and for each duty', () => {
    fc.assert(
      fc.property(anyTraces, ({ plan, traces }) => {
        for (const { steps, ...trace } of traces) {
          const text = renderTrace({ ...trace, steps }, plan, 'member', 'zh');
          expect(text).toContain(trace.reason === null ? `本次共补助 ${grouped(trace.resultFen)} 元。` : '本次没有补助。');
          for (const { step, resultFen } of steps)
            if (step === 'duty' && resultFen !== undefined && trace.reason === null)
              expect(text).toContain(resultFen > 0 ? `：${grouped(resultFen)} 元\n` : '：本次没有\n');
        }
      }),
      NUM_RUNS,
    );
  });

  test('each step is one line for the officer and one for the auditor, with everything that is in it', () => {
    const wordsOf = ({ step, clause, inputs, parameter, exactFen, resultFen }: TraceStep): string[] => [
      ` ${step} | `,
      ` ${clause}`,
      ...[...Object.entries(inputs), ...Object.entries(parameter ?? {})].map(([name, value]) => `${name}=${JSON.stringify(value)}`),
      ...(exactFen === undefined ? [] : [`exactFen=${exactFen} | `]),
      ...(resultFen === undefined ? [] : [`resultFen=${resultFen} | `]),
    ];
    fc.assert(
      fc.property(anyTraces, ({ plan, traces }) => {
        for (const trace of traces) {
          const steps = stepsOf(trace.steps);
          for (const language of LANGUAGES) {
            expect(stepLines(renderTrace(trace, plan, 'officer', language))).toHaveLength(steps.length);
            const lines = stepLines(renderTrace(trace, plan, 'auditor', language));
            expect(lines).toHaveLength(steps.length);
            expect(steps.flatMap((step, i) => wordsOf(step).filter((word) => !lines[i]!.includes(word)))).toEqual([]);
          }
        }
      }),
      NUM_RUNS,
    );
  });

  test('every name in a trace has a label: an officer sees none as the program writes it', () => {
    fc.assert(
      fc.property(anyTraces, ({ plan, traces }) => {
        for (const trace of traces)
          for (const line of stepLines(renderTrace(trace, plan, 'officer', 'zh'))) {
            const values = line.replace(/ \| (依据|自定|条款)：.*$/, '');
            const names = SETTLEMENT_FIELDS.reduce((text, field) => text.replaceAll(field, ''), values).match(
              /[a-z]+([A-Z_]\w*)|(?<=[|，：] )[a-z]\w* /g,
            );
            expect(names).toBeNull();
          }
      }),
      NUM_RUNS,
    );
  });
});
