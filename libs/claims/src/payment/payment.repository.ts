/** The only file with SQL on payments: grants, parts, payments, what the bank said, pauses and notices. */
import { fen, type CivilDate, type Fen } from '@app/kernel';
import type { PaymentStatusReport } from '@app/contracts';
import { rowsOf, type Reach, type Transaction } from '@app/platform';
import type { ClaimKey } from '../claim.js';
import { reachSql } from '../claim.repository.js';
import { GRANT_REFERENCE_LENGTH, PAYMENT_MOVES, type PauseReason, type PaymentState } from './payment.js';

export interface NewPayment extends ClaimKey {
  readonly attempt: number;
  readonly part: number;
  readonly endToEndId: string;
  readonly amountFen: Fen;
  readonly payeeSealed: Buffer;
}

export async function insertGrant(tx: Transaction, batchId: string, reference: string, amountFen: Fen): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `insert into batch_grant (batch_id, reference, amount_fen, state) values ($1, $2, $3, 'asked') on conflict do nothing returning batch_id`,
    [batchId, reference, amountFen],
  );
  return rows.length > 0;
}

export interface Grant {
  readonly batchId: string;
  readonly reference: string;
  readonly amountFen: Fen;
  readonly state: 'asked' | 'granted' | 'refused';
}

export async function readGrant(tx: Transaction, batchId: string): Promise<Grant | undefined> {
  const [row] = await rowsOf<Omit<Grant, 'amountFen'> & { amountFen: string }>(
    tx,
    `select batch_id as "batchId", reference, amount_fen as "amountFen", state from batch_grant where batch_id = $1`,
    [batchId],
  );
  return row && { ...row, amountFen: fen(Number(row.amountFen)) };
}

/** A refused grant is asked for again, under a reference of its own since the treasury's word on the first one stands; false when it was not refused. */
export async function reopenGrant(tx: Transaction, batchId: string): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `update batch_grant set state = 'asked', asked = asked + 1, reference = left(reference, ${GRANT_REFERENCE_LENGTH}) || (asked + 1) where batch_id = $1 and state = 'refused' returning batch_id`,
    [batchId],
  );
  return rows.length > 0;
}

export interface BatchProgress {
  readonly grant: Grant['state'] | null;
  readonly payments: Readonly<Partial<Record<PaymentState, number>>>;
}

export async function readProgress(tx: Transaction, batchId: string): Promise<BatchProgress> {
  const grant = await readGrant(tx, batchId);
  const rows = await rowsOf<{ state: PaymentState; n: number }>(
    tx,
    'select state, count(*)::int as n from payment where batch_id = $1 group by 1',
    [batchId],
  );
  return { grant: grant?.state ?? null, payments: Object.fromEntries(rows.map(({ state, n }) => [state, n])) };
}

export async function saveGrant(tx: Transaction, batchId: string, state: 'granted' | 'refused'): Promise<void> {
  await rowsOf(tx, `update batch_grant set state = $2 where batch_id = $1 and state = 'asked'`, [batchId, state]);
}

export async function insertPart(
  tx: Transaction,
  part: { batchId: string; part: number; messageId: string; createdAt: Date },
  payments: readonly NewPayment[],
): Promise<void> {
  await Promise.all([
    rowsOf(tx, `insert into payment_part (batch_id, part, message_id, state, created_at, queries) values ($1, $2, $3, 'prepared', $4, 0)`, [
      part.batchId,
      part.part,
      part.messageId,
      part.createdAt,
    ]),
    rowsOf(
      tx,
      `insert into payment (member_id, claim_id, attempt, batch_id, part, end_to_end_id, amount_fen, payee_sealed, state, moved_at)
       select p.member_id, p.claim_id, p.attempt, $7, $8, p.end_to_end_id, p.amount_fen, p.payee_sealed, 'prepared', $9
       from unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::bigint[], $6::bytea[]) as p(member_id, claim_id, attempt, end_to_end_id, amount_fen, payee_sealed)`,
      [
        payments.map((payment) => payment.memberId),
        payments.map((payment) => payment.claimId),
        payments.map((payment) => payment.attempt),
        payments.map((payment) => payment.endToEndId),
        payments.map((payment) => payment.amountFen),
        payments.map((payment) => payment.payeeSealed),
        part.batchId,
        part.part,
        part.createdAt,
      ],
    ),
  ]);
}

export interface Part {
  readonly batchId: string;
  readonly part: number;
  readonly messageId: string;
  readonly state: 'prepared' | 'signed' | 'sending' | 'open' | 'closed';
  readonly createdAt: Date;
  readonly signature: Buffer | null;
  readonly queries: number;
}

