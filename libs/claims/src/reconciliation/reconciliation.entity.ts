import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The bank's statement of the payout account for one day. */
@Entity('bank_statement')
export class BankStatementEntity {
  @PrimaryColumn('date') on: string;
  @Column('text') statement_id: string;
  @Column('bigint') opening_fen: string;
  @Column('bigint') closing_fen: string;
  @Column('integer') lines: number;
  /** Opening equals the closing before, and the lines lead from one to the other. */
  @Column('boolean') continuous: boolean;
  @Column('timestamptz') fetched_at: Date;
  @Column('text', { nullable: true }) voucher_number: string | null;
}

@Entity('bank_statement_line')
export class BankStatementLineEntity {
  @PrimaryColumn('text') bank_reference: string;
  @Column('date') on: string;
  @Column('text') kind: string;
  @Column('text') direction: string;
  @Column('bigint') amount_fen: string;
  @Column('text') reference: string;
  @Column('text', { nullable: true }) reason: string | null;
  @Column('text') outcome: string;
}

/** Money to be asked back: the settlement was cancelled after the subsidy was paid. */
@Entity('clawback_case')
export class ClawbackCaseEntity {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') claim_id: string;
  @Column('bigint') amount_fen: string;
  @Column('timestamptz') opened_at: Date;
  @Column('timestamptz', { nullable: true }) closed_at: Date | null;
}
