/** The one place where a failure becomes an answer: RFC 9457 problem+json. A message never repeats what the request said. */
import { Catch, HttpException, Logger, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { DomainError, type DomainErrorKind } from '@app/kernel';
import type { ValidationError } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { NUL_CHARACTER, sqlState, UNIQUE_VIOLATION } from './database.js';

export const STATUS: Record<DomainErrorKind, number> = {
  invalid: 422,
  'not-found': 404,
  conflict: 409,
  forbidden: 403,
  unauthenticated: 401,
  'too-many': 429,
  unavailable: 503,
};

interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  [member: string]: unknown;
}

const problemOf = (title: string, status: number, detail: string) => ({ type: `urn:hubao:${title}`, title, status, detail });
const EXISTS = problemOf('exists', 409, 'expected something new, found it already there; read it instead');
const NUL = problemOf('request', 422, 'expected texts that can be kept, found a NUL character in one; leave it out');
const NO_ROUTE = problemOf('route', 404, 'expected the address of a route, found another; the routes are listed at /docs');
const unreadable = (status: number) =>
  problemOf('unreadable-request', status, 'expected a request that can be read; check its address, content type, size and body');
const BUG = problemOf('bug', 500, 'something went wrong on our side; it has been recorded, try again later');
/** Of failures that no DomainError tells of. */
export const OTHER_PROBLEMS = [EXISTS, NUL, NO_ROUTE, ...[400, 413, 414, 415].map(unreadable), BUG] as const;

/** Errors of class-validator by field, without the values. */
export const invalidRequest = (errors: readonly ValidationError[]): DomainError =>
  new DomainError('request', 'invalid', `the request has fields that cannot be used: ${fieldFaults(errors).join('; ')}`);

// The name of an unknown field is whatever the sender wrote, and not repeated.
const fieldFaults = (errors: readonly ValidationError[], prefix = ''): string[] =>
  errors.flatMap((error) => [
    ...Object.entries(error.constraints ?? {}).map(([rule, fault]) =>
      rule === 'whitelistValidation' ? 'a field that is not known here' : `${prefix}${fault}`,
    ),
    ...fieldFaults(error.children ?? [], `${prefix}${error.property}.`),
  ]);

@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    answerProblem(error, host.switchToHttp().getResponse<FastifyReply>());
  }
}

export function answerProblem(error: unknown, reply: FastifyReply): void {
  const problem = describe(error);
  if (problem.status === 503) void reply.header('retry-after', '5');
  if (typeof problem.retryAfterSeconds === 'number') void reply.header('retry-after', String(problem.retryAfterSeconds));
  void reply.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

const logger = new Logger('Problem');

function describe(error: unknown): Problem {
  if (error instanceof DomainError) {
    return {
      ...problemOf(error.code, STATUS[error.kind], error.message),
      ...error.details,
      // All that is wrong with a file, where a failure says more than the first of it.
      ...('problems' in error ? { problems: error.problems } : {}),
    };
  }
  if (error instanceof NotFoundException) return NO_ROUTE;
  // Nest's and Fastify's own: their messages repeat the address or the content type.
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number }).statusCode;
  if (status && status < 500) return unreadable(status);
  const state = sqlState(error);
  if (state === UNIQUE_VIOLATION) return EXISTS;
  if (state === NUL_CHARACTER) return NUL;
  // A database error's own text can hold the values of the row: only the code is logged.
  logger.error(
    `bug: ${error instanceof Error ? `${error.name} ${state ?? error.message}` : 'unknown'}`,
    error instanceof Error && !state ? error.stack : undefined,
  );
  return BUG;
}
