/**
 * A gateway in virtual time whose sensors, disk, power and pace a test controls: a real sampling loop, keeper,
 * outbox and store, and `sensorctl gaps` to look at what is left. It remembers what was done to it, so that what
 * the command says can be held against the truth.
 */

import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createSamplingLoop, type SamplingLoop } from '../../lib/flow/acquire/sampling-loop.ts';
import { createSilenceWatch, type SilenceWatch } from '../../lib/flow/acquire/silence-watch.ts';
import type { FlowEvent } from '../../lib/flow/flow-event.ts';
import { createKeeper, type Keeper } from '../../lib/flow/outbox/keeper.ts';
import { type Outbox, openOutbox } from '../../lib/flow/outbox/outbox.ts';
import { createRamRing } from '../../lib/flow/outbox/ram-ring.ts';
import { normalized } from '../../lib/flow/seq-ranges.ts';
import { batchOf } from '../../lib/flow/write-api/ingest.ts';
import { WRITE_API_LIMITS } from '../../lib/flow/write-api/limits.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { gaps } from '../../src/commands/gaps.ts';
import { commandRig } from './command-rig.ts';
import { noPulse, reported, source } from './sampling-rig.ts';
import { ALL } from './temp-outbox.ts';
import { createTestWorld } from './test-world.ts';

const GATEWAY = 'pi';
export const INTERVAL_MS = 10_000;

/** What was done, and when; `sensor` undefined: to all. */
export interface Deed {
  readonly cause: string;
  readonly sensor: string | undefined;
  readonly fromAt: number;
  toAt: number;
}

export interface TimeGapSaid {
  readonly sensors: string[];
  readonly from: string;
  readonly to: string | null;
  readonly causes: { readonly cause: string; readonly detail: string }[];
}

interface Running {
  readonly outbox: Outbox;
  readonly keeper: Keeper;
  readonly watch: SilenceWatch;
  readonly loop: SamplingLoop;
  readonly ended: Promise<void>;
}

