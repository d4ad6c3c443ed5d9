/** SQL on payment notices, the statements of the collection account, and what its credits were for. */
import { fen, type CivilDate, type Fen } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import { CollectionStatement } from './contribution.entity.js';
import type { NoticeShares } from './contribution.js';
import type { Credit, DueNotice, Match } from './matching.js';

/** A row as it is read: a bigint comes as text. */
export type AsText<Row, Name extends keyof Row> = Omit<Row, Name> & Record<Name, string>;

export interface UnitDue {
  unitId: string;
  unitCode: string;
  members: number;
  /** Who joined alone and was on no notice; counted only where unit or special fund have a share. */
  alone: number;
  /** Of the notice that these members are on. */
  number: number;
}

/** Enrolments `e` whose cover the member began alone, while nobody has asked for the unit's share. */
const ALONE = `
  from enrolment e join cover v on v.member_id = e.member_id and v.period_id = e.period_id and v.join_id is not null
  where e.notice is null and not e.share_asked`;

/**
 * Ends the notice that each unit's rows have been on so far: whoever enrols from now on is on the next one. Of `limit` units in the order of their
 * ids, from after the one that is named, and but for those that are held back.
 */
export async function closeNotices(
  tx: Transaction,
  windowId: string,
  { after, heldBack, limit }: { readonly after: string; readonly heldBack: readonly string[]; readonly limit: number },
): Promise<UnitDue[]> {
  // One at a time: who waited would ask for the same people alone again.
  const [window] = await rowsOf<{ counts: boolean }>(
    tx,
    'select unit_share_fen + fund_share_fen > 0 as counts from enrolment_window where id = $1 for no key update',
    [windowId],
  );
  // Enrolments before counts, as a transfer takes them; whom it has moved meanwhile the other unit is asked for.
  const due = await rowsOf<{ unitId: string; alone: number }>(
    tx,
    `with due as (
       select c.unit_id from enrolment_count c
       where c.window_id = $1 and c.unit_id > $3 and c.unit_id <> all($4::uuid[])
         and (c.unnoticed > 0 or $2 and exists (select ${ALONE} and e.window_id = c.window_id and e.unit_id = c.unit_id))
       order by c.unit_id limit $5),
     asked as (
       update enrolment set share_asked = true where (member_id, period_id) in (
         select e.member_id, e.period_id ${ALONE} and $2 and e.window_id = $1 and e.unit_id in (select unit_id from due) order by e.member_id for update of e)
       returning unit_id)
     select unit_id as "unitId", count(asked.unit_id)::int as alone from due left join asked using (unit_id) group by unit_id`,
    [windowId, window!.counts, after, heldBack, limit],
  );
  return rowsOf(
    tx,
    `with due as (
       select c.unit_id, c.notice, c.unnoticed, d.alone from unnest($2::uuid[], $3::int[]) as d(unit_id, alone)
       join enrolment_count c on c.window_id = $1 and c.unit_id = d.unit_id
       where c.unnoticed > 0 or d.alone > 0 order by c.unit_id for update of c),
     closed as (
       update enrolment_count c set notice = c.notice + 1, unnoticed = 0 from due where c.window_id = $1 and c.unit_id = due.unit_id
       returning due.unit_id, due.notice, due.unnoticed, due.alone)
     select unit_id as "unitId", o.code as "unitCode", unnoticed as members, alone, notice as number
     from closed join organisation o on o.id = closed.unit_id order by unit_id`,
    [windowId, due.map((one) => one.unitId), due.map((one) => one.alone)],
  );
}

export interface NewNotice extends UnitDue, NoticeShares {
  id: string;
  reference: string;
}

/** A notice that asks for nothing is paid at once. */
export async function insertNotices(tx: Transaction, windowId: string, notices: readonly NewNotice[], at: Date): Promise<void> {
  await rowsOf(
    tx,
    `insert into payment_notice (id, window_id, unit_id, number, reference, members, alone_members, member_fen, unit_fen, fund_fen, amount_fen, issued_at, state)
     select f.id, $1, f.unit_id, f.number, f.reference, f.members, f.alone, f.member_fen, f.unit_fen, f.fund_fen, f.member_fen + f.unit_fen, $2,
            case when f.member_fen + f.unit_fen = 0 then 'paid' else 'open' end
     from unnest($3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::int[], $8::int[], $9::bigint[], $10::bigint[], $11::bigint[])
       as f(id, unit_id, number, reference, members, alone, member_fen, unit_fen, fund_fen)`,
    [
      windowId,
      at,
      notices.map((notice) => notice.id),
      notices.map((notice) => notice.unitId),
      notices.map((notice) => notice.number),
      notices.map((notice) => notice.reference),
      notices.map((notice) => notice.members),
      notices.map((notice) => notice.alone),
      notices.map((notice) => notice.memberFen),
      notices.map((notice) => notice.unitFen),
      notices.map((notice) => notice.fundFen),
    ],
  );
}

