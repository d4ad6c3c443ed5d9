/** Versions of plans: proposed as a file, rehearsed, signed by two people, and then in force for what happens from their date on. */
import { Injectable } from '@nestjs/common';
import { loadPlan, parsePlan, planIds, type CompiledPlan, type Selection } from '@app/benefits';
import { Clock, type CivilDate } from '@app/kernel';
import { Audit, Database, type Principal, type Transaction } from '@app/platform';
import { planNotFound, proposalRefused, signatureRefused, versionNotFound } from './plan-version.errors.js';
import { PlansInForce, SIGNATURES, proposalFault, signatureFault, type PlanVersionView } from './plan-version.js';
import * as versions from './plan-version.repository.js';
import { finishedRehearsals } from './rehearsal.repository.js';

/** What a person who signs has to read. */
export interface PlanVersionDetail extends PlanVersionView {
  readonly content: string;
  readonly selection: Selection;
  /** Ids of the finished rehearsals of its hash. */
  readonly rehearsals: readonly string[];
}

/** A plan with the text it was compiled from; null for one that is shipped. */
export interface PlanWithSource {
  readonly plan: CompiledPlan;
  readonly content: string | null;
  readonly selection: Selection;
}

type Actor = Pick<Principal, 'userId' | 'roles'>;

@Injectable()
export class PlanVersionService {
  // A version never changes, so what was compiled once is kept.
  private readonly shippedById = new Map<string, CompiledPlan>();
  private readonly proposedByHash = new Map<string, CompiledPlan>();
  private readonly shippedIds = new Set(planIds());

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly audit: Audit,
  ) {}

  async inForce(tx: Transaction): Promise<PlansInForce> {
    const active: CompiledPlan[] = [];
    for (const { hash } of await versions.activeVersions(tx)) active.push((await this.proposed(tx, hash))!);
    return new PlansInForce(active, (planId) => this.shipped(planId));
  }

  /** The version that decides on the day; undefined for a plan nobody knows. */
  async planOn(day: CivilDate, planId: string): Promise<CompiledPlan | undefined> {
    return (await this.inForce(this.database.direct)).planOn(day, planId);
  }

  /** The version with this hash, shipped or proposed; undefined when nobody knows it. */
  async byHash(tx: Transaction, planId: string, hash: string): Promise<CompiledPlan | undefined> {
    const shipped = this.shipped(planId);
    return shipped?.hash === hash ? shipped : this.proposed(tx, hash);
  }

  /** A named version, or the highest there is, shipped or proposed, with other options selected where asked. Errors: plan-not-found, plan-version-not-found, plan-invalid. */
  async find(tx: Transaction, planId: string, version?: number, selection: Selection = {}): Promise<PlanWithSource> {
    const shipped = this.shipped(planId);
    const highest = await versions.highestVersion(tx, planId);
    if (!shipped && !highest) throw planNotFound();
    const wanted = version ?? Math.max(shipped?.version ?? 0, highest?.version ?? 0);
    const row = await versions.readVersion(tx, planId, wanted);
    if (!row && shipped?.version !== wanted) throw versionNotFound();
    return this.withSelection(tx, row ? (await this.proposed(tx, row.hash))! : shipped!, selection);
  }

  /** The same version with other options selected. Error: plan-invalid. */
  async withSelection(tx: Transaction, plan: CompiledPlan, selection: Selection): Promise<PlanWithSource> {
    const source = await versions.sourceOf(tx, plan.hash);
    const chosen = { ...source?.selection, ...selection };
    const same = Object.keys(selection).length === 0;
    if (!source) return { plan: same ? plan : loadPlan(plan.id, chosen), content: null, selection: chosen };
    return { plan: same ? plan : parsePlan(source.content, plan.id, chosen), content: source.content, selection: chosen };
  }

  /** Errors: plan-invalid with all its problems, version-not-next, effective-not-later. */
  async propose(actor: Actor, content: string, selection: Selection = {}): Promise<PlanVersionView> {
    const plan = parsePlan(content, 'the plan', selection);
    return this.database.transaction(async (tx) => {
      const [shipped, highest] = [this.shipped(plan.id), await versions.highestVersion(tx, plan.id)];
      const latest = shipped && shipped.version >= (highest?.version ?? 0) ? shipped : highest;
      const fault = proposalFault(plan, latest);
      if (fault) throw proposalRefused(fault, plan, latest);
      await versions.insertVersion(tx, { plan, content, selection, proposedBy: actor.userId, at: this.clock.now() });
      await this.record(tx, actor, 'plan.propose', plan);
      return (await versions.readVersion(tx, plan.id, plan.version))!;
    });
  }

  /**
   * Signs a version by the hash that was read; the second signature puts it in force. Errors: plan-version-not-found, already-active,
   * same-person, already-signed, hash-differs, not-rehearsed.
   */
  sign(actor: Actor, planId: string, version: number, hashSeen: string): Promise<PlanVersionView> {
    return this.database.transaction(async (tx) => {
      const found = await versions.lockVersion(tx, planId, version);
      if (!found) throw versionNotFound();
      const rehearsed = (await finishedRehearsals(tx, found.hash)).length > 0;
      const fault = signatureFault({ ...found, actor: actor.userId, hashSeen, rehearsed });
      if (fault) throw signatureRefused(fault);
      const at = this.clock.now();
      await versions.insertSignature(tx, { planId, version, signedBy: actor.userId, at });
      if (found.signedBy.length + 1 >= SIGNATURES) await versions.activate(tx, planId, version, at);
      await this.record(tx, actor, 'plan.sign', { id: planId, version, hash: found.hash });
      return (await versions.readVersion(tx, planId, version))!;
    });
  }

  list(): Promise<PlanVersionView[]> {
    return versions.readVersions(this.database.direct);
  }

  /** Error: plan-version-not-found. */
  async read(planId: string, version: number): Promise<PlanVersionDetail> {
    const tx = this.database.direct;
    const view = await versions.readVersion(tx, planId, version);
    if (!view) throw versionNotFound();
    const { content, selection } = (await versions.sourceOf(tx, view.hash))!;
    return { ...view, content, selection, rehearsals: await finishedRehearsals(tx, view.hash) };
  }

  private record(
    tx: Transaction,
    actor: Actor,
    action: 'plan.propose' | 'plan.sign',
    plan: Pick<CompiledPlan, 'id' | 'version' | 'hash'>,
  ): Promise<void> {
    return this.audit.record(
      {
        actor: actor.userId,
        roles: actor.roles,
        action,
        route: `PlanVersionService.${action.slice('plan.'.length)}`,
        subject: `${plan.id}@${plan.version} ${plan.hash}`,
        outcome: 'allowed',
      },
      tx,
    );
  }

  private shipped(planId: string): CompiledPlan | undefined {
    if (!this.shippedIds.has(planId)) return undefined;
    const known = this.shippedById.get(planId);
    if (known) return known;
    const plan = loadPlan(planId);
    this.shippedById.set(planId, plan);
    return plan;
  }

  private async proposed(tx: Transaction, hash: string): Promise<CompiledPlan | undefined> {
    const known = this.proposedByHash.get(hash);
    if (known) return known;
    const source = await versions.sourceOf(tx, hash);
    if (!source) return undefined;
    const plan = parsePlan(source.content, source.planId, source.selection);
    this.proposedByHash.set(hash, plan);
    return plan;
  }
}
