/** What a decision is made from: what happened, to whom, and what the member used up before. */
import { assert, type CivilDate, type Fen } from '@app/kernel';
import type { EnrolmentKind, SettlementField } from './language.js';

/**
 * Plain data, kept beside the decision. A part that is absent did not happen, or is not known; a rule that needs what is not known refuses
 * the claim (`fact-missing`). Amounts are not negative.
 */
export interface Facts {
  /** The day the claim was accepted, in China. */
  readonly acceptedOn: CivilDate;
  /** First and last day of the member's cover; absent: no cover. */
  readonly coverFrom?: CivilDate;
  readonly coverTo?: CivilDate;

  /** Of a stay. */
  readonly dischargeOn?: CivilDate;
  readonly medType?: string;
  /** Absent only from a quote that leaves the days out: nothing is paid by the day then. */
  readonly admissionOn?: CivilDate;
  readonly amounts?: Readonly<Partial<Record<SettlementField, Fen>>>;
  /** Parts of the bill with a name of their own, such as a special drug. */
  readonly items?: Readonly<Record<string, Fen>>;
  /** By duty, in place of the amounts: for a quote where no settlement is at hand. */
  readonly bases?: Readonly<Record<string, Fen>>;
  /** 3, 2, 1, or 0 for a hospital without a level. */
  readonly hospitalLevel?: number;
  readonly elsewhere?: boolean;
  /** What others paid towards the stay, on top of what its amounts already take off. */
  readonly otherPayers?: readonly { readonly payer: string; readonly amountFen: Fen }[];
  /** What the person bears, where it is known as one sum; what `otherPayers` paid is still to be taken off. */
  readonly remainingBurdenFen?: Fen;

  readonly deathOn?: CivilDate;
  readonly deathCause?: 'illness' | 'accident';
  /** Of a diagnosis. */
  readonly severity?: string;
  readonly diagnosedOn?: CivilDate;

  readonly insutype?: string;
  readonly psnType?: string;
  readonly hardship?: boolean;
  /** Whole years on the day of the event. */
  readonly age?: number;
  readonly enrolmentKind?: EnrolmentKind;
  /** From this day on without a gap; a move between units does not change it. */
  readonly enrolledOn?: CivilDate;
  /** Of this plan without a gap, this one included. */
  readonly consecutivePeriods?: number;
  /** Ids of the plans that cover the member on the day. */
  readonly plansHeld?: readonly string[];
  readonly unit?: { readonly staff: number; readonly enrolled: number };
}

/**
 * What the member's earlier decisions of the cover period used up, by name ({@link CompiledPlan.accumulators}); an absent name is 0. Whole
 * numbers: fen, days or counts. The caller holds them under a lock.
 */
export type Accumulators = Readonly<Record<string, number>>;

/** `used` without the changes of a decision that fell away. Throws where that would leave less than nothing. */
export function subtractAccumulators(used: Accumulators, changes: Accumulators): Accumulators {
  const rest: Record<string, number> = { ...used };
  for (const name in changes) {
    rest[name] = (rest[name] ?? 0) - changes[name]!;
    assert(rest[name] >= 0, `accumulator ${name}: more would be given back than was used`);
  }
  return rest;
}

/** `used` and the changes of a decision together; neither is changed. */
export function addAccumulators(used: Accumulators, changes: Accumulators): Accumulators {
  const sum: Record<string, number> = { ...used };
  for (const name in changes) sum[name] = (sum[name] ?? 0) + changes[name]!;
  return sum;
}
