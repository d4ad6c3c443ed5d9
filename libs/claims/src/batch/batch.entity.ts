import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { BatchState } from './batch.js';

@Entity('batch')
export class BatchEntity {
  @PrimaryColumn('uuid') id: string;
  @Column('date') cut_on: string;
  @Column('text') state: BatchState;
  @Column('integer') claims: number;
  @Column('bigint') total_fen: string;
  @Column('text') digest: string;
  @Column('text') made_by: string;
  @Column('timestamptz') made_at: Date;
  @Column('text', { nullable: true }) decided_by: string | null;
  @Column('timestamptz', { nullable: true }) decided_at: Date | null;
}

@Entity('batch_item')
export class BatchItemEntity {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') claim_id: string;
  @PrimaryColumn('uuid') batch_id: string;
  @Column('smallint') attempt: number;
  @Column('bigint') amount_fen: string;
}
