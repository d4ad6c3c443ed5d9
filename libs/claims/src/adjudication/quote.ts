/** A case put upon what is really known of a member. Pure. */
import { isCovered, type Accumulators, type CompiledPlan, type Facts, type QuoteCase } from '@app/benefits';
import { DomainError, type CivilDate } from '@app/kernel';
import { memberFactsOf, type KnownMember, type MemberFacts } from './from-acceptance.js';

type Mapping = Readonly<Record<string, unknown>>;
const isMapping = (value: unknown): value is Mapping => typeof value === 'object' && value !== null && !Array.isArray(value);

export interface MemberStanding extends KnownMember {
  readonly used: Accumulators;
}

/** Which day decides which version of the plan an event falls under. */
export const dayOf = (facts: Facts): CivilDate => facts.dischargeOn ?? facts.diagnosedOn ?? facts.deathOn ?? facts.acceptedOn;

/** The case upon the member's accumulators, and upon what is known of cover and person where the case `written` says nothing of it. */
export function caseOfMember(read: QuoteCase, written: unknown, { used, ...member }: MemberStanding, plan: CompiledPlan): QuoteCase {
  return {
    ...read,
    used,
    events: read.events.map((facts, index) => {
      const says = (...keys: string[]): boolean => saysOne(written, index, keys);
      const cover = member.covers.find((one) => one.planId === plan.id && isCovered(facts, one, plan));
      const covered = says('coverFrom', 'coverTo', 'covered') ? facts : { ...facts, coverFrom: cover?.coverFrom, coverTo: cover?.coverTo };
      const known = Object.entries(memberFactsOf(covered, member, cover, plan)) as [keyof MemberFacts, unknown][];
      return { ...covered, ...Object.fromEntries(known.filter(([fact]) => !says(...(SAID_BY[fact] ?? [fact])))) };
    }),
  };
}

/** A case that says anything of an enrolment says all of it. */
const ENROLMENT = ['enrolmentKind', 'enrolledOn', 'lastCoverTo'];
const SAID_BY: Partial<Record<keyof MemberFacts, readonly string[]>> = { enrolmentKind: ENROLMENT, enrolledOn: ENROLMENT };

function saysOne(written: unknown, index: number, keys: readonly string[]): boolean {
  if (!isMapping(written)) return false;
  const stays = written['stays'];
  const places = [written, written['person'], Array.isArray(stays) ? (stays[index] as unknown) : undefined];
  return places.some((place) => isMapping(place) && keys.some((key) => place[key] !== undefined));
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
