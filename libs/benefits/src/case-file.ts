/**
 * A case for a quote, as a person writes it (docs/PLANS.md, "Cases"): one settlement, or the stays of one member in order. Amounts are yuan.
 * What a case leaves out is taken as an ordinary, favourable one, so that a case says only what it turns on.
 */
import {
  DomainError,
  ZERO_FEN,
  addDays,
  addFen,
  daysBetween,
  formatYuan,
  parseYuan,
  subtractFen,
  type CivilDate,
  type Fen,
} from '@app/kernel';
import { z } from 'zod';
import type { CompiledPlan } from './compile.js';
import type { Accumulators, Facts } from './facts.js';
import { enrolmentKindOf } from './calculate.js';
import { DATE, DIGITS, ENROLMENT_KINDS, SETTLEMENT_FIELDS, type EnrolmentKind, type SettlementField } from './language.js';
import { describe, shapeProblems } from './plan-problem.js';

/** Decimal strings are exact; a number is taken where its shortest form has no more than two places. */
const yuan = z
  .union([z.string(), z.number()])
  .refine((value) => (parseYuan(String(value)) ?? -1) >= 0, "yuan as a decimal string of at most two places, such as '1000.00'")
  .transform((value) => parseYuan(String(value))!);
const count = z.int().min(0);

const amounts = Object.fromEntries(SETTLEMENT_FIELDS.map((field) => [field, yuan.optional()])) as Record<
  SettlementField,
  z.ZodOptional<typeof yuan>
>;
/** Of the record of the platform (transactions 2304 and 5203): named so that a whole record can be pasted; no rule reads them. */
const UNREAD = [
  'psn_no',
  'psn_name',
  'certno',
  'mdtrt_id',
  'setl_id',
  'medins_setl_id',
  'fixmedins_code',
  'setl_time',
  'insuplc_admdvs',
  'refd_setl_flag',
  'setldetail',
] as const;
const unread = Object.fromEntries(UNREAD.map((field) => [field, z.unknown().optional()])) as Record<
  (typeof UNREAD)[number],
  z.ZodOptional<z.ZodUnknown>
>;

const person = {
  insutype: z.string().optional(),
  psn_type: DIGITS.optional(),
  hardship: z.boolean().optional(),
  age: count.optional(),
  coverFrom: DATE.optional(),
  coverTo: DATE.optional(),
  covered: z.boolean().optional(),
  enrolmentKind: z.enum(ENROLMENT_KINDS).optional(),
  enrolledOn: DATE.optional(),
  lastCoverTo: DATE.optional(),
  consecutivePeriods: z.int().min(1).optional(),
  plansHeld: z.array(z.string()).optional(),
};

const settlement = {
  ...amounts,
  ...unread,
  med_type: z.string().optional(),
  hosp_lv: z.string().optional(),
  begndate: DATE.optional(),
  enddate: DATE.optional(),
};

const event = {
  ...settlement,
  settlement: z.strictObject({ ...settlement, insutype: person.insutype, psn_type: person.psn_type }).optional(),
  days: count.optional(),
  base: yuan.optional(),
  bases: z.record(z.string(), yuan).optional(),
  items: z.record(z.string(), yuan).optional(),
  hospitalLevel: z.int().min(0).max(3).optional(),
  elsewhere: z.boolean().optional(),
  claimedOn: DATE.optional(),
  otherPayers: z.array(z.strictObject({ payer: z.string(), amount: yuan })).optional(),
  remainingBurden: yuan.optional(),
  death: z.union([z.literal(true), z.strictObject({ on: DATE.optional(), cause: z.enum(['illness', 'accident']).optional() })]).optional(),
  severity: z.string().optional(),
  diagnosedOn: DATE.optional(),
};

const unit = z.strictObject({ staff: count, enrolled: count });
const accumulators = z.record(z.string(), z.union([z.string(), z.number()]));

