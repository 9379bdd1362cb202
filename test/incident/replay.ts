/**
 * One replay: the real write API, frozen by SIGSTOP under one reader, and thawed again. Everything is
 * measured: memory and connections from /proc while it lasts, turns of the loop from what the reader
 * says, and what became of the readings from the store, after the outage has been made up for.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredReading } from '../../lib/flow/write-api/readings-store.ts';
import { openStoreReadOnly } from '../../lib/flow/write-api/store/sqlite-reader.ts';
import { type Child, type Line, startChild } from '../support/child.ts';
import { freePort } from '../support/free-port.ts';
import { type Account, type Contender, INTERVAL_MS, type Place, programEnv } from './contender.ts';
import { connectionsHeldAt, connectionsTo, residentBytes, tcpTable } from './sockets.ts';

export interface ReplayOptions extends Omit<Place, 'dir' | 'port'> {
  /** An existing directory of the replay's own. */
  readonly dir: string;
  /** How long the API is frozen, in real time. */
  readonly outageMs: number;
  /** Aborting ends the replay and its programs. */
  readonly signal: AbortSignal;
}

/** One look at the reader, `atMs` after the API was frozen. */
export interface Sample {
  readonly atMs: number;
  readonly residentBytes: number;
  readonly inFlight: number;
  readonly heldByApi: number;
}

export interface Replayed {
  readonly name: string;
  readonly readingsPerRound: number;
  /** Of each turn of the loop that the outage touched, ascending. */
  readonly turnsMs: readonly number[];
  readonly inFlightMax: number;
  readonly heldByApiMax: number;
  readonly waitedForSessionMax: number | undefined;
  readonly residentBytesBefore: number;
  readonly residentBytesMax: number;
  /** Readings that the schedule asked for during the outage. */
  readonly due: number;
  readonly taken: number;
  /** Taken, and not in the store after everything has healed. */
  readonly lost: number;
  /** Rows of the store, from the outage or later, that are there besides an equal one. */
  readonly duplicates: number;
  /** From SIGCONT until none that was taken before is still under way; `undefined`: not within the limit. */
  readonly madeUpAfterMs: number | undefined;
  /** From SIGCONT until, besides, one that was taken after it is stored. At worst an interval more. */
  readonly responsiveAfterMs: number | undefined;
  readonly samples: readonly Sample[];
  /** When the readings of the outage were taken, after its beginning. */
  readonly takenAtMs: readonly number[];
}

/** Rounds that are stored before the freeze: the reader is then in its stride. */
const ROUNDS_BEFORE = 3;

/** Looks at the reader in an outage: enough for a plot, few enough to be no load. */
const SAMPLES_PER_OUTAGE = 160;
const SAMPLE_MIN_MS = 50;

/** Four times the longest timeout of either reader. Who has not recovered by then is not about to. */
const RECOVERY_MAX_MS = 120_000;

export async function replay(contender: Contender, options: ReplayOptions): Promise<Replayed> {
  const { root, oldReader, scale, dir, outageMs, signal } = options;
  const port = await freePort();
  const place: Place = { root, oldReader, scale, dir, port };
  mkdirSync(dir, { recursive: true });
  const children: Child[] = [];
  const killAll = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  signal.addEventListener('abort', killAll, { once: true });
  try {
    const api = startChild(process.execPath, [join(root, 'dist/src/sensor-api-write.js')], {
      cwd: root,
      env: programEnv(dir, port),
    });
    children.push(api);
    await api.line((line) => String(line.msg).startsWith('write API listens'));
    const reader = contender.start(place);
    children.push(reader);
    await turnsEnded(contender, reader, ROUNDS_BEFORE);
    // Between two rounds: at an edge of the outage chance would decide whether one falls into it.
    await sleep(INTERVAL_MS / scale / 2, undefined, { signal });

    const residentBytesBefore = residentBytes(reader.pid);
    api.kill('SIGSTOP');
    const stoppedAt = Date.now();
    const stoppedMono = performance.now();
    const samples: Sample[] = [];
    const look = () => {
      const table = tcpTable();
      try {
        samples.push({
          atMs: Math.round(performance.now() - stoppedMono),
          residentBytes: residentBytes(reader.pid),
          inFlight: connectionsTo(port, reader.pid, table),
          heldByApi: connectionsHeldAt(port, table),
        });
      } catch {
        // The reader has ended, and with it whoever waits for its next line.
      }
    };
    const sampling = setInterval(look, Math.max(SAMPLE_MIN_MS, outageMs / SAMPLES_PER_OUTAGE));
    let recovered: Recovered;
    let contAt: number;
    try {
      // The length of the outage is what is asked for: there is nothing else to wait for.
      await sleep(outageMs, undefined, { signal });
      api.kill('SIGCONT');
      contAt = Date.now();
      recovered = await untilResponsive({ contender, api, reader, dir, contAt, scale });
      // A turn that the outage has stretched is over before the reader is.
      await turnsEnded(contender, reader, contender.account(reader.lines).turns.length + 1);
    } finally {
      clearInterval(sampling);
    }
    reader.kill('SIGTERM');
    await reader.exited;
    api.kill('SIGTERM');
    await api.exited;

    const account = contender.account(reader.lines);
    const stored = await storedIn(dir);
    const window = takenBetween(account, stoppedAt, contAt);
    const keys = new Set(stored.map(contender.keyOf));
    return {
      name: contender.name,
      readingsPerRound: contender.readingsPerRound,
      turnsMs: account.turns
        .filter(({ endedAt, durationMs }) => endedAt >= stoppedAt && endedAt - durationMs < contAt)
        .map(({ durationMs }) => durationMs)
        .sort((a, b) => a - b),
      inFlightMax: Math.max(...samples.map((one) => one.inFlight)),
      heldByApiMax: Math.max(...samples.map((one) => one.heldByApi)),
      waitedForSessionMax: account.waitedForSession,
      residentBytesBefore,
      residentBytesMax: Math.max(...samples.map((one) => one.residentBytes)),
      due: Math.round((outageMs * scale) / INTERVAL_MS) * contender.readingsPerRound,
      taken: window.length,
      lost: window.filter(([key]) => !keys.has(key)).length,
      duplicates: countDuplicates(stored),
      ...recovered,
      samples,
      takenAtMs: window.map(([, at]) => at - stoppedAt).sort((a, b) => a - b),
    };
  } finally {
    signal.removeEventListener('abort', killAll);
    killAll();
  }
}

