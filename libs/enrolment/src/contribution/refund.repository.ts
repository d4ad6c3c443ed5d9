/** SQL on money given back: refunds, their way through the bank, and what they take from a credit or a double. */
import type { PaymentStatusReport } from '@app/contracts';
import { fen, type CivilDate, type Fen } from '@app/kernel';
import { rowsOf, sqlState, UNIQUE_VIOLATION, type Transaction } from '@app/platform';
import type { AsText } from './contribution.repository.js';
import { REFUND_MOVES, type RefundState } from './refund.js';

export interface Refund {
  readonly id: string;
  readonly creditId: string | null;
  readonly doubleId: string | null;
  readonly amountFen: Fen;
  readonly payeeSealed: Buffer;
  readonly proposedBy: string;
  readonly checkedAt: Date | null;
  readonly state: RefundState;
  readonly messageId: string;
  readonly endToEndId: string;
  readonly signature: Buffer | null;
  readonly queries: number;
}

const REFUND = `r.id, r.credit_id as "creditId", r.double_id as "doubleId", r.amount_fen as "amountFen", r.payee_sealed as "payeeSealed",
  r.proposed_by as "proposedBy", r.checked_at as "checkedAt", r.state, r.message_id as "messageId", r.end_to_end_id as "endToEndId", r.signature, r.queries`;
type RefundRow = AsText<Refund, 'amountFen'>;
const withMoney = (row: RefundRow): Refund => ({ ...row, amountFen: fen(Number(row.amountFen)) });

export interface NewRefund extends Pick<Refund, 'id' | 'creditId' | 'doubleId' | 'amountFen' | 'payeeSealed' | 'messageId' | 'endToEndId'> {
  readonly reason: string;
  readonly by: string;
  readonly at: Date;
}

/** False when the double has a refund that is not over. */
export async function insertRefund(tx: Transaction, refund: NewRefund): Promise<boolean> {
  try {
    await rowsOf(
      tx,
      `insert into contribution_refund (id, credit_id, double_id, amount_fen, payee_sealed, reason, proposed_by, proposed_at, state, message_id, end_to_end_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8, 'proposed', $9, $10)`,
      [
        refund.id,
        refund.creditId,
        refund.doubleId,
        refund.amountFen,
        refund.payeeSealed,
        refund.reason,
        refund.by,
        refund.at,
        refund.messageId,
        refund.endToEndId,
      ],
    );
    return true;
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) return false;
    throw error;
  }
}

export async function lockRefund(tx: Transaction, id: string): Promise<Refund | undefined> {
  const [row] = await rowsOf<RefundRow>(tx, `select ${REFUND} from contribution_refund r where r.id = $1 for update`, [id]);
  return row && withMoney(row);
}

/** The refunds that statement lines name, locked. */
export async function lockByEndToEndId(tx: Transaction, endToEndIds: readonly string[]): Promise<Map<string, Refund>> {
  if (endToEndIds.length === 0) return new Map();
  const rows = await rowsOf<RefundRow>(
    tx,
    `select ${REFUND} from contribution_refund r where r.end_to_end_id = any($1::text[]) order by r.id for update`,
    [endToEndIds],
  );
  return new Map(rows.map((row) => [row.endToEndId, withMoney(row)]));
}

export async function decideRefund(
  tx: Transaction,
  id: string,
  decision: { readonly state: 'declined' | 'signed'; readonly by: string; readonly at: Date; readonly signature: Buffer | null },
): Promise<void> {
  await rowsOf(
    tx,
    `update contribution_refund set state = $2, checked_by = $3, checked_at = $4, signature = $5 where id = $1 and state = 'proposed'`,
    [id, decision.state, decision.by, decision.at, decision.signature],
  );
}

/** Takes the amount out of what is left of a credit; false when less is left. */
export async function holdCredit(tx: Transaction, creditId: string, amountFen: Fen): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    'update contribution_credit set refunded_fen = refunded_fen + $2 where id = $1 and rest_fen >= $2 returning id',
    [creditId, amountFen],
  );
  return rows.length > 0;
}

