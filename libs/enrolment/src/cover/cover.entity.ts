import type { CivilDate } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

export type CoverEnd = 'death' | 'left';

@Entity('cover')
export class Cover {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('uuid') period_id: string;
  @Column('text') plan_id: string;
  @Column('date') cover_from: CivilDate;
  @Column('date') cover_to: CivilDate;
  @Column('text') number: string;
  @Column('text') organisation_path: string;
  @Column('uuid', { nullable: true }) notice_id: string | null;
  @Column('uuid', { nullable: true }) join_id: string | null;
  @Column('timestamptz') started_at: Date;
  @Column('date') enrolled_on: CivilDate;
  @Column('date', { nullable: true }) last_cover_to: CivilDate | null;
  @Column('int', { default: 1 }) consecutive_periods: number;
  @Column('date', { nullable: true }) ended_on: CivilDate | null;
  @Column('text', { nullable: true }) end_reason: CoverEnd | null;
}
