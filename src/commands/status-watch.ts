/**
 * `sensorctl status --watch`: the live view. Looks every two seconds and draws twice a second, so that ages count
 * on and a key is answered at once even while a look takes its time. What it shows is in `status-view.ts`.
 */

import { EXIT, messageOf } from '../../lib/base/errors.ts';
import type { SqliteLooks } from '../../lib/flow/write-api/store/sqlite-looks.ts';
import type { CommandContext } from './command.ts';
import { findPlaces, type Places } from './places.ts';
import type { Screen } from './screen.ts';
import { gather, problemsOf, type Report } from './status-report.ts';
import { type ShownSeries, statusView } from './status-view.ts';
import { askOf } from './store-asking.ts';

const DRAW_EVERY_MS = 500;

/** A trend of the last hour changes slowly, and costs a look for each series. */
const TREND_MS = 3_600_000;
const TREND_POINTS = 30;
/** No screen shows more. */
const SERIES_MAX = 100;

/** Ends with what the last look would have ended with. */
export async function watchStatus(asked: CommandContext, screen: Screen, everyMs: number): Promise<number> {
  // A note would be written across the view.
  const context = { ...asked, terminal: { ...asked.terminal, note() {} } };
  let report: Report | undefined;
  let series: readonly ShownSeries[] = [];
  let failure: string | undefined;
  let looking = false;
  let nextLookAt = 0;
  const look = async () => {
    looking = true;
    try {
      [report, series] = [await gather(context), await seriesOf(findPlaces(context), context.wallMs())];
      failure = undefined;
    } catch (error) {
      // A configuration that is being edited: shown, and looked at again.
      failure = messageOf(error);
    } finally {
      looking = false;
      nextLookAt = context.wallMs() + everyMs;
    }
  };
  try {
    for (;;) {
      const nowMs = context.wallMs();
      // Also when the clock was set back.
      if (!looking && (nowMs >= nextLookAt || nowMs < nextLookAt - 2 * everyMs)) void look();
      const { columns, rows } = screen;
      const { colours, unicode = false } = context.terminal;
      screen.draw(statusView({ report, series, failure, nowMs, columns, rows, colours, unicode }));
      if ((await screen.next(DRAW_EVERY_MS)) === 'leave') break;
    }
  } finally {
    screen.close();
  }
  return report !== undefined && problemsOf(report).length === 0 ? EXIT.ok : EXIT.failed;
}

/** What the sensors gave last, and their trend; nothing where there is no store yet. */
async function seriesOf({ storeFile, config }: Places, nowMs: number): Promise<readonly ShownSeries[]> {
  // A database elsewhere is asked for its sum only: the view looks every two seconds.
  if (config.store.url !== undefined) return [];
  const { openStoreLooks } = await import('../../lib/flow/write-api/store/sqlite-looks.ts');
  let looks: SqliteLooks | undefined;
  try {
    looks = openStoreLooks(storeFile);
    return await trendsIn(looks, nowMs);
  } catch {
    return []; // The report says what is wrong with the store.
  } finally {
    looks?.close();
  }
}

async function trendsIn(looks: SqliteLooks, nowMs: number): Promise<readonly ShownSeries[]> {
  const { summedUp } = await import('../../lib/ops/read-api/aggregate.ts');
  const ask = askOf(looks);
  const series = await ask('series', { limit: SERIES_MAX });
  const [latest, held] = [
    await ask(
      'latest',
      series.map(({ id }) => id),
    ),
    await ask('held'),
  ];
  const newest = new Map(latest.map((row) => [row.id, row]));
  const bucketMs = TREND_MS / TREND_POINTS;
  const begin = Math.floor((nowMs - TREND_MS) / bucketMs) * bucketMs;
  const span = { fromAt: begin, untilAt: begin + TREND_MS + bucketMs };
  const { series: trends } = await summedUp(ask, { series, held }, span, bucketMs);
  return series.map(({ id, sensor, metric, unit }, index): ShownSeries => {
    const row = newest.get(id);
    const trend = new Array<number | null>(TREND_POINTS).fill(null);
    for (const [at, , mean] of trends[index]?.points ?? []) {
      const place = Math.floor((at - begin) / bucketMs) - 1;
      if (place >= 0 && place < TREND_POINTS) trend[place] = mean;
    }
    return { sensor, metric, unit, value: row?.value, at: row?.at, trend };
  });
}
