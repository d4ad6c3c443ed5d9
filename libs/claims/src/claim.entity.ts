import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { SettlementContext } from './claim.js';
import type { ClaimState } from './lifecycle.js';

@Entity('claim')
export class ClaimEntity {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') id: string;
  @Column('text') state: ClaimState;
  @Column('integer') version: number;
  @Column('text') settlement_id: string;
  @Column('uuid') message_id: string;
  @Column('text') med_type: string;
  @Column('date') admission_on: string;
  @Column('date') discharge_on: string;
  @Column('timestamptz') accepted_at: Date;
  @Column('date') accepted_on: string;
  @Column('bigint') medfee_fen: string;
  @Column('bigint') inscp_scp_fen: string;
  @Column('bigint') fund_pay_fen: string;
  @Column('bigint') psn_part_fen: string;
  @Column('bigint') fulamt_ownpay_fen: string;
  @Column('jsonb') context: SettlementContext;
  @Column('text', { array: true }) flags: string[];
  @Column('text', { nullable: true }) organisation_path: string | null;
  @Column('bigint', { nullable: true }) benefit_fen: string | null;
  @Column('text', { nullable: true }) refusal: string | null;
  @Column('smallint') attempt: number;
  @Column('timestamptz', { nullable: true }) cancelled_at: Date | null;
  @Column('timestamptz', { nullable: true }) settled_at: Date | null;
  @Column('timestamptz') moved_at: Date;
  @Column('text', { nullable: true }) fault: string | null;
}
