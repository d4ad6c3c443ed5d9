/**
 * The plan language: the shape of a plan file, from which its types, its check and the published JSON Schema (plans/plan.schema.json) all
 * come. What the words mean: docs/PLANS.md. What a shape cannot say (bands that meet, rules that do not overlap) is checked in compile.ts.
 */
import { parseCivilDate } from '@app/kernel';
import { z } from 'zod';

/** Amounts of a settlement, by the names of the medical-insurance platform. */
export const SETTLEMENT_FIELDS = [
  'medfee_sumamt',
  'fulamt_ownpay_amt',
  'overlmt_selfpay',
  'preselfpay_amt',
  'inscp_scp_amt',
  'act_pay_dedc',
  'hifp_pay',
  'cvlserv_pay',
  'hifes_pay',
  'hifmi_pay',
  'hifob_pay',
  'maf_pay',
  'oth_pay',
  'hifdm_pay',
  'hosp_part_amt',
  'fund_pay_sumamt',
  'psn_part_amt',
  'acct_pay',
  'acct_mulaid_pay',
  'psn_cash_pay',
] as const;
export type SettlementField = (typeof SETTLEMENT_FIELDS)[number];

/** New in the plan; renewed in time; renewed too late; moved from one unit to another while covered. */
export const ENROLMENT_KINDS = ['new', 'renewal', 'late-renewal', 'transfer'] as const;
export type EnrolmentKind = (typeof ENROLMENT_KINDS)[number];

const text = z.string().trim().min(1);
const integer = (minimum: number) => z.int().min(minimum);
const yuan = z.string().regex(/^\d{1,11}(\.\d{1,2})?$/, "yuan as a decimal string of at most two places, such as '1000.00'");
const percent = z
  .string()
  .regex(/^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)%$/, "a percentage from 0% to 100% with at most two places, such as '62.5%'");
