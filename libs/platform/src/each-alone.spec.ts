import { DomainError } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { eachAlone } from './each-alone.js';

const refused = new DomainError('refused-by-party', 'conflict', 'expected yes, found no');
const silent = new DomainError('no-answer', 'unavailable', 'expected an answer, found none');
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

  it.each([silent, gone])('leaves the rest where it would fail as well: %s', async (error) => {
    expect(await run(new Map([[2, error]]))).toEqual({ done: [1], thrown: error });
  });
});
