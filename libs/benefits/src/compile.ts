/**
 * From the text of a plan to the form that the calculator runs on: integers of fen and basis points, and the ground of every value by its
 * path. A plan that is not fully understood is refused whole. The rules that the shape of the language cannot express are checked here.
 */
import { ZERO_FEN, formatYuan, parseYuan, type CivilDate, type Fen, type Rounding } from '@app/kernel';
import { LineCounter, parseDocument, visit, type Alias, type Document } from 'yaml';
import {
  PLAN,
  type BaseContent,
  type Conditional,
  type DutyContent,
  type Ground,
  type PlanContent,
  type Reimbursement,
  type SettlementField,
  type When,
} from './language.js';
import { planHash } from './plan-hash.js';
import { PlanInvalid, describe, dotted, shapeProblems, type Path, type PlanProblem } from './plan-problem.js';

/** A value and the key of its ground. */
export interface Answer<T> {
  readonly clause: string;
  readonly value: T;
}
/** One answer for everybody, or the first of the cases that holds. */
export interface Choice<T> {
  readonly constant: Answer<T> | null;
  readonly cases: readonly { readonly when: When | undefined; readonly answer: Answer<T> }[];
}

export interface Rate {
  /** As published, "30%". */
  readonly text: string;
  readonly basisPoints: number;
}
/** A slice of the amount, above `aboveFen` up to and including `upToFen`. */
export interface CompiledBand {
  readonly clause: string;
  readonly aboveFen: Fen;
  /** null: no upper bound. */
  readonly upToFen: Fen | null;
  readonly rate: Choice<Rate>;
}
export type AmountName = { readonly field: SettlementField } | { readonly item: string };
export interface BaseTerm {
  readonly sign: 1 | -1;
  readonly of: AmountName;
  readonly share: Rate | null;
  readonly atMostFen: Fen | null;
}
export type CompiledBase = { readonly named: 'remaining-burden' } | { readonly named: string; readonly terms: readonly BaseTerm[] };

interface DutyHead {
  readonly id: string;
  readonly path: string;
  readonly title: { readonly zh: string; readonly en: string };
  /** Indexes into {@link CompiledPlan.caps}. */
  readonly caps: readonly number[];
  /** Where the duty's payments are counted: "paid.<id>"; null where no rule asks. */
  readonly paidName: string | null;
}
export interface CompiledReimbursement extends DutyHead {
  readonly kind: 'reimbursement';
  readonly base: CompiledBase;
  readonly baseClause: string;
  readonly summed: boolean;
  readonly prorated: boolean;
  readonly threshold: { readonly kind: 'deductible' | 'gate'; readonly amount: Choice<Fen>; readonly perPeriod: boolean } | null;
  readonly bandsOnBase: boolean;
  readonly bandsClause: string;
  readonly wholeAmount: boolean;
  readonly lowerInclusive: boolean;
  readonly bands: readonly CompiledBand[];
  readonly extraPoints: { readonly clause: string; readonly perPeriod: number; readonly atMost: number } | null;
}
export interface CompiledAllowance extends DutyHead {
  readonly kind: 'allowance';
  readonly perDay: Choice<Fen>;
  readonly minimumDays: number;
  readonly prorated: boolean;
  readonly freeDays: number;
  readonly daysPerStay: number | null;
  readonly daysPerPeriod: number | null;
  readonly amountPerStayFen: Fen | null;
  readonly amountPerPeriodFen: Fen | null;
}
export interface CompiledLumpSum extends DutyHead {
  readonly kind: 'lump-sum';
  readonly amount: Choice<Fen>;
  readonly replaces: boolean;
}
export interface CompiledDeath extends DutyHead {
  readonly kind: 'death';
  readonly amount: Choice<Fen>;
  readonly topUp: boolean;
}
export type CompiledDuty = CompiledReimbursement | CompiledAllowance | CompiledLumpSum | CompiledDeath;

export interface CompiledCap {
  readonly id: string;
  readonly path: string;
  readonly perPeriod: boolean;
  readonly amount: Choice<Fen>;
  /** "paid.<id>" of its duties. */
  readonly paidNames: readonly string[];
}

