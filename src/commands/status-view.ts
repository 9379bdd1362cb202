/**
 * The live view as lines: first what needs a look, then programs, destinations, outbox and tickets, then as many
 * sensors as there is room for. Pure, for any size: below 60 columns the trends go, and names are cut.
 */

import { styleText } from 'node:util';
import { printable } from '../../lib/base/printable.ts';
import { isClosed } from '../../lib/flow/outbox/outage.ts';
import type { Severity } from '../../lib/ops/tickets/ticket.ts';
import { ticketName } from '../../lib/ops/tickets/ticket-name.ts';
import { breakerInWords, isOnItsWay } from './delivery-words.ts';
import { forecastInWords } from './outbox-forecast.ts';
import { sparkline } from './plot.ts';
import { problemsOf, type Report } from './status-report.ts';
import { ageInWords, count, localTime, shortNumber } from './words.ts';

export interface ShownSeries {
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string;
  /** `undefined`: it has none. */
  readonly value: number | undefined;
  readonly at: number | undefined;
  /** Of the last hour, the oldest first. */
  readonly trend: readonly (number | null)[];
}

export interface StatusViewOptions {
  /** `undefined`: nobody has looked yet. */
  readonly report: Report | undefined;
  readonly series: readonly ShownSeries[];
  /** Why the last look failed. */
  readonly failure: string | undefined;
  readonly nowMs: number;
  readonly columns: number;
  readonly rows: number;
  readonly colours: boolean;
  readonly unicode: boolean;
}

type Colour = 'green' | 'yellow' | 'red' | 'bold' | 'dim' | 'cyan';

/** Of problems and of tickets: the rest is a number. */
const SHOWN_MAX = 4;
const TREND_COLUMNS_MIN = 60;
const NAME_MAX = 40;

export function statusView(options: StatusViewOptions): string[] {
  const { report, failure, nowMs, columns, rows } = options;
  const paint = painter(options.colours);
  const foot = paint('dim', 'q leaves');
  const top = (said: string) => {
    const clock = localTime(nowMs).slice(11);
    return `${paint('bold', 'sensor-gateway')}  ${said}${clock.padStart(Math.max(10, columns - 16 - said.length))}`;
  };
  if (report === undefined) {
    const why = failure === undefined ? [] : ['', ...failure.split('\n').map((line) => printable(line))];
    return [top('...'), ...why, '', foot].slice(0, rows);
  }
  const problems = problemsOf(report);
  const lines = [
    top(problems.length === 0 ? 'all is well' : `${problems.length} to look at`),
    '',
    ...problems.slice(0, SHOWN_MAX).map((problem) => paint('yellow', `! ${printable(problem)}`)),
    ...more(problems.length - SHOWN_MAX),
    ...(failure === undefined ? [] : [paint('red', `! ${printable(failure.split('\n')[0] ?? '')}`)]),
    ...(problems.length === 0 && failure === undefined ? [] : ['']),
    ...programs(report, paint),
    ...destinations(report, nowMs, paint),
    ...outbox(report),
    ...forecast(report),
    ...tickets(report, paint),
  ];
  const room = rows - lines.length - 3;
  const sensors = room > 0 ? sensorLines(options, room, paint) : [];
  return [...lines, ...sensors].slice(0, Math.max(1, rows - 1)).concat(rows > 1 ? [foot] : []);
}

type Paint = (colour: Colour, text: string) => string;

function painter(colours: boolean): Paint {
  return (colour, text) => (colours ? styleText(colour, text, { validateStream: false }) : text);
}

function more(left: number): string[] {
  return left > 0 ? [`  and ${left} more: sensorctl status`] : [];
}

function entry(what: string, said: string): string {
  return `${what.padEnd(11)} ${said}`;
}

function programs({ reader, api, monitor }: Report, paint: Paint): string[] {
  const state = (well: boolean, said: string) => paint(well ? 'green' : 'yellow', said);
  const shown = [
    `reader ${state(reader.state === 'running', reader.state)}`,
    `API ${state(api.state === 'up', api.state)}`,
    ...(monitor.state === 'not running'
      ? []
      : [`monitor ${state(monitor.state === 'running', monitor.state)}`]),
  ];
  return [entry('programs', shown.join('  '))];
}