const single = z.strictObject({
  ...event,
  ...person,
  person: z.strictObject(person).optional(),
  unit: unit.optional(),
  accumulators: accumulators.optional(),
});
const several = z.strictObject({
  ...person,
  person: z.strictObject(person).optional(),
  unit: unit.optional(),
  accumulators: accumulators.optional(),
  stays: z.array(z.strictObject({ ...event, ...person })).min(1),
});

type Person = z.infer<z.ZodObject<typeof person>>;
type Event = z.infer<z.ZodObject<typeof event>>;

export interface QuoteCase {
  readonly events: readonly Facts[];
  /** Before the first event. */
  readonly used: Accumulators;
  /** Whether the case was written as a list of stays. */
  readonly listed: boolean;
}

/** Throws DomainError `case-invalid` (invalid) with the path, what was expected and found, and what to do. `name` stands in the message. */
export function readCase(content: unknown, plan: CompiledPlan, name: string): QuoteCase {
  const listed = typeof content === 'object' && content !== null && 'stays' in content;
  const read = (listed ? several : single).safeParse(content);
  if (!read.success) {
    const [first] = shapeProblems(read.error.issues, content);
    throw invalid(
      name,
      first!.path,
      first!.expected.replace('the plan language (plans/plan.schema.json)', 'a case (docs/PLANS.md)'),
      first!.found,
      first!.remedy,
    );
  }
  const { unit: staff, accumulators: before, person: apart, ...rest } = read.data;
  const whole: Person = { ...rest, ...apart };
  const events = 'stays' in rest ? rest.stays : [rest];
  return {
    events: events.map((one, i) => {
      const path = 'stays' in rest ? `stays.${i}.` : '';
      const facts = factsOf({ ...whole, ...one }, one, plan, (at, expected, found, remedy) =>
        invalid(name, path + at, expected, found, remedy),
      );
      return staff ? { ...facts, unit: staff } : facts;
    }),
    used: usedOf(before ?? {}, plan, name),
    listed,
  };
}

const invalid = (name: string, path: string, expected: string, found: string, remedy: string): DomainError =>
  new DomainError('case-invalid', 'invalid', `${name}: ${path}: expected ${expected}, found ${found}; ${remedy}`, {
    path,
    expected,
    found,
    remedy,
  });

type Refuse = (path: string, expected: string, found: string, remedy: string) => DomainError;

function factsOf(who: Person, one: Event & Person, plan: CompiledPlan, refuse: Refuse): Facts {
  const { settlement: nested, ...flat } = one;
  const bill = { ...flat, ...nested };
  const amountsOf: Partial<Record<SettlementField, Fen>> = {};
  for (const field of SETTLEMENT_FIELDS) if (bill[field] !== undefined) amountsOf[field] = bill[field];
  checkSums(amountsOf, refuse);

  const { admissionOn, dischargeOn } = datesOf(one.days, bill, plan, refuse);
  const noStay =
    Object.keys(amountsOf).length === 0 &&
    [one.days, one.base, one.bases, one.items, one.remainingBurden, bill.begndate, bill.enddate].every((part) => part === undefined);
  const happened = one.death !== undefined || one.severity !== undefined;
  const death = one.death === true ? {} : one.death;
  const deathOn = (death?.on ?? (noStay ? plan.coverFrom : dischargeOn)) as CivilDate;
  const diagnosedOn = (one.diagnosedOn ?? plan.coverFrom) as CivilDate;
  const insutype = nested?.insutype ?? who.insutype ?? '310';
  const psnType = nested?.psn_type ?? who.psn_type ?? '11';
  const lastOn = noStay ? (death ? deathOn : diagnosedOn) : dischargeOn;
  return {
    acceptedOn: (one.claimedOn ?? lastOn) as CivilDate,
    ...(who.covered === false
      ? {}
      : { coverFrom: (who.coverFrom ?? plan.coverFrom) as CivilDate, coverTo: (who.coverTo ?? plan.coverTo) as CivilDate }),
    ...(noStay && (happened || one.claimedOn === undefined)
      ? {}
      : {
          medType: bill.med_type ?? plan.medTypes?.[0] ?? '21',
          ...(admissionOn ? { admissionOn } : {}),
          dischargeOn,
          amounts: amountsOf,
          ...basesOf(one, amountsOf, plan, refuse),
          ...(one.items ? { items: one.items } : {}),
          ...levelOf(one.hospitalLevel, bill.hosp_lv, refuse),
          elsewhere: one.elsewhere ?? false,
          ...(one.otherPayers ? { otherPayers: one.otherPayers.map(({ payer, amount }) => ({ payer, amountFen: amount })) } : {}),
          ...(one.remainingBurden === undefined ? {} : { remainingBurdenFen: one.remainingBurden }),
        }),
    ...(death ? { deathOn, deathCause: death.cause ?? 'illness' } : {}),
    ...(one.severity === undefined ? {} : { severity: one.severity, diagnosedOn }),
    insutype,
    psnType,
    hardship: who.hardship ?? false,
    ...(who.age === undefined ? {} : { age: who.age }),
    enrolmentKind: kindOf(who, plan),
    ...(who.enrolledOn ? { enrolledOn: who.enrolledOn as CivilDate } : {}),
    consecutivePeriods: who.consecutivePeriods ?? 1,
    plansHeld: who.plansHeld ?? (plan.basePlan === null ? [] : [plan.basePlan]),
  };
}

