import type { MigrationInterface, QueryRunner } from 'typeorm';

/** member_alias and enrolment_withdrawal are of people, and can be spread by member_id: no triggers, no references (architecture: keys that distribute). */
export class Difference1700000002300 implements MigrationInterface {
  readonly name = 'Difference1700000002300';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The digest says which differences were confirmed: a unit is confirmed as long as its differences give one that stands here.
      create table roster_confirmation (
        window_id uuid not null references enrolment_window,
        unit_id uuid not null references organisation,
        digest bytea not null check (length(digest) = 32),
        joiners int not null,
        leavers int not null,
        moved_in int not null,
        moved_out int not null,
        stays int not null,
        confirmed_by text not null,
        confirmed_at timestamptz not null,
        primary key (window_id, unit_id, digest)
      );
      create trigger roster_confirmation_append_only before update or delete or truncate on roster_confirmation for each statement execute function refuse_change();

      -- A person whose personal number was corrected was this member, and is that one now; never changed, only added to.
      create table member_alias (
        member_id uuid not null,
        current_id uuid not null,
        -- As a clerk said; the others follow: who was A, then B, then C was also A before C.
        direct boolean not null,
        window_id uuid not null,
        recorded_by text not null,
        recorded_at timestamptz not null,
        primary key (member_id, current_id),
        check (member_id <> current_id)
      );
      create unique index member_alias_direct on member_alias (member_id) where direct;
      create index member_alias_current on member_alias (current_id);

      -- What is left of an enrolment that was taken back; never changed, only added to.
      create table enrolment_withdrawal (
        member_id uuid not null,
        id uuid not null,
        period_id uuid not null,
        window_id uuid not null,
        unit_id uuid not null,
        -- Of the roster; without one the member had joined alone.
        import_id uuid,
        row int,
        applied_at timestamptz not null,
        withdrawn_by text not null,
        withdrawn_at timestamptz not null,
        -- Where underwriting had refused: why, and when.
        reason text,
        refused_at timestamptz,
        primary key (member_id, id)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table enrolment_withdrawal; drop table member_alias; drop table roster_confirmation');
  }
}
