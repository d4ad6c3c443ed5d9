/** The only file that writes `claim`, and the only way to change a state. */
import type { DecidedClaim, MovedEnd } from '@app/enrolment';
import { JOB_IDS, rowsOf, type Reach, type Transaction } from '@app/platform';
import { assert, fen, type CivilDate, type Fen } from '@app/kernel';
import type { Cause, ClaimKey, ClaimView, SettlementFigures } from './claim.js';
import { canMove, LIFECYCLE, type ClaimState } from './lifecycle.js';

export interface NewClaim extends ClaimKey, SettlementFigures {
  readonly messageId: string;
  readonly acceptedAt: Date;
  readonly acceptedOn: CivilDate;
}

/** What a move may write beside the state, per claim. */
export interface MoveValues {
  readonly benefitFen?: readonly Fen[];
  readonly organisationPath?: readonly (string | null)[];
  readonly refusal?: readonly string[];
  /** Adds one to the attempt: a new right to be paid once. */
  readonly nextAttempt?: boolean;
  readonly settledAt?: Date;
}

/** New claims with their first history row and their wake-up; a settlement that is a claim already is left out of the result. */
export async function insertClaims(tx: Transaction, claims: readonly NewClaim[], cause: Cause): Promise<string[]> {
  if (claims.length === 0) return [];
  const rows = await rowsOf<{ id: string }>(
    tx,
    `with new as (
       insert into claim (member_id, id, state, version, settlement_id, message_id, med_type, admission_on, discharge_on, accepted_at, accepted_on,
                          medfee_fen, inscp_scp_fen, fund_pay_fen, psn_part_fen, fulamt_ownpay_fen, context, flags, moved_at)
       select c."memberId", c."claimId", 'accepted', 1, c."settlementId", c."messageId", c."medType", c."admissionOn", c."dischargeOn", c."acceptedAt", c."acceptedOn",
              c."medfeeFen", c."inscpScpFen", c."fundPayFen", c."psnPartFen", c."fulamtOwnpayFen", c.context, c.flags, $2
       from jsonb_to_recordset($1::jsonb) as c("memberId" uuid, "claimId" uuid, "settlementId" text, "messageId" uuid, "medType" text, "admissionOn" date,
              "dischargeOn" date, "acceptedAt" timestamptz, "acceptedOn" date, "medfeeFen" bigint, "inscpScpFen" bigint, "fundPayFen" bigint,
              "psnPartFen" bigint, "fulamtOwnpayFen" bigint, context jsonb, flags text[])
       on conflict (member_id, settlement_id) do nothing
       returning member_id, id),
     history as (
       insert into claim_history (member_id, claim_id, version, from_state, to_state, actor, reason, at) select member_id, id, 1, null, 'accepted', $3, $4, $2 from new),
     wake as (
       insert into outbox (queue, command, ids, patient) select $5, $6, array_agg(id), true from new having count(*) > 0)
     select id from new`,
    [JSON.stringify(claims), cause.at, cause.actor, cause.reason, LIFECYCLE.accepted.wakes!.queue, LIFECYCLE.accepted.wakes!.command],
  );
  return rows.map((row) => row.id);
}

/**
 * Moves claims from one state to another: guarded by the state they are in, with a history row each and the wake-up of the stage that
 * comes next, in one statement. Returns the claims that moved; one that was no longer in `from` is left as it is.
 */
export async function move(
  tx: Transaction,
  claims: readonly ClaimKey[],
  from: ClaimState,
  to: ClaimState,
  cause: Cause,
  values: MoveValues = {},
): Promise<ClaimKey[]> {
  assert(canMove(from, to), `a claim cannot move from ${from} to ${to}`);
  if (claims.length === 0) return [];
  assert(claims.length <= JOB_IDS, `at most ${JOB_IDS} claims move at once, found ${claims.length}`);
  const wakes = LIFECYCLE[to].wakes;
  return rowsOf<ClaimKey>(
    tx,
    `with target as (
       select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[]) as t(member_id, id, benefit_fen, organisation_path, refusal)),
     moved as (
       update claim c set state = $7, version = c.version + 1, moved_at = $8,
         benefit_fen = coalesce(t.benefit_fen, c.benefit_fen),
         organisation_path = coalesce(t.organisation_path, c.organisation_path),
         refusal = coalesce(t.refusal, c.refusal),
         attempt = c.attempt + $12::smallint,
         settled_at = coalesce($13, c.settled_at)
       from target t where c.member_id = t.member_id and c.id = t.id and c.state = $6
       returning c.member_id, c.id, c.version),
     history as (
       insert into claim_history (member_id, claim_id, version, from_state, to_state, actor, reason, at, plan_version)
       select member_id, id, version, $6, $7, $9, $10, $8, $11 from moved),
     wake as (
       insert into outbox (queue, command, ids, patient) select $14, $15, array_agg(id), true from moved where $14::text is not null having count(*) > 0)
     select member_id as "memberId", id as "claimId" from moved`,
    [
      claims.map((claim) => claim.memberId),
      claims.map((claim) => claim.claimId),
      values.benefitFen ?? claims.map(() => null),
      values.organisationPath ?? claims.map(() => null),
      values.refusal ?? claims.map(() => null),
      from,
      to,
      cause.at,
      cause.actor,
      cause.reason,
      cause.planVersion ?? null,
      values.nextAttempt ? 1 : 0,
      values.settledAt ?? null,
      wakes?.queue ?? null,
      wakes?.command ?? null,
    ],
  );
}

