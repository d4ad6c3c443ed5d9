import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RehearsalState } from './rehearsal.js';

/** A plan to be tried on a book, and what came of it. */
@Entity('rehearsal')
export class RehearsalEntity {
  @PrimaryColumn('uuid') id: string;
  @Column('text') plan_id: string;
  @Column('text') hash: string;
  @Column('text', { nullable: true }) content: string | null;
  @Column('text') selection: string;
  @Column('text') book_plan_id: string;
  @Column('text') state: RehearsalState;
  @Column('integer') claims_done: number;
  @Column('integer') claims_total: number;
  @Column('text', { nullable: true }) result: string | null;
  @Column('text', { nullable: true }) failure: string | null;
  @Column('text') asked_by: string;
  @Column('timestamptz') asked_at: Date;
  @Column('timestamptz', { nullable: true }) ended_at: Date | null;
}