const PART = `batch_id as "batchId", part, message_id as "messageId", state, created_at as "createdAt", signature, queries`;
/** Real seconds after which a sending without a result counts as cut off. The bank deduplicates by MsgId, so a late double is harmless. */
const SENDING_LEASE = `interval '2 seconds'`;
const PART_DUE = `((state = 'prepared' and exists (select from batch_grant g where g.batch_id = payment_part.batch_id and g.state = 'granted')) or state = 'signed' or (state = 'sending' and attempted_at < clock_timestamp() - ${SENDING_LEASE}) or (state = 'open' and next_query_at <= $1))`;

/** Parts that want a next step now, of one batch or of all. */
export const partsDue = (tx: Transaction, now: Date, batchId: string | undefined, limit: number): Promise<Part[]> =>
  rowsOf(
    tx,
    // Two statements: as one it would be planned anew each time, since the plan depends on whether a batch is named.
    `select ${PART} from payment_part where ${PART_DUE} ${batchId ? 'and batch_id = $3' : ''} order by batch_id, part limit $2`,
    batchId ? [now, limit, batchId] : [now, limit],
  );

/** Batches whose money was asked for and not answered. */
export async function grantsToAsk(tx: Transaction, limit: number): Promise<string[]> {
  return (
    await rowsOf<{ id: string }>(tx, `select batch_id as id from batch_grant where state = 'asked' order by batch_id limit $1`, [limit])
  ).map((row) => row.id);
}

export interface Payment extends ClaimKey {
  readonly attempt: number;
  readonly endToEndId: string;
  readonly amountFen: Fen;
  readonly state: PaymentState;
  readonly reason: string | null;
  readonly payeeSealed: Buffer;
  readonly sentAt: Date | null;
  readonly paidAt: Date | null;
}

const PAYMENT = `p.member_id as "memberId", p.claim_id as "claimId", p.attempt::int as attempt, p.end_to_end_id as "endToEndId", p.amount_fen as "amountFen",
  p.state, p.reason, p.payee_sealed as "payeeSealed", p.sent_at as "sentAt", p.paid_at as "paidAt"`;
type PaymentRow = Omit<Payment, 'amountFen'> & { amountFen: string };
const withMoney = (row: PaymentRow): Payment => ({ ...row, amountFen: fen(Number(row.amountFen)) });

/** Payments of a part in the order of their EndToEndIds, which is the order they are signed and sent in. */
export async function lockPayments(tx: Transaction, batchId: string, part: number): Promise<Payment[]> {
  const rows = await rowsOf<PaymentRow>(
    tx,
    `select ${PAYMENT} from payment p where p.batch_id = $1 and p.part = $2 order by p.end_to_end_id for update`,
    [batchId, part],
  );
  return rows.map(withMoney);
}

/** The payments that statement lines name, locked. */
export async function lockByReference(tx: Transaction, endToEndIds: readonly string[]): Promise<Payment[]> {
  const rows = await rowsOf<PaymentRow>(
    tx,
    `select ${PAYMENT} from payment p where p.end_to_end_id = any($1) order by p.member_id, p.claim_id, p.attempt for update`,
    [endToEndIds],
  );
  return rows.map(withMoney);
}

/** Guarded by the states that may lead to `to`; returns the references that moved. */
export async function movePayments(
  tx: Transaction,
  payments: readonly (ClaimKey & { attempt: number })[],
  to: PaymentState,
  at: Date,
  reason: string | null = null,
): Promise<number> {
  if (payments.length === 0) return 0;
  const from = (Object.keys(PAYMENT_MOVES) as PaymentState[]).filter((state) => PAYMENT_MOVES[state].includes(to));
  const rows = await rowsOf(
    tx,
    `update payment p set state = $4, moved_at = $5, reason = coalesce($6, p.reason),
       sent_at = case when $4 = 'sending' then coalesce(p.sent_at, $5) else p.sent_at end,
       paid_at = case when $4 = 'paid' then $5 else p.paid_at end
     from unnest($1::uuid[], $2::uuid[], $3::smallint[]) as t(member_id, claim_id, attempt)
     where p.member_id = t.member_id and p.claim_id = t.claim_id and p.attempt = t.attempt and p.state = any($7) returning p.claim_id`,
    [
      payments.map((payment) => payment.memberId),
      payments.map((payment) => payment.claimId),
      payments.map((payment) => payment.attempt),
      to,
      at,
      reason,
      from,
    ],
  );
  return rows.length;
}

