/**
 * Every thermal zone of /sys/class/thermal (kernel: Documentation/driver-api/thermal/sysfs-api.rst):
 * `type` names the zone, `temp` is in thousandths of a degree Celsius. Zones have no address, so two of
 * the same type are told apart by the kernel's own order.
 */

import { join } from 'node:path';
import type { Measurement } from '../../sensor-source.ts';
import { createUniqueNames, nameOf } from '../names.ts';
import { listNames, readInteger, readText } from './kernel-files.ts';

export async function readThermalZones(sysDir: string, signal: AbortSignal): Promise<readonly Measurement[]> {
  const root = join(sysDir, 'class/thermal');
  const unique = createUniqueNames();
  const measurements: Measurement[] = [];
  for (const entry of await listNames(root, signal)) {
    if (!/^thermal_zone\d+$/.test(entry)) continue;
    const type = await readText(join(root, entry, 'type'), signal);
    if (type === undefined) continue;
    // The name is taken even if there is no value now, so that a sibling does not inherit it for a round.
    const sensor = unique(nameOf('thermal', type.replace(/[-_]thermal$/, '')));
    const milliCelsius = await readInteger(join(root, entry, 'temp'), signal);
    if (milliCelsius === undefined) continue;
    measurements.push({ sensor, metric: 'temperature', unit: 'celsius', value: milliCelsius / 1_000 });
  }
  return measurements;
}
