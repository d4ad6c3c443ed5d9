import type { CivilDate } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintColumn } from '../window/window.entity.js';

@Entity('payment_notice')
export class PaymentNotice {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') window_id: string;
  @Column('uuid') unit_id: string;
  /** Counts the notices of a unit in a window, from 1. */
  @Column('int') number: number;
  @Column('text', { unique: true }) reference: string;
  @Column('int') members: number;
  @Column('bigint', { transformer: bigintColumn }) amount_fen: number;
  @Column('bigint', { transformer: bigintColumn, default: 0 }) received_fen: number;
  @Column('timestamptz') issued_at: Date;
  @Column('text') state: 'open' | 'paid';
}

@Entity('collection_statement')
export class CollectionStatement {
  @PrimaryColumn('date') on: CivilDate;
  @Column('bigint', { transformer: bigintColumn }) opening_fen: number;
  @Column('bigint', { transformer: bigintColumn }) closing_fen: number;
  @Column('int') lines: number;
  @Column('timestamptz') fetched_at: Date;
}

@Entity('contribution_credit')
export class ContributionCredit {
  @PrimaryColumn('text') bank_reference: string;
  @Column('uuid', { unique: true }) id: string;
  @Column('date') booked_on: CivilDate;
  @Column('bigint', { transformer: bigintColumn }) amount_fen: number;
  @Column('text') reference: string;
  @Column('text') payer_name: string;
  @Column('text') state: 'matched' | 'suspense';
  @Column('uuid', { nullable: true }) notice_id: string | null;
  @Column('bigint', { transformer: bigintColumn }) matched_fen: number;
}
