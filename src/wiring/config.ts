/**
 * From file and environment to the frozen `Config` that the programs are built from. Happens before
 * anything is opened or created, so that a wrong configuration leaves no trace. The tree of settings
 * decides what each one may be (`settings.ts`); here stand the limits between them and what follows
 * from a setting that was left out.
 */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Loaded, loadSettings, type ReportProblem } from '../../lib/base/config.ts';
import { keyOf, type ValueOf } from '../../lib/base/setting.ts';
import { CHIP_OPTIONS, problemWith } from '../../lib/flow/acquire/sources/i2c/chips/chip-options.ts';
import { CHIP_DRIVERS } from '../../lib/flow/acquire/sources/i2c/chips/index.ts';
import { hex } from '../../lib/flow/acquire/sources/i2c/i2c-errors.ts';
import { nameFrom } from '../../lib/flow/acquire/sources/names.ts';
import { controlPath } from './names.ts';
import { SETTINGS } from './settings.ts';

export const ENVIRONMENT_PREFIX = 'SENSORGW_';

/** How much memory the unit grants, in MiB: what it says in MemoryMax=, where the kernel may not hear it. */
export const UNIT_MEMORY_VARIABLE = 'SENSORGW_UNIT_MEMORY_MIB';

/** Variables of ours that are no settings. */
const OTHER_VARIABLES: readonly string[] = ['SENSORGW_CONFIG', UNIT_MEMORY_VARIABLE];

export const CONFIG_FILE = '/etc/sensor-gateway/config.yaml';

type Settings = ValueOf<typeof SETTINGS>;
type Required<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]: Exclude<T[P], undefined> };

type SourceConfig = Required<Settings['sources'][number], 'name' | 'deadlineMs'>;
export type DestinationConfig = Required<
  Settings['destinations'][number],
  'requestTimeoutMs' | 'batchTimeoutMs'
>;

export interface Config extends Omit<Settings, 'sampling' | 'sources' | 'destinations' | 'api' | 'gateway'> {
  readonly gateway: string;
  readonly sampling: Required<Settings['sampling'], 'deadlineMs'>;
  readonly sources: readonly SourceConfig[];
  readonly destinations: readonly DestinationConfig[];
  readonly api: Required<Settings['api'], 'defaultGateway'>;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read; `undefined` if there is none and the defaults hold. */
  readonly file: string | undefined;
  readonly given: Loaded<unknown>['given'];
}

export interface LoadConfigOptions {
  /** From `--config`. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For `gateway` when nobody has named it. */
  readonly hostName: string;
  /** Where to look when no file is named. */
  readonly usualFile?: string;
}

/** Throws `SGW_CONFIG_INVALID` (with everything that is wrong) or `SGW_CONFIG_UNREADABLE`; both exit with 78. */
export function loadConfig(options: LoadConfigOptions): LoadedConfig {
  const file = configFile(options);
  const { value, given } = loadSettings({
    tree: SETTINGS,
    file,
    environment: options.environment,
    prefix: ENVIRONMENT_PREFIX,
    otherVariables: OTHER_VARIABLES,
    check: checkLimits,
  });
  // The API may have been moved; unless somebody says otherwise, it is still the one that is meant.
  const own = { name: 'local', url: httpUrl(value.api) };
  const settings =
    given(['destinations']) === undefined ? { ...value, destinations: [{ ...NO_OPTIONS, ...own }] } : value;
  return { config: completed(settings, options.hostName), file, given };
}

const NO_OPTIONS = {
  tokenFile: undefined,
  caFile: undefined,
  requestTimeoutMs: undefined,
  batchTimeoutMs: undefined,
};

/** Where the write API of this machine answers. */
export function httpUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A file that was named must exist; the usual one may be missing. */
function configFile(options: LoadConfigOptions): string | undefined {
  const named = options.file ?? options.environment.SENSORGW_CONFIG;
  if (named !== undefined && named !== '') return named;
  const usual = options.usualFile ?? CONFIG_FILE;
  return existsSync(usual) ? usual : undefined;
}

