import { assert } from '@app/kernel';
import type { Transaction } from '@app/platform';
import { startJoinedCovers } from '../cover/cover.repository.js';
import { addEnrolled } from '../window/enrolment-count.repository.js';
import type { Application } from './join.repository.js';

/** For members who are enrolled by {@link enrolJoined}; in a window that asks, underwriting starts the cover when they have passed. */
export async function coverJoined(tx: Transaction, enrolled: readonly Application[], at: Date): Promise<void> {
  const { started, heldBack } = await startJoinedCovers(
    tx,
    enrolled.map(({ memberId, periodId, id }) => ({ memberId, periodId, joinId: id })),
    at,
  );
  assert(started + heldBack === enrolled.length, `${enrolled.length} covers were to be started or held back, ${started + heldBack} are`);
}

/** The last statement of the transaction. */
export async function countJoined(tx: Transaction, enrolled: readonly Application[]): Promise<void> {
  const byWindow = new Map<string, Map<string, number>>();
  for (const { windowId, unitId } of enrolled) {
    const byUnit = byWindow.get(windowId) ?? new Map<string, number>();
    byWindow.set(windowId, byUnit.set(unitId, (byUnit.get(unitId) ?? 0) + 1));
  }
  // In one order, like every lock.
  for (const [windowId, byUnit] of [...byWindow].sort(([a], [b]) => (a < b ? -1 : 1))) await addEnrolled(tx, windowId, byUnit);
}
