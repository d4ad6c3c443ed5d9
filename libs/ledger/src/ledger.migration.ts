import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ACCOUNTS, TRANSFERS, type TransferCode } from './ledger.js';

export class Ledger1700000001000 implements MigrationInterface {
  readonly name = 'Ledger1700000001000';

  async up(runner: QueryRunner): Promise<void> {
    const shapes = Object.entries(TRANSFERS)
      .map(([code, { debit, credit }]) => `(code = '${code}' and debit_account = '${debit}' and credit_account = '${credit}')`)
      .join(' or ');
    const pending = (Object.keys(TRANSFERS) as TransferCode[])
      .filter((code) => 'pends' in TRANSFERS[code])
      .map((code) => `'${code}'`)
      .join(', ');
    await runner.query(`
      create table ledger_account (name text primary key, kind text not null check (kind in ('asset', 'fund')));
      insert into ledger_account values ${Object.entries(ACCOUNTS)
        .map(([name, kind]) => `('${name}', '${kind}')`)
        .join(', ')};

      create table ledger_transfer (
        code text not null,
        subject uuid not null,
        attempt smallint not null check (attempt > 0),
        -- No references: the shapes below allow only what is an account, and each transfer would lock the rows of its two.
        debit_account text not null,
        credit_account text not null,
        amount_fen bigint not null check (amount_fen > 0),
        booked_on date not null,
        primary key (code, subject, attempt),
        check (debit_account <> credit_account),
        check (${shapes})
      );
      create table ledger_outcome (
        code text not null check (code in (${pending})),
        subject uuid not null,
        attempt smallint not null,
        outcome text not null check (outcome in ('posted', 'voided')),
        booked_on date not null,
        primary key (code, subject, attempt),
        foreign key (code, subject, attempt) references ledger_transfer (code, subject, attempt)
      );
      create view ledger_posted as
        select t.* from ledger_transfer t left join ledger_outcome o using (code, subject, attempt)
        where t.code not in (${pending}) or o.outcome = 'posted';
      create view ledger_pending as
        select t.* from ledger_transfer t where t.code in (${pending})
          and not exists (select from ledger_outcome o where o.code = t.code and o.subject = t.subject and o.attempt = t.attempt);
      create trigger ledger_transfer_append_only before update or delete or truncate on ledger_transfer for each statement execute function refuse_change();
      create trigger ledger_outcome_append_only before update or delete or truncate on ledger_outcome for each statement execute function refuse_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop view ledger_pending; drop view ledger_posted; drop table ledger_outcome; drop table ledger_transfer; drop table ledger_account',
    );
  }
}
