/** The only file with SQL on statements and clawback cases. */
import type { BankStatement, BankStatementLine } from '@app/contracts';
import { daysFrom, fen, type CivilDate, type Fen } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import type { ClaimKey } from '../claim.js';
import type { ClaimState } from '../lifecycle.js';
import { CANCELLABLE } from './reconciliation.js';

/** Days after the last statement (or from the first batch on) up to `until`. */
export async function statementDays(tx: Transaction, until: CivilDate, limit: number): Promise<CivilDate[]> {
  // Without a date as its parameter, with which it would be planned anew at each look.
  const [row] = await rowsOf<{ first: CivilDate | null }>(
    tx,
    `select coalesce((select max("on") + 1 from bank_statement), (select min(cut_on) from batch where state in ('checked', 'released')))::text as first`,
  );
  return row?.first ? daysFrom(row.first, until, limit) : [];
}

/** undefined when the day is stored already. */
export async function insertStatement(
  tx: Transaction,
  on: CivilDate,
  statement: BankStatement,
  at: Date,
): Promise<{ continuous: boolean } | undefined> {
  const moved = statement.lines.reduce((sum, line) => sum + (line.direction === 'credit' ? line.amountFen : -line.amountFen), 0);
  const [row] = await rowsOf<{ continuous: boolean }>(
    tx,
    `insert into bank_statement ("on", statement_id, opening_fen, closing_fen, lines, continuous, fetched_at)
     select $1, $2, $3, $4, $5, $6::boolean and $3::bigint = coalesce((select closing_fen from bank_statement where "on" < $1 order by "on" desc limit 1), $3::bigint), $7
     on conflict do nothing returning continuous`,
    [
      on,
      statement.statementId,
      statement.openingFen,
      statement.closingFen,
      statement.lines.length,
      statement.openingFen + moved === statement.closingFen,
      at,
    ],
  );
  return row;
}

export async function insertLines(
  tx: Transaction,
  on: CivilDate,
  lines: readonly (BankStatementLine & { outcome: string })[],
): Promise<void> {
  if (lines.length === 0) return;
  await rowsOf(
    tx,
    `insert into bank_statement_line (bank_reference, "on", kind, direction, amount_fen, reference, reason, outcome)
     select l."bankReference", $2, l.kind, l.direction, l."amountFen", l.reference, l.reason, l.outcome
     from jsonb_to_recordset($1::jsonb) as l("bankReference" text, kind text, direction text, "amountFen" bigint, reference text, reason text, outcome text)`,
    [
      JSON.stringify(
        lines.map(({ bankReference, kind, direction, amountFen, reference, reason, outcome }) => ({
          bankReference,
          kind,
          direction,
          amountFen,
          reference,
          reason,
          outcome,
        })),
      ),
      on,
    ],
  );
}

export interface CancelledClaim extends ClaimKey {
  readonly state: ClaimState;
  readonly attempt: number;
  readonly benefitFen: Fen;
}

/** Cancelled claims with something to do, locked in member order. */
export async function takeCancelled(tx: Transaction, limit: number): Promise<CancelledClaim[]> {
  const rows = await rowsOf<{ memberId: string; claimId: string; state: ClaimState; attempt: number; benefitFen: string | null }>(
    tx,
    `select member_id as "memberId", id as "claimId", state, attempt::int as attempt, benefit_fen as "benefitFen" from claim
     where cancelled_at is not null and state = any($1) order by member_id, id limit $2 for update`,
    [CANCELLABLE, limit],
  );
  return rows.map((row) => ({ ...row, benefitFen: fen(Number(row.benefitFen ?? 0)) }));
}

/** The states these claims are in now. */
export async function statesOf(
  tx: Transaction,
  claims: readonly ClaimKey[],
): Promise<Map<string, { state: ClaimState; cancelled: boolean }>> {
  const rows = await rowsOf<{ id: string; state: ClaimState; cancelled: boolean }>(
    tx,
    `select c.id, c.state, c.cancelled_at is not null as cancelled from claim c join unnest($1::uuid[], $2::uuid[]) as t(member_id, id) on t.member_id = c.member_id and t.id = c.id`,
    [claims.map((claim) => claim.memberId), claims.map((claim) => claim.claimId)],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

export async function openCases(tx: Transaction, claims: readonly CancelledClaim[], at: Date): Promise<void> {
  await rowsOf(
    tx,
    `insert into clawback_case (member_id, claim_id, amount_fen, opened_at) select c.member_id, c.claim_id, c.amount_fen, $4 from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as c(member_id, claim_id, amount_fen) on conflict do nothing`,
    [claims.map((claim) => claim.memberId), claims.map((claim) => claim.claimId), claims.map((claim) => claim.benefitFen), at],
  );
}

export async function closeCases(tx: Transaction, claims: readonly ClaimKey[], at: Date): Promise<void> {
  await rowsOf(
    tx,
    `update clawback_case k set closed_at = $3 from unnest($1::uuid[], $2::uuid[]) as c(member_id, claim_id) where k.member_id = c.member_id and k.claim_id = c.claim_id and k.closed_at is null`,
    [claims.map((claim) => claim.memberId), claims.map((claim) => claim.claimId), at],
  );
}

/** Days whose movement has no voucher yet, with what moved. */
export async function daysToVouch(
  tx: Transaction,
  limit: number,
): Promise<{ on: CivilDate; paidFen: Fen; returnedFen: Fen; grantedFen: Fen }[]> {
  const rows = await rowsOf<{ on: CivilDate; paid: string; returned: string; granted: string }>(
    tx,
    `select s."on"::text as "on",
       coalesce(sum(l.amount_fen) filter (where l.outcome = 'payment-proved'), 0)::text as paid,
       coalesce(sum(l.amount_fen) filter (where l.outcome = 'payment-returned'), 0)::text as returned,
       coalesce(sum(l.amount_fen) filter (where l.outcome = 'grant-received'), 0)::text as granted
     from bank_statement s join bank_statement_line l on l."on" = s."on" where s.voucher_number is null and s.lines > 0 group by 1 order by 1 limit $1`,
    [limit],
  );
  return rows.map((row) => ({
    on: row.on,
    paidFen: fen(Number(row.paid)),
    returnedFen: fen(Number(row.returned)),
    grantedFen: fen(Number(row.granted)),
  }));
}

export async function saveVoucher(tx: Transaction, on: CivilDate, voucherNumber: string): Promise<void> {
  await rowsOf(tx, 'update bank_statement set voucher_number = $2 where "on" = $1', [on, voucherNumber]);
}
