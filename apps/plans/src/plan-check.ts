/** `npm run -s plan:check FILE ...`: everything that is wrong with plan files, and what a sound one says, for the person who writes it. */
import { parsePlan, PlanInvalid, problemText, type CompiledPlan } from '@app/benefits';
import { fail, readArguments, readText, run } from './command.js';

const HELP = `npm run -s plan:check -- FILE [FILE ...]

Reads plan files strictly and lists every problem with its line, what was expected, what was found and what to do.
Ends with status 1 when there is any.`;

const { positionals } = readArguments({ options: { help: { type: 'boolean', default: false } }, allowPositionals: true } as const, HELP);
if (positionals.length === 0) fail(`expected at least one file\n\n${HELP}`);

await run(() => {
  for (const file of positionals) {
    try {
      console.log(summaryOf(file, parsePlan(readText('plan', file), file)));
    } catch (error) {
      if (!(error instanceof PlanInvalid)) throw error;
      for (const problem of error.problems) console.error(problemText(file, problem));
      process.exitCode = 1;
    }
  }
});

function summaryOf(file: string, plan: CompiledPlan): string {
  const interpreted = Object.entries(plan.clauses).filter(([, ground]) => ground.interpreted !== undefined);
  return [
    `${file}: sound`,
    `  ${plan.id}, version ${plan.version}: ${plan.title.zh} / ${plan.title.en}`,
    `  cover ${plan.coverFrom} to ${plan.coverTo}, in force from ${plan.effectiveOn}, sha256 ${plan.hash}`,
    `  duties: ${plan.duties.map(({ id, kind }) => `${id} (${kind})`).join(', ')}`,
    `  accumulators: ${plan.accumulators.join(', ') || 'none'}`,
    `  ${Object.keys(plan.clauses).length - interpreted.length} values are printed in a source, ${interpreted.length} are interpreted:`,
    ...interpreted.map(([path]) => `    ${path}`),
  ].join('\n');
}
