import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * member, enrolment and cover grow with people and can be spread by member_id: it leads their keys, and they refer to plain tables by value
 * (architecture: keys that distribute).
 */
export class Enrolment1700000002000 implements MigrationInterface {
  readonly name = 'Enrolment1700000002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table organisation (
        id uuid primary key,
        parent_id uuid references organisation,
        kind text not null check (kind in ('region', 'city', 'county', 'industry', 'unit')),
        code text not null unique,
        name text not null,
        path text not null,
        check (right(path, length(code) + 2) = '/' || code || '/'),
        check ((parent_id is null) = (kind = 'region'))
      );

      create extension if not exists btree_gist;
      -- Periods of one line of plans never overlap, and a member enrols once in each: so nobody is enrolled twice for the same day.
      create table cover_period (
        id uuid primary key,
        plan_line text not null,
        cover_from date not null,
        cover_to date not null,
        unique (plan_line, cover_from, cover_to),
        unique (id, cover_from, cover_to),
        check (cover_from <= cover_to),
        exclude using gist (plan_line with =, daterange(cover_from, cover_to, '[]') with &&)
      );
      create table enrolment_window (
        id uuid primary key,
        plan_id text not null,
        organisation_id uuid not null references organisation,
        opens_at timestamptz not null,
        closes_at timestamptz not null,
        period_id uuid not null,
        cover_from date not null,
        cover_to date not null,
        contribution_fen bigint not null check (contribution_fen > 0),
        -- Of the contribution of one person: who pays it.
        member_share_fen bigint not null check (member_share_fen >= 0),
        unit_share_fen bigint not null check (unit_share_fen >= 0),
        fund_share_fen bigint not null check (fund_share_fen >= 0),
        -- What is asked of an application before its cover may start: nothing, or the medical-insurance platform.
        underwriting text not null default 'none' check (underwriting in ('none', 'insured')),
        unique (plan_id, organisation_id, cover_from),
        foreign key (period_id, cover_from, cover_to) references cover_period (id, cover_from, cover_to),
        check (opens_at < closes_at),
        check (contribution_fen = member_share_fen + unit_share_fen + fund_share_fen)
      );
      -- How many people a node should enrol; without a row, as many as its children together.
      create table enrolment_target (
        window_id uuid not null references enrolment_window,
        organisation_id uuid not null references organisation,
        headcount int not null check (headcount > 0),
        primary key (window_id, organisation_id)
      );
      -- Rows of enrolment by unit, kept in the transaction that enrols.
      create table enrolment_count (
        window_id uuid not null,
        unit_id uuid not null,
        members int not null check (members >= 0),
        -- Number of the payment notice that the next rows of a roster will be on, and how many are on it already.
        notice int not null default 1 check (notice > 0),
        unnoticed int not null default 0 check (unnoticed >= 0),
        primary key (window_id, unit_id)
      );
      -- No reference: whoever has locked the window would keep its countdown from being read.
      create table enrolment_sample (
        window_id uuid not null,
        minute int not null,
        at timestamptz not null,
        members int not null check (members >= 0),
        primary key (window_id, minute)
      );
      create table window_extension (
        id uuid primary key,
        window_id uuid not null references enrolment_window,
        closes_at timestamptz not null,
        reason text not null,
        proposed_by text not null,
        proposed_at timestamptz not null,
        unique (id, proposed_by)
      );
      create index window_extension_window on window_extension (window_id);
      create table window_extension_approval (
        extension_id uuid primary key,
        proposed_by text not null,
        approved_by text not null,
        approved_at timestamptz not null,
        foreign key (extension_id, proposed_by) references window_extension (id, proposed_by),
        check (approved_by <> proposed_by)
      );
      create trigger window_extension_append_only before update or delete or truncate on window_extension for each statement execute function refuse_change();
      create trigger window_extension_approval_append_only before update or delete or truncate on window_extension_approval for each statement execute function refuse_change();
      create function keep_window_closing() returns trigger language plpgsql as $$
        begin
          if new.closes_at > old.closes_at and exists (
            select from window_extension e join window_extension_approval a on a.extension_id = e.id where e.window_id = new.id and e.closes_at = new.closes_at
          ) then return new; end if;
          raise exception 'the closing of a window moves by an approved extension' using errcode = 'restrict_violation';
        end $$;
      create trigger enrolment_window_closing before update of closes_at on enrolment_window for each row
        when (new.closes_at is distinct from old.closes_at) execute function keep_window_closing();

      create table roster_import (
        id uuid primary key,
        window_id uuid not null references enrolment_window,
        file_name text not null,
        received_at timestamptz not null,
        received_by text not null,
        state text not null check (state in ('receiving', 'done', 'failed')),
        rows int not null default 0,
        accepted int not null default 0,
        refused int not null default 0,
        unchanged int not null default 0,
        normalised int not null default 0,
        card_warnings int not null default 0,
        check (rows = accepted + refused),
        check (unchanged <= accepted)
      );
      create table roster_refusal (
        import_id uuid not null references roster_import,
        row int not null,
        field text not null,
        reason text not null,
        remedy text not null,
        primary key (import_id, row)
      );
      create trigger roster_refusal_append_only before update or delete or truncate on roster_refusal for each statement execute function refuse_change();

      create table member (
        id uuid primary key,
        sealed bytea not null,
        -- Keyed hash of what the roster said, so that the same row again is seen to change nothing.
        roster_hash bytea not null,
        -- The account that the member named; it wins over the roster's.
        own_account bytea,
        unit_id uuid not null,
        insutype text not null,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        version int not null default 1
      );
      create table enrolment (
        member_id uuid not null,
        period_id uuid not null,
        window_id uuid not null,
        unit_id uuid not null,
        -- Of the roster; without one the member joined alone.
        import_id uuid,
        row int,
        applied_at timestamptz not null,
        -- Number of the unit's payment notice; without one the member pays.
        notice int,
        primary key (member_id, period_id),
        check (num_nulls(import_id, row, notice) in (0, 3))
      );
      create index enrolment_unit on enrolment (window_id, unit_id);

      create table payment_notice (
        id uuid primary key,
        window_id uuid not null references enrolment_window,
        unit_id uuid not null references organisation,
        number int not null,
        reference text not null unique check (length(reference) <= 35),
        members int not null check (members > 0),
        amount_fen bigint not null check (amount_fen > 0),
        received_fen bigint not null default 0 check (received_fen between 0 and amount_fen),
        issued_at timestamptz not null,
        state text not null check (state in ('open', 'paid')),
        unique (window_id, unit_id, number),
        check ((state = 'paid') = (received_fen = amount_fen))
      );
      create table collection_statement (
        "on" date primary key,
        opening_fen bigint not null,
        closing_fen bigint not null,
        lines int not null,
        fetched_at timestamptz not null
      );
      create table contribution_credit (
        bank_reference text primary key,
        id uuid not null unique,
        booked_on date not null references collection_statement,
        amount_fen bigint not null check (amount_fen > 0),
        reference text not null,
        payer_name text not null,
        state text not null check (state in ('matched', 'suspense')),
        notice_id uuid references payment_notice,
        -- What went to the notice; the rest is in suspense.
        matched_fen bigint not null check (matched_fen between 0 and amount_fen),
        check ((state = 'matched') = (matched_fen > 0)),
        check (matched_fen = 0 or notice_id is not null)
      );

      create sequence cover_number;
      create table cover (
        member_id uuid not null,
        period_id uuid not null,
        plan_id text not null,
        cover_from date not null,
        cover_to date not null,
        number text not null,
        organisation_path text not null,
        -- Paid by the unit's notice, or by the member who joined alone.
        notice_id uuid,
        join_id uuid,
        started_at timestamptz not null,
        -- What the waiting days and the points of a loyal member go by.
        enrolled_on date not null,
        last_cover_to date,
        consecutive_periods int not null default 1 check (consecutive_periods > 0),
        -- The last day of a cover that did not last to its end.
        ended_on date,
        end_reason text check (end_reason in ('death', 'left')),
        primary key (member_id, period_id),
        check (cover_to >= cover_from),
        check (num_nonnulls(notice_id, join_id) = 1),
        check (last_cover_to < cover_from),
        check (ended_on <= cover_to),
        check ((ended_on is null) = (end_reason is null))
      );

      create table login_code (
        member_id uuid primary key,
        code_hash bytea not null,
        sent_at timestamptz not null,
        expires_at timestamptz not null,
        attempts int not null default 0
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table login_code; drop table cover; drop sequence cover_number; drop table contribution_credit; drop table collection_statement;
      drop table payment_notice; drop table enrolment; drop table member; drop table roster_refusal; drop table roster_import;
      drop table window_extension_approval; drop table window_extension; drop table enrolment_sample; drop table enrolment_count;
      drop table enrolment_target; drop table enrolment_window; drop table cover_period; drop function keep_window_closing; drop table organisation`);
  }
}
