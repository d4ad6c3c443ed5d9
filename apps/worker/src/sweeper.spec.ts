import type { Due } from '@app/claims';
import { readConfig } from '@app/platform';
import { expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import type { DueWork } from './due-work.js';
import { Sweeper } from './sweeper.js';

const config = readConfig({
  DATABASE_URL: 'postgres://none',
  HUBAO_MASTER_KEY: Buffer.alloc(32).toString('base64'),
  SWEEP_EVERY_MS: '50',
});
const due = (queue: Due['wakeUp']['queue'], command: string, count: number): Due => ({ wakeUp: { queue, command, ids: [] }, count });

it('wakes what two looks find unchanged, whatever another queue has under the same name', async () => {
  const woken: string[] = [];
  const looked = new EventEmitter();
  let looks = 0;
  const dueWork = {
    look: () => {
      looks++;
      looked.emit('again');
      return Promise.resolve([due('contribution', 'refund', 5), due('join', 'refund', 2), due('join', 'look', looks)]);
    },
    wake: (all: readonly Due[]) => Promise.resolve(void woken.push(...all.map(({ wakeUp }) => `${wakeUp.queue}/${wakeUp.command}`))),
  };
  const sweeper = new Sweeper(dueWork as unknown as DueWork, config);
  await sweeper.onApplicationBootstrap();
  // All of it at the start.
  expect(woken.splice(0)).toEqual(['contribution/refund', 'join/refund', 'join/look']);
  await once(looked, 'again');
  await sweeper.onApplicationShutdown();
  expect(woken.slice(0, 2)).toEqual(['contribution/refund', 'join/refund']);
  expect(woken).not.toContain('join/look');
});
