/**
 * What sensors gave, of readings that were calibrated: computed with the calibration that was stored last before each
 * of them. Readings are asked about in the order of their times, so that each series of calibrations is read once,
 * beside them, and never held.
 */

import { calibrationMetrics, rawOf } from '../../lib/flow/acquire/calibration.ts';
import { FLAG } from '../../lib/flow/reading.ts';
import type { ReadingsReader, StoredReading } from '../../lib/flow/write-api/readings-store.ts';

export interface RawValues {
  /** In the order of time. `undefined`: it was not calibrated; `null`: it was, and nobody knows by what. */
  of(reading: StoredReading): Promise<number | null | undefined>;
}

/** A calibration is stored every hour; a day behind a reading there is one, or there has been none for long. */
const NEAR_MS = 86_400_000;

interface Track {
  valueFor(reading: StoredReading): Promise<number | undefined>;
}

export function createRawValues(store: Pick<ReadingsReader, 'readings'>): RawValues {
  /** By series: as many as there are calibrated ones. */
  const tracks = new Map<string, { readonly scale: Track; readonly offset: Track }>();

  function tracksOf({ gateway, sensor, metric, at }: StoredReading) {
    const key = `${gateway} ${sensor} ${metric}`;
    const known = tracks.get(key);
    if (known !== undefined) return known;
    const names = calibrationMetrics(metric);
    const track = (of: string) => createTrack(store, { gateway, sensor, metric: of }, at);
    const begun = { scale: track(names.scale), offset: track(names.offset) };
    tracks.set(key, begun);
    return begun;
  }

  return {
    async of(reading) {
      if ((reading.flags & FLAG.calibrated) === 0) return undefined;
      const track = tracksOf(reading);
      const scale = await track.scale.valueFor(reading);
      const offset = await track.offset.valueFor(reading);
      return scale === undefined || offset === undefined || scale === 0
        ? null
        : rawOf(reading.value, { scale, offset });
    },
  };
}

interface Series {
  readonly gateway: string;
  readonly sensor: string;
  readonly metric: string;
}

function createTrack(store: Pick<ReadingsReader, 'readings'>, series: Series, fromAt: number): Track {
  const near = store.readings({ ...series, sinceAt: Math.max(0, fromAt - NEAR_MS) })[Symbol.asyncIterator]();
  let latest: StoredReading | undefined;
  let next: StoredReading | undefined;
  let begun = false;

  async function advance(): Promise<void> {
    const { done, value } = await near.next();
    next = done === true ? undefined : value;
  }

  async function begin(): Promise<void> {
    begun = true;
    await advance();
    if (next !== undefined && next.at <= fromAt) return;
    for await (const one of store.readings({ ...series, sinceAt: 0, untilAt: fromAt })) latest = one;
  }

  return {
    async valueFor({ at, stream }) {
      if (!begun) await begin();
      while (next !== undefined && next.at <= at) {
        latest = next;
        await advance();
      }
      // The oldest readings of a full outbox may have been given up, and the first calibration with them; it is that
      // of the whole run.
      return latest?.value ?? (next?.stream === stream ? next.value : undefined);
    },
  };
}
