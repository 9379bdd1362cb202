/**
 * `sensorctl chart SENSOR METRIC`: what a sensor measured, as a plot in the terminal, from the file of the store. A
 * day is drawn from every reading, a year from the sums that the store keeps anyway, so both take a moment. Each
 * column shows the mean, and from where to where its readings went; suspect ones are left out, and counted.
 */

import { styleText } from 'node:util';
import { EXIT, GatewayError } from '../../lib/base/errors.ts';
import { didYouMean } from '../../lib/base/nearest.ts';
import { printable, printableJson } from '../../lib/base/printable.ts';
import type { SeriesKey } from '../../lib/flow/write-api/readings-store.ts';
import {
  type Command,
  type CommandContext,
  countOption,
  operandOf,
  textOption,
  usageError,
} from './command.ts';
import { lookingAt } from './damaged.ts';
import { findPlaces } from './places.ts';
import { type PlotPoint, plot } from './plot.ts';
import { storeFileOf } from './stored-readings.ts';
import { count, isoTime, localTime, parseMoment, shortNumber } from './words.ts';

/** Where nobody says how wide it may be, and what still shows something. */
const COLUMNS = 80;
const COLUMNS_MIN = 24;
const COLUMNS_MAX = 400;
/** A third of a usual terminal: the numbers above and below stay in sight. */
const ROWS = 12;
const ROWS_MAX = 100;

/** Up to here the day goes without saying. */
const SAME_DAY_MS = 2 * 86_400_000;
/** Seconds matter. */
const SHORT_MS = 600_000;

/** Of the same sensor and metric from several gateways, one below the other. */
const SERIES_MAX = 8;

interface Drawn extends SeriesKey {
  readonly points: readonly (PlotPoint & { readonly count: number; readonly last: number })[];
  readonly suspect: number;
}

export const chart: Command = {
  name: 'chart',
  about: 'plot what a sensor measured, in the terminal',
  operand: 'SENSOR METRIC',
  options: {
    since: { value: 'TIME', about: 'from then on: 5m, 2h, 7d ago, or an ISO time (default 24h)' },
    until: { value: 'TIME', about: 'up to then (default: now)' },
    gateway: { value: 'NAME', about: 'only of this gateway' },
    width: { value: 'N', about: 'columns (default: as wide as the terminal)' },
    height: { value: 'N', about: `rows (default ${ROWS})` },
    ascii: { about: 'only ASCII, for terminals that show no more' },
  },
  examples: [
    ['sensorctl chart attic temperature --since 24h', 'how warm was it up there?'],
    ['sensorctl chart attic temperature --since 365d --height 20', 'the whole year'],
  ],
  async run(context) {
    const sensor = operandOf(context, chart, 'SENSOR');
    const metric = operandOf(context, chart, 'METRIC');
    const span = spanOf(context);
    const columns = Math.min(
      COLUMNS_MAX,
      Math.max(COLUMNS_MIN, countOption(context, 'width', context.terminal.columns ?? COLUMNS, 'chart')),
    );
    const rows = Math.min(ROWS_MAX, Math.max(4, countOption(context, 'height', ROWS, 'chart')));
    const storeFile = storeFileOf(findPlaces(context));
    const { openStoreLooks } = await import('../../lib/flow/write-api/store/sqlite-looks.ts');
    return lookingAt('store', storeFile, async () => {
      const looks = openStoreLooks(storeFile);
      try {
        const { aggregate } = await import('../../lib/ops/read-api/aggregate.ts');
        const { askOf, seriesNames } = await import('./store-asking.ts');
        const ask = askOf(looks);
        const gateway = textOption(context, 'gateway');
        const series = await ask('series', { sensor, metric, gateway, limit: SERIES_MAX + 1 });
        if (series.length === 0) throw unknownSeries(sensor, metric, await seriesNames(ask));
        if (series.length > SERIES_MAX)
          throw usageError(`more than ${SERIES_MAX} series: name a --gateway`, 'chart');
        // Two dots of braille a column, and at least a second each.
        const bucketMs = Math.max(1_000, Math.ceil((span.untilAt - span.fromAt) / (columns * 2)));
        const found = await aggregate(ask, { sensor, metric, gateway, ...span, bucketMs });
        for (const one of found.series.map(drawn)) await show(context, one, { ...span, columns, rows });
        return EXIT.ok;
      } finally {
        looks.close();
      }
    });
  },
};

