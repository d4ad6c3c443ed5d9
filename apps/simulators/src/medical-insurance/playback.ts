import { Refusal } from '../http.js';
import type { SimulatorClock } from '../simulator.js';
import { inSendingOrder, readFeed, type FeedFile, type FeedLine } from './feed.js';
import type { PushClient } from './push-client.js';

export interface PlaybackResult {
  delivered: number;
  /** ISO instant of the next message. */
  next: string | null;
}

/** Sends the feed in the order of its times, one message after another; what was delivered is what the platform "has sent". */
export class Playback {
  private readonly files = new Map<string, { lines: readonly string[]; messages: FeedLine[] }>();
  private waiting: FeedLine[] = [];
  /** Index of the next message in `waiting`. */
  private position = 0;
  readonly delivered: FeedLine[] = [];
  private last: Promise<unknown> = Promise.resolve();
  private running = false;

  constructor(
    private readonly clock: SimulatorClock,
    private readonly client: PushClient,
    private readonly advanceTo: (time: Date) => Promise<void> | void = () => {},
  ) {}

  /** The same file again changes nothing; another content of a file that is partly sent is refused. */
  load(file: FeedFile): number {
    if (!/^[\x21-\x7E]{1,200}$/.test(file.source))
      throw new Refusal(400, 'invalid', 'the source must be 1 to 200 printable ASCII characters');
    const known = this.files.get(file.source);
    if (known && known.lines.length === file.lines.length && known.lines.every((line, index) => line === file.lines[index]))
      return known.messages.length;
    if (this.delivered.some((line) => line.source === file.source)) {
      throw new Refusal(409, 'feed-in-use', `${file.source} is already being sent with another content`);
    }
    if (this.running) throw new Refusal(409, 'feed-in-use', 'a playback is running; load the file when it has ended');
    const messages = readFeed(file, this.clock.now());
    this.files.set(file.source, { lines: [...file.lines], messages });
    const sent = new Set(this.delivered);
    this.waiting = inSendingOrder([...this.files.values()].flatMap((one) => one.messages)).filter((line) => !sent.has(line));
    this.position = 0;
    return messages.length;
  }

  get firstAt(): Date | null {
    return this.bound((a, b) => a < b);
  }

  get lastAt(): Date | null {
    return this.bound((a, b) => a > b);
  }

  peekNext(): Date | null {
    const next = this.waiting[this.position];
    return next ? new Date(next.time) : null;
  }

  /** Everything up to and including `until`. Calls follow one another, so that the order holds. */
  playback(until: Date): Promise<PlaybackResult> {
    const run = this.last.then(() => this.run(until.getTime())).finally(() => (this.running = false));
    this.last = run.catch(() => {});
    return run;
  }

  private async run(until: number): Promise<PlaybackResult> {
    this.running = true;
    let delivered = 0;
    for (let next = this.waiting[this.position]; next && next.time <= until; next = this.waiting[this.position]) {
      await this.advanceTo(new Date(next.time));
      await this.client.push(next);
      this.position++;
      this.delivered.push(next);
      delivered++;
    }
    return { delivered, next: this.peekNext()?.toISOString() ?? null };
  }

  private bound(before: (a: number, b: number) => boolean): Date | null {
    let found: number | undefined;
    for (const { messages } of this.files.values()) {
      for (const { time } of messages) if (found === undefined || before(time, found)) found = time;
    }
    return found === undefined ? null : new Date(found);
  }
}
