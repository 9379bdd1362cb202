/**
 * A gateway to break on purpose: both programs as they are installed, as children, in a directory of its own, with
 * simulated sensors and ports that nobody uses. Knows nothing of the gateway of this machine and cannot reach it.
 * Whatever happens it leaves no process, no mount and no directory behind.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/base/clock.ts';
import { GatewayError } from '../../lib/base/errors.ts';
import type { OutboxStats, OutboxView } from '../../lib/flow/outbox/outbox-view.ts';
import type { StoredReading } from '../../lib/flow/write-api/readings-store.ts';
import { OUTBOX_FILE, READER, STORE_FILE, WRITE_API } from '../wiring/names.ts';

const PROGRAMS = { reader: READER, api: WRITE_API } as const;
export type SandboxProgram = keyof typeof PROGRAMS;

/** A program that does not end when it is asked to is ended. */
const STOP_MAX_MS = 10_000;
const LOOK_EVERY_MS = 100;

export interface SandboxOptions {
  /** More of the configuration, as lines of YAML. */
  readonly settings?: readonly string[];
  /** What the reader is started with, before its own command line. */
  readonly readerUnder?: Readonly<Record<string, string>>;
  /** The data lie on a file system of this size; only root can make one (see `drill-root.ts`). */
  readonly diskMib?: number;
}

export interface Sandbox {
  readonly dir: string;
  readonly dataDir: string;
  readonly runDir: string;
  readonly configFile: string;
  start(program: SandboxProgram): void;
  /** As a power cut or the kernel would. Resolves when it is gone. */
  kill(program: SandboxProgram): Promise<void>;
  /** As systemd would. Resolves when it is gone. */
  stop(program: SandboxProgram): Promise<void>;
  runs(program: SandboxProgram): boolean;
  /** Looks at the outbox; `undefined` while there is none. */
  outbox<T>(look: (view: OutboxView, stats: OutboxStats) => T): Promise<T | undefined>;
  stored(): Promise<readonly StoredReading[]>;
  /** Whether it comes true within this time. */
  until(check: () => Promise<boolean> | boolean, maxMs: number): Promise<boolean>;
  /** Once only the first time; `keep`: the directory stays, for somebody to look into. */
  close(keep: boolean): void;
}

/** Throws `SGW_DATA_DIR_UNUSABLE` where there can be none. */
export async function createSandbox({
  settings = [],
  readerUnder = {},
  diskMib,
}: SandboxOptions): Promise<Sandbox> {
  // Beside this file lies what is being run: the build, or what a test has compiled.
  const scriptOf = (program: SandboxProgram) => join(import.meta.dirname, '..', `${PROGRAMS[program]}.js`);
  if (!existsSync(scriptOf('reader'))) {
    throw new GatewayError(
      'SGW_DATA_DIR_UNUSABLE',
      `${scriptOf('reader')} is missing: the programs are not built`,
      {
        hint: 'In a clone: npm run build',
      },
    );
  }
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-drill-'));
  const [dataDir, runDir, configFile] = [join(dir, 'data'), join(dir, 'run'), join(dir, 'config.yaml')];
  mkdirSync(dataDir);
  mkdirSync(runDir);
  if (diskMib !== undefined) mount(dataDir, diskMib);
  const port = await freePort();
  writeFileSync(configFile, [...configuration({ dataDir, runDir, port }), ...settings, ''].join('\n'));
  const children = new Map<SandboxProgram, ChildProcess>();
  let closed = false;

  async function end(program: SandboxProgram, signal: NodeJS.Signals): Promise<void> {
    const child = children.get(program);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const over = new AbortController();
    void systemClock.sleep('drill', STOP_MAX_MS, over.signal).then(() => {
      if (!over.signal.aborted) child.kill('SIGKILL');
    });
    await exited;
    over.abort();
  }

  return {
    dir,
    dataDir,
    runDir,
    configFile,
    start(program) {
      const log = openSync(join(dir, `${PROGRAMS[program]}.log`), 'a');
      const env = {
        ...inherited(),
        SENSORGW_CONFIG: configFile,
        ...(program === 'reader' ? readerUnder : {}),
      };
      const child = spawn(process.execPath, [scriptOf(program)], {
        cwd: dir,
        env,
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      children.set(program, child);
    },
    kill: (program) => end(program, 'SIGKILL'),
    stop: (program) => end(program, 'SIGTERM'),
    runs(program) {
      const child = children.get(program);
      return child !== undefined && child.exitCode === null && child.signalCode === null;
    },
    async outbox(look) {
      const { openOutboxReadOnly } = await import('../../lib/flow/outbox/outbox-view.ts');
      if (!existsSync(join(dataDir, OUTBOX_FILE))) return undefined;
      const view = openOutboxReadOnly(join(dataDir, OUTBOX_FILE));
      try {
        return look(view, view.stats());
      } finally {
        view.close();
      }
    },
    async stored() {
      const { openStoreReadOnly } = await import('../../lib/flow/write-api/store/sqlite-reader.ts');
      if (!existsSync(join(dataDir, STORE_FILE))) return [];
      const store = openStoreReadOnly(join(dataDir, STORE_FILE));
      const found: StoredReading[] = [];
      try {
        for await (const reading of store.readings({ sinceAt: 0 })) found.push(reading);
        return found;
      } finally {
        await store.close();
      }
    },
    async until(check, maxMs) {
      const endMono = systemClock.monotonicMs() + maxMs;
      for (;;) {
        // A file that is being made, or a program that is being replaced: looked at again.
        if (await Promise.resolve(check()).catch(() => false)) return true;
        if (systemClock.monotonicMs() >= endMono) return false;
        await systemClock.sleep('drill', LOOK_EVERY_MS);
      }
    },
    close(keep) {
      if (closed) return;
      closed = true;
      for (const child of children.values()) child.kill('SIGKILL');
      if (diskMib !== undefined) {
        // The file system goes with whoever has mounted it; what is to be looked into stays.
        const kept = join(dir, 'kept');
        if (keep) cpSync(dataDir, kept, { recursive: true });
        spawnSync('umount', ['--lazy', dataDir]);
        if (keep) {
          rmdirSync(dataDir);
          renameSync(kept, dataDir);
        }
      }
      if (!keep) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A second a round, and pauses of one and two: a drill is over in a minute. What is promised is the same. */
function configuration(places: { dataDir: string; runDir: string; port: number }): string[] {
  return [
    'gateway: drill',
    `data_dir: ${places.dataDir}`,
    `run_dir: ${places.runDir}`,
    `api: {port: ${places.port}}`,
    'sampling: {interval: 1s, deadline: 500ms}',
    'breaker: {pauses: [1s, 2s]}',
    'backpressure: {sampling: keep}',
  ];
}

/** The environment without what would reach into the programs. */
function inherited(): NodeJS.ProcessEnv {
  const reaching = /^(SENSORGW_|NOTIFY_|WATCHDOG_|JOURNAL_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !reaching.test(key)));
}

function mount(dir: string, mib: number): void {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}M`, 'tmpfs', dir], {
    encoding: 'utf8',
  });
  if (status === 0) return;
  throw new GatewayError(
    'SGW_DATA_DIR_UNUSABLE',
    `no file system can be mounted on ${dir}: ${stderr.trim()}`,
    {
      hint: 'In a container without that right this drill cannot be made.',
    },
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address instanceof Object ? address.port : 0;
}
