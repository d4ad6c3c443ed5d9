/** SQL on fiscal receipts. */
import type { EReceiptAnswer, RedFlushAnswer } from '@app/contracts';
import { fen, type Fen } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import type { AsText } from './contribution.repository.js';

/** The treasury's reference of a receipt: 33 of its 35 characters. */
const REFERENCE = `'E' || upper(replace(r.id::text, '-', ''))`;

/** Receipts of paid notices, once each time that they are paid; what asks for nothing has none. Returns how many are new. */
export async function insertNoticeReceipts(tx: Transaction, noticeIds: readonly string[]): Promise<number> {
  const rows = await rowsOf(
    tx,
    `insert into contribution_receipt (id, kind, subject, attempt, version, reference, amount_fen, state)
     select r.id, 'notice', r.subject, r.attempt + 1, r.version + 1, ${REFERENCE}, r.amount_fen, 'due'
     from (select gen_random_uuid() as id, n.id as subject, n.amount_fen, coalesce(max(b.attempt), 0) as attempt, coalesce(max(b.version), 0) as version
       from payment_notice n left join contribution_receipt b on b.subject = n.id
       where n.id = any($1::uuid[]) and n.state = 'paid' and n.amount_fen > 0 group by n.id having coalesce(bool_and(b.returned), true) order by n.id) r
     on conflict (subject, version) do nothing returning id`,
    [noticeIds],
  );
  return rows.length;
}

export interface PhonePaid {
  readonly memberId: string;
  readonly orderNumber: string;
  readonly joinId: string;
  readonly attempt: number;
  readonly amountFen: Fen;
  readonly sealed: Buffer;
}

/** Payments by phone that are kept and have no receipt yet. */
export async function phonePaymentsDue(tx: Transaction, limit: number): Promise<PhonePaid[]> {
  const rows = await rowsOf<AsText<PhonePaid, 'amountFen'>>(
    tx,
    `select p.member_id as "memberId", p.order_number as "orderNumber", p.join_id as "joinId", p.attempt, p.amount_fen::text as "amountFen", m.sealed
     from phone_payment p join member m on m.id = p.member_id where p.state = 'kept' and not p.receipted order by p.recorded_at limit $1`,
    [limit],
  );
  return rows.map((row) => ({ ...row, amountFen: fen(Number(row.amountFen)) }));
}

export async function setReceipted(tx: Transaction, paid: readonly PhonePaid[]): Promise<void> {
  await rowsOf(
    tx,
    `update phone_payment p set receipted = true from unnest($1::uuid[], $2::text[]) as k(member_id, order_number)
     where p.member_id = k.member_id and p.order_number = k.order_number`,
    [paid.map(({ memberId }) => memberId), paid.map(({ orderNumber }) => orderNumber)],
  );
}

export interface PhoneReceipt {
  readonly joinId: string;
  readonly attempt: number;
  readonly payerSealed: Buffer;
  readonly amountFen: Fen;
}

export async function insertPhoneReceipts(tx: Transaction, due: readonly PhoneReceipt[]): Promise<void> {
  await rowsOf(
    tx,
    `insert into contribution_receipt (id, kind, subject, attempt, version, reference, payer_sealed, amount_fen, state)
     select r.id, 'phone', r.subject, r.attempt, r.version, ${REFERENCE}, r.payer_sealed, r.amount_fen, 'due'
     from (select gen_random_uuid() as id, n.*, coalesce((select max(version) from contribution_receipt b where b.subject = n.subject), 0) + 1 as version
       from unnest($1::uuid[], $2::int[], $3::bytea[], $4::bigint[]) as n(subject, attempt, payer_sealed, amount_fen)) r
     on conflict (subject, version) do nothing`,
    [
      due.map(({ joinId }) => joinId),
      due.map(({ attempt }) => attempt),
      due.map(({ payerSealed }) => payerSealed),
      due.map(({ amountFen }) => amountFen),
    ],
  );
}

/**
 * Receipts that were issued over another amount than what is held by now (a double was given back, or came back; a payment on the phone was
 * given back) are to be red-flushed, and what is held is receipted anew. A receipt that is not issued yet is looked at again when it is. Returns how many changed.
 */
export async function reviseReceipts(tx: Transaction, subjects: readonly string[]): Promise<number> {
  const rows = await rowsOf(
    tx,
    `with held as (
       select r.id, r.kind, r.subject, r.attempt, r.version, r.payer_sealed, r.amount_fen,
              case when r.returned then 0 when r.kind = 'phone' then r.amount_fen
                else first.amount_fen - coalesce((select sum(d.amount_fen) from contribution_double d where d.notice_id = r.subject and d.state = 'refunded'), 0) end as held_fen
       from contribution_receipt r join contribution_receipt first on first.subject = r.subject and first.version = 1
       where r.subject = any($1::uuid[]) and r.state = 'issued'),
     flushed as (
       update contribution_receipt r set state = 'flush-due' from held h where r.id = h.id and h.held_fen <> h.amount_fen
       returning gen_random_uuid() as id, h.kind, h.subject, h.attempt, h.version, h.payer_sealed, h.held_fen),
     renewed as (
       insert into contribution_receipt (id, kind, subject, attempt, version, reference, payer_sealed, amount_fen, state)
       select r.id, r.kind, r.subject, r.attempt, r.version + 1, ${REFERENCE}, r.payer_sealed, r.held_fen, 'due' from flushed r where r.held_fen > 0 returning id)
     select id from flushed`,
    [subjects],
  );
  return rows.length;
}

