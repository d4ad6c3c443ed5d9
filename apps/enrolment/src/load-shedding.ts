/**
 * What is refused before anything breaks: while the event loop lags or memory runs out, requests that can come back are turned away before their
 * body is read and before anybody is asked who they are. Words of payments, health and whoever is in the line already always pass.
 */
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { getHeapStatistics } from 'node:v8';

export interface ShedLimits {
  readonly lagMs: number;
  readonly heapBytes: number;
  /** Sending a code costs a message; a process sends so many at most. */
  readonly codesPerSecond: number;
}

/** Three semi-spaces, of 64 MB (package.json): V8 counts them into its limit. */
const YOUNG_BYTES = 3 * 64 * 1024 * 1024;
/** The lag is above what two thousand connections that all ask at once take, and below what anybody would call gone. */
const LIMITS: ShedLimits = {
  lagMs: 500,
  // Of what V8 may use for what is old: below, much of a heap can be what it has not collected yet, and who turns everybody away allocates too little for it to.
  heapBytes: 0.85 * (getHeapStatistics().heap_size_limit - YOUNG_BYTES),
  codesPerSecond: 200,
};
/** A sample in which the loop was not measured once counts as an endless lag: no shorter than the lag that is too long. */
const SAMPLE_MS = 500;
const RETRY_SECONDS = 5;

/** By route: what comes in crowds and can come back. */
const SHEDDABLE = new Set(['/windows/:id/joins', '/windows/:id/joins/me', '/login/member/code', '/login/member']);
const CODE_ROUTE = '/login/member/code';

const problem = (title: string, status: number, detail: string): string =>
  JSON.stringify({ type: `urn:hubao:${title}`, title, status, detail });
const BUSY = problem('busy', 503, 'expected a quieter moment, found very many people at once; come back after the seconds of Retry-After');
const TOO_MANY = problem(
  'too-many',
  429,
  'expected fewer codes to be asked for at once, found too many; come back after the seconds of Retry-After',
);

export async function shedLoad(server: FastifyInstance, { lagMs, heapBytes, codesPerSecond }: ShedLimits = LIMITS): Promise<void> {
  await server.register(underPressure, {
    maxEventLoopDelay: lagMs,
    maxHeapUsedBytes: heapBytes,
    sampleInterval: SAMPLE_MS,
    pressureHandler: (request: FastifyRequest, reply: FastifyReply) => {
      if (SHEDDABLE.has(request.routeOptions.url ?? '')) turnAway(reply, 503, BUSY, RETRY_SECONDS);
    },
  });
  const codes = new RateLimiterMemory({ points: codesPerSecond, duration: 1 });
  server.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.url !== CODE_ROUTE) return done();
    void consumeCode(codes, reply, done);
  });
}

async function consumeCode(codes: RateLimiterMemory, reply: FastifyReply, done: () => void): Promise<void> {
  try {
    await codes.consume('all');
  } catch {
    return turnAway(reply, 429, TOO_MANY, 1);
  }
  done();
}

function turnAway(reply: FastifyReply, status: number, body: string, seconds: number): void {
  void reply.status(status).header('retry-after', seconds).type('application/problem+json').send(body);
}