export interface CompiledPlan {
  readonly id: string;
  readonly version: number;
  readonly title: { readonly zh: string; readonly en: string };
  readonly issuer: string;
  /** sha256 of the content with the selection in place; a decision keeps it. */
  readonly hash: string;
  readonly effectiveOn: CivilDate;
  /** First and last day of the cover period. */
  readonly coverFrom: CivilDate;
  readonly coverTo: CivilDate;
  readonly sources: Readonly<Record<string, { readonly title: string; readonly grade: string }>>;
  /** By the path of the value in the plan ("duties.medical.threshold.amount"): the clause keys of traces and reasons. */
  readonly clauses: Readonly<Record<string, Ground>>;
  /** Prefixes of med_type; null: any. */
  readonly medTypes: readonly string[] | null;
  readonly insutypes: readonly string[] | null;
  readonly psnTypes: readonly string[] | null;
  readonly ages: { readonly from: number; readonly to: number } | null;
  readonly coverDecidedBy: 'discharge' | 'admission' | 'any-day';
  readonly basePlan: string | null;
  readonly minimumParticipation: Rate | null;
  readonly waitingDays: Choice<number> | null;
  readonly renewalOnTimeDays: number | null;
  /** Last day to claim; the day after the event is day 1. */
  readonly deadlineDays: number | null;
  readonly deathDeadlineDays: number | null;
  readonly quota: number | null;
  /** Whether every claim counts, or only those that are paid. */
  readonly countsEvery: boolean;
  /** Those who pay after this plan; what anybody else paid comes before, so that nothing is paid twice. */
  readonly payersAfter: readonly string[];
  readonly indemnity: boolean;
  readonly rounding: { readonly mode: Rounding; readonly unitFen: number };
  readonly duties: readonly CompiledDuty[];
  readonly caps: readonly CompiledCap[];
  /** Names that decisions under this plan add to, in a fixed order. */
  readonly accumulators: readonly string[];
  /** Whether stays, and claims, are counted. */
  readonly countsStays: boolean;
  readonly countsClaims: boolean;
  /** What it asks about the person that no settlement tells: nobody need look up, or keep, more than that. */
  readonly asks: AskedFacts;
}

export interface AskedFacts {
  readonly age: boolean;
  /** Of the enrolment: its kind, and since when without a gap. */
  readonly enrolment: boolean;
  /** Whether a move between units is a kind of its own. */
  readonly transfer: boolean;
  readonly consecutivePeriods: boolean;
  readonly plansHeld: boolean;
}

/** Answers chosen among a value's `options`, by its path: `{ 'duties.medical.base': 'B2' }`. */
export type Selection = Readonly<Record<string, string | number | boolean>>;

/**
 * Compiles a plan, once. `file` only names the text in messages; `selection` replaces the default of values that list options, and changes the
 * hash. Throws DomainError `plan-invalid` (kind invalid; details file, path, expected, found, remedy of the first, and all `problems`).
 */
export function parsePlan(yamlText: string, file: string, selection: Selection = {}): CompiledPlan {
  const lines = new LineCounter();
  const document = parseDocument(yamlText, { lineCounter: lines });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault)
    throw new PlanInvalid(file, [
      { path: '(root)', line: fault.linePos?.[0].line ?? 1, expected: 'YAML', found: fault.message, remedy: 'correct the text' },
    ]);
  const located = (problem: Omit<PlanProblem, 'line'>): PlanProblem => {
    const line = lineOf(document, lines, problem.path);
    return line === undefined ? problem : { ...problem, line };
  };
  const chosen = select(contentOf(document, lines, file), selection, (problem) => new PlanInvalid(file, [located(problem)]));
  const read = PLAN.safeParse(chosen);
  if (!read.success) throw new PlanInvalid(file, shapeProblems(read.error.issues, chosen).map(located));
  const compiler = new Compiler(read.data);
  const plan = compiler.compile(planHash(chosen));
  if (compiler.problems.length > 0) throw new PlanInvalid(file, compiler.problems.map(located));
  return plan;
}

/** A plan says everything where it stands: an alias may point at nothing, at itself, or at more than any reader can hold. */
function contentOf(document: Document, lines: LineCounter, file: string): unknown {
  let alias: Alias | undefined;
  visit(document, { Alias: (_, node) => ((alias = node), visit.BREAK) });
  if (alias)
    throw new PlanInvalid(file, [
      {
        path: '(root)',
        line: lines.linePos(alias.range![0]).line,
        expected: 'a plan without YAML aliases',
        found: `the alias *${alias.source}`,
        remedy: 'write the value out',
      },
    ]);
  return document.toJS();
}

