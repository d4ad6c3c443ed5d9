/** Which version of a plan decides, and what a version goes through before it does. Pure. */
import type { CompiledPlan } from '@app/benefits';
import type { CivilDate } from '@app/kernel';

/** Claims of people without cover are refused under this plan. */
export const DEFAULT_PLAN_ID = 'guangxi-1-2025';
/** Different people who must sign a version before it is in force. */
export const SIGNATURES = 2;

export type PlanVersionState = 'proposed' | 'active';

export interface PlanVersionView {
  readonly planId: string;
  readonly version: number;
  readonly hash: string;
  readonly effectiveOn: CivilDate;
  readonly state: PlanVersionState;
  readonly proposedBy: string;
  readonly proposedAt: Date;
  readonly signedBy: readonly string[];
  readonly activatedAt: Date | null;
}

export type DatedVersion = Pick<CompiledPlan, 'version' | 'effectiveOn'>;
export type ProposalFault = 'version-not-next' | 'effective-not-later';

/** undefined when the version may be proposed. `latest`: the highest that is known, whatever became of it; none of a new plan. */
export function proposalFault(proposed: DatedVersion, latest: DatedVersion | undefined): ProposalFault | undefined {
  if (proposed.version !== (latest?.version ?? 0) + 1) return 'version-not-next';
  return latest && proposed.effectiveOn <= latest.effectiveOn ? 'effective-not-later' : undefined;
}

export interface SignatureCheck {
  readonly state: PlanVersionState;
  readonly proposedBy: string;
  readonly signedBy: readonly string[];
  readonly actor: string;
  readonly hash: string;
  /** What the signer read. */
  readonly hashSeen: string;
  /** Whether a rehearsal of this very hash has ended. */
  readonly rehearsed: boolean;
}

export type SignatureFault = 'already-active' | 'same-person' | 'already-signed' | 'hash-differs' | 'not-rehearsed';

/** undefined when the signature counts. */
export function signatureFault(check: SignatureCheck): SignatureFault | undefined {
  if (check.state === 'active') return 'already-active';
  if (check.actor === check.proposedBy) return 'same-person';
  if (check.signedBy.includes(check.actor)) return 'already-signed';
  if (check.hashSeen !== check.hash) return 'hash-differs';
  return check.rehearsed ? undefined : 'not-rehearsed';
}

export class PlansInForce {
  private readonly byId = new Map<string, CompiledPlan[]>();
  private readonly ordered = new Map<string, CompiledPlan[]>();

  /** `versions`: those that were activated; `shipped` finds the version that an installation starts with. */
  constructor(
    versions: readonly CompiledPlan[],
    private readonly shipped: (planId: string) => CompiledPlan | undefined,
  ) {
    for (const plan of versions) this.byId.set(plan.id, [...(this.byId.get(plan.id) ?? []), plan]);
  }

  /** The latest version in force on the day; before the first one took effect, the first. undefined for a plan nobody knows. */
  planOn(day: CivilDate, planId = DEFAULT_PLAN_ID): CompiledPlan | undefined {
    const versions = this.versionsOf(planId);
    return versions.findLast((plan) => plan.effectiveOn <= day) ?? versions[0];
  }

  /** The latest version, whether or not it has taken effect. */
  latest(planId: string): CompiledPlan | undefined {
    return this.versionsOf(planId).at(-1);
  }

  /** Asked for every claim of a set. */
  private versionsOf(planId: string): CompiledPlan[] {
    let versions = this.ordered.get(planId);
    if (!versions) {
      const shipped = this.shipped(planId);
      versions = [...(shipped ? [shipped] : []), ...(this.byId.get(planId) ?? [])].sort((a, b) => a.version - b.version);
      this.ordered.set(planId, versions);
    }
    return versions;
  }
}
