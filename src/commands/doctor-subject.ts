/** The gateway that a doctor examines. With a configuration that cannot be read it is the one of the defaults. */

import { join } from 'node:path';
import { codeOf, GatewayError } from '../../lib/base/errors.ts';
import { RELEASED_AT } from '../../lib/base/released-at.ts';
import { CHIP_DRIVERS } from '../../lib/flow/acquire/sources/i2c/chips/index.ts';
import { BUS_OF_THE_HEADER } from '../../lib/flow/acquire/sources/i2c/i2c-bus.ts';
import type { ConfigProblem, Subject } from '../../lib/ops/doctor/finding.ts';
import { isReachable, ownApiUrl } from '../wiring/api-settings.ts';
import { CONFIG_FILE, type LoadedConfig, loadConfig } from '../wiring/config.ts';
import { databaseOf } from '../wiring/database.ts';
import { elsewhereOf } from '../wiring/elsewhere.ts';
import { settledLimits } from '../wiring/limits.ts';
import { OUTBOX_FILE, STORE_FILE, TICKETS_FILE, WRITE_API } from '../wiring/names.ts';
import { secretFilesOf, secretPathsOf } from '../wiring/notify-settings.ts';
import { readSecrets } from '../wiring/secrets.ts';
import { VERSION } from '../wiring/version.ts';
import { type CommandContext, textOption } from './command.ts';
import { findPlaces, type Places, readConfig } from './places.ts';
import { programState } from './running.ts';

/** Never throws what is expected: a configuration that is wrong is a finding. */
export function subjectOf(context: CommandContext): Subject {
  const { places, configFile, configProblem, given } = configured(context);
  const { config, dataDir, runDir, outboxFile, storeFile } = places;
  // It may have been started with another port than the file says now.
  const { url } = programState(runDir, WRITE_API, context.wallMs()).health;
  return {
    configFile,
    configProblem,
    dataDir,
    runDir,
    outboxFile,
    storeFile,
    diskReserve: config.outbox.diskReserve,
    clockHoldMs: config.clock.holdMs,
    limits: settledLimits({ config, given }),
    apiUrl: url !== undefined && URL.canParse(url) ? url : ownApiUrl({ api: config.api, runDir }),
    api: {
      reachable: isReachable(config.api),
      tokensFile: config.api.tokensFile,
      tlsCertFile: config.api.tlsCertFile,
      tlsKeyFile: config.api.tlsKeyFile,
    },
    destinations: config.destinations.map(({ name, url: to, tokenFile, caFile }) => ({
      name,
      url: to,
      tokenFile,
      caFile,
    })),
    secretFiles: secretFilesOf(config.notifications),
    secrets: secretPathsOf(config.notifications),
    elsewhere: elsewhereOf(config),
    i2cBuses: config.sources.flatMap(({ type, bus }) => (isChip(type) ? [bus ?? BUS_OF_THE_HEADER] : [])),
    clone: places.clone,
    packageDir: context.packageDir,
    version: VERSION,
    node: process.execPath,
    sensorctl: join(context.packageDir, 'dist/src/sensorctl.js'),
    uid: process.getuid?.() ?? 0,
    floorAt: RELEASED_AT,
  };
}

const isChip = (type: string): boolean => CHIP_DRIVERS.some((driver) => driver.type === type);

interface Configured {
  readonly places: Places;
  readonly configFile: string | undefined;
  readonly configProblem: ConfigProblem | undefined;
  readonly given: LoadedConfig['given'];
}

function configured(context: CommandContext): Configured {
  try {
    const { config, file, given } = readConfig(context);
    return { places: findPlaces(context), configFile: file, configProblem: secretsProblem(config), given };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const named = textOption(context, 'config') ?? context.environment.SENSORGW_CONFIG;
    const file = named === undefined || named === '' ? CONFIG_FILE : named;
    const configProblem = problemOf(error, file);
    return { places: defaultPlaces(context), configFile: file, configProblem, given: () => undefined };
  }
}

function secretsProblem(config: Places['config']): ConfigProblem | undefined {
  for (const destination of config.destinations) {
    // systemd hands it to the service alone, while it runs: whether we may read it says nothing.
    if (destination.tokenFile?.startsWith('/run/credentials/')) continue;
    try {
      readSecrets(destination);
    } catch (error) {
      if (error instanceof GatewayError)
        return problemOf(error, `the files of destination ${destination.name}`);
      throw error;
    }
  }
  const { store } = config;
  if (store.passwordFile?.startsWith('/run/credentials/')) return undefined;
  try {
    databaseOf(store);
  } catch (error) {
    if (error instanceof GatewayError) return problemOf(error, 'the password file of store');
    throw error;
  }
  return undefined;
}

function problemOf(error: GatewayError, file: string): ConfigProblem {
  return { message: error.message, notPermitted: codeOf(error.cause) === 'EACCES', file };
}

/** Where things are when nobody says otherwise, so that the rest can be examined all the same. */
function defaultPlaces(context: CommandContext): Places {
  const { config } = loadConfig({ environment: {}, hostName: context.hostName, usualFile: '/nonexistent' });
  const dataDir = textOption(context, 'data-dir') ?? context.environment.SENSORGW_DATA_DIR ?? config.dataDir;
  const runDir = context.environment.SENSORGW_RUN_DIR ?? config.runDir;
  return {
    config,
    dataDir,
    runDir,
    outboxFile: join(dataDir, OUTBOX_FILE),
    storeFile: join(dataDir, STORE_FILE),
    ticketsFile: join(dataDir, TICKETS_FILE),
    clone: false,
  };
}
