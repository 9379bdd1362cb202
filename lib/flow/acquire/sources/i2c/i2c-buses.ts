/**
 * The buses of a process, each opened when somebody first asks for it. They share nothing but the threads, so
 * that one which hangs costs the others nothing, and they share the policy of when only a new process helps.
 */

import type { Clock } from '../../../../base/clock.ts';
import type { Pulse } from '../../../../base/loop.ts';
import { createPoolThreads, type PoolThreads } from '../pool-threads.ts';
import type { GuardedI2cBus, I2cBusStatus, I2cWire } from './i2c-bus.ts';
import { createI2cWire } from './i2c-bus-adapter.ts';
import { createI2cTurns } from './i2c-turns.ts';

export interface I2cBusesOptions {
  readonly clock: Clock;
  /** How long one exchange may take; `EXCHANGE_MAX_MS` if left out. */
  readonly exchangeMaxMs?: number | undefined;
  /** Shared with all others that may hang in this process; an account of their own if left out. */
  readonly threads?: PoolThreads;
  /** Where a promise is broken when only a new process helps. Without it nothing is restarted. */
  readonly pulse?: Pulse;
  /** After how long a bus that hangs wants a new process; never if left out. */
  readonly restartAfterMs?: number | undefined;
  /** For tests: instead of device files. */
  readonly openWire?: (bus: number) => I2cWire;
}

export interface I2cBuses {
  /** The bus of `/dev/i2c-NUMBER`, the same one each time. Opens nothing yet. */
  of(number: number): GuardedI2cBus;
  status(): readonly I2cBusStatus[];
  /** May be called twice. */
  close(): void;
}

const NO_PULSE: Pulse = { promise() {}, release() {} };

export function createI2cBuses(options: I2cBusesOptions): I2cBuses {
  const { clock, pulse = NO_PULSE, restartAfterMs, openWire = (bus) => createI2cWire({ bus }) } = options;
  const { threads = createPoolThreads({ clock, pulse }) } = options;
  const buses = new Map<number, GuardedI2cBus>();

  function open(number: number): GuardedI2cBus {
    const loop = `i2c bus ${number}`;
    return createI2cTurns({
      bus: number,
      wire: openWire(number),
      clock,
      exchangeMaxMs: options.exchangeMaxMs,
      threads,
      onStuck(answered) {
        // One that never has would hang again at once.
        if (answered && restartAfterMs !== undefined)
          pulse.promise(loop, clock.monotonicMs() + restartAfterMs);
      },
      onFree() {
        pulse.release(loop);
      },
    });
  }

  return {
    of(number) {
      const bus = buses.get(number) ?? open(number);
      buses.set(number, bus);
      return bus;
    },
    status: () => Array.from(buses.values(), (bus) => bus.status()),
    close() {
      for (const bus of buses.values()) bus.close();
    },
  };
}
