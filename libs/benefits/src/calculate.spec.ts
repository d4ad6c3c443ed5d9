/** What one event is worth: the model plan on small facts, and each rule of the language in a plan that has little else. */
import { describe, expect, test } from '@jest/globals';
import { ZERO_FEN, addDays, civilDate, fen, formatYuan, parseYuan, type Fen } from '@app/kernel';
import { calculate, calculateAmounts, participates } from './calculate.js';
import { parsePlan, type CompiledPlan } from './compile.js';
import { addAccumulators, subtractAccumulators, type Accumulators, type Facts } from './facts.js';
import { loadPlan } from './load-plans.js';
import { REASONS, reasonOf } from './reasons.js';
import type { Trace, TraceStep } from './trace.js';

const yuan = (text: string): Fen => parseYuan(text)!;
const day = civilDate;

const ADMISSION = day('2025-05-07');
const DISCHARGE = day('2025-05-10');
const COVER = { coverFrom: day('2025-01-01'), coverTo: day('2025-12-31') };

/** Three nights in May that cost the person `burden`, all of it in scope. */
const stay = (burden: string, more: Partial<Facts> = {}): Facts => ({
  acceptedOn: addDays(more.dischargeOn ?? DISCHARGE, 2),
  ...COVER,
  medType: '21',
  admissionOn: ADMISSION,
  dischargeOn: DISCHARGE,
  amounts: { inscp_scp_amt: yuan(burden), fund_pay_sumamt: ZERO_FEN, psn_part_amt: yuan(burden), fulamt_ownpay_amt: ZERO_FEN },
  ...more,
});
const nights = (count: number, burden = '0.00'): Facts => stay(burden, { admissionOn: addDays(DISCHARGE, -count) });
const died = (more: Partial<Facts> = {}): Facts => ({
  acceptedOn: addDays(more.deathOn ?? DISCHARGE, 2),
  ...COVER,
  deathOn: DISCHARGE,
  deathCause: 'illness',
  ...more,
});
const diagnosed = (severity: string, more: Partial<Facts> = {}): Facts => ({
  acceptedOn: DISCHARGE,
  ...COVER,
  severity,
  diagnosedOn: ADMISSION,
  ...more,
});

type Content = Readonly<Record<string, unknown>>;
const why = { interpreted: 'as the test has it' };
const set = (value: unknown): Content => ({ value, ...why });
const title = { zh: '例', en: 'example' };
const inCase = (when: Content | null, value: string | number): Content => ({ ...(when ? { when } : {}), value, ...why });

const medical = (more: Content = {}): Content => ({
  kind: 'reimbursement',
  title,
  base: set('B3'),
  summed_over: set('stay'),
  bands: [{ above: '0.00', rate: '50%', ...why }],
  ...more,
});
const threshold = (kind: 'deductible' | 'gate', amount: Content, per: 'stay' | 'period' = 'stay', bandsOn = 'excess'): Content => ({
  threshold: { kind: set(kind), amount, per: set(per) },
  bands_on: set(bandsOn),
});
const band = (above: string, up_to: string | null, rate: string): Content => ({
  above,
  ...(up_to === null ? {} : { up_to }),
  rate,
  ...why,
});
const allowance = (more: Content = {}): Content => ({ kind: 'allowance', title, per_day: set('50.00'), minimum_days: set(1), ...more });
const lumpSum = (correction: 'replaces' | 'adds'): Content => ({
  kind: 'lump-sum',
  title,
  amount: {
    cases: [inCase({ severity: ['light'] }, '3000.00'), inCase({ severity: ['severe'] }, '10000.00')],
    otherwise: 'refuse',
  },
  correction: set(correction),
});
const death = (amount: Content, pays: 'sum' | 'top-up'): Content => ({ kind: 'death', title, amount, pays: set(pays) });
const cap = (duties: readonly string[], per: 'stay' | 'period', amount: Content | string): Content => ({
  duties,
  per: set(per),
  amount: typeof amount === 'string' ? set(amount) : amount,
});

const planOf = (duties: Content, more: Content = {}): CompiledPlan =>
  parsePlan(
    JSON.stringify({
      id: 'example',
      version: 1,
      title,
      issuer: 'nobody',
      effective_on: '2025-01-01',
      sources: {},
      cover_period: { from: '2025-01-01', to: '2025-12-31', ...why },
      cover: { decided_by: set('discharge') },
      rounding: { unit: set('0.01'), mode: set('half-up') },
      duties,
      ...more,
    }),
    'example.yaml',
  );
const medicalPlan = (more: Content = {}, rest: Content = {}): CompiledPlan => planOf({ medical: medical(more) }, rest);

const NOTHING: Accumulators = {};
const paid = (facts: Facts, plan: CompiledPlan, used = NOTHING): string => formatYuan(calculateAmounts(facts, used, plan).benefitFen);
const reasonFor = (facts: Facts, plan: CompiledPlan, used = NOTHING): string | null => calculateAmounts(facts, used, plan).reason;
const linesOf = (facts: Facts, plan: CompiledPlan, used = NOTHING): Record<string, string> =>
  Object.fromEntries(calculateAmounts(facts, used, plan).lines.map(({ duty, amountFen }) => [duty, formatYuan(amountFen)]));
/** What each of a member's events is paid, one upon the other; the reason where it is nothing. */
function paidInTurn(events: readonly Facts[], plan: CompiledPlan): string[] {
  let used = NOTHING;
  return events.map((facts) => {
    const { benefitFen, reason, changes } = calculateAmounts(facts, used, plan);
    used = addAccumulators(used, changes);
    return reason ?? formatYuan(benefitFen);
  });
}
const paidForStays = (burdens: readonly string[], plan: CompiledPlan): string[] =>
  paidInTurn(
    burdens.map((burden) => stay(burden)),
    plan,
  );

const guangxi = loadPlan('guangxi-1-2025');

describe('the model plan', () => {
  test('pays medical benefit and allowance as separate lines of one benefit', () => {
    expect(calculate(stay('5000.00'), NOTHING, guangxi)).toMatchObject({
      reason: null,
      baseFen: 500_000,
      lines: [
        { duty: 'medical', kind: 'reimbursement', amountFen: 120_000 },
        { duty: 'allowance', kind: 'allowance', amountFen: 15_000 },
      ],
      benefitFen: 135_000,
      changes: { 'paid.medical': 120_000 },
      capped: false,
    });
  });

  test.each([
    ['1000.00', '0.00', '0.00'],
    ['1001.00', '0.30', '0.30'],
    ['5000.00', '1200.00', '1200.00'],
    ['11000.00', '3000.00', '3100.00'],
    ['31000.00', '11000.00', '11300.00'],
    ['51000.00', '23000.00', '23650.00'],
    ['113300.00', '82185.00', '82835.00'],
    ['1079421.05', '1000000.00', '1000000.00'],
    ['2000000.00', '1000000.00', '1000000.00'],
  ])('pays on a base of %s %s with bands over the excess, %s with bands over the base', (base, overExcess, overBase) => {
    const overTheBase = loadPlan('guangxi-1-2025', { 'duties.medical.bands_on': 'base' });
    const line = (plan: CompiledPlan): string => linesOf(stay(base), plan)['medical'] ?? '0.00';
    expect([line(guangxi), line(overTheBase)]).toEqual([overExcess, overBase]);
  });

  test.each([
    ['B1', '1867.18', '260.15'],
    ['B2', '2389.79', '416.94'],
    ['B3', '2685.99', '505.80'],
  ])('takes of the sample settlement as base %s %s', (base, baseYuan, benefit) => {
    const sample = stay('0.00', {
      amounts: {
        medfee_sumamt: yuan('5792.53'),
        inscp_scp_amt: yuan('4973.72'),
        preselfpay_amt: yuan('522.61'),
        overlmt_selfpay: yuan('0.00'),
        fulamt_ownpay_amt: yuan('296.20'),
        fund_pay_sumamt: yuan('3106.54'),
        psn_part_amt: yuan('2685.99'),
      },
    });
    const plan = loadPlan('guangxi-1-2025', { 'duties.medical.base': base });
    expect(formatYuan(calculateAmounts(sample, NOTHING, plan).baseFen)).toBe(baseYuan);
    expect(linesOf(sample, plan)).toEqual({ medical: benefit, allowance: '150.00' });
  });

  test('pays a stay below the deductible the allowance alone', () => {
    expect(calculateAmounts(stay('800.00'), NOTHING, guangxi)).toMatchObject({
      reason: null,
      lines: [{ duty: 'allowance', amountFen: 15_000 }],
      changes: {},
    });
  });

  test('rounds the bands once, on their sum', () => {
    // 30 % of 10,000.00 and 40 % of 0.01 are 300,000.4 fen; 0.02 makes 300,000.8.
    expect(linesOf(stay('11000.01'), guangxi)['medical']).toBe('3000.00');
    expect(linesOf(stay('11000.02'), guangxi)['medical']).toBe('3000.01');
  });

  test('pays a death 10,000.00 once, and claims of it until day 180', () => {
    expect(paid(died(), guangxi)).toBe('10000.00');
    expect(paidInTurn([died(), died()], guangxi)).toEqual(['10000.00', 'nothing-payable']);
    expect(reasonFor(died({ acceptedOn: addDays(DISCHARGE, 180) }), guangxi)).toBeNull();
    expect(reasonFor(died({ acceptedOn: addDays(DISCHARGE, 181) }), guangxi)).toBe('claimed-late');
  });

  test('takes a claim on day 120 in time and one on day 121 late', () => {
    expect(reasonFor(stay('5000.00', { acceptedOn: addDays(DISCHARGE, 120) }), guangxi)).toBeNull();
    expect(reasonFor(stay('5000.00', { acceptedOn: addDays(DISCHARGE, 121) }), guangxi)).toBe('claimed-late');
  });

  test('calculates a bill of any safe size', () => {
    const bases = { medical: fen(Number.MAX_SAFE_INTEGER) };
    expect(linesOf(stay('0.00', { bases }), guangxi)['medical']).toBe('1000000.00');
    const uncapped: CompiledPlan = { ...guangxi, caps: [], duties: guangxi.duties.map((duty) => ({ ...duty, caps: [] })) };
    const all = BigInt(Number.MAX_SAFE_INTEGER) - 100_000n;
    const tenThousandths = 3_000n * 1_000_000n + 4_000n * 2_000_000n + 6_000n * 2_000_000n + 9_500n * (all - 5_000_000n);
    const [line] = calculateAmounts(stay('0.00', { bases }), NOTHING, uncapped).lines;
    expect(BigInt(line!.amountFen)).toBe((tenThousandths + 5_000n) / 10_000n);
  });

  test('takes nothing back where more was paid than the cap', () => {
    expect(calculateAmounts(stay('5000.00'), { 'paid.medical': 100_000_001 }, guangxi)).toMatchObject({
      lines: [{ duty: 'allowance', amountFen: 15_000 }],
      changes: {},
      capped: true,
    });
  });
});