/** Of the nearest thing above that exists. */
function lineOf(document: Document, lines: LineCounter, path: string): number | undefined {
  const keys = path === '(root)' ? [] : path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  for (; keys.length > 0; keys.pop()) {
    const node = document.getIn(keys, true) as { range?: readonly number[] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]!).line;
  }
  return undefined;
}

/** The content with the selected answers in place; an answer that is not among the options is refused. */
function select(content: unknown, selection: Selection, refuse: (problem: Omit<PlanProblem, 'line'>) => Error): unknown {
  const copy: unknown = structuredClone(content);
  for (const [path, answer] of Object.entries(selection)) {
    const node = path.split('.').reduce<unknown>((at, key) => (isMapping(at) && Object.hasOwn(at, key) ? at[key] : undefined), copy);
    if (!isMapping(node) || !Array.isArray(node['options']))
      throw refuse({
        path,
        expected: 'a value with options',
        found: `the selection ${answer}`,
        remedy: 'select only values that list options',
      });
    const options: readonly unknown[] = node['options'];
    if (!options.includes(answer))
      throw refuse({ path, expected: `one of the options ${options.join(', ')}`, found: describe(answer), remedy: 'select one of them' });
    node['value'] = answer;
  }
  return copy;
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const toFen = (text: string): Fen => parseYuan(text)!;

function toRate(text: string): Rate {
  const [whole, part = ''] = text.slice(0, -1).split('.');
  return { text, basisPoints: Number(whole) * 100 + Number(part.padEnd(2, '0')) };
}

const FULL = 10_000;
const NAMED_BASES: Readonly<Record<string, readonly [1 | -1, SettlementField][]>> = {
  B1: [
    [1, 'inscp_scp_amt'],
    [-1, 'fund_pay_sumamt'],
  ],
  B2: [
    [1, 'psn_part_amt'],
    [-1, 'fulamt_ownpay_amt'],
  ],
  B3: [[1, 'psn_part_amt']],
};

/** Collects what is wrong and goes on, so that the author of a plan sees everything at once. */
class Compiler {
  readonly problems: Omit<PlanProblem, 'line'>[] = [];
  private readonly clauses: Record<string, Ground> = {};
  private readonly counted = new Set<string>();
  private countsStays = false;
  private countsClaims = false;
  private readonly asks = { age: false, enrolment: false, transfer: false, consecutivePeriods: false, plansHeld: false };

  constructor(private readonly plan: PlanContent) {}

  compile(hash: string): CompiledPlan {
    const { plan } = this;
    this.ground(['cover_period'], plan.cover_period);
    if (plan.cover_period.to < plan.cover_period.from)
      this.problem(['cover_period', 'to'], `a date not before ${plan.cover_period.from}`, plan.cover_period.to, 'correct the cover period');
    if (plan.effective_on > plan.cover_period.to)
      this.problem(
        ['effective_on'],
        `a day up to ${plan.cover_period.to}, the end of the cover period`,
        plan.effective_on,
        'correct the date',
      );
    if (plan.eligibility?.ages) {
      this.ground(['eligibility', 'ages'], plan.eligibility.ages);
      this.ages(['eligibility', 'ages'], plan.eligibility.ages);
      this.asks.age = true;
    }
    const roundingMode = this.value(['rounding', 'mode'], plan.rounding.mode);
    const unitFen = toFen(this.value(['rounding', 'unit'], plan.rounding.unit));
    const caps = Object.entries(plan.caps ?? {}).map(([id, cap]) => this.cap(id, cap));
    const duties = Object.entries(plan.duties).map(([id, duty]) => this.duty(id, duty, caps));
    if (duties.length === 0) this.problem(['duties'], 'at least one duty', 'none', 'write what the plan pays');
    if (duties.some((duty) => duty.kind === 'death' && duty.topUp)) for (const { id } of duties) this.counted.add(`paid.${id}`);
    const quota = plan.quota ? this.value(['quota', 'claims'], plan.quota.claims) : null;
    const countsEvery = plan.quota ? this.value(['quota', 'counts'], plan.quota.counts) === 'every' : false;
    const order = plan.payers ? this.value(['payers', 'order'], plan.payers.order) : null;
    if (order && order.filter((payer) => payer === 'self').length !== 1)
      this.problem(['payers', 'order'], '"self" once among the payers', describe(order), 'say where this plan stands among them');
    const waitingDays = plan.waiting ? this.choice(['waiting', 'days'], plan.waiting.days, (days) => days) : null;
    if (plan.waiting) this.value(['waiting', 'counted_from'], plan.waiting.counted_from);
    if (plan.claim) this.value(['claim', 'counted_from'], plan.claim.counted_from);
    const optional = <T>(path: Path, at: ({ value: T } & Ground) | undefined): T | null => (at ? this.value(path, at) : null);
    const participation = optional(['unit', 'minimum_participation'], plan.unit?.minimum_participation);
    const compiled: CompiledPlan = {
      id: plan.id,
      version: plan.version,
      title: plan.title,
      issuer: plan.issuer,
      hash,
      effectiveOn: plan.effective_on as CivilDate,
      coverFrom: plan.cover_period.from as CivilDate,
      coverTo: plan.cover_period.to as CivilDate,
      sources: plan.sources,
      clauses: this.clauses,
      medTypes: optional(['scope', 'med_types'], plan.scope?.med_types),
      insutypes: optional(['eligibility', 'insutypes'], plan.eligibility?.insutypes),
      psnTypes: optional(['eligibility', 'psn_types'], plan.eligibility?.psn_types),
      ages: plan.eligibility?.ages ? { from: plan.eligibility.ages.from, to: plan.eligibility.ages.to } : null,
      coverDecidedBy: this.value(['cover', 'decided_by'], plan.cover.decided_by),
      basePlan: optional(['requires', 'base_plan'], plan.requires?.base_plan),
      minimumParticipation: participation === null ? null : toRate(participation),
      waitingDays,
      renewalOnTimeDays: optional(['renewal', 'on_time_days'], plan.renewal?.on_time_days),
      deadlineDays: optional(['claim', 'deadline_days'], plan.claim?.deadline_days),
      deathDeadlineDays: optional(['claim', 'death_deadline_days'], plan.claim?.death_deadline_days),
      quota,
      countsEvery,
      payersAfter: order ? order.slice(order.indexOf('self') + 1) : [],
      indemnity: plan.payers ? this.value(['payers', 'indemnity'], plan.payers.indemnity) : false,
      rounding: { mode: roundingMode, unitFen },
      duties: duties.map((duty) => ({ ...duty, paidName: this.counted.has(`paid.${duty.id}`) ? `paid.${duty.id}` : null })),
      caps,
      accumulators: [],
      countsStays: this.countsStays,
      countsClaims: this.countsClaims || quota !== null,
      asks: {
        ...this.asks,
        enrolment: this.asks.enrolment || waitingDays !== null,
        consecutivePeriods: duties.some((duty) => duty.kind === 'reimbursement' && duty.extraPoints !== null),
        plansHeld: plan.requires !== undefined,
      },
    };
    const names = [
      ...duties.flatMap(({ id }) =>
        [`base.${id}`, `deductible.${id}`, `days.${id}`, `paid.${id}`].filter((name) => this.counted.has(name)),
      ),
      ...(compiled.countsStays ? ['stays'] : []),
      ...(compiled.countsClaims ? ['claims'] : []),
    ];
    return { ...compiled, accumulators: names };
  }

  private cap(id: string, { duties, per, amount }: NonNullable<PlanContent['caps']>[string]): CompiledCap {
    const path = ['caps', id];
    duties.forEach((duty, i) => {
      if (duties.indexOf(duty) < i) this.problem([...path, 'duties', i], 'each duty once', duty, 'remove it');
      if (!Object.hasOwn(this.plan.duties, duty))
        this.problem(
          [...path, 'duties', i],
          `one of the duties ${Object.keys(this.plan.duties).join(', ')}`,
          duty,
          'name a duty of this plan',
        );
    });
    const perPeriod = this.value([...path, 'per'], per) === 'period';
    const paidNames = duties.map((duty) => `paid.${duty}`);
    if (perPeriod) for (const name of paidNames) this.counted.add(name);
    return { id, path: `${dotted(path)}.amount`, perPeriod, amount: this.choice([...path, 'amount'], amount, toFen), paidNames };
  }

  private duty(id: string, duty: DutyContent, caps: readonly CompiledCap[]): CompiledDuty {
    const path = ['duties', id];
    const head = {
      id,
      path: dotted(path),
      title: duty.title,
      caps: caps.flatMap((cap, i) => (cap.paidNames.includes(`paid.${id}`) ? [i] : [])),
      paidName: null,
    };
    switch (duty.kind) {
      case 'reimbursement':
        return { ...head, ...this.reimbursement(id, path, duty) };
      case 'allowance': {
        const optional = <T>(key: string, at: ({ value: T } & Ground) | undefined): T | null =>
          at ? this.value([...path, key], at) : null;
        const amountPerStay = optional('amount_per_stay', duty.amount_per_stay);
        const amountPerPeriod = optional('amount_per_period', duty.amount_per_period);
        const daysPerPeriod = optional('days_per_period', duty.days_per_period);
        if (daysPerPeriod !== null) this.counted.add(`days.${id}`);
        if (amountPerPeriod !== null) this.counted.add(`paid.${id}`);
        return {
          ...head,
          kind: 'allowance',
          perDay: this.choice([...path, 'per_day'], duty.per_day, toFen),
          minimumDays: this.value([...path, 'minimum_days'], duty.minimum_days),
          prorated: optional('prorated', duty.prorated) !== null,
          freeDays: optional('free_days', duty.free_days) ?? 0,
          daysPerStay: optional('days_per_stay', duty.days_per_stay),
          daysPerPeriod,
          amountPerStayFen: amountPerStay === null ? null : toFen(amountPerStay),
          amountPerPeriodFen: amountPerPeriod === null ? null : toFen(amountPerPeriod),
        };
      }
      case 'lump-sum': {
        const replaces = this.value([...path, 'correction'], duty.correction) === 'replaces';
        if (replaces) this.counted.add(`paid.${id}`);
        return { ...head, kind: 'lump-sum', amount: this.choice([...path, 'amount'], duty.amount, toFen), replaces };
      }
      case 'death':
        // Paid once: what was paid must be known.
        this.counted.add(`paid.${id}`);
        return {
          ...head,
          kind: 'death',
          amount: this.choice([...path, 'amount'], duty.amount, toFen),
          topUp: this.value([...path, 'pays'], duty.pays) === 'top-up',
        };
    }
  }

  private reimbursement(id: string, path: Path, duty: Reimbursement): Omit<CompiledReimbursement, keyof DutyHead> {
    const summed = this.value([...path, 'summed_over'], duty.summed_over) === 'period';
    if (summed) this.counted.add(`base.${id}`);
    const threshold = duty.threshold
      ? {
          kind: this.value([...path, 'threshold', 'kind'], duty.threshold.kind),
          amount: this.choice([...path, 'threshold', 'amount'], duty.threshold.amount, toFen),
          perPeriod: this.value([...path, 'threshold', 'per'], duty.threshold.per) === 'period',
        }
      : null;
    const at = [...path, 'threshold', 'per'];
    if (threshold && summed && !threshold.perPeriod)
      this.problem(at, 'period, since the duty runs on the sum of the period', 'stay', 'write period, or sum over the stay');
    if (threshold && !summed && threshold.perPeriod && threshold.kind === 'gate')
      this.problem(at, 'stay, since the duty runs on each stay', 'period', 'write stay, or sum over the period');
    if (threshold?.kind === 'deductible' && threshold.perPeriod && !summed) this.counted.add(`deductible.${id}`);
    if (threshold && !duty.bands_on)
      this.problem(
        [...path, 'bands_on'],
        'a value, since there is a threshold',
        'nothing',
        'say whether bands run on the excess or on the base',
      );
    const wholeAmount = duty.band_kind ? this.value([...path, 'band_kind'], duty.band_kind) === 'whole-amount' : false;
    if (wholeAmount && !duty.bounds)
      this.problem(
        [...path, 'bounds'],
        'a value, since a whole amount is rated by one band',
        'nothing',
        'say which band a bound belongs to',
      );
    if (duty.extra_points) this.ground([...path, 'extra_points'], duty.extra_points);
    const extraPoints = duty.extra_points
      ? {
          clause: dotted([...path, 'extra_points']),
          perPeriod: toRate(duty.extra_points.per_period).basisPoints,
          atMost: toRate(duty.extra_points.at_most).basisPoints,
        }
      : null;
    return {
      kind: 'reimbursement',
      base: this.base([...path, 'base'], duty.base),
      baseClause: dotted([...path, 'base']),
      summed,
      prorated: duty.prorated ? this.value([...path, 'prorated'], duty.prorated) === 'days-covered' : false,
      threshold,
      bandsOnBase: duty.bands_on ? this.value([...path, 'bands_on'], duty.bands_on) === 'base' : false,
      bandsClause: dotted([...path, duty.bands_on ? 'bands_on' : 'summed_over']),
      wholeAmount,
      lowerInclusive: duty.bounds ? this.value([...path, 'bounds'], duty.bounds) === 'lower-inclusive' : false,
      bands: this.bands([...path, 'bands'], duty.bands, extraPoints?.atMost ?? 0),
      extraPoints,
    };
  }

  private base(path: Path, base: BaseContent): CompiledBase {
    this.ground(path, base);
    if ((base.value === undefined) === (base.sum === undefined)) {
      this.problem(path, 'either value or sum', base.sum ? 'both' : 'neither', 'name a base, or write it as a sum');
      return { named: '', terms: [] };
    }
    if (base.options && base.value && !base.options.includes(base.value))
      this.problem([...path, 'value'], `one of the options ${base.options.join(', ')}`, base.value, 'choose one of them');
    if (base.value === 'remaining-burden') return { named: 'remaining-burden' };
    if (base.value)
      return {
        named: base.value,
        terms: NAMED_BASES[base.value]!.map(([sign, field]) => ({ sign, of: { field }, share: null, atMostFen: null })),
      };
    const terms = base.sum!.map((term): BaseTerm => {
      const name = 'add' in term ? term.add : term.less;
      return {
        sign: 'add' in term ? 1 : -1,
        of: name.startsWith('item:') ? { item: name.slice('item:'.length) } : { field: name as SettlementField },
        share: term.share === undefined ? null : toRate(term.share),
        atMostFen: term.at_most === undefined ? null : toFen(term.at_most),
      };
    });
    return { named: 'sum', terms };
  }

  private bands(path: Path, bands: Reimbursement['bands'], morePoints: number): CompiledBand[] {
    let startFen: Fen = ZERO_FEN;
    return bands.map((band, i) => {
      const aboveFen = toFen(band.above);
      const upToFen = band.up_to === undefined ? null : toFen(band.up_to);
      const last = i === bands.length - 1;
      if (aboveFen !== startFen) {
        const remedy = aboveFen < startFen ? 'this band overlaps the one before' : 'a band is missing before this one';
        this.problem(
          [...path, i, 'above'],
          `'${formatYuan(startFen)}', where the band before ends`,
          `'${band.above}'`,
          `${remedy}: make the bands meet`,
        );
      }
      if (upToFen !== null && upToFen <= aboveFen)
        this.problem([...path, i, 'up_to'], 'an upper bound above the lower one', `'${band.up_to}'`, 'correct the bounds');
      if ((upToFen === null) !== last)
        this.problem(
          [...path, i, 'up_to'],
          'an upper bound on every band but the last, and none on the last',
          last ? 'one on the last' : 'none',
          'add or remove "up_to"',
        );
      startFen = upToFen ?? aboveFen;
      const rate = this.rate([...path, i], band);
      for (const { answer } of [...(rate.constant ? [{ answer: rate.constant }] : []), ...rate.cases])
        if (answer.value.basisPoints + morePoints > FULL)
          this.problem(
            [...path, i],
            'a rate that stays within 100% with all extra points',
            answer.value.text,
            'correct the rate or the points',
          );
      return { clause: dotted([...path, i]), aboveFen, upToFen, rate };
    });
  }

  private rate(path: Path, { rate, rates, order, otherwise, ...grounds }: Reimbursement['bands'][number]): Choice<Rate> {
    const cases = rates?.map(({ rate: value, ...rest }) => ({ value, ...rest }));
    return this.choice(path, { value: rate, cases, order, otherwise, ...grounds }, toRate, ['rate', 'rates']);
  }

  private value<T>(path: Path, at: { value: T; options?: T[] | undefined } & Ground): T {
    this.ground(path, at);
    this.options(path, at);
    return at.value;
  }

  private options(path: Path, { value, options }: { value?: unknown; options?: readonly unknown[] | undefined }): void {
    if (options && !options.some((option) => JSON.stringify(option) === JSON.stringify(value)))
      this.problem([...path, 'value'], `one of the options ${options.join(', ')}`, describe(value), 'choose one of them');
  }

  private ages(path: Path, { from = 0, to = Infinity }: { from?: number | undefined; to?: number | undefined }): void {
    if (to < from) this.problem([...path, 'to'], `an age of at least ${from}`, String(to), 'correct the ages');
  }

  private choice<T, R>(path: Path, at: Conditional<T>, read: (value: T) => R, [one, many] = ['value', 'cases']): Choice<R> {
    if ((at.value === undefined) === (at.cases === undefined)) {
      this.problem(path, `either ${one} or ${many}`, at.cases ? 'both' : 'neither', `write one ${one}, or the ${many}`);
      return { constant: null, cases: [] };
    }
    if (at.value !== undefined) {
      if (at.order ?? at.otherwise) this.problem(path, `order and otherwise only beside ${many}`, `a ${one}`, 'remove them');
      this.ground(path, at);
      this.options(path, at);
      return { constant: { clause: dotted(path), value: read(at.value) }, cases: [] };
    }
    const cases = at.cases!;
    if (at.source !== undefined || at.clause !== undefined || at.interpreted !== undefined)
      this.problem(path, `grounds at each of the ${many}`, `one beside them`, `move it to the ${many}`);
    this.clauses[dotted(path)] = { interpreted: 'The value differs by circumstances, and the plan names none for these.' };
    cases.forEach(({ when }, i) => {
      if (!when && i < cases.length - 1)
        this.problem(
          [...path, many!, i],
          'conditions ("when") on every case but the last',
          'none',
          'add them, or move the case to the end',
        );
      if (when?.stay !== undefined) this.countsStays = true;
      if (when?.claim !== undefined) this.countsClaims = true;
      if (when?.age) this.asks.age = true;
      if (when?.enrolment) this.asks.enrolment = true;
      if (when?.enrolment?.includes('transfer')) this.asks.transfer = true;
      if (when?.age) this.ages([...path, many!, i, 'when', 'age'], when.age);
      if (when && at.order === undefined) {
        const overlapping = cases.findIndex((other, j) => j > i && other.when !== undefined && !disjoint(when, other.when));
        if (overlapping >= 0)
          this.problem(
            [...path, many!, overlapping, 'when'],
            `conditions that never hold together with those of case ${i}`,
            'some that do',
            'make them exclude each other, or declare "order: first-match"',
          );
      }
    });
    if ((cases.at(-1)!.when === undefined) === (at.otherwise !== undefined))
      this.problem(
        path,
        'either a last case without "when", or "otherwise: refuse"',
        at.otherwise ? 'both' : 'neither',
        'say what holds where no case does',
      );
    return {
      constant: null,
      cases: cases.map(({ when, value, ...grounds }, i) => {
        const place = [...path, many!, i];
        this.ground(place, grounds);
        return { when, answer: { clause: dotted(place), value: read(value) } };
      }),
    };
  }

  private ground(path: Path, { source, clause, interpreted }: Ground): void {
    const sources = Object.keys(this.plan.sources);
    if (source !== undefined && clause !== undefined && interpreted === undefined) {
      if (!sources.includes(source))
        this.problem([...path, 'source'], `one of the sources ${sources.join(', ')}`, source, 'name a source listed under "sources"');
      this.clauses[dotted(path)] = { source, clause };
    } else if (interpreted !== undefined && source === undefined && clause === undefined) this.clauses[dotted(path)] = { interpreted };
    else {
      const found = Object.entries({ source, clause, interpreted }).flatMap(([key, value]) => (value === undefined ? [] : [key]));
      this.problem(
        path,
        'either source and clause, or interpreted',
        found.join(', ') || 'no ground',
        'say where the value is printed, or why it was chosen',
      );
    }
  }

  private problem(path: Path, expected: string, found: string, remedy: string): void {
    this.problems.push({ path: dotted(path), expected, found, remedy });
  }
}

/** Whether two conditions can never hold together: they share a line whose values have nothing in common. */
function disjoint(a: When, b: When): boolean {
  return (Object.keys(a) as (keyof When)[]).some((key) => {
    const [left, right] = [a[key], b[key]];
    if (left === undefined || right === undefined) return false;
    if (Array.isArray(left)) return !left.some((value) => (right as readonly unknown[]).includes(value));
    if (key === 'age') {
      const [one, other] = [a.age!, b.age!];
      return (one.to ?? Infinity) < (other.from ?? 0) || (other.to ?? Infinity) < (one.from ?? 0);
    }
    return left !== right;
  });
}
