/**
 * Server-sent events to very many listeners: a frame is made once for all who get the same view, and a socket that has not taken the last one
 * gets no other, so that a slow listener costs no memory.
 */
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Following } from '@app/enrolment';
import { DomainError } from '@app/kernel';
import { connectionsAtMost } from '@app/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';

const RETRY_MS = 2_000;
/** Of the connections that the process may hold, for those who only listen. */
const SHARE = 0.55;
const FULL_RETRY_SECONDS = 60;
/** A listener that takes nothing for so long is gone, or might as well be. */
const PATIENCE_MS = 15_000;
/** Then the client comes again, and shows that it still may. */
const LONGEST_MS = 3_600_000;

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  // For proxies that would collect the events.
  'x-accel-buffering': 'no',
};

export const listenersAtMost = (): number => SHARE * connectionsAtMost();

@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  /** The rest is for those who join. */
  protected readonly most: number = listenersAtMost();
  private readonly open = new Set<FastifyReply['raw']>();
  private readonly frames = new WeakMap<object, Buffer>();

  /** An open stream would keep the server from ending; its client comes again. */
  beforeApplicationShutdown(): void {
    for (const response of this.open) {
      if (response.writableNeedDrain) response.destroy();
      else response.end();
    }
  }

  /** Errors: `too-many-listeners` (unavailable). */
  send(request: FastifyRequest, reply: FastifyReply, following: Following<object>): void {
    if (this.open.size >= this.most)
      throw new DomainError(
        'too-many-listeners',
        'unavailable',
        'expected fewer listeners, found as many as there is room for; ask for the countdown itself, or come back later',
        { retryAfterSeconds: FULL_RETRY_SECONDS },
      );
    const { raw } = reply;
    const startedMs = performance.now();
    let blockedMs = startedMs;
    let last: object | undefined;
    const write = (second: number, view: object): void => {
      // It came while the second was being told.
      if (view === last) return;
      const now = performance.now();
      const stuck = raw.writableNeedDrain ? now - blockedMs > PATIENCE_MS : now - startedMs > LONGEST_MS + PATIENCE_MS;
      if (stuck) raw.destroy();
      else if (now - startedMs > LONGEST_MS) raw.end();
      if (raw.destroyed || raw.writableEnded || raw.writableNeedDrain) return;
      last = view;
      if (!raw.write(this.frame(second, view))) blockedMs = now;
    };

    // Before the answer begins, so that a failure can still be one.
    const unfollow = request.method === 'HEAD' ? () => {} : following.follow(write);
    reply.hijack();
    // Delimited by the end of the connection: a length before every frame would double the work.
    raw.useChunkedEncodingByDefault = false;
    raw.writeHead(200, HEAD);
    if (request.method === 'HEAD') return void raw.end();
    const leave = (): void => {
      unfollow();
      this.open.delete(raw);
    };
    this.open.add(raw);
    raw.once('close', leave);
    raw.write(`retry: ${RETRY_MS}\n\n`);
    // Who comes again with this second has seen it.
    if (!(Number(request.headers['last-event-id']) >= following.second)) write(following.second, following.view);
    if (raw.destroyed) leave();
  }

  private frame(second: number, view: object): Buffer {
    const known = this.frames.get(view);
    if (known) return known;
    const frame = Buffer.from(`id: ${second}\ndata: ${JSON.stringify(view)}\n\n`);
    this.frames.set(view, frame);
    return frame;
  }
}
