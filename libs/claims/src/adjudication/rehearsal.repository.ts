/** The only file with SQL on `rehearsal`. */
import type { Rehearsal, Selection } from '@app/benefits';
import { rowsOf, type Transaction } from '@app/platform';
import type { RehearsalProgress, RehearsalView } from './rehearsal.js';

export interface NewRehearsal {
  readonly id: string;
  readonly planId: string;
  readonly hash: string;
  readonly content: string | null;
  readonly selection: Selection;
  readonly bookPlanId: string;
  readonly askedBy: string;
  readonly askedAt: Date;
}

export async function insertRehearsal(tx: Transaction, rehearsal: NewRehearsal): Promise<void> {
  await rowsOf(
    tx,
    `insert into rehearsal (id, plan_id, hash, content, selection, book_plan_id, state, asked_by, asked_at) values ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8)`,
    [
      rehearsal.id,
      rehearsal.planId,
      rehearsal.hash,
      rehearsal.content,
      JSON.stringify(rehearsal.selection),
      rehearsal.bookPlanId,
      rehearsal.askedBy,
      rehearsal.askedAt,
    ],
  );
}

const PROGRESS = `state, claims_done as "claimsDone", claims_total as "claimsTotal", failure`;

export async function readProgress(tx: Transaction, id: string): Promise<RehearsalProgress | undefined> {
  const [row] = await rowsOf<RehearsalProgress>(tx, `select ${PROGRESS} from rehearsal where id = $1`, [id]);
  return row;
}

/** With the result as it is kept. */
export async function readRehearsal(tx: Transaction, id: string): Promise<(RehearsalView & { result: string | null }) | undefined> {
  const [row] = await rowsOf<RehearsalView & { result: string | null }>(
    tx,
    `select id, plan_id as "planId", hash, book_plan_id as "bookPlanId", asked_by as "askedBy", asked_at as "askedAt", ended_at as "endedAt", result, ${PROGRESS}
     from rehearsal where id = $1`,
    [id],
  );
  return row;
}

/** Ids of those that ended well, the latest first. */
export async function finishedRehearsals(tx: Transaction, hash: string): Promise<string[]> {
  const rows = await rowsOf<{ id: string }>(tx, `select id from rehearsal where hash = $1 and state = 'done' order by ended_at desc, id`, [
    hash,
  ]);
  return rows.map((row) => row.id);
}

/** Ids of those that have not ended: these, or without ids all. */
export async function unfinishedRehearsals(tx: Transaction, ids: readonly string[]): Promise<string[]> {
  const rows = await rowsOf<{ id: string }>(
    tx,
    `select id from rehearsal where state in ('waiting', 'running') and (cardinality($1::uuid[]) = 0 or id = any($1)) order by asked_at, id`,
    [ids],
  );
  return rows.map((row) => row.id);
}

export interface RehearsalToRun {
  readonly planId: string;
  readonly hash: string;
  readonly content: string | null;
  readonly selection: Selection;
  readonly bookPlanId: string;
}

/** undefined when it has ended, or when another worker is at it: the lock ends with the transaction, and so with a worker that dies. */
export async function lockRehearsal(tx: Transaction, id: string): Promise<RehearsalToRun | undefined> {
  const [lock] = await rowsOf<{ held: boolean }>(tx, `select pg_try_advisory_xact_lock(hashtextextended('rehearsal ' || $1, 0)) as held`, [
    id,
  ]);
  if (!lock!.held) return undefined;
  const [row] = await rowsOf<Omit<RehearsalToRun, 'selection'> & { selection: string }>(
    tx,
    `select plan_id as "planId", hash, content, selection, book_plan_id as "bookPlanId" from rehearsal where id = $1 and state in ('waiting', 'running')`,
    [id],
  );
  return row && { ...row, selection: JSON.parse(row.selection) as Selection };
}

export async function startRun(tx: Transaction, id: string, claimsTotal: number): Promise<void> {
  await rowsOf(tx, `update rehearsal set state = 'running', claims_done = 0, claims_total = $2 where id = $1`, [id, claimsTotal]);
}

export async function saveProgress(tx: Transaction, id: string, claimsDone: number): Promise<void> {
  await rowsOf(tx, 'update rehearsal set claims_done = $2 where id = $1', [id, claimsDone]);
}

export async function saveResult(tx: Transaction, id: string, result: Rehearsal, at: Date): Promise<void> {
  await rowsOf(tx, `update rehearsal set state = 'done', claims_done = $2, claims_total = $2, result = $3, ended_at = $4 where id = $1`, [
    id,
    result.claims,
    JSON.stringify(result),
    at,
  ]);
}

export async function saveFailure(tx: Transaction, id: string, failure: string, at: Date): Promise<void> {
  await rowsOf(tx, `update rehearsal set state = 'failed', failure = $2, ended_at = $3 where id = $1`, [id, failure, at]);
}
