import { DomainError } from '@app/kernel';

/** A clerk gets the file back with its findings for so long; strict necessity asks for no longer. */
export const FILE_DAYS = 30;

export const FILE_FORGOTTEN = 'roster-file';
export const fileForgotten = (): DomainError =>
  new DomainError(
    FILE_FORGOTTEN,
    'not-found',
    `expected a file that is still kept, found one that was deleted ${FILE_DAYS} days after it came in; import it again`,
  );

export const notDone = (): DomainError =>
  new DomainError('roster-not-done', 'conflict', 'expected a roster that is worked through, found one that is under way; wait for it');
