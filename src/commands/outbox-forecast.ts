/** How long the outbox lasts and how long a drain takes, from the files and the running reader, in words. */

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Forecast, forecastOf, rateOf } from '../../lib/flow/outbox/forecast.ts';
import type { OutboxMeasures, OutboxStats } from '../../lib/flow/outbox/outbox-view.ts';
import type { Places } from './places.ts';
import { drainPace, type ProgramState, readingsPerRound } from './running.ts';
import { ageInWords } from './words.ts';

export interface OutboxForecast extends Forecast {
  readonly rowsPerSecond: number;
  readonly backlogRows: number;
}

export interface ForecastInputs {
  readonly stats: OutboxStats;
  readonly measures: OutboxMeasures;
  readonly reader: ProgramState;
  readonly places: Pick<Places, 'outboxFile' | 'config'>;
}

export function forecastFor({ stats, measures, reader, places }: ForecastInputs): OutboxForecast {
  const furthest = stats.destinations.toSorted((a, b) => b.rows - a.rows)[0];
  const backlogRows = furthest?.rows ?? 0;
  const { intervalMs } = places.config.sampling;
  const { bytesMax, diskReserve } = places.config.outbox;
  const onDisk = measures.fileBytes - measures.bytesUsed + freeOnDisk(places.outboxFile) - diskReserve;
  // A drained outbox has too few rows to measure; the reader then says how much a round brings.
  const rowsPerSecond =
    rateOf(measures.newest) ?? ((readingsPerRound(reader.health) ?? 0) * 1_000) / intervalMs;
  const forecast = forecastOf({
    rows: stats.rows,
    bytesUsed: measures.bytesUsed,
    bytesFree: Math.min(onDisk, bytesMax - measures.bytesUsed),
    rowsPerSecond,
    backlogRows,
    drainRowsPerSecond: furthest === undefined ? undefined : drainPace(reader.health, furthest.destination),
  });
  return { ...forecast, rowsPerSecond, backlogRows };
}

/** `the outbox lasts 412 d at this rate; draining it takes 3 min`. */
export function forecastInWords({ lastsMs, drainMs, backlogRows }: OutboxForecast): string {
  const lasts =
    lastsMs === undefined
      ? 'nothing is added to the outbox'
      : `the outbox lasts ${spanInWords(lastsMs)} at this rate`;
  if (backlogRows === 0) return lasts;
  if (drainMs === undefined) return `${lasts}; at this rate it never drains`;
  return `${lasts}; draining it takes ${spanInWords(drainMs)}`;
}

/** For programs; `null` is never. */
export function secondsOf(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms / 1_000);
}

const YEAR_MS = 365.25 * 86_400_000;

/** `3 min`, `412 d`, `9 years`; whoever forecasts in milliseconds knows nothing better than a second. */
function spanInWords(ms: number): string {
  if (ms < 1_000) return 'less than 1 s';
  const years = ms / YEAR_MS;
  if (years < 3) return ageInWords(ms);
  return years > 100 ? 'more than 100 years' : `${Math.floor(years)} years`;
}

function freeOnDisk(file: string): number {
  const { bavail, bsize } = statfsSync(dirname(file));
  return bavail * bsize;
}
