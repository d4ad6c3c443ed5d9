/** The only file with SQL on `approval_act`. */
import { fen, type CivilDate, type Fen } from '@app/kernel';
import { rowsOf, type Reach, type Transaction } from '@app/platform';
import type { ClaimKey, RiskFlag } from '../claim.js';
import type { ClaimState } from '../lifecycle.js';

export interface ClaimToApprove extends ClaimKey {
  readonly state: ClaimState;
  readonly version: number;
  readonly benefitFen: Fen;
  readonly flags: readonly RiskFlag[];
  readonly attempt: number;
}

interface Row extends Omit<ClaimToApprove, 'benefitFen'> {
  readonly benefitFen: string;
}

const COLUMNS = `c.member_id as "memberId", c.id as "claimId", c.state, c.version, c.benefit_fen as "benefitFen", c.flags, c.attempt::int as attempt`;
const withMoney = (row: Row): ClaimToApprove => ({ ...row, benefitFen: fen(Number(row.benefitFen)) });

/** Adjudicated claims of these ids (none: whatever is due), locked in member order. */
export async function takeAdjudicated(tx: Transaction, ids: readonly string[], limit: number): Promise<ClaimToApprove[]> {
  const rows = await rowsOf<Row>(
    tx,
    `select ${COLUMNS} from claim c where c.state = 'adjudicated' and c.cancelled_at is null and c.fault is null and (cardinality($1::uuid[]) = 0 or c.id = any($1))
     order by c.member_id, c.id limit $2 for update skip locked`,
    [ids, limit],
  );
  return rows.map(withMoney);
}

export interface ClaimToDecide extends ClaimToApprove {
  readonly endorsedBy: string | null;
}

/** These claims, within reach, locked in member order. */
export async function lockForDecision(tx: Transaction, ids: readonly string[], reach: Reach): Promise<ClaimToDecide[]> {
  const rows = await rowsOf<Row & { endorsedBy: string | null }>(
    tx,
    `select ${COLUMNS},
       (select h.actor from claim_history h where h.member_id = c.member_id and h.claim_id = c.id and h.to_state = 'endorsed' order by h.version desc limit 1) as "endorsedBy"
     from claim c where c.id = any($1::uuid[]) and c.cancelled_at is null and ($2 = 'all' or starts_with(c.organisation_path, $3))
     order by c.member_id, c.id for update`,
    [ids, reach.scope, reach.organisationPath],
  );
  return rows.map((row) => ({ ...withMoney(row), endorsedBy: row.endorsedBy }));
}

export interface WaitingClaim {
  readonly claimId: string;
  readonly state: ClaimState;
  readonly benefitFen: Fen;
  readonly flags: readonly string[];
  readonly acceptedOn: CivilDate;
  readonly organisationPath: string | null;
}

/** What waits for a person, oldest first. */
export async function readWaiting(tx: Transaction, reach: Reach, states: readonly ClaimState[], limit: number): Promise<WaitingClaim[]> {
  const rows = await rowsOf<Omit<WaitingClaim, 'benefitFen'> & { benefitFen: string }>(
    tx,
    `select c.id as "claimId", c.state, c.benefit_fen as "benefitFen", coalesce(a.flags, '{}') as flags, c.accepted_on::text as "acceptedOn", c.organisation_path as "organisationPath"
     from claim c left join lateral (select flags from approval_act a where a.member_id = c.member_id and a.claim_id = c.id and a.act = 'refer' order by claim_version desc limit 1) a on true
     where c.state = any($1) and c.cancelled_at is null and ($2 = 'all' or starts_with(c.organisation_path, $3)) order by c.accepted_at, c.id limit $4`,
    [states, reach.scope, reach.organisationPath, limit],
  );
  return rows.map((row) => ({ ...row, benefitFen: fen(Number(row.benefitFen)) }));
}

export interface Act {
  readonly claim: ClaimToApprove;
  readonly act: 'automatic' | 'refer' | 'approve' | 'decline';
  readonly flags: readonly RiskFlag[];
}

export async function saveActs(
  tx: Transaction,
  acts: readonly Act[],
  actor: string,
  policyVersion: string,
  note: string | null,
  at: Date,
): Promise<void> {
  if (acts.length === 0) return;
  await rowsOf(
    tx,
    `insert into approval_act (member_id, claim_id, claim_version, actor, act, flags, policy_version, note, at)
     select member_id, claim_id, version, $5, act, string_to_array(flags, ','), $7, $8, $9
     from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $6::text[]) as a(member_id, claim_id, version, act, flags)`,
    [
      acts.map((one) => one.claim.memberId),
      acts.map((one) => one.claim.claimId),
      acts.map((one) => one.claim.version),
      acts.map((one) => one.act),
      actor,
      acts.map((one) => one.flags.join(',')),
      policyVersion,
      note,
      at,
    ],
  );
}
