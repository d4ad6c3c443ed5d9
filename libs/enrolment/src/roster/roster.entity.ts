import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RefusalReason } from './roster.js';

export type ImportState = 'receiving' | 'done' | 'failed';

@Entity('roster_import')
export class RosterImport {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') window_id: string;
  @Column('text') file_name: string;
  @Column('timestamptz') received_at: Date;
  @Column('text') received_by: string;
  @Column('text') state: ImportState;
  @Column('int', { default: 0 }) rows: number;
  @Column('int', { default: 0 }) accepted: number;
  @Column('int', { default: 0 }) refused: number;
  @Column('int', { default: 0 }) unchanged: number;
  @Column('int', { default: 0 }) normalised: number;
  @Column('int', { default: 0 }) card_warnings: number;
}

@Entity('roster_refusal')
export class RosterRefusal {
  @PrimaryColumn('uuid') import_id: string;
  @PrimaryColumn('int') row: number;
  @Column('text') field: string;
  @Column('text') reason: RefusalReason;
  @Column('text') remedy: string;
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
}
