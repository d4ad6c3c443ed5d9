/** At most so many calls a second, first come first served, for a party that counts them. */
import { RateLimiterMemory, RateLimiterQueue } from 'rate-limiter-flexible';

/** Windows are a tenth of a second: with whole seconds the end of one and the start of the next could send twice as many. */
const WINDOWS = 10;

export class CallRate {
  private readonly queue: RateLimiterQueue;

  constructor(perSecond: number) {
    const windows = perSecond < WINDOWS ? 1 : WINDOWS;
    this.queue = new RateLimiterQueue(new RateLimiterMemory({ points: Math.trunc(perSecond / windows), duration: 1 / windows }));
  }

  /** Returns when the next call may go out. */
  async turn(): Promise<void> {
    await this.queue.removeTokens(1);
  }
}
