import type { MigrationInterface, QueryRunner } from 'typeorm';
import { MATCH_RULES } from './matching.js';
import { REFUND_STATES } from './refund.js';

const listed = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');

/** Contribution money: what units are asked, what the bank says came in, what it was for, what is given back, and the receipts. */
export class Contribution1700000002050 implements MigrationInterface {
  readonly name = 'Contribution1700000002050';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Members who joined alone, few among many, and whose unit's share is still to be asked.
      create index enrolment_alone on enrolment (window_id, unit_id) where notice is null and not share_asked;

      create table payment_notice (
        id uuid primary key,
        window_id uuid not null references enrolment_window,
        unit_id uuid not null references organisation,
        number int not null,
        reference text not null unique check (length(reference) <= 35),
        members int not null check (members >= 0),
        -- Who joined alone since the last notice: only the unit's share is asked for them.
        alone_members int not null check (alone_members >= 0),
        member_fen bigint not null check (member_fen >= 0),
        unit_fen bigint not null check (unit_fen >= 0),
        -- Not asked of the unit: posted when the notice is paid.
        fund_fen bigint not null check (fund_fen >= 0),
        amount_fen bigint not null,
        received_fen bigint not null default 0 check (received_fen between 0 and amount_fen),
        issued_at timestamptz not null,
        state text not null check (state in ('open', 'paid')),
        unique (window_id, unit_id, number),
        check (members + alone_members > 0),
        check (amount_fen = member_fen + unit_fen),
        check ((state = 'paid') = (received_fen = amount_fen))
      );
      create index payment_notice_open on payment_notice (unit_id) where state = 'open';

      create table collection_statement (
        "on" date primary key,
        opening_fen bigint not null,
        closing_fen bigint not null,
        lines int not null,
        -- Debits and returns that no refund explains.
        open_lines int not null check (open_lines between 0 and lines),
        fetched_at timestamptz not null
      );
      -- What came of a credit always adds up: matched, refunded (or on its way back), and the rest, which is in suspense.
      create table contribution_credit (
        bank_reference text primary key,
        id uuid not null unique,
        booked_on date not null references collection_statement,
        amount_fen bigint not null check (amount_fen > 0),
        reference text not null,
        payer_name text not null,
        matched_fen bigint not null default 0 check (matched_fen >= 0),
        refunded_fen bigint not null default 0 check (refunded_fen >= 0),
        rest_fen bigint not null generated always as (amount_fen - matched_fen - refunded_fen) stored check (rest_fen >= 0)
      );
      create index contribution_credit_rest on contribution_credit (booked_on) where rest_fen > 0;

      create table contribution_match (
        id uuid primary key,
        credit_id uuid not null references contribution_credit (id),
        notice_id uuid references payment_notice,
        rule text not null check (rule in (${listed(MATCH_RULES)})),
        amount_fen bigint not null check (amount_fen > 0),
        member_fen bigint not null check (member_fen >= 0),
        unit_fen bigint not null check (unit_fen >= 0),
        matched_by text not null,
        confirmed_by text check (confirmed_by <> matched_by),
        matched_at timestamptz not null,
        check ((rule = 'phone-settlement') = (notice_id is null)),
        check ((rule = 'manual') = (confirmed_by is not null)),
        check (member_fen + unit_fen = case when notice_id is null then 0 else amount_fen end)
      );
      create unique index contribution_match_by_rule on contribution_match (credit_id, notice_id) where rule <> 'manual';
      create index contribution_match_notice on contribution_match (notice_id);
      create trigger contribution_match_append_only before update or delete or truncate on contribution_match for each statement execute function refuse_change();

      create table match_proposal (
        id uuid primary key,
        credit_id uuid not null references contribution_credit (id),
        proposed_by text not null,
        proposed_at timestamptz not null,
        state text not null check (state in ('proposed', 'confirmed', 'declined')),
        decided_by text check (decided_by <> proposed_by),
        decided_at timestamptz,
        check ((state = 'proposed') = (decided_by is null)),
        check ((decided_by is null) = (decided_at is null))
      );
      create unique index match_proposal_waiting on match_proposal (credit_id) where state = 'proposed';
      create table match_proposal_line (
        proposal_id uuid not null references match_proposal,
        notice_id uuid not null references payment_notice,
        amount_fen bigint not null check (amount_fen > 0),
        primary key (proposal_id, notice_id)
      );