/** Writes the fact of a cancel and wakes the stage that decides what becomes of it; claims that were cancelled before stay as they are. */
export async function markCancelled(tx: Transaction, claimIds: readonly string[], at: Date): Promise<void> {
  if (claimIds.length === 0) return;
  await rowsOf(
    tx,
    `with cancelled as (update claim set cancelled_at = $2 where id = any($1::uuid[]) and cancelled_at is null returning id)
     insert into outbox (queue, command, ids) select 'reconciliation', 'cancel', array_agg(id) from cancelled having count(*) > 0`,
    [claimIds, at],
  );
}

/** Which of these claims were cancelled. */
export async function cancelledAmong(tx: Transaction, claims: readonly ClaimKey[]): Promise<Set<string>> {
  if (claims.length === 0) return new Set();
  const rows = await rowsOf<{ id: string }>(
    tx,
    `select c.id from claim c join unnest($1::uuid[], $2::uuid[]) as t(member_id, id) on t.member_id = c.member_id and t.id = c.id where c.cancelled_at is not null`,
    [claims.map((claim) => claim.memberId), claims.map((claim) => claim.claimId)],
  );
  return new Set(rows.map((row) => row.id));
}

/** A claim that made a stage fail stands aside so that the rest go on; it is listed for a person. */
export async function markFault(tx: Transaction, claim: ClaimKey, fault: string): Promise<void> {
  await rowsOf(tx, 'update claim set fault = $3 where member_id = $1 and id = $2', [claim.memberId, claim.claimId, fault]);
}

export const reachSql = (reach: Reach, from: number): { sql: string; parameters: unknown[] } => {
  if (reach.scope === 'all') return { sql: 'true', parameters: [] };
  if (reach.scope === 'own') return { sql: `member_id = $${from}`, parameters: [reach.memberId] };
  return { sql: `starts_with(organisation_path, $${from})`, parameters: [reach.organisationPath] };
};

/** What the principal may see of the claims asked for: one by id, or those of one member, or those in one state. */
export async function readClaims(
  tx: Transaction,
  reach: Reach,
  filter: { id?: string; memberId?: string; settlementId?: string; states?: readonly ClaimState[] },
  limit: number,
): Promise<ClaimView[]> {
  const within = reachSql(reach, 6);
  const rows = await rowsOf<{
    memberId: string;
    claimId: string;
    state: ClaimState;
    settlementId: string;
    acceptedAt: Date;
    dischargeOn: CivilDate;
    benefitFen: string | null;
    cancelled: boolean;
  }>(
    tx,
    `select member_id as "memberId", id as "claimId", state, settlement_id as "settlementId", accepted_at as "acceptedAt", discharge_on::text as "dischargeOn",
            benefit_fen as "benefitFen", cancelled_at is not null as cancelled
     from claim where ($1::uuid is null or id = $1) and ($2::uuid is null or member_id = $2) and ($3::text is null or settlement_id = $3)
       and ($4::text[] is null or state = any($4)) and ${within.sql}
     order by accepted_at, id limit $5`,
    [filter.id ?? null, filter.memberId ?? null, filter.settlementId ?? null, filter.states ?? null, limit, ...within.parameters],
  );
  return rows.map((row) => ({ ...row, benefitFen: row.benefitFen === null ? null : fen(Number(row.benefitFen)) }));
}

export interface HistoryEntry {
  from: ClaimState | null;
  to: ClaimState;
  actor: string;
  reason: string;
  at: Date;
  planVersion: string | null;
}

export const readHistory = (tx: Transaction, claim: ClaimKey): Promise<HistoryEntry[]> =>
  rowsOf(
    tx,
    `select from_state as "from", to_state as "to", actor, reason, at, plan_version as "planVersion" from claim_history
     where member_id = $1 and claim_id = $2 order by version`,
    [claim.memberId, claim.claimId],
  );

/** Claims that stand, of the plan of a cover, and refused ones for want of a cover, whose discharge lies within the days given. */
export async function decidedClaims(tx: Transaction, ends: readonly MovedEnd[]): Promise<DecidedClaim[]> {
  if (ends.length === 0) return [];
  const rows = await rowsOf<Omit<DecidedClaim, 'benefitFen'> & { benefitFen: string | null }>(
    tx,
    `select c.member_id as "memberId", c.id as "claimId", c.state, c.discharge_on::text as "dischargeOn", c.benefit_fen as "benefitFen",
            c.state <> 'refused' as granted
     from unnest($1::uuid[], $2::text[], $3::date[], $4::date[]) as e(member_id, plan_id, after, until)
     join claim c on c.member_id = e.member_id and c.discharge_on > e.after and c.discharge_on <= e.until
     join decision d on d.member_id = c.member_id and d.claim_id = c.id
     where c.cancelled_at is null and (c.refusal = 'not-covered' or (c.state <> all($5) and d.plan_id = e.plan_id))
     order by c.discharge_on, c.id`,
    [
      ends.map((end) => end.memberId),
      ends.map((end) => end.planId),
      ends.map((end) => end.after),
      ends.map((end) => end.until),
      WITHOUT_MONEY,
    ],
  );
  return rows.map((row) => ({ ...row, benefitFen: row.benefitFen === null ? null : fen(Number(row.benefitFen)) }));
}

/** Nothing is paid, or it is asked back already. */
const WITHOUT_MONEY: readonly ClaimState[] = ['refused', 'declined', 'withdrawn', 'clawed-back'];
