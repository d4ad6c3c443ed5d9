import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CLAIM_STATES } from './lifecycle.js';
import { PAYMENT_STATES } from './payment/payment.js';

const list = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');

/** Tables that grow with people lead their keys with member_id (architecture: keys that distribute); the others are plain. */
export class Claims1700000003000 implements MigrationInterface {
  readonly name = 'Claims1700000003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table feed_message (
        id uuid primary key,
        seq bigint generated always as identity,
        msgid text unique,
        infno text,
        source text not null,
        line integer not null,
        received_at timestamptz not null,
        received_on date not null,
        -- Out of quarantine: from then on it counts as received.
        released_at timestamptz,
        -- Cancelled while in quarantine: it must never become a claim.
        taken_back_at timestamptz,
        sent_on date not null,
        body_sealed bytea not null,
        body_hash bytea not null,
        state text not null check (state in ('stored', 'claimed', 'cancelled', 'waiting', 'quarantined', 'repeated')),
        settlement_id text,
        claim_id uuid,
        reason text,
        field text,
        detail text,
        duplicates integer not null default 0,
        medfee_fen bigint not null,
        fund_pay_fen bigint not null
      );
      create index feed_message_due on feed_message (seq) where state = 'stored';
      create index feed_message_settlement on feed_message (settlement_id) where infno = '2304';
      create index feed_message_waiting on feed_message (detail) where state = 'waiting';
      create index feed_message_day on feed_message (sent_on);
      create unique index feed_message_nameless on feed_message (source, line, body_hash) where msgid is null;
      create table feed_day (checked_on date primary key, equal boolean not null, pulled integer not null);

      create table claim (
        member_id uuid not null,
        id uuid not null,
        state text not null check (state in (${list(CLAIM_STATES)})),
        version integer not null,
        settlement_id text not null,
        message_id uuid not null,
        med_type text not null,
        admission_on date not null,
        discharge_on date not null check (discharge_on >= admission_on),
        accepted_at timestamptz not null,
        accepted_on date not null,
        medfee_fen bigint not null,
        inscp_scp_fen bigint not null,
        fund_pay_fen bigint not null,
        psn_part_fen bigint not null,
        fulamt_ownpay_fen bigint not null,
        context jsonb not null,
        flags text[] not null,
        organisation_path text,
        benefit_fen bigint check (benefit_fen > 0),
        refusal text,
        attempt smallint not null default 0,
        cancelled_at timestamptz,
        settled_at timestamptz,
        moved_at timestamptz not null,
        fault text,
        primary key (member_id, id),
        unique (member_id, settlement_id)
      );
      create index claim_id on claim (id);
      create index claim_due on claim (state, member_id) where state in ('accepted', 'adjudicated', 'approved', 'referred', 'endorsed', 'failed', 'returned');
      create index claim_cancelled on claim (state) where cancelled_at is not null;

      create table claim_history (
        member_id uuid not null,
        claim_id uuid not null,
        version integer not null,
        from_state text,
        to_state text not null,
        actor text not null,
        reason text not null,
        at timestamptz not null,
        plan_version text,
        primary key (member_id, claim_id, version)
      );

      create table decision (
        member_id uuid not null,
        claim_id uuid not null,
        plan_id text not null,
        plan_version text not null,
        plan_hash text not null,
        -- Accumulators before the decision, and what it added to them, as JSON; text keeps the bytes that are replayed.
        used_before text not null,
        changes text not null,
        base_fen bigint not null,
        benefit_fen bigint not null check (benefit_fen >= 0),
        reason text,
        capped boolean not null,
        facts text not null,
        trace text not null,
        decided_at timestamptz not null,
        primary key (member_id, claim_id),
        check ((reason is null) = (benefit_fen > 0))
      )
        -- A trace is some 2 kB: compressing every one would cost more than the room it saves.
        with (toast_tuple_target = 8160);
      create table plan_version (
        plan_id text not null,
        version integer not null check (version > 0),
        hash text not null unique,
        -- The plan file as it was proposed, and the options selected.
        content text not null,
        selection text not null,
        effective_on date not null,
        state text not null check (state in ('proposed', 'active')),
        proposed_by text not null,
        proposed_at timestamptz not null,
        activated_at timestamptz,
        primary key (plan_id, version),
        check ((state = 'active') = (activated_at is not null))
      );
      create table plan_signature (
        plan_id text not null,
        version integer not null,
        signed_by text not null,
        signed_at timestamptz not null,
        primary key (plan_id, version, signed_by),
        foreign key (plan_id, version) references plan_version
      );
      create trigger plan_signature_append_only before update or delete or truncate on plan_signature for each statement execute function refuse_change();
      -- What was proposed is what is rehearsed, signed and in force: only its activation is written, once.
      create function keep_plan_version() returns trigger language plpgsql as $$
        begin
          if old.state = 'proposed' and (to_jsonb(new) - '{state,activated_at}'::text[]) = (to_jsonb(old) - '{state,activated_at}'::text[]) then return new; end if;
          raise exception 'plan_version is kept as it was proposed' using errcode = 'restrict_violation';
        end $$;
      create trigger plan_version_kept before update on plan_version for each row execute function keep_plan_version();
      create trigger plan_version_append_only before delete or truncate on plan_version for each statement execute function refuse_change();
      create table rehearsal (
        id uuid primary key,
        plan_id text not null,
        hash text not null,
        -- The plan file; null for one that is shipped.
        content text,
        selection text not null,
        book_plan_id text not null,
        state text not null check (state in ('waiting', 'running', 'done', 'failed')),
        claims_done integer not null default 0,
        claims_total integer not null default 0,
        result text,
        failure text,
        asked_by text not null,
        asked_at timestamptz not null,
        ended_at timestamptz,
        check ((state = 'done') = (result is not null)),
        check ((state = 'failed') = (failure is not null)),
        check ((state in ('done', 'failed')) = (ended_at is not null))
      );
      create index rehearsal_due on rehearsal (asked_at) where state in ('waiting', 'running');
      create index rehearsal_hash on rehearsal (hash) where state = 'done';

      create table accumulator (member_id uuid not null, plan_id text not null, used text not null default '{}', primary key (member_id, plan_id));

      create table approval_act (
        member_id uuid not null,
        claim_id uuid not null,
        claim_version integer not null,
        actor text not null,
        act text not null check (act in ('automatic', 'refer', 'approve', 'decline')),
        flags text[] not null,
        policy_version text not null,
        note text,
        at timestamptz not null,
        primary key (member_id, claim_id, claim_version)
      );

      create table batch (
        id uuid primary key,
        cut_on date not null,
        state text not null check (state in ('made', 'checked', 'rejected', 'released')),
        claims integer not null,
        total_fen bigint not null,
        digest text not null,
        made_by text not null,
        made_at timestamptz not null,
        decided_by text check (decided_by <> made_by),
        decided_at timestamptz
      );
      create index batch_due on batch (made_at) where state = 'checked';
      -- A claim that stood aside goes on, and why.
      create table claim_release (
        member_id uuid not null,
        claim_id uuid not null,
        released_at timestamptz not null,
        fault text not null,
        released_by text not null,
        remark text not null,
        primary key (member_id, claim_id, released_at)
      );
      create index claim_fault on claim (accepted_at) where fault is not null;
      create table batch_item (
        member_id uuid not null,
        claim_id uuid not null,
        batch_id uuid not null,
        attempt smallint not null,
        amount_fen bigint not null check (amount_fen > 0),
        primary key (member_id, claim_id, batch_id)
      );
      create index batch_item_batch on batch_item (batch_id, claim_id);

      create table batch_grant (
        batch_id uuid primary key,
        reference text not null unique,
        amount_fen bigint not null check (amount_fen > 0),
        state text not null check (state in ('asked', 'granted', 'refused')),
        asked integer not null default 1,
        received_on date
      );
      create index batch_grant_due on batch_grant (batch_id) where state <> 'granted';
      create table payment_part (
        batch_id uuid not null,
        part integer not null,
        message_id text not null unique check (length(message_id) <= 35),
        state text not null check (state in ('prepared', 'signed', 'sending', 'open', 'closed')),
        created_at timestamptz not null,
        signature bytea,
        next_query_at timestamptz,
        queries integer not null,
        attempted_at timestamptz,
        primary key (batch_id, part),
        check (state in ('prepared') or signature is not null)
      );
      create index payment_part_due on payment_part (state) where state <> 'closed';
      create table payment (
        member_id uuid not null,
        claim_id uuid not null,
        attempt smallint not null,
        batch_id uuid not null,
        part integer not null,
        end_to_end_id text not null check (length(end_to_end_id) <= 35),
        amount_fen bigint not null check (amount_fen > 0),
        payee_sealed bytea not null,
        state text not null check (state in (${list(PAYMENT_STATES)})),
        reason text,
        moved_at timestamptz not null,
        sent_at timestamptz,
        paid_at timestamptz,
        -- One payment for a claim's attempt, whatever the batch: nothing is paid twice.
        primary key (member_id, claim_id, attempt),
        unique (member_id, end_to_end_id)
      );
      create index payment_part_rows on payment (batch_id, part);
      create index payment_reference on payment (end_to_end_id);
      create table payment_event (
        member_id uuid not null,
        end_to_end_id text not null,
        status_id text not null,
        status text not null,
        reason text,
        at timestamptz not null,
        primary key (member_id, end_to_end_id, status_id)
      );
      create table claim_pause (
        member_id uuid not null,
        claim_id uuid not null,
        reason text not null,
        from_at timestamptz not null,
        to_at timestamptz check (to_at >= from_at),
        primary key (member_id, claim_id, reason, from_at)
      );
      create table member_notice (
        member_id uuid not null,
        id uuid not null,
        template text not null,
        data text not null,
        created_at timestamptz not null,
        -- Not before, once it has failed.
        tell_at timestamptz,
        sent_at timestamptz,
        -- The official account's errcode when this member cannot be told.
        refusal text,
        primary key (member_id, id),
        check (num_nonnulls(sent_at, refusal) <= 1)
      );
      create index member_notice_due on member_notice (tell_at nulls first, id) where sent_at is null and refusal is null;

      create table bank_statement (
        "on" date primary key,
        statement_id text not null,
        opening_fen bigint not null,
        closing_fen bigint not null,
        lines integer not null,
        continuous boolean not null,
        fetched_at timestamptz not null,
        voucher_number text
      );
      create index bank_statement_due on bank_statement ("on") where voucher_number is null and lines > 0;
      create table bank_statement_line (
        bank_reference text primary key,
        "on" date not null references bank_statement,
        kind text not null,
        direction text not null check (direction in ('credit', 'debit')),
        amount_fen bigint not null check (amount_fen > 0),
        reference text not null,
        reason text,
        outcome text not null check (outcome in ('payment-proved', 'payment-returned', 'grant-received', 'open'))
      );
      create index bank_statement_line_day on bank_statement_line ("on");
      create table clawback_case (
        member_id uuid not null,
        claim_id uuid not null,
        amount_fen bigint not null check (amount_fen > 0),
        opened_at timestamptz not null,
        closed_at timestamptz,
        primary key (member_id, claim_id)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `drop table clawback_case, bank_statement_line, bank_statement, member_notice, claim_pause, payment_event, payment, payment_part, batch_grant,
         batch_item, batch, approval_act, accumulator, rehearsal, plan_signature, plan_version, decision, claim_history, claim_release, claim, feed_day, feed_message;
       drop function keep_plan_version`,
    );
  }
}
