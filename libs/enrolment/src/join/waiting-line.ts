/**
 * The line of those who wait to be written: first received, first served, one place a person. Who comes back with a ticket is put where the
 * instant on it belongs, so the line of a server that was started again is in the old order. And the pace at which it moves.
 */
import type { Waiting } from '@app/platform';

export interface Place {
  /** One place a key. */
  readonly key: string;
  readonly receivedAt: Date;
}

export class WaitingLine<Entry extends Place> implements Waiting<Entry> {
  private entries: Entry[] = [];
  /** How many at the front are taken already. */
  private head = 0;
  private readonly byKey = new Map<string, Entry>();

  get length(): number {
    return this.entries.length - this.head;
  }

  find(key: string): Entry | undefined {
    return this.byKey.get(key);
  }

  /** The key must not have a place yet. */
  push(entry: Entry): void {
    this.byKey.set(entry.key, entry);
    // Nearly all are the latest; who was received at the same instant stands behind those who are there.
    const at = this.firstAfter(entry.receivedAt);
    if (at === this.entries.length) this.entries.push(entry);
    else this.entries.splice(at, 0, entry);
  }

  take(most: number): Entry[] {
    const taken = this.entries.slice(this.head, this.head + most);
    this.head += taken.length;
    for (const { key } of taken) this.byKey.delete(key);
    // Now and then, so that taking costs what is taken and not what is left.
    if (this.head * 2 >= this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    return taken;
  }

  /** How many are served before whoever was received then, and with them. */
  placesUpTo(receivedAt: Date): number {
    return this.firstAfter(receivedAt) - this.head;
  }

  private firstAfter(receivedAt: Date): number {
    let [from, to] = [this.head, this.entries.length];
    if (to > from && this.entries[to - 1]!.receivedAt <= receivedAt) return to;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.entries[middle]!.receivedAt <= receivedAt) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** What has been seen counts less the older it is: after so long, a third. */
const MEMORY_MS = 3_000;
/** Until anything is seen: little, so that the first who have to wait are not promised too much. */
const FIRST_PER_SECOND = 500;

/** How many a second are served while others wait; idle time says nothing of it. */
export class Pace {
  private served = 0;
  private tookMs = 0;
  private lastMs: number | undefined;

  get perSecond(): number {
    return this.tookMs > 0 ? (1_000 * this.served) / this.tookMs : FIRST_PER_SECOND;
  }

  /** `nowMs` from a clock that never goes back. */
  wrote(count: number, waiting: number, nowMs: number): void {
    if (this.lastMs !== undefined) {
      const took = nowMs - this.lastMs;
      const kept = Math.exp(-took / MEMORY_MS);
      this.served = this.served * kept + count;
      this.tookMs = this.tookMs * kept + took;
    }
    this.lastMs = waiting > 0 ? nowMs : undefined;
  }

  secondsFor(places: number): number {
    return places / this.perSecond;
  }
}
