import type { UnderwritingReason } from '../underwriting/underwriting.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('roster_confirmation')
export class RosterConfirmation {
  @PrimaryColumn('uuid') window_id: string;
  @PrimaryColumn('uuid') unit_id: string;
  @PrimaryColumn('bytea') digest: Buffer;
  @Column('int') joiners: number;
  @Column('int') leavers: number;
  @Column('int') moved_in: number;
  @Column('int') moved_out: number;
  @Column('int') stays: number;
  @Column('text') confirmed_by: string;
  @Column('timestamptz') confirmed_at: Date;
}

@Entity('member_alias')
export class MemberAlias {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') current_id: string;
  @Column('boolean') direct: boolean;
  @Column('uuid') window_id: string;
  @Column('text') recorded_by: string;
  @Column('timestamptz') recorded_at: Date;
}

@Entity('enrolment_withdrawal')
export class EnrolmentWithdrawal {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') period_id: string;
  @Column('uuid') window_id: string;
  @Column('uuid') unit_id: string;
  @Column('uuid', { nullable: true }) import_id: string | null;
  @Column('int', { nullable: true }) row: number | null;
  @Column('timestamptz') applied_at: Date;
  @Column('text') withdrawn_by: string;
  @Column('timestamptz') withdrawn_at: Date;
  @Column('text', { nullable: true }) reason: UnderwritingReason | null;
  @Column('timestamptz', { nullable: true }) refused_at: Date | null;
}
