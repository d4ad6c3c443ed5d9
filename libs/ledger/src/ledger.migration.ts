import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ACCOUNTS, TRANSFERS } from './ledger.js';

export class Ledger1700000001000 implements MigrationInterface {
  readonly name = 'Ledger1700000001000';

  async up(runner: QueryRunner): Promise<void> {
    const shapes = Object.entries(TRANSFERS)
      .map(([code, { debit, credit }]) => `(code = '${code}' and debit_account = '${debit}' and credit_account = '${credit}')`)
      .join(' or ');
    await runner.query(`
      create table ledger_account (name text primary key, kind text not null check (kind in ('asset', 'fund')));
      insert into ledger_account values ${Object.entries(ACCOUNTS)
        .map(([name, kind]) => `('${name}', '${kind}')`)
        .join(', ')};

      create table ledger_transfer (
        code text not null,
        subject uuid not null,
        attempt smallint not null check (attempt > 0),
        debit_account text not null references ledger_account,
        credit_account text not null references ledger_account,
        amount_fen bigint not null check (amount_fen > 0),
        booked_on date not null,
        primary key (code, subject, attempt),
        check (debit_account <> credit_account),
        check (${shapes})
      );
      create table ledger_outcome (
        code text not null,
        subject uuid not null,
        attempt smallint not null,
        outcome text not null check (outcome in ('posted', 'voided')),
        booked_on date not null,
        primary key (code, subject, attempt),
        foreign key (code, subject, attempt) references ledger_transfer (code, subject, attempt)
      );
      create trigger ledger_transfer_append_only before update or delete or truncate on ledger_transfer for each statement execute function refuse_change();
      create trigger ledger_outcome_append_only before update or delete or truncate on ledger_outcome for each statement execute function refuse_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table ledger_outcome; drop table ledger_transfer; drop table ledger_account');
  }
}
