/**
 * From plain options (an entry under `sources` of the configuration) to sources: the one place that
 * knows every kind. I2C sensors on one bus share its adapter, so that their exchanges queue up instead
 * of colliding.
 */

import { GatewayError } from '../../../base/errors.ts';
import type { World } from '../../flow-event.ts';
import type { SensorSource } from '../sensor-source.ts';
import { BME280_ADDRESS, createBme280Source } from './i2c/bme280.ts';
import type { I2cBus } from './i2c/i2c-bus.ts';
import { createI2cBus } from './i2c/i2c-bus-adapter.ts';
import { createKernelSources } from './kernel/kernel-sources.ts';
import { createSimulatedSource } from './simulated-source.ts';

export interface SourceOptions {
  readonly type: 'kernel' | 'simulated' | 'bme280';
  /** Names the source; for an I2C chip the sensor, too. */
  readonly name: string;
  /** How often to read it; with every round if left out. */
  readonly intervalMs?: number | undefined;
  readonly deadlineMs: number;
  /** I2C: the number in /dev/i2c-NUMBER; 1 if left out, the one on a Raspberry Pi's header. */
  readonly bus?: number | undefined;
  /** I2C: the chip's address; its own default if left out. */
  readonly address?: number | undefined;
}

export interface CreateSourcesDeps {
  readonly world: Pick<World, 'clock' | 'random'>;
  /** Whose file system the kernel source measures. */
  readonly stateDir: string;
  /** For tests and simulations; the machine's own if left out. */
  readonly procDir?: string;
  readonly sysDir?: string;
  readonly openBus?: (bus: number) => I2cBus;
}

export interface Sources {
  readonly all: readonly SensorSource[];
  /** Lets go of everything they hold. May be called twice. */
  close(): void;
}

const BUS_OF_THE_HEADER = 1;

/** Opens nothing yet. Throws `SGW_CONFIG_INVALID` if two of them would carry the same name. */
export function createSources(wanted: readonly SourceOptions[], deps: CreateSourcesDeps): Sources {
  const { clock, random } = deps.world;
  const openBus = deps.openBus ?? ((bus) => createI2cBus({ bus }));
  const buses = new Map<number, I2cBus>();

  function busOf({ bus: number = BUS_OF_THE_HEADER }: SourceOptions): I2cBus {
    const bus = buses.get(number) ?? openBus(number);
    buses.set(number, bus);
    return bus;
  }

  function sourcesOf(options: SourceOptions): readonly SensorSource[] {
    switch (options.type) {
      case 'kernel':
        return createKernelSources({ ...options, ...deps });
      case 'simulated':
        return [createSimulatedSource({ ...options, clock, random })];
      case 'bme280':
        return [
          createBme280Source({
            ...options,
            address: options.address ?? BME280_ADDRESS,
            bus: busOf(options),
            clock,
          }),
        ];
    }
  }

  const all = wanted.flatMap(sourcesOf);
  assertUniqueNames(all);
  return {
    all,
    close() {
      for (const source of all) source.close?.();
      for (const bus of buses.values()) bus.close();
      buses.clear();
    },
  };
}

function assertUniqueNames(sources: readonly SensorSource[]): void {
  const names = new Set<string>();
  for (const { name } of sources) {
    if (names.has(name)) {
      throw new GatewayError('SGW_CONFIG_INVALID', `two sources are named "${name}"`, {
        hint: 'Give each entry under `sources` a name of its own.',
      });
    }
    names.add(name);
  }
}
