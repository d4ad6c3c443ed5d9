import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One act on the way to approval: the policy's routing, an officer's or a reviewer's verdict. Append-only by key. */
@Entity('approval_act')
export class ApprovalActEntity {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') claim_id: string;
  @PrimaryColumn('integer') claim_version: number;
  @Column('text') actor: string;
  @Column('text') act: 'automatic' | 'refer' | 'approve' | 'decline';
  @Column('text', { array: true }) flags: string[];
  @Column('text') policy_version: string;
  @Column('text', { nullable: true }) note: string | null;
  @Column('timestamptz') at: Date;
}