function completed(settings: Settings, hostName: string): Config {
  const gateway = settings.gateway ?? nameFrom(hostName, 'gateway');
  const { delivery, api } = settings;
  const { intervalMs } = settings.sampling;
  const sampling = Object.freeze({ intervalMs, deadlineMs: deadlineOf(settings) });
  return Object.freeze({
    ...settings,
    gateway,
    sampling,
    dataDir: resolve(settings.dataDir),
    runDir: resolve(settings.runDir),
    sources: Object.freeze(
      settings.sources.map((source) =>
        Object.freeze({
          ...source,
          name: source.name ?? source.type,
          deadlineMs: source.deadlineMs ?? sampling.deadlineMs,
        }),
      ),
    ),
    destinations: Object.freeze(
      settings.destinations.map((destination) =>
        Object.freeze({
          ...destination,
          requestTimeoutMs: destination.requestTimeoutMs ?? delivery.requestTimeoutMs,
          batchTimeoutMs: destination.batchTimeoutMs ?? delivery.batchTimeoutMs,
        }),
      ),
    ),
    api: Object.freeze({ ...api, defaultGateway: api.defaultGateway ?? gateway }),
  });
}

/** Long enough for the slowest sensor that we know (a BME280 takes 40 ms), short enough to be done before the next round. */
const DEADLINE_MAX_MS = 5_000;

function deadlineOf({ sampling }: Settings): number {
  return sampling.deadlineMs ?? Math.min(DEADLINE_MAX_MS, sampling.intervalMs / 2);
}

/** `sun_path` has 108 bytes, and the last one ends it. */
const SOCKET_PATH_BYTES_MAX = 107;

/** What must hold between settings. Each check names every setting that it looks at, the culprit first. */
function checkLimits(settings: Settings, report: ReportProblem): void {
  const { sampling, delivery, breaker, api } = settings;
  const deadlineMs = deadlineOf(settings);
  if (deadlineMs >= sampling.intervalMs) {
    const [deadline, interval] = [deadlineMs, sampling.intervalMs].map(inUnits);
    report(
      [
        ['sampling', 'deadline'],
        ['sampling', 'interval'],
      ],
      `sampling.deadline (${deadline}) is not less than sampling.interval (${interval}): a slow source would cost the next round.`,
    );
  }
  if (delivery.requestTimeoutMs > delivery.batchTimeoutMs) {
    report(
      [
        ['delivery', 'request_timeout'],
        ['delivery', 'batch_timeout'],
      ],
      `delivery.request_timeout (${inUnits(delivery.requestTimeoutMs)}) is more than delivery.batch_timeout (${inUnits(delivery.batchTimeoutMs)}).`,
    );
  }
  if (breaker.pausesMs.some((pause, i) => pause <= (breaker.pausesMs[i - 1] ?? 0))) {
    report(
      [['breaker', 'pauses']],
      `${breaker.pausesMs.map(inUnits).join(', ')} are not in ascending order.`,
    );
  }
  if (!isLoopback(api.host)) {
    report(
      [['api', 'host']],
      `"${api.host}" could be reached by other machines, which needs a token; that is not supported yet. Use 127.0.0.1.`,
    );
  }
  const socketBytes = Buffer.byteLength(controlPath(resolve(settings.runDir)));
  if (socketBytes > SOCKET_PATH_BYTES_MAX) {
    report(
      [['run_dir']],
      `the socket for sensorctl would have a path of ${socketBytes} bytes there, and ${SOCKET_PATH_BYTES_MAX} is the most that Linux takes. Use a shorter directory.`,
    );
  }
  checkSources(settings, report);
  checkDestinations(settings, report);
}

function checkSources(settings: Settings, report: ReportProblem): void {
  const { sources, sampling } = settings;
  const names = sources.map((source) => source.name ?? source.type);
  for (const [i, source] of sources.entries()) {
    const { intervalMs, deadlineMs } = source;
    if (names.indexOf(names[i] ?? '') < i) {
      report([['sources', i]], `a second source named "${names[i]}". Give it a name of its own (name: ...).`);
    }
    if (intervalMs !== undefined && intervalMs < sampling.intervalMs) {
      report(
        [
          ['sources', i, 'interval'],
          ['sampling', 'interval'],
        ],
        `${inUnits(intervalMs)} is less than sampling.interval (${inUnits(sampling.intervalMs)}), and rounds are no denser.`,
      );
    }
    const ownIntervalMs = Math.max(intervalMs ?? 0, sampling.intervalMs);
    if (deadlineMs !== undefined && deadlineMs >= ownIntervalMs) {
      report(
        [
          ['sources', i, 'deadline'],
          ['sources', i, 'interval'],
          ['sampling', 'interval'],
        ],
        `${inUnits(deadlineMs)} is not less than its interval (${inUnits(ownIntervalMs)}).`,
      );
    }
    checkDriver(source, { i, deadlineMs: deadlineMs ?? deadlineOf(settings) }, report);
  }
}

