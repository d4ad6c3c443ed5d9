import { assert } from '@app/kernel';
import type { Transaction } from '@app/platform';
import { startJoinedCovers } from '../cover/cover.repository.js';
import { addEnrolled } from '../window/enrolment-count.repository.js';
import { enrolJoined, type Application } from './join.repository.js';

/** Enrols and covers; whom a roster was quicker to enrol is not in what is returned. {@link countJoined} comes last in the transaction. */
export async function coverJoined(tx: Transaction, joins: readonly Application[], at: Date): Promise<Application[]> {
  const enrolled = await enrolJoined(tx, joins);
  const started = await startJoinedCovers(
    tx,
    enrolled.map(({ memberId, periodId, id }) => ({ memberId, periodId, joinId: id })),
    at,
  );
  assert(started === enrolled.length, `${enrolled.length} covers were to be started, ${started} are`);
  return enrolled;
}

export async function countJoined(tx: Transaction, enrolled: readonly Application[]): Promise<void> {
  const byWindow = new Map<string, Map<string, number>>();
  for (const { windowId, unitId } of enrolled) {
    const byUnit = byWindow.get(windowId) ?? new Map<string, number>();
    byWindow.set(windowId, byUnit.set(unitId, (byUnit.get(unitId) ?? 0) + 1));
  }
  // In one order, like every lock.
  for (const [windowId, byUnit] of [...byWindow].sort(([a], [b]) => (a < b ? -1 : 1))) await addEnrolled(tx, windowId, byUnit);
}
