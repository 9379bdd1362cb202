/**
 * What every sensor source promises, whatever technology is behind it. A suite to be run over each
 * adapter, and over a driver of one's own: the sampler contains sources that break these promises, but
 * it can only make readings of those that keep them.
 */

import { describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../lib/base/clock.ts';
import { checkMeasurements } from '../../lib/flow/acquire/checked-measurement.ts';
import type { Measurement, SensorSource } from '../../lib/flow/acquire/sensor-source.ts';
import { NAME_PATTERN } from '../../lib/flow/reading.ts';

export interface SourceUnderTest {
  readonly source: SensorSource;
  /** Lets time pass until `work` has settled: a virtual clock advances, a real one only waits. */
  settle<T>(work: Promise<T>): Promise<T>;
}

export interface SourceContractOptions {
  /** A fresh source; called once for each test. */
  readonly create: () => SourceUnderTest;
  /** Whether there is nothing to measure here, such as hwmon on a virtual machine. */
  readonly mayBeEmpty?: boolean;
  /** Whether the set of series may change between reads, such as interfaces that come and go. */
  readonly seriesMayChange?: boolean;
}

export function describeSensorSource(name: string, options: SourceContractOptions): void {
  function open(): SourceUnderTest {
    const subject = options.create();
    onTestFinished(() => subject.source.close?.());
    return subject;
  }

  const read = ({ source, settle }: SourceUnderTest) => settle(source.read(new AbortController().signal));

  describe(`the source contract: ${name}`, () => {
    test('it has a legal name, a finite deadline, and an interval longer than it', () => {
      const { source } = open();

      expect(source.name).toMatch(NAME_PATTERN);
      expect(source.deadlineMs).toBeGreaterThan(0);
      expect(source.deadlineMs).toBeLessThan(source.intervalMs ?? Number.POSITIVE_INFINITY);
    });

    test('it answers with measurements that all pass validation', async () => {
      const measurements = await read(open());

      const checked = checkMeasurements(measurements);
      expect(checked.rejections).toEqual([]);
      if (options.mayBeEmpty !== true) expect(checked.measurements.length).toBeGreaterThan(0);
    });

    test('it never names a series twice', async () => {
      const series = seriesOf(await read(open()));

      expect(new Set(series).size).toBe(series.length);
    });

    if (options.seriesMayChange !== true) {
      test('two reads give the same series with the same units', async () => {
        const subject = open();

        const first = seriesOf(await read(subject));

        expect(seriesOf(await read(subject))).toEqual(first);
      });
    }

    test('two reads at once each get an answer or an error, and neither hangs', async () => {
      const subject = open();

      const both = await subject.settle(
        Promise.allSettled([1, 2].map(() => subject.source.read(new AbortController().signal))),
      );

      expect(both).toHaveLength(2);
    });

    test('it does not measure for somebody who has already left', async () => {
      const { source, settle } = open();

      await expect(settle(source.read(AbortSignal.abort()))).rejects.toThrow();
    });

    test('it settles after an abort in the middle, and answers again afterwards', async () => {
      const subject = open();
      const abort = new AbortController();

      const abandoned = subject.source.read(abort.signal).catch(() => undefined);
      abort.abort();
      await subject.settle(abandoned);

      expect(checkMeasurements(await read(subject)).rejections).toEqual([]);
    });

    test('closing it twice is harmless, also before the first read', async () => {
      const unread = open();
      unread.source.close?.();
      unread.source.close?.();
      const used = open();
      await read(used);

      expect(() => {
        used.source.close?.();
        used.source.close?.();
      }).not.toThrow();
    });
  });
}

function seriesOf(measurements: readonly Measurement[]): string[] {
  return measurements.map((one) => `${one.sensor} ${one.metric} ${one.unit}`).sort();
}

/** For sources that need no help from a clock of ours. */
export async function inRealTime<T>(work: Promise<T>): Promise<T> {
  return work;
}

/** For sources that sleep on a virtual clock: a minute is longer than any deadline. */
export function inVirtualTime(
  clock: Clock & { advance(ms: number): Promise<void> },
): SourceUnderTest['settle'] {
  return async (work) => {
    work.catch(() => {}); // The caller looks at it, but only after time has passed.
    await clock.advance(60_000);
    return work;
  };
}
