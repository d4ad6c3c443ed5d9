import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from './policy.js';

@Entity('user_account')
export class UserAccount {
  @PrimaryColumn('uuid') id: string;
  @Column('text', { unique: true }) login: string;
  @Column('text') display_name: string;
  @Column('text') password_hash: string;
  @Column('text', { array: true }) roles: Role[];
  @Column('text') organisation_path: string;
  @Column('boolean') disabled: boolean;
  @Column('timestamptz') created_at: Date;
}
