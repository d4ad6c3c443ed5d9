/** `npm run book`: the claims of an installation as a file that plans can be rehearsed on. */
import { DEFAULT_PLAN_ID } from '@app/claims';
import { fail, readArguments, run, typedPath } from './command.js';
import { withStoredClaims } from './stored-claims.js';
import { writeBook } from './write-book.js';

const HELP = `npm run book -- --out FILE [--plan ID]

  --out FILE   where the book goes: the header, then a claim a line (NDJSON)
  --plan ID    the plan that the claims were decided under (default ${DEFAULT_PLAN_ID})

Reads DATABASE_URL and HUBAO_MASTER_KEY. The book names no person, but whoever has the database can find them by the ids in it.`;

const { values } = readArguments(
  {
    options: {
      out: { type: 'string' },
      plan: { type: 'string', default: DEFAULT_PLAN_ID },
      help: { type: 'boolean', default: false },
    },
  } as const,
  HELP,
);

await run(async () => {
  const { out, plan } = values;
  if (out === undefined) return fail(`--out: expected a file, found nothing; name one\n\n${HELP}`);
  const claims = await withStoredClaims(({ book }) => writeBook(book, typedPath(out), plan));
  console.log(`${claims} claims under ${plan} in ${out}`);
});
