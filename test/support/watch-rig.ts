/**
 * The watch of a monitor on virtual time, over real files: a real outbox and ticket book, health files as the programs
 * write them, files of the kernel in a directory of their own, and what systemd was recorded to say. Whatever a test
 * changes is seen by the next look, and everything that it does not touch is well.
 */

import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Outbox } from '../../lib/flow/outbox/outbox.ts';
import { createHealthFile } from '../../lib/ops/health-file.ts';
import { createEngine } from '../../lib/ops/invariants/engine.ts';
import { INVARIANTS } from '../../lib/ops/invariants/index.ts';
import type { Invariant } from '../../lib/ops/invariants/invariant.ts';
import type { InvariantLimits } from '../../lib/ops/invariants/limits.ts';
import type { Watched } from '../../lib/ops/invariants/look.ts';
import { createLookProbe } from '../../lib/ops/monitor/look-probe.ts';
import { createLooker } from '../../lib/ops/monitor/looker.ts';
import { type AskLook, LOOKS } from '../../lib/ops/monitor/looks.ts';
import type { LookPlace } from '../../lib/ops/monitor/parts/part.ts';
import { createWatch } from '../../lib/ops/monitor/watch.ts';
import { openTicketBook } from '../../lib/ops/tickets/open-ticket-book.ts';
import type { Ticket } from '../../lib/ops/tickets/ticket.ts';
import { type Recording, recordedProbe } from './recorded-probe.ts';
import { tempDir } from './temp-dir.ts';
import { tempOutbox } from './temp-outbox.ts';
import { createTestWorld, type TestWorld } from './test-world.ts';

export const LOOK_MS = 30_000;

/** As the settings have them if nothing is said. */
export const LIMITS: InvariantLimits = {
  sensorSilentMs: 120_000,
  breakerOpenMs: 90_000,
  backlogAgeMs: 3_600_000,
  forecastMs: 86_400_000,
  appendMs: 500,
  memoryAvailable: 67_108_864,
  temperatureCelsius: 80,
  clockUntrustedMs: 900_000,
  restarts: 3,
  certificateMs: 14 * 86_400_000,
};

/** Of the health file of a reader, in its own words; what is left out is well. */
export interface ReaderSays {
  readonly [part: string]: unknown;
}

export interface WatchRig {
  readonly world: TestWorld;
  readonly dataDir: string;
  readonly outbox: Outbox;
  readonly place: LookPlace;
  /** What the reader says from now on, instead of what it said before; `undefined`: it does not move any more. */
  reader(says: ReaderSays | undefined): void;
  /** The same for the write API, which says no more than that it moves if it is not given. */
  api(moves: boolean, says?: ReaderSays): void;
  /** A file of the kernel or the system. */
  file(path: string, text: string): void;
  /** Its time of change, as a wall time; now, again and again, if left out. */
  touch(path: string, at?: number): void;
  /** Away with it. */
  without(path: string): void;
  /** The reader ends, and takes its health file along. */
  stopReader(): void;
  /** What systemd says of a unit, as far as it differs from a service at work. */
  unit(name: string, differing: Readonly<Record<string, string>>): void;
  /** What a URL answers. */
  answer(url: string, answered: NonNullable<Recording['answers']>[string]): void;
  /** The free room of the disk of the data, as far as it differs from a disk that is almost empty. */
  room(differing: Partial<{ bytesFree: number; inodesFree: number }>): void;
  /** A look of the thread gives this from now on, or fails with it. */
  override(name: keyof typeof LOOKS, result: unknown): void;
  /** Each round, of ten seconds if looks are as usual. */
  eachRound(act: () => void): void;
  looks(count: number): Promise<void>;
  status(): ReturnType<ReturnType<typeof createWatch>['status']>;
  /** Keys of tickets that are not resolved. */
  open(): string[];
  /** All that there ever were, the oldest first. */
  tickets(): Ticket[];
}

export interface WatchRigOptions {
  readonly watched?: Partial<Watched>;
  readonly place?: Partial<LookPlace>;
  readonly invariants?: readonly Invariant[];
  readonly limits?: Partial<InvariantLimits>;
  readonly dir?: string;
  /** Between two looks, 30 s if left out: longer for what is looked at once in hours. Three rounds lie in between. */
  readonly everyMs?: number;
}

