/** When a batch may be cut, and who may check it. Pure. */
import { chinaDate, chinaInstant, isWorkingDay, type CivilDate } from '@app/kernel';

/** `released`: its payments are made, and the bank's answers take it from there. */
export type BatchState = 'made' | 'checked' | 'rejected' | 'released';

export type CutFault = 'not-a-working-day' | 'before-cut-off' | 'after-office-hours';

/** A batch is cut on a working day, from the cut-off until the office closes. */
export function batchCut(
  now: Date,
  hours: { readonly batchCut: string; readonly officeCloses: string },
): { readonly on: CivilDate } | { readonly notDue: CutFault } {
  const on = chinaDate(now);
  if (!isWorkingDay(on)) return { notDue: 'not-a-working-day' };
  if (now < chinaInstant(on, hours.batchCut)) return { notDue: 'before-cut-off' };
  return now < chinaInstant(on, hours.officeCloses) ? { on } : { notDue: 'after-office-hours' };
}

export interface BatchCheck {
  readonly state: BatchState;
  readonly madeBy: string;
  readonly actor: string;
  /** What the checker saw, what was stored when it was made, and what the rows say now. */
  readonly digestSeen: string;
  readonly digestMade: string;
  readonly digestNow: string;
  readonly cancelled: number;
}

export type CheckFault = 'already-decided' | 'same-person' | 'digest-differs' | 'claims-cancelled';

/** undefined when the batch may be released to the bank. */
export function checkFault(check: BatchCheck): CheckFault | undefined {
  if (check.state !== 'made') return 'already-decided';
  if (check.actor === check.madeBy) return 'same-person';
  if (check.digestSeen !== check.digestMade || check.digestNow !== check.digestMade) return 'digest-differs';
  return check.cancelled > 0 ? 'claims-cancelled' : undefined;
}