/** Twins: `watched: false`, nobody writes anything down; `tellsQuiet: false`, nobody is told of quiet hours. */
export function silenceRig({ watched = true, tellsQuiet = true } = {}) {
  const world = createTestWorld();
  const { clock } = world;
  const rig = commandRig({ wallMs: clock.wallMs });
  const file = join(rig.dataDir, 'outbox.db');
  const store = createSqliteStore({
    file: join(rig.dataDir, 'store.db'),
    world: createTestWorld({ seed: 77 }),
  });
  const context = {
    nowAt: 0,
    limits: WRITE_API_LIMITS,
    ownStream: store.ownStream,
    defaultGateway: GATEWAY,
  };
  const deeds: Deed[] = [];
  const failing = new Set<string>();
  const hushed = new Set<string>();
  let boot = 1;
  let runs = 0;
  let diskFull = false;
  let running: Running | undefined;
  onTestFinished(async () => {
    await halt(false);
    await store.close();
  });

  const read =
    (name: string, ...sensors: string[]) =>
    async () => {
      if (failing.has(name)) throw new Error(`${name} does not answer`);
      return sensors.filter((sensor) => !failing.has(sensor)).map((sensor) => reported(sensor));
    };
  /** Quiet hours that a test begins and ends. */
  const quiet = (name: string) => ({
    now: () => (hushed.has(name) ? { untilAt: 0, untilMono: 0, words: 'until 06:00' } : undefined),
  });
  const sources = [
    source('left', { quiet: quiet('left'), read: read('left', 'left-1', 'left-2') }),
    source('right', { quiet: quiet('right'), read: read('right', 'right') }),
    source('slow', { quiet: quiet('slow'), intervalMs: 3 * INTERVAL_MS, read: read('slow', 'slow') }),
  ];

  function start(): void {
    runs += 1;
    const listeners: ((event: FlowEvent) => void)[] = [];
    const observe = (event: FlowEvent) => {
      if (event.type === 'reading.dropped') {
        deeds.push({
          cause: 'dropped',
          sensor: undefined,
          fromAt: event.oldestAt,
          toAt: event.newestAt,
        });
      }
      if (event.type.startsWith('quiet_hours.') && !tellsQuiet) return;
      for (const listen of listeners) listen(event);
    };
    const own = { ...createTestWorld({ seed: 100 + runs }), clock, observe };
    const bootId = `boot-${boot}`;
    const outbox = openOutbox({ file, gateway: GATEWAY, destinations: ['local'], bootId, world: own });
    const keeper = createKeeper({
      outbox: {
        append(readings) {
          if (diskFull) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
          return outbox.append(readings);
        },
      },
      ballast: { spendIfFull: (work) => work(), grow() {} },
      world: own,
      ring: createRamRing({ readingsMax: 12 }),
    });
    const book = {
      ...outbox.silences,
      write(work: () => void) {
        if (diskFull) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
        outbox.silences.write(work);
      },
    };
    const watch = createSilenceWatch({ book, clock, bootId, intervalMs: INTERVAL_MS, sources });
    if (watched) listeners.push(watch.observe);
    const loop = createSamplingLoop({
      sources,
      intervalMs: INTERVAL_MS,
      world: own,
      pulse: noPulse,
      append: (readings) => keeper.keep(readings),
      ...(watched ? { onRead: watch.onRead } : {}),
    });
    running = { outbox, keeper, watch, loop, ended: loop.run() };
  }

  /** Cleanly, or as a power cut does: with what is committed, and nothing else. */
  async function halt(cleanly: boolean): Promise<void> {
    if (running === undefined) return;
    const { outbox, keeper, watch, loop, ended } = running;
    running = undefined;
    const copies = ['', '-wal'].filter((suffix) => existsSync(file + suffix));
    if (!cleanly) for (const suffix of copies) copyFileSync(file + suffix, `${file}.cut${suffix}`);
    loop.stop();
    await clock.advance(0);
    await ended;
    if (cleanly) {
      keeper.close();
      if (watched) watch.close();
    }
    outbox.close();
    if (cleanly) return;
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
    for (const suffix of copies) copyFileSync(`${file}.cut${suffix}`, file + suffix);
  }

  const self = {
    clock,
    deeds,
    start,
    async wait(ms: number) {
      await clock.advance(ms);
    },
    /** A source or a sensor gives nothing for so long, while everything else goes on. */
    async fail(name: string, ms: number) {
      const sensors = name === 'left' ? ['left-1', 'left-2'] : [name];
      const fromAt = clock.wallMs();
      failing.add(name);
      await clock.advance(ms);
      failing.delete(name);
      for (const sensor of sensors)
        deeds.push({ cause: 'sensor_fault', sensor, fromAt, toAt: clock.wallMs() });
    },
    /** A source has its quiet hours for so long. */
    async hush(name: 'left' | 'right' | 'slow', ms: number) {
      const fromAt = clock.wallMs();
      hushed.add(name);
      await clock.advance(ms);
      hushed.delete(name);
      for (const sensor of name === 'left' ? ['left-1', 'left-2'] : [name])
        deeds.push({ cause: 'quiet_hours', sensor, fromAt, toAt: clock.wallMs() });
    },
    async slowDown(intervalMs: number, ms: number) {
      const fromAt = clock.wallMs();
      running?.loop.pace(intervalMs, 'the test says so');
      await clock.advance(ms);
      running?.loop.pace(INTERVAL_MS, 'the test says so');
      deeds.push({ cause: 'paced', sensor: undefined, fromAt, toAt: clock.wallMs() });
    },
    /** A disk that takes nothing for so long. */
    async fillDisk(ms: number) {
      diskFull = true;
      await clock.advance(ms);
      diskFull = false;
    },
    async restart(cause: 'power_off' | 'reader_stopped', ms: number, cleanly = true) {
      const fromAt = clock.wallMs() - 2 * INTERVAL_MS;
      await halt(cause === 'reader_stopped' && cleanly);
      if (cause === 'power_off') boot += 1;
      await clock.advance(ms);
      start();
      deeds.push({ cause, sensor: undefined, fromAt, toAt: clock.wallMs() });
    },
    copyOutbox() {
      for (const suffix of ['', '-wal']) {
        if (existsSync(file + suffix)) copyFileSync(file + suffix, `${file}.copy${suffix}`);
      }
    },
    async restoreOutbox(ms: number) {
      await halt(true);
      for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
      for (const suffix of ['', '-wal']) {
        if (existsSync(`${file}.copy${suffix}`)) copyFileSync(`${file}.copy${suffix}`, file + suffix);
      }
      await clock.advance(ms);
      start();
    },
    async deliver(rowsMax = ALL.rowsMax) {
      const { outbox } = running ?? {};
      for (let batch = outbox?.batch('local', { ...ALL, rowsMax }); batch !== undefined; ) {
        const [answer] = await store.ingest([batchOf(JSON.parse(batch.body), context)]);
        outbox?.acknowledge(
          'local',
          batch.stream,
          normalized([...(answer?.stored ?? []), ...(answer?.duplicate ?? [])]),
        );
        if (rowsMax < ALL.rowsMax) return;
        batch = outbox?.batch('local', ALL);
      }
      outbox?.flush();
    },
    async gaps(): Promise<{
      exitCode: number;
      explained: boolean;
      silences: TimeGapSaid[];
      gaps: unknown[];
    }> {
      const { exitCode, out } = await rig.run(gaps, { since: '7d', json: true });
      return { exitCode, ...JSON.parse(out[0] ?? '') };
    },
    async gapsInWords() {
      return (await rig.run(gaps, { since: '7d' })).out;
    },
  };
  return self;
}
