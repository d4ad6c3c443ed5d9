import type { CivilDate } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Underwriting } from './window.js';

export const bigintColumn = {
  from: (value: string | null) => (value === null ? null : Number(value)),
  to: (value: number | null) => value,
};

@Entity('cover_period')
export class CoverPeriod {
  @PrimaryColumn('uuid') id: string;
  @Column('text') plan_line: string;
  @Column('date') cover_from: CivilDate;
  @Column('date') cover_to: CivilDate;
}

@Entity('enrolment_window')
export class EnrolmentWindow {
  @PrimaryColumn('uuid') id: string;
  @Column('text') plan_id: string;
  @Column('uuid') organisation_id: string;
  @Column('timestamptz') opens_at: Date;
  @Column('timestamptz') closes_at: Date;
  @Column('uuid') period_id: string;
  @Column('date') cover_from: CivilDate;
  @Column('date') cover_to: CivilDate;
  @Column('bigint', { transformer: bigintColumn }) contribution_fen: number;
  @Column('bigint', { transformer: bigintColumn }) member_share_fen: number;
  @Column('bigint', { transformer: bigintColumn }) unit_share_fen: number;
  @Column('bigint', { transformer: bigintColumn }) fund_share_fen: number;
  @Column('text', { default: 'none' }) underwriting: Underwriting;
  @Column('uuid', { nullable: true }) targets_from: string | null;
}

@Entity('enrolment_target')
export class EnrolmentTarget {
  @PrimaryColumn('uuid') window_id: string;
  @PrimaryColumn('uuid') organisation_id: string;
  @Column('int') headcount: number;
}

@Entity('enrolment_count')
export class EnrolmentCount {
  @PrimaryColumn('uuid') window_id: string;
  @PrimaryColumn('uuid') unit_id: string;
  @Column('int') members: number;
  @Column('int', { default: 0 }) covered: number;
  @Column('int', { default: 1 }) notice: number;
  @Column('int', { default: 0 }) unnoticed: number;
}

@Entity('enrolment_sample')
export class EnrolmentSample {
  @PrimaryColumn('uuid') window_id: string;
  /** Since 1970. */
  @PrimaryColumn('int') minute: number;
  @Column('timestamptz') at: Date;
  @Column('int') members: number;
  @Column('jsonb', { nullable: true }) nodes: Record<string, number> | null;
}

@Entity('window_extension')
export class WindowExtension {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') window_id: string;
  @Column('timestamptz') closes_at: Date;
  @Column('text') reason: string;
  @Column('text') proposed_by: string;
  @Column('timestamptz') proposed_at: Date;
}

@Entity('window_extension_approval')
export class WindowExtensionApproval {
  @PrimaryColumn('uuid') extension_id: string;
  @Column('text') proposed_by: string;
  @Column('text') approved_by: string;
  @Column('timestamptz') approved_at: Date;
}
