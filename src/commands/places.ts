/** Where the gateway that is meant keeps its files: as configured, as told, or those of a clone's `npm start`. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Config, type LoadedConfig, loadConfig } from '../wiring/config.ts';
import { OUTBOX_FILE, STORE_FILE, TICKETS_FILE } from '../wiring/names.ts';
import { type CommandContext, textOption } from './command.ts';

export interface Places {
  readonly config: Config;
  readonly dataDir: string;
  readonly runDir: string;
  readonly outboxFile: string;
  readonly storeFile: string;
  readonly ticketsFile: string;
  /** Its data lies where `npm start` keeps it: no unit of systemd runs it. */
  readonly clone: boolean;
}

export function readConfig(context: CommandContext, file = textOption(context, 'config')): LoadedConfig {
  const { environment, hostName } = context;
  return loadConfig({ file, environment, hostName });
}

/** Throws what `loadConfig` throws. Says on standard error when it has to guess. */
export function findPlaces(context: CommandContext): Places {
  const loaded = readConfig(context);
  const dataDir = dataDirOf(context, loaded);
  const config = dataDir === loaded.config.dataDir ? loaded.config : withDataDir(context, dataDir);
  // `npm start` keeps both together; an installed gateway has configured both.
  const beside = join(dataDir, 'run');
  const runDir =
    loaded.given(['run_dir']) === undefined && existsSync(beside) ? beside : loaded.config.runDir;
  return {
    config,
    dataDir,
    runDir,
    outboxFile: join(dataDir, OUTBOX_FILE),
    storeFile: join(dataDir, STORE_FILE),
    ticketsFile: join(dataDir, TICKETS_FILE),
    clone: dataDir === cloneDir(context) || runDir === beside,
  };
}

/** What lies in the data directory, as the tokens do if nobody says otherwise, goes with it. */
function withDataDir(context: CommandContext, dataDir: string): Config {
  const environment = { ...context.environment, SENSORGW_DATA_DIR: dataDir };
  return readConfig({ ...context, environment }).config;
}

function cloneDir({ packageDir }: CommandContext): string {
  return join(packageDir, 'data');
}

function dataDirOf(context: CommandContext, { config, file, given }: LoadedConfig): string {
  const told = textOption(context, 'data-dir');
  if (told !== undefined) return resolve(told);
  const ofClone = cloneDir(context);
  const configured = file !== undefined || given(['data_dir']) !== undefined;
  if (configured || existsSync(config.dataDir) || !existsSync(ofClone)) return config.dataDir;
  if (!context.json)
    context.terminal.note(`No configuration found: looking at ${ofClone}, where npm start keeps its data.`);
  return ofClone;
}
