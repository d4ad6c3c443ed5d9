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
        -- The window of last period whose headcounts the targets still follow.
        targets_from uuid references enrolment_window,
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
        -- Of them those for whom a cover was started, in the transaction that starts it; also of a cover that has ended since.
        covered int not null default 0 check (covered between 0 and members),
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
        -- By region or industry, those with members; for as long as a rate looks back.
        nodes jsonb,
        primary key (window_id, minute)
      );
      create index enrolment_sample_nodes on enrolment_sample (window_id, minute) where nodes is not null;
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
        state text not null check (state in ('receiving', 'received', 'done', 'failed')),
        parts int not null default 0,
        -- How far it is: the last line that is worked through, and the parts of the file that were read for it.
        reached_line int not null default 0,
        reached_part int not null default 0,
        -- Who works on it, and until when nobody else may.
        lease uuid,
        lease_ends_at timestamptz,
        -- Why the file was refused whole, or from a line on: code, kind, message and details of the failure.
        failure jsonb,
        rows int not null default 0,
        accepted int not null default 0,
        refused int not null default 0,
        unchanged int not null default 0,
        normalised int not null default 0,
        card_warnings int not null default 0,
        phone_warnings int not null default 0,
        -- Enrolled in the units of which a row was taken, and by none of these rows; known at the end of a whole file.
        others_enrolled int check (others_enrolled >= 0),
        check (rows = accepted + refused),
        check (unchanged <= accepted),
        check ((state = 'failed') = (failure is not null))
      );
      create index roster_import_open on roster_import (received_at) where state in ('receiving', 'received');
      create index roster_import_window on roster_import (window_id, received_at, id);
      -- The file as it came, sealed piece by piece.
      create table roster_file_part (
        import_id uuid not null references roster_import,
        part int not null,
        sealed bytea not null,
        primary key (import_id, part)
      );
      alter table roster_file_part alter sealed set storage external;
      -- Groups of rows that a window has taken as they are: the same group again changes nothing.
      create table roster_block (
        window_id uuid not null references enrolment_window,
        digest bytea not null,
        rows int not null,
        normalised int not null,
        card_warnings int not null,
        phone_warnings int not null,
        -- Places in the group, and reasons, of the rows that were refused for what stands in the file.
        refused_at int[] not null,
        refused_for text[] not null,
        -- The last import that took the group, or found it as it was: what it changes itself is no news to it.
        taken_by uuid not null,
        -- Other imports that have changed one of the window's members since, at most two of them: the group may no longer say what holds.
        -- Whoever is the only one knows which members those were, and may pass over the group; nobody else may.
        overtaken_by uuid[] not null default '{}',
        primary key (window_id, digest)
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
        -- Number of the unit's payment notice; without one the member pays. 0: was paid on a notice of the unit that the member came from.
        notice int,
        -- Joined alone, and the unit's share is on a notice; of whichever unit, since it is asked once.
        share_asked boolean not null default false,
        primary key (member_id, period_id),
        check (num_nulls(import_id, row, notice) in (0, 3)),
        check (notice is null or not share_asked)
      );
      create index enrolment_unit on enrolment (window_id, unit_id);

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
        -- What the waiting days go by, and with the covers before it whether there was a gap: which the plan says, when it is asked.
        enrolled_on date not null,
        -- When the first move to another unit took effect.
        transferred_on date,
        -- The last day of a cover that did not last to its end; of a death before it began, the day of the death; of an add-on, that of its base.
        ended_on date,
        end_reason text check (end_reason in ('death', 'left', 'base-ended')),
        primary key (member_id, period_id),
        check (cover_to >= cover_from),
        check (num_nonnulls(notice_id, join_id) = 1),
        check (ended_on <= cover_to and (ended_on >= cover_from or end_reason <> 'left')),
        check ((ended_on is null) = (end_reason is null))
      );
      create index cover_by_number on cover (number);
      create index cover_death on cover (member_id) where end_reason = 'death';
      -- For those who look for claims after the end.
      create index cover_ended on cover (number) where ended_on is not null;
      -- All that happened to a cover, in order; only ever added to.
      create table cover_change (
        member_id uuid not null,
        period_id uuid not null,
        position int not null check (position > 0),
        kind text not null check (kind in ('transfer', 'death', 'left', 'base-ended', 'reinstated')),
        -- The first day in the unit, the last covered day or that of the death, or the one of these that was wrong.
        effective_on date not null,
        from_path text,
        to_path text,
        reason text check (reason in ('job-change', 'unit-merged', 'unit-split', 'wrong-unit', 'wrong-person', 'wrong-day', 'did-not-leave')),
        -- Of two steps.
        transfer_id uuid,
        made_by text not null,
        made_at timestamptz not null,
        primary key (member_id, period_id, position),
        check (num_nulls(from_path, to_path) = case kind when 'transfer' then 0 else 2 end),
        check ((reason is null) = (kind in ('death', 'left', 'base-ended'))),
        check (transfer_id is null or kind = 'transfer')
      );
      create table cover_transfer (
        member_id uuid not null,
        id uuid not null,
        period_id uuid not null,
        from_path text not null,
        to_path text not null,
        effective_on date not null,
        reason text not null check (reason in ('job-change', 'unit-merged', 'unit-split', 'wrong-unit')),
        proposed_for text not null check (proposed_for in ('from', 'to')),
        proposed_by text not null,
        proposed_at timestamptz not null,
        state text not null check (state in ('proposed', 'accepted', 'declined', 'withdrawn')),
        answered_by text,
        answered_at timestamptz,
        primary key (member_id, id),
        check (num_nulls(answered_by, answered_at) = case state when 'proposed' then 2 else 0 end)
      );
      create unique index cover_transfer_open on cover_transfer (member_id, period_id) where state = 'proposed';

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
      drop table login_code; drop table cover_transfer; drop table cover_change; drop table cover; drop sequence cover_number; drop table enrolment; drop table member;
      drop table roster_refusal; drop table roster_block; drop table roster_file_part; drop table roster_import;
      drop table window_extension_approval; drop table window_extension; drop table enrolment_sample; drop table enrolment_count;
      drop table enrolment_target; drop table enrolment_window; drop table cover_period; drop function keep_window_closing; drop table organisation`);
  }
}
