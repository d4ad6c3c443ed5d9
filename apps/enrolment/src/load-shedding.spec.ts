import { afterEach, describe, expect, it } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { shedLoad, type ShedLimits } from './load-shedding.js';

const PLENTY: ShedLimits = { lagMs: 60_000, heapBytes: 2 ** 50, codesPerSecond: 1_000 };
const BUSY = '/windows/0197a3c2-0000-7000-8000-000000000000/joins';

describe('under load', () => {
  let server: FastifyInstance;
  let handled: string[];
  let address: string;

  const start = async (limits: ShedLimits) => {
    handled = [];
    server = Fastify();
    await shedLoad(server, limits);
    for (const url of ['/windows/:id/joins', '/phone-payments/notifications', '/login/member/code', '/joins/:ticket'])
      server.post(url, (request, reply) => {
        handled.push(request.routeOptions.url!);
        return reply.send({});
      });
    address = await server.listen({ port: 0, host: '127.0.0.1' });
  };
  const post = (url: string, body = '{}') =>
    fetch(`${address}${url}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  afterEach(() => server.close());

  it('people are turned away before their body is read, with when to come back; payments and those in the line pass', async () => {
    // A heap of one byte is always full, from the first sample on.
    await start({ ...PLENTY, heapBytes: 1 });
    while (!server.isUnderPressure()) await new Promise(setImmediate);
    for (const url of [BUSY, '/login/member/code']) {
      const turnedAway = await post(url, '{"unread": ');
      expect([turnedAway.status, turnedAway.headers.get('retry-after'), await turnedAway.json()]).toEqual([
        503,
        '5',
        { type: 'urn:hubao:busy', title: 'busy', status: 503, detail: expect.stringContaining('come back') },
      ]);
    }
    for (const url of ['/phone-payments/notifications', '/joins/x']) expect((await post(url)).status).toBe(200);
    expect(handled).toEqual(['/phone-payments/notifications', '/joins/:ticket']);
  });

  it('only so many login codes are asked for in a second', async () => {
    await start({ ...PLENTY, codesPerSecond: 2 });
    const answers = await Promise.all([1, 2, 3].map(() => post('/login/member/code')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
    expect(answers.find(({ status }) => status === 429)!.headers.get('retry-after')).toBe('1');
  });

  it('nobody is turned away while there is plenty', async () => {
    await start(PLENTY);
    expect((await post(BUSY)).status).toBe(200);
  });
});