describe('the base', () => {
  const bill = {
    medfee_sumamt: '1000.00',
    inscp_scp_amt: '700.00',
    fund_pay_sumamt: '600.00',
    psn_part_amt: '400.00',
    fulamt_ownpay_amt: '250.00',
  };
  const amounts = Object.fromEntries(Object.entries(bill).map(([field, amount]) => [field, yuan(amount)]));
  const baseOf = (base: Content, more: Partial<Facts> = {}, rest: Content = {}): string =>
    formatYuan(calculateAmounts(stay('0.00', { amounts, ...more }), NOTHING, medicalPlan({ base }, rest)).baseFen);
  const sum = (...terms: readonly Content[]): Content => ({ sum: terms, ...why });

  test.each([
    ['in-scope self-pay', 'B1', '100.00'],
    ['official self-pay', 'B2', '150.00'],
    ['the personal burden', 'B3', '400.00'],
  ])('is %s', (_, name, expected) => expect(baseOf(set(name))).toBe(expected));

  test('is a sum of amounts of the settlement', () => {
    expect(baseOf(sum({ add: 'psn_part_amt' }, { less: 'fulamt_ownpay_amt' }, { add: 'fund_pay_sumamt' }))).toBe('750.00');
  });

  test('takes a part of an amount, each rounded for itself', () => {
    const odd = { amounts: { psn_part_amt: yuan('0.01'), fulamt_ownpay_amt: yuan('0.01') } };
    expect(baseOf(sum({ add: 'psn_part_amt', share: '50%' }))).toBe('200.00');
    expect(baseOf(sum({ add: 'psn_part_amt', share: '50%' }, { add: 'fulamt_ownpay_amt', share: '50%' }), odd)).toBe('0.02');
    const down = { rounding: { unit: set('0.01'), mode: set('down') } };
    expect(baseOf(sum({ add: 'psn_part_amt', share: '50%' }, { add: 'fulamt_ownpay_amt', share: '50%' }), odd, down)).toBe('0.00');
  });

  test('caps an item, after its share', () => {
    const item = { add: 'item:special-drug', at_most: '300.00' };
    const drug = (amount: string): Partial<Facts> => ({ items: { 'special-drug': yuan(amount) } });
    expect(baseOf(sum(item), drug('299.99'))).toBe('299.99');
    expect(baseOf(sum(item), drug('300.01'))).toBe('300.00');
    expect(baseOf(sum({ ...item, share: '50%' }), drug('500.00'))).toBe('250.00');
    expect(baseOf(sum({ ...item, share: '50%' }, { add: 'psn_part_amt' }), drug('900.00'))).toBe('700.00');
  });

  test('below zero is zero, not a debt', () => {
    expect(baseOf(sum({ add: 'fulamt_ownpay_amt' }, { less: 'psn_part_amt' }))).toBe('0.00');
    expect(baseOf(set('B1'), { amounts: { inscp_scp_amt: yuan('50.00'), fund_pay_sumamt: yuan('60.00') } })).toBe('0.00');
  });

  test('lacks a fact where a field of it is not known, and not where a part of the bill was not there', () => {
    const facts = stay('0.00', { amounts: { inscp_scp_amt: yuan('700.00') } });
    expect(reasonFor(facts, medicalPlan({ base: set('B1') }))).toBe('fact-missing');
    expect(reasonFor(stay('0.00', { amounts: undefined }), medicalPlan())).toBe('fact-missing');
    expect(baseOf(sum({ add: 'psn_part_amt' }, { less: 'item:special-drug' }))).toBe('400.00');
  });

  test('may be given by duty, in place of the amounts', () => {
    expect(paid(stay('0.00', { amounts: undefined, bases: { medical: yuan('90.00') } }), medicalPlan())).toBe('45.00');
  });

  test('of all reimbursements is added up', () => {
    const plan = planOf({ first: medical({ base: set('B1') }), second: medical({ base: set('B3') }), days: allowance() });
    const { baseFen, lines } = calculateAmounts(stay('0.00', { amounts }), NOTHING, plan);
    expect(formatYuan(baseFen)).toBe('500.00');
    expect(lines.map(({ amountFen }) => formatYuan(amountFen))).toEqual(['50.00', '200.00', '150.00']);
  });

  describe('of the remaining burden', () => {
    const order = { payers: { order: set(['city-plan', 'self', 'charity']), indemnity: set(false) } };
    const others = (...paidBy: readonly (readonly [string, string])[]): Partial<Facts> => ({
      otherPayers: paidBy.map(([payer, amount]) => ({ payer, amountFen: yuan(amount) })),
    });
    const base = set('remaining-burden');

    test('is what the person bears, less all who pay but those that the plan names after itself', () => {
      expect(baseOf(base, {}, order)).toBe('400.00');
      expect(baseOf(base, others(['city-plan', '100.00'], ['charity', '50.00'], ['stranger', '20.00']), order)).toBe('280.00');
      expect(baseOf(base, others(['city-plan', '100.00'], ['city-plan', '30.00']), order)).toBe('270.00');
    });

    test('takes off everybody where the plan names no order', () => {
      expect(baseOf(base, others(['city-plan', '100.00'], ['charity', '50.00']))).toBe('250.00');
    });

    test('is not below zero', () => expect(baseOf(base, others(['city-plan', '400.01']), order)).toBe('0.00'));

    test('takes those off from what is known as one sum as well, or given by duty', () => {
      const known = { ...others(['city-plan', '100.00'], ['charity', '50.00']), amounts: undefined };
      expect(baseOf(base, { ...known, remainingBurdenFen: yuan('123.00') }, order)).toBe('23.00');
      expect(baseOf(base, { ...known, bases: { medical: yuan('300.00') } }, order)).toBe('200.00');
    });

    test('lacks a fact where nothing is known of it', () => {
      expect(reasonFor(stay('0.00', { amounts: undefined }), medicalPlan({ base }))).toBe('fact-missing');
    });
  });
});

describe('a deductible', () => {
  test('per stay is taken off each', () => {
    expect(paidForStays(['600.00', '1000.00', '1100.00'], medicalPlan(threshold('deductible', set('500.00'))))).toEqual([
      '50.00',
      '250.00',
      '300.00',
    ]);
  });

  test('once per period is taken off until it is used up', () => {
    const plan = medicalPlan(threshold('deductible', set('500.00'), 'period'));
    expect(paidForStays(['300.00', '400.00', '100.00'], plan)).toEqual(['nothing-payable', '100.00', '50.00']);
    expect(calculateAmounts(stay('300.00'), NOTHING, plan).changes).toEqual({ 'deductible.medical': 30_000 });
    expect(calculateAmounts(stay('400.00'), { 'deductible.medical': 30_000 }, plan).changes).toEqual({ 'deductible.medical': 20_000 });
  });

  test('once per period leaves bands over the base unpaid as far as it is left', () => {
    const bands = [band('0.00', '400.00', '10%'), band('400.00', null, '100%')];
    const plan = medicalPlan({ ...threshold('deductible', set('500.00'), 'period', 'base'), bands });
    expect(paidForStays(['300.00', '600.00', '600.00'], plan)).toEqual(['nothing-payable', '220.00', '240.00']);
  });

  test('on the sum of the year is taken off once', () => {
    const plan = medicalPlan({ summed_over: set('period'), ...threshold('deductible', set('10000.00'), 'period') });
    expect(paidForStays(['6000.00', '9000.00', '30000.00'], plan)).toEqual(['nothing-payable', '2500.00', '15000.00']);
  });

  test('that is reached and not passed pays nothing', () => {
    const plan = medicalPlan(threshold('deductible', set('500.00')));
    expect(paidForStays(['500.00', '500.01', '500.02'], plan)).toEqual(['nothing-payable', '0.01', '0.01']);
  });
});

