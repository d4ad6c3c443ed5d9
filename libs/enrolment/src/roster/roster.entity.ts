import type { DomainError, DomainErrorKind } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RefusalReason } from './roster.js';

/** receiving: the file is coming in; received: stored whole, being worked through. */
export type ImportState = 'receiving' | 'received' | 'done' | 'failed';

export interface ImportFailure {
  readonly code: string;
  readonly kind: DomainErrorKind;
  readonly message: string;
  readonly details: DomainError['details'];
}

@Entity('roster_import')
export class RosterImport {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') window_id: string;
  @Column('text') file_name: string;
  @Column('timestamptz') received_at: Date;
  @Column('text') received_by: string;
  @Column('text') state: ImportState;
  @Column('int', { default: 0 }) parts: number;
  @Column('int', { default: 0 }) reached_line: number;
  @Column('int', { default: 0 }) reached_part: number;
  @Column('uuid', { nullable: true }) lease: string | null;
  @Column('timestamptz', { nullable: true }) lease_ends_at: Date | null;
  @Column('jsonb', { nullable: true }) failure: ImportFailure | null;
  @Column('int', { default: 0 }) rows: number;
  @Column('int', { default: 0 }) accepted: number;
  @Column('int', { default: 0 }) refused: number;
  @Column('int', { default: 0 }) unchanged: number;
  @Column('int', { default: 0 }) normalised: number;
  @Column('int', { default: 0 }) card_warnings: number;
  @Column('int', { default: 0 }) phone_warnings: number;
  @Column('int', { nullable: true }) others_enrolled: number | null;
}

@Entity('roster_refusal')
export class RosterRefusal {
  @PrimaryColumn('uuid') import_id: string;
  @PrimaryColumn('int') row: number;
  @Column('text') field: string;
  @Column('text') reason: RefusalReason;
  @Column('text') remedy: string;
}

@Entity('roster_file_part')
export class RosterFilePart {
  @PrimaryColumn('uuid') import_id: string;
  @PrimaryColumn('int') part: number;
  @Column('bytea') sealed: Buffer;
}

@Entity('roster_block')
export class RosterBlockEntity {
  @PrimaryColumn('uuid') window_id: string;
  @PrimaryColumn('bytea') digest: Buffer;
  @Column('int') rows: number;
  @Column('int') normalised: number;
  @Column('int') card_warnings: number;
  @Column('int') phone_warnings: number;
  @Column('int', { array: true }) refused_at: number[];
  @Column('text', { array: true }) refused_for: RefusalReason[];
  @Column('uuid') taken_by: string;
  @Column('uuid', { array: true }) overtaken_by: string[];
}

@Entity('enrolment')
export class Enrolment {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') period_id: string;
  @Column('uuid') window_id: string;
  @Column('uuid') unit_id: string;
  @Column('uuid', { nullable: true }) import_id: string | null;
  @Column('int', { nullable: true }) row: number | null;
  @Column('timestamptz') applied_at: Date;
  @Column('int', { nullable: true }) notice: number | null;
  @Column('boolean', { default: false }) share_asked: boolean;
}
