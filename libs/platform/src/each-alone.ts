/** Work on many things that have nothing to do with each other but the party that is asked about each. */
import { DomainError } from '@app/kernel';
import { isAway } from './database.js';

/** Silence, and too many calls, are said of all that is asked of the party. */
const OF_PARTY: ReadonlySet<string> = new Set(['no-answer', 'too-many-calls']);
export const isOfParty = (error: unknown): boolean => error instanceof DomainError && OF_PARTY.has(error.code);

type Work<T> = (one: T) => Promise<unknown>;

/**
 * One after the other; what fails for one holds up no other. Where the database is away, or a failure is one `forAll`, the rest would fail as well
 * and is left for later. Throws the first failure.
 */
export async function eachAlone<T>(all: Iterable<T>, work: Work<T>, forAll = isOfParty): Promise<void> {
  const failures: unknown[] = [];
  await tryEach(all, work, forAll, (_one, error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** {@link eachAlone}, in rounds of up to `size` until nothing is due; what failed and stays due is tried once. `keyOf`: the same for the same thing. */
export async function eachDue<T>(
  due: (most: number) => Promise<readonly T[]>,
  work: Work<T>,
  { size, keyOf }: { readonly size: number; readonly keyOf: (one: T) => string },
): Promise<void> {
  const failures = new Map<string, unknown>();
  for (let goesOn = true; goesOn;) {
    const round = (await due(size + failures.size)).filter((one) => !failures.has(keyOf(one)));
    goesOn = round.length > 0 && (await tryEach(round, work, isOfParty, (one, error) => failures.set(keyOf(one), error)));
  }
  for (const failure of failures.values()) throw failure;
}

/** False when the rest was left. */
async function tryEach<T>(
  all: Iterable<T>,
  work: Work<T>,
  forAll: (error: unknown) => boolean,
  failed: (one: T, error: unknown) => void,
): Promise<boolean> {
  for (const one of all) {
    try {
      await work(one);
    } catch (error) {
      failed(one, error);
      if (isAway(error) || forAll(error)) return false;
    }
  }
  return true;
}
