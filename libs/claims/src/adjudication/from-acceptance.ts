/** The door in: an accepted claim with its cover becomes the facts of the calculator. Pure. */
import { continuityOf, eventDayOf, type CompiledPlan, type Facts } from '@app/benefits';
import type { CivilDate, Fen } from '@app/kernel';
import type { ClaimKey, SettlementContext } from '../claim.js';
import { ageOn } from './book.js';

export interface AcceptedClaim extends ClaimKey {
  readonly medType: string;
  readonly admissionOn: CivilDate;
  readonly dischargeOn: CivilDate;
  readonly acceptedOn: CivilDate;
  readonly medfeeFen: Fen;
  readonly inscpScpFen: Fen;
  readonly fundPayFen: Fen;
  readonly psnPartFen: Fen;
  readonly fulamtOwnpayFen: Fen;
  readonly context: SettlementContext;
}

export interface CoverPeriod {
  readonly coverFrom: CivilDate;
  readonly coverTo: CivilDate;
}

/** A cover with what its continuity and its base plan are read from. */
export interface HeldCover extends CoverPeriod {
  readonly planId: string;
  /** The plan through the years. */
  readonly planLine: string;
  readonly enrolledOn: CivilDate;
  /** The first move to another unit. */
  readonly transferredOn: CivilDate | null;
}

/** What is known of the member beside the settlement; the covers of whatever plan and period, the oldest first. */
export interface KnownMember {
  readonly covers: readonly HeldCover[];
  /** Only where the plan asks for the age. */
  readonly birthOn: CivilDate | undefined;
}

export type MemberFacts = Pick<Facts, 'age' | 'enrolmentKind' | 'enrolledOn' | 'consecutivePeriods' | 'plansHeld'>;

/** Of these facts' member no more than the plan asks. */
export function memberFactsOf(
  facts: Facts,
  { covers, birthOn }: KnownMember,
  cover: HeldCover | undefined,
  plan: CompiledPlan,
): MemberFacts {
  const { asks } = plan;
  const day = eventDayOf(facts, plan);
  const continuity =
    cover && (asks.enrolment || asks.consecutivePeriods)
      ? continuityOf(
          covers.filter((one) => one.planLine === cover.planLine && one.coverFrom <= cover.coverFrom),
          plan,
        )
      : undefined;
  const moved = asks.transfer && day !== undefined && cover !== undefined && cover.transferredOn !== null && cover.transferredOn <= day;
  return {
    ...(asks.age && day !== undefined && birthOn !== undefined ? { age: ageOn(birthOn, day) } : {}),
    ...(asks.enrolment && continuity
      ? { enrolmentKind: moved ? ('transfer' as const) : continuity.kind, enrolledOn: continuity.enrolledOn }
      : {}),
    ...(asks.consecutivePeriods && continuity ? { consecutivePeriods: continuity.consecutivePeriods } : {}),
    ...(asks.plansHeld && day !== undefined
      ? { plansHeld: covers.filter((one) => one.coverFrom <= day && day <= one.coverTo).map((one) => one.planId) }
      : {}),
  };
}

export function factsOf(claim: AcceptedClaim, cover: HeldCover | undefined, member: KnownMember, plan: CompiledPlan): Facts {
  const settled = settlementFactsOf(claim, cover);
  return { ...settled, ...memberFactsOf(settled, member, cover, plan) };
}

const settlementFactsOf = (claim: AcceptedClaim, cover: CoverPeriod | undefined): Facts => {
  const { amounts, ...circumstances } = claim.context;
  return {
    medType: claim.medType,
    admissionOn: claim.admissionOn,
    dischargeOn: claim.dischargeOn,
    acceptedOn: claim.acceptedOn,
    amounts: {
      medfee_sumamt: claim.medfeeFen,
      inscp_scp_amt: claim.inscpScpFen,
      fund_pay_sumamt: claim.fundPayFen,
      psn_part_amt: claim.psnPartFen,
      fulamt_ownpay_amt: claim.fulamtOwnpayFen,
      ...amounts,
    },
    ...circumstances,
    ...(cover ? { coverFrom: cover.coverFrom, coverTo: cover.coverTo } : {}),
  };
};
