/** What a 1-Wire bus holds besides thermometers, and what that says about its wires. */

import { join } from 'node:path';
import { listNames } from '../../lib/flow/acquire/sources/kernel/kernel-files.ts';

const NO_SIGNAL = new AbortController().signal;

/** Families of thermometers, which need a module of the kernel besides that of the bus. */
const THERMOMETER = /^(10|22|28|3b|42)-/;

/** Sentences for people; none if there is nothing to say. */
export async function hintsForOneWire(sysDir: string): Promise<readonly string[]> {
  const root = join(sysDir, 'bus/w1/devices');
  const entries = await listNames(root, NO_SIGNAL);
  const masters = entries.filter((entry) => /^w1_bus_master\d+$/.test(entry));
  const devices = entries.filter((entry) => /^[0-9a-f]{2}-[0-9a-f]{12}$/.test(entry));
  // The search reads a data wire that floats as devices of a family that does not exist.
  const ghosts = devices.filter((entry) => entry.startsWith('00-'));
  if (masters.length === 0 && devices.length === 0) {
    return [
      'There is no 1-Wire bus. For a DS18B20 on a Raspberry Pi: dtoverlay=w1-gpio in /boot/firmware/config.txt; then reboot.',
    ];
  }
  if (ghosts.length > 0) {
    return [
      `1-Wire finds ${ghosts.join(', ')}, which no device is called: the data wire floats. Connect 4.7 kOhm between it and 3.3 V.`,
    ];
  }
  if (devices.length === 0) {
    return [
      '1-Wire is on and finds nothing: is the data wire at GPIO 4 (pin 7), with 4.7 kOhm between it and 3.3 V?',
    ];
  }
  const first = devices.find((entry) => THERMOMETER.test(entry));
  const driven = first === undefined || (await listNames(join(root, first), NO_SIGNAL)).includes('w1_slave');
  return driven ? [] : [`The thermometer ${first} has no driver: sudo modprobe w1-therm`];
}
