/**
 * The states of a claim, in one table: which stage sets each, where it may go, and which stage it wakes. The CHECK constraint of the
 * table `claim`, docs/CLAIM-PATH.md and the tests are all compared with this.
 */
import type { QueueName } from '@app/contracts';

export type Stage = 'acceptance' | 'adjudication' | 'approval' | 'batch' | 'payment' | 'reconciliation';

interface StateRow {
  readonly setBy: Stage;
  readonly next: readonly ClaimState[];
  /** Entering this state makes work for that stage. States without one wait for a person, the clock or an outside party. */
  readonly wakes?: { readonly queue: QueueName; readonly command: string };
}

export const CLAIM_STATES = [
  'accepted',
  'withdrawn',
  'adjudicated',
  'refused',
  'referred',
  'endorsed',
  'approved',
  'declined',
  'batched',
  'sent',
  'paid',
  'failed',
  'settled',
  'returned',
  'clawed-back',
] as const;
export type ClaimState = (typeof CLAIM_STATES)[number];

export const LIFECYCLE: Readonly<Record<ClaimState, StateRow>> = {
  /** A settlement became a claim. */
  accepted: { setBy: 'acceptance', next: ['adjudicated', 'refused', 'withdrawn'], wakes: { queue: 'adjudication', command: 'adjudicate' } },
  /** The settlement was cancelled and no money stays out. */
  withdrawn: { setBy: 'reconciliation', next: [] },
  /** The plan grants a benefit. */
  adjudicated: { setBy: 'adjudication', next: ['approved', 'referred', 'withdrawn'], wakes: { queue: 'approval', command: 'approve' } },
  /** The plan grants nothing, with a reason code. */
  refused: { setBy: 'adjudication', next: [] },
  /** Waits for an officer. */
  referred: { setBy: 'approval', next: ['approved', 'endorsed', 'declined', 'withdrawn'] },
  /** An officer agreed; the amount needs a second person. */
  endorsed: { setBy: 'approval', next: ['approved', 'declined', 'withdrawn'] },
  /** To be paid; waits for the next batch. */
  approved: { setBy: 'approval', next: ['batched', 'withdrawn'] },
  /** A person decided that it is not paid. */
  declined: { setBy: 'approval', next: [] },
  /** In a batch; back to approved when the checker rejects it. */
  batched: { setBy: 'batch', next: ['sent', 'approved'] },
  /** Given to the bank, or about to be; only the bank knows. */
  sent: { setBy: 'payment', next: ['paid', 'failed'] },
  /** The bank says the money went. */
  paid: { setBy: 'payment', next: ['settled', 'returned'] },
  /** The bank says it did not go; approved again for a next attempt. */
  failed: { setBy: 'payment', next: ['approved', 'withdrawn'] },
  /** The bank's statement shows the money gone out. A later return reopens it. */
  settled: { setBy: 'reconciliation', next: ['returned', 'clawed-back'] },
  /** The money came back; approved again for a next attempt. */
  returned: { setBy: 'reconciliation', next: ['approved', 'withdrawn'] },
  /** Cancelled after payout: a case is open and a receivable posted. Withdrawn when the money comes back after all. */
  'clawed-back': { setBy: 'reconciliation', next: ['withdrawn'] },
};

export const canMove = (from: ClaimState, to: ClaimState): boolean => LIFECYCLE[from].next.includes(to);