export interface NoticeView {
  id: string;
  unitCode: string;
  unitName: string;
  reference: string;
  members: number;
  /** Joined alone; the unit's share is asked for them too. */
  aloneMembers: number;
  memberFen: Fen;
  unitFen: Fen;
  /** Paid by the special fund, beside the amount. */
  fundFen: Fen;
  amountFen: Fen;
  receivedFen: Fen;
  issuedAt: Date;
  state: 'open' | 'paid';
}

/** Notices of the window whose unit lies under `path`. */
export async function noticesOf(tx: Transaction, windowId: string, path: string): Promise<NoticeView[]> {
  const rows = await rowsOf<AsText<NoticeView, 'memberFen' | 'unitFen' | 'fundFen' | 'amountFen' | 'receivedFen'>>(
    tx,
    `select n.id, o.code as "unitCode", o.name as "unitName", n.reference, n.members, n.alone_members as "aloneMembers", n.member_fen as "memberFen",
            n.unit_fen as "unitFen", n.fund_fen as "fundFen", n.amount_fen as "amountFen", n.received_fen as "receivedFen", n.issued_at as "issuedAt", n.state
     from payment_notice n join organisation o on o.id = n.unit_id where n.window_id = $1 and starts_with(o.path, $2) order by o.code, n.number`,
    [windowId, path],
  );
  return rows.map((row) => ({
    ...row,
    memberFen: fen(Number(row.memberFen)),
    unitFen: fen(Number(row.unitFen)),
    fundFen: fen(Number(row.fundFen)),
    amountFen: fen(Number(row.amountFen)),
    receivedFen: fen(Number(row.receivedFen)),
  }));
}

/** Where the unit of a notice stands in the tree; undefined when there is no such notice. */
export async function pathOfNotice(tx: Transaction, noticeId: string): Promise<string | undefined> {
  const [row] = await rowsOf<{ path: string }>(
    tx,
    'select o.path from payment_notice n join organisation o on o.id = n.unit_id where n.id = $1',
    [noticeId],
  );
  return row?.path;
}

/** Of all windows; undefined when there are none. */
export async function firstOpening(tx: Transaction): Promise<Date | undefined> {
  const rows = await rowsOf<{ opensAt: Date | null }>(tx, 'select min(opens_at) as "opensAt" from enrolment_window');
  return rows[0]!.opensAt ?? undefined;
}

export async function storedDays(tx: Transaction): Promise<Set<string>> {
  return new Set((await rowsOf<{ on: string }>(tx, 'select "on"::text as "on" from collection_statement')).map(({ on }) => on));
}

/** False when the day's statement is stored already. */
export async function insertStatement(tx: Transaction, statement: CollectionStatement): Promise<boolean> {
  const rows = await rowsOf(
    tx,
    `insert into collection_statement ("on", opening_fen, closing_fen, lines, open_lines, fetched_at) values ($1, $2, $3, $4, $5, $6)
     on conflict ("on") do nothing returning lines`,
    [statement.on, statement.opening_fen, statement.closing_fen, statement.lines, statement.open_lines, statement.fetched_at],
  );
  return rows.length > 0;
}

export const statementOf = (tx: Transaction, on: CivilDate): Promise<CollectionStatement> =>
  tx.findOneByOrFail(CollectionStatement, { on });

export async function saveOpenLines(tx: Transaction, on: CivilDate, openLines: number): Promise<void> {
  await rowsOf(tx, 'update collection_statement set open_lines = $2 where "on" = $1', [on, openLines]);
}

export interface NewCredit extends Credit {
  readonly id: string;
}

