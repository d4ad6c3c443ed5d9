/** Reads decisions by the thousand, along a cursor of the server: a year of claims takes no more memory than a day's. Within a transaction. */
import { rowsOf, type Transaction } from '@app/platform';
import { FELL_AWAY, type BookedClaim } from './book.js';
import type { StoredDecision } from './replay.js';

/** How many claims the book holds, and the hash of the highest version that decided any of them. */
export async function measureBook(tx: Transaction, planId: string): Promise<{ claims: number; hash: string | null }> {
  const [row] = await rowsOf<{ claims: number; latest: string | null }>(
    tx,
    `select count(*)::int as claims, max((lpad(d.plan_version, 9, '0') || d.plan_hash) collate "C") as latest
     from decision d join claim c on c.member_id = d.member_id and c.id = d.claim_id where d.plan_id = $1 and c.state <> all($2)`,
    [planId, FELL_AWAY],
  );
  return { claims: row!.claims, hash: row!.latest?.slice(9) ?? null };
}

/** By member under the last id of each, as accumulators are added up; then in the order in which they were decided. */
export async function* bookedClaims(
  tx: Transaction,
  planId: string,
  aliases: readonly { readonly memberId: string; readonly lastId: string }[],
): AsyncGenerator<BookedClaim[], void> {
  await rowsOf(
    tx,
    `declare book no scroll cursor for
     select coalesce(a.last_id, d.member_id) as "memberId", d.claim_id as "claimId", c.discharge_on::text as "dischargeOn", c.organisation_path as "organisationPath",
            d.facts, d.benefit_fen as "benefitFen", d.reason, d.capped
     from decision d join claim c on c.member_id = d.member_id and c.id = d.claim_id
     left join unnest($3::uuid[], $4::uuid[]) as a(member_id, last_id) on a.member_id = d.member_id
     where d.plan_id = $1 and c.state <> all($2) order by 1, d.decided_at, c.accepted_at, d.claim_id`,
    [planId, FELL_AWAY, aliases.map(({ memberId }) => memberId), aliases.map(({ lastId }) => lastId)],
  );
  yield* fetched<BookedClaim>(tx, 'fetch 1000 from book');
  await rowsOf(tx, 'close book');
}

/** Every decision, or those under one plan; by member. */
export async function* storedDecisions(tx: Transaction, planId: string | undefined): AsyncGenerator<StoredDecision[], void> {
  await rowsOf(
    tx,
    `declare stored_decision no scroll cursor for
     select claim_id as "claimId", plan_id as "planId", plan_version as "planVersion", plan_hash as "planHash", used_before as "usedBefore", changes,
            base_fen as "baseFen", benefit_fen as "benefitFen", reason, capped, facts, trace
     from decision where $1::text is null or plan_id = $1 order by member_id, claim_id`,
    [planId ?? null],
  );
  yield* fetched<StoredDecision>(tx, 'fetch 1000 from stored_decision');
  await rowsOf(tx, 'close stored_decision');
}

async function* fetched<Row>(tx: Transaction, statement: string): AsyncGenerator<Row[], void> {
  for (let rows = await rowsOf<Row>(tx, statement); rows.length > 0; rows = await rowsOf<Row>(tx, statement)) yield rows;
}
