/** How a simulation is told: a world, what happens in it, its coming to rest, and what must then be true. STORIES=300 tells more; SHRINK=1 makes one that fails shorter. */
import { DomainError } from '@app/kernel';
import fc from 'fast-check';

export interface World<Step> {
  perform(step: Step): Promise<void>;
  /** Everybody answers, and the days go by until nothing moves any more. */
  rest(): Promise<void>;
  check(): Promise<void>;
  end(): Promise<void>;
}

export async function tellStories<Beginning, Step>(
  stories: fc.Arbitrary<{ beginning: Beginning; steps: Step[] }>,
  begin: (beginning: Beginning) => Promise<World<Step>>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(stories, async ({ beginning, steps }) => {
      const world = await begin(beginning);
      try {
        for (const step of steps) await world.perform(step);
        await world.rest();
        await world.check();
      } finally {
        await world.end();
      }
    }),
    { numRuns: Number(process.env.STORIES ?? 15), endOnFailure: process.env.SHRINK === undefined },
  );
}

/** Refused, or nobody answers: part of the story. Anything else is a fault of ours. */
export async function tolerated(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
  }
}
