/**
 * The limits that settings and programs have, each with its name and the place where it is set, for the
 * contracts between them (`lib/ops/limits`). At the start of a program those that are violated are said: the
 * program works all the same, and an operator finds the line before the bad hour comes.
 */

import { FLUSH_MS, BYTES_MAX as LOG_BYTES } from '../../lib/base/line-sink.ts';
import type { Logger } from '../../lib/base/logger.ts';
import { BUSY_TIMEOUT_MS, CACHE_KIB, WAL_MIB } from '../../lib/base/sqlite-limits.ts';
import { ROUND_SHARE_MAX } from '../../lib/flow/acquire/sampling-loop.ts';
import { BALLAST_BYTES } from '../../lib/flow/outbox/ballast.ts';
import { READINGS_MAX } from '../../lib/flow/outbox/ram-ring.ts';
import { BATCH_BYTES_MAX } from '../../lib/flow/reading.ts';
import { ANSWER_BYTES_MAX, KEEP_ALIVE_MS } from '../../lib/flow/sync/http-limits.ts';
import { STORE_CACHE_KIB, STORE_WAL_MIB, WRITE_API_LIMITS } from '../../lib/flow/write-api/limits.ts';
import { ASK_EVERY_MS } from '../../lib/ops/clock-trust.ts';
import type { Probe } from '../../lib/ops/doctor/probe.ts';
import { HEALTH_FRESH_MS } from '../../lib/ops/health-file.ts';
import { STATUS_INTERVAL_MS } from '../../lib/ops/heartbeat.ts';
import { judge, titleOf } from '../../lib/ops/limits/contract.ts';
import { CONTRACTS } from '../../lib/ops/limits/contracts/index.ts';
import type { Limits, Program, SettledLimits } from '../../lib/ops/limits/limits.ts';
import { lookAtLimits, type Place } from '../../lib/ops/limits/look.ts';
import type { Quantity } from '../../lib/ops/limits/quantity.ts';
import { TURN_MAX_MS as COLLECTION_MAX_MS, END_SHARE } from '../../lib/ops/memory-guard.ts';
import { LOOK_BYTES_MAX } from '../../lib/ops/monitor/look-thread.ts';
import { PEER_BEAT_MS, SILENCE_MS } from '../../lib/ops/peer-watch.ts';
import {
  ANSWER_HELD_BYTES,
  COPY_BYTES_MAX,
  QUESTIONS_MAX,
  READ_API_LIMITS,
  THREAD_BYTES_MAX,
} from '../../lib/ops/read-api/limits.ts';
import { isLocalUrl } from './api-settings.ts';
import type { LoadedConfig } from './config.ts';
import { START_MS } from './damage.ts';

/**
 * With the second that the log may take to be flushed, well under TimeoutStopSec of the units. Whatever
 * still hangs then is safe on the disk.
 */
export const STOP_MAX_MS = 3_500;

const MIB = 1_048_576;

/** Node's own threads, those for files, and the one that speaks to the supervisor. */
const THREADS = 15;
/** Databases, sockets and what Node itself opens; a program has been run with no more. */
const OWN_FILES = 64;
/** A program that does nothing but run; measured on a 64-bit machine, where they have 78 and 82 MiB. */
const AT_REST_MIB = 80;
/** A reading in memory, with its names and times. */
const READING_BYTES = 200;
/** A kernel, a shell over SSH, and the time service. */
const FOR_OTHERS_MIB = 64;

function fixed(name: string, value: number, unit: Quantity['unit']): Quantity {
  return { name, value, unit, place: 'fixed' };
}

/** What a reader holds in a bad hour: both lanes of each destination at work, and readings that the disk refuses. */
function heldByReader(destinations: number): number {
  const perDestination = 2 * BATCH_BYTES_MAX + ANSWER_BYTES_MAX;
  return CACHE_KIB * 1_024 + LOG_BYTES + destinations * perDestination + READINGS_MAX * READING_BYTES;
}

/** Of a connection: its headers, what it reads at once, and Node's own for it. */
const CONNECTION_BYTES = WRITE_API_LIMITS.headerBytesMax + 65_536;
/** The same connections through the port and through the socket. */
const CONNECTIONS_OF_API = 2 * WRITE_API_LIMITS.connectionsMax;

