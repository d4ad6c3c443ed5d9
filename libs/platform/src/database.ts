/** The database as the services see it: one transaction at a time, and COPY for sets. Repositories take the transaction first. */
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { DataSource, type EntityManager } from 'typeorm';

export type Transaction = EntityManager;

@Injectable()
export class Database implements OnApplicationShutdown {
  constructor(@Inject(DataSource) readonly source: DataSource) {}

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.source.transaction(work);
  }

  /** Statements that need no transaction of their own: single reads, and single statements that are atomic by themselves. */
  get direct(): Transaction {
    return this.source.manager;
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }
}

/** The rows a statement returns, whatever its command: TypeORM wraps those of UPDATE and DELETE, and not the others. */
export async function rowsOf<Row>(tx: Transaction, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  const result: unknown = await tx.query(sql, parameters);
  return Array.isArray(result) && result.length === 2 && Array.isArray(result[0]) && typeof result[1] === 'number' ? (result[0] as Row[]) : (result as Row[]);
}

/** Rows in PostgreSQL's COPY text format, or binary as buffers, go into `target`, e.g. "member (id, sealed)". */
export async function copyInto(
  tx: Transaction,
  target: string,
  rows: AsyncIterable<string | Buffer> | Iterable<string | Buffer>,
  format: 'text' | 'binary' = 'text',
): Promise<number> {
  const client = (await tx.queryRunner!.connect()) as PoolClient;
  const stream = client.query(copyFrom(`copy ${target} from stdin (format ${format})`));
  try {
    for await (const chunk of rows) if (!stream.write(chunk)) await once(stream, 'drain');
    stream.end();
    await finished(stream);
  } catch (error) {
    stream.destroy(error as Error);
    throw error;
  }
  return stream.rowCount;
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
/** One value in COPY text format. */
export const copyText = (value: string | null): string => (value === null ? '\\N' : /[\\\t\n\r]/.test(value) ? value.replace(/[\\\t\n\r]/g, (c) => ESCAPES[c]!) : value);
export const copyBytes = (value: Buffer): string => `\\\\x${value.toString('hex')}`;

/** SQLSTATE of a failed statement, wherever TypeORM put it. */
export const sqlState = (error: unknown): string | undefined => (error as { code?: string; driverError?: { code?: string } }).driverError?.code ?? (error as { code?: string }).code;
export const UNIQUE_VIOLATION = '23505';