function spanOf(context: CommandContext): { fromAt: number; untilAt: number } {
  const nowMs = context.wallMs();
  const until = textOption(context, 'until');
  const fromAt = parseMoment('--since', textOption(context, 'since') ?? '24h', nowMs, 'chart');
  const untilAt = until === undefined ? nowMs : parseMoment('--until', until, nowMs, 'chart');
  if (untilAt <= fromAt) throw usageError('--until does not lie behind --since', 'chart');
  return { fromAt, untilAt };
}

type Found = Awaited<
  ReturnType<typeof import('../../lib/ops/read-api/aggregate.ts').aggregate>
>['series'][number];

function drawn({ points, ...names }: Found): Drawn {
  return {
    ...names,
    points: points.flatMap(([at, n, mean, min, max, , last]) =>
      mean === null || min === null || max === null || last === null
        ? []
        : [{ at, count: n, mean, min, max, last }],
    ),
    suspect: points.reduce((sum, [, , , , , , , suspect]) => sum + suspect, 0),
  };
}

interface Frame {
  readonly fromAt: number;
  readonly untilAt: number;
  readonly columns: number;
  readonly rows: number;
}

async function show(context: CommandContext, one: Drawn, frame: Frame): Promise<void> {
  const { out, colours, unicode = false } = context.terminal;
  const { gateway, sensor, metric, unit, points, suspect } = one;
  if (context.json) {
    const told = points.map(({ at, count: n, min, max, mean }) => ({
      at: isoTime(at),
      count: n,
      min,
      max,
      mean,
    }));
    const span = { from: isoTime(frame.fromAt), until: isoTime(frame.untilAt) };
    await out(
      printableJson(JSON.stringify({ gateway, sensor, metric, unit, ...span, suspect, points: told })),
    );
    return;
  }
  const what = `${sensor} ${metric} (${unit}), ${gateway}`;
  await out(printable(what));
  if (points.length === 0) {
    context.terminal.note(`No readings since ${localTime(frame.fromAt)}. A longer --since shows older ones.`);
    return;
  }
  const picture = plot(points, {
    ...frame,
    unicode: unicode && context.options.ascii !== true,
    timeLabel: timeLabelFor(frame.untilAt - frame.fromAt),
    ...(colours ? { paint: (line) => styleText('cyan', line, { validateStream: false }) } : {}),
  });
  for (const line of picture) await out(line);
  await out(summaryOf(points, suspect));
}

function timeLabelFor(spanMs: number): (at: number) => string {
  if (spanMs > SAME_DAY_MS) return (at) => localTime(at).slice(0, 10);
  return (at) => localTime(at).slice(11, spanMs < SHORT_MS ? 19 : 16);
}

/** `min 18.2, max 23.9, mean 20.1, last 21.5; 8,640 readings`. */
function summaryOf(points: Drawn['points'], suspect: number): string {
  const n = points.reduce((sum, point) => sum + point.count, 0);
  const mean = points.reduce((sum, point) => sum + point.mean * point.count, 0) / n;
  const low = Math.min(...points.map(({ min }) => min));
  const high = Math.max(...points.map(({ max }) => max));
  const last = points.at(-1)?.last ?? mean;
  const numbers = `min ${shortNumber(low)}, max ${shortNumber(high)}, mean ${shortNumber(mean)}, last ${shortNumber(last)}`;
  return `${numbers}; ${count(n, 'reading')}${suspect === 0 ? '' : `, and ${suspect} suspect left out`}`;
}

/** With what there is of that sensor, or the nearest sensor. */
function unknownSeries(
  sensor: string,
  metric: string,
  known: readonly Pick<SeriesKey, 'sensor' | 'metric'>[],
): GatewayError {
  const metrics = [...new Set(known.filter((one) => one.sensor === sensor).map((one) => one.metric))];
  const sensors = [...new Set(known.map((one) => one.sensor))];
  const hint =
    metrics.length > 0
      ? `${didYouMean(metric, metrics) || ` It has ${metrics.join(', ')}.`}`
      : didYouMean(sensor, sensors) || ` There is ${sensors.slice(0, 20).join(', ') || 'nothing yet'}.`;
  const what = printable(metrics.length > 0 ? `${metric} of ${sensor}` : sensor, 100);
  return new GatewayError('SGW_USAGE', `nothing is stored of ${what}.${hint}`, {
    hint: 'See: sensorctl sensors list',
  });
}
