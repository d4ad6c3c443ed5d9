/** Random stays of one member, drawn to the places where the printed rule of a plan turns. */
import fc from 'fast-check';
import { addDays, civilDate, fen, type CivilDate } from '@app/kernel';
import type { Facts } from '../../libs/benefits/src/facts.js';

/** In-scope self-pay; self-pay of official tables; all the person bears; what is left of that after other payers. */
type Sum = 'B1' | 'B2' | 'B3' | 'remaining';

interface Turns {
  /** The sums that the rule reads. */
  readonly sums: readonly Sum[];
  /** Yuan at which the rule turns: thresholds, bounds of bands, and where a cap is reached. */
  readonly at: readonly string[];
  /** The rule reads the sum of the stays so far. */
  readonly running?: boolean;
  readonly outOfScopeAt?: readonly string[];
  readonly drugAt?: readonly string[];
}

/** A tenth of a yuan and a twentieth are where 70 %, 55 % and 45 % come to half a fen or to a whole yuan. */
const ROUNDING = ['0.05', '0.10', '20.00', '1733.84', '2075.00'];

const TURNS: Readonly<Record<string, Turns>> = {
  'guangxi-1-2025': {
    sums: ['B1', 'B2', 'B3'],
    at: ['1000', '10000', '11000', '30000', '31000', '50000', '51000', '1078736.84', '1079421.05'],
  },
  sanmen: { sums: ['B1'], at: ROUNDING },
  'hubei-inpatient-2025': { sums: ['B1'], at: ROUNDING },
  'hubei-critical-2025': { sums: ['B1'], at: ['3000', '10000'] },
  'weihai-2013': { sums: ['B3'], at: ['10000', '40000', '68888.88', '75000'], running: true },
  'yulin-union': { sums: ['B1'], at: ['2000', '10000', '95600'] },
  'ningde-2012': { sums: ['B1'], at: ['300', '500', '33833.33', '40300', '50300'] },
  'zhangzhou-2021': { sums: ['B1'], at: ['300', '1966.67', '83633.33'], running: true },
  'hainan-2': { sums: ['B1'], at: ['1000', '5000', '10000', '73571.43', '74285.71'] },
  'yunnan-20-second-aid': { sums: ['remaining'], at: ['100000', '200000', '1000000', '1250000'] },
  'beijing-allowance-2011': { sums: ['B1'], at: ['7200'] },
  'guangdong-2017': { sums: ['B1'], at: ROUNDING },
  qingyang: { sums: ['B1'], at: ROUNDING },
  'guangzhou-2023': { sums: ['B1'], at: ['1000'] },
  'large-illness-bands-on-base': { sums: ['B1'], at: ['12000', '30000', '100000'] },
  'large-illness-bands-on-excess': { sums: ['B1'], at: ['20000', '40000', '70000', '120000'] },
  'basic-by-hospital-level': { sums: ['B1'], at: ['200', '500', '800'] },
  'city-plan-three-duties': { sums: ['B1'], at: ['10000'], outOfScopeAt: ['20000'], drugAt: ['20000'] },
  'daily-cash': { sums: ['B1'], at: ['1000'] },
  indemnity: { sums: ['remaining'], at: ['10000'] },
};

const WITH_DEATH = ['guangxi-1-2025', 'hainan-2', 'zhangzhou-2021'];
const FIRST_DAY: Readonly<Record<string, CivilDate>> = { 'guangzhou-2023': civilDate('2024-07-01') };
const PERIOD_DAYS = 365;

const fenOf = (yuan: string): number => Number(yuan.replace('.', '')) * (yuan.includes('.') ? 1 : 100);
const upTo = (yuan: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: yuan * 100 });

interface Wanted {
  /** Where the rule turns; to be reached by the running sum where the rule reads that. */
  readonly turn: boolean;
  readonly fen: number;
}

/** Below zero where funds pay for more than what is in scope. */
function wanted(at: readonly string[]): fc.Arbitrary<Wanted> {
  const turn = fc.tuple(fc.constantFrom(...at.map(fenOf)), fc.integer({ min: -1, max: 1 })).map(([point, by]) => point + by);
  const plain = (amount: fc.Arbitrary<number>): fc.Arbitrary<Wanted> => amount.map((value) => ({ turn: false, fen: value }));
  return fc.oneof(
    { weight: 8, arbitrary: turn.map((value) => ({ turn: true, fen: value })) },
    { weight: 5, arbitrary: plain(upTo(Math.ceil((fenOf(at.at(-1)!) * 3) / 200))) },
    { weight: 3, arbitrary: plain(upTo(50_000)) },
    { weight: 1, arbitrary: plain(upTo(3_000_000)) },
    { weight: 1, arbitrary: plain(fc.integer({ min: 0, max: 40 })) },
    { weight: 1, arbitrary: plain(fc.constantFrom(0, 300_000_000)) },
    { weight: 1, arbitrary: plain(fc.integer({ min: -50_000, max: -1 })) },
  );
}

const small = fc.oneof(fc.constant(0), upTo(2_000));
const PAYERS = ['large-illness', 'medical-assistance', 'commercial'];

