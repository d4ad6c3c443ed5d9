import type { MigrationInterface, QueryRunner } from 'typeorm';
import { UNDERWRITING_REASONS, UNDERWRITING_STATES } from './underwriting.js';

const REASONS = Object.keys(UNDERWRITING_REASONS);
const oneOf = (column: string, values: readonly string[]): string => `${column} in (${values.map((value) => `'${value}'`).join(', ')})`;

export class Underwriting1700000002100 implements MigrationInterface {
  readonly name = 'Underwriting1700000002100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Beside enrolment, and like it spread by member: a row for each enrolment of a window that asks.
      create table underwriting (
        member_id uuid not null,
        period_id uuid not null,
        window_id uuid not null,
        unit_id uuid not null,
        state text not null check (${oneOf('state', UNDERWRITING_STATES)}),
        reason text check (${oneOf('reason', REASONS)}),
        -- How often in vain since the last answer.
        attempts int not null default 0,
        -- When to ask; without one there is nothing to be asked.
        next_at timestamptz,
        answered_at timestamptz,
        refused_at timestamptz,
        -- What the platform said.
        insutype text,
        psn_type text,
        psn_insu_stas text,
        -- The first day on which it knew nobody of this number.
        unknown_on date,
        primary key (member_id, period_id),
        check ((state = 'refused') = (reason is not null)),
        check ((state = 'refused') = (refused_at is not null)),
        check ((state in ('due', 'not-answered')) = (next_at is not null))
      );
      create index underwriting_due on underwriting (next_at, member_id) where next_at is not null;
      create index underwriting_waiting on underwriting (window_id, unit_id) where state = 'waiting';
      create index underwriting_refused on underwriting (refused_at) where state = 'refused';
      create index underwriting_standing on underwriting (window_id, unit_id, state, reason);

      create table underwriting_unit (
        window_id uuid not null references enrolment_window,
        unit_id uuid not null references organisation,
        -- What enrolment_count said when the unit's enrolments were last listed: another number, and there are new ones.
        members int not null default 0,
        -- How many people work there, as its clerk says.
        staff int check (staff > 0),
        primary key (window_id, unit_id)
      );

      -- One row: who is asking the platform, and until when nobody else may, so that its rate is kept by all workers together.
      create table underwriting_run (
        id int primary key check (id = 1),
        runner uuid,
        until_at timestamptz,
        -- Grows while something moves.
        steps int not null default 0,
        -- How often in a row the platform was found down, and when it is tried again.
        outages int not null default 0,
        resumes_at timestamptz
      );
      insert into underwriting_run (id) values (1);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table underwriting_run; drop table underwriting_unit; drop table underwriting');
  }
}
