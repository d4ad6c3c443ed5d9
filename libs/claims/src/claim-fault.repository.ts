import { rowsOf, type Transaction } from '@app/platform';
import type { ClaimState } from './lifecycle.js';

export interface FaultyClaim {
  readonly claimId: string;
  readonly settlementId: string;
  readonly state: ClaimState;
  readonly acceptedAt: Date;
  readonly fault: string;
}

export const readFaults = (tx: Transaction, limit: number): Promise<FaultyClaim[]> =>
  rowsOf(
    tx,
    `select id as "claimId", settlement_id as "settlementId", state, accepted_at as "acceptedAt", fault
     from claim where fault is not null and cancelled_at is null order by accepted_at, id limit $1`,
    [limit],
  );

export interface StoppedClaim {
  readonly memberId: string;
  readonly claimId: string;
  readonly state: ClaimState;
  readonly fault: string;
}

/** Locked; undefined when it does not stand aside. */
export async function faultOf(tx: Transaction, claimId: string): Promise<StoppedClaim | undefined> {
  const [row] = await rowsOf<StoppedClaim>(
    tx,
    `select member_id as "memberId", id as "claimId", state, fault from claim where id = $1 and fault is not null and cancelled_at is null for update`,
    [claimId],
  );
  return row;
}

/** From now on the claim is due again. */
export async function releaseFault(
  tx: Transaction,
  { memberId, claimId, fault }: StoppedClaim,
  released: { readonly by: string; readonly at: Date; readonly remark: string },
): Promise<void> {
  await rowsOf(
    tx,
    `insert into claim_release (member_id, claim_id, released_at, fault, released_by, remark) values ($1, $2, $3, $4, $5, $6)`,
    [memberId, claimId, released.at, fault, released.by, released.remark],
  );
  await rowsOf(tx, 'update claim set fault = null where member_id = $1 and id = $2', [memberId, claimId]);
}
