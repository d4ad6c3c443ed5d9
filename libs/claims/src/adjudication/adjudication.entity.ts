import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What was decided on a claim, under which plan, from which facts, step by step; never changed. */
@Entity('decision')
export class DecisionEntity {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') claim_id: string;
  @Column('text') plan_id: string;
  @Column('text') plan_version: string;
  @Column('text') plan_hash: string;
  @Column('text') used_before: string;
  @Column('text') changes: string;
  @Column('bigint') base_fen: string;
  @Column('bigint') benefit_fen: string;
  @Column('text', { nullable: true }) reason: string | null;
  @Column('boolean') capped: boolean;
  @Column('text') facts: string;
  @Column('text') trace: string;
  @Column('timestamptz') decided_at: Date;
}

/** What a member has used of a plan's caps, deductibles and quotas in its period. */
@Entity('accumulator')
export class AccumulatorEntity {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('text') plan_id: string;
  @Column('text') used: string;
}