/** And a write API: every connection that it takes, and the bodies of all requests, as they came and as rows. */
const HELD_BY_API =
  STORE_CACHE_KIB * 1_024 +
  LOG_BYTES +
  CONNECTIONS_OF_API * CONNECTION_BYTES +
  2 * (WRITE_API_LIMITS.heldBytesMax + WRITE_API_LIMITS.reservedBytes);

/** And a monitor: what its threads may have, and as many answers as are made at the same time. */
const HELD_BY_MONITOR =
  THREAD_BYTES_MAX + LOOK_BYTES_MAX + COPY_BYTES_MAX + LOG_BYTES + QUESTIONS_MAX * ANSWER_HELD_BYTES;

function fixedLimits(destinations: number): SettledLimits['fixed'] {
  return {
    beat: {
      'sensor-main': fixed('the beat of sensor-main', STATUS_INTERVAL_MS, 'ms'),
      'sensor-api-write': fixed('the beat of sensor-api-write', PEER_BEAT_MS, 'ms'),
      'sensor-monitor': fixed('the beat of sensor-monitor', STATUS_INTERVAL_MS, 'ms'),
    },
    start: fixed('what a start takes', START_MS, 'ms'),
    stop: fixed('the time for what is in hand at a stop', STOP_MAX_MS, 'ms'),
    lastLines: fixed('the time for the last lines of the log', FLUSH_MS, 'ms'),
    collection: fixed('the longest collection of garbage', COLLECTION_MAX_MS, 'ms'),
    lockWait: fixed('the wait for the lock of a database', BUSY_TIMEOUT_MS, 'ms'),
    threads: fixed('the threads of a program', THREADS, 'pieces'),
    files: {
      'sensor-main': fixed('the files of sensor-main', OWN_FILES, 'pieces'),
      'sensor-api-write': fixed(
        'the connections and files of sensor-api-write',
        CONNECTIONS_OF_API + OWN_FILES,
        'pieces',
      ),
      'sensor-monitor': fixed(
        'the connections and files of sensor-monitor',
        READ_API_LIMITS.connectionsMax + OWN_FILES,
        'pieces',
      ),
    },
    atRest: fixed('the memory of a program at rest', AT_REST_MIB * MIB, 'bytes'),
    held: {
      'sensor-main': fixed('caches and batches of sensor-main', heldByReader(destinations), 'bytes'),
      'sensor-api-write': fixed('caches and requests of sensor-api-write', HELD_BY_API, 'bytes'),
      'sensor-monitor': fixed('the thread and answers of sensor-monitor', HELD_BY_MONITOR, 'bytes'),
    },
    outboxLog: fixed('the log of the outbox', WAL_MIB * MIB, 'bytes'),
    storeLog: fixed('the log of the store', STORE_WAL_MIB * MIB, 'bytes'),
    ballast: fixed('the ballast', BALLAST_BYTES, 'bytes'),
    forOthers: fixed('what others need', FOR_OTHERS_MIB * MIB, 'bytes'),
    apiRequest: fixed('what the write API gives a request', WRITE_API_LIMITS.requestTimeoutMs, 'ms'),
    apiClose: fixed('the time for requests in hand', WRITE_API_LIMITS.closeGraceMs, 'ms'),
    apiKeepAlive: fixed(
      'how long the write API keeps an idle connection',
      WRITE_API_LIMITS.keepAliveTimeoutMs,
      'ms',
    ),
    readerKeepAlive: fixed('how long the reader keeps it', KEEP_ALIVE_MS, 'ms'),
    peerSilence: fixed('the silence after which a write API is gone', SILENCE_MS, 'ms'),
    healthFresh: fixed('the age at which a health file is old', HEALTH_FRESH_MS, 'ms'),
    clockAsked: fixed('how often the time service is asked', ASK_EVERY_MS, 'ms'),
    roundShare: ROUND_SHARE_MAX,
    endShare: END_SHARE,
  };
}

