import { afterEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { limitConnections } from './connections.js';

const servers: Server[] = [];
const sockets: Socket[] = [];

const serve = async (most: number): Promise<number> => {
  const server = createServer((_request, response) => response.end('heard'));
  servers.push(server);
  limitConnections(server, most);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
};
/** 'heard', or '' when the server closes the connection instead; one that was heard stays, for a next question. */
const ask = async (port: number): Promise<string> => {
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'));
  sockets.push(socket);
  socket.on('error', () => {});
  const answer = await Promise.race([once(socket, 'data').then(([data]) => String(data)), once(socket, 'close').then(() => '')]);
  return answer.slice(answer.lastIndexOf('\n') + 1);
};
/** In the middle of a question. */
const opened = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\n');
  return socket;
};

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => once(server.close(), 'close')));
});

it('the servers of a process hold as many connections together as one may alone', async () => {
  const [one, other] = [await serve(3), await serve(3)];
  const [first] = [await opened(one), await opened(one), await opened(other)];
  expect(await ask(other)).toBe('');
  expect(await ask(one)).toBe('');
  first!.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await ask(other)).toBe('heard');
});

it('who waits for nothing makes room, at whichever server they are', async () => {
  const [one, other] = [await serve(2), await serve(2)];
  for (let i = 0; i < 2; i++) expect(await ask(one)).toBe('heard');
  expect(await ask(other)).toBe('');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await ask(other)).toBe('heard');
});
