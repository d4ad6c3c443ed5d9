/** The access record: append-only (UPDATE, DELETE and TRUNCATE are refused by the database), ids and permissions, never personal data. */
import { Injectable } from '@nestjs/common';
import { Clock } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Database, rowsOf, type Transaction } from './database.js';

@Entity('audit_record')
export class AuditRecord {
  @PrimaryColumn('bigint', { generated: 'increment' }) id: string;
  @Column('timestamptz') at: Date;
  @Column('text') actor: string;
  @Column('text', { array: true }) roles: string[];
  @Column('text') action: string;
  @Column('text') route: string;
  @Column('text', { nullable: true }) subject: string | null;
  @Column('text') outcome: string;
}

export interface AuditEntry {
  actor: string;
  roles: readonly string[];
  action: string;
  route: string;
  subject?: string;
  outcome: 'allowed' | 'denied';
}

@Injectable()
export class Audit {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async record(entry: AuditEntry, tx: Transaction = this.database.direct): Promise<void> {
    await rowsOf(tx, 'insert into audit_record (at, actor, roles, action, route, subject, outcome) values ($1,$2,$3,$4,$5,$6,$7)', [
      this.clock.now(),
      entry.actor,
      entry.roles,
      entry.action,
      entry.route,
      entry.subject ?? null,
      entry.outcome,
    ]);
  }

  /** One use each by many, in one statement, with the transaction of what they did. */
  async recordAll(tx: Transaction, actors: readonly string[], entry: Omit<AuditEntry, 'actor' | 'subject'>): Promise<void> {
    if (actors.length === 0) return;
    await rowsOf(
      tx,
      'insert into audit_record (at, actor, roles, action, route, outcome) select $1, actor, $3, $4, $5, $6 from unnest($2::text[]) as a(actor)',
      [this.clock.now(), actors, entry.roles, entry.action, entry.route, entry.outcome],
    );
  }

  /** What one person did to many, in one statement, with the transaction of what was done. */
  async recordSubjects(tx: Transaction, subjects: readonly string[], { actor, ...entry }: Omit<AuditEntry, 'subject'>): Promise<void> {
    await rowsOf(
      tx,
      'insert into audit_record (at, actor, roles, action, route, subject, outcome) select $1, $2, $3, $4, $5, subject, $7 from unnest($6::text[]) as s(subject)',
      [this.clock.now(), actor, entry.roles, entry.action, entry.route, subjects, entry.outcome],
    );
  }

  latest(limit: number): Promise<AuditRecord[]> {
    return this.database.direct.find(AuditRecord, { order: { id: 'DESC' }, take: limit });
  }
}
