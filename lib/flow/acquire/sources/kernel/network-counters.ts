/**
 * The counters of every network interface (kernel: Documentation/networking/statistics.rst): bytes,
 * errors and drops since the interface came up. A bad cable or a weak WLAN shows here first.
 */

import { join } from 'node:path';
import type { Unit } from '../../../reading.ts';
import type { Measurement } from '../../sensor-source.ts';
import { createUniqueNames, nameOf } from '../names.ts';
import { listNames, readInteger } from './kernel-files.ts';

const COUNTERS: readonly { file: string; metric: string; unit: Unit }[] = [
  { file: 'rx_bytes', metric: 'rx', unit: 'byte' },
  { file: 'tx_bytes', metric: 'tx', unit: 'byte' },
  { file: 'rx_errors', metric: 'rx_errors', unit: 'count' },
  { file: 'tx_errors', metric: 'tx_errors', unit: 'count' },
  { file: 'rx_dropped', metric: 'rx_dropped', unit: 'count' },
  { file: 'tx_dropped', metric: 'tx_dropped', unit: 'count' },
];

/** lo only talks to itself; container ends (veth) get a new random name at each start, a new series each time. */
const UNINTERESTING = /^(lo|veth.*)$/;

/** Six counters each stay well within a round's 256 measurements. */
const INTERFACES_MAX = 32;

export async function readNetworkCounters(
  sysDir: string,
  signal: AbortSignal,
): Promise<readonly Measurement[]> {
  const root = join(sysDir, 'class/net');
  const unique = createUniqueNames();
  const measurements: Measurement[] = [];
  const interfaces = (await listNames(root, signal)).filter((name) => !UNINTERESTING.test(name));
  for (const name of interfaces.slice(0, INTERFACES_MAX)) {
    const sensor = unique(nameOf('net', name));
    for (const { file, metric, unit } of COUNTERS) {
      const value = await readInteger(join(root, name, 'statistics', file), signal);
      if (value !== undefined) measurements.push({ sensor, metric, unit, value });
    }
  }
  return measurements;
}
