import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { CountdownListener } from '@app/enrolment';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Writable } from 'node:stream';
import { EventStreams } from './event-stream.js';

/** An answer whose client takes what comes, or nothing. */
class Answer extends Writable {
  taking = true;
  taken = '';
  readonly heads: number[] = [];
  private held: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 200 });
  }

  writeHead(status: number): void {
    this.heads.push(status);
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.taken += chunk.toString();
    if (this.taking) done();
    else this.held = done;
  }

  takeAgain(): void {
    this.taking = true;
    this.held?.();
  }
}

const follow = (streams: EventStreams, headers: Readonly<Record<string, string>> = {}, method = 'GET') => {
  const answer = new Answer();
  let listener: CountdownListener<object> | undefined;
  const unfollow = jest.fn();
  const following = {
    second: 100,
    view: { at: 'once' },
    follow: (told: CountdownListener<object>) => {
      listener = told;
      return unfollow;
    },
  };
  streams.send({ headers, method } as unknown as FastifyRequest, { raw: answer, hijack: () => {} } as unknown as FastifyReply, following);
  return {
    answer,
    unfollow,
    tell: (second: number, view: object = { second }) => listener!(second, view),
    follows: () => listener !== undefined,
  };
};

describe('a stream of events', () => {
  beforeEach(() => void jest.useFakeTimers());

  it('begins with what is known, and numbers each event by its second', () => {
    const { answer, tell } = follow(new EventStreams());
    tell(101, { at: 'later' });
    expect(answer.taken).toBe('retry: 2000\n\nid: 100\ndata: {"at":"once"}\n\nid: 101\ndata: {"at":"later"}\n\n');
  });

  it('takes no more listeners than leave room for those who join', () => {
    class Small extends EventStreams {
      protected override readonly most = 2;
    }
    const streams = new Small();
    const [{ answer }] = [follow(streams), follow(streams)];
    expect(() => follow(streams)).toThrow(expect.objectContaining({ code: 'too-many-listeners', kind: 'unavailable' }));
    answer.emit('close');
    expect(follow(streams).answer.heads).toEqual([200]);
  });

  it('tells who comes again only of what is new', () => {
    const { answer, tell } = follow(new EventStreams(), { 'last-event-id': '100' });
    expect(answer.taken).toBe('retry: 2000\n\n');
    const view = { second: 101 };
    tell(101, view);
    tell(101, view);
    expect(answer.taken.match(/^id: /gm)).toHaveLength(1);
    for (const odd of ['99', 'x', '']) expect(follow(new EventStreams(), { 'last-event-id': odd }).answer.taken).toContain('id: 100');
  });

  it('leaves out what a slow listener could not take, and goes on with the present', async () => {
    const { answer, tell } = follow(new EventStreams());
    answer.taking = false;
    for (let second = 101; second < 111; second++) tell(second, { padding: 'x'.repeat(300) });
    expect(answer.writableLength).toBeLessThan(800);
    answer.takeAgain();
    await jest.advanceTimersByTimeAsync(0);
    tell(111, { at: 'last' });
    expect(answer.taken.match(/^id: \d+/gm)).toEqual(['id: 100', 'id: 101', 'id: 111']);
  });

  it('ends for one who takes nothing for a while', async () => {
    const { answer, tell, unfollow } = follow(new EventStreams());
    answer.taking = false;
    tell(101, { padding: 'x'.repeat(300) });
    await jest.advanceTimersByTimeAsync(14_000);
    tell(115);
    expect(answer.destroyed).toBe(false);
    await jest.advanceTimersByTimeAsync(2_000);
    tell(117);
    await jest.advanceTimersByTimeAsync(0);
    expect([answer.destroyed, unfollow.mock.calls.length]).toEqual([true, 1]);
  });

  it('ends after an hour, so that who listens shows again who it is', async () => {
    const { answer, tell, unfollow } = follow(new EventStreams());
    await jest.advanceTimersByTimeAsync(3_600_001);
    tell(3_700);
    await jest.advanceTimersByTimeAsync(0);
    expect([answer.writableEnded, unfollow.mock.calls.length]).toEqual([true, 1]);
    expect(answer.taken).not.toContain('3700');
  });

  it('makes a frame once for all who get the same view', () => {
    const streams = new EventStreams();
    const [one, other] = [follow(streams), follow(streams)];
    const view = { toJSON: jest.fn(() => 'once') };
    one.tell(101, view);
    other.tell(101, view);
    expect(view.toJSON).toHaveBeenCalledTimes(1);
    expect(other.answer.taken).toContain('data: "once"');
  });

  it('does not keep a server that ends, nor begin for one who only asks for the head', async () => {
    const streams = new EventStreams();
    const { answer, unfollow } = follow(streams);
    const stuck = follow(streams);
    stuck.answer.taking = false;
    stuck.tell(101, { padding: 'x'.repeat(300) });
    streams.beforeApplicationShutdown();
    await jest.advanceTimersByTimeAsync(0);
    expect([answer.writableEnded, unfollow.mock.calls.length, stuck.answer.destroyed]).toEqual([true, 1, true]);
    const head = follow(streams, {}, 'HEAD');
    expect([head.answer.writableEnded, head.answer.taken, head.follows()]).toEqual([true, '', false]);
  });
});
