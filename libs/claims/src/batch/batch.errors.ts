import { DomainError } from '@app/kernel';
import type { CheckFault, CutFault } from './batch.js';

const CHECK: Record<CheckFault, string> = {
  'already-decided': 'expected a batch that waits for its check, found one that was decided; read it again',
  'same-person': 'expected another person than the one who made the batch; ask a second finance checker',
  'digest-differs': 'expected the digest of the batch as it was made, found another; read the batch again, or reject it',
  'claims-cancelled': 'expected a batch without cancelled claims, found some that were cancelled since; reject it and make it again',
};

export const checkRefused = (fault: CheckFault): DomainError =>
  new DomainError(fault, fault === 'same-person' ? 'forbidden' : 'conflict', CHECK[fault]);

const FOUND: Record<CutFault, string> = {
  'not-a-working-day': 'a day off',
  'before-cut-off': 'an earlier time',
  'after-office-hours': 'a later time',
};

export const batchNotDue = (fault: CutFault, hours: { readonly batchCut: string; readonly officeCloses: string }): DomainError =>
  new DomainError(
    fault,
    'conflict',
    `expected a working day from ${hours.batchCut} to ${hours.officeCloses}, found ${FOUND[fault]}; come back then`,
  );

export const noClaims = (): DomainError =>
  new DomainError('nothing-to-pay', 'conflict', 'expected approved claims accepted on an earlier date, found none; nothing to do');

export const batchNotFound = (): DomainError =>
  new DomainError('batch-not-found', 'not-found', 'expected the id of a batch, found another; list the batches');
