import type { CivilDate } from '@app/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

export const bigintColumn = {
  from: (value: string | null) => (value === null ? null : Number(value)),
  to: (value: number | null) => value,
};

@Entity('enrolment_window')
export class EnrolmentWindow {
  @PrimaryColumn('uuid') id: string;
  @Column('text') plan_id: string;
  @Column('uuid') organisation_id: string;
  @Column('timestamptz') opens_at: Date;
  @Column('timestamptz') closes_at: Date;
  @Column('date') cover_from: CivilDate;
  @Column('date') cover_to: CivilDate;
  @Column('bigint', { transformer: bigintColumn }) contribution_fen: number;
}
