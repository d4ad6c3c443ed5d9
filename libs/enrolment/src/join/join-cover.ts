import { assert } from '@app/kernel';
import type { Transaction } from '@app/platform';
import { startJoinedCovers } from '../cover/cover.repository.js';
import type { Application } from './join.repository.js';

/** For members who are enrolled by {@link enrolJoined}; in a window that asks, underwriting starts the cover when they have passed. */
export async function coverJoined(tx: Transaction, enrolled: readonly Application[], at: Date): Promise<void> {
  const units = await startJoinedCovers(
    tx,
    enrolled.map(({ memberId, periodId, id }) => ({ memberId, periodId, joinId: id })),
    at,
  );
  const done = units.reduce((sum, { started, heldBack }) => sum + started + heldBack, 0);
  assert(done === enrolled.length, `${enrolled.length} covers were to be started or held back, ${done} are`);
}