/** Guarded by the state it was in: only one worker takes a step. */
export async function movePart(
  tx: Transaction,
  part: Part,
  to: Part['state'],
  values: { signature?: Buffer; nextQueryAt?: Date; queried?: boolean } = {},
): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `update payment_part set state = $4, signature = coalesce($5, signature), next_query_at = $6, queries = queries + $7::int,
       attempted_at = case when $4 = 'sending' then clock_timestamp() else attempted_at end
     where batch_id = $1 and part = $2 and state = $3 and queries = $8 returning part`,
    [part.batchId, part.part, part.state, to, values.signature ?? null, values.nextQueryAt ?? null, values.queried ? 1 : 0, part.queries],
  );
  return rows.length === 1;
}

/** Keeps every word of the bank; a status id that was seen before changes nothing. */
export async function saveReport(
  tx: Transaction,
  payments: ReadonlyMap<string, Payment>,
  report: PaymentStatusReport,
  at: Date,
): Promise<void> {
  const rows = report.rows.filter((row) => payments.has(row.endToEndId));
  if (rows.length === 0) return;
  await rowsOf(
    tx,
    `insert into payment_event (member_id, end_to_end_id, status_id, status, reason, at)
     select e.member_id, e.end_to_end_id, e.status_id, e.status, e.reason, $6 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) as e(member_id, end_to_end_id, status_id, status, reason)
     on conflict do nothing`,
    [
      rows.map((row) => payments.get(row.endToEndId)!.memberId),
      rows.map((row) => row.endToEndId),
      rows.map((row) => row.statusId),
      rows.map((row) => row.status),
      rows.map((row) => row.reason ?? null),
      at,
    ],
  );
}

/** Our own observation that no word came, kept beside the bank's. */
export async function saveUnknown(tx: Transaction, payments: readonly Payment[], at: Date): Promise<void> {
  if (payments.length === 0) return;
  await rowsOf(
    tx,
    `insert into payment_event (member_id, end_to_end_id, status_id, status, at) select member_id, reference, 'no-answer', 'UNKNOWN', $3 from unnest($1::uuid[], $2::text[]) as e(member_id, reference) on conflict do nothing`,
    [payments.map((payment) => payment.memberId), payments.map((payment) => payment.endToEndId), at],
  );
}

export interface Pause extends ClaimKey {
  readonly reason: PauseReason;
  readonly from: Date;
  readonly to: Date | null;
}

export async function insertPauses(tx: Transaction, pauses: readonly Pause[]): Promise<void> {
  if (pauses.length === 0) return;
  await rowsOf(
    tx,
    `insert into claim_pause (member_id, claim_id, reason, from_at, to_at) select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[]) on conflict do nothing`,
    [
      pauses.map((pause) => pause.memberId),
      pauses.map((pause) => pause.claimId),
      pauses.map((pause) => pause.reason),
      pauses.map((pause) => pause.from),
      pauses.map((pause) => pause.to),
    ],
  );
}

export async function endPauses(tx: Transaction, claims: readonly ClaimKey[], at: Date): Promise<void> {
  await rowsOf(
    tx,
    `update claim_pause p set to_at = $3 from unnest($1::uuid[], $2::uuid[]) as c(member_id, claim_id) where p.member_id = c.member_id and p.claim_id = c.claim_id and p.to_at is null`,
    [claims.map((claim) => claim.memberId), claims.map((claim) => claim.claimId), at],
  );
}

export interface StoppedClaim extends Payment {
  readonly claimState: 'failed' | 'returned';
}

/** A page of the claims that wait for another account, of these members or of all, with the payment that went wrong, locked in member order. */
export async function takeStopped(
  tx: Transaction,
  memberIds: readonly string[],
  after: ClaimKey | undefined,
  limit: number,
): Promise<StoppedClaim[]> {
  const rows = await rowsOf<PaymentRow & { claimState: 'failed' | 'returned' }>(
    tx,
    `select ${PAYMENT}, c.state as "claimState" from claim c join payment p on p.member_id = c.member_id and p.claim_id = c.id and p.attempt = c.attempt
     where c.state in ('failed', 'returned') and c.cancelled_at is null and c.fault is null and (cardinality($1::uuid[]) = 0 or c.member_id = any($1))
       and ($3::uuid is null or (c.member_id, c.id) > ($3, $4::uuid))
     order by c.member_id, c.id limit $2 for update of c`,
    [memberIds, limit, after?.memberId ?? null, after?.claimId ?? null],
  );
  return rows.map((row) => ({ ...withMoney(row), claimState: row.claimState }));
}

