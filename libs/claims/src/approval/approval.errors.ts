import { DomainError } from '@app/kernel';

export const notDecidable = (reason: string, expected: string, found: string): DomainError =>
  new DomainError(reason, 'conflict', `expected ${expected}, found ${found}; read the claim again`);

export const unknownClaims = (count: number): DomainError =>
  new DomainError(
    'claim-not-found',
    'not-found',
    `expected claims of your organisation that are not cancelled, found ${count} that are not; leave them out`,
  );
