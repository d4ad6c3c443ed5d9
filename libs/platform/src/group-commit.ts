/**
 * Group commit: what arrives while one set is being written is the next set, written in one transaction, and everybody is answered after the
 * commit of their own. A set that fails is halved until the one that fails is alone.
 */
import { isAway } from './database.js';

/** Who waits to be written, in the order of their turn. */
export interface Waiting<Entry> {
  readonly length: number;
  push(entry: Entry): void;
  /** Up to `most` of the front, taken away. */
  take(most: number): Entry[];
}

export class FirstComeFirstServed<Entry> implements Waiting<Entry> {
  private entries: Entry[] = [];

  get length(): number {
    return this.entries.length;
  }

  push(entry: Entry): void {
    this.entries.push(entry);
  }

  take(most: number): Entry[] {
    return this.entries.splice(0, most);
  }
}

export interface Answered<Outcome> {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** What an entry needs to be answered later, and the answer as those who wait for it hold it. */
export function answerLater<Outcome>(): Answered<Outcome> & { readonly outcome: Promise<Outcome> } {
  let answered: Answered<Outcome>;
  const outcome = new Promise<Outcome>((resolve, reject) => (answered = { resolve, reject }));
  // Nobody may be holding on to it any more.
  outcome.catch(() => undefined);
  return { outcome, resolve: answered!.resolve, reject: answered!.reject };
}

export class GroupCommit<Entry extends Answered<Outcome>, Outcome> {
  private writing = false;
  private stopped: Promise<void> | undefined;
  private afterSet: (() => void)[] = [];

  /** `write` answers for each entry, in their order, after the commit; an error means that nothing of the set was written. */
  constructor(
    private readonly waiting: Waiting<Entry>,
    private readonly write: (set: readonly Entry[]) => Promise<readonly Outcome[]>,
    private readonly options: {
      readonly most: number;
      /** After each set: how many were answered, and how many wait. */
      readonly wrote?: (count: number, waiting: number) => void;
    },
  ) {}

  add(entry: Entry): void {
    this.waiting.push(entry);
    if (this.writing) return;
    this.writing = true;
    this.stopped = this.drain();
  }

  /** When nobody waits any more. */
  async rest(): Promise<void> {
    await this.stopped;
  }

  /** When no more than so many wait. */
  async untilWaiting(most: number): Promise<void> {
    while (this.waiting.length > most) await new Promise<void>((resolve) => this.afterSet.push(resolve));
  }

  private async drain(): Promise<void> {
    // Once around the loop: what has arrived in one reading of the sockets is one set.
    await new Promise(setImmediate);
    while (this.waiting.length > 0) {
      const set = this.waiting.take(this.options.most);
      await this.settle(set);
      this.options.wrote?.(set.length, this.waiting.length);
      for (const told of this.afterSet.splice(0)) told();
    }
    this.writing = false;
  }

  private async settle(set: readonly Entry[]): Promise<void> {
    let outcomes: readonly Outcome[];
    try {
      outcomes = await this.write(set);
    } catch (error) {
      // Where the database is away, every half would fail as the whole did.
      if (set.length === 1 || isAway(error)) return set.forEach((entry) => entry.reject(error));
      const half = set.length >> 1;
      await this.settle(set.slice(0, half));
      return this.settle(set.slice(half));
    }
    set.forEach((entry, i) => entry.resolve(outcomes[i]!));
  }
}
