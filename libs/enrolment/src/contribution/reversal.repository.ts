/** SQL on matches that are taken back. */
import { fen, type Fen } from '@app/kernel';
import { rowsOf, sqlState, UNIQUE_VIOLATION, type Transaction } from '@app/platform';
import type { AsText } from './contribution.repository.js';
import type { MatchRule } from './matching.js';

export interface MatchView {
  readonly id: string;
  readonly creditId: string;
  readonly rule: MatchRule;
  readonly amountFen: Fen;
  readonly reference: string;
  readonly payerName: string;
  readonly bookedOn: string;
  readonly matchedAt: Date;
  /** Taken back, or proposed to be; null: it stands. */
  readonly reversal: 'proposed' | 'confirmed' | null;
}

/** The oldest first. */
export async function matchesOf(tx: Transaction, noticeId: string): Promise<MatchView[]> {
  const rows = await rowsOf<AsText<MatchView, 'amountFen'>>(
    tx,
    `select m.id, m.credit_id as "creditId", m.rule, m.amount_fen as "amountFen", c.reference, c.payer_name as "payerName", c.booked_on::text as "bookedOn",
       m.matched_at as "matchedAt", r.state as reversal
     from contribution_match m join contribution_credit c on c.id = m.credit_id
     left join match_reversal r on r.match_id = m.id and r.state <> 'declined' where m.notice_id = $1 order by m.matched_at, m.id`,
    [noticeId],
  );
  return rows.map((row) => ({ ...row, amountFen: fen(Number(row.amountFen)) }));
}

export interface NoticeMatch {
  readonly id: string;
  readonly creditId: string;
  readonly noticeId: string;
  readonly amountFen: Fen;
}

/** undefined: there is none, or it is of no notice. */
export async function matchById(tx: Transaction, id: string): Promise<NoticeMatch | undefined> {
  const [row] = await rowsOf<AsText<NoticeMatch, 'amountFen'>>(
    tx,
    `select id, credit_id as "creditId", notice_id as "noticeId", amount_fen as "amountFen" from contribution_match where id = $1 and notice_id is not null`,
    [id],
  );
  return row && { ...row, amountFen: fen(Number(row.amountFen)) };
}

/** How many people a notice was paid for in vain. */
export async function doublesOf(tx: Transaction, noticeId: string): Promise<number> {
  const [row] = await rowsOf<{ doubles: number }>(tx, 'select count(*)::int as doubles from contribution_double where notice_id = $1', [
    noticeId,
  ]);
  return row!.doubles;
}

/** False when the match is taken back already, or is proposed to be. */
export async function insertReversal(
  tx: Transaction,
  reversal: { readonly id: string; readonly matchId: string; readonly reason: string; readonly by: string; readonly at: Date },
): Promise<boolean> {
  try {
    await rowsOf(
      tx,
      `insert into match_reversal (id, match_id, reason, proposed_by, proposed_at, state) values ($1, $2, $3, $4, $5, 'proposed')`,
      [reversal.id, reversal.matchId, reversal.reason, reversal.by, reversal.at],
    );
    return true;
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) return false;
    throw error;
  }
}

export interface Reversal {
  readonly matchId: string;
  readonly proposedBy: string;
  readonly state: 'proposed' | 'confirmed' | 'declined';
}

export const lockReversal = async (tx: Transaction, id: string): Promise<Reversal | undefined> =>
  (
    await rowsOf<Reversal>(
      tx,
      'select match_id as "matchId", proposed_by as "proposedBy", state from match_reversal where id = $1 for update',
      [id],
    )
  )[0];

export const matchIdOf = async (tx: Transaction, id: string): Promise<string | undefined> =>
  (await rowsOf<{ matchId: string }>(tx, 'select match_id as "matchId" from match_reversal where id = $1', [id]))[0]?.matchId;

export async function declineReversal(tx: Transaction, id: string, by: string, at: Date): Promise<void> {
  await rowsOf(tx, `update match_reversal set state = 'declined', decided_by = $2, decided_at = $3 where id = $1`, [id, by, at]);
}

/** With the credit's sum: what the match had brought is in suspense again. */
export async function confirmReversal(
  tx: Transaction,
  id: string,
  match: NoticeMatch,
  { memberFen, unitFen, reopened }: { readonly memberFen: Fen; readonly unitFen: Fen; readonly reopened: boolean },
  by: string,
  at: Date,
): Promise<void> {
  await rowsOf(
    tx,
    `update match_reversal set state = 'confirmed', decided_by = $2, decided_at = $3, member_fen = $4, unit_fen = $5, reopened = $6 where id = $1`,
    [id, by, at, memberFen, unitFen, reopened],
  );
  await rowsOf(tx, 'update contribution_credit set matched_fen = matched_fen - $2 where id = $1', [match.creditId, match.amountFen]);
}

export interface ReversalView {
  readonly id: string;
  readonly matchId: string;
  readonly amountFen: Fen;
  readonly noticeReference: string;
  readonly unitName: string;
  readonly payerName: string;
  readonly reason: string;
  readonly proposedBy: string;
  readonly proposedAt: Date;
}

/** Those that wait for their decision. */
export async function readReversals(tx: Transaction, limit: number): Promise<ReversalView[]> {
  const rows = await rowsOf<AsText<ReversalView, 'amountFen'>>(
    tx,
    `select r.id, r.match_id as "matchId", m.amount_fen as "amountFen", n.reference as "noticeReference", o.name as "unitName", c.payer_name as "payerName",
       r.reason, r.proposed_by as "proposedBy", r.proposed_at as "proposedAt"
     from match_reversal r join contribution_match m on m.id = r.match_id join contribution_credit c on c.id = m.credit_id
     join payment_notice n on n.id = m.notice_id join organisation o on o.id = n.unit_id where r.state = 'proposed' order by r.proposed_at, r.id limit $1`,
    [limit],
  );
  return rows.map((row) => ({ ...row, amountFen: fen(Number(row.amountFen)) }));
}
