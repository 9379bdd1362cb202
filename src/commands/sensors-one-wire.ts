/** What a 1-Wire bus holds besides thermometers, and what that says about its wires. */

import { join } from 'node:path';
import { listNames } from '../../lib/flow/acquire/sources/kernel/kernel-files.ts';

const NO_SIGNAL = new AbortController().signal;

/** Sentences for people; none if there is nothing to say. */
export async function strangersOnOneWire(sysDir: string): Promise<readonly string[]> {
  const entries = await listNames(join(sysDir, 'bus/w1/devices'), NO_SIGNAL);
  const masters = entries.filter((entry) => /^w1_bus_master\d+$/.test(entry));
  const devices = entries.filter((entry) => /^[0-9a-f]{2}-[0-9a-f]{12}$/.test(entry));
  // The search reads a data wire that floats as devices of a family that does not exist.
  const ghosts = devices.filter((entry) => entry.startsWith('00-'));
  if (ghosts.length > 0) {
    return [
      `1-Wire finds ${ghosts.join(', ')}, which no device is called: the data wire floats. Connect 4.7 kOhm between it and 3.3 V.`,
    ];
  }
  if (masters.length > 0 && devices.length === 0) {
    return [
      '1-Wire is on and finds nothing: is the data wire at GPIO 4 (pin 7), with 4.7 kOhm between it and 3.3 V?',
    ];
  }
  return [];
}
