/**
 * A member joins alone: what may be asked for, what a payment means, and the states of an application in one table. The legal time of a join is
 * when its request was received, however long it waits to be worked through.
 */
import type { Fen } from '@app/kernel';
import { liesUnder } from '../organisation/organisation.js';
import { windowState } from '../window/window.js';

export const JOIN_STATES = ['to-pay', 'covered', 'expired', 'refunding', 'refunded'] as const;
export type JoinState = (typeof JOIN_STATES)[number];

/** Where an application may go; begun, it is to pay. Whoever asks again after an end without a cover begins a further attempt. */
export const JOIN_MOVES: Readonly<Record<JoinState, readonly JoinState[]>> = {
  /** Received in time; an order waits for its payment. */
  'to-pay': ['covered', 'expired', 'refunding'],
  /** Paid, or with nothing to pay. Ends only where underwriting has refused for good; then a payment goes back. */
  covered: ['refunding', 'expired'],
  /** Not paid by its time. Covered after all when word of a payment in time comes late. */
  expired: ['to-pay', 'covered', 'refunding'],
  /** The money goes back, for a reason. */
  refunding: ['refunded', 'to-pay'],
  refunded: ['to-pay'],
};

/** Why an application ended without a cover: with what the member is told. */
export const JOIN_REASONS = {
  'not-paid': '未在规定时间内支付，参保未成功',
  'paid-late': '支付超过规定时间，款项将原路退回',
  'enrolled-by-unit': '单位已为您参保，无需再次支付，已支付的款项将原路退回',
  'amount-differs': '支付金额与应缴金额不符，款项将原路退回',
  'order-replaced': '该订单已被新的订单代替，款项将原路退回',
  'not-accepted': '核保未通过，参保未成功，已支付的款项将原路退回',
} as const;
export type JoinReason = keyof typeof JOIN_REASONS;

/**
 * What a member is told. Before there is an application a request may wait in the line; and one that is paid is not called covered while
 * underwriting holds its cover back.
 */
export type TicketState = 'waiting' | JoinState | 'underwriting' | 'not-accepted';

export const PAY_MINUTES = 30;
/** `begunAt`: when the request was worked through, from when on it can be paid. */
export const payUntil = (begunAt: Date): Date => new Date(begunAt.getTime() + PAY_MINUTES * 60_000);

export interface AskedWindow {
  readonly id: string;
  readonly opens_at: Date;
  readonly closes_at: Date;
  readonly path: string;
}

export type AskRefusal =
  'window' | 'member' | 'window-not-open' | 'window-closed' | 'window-elsewhere' | 'already-enrolled' | 'join-elsewhere';

export interface AskFacts {
  readonly window: AskedWindow | undefined;
  readonly unitPath: string | undefined;
  /** With an import or without. */
  readonly enrolled: boolean;
  /** Of the period, in whichever of its windows. */
  readonly application: { readonly state: JoinState; readonly attempt: number; readonly windowId: string } | undefined;
}

export type AskDecision =
  | { readonly kind: 'same' }
  | { readonly kind: 'begin'; readonly attempt: number }
  | { readonly kind: 'refuse'; readonly reason: AskRefusal };

const refuse = (reason: AskRefusal): AskDecision => ({ kind: 'refuse', reason });

/** Of a request that was received at `receivedAt`. What was answered already is answered the same, whatever the hour. */
export function decideAsk({ window, unitPath, enrolled, application }: AskFacts, receivedAt: Date): AskDecision {
  if (!window) return refuse('window');
  if (unitPath === undefined) return refuse('member');
  const here = application?.windowId === window.id;
  if (application?.state === 'to-pay' || application?.state === 'covered') return here ? { kind: 'same' } : refuse('join-elsewhere');
  const state = windowState(window, receivedAt);
  if (state === 'upcoming') return refuse('window-not-open');
  // What became of an application is still told after the end.
  if (state === 'closed') return here ? { kind: 'same' } : refuse('window-closed');
  if (enrolled) return refuse('already-enrolled');
  if (!liesUnder(unitPath, window.path)) return refuse('window-elsewhere');
  return { kind: 'begin', attempt: (application?.attempt ?? 0) + 1 };
}

/** Of an attempt of an application, as the payment found it. */
export interface PaidFacts {
  readonly state: JoinState;
  /** The payment is for the attempt that counts. */
  readonly current: boolean;
  readonly amountFen: Fen;
  readonly payUntil: Date;
}

/** What a payment that is heard of for the first time is for: cover, unless the unit was quicker; or the reason why it goes back. */
export function decidePaid(
  { state, current, amountFen, payUntil: until }: PaidFacts,
  paid: { readonly amountFen: Fen; readonly paidAt: Date },
): 'cover' | JoinReason {
  if (!current) return 'order-replaced';
  if (paid.amountFen !== amountFen) return 'amount-differs';
  if (!JOIN_MOVES[state].includes('covered')) return 'order-replaced';
  return paid.paidAt <= until ? 'cover' : 'paid-late';
}

/** When an open order is asked about: a notification comes within seconds, so one that has not is lost, or the member takes the time. */
export function nextLook(receivedAt: Date, until: Date, now: Date): Date {
  const age = now.getTime() - receivedAt.getTime();
  const at = new Date(now.getTime() + Math.max(60_000, age));
  return at < until || now >= until ? at : until;
}
