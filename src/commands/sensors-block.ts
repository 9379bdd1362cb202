/**
 * What a scan found, as a block of configuration to paste: chips that have said what they are ready to use,
 * those that could be several things as comments to choose from, and the kernel's sensors with a place for
 * their names. It is a correct configuration as it stands.
 */

import { hex } from '../../lib/flow/acquire/sources/i2c/i2c-errors.ts';
import { NAME_LENGTH_MAX } from '../../lib/flow/reading.ts';
import type { FoundChip, ScannedBus } from './sensors-buses.ts';

export interface BlockOptions {
  readonly buses: readonly ScannedBus[];
  /** Sensors of the kernel that are worth a name of one's own, with what they measure now. */
  readonly sensors: readonly { readonly sensor: string; readonly said: string }[];
  /** The names of sources that there are already. */
  readonly taken: readonly string[];
  /** Whether there is an entry for the kernel already. */
  readonly kernelConfigured: boolean;
  /** Whether the block goes under a `sources:` that there is. */
  readonly under: boolean;
}

export function configurationBlock(options: BlockOptions): readonly string[] {
  const { buses, under } = options;
  const taken = new Set(options.taken);
  const chips = buses.flatMap(({ bus, found }) =>
    found
      .filter(({ kernelDevice, source, drivers }) => !kernelDevice && !source && drivers.length > 0)
      .flatMap((chip) => entryOf(chip, bus, taken)),
  );
  if (chips.length === 0 && options.sensors.length === 0) return [];
  const entries = [...kernelEntry(options), ...chips];
  return [
    under ? '# Add these entries to "sources:" in the configuration,' : '# Put this into the configuration,',
    '# then: sensorctl config check, and restart the reader (sudo systemctl restart sensor-main).',
    ...(under ? [] : ['sources:']),
    ...entries,
  ];
}

function kernelEntry({ sensors, kernelConfigured, under }: BlockOptions): string[] {
  const names = sensors.map(({ sensor, said }) => `#      ${sensor}: a-name-of-yours   # ${said}`);
  if (names.length === 0) return under ? [] : ['  - type: kernel'];
  const about = [
    '    # What to call its sensors in the readings: take the "#" away from both.',
    '#    names:',
  ];
  if (!kernelConfigured || !under) return ['  - type: kernel', ...about, ...names];
  return ['  # For the entry of the kernel that is there already:', '#    names:', ...names];
}

function entryOf({ address, drivers, sure }: FoundChip, bus: number, taken: Set<string>): string[] {
  if (sure) {
    return drivers.flatMap(({ type, title }) => [
      `  # ${title}`,
      `  - type: ${type}`,
      ...placeOf(type, { bus, address }, taken),
    ]);
  }
  const types = drivers.map(({ type, title }) => `${type} (${title})`).join(', ');
  const [first] = drivers;
  return [
    `  # ${hex(address)} on bus ${bus} does not say what it is. By its address it may be one of these:`,
    `  # ${types}. If so, write its type and take the "#" away.`,
    ...[`  - type: ${first?.type ?? ''}`, ...placeOf(first?.type ?? '', { bus, address }, taken)].map(
      (line) => `#${line}`,
    ),
  ];
}

function placeOf(
  type: string,
  { bus, address }: { readonly bus: number; readonly address: number },
  taken: Set<string>,
): string[] {
  const wanted = `${type}-${address.toString(16)}`;
  let name = wanted;
  for (let copy = 2; taken.has(name); copy += 1) name = `${wanted}-${copy}`.slice(0, NAME_LENGTH_MAX);
  taken.add(name);
  return [
    `    name: ${name}   # what to call it in the readings`,
    `    bus: ${bus}`,
    `    address: ${hex(address)}`,
  ];
}