function bill(turns: Turns) {
  return fc.record({
    sum: fc.constantFrom(...turns.sums),
    wanted: wanted(turns.at),
    fund: fc.oneof(small, upTo(200_000)),
    preselfpay: small,
    overLimit: small,
    outOfScope: turns.outOfScopeAt ? wanted(turns.outOfScopeAt).map(({ fen: value }) => Math.max(value, 0)) : small,
    hospital: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: upTo(100) }),
    fromAccount: small,
    payers: fc.array(fc.record({ payer: fc.constantFrom(...PAYERS), amountFen: fc.oneof(small, upTo(150_000)) }), { maxLength: 3 }),
    told: fc.oneof({ weight: 2, arbitrary: fc.constant('sum') }, { weight: 2, arbitrary: fc.constant('payers') }, fc.constant('overpaid')),
    drug: turns.drugAt ? fc.option(wanted(turns.drugAt).map(({ fen: value }) => Math.max(value, 0))) : fc.constant(null),
  });
}
type Bill = ReturnType<typeof bill> extends fc.Arbitrary<infer T> ? T : never;

/**
 * Amounts whose `sum` is `value`. The identities of a settlement leave no choice:
 * B3 = B1 + preselfpay + overLimit + outOfScope - hospital, and B2 = B3 - outOfScope.
 */
function settlement({ sum, fund, preselfpay, overLimit, outOfScope, hospital, fromAccount }: Bill, value: number): Facts['amounts'] {
  const aside = preselfpay + overLimit;
  const out = sum === 'B2' ? Math.max(outOfScope, -value) : outOfScope;
  const personPart = sum === 'B1' ? Math.max(value + aside + out - hospital, 0) : sum === 'B2' ? value + out : Math.max(value, 0);
  const inScopeSelfPay = sum === 'B1' ? value : personPart - aside - out + hospital;
  // What is left open: the hospital bears more, or the class-B share is larger.
  const gap = personPart - (inScopeSelfPay + aside + out - hospital);
  const funds = Math.max(fund, -inScopeSelfPay);
  const account = Math.min(fromAccount, personPart);
  const assistance = Math.min(fromAccount, funds);
  return {
    medfee_sumamt: fen(inScopeSelfPay + funds + aside + gap + out),
    fulamt_ownpay_amt: fen(out),
    overlmt_selfpay: fen(overLimit),
    preselfpay_amt: fen(preselfpay + gap),
    inscp_scp_amt: fen(inScopeSelfPay + funds),
    act_pay_dedc: fen(Math.min(80_000, Math.max(inScopeSelfPay, 0))),
    hifp_pay: fen(funds - assistance),
    maf_pay: fen(assistance),
    hosp_part_amt: fen(hospital),
    fund_pay_sumamt: fen(funds),
    psn_part_amt: fen(personPart),
    acct_pay: fen(account),
    psn_cash_pay: fen(personPart - account),
  };
}

/** What the bill says, `value` being what the rule is to read of it. */
function billFacts(bill: Bill, value: number): Partial<Facts> {
  const otherPayers = bill.payers.map(({ payer, amountFen }) => ({ payer, amountFen: fen(amountFen) }));
  const items = bill.drug === null ? {} : { items: { 'special-drug': fen(bill.drug) } };
  const others = bill.payers.reduce((sum, { amountFen }) => sum + amountFen, 0);
  if (bill.sum !== 'remaining') return { amounts: settlement(bill, value), otherPayers, ...items };
  if (bill.told === 'overpaid') return { amounts: settlement(bill, Math.min(others, Math.max(value, 0))), otherPayers };
  const amounts = settlement(bill, Math.max(value, 0) + others);
  return bill.told === 'sum' ? { amounts, otherPayers, remainingBurdenFen: fen(Math.max(value, 0)) } : { amounts, otherPayers };
}

const nights = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 19, 20, 21, 92, 93, 94, 120), fc.integer({ min: 0, max: 120 }));

/** A day, told from the first or the last day of the cover. */
const day = fc.oneof(
  { weight: 12, arbitrary: fc.record({ from: fc.constant('first'), days: fc.integer({ min: 0, max: PERIOD_DAYS - 30 }) }) },
  { weight: 3, arbitrary: fc.record({ from: fc.constantFrom('first', 'last'), days: fc.integer({ min: -2, max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ from: fc.constantFrom('first', 'last'), days: fc.integer({ min: 0, max: 120 }) }) },
  { weight: 1, arbitrary: fc.record({ from: fc.constant('first'), days: fc.integer({ min: -200, max: -1 }) }) },
);
const within = (days: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 30 }) },
    { weight: 2, arbitrary: fc.constantFrom(days - 1, days, days + 1) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: days + 10 }) },
  );
const weighted = (...choices: readonly (readonly [weight: number, value: string])[]): fc.Arbitrary<string> =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

