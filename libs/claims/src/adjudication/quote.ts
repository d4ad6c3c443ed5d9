/** A case put upon what is really known of a member. Pure. */
import type { Accumulators, Facts, QuoteCase } from '@app/benefits';
import { DomainError, type CivilDate } from '@app/kernel';
import type { CoverPeriod } from './from-acceptance.js';

type Mapping = Readonly<Record<string, unknown>>;
const isMapping = (value: unknown): value is Mapping => typeof value === 'object' && value !== null && !Array.isArray(value);

export interface MemberStanding {
  readonly used: Accumulators;
  /** Under the plan. */
  readonly covers: readonly CoverPeriod[];
}

/** Which day decides which version of the plan an event falls under. */
export const dayOf = (facts: Facts): CivilDate => facts.dischargeOn ?? facts.diagnosedOn ?? facts.deathOn ?? facts.acceptedOn;

/** The case upon the member's accumulators, and upon the real cover where the case `written` says nothing of one. */
export function caseOfMember(read: QuoteCase, written: unknown, { used, covers }: MemberStanding): QuoteCase {
  return {
    ...read,
    used,
    events: read.events.map((facts, index) => {
      if (saysCover(written, index)) return facts;
      const day = dayOf(facts);
      const cover = covers.find((one) => one.coverFrom <= day && day <= one.coverTo);
      return { ...facts, coverFrom: cover?.coverFrom, coverTo: cover?.coverTo };
    }),
  };
}

function saysCover(written: unknown, index: number): boolean {
  if (!isMapping(written)) return false;
  const stays = written['stays'];
  const places = [written, written['person'], Array.isArray(stays) ? (stays[index] as unknown) : undefined];
  return places.some((place) => isMapping(place) && ['coverFrom', 'coverTo', 'covered'].some((key) => place[key] !== undefined));
}

export const saysAccumulators = (written: unknown): boolean => isMapping(written) && written['accumulators'] !== undefined;

const FIELDS = /^(?:[A-Za-z_]{1,40}|\d{1,3})(?:\.(?:[A-Za-z_]{1,40}|\d{1,3}))*$/;

/** What is wrong with a case, without anything that the case said: a record that was pasted may name a person. */
export function withoutValues(error: DomainError): DomainError {
  const { path, expected, remedy } = error.details as Readonly<Record<string, string>>;
  const where = path !== undefined && FIELDS.test(path) ? path : 'a field';
  return new DomainError(error.code, error.kind, `the case: ${where}: expected ${expected}, found something else; ${remedy}`, {
    path: where,
    expected: expected!,
    remedy: remedy!,
  });
}
