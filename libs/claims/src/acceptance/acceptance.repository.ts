/** The only file with SQL on `feed_message` and `feed_day`. */
import { rowsOf, type Transaction } from '@app/platform';
import { addDays, daysFrom, type CivilDate } from '@app/kernel';
import type { QuarantineReason } from './acceptance.js';
import type { MessageState } from './acceptance.entity.js';

export interface NewMessage {
  readonly id: string;
  readonly msgid: string | null;
  readonly infno: string | null;
  readonly source: string;
  readonly line: number;
  readonly receivedAt: Date;
  readonly receivedOn: CivilDate;
  /** The platform's own day of the message; the day of receipt where it cannot be read. */
  readonly sentOn: CivilDate;
  readonly bodySealed: Buffer;
  readonly bodyHash: Buffer;
  readonly settlementId: string | null;
  readonly medfeeFen: number;
  readonly fundPayFen: number;
  readonly quarantine: { readonly reason: QuarantineReason; readonly field: string; readonly detail: string } | null;
}

const store = (onConflict: string): string =>
  `with stored as (
     insert into feed_message (id, msgid, infno, source, line, received_at, received_on, body_sealed, body_hash, state, settlement_id, reason, field, detail, medfee_fen, fund_pay_fen, sent_on)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
     on conflict ${onConflict}
     returning id, body_hash = $9 as same),
   wake as (insert into outbox (queue, command, ids, patient) select 'acceptance', 'accept', array[id], true from stored where id = $1 and $10 = 'stored')
   select id, same from stored`;

const STORE = store(`(msgid) do update set duplicates = feed_message.duplicates
  + (feed_message.body_hash = excluded.body_hash and (feed_message.source, feed_message.line) <> (excluded.source, excluded.line))::int`);
/** Without a msgid of its own a message is known by the line it came from. */
const STORE_NAMELESS = store('(source, line, body_hash) where msgid is null do nothing');

/**
 * Stores one message whole and wakes acceptance, atomically. The same text again under the same msgid is counted, unless it is the very
 * line that was delivered before (a repeated delivery, not a duplicate in the feed).
 */
export async function storeMessage(tx: Transaction, message: NewMessage): Promise<'stored' | 'duplicate' | 'reused'> {
  const state: MessageState = message.quarantine ? 'quarantined' : 'stored';
  const [row] = await rowsOf<{ id: string; same: boolean }>(tx, message.msgid === null ? STORE_NAMELESS : STORE, [
    message.id,
    message.msgid,
    message.infno,
    message.source,
    message.line,
    message.receivedAt,
    message.receivedOn,
    message.bodySealed,
    message.bodyHash,
    state,
    message.settlementId,
    message.quarantine?.reason ?? null,
    message.quarantine?.field ?? null,
    message.quarantine?.detail ?? null,
    message.medfeeFen,
    message.fundPayFen,
    message.sentOn,
  ]);
  // Without a row: the very line was delivered before, and has no msgid of its own to be known by.
  if (!row) return 'duplicate';
  if (row.id === message.id) return 'stored';
  return row.same ? 'duplicate' : 'reused';
}

export interface StoredMessage {
  readonly id: string;
  readonly bodySealed: Buffer;
  readonly receivedAt: Date;
  readonly receivedOn: CivilDate;
}

/** Stored messages in the order of receipt. One worker takes them at a time, since a cancel must come after what it cancels. */
export async function takeStored(tx: Transaction, limit: number): Promise<StoredMessage[]> {
  const [, stored] = await Promise.all([
    rowsOf(tx, `select pg_advisory_xact_lock(hashtext('acceptance'))`),
    rowsOf<StoredMessage>(
      tx,
      `select id, body_sealed as "bodySealed", coalesce(released_at, received_at) as "receivedAt",
         coalesce((released_at at time zone 'Asia/Shanghai')::date, received_on)::text as "receivedOn"
       from feed_message where state = 'stored' order by seq limit $1`,
      [limit],
    ),
  ]);
  return stored;
}

export interface MessageResult {
  readonly id: string;
  readonly state: MessageState;
  readonly claimId?: string;
  readonly reason?: QuarantineReason;
  readonly detail?: string;
}

export async function saveResults(tx: Transaction, results: readonly MessageResult[]): Promise<void> {
  if (results.length === 0) return;
  await rowsOf(
    tx,
    `update feed_message m set state = r.state, claim_id = coalesce(r."claimId", m.claim_id), reason = r.reason, detail = r.detail
     from jsonb_to_recordset($1::jsonb) as r(id uuid, state text, "claimId" uuid, reason text, detail text) where m.id = r.id`,
    [JSON.stringify(results)],
  );
}

