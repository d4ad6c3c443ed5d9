/** `npm run demo`: a county's year from the hospital's bill to the money in the account, on one machine. See README. */
import { isSound, type ClaimView } from '@app/claims';
import { startEmbeddedPostgres } from '@app/platform';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { replayText } from '../../plans/src/replay-text.js';
import { writeBook } from '../../plans/src/write-book.js';
import { generateCounty } from '../../simulators/src/index.js';
import { Conductor, YEAR } from './conductor.js';
import { People } from './people.js';
import { Progress } from './progress.js';
import { rosterPeople } from './roster-people.js';
import { summarise } from './summary.js';
import { builtWorker, startSystem } from './system.js';
import { chinaInstant, DomainError } from '@app/kernel';

const started = performance.now();
const REPOSITORY = resolve(import.meta.dirname, '../../../..');
const HELP = `npm run demo -- [--roster FILE --feed FILE] [--report OUT.json] [--book OUT.ndjson] [--replay] [--exit] [--keep] [--seed N] [--worker-process] [--port N]

  --roster FILE      a roster CSV instead of the built-in county's
  --feed FILE        the settlement feed, one JSON message a line
  --report OUT.json  writes the settlement report
  --book OUT.ndjson  writes the claims as a book that plans can be rehearsed on
  --replay           makes every decision again, and ends with status 1 when one comes out otherwise
  --exit             ends after the report instead of staying up
  --keep             shows the year that was played last, from its data, instead of playing one
  --seed N           another built-in county
  --worker-process   runs the worker as a process of its own
  --serve            starts everything on the wall clock and plays nothing (npm run dev)
  --port N           port of the claims service; the enrolment service takes the next one (default 3000)`;

const OPTIONS = {
  roster: { type: 'string' },
  feed: { type: 'string' },
  report: { type: 'string' },
  book: { type: 'string' },
  replay: { type: 'boolean', default: false },
  exit: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  seed: { type: 'string', default: '2025' },
  serve: { type: 'boolean', default: false },
  'worker-process': { type: 'boolean', default: false },
  port: { type: 'string', default: '3000' },
  help: { type: 'boolean', default: false },
} as const;

function fail(message: string): never {
  console.error(`${message}\n\n${HELP}`);
  process.exit(2);
}

/** A path as the person typed it: npm runs this program in the repository, wherever they stand. */
const typedPath = (path: string): string => resolve(process.env.INIT_CWD ?? '.', path);

function readInput(name: string, typed: string): string {
  const path = typedPath(typed);
  if (!existsSync(path)) fail(`--${name}: expected a file, found nothing at ${path}; check the path`);
  return readFileSync(path, 'utf8');
}

function readOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

const options = readOptions();
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
if ((options.roster === undefined) !== (options.feed === undefined)) fail('--roster and --feed: expected both or neither');
const seed = Number(options.seed);
if (!Number.isSafeInteger(seed)) fail(`--seed: expected a whole number, found "${options.seed}"`);
const port = Number(options.port);
if (!Number.isInteger(port) || port < 0 || port > 65_000) fail(`--port: expected 0 to 65000, found "${options.port}"`);

const progress = new Progress(process.stdout);
const county = options.serve || options.roster ? undefined : generateCounty({ seed });
const csv = options.roster ? readInput('roster', options.roster) : (county?.rosterCsv ?? '');
const lines = options.feed ? readInput('feed', options.feed).split(/\r?\n/) : (county?.feedLines ?? []);

const data = join(REPOSITORY, '.data');
mkdirSync(data, { recursive: true });
const name = options.serve ? 'dev' : 'demo';
const [keyFile, clockFile, endedFile] = ['key', 'clock', 'ended'].map((suffix) => join(data, `${name}.${suffix}`)) as [
  string,
  string,
  string,
];
/** Only a year that was played to its end can be shown again: the simulators forget. */
const kept = options.keep && existsSync(endedFile);
if (options.keep && !kept) progress.stage('keep', 'no year was played to its end before: starting clean');
if (!kept) rmSync(endedFile, { force: true });
// The demo's county need not survive a power cut; its commits are as atomic as ever, they only do not wait for the disk.
const settings: Record<string, string> = options.serve ? {} : { synchronous_commit: 'off' };
const postgres = await startEmbeddedPostgres({ dataDirectory: join(data, name), keep: kept, settings });
// The key belongs to the data: without it nothing that was sealed can be read again.
const masterKey = kept ? readFileSync(keyFile, 'utf8') : randomBytes(32).toString('base64');
writeFileSync(keyFile, masterKey, { mode: 0o600 });