const ROUND_MS = 10_000;
const ROUNDS_PER_LOOK = LOOK_MS / ROUND_MS;

const CLIMATE = { name: 'climate', several: false, intervalMs: ROUND_MS, bus: 1, address: 0x76 };
const LIGHT = { name: 'light', several: false, intervalMs: ROUND_MS, bus: 1, address: 0x23 };
const MACHINE = { name: 'kernel', several: true, intervalMs: ROUND_MS, bus: undefined, address: undefined };

/** A source of a reader as it tells of it: well, but for what is given. */
export const source = (name: string, differing: object = {}) => ({ name, failures: 0, ...differing });

const WELL: ReaderSays = {
  overdue: [],
  sampling: { sources: [source('climate'), source('light'), source('kernel-cpu')] },
  i2c_buses: [{ bus: 1, state: 'free' }],
  destinations: [{ name: 'local', backlog: { rows: 0 } }],
  clock: { trusted: true, why: 'NTP has synchronised it', jumpedMs: 0 },
  held: 0,
  counts: { shed: 0, dropped: 0, thinned: 0 },
  appends: { median_ms: 4, slowest_ms: 20 },
};

const UNIT_AT_WORK = {
  LoadState: 'loaded',
  ActiveState: 'active',
  SubState: 'running',
  Result: 'success',
  UnitFileState: 'enabled',
  NRestarts: '0',
  ExecMainStatus: '0',
};
const UNIT_PROPERTIES =
  'LoadState,ActiveState,SubState,Result,UnitFileState,FragmentPath,DropInPaths,NeedDaemonReload,NRestarts,ExecMainStatus';

const FILES = {
  '/proc/meminfo': 'MemTotal: 1000000 kB\nMemAvailable: 600000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n',
  '/proc/vmstat': 'nr_free_pages 1000\noom_kill 0\n',
  '/proc/pressure/memory': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
  '/proc/uptime': '90000.00 100.00\n',
  '/proc/self/mountinfo': '25 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw\n',
  '/sys/fs/ext4/mmcblk0p2/errors_count': '0\n',
  '/sys/class/thermal/thermal_zone0/temp': '48000\n',
  '/sys/devices/platform/soc/soc:firmware/get_throttled': '0\n',
};
export const RECOVERY_TRACE = '/run/sensor-gateway-recover/lock';