export interface Notice {
  readonly id: string;
  readonly memberId: string;
  readonly template: 'account-needed';
  readonly data: Readonly<Record<string, string>>;
}

export async function insertNotices(tx: Transaction, notices: readonly Notice[], at: Date): Promise<void> {
  if (notices.length === 0) return;
  await rowsOf(
    tx,
    `with new as (
       insert into member_notice (member_id, id, template, data, created_at) select n."memberId", n.id, n.template, n.data::text, $2
       from jsonb_to_recordset($1::jsonb) as n("memberId" uuid, id uuid, template text, data jsonb) returning id)
     insert into outbox (queue, command, ids) select 'notice', 'tell', array_agg(id) from new having count(*) > 0`,
    [JSON.stringify(notices), at],
  );
}

export async function unsentNotices(tx: Transaction, now: Date, limit: number): Promise<Notice[]> {
  const rows = await rowsOf<Omit<Notice, 'data'> & { data: string }>(
    tx,
    `select id, member_id as "memberId", template, data from member_notice
     where sent_at is null and refusal is null and (tell_at is null or tell_at <= $1) order by tell_at nulls first, id limit $2`,
    [now, limit],
  );
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) as Record<string, string> }));
}

export async function tellLater(tx: Transaction, notice: Notice, at: Date): Promise<void> {
  await rowsOf(tx, 'update member_notice set tell_at = $3 where member_id = $1 and id = $2', [notice.memberId, notice.id, at]);
}

/** Sent, or refused for good. */
export async function endNotice(tx: Transaction, notice: Notice, at: Date, refusal: string | null): Promise<void> {
  const sentAt = refusal === null ? at : null;
  await rowsOf(tx, 'update member_notice set sent_at = $3, refusal = $4 where member_id = $1 and id = $2', [
    notice.memberId,
    notice.id,
    sentAt,
    refusal,
  ]);
}

/** A claim that cannot be paid before its member has given another account. */
export interface WaitingForAccount extends ClaimKey {
  readonly benefitFen: Fen;
  readonly since: Date;
  /** The member was told then; null: not yet, or not at all. */
  readonly toldAt: Date | null;
  /** Why the member cannot be told: the official account's errcode. Somebody has to call. */
  readonly refusal: string | null;
}

/** Whom somebody has to call first, then the one that waits longest. */
export async function waitingForAccount(tx: Transaction, reach: Reach, limit: number): Promise<WaitingForAccount[]> {
  const within = reachSql(reach, 2);
  const rows = await rowsOf<Omit<WaitingForAccount, 'benefitFen'> & { benefitFen: string }>(
    tx,
    `select c.member_id as "memberId", c.id as "claimId", c.benefit_fen as "benefitFen", p.from_at as since, n.sent_at as "toldAt", n.refusal
     from (select * from claim where state in ('failed', 'returned') and cancelled_at is null and fault is null and ${within.sql}) c
     join claim_pause p on p.member_id = c.member_id and p.claim_id = c.id and p.reason = 'waiting-for-member-account' and p.to_at is null
     left join lateral (
       select m.sent_at, m.refusal from member_notice m where m.member_id = c.member_id and m.data::jsonb ->> 'claim' = c.id::text
       order by m.created_at desc, m.id desc limit 1) n on true
     order by n.refusal is null, p.from_at, c.id limit $1`,
    [limit, ...within.parameters],
  );
  return rows.map((row) => ({ ...row, benefitFen: fen(Number(row.benefitFen)) }));
}

/** The grant whose money a credit line of the statement is. */
export async function receiveGrants(
  tx: Transaction,
  credits: readonly { reference: string; amountFen: Fen }[],
  on: CivilDate,
): Promise<{ reference: string; batchId: string; amountFen: Fen }[]> {
  if (credits.length === 0) return [];
  const rows = await rowsOf<{ reference: string; batchId: string; amountFen: string }>(
    tx,
    `update batch_grant g set received_on = $3 from unnest($1::text[], $2::bigint[]) as c(reference, amount_fen)
     where g.reference = c.reference and g.amount_fen = c.amount_fen and g.received_on is null returning g.reference, g.batch_id as "batchId", g.amount_fen as "amountFen"`,
    [credits.map((credit) => credit.reference), credits.map((credit) => credit.amountFen), on],
  );
  return rows.map((row) => ({ ...row, amountFen: fen(Number(row.amountFen)) }));
}
