/**
 * A chip as a source: all that chips have in common, done once, around a driver that only states what its data
 * sheet says. It begins the chip before its first measurement and after every failure (it may have been
 * exchanged), tries a second time within the round where that can help, leaves a dead chip alone, holds values
 * to what the chip can measure, does not ask more often than the chip allows, and counts.
 *
 * A chip that does not answer is a state, told in the statistics and in the failure of its reads; it is never a
 * surprise, and never anybody else's problem.
 */

import type { Clock } from '../../../../base/clock.ts';
import { messageOf } from '../../../../base/errors.ts';
import type { Measurement, SensorSource } from '../../sensor-source.ts';
import { type Chip, type ChipDriver, ChipError, type ChipFault, type ChipOptions, faultOf } from './chip.ts';
import { createChipBreaker } from './chip-breaker.ts';
import type { I2cBus } from './i2c-bus.ts';

export interface ChipSourceOptions {
  readonly driver: ChipDriver;
  /** Names the source and its sensor. */
  readonly name: string;
  readonly bus: I2cBus;
  /** 7 bits; the driver's usual one if left out. */
  readonly address?: number | undefined;
  readonly options?: ChipOptions | undefined;
  readonly clock: Pick<Clock, 'sleep' | 'monotonicMs' | 'wallMs'>;
  /** How often to read it; with every round if left out, but never more often than the chip allows. */
  readonly intervalMs?: number | undefined;
  readonly deadlineMs: number;
}

/** Two reads of the bus more than the driver needs: less time left would only cut the second try short. */
const RETRY_MARGIN_MS = 100;

/** Rounds lie on a grid of their own: one that comes so little before the chip's time waits for it. */
const EARLY_SHARE_MAX = 0.1;

/** A second try helps against noise, a loose wire, a chip that was not ready. Against the rest it only costs. */
const WORTH_A_RETRY: ReadonlySet<ChipFault> = new Set([
  'no_answer',
  'garbled',
  'checksum',
  'wrong_chip',
  'power_lost',
  'not_ready',
  'illegal_value',
]);

/** Noise hits single exchanges, so it is cheapest met there: at one garbled in five, one more look saves four in five. */
const WORTH_A_REPEAT: ReadonlySet<ChipFault> = new Set(['no_answer', 'garbled']);

