import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { OrganisationKind } from './organisation.js';

@Entity('organisation')
export class Organisation {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { nullable: true }) parent_id: string | null;
  @Column('text') kind: OrganisationKind;
  @Column('text', { unique: true }) code: string;
  @Column('text') name: string;
  @Column('text') path: string;
}
