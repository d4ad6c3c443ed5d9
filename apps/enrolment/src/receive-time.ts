/** When a request was received: stamped before anything else is done with it, and before any queue. */
import { assert, type Clock } from '@app/kernel';
import type { FastifyInstance, FastifyRequest } from 'fastify';

type Stamped = FastifyRequest & { receivedAt?: Date };

export function stampReceiveTime(server: FastifyInstance, clock: Clock): void {
  server.decorateRequest('receivedAt');
  server.addHook('onRequest', (request: Stamped, _reply, done) => {
    request.receivedAt = clock.now();
    done();
  });
}

export function receivedAtOf({ receivedAt }: Stamped): Date {
  assert(receivedAt, 'a request without its receive time');
  return receivedAt;
}
