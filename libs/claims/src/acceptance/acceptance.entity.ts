import { Column, Entity, PrimaryColumn } from 'typeorm';

export type MessageState = 'stored' | 'claimed' | 'cancelled' | 'waiting' | 'quarantined' | 'repeated';

/** One message of the settlement feed, whole and sealed, in the order of receipt. */
@Entity('feed_message')
export class FeedMessageEntity {
  @PrimaryColumn('uuid') id: string;
  @Column('bigint', { generated: 'increment' }) seq: string;
  @Column('text', { nullable: true, unique: true }) msgid: string | null;
  @Column('text', { nullable: true }) infno: string | null;
  @Column('text') source: string;
  @Column('integer') line: number;
  @Column('timestamptz') received_at: Date;
  @Column('date') received_on: string;
  @Column('timestamptz', { nullable: true }) released_at: Date | null;
  @Column('timestamptz', { nullable: true }) taken_back_at: Date | null;
  @Column('date') sent_on: string;
  @Column('bytea') body_sealed: Buffer;
  @Column('bytea') body_hash: Buffer;
  @Column('text') state: MessageState;
  @Column('text', { nullable: true }) settlement_id: string | null;
  @Column('uuid', { nullable: true }) claim_id: string | null;
  @Column('text', { nullable: true }) reason: string | null;
  @Column('text', { nullable: true }) field: string | null;
  @Column('text', { nullable: true }) detail: string | null;
  @Column('integer') duplicates: number;
  @Column('bigint') medfee_fen: string;
  @Column('bigint') fund_pay_fen: string;
}