/** What only some types have, and what their drivers ask for. */
function checkDriver(
  source: Settings['sources'][number],
  { i, deadlineMs }: { readonly i: number; readonly deadlineMs: number },
  report: ReportProblem,
): void {
  const { type, address, path } = source;
  const driver = CHIP_DRIVERS.find((one) => one.type === type);
  const has = { bus: driver !== undefined || type === 'module', path: type === 'module' };
  for (const [key, allowed] of [
    ['bus', has.bus],
    ['address', has.bus],
    ['path', has.path],
    ['only', type === 'kernel'],
    ['skip', type === 'kernel'],
    ['names', type === 'kernel'],
  ] as const) {
    if (allowed || source[key] === undefined) continue;
    report(
      [
        ['sources', i, key],
        ['sources', i, 'type'],
      ],
      `a source of type ${type} has no ${key}.`,
    );
  }
  checkChipOptions(source, i, report);
  if (has.path && path === undefined) {
    const where = 'path: /etc/sensor-gateway/drivers/NAME.mjs';
    report([['sources', i]], `a source of type module needs the file of its driver (${where}).`);
  }
  const given = Object.values(source.names ?? {});
  for (const [sensor, name] of Object.entries(source.names ?? {})) {
    if (given.indexOf(name) === given.lastIndexOf(name)) continue;
    report([['sources', i, 'names', sensor]], `"${name}" is the name of another sensor, too.`);
  }
  if (driver === undefined) return;
  if (address !== undefined && !driver.addresses.includes(address)) {
    const known = driver.addresses.map(hex).join(', ');
    report([['sources', i, 'address']], `${hex(address)} is no address of a ${type}. Use ${known}.`);
  }
  if (deadlineMs <= driver.measureMaxMs) {
    const own = ['sources', i, 'deadline'];
    report(
      [source.deadlineMs === undefined ? ['sampling', 'deadline'] : own, ['sources', i, 'type']],
      `${inUnits(deadlineMs)} is not enough for a ${type}, which takes up to ${driver.measureMaxMs}ms to measure.`,
    );
  }
}

/** Each chip has some of the options, and says what they may be. */
function checkChipOptions(source: Settings['sources'][number], i: number, report: ReportProblem): void {
  const { type } = source;
  const rules = CHIP_DRIVERS.find((one) => one.type === type)?.options;
  for (const name of CHIP_OPTIONS) {
    const value = source[name];
    if (value === undefined) continue;
    const rule = rules?.[name];
    const key = keyOf(name, SETTINGS.shape.sources.entry.shape[name]);
    const problem = rule === undefined ? `means nothing to a ${type}` : problemWith(rule, value);
    if (problem !== undefined) {
      report(
        [
          ['sources', i, key],
          ['sources', i, 'type'],
        ],
        `${value} ${problem}.`,
      );
    }
  }
}

function checkDestinations({ destinations, delivery }: Settings, report: ReportProblem): void {
  for (const [i, destination] of destinations.entries()) {
    if (destinations.findIndex((other) => other.name === destination.name) < i) {
      report([['destinations', i, 'name']], `a second destination named "${destination.name}".`);
    }
    const requestMs = destination.requestTimeoutMs ?? delivery.requestTimeoutMs;
    const batchMs = destination.batchTimeoutMs ?? delivery.batchTimeoutMs;
    const own = destination.requestTimeoutMs !== undefined || destination.batchTimeoutMs !== undefined;
    if (own && requestMs > batchMs) {
      const culprit = destination.requestTimeoutMs === undefined ? 'batch_timeout' : 'request_timeout';
      report(
        [['destinations', i, culprit], ['delivery']],
        `its request_timeout (${inUnits(requestMs)}) is more than its batch_timeout (${inUnits(batchMs)}).`,
      );
    }
  }
}

/** Whether only this machine itself can reach it. */
export function isLoopback(host: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(host) || host === '::1' || host === 'localhost';
}

/** Milliseconds as one would write them in the file. */
function inUnits(ms: number): string {
  for (const [unit, factor] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const) {
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return `${ms}ms`;
}