/** What happened: `aside` is the death or the diagnosis that some plans pay for. */
function happening(planId: string) {
  const happens =
    planId === 'hubei-critical-2025'
      ? weighted([1, 'stay'], [2, 'both'], [7, 'aside'])
      : WITH_DEATH.includes(planId)
        ? weighted([10, 'stay'], [1, 'both'], [1, 'aside'])
        : fc.constant('stay');
  return fc.record({
    happens,
    day,
    nights,
    acceptedAfter: within(120),
    deathAcceptedAfter: within(180),
    medType: weighted([9, '21'], [4, '24'], [4, '2101'], [1, '11']),
    hospitalLevel: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(1, 2, 3) }, { weight: 1, arbitrary: fc.constant(0) }),
    severity: fc.constantFrom('light', 'severe'),
    deathCause: planId === 'zhangzhou-2021' ? fc.constant('illness' as const) : fc.constantFrom('illness' as const, 'accident' as const),
    bill: bill(TURNS[planId]!),
  });
}
type Happening = ReturnType<typeof happening> extends fc.Arbitrary<infer T> ? T : never;

const unit = fc.integer({ min: 1, max: 200 }).chain((staff) =>
  fc.record({
    staff: fc.constant(staff),
    enrolled: fc
      .oneof(fc.integer({ min: -1, max: 1 }), fc.integer({ min: 0, max: 60 }))
      .map((by) => Math.max(0, Math.min(staff, Math.ceil((staff * 4) / 5) + by))),
  }),
);

function member(planId: string) {
  const yes = fc.constant(true);
  return fc.record({
    covered: fc.oneof({ weight: 24, arbitrary: yes }, { weight: 1, arbitrary: fc.constant(false) }),
    coverStartsAfter: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 300 }) }),
    insutype: fc.oneof({ weight: 9, arbitrary: fc.constantFrom('310', '390', 'none') }, { weight: 1, arbitrary: fc.constant(null) }),
    psnType: fc.constantFrom('11', '12'),
    consecutivePeriods: fc.integer({ min: 1, max: 15 }),
    enrolmentKind: fc.constantFrom('new' as const, 'renewal' as const, 'late-renewal' as const, 'transfer' as const),
    enrolledBefore: fc.oneof(fc.constantFrom(29, 30, 31), fc.integer({ min: -30, max: 400 })),
    unit: planId === 'guangzhou-2023' ? fc.option(unit, { freq: 2 }) : fc.constant(null),
  });
}

/** One to five facts of one member in order, all of one cover period. */
export function memberStays(planId: string): fc.Arbitrary<readonly Facts[]> {
  const turns = TURNS[planId];
  if (turns === undefined) throw new Error(`expected one of ${Object.keys(TURNS).join(', ')}, found "${planId}"`);
  const firstDay = FIRST_DAY[planId] ?? civilDate('2025-01-01');
  const coverTo = addDays(firstDay, PERIOD_DAYS - 1);

  return fc.tuple(member(planId), fc.array(happening(planId), { minLength: 1, maxLength: 5, size: 'max' })).map(([person, happenings]) => {
    const coverFrom = addDays(firstDay, person.coverStartsAfter);
    const dayOf = ({ day: { from, days } }: Happening): CivilDate => addDays(from === 'first' ? coverFrom : coverTo, days);
    const inOrder = happenings
      .map((happening) => ({ happening, on: dayOf(happening) }))
      .sort((one, other) => (one.on < other.on ? -1 : one.on > other.on ? 1 : 0));
    const [first] = inOrder;
    const admittedFirst = addDays(first!.on, -first!.happening.nights);

    const known: Partial<Facts> = {
      psnType: person.psnType,
      ...(person.covered ? { coverFrom, coverTo } : {}),
      ...(person.insutype === null ? {} : { insutype: person.insutype }),
      ...(planId === 'yunnan-20-second-aid' ? { consecutivePeriods: person.consecutivePeriods } : {}),
      ...(planId === 'guangzhou-2023'
        ? { enrolmentKind: person.enrolmentKind, enrolledOn: addDays(admittedFirst, -person.enrolledBefore) }
        : {}),
      ...(person.unit === null ? {} : { unit: person.unit }),
    };
    let sum = 0;
    return inOrder.map(({ happening, on }): Facts => {
      const { happens, bill } = happening;
      const aside =
        planId === 'hubei-critical-2025'
          ? { severity: happening.severity, diagnosedOn: on }
          : { deathOn: on, deathCause: happening.deathCause };
      if (happens === 'aside') return { ...known, ...aside, acceptedOn: addDays(on, happening.deathAcceptedAfter) };
      const value =
        turns.running && bill.wanted.turn && bill.wanted.fen >= sum && on >= coverFrom && on <= coverTo
          ? bill.wanted.fen - sum
          : bill.wanted.fen;
      if (on >= coverFrom && on <= coverTo && happening.medType !== '11') sum += Math.max(value, 0);
      return {
        ...known,
        ...(happens === 'both' ? aside : {}),
        acceptedOn: addDays(on, happening.acceptedAfter),
        admissionOn: addDays(on, -happening.nights),
        dischargeOn: on,
        medType: happening.medType,
        hospitalLevel: happening.hospitalLevel,
        ...billFacts(bill, value),
      };
    });
  });
}
