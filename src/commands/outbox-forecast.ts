/** How long the outbox lasts and how long a drain takes, from the files and the running reader, in words. */

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { HIGH_SHARE } from '../../lib/flow/outbox/bounds.ts';
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
  const ofRound = readingsPerRound(reader.health);
  // A drained outbox has too few rows to measure; the reader then says how much a round brings.
  const rowsPerSecond = rateOf(measures.newest) ?? ((ofRound ?? 0) * 1_000) / intervalMs;
  const newestAt = measures.newest.at(-1)?.at ?? 0;
  const forecast = forecastOf({
    rows: stats.rows - stats.thinnedRows,
    thinnedRows: stats.thinnedRows,
    bytesUsed: measures.bytesUsed,
    bytesFree: Math.min(onDisk, bytesMax * HIGH_SHARE - measures.bytesUsed),
    rowsPerSecond,
    series: new Set(measures.newest.map((row) => row.series)).size || (ofRound ?? 0),
    backlogRows,
    backlogSpanMs: newestAt - (furthest?.oldestAt ?? newestAt),
    drainRowsPerSecond: furthest === undefined ? undefined : drainPace(reader.health, furthest.destination),
  });
  return { ...forecast, rowsPerSecond, backlogRows };
}

/** `the outbox lasts 4 years at this rate, unthinned for 33 d; draining it takes 3 min`. */
export function forecastInWords(forecast: OutboxForecast): string {
  const { drainMs, backlogRows } = forecast;
  const lasts = lastsInWords(forecast);
  if (backlogRows === 0) return lasts;
  if (drainMs === undefined) return `${lasts}; at this rate it never drains`;
  return `${lasts}; draining it takes ${spanInWords(drainMs)}`;
}

function lastsInWords({ fullMs, lastsMs }: OutboxForecast): string {
  if (fullMs === undefined || lastsMs === undefined) return 'nothing is added to the outbox';
  const lasts = `the outbox lasts ${spanInWords(lastsMs)} at this rate`;
  if (lastsMs === fullMs) return lasts;
  return fullMs === 0 ? `${lasts}, and is being thinned` : `${lasts}, unthinned for ${spanInWords(fullMs)}`;
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
