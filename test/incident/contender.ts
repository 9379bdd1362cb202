/**
 * The two readers that the incident is replayed with: how each is started, and what its lines say about
 * readings and turns of its loop. Everything else about them is measured from outside.
 */

import { join } from 'node:path';
import type { StoredReading } from '../../lib/flow/write-api/readings-store.ts';
import { type Child, type Line, startChild } from '../support/child.ts';
import { OLD_READER, OLD_SENSORS, type OldReaderLine } from './old-design.ts';

/** Where a replay takes place. */
export interface Place {
  /** The repository, built. */
  readonly root: string;
  /** The compiled model of the old design. */
  readonly oldReader: string;
  readonly dir: string;
  readonly port: number;
  /** Intervals, timeouts and pauses are divided by it. */
  readonly scale: number;
}

export interface Turn {
  readonly endedAt: number;
  readonly durationMs: number;
}

/** What a reader has said of itself. */
export interface Account {
  readonly turns: readonly Turn[];
  /** Keys of the readings that it took, with the time of each. */
  readonly taken: ReadonlyMap<string, number>;
  /** Keys of those that it knows to have lost. */
  readonly lost: ReadonlySet<string>;
  /** Tasks that waited for a database session, at most; `undefined` where there is no pool. */
  readonly waitedForSession: number | undefined;
}

export interface Contender {
  readonly name: string;
  readonly readingsPerRound: number;
  start(place: Place): Child;
  account(lines: readonly Line[]): Account;
  /** The key by which `account` knows a reading that is in the store. */
  keyOf(reading: StoredReading): string;
}

/** From one round of readings to the next, in both designs. */
export const INTERVAL_MS = 10_000;

export const OLD_DESIGN: Contender = {
  name: 'old design',
  readingsPerRound: OLD_SENSORS.length,
  start: ({ root, oldReader, dir, port, scale }) =>
    startChild(process.execPath, [oldReader], {
      cwd: root,
      env: {
        [OLD_READER.port]: String(port),
        [OLD_READER.dir]: dir,
        [OLD_READER.scale]: String(scale),
      },
    }),
  account(lines) {
    const turns: Turn[] = [];
    const taken = new Map<string, number>();
    const lost = new Set<string>();
    let waitedForSession = 0;
    for (const line of lines) {
      if (!isOldReaderLine(line)) continue;
      if (line.event === 'turn.ended') turns.push({ endedAt: line.at, durationMs: line.durationMs });
      if (line.event === 'reading.taken') taken.set(`${line.sensor} ${line.at}`, line.at);
      if (line.event === 'reading.lost') lost.add(`${line.sensor} ${line.at}`);
      if (line.event === 'pool.waited_for') waitedForSession = Math.max(waitedForSession, line.waiting);
    }
    return { turns, taken, lost, waitedForSession };
  },
  keyOf: ({ sensor, at }) => `${sensor} ${at}`,
};

/** As it is installed, except that it samples at full rate during the outage: else it would have less to do. */
export const THIS_READER: Contender = {
  name: 'this reader',
  /** What the simulated source gives. */
  readingsPerRound: 8,
  start({ root, dir, port, scale }) {
    const scaled = (ms: number) => `${Math.round(ms / scale)}ms`;
    return startChild(process.execPath, [join(root, 'dist/src/sensor-main.js')], {
      cwd: root,
      env: {
        ...programEnv(dir, port),
        SENSORGW_SOURCES: '[{type: simulated}]',
        SENSORGW_DESTINATIONS: `[{name: local, url: "http://127.0.0.1:${port}"}]`,
        SENSORGW_SAMPLING_INTERVAL: scaled(INTERVAL_MS),
        SENSORGW_SAMPLING_DEADLINE: scaled(5_000),
        SENSORGW_DELIVERY_REQUEST_TIMEOUT: scaled(10_000),
        SENSORGW_DELIVERY_BATCH_TIMEOUT: scaled(30_000),
        SENSORGW_BREAKER_PAUSES: `[${[10_000, 30_000, 60_000].map(scaled).join(', ')}]`,
        SENSORGW_BACKPRESSURE_SAMPLING: 'keep',
      },
    });
  },
  account(lines) {
    const turns: Turn[] = [];
    const taken = new Map<string, number>();
    const lost = new Set<string>();
    for (const { event, time, lo, hi, durationMs, readings } of lines) {
      const endedAt = Date.parse(String(time));
      if (event === 'round.sampled') turns.push({ endedAt, durationMs: Number(durationMs) });
      if (event === 'outbox.appended') {
        for (let seq = Number(lo); seq <= Number(hi); seq += 1) taken.set(String(seq), endedAt);
      }
      if (event === 'outbox.append_failed') {
        for (let n = 0; n < Number(readings); n += 1) {
          taken.set(`lost ${lost.size}`, endedAt);
          lost.add(`lost ${lost.size}`);
        }
      }
    }
    return { turns, taken, lost, waitedForSession: undefined };
  },
  keyOf: ({ seq }) => String(seq),
};

/** Both programs: debug lines say what became of each round and each batch. */
export function programEnv(dir: string, port: number): Record<string, string> {
  return {
    SENSORGW_GATEWAY: 'replay',
    SENSORGW_DATA_DIR: dir,
    SENSORGW_RUN_DIR: join(dir, 'run'),
    SENSORGW_API_PORT: String(port),
    SENSORGW_LOG_FORMAT: 'json',
    SENSORGW_LOG_LEVEL: 'debug',
  };
}

function isOldReaderLine(line: Line | OldReaderLine): line is OldReaderLine {
  return 'event' in line && typeof line.event === 'string';
}
