/** Every command, in the order of the help. */

import { breakerHold, breakerRelease, breakerShow } from './breaker.ts';
import type { Command } from './command.ts';
import { configCheck, configDocs, configSample, configShow } from './config.ts';
import { gaps } from './gaps.ts';
import { readings } from './readings.ts';
import { status } from './status.ts';
import { verify } from './verify.ts';
import { why } from './why.ts';

export const COMMANDS: readonly Command[] = [
  status,
  why,
  readings,
  gaps,
  verify,
  breakerShow,
  breakerHold,
  breakerRelease,
  configCheck,
  configShow,
  configSample,
  configDocs,
];