interface Dates {
  readonly admissionOn?: CivilDate;
  readonly dischargeOn: CivilDate;
}

/**
 * Two of admission, discharge and days say the third; without any the stay ends on the first day of the plan. `days` are days as counted: with
 * none, as with nothing said of them, the stay has no days to pay for.
 */
function datesOf(days: number | undefined, { begndate, enddate }: Event, plan: CompiledPlan, refuse: Refuse): Dates {
  if (begndate !== undefined && enddate !== undefined) {
    if (enddate < begndate) throw refuse('enddate', `a day not before ${begndate}`, enddate, 'correct begndate or enddate');
    const between = daysBetween(begndate as CivilDate, enddate as CivilDate);
    if (days !== undefined && days !== between)
      throw refuse('days', `${between}, from begndate to enddate`, String(days), 'leave one of the three out');
    return { admissionOn: begndate as CivilDate, dischargeOn: enddate as CivilDate };
  }
  if (days === 0) return { dischargeOn: (enddate ?? begndate ?? plan.coverFrom) as CivilDate };
  if (enddate !== undefined)
    return { ...(days === undefined ? {} : { admissionOn: addDays(enddate as CivilDate, -days) }), dischargeOn: enddate as CivilDate };
  const admissionOn = (begndate ?? plan.coverFrom) as CivilDate;
  if (days === undefined && begndate === undefined) return { dischargeOn: admissionOn };
  return { admissionOn, dischargeOn: addDays(admissionOn, days ?? 1) };
}

function basesOf(one: Event, amountsOf: object, plan: CompiledPlan, refuse: Refuse): { bases?: Record<string, Fen> } {
  const reimbursements = plan.duties.filter((duty) => duty.kind === 'reimbursement').map(({ id }) => id);
  if (one.base !== undefined) {
    if (reimbursements.length !== 1)
      throw refuse('base', `bases by duty (${reimbursements.join(', ')})`, 'one base', 'write "bases" with one amount for each duty');
    return { bases: { [reimbursements[0]!]: one.base } };
  }
  for (const duty of Object.keys(one.bases ?? {}))
    if (!reimbursements.includes(duty))
      throw refuse(`bases.${duty}`, `one of the duties ${reimbursements.join(', ')}`, `"${duty}"`, 'name a duty of the plan');
  if (one.bases) return { bases: { ...Object.fromEntries(reimbursements.map((duty) => [duty, ZERO_FEN])), ...one.bases } };
  // A stay without any amount is one that cost nothing.
  const free = Object.keys(amountsOf).length === 0 && one.remainingBurden === undefined && one.items === undefined;
  return free ? { bases: Object.fromEntries(reimbursements.map((duty) => [duty, ZERO_FEN])) } : {};
}