describe('a gate', () => {
  const plan = medicalPlan(threshold('gate', set('1000.00')));

  test('is to be reached, and is not taken off', () => {
    expect(paidForStays(['999.99', '1000.00', '5000.00'], plan)).toEqual(['nothing-payable', '500.00', '2500.00']);
  });

  test('stands before bands over the base just as well', () => {
    const overBase = medicalPlan(threshold('gate', set('1000.00'), 'stay', 'base'));
    expect(paidForStays(['999.99', '1000.00'], overBase)).toEqual(['nothing-payable', '500.00']);
  });

  const overPeriod = medicalPlan({ summed_over: set('period'), ...threshold('gate', set('1000.00'), 'period') });

  test('on the sum of the year pays the stays that come after it was reached', () => {
    expect(paidForStays(['999.99'], overPeriod)).toEqual(['nothing-payable']);
    expect(paidForStays(['1000.00', '100.00'], overPeriod)).toEqual(['500.00', '50.00']);
  });

  // What was summed before the gate was reached was never paid, and is taken for paid.
  test('on the sum of the year pays all of it once it is reached', () => {
    expect(paidForStays(['600.00', '600.00', '100.00'], overPeriod)).toEqual(['nothing-payable', '600.00', '50.00']);
  });
});

describe('bands', () => {
  const bands = [band('0.00', '1000.00', '50%'), band('1000.00', '3000.00', '60%'), band('3000.00', null, '80%')];
  const over = (bandsOn: string): CompiledPlan => medicalPlan({ ...threshold('deductible', set('500.00'), 'stay', bandsOn), bands });

  test('over the excess begin after the deductible', () => {
    expect(['1500.00', '3500.00', '4000.00'].map((base) => paid(stay(base), over('excess')))).toEqual(['500.00', '1700.00', '2100.00']);
  });

  test('over the base begin at zero, with the deductible unpaid', () => {
    expect(['1500.00', '3500.00', '4000.00'].map((base) => paid(stay(base), over('base')))).toEqual(['550.00', '1850.00', '2250.00']);
  });

  test('on the sum of the year go on where the stay before ended', () => {
    const plan = medicalPlan({ summed_over: set('period'), bands });
    expect(paidForStays(['800.00', '800.00', '3000.00'], plan)).toEqual(['400.00', '460.00', '2120.00']);
  });

  const cliff = (bounds: string, more: Content = {}): CompiledPlan =>
    medicalPlan({
      band_kind: set('whole-amount'),
      bounds: set(bounds),
      bands: [band('0.00', '1000.00', '0%'), band('1000.00', '2000.00', '20%'), band('2000.00', null, '40%')],
      ...more,
    });
  const bounds = ['999.99', '1000.00', '1000.01', '1999.99', '2000.00', '2000.01'];

  test('of a cliff rate the whole amount, a bound by the band above it where the lower one is included', () => {
    expect(bounds.map((base) => paid(stay(base), cliff('lower-inclusive')))).toEqual([
      '0.00',
      '200.00',
      '200.00',
      '400.00',
      '800.00',
      '800.00',
    ]);
  });

  test('of a cliff rate the whole amount, a bound by the band below it where the upper one is included', () => {
    expect(bounds.map((base) => paid(stay(base), cliff('upper-inclusive')))).toEqual([
      '0.00',
      '0.00',
      '200.00',
      '400.00',
      '400.00',
      '800.00',
    ]);
  });

  test('of a cliff on the sum of the year pay the rise of the whole', () => {
    const plan = cliff('lower-inclusive', { summed_over: set('period') });
    expect(paidForStays(['900.00', '100.00', '1000.00', '10.00'], plan)).toEqual(['nothing-payable', '200.00', '600.00', '4.00']);
  });

  test('of a cliff after a deductible rate what is above it, chosen by the excess or by the base', () => {
    const excess = cliff('lower-inclusive', threshold('deductible', set('500.00')));
    const base = cliff('lower-inclusive', threshold('deductible', set('500.00'), 'stay', 'base'));
    expect([paid(stay('2000.00'), excess), paid(stay('2000.00'), base)]).toEqual(['300.00', '600.00']);
  });
});

describe('a rate', () => {
  const byCase = (...cases: readonly (readonly [Content | null, string])[]): CompiledPlan =>
    medicalPlan({
      bands: [
        {
          above: '0.00',
          rates: cases.map(([when, rate]) => ({ ...(when ? { when } : {}), rate, ...why })),
          ...(cases.at(-1)![0] === null ? {} : { otherwise: 'refuse' }),
        },
      ],
    });
  const rateFor = (plan: CompiledPlan, facts: Partial<Facts>, used = NOTHING): string =>
    reasonFor(stay('100.00', facts), plan, used) ?? paid(stay('100.00', facts), plan, used);

  test.each<[string, Content, Partial<Facts>, Partial<Facts>]>([
    ['insurance', { insutype: ['310', 'none'] }, { insutype: 'none' }, { insutype: '390' }],
    ['kind of person', { psn_type: ['12'] }, { psnType: '12' }, { psnType: '11' }],
    ['level of the hospital', { hospital_level: [1, 0] }, { hospitalLevel: 0 }, { hospitalLevel: 3 }],
    ['place at home', { place: 'local' }, { elsewhere: false }, { elsewhere: true }],
    ['place elsewhere', { place: 'elsewhere' }, { elsewhere: true }, { elsewhere: false }],
    ['hardship', { hardship: true }, { hardship: true }, { hardship: false }],
    ['absence of hardship', { hardship: false }, { hardship: false }, { hardship: true }],
    ['age from', { age: { from: 60 } }, { age: 60 }, { age: 59 }],
    ['age up to', { age: { to: 17 } }, { age: 17 }, { age: 18 }],
    ['enrolment', { enrolment: ['late-renewal'] }, { enrolmentKind: 'late-renewal' }, { enrolmentKind: 'renewal' }],
  ])('depends on %s, and what is not known holds nothing', (_, when, holds, fails) => {
    const plan = byCase([when, '90%'], [null, '40%']);
    expect([rateFor(plan, holds), rateFor(plan, fails), rateFor(plan, {})]).toEqual(['90.00', '40.00', '40.00']);
  });

  test('needs every line of its conditions', () => {
    const plan = byCase([{ insutype: ['310'], hospital_level: [3], hardship: true }, '90%'], [null, '40%']);
    expect(rateFor(plan, { insutype: '310', hospitalLevel: 3, hardship: true })).toBe('90.00');
    expect(rateFor(plan, { insutype: '310', hospitalLevel: 3, hardship: false })).toBe('40.00');
    expect(rateFor(plan, { insutype: '310', hospitalLevel: 2, hardship: true })).toBe('40.00');
  });

  test('that the plan does not name refuses the claim as not named', () => {
    const plan = byCase([{ hospital_level: [3] }, '80%'], [{ hospital_level: [2] }, '85%']);
    expect([rateFor(plan, { hospitalLevel: 3 }), rateFor(plan, { hospitalLevel: 2 })]).toEqual(['80.00', '85.00']);
    expect([rateFor(plan, { hospitalLevel: 0 }), rateFor(plan, {})]).toEqual(['not-named', 'not-named']);
  });

  test('of overlapping cases is that of the first where the plan says so', () => {
    const rates = [
      { when: { hospital_level: [3], psn_type: ['12'] }, rate: '85%', ...why },
      { when: { hospital_level: [3] }, rate: '80%', ...why },
    ];
    const plan = medicalPlan({ bands: [{ above: '0.00', rates, order: 'first-match', otherwise: 'refuse' }] });
    expect(rateFor(plan, { hospitalLevel: 3, psnType: '12' })).toBe('85.00');
    expect(rateFor(plan, { hospitalLevel: 3, psnType: '11' })).toBe('80.00');
  });

  test('differs for the first stay of the period and for later ones, whether or not they are paid', () => {
    const plan = byCase([{ stay: 'first' }, '70%'], [{ stay: 'later' }, '40%']);
    expect(paidForStays(['0.00', '100.00', '100.00'], plan)).toEqual(['nothing-payable', '40.00', '40.00']);
    expect(paidForStays(['100.00', '100.00', '100.00'], plan)).toEqual(['70.00', '40.00', '40.00']);
  });

  test('differs by the ordinal of the claim, which counts those that are paid', () => {
    const plan = byCase([{ claim: [1] }, '70%'], [{ claim: [2, 3] }, '40%']);
    expect(paidForStays(['100.00', '0.00', '100.00', '100.00', '100.00'], plan)).toEqual([
      '70.00',
      'nothing-payable',
      '40.00',
      '40.00',
      'not-named',
    ]);
  });

  test('differs by class in the deductible and in the cap as it does in the band', () => {
    const plan = medicalPlan(threshold('deductible', { cases: [inCase({ insutype: ['none'] }, '500.00'), inCase(null, '300.00')] }), {
      caps: { period: cap(['medical'], 'period', { cases: [inCase({ insutype: ['none'] }, '100.00'), inCase(null, '400.00')] }) },
    });
    const of = (burden: string, insutype: string): string => paid(stay(burden, { insutype }), plan);
    expect([of('600.00', '310'), of('600.00', 'none')]).toEqual(['150.00', '50.00']);
    expect([of('9000.00', '310'), of('9000.00', 'none')]).toEqual(['400.00', '100.00']);
  });
});

