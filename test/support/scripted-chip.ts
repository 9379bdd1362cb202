/** A driver with a script instead of a data sheet: each exchange and each measurement does as a test tells it. */

import type { ChipDriver, ChipValue } from '../../lib/flow/acquire/sources/i2c/chip.ts';
import { createChipSource } from '../../lib/flow/acquire/sources/i2c/chip-source.ts';
import { createI2cTurns } from '../../lib/flow/acquire/sources/i2c/i2c-turns.ts';
import { type Behaviour, createScriptedWire } from './scripted-wire.ts';
import { createVirtualClock } from './virtual-clock.ts';

const ADDRESS = 0x44;

/** One exchange to begin, one to start a conversion of 10 ms, one to read it. */
export function scriptedDriver(
  measured: () => readonly ChipValue[],
  log: string[] = [],
  over: Partial<ChipDriver> = {},
): ChipDriver {
  return {
    type: 'scripted',
    title: 'A chip of a test',
    dataSheet: 'none',
    addresses: [ADDRESS],
    metrics: [{ metric: 'temperature', unit: 'celsius', legal: [-40, 85] }],
    measureMaxMs: 20,
    open: ({ device, pause }) => ({
      async begin() {
        log.push('begin');
        await device.transfer(Uint8Array.of(0), 1);
      },
      async measure(signal) {
        log.push('measure');
        await device.transfer(Uint8Array.of(1, 1), 0);
        await pause(10, signal);
        await device.transfer(Uint8Array.of(2), 2);
        return measured();
      },
      async end() {
        log.push('end');
        await device.transfer(Uint8Array.of(3), 0);
      },
    }),
    ...over,
  };
}

export interface ChipRigOptions {
  readonly driver?: Partial<ChipDriver>;
  readonly deadlineMs?: number;
  readonly intervalMs?: number;
}

/** A chip source on a bus of its own, in virtual time. */
export function chipRig({ driver: over = {}, deadlineMs = 2_000, intervalMs }: ChipRigOptions = {}) {
  const clock = createVirtualClock();
  const script = {
    behaviour: undefined as Behaviour | undefined,
    values: [{ metric: 'temperature', value: 20 }],
  };
  const log: string[] = [];
  const wire = createScriptedWire(() => script.behaviour);
  const bus = createI2cTurns({ bus: 1, wire, clock });
  const driver = scriptedDriver(() => script.values, log, over);
  const source = createChipSource({ driver, name: 'pond', bus, clock, deadlineMs, intervalMs });

  /** One read, and the time that it takes. */
  async function read(signal: AbortSignal = new AbortController().signal) {
    const reading = source.read(signal);
    reading.catch(() => {}); // Looked at by the test, after time has passed.
    await clock.advance(deadlineMs);
    return reading;
  }

  /** A read every 10 s; what each came to. */
  async function rounds(count: number): Promise<('ok' | 'empty' | 'failed')[]> {
    const outcomes: ('ok' | 'empty' | 'failed')[] = [];
    for (let round = 0; round < count; round += 1) {
      outcomes.push(
        await read().then(
          (answer) => (answer.length > 0 ? 'ok' : 'empty'),
          () => 'failed',
        ),
      );
      await clock.advance(10_000 - deadlineMs);
    }
    return outcomes;
  }

  return { clock, script, log, wire, bus, source, read, rounds };
}
