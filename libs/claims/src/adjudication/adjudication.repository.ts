/** The only file with SQL on `decision` and `accumulator`. */
import type { CompiledPlan } from '@app/benefits';
import { fen, type CivilDate, type Fen } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import type { ClaimKey } from '../claim.js';
import type { Adjudicated } from './adjudication.js';
import type { DecisionEntity } from './adjudication.entity.js';
import { factsOf, type AcceptedClaim, type CoverPeriod } from './from-acceptance.js';

/** Accepted claims of these ids, locked in member order; without ids whatever is due. Cancelled ones are left to be withdrawn. */
export async function takeAccepted(tx: Transaction, ids: readonly string[], limit: number): Promise<AcceptedClaim[]> {
  type Row = Record<'medfeeFen' | 'inscpScpFen' | 'fundPayFen' | 'psnPartFen' | 'fulamtOwnpayFen', string> & {
    memberId: string;
    claimId: string;
    medType: string;
    admissionOn: CivilDate;
    dischargeOn: CivilDate;
    acceptedOn: CivilDate;
  };
  const rows = await rowsOf<Row>(
    tx,
    `select member_id as "memberId", id as "claimId", med_type as "medType", admission_on::text as "admissionOn", discharge_on::text as "dischargeOn",
            accepted_on::text as "acceptedOn", medfee_fen as "medfeeFen", inscp_scp_fen as "inscpScpFen", fund_pay_fen as "fundPayFen",
            psn_part_fen as "psnPartFen", fulamt_ownpay_fen as "fulamtOwnpayFen"
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

/** Locks the members' accumulators of the plan in member order, made first where absent, since a lock on an absent row locks nothing. */
export async function lockAccumulators(tx: Transaction, memberIds: readonly string[], planId: string): Promise<Map<string, Fen>> {
  await rowsOf(
    tx,
    `insert into accumulator (member_id, plan_id, paid_fen) select id, $2, 0 from unnest($1::uuid[]) as id order by id on conflict do nothing`,
    [memberIds, planId],
  );
  const rows = await rowsOf<{ memberId: string; paidFen: string }>(
    tx,
    `select member_id as "memberId", paid_fen as "paidFen" from accumulator where member_id = any($1::uuid[]) and plan_id = $2 order by member_id for update`,
    [memberIds, planId],
  );
  return new Map(rows.map((row) => [row.memberId, fen(Number(row.paidFen))]));
}

export async function saveAccumulators(tx: Transaction, used: ReadonlyMap<string, Fen>, planId: string): Promise<void> {
  await rowsOf(
    tx,
    `update accumulator a set paid_fen = u.paid_fen from unnest($1::uuid[], $2::bigint[]) as u(member_id, paid_fen) where a.member_id = u.member_id and a.plan_id = $3`,
    [[...used.keys()], [...used.values()], planId],
  );
}

export async function saveDecisions(
  tx: Transaction,
  adjudicated: readonly Adjudicated[],
  covers: ReadonlyMap<string, CoverPeriod>,
  plan: CompiledPlan,
  at: Date,
): Promise<void> {
  if (adjudicated.length === 0) return;
  await rowsOf(
    tx,
    `insert into decision (member_id, claim_id, plan_id, plan_version, plan_hash, used_before_fen, accumulated_fen, base_fen, benefit_fen, reason, facts, trace, decided_at)
     select member_id, claim_id, $8, $9, $10, used_before_fen, accumulated_fen, base_fen, benefit_fen, reason, facts, trace, $11
     from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $12::text[], $13::text[])
       as d(member_id, claim_id, used_before_fen, accumulated_fen, base_fen, benefit_fen, reason, facts, trace)`,
    [
      adjudicated.map((one) => one.claim.memberId),
      adjudicated.map((one) => one.claim.claimId),
      adjudicated.map((one) => one.decision.used.paidFen - one.accumulatedFen),
      adjudicated.map((one) => one.accumulatedFen),
      adjudicated.map((one) => one.decision.baseFen),
      adjudicated.map((one) => one.decision.benefitFen),
      adjudicated.map((one) => one.decision.reason),
      plan.id,
      plan.version,
      plan.hash,
      at,
      adjudicated.map((one) => JSON.stringify(factsOf(one.claim, covers.get(one.claim.claimId)))),
      adjudicated.map((one) => JSON.stringify(one.decision.trace)),
    ],
  );
}

/** Gives back what the decisions on claims that fell away had used up. */
export async function releaseAccumulators(tx: Transaction, claims: readonly ClaimKey[]): Promise<void> {
  if (claims.length === 0) return;
  await rowsOf(
    tx,
    `with freed as (
       select d.member_id, d.plan_id, sum(d.accumulated_fen) as fen from decision d
       join unnest($1::uuid[], $2::uuid[]) as c(member_id, claim_id) using (member_id, claim_id) group by 1, 2)
     update accumulator a set paid_fen = a.paid_fen - f.fen from freed f where a.member_id = f.member_id and a.plan_id = f.plan_id`,
    [claims.map((claim) => claim.memberId), claims.map((claim) => claim.claimId)],
  );
}

export async function readDecision(tx: Transaction, claim: ClaimKey): Promise<DecisionEntity | undefined> {
  const [row] = await rowsOf<DecisionEntity>(tx, 'select * from decision where member_id = $1 and claim_id = $2', [
    claim.memberId,
    claim.claimId,
  ]);
  return row;
}
