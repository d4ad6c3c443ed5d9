import type { CivilDate } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintColumn } from '../window/window.entity.js';
import type { MatchRule } from './matching.js';
import type { RefundState } from './refund.js';

@Entity('payment_notice')
export class PaymentNotice {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') window_id: string;
  @Column('uuid') unit_id: string;
  /** Counts the notices of a unit in a window, from 1. */
  @Column('int') number: number;
  @Column('text', { unique: true }) reference: string;
  @Column('int') members: number;
  /** Who joined alone since the last notice: only the unit's share is asked for them. */
  @Column('int') alone_members: number;
  @Column('bigint', { transformer: bigintColumn }) member_fen: number;
  @Column('bigint', { transformer: bigintColumn }) unit_fen: number;
  /** The special fund's share, which is not asked of the unit. */
  @Column('bigint', { transformer: bigintColumn }) fund_fen: number;
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
  /** Debits and returns that no refund explains. */
  @Column('int') open_lines: number;
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
  @Column('bigint', { transformer: bigintColumn, default: 0 }) matched_fen: number;
  /** Given back, or on its way back. */
  @Column('bigint', { transformer: bigintColumn, default: 0 }) refunded_fen: number;
  /** What is left, in suspense; the database takes it off. */
  @Column({ type: 'bigint', transformer: bigintColumn, insert: false, update: false }) rest_fen: number;
}

/** What a credit brought for a notice, and by which rule; append-only. */
@Entity('contribution_match')
export class ContributionMatch {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') credit_id: string;
  @Column('uuid', { nullable: true }) notice_id: string | null;
  @Column('text') rule: MatchRule;
  @Column('bigint', { transformer: bigintColumn }) amount_fen: number;
  @Column('bigint', { transformer: bigintColumn }) member_fen: number;
  @Column('bigint', { transformer: bigintColumn }) unit_fen: number;
  @Column('text') matched_by: string;
  @Column('text', { nullable: true }) confirmed_by: string | null;
  @Column('timestamptz') matched_at: Date;
}

@Entity('match_proposal')
export class MatchProposal {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') credit_id: string;
  @Column('text') proposed_by: string;
  @Column('timestamptz') proposed_at: Date;
  @Column('text') state: 'proposed' | 'confirmed' | 'declined';
  @Column('text', { nullable: true }) decided_by: string | null;
  @Column('timestamptz', { nullable: true }) decided_at: Date | null;
}

@Entity('match_proposal_line')
export class MatchProposalLine {
  @PrimaryColumn('uuid') proposal_id: string;
  @PrimaryColumn('uuid') notice_id: string;
  @Column('bigint', { transformer: bigintColumn }) amount_fen: number;
}

/** A match taken back by two people. */
@Entity('match_reversal')
export class MatchReversal {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') match_id: string;
  @Column('text') reason: string;
  @Column('text') proposed_by: string;
  @Column('timestamptz') proposed_at: Date;
  @Column('text') state: 'proposed' | 'confirmed' | 'declined';
  @Column('text', { nullable: true }) decided_by: string | null;
  @Column('timestamptz', { nullable: true }) decided_at: Date | null;
  @Column('bigint', { transformer: bigintColumn, nullable: true }) member_fen: number | null;
  @Column('bigint', { transformer: bigintColumn, nullable: true }) unit_fen: number | null;
  @Column('boolean', { nullable: true }) reopened: boolean | null;
}

/** What is left of a cover that had begun by a match that was taken back. */
@Entity('cover_reversal')
export class CoverReversal {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') reversal_id: string;
  @Column('uuid') period_id: string;
  @Column('uuid') notice_id: string;
  @Column('text') number: string;
  @Column('timestamptz') started_at: Date;
}

export type DoubleCause = 'paid-twice' | 'refused';

/** A person who was paid for twice, or who was refused: what the notice brought for them is given back. */
@Entity('contribution_double')
export class ContributionDouble {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') member_id: string;
  @Column('uuid') period_id: string;
  @Column('uuid') notice_id: string;
  @Column('text') cause: DoubleCause;
  @Column('bigint', { transformer: bigintColumn }) amount_fen: number;
  @Column('bigint', { transformer: bigintColumn }) fund_fen: number;
  @Column('timestamptz') found_at: Date;
  @Column('text') state: 'due' | 'refunding' | 'refunded';
}

@Entity('contribution_refund')
export class ContributionRefund {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { nullable: true }) credit_id: string | null;
  @Column('uuid', { nullable: true }) double_id: string | null;
  @Column('bigint', { transformer: bigintColumn }) amount_fen: number;
  @Column('bytea') payee_sealed: Buffer;
  @Column('text') reason: string;
  @Column('text') proposed_by: string;
  @Column('timestamptz') proposed_at: Date;
  @Column('text', { nullable: true }) checked_by: string | null;
  @Column('timestamptz', { nullable: true }) checked_at: Date | null;
  @Column('text') state: RefundState;
  @Column('text', { unique: true }) message_id: string;
  @Column('text', { unique: true }) end_to_end_id: string;
  @Column('bytea', { nullable: true }) signature: Buffer | null;
  /** Real time of the last sending, by the database's clock: another worker waits that long before it takes over. */
  @Column('timestamptz', { nullable: true }) attempted_at: Date | null;
  @Column('timestamptz', { nullable: true }) next_query_at: Date | null;
  @Column('int', { default: 0 }) queries: number;
  @Column('text', { nullable: true }) bank_reason: string | null;
  @Column('timestamptz', { nullable: true }) paid_at: Date | null;
  @Column('date', { nullable: true }) settled_on: CivilDate | null;
}

/** Everything the bank ever said of a refund; append-only. */
@Entity('contribution_refund_event')
export class ContributionRefundEvent {
  @PrimaryColumn('uuid') refund_id: string;
  @PrimaryColumn('text') status_id: string;
  @Column('text') status: string;
  @Column('text', { nullable: true }) reason: string | null;
  @Column('timestamptz') at: Date;
}

/** The fiscal receipt of a paid notice or of a payment on the phone; what was given back since is red-flushed and receipted anew. */
@Entity('contribution_receipt')
export class ContributionReceipt {
  @PrimaryColumn('uuid') id: string;
  @Column('text') kind: 'notice' | 'phone';
  @Column('uuid') subject: string;
  @Column('int', { default: 1 }) attempt: number;
  @Column('int') version: number;
  @Column('text', { unique: true }) reference: string;
  @Column('bytea', { nullable: true }) payer_sealed: Buffer | null;
  @Column('bigint', { transformer: bigintColumn }) amount_fen: number;
  @Column('text') state: 'due' | 'issued' | 'refused' | 'flush-due' | 'flush-refused' | 'red-flushed';
  @Column('text', { nullable: true }) refusal: string | null;
  @Column('boolean', { default: false }) returned: boolean;
  @Column('text', { nullable: true }) code: string | null;
  @Column('text', { nullable: true }) number: string | null;
  @Column('text', { nullable: true }) check_code: string | null;
  @Column('date', { nullable: true }) issued_on: CivilDate | null;
  @Column('text', { nullable: true }) red_number: string | null;
  @Column('date', { nullable: true }) flushed_on: CivilDate | null;
}

export const CONTRIBUTION_ENTITIES = [
  PaymentNotice,
  CollectionStatement,
  ContributionCredit,
  ContributionMatch,
  MatchProposal,
  MatchProposalLine,
  MatchReversal,
  CoverReversal,
  ContributionDouble,
  ContributionRefund,
  ContributionRefundEvent,
  ContributionReceipt,
];