/** The money of this attempt's payment went back: its receipt goes too, as soon as it is issued. */
export async function setReturned(tx: Transaction, joinId: string, attempt: number): Promise<void> {
  await rowsOf(tx, `update contribution_receipt set returned = true where subject = $1 and attempt = $2 and kind = 'phone'`, [
    joinId,
    attempt,
  ]);
}

/** The notice is not paid any more. */
export async function setNoticeReturned(tx: Transaction, noticeId: string): Promise<void> {
  await rowsOf(tx, `update contribution_receipt set returned = true where subject = $1 and kind = 'notice'`, [noticeId]);
}

export interface DueReceipt {
  readonly id: string;
  readonly subject: string;
  readonly reference: string;
  readonly state: 'due' | 'flush-due';
  /** Of a unit; a person's is sealed. */
  readonly unitName: string | null;
  readonly payerSealed: Buffer | null;
  readonly amountFen: Fen;
}

/** What is to be taken back comes first. */
export async function receiptsDue(tx: Transaction, limit: number): Promise<DueReceipt[]> {
  const rows = await rowsOf<AsText<DueReceipt, 'amountFen'>>(
    tx,
    `select r.id, r.subject, r.reference, r.state, o.name as "unitName", r.payer_sealed as "payerSealed", r.amount_fen as "amountFen"
     from contribution_receipt r left join payment_notice n on r.kind = 'notice' and n.id = r.subject left join organisation o on o.id = n.unit_id
     where r.state in ('due', 'flush-due') order by r.state desc, r.id limit $1`,
    [limit],
  );
  return rows.map((row) => ({ ...row, amountFen: fen(Number(row.amountFen)) }));
}

export async function saveIssued(tx: Transaction, id: string, answer: Extract<EReceiptAnswer, { state: 'issued' }>): Promise<void> {
  await rowsOf(
    tx,
    `update contribution_receipt set state = 'issued', code = $2, number = $3, check_code = $4, issued_on = $5 where id = $1 and state = 'due'`,
    [id, answer.code, answer.number, answer.checkCode, answer.issuedOn],
  );
}

/** For a person to look at; the others go on. */
export async function saveRefused(tx: Transaction, { id, state }: DueReceipt, refusal: string): Promise<void> {
  await rowsOf(tx, 'update contribution_receipt set state = $3, refusal = $4 where id = $1 and state = $2', [
    id,
    state,
    state === 'due' ? 'refused' : 'flush-refused',
    refusal,
  ]);
}

export async function saveFlushed(tx: Transaction, id: string, answer: RedFlushAnswer): Promise<void> {
  await rowsOf(
    tx,
    `update contribution_receipt set state = 'red-flushed', red_number = $2, flushed_on = $3 where id = $1 and state = 'flush-due'`,
    [id, answer.redNumber, answer.flushedOn],
  );
}

/** A refused receipt is asked for again, as another version: the treasury's word on the first stands. False when the last was not refused, or is for nothing any more. */
export async function insertAgain(tx: Transaction, subject: string): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `insert into contribution_receipt (id, kind, subject, attempt, version, reference, payer_sealed, amount_fen, state)
     select r.id, r.kind, r.subject, r.attempt, r.version + 1, ${REFERENCE}, r.payer_sealed, r.amount_fen, 'due'
     from (select gen_random_uuid() as id, kind, subject, attempt, version, payer_sealed, amount_fen, state, returned from contribution_receipt where subject = $1 order by version desc limit 1) r
     where r.state = 'refused' and not r.returned on conflict (subject, version) do nothing returning id`,
    [subject],
  );
  return rows.length > 0;
}

export interface ReceiptView {
  readonly version: number;
  readonly amountFen: number;
  readonly state: 'due' | 'issued' | 'refused' | 'flush-due' | 'flush-refused' | 'red-flushed';
  readonly refusal: string | null;
  readonly code: string | null;
  readonly number: string | null;
  readonly checkCode: string | null;
  readonly issuedOn: string | null;
  readonly redNumber: string | null;
  readonly flushedOn: string | null;
}

/** The latest first. */
export async function receiptsOf(tx: Transaction, subject: string): Promise<ReceiptView[]> {
  const rows = await rowsOf<AsText<ReceiptView, 'amountFen'>>(
    tx,
    `select version, amount_fen as "amountFen", state, refusal, code, number, check_code as "checkCode", issued_on::text as "issuedOn",
            red_number as "redNumber", flushed_on::text as "flushedOn"
     from contribution_receipt where subject = $1 order by version desc`,
    [subject],
  );
  return rows.map((row) => ({ ...row, amountFen: Number(row.amountFen) }));
}
