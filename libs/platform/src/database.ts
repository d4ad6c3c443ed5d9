/** The database as the services see it: one transaction at a time, and COPY for sets. Repositories take the transaction first. */
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { assert } from '@app/kernel';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { DataSource, type EntityManager } from 'typeorm';

export type Transaction = EntityManager;

@Injectable()
export class Database implements OnApplicationShutdown {
  constructor(@Inject(DataSource) readonly source: DataSource) {}

  /**
   * Statements that do not need each other's rows are sent together (Promise.all): they run in the order they were sent, in one round trip.
   * After the first that fails none has an effect.
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const runner = this.source.createQueryRunner();
    try {
      const client = (await runner.connect()) as PoolClient;
      setPipeline(client, true);
      // Not waited for: it travels with the first statement.
      const begun = client.query('begin');
      Object.assign(runner, { isTransactionActive: true });
      try {
        const [, result] = await Promise.all([begun, work(runner.manager)]);
        await client.query('commit');
        return result;
      } catch (error) {
        Object.assign(runner, { isTransactionActive: false });
        await client.query('rollback').catch(() => undefined);
        throw error;
      }
    } finally {
      Object.assign(runner, { isTransactionActive: false });
      await runner.release();
    }
  }

  /** Statements that need no transaction of their own: single reads, and single statements that are atomic by themselves. */
  get direct(): Transaction {
    return this.source.manager;
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }
}

/** pg can be told at any time between two statements, though its type says that it is told once. */
const setPipeline = (client: PoolClient, pipeline: boolean): void => void Object.assign(client, { pipeline });

const statementNames = new Map<string, string>();

/** The statements are few and fixed, and parsing them anew would cost more than running them: each is prepared once a connection. */
function nameOf(sql: string): string {
  let name = statementNames.get(sql);
  if (!name) statementNames.set(sql, (name = `s${statementNames.size}`));
  return name;
}

/** The rows a statement returns, whatever its command. `sql` is a constant text: values go into `parameters`. */
export async function rowsOf<Row>(tx: Transaction, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  const client = tx.queryRunner ? ((await tx.queryRunner.connect()) as PoolClient) : poolOf(tx);
  // What was sent together goes on by itself when one of it fails, and its next statement must not run outside.
  assert(tx.queryRunner?.isTransactionActive !== false, 'a statement of a transaction that has ended');
  const values = parameters.map((value) => (Array.isArray(value) ? arrayText(value) : value));
  return (await client.query({ name: nameOf(sql), text: sql, values })).rows as Row[];
}

/** What needs no quotes in an array. */
const PLAIN = /^(?!null$)[\w.:+-]+$/i;

/** An array as PostgreSQL reads it. As pg would write it, at a fifth of the cost, of which sets have the most; what is rarer is left to pg. */
function arrayText(values: readonly unknown[]): unknown {
  const texts: string[] = [];
  for (const value of values) {
    if (typeof value === 'string') texts.push(PLAIN.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`);
    else if (value === null || value === undefined) texts.push('NULL');
    else if (typeof value === 'number' || typeof value === 'boolean') texts.push(String(value));
    else if (value instanceof Date) texts.push(value.toISOString());
    else return values;
  }
  return `{${texts.join(',')}}`;
}

/**
 * Statements that do not wait for each other go to the server together, and cost one way there and back; each statement once. They still run one
 * after the other. Throws the first failure, when all have ended.
 */
export async function together<Results extends readonly unknown[]>(
  send: () => {
    readonly [I in keyof Results]: Promise<Results[I]>;
  },
): Promise<Results> {
  const ended = await Promise.allSettled(send());
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason as Error;
  return ended.map((one) => (one as PromiseFulfilledResult<unknown>).value) as unknown as Results;
}

const poolOf = (tx: Transaction): Pool => (tx.connection.driver as unknown as { master: Pool }).master;

/** Rows in PostgreSQL's binary COPY format, with its beginning and its end, go into `target`, e.g. "member (id, sealed)". Returns how many. */
export async function copyInto(tx: Transaction, target: string, blocks: Iterable<Buffer>): Promise<number> {
  const client = (await tx.queryRunner!.connect()) as PoolClient;
  // A COPY has the connection for itself.
  setPipeline(client, false);
  const stream = client.query(copyFrom(`copy ${target} from stdin (format binary)`));
  // The stream tells of the server's error whenever it comes; unheard, that would end the process.
  let refusal: Error | undefined;
  stream.on('error', (error: Error) => (refusal = error));
  try {
    for (const block of blocks) {
      if (refusal) throw refusal;
      if (!stream.write(block)) await once(stream, 'drain');
    }
    if (refusal) throw refusal;
    stream.end();
    await finished(stream);
  } catch (error) {
    // After an error of the server's the connection is no longer copying; after one of ours the server has to be told.
    if (!refusal) stream.destroy(error as Error);
    throw error;
  } finally {
    setPipeline(client, true);
  }
  return stream.rowCount;
}

/** Signature, flags and length of the extension of a binary COPY. */
const COPY_HEADER_BYTES = 11 + 4 + 4;
/** Number of fields of a row, and length of its first. */
const ROW_START_BYTES = 2 + 4;

/**
 * The one bytea of the one row of `select`, or undefined when there is none. By COPY, since pg's answers are texts, in which every byte is two
 * characters to be made and read. `select` cannot have parameters: it must hold none but ids of ours.
 */
export async function bytesOf(database: Database, select: string): Promise<Buffer | undefined> {
  const client = await poolOf(database.direct).connect();
  // A COPY has the connection for itself.
  setPipeline(client, false);
  try {
    const pieces: Buffer[] = [];
    for await (const piece of client.query(copyTo(`copy (${select}) to stdout (format binary)`))) pieces.push(piece as Buffer);
    const copied = Buffer.concat(pieces);
    if (copied.readInt16BE(COPY_HEADER_BYTES) < 0) return undefined;
    const start = COPY_HEADER_BYTES + ROW_START_BYTES;
    return copied.subarray(start, start + copied.readInt32BE(start - 4));
  } finally {
    client.release();
  }
}

/** SQLSTATE of a failed statement, wherever TypeORM put it. */
export const sqlState = (error: unknown): string | undefined =>
  (error as { code?: string; driverError?: { code?: string } }).driverError?.code ?? (error as { code?: string }).code;
export const UNIQUE_VIOLATION = '23505';
/** "character not in repertoire": of UTF-8, which is all that is sent, the database keeps everything but NUL. */
export const NUL_CHARACTER = '22021';

/** The database cannot be reached, has no room or is going down: SQLSTATE classes 08, 53, 57 and 58, and what the system says of sockets. */
export const isAway = (error: unknown): boolean => /^(?:08|53|57|58)[0-9A-Z]{3}$|^E[A-Z]+$/.test(sqlState(error) ?? '');
