/**
 * What every source promises, whatever technology is behind it. The sampler contains sources that break these
 * promises, but it can only make readings of those that keep them.
 */

import { NAME_PATTERN, NAME_RULE } from '../../reading.ts';
import { checkMeasurements } from '../checked-measurement.ts';
import type { Measurement, SensorSource } from '../sensor-source.ts';
import { type Clause, must } from './clause.ts';

export interface SourceUnderTest {
  readonly source: SensorSource;
  /** Lets time pass until `work` has settled: a virtual clock advances, a real one only waits. */
  settle<T>(work: Promise<T>): Promise<T>;
}

export interface SourceTraits {
  /** Whether there may be nothing to measure here, such as hwmon on a virtual machine. */
  readonly mayBeEmpty?: boolean;
  /** Whether the set of series may change between reads, such as interfaces that come and go. */
  readonly seriesMayChange?: boolean;
}

/** Each clause wants a fresh source. */
export function sourceClauses(traits: SourceTraits = {}): readonly Clause<SourceUnderTest>[] {
  const { mayBeEmpty = false, seriesMayChange = false } = traits;
  const clauses: Clause<SourceUnderTest>[] = [
    {
      title: 'it has a legal name, a finite deadline, and an interval longer than it',
      async try({ source: { name, deadlineMs, intervalMs = Number.POSITIVE_INFINITY } }) {
        must(NAME_PATTERN.test(name), `its name "${name}" is not ${NAME_RULE}`);
        must(
          deadlineMs > 0 && deadlineMs < intervalMs,
          `its deadline of ${deadlineMs} ms is not within its interval`,
        );
      },
    },
    {
      title: 'it answers with measurements that all pass validation',
      async try(subject) {
        const { measurements, rejections } = checkMeasurements(await read(subject));
        const [first] = rejections;
        must(first === undefined, `${first?.sensor} ${first?.metric}: ${first?.message}`);
        must(mayBeEmpty || measurements.length > 0, 'it gave no measurement');
      },
    },
    {
      title: 'it never names a series twice',
      async try(subject) {
        const series = seriesOf(await read(subject));
        const twice = series.find((one, i) => series.indexOf(one) < i);
        must(twice === undefined, `"${twice}" is there twice`);
      },
    },
    {
      title: 'two reads at once each get an answer or an error, and neither hangs',
      async try({ source, settle }) {
        const { signal } = new AbortController();
        await settle(Promise.allSettled([source.read(signal), source.read(signal)]));
      },
    },
    {
      title: 'it does not measure for somebody who has already left',
      async try({ source, settle }) {
        const answered = await settle(source.read(AbortSignal.abort())).then(
          () => true,
          () => false,
        );
        must(!answered, 'it answered although the signal was aborted: call signal.throwIfAborted()');
      },
    },
    {
      title: 'it settles after an abort in the middle, and answers again afterwards',
      async try(subject) {
        const abort = new AbortController();
        const abandoned = subject.source.read(abort.signal).catch(() => undefined);
        abort.abort();
        await subject.settle(abandoned);
        const [first] = checkMeasurements(await read(subject)).rejections;
        must(first === undefined, `afterwards: ${first?.message}`);
      },
    },
    {
      title: 'closing it twice is harmless',
      async try(subject) {
        await read(subject);
        closeTwice(subject);
      },
    },
  ];
  if (!seriesMayChange) {
    clauses.push({
      title: 'two reads give the same series with the same units',
      async try(subject) {
        const [first, second] = [seriesOf(await read(subject)), seriesOf(await read(subject))];
        must(first.join() === second.join(), `first "${first.join('", "')}", then "${second.join('", "')}"`);
      },
    });
  }
  return clauses;
}

function read({ source, settle }: SourceUnderTest): Promise<readonly Measurement[]> {
  return settle(source.read(new AbortController().signal));
}

function closeTwice({ source }: SourceUnderTest): void {
  source.close?.();
  source.close?.();
}

function seriesOf(measurements: readonly Measurement[]): string[] {
  return measurements.map((one) => `${one.sensor} ${one.metric} ${one.unit}`).sort();
}