describe('extra points', () => {
  const plan = medicalPlan({
    bands: [band('0.00', '100.00', '0%'), band('100.00', null, '20%')],
    extra_points: { per_period: '1%', at_most: '10%', ...why },
  });
  const after = (consecutivePeriods: number | undefined): string | null =>
    reasonFor(stay('300.00', { consecutivePeriods }), plan) ?? paid(stay('300.00', { consecutivePeriods }), plan);

  test('are added for each consecutive period after the first, up to their limit', () => {
    expect([1, 2, 6, 11, 12, 40].map(after)).toEqual(['40.00', '42.00', '50.00', '60.00', '60.00', '60.00']);
  });

  test('do not make a band pay that pays nothing', () => {
    expect(paid(stay('100.00', { consecutivePeriods: 11 }), plan)).toBe('0.00');
  });

  test('lack a fact where the periods are not known', () => expect(after(undefined)).toBe('fact-missing'));
});

describe('a quota', () => {
  const quota = (counts: 'paid' | 'every'): CompiledPlan => medicalPlan({}, { quota: { claims: set(2), counts: set(counts) } });

  test('of claims that are paid lets those pass that are not', () => {
    expect(paidForStays(['100.00', '0.00', '100.00', '100.00'], quota('paid'))).toEqual([
      '50.00',
      'nothing-payable',
      '50.00',
      'quota-exhausted',
    ]);
  });

  test('of every claim counts those too that are paid nothing', () => {
    expect(paidForStays(['100.00', '0.00', '100.00'], quota('every'))).toEqual(['50.00', 'nothing-payable', 'quota-exhausted']);
  });

  test('does not count a refused claim, nor one for a death', () => {
    const late = stay('100.00', { coverTo: day('2025-05-09') });
    expect(paidInTurn([late, late, stay('100.00'), stay('100.00')], quota('every'))).toEqual([
      'not-covered',
      'not-covered',
      '50.00',
      '50.00',
    ]);
    const withDeath = planOf(
      { medical: medical(), death: death(set('1000.00'), 'sum') },
      { quota: { claims: set(1), counts: set('every') } },
    );
    expect(paidInTurn([stay('100.00'), died(), stay('100.00')], withDeath)).toEqual(['50.00', '1000.00', 'quota-exhausted']);
  });
});

describe('a cap', () => {
  const two = { medical: medical(), days: allowance() };

  test('per stay over several duties is taken in their order, and is there again for the next stay', () => {
    const plan = planOf(two, { caps: { both: cap(['days', 'medical'], 'stay', '120.00') } });
    expect(linesOf(stay('100.00'), plan)).toEqual({ medical: '50.00', days: '70.00' });
    expect(linesOf(stay('400.00'), plan)).toEqual({ medical: '120.00' });
    expect(paidForStays(['400.00', '400.00'], plan)).toEqual(['120.00', '120.00']);
  });

  test('per period over several duties counts what any of them was paid', () => {
    const plan = planOf(two, { caps: { both: cap(['medical', 'days'], 'period', '300.00') } });
    expect(paidForStays(['100.00', '100.00', '100.00'], plan)).toEqual(['200.00', '100.00', 'cap-exhausted']);
    expect(linesOf(stay('100.00'), plan, { 'paid.medical': 20_000, 'paid.days': 8_000 })).toEqual({ medical: '20.00' });
  });

  test('of one duty leaves the others alone', () => {
    const plan = planOf(two, { caps: { medical: cap(['medical'], 'period', '30.00') } });
    expect(linesOf(stay('100.00'), plan)).toEqual({ medical: '30.00', days: '150.00' });
    expect(calculateAmounts(stay('100.00'), NOTHING, plan)).toMatchObject({ reason: null, capped: true });
  });

  test('within a cap: the narrower holds', () => {
    const caps = { medical: cap(['medical'], 'stay', '40.00'), all: cap(['medical', 'days'], 'period', '100.00') };
    expect(linesOf(stay('100.00'), planOf(two, { caps }))).toEqual({ medical: '40.00', days: '60.00' });
    expect(linesOf(stay('100.00'), planOf(two, { caps }), { 'paid.days': 9_000 })).toEqual({ medical: '10.00' });
  });

  test('used up refuses what would have been paid, and only that', () => {
    const plan = planOf({ medical: medical() }, { caps: { period: cap(['medical'], 'period', '30.00') } });
    expect(reasonFor(stay('100.00'), plan, { 'paid.medical': 3_000 })).toBe('cap-exhausted');
    expect(reasonFor(stay('0.00'), plan, { 'paid.medical': 3_000 })).toBe('nothing-payable');
  });

  test('that names nothing for these circumstances grants nothing', () => {
    const plan = medicalPlan(
      {},
      { caps: { period: cap(['medical'], 'period', { cases: [inCase({ insutype: ['310'] }, '30.00')], otherwise: 'refuse' }) } },
    );
    expect([paid(stay('100.00', { insutype: '310' }), plan), paid(stay('100.00', { insutype: '390' }), plan)]).toEqual(['30.00', '0.00']);
  });
});

describe('a daily allowance', () => {
  const daysPaid = (more: Content, counts: readonly number[]): string[] =>
    counts.map((count) => paid(nights(count), planOf({ days: allowance(more) })));
  const inTurn = (more: Content, counts: readonly number[]): string[] =>
    paidInTurn(
      counts.map((count) => nights(count)),
      planOf({ days: allowance(more) }),
    );

  test('counts nights, and a stay within one day as the plan says', () => {
    expect(daysPaid({}, [0, 1, 2])).toEqual(['50.00', '50.00', '100.00']);
    expect(daysPaid({ minimum_days: set(0) }, [0, 1])).toEqual(['0.00', '50.00']);
  });

  test('leaves the first days of each stay free', () => {
    expect(daysPaid({ free_days: set(3) }, [1, 3, 4, 10])).toEqual(['0.00', '0.00', '50.00', '350.00']);
    expect(inTurn({ free_days: set(3) }, [4, 4])).toEqual(['50.00', '50.00']);
  });

  test('pays so many days a stay', () =>
    expect(daysPaid({ days_per_stay: set(20) }, [19, 20, 21])).toEqual(['950.00', '1000.00', '1000.00']));

  test('pays so many days a period', () => {
    expect(inTurn({ days_per_period: set(5) }, [3, 3, 1])).toEqual(['150.00', '100.00', 'cap-exhausted']);
  });

  test('takes the free days off before it counts those that are paid', () => {
    const more = { free_days: set(3), days_per_stay: set(10), days_per_period: set(15) };
    expect(inTurn(more, [20, 20, 20])).toEqual(['500.00', '250.00', 'cap-exhausted']);
  });

  test('pays so much a stay', () =>
    expect(daysPaid({ amount_per_stay: set('200.00') }, [3, 4, 5])).toEqual(['150.00', '200.00', '200.00']));

  test('pays so much a period', () => {
    expect(inTurn({ amount_per_period: set('220.00') }, [3, 3, 3])).toEqual(['150.00', '70.00', 'cap-exhausted']);
  });

  test('is not paid where the day of admission is left out', () => {
    expect(reasonFor(stay('0.00', { admissionOn: undefined }), planOf({ days: allowance() }))).toBe('nothing-payable');
  });

  test('differs by level of the hospital', () => {
    const plan = planOf({ days: allowance({ per_day: { cases: [inCase({ hospital_level: [3] }, '80.00'), inCase(null, '50.00')] } }) });
    expect([3, 1].map((hospitalLevel) => paid({ ...nights(2), hospitalLevel }, plan))).toEqual(['160.00', '100.00']);
  });
});

describe('proration', () => {
  const prorated = { prorated: set('days-covered') };
  const plan = planOf({ medical: medical(prorated), days: allowance(prorated) }, { cover: { decided_by: set('any-day') } });
  const between = (admissionOn: string, dischargeOn: string, burden = '300.00'): Facts =>
    stay(burden, { admissionOn: day(admissionOn), dischargeOn: day(dischargeOn) });

  test.each([
    ['within the cover counts whole', '2025-05-07', '2025-05-10', { medical: '150.00', days: '150.00' }],
    [
      'ending on the day after the cover counts whole: its last night is covered',
      '2025-12-29',
      '2026-01-01',
      { medical: '150.00', days: '150.00' },
    ],
    ['across the end of the cover counts by its covered days', '2025-12-30', '2026-01-02', { medical: '100.00', days: '100.00' }],
    ['across the beginning of the cover counts by its covered days', '2024-12-30', '2025-01-02', { medical: '50.00', days: '50.00' }],
    ['beginning on the last day of the cover counts one night', '2025-12-31', '2026-01-03', { medical: '50.00', days: '50.00' }],
    ['of one day counts whole', '2025-12-31', '2025-12-31', { medical: '150.00', days: '50.00' }],
  ])('of a stay %s', (_, admissionOn, dischargeOn, lines) => expect(linesOf(between(admissionOn, dischargeOn), plan)).toEqual(lines));

  test('of a stay longer than the cover counts what is within it', () => {
    const facts = { ...between('2025-05-01', '2025-05-11', '1000.00'), coverFrom: day('2025-05-03'), coverTo: day('2025-05-06') };
    expect(linesOf(facts, plan)).toEqual({ medical: '200.00', days: '200.00' });
  });

  test('rounds the prorated base to the fen, as the plan rounds', () => {
    const baseFor = (mode: string): string => {
      const rounding = { unit: set('0.01'), mode: set(mode) };
      const one = planOf(
        { medical: medical({ ...prorated, bands: [band('0.00', null, '100%')] }) },
        { cover: { decided_by: set('any-day') }, rounding },
      );
      return paid(between('2025-12-30', '2026-01-02', '100.00'), one);
    };
    expect(['half-up', 'down', 'up'].map(baseFor)).toEqual(['66.67', '66.66', '66.67']);
  });

  test('comes before the deductible', () => {
    const one = planOf(
      { medical: medical({ ...prorated, ...threshold('deductible', set('100.00')) }) },
      { cover: { decided_by: set('any-day') } },
    );
    expect(paid(between('2025-12-30', '2026-01-02'), one)).toBe('50.00');
  });

  // The nights of a prorated stay are at least one, whatever the plan says of a stay within one day.
  test('leaves to the plan what a stay within one day counts', () => {
    const one = planOf({ days: allowance({ ...prorated, minimum_days: set(0) }) }, { cover: { decided_by: set('any-day') } });
    expect(reasonFor(between('2025-05-07', '2025-05-07'), one)).toBe('nothing-payable');
  });
});

