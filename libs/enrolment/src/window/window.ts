/** The enrolment window: the dates within which a cover period can be joined, and the countdown to its end. Bounds: opens_at <= now < closes_at. */
import { addFen, type Fen } from '@app/kernel';

export type WindowState = 'upcoming' | 'open' | 'closed';

/** What a window asks of an application before its cover may start: nothing, or that the person is insured as the plan wants it. */
export const UNDERWRITINGS = ['none', 'insured'] as const;
export type Underwriting = (typeof UNDERWRITINGS)[number];

interface Bounds {
  readonly opens_at: Date;
  readonly closes_at: Date;
}

export const windowState = ({ opens_at, closes_at }: Bounds, now: Date): WindowState =>
  now < opens_at ? 'upcoming' : now < closes_at ? 'open' : 'closed';

/** Whole seconds to the next bound: to the opening while upcoming, to the end while open, 0 when closed. */
export function secondsLeft(bounds: Bounds, now: Date): number {
  const state = windowState(bounds, now);
  if (state === 'closed') return 0;
  return Math.ceil(((state === 'upcoming' ? bounds.opens_at : bounds.closes_at).getTime() - now.getTime()) / 1000);
}

/** The plan through the years: its id without the year at the end. */
export const planLineOf = (planId: string): string => planId.replace(/-\d{4}$/, '');

/** Who pays the contribution of one person. */
export interface Shares {
  readonly memberFen: Fen;
  readonly unitFen: Fen;
  readonly fundFen: Fen;
}

export const sharesTotal = ({ memberFen, unitFen, fundFen }: Shares): Fen => addFen(addFen(memberFen, unitFen), fundFen);
