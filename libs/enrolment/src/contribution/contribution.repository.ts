import type { CivilDate } from '@app/kernel';
import { fen } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import { CollectionStatement } from './contribution.entity.js';
import type { Credit, DueNotice, Match } from './contribution.js';

export interface UnitDue {
  unitId: string;
  unitCode: string;
  members: number;
  /** Of the notice that these members are on. */
  number: number;
}

/** Ends the notice that each unit's rows have been on so far, but for the units that are held back: whoever enrols from now on is on the next one. */
export const closeNotices = (tx: Transaction, windowId: string, heldBack: readonly string[]): Promise<UnitDue[]> =>
  rowsOf(
    tx,
    `with due as (select unit_id, notice, unnoticed from enrolment_count where window_id = $1 and unnoticed > 0 and unit_id <> all($2::uuid[]) order by unit_id for update),
     closed as (
       update enrolment_count c set notice = c.notice + 1, unnoticed = 0 from due where c.window_id = $1 and c.unit_id = due.unit_id
       returning due.unit_id, due.notice, due.unnoticed)
     select unit_id as "unitId", o.code as "unitCode", unnoticed as members, notice as number
     from closed join organisation o on o.id = closed.unit_id order by o.code`,
    [windowId, heldBack],
  );

export interface NewNotice extends UnitDue {
  id: string;
  reference: string;
}

export async function insertNotices(
  tx: Transaction,
  windowId: string,
  notices: readonly NewNotice[],
  personFen: number,
  at: Date,
): Promise<void> {
  await rowsOf(
    tx,
    `insert into payment_notice (id, window_id, unit_id, number, reference, members, amount_fen, issued_at, state)
     select f.id, $1, f.unit_id, f.number, f.reference, f.members, f.members * $7::bigint, $8, 'open'
     from unnest($2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::int[]) as f(id, unit_id, number, reference, members)`,
    [
      windowId,
      notices.map((notice) => notice.id),
      notices.map((notice) => notice.unitId),
      notices.map((notice) => notice.number),
      notices.map((notice) => notice.reference),
      notices.map((notice) => notice.members),
      personFen,
      at,
    ],
  );
}

export interface NoticeView {
  id: string;
  unitCode: string;
  unitName: string;
  reference: string;
  members: number;
  amountFen: number;
  receivedFen: number;
  issuedAt: Date;
  state: 'open' | 'paid';
}

/** Notices of the window whose unit lies under `path`. */
export async function noticesOf(tx: Transaction, windowId: string, path: string): Promise<NoticeView[]> {
  const rows = await rowsOf<NoticeView & { amountFen: string; receivedFen: string }>(
    tx,
    `select n.id, o.code as "unitCode", o.name as "unitName", n.reference, n.members, n.amount_fen as "amountFen", n.received_fen as "receivedFen",
            n.issued_at as "issuedAt", n.state
     from payment_notice n join organisation o on o.id = n.unit_id where n.window_id = $1 and starts_with(o.path, $2) order by o.code, n.number`,
    [windowId, path],
  );
  return rows.map((row) => ({ ...row, amountFen: Number(row.amountFen), receivedFen: Number(row.receivedFen) }));
}

/** From the first opening to the last closing of all windows; undefined when there are none. */
export async function windowSpan(tx: Transaction): Promise<{ opensAt: Date; closesAt: Date } | undefined> {
  const rows = await rowsOf<{ opensAt: Date | null; closesAt: Date }>(
    tx,
    'select min(opens_at) as "opensAt", max(closes_at) as "closesAt" from enrolment_window',
  );
  const { opensAt, closesAt } = rows[0]!;
  return opensAt ? { opensAt, closesAt } : undefined;
}

export async function storedDays(tx: Transaction): Promise<Set<string>> {
  return new Set((await rowsOf<{ on: string }>(tx, 'select "on"::text as "on" from collection_statement')).map(({ on }) => on));
}

/** False when the day's statement is stored already. */
export async function insertStatement(tx: Transaction, statement: CollectionStatement): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    'insert into collection_statement ("on", opening_fen, closing_fen, lines, fetched_at) values ($1, $2, $3, $4, $5) on conflict ("on") do nothing returning lines',
    [statement.on, statement.opening_fen, statement.closing_fen, statement.lines, statement.fetched_at],
  );
  return rows.length > 0;
}

export const statementOf = (tx: Transaction, on: CivilDate): Promise<CollectionStatement> =>
  tx.findOneByOrFail(CollectionStatement, { on });

export interface NewCredit extends Credit {
  readonly id: string;
  readonly payerName: string;
}

/** Stores credits whole before anything is decided; returns the bank references of those that are new. */
export async function insertCredits(tx: Transaction, on: CivilDate, credits: readonly NewCredit[]): Promise<Set<string>> {
  const rows = await rowsOf<{ bank_reference: string }>(
    tx,
    `insert into contribution_credit (bank_reference, id, booked_on, amount_fen, reference, payer_name, state, matched_fen)
     select bank_reference, id, $1, amount_fen, reference, payer_name, 'suspense', 0
     from unnest($2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::text[]) as c(bank_reference, id, amount_fen, reference, payer_name)
     on conflict (bank_reference) do nothing returning bank_reference`,
    [
      on,
      credits.map((credit) => credit.bankReference),
      credits.map((credit) => credit.id),
      credits.map((credit) => credit.amountFen),
      credits.map((credit) => credit.reference),
      credits.map((credit) => credit.payerName),
    ],
  );
  return new Set(rows.map((row) => row.bank_reference));
}

export async function lockNotices(tx: Transaction, references: readonly string[]): Promise<DueNotice[]> {
  const rows = await rowsOf<{ id: string; reference: string; amount_fen: string; received_fen: string }>(
    tx,
    'select id, reference, amount_fen, received_fen from payment_notice where reference = any($1::text[]) order by id for update',
    [references],
  );
  return rows.map((row) => ({
    id: row.id,
    reference: row.reference,
    amountFen: fen(Number(row.amount_fen)),
    receivedFen: fen(Number(row.received_fen)),
  }));
}

export async function saveMatches(tx: Transaction, matches: readonly Match[]): Promise<void> {
  await tx.query(
    `update contribution_credit c set notice_id = m.notice_id, matched_fen = m.matched_fen, state = case when m.matched_fen > 0 then 'matched' else 'suspense' end
     from unnest($1::text[], $2::uuid[], $3::bigint[]) as m(bank_reference, notice_id, matched_fen) where c.bank_reference = m.bank_reference`,
    [matches.map((match) => match.bankReference), matches.map((match) => match.noticeId), matches.map((match) => match.matchedFen)],
  );
}

/** Returns the ids of the notices that are paid by this. */
export async function receive(tx: Transaction, notices: readonly DueNotice[]): Promise<string[]> {
  const rows = await rowsOf<{ id: string; state: string }>(
    tx,
    `update payment_notice n set received_fen = r.received_fen, state = case when r.received_fen = n.amount_fen then 'paid' else 'open' end
     from unnest($1::uuid[], $2::bigint[]) as r(id, received_fen) where n.id = r.id returning n.id, n.state`,
    [notices.map((notice) => notice.id), notices.map((notice) => notice.receivedFen)],
  );
  return rows.filter((row) => row.state === 'paid').map((row) => row.id);
}
