/** "Why this amount, and where is it?": a claim with its history and its decision, within the asker's reach. */
import { Injectable } from '@nestjs/common';
import { renderTrace, type Trace, type TraceAudience, type TraceLanguage } from '@app/benefits';
import { DomainError, normaliseIdentifier } from '@app/kernel';
import { Database, PersonalDataVault, reachOf, type Principal } from '@app/platform';
import { PlanVersionService, readDecision } from './adjudication/index.js';
import type { ClaimView } from './claim.js';
import { waitingForAccount, type WaitingForAccount } from './payment/index.js';
import { readClaims, readHistory, type HistoryEntry } from './claim.repository.js';

const LIST = 200;
/** Those first who have to be called, then the oldest. */
const WAITING = 1_000;

export interface ClaimDetail extends ClaimView {
  readonly history: readonly HistoryEntry[];
  readonly decision: {
    readonly plan: string;
    readonly hash: string;
    readonly benefitFen: number;
    readonly reason: string | null;
    readonly trace: unknown;
  } | null;
}

@Injectable()
export class ClaimReader {
  constructor(
    private readonly database: Database,
    private readonly vault: PersonalDataVault,
    private readonly plans: PlanVersionService,
  ) {}

  /** Error: claim-not-found, the same for one that does not exist and one out of reach. */
  async one(principal: Principal, id: string): Promise<ClaimDetail> {
    const claim = await this.visible(principal, id);
    const history = await readHistory(this.database.direct, claim);
    const decision = await readDecision(this.database.direct, claim);
    return {
      ...claim,
      history,
      decision: decision
        ? {
            plan: `${decision.plan_id}@${decision.plan_version}`,
            hash: decision.plan_hash,
            benefitFen: Number(decision.benefit_fen),
            reason: decision.reason,
            trace: JSON.parse(decision.trace) as unknown,
          }
        : null,
    };
  }

  /**
   * Why the claim was decided as it was, in words. A member reads the member's rendering; others may read each. Errors: claim-not-found,
   * claim-not-decided, plan-version-not-found.
   */
  async explain(principal: Principal, id: string, language: TraceLanguage, audience?: TraceAudience): Promise<string> {
    const claim = await this.visible(principal, id);
    const decision = await readDecision(this.database.direct, claim);
    if (!decision)
      throw new DomainError(
        'claim-not-decided',
        'conflict',
        'expected a claim that was decided, found one that waits; ask again in a moment',
      );
    const plan = await this.plans.byHash(this.database.direct, decision.plan_id, decision.plan_hash);
    if (!plan)
      throw new DomainError(
        'plan-version-not-found',
        'not-found',
        'expected the plan version of the decision, found none; put its file back',
      );
    const reader = reachOf(principal, 'claim.read').scope === 'own' ? 'member' : (audience ?? 'officer');
    return renderTrace(JSON.parse(decision.trace) as Trace, plan, reader, language);
  }

  private async visible(principal: Principal, id: string): Promise<ClaimView> {
    const [claim] = await readClaims(this.database.direct, reachOf(principal, 'claim.read'), { id }, 1);
    if (claim) return claim;
    throw new DomainError(
      'claim-not-found',
      'not-found',
      'expected the id of a claim within your reach, found none; look it up by settlement or person',
    );
  }

  /** Claims that wait for another account of their member, and whether the member knows. */
  waitingForAccount(principal: Principal): Promise<WaitingForAccount[]> {
    return waitingForAccount(this.database.direct, reachOf(principal, 'claim.read'), WAITING);
  }

  /** By settlement, by personal number, or all within reach; the oldest first. */
  list(principal: Principal, filter: { settlementId?: string; personalNumber?: string }): Promise<ClaimView[]> {
    return readClaims(
      this.database.direct,
      reachOf(principal, 'claim.read'),
      {
        ...(filter.settlementId ? { settlementId: filter.settlementId } : {}),
        ...(filter.personalNumber ? { memberId: this.vault.memberId(normaliseIdentifier(filter.personalNumber)) } : {}),
      },
      LIST,
    );
  }
}
