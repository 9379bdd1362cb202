/**
 * The monitor of a simulated machine: the wiring of the real one with its own ticket book, and the very looks that it
 * takes on a Pi, without the thread in which they may hang. Of this machine it sees its files and nothing else: what
 * the kernel, systemd and the room on the disk would tell is of the machine on which the simulation runs.
 */

import { join } from 'node:path';
import { codeOf, messageOf } from '../../lib/base/errors.ts';
import type { SqliteDatabase } from '../../lib/base/sqlite.ts';
import { LookFailed } from '../../lib/ops/monitor/look-thread.ts';
import { type AskLook, LOOKS, type LookName } from '../../lib/ops/monitor/looks.ts';
import type { Config } from '../../src/wiring/config.ts';
import { MONITOR, startMonitor } from '../../src/wiring/monitor.ts';
import { OUTBOX_FILE, STORE_FILE, TICKETS_FILE } from '../../src/wiring/names.ts';
import type { Surroundings } from '../../src/wiring/surroundings.ts';
import type { Card, Machine } from './machine.ts';
import { createProgramHost, type HostOptions, type ProgramHost } from './program-host.ts';
import { createSlowLens, type SlowLens } from './slow-lens.ts';

export interface MonitorHost extends ProgramHost {
  readonly lens: SlowLens;
  /** Its ticket book, while it is open. */
  tickets(): SqliteDatabase | undefined;
  /** How many looks at a file it has taken in all its lives. */
  asked(): number;
}

export interface MonitorHostOptions
  extends Pick<HostOptions, 'time' | 'random' | 'onHeartbeat' | 'onUp' | 'onDown' | 'say'> {
  readonly machine: Machine;
  /** How often the programs of this machine show that they live. */
  readonly beatMs: number;
  /** Where the files are that lie in one directory on a real machine. */
  readonly outbox: Card;
  readonly store: Card;
  readonly config: (host: Pick<ProgramHost, 'card'>) => Config;
  readonly surroundings: (isAlive: () => boolean) => Surroundings;
}

/** What the monitor takes for the beat of a program: less than the 45 s after which it is called silent. */
const BEAT_SEEN_MS = 30_000;

export function createMonitorHost(options: MonitorHostOptions): MonitorHost {
  const { machine, beatMs, outbox, store } = options;
  const lens = createSlowLens(beatMs / BEAT_SEEN_MS);
  const card = machine.newCard(MONITOR);
  let asked = 0;

  function realPath(path: string): string {
    if (path === join(card.dir(), OUTBOX_FILE)) return join(outbox.dir(), OUTBOX_FILE);
    return path === join(card.dir(), STORE_FILE) ? join(store.dir(), STORE_FILE) : path;
  }

  /** As it comes from a thread: a moment later, and with no more of an error than its words. */
  async function looked(name: LookName, args: readonly unknown[]): Promise<unknown> {
    asked += 1;
    const [path] = args;
    if (typeof path === 'string' && !isOfMachine(path)) return undefined;
    const look: (...given: never[]) => unknown = LOOKS[name];
    const given = args.map((arg) => (Array.isArray(arg) ? arg.map(realPath) : placed(arg)));
    try {
      const seen = look(...(given as never[]));
      return typeof seen === 'string' && name === 'readText' ? lens.text(seen) : lens.look(seen);
    } catch (error) {
      throw new LookFailed({ code: codeOf(error), message: messageOf(error) });
    }
  }

  const placed = (arg: unknown) => (typeof arg === 'string' ? realPath(arg) : arg);
  /** Its directories themselves lie on a disk that is not its own. */
  const isOfMachine = (path: string) =>
    [card.dir(), machine.runDir].some((dir) => path.startsWith(`${dir}/`));

  const host = createProgramHost({
    name: `${machine.name}/${MONITOR}`,
    time: options.time,
    random: options.random,
    onHeartbeat: options.onHeartbeat,
    onUp: options.onUp,
    onDown: options.onDown,
    say: options.say,
    machine: {
      ...machine,
      clocks: (isAlive) => lens.clock(machine.clocks(isAlive)),
      suspendedMs: () => machine.suspendedMs() / lens.times,
    },
    card,
    program: startMonitor,
    hasHung: () => false,
    config: () => {
      const config = options.config({ card });
      const { sampling } = config;
      return { ...config, sampling: { ...sampling, intervalMs: sampling.intervalMs / lens.times } };
    },
    surroundings: (isAlive) => ({
      ...options.surroundings(isAlive),
      cadence: { beatMs: BEAT_SEEN_MS },
      openEyes: () => ({
        thread: {
          ask: ((name, ...args) => looked(name, args)) as AskLook,
          hangs: false,
          close: async () => {},
        },
        system: {
          run: async () => undefined,
          fetch: async () => ({ error: 'nobody is reached from here' }),
        },
      }),
    }),
  });

  return {
    ...host,
    lens,
    tickets: () => card.databases().find(({ name }) => name.endsWith(`/${TICKETS_FILE}`)),
    asked: () => asked,
  };
}