      -- A match that was a mistake is taken back by two people: its money is in suspense again.
      create table match_reversal (
        id uuid primary key,
        match_id uuid not null references contribution_match,
        reason text not null,
        proposed_by text not null,
        proposed_at timestamptz not null,
        state text not null check (state in ('proposed', 'confirmed', 'declined')),
        decided_by text check (decided_by <> proposed_by),
        decided_at timestamptz,
        -- Of the amount.
        member_fen bigint check (member_fen >= 0),
        unit_fen bigint check (unit_fen >= 0),
        -- The notice had been paid.
        reopened boolean,
        check ((state = 'proposed') = (decided_by is null)),
        check ((decided_by is null) = (decided_at is null)),
        check (num_nulls(member_fen, unit_fen, reopened) = case state when 'confirmed' then 0 else 3 end)
      );
      create unique index match_reversal_standing on match_reversal (match_id) where state <> 'declined';
      -- What is left of a cover that had begun by it; of people, and only ever added to.
      create table cover_reversal (
        member_id uuid not null,
        reversal_id uuid not null,
        period_id uuid not null,
        notice_id uuid not null,
        number text not null,
        started_at timestamptz not null,
        primary key (member_id, reversal_id)
      );

      -- A person who was paid for twice, or was refused. The payment that did not start a cover is given back: once, by key.
      create table contribution_double (
        id uuid primary key,
        member_id uuid not null,
        period_id uuid not null,
        notice_id uuid not null references payment_notice,
        cause text not null check (cause in ('paid-twice', 'refused')),
        amount_fen bigint not null check (amount_fen >= 0),
        fund_fen bigint not null check (fund_fen >= 0),
        found_at timestamptz not null,
        state text not null check (state in ('due', 'refunding', 'refunded')),
        unique (member_id, notice_id)
      );
      create index contribution_double_notice on contribution_double (notice_id);

      create table contribution_refund (
        id uuid primary key,
        credit_id uuid references contribution_credit (id),
        double_id uuid references contribution_double,
        amount_fen bigint not null check (amount_fen > 0),
        payee_sealed bytea not null,
        reason text not null,
        proposed_by text not null,
        proposed_at timestamptz not null,
        checked_by text check (checked_by <> proposed_by),
        checked_at timestamptz,
        state text not null check (state in (${listed(REFUND_STATES)})),
        message_id text not null unique,
        end_to_end_id text not null unique,
        signature bytea,
        attempted_at timestamptz,
        next_query_at timestamptz,
        queries int not null default 0,
        bank_reason text,
        paid_at timestamptz,
        -- The day of the statement that shows the money gone.
        settled_on date,
        check (num_nonnulls(credit_id, double_id) = 1),
        check ((state = 'proposed') = (checked_by is null)),
        check ((checked_by is null) = (checked_at is null)),
        check ((state in ('proposed', 'declined')) = (signature is null))
      );
      create unique index contribution_refund_double on contribution_refund (double_id) where state not in ('declined', 'failed', 'returned');
      create index contribution_refund_under_way on contribution_refund (state) where state in ('signed', 'sending', 'unknown', 'accepted');
      create table contribution_refund_event (
        refund_id uuid not null references contribution_refund,
        status_id text not null,
        status text not null,
        reason text,
        at timestamptz not null,
        primary key (refund_id, status_id)
      );
      create trigger contribution_refund_event_append_only before update or delete or truncate on contribution_refund_event for each statement execute function refuse_change();

      -- subject: the payment notice, or the join of a member who paid on the phone.
      create table contribution_receipt (
        id uuid primary key,
        kind text not null check (kind in ('notice', 'phone')),
        subject uuid not null,
        -- Of the join whose payment it is for; of a notice, how often it was paid.
        attempt int not null default 1,
        version int not null check (version > 0),
        reference text not null unique check (length(reference) <= 35),
        -- Of a person; a unit's name is that of its organisation.
        payer_sealed bytea,
        amount_fen bigint not null check (amount_fen > 0),
        state text not null check (state in ('due', 'issued', 'refused', 'flush-due', 'flush-refused', 'red-flushed')),
        refusal text,
        -- The money went back, or is for something else.
        returned boolean not null default false,
        code text,
        number text,
        check_code text,
        issued_on date,
        red_number text,
        flushed_on date,
        unique (subject, version),
        check ((kind = 'phone') = (payer_sealed is not null)),
        check ((state in ('refused', 'flush-refused')) = (refusal is not null)),
        check ((state in ('due', 'refused')) = (number is null)),
        check (num_nulls(code, number, check_code, issued_on) in (0, 4)),
        check ((state = 'red-flushed') = (red_number is not null))
      );
      -- One receipt at a time for the same money.
      create unique index contribution_receipt_live on contribution_receipt (subject, attempt) where state in ('due', 'issued');
      create index contribution_receipt_due on contribution_receipt (state) where state in ('due', 'flush-due');
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table contribution_receipt; drop table contribution_refund_event; drop table contribution_refund; drop table contribution_double;
      drop table cover_reversal; drop table match_reversal;
      drop table match_proposal_line; drop table match_proposal; drop table contribution_match; drop table contribution_credit;
      drop table collection_statement; drop table payment_notice; drop index enrolment_alone`);
  }
}