function destinations(report: Report, nowMs: number, paint: Paint): string[] {
  return report.destinations.map(({ name, breaker, outage, rebuff, waiting, quiet }) => {
    const closed = isClosed(breaker);
    const said = breakerInWords(breaker, { outage, reader: report.reader, nowMs });
    const shown = paint(closed && rebuff === undefined ? 'green' : 'yellow', printable(said));
    const age = waiting.oldestAt === undefined ? '' : `, oldest ${ageInWords(nowMs - waiting.oldestAt)}`;
    const waits =
      waiting.rows === 0 || (closed && isOnItsWay(waiting, report))
        ? 'up to date'
        : `${waiting.rows.toLocaleString('en')} waiting${age}`;
    const hushed = quiet === undefined ? '' : `quiet ${quiet.words}; `;
    return entry(printable(`to ${name}`), `${hushed}${waits}; breaker ${shown}`);
  });
}

function outbox({ outbox: stats }: Report): string[] {
  if (typeof stats === 'string') return [entry('outbox', printable(stats))];
  return [entry('outbox', `${count(stats.rows, 'row')}, ${count(stats.deadLetters, 'dead letter')}`)];
}

/** Only while something waits, as in a status. */
function forecast(report: Report): string[] {
  const waits = report.destinations.some(
    ({ breaker, waiting }) => waiting.rows > 0 && !(isClosed(breaker) && isOnItsWay(waiting, report)),
  );
  if (report.forecast === undefined || !waits) return [];
  const [lasts = '', ...rest] = forecastInWords(report.forecast).split('; ');
  return [entry('forecast', lasts), ...rest.map((said) => entry('', said))];
}

const SEVERITY_COLOURS: Readonly<Record<Severity, Colour>> = {
  critical: 'red',
  warning: 'yellow',
  info: 'cyan',
};

function tickets({ tickets: all = [] }: Report, paint: Paint): string[] {
  const shown = all.slice(0, SHOWN_MAX).map(({ id, severity, state, title }) => {
    const line = entry(ticketName(id), `${state === 'open' ? '' : `(${state}) `}${printable(title)}`);
    return paint(SEVERITY_COLOURS[severity], line);
  });
  return [
    ...shown,
    ...(all.length > SHOWN_MAX ? [`  and ${all.length - SHOWN_MAX} more: sensorctl tickets list`] : []),
  ];
}

function sensorLines(
  { series, nowMs, columns, unicode }: StatusViewOptions,
  room: number,
  paint: Paint,
): string[] {
  if (series.length === 0) return [];
  const shown = series.length > room ? series.slice(0, Math.max(0, room - 1)) : series;
  const names = shown.map(({ sensor, metric }) => printable(`${sensor} ${metric}`));
  const values = shown.map(({ value, unit }) =>
    value === undefined ? 'none' : `${shortNumber(value)} ${printable(unit)}`,
  );
  const withTrend = columns >= TREND_COLUMNS_MIN;
  const valueWidth = Math.min(18, Math.max(...values.map((value) => value.length)));
  const nameWidth = Math.min(
    NAME_MAX,
    Math.max(...names.map((name) => name.length)),
    Math.max(8, columns - valueWidth - 12),
  );
  const left = columns - nameWidth - valueWidth - 14;
  const rows = shown.map(({ at, trend }, i) => {
    const age = at === undefined ? '' : ageInWords(nowMs - at);
    const drawn = withTrend ? `  ${paint('cyan', sparkline(trend.slice(-Math.max(0, left)), unicode))}` : '';
    const name = (names[i] ?? '').slice(0, nameWidth).padEnd(nameWidth);
    return `${name} ${(values[i] ?? '').slice(0, valueWidth).padStart(valueWidth)}  ${age.padStart(6)}${drawn}`;
  });
  const hidden = series.length - shown.length;
  const title = withTrend ? `sensors (newest value, its age, the last hour)` : 'sensors';
  return ['', paint('dim', title), ...rows, ...(hidden > 0 ? [`  and ${hidden} more`] : [])];
}
