/** Work on many things that have nothing to do with each other but the party that is asked about each. */
import { DomainError } from '@app/kernel';
import { isAway } from './database.js';

const isSilence = (error: unknown): boolean => error instanceof DomainError && error.code === 'no-answer';

/**
 * One after the other; what fails for one holds up no other. Where the database is away, or a failure is one `forAll`, the rest would fail as well
 * and is left for later. Throws the first failure.
 */
export async function eachAlone<T>(all: Iterable<T>, work: (one: T) => Promise<unknown>, forAll = isSilence): Promise<void> {
  const failures: unknown[] = [];
  for (const one of all) {
    try {
      await work(one);
    } catch (error) {
      failures.push(error);
      if (isAway(error) || forAll(error)) break;
    }
  }
  if (failures.length > 0) throw failures[0];
}
