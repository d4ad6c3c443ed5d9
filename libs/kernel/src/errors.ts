export type DomainErrorKind = 'invalid' | 'not-found' | 'conflict' | 'forbidden' | 'unauthenticated' | 'too-many' | 'unavailable';

/**
 * The one failure type. `message` says what was expected, what was found and what to do; neither it nor `details` may hold personal data.
 * `retry` tells a queue whether the same call can succeed later.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly retry: boolean;

  constructor(
    readonly code: string,
    readonly kind: DomainErrorKind,
    message: string,
    readonly details: Readonly<Record<string, string | number | boolean>> = {},
  ) {
    super(message);
    this.retry = kind === 'unavailable';
  }
}
