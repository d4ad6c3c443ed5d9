/** A rehearsal: a plan tried on the book of past claims before anybody signs it. It reads; nothing that was decided changes. */
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import {
  loadPlan,
  parsePlan,
  startRehearsal,
  type BookEntry,
  type CompiledPlan,
  type Rehearsal,
  type RunningRehearsal,
  type Selection,
} from '@app/benefits';
import { Clock, DomainError } from '@app/kernel';
import { addToOutbox, Database, newId, type Principal, type Transaction } from '@app/platform';
import { BookService } from './book.service.js';
import { PlanVersionService, type PlanWithSource } from './plan-version.service.js';
import type { RehearsalDetail, RehearsalProgress } from './rehearsal.js';
import * as rehearsals from './rehearsal.repository.js';

/** A plan as text, or one that is known; without a version the highest there is. */
export type RehearsedPlan = { readonly content: string } | { readonly planId: string; readonly version?: number };

/** Real time between two writes of the progress. */
const SAVE_EVERY_MS = 200;

@Injectable()
export class RehearsalService implements BeforeApplicationShutdown {
  private stopping = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly plans: PlanVersionService,
    private readonly books: BookService,
  ) {}

  /** Errors: plan-invalid with all its problems, plan-not-found, plan-version-not-found. `against`: the plan whose book it is tried on. */
  ask(actor: Pick<Principal, 'userId'>, rehearsed: RehearsedPlan, against: string, selection: Selection = {}): Promise<{ id: string }> {
    return this.database.transaction(async (tx) => {
      const { plan, ...source } = await this.sourceOf(tx, rehearsed, selection);
      await this.plans.find(tx, against);
      const id = newId();
      await rehearsals.insertRehearsal(tx, {
        id,
        planId: plan.id,
        hash: plan.hash,
        ...source,
        bookPlanId: against,
        askedBy: actor.userId,
        askedAt: this.clock.now(),
      });
      await addToOutbox(tx, [{ queue: 'rehearsal', command: 'rehearse', ids: [id] }]);
      return { id };
    });
  }

  /** Error: rehearsal-not-found. */
  async read(id: string): Promise<RehearsalDetail> {
    const row = await rehearsals.readRehearsal(this.database.direct, id);
    if (!row) throw rehearsalNotFound();
    return { ...row, result: row.result === null ? null : (JSON.parse(row.result) as Rehearsal) };
  }

  /** Error: rehearsal-not-found. */
  async progress(id: string): Promise<RehearsalProgress> {
    const progress = await rehearsals.readProgress(this.database.direct, id);
    if (!progress) throw rehearsalNotFound();
    return progress;
  }

  /** Errors: rehearsal-not-found, rehearsal-not-done. */
  async result(id: string): Promise<Rehearsal> {
    const { result, state } = await this.read(id);
    if (result === null)
      throw new DomainError(
        'rehearsal-not-done',
        'conflict',
        `expected a rehearsal that is done, found one that ${state === 'failed' ? 'failed; read why, and ask for another' : `is ${state}; wait for its end`}`,
      );
    return result;
  }

  /** Runs these rehearsals (none: whatever has not ended), each from the start: one that broke off left nothing behind. */
  async rehearse(ids: readonly string[]): Promise<void> {
    for (const id of await rehearsals.unfinishedRehearsals(this.database.direct, ids)) if (!this.stopping) await this.run(id);
  }

  /** A worker that is asked to end does not wait for the end of a book; the sweeper finds what it left. */
  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  private run(id: string): Promise<void> {
    return this.database.transaction(async (tx) => {
      const rehearsal = await rehearsals.lockRehearsal(tx, id);
      if (!rehearsal) return;
      try {
        const result = await this.replay(tx, id, rehearsal);
        if (result) await rehearsals.saveResult(tx, id, result, this.clock.now());
      } catch (error) {
        // What the database did is tried again; what the plan or the book is stays.
        if (!(error instanceof DomainError) || error.retry) throw error;
        await rehearsals.saveFailure(tx, id, error.message, this.clock.now());
      }
    });
  }

  /** The progress goes beside the transaction, so that others see it. undefined when it was asked to stop. */
  private async replay(tx: Transaction, id: string, rehearsal: rehearsals.RehearsalToRun): Promise<Rehearsal | undefined> {
    const plan = compile(rehearsal);
    const book = await this.books.open(tx, rehearsal.bookPlanId);
    await rehearsals.startRun(this.database.direct, id, book.claims);
    const running = startRehearsal(book.header, plan);
    let savedAt = performance.now();
    for await (const entries of book.entries) {
      if (this.stopping) return undefined;
      addAll(running, entries);
      if (performance.now() - savedAt < SAVE_EVERY_MS) continue;
      await rehearsals.saveProgress(this.database.direct, id, running.claims);
      savedAt = performance.now();
    }
    return running.result();
  }

  private async sourceOf(tx: Transaction, rehearsed: RehearsedPlan, selection: Selection): Promise<PlanWithSource> {
    if ('planId' in rehearsed) return this.plans.find(tx, rehearsed.planId, rehearsed.version, selection);
    return { plan: parsePlan(rehearsed.content, 'the plan', selection), content: rehearsed.content, selection };
  }
}

/** Errors: plan-invalid, plan-changed. */
function compile({ planId, hash, content, selection }: rehearsals.RehearsalToRun): CompiledPlan {
  const plan = content === null ? loadPlan(planId, selection) : parsePlan(content, planId, selection);
  if (plan.hash === hash) return plan;
  throw new DomainError('plan-changed', 'conflict', 'expected the plan as it was when asked for, found another of its id; ask again');
}

/** A bug of the calculator ends the rehearsal, as any of its failures, and not the queue. */
function addAll(running: RunningRehearsal, entries: readonly BookEntry[]): void {
  try {
    for (const entry of entries) running.add(entry);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw new DomainError(
      'rehearsal-failed',
      'invalid',
      `expected a claim that can be calculated, found ${(error as Error).name} at claim ${running.claims} of the book; report it`,
    );
  }
}

const rehearsalNotFound = (): DomainError =>
  new DomainError('rehearsal-not-found', 'not-found', 'expected the id of a rehearsal, found another; ask for one');