describe('a lump sum', () => {
  const paidFor = (correction: 'replaces' | 'adds', ...severities: readonly string[]): string[] =>
    paidInTurn(
      severities.map((severity) => diagnosed(severity)),
      planOf({ illness: lumpSum(correction) }),
    );

  test('that corrects pays the difference to what was paid', () => {
    expect(paidFor('replaces', 'light', 'severe', 'severe')).toEqual(['3000.00', '7000.00', 'nothing-payable']);
    expect(paidFor('replaces', 'severe', 'light')).toEqual(['10000.00', 'nothing-payable']);
  });

  test('that adds pays each diagnosis', () => expect(paidFor('adds', 'light', 'severe')).toEqual(['3000.00', '10000.00']));

  test('for a severity that the plan does not know is not named', () => expect(paidFor('replaces', 'grave')).toEqual(['not-named']));

  test('is decided by the day of the diagnosis', () => {
    const plan = planOf({ illness: lumpSum('replaces') });
    expect(reasonFor(diagnosed('light', { diagnosedOn: day('2024-12-31') }), plan)).toBe('not-covered');
    expect(reasonFor(diagnosed('light', { diagnosedOn: day('2025-01-01') }), plan)).toBeNull();
  });

  // Where there is a stay in the same claim, nothing asks for the day of the diagnosis.
  test('for a diagnosis outside the cover is not paid because a stay within it is claimed with it', () => {
    const plan = planOf({ medical: medical(), illness: lumpSum('replaces') });
    const both = stay('600.00', { severity: 'light', diagnosedOn: day('2024-12-31') });
    expect(linesOf(both, plan)).not.toHaveProperty('illness');
  });
});

describe('a death', () => {
  const sum = planOf({ medical: medical(), death: death(set('1000.00'), 'sum') });
  const topUp = planOf({ medical: medical(), days: allowance(), death: death(set('1000.00'), 'top-up') });

  test('pays its sum whatever was paid before', () => expect(paidInTurn([stay('600.00'), died()], sum)).toEqual(['300.00', '1000.00']));

  test('tops up what was paid in the period, by any duty', () => {
    expect(paid(died(), topUp)).toBe('1000.00');
    expect(paidInTurn([stay('600.00'), died()], topUp)).toEqual(['450.00', '550.00']);
    expect(paidInTurn([stay('2000.00'), died()], topUp)).toEqual(['1150.00', 'nothing-payable']);
  });

  test('tops up what the same claim pays on the stay', () => {
    const both = stay('600.00', { deathOn: DISCHARGE, deathCause: 'illness' });
    expect(linesOf(both, topUp)).toEqual({ medical: '300.00', days: '150.00', death: '550.00' });
  });

  test('is paid only once', () => {
    expect(paidInTurn([died(), died()], sum)).toEqual(['1000.00', 'nothing-payable']);
    expect(paidInTurn([stay('600.00'), died(), died()], topUp)).toEqual(['450.00', '550.00', 'nothing-payable']);
  });

  test('is paid by its cause', () => {
    const plan = planOf({ death: death({ cases: [inCase({ cause: 'illness' }, '1000.00'), inCase(null, '0.00')] }, 'sum') });
    expect([died(), died({ deathCause: 'accident' })].map((facts) => reasonFor(facts, plan))).toEqual([null, 'nothing-payable']);
  });

  test('is decided by its own day', () => {
    expect(reasonFor(died({ deathOn: day('2025-12-31') }), sum)).toBeNull();
    expect(reasonFor(died({ deathOn: day('2026-01-01') }), sum)).toBe('not-covered');
  });

  // Where there is a stay in the same claim, nothing asks for the day of the death.
  test('outside the cover is not paid because a stay within it is claimed with it', () => {
    const both = stay('600.00', { deathOn: day('2026-02-01'), deathCause: 'illness', acceptedOn: day('2026-02-02') });
    expect(linesOf(both, sum)).not.toHaveProperty('death');
  });

  test('claimed after its deadline is not paid because a stay is claimed with it', () => {
    const plan = planOf(
      { medical: medical(), death: death(set('1000.00'), 'sum') },
      {
        claim: { deadline_days: set(365), death_deadline_days: set(180), counted_from: set('day-after') },
      },
    );
    const both = stay('600.00', { deathOn: DISCHARGE, deathCause: 'illness', acceptedOn: addDays(DISCHARGE, 181) });
    expect(linesOf(both, plan)).not.toHaveProperty('death');
  });
});

describe('second aid on the remaining burden', () => {
  const plan = loadPlan('yunnan-20-second-aid');
  const burden = (amount: string, consecutivePeriods = 1): Facts =>
    stay('0.00', { amounts: undefined, remainingBurdenFen: yuan(amount), consecutivePeriods });

  test.each([
    ['99999.99', '0.00'],
    ['100000.00', '20000.00'],
    ['150000.00', '30000.00'],
    ['200000.00', '80000.00'],
    ['2000000.00', '500000.00'],
  ])('of %s pays %s', (amount, expected) => expect(paid(burden(amount), plan)).toBe(expected));

  test('pays a point more for each further consecutive period', () => {
    expect([2, 11, 12].map((periods) => paid(burden('100000.00', periods), plan))).toEqual(['21000.00', '30000.00', '30000.00']);
  });

  test('looks at the period as a whole', () => {
    expect(paidInTurn([burden('60000.00'), burden('40000.00'), burden('100000.00')], plan)).toEqual([
      'nothing-payable',
      '20000.00',
      '60000.00',
    ]);
  });
});

describe('indemnity', () => {
  const plan = planOf(
    { medical: medical({ bands: [band('0.00', null, '80%')] }), more: medical({ bands: [band('0.00', null, '50%')] }), days: allowance() },
    { payers: { order: set(['city-plan', 'self', 'charity']), indemnity: set(true) } },
  );
  const others = (payer: string, amount: string): Partial<Facts> => ({ otherPayers: [{ payer, amountFen: yuan(amount) }] });

  test('stops the reimbursements together at the cost to the person, and leaves an allowance alone', () => {
    expect(linesOf(stay('100.00'), plan)).toEqual({ medical: '80.00', more: '20.00', days: '150.00' });
  });

  test('takes off what those paid who come before this plan', () => {
    expect(linesOf(stay('100.00', others('city-plan', '30.00')), plan)).toEqual({ medical: '70.00', days: '150.00' });
    expect(linesOf(stay('100.00', others('charity', '30.00')), plan)).toEqual({ medical: '80.00', more: '20.00', days: '150.00' });
  });

  test('refuses where others have paid all', () => {
    const one = medicalPlan({}, { payers: { order: set(['city-plan', 'self']), indemnity: set(true) } });
    expect(calculateAmounts(stay('100.00', others('city-plan', '100.00')), NOTHING, one)).toMatchObject({
      reason: 'paid-by-others',
      benefitFen: 0,
      capped: false,
    });
  });

  test('refuses where others have left nothing of the base', () => {
    const one = medicalPlan({ base: set('remaining-burden') });
    expect(reasonFor(stay('100.00', others('city-plan', '100.00')), one)).toBe('paid-by-others');
    expect(reasonFor(stay('100.00', others('city-plan', '100.01')), one)).toBe('paid-by-others');
    expect(reasonFor(stay('0.00'), one)).toBe('nothing-payable');
  });

  test('is not asked of a plan that pays whatever others pay', () => {
    const one = medicalPlan({}, { payers: { order: set(['city-plan', 'self']), indemnity: set(false) } });
    expect(paid(stay('100.00', others('city-plan', '100.00')), one)).toBe('50.00');
  });

  test('after other payers and a deductible may leave the member something to bear', () => {
    const published = loadPlan('indemnity');
    const facts = stay('18000.00', others('city-plan', '14400.00'));
    expect(calculateAmounts(facts, NOTHING, published)).toMatchObject({ baseFen: 360_000, benefitFen: 0, reason: 'nothing-payable' });
  });
});

