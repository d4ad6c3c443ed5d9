/**
 * What wakes the worker. A job carries ids only: the database is the truth, and a job whose work is done does nothing. Queues are the
 * stages of the claim path that work without people (a batch is made and checked by persons) and the few things beside it.
 */
export const QUEUES = [
  'acceptance',
  'adjudication',
  'approval',
  'payment',
  'reconciliation',
  'roster',
  'contribution',
  'notice',
  'rehearsal',
  'underwriting',
] as const;
export type QueueName = (typeof QUEUES)[number];

/** `command` names what to do, `ids` on which rows (at most 1,000; none means whatever is due). */
export interface WakeUp {
  queue: QueueName;
  command: string;
  ids: readonly string[];
}
