import type { RehearsalProgress, RehearsalService } from '@app/claims';
import { expect, it, jest } from '@jest/globals';
import { RehearsalController } from './rehearsal.controller.js';

const at = (state: RehearsalProgress['state'], claimsDone: number): RehearsalProgress => ({
  state,
  claimsDone,
  claimsTotal: 9,
  failure: null,
});

/** A rehearsal that goes one step on with each look, and the looks that were made. */
function watched(steps: readonly RehearsalProgress[]) {
  const look = jest.fn(() => Promise.resolve(steps[Math.min(look.mock.calls.length, steps.length) - 1]!));
  return { look, controller: new RehearsalController({ progress: look } as unknown as RehearsalService) };
}

const follow = async (controller: RehearsalController) => {
  const seen: RehearsalProgress[] = [];
  let ended = false;
  const subscription = (await controller.events('id')).subscribe({ next: ({ data }) => seen.push(data), complete: () => (ended = true) });
  return { seen, subscription, ended: () => ended };
};

it('progress is told until the end, and then nothing looks any more', async () => {
  jest.useFakeTimers();
  const { look, controller } = watched([at('waiting', 0), at('running', 3), at('done', 9)]);
  const { seen, ended } = await follow(controller);
  await jest.advanceTimersByTimeAsync(5_000);
  expect(seen.map(({ claimsDone }) => claimsDone)).toEqual([0, 3, 9]);
  expect([ended(), look.mock.calls.length, jest.getTimerCount()]).toEqual([true, 3, 0]);
});

it('of a rehearsal that has ended is told once', async () => {
  jest.useFakeTimers();
  const { seen, ended } = await follow(watched([at('failed', 2)]).controller);
  expect([seen.length, ended(), jest.getTimerCount()]).toEqual([1, true, 0]);
});

it('who goes away leaves no timer behind', async () => {
  jest.useFakeTimers();
  const { look, controller } = watched([at('running', 1)]);
  const { subscription, seen } = await follow(controller);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(seen).toHaveLength(4);
  subscription.unsubscribe();
  await jest.advanceTimersByTimeAsync(5_000);
  expect([look.mock.calls.length, jest.getTimerCount()]).toEqual([4, 0]);
});

it('a server that ends does not wait for it', async () => {
  jest.useFakeTimers();
  const { controller } = watched([at('running', 1)]);
  const { ended } = await follow(controller);
  controller.beforeApplicationShutdown();
  expect([ended(), jest.getTimerCount()]).toEqual([true, 0]);
});
