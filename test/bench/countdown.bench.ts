/**
 * The countdown of a window of 2,000 units, followed by as many listeners as this process may have sockets, up to 10,000, from another process:
 * statements a second, counted where they get their connection, whatever they are; and the events of the listener that got the fewest.
 */
import { addRostered, ENROLMENT_MIGRATIONS, OrganisationService, WindowService } from '@app/enrolment';
import { civilDate, Clock, fen } from '@app/kernel';
import { Ledger1700000001000 } from '@app/ledger';
import { createHttpApp, Database, Platform1700000000000, readConfig, Tokens } from '@app/platform';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { EnrolmentAppModule } from '../../apps/enrolment/src/enrolment-app.module.js';
import { listenersAtMost } from '../../apps/enrolment/src/event-stream.js';
import { createTestDatabase } from '../support/test-database.js';
import type { Measured } from './measure.js';

const LISTENERS = 10_000;
const UNITS = 2_000;
const SECONDS = 10;
const FEWEST_EVENTS = 8;
const MOST_STATEMENTS = 1.2;
const DAY_MS = 86_400_000;

export async function countdownBench(databaseUrl: string): Promise<Measured[]> {
  const listeners = Math.min(LISTENERS, Math.trunc(listenersAtMost()));
  const database = await createTestDatabase([Platform1700000000000, Ledger1700000001000, ...ENROLMENT_MIGRATIONS], databaseUrl);
  const config = readConfig({ DATABASE_URL: database.url, HUBAO_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
  const app = await createHttpApp(EnrolmentAppModule.forRoot(config), 'bench');
  try {
    await app.listen(0, '127.0.0.1');
    const db = app.get(Database);
    const { windowId, units } = await makeWindow(app.get(OrganisationService), app.get(WindowService), db, app.get(Clock).now());
    const { token } = await app.get(Tokens).issue({ userId: 'bench', login: 'bench', roles: ['leader'], organisationPath: '/' });
    const { port } = app.getHttpServer().address() as AddressInfo;
    const crowd = spawn(process.execPath, ['-e', CROWD, String(port), `/windows/${windowId}/countdown/events`, token, String(listeners)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let ended = false;
    crowd.once('exit', () => (ended = true));
    crowd.stdout.setEncoding('utf8');
    try {
      await once(crowd.stdout, 'data');
      let statements = 0;
      const pool = (db.source.driver as unknown as { master: Pool }).master;
      const count = (): void => void (statements += 1);
      const connectedMs = performance.now();
      pool.on('acquire', count);
      crowd.stdin.write('count\n');
      await sleep(SECONDS * 1_000);
      pool.off('acquire', count);
      const seconds = (performance.now() - connectedMs) / 1_000;
      crowd.stdin.write('tell\n');
      const { fewest, open } = JSON.parse(String((await once(crowd.stdout, 'data'))[0])) as { fewest: number; open: number };
      if (open !== listeners) throw new Error(`expected ${listeners} listeners to the end, found ${open}`);
      const short = listeners < LISTENERS ? ` (of ${LISTENERS}: the limit of open files allows no more)` : '';
      const name = `countdown of ${units} units to ${listeners} listeners${short}`;
      return [
        row(`${name}: statements a second`, 1_000, (1_000 * statements) / seconds, MOST_STATEMENTS),
        row(`${name}: ${FEWEST_EVENTS} events in ${SECONDS} s against the fewest that one got, ${fewest}`, fewest, FEWEST_EVENTS, 1),
      ];
    } finally {
      if (!ended) {
        const gone = once(crowd, 'exit');
        crowd.stdin.end();
        await gone;
      }
    }
  } finally {
    await app.close();
    await database.drop();
  }
}

/** Against a floor of one a second, in thousandths; and of what is due against what came. */
const row = (name: string, floorMs: number, ownMs: number, limit: number): Measured => ({
  name,
  floorMs,
  ownMs,
  ratio: ownMs / floorMs,
  limit,
});

async function makeWindow(
  organisations: OrganisationService,
  windows: WindowService,
  db: Database,
  now: Date,
): Promise<{ windowId: string; units: number }> {
  const { id: regionId } = await organisations.create({ kind: 'region', code: '45', name: 'bench' });
  const units: { id: string }[] = await db.direct.query(
    `insert into organisation (id, parent_id, kind, code, name, path)
     select gen_random_uuid(), $1, 'unit', 'UNIT' || i, '第' || i || '基层工会', '/45/UNIT' || i || '/' from generate_series(1, $2::int) i returning id`,
    [regionId, UNITS],
  );
  const { id: windowId } = await windows.create({
    planId: 'guangxi-1-2025',
    organisationCode: '45',
    opensAt: new Date(now.getTime() - DAY_MS),
    closesAt: new Date(now.getTime() + DAY_MS),
    coverFrom: civilDate('2099-01-01'),
    coverTo: civilDate('2099-12-31'),
    contributionFen: fen(10_000),
  });
  await db.direct.query(
    'insert into enrolment_target (window_id, organisation_id, headcount) select $1, id, 40 from organisation where kind = $2',
    [windowId, 'unit'],
  );
  await db.transaction((tx) => addRostered(tx, windowId, new Map(units.map(({ id }, i) => [id, i % 40]))));
  await db.direct.query('analyze');
  return { windowId, units: units.length };
}

/** The listeners: bare sockets, some at a time; says when all have begun, and on demand how many events the one with the fewest got. */
const CROWD = `
const { connect } = require('node:net');
const [port, path, token, listeners] = process.argv.slice(1);
const AT_ONCE = 200;
const seen = new Uint32Array(Number(listeners));
const began = new Uint8Array(Number(listeners));
let started = 0, begun = 0, open = 0;
function start() {
  if (started === seen.length) return;
  const i = started++;
  const socket = connect(Number(port), '127.0.0.1', () => {
    open++;
    socket.write('GET ' + path + ' HTTP/1.1\\r\\nhost: localhost\\r\\nauthorization: Bearer ' + token + '\\r\\n\\r\\n');
  });
  socket.on('data', (data) => {
    for (let at = data.indexOf('id: '); at >= 0; at = data.indexOf('id: ', at + 4)) if (at === 0 || data[at - 1] === 10) seen[i]++;
    if (began[i] || seen[i] === 0) return;
    began[i] = 1;
    if (++begun === seen.length) process.stdout.write('begun\\n');
    else start();
  });
  socket.on('error', (error) => process.stderr.write(error.message + '\\n'));
  socket.on('close', () => open--);
}
for (let i = 0; i < AT_ONCE; i++) start();
process.stdin.on('data', (line) => {
  if (String(line).startsWith('count')) seen.fill(0);
  else process.stdout.write(JSON.stringify({ fewest: seen.reduce((a, b) => Math.min(a, b)), open }));
});
process.stdin.on('end', () => process.exit(0));
`;
