import type { CivilDate } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { UnderwritingReason, UnderwritingState } from './underwriting.js';

@Entity('underwriting')
export class UnderwritingEntity {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') period_id: string;
  @Column('uuid') window_id: string;
  @Column('uuid') unit_id: string;
  @Column('text') state: UnderwritingState;
  @Column('text', { nullable: true }) reason: UnderwritingReason | null;
  @Column('int', { default: 0 }) attempts: number;
  @Column('timestamptz', { nullable: true }) next_at: Date | null;
  @Column('timestamptz', { nullable: true }) answered_at: Date | null;
  @Column('timestamptz', { nullable: true }) refused_at: Date | null;
  @Column('text', { nullable: true }) insutype: string | null;
  @Column('text', { nullable: true }) psn_type: string | null;
  @Column('text', { nullable: true }) psn_insu_stas: string | null;
  @Column('date', { nullable: true }) unknown_on: CivilDate | null;
}

@Entity('underwriting_unit')
export class UnderwritingUnit {
  @PrimaryColumn('uuid') window_id: string;
  @PrimaryColumn('uuid') unit_id: string;
  @Column('int', { default: 0 }) members: number;
  @Column('int', { nullable: true }) staff: number | null;
}

@Entity('underwriting_run')
export class UnderwritingRun {
  @PrimaryColumn('int') id: number;
  @Column('uuid', { nullable: true }) runner: string | null;
  @Column('timestamptz', { nullable: true }) until_at: Date | null;
  @Column('int', { default: 0 }) steps: number;
  @Column('int', { default: 0 }) outages: number;
  @Column('timestamptz', { nullable: true }) resumes_at: Date | null;
}