/** Stores credits whole before anything is decided; returns the bank references of those that are new. */
export async function insertCredits(tx: Transaction, on: CivilDate, credits: readonly NewCredit[]): Promise<Set<string>> {
  const rows = await rowsOf<{ bank_reference: string }>(
    tx,
    `insert into contribution_credit (bank_reference, id, booked_on, amount_fen, reference, payer_name)
     select bank_reference, id, $1, amount_fen, reference, payer_name
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

type NoticeRow = AsText<DueNotice, 'amountFen' | 'memberFen' | 'receivedFen'>;
const DUE_NOTICE = `n.id, n.reference, o.code as "unitCode", o.name as "unitName", n.amount_fen as "amountFen", n.member_fen as "memberFen", n.received_fen as "receivedFen"`;
const dueNotice = (row: NoticeRow): DueNotice => ({
  ...row,
  amountFen: fen(Number(row.amountFen)),
  memberFen: fen(Number(row.memberFen)),
  receivedFen: fen(Number(row.receivedFen)),
});

/** The notices of these references, and all open ones of the units of these codes, and of these names where only one unit has it. */
export async function lockNotices(
  tx: Transaction,
  references: readonly string[],
  unitCodes: readonly string[],
  unitNames: readonly string[],
): Promise<DueNotice[]> {
  const rows = await rowsOf<NoticeRow>(
    tx,
    `select ${DUE_NOTICE} from payment_notice n join organisation o on o.id = n.unit_id
     where n.id in (select id from payment_notice where reference = any($1::text[])
                    union select p.id from organisation u join payment_notice p on p.unit_id = u.id and p.state = 'open'
                    where u.kind = 'unit' and (u.code = any($2::text[])
                      or u.name = any($3::text[]) and not exists (select from organisation o where o.kind = 'unit' and o.name = u.name and o.id <> u.id)))
     order by n.id for update of n`,
    [references, unitCodes, unitNames],
  );
  return rows.map(dueNotice);
}

export async function lockNoticesById(tx: Transaction, ids: readonly string[]): Promise<Map<string, DueNotice>> {
  const rows = await rowsOf<NoticeRow>(
    tx,
    `select ${DUE_NOTICE} from payment_notice n join organisation o on o.id = n.unit_id where n.id = any($1::uuid[]) order by n.id for update of n`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, dueNotice(row)]));
}

export interface NewMatch extends Omit<Match, 'bankReference'> {
  readonly id: string;
  readonly creditId: string;
  readonly matchedBy: string;
  readonly confirmedBy: string | null;
}

/** With the credits' sums; the database refuses more than a credit has. */
export async function insertMatches(tx: Transaction, matches: readonly NewMatch[], at: Date): Promise<void> {
  if (matches.length === 0) return;
  await rowsOf(
    tx,
    `with m as (
       insert into contribution_match (id, credit_id, notice_id, rule, amount_fen, member_fen, unit_fen, matched_by, confirmed_by, matched_at)
       select *, $10::timestamptz from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[])
       returning credit_id, amount_fen)
     update contribution_credit c set matched_fen = c.matched_fen + s.amount_fen
     from (select credit_id, sum(amount_fen)::bigint as amount_fen from m group by 1) s where c.id = s.credit_id`,
    [
      matches.map((one) => one.id),
      matches.map((one) => one.creditId),
      matches.map((one) => one.noticeId),
      matches.map((one) => one.rule),
      matches.map((one) => one.amountFen),
      matches.map((one) => one.memberFen),
      matches.map((one) => one.unitFen),
      matches.map((one) => one.matchedBy),
      matches.map((one) => one.confirmedBy),
      at,
    ],
  );
}

/** Returns the ids of the notices that are paid by this. */
export async function receive(tx: Transaction, notices: readonly Pick<DueNotice, 'id' | 'receivedFen'>[]): Promise<string[]> {
  const rows = await rowsOf<{ id: string; state: string }>(
    tx,
    `update payment_notice n set received_fen = r.received_fen, state = case when r.received_fen = n.amount_fen then 'paid' else 'open' end
     from unnest($1::uuid[], $2::bigint[]) as r(id, received_fen) where n.id = r.id returning n.id, n.state`,
    [notices.map((notice) => notice.id), notices.map((notice) => notice.receivedFen)],
  );
  return rows.filter((row) => row.state === 'paid').map((row) => row.id);
}

/** Of paid notices, those that the special fund has a share in, and how often they were paid. */
export async function fundShares(tx: Transaction, noticeIds: readonly string[]): Promise<{ id: string; attempt: number; fundFen: Fen }[]> {
  const rows = await rowsOf<{ id: string; attempt: number; fundFen: string }>(
    tx,
    `select n.id, n.fund_fen as "fundFen",
       1 + (select count(*)::int from contribution_match m join match_reversal r on r.match_id = m.id and r.reopened where m.notice_id = n.id) as attempt
     from payment_notice n where n.id = any($1::uuid[]) and n.state = 'paid' and n.fund_fen > 0`,
    [noticeIds],
  );
  return rows.map((row) => ({ ...row, fundFen: fen(Number(row.fundFen)) }));
}
