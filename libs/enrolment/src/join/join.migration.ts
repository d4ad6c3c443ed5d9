import type { MigrationInterface, QueryRunner } from 'typeorm';
import { JOIN_REASONS, JOIN_STATES } from './join.js';

const oneOf = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');

/** Applications and payments grow with people: keyed by member, referring by value (architecture: keys that distribute). */
export class Join1700000002200 implements MigrationInterface {
  readonly name = 'Join1700000002200';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table join_application (
        member_id uuid not null,
        period_id uuid not null,
        id uuid not null,
        window_id uuid not null,
        unit_id uuid not null,
        attempt int not null check (attempt > 0),
        order_number text not null check (length(order_number) <= 32),
        amount_fen bigint not null check (amount_fen >= 0),
        received_at timestamptz not null,
        pay_until_at timestamptz not null,
        look_at timestamptz not null,
        state text not null check (state in (${oneOf(JOIN_STATES)})),
        reason text check (reason in (${oneOf(Object.keys(JOIN_REASONS))})),
        primary key (member_id, period_id),
        check ((reason is null) = (state in ('to-pay', 'covered')))
      );
      create index join_application_look on join_application (look_at) where state = 'to-pay';

      create table phone_payment (
        member_id uuid not null,
        order_number text not null,
        join_id uuid not null,
        attempt int not null,
        amount_fen bigint not null check (amount_fen > 0),
        transaction text,
        paid_at timestamptz not null,
        recorded_at timestamptz not null,
        state text not null check (state in ('kept', 'refund-due', 'refunding', 'refunded', 'refund-failed')),
        reason text check (reason in (${oneOf(Object.keys(JOIN_REASONS))})),
        -- Whether its receipt was asked of public finance.
        receipted boolean not null default false,
        -- When its refund is asked for, or about, next.
        look_at timestamptz,
        -- With what its refund was refused last, for a fault that is not its own, and how often so.
        refusal text,
        refusals int not null default 0,
        primary key (member_id, order_number),
        check ((reason is null) = (state = 'kept')),
        check ((look_at is null) = (state not in ('refund-due', 'refunding'))),
        check ((refusal is null) = (refusals = 0))
      );
      create index phone_payment_receipt on phone_payment (recorded_at) where state = 'kept' and not receipted;
      create index phone_payment_look on phone_payment (look_at) where look_at is not null;

      create table phone_payment_flag (
        id bigint generated always as identity primary key,
        order_number text not null,
        fault text not null,
        amount_fen bigint not null,
        flagged_at timestamptz not null,
        -- What a person did about it; what comes up again is another row.
        cleared_by text,
        cleared_at timestamptz,
        clearance text,
        check (num_nulls(cleared_by, cleared_at, clearance) in (0, 3))
      );
      create unique index phone_payment_flag_open on phone_payment_flag (order_number, fault) where cleared_at is null;
      create index phone_payment_flag_order on phone_payment_flag (order_number, fault);
      create table phone_bill (
        "on" date primary key,
        lines int not null,
        missed int not null,
        flagged int not null,
        compared_at timestamptz not null
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table phone_bill; drop table phone_payment_flag; drop table phone_payment; drop table join_application');
  }
}