describe('whether a member is entitled', () => {
  const waiting = (days: Content | number): CompiledPlan =>
    medicalPlan({}, { waiting: { days: typeof days === 'number' ? set(days) : days, counted_from: set('enrolment') } });
  const enrolled = (on: string, more: Partial<Facts> = {}): Facts => stay('100.00', { enrolledOn: day(on), ...more });

  test('a wait of 30 days ends on the 31st, counted to the day of admission', () => {
    expect(reasonFor(enrolled('2025-04-08'), waiting(30))).toBe('waiting-period');
    expect(reasonFor(enrolled('2025-04-07'), waiting(30))).toBeNull();
  });

  test('a wait is counted to the death or the diagnosis where there is no stay', () => {
    const plan = planOf(
      { death: death(set('1000.00'), 'sum'), illness: lumpSum('adds') },
      { waiting: { days: set(30), counted_from: set('enrolment') } },
    );
    expect(reasonFor(died({ enrolledOn: day('2025-04-11') }), plan)).toBe('waiting-period');
    expect(reasonFor(died({ enrolledOn: day('2025-04-10') }), plan)).toBeNull();
    expect(reasonFor(diagnosed('light', { enrolledOn: day('2025-04-08') }), plan)).toBe('waiting-period');
    expect(reasonFor(diagnosed('light', { enrolledOn: day('2025-04-07') }), plan)).toBeNull();
  });

  test('a wait lacks a fact where the enrolment is not known, and asks nothing where it is of no days', () => {
    expect(reasonFor(stay('100.00'), waiting(30))).toBe('fact-missing');
    expect(reasonFor(stay('100.00'), waiting(0))).toBeNull();
  });

  test('a wait differs by the kind of enrolment, and one that is not named refuses', () => {
    const plan = waiting({
      cases: [inCase({ enrolment: ['new', 'late-renewal'] }, 30), inCase({ enrolment: ['renewal'] }, 0)],
      otherwise: 'refuse',
    });
    const kinds = ['new', 'late-renewal', 'renewal', 'transfer'] as const;
    expect(kinds.map((enrolmentKind) => reasonFor(enrolled('2025-05-01', { enrolmentKind }), plan))).toEqual([
      'waiting-period',
      'waiting-period',
      null,
      'not-named',
    ]);
  });

  test('an add-on pays only members of its base plan', () => {
    const plan = medicalPlan({}, { requires: { base_plan: set('base-plan') } });
    const holds = [undefined, [], ['another'], ['another', 'base-plan']];
    expect(holds.map((plansHeld) => reasonFor(stay('100.00', { plansHeld }), plan))).toEqual([
      ...Array<string>(3).fill('base-plan-missing'),
      null,
    ]);
  });

  test.each<[string, Content, Partial<Facts>, Partial<Facts>]>([
    ['insurance', { insutypes: set(['310', 'none']) }, { insutype: 'none' }, { insutype: '390' }],
    ['kind of person', { psn_types: set(['11', '12']) }, { psnType: '12' }, { psnType: '13' }],
    ['least age', { ages: { from: 16, to: 60, ...why } }, { age: 16 }, { age: 15 }],
    ['greatest age', { ages: { from: 16, to: 60, ...why } }, { age: 60 }, { age: 61 }],
  ])('%s decides on eligibility, and has to be known', (_, eligibility, within, outside) => {
    const plan = medicalPlan({}, { eligibility });
    expect([within, outside, {}].map((facts) => reasonFor(stay('100.00', facts), plan))).toEqual([null, 'not-eligible', 'fact-missing']);
  });

  test('a unit has to enrol the share that the plan asks', () => {
    const plan = medicalPlan({}, { unit: { minimum_participation: set('80%') } });
    const unit = (enrolledStaff: number, staff = 100): Partial<Facts> => ({ unit: { staff, enrolled: enrolledStaff } });
    expect([79, 80].map((count) => reasonFor(stay('100.00', unit(count)), plan))).toEqual(['participation-too-low', null]);
    expect([2, 3].map((count) => reasonFor(stay('100.00', unit(count, 3)), plan))).toEqual(['participation-too-low', null]);
    expect(reasonFor(stay('100.00'), plan)).toBeNull();
    expect(participates({ staff: 100, enrolled: 79 }, plan)).toBe(false);
    expect(participates({ staff: 100, enrolled: 1 }, medicalPlan())).toBe(true);
  });

  const coverBy = (decidedBy: string): CompiledPlan => medicalPlan({}, { cover: { decided_by: set(decidedBy) } });
  const coverFrom = (from: string, to: string): Facts => stay('100.00', { coverFrom: day(from), coverTo: day(to) });
  test.each([
    ['until the night before the stay', '2025-01-01', '2025-05-06', { discharge: false, admission: false, 'any-day': false }],
    ['until the day of admission', '2025-01-01', '2025-05-07', { discharge: false, admission: true, 'any-day': true }],
    ['until the day before discharge', '2025-01-01', '2025-05-09', { discharge: false, admission: true, 'any-day': true }],
    ['of a day within the stay', '2025-05-08', '2025-05-08', { discharge: false, admission: false, 'any-day': true }],
    ['from the day after admission', '2025-05-08', '2025-12-31', { discharge: true, admission: false, 'any-day': true }],
    ['from the day of discharge', '2025-05-10', '2025-12-31', { discharge: true, admission: false, 'any-day': true }],
    ['from the day after discharge', '2025-05-11', '2025-12-31', { discharge: false, admission: false, 'any-day': false }],
  ])('a cover %s counts as the deciding day of the plan has it', (_, from, to, covered) => {
    const decided = Object.keys(covered).map((by) => [by, reasonFor(coverFrom(from, to), coverBy(by)) === null]);
    expect(Object.fromEntries(decided)).toEqual(covered);
  });

  test('someone without any cover is not covered', () => {
    expect(reasonFor(stay('100.00', { coverFrom: undefined, coverTo: undefined }), medicalPlan())).toBe('not-covered');
  });

  test('the medical type is matched by its beginning', () => {
    const types = ['21', '2101', '24', '11', '52', undefined];
    expect(types.map((medType) => reasonFor(stay('5000.00', { medType }), guangxi))).toEqual([
      null,
      null,
      null,
      ...Array<string>(3).fill('not-inpatient'),
    ]);
  });

  test('a plan without a deadline takes a claim at any time', () => {
    expect(reasonFor(stay('100.00', { acceptedOn: day('2030-01-01') }), medicalPlan())).toBeNull();
  });

  const everything = medicalPlan(
    { bands: [{ above: '0.00', rates: [{ when: { hospital_level: [3] }, rate: '50%', ...why }], otherwise: 'refuse' }] },
    {
      scope: { med_types: set(['21']) },
      eligibility: { insutypes: set(['310']) },
      requires: { base_plan: set('base-plan') },
      unit: { minimum_participation: set('80%') },
      waiting: { days: set(30), counted_from: set('enrolment') },
      claim: { deadline_days: set(120), counted_from: set('day-after') },
      quota: { claims: set(1), counts: set('paid') },
      caps: { period: cap(['medical'], 'period', '10.00') },
    },
  );
  const fine: Partial<Facts> = {
    insutype: '310',
    plansHeld: ['base-plan'],
    unit: { staff: 1, enrolled: 1 },
    enrolledOn: day('2025-01-01'),
    hospitalLevel: 3,
  };
  /** Each spoils one thing more than the one after it. */
  const spoiled: readonly (readonly [string, Partial<Facts>, Accumulators])[] = [
    ['not-inpatient', { medType: '11' }, {}],
    ['not-covered', { coverTo: day('2025-05-09') }, {}],
    ['not-eligible', { insutype: '390' }, {}],
    ['base-plan-missing', { plansHeld: [] }, {}],
    ['participation-too-low', { unit: { staff: 10, enrolled: 7 } }, {}],
    ['waiting-period', { enrolledOn: day('2025-05-01') }, {}],
    ['claimed-late', { acceptedOn: day('2025-12-31') }, {}],
    ['quota-exhausted', {}, { claims: 1 }],
    ['not-named', { hospitalLevel: 0 }, {}],
    ['cap-exhausted', {}, { 'paid.medical': 1_000 }],
  ];
  test.each(spoiled.map(([reason], i) => [reason, i] as const))('%s comes before every reason after it', (reason, from) => {
    const later = spoiled.slice(from);
    const facts = stay('100.00', Object.assign({}, fine, ...later.map(([, change]) => change)) as Partial<Facts>);
    const used = Object.assign({}, ...later.map(([, , change]) => change)) as Accumulators;
    const decision = calculateAmounts(facts, used, everything);
    expect(decision).toMatchObject({ reason, lines: [], benefitFen: 0, capped: reason === 'cap-exhausted' });
    if (reason !== 'cap-exhausted') expect(decision).toMatchObject({ baseFen: 0, changes: {} });
  });

  test('who is fine is paid', () => expect(paid(stay('100.00', fine), everything)).toBe('10.00'));
});

