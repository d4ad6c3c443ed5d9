/** What the commands of a plan's author share: where files are, which plan is meant, how a failure ends. */
import { loadPlan, parsePlan, type CompiledPlan, type Selection } from '@app/benefits';
import { DomainError } from '@app/kernel';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** A path as the person typed it: npm runs a program in the repository, wherever they stand. */
export const typedPath = (path: string): string => resolve(process.env.INIT_CWD ?? '.', path);

export function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

/** The options, or the end of the program with the help. */
export function readArguments<T extends ParseArgsConfig>(config: T, help: string): ReturnType<typeof parseArgs<T>> {
  try {
    const read = parseArgs(config);
    if (!('help' in read.values) || !read.values.help) return read;
  } catch (error) {
    fail(`${(error as Error).message}\n\n${help}`);
  }
  console.log(help);
  process.exit(0);
}

/** Runs a command; a failure ends it with one line and status 1. */
export async function run(command: () => void | Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** The text of a file, or of the standard input for "-". */
export function readText(name: string, typed: string): string {
  if (typed === '-') return readFileSync(0, 'utf8');
  const path = typedPath(typed);
  if (!existsSync(path)) fail(`--${name}: expected a file, found nothing at ${path}; check the path`);
  return readFileSync(path, 'utf8');
}

/** A plan of the library by its id, or any plan by the path of its file. */
export function readPlan(idOrFile: string, selection: Selection): CompiledPlan {
  if (!/[./\\]/.test(idOrFile) && !existsSync(typedPath(idOrFile))) return loadPlan(idOrFile, selection);
  return parsePlan(readText('plan', idOrFile), idOrFile, selection);
}

/** `--select path=answer`, more than once. */
export function readSelection(texts: readonly string[]): Selection {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) fail(`--select: expected path=answer, found "${text}"; write for instance --select duties.medical.bands_on=base`);
      const answer = text.slice(at + 1);
      return [text.slice(0, at), /^\d+$/.test(answer) ? Number(answer) : answer];
    }),
  );
}
