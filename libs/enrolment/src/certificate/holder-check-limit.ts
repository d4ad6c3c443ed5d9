/** How often it may be asked whether a certificate is somebody's: a personal number has few unknown digits, and must not be found by asking. */
import { Injectable } from '@nestjs/common';
import { DomainError } from '@app/kernel';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

const [HOUR, DAY] = [3600, 86_400];
/** By cover, so that a second certificate of it buys no new guesses; by address, so that nobody tries one number on many covers. Of one process. */
const CHECKS_OF_A_COVER = { points: 10, duration: DAY };
const CHECKS_FROM_AN_ADDRESS = { points: 30, duration: HOUR };

@Injectable()
export class HolderCheckLimit {
  private readonly covers = new RateLimiterMemory({ keyPrefix: 'cover', ...CHECKS_OF_A_COVER });
  private readonly addresses = new RateLimiterMemory({ keyPrefix: 'address', ...CHECKS_FROM_AN_ADDRESS });

  /** Error: `holder-checks` (too many). */
  countAddress(address: string): Promise<void> {
    return count(this.addresses, address);
  }

  /** Error: `holder-checks` (too many). */
  countCover(number: string): Promise<void> {
    return count(this.covers, number);
  }
}

async function count(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw new DomainError('holder-checks', 'too-many', 'expected fewer questions about a certificate, found too many; wait and ask again', {
      retryAfterSeconds: Math.ceil(refusal.msBeforeNext / 1000),
    });
  }
}
