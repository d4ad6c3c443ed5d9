import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A version of a plan that was proposed here; the versions that an installation starts with are files. */
@Entity('plan_version')
export class PlanVersionEntity {
  @PrimaryColumn('text') plan_id: string;
  @PrimaryColumn('integer') version: number;
  @Column('text') hash: string;
  @Column('text') content: string;
  @Column('text') selection: string;
  @Column('date') effective_on: string;
  @Column('text') state: 'proposed' | 'active';
  @Column('text') proposed_by: string;
  @Column('timestamptz') proposed_at: Date;
  @Column('timestamptz', { nullable: true }) activated_at: Date | null;
}

@Entity('plan_signature')
export class PlanSignatureEntity {
  @PrimaryColumn('text') plan_id: string;
  @PrimaryColumn('integer') version: number;
  @PrimaryColumn('text') signed_by: string;
  @Column('timestamptz') signed_at: Date;
}
