import { DomainError } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { eachAlone, eachDue } from './each-alone.js';

const refused = new DomainError('refused-by-party', 'conflict', 'expected yes, found no');
const silent = new DomainError('no-answer', 'unavailable', 'expected an answer, found none');
const busy = new DomainError('too-many-calls', 'unavailable', 'expected to be accepted, found too many calls');
const gone = Object.assign(new Error('gone'), { code: '57P01' });

async function run(failures: ReadonlyMap<number, Error>): Promise<{ done: number[]; thrown: unknown }> {
  const done: number[] = [];
  const thrown = await eachAlone([1, 2, 3, 4], async (one) => {
    await Promise.resolve();
    const failure = failures.get(one);
    if (failure) throw failure;
    done.push(one);
  }).catch((error: unknown) => error);
  return { done, thrown };
}

describe('each alone', () => {
  it('goes through all', async () => {
    expect(await run(new Map())).toEqual({ done: [1, 2, 3, 4], thrown: undefined });
  });

  it('goes on after what fails, and tells the first failure', async () => {
    const bug = new TypeError('bug');
    expect(await run(new Map<number, Error>([[1, refused], [3, bug]]))).toEqual({ done: [2, 4], thrown: refused }); // prettier-ignore
  });

  it.each([silent, busy, gone])('leaves the rest where it would fail as well: %s', async (error) => {
    expect(await run(new Map([[2, error]]))).toEqual({ done: [1], thrown: error });
  });
});

describe('whatever is due', () => {
  /** In the order of their numbers, until they are done. */
  const through = async (failures: ReadonlyMap<number, Error>) => {
    const open = new Set([1, 2, 3, 4, 5, 6, 7]);
    const tried: number[] = [];
    const thrown = await eachDue(
      (most) => Promise.resolve([...open].slice(0, most)),
      (one) => {
        tried.push(one);
        const failure = failures.get(one);
        if (!failure) open.delete(one);
        return failure ? Promise.reject(failure) : Promise.resolve();
      },
      { size: 2, keyOf: String },
    ).catch((error: unknown) => error);
    return { tried, left: [...open], thrown };
  };

  it('is gone through, though a whole round fails and stays due', async () => {
    const failures = new Map([1, 2, 3].map((one) => [one, refused] as const));
    expect(await through(failures)).toEqual({ tried: [1, 2, 3, 4, 5, 6, 7], left: [1, 2, 3], thrown: refused });
  });

  it('waits where the party is silent', async () => {
    expect(await through(new Map([[3, silent]]))).toEqual({ tried: [1, 2, 3], left: [3, 4, 5, 6, 7], thrown: silent });
  });
});