interface Recovery {
  readonly contender: Contender;
  readonly api: Child;
  readonly reader: Child;
  readonly dir: string;
  readonly contAt: number;
  readonly scale: number;
}

type Recovered = Pick<Replayed, 'madeUpAfterMs' | 'responsiveAfterMs'>;

/** Looks into the store whenever the API or the reader says something. */
async function untilResponsive(recovery: Recovery): Promise<Recovered> {
  const { contender, api, reader, dir, contAt, scale } = recovery;
  const startMono = performance.now();
  const limit = new AbortController();
  const over = sleep(RECOVERY_MAX_MS / scale, undefined, { signal: limit.signal }).catch(() => {});
  const isAny = (_line: Line) => true;
  let madeUpAfterMs: number | undefined;
  try {
    for (;;) {
      const seen = { api: api.lines.length, reader: reader.lines.length };
      const stored = await storedIn(dir);
      const passedMs = performance.now() - startMono;
      if (isMadeUp(contender, reader, stored, contAt)) madeUpAfterMs ??= passedMs;
      const fresh = stored.some(({ at }) => at > contAt);
      if (fresh && madeUpAfterMs !== undefined) return { madeUpAfterMs, responsiveAfterMs: passedMs };
      if (passedMs >= RECOVERY_MAX_MS / scale) return { madeUpAfterMs, responsiveAfterMs: undefined };
      await Promise.race([over, api.count(isAny, seen.api + 1), reader.count(isAny, seen.reader + 1)]);
    }
  } finally {
    limit.abort();
  }
}

/** Each reading that was taken before the thaw is stored, or its reader knows that it is lost. */
function isMadeUp(
  contender: Contender,
  reader: Child,
  stored: readonly StoredReading[],
  contAt: number,
): boolean {
  const { taken, lost } = contender.account(reader.lines);
  const keys = new Set(stored.map(contender.keyOf));
  return [...taken].every(([key, at]) => at > contAt || keys.has(key) || lost.has(key));
}

function takenBetween({ taken }: Account, fromAt: number, untilAt: number): [key: string, at: number][] {
  return [...taken].filter(([, at]) => at >= fromAt && at < untilAt);
}

/** The same sensor, metric and moment more than once. */
function countDuplicates(stored: readonly StoredReading[]): number {
  return stored.length - new Set(stored.map(({ sensor, metric, at }) => `${sensor} ${metric} ${at}`)).size;
}

async function turnsEnded(contender: Contender, reader: Child, n: number): Promise<void> {
  const isTurn = (line: Line) => contender.account([line]).turns.length > 0;
  await reader.count(isTurn, n);
}

async function storedIn(dir: string): Promise<StoredReading[]> {
  const store = openStoreReadOnly(join(dir, 'store.db'));
  try {
    const readings: StoredReading[] = [];
    for await (const reading of store.readings({ sinceAt: 0 })) readings.push(reading);
    return readings;
  } finally {
    await store.close();
  }
}
