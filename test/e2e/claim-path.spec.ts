/** The whole path over HTTP, on PostgreSQL alone or, with REDIS_URL, with the queue on Redis; the real county too where its files are at hand. */
import { expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expectTrue, playYear, smallCounty } from '../support/played-year.js';

const REDIS = process.env.REDIS_URL ? { redisUrl: process.env.REDIS_URL } : {};
const COUNTY = resolve(import.meta.dirname, '../../../shared/data/county-2025');

it('pays every settlement of a county within two working days, to the fen that the auditor expects', async () => {
  const year = await playYear(smallCounty(4, '2025-03-01'), REDIS);
  expectTrue(year, expect);
  expect(year.report.bank.rejected).toBeGreaterThan(0);
  expect(year.report.bank.returned).toBeGreaterThan(0);
  expect(year.report.bank.unknownResolved).toBeGreaterThan(0);
  expect(year.report.bank.doubleAckIgnored).toBeGreaterThan(0);
}, 300_000);

it('agrees with the auditor on the first quarter of the sample county', async () => {
  if (!existsSync(COUNTY)) return console.info(`skipped: no sample county at ${COUNTY}`);
  const lines = readFileSync(join(COUNTY, 'feed.ndjson'), 'utf8').split('\n');
  const feedLines = lines.filter((line) => (/"inf_time":"([^"]+)"/.exec(line)?.[1] ?? '') < '2025-02-15');
  expectTrue(await playYear({ rosterCsv: readFileSync(join(COUNTY, 'roster.csv'), 'utf8'), feedLines }, REDIS), expect);
}, 300_000);