const system = await startSystem({
  databaseUrl: postgres.url,
  ...(process.env.REDIS_URL ? { redisUrl: process.env.REDIS_URL } : {}),
  ...(options.serve ? {} : { clockFile, kept, startAt: chinaInstant(YEAR.opensOn) }),
  masterKey,
  feed: { source: encodeURIComponent(options.feed ? basename(options.feed) : 'built-in-county'), lines },
  worker: options['worker-process'] ? { main: builtWorker(REPOSITORY) } : 'inside',
  sweepEveryMs: 250,
  port: options.exit ? 0 : port,
}).catch(async (error: unknown) => {
  await postgres.stop();
  if (!(error instanceof DomainError)) throw error;
  console.error(`${error.message}${kept ? '; or leave out --keep' : ''}`);
  process.exit(2);
});

let stopping: Promise<void> | undefined;
const stop = (code: number): Promise<void> =>
  (stopping ??= (async () => {
    progress.end();
    await system.stop();
    await postgres.stop();
    process.exit(code);
  })());
process.once('SIGINT', () => void stop(0));
process.once('SIGTERM', () => void stop(0));

try {
  progress.stage(
    'started',
    `PostgreSQL on port ${postgres.port}, services, worker and simulators in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
  if (options.serve) {
    console.log(
      `\nclaims    ${system.urls.claims}/docs\nenrolment ${system.urls.enrolment}/docs\nlog in as ${system.administrator.login} with ${system.administrator.password}; Ctrl-C ends`,
    );
  } else {
    const people = await People.hire(system, kept);
    const timings = kept
      ? { import: 0, path: 0 }
      : await new Conductor(system, people, progress).play({
          fileName: options.roster ? basename(options.roster) : 'built-in-county.csv',
          csv,
          people: rosterPeople(csv),
        });
    progress.end();
    const report = await people.report();
    const seconds = { ...timings, total: (performance.now() - started) / 1000 };
    console.log(`\nSettlement report\n${summarise(report, seconds)}\n`);
    writeFileSync(endedFile, '');
    if (options.report) writeFileSync(typedPath(options.report), `${JSON.stringify({ ...report, seconds }, null, 2)}\n`);
    if (options.book) console.log(`${await writeBook(system.book, typedPath(options.book))} claims in the book ${options.book}`);
    let sound = true;
    if (options.replay) {
      const replayed = await system.replay.replay();
      sound = isSound(replayed);
      console.log(replayText(replayed));
    }
    if (options.exit || !sound) await stop(sound ? 0 : 1);
    const { officer } = people.staff;
    const settled = (await officer.claims<ClaimView[]>('POST', '/claims/look-up', {})).find((claim) => claim.state === 'settled');
    console.log(`API documents: ${system.urls.claims}/docs and ${system.urls.enrolment}/docs
Log in at POST ${system.urls.enrolment}/login as ${Object.entries(people.passwords)
      .map(([login, password]) => `${login} (${password})`)
      .join(', ')}
Claim look-up, as the officer; then the claim's whole story, with the reason of each fen:
  TOKEN=${officer.bearer}
  curl -s ${system.urls.claims}/claims/look-up -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{"settlementId":"${settled?.settlementId ?? ''}"}'
  curl -s ${system.urls.claims}/claims/${settled?.claimId ?? ''} -H "authorization: Bearer $TOKEN"
Ctrl-C ends.`);
  }
} catch (error) {
  progress.end();
  console.error(error);
  await stop(1);
}
