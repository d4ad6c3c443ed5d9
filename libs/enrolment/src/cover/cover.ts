/** What may happen to a cover: a move to another unit, an end before its time, and the correction of a wrong end. */
import { addDays, type CivilDate } from '@app/kernel';
import { liesUnder } from '../organisation/organisation.js';

export const COVER_ENDS = ['death', 'left'] as const;
export type CoverEnd = (typeof COVER_ENDS)[number];

/** Why a cover ended: an add-on ends with the cover that it adds to, which nobody says of it. */
export const END_REASONS = [...COVER_ENDS, 'base-ended'] as const;
export type EndReason = (typeof END_REASONS)[number];

export const COVER_CHANGES = ['transfer', ...END_REASONS, 'reinstated'] as const;
export type CoverChangeKind = (typeof COVER_CHANGES)[number];

export const TRANSFER_REASONS = ['job-change', 'unit-merged', 'unit-split', 'wrong-unit'] as const;
export type TransferReason = (typeof TRANSFER_REASONS)[number];

export const REINSTATE_REASONS = ['wrong-person', 'wrong-day', 'did-not-leave'] as const;
export type ReinstateReason = (typeof REINSTATE_REASONS)[number];

export type TransferState = 'proposed' | 'accepted' | 'declined' | 'withdrawn';

/** A transfer between two organisations is proposed by the one and accepted or declined by the other; until then the one may withdraw it. */
export const TRANSFER_STATES: Readonly<Record<TransferState, readonly TransferState[]>> = {
  proposed: ['accepted', 'declined', 'withdrawn'],
  accepted: [],
  declined: [],
  withdrawn: [],
};

export type TransferSide = 'from' | 'to';
export type Sides = readonly TransferSide[];

/** For which of the two units a user speaks. */
export const sidesOf = (organisationPath: string, fromPath: string, toPath: string): Sides => [
  ...(liesUnder(fromPath, organisationPath) ? (['from'] as const) : []),
  ...(liesUnder(toPath, organisationPath) ? (['to'] as const) : []),
];

/** How an open proposal ends at the hands of somebody who speaks for these sides and does not accept it. */
export const endOfProposal = (proposedFor: TransferSide, sides: Sides): 'withdrawn' | 'declined' =>
  sides.includes(proposedFor) ? 'withdrawn' : 'declined';

export interface CoverDays {
  readonly coverFrom: CivilDate;
  /** As the period has it. */
  readonly coverTo: CivilDate;
  readonly endedOn: CivilDate | null;
}

export interface DatedCover extends CoverDays {
  readonly enrolledOn: CivilDate;
  /** When the latest transfer took effect. */
  readonly transferredOn: CivilDate | null;
}

export type CoverState = 'not-started' | 'in-force' | 'ended' | 'over';

/** `ended` tells of one that did not last to its end; its last day is covered. One that ended before it began never begins. */
export function coverStateOf({ coverFrom, coverTo, endedOn }: CoverDays, today: CivilDate): CoverState {
  if (endedOn !== null && (endedOn < today || endedOn < coverFrom)) return 'ended';
  if (today < coverFrom) return 'not-started';
  return today > coverTo ? 'over' : 'in-force';
}

export type TransferFault = 'cover-ended' | 'transfer-day' | 'transfer-not-later';

/** undefined when the cover may move with effect from this day: a day that has come, of the cover or between enrolment and cover. */
export function transferFault(cover: DatedCover, effectiveOn: CivilDate, today: CivilDate): TransferFault | undefined {
  if (cover.endedOn !== null) return 'cover-ended';
  if (effectiveOn > today || effectiveOn > cover.coverTo || effectiveOn < cover.enrolledOn) return 'transfer-day';
  return cover.transferredOn !== null && effectiveOn <= cover.transferredOn ? 'transfer-not-later' : undefined;
}

export type EndFault = 'cover-ended' | 'end-day';

/** The days that may be the last of a cover: of a leaving, days of the cover since the last move; a death is on whatever day it was. */
export function endRange(
  { coverFrom, coverTo, transferredOn }: DatedCover,
  reason: CoverEnd,
  today: CivilDate,
): { from: CivilDate | null; to: CivilDate } {
  const since = transferredOn !== null && transferredOn > coverFrom ? transferredOn : coverFrom;
  return { from: reason === 'death' ? null : since, to: coverTo < today ? coverTo : today };
}

/** undefined when this may be the last covered day; `bornOn` is undefined where it is not known. */
export function endFault(
  cover: DatedCover,
  { reason, on }: { readonly reason: CoverEnd; readonly on: CivilDate },
  bornOn: CivilDate | undefined,
  today: CivilDate,
): EndFault | undefined {
  if (cover.endedOn !== null) return 'cover-ended';
  const { from, to } = endRange(cover, reason, today);
  const early = (from !== null && on < from) || (bornOn !== undefined && on < bornOn);
  return early || on > to ? 'end-day' : undefined;
}

/** Days whose cover the end took away, or gave back when it was undone: none before the cover. */
export const daysAfterEnd = (
  { coverFrom, coverTo }: Pick<CoverDays, 'coverFrom' | 'coverTo'>,
  endedOn: CivilDate,
): { after: CivilDate; until: CivilDate } => ({ after: endedOn < coverFrom ? addDays(coverFrom, -1) : endedOn, until: coverTo });

/** A cover of a person, with the line of plans that its plan adds to. */
export interface LinedCover extends Pick<CoverDays, 'coverFrom' | 'coverTo'> {
  readonly planLine: string;
  readonly baseLine: string | null;
}

/** The cover, and those of the person's others that end with it, or with one that does: all by a death, otherwise those that add to it. */
export function endingTogether<Cover extends LinedCover>(cover: Cover, reason: EndReason, others: readonly Cover[]): Cover[] {
  if (reason === 'death') return [cover, ...others];
  const ending = [cover];
  for (const base of ending) ending.push(...others.filter((other) => !ending.includes(other) && addsTo(other, base)));
  return ending;
}

export const addsTo = (other: LinedCover, base: LinedCover): boolean =>
  other.baseLine === base.planLine && base.coverFrom <= other.coverFrom && other.coverFrom <= base.coverTo;
