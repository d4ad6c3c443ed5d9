/** What a plan would pay for a case: the events one after the other, each upon what the ones before it used up. Pure. */
import { ZERO_FEN, addFen, type Fen } from '@app/kernel';
import { calculate, participates } from './calculate.js';
import { readCase, type QuoteCase } from './case-file.js';
import type { CompiledPlan } from './compile.js';
import { addAccumulators, type Accumulators, type Facts } from './facts.js';
import type { ReasonCode } from './reasons.js';
import type { Trace } from './trace.js';

export interface Quoted {
  /** In fen, by duty. */
  readonly benefits: Readonly<Record<string, Fen>>;
  readonly totalFen: Fen;
  /** Why nothing is paid; null where something is. */
  readonly reason: ReasonCode | null;
  readonly accumulatorChanges: Accumulators;
  readonly trace: Trace;
}

export interface Quote extends Partial<Quoted> {
  readonly plan: string;
  readonly version: number;
  readonly hash: string;
  readonly benefits: Readonly<Record<string, Fen>>;
  readonly totalFen: Fen;
  /** After the last event. */
  readonly accumulators: Accumulators;
  /** Where the case names a unit: whether enough of its staff take part. */
  readonly unitAccepted?: boolean;
  /** Of a case that is a list. */
  readonly stays?: readonly Quoted[];
}

/** Throws DomainError `case-invalid` (invalid). */
export const quoteCase = (content: unknown, plan: CompiledPlan, name: string): Quote => quote(readCase(content, plan, name), plan);

export function quote({ events, used, listed }: QuoteCase, plan: CompiledPlan): Quote {
  let accumulators = used;
  const stays = events.map((facts) => {
    const quoted = quoteOne(facts, accumulators, plan);
    accumulators = addAccumulators(accumulators, quoted.accumulatorChanges);
    return quoted;
  });
  const benefits: Record<string, Fen> = {};
  for (const one of stays)
    for (const [duty, amount] of Object.entries(one.benefits)) benefits[duty] = addFen(benefits[duty] ?? ZERO_FEN, amount);
  const unit = events[0]?.unit;
  return {
    plan: plan.id,
    version: plan.version,
    hash: plan.hash,
    ...(unit ? { unitAccepted: participates(unit, plan) } : {}),
    benefits,
    totalFen: stays.reduce((sum, { totalFen }) => addFen(sum, totalFen), ZERO_FEN),
    ...(listed ? {} : pick(stays[0]!)),
    accumulators,
    ...(listed ? { stays } : { trace: stays[0]!.trace }),
  };
}

const pick = ({ reason, accumulatorChanges }: Quoted) => ({ reason, accumulatorChanges });

function quoteOne(facts: Facts, used: Accumulators, plan: CompiledPlan): Quoted {
  const { lines, benefitFen, reason, changes, trace } = calculate(facts, used, plan);
  return {
    benefits: Object.fromEntries(lines.map(({ duty, amountFen }) => [duty, amountFen])),
    totalFen: benefitFen,
    reason,
    accumulatorChanges: changes,
    trace,
  };
}