/** What settings and programs say; the rest is asked of the machine. */
export function settledLimits({ config, given }: Pick<LoadedConfig, 'config' | 'given'>): SettledLimits {
  const at = (path: string) => given(path.split('.'))?.place ?? 'the default';
  const setting = (name: string, value: number, unit: Quantity['unit']): Quantity => ({
    name,
    value,
    unit,
    place: at(name),
  });
  const batchTimeout = (destinations: typeof config.destinations): Quantity | undefined => {
    const slowest = largest(destinations, ({ batchTimeoutMs }) => batchTimeoutMs);
    if (slowest === undefined) return undefined;
    const { name, batchTimeoutMs } = slowest;
    if (batchTimeoutMs === config.delivery.batchTimeoutMs)
      return setting('delivery.batch_timeout', batchTimeoutMs, 'ms');
    return { ...setting('destinations', batchTimeoutMs, 'ms'), name: `batch_timeout of destination ${name}` };
  };
  const { sampling, outbox, breaker, memory, clock } = config;
  const slowest = largest(config.sources, ({ deadlineMs }) => deadlineMs);
  const sourceDeadline: Quantity =
    slowest === undefined || slowest.deadlineMs === sampling.deadlineMs
      ? setting('sampling.deadline', sampling.deadlineMs, 'ms')
      : { ...setting('sources', slowest.deadlineMs, 'ms'), name: `deadline of source ${slowest.name}` };
  return {
    settings: {
      memoryMax: memory.max === undefined ? undefined : setting('memory.max', memory.max, 'bytes'),
      outboxMax: setting('outbox.bytes_max', outbox.bytesMax, 'bytes'),
      diskReserve: setting('outbox.disk_reserve', outbox.diskReserve, 'bytes'),
      batchTimeout:
        batchTimeout(config.destinations) ??
        setting('delivery.batch_timeout', config.delivery.batchTimeoutMs, 'ms'),
      localBatchTimeout: batchTimeout(config.destinations.filter(({ url }) => isLocalUrl(url))),
      longestPause: setting('breaker.pauses', Math.max(...breaker.pausesMs), 'ms'),
      clockHold: setting('clock.hold', clock.holdMs, 'ms'),
      sourceDeadline,
      samplingInterval: setting('sampling.interval', sampling.intervalMs, 'ms'),
    },
    fixed: fixedLimits(config.destinations.length),
  };
}

function largest<T>(list: readonly T[], size: (one: T) => number): T | undefined {
  return list.reduce<T | undefined>(
    (best, one) => (best === undefined || size(one) > size(best) ? one : best),
    undefined,
  );
}

export interface LimitCheckDeps {
  readonly program: Program;
  readonly loaded: Pick<LoadedConfig, 'config' | 'given'>;
  readonly probe: Probe;
  readonly place: Place;
  /** What the supervisor has told this program itself. */
  readonly watchdogMs: number | undefined;
  readonly log: Pick<Logger, 'warn'>;
}

/** Says each contract of this program that is violated, with both numbers and what mends it. */
export async function sayViolations({
  program,
  loaded,
  probe,
  place,
  watchdogMs,
  log,
}: LimitCheckDeps): Promise<void> {
  const seen = await lookAtLimits(probe, settledLimits(loaded), place);
  const limits = watchdogMs === undefined ? seen : withWatchdog(seen, program, watchdogMs);
  for (const contract of CONTRACTS) {
    // What belongs to nobody is the reader's to say: it does its work without the write API.
    if ((contract.program ?? 'sensor-main') !== program) continue;
    const { state, evidence } = judge(contract, limits);
    if (state !== 'violated') continue;
    const title = titleOf(contract);
    log.warn(
      { contract: title, fix: contract.fix },
      `limits do not go together (${title}): ${evidence}. ${contract.fix}`,
    );
  }
}

/** What this program was told at its start counts: its unit may have been changed since. */
function withWatchdog(limits: Limits, program: Program, watchdogMs: number): Limits {
  const own = limits.units[program];
  const watchdog: Quantity = {
    name: `WatchdogSec= of ${program}`,
    place: own.watchdog?.place ?? 'WATCHDOG_USEC',
    value: watchdogMs,
    unit: 'ms',
  };
  return { ...limits, units: { ...limits.units, [program]: { ...own, watchdog } } };
}
