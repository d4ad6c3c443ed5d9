/** `npm run rehearse`: what a plan would have paid on a book of past claims, against what was paid. */
import { largestChangesCsv, rehearsalPage, rehearse, unitsCsv, type Rehearsal } from '@app/benefits';
import { DomainError, formatYuan, type Fen } from '@app/kernel';
import { createReadStream, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, readArguments, readPlan, readSelection, run, typedPath } from './command.js';

const HELP = `npm run rehearse -- --plan ID_OR_FILE --against BOOK [--select PATH=ANSWER ...] [--out DIR]

  --plan ID_OR_FILE      a plan of the library by its id, or the path of a plan file
  --against BOOK         the accepted claims of a year, as the engine exports them (NDJSON)
  --select PATH=ANSWER   another answer where the plan lists options, such as duties.medical.bands_on=base
  --out DIR              where the result goes; ./rehearsal-<plan id> if not given

Writes rehearsal.html, rehearsal.json (in fen), units.csv and largest-changes.csv; the totals are also printed, in yuan.`;

/** Large enough that waiting for the disk does not show. */
const PIECE_BYTES = 256 * 1024;

const { values } = readArguments(
  {
    options: {
      plan: { type: 'string' },
      against: { type: 'string' },
      select: { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  } as const,
  HELP,
);

/** Of the progress line, so that each figure is written once. */
let shown = '';

await run(async () => {
  if (values.plan === undefined || values.against === undefined)
    throw new DomainError(
      'arguments',
      'invalid',
      `expected --plan and --against, found ${(values.plan ?? values.against) ? 'one of them' : 'neither'}\n\n${HELP}`,
    );
  const plan = readPlan(values.plan, readSelection(values.select));
  const book = typedPath(values.against);
  const file = statSync(book, { throwIfNoEntry: false });
  if (!file?.isFile()) fail(`--against: expected a file, found ${file ? 'something else' : 'nothing'} at ${book}; check the path`);

  const stream = createReadStream(book, { encoding: 'utf8', highWaterMark: PIECE_BYTES });
  const result = await rehearse(stream, plan, (claims) => showProgress(claims, stream.bytesRead, file.size)).finally(endProgress);
  const directory = typedPath(values.out ?? `rehearsal-${plan.id}`);
  mkdirSync(directory, { recursive: true });
  const texts = {
    'rehearsal.html': await rehearsalPage(result),
    'rehearsal.json': `${JSON.stringify(result, null, 2)}\n`,
    'units.csv': unitsCsv(result),
    'largest-changes.csv': largestChangesCsv(result),
  };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(directory, name), text);
  console.log(totals(result));
  console.log(`\nwritten to ${directory}: ${Object.keys(texts).join(', ')}`);
});

/** One line that is written over, on a screen only. */
function showProgress(claims: number, bytes: number, size: number): void {
  const text = `${Math.trunc((bytes * 100) / size)} %`;
  if (!process.stderr.isTTY || text === shown) return;
  shown = text;
  process.stderr.write(`\r${text.padStart(5)}  ${grouped(String(claims))} claims`);
}

function endProgress(): void {
  if (shown !== '') process.stderr.write('\n');
}

function totals({ plan, against, claims, members, total, paidClaims, capExhausted, fund, winners, losers, unchanged }: Rehearsal): string {
  const money = (before: Fen, after: Fen): string[] => [before, after, after - before].map((amount) => yuan(amount as Fen));
  const counts = ({ before, after }: { before: number; after: number }): string[] =>
    [before, after, after - before].map((count) => grouped(String(count)));
  const rows = [
    ['', 'before', 'after', 'change'],
    ['benefits, yuan', ...money(total.beforeFen, total.afterFen)],
    ['claims paid', ...counts(paidClaims)],
    ['members at a cap', ...counts(capExhausted)],
    ['balance of the fund, yuan', ...money(fund.balanceBeforeFen, fund.balanceAfterFen)],
  ];
  return [
    `${plan.id} v${plan.version} on the book of ${against.plan} v${against.version}, ${against.coverFrom} to ${against.coverTo}: ` +
      `${grouped(String(claims))} claims of ${grouped(String(members))} members`,
    ...rows.map(([name, ...cells]) => `${name!.padEnd(26)}${cells.map((cell) => cell.padStart(20)).join('')}`),
    `members who get more: ${grouped(String(winners.members))} (${yuan(winners.fen)} yuan), ` +
      `less: ${grouped(String(losers.members))} (${yuan(losers.fen)} yuan), the same: ${grouped(String(unchanged.members))}`,
  ].join('\n');
}

/** Commas between thousands, before the point. */
function grouped(digits: string): string {
  const [whole, part] = digits.split('.') as [string, string?];
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part === undefined ? '' : `.${part}`);
}

function yuan(amount: Fen): string {
  return grouped(formatYuan(amount));
}
