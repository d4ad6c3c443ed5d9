/** `npm run -s quote`: what a plan would pay for a case, as one JSON object. */
import { quoteCase, renderTrace, type TraceAudience, type TraceLanguage } from '@app/benefits';
import { DomainError } from '@app/kernel';
import { parse } from 'yaml';
import { readArguments, readPlan, readSelection, readText, run } from './command.js';

const HELP = `npm run -s quote -- --plan ID_OR_FILE --case FILE_OR_- [--select PATH=ANSWER ...] [--explain AUDIENCE [--language zh|en]]

  --plan ID_OR_FILE      a plan of the library by its id, or the path of a plan file
  --case FILE_OR_-       a case in JSON or YAML, "-" for the standard input; docs/PLANS.md describes it
  --select PATH=ANSWER   another answer where the plan lists options, such as duties.medical.bands_on=base
  --explain AUDIENCE     instead of the JSON object the trace in words, for a member, an officer or an auditor
  --language zh|en       of these words (default zh)

Amounts in the case are yuan, in the answer fen.`;

const { values } = readArguments(
  {
    options: {
      plan: { type: 'string' },
      case: { type: 'string' },
      select: { type: 'string', multiple: true, default: [] },
      explain: { type: 'string' },
      language: { type: 'string', default: 'zh' },
      help: { type: 'boolean', default: false },
    },
  } as const,
  HELP,
);

await run(() => {
  if (values.plan === undefined || values.case === undefined)
    throw new DomainError(
      'arguments',
      'invalid',
      `expected --plan and --case, found ${(values.plan ?? values.case) ? 'one of them' : 'neither'}\n\n${HELP}`,
    );
  const plan = readPlan(values.plan, readSelection(values.select));
  const quote = quoteCase(readCaseText(readText('case', values.case)), plan, values.case === '-' ? 'the case' : values.case);
  if (values.explain === undefined) return console.log(JSON.stringify(quote, null, 2));
  const audience = oneOf<TraceAudience>('explain', values.explain, ['member', 'officer', 'auditor']);
  const language = oneOf<TraceLanguage>('language', values.language, ['zh', 'en']);
  for (const { trace } of quote.stays ?? [{ trace: quote.trace! }]) console.log(renderTrace(trace, plan, audience, language));
});

function readCaseText(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new DomainError(
      'case-invalid',
      'invalid',
      `${values.case}: expected JSON or YAML, found ${(error as Error).message}; correct the text`,
    );
  }
}

function oneOf<T extends string>(option: string, found: string, known: readonly T[]): T {
  const value = known.find((one) => one === found);
  if (value) return value;
  throw new DomainError('arguments', 'invalid', `--${option}: expected one of ${known.join(', ')}, found "${found}"; choose one of them`);
}
