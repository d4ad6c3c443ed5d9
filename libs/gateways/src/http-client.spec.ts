import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { HttpClient } from './http-client.js';

let silent: Server;
const open = new Set<Socket>();
let most = 0;
beforeAll(async () => {
  silent = createServer((socket) => {
    open.add(socket.on('error', () => undefined).on('close', () => open.delete(socket)));
    most = Math.max(most, open.size);
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  for (const socket of open) socket.destroy();
  silent.close();
});

it('a silent party takes a hundred sockets, however many ask, and whoever waits for one is not kept longer', async () => {
  const { port } = silent.address() as AddressInfo;
  const client = new HttpClient('party', `http://127.0.0.1:${port}`, 300);
  const asked = Array.from({ length: 250 }, () => client.once({ method: 'GET', path: '/' }).catch((error: unknown) => error));
  for (const answer of await Promise.all(asked)) expect(answer).toMatchObject({ code: 'no-answer' });
  expect(most).toBeGreaterThan(50);
  // The party hears of an end after the next has begun.
  expect(most).toBeLessThan(150);
});