describe('rounding', () => {
  const amounts: readonly (readonly [unit: string, mode: string, rounded: readonly string[]])[] = [
    ['0.01', 'half-up', ['0.01', '0.05', '0.50', '10.00', '100.05']],
    ['0.01', 'down', ['0.00', '0.05', '0.49', '10.00', '100.05']],
    ['0.01', 'up', ['0.01', '0.05', '0.50', '10.00', '100.05']],
    ['0.10', 'half-up', ['0.00', '0.10', '0.50', '10.00', '100.10']],
    ['0.10', 'down', ['0.00', '0.00', '0.40', '10.00', '100.00']],
    ['0.10', 'up', ['0.10', '0.10', '0.50', '10.00', '100.10']],
    ['1.00', 'half-up', ['0.00', '0.00', '0.00', '10.00', '100.00']],
    ['1.00', 'down', ['0.00', '0.00', '0.00', '10.00', '100.00']],
    ['1.00', 'up', ['1.00', '1.00', '1.00', '10.00', '101.00']],
  ];
  test.each(amounts)('to %s %s', (unit, mode, rounded) => {
    const plan = medicalPlan({}, { rounding: { unit: set(unit), mode: set(mode) } });
    // Half of these: 0.005, 0.05, 0.495, 10.00 and 100.05.
    expect(['0.01', '0.10', '0.99', '20.00', '200.10'].map((burden) => paid(stay(burden), plan))).toEqual(rounded);
  });

  test('of half a yuan goes up where half goes up', () => {
    const plan = medicalPlan({}, { rounding: { unit: set('1.00'), mode: set('half-up') } });
    expect(['0.98', '1.00', '1.02'].map((burden) => paid(stay(burden), plan))).toEqual(['0.00', '1.00', '1.00']);
  });

  test('of an allowance is to the unit of the plan as well', () => {
    const plan = planOf({ days: allowance({ per_day: set('33.33') }) }, { rounding: { unit: set('1.00'), mode: set('down') } });
    expect(paid(nights(3), plan)).toBe('99.00');
  });

  test('on the sum of the year leaves no remainder between the stays', () => {
    const plan = medicalPlan({ summed_over: set('period'), bands: [band('0.00', null, '33.33%')] });
    expect(paidForStays(['0.01', '0.01', '0.01'], plan)).toEqual(['nothing-payable', '0.01', 'nothing-payable']);
  });
});

describe('what is used up', () => {
  test('is named by the rules that ask for it, and by no others', () => {
    const summed = { summed_over: set('period') };
    const plan = planOf({ medical: medical(summed), days: allowance({ days_per_period: set(9) }), death: death(set('1.00'), 'sum') });
    expect(medicalPlan().accumulators).toEqual([]);
    expect(medicalPlan({}, { caps: { stay: cap(['medical'], 'stay', '1.00') } }).accumulators).toEqual([]);
    expect(medicalPlan({}, { caps: { period: cap(['medical'], 'period', '1.00') } }).accumulators).toEqual(['paid.medical']);
    expect(plan.accumulators).toEqual(['base.medical', 'days.days', 'paid.death']);
    expect(calculateAmounts(stay('100.00'), NOTHING, plan).changes).toEqual({ 'base.medical': 10_000, 'days.days': 3 });
  });

  test('by a claim that is paid nothing is its base, its deductible and the stay itself', () => {
    const plan = medicalPlan({
      ...threshold('deductible', { cases: [inCase({ stay: 'first' }, '500.00'), inCase(null, '300.00')] }, 'period'),
    });
    expect(calculateAmounts(stay('100.00'), NOTHING, plan)).toMatchObject({
      reason: 'nothing-payable',
      changes: { 'deductible.medical': 10_000, stays: 1 },
    });
  });

  test('is nothing by a claim that a later duty stops', () => {
    const plan = planOf(
      {
        year: medical({ summed_over: set('period') }),
        capped: medical(),
        level: medical({
          bands: [{ above: '0.00', rates: [{ when: { hospital_level: [3] }, rate: '50%', ...why }], otherwise: 'refuse' }],
        }),
      },
      { caps: { period: cap(['capped'], 'period', '10.00') } },
    );
    expect(calculateAmounts(stay('100.00'), NOTHING, plan)).toEqual({
      reason: 'not-named',
      baseFen: 0,
      lines: [],
      benefitFen: 0,
      changes: {},
      capped: false,
    });
  });

  // A name that does not change should not be there.
  test.each<[string, CompiledPlan, Facts]>([
    ['the sum of the year', medicalPlan({ summed_over: set('period') }), stay('0.00')],
    ['a deductible', medicalPlan(threshold('deductible', set('500.00'), 'period')), stay('0.00')],
    ['days', planOf({ days: allowance({ days_per_period: set(9), free_days: set(3) }) }), nights(1)],
  ])('by a claim that adds nothing to %s is nothing', (_, plan, facts) => {
    expect(calculateAmounts(facts, NOTHING, plan).changes).toEqual({});
  });

  test('adds up, and is given back when a decision falls away', () => {
    const used = Object.freeze({ 'paid.medical': 500, claims: 1 });
    const changes = Object.freeze({ 'paid.medical': 200, stays: 1 });
    const after = addAccumulators(used, changes);
    expect(after).toEqual({ 'paid.medical': 700, claims: 1, stays: 1 });
    expect(subtractAccumulators(after, changes)).toEqual({ ...used, stays: 0 });
    expect(() => subtractAccumulators(used, { claims: 2 })).toThrow('accumulator claims');
    expect(() => subtractAccumulators({}, { stays: 1 })).toThrow('accumulator stays');
  });
});

describe('a reason', () => {
  test('keeps its number for ever', () => {
    expect(REASONS.map(({ number, code }) => `${number} ${code}`)).toEqual([
      '1 not-inpatient',
      '2 not-covered',
      '3 claimed-late',
      '4 nothing-payable',
      '5 cap-exhausted',
      '6 waiting-period',
      '7 quota-exhausted',
      '8 base-plan-missing',
      '9 not-eligible',
      '10 participation-too-low',
      '11 not-named',
      '12 fact-missing',
      '13 paid-by-others',
    ]);
  });

  test.each(REASONS)('$code has a text in both languages', ({ code, zh, en }) => {
    expect(reasonOf(code)).toMatchObject({ zh: expect.stringMatching(/[\u4e00-\u9fff]/), en: expect.stringMatching(/^[A-Z].*\.$/) });
    expect([zh, en]).not.toContain('');
  });
});

const stepsOf = (steps: readonly TraceStep[]): TraceStep[] => steps.flatMap((step) => [step, ...stepsOf(step.steps ?? [])]);
const namesOf = ({ steps }: Trace): string[] => steps.map(({ step }) => step);

