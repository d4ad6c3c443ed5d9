/** The account of one calculation: plain data, keys always in the same order, so that its JSON text replays byte for byte. */
import type { Fen, Rounding } from '@app/kernel';
import type { ReasonCode } from './reasons.js';

export type TraceValue = string | number | boolean | null | readonly string[] | readonly number[];
export type TraceStepName =
  | 'scope'
  | 'eligibility'
  | 'cover'
  | 'base-plan'
  | 'unit'
  | 'waiting'
  | 'deadline'
  | 'quota'
  | 'duty'
  | 'base'
  | 'proration'
  | 'sum'
  | 'threshold'
  | 'extra-points'
  | 'bands'
  | 'band'
  | 'days'
  | 'limit'
  | 'lump-sum'
  | 'death'
  | 'cap'
  | 'indemnity';

export interface TraceStep {
  readonly step: TraceStepName;
  /** Key into the plan's `clauses`. */
  readonly clause: string;
  /** Facts by their field names, accumulators, and earlier results; `…Fen` are integers of fen. */
  readonly inputs: Readonly<Record<string, TraceValue>>;
  /** Values of the plan. */
  readonly parameter?: Readonly<Record<string, TraceValue>>;
  readonly steps?: readonly TraceStep[];
  /** Before rounding, in fen, an exact decimal: "26015.4". */
  readonly exactFen?: string;
  readonly rounding?: { readonly mode: Rounding; readonly unitFen: number };
  readonly resultFen?: Fen;
}

/** A refusal ends with the step that refused. */
export interface Trace {
  readonly plan: string;
  readonly version: number;
  readonly hash: string;
  readonly steps: readonly TraceStep[];
  readonly reason: ReasonCode | null;
  readonly resultFen: Fen;
}

const PARTS = 10_000;

/** `whole` fen and `parts` ten-thousandths of a fen as an exact decimal. */
export function exactFen(whole: number, parts: number): string {
  const rest = parts % PARTS;
  const integer = whole + (parts - rest) / PARTS;
  return rest === 0 ? String(integer) : `${integer}.${String(rest).padStart(4, '0').replace(/0+$/, '')}`;
}
