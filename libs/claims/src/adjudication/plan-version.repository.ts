/** The only file with SQL on `plan_version` and `plan_signature`. */
import type { CompiledPlan, Selection } from '@app/benefits';
import { rowsOf, type Transaction } from '@app/platform';
import type { DatedVersion, PlanVersionView } from './plan-version.js';

export interface ActiveVersion {
  readonly planId: string;
  readonly hash: string;
}

export const activeVersions = (tx: Transaction): Promise<ActiveVersion[]> =>
  rowsOf(tx, `select plan_id as "planId", hash from plan_version where state = 'active' order by plan_id, version`, []);

/** A plan as it was proposed. */
export interface PlanSource {
  readonly planId: string;
  readonly content: string;
  readonly selection: Selection;
}

export async function sourceOf(tx: Transaction, hash: string): Promise<PlanSource | undefined> {
  const [row] = await rowsOf<{ planId: string; content: string; selection: string }>(
    tx,
    'select plan_id as "planId", content, selection from plan_version where hash = $1',
    [hash],
  );
  return row && { ...row, selection: JSON.parse(row.selection) as Selection };
}

export async function highestVersion(tx: Transaction, planId: string): Promise<(DatedVersion & { hash: string }) | undefined> {
  const [row] = await rowsOf<DatedVersion & { hash: string }>(
    tx,
    'select version, effective_on::text as "effectiveOn", hash from plan_version where plan_id = $1 order by version desc limit 1',
    [planId],
  );
  return row;
}

export async function insertVersion(
  tx: Transaction,
  version: { plan: CompiledPlan; content: string; selection: Selection; proposedBy: string; at: Date },
): Promise<void> {
  const { plan, content, selection, proposedBy, at } = version;
  await rowsOf(
    tx,
    `insert into plan_version (plan_id, version, hash, content, selection, effective_on, state, proposed_by, proposed_at)
     values ($1, $2, $3, $4, $5, $6, 'proposed', $7, $8)`,
    [plan.id, plan.version, plan.hash, content, JSON.stringify(selection), plan.effectiveOn, proposedBy, at],
  );
}

const VIEW = `select v.plan_id as "planId", v.version, v.hash, v.effective_on::text as "effectiveOn", v.state, v.proposed_by as "proposedBy",
    v.proposed_at as "proposedAt", v.activated_at as "activatedAt",
    array(select s.signed_by from plan_signature s where s.plan_id = v.plan_id and s.version = v.version order by s.signed_at, s.signed_by) as "signedBy"
  from plan_version v`;

export const readVersions = (tx: Transaction): Promise<PlanVersionView[]> => rowsOf(tx, `${VIEW} order by v.plan_id, v.version desc`);

export async function readVersion(tx: Transaction, planId: string, version: number): Promise<PlanVersionView | undefined> {
  const [row] = await rowsOf<PlanVersionView>(tx, `${VIEW} where v.plan_id = $1 and v.version = $2`, [planId, version]);
  return row;
}

/** Read after the lock is held, so that a signature of the moment before is seen. */
export async function lockVersion(tx: Transaction, planId: string, version: number): Promise<PlanVersionView | undefined> {
  await rowsOf(tx, 'select from plan_version where plan_id = $1 and version = $2 for update', [planId, version]);
  return readVersion(tx, planId, version);
}

export async function insertSignature(
  tx: Transaction,
  signature: { planId: string; version: number; signedBy: string; at: Date },
): Promise<void> {
  await rowsOf(tx, 'insert into plan_signature (plan_id, version, signed_by, signed_at) values ($1, $2, $3, $4)', [
    signature.planId,
    signature.version,
    signature.signedBy,
    signature.at,
  ]);
}

export async function activate(tx: Transaction, planId: string, version: number, at: Date): Promise<void> {
  await rowsOf(tx, `update plan_version set state = 'active', activated_at = $3 where plan_id = $1 and version = $2`, [
    planId,
    version,
    at,
  ]);
}
