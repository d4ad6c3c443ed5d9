/** The SQL on `accumulator`, and all that is written to `decision`; whole books of decisions are read by book.repository.ts. */
import { addAccumulators, subtractAccumulators, type Accumulators } from '@app/benefits';
import { fen, type CivilDate } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import type { ClaimKey, SettlementContext } from '../claim.js';
import { usedKey, type Adjudicated, type UsedByMember } from './adjudication.js';
import type { DecisionEntity } from './adjudication.entity.js';
import type { AcceptedClaim } from './from-acceptance.js';

/** Accepted claims of these ids, locked in member order; without ids whatever is due. Cancelled ones are left to be withdrawn. */
export async function takeAccepted(tx: Transaction, ids: readonly string[], limit: number): Promise<AcceptedClaim[]> {
  type Row = Record<'medfeeFen' | 'inscpScpFen' | 'fundPayFen' | 'psnPartFen' | 'fulamtOwnpayFen', string> & {
    memberId: string;
    claimId: string;
    medType: string;
    admissionOn: CivilDate;
    dischargeOn: CivilDate;
    acceptedOn: CivilDate;
    context: SettlementContext;
  };
  const rows = await rowsOf<Row>(
    tx,
    `select member_id as "memberId", id as "claimId", med_type as "medType", admission_on::text as "admissionOn", discharge_on::text as "dischargeOn",
            accepted_on::text as "acceptedOn", medfee_fen as "medfeeFen", inscp_scp_fen as "inscpScpFen", fund_pay_fen as "fundPayFen",
            psn_part_fen as "psnPartFen", fulamt_ownpay_fen as "fulamtOwnpayFen", context
     from claim where state = 'accepted' and cancelled_at is null and fault is null and (cardinality($1::uuid[]) = 0 or id = any($1))
     order by member_id, accepted_at, id limit $2 for update skip locked`,
    [ids, limit],
  );
  return rows.map((row) => ({
    ...row,
    medfeeFen: fen(Number(row.medfeeFen)),
    inscpScpFen: fen(Number(row.inscpScpFen)),
    fundPayFen: fen(Number(row.fundPayFen)),
    psnPartFen: fen(Number(row.psnPartFen)),
    fulamtOwnpayFen: fen(Number(row.fulamtOwnpayFen)),
  }));
}

/** Whose accumulators of which plan; side by side, in member order. */
export interface AccumulatorKeys {
  readonly memberIds: readonly string[];
  readonly planIds: readonly string[];
}

interface UsedRow {
  memberId: string;
  planId: string;
  used: string;
}

/** Locks accumulators in member order, made first where absent, since a lock on an absent row locks nothing. */
export async function lockAccumulators(tx: Transaction, { memberIds, planIds }: AccumulatorKeys): Promise<UsedByMember> {
  const [, rows] = await Promise.all([
    rowsOf(
      tx,
      `insert into accumulator (member_id, plan_id) select * from unnest($1::uuid[], $2::text[]) as a(member_id, plan_id) order by 1, 2 on conflict do nothing`,
      [memberIds, planIds],
    ),
    rowsOf<UsedRow>(
      tx,
      `select member_id as "memberId", plan_id as "planId", used from accumulator
       where member_id = any($1::uuid[]) and plan_id = any($2::text[]) order by member_id, plan_id for update`,
      [memberIds, [...new Set(planIds)]],
    ),
  ]);
  return new Map(rows.map((row) => [usedKey(row.memberId, row.planId), JSON.parse(row.used) as Accumulators]));
}

/** Of one person, under all their ids, as they are at the moment; nobody is kept from changing them. */
export async function readAccumulators(tx: Transaction, ids: readonly string[], planId: string): Promise<Accumulators> {
  const rows = await rowsOf<{ used: string }>(tx, 'select used from accumulator where member_id = any($1::uuid[]) and plan_id = $2', [
    ids,
    planId,
  ]);
  return rows.map(({ used }) => JSON.parse(used) as Accumulators).reduce(addAccumulators, {});
}

export async function saveAccumulators(tx: Transaction, used: UsedByMember): Promise<void> {
  const keys = [...used.keys()].map((key) => key.split(' ') as [string, string]);
  await rowsOf(
    tx,
    `update accumulator a set used = u.used from unnest($1::uuid[], $2::text[], $3::text[]) as u(member_id, plan_id, used)
     where a.member_id = u.member_id and a.plan_id = u.plan_id`,
    [keys.map(([memberId]) => memberId), keys.map(([, planId]) => planId), [...used.values()].map((value) => JSON.stringify(value))],
  );
}

export async function saveDecisions(tx: Transaction, adjudicated: readonly Adjudicated[], at: Date): Promise<void> {
  if (adjudicated.length === 0) return;
  await rowsOf(
    tx,
    `insert into decision (member_id, claim_id, plan_id, plan_version, plan_hash, used_before, changes, base_fen, benefit_fen, reason, capped, facts, trace, decided_at)
     select d.*, $14 from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::text[],
       $11::boolean[], $12::text[], $13::text[]) as d`,
    [
      adjudicated.map((one) => one.claim.memberId),
      adjudicated.map((one) => one.claim.claimId),
      adjudicated.map((one) => one.plan.id),
      adjudicated.map((one) => one.plan.version),
      adjudicated.map((one) => one.plan.hash),
      adjudicated.map((one) => JSON.stringify(one.before)),
      adjudicated.map((one) => JSON.stringify(one.decision.changes)),
      adjudicated.map((one) => one.decision.baseFen),
      adjudicated.map((one) => one.decision.benefitFen),
      adjudicated.map((one) => one.decision.reason),
      adjudicated.map((one) => one.decision.capped),
      adjudicated.map((one) => JSON.stringify(one.facts)),
      adjudicated.map((one) => JSON.stringify(one.decision.trace)),
      at,
    ],
  );
}

/** Gives back what the decisions on claims that fell away had used up. */
export async function releaseAccumulators(tx: Transaction, claims: readonly ClaimKey[]): Promise<void> {
  if (claims.length === 0) return;
  const rows = await rowsOf<{ memberId: string; planId: string; changes: string }>(
    tx,
    `select d.member_id as "memberId", d.plan_id as "planId", d.changes from decision d
     join unnest($1::uuid[], $2::uuid[]) as c(member_id, claim_id) using (member_id, claim_id) where d.changes <> '{}' order by 1, 2`,
    [claims.map((claim) => claim.memberId), claims.map((claim) => claim.claimId)],
  );
  if (rows.length === 0) return;
  const freed = new Map<string, Accumulators>();
  for (const { memberId, planId, changes } of rows) {
    const key = usedKey(memberId, planId);
    freed.set(key, addAccumulators(freed.get(key) ?? {}, JSON.parse(changes) as Accumulators));
  }
  const keys = [...freed.keys()].map((key) => key.split(' ') as [string, string]);
  const used = await lockAccumulators(tx, { memberIds: keys.map(([memberId]) => memberId), planIds: keys.map(([, planId]) => planId) });
  await saveAccumulators(tx, new Map([...freed].map(([key, changes]) => [key, subtractAccumulators(used.get(key) ?? {}, changes)])));
}

export async function readDecision(tx: Transaction, claim: ClaimKey): Promise<DecisionEntity | undefined> {
  const [row] = await rowsOf<DecisionEntity>(tx, 'select * from decision where member_id = $1 and claim_id = $2', [
    claim.memberId,
    claim.claimId,
  ]);
  return row;
}
