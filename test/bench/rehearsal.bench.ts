/**
 * A rehearsal of an 80,000-claim book against the same reading with no rule at all: the file streamed, each line parsed, what was paid added up,
 * one result written. Ours also decides every claim under the new plan, and writes the result, the two tables and the page.
 */
import {
  addAccumulators,
  calculateAmounts,
  largestChangesCsv,
  loadPlan,
  rehearsalPage,
  rehearse,
  unitsCsv,
  type Accumulators,
  type BookEntry,
  type BookHeader,
  type CompiledPlan,
  type Facts,
} from '@app/benefits';
import { addDays, civilDate, fen } from '@app/kernel';
import { createReadStream, createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { median, type Measured } from './measure.js';

const CLAIMS = 80_000;
const MEMBERS = 60_000;
const UNITS = 327; // as in the county of ../shared
const RUNS = 5;
const LIMIT = 1.5;
const PIECE = 256 * 1024;

export async function rehearsalBench(): Promise<Measured[]> {
  const directory = mkdtempSync(join(tmpdir(), 'hubao-rehearsal-'));
  try {
    const book = join(directory, 'book.ndjson');
    const paidFen = await writeBook(book, CLAIMS);
    const plan = loadPlan('guangxi-1-2025', { 'duties.medical.base': 'B2' });
    const floor: number[] = [];
    const own: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      floor.push(await measure(() => runFloor(book, directory), paidFen));
      own.push(await measure(() => runOwn(book, directory, plan), paidFen));
    }
    const [floorMs, ownMs] = [median(floor), median(own)];
    return [{ name: `rehearsal of a book of ${CLAIMS} claims`, floorMs, ownMs, ratio: ownMs / floorMs, limit: LIMIT }];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(run: () => Promise<number>, expectedFen: number): Promise<number> {
  const start = performance.now();
  const foundFen = await run();
  const took = performance.now() - start;
  if (foundFen !== expectedFen) throw new Error(`expected ${expectedFen} fen in the book, found ${foundFen}`);
  return took;
}

const open = (book: string): AsyncIterable<string> => createReadStream(book, { encoding: 'utf8', highWaterMark: PIECE });

async function runFloor(book: string, directory: string): Promise<number> {
  let [claims, paidFen] = [-1, 0];
  let rest = '';
  for await (const piece of open(book)) {
    const text = rest + piece;
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      const entry = JSON.parse(text.slice(from, to)) as Partial<BookEntry>;
      claims += 1;
      paidFen += entry.paid?.benefitFen ?? 0;
      from = to + 1;
    }
    rest = text.slice(from);
  }
  writeFileSync(join(directory, 'floor.json'), JSON.stringify({ claims, paidFen }));
  return paidFen;
}

async function runOwn(book: string, directory: string, plan: CompiledPlan): Promise<number> {
  const result = await rehearse(open(book), plan);
  writeFileSync(join(directory, 'rehearsal.json'), JSON.stringify(result, null, 2));
  writeFileSync(join(directory, 'units.csv'), unitsCsv(result));
  writeFileSync(join(directory, 'largest-changes.csv'), largestChangesCsv(result));
  writeFileSync(join(directory, 'rehearsal.html'), await rehearsalPage(result));
  return result.total.beforeFen;
}

/** A year under the plan as it stands; some members come back three times. Answers what was paid. */
async function writeBook(path: string, claims: number): Promise<number> {
  const plan = loadPlan('guangxi-1-2025');
  const header: BookHeader = {
    book: 1,
    plan: plan.id,
    version: plan.version,
    hash: plan.hash,
    coverFrom: plan.coverFrom,
    coverTo: plan.coverTo,
    members: claims * 8,
    contributionsFen: fen(claims * 8 * 10_000),
  };
  let sumFen = 0;
  function* lines(): Generator<string> {
    yield `${JSON.stringify(header)}\n`;
    let used: Accumulators = {};
    let last = -1;
    for (let i = 0; i < claims; i++) {
      const member = Math.trunc((i * MEMBERS) / CLAIMS);
      if (member !== last) used = {};
      last = member;
      const facts = factsOf(i);
      const { benefitFen, reason, capped, changes } = calculateAmounts(facts, used, plan);
      used = addAccumulators(used, changes);
      sumFen += benefitFen;
      const entry: BookEntry = {
        member: `m${String(member).padStart(31, '0')}`,
        unit: `宾山县第${(member * 7919) % UNITS}基层工会委员会`,
        claim: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
        age: 20 + (member % 45),
        facts,
        paid: { benefitFen, reason, capped },
      };
      yield `${JSON.stringify(entry)}\n`;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
  return sumFen;
}

const COVER_FROM = civilDate('2025-01-01');

function factsOf(i: number): Facts {
  const admissionOn = addDays(COVER_FROM, (i * 31) % 340);
  const dischargeOn = addDays(admissionOn, 1 + (i % 12));
  const ownFen = (i * 7919) % 3_000_000;
  return {
    medType: '21',
    admissionOn,
    dischargeOn,
    acceptedOn: addDays(dischargeOn, i % 130),
    coverFrom: COVER_FROM,
    coverTo: civilDate('2025-12-31'),
    amounts: {
      medfee_sumamt: fen(5_000_000 + ownFen),
      inscp_scp_amt: fen(4_000_000 + ownFen),
      fund_pay_sumamt: fen(4_000_000),
      psn_part_amt: fen(ownFen + 120_000),
      fulamt_ownpay_amt: fen(50_000),
    },
    hospitalLevel: 1 + (i % 3),
    elsewhere: i % 9 === 0,
    insutype: '310',
    psnType: i % 4 === 0 ? '12' : '11',
    enrolmentKind: 'renewal',
    enrolledOn: COVER_FROM,
    consecutivePeriods: 3,
  };
}
