/**
 * Why nothing is paid. Append only: numbers and codes stand in stored decisions. The first four are checked in this order and the first that
 * applies is the reason; `cap-exhausted` is met only where something would have been payable. `clause` is the path of the rule in the plan.
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
    zh: '出院当日不在您的互助保障期内。',
    en: 'You were not covered on the day of discharge.',
  },
  {
    number: 3,
    code: 'claimed-late',
    clause: 'claim.deadline_days',
    zh: '申请时间超过了互助计划规定的期限（自出院次日起算）。',
    en: 'The claim came after the deadline of the plan, counted from the day after discharge.',
  },
  {
    number: 4,
    code: 'nothing-payable',
    clause: 'medical.deductible',
    zh: '本次住院自付费用未超过免补额，没有可补助的金额。',
    en: 'The self-paid amount of this stay does not exceed the deductible, so there is nothing to pay.',
  },
  {
    number: 5,
    code: 'cap-exhausted',
    clause: 'cap.amount',
    zh: '本保障期内的补助已达到最高限额。',
    en: 'The maximum benefit of this cover period has been used up.',
  },
] as const;

export type Reason = (typeof REASONS)[number];
export type ReasonCode = Reason['code'];

export const reasonOf = (code: ReasonCode): Reason => REASONS.find((reason) => reason.code === code)!;