export function createWatchRig(options: WatchRigOptions = {}): WatchRig {
  const world = createTestWorld();
  const { clock } = world;
  const { everyMs = LOOK_MS } = options;
  const dataDir = options.dir ?? tempDir();
  const [root, runDir] = [join(dataDir, 'root'), join(dataDir, 'run')];
  const inRoot = (path: string) => join(root, path);
  const { outbox, file: outboxFile } = tempOutbox({ world, file: join(dataDir, 'outbox.db') });

  const commands: Record<string, string> = {};
  const answers: Record<string, NonNullable<Recording['answers']>[string]> = {};
  const overrides = new Map<string, unknown>();
  const touched = new Set<string>();
  const rounds: (() => void)[] = [];
  let says: ReaderSays | undefined = WELL;
  let apiMoves = true;
  let apiSays: ReaderSays = {};

  // As the thread does it, only at once.
  const ask: AskLook = async (name, ...args) => {
    const result = overrides.get(name);
    if (result instanceof Error) throw result;
    const look = LOOKS[name] as (...given: unknown[]) => never;
    const real = look(...args);
    return result === undefined ? real : ({ ...(real as object), ...result } as never);
  };
  const healthOf = (program: string, pid: number) =>
    createHealthFile({ dir: runDir, program, pid, version: '1', ...clock });
  const beats = { reader: healthOf('sensor-main', 11), api: healthOf('sensor-api-write', 12) };
  /** Just before a look: nobody reads what is written between two of them. */
  function beat(): void {
    if (says !== undefined) beats.reader.write(says);
    if (apiMoves) beats.api.write(apiSays);
    for (const path of touched) utimesSync(inRoot(path), clock.wallMs() / 1_000, clock.wallMs() / 1_000);
  }

  const place: LookPlace = {
    runDir,
    dataDir,
    outboxFile,
    storeFile: join(dataDir, 'store.db'),
    ticketsFile: join(dataDir, 'tickets.db'),
    bounds: { bytesMax: 268_435_456, diskReserve: 67_108_864 },
    ownStore: false,
    units: true,
    destinations: [{ name: 'local', url: 'http://127.0.0.1:8470', caFile: undefined }],
    ...options.place,
  };
  const book = openTicketBook({ file: place.ticketsFile, clock, bootId: () => 'boot-1' });
  onTestFinished(() => book.close());
  const system = recordedProbe({ commands, answers });
  const watch = createWatch({
    looker: createLooker({
      eyes: { ask, probe: createLookProbe({ ask, system, root }), place },
      thread: { hangs: false },
      clock,
      watched: {
        sources: [CLIMATE, LIGHT, MACHINE],
        destinations: place.destinations,
        intervalMs: ROUND_MS,
        diskReserveBytes: place.bounds.diskReserve,
        clockTrust: 'auto',
        ...options.watched,
      },
    }),
    engine: createEngine({
      invariants: options.invariants ?? INVARIANTS,
      limits: { ...LIMITS, ...options.limits },
    }),
    book,
    clock,
    pulse: { promise() {}, release() {} },
    everyMs,
    onChecked: () => {},
    onRefused: (reason) => {
      throw new Error(reason);
    },
  });
  let running: Promise<void> | undefined;
  onTestFinished(async () => {
    watch.stop();
    await clock.advance(everyMs);
    await running;
  });

  const rig: WatchRig = {
    world,
    dataDir,
    outbox,
    place,
    reader(differing) {
      says = differing === undefined ? undefined : { ...(says ?? WELL), ...differing };
    },
    api(moves, differing = {}) {
      apiMoves = moves;
      apiSays = differing;
    },
    file(path, text) {
      mkdirSync(dirname(inRoot(path)), { recursive: true });
      writeFileSync(inRoot(path), text);
    },
    touch(path, at) {
      rig.file(path, '');
      if (at === undefined) touched.add(path);
      else {
        touched.delete(path);
        utimesSync(inRoot(path), at / 1_000, at / 1_000);
      }
    },
    without(path) {
      touched.delete(path);
      rmSync(inRoot(path));
    },
    stopReader() {
      says = undefined;
      beats.reader.remove();
    },
    unit(name, differing) {
      const state = Object.entries({ ...UNIT_AT_WORK, ...differing });
      commands[`systemctl show ${name} --property=${UNIT_PROPERTIES}`] = state
        .map(([key, value]) => `${key}=${value}`)
        .join('\n');
    },
    answer(url, answered) {
      answers[url] = answered;
    },
    room: (differing) =>
      rig.override('roomAt', { bytes: 32e9, bytesFree: 20e9, inodes: 2e6, inodesFree: 19e5, ...differing }),
    override(name, result) {
      overrides.set(name, result);
    },
    eachRound(act) {
      rounds.push(act);
    },
    async looks(count) {
      for (let i = 1; i <= count * ROUNDS_PER_LOOK; i += 1) {
        await clock.advance(everyMs / ROUNDS_PER_LOOK - 1);
        if (i % ROUNDS_PER_LOOK === 0) beat();
        for (const act of rounds) act();
        await clock.advance(1);
        if (i === ROUNDS_PER_LOOK) running ??= watch.run();
        await clock.advance(0);
      }
    },
    status: () => watch.status(),
    open: () =>
      rig
        .tickets()
        .filter(({ state }) => state !== 'resolved')
        .map(({ key }) => key),
    tickets: () => [...book.list({ limit: 100 })].reverse(),
  };

  for (const [path, text] of Object.entries(FILES)) rig.file(path, text);
  for (const unit of ['sensor-api-write', 'sensor-main', 'sensor-monitor']) rig.unit(`${unit}.service`, {});
  rig.unit('sensor-recover.timer', {});
  rig.touch(RECOVERY_TRACE);
  rig.room({});
  return rig;
}
