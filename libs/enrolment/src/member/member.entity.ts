import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('member')
export class Member {
  @PrimaryColumn('uuid') id: string;
  @Column('bytea') sealed: Buffer;
  @Column('bytea') roster_hash: Buffer;
  @Column('bytea', { nullable: true }) own_account: Buffer | null;
  @Column('uuid') unit_id: string;
  @Column('text') insutype: string;
  @Column('timestamptz') created_at: Date;
  @Column('timestamptz') updated_at: Date;
  @Column('int', { default: 1 }) version: number;
}

@Entity('login_code')
export class LoginCode {
  @PrimaryColumn('uuid') member_id: string;
  @Column('bytea') code_hash: Buffer;
  @Column('timestamptz') sent_at: Date;
  @Column('timestamptz') expires_at: Date;
  @Column('int', { default: 0 }) attempts: number;
}
