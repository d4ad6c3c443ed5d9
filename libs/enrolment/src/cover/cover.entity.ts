import type { CivilDate } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { CoverChangeKind, CoverEnd, ReinstateReason, TransferReason, TransferSide, TransferState } from './cover.js';

@Entity('cover')
export class Cover {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') period_id: string;
  @Column('text') plan_id: string;
  @Column('date') cover_from: CivilDate;
  @Column('date') cover_to: CivilDate;
  @Column('text') number: string;
  @Column('text') organisation_path: string;
  @Column('uuid', { nullable: true }) notice_id: string | null;
  @Column('uuid', { nullable: true }) join_id: string | null;
  @Column('timestamptz') started_at: Date;
  @Column('date') enrolled_on: CivilDate;
  @Column('date', { nullable: true }) transferred_on: CivilDate | null;
  @Column('date', { nullable: true }) ended_on: CivilDate | null;
  @Column('text', { nullable: true }) end_reason: CoverEnd | null;
}

@Entity('cover_change')
export class CoverChange {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') period_id: string;
  @PrimaryColumn('int') position: number;
  @Column('text') kind: CoverChangeKind;
  @Column('date') effective_on: CivilDate;
  @Column('text', { nullable: true }) from_path: string | null;
  @Column('text', { nullable: true }) to_path: string | null;
  @Column('text', { nullable: true }) reason: TransferReason | ReinstateReason | null;
  @Column('uuid', { nullable: true }) transfer_id: string | null;
  @Column('text') made_by: string;
  @Column('timestamptz') made_at: Date;
}

@Entity('cover_transfer')
export class CoverTransfer {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') period_id: string;
  @Column('text') from_path: string;
  @Column('text') to_path: string;
  @Column('date') effective_on: CivilDate;
  @Column('text') reason: TransferReason;
  @Column('text') proposed_for: TransferSide;
  @Column('text') proposed_by: string;
  @Column('timestamptz') proposed_at: Date;
  @Column('text') state: TransferState;
  @Column('text', { nullable: true }) answered_by: string | null;
  @Column('timestamptz', { nullable: true }) answered_at: Date | null;
}
