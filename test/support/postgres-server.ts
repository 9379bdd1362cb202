/**
 * A real PostgreSQL server for tests, of this machine's own package: in a directory of its own, as the user postgres
 * where we are root (it refuses to run as root), on a unix socket in that directory and on no port. Each test that
 * asks gets a database of its own.
 */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { POSTGRES_TABLES } from '../../lib/flow/write-api/postgres/tables.ts';

export interface PostgresServer {
  /** Its databases are under this address. */
  urlOf(database: string): string;
  /** An empty database of its own, with or without tables. */
  createDatabase(): string;
  /** A database whose files lie in `dir`, which is made. */
  createTablespace(dir: string): string;
  /** For whoever needs a database next: made anew it would take half a second. */
  giveBack(url: string): void;
  /** One statement, as its superuser. */
  run(url: string, statement: string): string;
  /** From now on `role` is let in with its password alone. */
  askForPassword(role: string): void;
  start(): void;
  /** As a machine that loses power does: at once, and nobody is told. */
  kill(): void;
  /** Frozen: it accepts connections and answers nothing. */
  freeze(): void;
  thaw(): void;
  dispose(): void;
}

const ROOT = '/usr/lib/postgresql';
const START_S = 60;

/** Why there is no server on this machine; `undefined` if there can be one. */
export function whyNoPostgres(): string | undefined {
  if (programsDir() === undefined) return `no PostgreSQL server here: apt install postgresql (${ROOT})`;
  if (process.getuid?.() === 0 && idOf('-u') === undefined) return 'no user postgres on this machine';
  return undefined;
}

export function createPostgresServer(settings: readonly string[] = []): PostgresServer {
  const programs = programsDir();
  if (programs === undefined) throw new Error(whyNoPostgres());
  // As short as it can be: the path of a socket has 107 bytes.
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-pg-'));
  const owner = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(dir, owner.uid, owner.gid);
  // The programs of a test may be run by others.
  chmodSync(dir, 0o755);
  const data = join(dir, 'data');
  const environment = { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8', PGUSER: 'postgres' };

  function program(name: string, ...args: readonly string[]): string {
    const { status, stdout, stderr, error } = spawnSync(join(programs ?? '', name), args, {
      ...owner,
      cwd: dir,
      env: environment,
      encoding: 'utf8',
      // What pg_ctl starts must not hold a pipe of ours open.
      stdio: ['ignore', name === 'pg_ctl' ? 'ignore' : 'pipe', name === 'pg_ctl' ? 'ignore' : 'pipe'],
    });
    if (status !== 0) throw new Error(`${name} failed: ${error?.message ?? stderr ?? ''}${log()}`);
    return stdout ?? '';
  }
  const log = () => {
    const file = join(dir, 'log');
    return existsSync(file) ? `\n${readFileSync(file, 'utf8').split('\n').slice(-20).join('\n')}` : '';
  };
  const pid = () => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const urlOf = (database: string) => `postgres:///${database}?host=${encodeURIComponent(dir)}&user=postgres`;
  const psql = (database: string, statement: string) =>
    program('psql', '-h', dir, '-d', database, '-v', 'ON_ERROR_STOP=1', '-qAtc', statement).trim();
  const nameOf = (url: string) => new URL(url).pathname.slice(1);
  /** The server and each of its children. */
  const signal = (name: NodeJS.Signals) => {
    const parent = pid();
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(parent)], { encoding: 'utf8' });
    for (const one of [parent, ...stdout.split('\n').map(Number)]) if (one > 0) sendSignal(one, name);
  };
  const start = () =>
    void program('pg_ctl', '-D', data, '-l', join(dir, 'log'), '-w', '-t', String(START_S), 'start');

  program('initdb', '-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8');
  const configuration = [
    `unix_socket_directories = '${dir}'`,
    "listen_addresses = ''",
    // Enough for some write APIs, and little enough for a small machine.
    'max_connections = 50',
    'shared_buffers = 32MB',
    ...settings,
  ];
  spawnSync('sh', ['-c', `cat >> '${join(data, 'postgresql.conf')}'`], {
    input: `${configuration.join('\n')}\n`,
  });
  start();
  let databases = 0;
  const free: string[] = [];

  return {
    urlOf,
    start,
    createDatabase() {
      const used = free.pop();
      if (used !== undefined) return used;
      databases += 1;
      psql('postgres', `CREATE DATABASE test${databases}`);
      return urlOf(`test${databases}`);
    },
    createTablespace(dir) {
      databases += 1;
      mkdirSync(dir, { recursive: true });
      if (owner.uid !== undefined && owner.gid !== undefined) chownSync(dir, owner.uid, owner.gid);
      for (let above = dirname(dir); above !== tmpdir(); above = dirname(above)) chmodSync(above, 0o755);
      psql('postgres', `CREATE TABLESPACE space${databases} LOCATION '${dir}'`);
      psql('postgres', `CREATE DATABASE test${databases} TABLESPACE space${databases}`);
      return urlOf(`test${databases}`);
    },
    giveBack(url) {
      psql(nameOf(url), `TRUNCATE ${TABLES.map((table) => `sensorgw.${table}`).join(', ')} RESTART IDENTITY`);
      free.push(url);
    },
    askForPassword(role) {
      const file = join(data, 'pg_hba.conf');
      // The first line that fits holds.
      writeFileSync(file, `local all ${role} scram-sha-256\n${readFileSync(file, 'utf8')}`);
      psql('postgres', 'SELECT pg_reload_conf()');
    },
    run: (url, statement) => psql(nameOf(url), statement),
    kill() {
      const parent = pid();
      signal('SIGKILL');
      awaitEnd(parent);
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    dispose() {
      if (existsSync(join(data, 'postmaster.pid'))) {
        const parent = pid();
        signal('SIGCONT');
        signal('SIGKILL');
        awaitEnd(parent);
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const TABLES = Object.keys(POSTGRES_TABLES);

/** The newest that is installed. */
function programsDir(): string | undefined {
  if (!existsSync(ROOT)) return undefined;
  const versions = readdirSync(ROOT).filter((name) => existsSync(join(ROOT, name, 'bin/initdb')));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : join(ROOT, newest, 'bin');
}

function idOf(flag: '-u' | '-g'): number | undefined {
  const { status, stdout } = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' });
  return status === 0 ? Number(stdout) : undefined;
}

function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

/** Nothing of a killed server may stand in the way of the next one. */
function awaitEnd(pid: number): void {
  const isThere = () => spawnSync('kill', ['-0', String(pid)]).status === 0;
  while (isThere()) spawnSync('sleep', ['0.02']);
}
