/** The book of a plan, read in constant memory: by a rehearsal, and to be written to a file. */
import { Injectable } from '@nestjs/common';
import type { BookEntry, BookHeader } from '@app/benefits';
import { birthDatesOf, lastIds, organisationsByCode, planFigures } from '@app/enrolment';
import { Database, PersonalDataVault, type Transaction } from '@app/platform';
import { entryOf, headerOf, unitCodeOf, type BookedClaim } from './book.js';
import { bookedClaims, measureBook } from './book.repository.js';
import { planNotFound } from './plan-version.errors.js';
import { DEFAULT_PLAN_ID } from './plan-version.js';
import { PlanVersionService } from './plan-version.service.js';

export interface OpenBook {
  readonly header: BookHeader;
  readonly claims: number;
  /** In sets, by member. */
  readonly entries: AsyncIterable<BookEntry[]>;
}

@Injectable()
export class BookService {
  constructor(
    private readonly database: Database,
    private readonly vault: PersonalDataVault,
    private readonly plans: PlanVersionService,
  ) {}

  /** To be read within the transaction. Errors: plan-not-found. */
  async open(tx: Transaction, planId: string): Promise<OpenBook> {
    const { claims, hash } = await measureBook(tx, planId);
    const plan = (hash === null ? undefined : await this.plans.byHash(tx, planId, hash)) ?? (await this.plans.inForce(tx)).latest(planId);
    if (!plan) throw planNotFound();
    return { header: headerOf(plan, await planFigures(tx, planId)), claims, entries: this.entries(tx, planId) };
  }

  /** As text, a JSON object a line, the header first; returns how many claims there are. Error: plan-not-found. */
  write(to: (text: string) => Promise<void>, planId = DEFAULT_PLAN_ID): Promise<number> {
    return this.database.transaction(async (tx) => {
      const { header, entries } = await this.open(tx, planId);
      await to(`${JSON.stringify(header)}\n`);
      let claims = 0;
      for await (const set of entries) {
        await to(set.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
        claims += set.length;
      }
      return claims;
    });
  }

  private async *entries(tx: Transaction, planId: string): AsyncGenerator<BookEntry[], void> {
    const unitNames = new Map<string, string | undefined>();
    for await (const claims of bookedClaims(tx, planId, await lastIds(tx))) {
      const births = await birthDatesOf(tx, this.vault, [...new Set(claims.map((claim) => claim.memberId))]);
      await this.addUnitNames(tx, claims, unitNames);
      yield claims.map((claim) => entryOf(claim, births.get(claim.memberId), unitNames.get(unitCodeOf(claim) ?? '')));
    }
  }

  private async addUnitNames(tx: Transaction, claims: readonly BookedClaim[], names: Map<string, string | undefined>): Promise<void> {
    const unknown = [...new Set(claims.map(unitCodeOf))].filter((code) => code !== undefined && !names.has(code)) as string[];
    if (unknown.length === 0) return;
    for (const code of unknown) names.set(code, undefined);
    for (const { code, name } of await organisationsByCode(tx, unknown)) names.set(code, name);
  }
}
