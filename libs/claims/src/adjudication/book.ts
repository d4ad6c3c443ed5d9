/** The book: the claims decided under a plan and what was decided on them, as a rehearsal reads them. Pure. */
import type { BookEntry, BookHeader, CompiledPlan, Facts } from '@app/benefits';
import { fen, type CivilDate, type Fen } from '@app/kernel';
import type { ClaimState } from '../lifecycle.js';

/** Nothing was paid on these in the end, and their accumulators were given back. */
export const FELL_AWAY: readonly ClaimState[] = ['declined', 'withdrawn', 'clawed-back'];

/** A claim as it stands in the database. */
export interface BookedClaim {
  /** The last id of the person. */
  readonly memberId: string;
  readonly claimId: string;
  readonly dischargeOn: CivilDate;
  readonly organisationPath: string | null;
  readonly facts: string;
  readonly benefitFen: string;
  readonly reason: string | null;
  readonly capped: boolean;
}

export const headerOf = (plan: CompiledPlan, figures: { readonly members: number; readonly contributionsFen: Fen }): BookHeader => ({
  book: 1,
  plan: plan.id,
  version: plan.version,
  hash: plan.hash,
  coverFrom: plan.coverFrom,
  coverTo: plan.coverTo,
  members: figures.members,
  contributionsFen: figures.contributionsFen,
});

export function entryOf(claim: BookedClaim, birthOn: CivilDate | undefined, unitName: string | undefined): BookEntry {
  const code = unitCodeOf(claim);
  return {
    member: claim.memberId,
    unit: unitName === undefined ? (code ?? 'no unit') : `${unitName} ${code}`,
    claim: claim.claimId,
    ...(birthOn === undefined ? {} : { age: ageOn(birthOn, claim.dischargeOn) }),
    facts: JSON.parse(claim.facts) as Facts,
    paid: { benefitFen: fen(Number(claim.benefitFen)), reason: claim.reason, capped: claim.capped },
  };
}

/** The last step of the path; undefined of a person without cover. */
export const unitCodeOf = ({ organisationPath }: Pick<BookedClaim, 'organisationPath'>): string | undefined =>
  organisationPath?.split('/').at(-2);

/** Whole years; who is born on 29 February is a year older on 1 March of other years. */
export function ageOn(birthOn: CivilDate, day: CivilDate): number {
  const years = Number(day.slice(0, 4)) - Number(birthOn.slice(0, 4));
  return Math.max(0, day.slice(5) < birthOn.slice(5) ? years - 1 : years);
}
