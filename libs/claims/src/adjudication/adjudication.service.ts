/** Adjudication: the plan's benefit for each accepted claim, in sets, with its trace kept. */
import { Injectable } from '@nestjs/common';
import { isCovered, type ReasonCode } from '@app/benefits';
import { birthDatesOf, holdCoversOf, otherIdsOf, type MemberCover } from '@app/enrolment';
import { Clock, type CivilDate } from '@app/kernel';
import { answerWakeUps, Database, JOB_IDS, PersonalDataVault, type Transaction } from '@app/platform';
import { markFault, move } from '../claim.repository.js';
import { adjudicateAll, type Adjudicated, type AdjudicationFault, type AdjudicationInput, type OtherIds } from './adjudication.js';
import * as adjudication from './adjudication.repository.js';
import type { AcceptedClaim } from './from-acceptance.js';
import type { PlansInForce } from './plan-version.js';
import { PlanVersionService } from './plan-version.service.js';

@Injectable()
export class AdjudicationService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly plans: PlanVersionService,
    private readonly vault: PersonalDataVault,
  ) {}

  /** Decides accepted claims of these ids (none: whatever is due); returns how many were taken. */
  adjudicate(ids: readonly string[]): Promise<number> {
    return this.database.transaction(async (tx) => {
      const claims = await adjudication.takeAccepted(tx, ids, JOB_IDS);
      if (claims.length === 0) return 0;
      const memberIds = [...new Set(claims.map((claim) => claim.memberId))];
      const [inForce, covers, others] = await Promise.all([this.plans.inForce(tx), holdCoversOf(tx, memberIds), otherIdsOf(tx, memberIds)]);
      const { inputs, faults: planless } = inputsOf(claims, covers, inForce);
      const used = await adjudication.lockAccumulators(tx, accumulatorKeys(inputs, others));
      const { done, faults } = adjudicateAll(inputs, used, others, await this.birthsFor(tx, inputs));
      const at = this.clock.now();
      const paths = new Map(inputs.map(({ claim, cover }) => [claim.claimId, cover?.organisationPath ?? null]));
      const pathsOf = (set: readonly Adjudicated[]) => set.map((one) => paths.get(one.claim.claimId)!);
      await Promise.all([
        adjudication.saveDecisions(tx, done, at),
        adjudication.saveAccumulators(tx, used),
        ...byPlanVersion(done).flatMap((set) => {
          const { id, version } = set[0]!.plan;
          const cause = { actor: 'adjudication', at, planVersion: `${id}@${version}` };
          const granted = set.filter((one) => one.decision.reason === null);
          const refused = set.filter((one): one is Adjudicated & { decision: { reason: ReasonCode } } => one.decision.reason !== null);
          return [
            move(
              tx,
              granted.map((one) => one.claim),
              'accepted',
              'adjudicated',
              { ...cause, reason: 'benefit granted' },
              { benefitFen: granted.map((one) => one.decision.benefitFen), organisationPath: pathsOf(granted) },
            ),
            move(
              tx,
              refused.map((one) => one.claim),
              'accepted',
              'refused',
              { ...cause, reason: 'refused by the plan' },
              { refusal: refused.map((one) => one.decision.reason), organisationPath: pathsOf(refused) },
            ),
          ];
        }),
        ...[...planless, ...faults].map(({ claim, fault }) => markFault(tx, claim, fault)),
        // From a full set the wake-ups stay, for other workers to take the rest meanwhile.
        ids.length === 0 &&
          claims.length < JOB_IDS &&
          answerWakeUps(
            tx,
            'adjudication',
            'adjudicate',
            claims.map((claim) => claim.claimId),
          ),
      ]);
      return claims.length;
    });
  }

  /** Personal data are opened only for a plan that asks for the age. */
  private async birthsFor(tx: Transaction, inputs: readonly AdjudicationInput[]): Promise<ReadonlyMap<string, CivilDate>> {
    const asked = new Set(inputs.filter(({ plan }) => plan.asks.age).map(({ claim }) => claim.memberId));
    return asked.size === 0 ? new Map() : birthDatesOf(tx, this.vault, [...asked]);
  }
}

interface Input extends AdjudicationInput {
  readonly cover: MemberCover | undefined;
}

/** The plan of a cover says which day of a stay has to be covered; the discharge date, which version of the plan decides. */
function inputsOf(
  claims: readonly AcceptedClaim[],
  covers: readonly MemberCover[],
  plans: PlansInForce,
): { inputs: Input[]; faults: AdjudicationFault[] } {
  const byMember = new Map<string, MemberCover[]>();
  for (const cover of covers) byMember.set(cover.memberId, [...(byMember.get(cover.memberId) ?? []), cover]);
  const inputs: Input[] = [];
  const faults: AdjudicationFault[] = [];
  for (const claim of claims) {
    const held = byMember.get(claim.memberId) ?? [];
    const cover = held.find((one) => {
      const plan = plans.planOn(claim.dischargeOn, one.planId);
      // Without a plan it is a fault, that of the cover on the day of discharge.
      return plan ? isCovered(claim, one, plan) : one.coverFrom <= claim.dischargeOn && claim.dischargeOn <= one.coverTo;
    });
    const plan = plans.planOn(claim.dischargeOn, cover?.planId);
    if (plan) inputs.push({ claim, cover, covers: held, plan });
    else faults.push({ claim, fault: `no version of the plan ${cover?.planId} is in force` });
  }
  return { inputs, faults };
}

function accumulatorKeys(inputs: readonly AdjudicationInput[], others: OtherIds): adjudication.AccumulatorKeys {
  const keys = new Map(
    inputs.flatMap(({ claim: { memberId }, plan: { id: planId } }) =>
      [memberId, ...(others.get(memberId) ?? [])].map((id) => [`${id} ${planId}`, { memberId: id, planId }]),
    ),
  );
  return { memberIds: [...keys.values()].map((key) => key.memberId), planIds: [...keys.values()].map((key) => key.planId) };
}

function byPlanVersion(done: readonly Adjudicated[]): Adjudicated[][] {
  const sets = new Map<string, Adjudicated[]>();
  for (const one of done) {
    const set = sets.get(one.plan.hash);
    if (set) set.push(one);
    else sets.set(one.plan.hash, [one]);
  }
  return [...sets.values()];
}
