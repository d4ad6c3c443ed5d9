import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PauseReason, PaymentState } from './payment.js';

/** The money of a batch, asked of the treasury. */
@Entity('batch_grant')
export class GrantEntity {
  @PrimaryColumn('uuid') batch_id: string;
  @Column('text', { unique: true }) reference: string;
  @Column('bigint') amount_fen: string;
  @Column('text') state: 'asked' | 'granted' | 'refused';
  /** How often it was asked for. */
  @Column('integer') asked: number;
  @Column('date', { nullable: true }) received_on: string | null;
}

/** One message to the bank. */
@Entity('payment_part')
export class PaymentPartEntity {
  @PrimaryColumn('uuid') batch_id: string;
  @PrimaryColumn('integer') part: number;
  @Column('text', { unique: true }) message_id: string;
  @Column('text') state: 'prepared' | 'signed' | 'sending' | 'open' | 'closed';
  @Column('timestamptz') created_at: Date;
  @Column('bytea', { nullable: true }) signature: Buffer | null;
  @Column('timestamptz', { nullable: true }) next_query_at: Date | null;
  @Column('integer') queries: number;
  /** Real time of the last sending, by the database's clock: another worker waits that long before it takes over. */
  @Column('timestamptz', { nullable: true }) attempted_at: Date | null;
}

@Entity('payment')
export class PaymentEntity {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') claim_id: string;
  @PrimaryColumn('smallint') attempt: number;
  @Column('uuid') batch_id: string;
  @Column('integer') part: number;
  @Column('text') end_to_end_id: string;
  @Column('bigint') amount_fen: string;
  @Column('bytea') payee_sealed: Buffer;
  @Column('text') state: PaymentState;
  @Column('text', { nullable: true }) reason: string | null;
  @Column('timestamptz') moved_at: Date;
  @Column('timestamptz', { nullable: true }) sent_at: Date | null;
  @Column('timestamptz', { nullable: true }) paid_at: Date | null;
}

/** Everything the bank ever said of a payment; append-only by key. */
@Entity('payment_event')
export class PaymentEventEntity {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('text') end_to_end_id: string;
  @PrimaryColumn('text') status_id: string;
  @Column('text') status: string;
  @Column('text', { nullable: true }) reason: string | null;
  @Column('timestamptz') at: Date;
}

/** Time that does not count, with its reason. */
@Entity('claim_pause')
export class PauseEntity {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') claim_id: string;
  @PrimaryColumn('text') reason: PauseReason;
  @PrimaryColumn('timestamptz') from_at: Date;
  @Column('timestamptz', { nullable: true }) to_at: Date | null;
}

/** What a member is to be told. */
@Entity('member_notice')
export class NoticeEntity {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') id: string;
  @Column('text') template: string;
  @Column('text') data: string;
  @Column('timestamptz') created_at: Date;
  @Column('timestamptz', { nullable: true }) tell_at: Date | null;
  @Column('timestamptz', { nullable: true }) sent_at: Date | null;
  /** The official account's errcode when this member cannot be told. */
  @Column('text', { nullable: true }) refusal: string | null;
}
