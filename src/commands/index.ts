/** Every command, in the order of the help. */

import type { Command } from './command.ts';
import { configCheck, configDocs, configSample, configShow } from './config.ts';
import { readings } from './readings.ts';
import { status } from './status.ts';

export const COMMANDS: readonly Command[] = [
  status,
  readings,
  configCheck,
  configShow,
  configSample,
  configDocs,
];
