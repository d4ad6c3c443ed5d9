/** More people connected than a process may have files open. Needs the built services. */
import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENROLMENT_MIGRATIONS } from '@app/enrolment';
import { Ledger1700000001000 } from '@app/ledger';
import { Platform1700000000000 } from '@app/platform';
import { freePort } from '../support/free-port.js';
import { createTestDatabase } from '../support/test-database.js';

const FILES = 1_024;
const PEOPLE = 1_200;

it('a service that more people are connected to than it may have files open closes some, and serves the others', async () => {
  const database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS]);
  const port = await freePort();
  const service = spawn(
    'sh',
    ['-c', `ulimit -n ${FILES} && exec "$0" "$1"`, process.execPath, resolve(import.meta.dirname, '../../dist/apps/enrolment/src/main.js')],
    {
      env: {
        ...process.env,
        DATABASE_URL: database.url,
        HUBAO_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
        PORT: String(port),
        HOST: '127.0.0.1',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const ended = once(service, 'exit');
  const sockets: Socket[] = [];
  try {
    const url = `http://127.0.0.1:${port}/docs-json`;
    while (!(await isAnswered(url))) {
      expect(service.exitCode).toBeNull();
      await sleep(50);
    }
    let closed = 0;
    for (let i = 0; i < PEOPLE; i++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined).on('close', () => closed++);
      socket.resume();
      await once(socket, 'connect');
      sockets.push(socket);
    }
    // Longer than until it looks at its own memory.
    await sleep(1_500);
    expect(service.exitCode).toBeNull();
    expect(closed).toBeGreaterThan(PEOPLE - FILES);
    const held = sockets.filter((socket) => !socket.destroyed);
    expect(held.length).toBeGreaterThan(0);
    // All are served, and kept for a next question; whoever comes now finds no room, which makes some.
    for (const socket of held) expect(await ask(socket)).toMatch(/^HTTP\/1.1 200/);
    await expect(ask(connect(port, '127.0.0.1'))).rejects.toThrow();
    expect(await ask(connect(port, '127.0.0.1'))).toMatch(/^HTTP\/1.1 200/);
  } finally {
    for (const socket of sockets) socket.destroy();
    service.kill();
    await ended;
    await database.drop();
  }
});

const isAnswered = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

/** The beginning of the answer. */
function ask(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (data: Buffer) => resolve(data.toString('latin1')));
    socket.once('error', reject).once('close', () => reject(new Error('closed')));
    socket.write('GET /health HTTP/1.1\r\nhost: l\r\n\r\n');
  });
}
