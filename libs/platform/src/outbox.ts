/**
 * The outbox: a wake-up is written in the transaction that makes it due, and the relay hands it to the queue after the commit. Losing the
 * queue loses only wake-ups, which the sweeper makes again.
 */
import type { QueueName, WakeUp } from '@app/contracts';
import { rowsOf, type Transaction } from './database.js';

/** At most this many ids ride in one job: few, fat jobs. */
export const JOB_IDS = 1_000;

const ADD = `insert into outbox (queue, command, ids) select w.queue, w.command, coalesce(w.ids, '{}') from jsonb_to_recordset($1::jsonb) as w(queue text, command text, ids uuid[])`;

export async function addToOutbox(tx: Transaction, wakeUps: readonly WakeUp[]): Promise<void> {
  if (wakeUps.length > 0) await rowsOf(tx, ADD, [JSON.stringify(wakeUps)]);
}

/** The notification that asks for the patient wake-ups too. */
export const HURRY = 'hurry';

/** Asks the relay to carry at once, with these, what it would otherwise find at its next look. */
export async function hurryRelay(tx: Transaction, wakeUps: readonly WakeUp[] = []): Promise<void> {
  await rowsOf(tx, `with added as (${ADD}) select pg_notify('outbox', '${HURRY}')`, [JSON.stringify(wakeUps)]);
}

/** Takes a command's wake-ups for any of these away, in the transaction that does all that they are for. */
export async function answerWakeUps(tx: Transaction, queue: QueueName, command: string, ids: readonly string[]): Promise<void> {
  await rowsOf(
    tx,
    `with due as (select id from outbox where queue = $1 and command = $2 and ids && $3::uuid[] for update skip locked) delete from outbox o using due where o.id = due.id`,
    [queue, command, ids],
  );
}

/** Takes up to `limit` unsent wake-ups away, the patient ones too or not, merged per queue and command, and calls `send` before the commit: sent twice at worst, lost never. */
export async function drainOutbox(
  tx: Transaction,
  limit: number,
  send: (wakeUps: WakeUp[], upTo: string) => Promise<void>,
  patient = true,
): Promise<number> {
  const rows = await rowsOf<{ id: string; queue: QueueName; command: string; ids: string[] }>(
    tx,
    `with due as (select id from outbox where $2 or not patient order by id limit $1 for update skip locked)
     delete from outbox o using due where o.id = due.id returning o.id, o.queue, o.command, o.ids`,
    [limit, patient],
  );
  if (rows.length === 0) return 0;
  const merged = new Map<string, WakeUp & { ids: string[] }>();
  const complete: WakeUp[] = [];
  for (const row of rows) {
    const key = `${row.queue}/${row.command}/${row.ids.length === 0}`;
    let wakeUp = merged.get(key);
    if (wakeUp && wakeUp.ids.length + row.ids.length > JOB_IDS) {
      complete.push(wakeUp);
      wakeUp = undefined;
    }
    if (wakeUp) wakeUp.ids.push(...row.ids);
    else merged.set(key, { queue: row.queue, command: row.command, ids: [...row.ids] });
  }
  complete.push(...merged.values());
  await send(
    complete,
    rows.reduce((last, row) => (BigInt(row.id) > BigInt(last) ? row.id : last), '0'),
  );
  return rows.length;
}
