/** When a batch may be cut, and who may check it. Pure. */
import { chinaDate, chinaInstant, isWorkingDay, type CivilDate } from '@app/kernel';

export type BatchState = 'made' | 'checked' | 'rejected';

/** A batch is cut on a working day, from the cut-off on. */
export function batchCut(now: Date, cutOff: string): { readonly on: CivilDate } | { readonly notDue: 'not-a-working-day' | 'before-cut-off' } {
  const on = chinaDate(now);
  if (!isWorkingDay(on)) return { notDue: 'not-a-working-day' };
  return now < chinaInstant(on, cutOff) ? { notDue: 'before-cut-off' } : { on };
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
