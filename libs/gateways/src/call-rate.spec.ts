import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CallRate } from './call-rate.js';

describe('calls', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Of this many that all want to go at once, when each went, in milliseconds. */
  const departures = async (perSecond: number, calls: number): Promise<number[]> => {
    const rate = new CallRate(perSecond);
    const went: number[] = [];
    let elapsed = 0;
    for (let call = 0; call < calls; call++) void rate.turn().then(() => went.push(elapsed));
    while (went.length < calls) {
      await jest.advanceTimersByTimeAsync(10);
      elapsed += 10;
    }
    return went;
  };

  it.each([
    [200, 1_000],
    [30, 90],
    [3, 9],
  ])('of %d a second never are more in a second, but for one window, and all go', async (perSecond, calls) => {
    const went = await departures(perSecond, calls);
    expect(went).toHaveLength(calls);
    for (const from of went) {
      const second = went.filter((at) => from <= at && at < from + 1_000).length;
      expect(second).toBeLessThanOrEqual(perSecond < 10 ? 2 * perSecond : perSecond + perSecond / 10);
    }
    // Nor are they held back for longer than it takes, and a second.
    expect(went.at(-1)).toBeLessThanOrEqual((calls / perSecond + 1) * 1_000);
  });
});
