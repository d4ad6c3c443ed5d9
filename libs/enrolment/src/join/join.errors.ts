import { DomainError } from '@app/kernel';
import type { AskRefusal, AskedWindow } from './join.js';

const MESSAGES: Readonly<
  Record<Exclude<AskRefusal, 'window-closed' | 'window-not-open' | 'join-elsewhere'>, readonly ['not-found' | 'conflict', string]>
> = {
  window: ['not-found', 'expected the id of an enrolment window, found none; check it'],
  member: ['not-found', 'expected a known member, found none; ask your unit to import you'],
  'window-elsewhere': ['conflict', 'expected a window that your unit belongs to, found another; use the window of your own organisation'],
  'already-enrolled': ['conflict', 'expected a member who is not enrolled in this period, found one who is; nothing is left to do'],
};

/** Why a join was not begun; the times are in the message of one that came too early or too late. */
export function joinRefused(reason: Exclude<AskRefusal, 'join-elsewhere'>, window: AskedWindow | undefined, receivedAt: Date): DomainError {
  if (reason === 'window-closed' || reason === 'window-not-open') {
    const bound = (reason === 'window-closed' ? window!.closes_at : window!.opens_at).toISOString();
    const received = receivedAt.toISOString();
    const message =
      reason === 'window-closed'
        ? `expected a request received before the window closed at ${bound}, found one received at ${received}; wait for the next window`
        : `expected a request received from the opening of the window at ${bound} on, found one received at ${received}; come back then`;
    return new DomainError(reason, 'conflict', message, { bound, received });
  }
  const [kind, message] = MESSAGES[reason];
  return new DomainError(reason, kind, message);
}

/** A period may have several windows, and one charge. */
export const joinElsewhere = (windowId: string): DomainError =>
  new DomainError(
    'join-elsewhere',
    'conflict',
    'expected no application for this period in another window, found one; go on with it in the window that is named',
    { windowId },
  );

export const unknownTicket = (): DomainError =>
  new DomainError('ticket', 'not-found', 'expected a ticket that was given to you here, found another; ask to join again');

export const ticketTooOld = (): DomainError =>
  new DomainError(
    'ticket-expired',
    'conflict',
    'expected a ticket of the last day, found an older one that was never worked through; ask to join again',
  );

export const notToPay = (state: string): DomainError =>
  new DomainError('join-not-to-pay', 'conflict', `expected a join that is to be paid, found one that is ${state}; read its ticket`, {
    state,
  });
