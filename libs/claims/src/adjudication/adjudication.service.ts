/** Adjudication: the plan's benefit for each accepted claim, in sets, with its trace kept. */
import { Injectable } from '@nestjs/common';
import { loadPlan, type CompiledPlan, type ReasonCode } from '@app/benefits';
import { coversOf } from '@app/enrolment';
import { Clock } from '@app/kernel';
import { Database, JOB_IDS } from '@app/platform';
import { markFault, move } from '../claim.repository.js';
import { adjudicateAll, type Adjudicated } from './adjudication.js';
import * as adjudication from './adjudication.repository.js';
import type { AcceptedClaim, CoverPeriod } from './from-acceptance.js';

/** The one plan there is so far; which plan a discharge date falls under becomes a look-up with the second. */
const PLAN_ID = 'guangxi-1-2025';

@Injectable()
export class AdjudicationService {
  readonly plan: CompiledPlan = loadPlan(PLAN_ID);

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Decides accepted claims of these ids (none: whatever is due); returns how many were taken. */
  adjudicate(ids: readonly string[]): Promise<number> {
    return this.database.transaction(async (tx) => {
      const claims = await adjudication.takeAccepted(tx, ids, JOB_IDS);
      if (claims.length === 0) return 0;
      const memberIds = [...new Set(claims.map((claim) => claim.memberId))];
      const covers = coversByClaim(claims, await coversOf(tx, memberIds, this.plan.id));
      const used = await adjudication.lockAccumulators(tx, memberIds, this.plan.id);
      const { done, faults } = adjudicateAll(
        claims.map((claim) => ({ claim, cover: covers.get(claim.claimId) })),
        used,
        this.plan,
      );
      const at = this.clock.now();
      await adjudication.saveDecisions(tx, done, covers, this.plan, at);
      await adjudication.saveAccumulators(tx, used, this.plan.id);
      const cause = { actor: 'adjudication', at, planVersion: `${this.plan.id}@${this.plan.version}` };
      const paths = (set: readonly Adjudicated[]) => set.map((one) => covers.get(one.claim.claimId)?.organisationPath ?? null);
      const granted = done.filter((one) => one.decision.reason === null);
      await move(
        tx,
        granted.map((one) => one.claim),
        'accepted',
        'adjudicated',
        { ...cause, reason: 'benefit granted' },
        { benefitFen: granted.map((one) => one.decision.benefitFen), organisationPath: paths(granted) },
      );
      const refused = done.filter((one): one is Adjudicated & { decision: { reason: ReasonCode } } => one.decision.reason !== null);
      await move(
        tx,
        refused.map((one) => one.claim),
        'accepted',
        'refused',
        { ...cause, reason: 'refused by the plan' },
        { refusal: refused.map((one) => one.decision.reason), organisationPath: paths(refused) },
      );
      for (const { claim, fault } of faults) await markFault(tx, claim, fault);
      return claims.length;
    });
  }
}

interface Cover extends CoverPeriod {
  readonly memberId: string;
  readonly organisationPath: string;
}

/** The discharge date decides which of a member's covers a claim falls under. */
function coversByClaim(claims: readonly AcceptedClaim[], covers: readonly Cover[]): Map<string, Cover> {
  const byMember = new Map<string, Cover[]>();
  for (const cover of covers) byMember.set(cover.memberId, [...(byMember.get(cover.memberId) ?? []), cover]);
  const byClaim = new Map<string, Cover>();
  for (const claim of claims) {
    const cover = byMember.get(claim.memberId)?.find((one) => one.coverFrom <= claim.dischargeOn && claim.dischargeOn <= one.coverTo);
    if (cover) byClaim.set(claim.claimId, cover);
  }
  return byClaim;
}