/** Back into suspense. */
export async function releaseCredit(tx: Transaction, creditId: string, amountFen: Fen): Promise<void> {
  await rowsOf(tx, 'update contribution_credit set refunded_fen = refunded_fen - $2 where id = $1', [creditId, amountFen]);
}

/** Real seconds after which a sending without a result counts as cut off. The bank deduplicates by MsgId, so a late double is harmless. */
const SENDING_LEASE = `interval '2 seconds'`;

export async function refundsDue(tx: Transaction, now: Date, limit: number): Promise<Refund[]> {
  const rows = await rowsOf<RefundRow>(
    tx,
    `select ${REFUND} from contribution_refund r
     where r.state = 'signed' or (r.state = 'sending' and r.attempted_at < clock_timestamp() - ${SENDING_LEASE})
        or (r.state in ('unknown', 'accepted') and r.next_query_at <= $1)
     order by r.id limit $2`,
    [now, limit],
  );
  return rows.map(withMoney);
}

/** Guarded by the state it was in, and by the questions asked: only one worker takes a step. */
export async function moveRefund(
  tx: Transaction,
  refund: Pick<Refund, 'id' | 'state' | 'queries'>,
  to: RefundState,
  at: Date,
  values: { readonly nextQueryAt?: Date; readonly queried?: boolean; readonly reason?: string | null; readonly settledOn?: CivilDate } = {},
): Promise<boolean> {
  if (to !== refund.state && !REFUND_MOVES[refund.state].includes(to)) return false;
  const rows = await rowsOf(
    tx,
    `update contribution_refund set state = $3, next_query_at = $5, queries = queries + $6::int, bank_reason = coalesce($7, bank_reason),
       attempted_at = case when $3 = 'sending' then clock_timestamp() else attempted_at end,
       paid_at = case when $3 = 'paid' then coalesce(paid_at, $4) else paid_at end, settled_on = coalesce($8, settled_on)
     where id = $1 and state = $2 and queries = $9 returning id`,
    [
      refund.id,
      refund.state,
      to,
      at,
      values.nextQueryAt ?? null,
      values.queried ? 1 : 0,
      values.reason ?? null,
      values.settledOn ?? null,
      refund.queries,
    ],
  );
  return rows.length > 0;
}

/** Keeps every word of the bank, and our own observation that none came; a status id that was seen before changes nothing. */
export async function saveReport(tx: Transaction, refund: Refund, report: PaymentStatusReport | undefined, at: Date): Promise<void> {
  const words = report?.rows.filter((row) => row.endToEndId === refund.endToEndId) ?? [];
  const events = words.length > 0 ? words : [{ statusId: 'no-answer', status: 'UNKNOWN', reason: undefined }];
  await rowsOf(
    tx,
    `insert into contribution_refund_event (refund_id, status_id, status, reason, at)
     select $1, e.status_id, e.status, e.reason, $2 from unnest($3::text[], $4::text[], $5::text[]) as e(status_id, status, reason) on conflict do nothing`,
    [refund.id, at, events.map((one) => one.statusId), events.map((one) => one.status), events.map((one) => one.reason ?? null)],
  );
}

export interface RefundView {
  readonly id: string;
  readonly creditId: string | null;
  readonly doubleId: string | null;
  readonly amountFen: number;
  readonly reason: string;
  readonly proposedBy: string;
  readonly proposedAt: Date;
  readonly checkedBy: string | null;
  readonly state: RefundState;
  readonly bankReason: string | null;
  readonly paidAt: Date | null;
  readonly settledOn: string | null;
}

/** Those that wait for a check first, then the newest. */
export async function readRefunds(tx: Transaction, limit: number): Promise<RefundView[]> {
  const rows = await rowsOf<AsText<RefundView, 'amountFen'>>(
    tx,
    `select id, credit_id as "creditId", double_id as "doubleId", amount_fen as "amountFen", reason, proposed_by as "proposedBy", proposed_at as "proposedAt",
       checked_by as "checkedBy", state, bank_reason as "bankReason", paid_at as "paidAt", settled_on::text as "settledOn"
     from contribution_refund order by (state = 'proposed') desc, proposed_at desc, id limit $1`,
    [limit],
  );
  return rows.map((row) => ({ ...row, amountFen: Number(row.amountFen) }));
}
