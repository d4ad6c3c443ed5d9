import type { CivilDate } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintColumn } from '../window/window.entity.js';
import type { JoinReason, JoinState } from './join.js';

@Entity('join_application')
export class JoinApplication {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') period_id: string;
  @Column('uuid') id: string;
  @Column('uuid') window_id: string;
  @Column('uuid') unit_id: string;
  @Column('int') attempt: number;
  @Column('text') order_number: string;
  @Column('bigint', { transformer: bigintColumn }) amount_fen: number;
  /** The legal time of the join. */
  @Column('timestamptz') received_at: Date;
  @Column('timestamptz') pay_until_at: Date;
  /** When the outside party is asked about an order that nobody told of. */
  @Column('timestamptz') look_at: Date;
  @Column('text') state: JoinState;
  @Column('text', { nullable: true }) reason: JoinReason | null;
}

export type PhonePaymentState = 'kept' | 'refund-due' | 'refunding' | 'refunded' | 'refund-failed';

@Entity('phone_payment')
export class PhonePaymentRow {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('text') order_number: string;
  @Column('uuid') join_id: string;
  @Column('int') attempt: number;
  @Column('bigint', { transformer: bigintColumn }) amount_fen: number;
  @Column('text', { nullable: true }) transaction: string | null;
  @Column('timestamptz') paid_at: Date;
  @Column('timestamptz') recorded_at: Date;
  @Column('text') state: PhonePaymentState;
  @Column('text', { nullable: true }) reason: JoinReason | null;
  @Column('boolean', { default: false }) receipted: boolean;
  /** When its refund is asked for, or about, next. */
  @Column('timestamptz', { nullable: true }) look_at: Date | null;
  /** With what its refund was refused last, for a fault that is not its own, and how often so. */
  @Column('text', { nullable: true }) refusal: string | null;
  @Column('int', { default: 0 }) refusals: number;
}

export const PHONE_PAYMENT_FAULTS = [
  'order-unknown',
  'amount-differs',
  'refund-failed',
  'refund-stuck',
  'not-in-bill',
  'bill-differs',
] as const;
export type PhonePaymentFault = (typeof PHONE_PAYMENT_FAULTS)[number];

/** What a person has to look at, once for each time that it came up. */
@Entity('phone_payment_flag')
export class PhonePaymentFlag {
  @PrimaryColumn('bigint', { generated: 'identity' }) id: string;
  @Column('text') order_number: string;
  @Column('text') fault: PhonePaymentFault;
  @Column('bigint', { transformer: bigintColumn }) amount_fen: number;
  @Column('timestamptz') flagged_at: Date;
  @Column('text', { nullable: true }) cleared_by: string | null;
  @Column('timestamptz', { nullable: true }) cleared_at: Date | null;
  @Column('text', { nullable: true }) clearance: string | null;
}

@Entity('phone_bill')
export class PhoneBill {
  @PrimaryColumn('date') on: CivilDate;
  @Column('int') lines: number;
  /** Payments that only the bill told of. */
  @Column('int') missed: number;
  @Column('int') flagged: number;
  @Column('timestamptz') compared_at: Date;
}
