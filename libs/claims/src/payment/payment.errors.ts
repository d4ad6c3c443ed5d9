import { DomainError } from '@app/kernel';

export const grantNotRefused = (): DomainError =>
  new DomainError(
    'grant-not-refused',
    'conflict',
    'expected a batch whose grant the treasury refused, found another; read the batch again',
  );
