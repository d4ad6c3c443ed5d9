/** The only file with SQL on `batch` and `batch_item`. */
import { fen, type CivilDate, type Fen } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import type { ClaimKey } from '../claim.js';
import type { BatchState } from './batch.js';

export interface ApprovedClaim extends ClaimKey {
  readonly attempt: number;
  readonly amountFen: Fen;
}

/** Approved claims accepted before `cutOn`, locked in member order. A cancel of the same day has always been seen before. */
export async function takeApproved(tx: Transaction, cutOn: CivilDate, limit: number): Promise<ApprovedClaim[]> {
  const rows = await rowsOf<{ memberId: string; claimId: string; attempt: number; amountFen: string }>(
    tx,
    `select member_id as "memberId", id as "claimId", attempt::int as attempt, benefit_fen as "amountFen" from claim
     where state = 'approved' and accepted_on < $1 and cancelled_at is null and fault is null order by member_id, id limit $2 for update`,
    [cutOn, limit],
  );
  return rows.map((row) => ({ ...row, amountFen: fen(Number(row.amountFen)) }));
}

export async function insertBatch(tx: Transaction, batch: { id: string; cutOn: CivilDate; madeBy: string; madeAt: Date }): Promise<void> {
  await rowsOf(
    tx,
    `insert into batch (id, cut_on, state, claims, total_fen, digest, made_by, made_at) values ($1, $2, 'made', 0, 0, '', $3, $4)`,
    [batch.id, batch.cutOn, batch.madeBy, batch.madeAt],
  );
}

export async function insertItems(tx: Transaction, batchId: string, items: readonly ApprovedClaim[]): Promise<void> {
  await rowsOf(
    tx,
    `insert into batch_item (member_id, claim_id, batch_id, attempt, amount_fen) select i.member_id, i.claim_id, $5, i.attempt, i.amount_fen
     from unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::bigint[]) as i(member_id, claim_id, attempt, amount_fen)`,
    [
      items.map((item) => item.memberId),
      items.map((item) => item.claimId),
      items.map((item) => item.attempt),
      items.map((item) => item.amountFen),
      batchId,
    ],
  );
}

/** SHA-256 over the rows in the order of claims: who checks it has checked every claim, attempt and amount. */
const DIGEST = `select count(*)::int as claims, coalesce(sum(amount_fen), 0)::bigint as total,
  encode(sha256(convert_to(coalesce(string_agg(claim_id || ':' || attempt || ':' || amount_fen, ',' order by claim_id), ''), 'UTF8')), 'hex') as digest
  from batch_item where batch_id = $1`;

export async function sealBatch(tx: Transaction, batchId: string): Promise<void> {
  await rowsOf(
    tx,
    `with d as (${DIGEST}) update batch b set claims = d.claims, total_fen = d.total, digest = d.digest from d where b.id = $1`,
    [batchId],
  );
}

export async function digestNow(tx: Transaction, batchId: string): Promise<string> {
  const [row] = await rowsOf<{ digest: string }>(tx, DIGEST, [batchId]);
  return row!.digest;
}

export interface BatchView {
  readonly id: string;
  readonly cutOn: CivilDate;
  readonly state: BatchState;
  readonly claims: number;
  readonly totalFen: Fen;
  readonly digest: string;
  readonly madeBy: string;
}

const VIEW = `select id, cut_on::text as "cutOn", state, claims, total_fen as "totalFen", digest, made_by as "madeBy" from batch`;
const viewOf = (row: Omit<BatchView, 'totalFen'> & { totalFen: string }): BatchView => ({ ...row, totalFen: fen(Number(row.totalFen)) });

export async function readBatches(tx: Transaction, limit: number): Promise<BatchView[]> {
  return (
    await rowsOf<Omit<BatchView, 'totalFen'> & { totalFen: string }>(tx, `${VIEW} order by made_at desc, id desc limit $1`, [limit])
  ).map(viewOf);
}

export async function lockBatch(tx: Transaction, batchId: string): Promise<BatchView | undefined> {
  const [row] = await rowsOf<Omit<BatchView, 'totalFen'> & { totalFen: string }>(tx, `${VIEW} where id = $1 for update`, [batchId]);
  return row && viewOf(row);
}

export async function cancelledIn(tx: Transaction, batchId: string): Promise<number> {
  const [row] = await rowsOf<{ count: number }>(
    tx,
    `select count(*)::int as count from batch_item i join claim c on c.member_id = i.member_id and c.id = i.claim_id where i.batch_id = $1 and c.cancelled_at is not null`,
    [batchId],
  );
  return row!.count;
}

export async function decideBatch(tx: Transaction, batchId: string, state: 'checked' | 'rejected', actor: string, at: Date): Promise<void> {
  await rowsOf(tx, 'update batch set state = $2, decided_by = $3, decided_at = $4 where id = $1', [batchId, state, actor, at]);
}

export async function releaseBatch(tx: Transaction, batchId: string): Promise<void> {
  await rowsOf(tx, `update batch set state = 'released' where id = $1 and state = 'checked'`, [batchId]);
}

/** Checked batches whose payments are not made yet. */
export async function batchesToRelease(tx: Transaction, limit: number): Promise<string[]> {
  return (await rowsOf<{ id: string }>(tx, `select id from batch where state = 'checked' order by made_at limit $1`, [limit])).map(
    (row) => row.id,
  );
}

export async function readItems(tx: Transaction, batchId: string): Promise<ApprovedClaim[]> {
  const rows = await rowsOf<{ memberId: string; claimId: string; attempt: number; amountFen: string }>(
    tx,
    `select member_id as "memberId", claim_id as "claimId", attempt::int as attempt, amount_fen as "amountFen" from batch_item where batch_id = $1 order by claim_id`,
    [batchId],
  );
  return rows.map((row) => ({ ...row, amountFen: fen(Number(row.amountFen)) }));
}
