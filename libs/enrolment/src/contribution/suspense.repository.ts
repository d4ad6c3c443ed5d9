/** SQL on money in suspense and on matches that two people make. */
import { fen, type CivilDate, type Fen } from '@app/kernel';
import { rowsOf, sqlState, UNIQUE_VIOLATION, type Transaction } from '@app/platform';
import type { AsText } from './contribution.repository.js';
import { REFERENCE_PIECE, type OpenNotice } from './suspense.js';

export interface SuspendedCredit {
  readonly id: string;
  readonly bookedOn: CivilDate;
  readonly amountFen: Fen;
  readonly matchedFen: Fen;
  readonly refundedFen: Fen;
  readonly restFen: Fen;
  readonly reference: string;
  readonly payerName: string;
  /** Ids of notices that it had been matched to by mistake. */
  readonly takenBackFrom: readonly string[];
}

const CREDIT = `id, booked_on::text as "bookedOn", amount_fen as "amountFen", matched_fen as "matchedFen", refunded_fen as "refundedFen", rest_fen as "restFen",
  reference, payer_name as "payerName",
  array(select m.notice_id from contribution_match m join match_reversal r on r.match_id = m.id and r.state = 'confirmed'
        where m.credit_id = contribution_credit.id) as "takenBackFrom"`;
type CreditRow = AsText<SuspendedCredit, 'amountFen' | 'matchedFen' | 'refundedFen' | 'restFen'>;
const withMoney = (row: CreditRow): SuspendedCredit => ({
  ...row,
  amountFen: fen(Number(row.amountFen)),
  matchedFen: fen(Number(row.matchedFen)),
  refundedFen: fen(Number(row.refundedFen)),
  restFen: fen(Number(row.restFen)),
});

/** The oldest first. */
export async function readSuspended(tx: Transaction, limit: number): Promise<SuspendedCredit[]> {
  const rows = await rowsOf<CreditRow>(
    tx,
    `select ${CREDIT} from contribution_credit where rest_fen > 0 order by booked_on, bank_reference limit $1`,
    [limit],
  );
  return rows.map(withMoney);
}

export async function restByDay(tx: Transaction): Promise<{ bookedOn: CivilDate; credits: number; restFen: number }[]> {
  const rows = await rowsOf<{ bookedOn: CivilDate; credits: number; restFen: string }>(
    tx,
    `select booked_on::text as "bookedOn", count(*)::int as credits, sum(rest_fen)::text as "restFen" from contribution_credit where rest_fen > 0 group by booked_on`,
  );
  return rows.map((row) => ({ ...row, restFen: Number(row.restFen) }));
}

export async function lockCredit(tx: Transaction, id: string): Promise<SuspendedCredit | undefined> {
  const [row] = await rowsOf<CreditRow>(tx, `select ${CREDIT} from contribution_credit where id = $1 for update`, [id]);
  return row && withMoney(row);
}

/** Open notices that share a unit's name, an open amount or half a reference with what is in suspense. */
export async function openNoticesLike(
  tx: Transaction,
  like: { readonly names: readonly string[]; readonly amounts: readonly number[]; readonly pieces: readonly string[] },
): Promise<OpenNotice[]> {
  const rows = await rowsOf<AsText<OpenNotice, 'openFen'>>(
    tx,
    `select n.id, n.reference, o.name as "unitName", n.amount_fen - n.received_fen as "openFen" from payment_notice n join organisation o on o.id = n.unit_id
     where n.state = 'open' and (o.name = any($1::text[]) or n.amount_fen - n.received_fen = any($2::bigint[])
       or left(n.reference, ${REFERENCE_PIECE}) = any($3::text[]) or right(n.reference, ${REFERENCE_PIECE}) = any($3::text[]))`,
    [like.names, like.amounts, like.pieces],
  );
  return rows.map((row) => ({ ...row, openFen: fen(Number(row.openFen)) }));
}

/** Of these references, those of paid notices. */
export async function paidReferences(tx: Transaction, references: readonly string[]): Promise<Set<string>> {
  const rows = await rowsOf<{ reference: string }>(
    tx,
    `select reference from payment_notice where reference = any($1::text[]) and state = 'paid'`,
    [references],
  );
  return new Set(rows.map((row) => row.reference));
}

export interface ProposalLine {
  readonly noticeId: string;
  readonly amountFen: Fen;
}

/** False when another proposal for the credit waits. */
export async function insertProposal(
  tx: Transaction,
  proposal: { readonly id: string; readonly creditId: string; readonly by: string; readonly at: Date },
  lines: readonly ProposalLine[],
): Promise<boolean> {
  try {
    await rowsOf(tx, `insert into match_proposal (id, credit_id, proposed_by, proposed_at, state) values ($1, $2, $3, $4, 'proposed')`, [
      proposal.id,
      proposal.creditId,
      proposal.by,
      proposal.at,
    ]);
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) return false;
    throw error;
  }
  await rowsOf(
    tx,
    'insert into match_proposal_line (proposal_id, notice_id, amount_fen) select $1, * from unnest($2::uuid[], $3::bigint[])',
    [proposal.id, lines.map((line) => line.noticeId), lines.map((line) => line.amountFen)],
  );
  return true;
}

export interface Proposal {
  readonly creditId: string;
  readonly proposedBy: string;
  readonly state: 'proposed' | 'confirmed' | 'declined';
  readonly lines: readonly ProposalLine[];
}

export async function lockProposal(tx: Transaction, id: string): Promise<Proposal | undefined> {
  const [row] = await rowsOf<Omit<Proposal, 'lines'>>(
    tx,
    'select credit_id as "creditId", proposed_by as "proposedBy", state from match_proposal where id = $1 for update',
    [id],
  );
  if (!row) return undefined;
  const lines = await rowsOf<AsText<ProposalLine, 'amountFen'>>(
    tx,
    'select notice_id as "noticeId", amount_fen as "amountFen" from match_proposal_line where proposal_id = $1 order by notice_id',
    [id],
  );
  return { ...row, lines: lines.map((line) => ({ noticeId: line.noticeId, amountFen: fen(Number(line.amountFen)) })) };
}

export async function decideProposal(tx: Transaction, id: string, state: 'confirmed' | 'declined', by: string, at: Date): Promise<void> {
  await rowsOf(tx, `update match_proposal set state = $2, decided_by = $3, decided_at = $4 where id = $1 and state = 'proposed'`, [
    id,
    state,
    by,
    at,
  ]);
}

export interface ProposalView {
  readonly id: string;
  readonly creditId: string;
  readonly proposedBy: string;
  readonly proposedAt: Date;
  readonly lines: readonly { noticeId: string; reference: string; unitName: string; amountFen: number }[];
}

/** Those that wait for their decision. */
export const readProposals = (tx: Transaction, limit: number): Promise<ProposalView[]> =>
  rowsOf(
    tx,
    `select p.id, p.credit_id as "creditId", p.proposed_by as "proposedBy", p.proposed_at as "proposedAt",
       (select json_agg(json_build_object('noticeId', n.id, 'reference', n.reference, 'unitName', o.name, 'amountFen', l.amount_fen) order by n.reference)
        from match_proposal_line l join payment_notice n on n.id = l.notice_id join organisation o on o.id = n.unit_id where l.proposal_id = p.id) as lines
     from match_proposal p where p.state = 'proposed' order by p.proposed_at, p.id limit $1`,
    [limit],
  );
