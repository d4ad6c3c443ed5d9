/** What may happen at any moment must not change what is paid: a dead worker, a lost queue, a silent bank. Needs the built worker (`npm test` builds it). */
import { expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectTrue, playYear, smallCounty, type Mischief } from '../support/played-year.js';

const COUNTY = smallCounty(3, '2025-02-20');
const KILLS = 10;

/** Chance that is the same in every run of a seed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return state / 2 ** 32;
  };
}

it('pays the same and nothing twice when the worker is killed ten times on the way', async () => {
  const random = chance(4);
  let kills = 0;
  const mischief: Mischief = (system, count) => {
    if (kills === KILLS || count % 6 !== 5) return;
    kills++;
    // Within the phase that follows, while its work is on the way.
    void sleep(random() * 120).then(() => system.killWorker());
  };
  expectTrue(await playYear(COUNTY, { worker: 'process', mischief }), expect);
  expect(kills).toBe(KILLS);
}, 300_000);

it('pays the same and nothing twice when the queue is wiped again and again', async () => {
  const random = chance(5);
  const redis = process.env.REDIS_URL ? new Redis(process.env.REDIS_URL) : undefined;
  let wipes = 0;
  const mischief: Mischief = (system, count) => {
    if (count % 4 !== 1) return;
    wipes++;
    void sleep(random() * 60).then(() => (redis ? redis.flushdb() : system.database.direct.query('delete from bullmq.job')));
  };
  expectTrue(await playYear(COUNTY, { mischief, ...(process.env.REDIS_URL ? { redisUrl: process.env.REDIS_URL } : {}) }), expect);
  await redis?.quit();
  expect(wipes).toBeGreaterThan(10);
}, 300_000);

it('pays the same and nothing twice when the bank falls silent, with and without having acted', async () => {
  const mischief: Mischief = async (system, count) => {
    const fault = count % 12 === 2 ? { dropAnswers: 1 } : count % 12 === 8 ? { refuseConnections: 1 } : undefined;
    if (fault)
      await fetch(`${system.bank.url}/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      });
  };
  const year = await playYear(COUNTY, { mischief });
  expectTrue(year, expect);
  expect(year.report.bank.unknownResolved).toBeGreaterThan(5);
}, 300_000);
