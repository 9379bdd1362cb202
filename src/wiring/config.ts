/**
 * From file and environment to the frozen `Config` that the programs are built from. Happens before
 * anything is opened or created, so that a wrong configuration leaves no trace. The tree of settings
 * decides what each one may be (`settings.ts`); here stands what must hold between groups of them, and
 * what follows from a setting that was left out.
 */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Loaded, loadSettings, type ReportProblem } from '../../lib/base/config.ts';
import { durationText } from '../../lib/base/quantity-text.ts';
import type { ValueOf } from '../../lib/base/setting.ts';
import { nameFrom } from '../../lib/flow/acquire/sources/names.ts';
import { checkApi, ownApiUrl } from './api-settings.ts';
import { checkDestinations } from './destination-settings.ts';
import { checkMonitor } from './monitor-settings.ts';
import { controlPath, TOKENS_FILE } from './names.ts';
import { checkNotifications } from './notify-settings.ts';
import { checkCalibration, checkQuality } from './quality-settings.ts';
import { checkQuietHours, checkWindows } from './quiet-hours.ts';
import { SETTINGS } from './settings.ts';
import { checkSources } from './source-settings.ts';
import { checkStore } from './store-settings.ts';
import { checkTickets } from './ticket-settings.ts';

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
  readonly api: Required<Settings['api'], 'defaultGateway' | 'tokensFile'>;
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
  const own = { name: 'local', url: ownApiUrl({ ...value, runDir: resolve(value.runDir) }) };
  const settings =
    given(['destinations']) === undefined ? { ...value, destinations: [{ ...NO_OPTIONS, ...own }] } : value;
  return { config: completed(settings, options.hostName), file, given };
}

const NO_OPTIONS = {
  tokenFile: undefined,
  caFile: undefined,
  requestTimeoutMs: undefined,
  batchTimeoutMs: undefined,
  quietHours: undefined,
};

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
    api: Object.freeze({
      ...api,
      defaultGateway: api.defaultGateway ?? gateway,
      tokensFile: resolve(settings.dataDir, api.tokensFile ?? TOKENS_FILE),
    }),
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
    const [deadline, interval] = [deadlineMs, sampling.intervalMs].map(durationText);
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
      `delivery.request_timeout (${durationText(delivery.requestTimeoutMs)}) is more than delivery.batch_timeout (${durationText(delivery.batchTimeoutMs)}).`,
    );
  }
  if (breaker.pausesMs.some((pause, i) => pause <= (breaker.pausesMs[i - 1] ?? 0))) {
    report(
      [['breaker', 'pauses']],
      `${breaker.pausesMs.map(durationText).join(', ')} are not in ascending order.`,
    );
  }
  checkApi(api, report);
  checkMonitor(settings, report);
  const socketBytes = Buffer.byteLength(controlPath(resolve(settings.runDir)));
  if (socketBytes > SOCKET_PATH_BYTES_MAX) {
    report(
      [['run_dir']],
      `the socket for sensorctl would have a path of ${socketBytes} bytes there, and ${SOCKET_PATH_BYTES_MAX} is the most that Linux takes. Use a shorter directory.`,
    );
  }
  checkSources({ sources: settings.sources, sampling: { ...sampling, deadlineMs } }, report);
  checkDestinations(settings, report);
  checkStore(settings.store, report);
  checkQuietHours(settings, report);
  checkNotifications(settings.notifications, report);
  checkWindows(['notifications', 'quiet_hours'], settings.notifications.quietHours ?? [], settings, report);
  checkCalibration(settings.calibration, report);
  checkQuality(settings.quality, report);
  checkTickets(settings.tickets, report);
}