/** hosp_lv: 01-04 level 3, 05-07 level 2, 08-10 level 1, any other none (national code table). */
export function hospitalLevelOf(hospLv: string): number {
  const code = Number(hospLv);
  return code >= 1 && code <= 4 ? 3 : code >= 5 && code <= 7 ? 2 : code >= 8 && code <= 10 ? 1 : 0;
}

function levelOf(level: number | undefined, hospLv: string | undefined, refuse: Refuse): { hospitalLevel?: number } {
  const coded = hospLv === undefined ? undefined : hospitalLevelOf(hospLv);
  if (level !== undefined && coded !== undefined && level !== coded)
    throw refuse('hospitalLevel', `${coded}, as hosp_lv ${hospLv} says`, String(level), 'leave one of them out');
  const hospitalLevel = level ?? coded;
  return hospitalLevel === undefined ? {} : { hospitalLevel };
}

/** Said, or told by the dates; without any, a renewal in time. */
function kindOf({ enrolmentKind, enrolledOn, lastCoverTo }: Person, plan: CompiledPlan): EnrolmentKind {
  if (enrolmentKind) return enrolmentKind;
  return enrolledOn ? enrolmentKindOf(enrolledOn as CivilDate, lastCoverTo as CivilDate | undefined, plan) : 'renewal';
}

/** The identities of a settlement, as far as its fields are there: a record that fails one by a fen is not calculated with. */
function checkSums(a: Partial<Record<SettlementField, Fen>>, refuse: Refuse): void {
  const check = (whole: SettlementField, parts: readonly SettlementField[], optional: readonly SettlementField[] = []) => {
    if (a[whole] === undefined || parts.some((part) => a[part] === undefined)) return;
    const sum = [...parts, ...optional].reduce<Fen>((total, part) => addFen(total, a[part] ?? ZERO_FEN), ZERO_FEN);
    if (sum === a[whole]) return;
    throw refuse(
      whole,
      `${formatYuan(sum)}, the sum of ${[...parts, ...optional].join(', ')}`,
      `${formatYuan(a[whole])} (${formatYuan(subtractFen(a[whole], sum))} apart)`,
      'correct the amounts: a settlement whose sums do not meet is not calculated with',
    );
  };
  check('medfee_sumamt', ['fund_pay_sumamt', 'psn_part_amt'], ['hosp_part_amt']);
  check('medfee_sumamt', ['inscp_scp_amt', 'preselfpay_amt', 'overlmt_selfpay', 'fulamt_ownpay_amt']);
  check('psn_part_amt', ['acct_pay', 'acct_mulaid_pay', 'psn_cash_pay']);
}

const COUNTS = /^(days\.|claims$|stays$)/;

function usedOf(given: Readonly<Record<string, string | number>>, plan: CompiledPlan, name: string): Accumulators {
  const used: Record<string, number> = {};
  for (const [key, value] of Object.entries(given)) {
    const path = `accumulators.${key}`;
    if (!plan.accumulators.includes(key))
      throw invalid(
        name,
        path,
        `one of ${plan.accumulators.join(', ') || 'none: the plan keeps no accumulators'}`,
        `"${key}"`,
        'name an accumulator of the plan',
      );
    const number = COUNTS.test(key) ? Number(value) : parseYuan(String(value));
    if (number === undefined || !Number.isSafeInteger(number) || number < 0)
      throw invalid(name, path, COUNTS.test(key) ? 'a whole number' : 'yuan as a decimal string', describe(value), 'correct the value');
    used[key] = number;
  }
  return used;
}