/** Throws what the driver says about its options. */
export function createChipSource(sourceOptions: ChipSourceOptions): SensorSource {
  const { driver, name, bus, clock, deadlineMs } = sourceOptions;
  const { intervalMinMs = 0, measureMaxMs } = driver;
  const address = sourceOptions.address ?? driver.addresses[0];
  const intervalMs = slower(sourceOptions.intervalMs, driver.intervalMinMs);
  const metrics = new Map(driver.metrics.map((one) => [one.metric, one]));
  const breaker = createChipBreaker();
  const faults: Record<string, number> = {};
  const lastValueAt: Record<string, number> = {};
  let retries = 0;
  let repeats = 0;
  let abandoned = 0;
  let begun = false;
  let lastMessage = '';
  let lastMeasuredMono: number | undefined;
  /** The read under way; a driver sees no signal in `transfer`, and must not go on after its time all the same. */
  let current: AbortSignal | undefined;

  const exchange = (write: Uint8Array, readLength: number) => {
    current?.throwIfAborted();
    return bus.transfer(address, write, readLength, current);
  };

  const chip: Chip = driver.open({
    device: {
      address,
      async transfer(write, readLength) {
        try {
          return await exchange(write, readLength);
        } catch (error) {
          const fault = faultOf(error);
          if (fault === undefined || !WORTH_A_REPEAT.has(fault) || current?.aborted) throw error;
          repeats += 1;
          return exchange(write, readLength);
        }
      },
    },
    async pause(ms, signal) {
      await clock.sleep(`${name} conversion`, ms, signal);
      signal.throwIfAborted();
    },
    options: sourceOptions.options ?? {},
  });

  /** Throws a `ChipError`, or whatever else the driver did. */
  async function attempt(signal: AbortSignal): Promise<readonly Measurement[]> {
    try {
      if (!begun) await chip.begin(signal);
      begun = true;
      return (await chip.measure(signal)).map(({ metric, value }) => checked(metric, value));
    } catch (error) {
      begun = false;
      if (signal.aborted) throw error;
      const fault = faultOf(error) ?? 'other';
      if (wasTried(error)) faults[fault] = (faults[fault] ?? 0) + 1;
      throw error;
    }
  }

  function checked(metric: string, value: number): Measurement {
    const known = metrics.get(metric);
    if (known === undefined) {
      throw new ChipError(
        'illegal_value',
        `the driver ${driver.type} gives "${metric}", which it has not declared`,
      );
    }
    const { unit, legal } = known;
    const [min, max] = legal;
    if (value >= min && value <= max) return { sensor: name, metric, unit, value };
    throw new ChipError(
      'illegal_value',
      `${metric} ${value} ${unit} is outside of what the chip can measure (${min} to ${max}): check its wiring`,
    );
  }

  async function attemptTwice(startMono: number, signal: AbortSignal): Promise<readonly Measurement[]> {
    const isProbe = breaker.state(startMono) !== 'closed';
    try {
      return await attempt(signal);
    } catch (error) {
      const leftMs = startMono + deadlineMs - clock.monotonicMs();
      const worth = WORTH_A_RETRY.has(faultOf(error) ?? 'unusable');
      if (isProbe || !worth || signal.aborted || leftMs < measureMaxMs + RETRY_MARGIN_MS) throw error;
      retries += 1;
      return attempt(signal);
    }
  }

  /** Settles the books of a read that has failed. */
  function fail(error: unknown, startMono: number, signal: AbortSignal): void {
    lastMessage = messageOf(error);
    if (signal.aborted) abandoned += 1;
    // A bus that others have stopped says nothing about this chip: it is asked at once when the bus is free.
    if (!wasTried(error)) return;
    breaker.failed(startMono, faultOf(error) === 'bus_stuck');
  }

  async function readOnce(signal: AbortSignal): Promise<readonly Measurement[]> {
    signal.throwIfAborted();
    if (current !== undefined)
      throw new ChipError('not_ready', `${name} is being read already`, { tried: false });
    current = signal;
    try {
      if (!(await isTime(signal))) return [];
      const startMono = clock.monotonicMs();
      const waitMs = breaker.waitMs(startMono);
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1_000);
        throw new ChipError('no_answer', `left alone for ${seconds} s more: ${lastMessage}`, {
          tried: false,
        });
      }
      const measurements = await attemptTwice(startMono, signal).catch((error: unknown) => {
        fail(error, startMono, signal);
        throw error;
      });
      breaker.succeeded();
      if (measurements.length > 0) lastMeasuredMono = startMono;
      for (const { metric } of measurements) lastValueAt[metric] = clock.wallMs();
      return measurements;
    } finally {
      current = undefined;
    }
  }

  /** Whether the chip may be asked again; the end of a wait that is not worth a round is awaited. */
  async function isTime(signal: AbortSignal): Promise<boolean> {
    if (lastMeasuredMono === undefined || !begun) return true;
    const earlyMs = lastMeasuredMono + intervalMinMs - clock.monotonicMs();
    if (earlyMs <= 0) return true;
    if (earlyMs > EARLY_SHARE_MAX * intervalMinMs) return false;
    await clock.sleep(`${name} interval`, earlyMs, signal);
    signal.throwIfAborted();
    return true;
  }

  return {
    name,
    deadlineMs,
    ...(intervalMs === undefined ? {} : { intervalMs }),
    read: readOnce,

    statistics() {
      const nowMono = clock.monotonicMs();
      const waitMs = breaker.waitMs(nowMono);
      return {
        faults: { ...faults },
        retries,
        repeats,
        abandoned,
        breaker: breaker.state(nowMono),
        nextTryAt: waitMs > 0 ? clock.wallMs() + Math.round(waitMs) : undefined,
        lastValueAt: { ...lastValueAt },
      };
    },

    close() {
      if (!begun) return;
      begun = false;
      // The first exchange that it asks for still goes out before the bus is closed; nobody waits for more.
      void chip.end?.(new AbortController().signal).catch(() => {});
    },
  };
}

/** The longer of two intervals, where there are two. */
function slower(wantedMs: number | undefined, leastMs: number | undefined): number | undefined {
  if (wantedMs === undefined || leastMs === undefined) return wantedMs ?? leastMs;
  return Math.max(wantedMs, leastMs);
}

function wasTried(error: unknown): boolean {
  return !(error instanceof ChipError) || error.tried;
}
