/** A rehearsal as it is asked for and as it goes on. Pure. */
import type { Rehearsal } from '@app/benefits';

export type RehearsalState = 'waiting' | 'running' | 'done' | 'failed';

export interface RehearsalProgress {
  readonly state: RehearsalState;
  readonly claimsDone: number;
  /** Known once it runs. */
  readonly claimsTotal: number;
  readonly failure: string | null;
}

export interface RehearsalView extends RehearsalProgress {
  readonly id: string;
  readonly planId: string;
  readonly hash: string;
  readonly bookPlanId: string;
  readonly askedBy: string;
  readonly askedAt: Date;
  readonly endedAt: Date | null;
}

export interface RehearsalDetail extends RehearsalView {
  readonly result: Rehearsal | null;
}

export const hasEnded = ({ state }: Pick<RehearsalProgress, 'state'>): boolean => state === 'done' || state === 'failed';