export const DATE = z
  .string()
  .refine((day) => parseCivilDate(day) !== undefined, 'a date that exists, YYYY-MM-DD')
  .meta({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' });
const id = z.string().regex(/^[a-z][a-z0-9-]*$/, 'an id of small letters, digits and hyphens');
export const DIGITS = z.string().regex(/^\d{2,6}$/, 'two to six digits in quotes');

/** The ground of a value: where it is printed (source and clause), or why it was chosen where the sources are silent (interpreted). */
const ground = {
  source: text.optional().describe('A key of "sources": the document that prints the value.'),
  clause: text.optional().describe('What the document says, restated.'),
  interpreted: text.optional().describe('Where the sources are silent: why this value was chosen.'),
};

const when = z
  .strictObject({
    insutype: z
      .array(text)
      .min(1)
      .optional()
      .describe('Insurance kinds (310 employee, 390 resident, ...); "none" for a person without insurance.'),
    psn_type: z.array(DIGITS).min(1).optional().describe('Kinds of person: 11 in service, 12 retired, ...'),
    hospital_level: z.array(z.int().min(0).max(3)).min(1).optional().describe('3, 2 or 1 from hosp_lv; 0 for a hospital without a level.'),
    place: z.enum(['local', 'elsewhere']).optional(),
    hardship: z.boolean().optional(),
    stay: z.enum(['first', 'later']).optional().describe('First or a later stay of the period.'),
    claim: z.array(integer(1)).min(1).optional().describe('Ordinal of the claim among those that the quota counts.'),
    age: z
      .strictObject({ from: integer(0).optional(), to: integer(0).optional() })
      .optional()
      .describe('Whole years on the day of the event, both included.'),
    enrolment: z.array(z.enum(ENROLMENT_KINDS)).min(1).optional(),
    severity: z.array(id).min(1).optional(),
    cause: z.enum(['illness', 'accident']).optional().describe('Of a death.'),
  })
  .refine((lines) => Object.keys(lines).length > 0, 'at least one condition')
  .describe('Holds when every line of it holds.');

/** A value that holds for everybody. */
const parameter = <T extends z.ZodType>(value: T) =>
  z.strictObject({
    value,
    options: z.array(value).min(1).optional().describe('Other answers that may be selected when the plan is loaded.'),
    ...ground,
  });
/** A value that may differ by circumstances: `value`, or `cases`. */
const conditional = <T extends z.ZodType>(value: T) =>
  z.strictObject({
    value: value.optional(),
    options: z.array(value).min(1).optional(),
    cases: z
      .array(z.strictObject({ when: when.optional(), value, ...ground }))
      .min(1)
      .optional(),
    order: z.literal('first-match').optional().describe('Declares that of cases that overlap the first one holds.'),
    otherwise: z.literal('refuse').optional().describe('Where no case holds the claim is refused as not named by the plan.'),
    ...ground,
  });

const amountName = z.union([
  z.enum(SETTLEMENT_FIELDS),
  z.string().regex(/^item:[a-z][a-z0-9-]*$/, `a settlement field (${SETTLEMENT_FIELDS.join(', ')}) or item:NAME`),
]);
const share = {
  share: percent.optional().describe('Part of the amount; all of it when left out.'),
  at_most: yuan.optional().describe('Cap on this item.'),
};
const base = z
  .strictObject({
    value: z.enum(['B1', 'B2', 'B3', 'remaining-burden']).optional(),
    options: z
      .array(z.enum(['B1', 'B2', 'B3', 'remaining-burden']))
      .min(1)
      .optional(),
    sum: z
      .array(z.union([z.strictObject({ add: amountName, ...share }), z.strictObject({ less: amountName, ...share })]))
      .min(1)
      .optional(),
    ...ground,
  })
  .describe('What the duty pays on: a named base, or a sum of settlement fields. Below zero counts as zero.');

const titles = z.strictObject({ zh: text, en: text });

const band = z.strictObject({
  above: yuan.describe('Exclusive (inclusive where bounds are lower-inclusive).'),
  up_to: yuan.optional().describe('Inclusive (exclusive where bounds are lower-inclusive). Left out on the last band.'),
  rate: percent.optional(),
  rates: z
    .array(z.strictObject({ when: when.optional(), rate: percent, ...ground }))
    .min(1)
    .optional(),
  order: z.literal('first-match').optional(),
  otherwise: z.literal('refuse').optional(),
  ...ground,
});

const reimbursement = z
  .strictObject({
    kind: z.literal('reimbursement'),
    title: titles,
    base,
    summed_over: parameter(z.enum(['stay', 'period'])).describe('Whether the rule runs on each stay or on the sum of the period.'),
    prorated: parameter(z.literal('days-covered')).optional().describe('A stay across the end of the cover counts by its covered days.'),
    threshold: z
      .strictObject({
        kind: parameter(z.enum(['deductible', 'gate'])).describe('A deductible is taken off; a gate is only to be reached.'),
        amount: conditional(yuan),
        per: parameter(z.enum(['stay', 'period'])),
      })
      .optional(),
    bands_on: parameter(z.enum(['excess', 'base']))
      .optional()
      .describe('Bands over what is left after the deductible, or over the base with the deductible unpaid.'),
    band_kind: parameter(z.enum(['slices', 'whole-amount']))
      .optional()
      .describe('whole-amount: the band that the amount falls into rates all of it (a cliff).'),
    bounds: parameter(z.enum(['upper-inclusive', 'lower-inclusive'])).optional(),
    bands: z.array(band).min(1),
    extra_points: z
      .strictObject({ per_period: percent, at_most: percent, ...ground })
      .optional()
      .describe('Points more for each consecutive period after the first.'),
  })
  .describe('Rates on an amount.');

const allowance = z
  .strictObject({
    kind: z.literal('allowance'),
    title: titles,
    per_day: conditional(yuan),
    minimum_days: parameter(integer(0)).describe('What a stay within one day counts.'),
    prorated: parameter(z.literal('days-covered')).optional(),
    free_days: parameter(integer(0)).optional().describe('First days of each stay that are not paid.'),
    days_per_stay: parameter(integer(1)).optional(),
    days_per_period: parameter(integer(1)).optional(),
    amount_per_stay: parameter(yuan).optional(),
    amount_per_period: parameter(yuan).optional(),
  })
  .describe('An amount for each day in hospital.');

const lumpSum = z
  .strictObject({
    kind: z.literal('lump-sum'),
    title: titles,
    amount: conditional(yuan),
    correction: parameter(z.enum(['replaces', 'adds'])).describe(
      'replaces: a later severity pays the difference to what was paid in the period.',
    ),
  })
  .describe('A fixed sum for a diagnosis of a severity.');

const death = z
  .strictObject({
    kind: z.literal('death'),
    title: titles,
    amount: conditional(yuan),
    pays: parameter(z.enum(['sum', 'top-up'])).describe('top-up: what was paid in the period is taken off.'),
  })
  .describe('Paid once, on the death of the member.');

export const PLAN = z
  .strictObject({
    id,
    version: integer(1),
    title: titles,
    issuer: text,
    effective_on: DATE.describe('Decides for events from this day on.'),
    sources: z.record(id, z.strictObject({ title: text, grade: text })),
    cover_period: z.strictObject({ from: DATE, to: DATE, ...ground }),
    scope: z.strictObject({ med_types: parameter(z.array(DIGITS).min(1)) }).optional(),
    eligibility: z
      .strictObject({
        insutypes: parameter(z.array(text).min(1)).optional(),
        psn_types: parameter(z.array(DIGITS).min(1)).optional(),
        ages: z.strictObject({ from: integer(0), to: integer(0), ...ground }).optional(),
      })
      .optional(),
    cover: z.strictObject({ decided_by: parameter(z.enum(['discharge', 'admission', 'any-day'])) }),
    requires: z
      .strictObject({ base_plan: parameter(id) })
      .optional()
      .describe('An add-on: pays only members of the base plan.'),
    unit: z
      .strictObject({ minimum_participation: parameter(percent) })
      .optional()
      .describe('Least share of a unit’s staff that must enrol.'),
    waiting: z.strictObject({ days: conditional(integer(0)), counted_from: parameter(z.literal('enrolment')) }).optional(),
    renewal: z
      .strictObject({ on_time_days: parameter(integer(0)) })
      .optional()
      .describe('Days after the end of the last cover within which a renewal is in time.'),
    claim: z
      .strictObject({
        deadline_days: parameter(integer(1)),
        death_deadline_days: parameter(integer(1)).optional(),
        counted_from: parameter(z.literal('day-after')),
      })
      .optional(),
    quota: z
      .strictObject({ claims: parameter(integer(1)), counts: parameter(z.enum(['paid', 'every'])) })
      .optional()
      .describe('Claims of a period.'),
    payers: z
      .strictObject({
        order: parameter(z.array(id).min(1)).describe('In the order in which they pay; "self" is this plan.'),
        indemnity: parameter(z.boolean()).describe(
          'Whether reimbursements stop where the payers before and this plan have met the cost to the person.',
        ),
      })
      .optional(),
    rounding: z.strictObject({ unit: parameter(z.enum(['0.01', '0.10', '1.00'])), mode: parameter(z.enum(['half-up', 'down', 'up'])) }),
    duties: z
      .record(id, z.discriminatedUnion('kind', [reimbursement, allowance, lumpSum, death]))
      .describe('What the plan pays, in the order in which it is computed.'),
    caps: z
      .record(id, z.strictObject({ duties: z.array(id).min(1), per: parameter(z.enum(['stay', 'period'])), amount: conditional(yuan) }))
      .optional()
      .describe('Each duty of a cap takes of it in the order of the duties.'),
  })
  .describe('A version of a benefit plan. See docs/PLANS.md.');

export type PlanContent = z.infer<typeof PLAN>;
export type When = z.infer<typeof when>;
export interface Ground {
  readonly source?: string | undefined;
  readonly clause?: string | undefined;
  readonly interpreted?: string | undefined;
}
export interface Conditional<T> extends Ground {
  readonly value?: T | undefined;
  readonly options?: readonly T[] | undefined;
  readonly cases?: readonly ({ readonly when?: When | undefined; readonly value: T } & Ground)[] | undefined;
  readonly order?: 'first-match' | undefined;
  readonly otherwise?: 'refuse' | undefined;
}
export type DutyContent = PlanContent['duties'][string];
export type Reimbursement = Extract<DutyContent, { kind: 'reimbursement' }>;
export type BaseContent = Reimbursement['base'];

/** The JSON Schema of a plan file; plans/plan.schema.json is made of it (`npm run gen`). */
export const planSchema = (): object => ({ ...z.toJSONSchema(PLAN, { io: 'input' }), title: 'Hubao benefit plan' });
