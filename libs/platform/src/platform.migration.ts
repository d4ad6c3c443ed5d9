import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Platform1700000000000 implements MigrationInterface {
  readonly name = 'Platform1700000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table outbox (
        id bigint generated always as identity primary key,
        queue text not null,
        command text not null,
        ids uuid[] not null default '{}',
        -- Left for the relay's next look: more of the kind is on its way, or the job that wrote it goes on with it by itself.
        patient boolean not null default false
      );
      -- Wakes the relay at commit; the outbox is a plain table, so a trigger is allowed (architecture: keys that distribute).
      create function outbox_notify() returns trigger language plpgsql as $$ begin notify outbox; return null; end $$;
      create trigger outbox_notify after insert on outbox for each row when (not new.patient) execute function outbox_notify();

      create table user_account (
        id uuid primary key,
        login text not null unique,
        display_name text not null,
        password_hash text not null,
        roles text[] not null,
        organisation_path text not null check (organisation_path like '/%/' or organisation_path = '/'),
        disabled boolean not null,
        created_at timestamptz not null
      );

      create table audit_record (
        id bigint generated always as identity primary key,
        at timestamptz not null,
        actor text not null,
        roles text[] not null,
        action text not null,
        route text not null,
        subject text,
        outcome text not null check (outcome in ('allowed', 'denied'))
      );
      create index audit_record_actor on audit_record (actor, at);
      create function refuse_change() returns trigger language plpgsql as $$
        begin raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation'; end $$;
      create trigger audit_record_append_only before update or delete or truncate on audit_record for each statement execute function refuse_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table audit_record; drop function refuse_change; drop table user_account; drop table outbox; drop function outbox_notify',
    );
  }
}