export interface OriginalMessage {
  readonly id: string;
  readonly msgid: string;
  readonly settlementId: string;
  readonly claimId: string | null;
}

/** The settle messages that cancels speak of, by settlement or by message id. */
export const findOriginals = (tx: Transaction, settlementIds: readonly string[], msgids: readonly string[]): Promise<OriginalMessage[]> =>
  rowsOf(
    tx,
    `select id, msgid, settlement_id as "settlementId", claim_id as "claimId" from feed_message
     where infno = '2304' and state in ('claimed', 'quarantined', 'repeated') and (settlement_id = any($1) or msgid = any($2))`,
    [settlementIds, msgids],
  );

/** Cancels that came before what they cancel, for these settlements or message ids. */
export const findWaiting = (tx: Transaction, targets: readonly string[]): Promise<{ id: string; target: string }[]> =>
  rowsOf(tx, `select id, detail as target from feed_message where state = 'waiting' and detail = any($1)`, [targets]);

export interface QuarantinedMessage {
  readonly msgid: string | null;
  readonly source: string;
  readonly line: number;
  readonly receivedAt: Date;
  readonly field: string | null;
  readonly reason: QuarantineReason;
  readonly detail: string | null;
}

export const readQuarantined = (tx: Transaction, limit: number): Promise<QuarantinedMessage[]> =>
  rowsOf(
    tx,
    `select msgid, source, line, received_at as "receivedAt", field, reason, detail from feed_message where state = 'quarantined' and taken_back_at is null order by seq limit $1`,
    [limit],
  );

/** These were cancelled: those of them that are set aside stay so. */
export async function takeBack(tx: Transaction, ids: readonly string[], at: Date): Promise<void> {
  if (ids.length === 0) return;
  await rowsOf(tx, `update feed_message set taken_back_at = $2 where id = any($1::uuid[]) and state = 'quarantined'`, [ids, at]);
}

/** Has messages that were set aside for what stands in them judged again; returns how many. */
export async function releaseQuarantined(tx: Transaction, reasons: readonly QuarantineReason[], at: Date): Promise<number> {
  const rows = await rowsOf<{ count: number }>(
    tx,
    `with released as (
       update feed_message set state = 'stored', reason = null, field = null, detail = null, released_at = $2
       where state = 'quarantined' and reason = any($1) and taken_back_at is null returning 1)
     select count(*)::int as count from released`,
    [reasons, at],
  );
  return rows[0]!.count;
}

/** Totals of the distinct, readable 2304 messages that the platform sent on a day, as it counts them. */
export async function dayTotals(tx: Transaction, on: CivilDate): Promise<{ count: number; medfeeFen: number; fundPayFen: number }> {
  const [row] = await rowsOf<{ count: number; medfee: string; fund: string }>(
    tx,
    `select count(*)::int as count, coalesce(sum(medfee_fen), 0)::text as medfee, coalesce(sum(fund_pay_fen), 0)::text as fund from feed_message
     where sent_on = $1 and infno = '2304' and msgid is not null and reason is distinct from 'unreadable'`,
    [on],
  );
  return { count: row!.count, medfeeFen: Number(row!.medfee), fundPayFen: Number(row!.fund) };
}

/** Days with messages before `today` whose totals were not compared with the platform yet. */
export async function daysToCompare(tx: Transaction, today: CivilDate, limit: number): Promise<CivilDate[]> {
  const [row] = await rowsOf<{ first: CivilDate | null }>(
    tx,
    'select coalesce((select max(checked_on) + 1 from feed_day), (select min(sent_on) from feed_message))::text as first',
  );
  return row?.first ? daysFrom(row.first, addDays(today, -1), limit) : [];
}

export async function saveDay(tx: Transaction, on: CivilDate, equal: boolean, pulled: number): Promise<void> {
  await rowsOf(
    tx,
    'insert into feed_day (checked_on, equal, pulled) values ($1, $2, $3) on conflict (checked_on) do update set equal = excluded.equal, pulled = feed_day.pulled + excluded.pulled',
    [on, equal, pulled],
  );
}

export const knownMessageIds = async (tx: Transaction, msgids: readonly string[]): Promise<Set<string>> =>
  new Set((await rowsOf<{ msgid: string }>(tx, 'select msgid from feed_message where msgid = any($1)', [msgids])).map((row) => row.msgid));
