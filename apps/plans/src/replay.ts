/** `npm run replay`: makes every stored decision again and says whether any comes out otherwise. */
import { isSound } from '@app/claims';
import { readArguments, run } from './command.js';
import { replayText } from './replay-text.js';
import { withStoredClaims } from './stored-claims.js';

const HELP = `npm run replay [-- --plan ID]

  --plan ID   only decisions under this plan

Reads DATABASE_URL and HUBAO_MASTER_KEY. Ends with status 1 when a decision differs in a byte, or a plan is not known.`;

const { values } = readArguments({ options: { plan: { type: 'string' }, help: { type: 'boolean', default: false } } } as const, HELP);

await run(async () => {
  const report = await withStoredClaims(({ replay }) => replay.replay(values.plan));
  console.log(replayText(report));
  if (!isSound(report)) process.exitCode = 1;
});
