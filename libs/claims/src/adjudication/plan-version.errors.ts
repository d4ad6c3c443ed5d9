import type { CompiledPlan } from '@app/benefits';
import { DomainError } from '@app/kernel';
import type { DatedVersion, ProposalFault, SignatureFault } from './plan-version.js';

export function proposalRefused(fault: ProposalFault, proposed: CompiledPlan, latest: DatedVersion | undefined): DomainError {
  return fault === 'version-not-next'
    ? new DomainError(
        fault,
        'conflict',
        `version: expected ${(latest?.version ?? 0) + 1}, one above the highest version of ${proposed.id}, found ${proposed.version}; correct the number`,
      )
    : new DomainError(
        fault,
        'conflict',
        `effective_on: expected a day after ${latest!.effectiveOn}, from which version ${latest!.version} decides, found ${proposed.effectiveOn}; correct the date`,
      );
}

const SIGNATURE: Record<SignatureFault, string> = {
  'already-active': 'expected a version that waits for its signatures, found one that is active; nothing to do',
  'same-person': 'expected another person than the one who proposed the version; ask two others to sign',
  'already-signed': 'expected a person who has not signed, found the same one again; ask another',
  'hash-differs': 'expected the hash of the version as it was proposed, found another; read the version again',
  'not-rehearsed': 'expected a finished rehearsal of this very hash, found none; rehearse the version and look at the result',
};

export const signatureRefused = (fault: SignatureFault): DomainError =>
  new DomainError(fault, fault === 'same-person' ? 'forbidden' : 'conflict', SIGNATURE[fault]);

export const planNotFound = (): DomainError =>
  new DomainError('plan-not-found', 'not-found', 'expected the id of a plan that is known here, found another; list the plan versions');

export const versionNotFound = (): DomainError =>
  new DomainError(
    'plan-version-not-found',
    'not-found',
    'expected a version of the plan that is shipped or proposed, found none; list the plan versions',
  );
