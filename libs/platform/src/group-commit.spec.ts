import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FirstComeFirstServed, GroupCommit, answerLater, type Answered } from './group-commit.js';

interface Entry extends Answered<number> {
  readonly value: number;
  readonly outcome: Promise<number>;
}
const entry = (value: number): Entry => ({ value, ...answerLater<number>() });
const away = Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });

/** Writes take a while, fail where one of the set is bad, and keep what they wrote. */
function commit(most: number, bad: ReadonlySet<number>) {
  const written: number[] = [];
  const sets: number[][] = [];
  const group = new GroupCommit<Entry, number>(
    new FirstComeFirstServed(),
    async (set) => {
      sets.push(set.map(({ value }) => value));
      await new Promise(setImmediate);
      if (set.some(({ value }) => bad.has(value))) throw new Error('bad');
      written.push(...set.map(({ value }) => value));
      return set.map(({ value }) => value * 2);
    },
    { most },
  );
  return { group, written, sets };
}

describe('group commit', () => {
  it('answers everybody with their own outcome after their write, and one that fails fails alone', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(1_000), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 12 }),
        async (values, most, pause) => {
          const bad = new Set(values.filter((value) => value % 7 === 0));
          const { group, written, sets } = commit(most, bad);
          const answers: Promise<unknown>[] = [];
          for (const [i, value] of values.entries()) {
            const one = entry(value);
            group.add(one);
            answers.push(
              one.outcome.then(
                (outcome) => ({ value, outcome, written: written.includes(value) }),
                (error: Error) => ({ value, error: error.message }),
              ),
            );
            if (pause > 0 && i % pause === 0) await new Promise(setImmediate);
          }
          expect(await Promise.all(answers)).toEqual(
            values.map((value) => (bad.has(value) ? { value, error: 'bad' } : { value, outcome: value * 2, written: true })),
          );
          expect(written).toEqual(values.filter((value) => !bad.has(value)));
          expect(sets.every((set) => set.length <= most)).toBe(true);
        },
      ),
    );
  });

  it('writes together what came while a set was being written', async () => {
    const { group, sets } = commit(10, new Set());
    const all = [1, 2, 3, 4, 5].map(entry);
    group.add(all[0]!);
    await new Promise(setImmediate);
    for (const one of all.slice(1)) group.add(one);
    await Promise.all(all.map(({ outcome }) => outcome));
    expect(sets).toEqual([[1], [2, 3, 4, 5]]);
  });

  it('does not halve a set where the database is away', async () => {
    let writes = 0;
    const group = new GroupCommit<Entry, number>(
      new FirstComeFirstServed(),
      () => {
        writes++;
        return Promise.reject(away);
      },
      { most: 100 },
    );
    const all = Array.from({ length: 50 }, (_, i) => entry(i));
    for (const one of all) group.add(one);
    const ended = await Promise.allSettled(all.map(({ outcome }) => outcome));
    expect(new Set(ended.map((one) => one.status === 'rejected' && one.reason))).toEqual(new Set([away]));
    expect(writes).toBe(1);
  });

  it('tells when it has caught up, at once where it has', async () => {
    const { group, sets } = commit(2, new Set([4]));
    await group.untilWaiting(0);
    for (let i = 0; i < 9; i++) group.add(entry(i));
    await group.untilWaiting(9);
    expect(sets).toHaveLength(0);
    await group.untilWaiting(3);
    // What is being written waits no more.
    expect(sets).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    await group.untilWaiting(0);
    await group.rest();
    // The set with the one that fails was written again by halves.
    expect(sets.slice(3)).toEqual([[4], [5], [6, 7], [8]]);
  });
});
