/** Makes sure that the directories which a program needs are there and its own, before it opens anything. */

import { accessSync, constants } from 'node:fs';
import { GatewayError, messageOf } from '../../lib/base/errors.ts';
import { makeDir } from '../../lib/base/make-dir.ts';

/** Readings are nobody's business but the owner's and the group's. */
const DATA_DIR_MODE = 0o750;
/** Whoever may look at the machine may see how it is. */
const RUN_DIR_MODE = 0o755;

/** Throws `SGW_DATA_DIR_UNUSABLE`, saying which directory, why, and what to do. */
export function prepareDirectories(dirs: { readonly dataDir: string; readonly runDir: string }): void {
  prepare(dirs.dataDir, DATA_DIR_MODE, 'data_dir');
  prepare(dirs.runDir, RUN_DIR_MODE, 'run_dir');
}

function prepare(dir: string, mode: number, setting: string): void {
  try {
    makeDir(dir, mode);
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new GatewayError('SGW_DATA_DIR_UNUSABLE', `cannot use ${dir} (${setting}): ${messageOf(error)}`, {
      hint: `Create it for the user who runs the gateway (sudo install -d -o sensor-gateway ${dir}), or set ${setting}.`,
      cause: error,
    });
  }
}
