/** The reader's own lock, taken by a command for as long as it changes the outbox in the reader's place. */

import { GatewayError } from '../../lib/base/errors.ts';
import type { InstanceLock } from '../../lib/base/instance-lock.ts';
import { controlPath, READER } from '../wiring/names.ts';
import type { Places } from './places.ts';
import { lockProgram } from './program-lock.ts';

/** To be called when nobody answers at the control socket. Throws `SGW_PROGRAM_REFUSED` if a reader runs all the same. */
export async function lockReader({ dataDir, runDir }: Places): Promise<InstanceLock> {
  try {
    return await lockProgram(dataDir, READER);
  } catch (error) {
    // The lock's own advice, to stop the other copy, is for a second reader and not for a person with an order.
    if (!(error instanceof GatewayError) || error.code !== 'SGW_DATA_DIR_IN_USE') throw error;
    const socket = controlPath(runDir);
    throw new GatewayError('SGW_PROGRAM_REFUSED', `${error.message}, but takes no orders at ${socket}`, {
      hint: 'If it has just been started, try again in a moment. Otherwise check run_dir, or restart it.',
      cause: error,
    });
  }
}
