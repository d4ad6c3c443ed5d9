/** The only file with the ledger's SQL; every write is one statement over a set. */
import { assert, fen, type CivilDate } from '@app/kernel';
import { rowsOf, type Transaction } from '@app/platform';
import {
  TRANSFERS,
  type AccountBalance,
  type AccountName,
  type Outcome,
  type PendingCode,
  type Transfer,
  type TransferCode,
  type TransferKey,
} from './ledger.js';

const accountsSql = (side: 'debit' | 'credit') =>
  `case code ${Object.entries(TRANSFERS)
    .map(([code, accounts]) => `when '${code}' then '${accounts[side]}'`)
    .join(' ')} end`;

const columns = (transfers: readonly Transfer[]) => [
  transfers.map((transfer) => transfer.code),
  transfers.map((transfer) => transfer.subject),
  transfers.map((transfer) => transfer.attempt),
  transfers.map((transfer) => transfer.amountFen),
  transfers.map((transfer) => transfer.on),
];

const INSERT = `
  insert into ledger_transfer (code, subject, attempt, debit_account, credit_account, amount_fen, booked_on)
  select code, subject, attempt, ${accountsSql('debit')}, ${accountsSql('credit')}, amount_fen, booked_on
  from unnest($1::text[], $2::uuid[], $3::smallint[], $4::bigint[], $5::date[]) as t(code, subject, attempt, amount_fen, booked_on)
  on conflict (code, subject, attempt) do nothing returning 1`;

async function insert(tx: Transaction, transfers: readonly Transfer[]): Promise<number> {
  if (transfers.length === 0) return 0;
  return (await rowsOf(tx, INSERT, columns(transfers))).length;
}

/** Transfers that wait for their outcome; those that exist already stay as they are. Returns how many are new. */
export const pend = (tx: Transaction, transfers: readonly Transfer<PendingCode>[]): Promise<number> => insert(tx, transfers);

/** Transfers that are posted by this; those that exist already stay as they are. Returns how many are new. */
export const transfer = (tx: Transaction, transfers: readonly Transfer<Exclude<TransferCode, PendingCode>>[]): Promise<number> =>
  insert(tx, transfers);

/** Ends pending transfers. A bug (assert) when one is missing or has ended otherwise; the same outcome again changes nothing. */
export async function resolve(tx: Transaction, keys: readonly TransferKey<PendingCode>[], outcome: Outcome, on: CivilDate): Promise<void> {
  if (keys.length === 0) return;
  const parameters = [keys.map((key) => key.code), keys.map((key) => key.subject), keys.map((key) => key.attempt), outcome];
  const [, [{ settled }]] = (await Promise.all([
    rowsOf(
      tx,
      `insert into ledger_outcome (code, subject, attempt, outcome, booked_on)
       select k.code, k.subject, k.attempt, $4, $5 from unnest($1::text[], $2::uuid[], $3::smallint[]) as k(code, subject, attempt)
       on conflict (code, subject, attempt) do nothing`,
      [...parameters, on],
    ),
    rowsOf<{ settled: number }>(
      tx,
      `select count(*)::int as settled from ledger_outcome o join unnest($1::text[], $2::uuid[], $3::smallint[]) as k(code, subject, attempt)
         using (code, subject, attempt) where o.outcome = $4`,
      parameters,
    ),
  ])) as [unknown, [{ settled: number }]];
  assert(settled === keys.length, `${keys.length} transfers were to be ${outcome}, ${settled} are: some ended otherwise before`);
}

/** Totals of posted transfers by account. */
export async function trialBalance(tx: Transaction): Promise<AccountBalance[]> {
  const rows = await rowsOf<{ account: AccountName; debit: string; credit: string }>(
    tx,
    `select account, sum(debit)::text as debit, sum(credit)::text as credit from (
       select debit_account as account, sum(amount_fen) as debit, 0 as credit from ledger_posted group by 1
       union all
       select credit_account, 0, sum(amount_fen) from ledger_posted group by 1
     ) sides group by account order by account`,
  );
  return rows.map((row) => ({ account: row.account, debitFen: fen(Number(row.debit)), creditFen: fen(Number(row.credit)) }));
}

/** Posted amount by code, and how many transfers wait for an outcome. */
export async function totals(tx: Transaction): Promise<{ posted: Map<TransferCode, number>; pending: number }> {
  const rows = await rowsOf<{ code: TransferCode; posted: string; pending: number }>(
    tx,
    `select code, sum(posted)::text as posted, sum(pending)::int as pending from (
       select code, amount_fen as posted, 0 as pending from ledger_posted union all select code, 0, 1 from ledger_pending) t group by code`,
  );
  return {
    posted: new Map(rows.map((row) => [row.code, Number(row.posted)])),
    pending: rows.reduce((sum, row) => sum + row.pending, 0),
  };
}
