/**
 * A driver of somebody's own as a source. The file is loaded by the first read and not before, so that one that is
 * missing or broken costs its own readings and not the start; once it has been mended, the next read finds it.
 */

import type { Clock } from '../../../../base/clock.ts';
import type { SensorSource } from '../../sensor-source.ts';
import { createChipSource } from '../i2c/chip-source.ts';
import type { I2cBus } from '../i2c/i2c-bus.ts';
import { assertModuleSource, loadDriverModule } from './driver-module.ts';

export interface ModuleSourceOptions {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Asked for only by a driver that needs one. */
  readonly bus: () => I2cBus;
  /** I2C: the usual one of the driver if left out. */
  readonly address?: number | undefined;
  readonly clock: Pick<Clock, 'sleep' | 'monotonicMs' | 'wallMs'>;
  /** How often to read it; with every round if left out. */
  readonly intervalMs?: number | undefined;
  readonly deadlineMs: number;
}

type Loaded = Pick<SensorSource, 'read' | 'close' | 'statistics'>;

export function createModuleSource(options: ModuleSourceOptions): SensorSource {
  const { name, path, bus, clock, intervalMs, deadlineMs } = options;
  let loading: Promise<Loaded> | undefined;
  let loaded: Loaded | undefined;
  let closed = false;

  async function made(): Promise<Loaded> {
    const module = await loadDriverModule(path);
    if (module.kind === 'source') {
      const source = module.createSource({
        name,
        monotonicMs: clock.monotonicMs,
        async pause(ms, signal) {
          await clock.sleep(name, ms, signal);
          signal.throwIfAborted();
        },
        device: (address) => ({
          address,
          transfer: (write, readLength) => bus().transfer(address, write, readLength),
        }),
      });
      assertModuleSource(path, source);
      return { read: (signal) => source.read(signal), close: () => source.close?.() };
    }
    const { driver } = module;
    if (deadlineMs <= driver.measureMaxMs) {
      throw new Error(
        `deadline ${deadlineMs}ms is not enough for ${driver.type}: it takes ${driver.measureMaxMs}ms`,
      );
    }
    return createChipSource({ ...options, bus: bus(), driver });
  }

  async function load(): Promise<Loaded> {
    const source = await made();
    if (closed) {
      // Loading a file takes as long as it takes, and nobody else would ever let go of what has come of it.
      letGoOf(source);
      throw new Error(`${name} has been closed`);
    }
    loaded = source;
    return source;
  }

  async function loadOnce(): Promise<Loaded> {
    loading ??= load();
    try {
      return await loading;
    } finally {
      loading = undefined;
    }
  }

  return {
    name,
    deadlineMs,
    ...(intervalMs === undefined ? {} : { intervalMs }),

    async read(signal) {
      signal.throwIfAborted();
      const source = loaded ?? (await loadOnce());
      signal.throwIfAborted();
      return source.read(signal);
    },

    statistics: () => loaded?.statistics?.(),

    close() {
      if (closed) return;
      closed = true;
      if (loaded !== undefined) letGoOf(loaded);
    },
  };
}

function letGoOf(source: Loaded): void {
  try {
    source.close?.();
  } catch {
    // Whatever a driver of somebody else's does at the end, the others are closed, too.
  }
}
