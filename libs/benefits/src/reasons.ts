/**
 * Why nothing is paid. Append only: numbers and codes stand in stored decisions. Refusals are checked in the order of refusalOf (calculate.ts), and
 * the first that applies is the reason; the others are met only where no refusal is. `clause` is the path of the rule in the plan.
 */
export const REASONS = [
  {
    number: 1,
    code: 'not-inpatient',
    clause: 'scope.med_types',
    zh: '本次医保结算不属于住院，不在互助计划补助范围内。',
    en: 'This settlement is not for a stay in hospital, which is what the plan subsidises.',
  },
  {
    number: 2,
    code: 'not-covered',
    clause: 'cover.decided_by',
    zh: '事发当日不在您的互助保障期内。',
    en: 'You were not covered on the day that decides.',
  },
  {
    number: 3,
    code: 'claimed-late',
    clause: 'claim.deadline_days',
    zh: '申请时间超过了互助计划规定的期限（自次日起算）。',
    en: 'The claim came after the deadline of the plan, counted from the day after.',
  },
  {
    number: 4,
    code: 'nothing-payable',
    clause: 'duties',
    zh: '按互助计划计算，本次没有可补助的金额（例如自付费用未超过免补额）。',
    en: 'By the rules of the plan there is nothing to pay, for instance because the self-paid amount does not exceed the deductible.',
  },
  {
    number: 5,
    code: 'cap-exhausted',
    clause: 'caps',
    zh: '本保障期内的补助已达到最高限额。',
    en: 'The maximum benefit of this cover period has been used up.',
  },
  {
    number: 6,
    code: 'waiting-period',
    clause: 'waiting.days',
    zh: '事发当日仍在等待期内。',
    en: 'It happened within the waiting period.',
  },
  {
    number: 7,
    code: 'quota-exhausted',
    clause: 'quota.claims',
    zh: '本保障期内的补助次数已用完。',
    en: 'The number of claims of this cover period has been used up.',
  },
  {
    number: 8,
    code: 'base-plan-missing',
    clause: 'requires.base_plan',
    zh: '本计划须先参加基础互助计划。',
    en: 'This plan pays only members of the base plan.',
  },
  {
    number: 9,
    code: 'not-eligible',
    clause: 'eligibility',
    zh: '您的年龄、人员类别或医保险种不在本计划范围内。',
    en: 'Your age, kind of person or insurance is not within the plan.',
  },
  {
    number: 10,
    code: 'participation-too-low',
    clause: 'unit.minimum_participation',
    zh: '本单位参加人数未达到互助计划规定的比例。',
    en: 'Too few of the unit’s staff take part for the plan to hold.',
  },
  {
    number: 11,
    code: 'not-named',
    clause: 'duties',
    zh: '互助计划没有为此种情形（人员、医院或险种）规定标准，请由经办人员核对。',
    en: 'The plan names no value for this person or hospital; an officer has to look at it.',
  },
  {
    number: 12,
    code: 'fact-missing',
    clause: 'duties',
    zh: '缺少计算所需的资料，请由经办人员补充。',
    en: 'Something that the plan needs to know is missing; an officer has to add it.',
  },
  {
    number: 13,
    code: 'paid-by-others',
    clause: 'payers.indemnity',
    zh: '其他渠道的支付已覆盖全部个人负担。',
    en: 'Others have already paid all that you had to bear.',
  },
] as const;

export type Reason = (typeof REASONS)[number];
export type ReasonCode = Reason['code'];

export const reasonOf = (code: ReasonCode): Reason => REASONS.find((reason) => reason.code === code)!;
