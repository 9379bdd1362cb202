/** How long the outbox lasts and how long a drain takes, from the files and the running reader, in words. */

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Forecast, forecastOf } from '../../lib/flow/outbox/forecast.ts';
import type { OutboxMeasures, OutboxStats } from '../../lib/flow/outbox/outbox-view.ts';
import { paceOf } from '../../lib/flow/outbox/pace.ts';
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
  const pace = paceOf({
    stats,
    measures,
    bounds: places.config.outbox,
    diskFreeBytes: freeOnDisk(places.outboxFile),
    // A drained outbox has too few rows to measure; the reader then says how much a round brings.
    usual: {
      readingsPerRound: readingsPerRound(reader.health) ?? 0,
      intervalMs: places.config.sampling.intervalMs,
    },
    drainRowsPerSecond: (destination) => drainPace(reader.health, destination),
  });
  return { ...forecastOf(pace), rowsPerSecond: pace.rowsPerSecond, backlogRows: pace.backlogRows };
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
