/**
 * From plain options (an entry under `sources` of the configuration) to sources: the one place that
 * knows every kind. I2C sensors on one bus share its adapter, so that their exchanges queue up instead
 * of colliding.
 */

import { GatewayError } from '../../../base/errors.ts';
import type { Pulse } from '../../../base/loop.ts';
import type { QuietHours } from '../../../base/quiet-hours.ts';
import type { World } from '../../flow-event.ts';
import type { SensorSource } from '../sensor-source.ts';
import type { ChipDriver, ChipOptions } from './i2c/chip.ts';
import { createChipSource } from './i2c/chip-source.ts';
import { CHIP_DRIVERS } from './i2c/chips/index.ts';
import { BUS_OF_THE_HEADER, type I2cBusStatus, type I2cWire } from './i2c/i2c-bus.ts';
import { createI2cBuses } from './i2c/i2c-buses.ts';
import { createKernelSources } from './kernel/kernel-sources.ts';
import { createModuleSource } from './module/module-source.ts';
import { createPoolThreads } from './pool-threads.ts';
import { createSimulatedSource } from './simulated-source.ts';

export interface SourceOptions extends ChipOptions {
  /** `kernel`, `simulated`, `module`, or the type of a chip's driver. */
  readonly type: string;
  /** Names the source; for an I2C chip the sensor, too. */
  readonly name: string;
  /** How often to read it; with every round if left out. */
  readonly intervalMs?: number | undefined;
  readonly deadlineMs: number;
  /** When none of it is to be read. */
  readonly quiet?: QuietHours | undefined;
  /** I2C: the number in /dev/i2c-NUMBER; 1 if left out, the one on a Raspberry Pi's header. */
  readonly bus?: number | undefined;
  /** I2C: the chip's address; its own default if left out. */
  readonly address?: number | undefined;
  /** module: the driver's file, absolute. */
  readonly path?: string | undefined;
  /** kernel: which of its sensors, and what to call them; see `SensorChoiceOptions`. */
  readonly only?: readonly string[] | undefined;
  readonly skip?: readonly string[] | undefined;
  readonly names?: Readonly<Record<string, string>> | undefined;
}

export interface CreateSourcesDeps {
  readonly world: Pick<World, 'clock' | 'random'>;
  /** Whose file system the kernel source measures. */
  readonly stateDir: string;
  /** For tests and simulations; the machine's own if left out. */
  readonly procDir?: string;
  readonly sysDir?: string;
  readonly openWire?: (bus: number) => I2cWire;
  /** I2C: how long one exchange may take, and after how long a bus that hangs wants a new process. */
  readonly i2c?: {
    readonly exchangeMaxMs?: number | undefined;
    readonly restartAfterMs?: number | undefined;
  };
  /** Where the promise is broken that only a new process can mend. */
  readonly pulse?: Pulse;
  /** How many threads Node has for calls that block. */
  readonly poolThreads?: number | undefined;
}

export interface Sources {
  readonly all: readonly SensorSource[];
  /** The I2C buses that somebody has asked for. */
  buses(): readonly I2cBusStatus[];
  /** Whether a call of theirs hangs in a driver: whoever waits for its thread waits for ever. */
  hangs(): boolean;
  /** Lets go of everything they hold. May be called twice. */
  close(): void;
}

/** Opens nothing yet. Throws `SGW_CONFIG_INVALID` if two of them would carry the same name. */
export function createSources(wanted: readonly SourceOptions[], deps: CreateSourcesDeps): Sources {
  const { clock, random } = deps.world;
  const { pulse, openWire, poolThreads } = deps;
  const threads = createPoolThreads({ clock, pulse, poolThreads });
  const buses = createI2cBuses({
    clock,
    threads,
    ...deps.i2c,
    ...(pulse && { pulse }),
    ...(openWire && { openWire }),
  });

  const busOf = ({ bus = BUS_OF_THE_HEADER }: SourceOptions) => buses.of(bus);

  function sourcesOf(options: SourceOptions): readonly SensorSource[] {
    switch (options.type) {
      case 'kernel':
        return createKernelSources({ ...options, ...deps, clock, threads });
      case 'simulated':
        return [createSimulatedSource({ ...options, clock, random })];
      case 'module':
        return [
          createModuleSource({ ...options, path: options.path ?? '', bus: () => busOf(options), clock }),
        ];
      default:
        return [
          createChipSource({ ...options, driver: driverOf(options), bus: busOf(options), options, clock }),
        ];
    }
  }

  const all = wanted.flatMap((options) => {
    const { quiet } = options;
    return sourcesOf(options).map((source) => (quiet === undefined ? source : { ...source, quiet }));
  });
  assertUniqueNames(all);
  return {
    all,
    buses: buses.status,
    hangs: () => threads.hanging() > 0,
    close() {
      for (const source of all) source.close?.();
      buses.close();
    },
  };
}

function driverOf({ type, name }: SourceOptions): ChipDriver {
  const driver = CHIP_DRIVERS.find((one) => one.type === type);
  if (driver !== undefined) return driver;
  const types = ['kernel', 'simulated', 'module', ...CHIP_DRIVERS.map((one) => one.type)].join(', ');
  throw new GatewayError('SGW_CONFIG_INVALID', `source ${name} is of type "${type}", which there is not`, {
    hint: `Use one of ${types}.`,
  });
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
