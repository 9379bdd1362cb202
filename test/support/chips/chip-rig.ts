/**
 * A driver on a fake of its chip, in virtual time. The wire takes the time that it takes at 100 kHz, so that a
 * chip can finish while it is asked; every exchange can be counted, tampered with, or made to fail.
 */

import type {
  Chip,
  ChipDriver,
  ChipOptions,
  ChipValue,
  I2cDevice,
} from '../../../lib/flow/acquire/sources/i2c/chip.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import { exchangeWith, type FakeChip, type Now } from './fake-chip.ts';

/** Nine clocks a byte. */
const BYTE_MS = 0.09;

/** More pauses than any driver makes. */
const TURNS_MAX = 1_000;

export interface ChipRig<F extends FakeChip> {
  readonly clock: VirtualClock;
  readonly fake: F;
  readonly device: I2cDevice;
  readonly chip: Chip;
  /** What was written, in hexadecimal, and how many bytes were then read: `2400`, `/6`, `f32d/3`. */
  readonly log: string[];
  /** Before the exchange with this number, counted from 0 since the rig was made; may throw. */
  before: (exchange: number) => void;
  /** Changes an answer on its way. */
  tamper: (answer: Uint8Array, write: Uint8Array) => Uint8Array;
  begin(): Promise<void>;
  /** The values by their metrics. */
  measure(): Promise<Readonly<Record<string, number>>>;
  /** Begins and measures. */
  read(): Promise<Readonly<Record<string, number>>>;
  /** Lets time pass until the work has settled. */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

export function createChipRig<F extends FakeChip>(
  driver: ChipDriver,
  createFake: (now: Now) => F,
  options: ChipOptions = {},
): ChipRig<F> {
  const clock = createVirtualClock();
  let wireMs = 0;
  const fake = createFake(() => clock.monotonicMs() + wireMs);

  const device: I2cDevice = {
    address: fake.address,
    async transfer(write, readLength) {
      const read = readLength > 0 ? `/${readLength}` : '';
      const exchange = rig.log.push(`${Buffer.from(write).toString('hex')}${read}`) - 1;
      rig.before(exchange);
      wireMs += BYTE_MS * (1 + write.length + readLength);
      return rig.tamper(exchangeWith(fake, write, readLength), write);
    },
  };

  async function pause(ms: number, signal: AbortSignal): Promise<void> {
    await clock.sleep('conversion', ms, signal);
    signal.throwIfAborted();
  }

  async function run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const working = work(new AbortController().signal);
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    working.then(settled, settled);
    for (let turn = 0; !isSettled; turn += 1) {
      if (turn === TURNS_MAX) throw new Error('the work neither ends nor sleeps');
      const [next] = clock.sleepers();
      const dueMono = Number(next?.split('@')[1] ?? clock.monotonicMs());
      await clock.advance(dueMono - clock.monotonicMs());
    }
    return working;
  }

  const chip = driver.open({ device, pause, options });
  const rig: ChipRig<F> = {
    clock,
    fake,
    device,
    chip,
    log: [],
    before: () => {},
    tamper: (answer) => answer,
    run,
    begin: () => run((signal) => chip.begin(signal)),
    measure: async () => byMetric(await run((signal) => chip.measure(signal))),
    async read() {
      await rig.begin();
      return rig.measure();
    },
  };
  return rig;
}

function byMetric(values: readonly ChipValue[]): Readonly<Record<string, number>> {
  return Object.fromEntries(values.map(({ metric, value }) => [metric, value]));
}
