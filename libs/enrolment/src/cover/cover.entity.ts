import type { CivilDate } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('cover')
export class Cover {
  @PrimaryColumn('uuid') member_id: string;
  @PrimaryColumn('text') plan_id: string;
  @PrimaryColumn('date') cover_from: CivilDate;
  @Column('date') cover_to: CivilDate;
  @Column('text') number: string;
  @Column('text') organisation_path: string;
  @Column('uuid') notice_id: string;
  @Column('timestamptz') started_at: Date;
}