describe('the trace', () => {
  test('answers why this amount, step by step', () => {
    const { trace } = calculate(stay('1867.18'), NOTHING, guangxi);
    expect(trace).toEqual({
      plan: 'guangxi-1-2025',
      version: 1,
      hash: guangxi.hash,
      steps: [
        { step: 'scope', clause: 'scope.med_types', inputs: { med_type: '21' }, parameter: { med_types: ['21', '24'] } },
        {
          step: 'cover',
          clause: 'cover.decided_by',
          inputs: { eventOn: '2025-05-10', coverFrom: '2025-01-01', coverTo: '2025-12-31' },
          parameter: { decided_by: 'discharge' },
        },
        {
          step: 'deadline',
          clause: 'claim.deadline_days',
          inputs: { dischargeOn: '2025-05-10', acceptedOn: '2025-05-12', day: 2 },
          parameter: { deadline_days: 120 },
        },
        {
          step: 'duty',
          clause: 'duties.medical.title',
          inputs: { duty: 'medical' },
          steps: [
            {
              step: 'base',
              clause: 'duties.medical.base',
              inputs: { inscp_scp_amt: 186_718, fund_pay_sumamt: 0 },
              parameter: { base: 'B1' },
              resultFen: 186_718,
            },
            {
              step: 'threshold',
              clause: 'duties.medical.threshold.amount',
              inputs: { amountFen: 186_718 },
              parameter: { kind: 'deductible', thresholdFen: 100_000 },
              resultFen: 86_718,
            },
            {
              step: 'bands',
              clause: 'duties.medical.bands_on',
              inputs: { fromFen: 0, toFen: 86_718 },
              parameter: { bandsOn: 'excess', wholeAmount: false },
              steps: [
                {
                  step: 'band',
                  clause: 'duties.medical.bands.0',
                  inputs: { aboveFen: 0, upToFen: 86_718, sliceFen: 86_718 },
                  parameter: { rate: '30%' },
                  exactFen: '26015.4',
                },
              ],
              exactFen: '26015.4',
              rounding: { mode: 'half-up', unitFen: 1 },
              resultFen: 26_015,
            },
            {
              step: 'cap',
              clause: 'caps.period.amount',
              inputs: { amountFen: 26_015, usedFen: 0 },
              parameter: { capFen: 100_000_000, per: 'period' },
              resultFen: 26_015,
            },
          ],
          resultFen: 26_015,
        },
        {
          step: 'duty',
          clause: 'duties.allowance.title',
          inputs: { duty: 'allowance' },
          steps: [
            {
              step: 'days',
              clause: 'duties.allowance.per_day',
              inputs: { admissionOn: '2025-05-07', dischargeOn: '2025-05-10', days: 3, paidDays: 3 },
              parameter: { perDayFen: 5_000, minimumDays: 1, freeDays: 0 },
              resultFen: 15_000,
            },
            {
              step: 'limit',
              clause: 'duties.allowance.amount_per_stay',
              inputs: {},
              parameter: { limitFen: 20_000 },
              resultFen: 15_000,
            },
          ],
          resultFen: 15_000,
        },
      ],
      reason: null,
      resultFen: 41_015,
    });
  });

  const wide = parsePlan(
    JSON.stringify({
      id: 'wide',
      version: 3,
      title,
      issuer: 'nobody',
      effective_on: '2025-01-01',
      sources: {},
      cover_period: { from: '2025-01-01', to: '2025-12-31', ...why },
      scope: { med_types: set(['21']) },
      eligibility: { insutypes: set(['310']), psn_types: set(['11']), ages: { from: 16, to: 70, ...why } },
      cover: { decided_by: set('any-day') },
      requires: { base_plan: set('base-plan') },
      unit: { minimum_participation: set('80%') },
      waiting: { days: { cases: [inCase({ enrolment: ['new'] }, 30), inCase(null, 0)] }, counted_from: set('enrolment') },
      claim: { deadline_days: set(120), death_deadline_days: set(180), counted_from: set('day-after') },
      quota: { claims: set(3), counts: set('paid') },
      payers: { order: set(['city-plan', 'self']), indemnity: set(true) },
      rounding: { unit: set('0.01'), mode: set('half-up') },
      duties: {
        year: medical({
          summed_over: set('period'),
          prorated: set('days-covered'),
          ...threshold('deductible', { cases: [inCase({ hardship: true }, '0.00'), inCase(null, '100.00')] }, 'period'),
          extra_points: { per_period: '1%', at_most: '5%', ...why },
        }),
        drug: medical({
          base: { sum: [{ add: 'item:drug', share: '50%', at_most: '100.00' }], ...why },
          ...threshold('gate', set('10.00')),
        }),
        days: allowance({
          days_per_period: set(90),
          days_per_stay: set(30),
          amount_per_stay: set('500.00'),
          amount_per_period: set('900.00'),
        }),
        illness: lumpSum('replaces'),
        death: death({ cases: [inCase({ cause: 'illness' }, '1000.00'), inCase(null, '2000.00')] }, 'top-up'),
      },
      caps: { all: cap(['year', 'drug'], 'period', '5000.00'), stay: cap(['year', 'drug', 'days'], 'stay', '3000.00') },
    }),
    'wide.yaml',
  );
  const wideFacts: Facts = {
    ...stay('4000.00', { admissionOn: day('2025-12-28'), dischargeOn: day('2026-01-03'), acceptedOn: day('2026-01-10') }),
    items: { drug: yuan('300.00') },
    otherPayers: [{ payer: 'city-plan', amountFen: yuan('50.00') }],
    insutype: '310',
    psnType: '11',
    age: 40,
    enrolmentKind: 'new',
    enrolledOn: day('2025-01-01'),
    consecutivePeriods: 4,
    plansHeld: ['base-plan'],
    unit: { staff: 10, enrolled: 9 },
    hardship: false,
    severity: 'light',
    diagnosedOn: day('2025-12-30'),
    deathOn: day('2025-12-31'),
    deathCause: 'accident',
  };
  const wideUsed: Accumulators = { 'base.year': 20_000, 'paid.year': 5_000, 'days.days': 2, 'paid.days': 10_000, claims: 1 };
  const { trace: wideTrace, ...wideAmounts } = calculate(wideFacts, wideUsed, wide);

  test('has every kind of step where a plan has every kind of rule', () => {
    expect([...new Set(stepsOf(wideTrace.steps).map(({ step }) => step))].sort()).toEqual([
      'band',
      'bands',
      'base',
      'base-plan',
      'cap',
      'cover',
      'days',
      'deadline',
      'death',
      'duty',
      'eligibility',
      'extra-points',
      'indemnity',
      'limit',
      'lump-sum',
      'proration',
      'quota',
      'scope',
      'sum',
      'threshold',
      'unit',
      'waiting',
    ]);
  });

  test('names a clause of the plan at every step, or the title of a duty', () => {
    const titles = wide.duties.map(({ path }) => `${path}.title`);
    for (const { step, clause } of stepsOf(wideTrace.steps)) {
      if (step === 'duty') expect(titles).toContain(clause);
      else expect(wide.clauses).toHaveProperty([clause]);
    }
  });

  const onlyInsured = (value: string | number): Content => ({ cases: [inCase({ insutype: ['310'] }, value)], otherwise: 'refuse' });
  // No case holds: the step names the value as a whole, which has no clause of its own.
  test.each<[string, CompiledPlan]>([
    ['a wait', medicalPlan({}, { waiting: { days: onlyInsured(30), counted_from: set('enrolment') } })],
    ['a cap', medicalPlan({}, { caps: { period: cap(['medical'], 'period', onlyInsured('1.00')) } })],
    ['a deductible', medicalPlan(threshold('deductible', onlyInsured('1.00')))],
    [
      'a rate',
      medicalPlan({ bands: [{ above: '0.00', rates: [{ when: { insutype: ['310'] }, rate: '50%', ...why }], otherwise: 'refuse' }] }),
    ],
    ['a day', planOf({ days: allowance({ per_day: onlyInsured('50.00') }) })],
  ])('names a clause of the plan where for %s it has none for the member', (_, plan) => {
    const steps = stepsOf(calculate(stay('100.00'), NOTHING, plan).trace.steps).filter(({ step }) => step !== 'duty');
    for (const { clause } of steps) expect(plan.clauses).toHaveProperty([clause]);
  });

  test('ends in the benefit, duty by duty', () => {
    const duties = wideTrace.steps.filter(({ step }) => step === 'duty');
    expect(wideTrace.resultFen).toBe(wideAmounts.benefitFen);
    expect(duties.map(({ inputs, resultFen }) => [inputs['duty'], resultFen]).filter(([, amount]) => amount !== 0)).toEqual(
      wideAmounts.lines.map(({ duty, amountFen }) => [duty, amountFen]),
    );
  });

  test('is no part of the amounts: without it they are the same', () => {
    expect(calculateAmounts(wideFacts, wideUsed, wide)).toEqual(wideAmounts);
    const late = { ...wideFacts, acceptedOn: day('2027-01-01') };
    expect(calculate(late, wideUsed, wide)).toEqual({ ...calculateAmounts(late, wideUsed, wide), trace: expect.anything() });
  });

  test('replays byte for byte, and stays whole through JSON', () => {
    const text = JSON.stringify(wideTrace);
    expect(JSON.stringify(calculate(structuredClone(wideFacts), { ...wideUsed }, wide).trace)).toBe(text);
    expect(JSON.parse(text)).toEqual(wideTrace);
    expect(JSON.stringify(calculate(stay('1867.18'), NOTHING, loadPlan('guangxi-1-2025')).trace)).toBe(
      JSON.stringify(calculate(stay('1867.18'), NOTHING, guangxi).trace),
    );
  });

  test('of a refusal ends with the step that refused', () => {
    const late = calculate(stay('5000.00', { acceptedOn: addDays(DISCHARGE, 121) }), NOTHING, guangxi).trace;
    expect(namesOf(late)).toEqual(['scope', 'cover', 'deadline']);
    expect(late).toMatchObject({ reason: 'claimed-late', resultFen: 0 });
    const outpatient = calculate(stay('5000.00', { medType: '11' }), NOTHING, guangxi).trace;
    expect(namesOf(outpatient)).toEqual(['scope']);
  });

  test('of what is not named ends within its duty, with the circumstances and without a result', () => {
    const plan = medicalPlan({
      bands: [{ above: '0.00', rates: [{ when: { hospital_level: [3] }, rate: '50%', ...why }], otherwise: 'refuse' }],
    });
    const { trace } = calculate(stay('100.00', { hospitalLevel: 0 }), NOTHING, plan);
    expect(trace).toMatchObject({ reason: 'not-named', resultFen: 0 });
    const last = trace.steps.at(-1);
    expect(last).toMatchObject({
      step: 'duty',
      inputs: { duty: 'medical' },
      steps: [{ step: 'base' }, { step: 'band', inputs: { hospitalLevel: 0 } }],
    });
    for (const step of stepsOf([last!]).filter((each) => each.step !== 'base')) expect(step).not.toHaveProperty('resultFen');
  });

  test.each<[string, CompiledPlan, Content]>([
    ['an amount', medicalPlan({ base: set('B2') }), { step: 'base', inputs: { fulamt_ownpay_amt: null } }],
    ['the burden', medicalPlan({ base: set('remaining-burden') }), { step: 'base', inputs: { psn_part_amt: null } }],
    [
      'the number of periods',
      medicalPlan({ base: set('B1'), extra_points: { per_period: '1%', at_most: '5%', ...why } }),
      { step: 'extra-points', inputs: { consecutivePeriods: null } },
    ],
  ])('of a claim that lacks %s ends with the fact that is missing', (_, plan, step) => {
    const amounts = plan.duties.some((duty) => duty.kind === 'reimbursement' && duty.base.named === 'B2')
      ? { psn_part_amt: yuan('1.00') }
      : {};
    const facts = stay('0.00', { amounts: { inscp_scp_amt: yuan('9.00'), fund_pay_sumamt: ZERO_FEN, ...amounts } });
    const { trace } = calculate(facts, NOTHING, plan);
    expect(trace).toMatchObject({ reason: 'fact-missing', resultFen: 0 });
    expect(trace.steps.at(-1)?.steps?.at(-1)).toMatchObject(step);
  });

  test('shows the exact amount before it is rounded', () => {
    const plan = medicalPlan({ bands: [band('0.00', null, '33.33%')] });
    const [bands] = stepsOf(calculate(stay('10.01'), NOTHING, plan).trace.steps).filter(({ step }) => step === 'bands');
    expect(bands).toMatchObject({ exactFen: '333.6333', resultFen: 334 });
  });

  test('shows a part and a limit of an amount as the plan has them', () => {
    const [base] = stepsOf(wideTrace.steps).filter(({ clause }) => clause === 'duties.drug.base');
    expect(base).toMatchObject({
      inputs: { 'item:drug': 30_000 },
      parameter: { base: 'sum', shares: ['drug 50% ≤ 10000'] },
      resultFen: 10_000,
    });
  });
});
