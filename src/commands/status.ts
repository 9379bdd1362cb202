/**
 * `sensorctl status`: is it OK? From the files, which are true whether or not anything runs, and from the
 * programs themselves where they answer. Exits with 1 if something needs a look, so that a script can ask.
 */

import { styleText } from 'node:util';
import { systemClock } from '../../lib/base/clock.ts';
import { EXIT } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import { isClosed } from '../../lib/flow/outbox/outage.ts';
import type { StoreSummary } from '../../lib/flow/write-api/readings-store.ts';
import { clockAsJson, clockInWords, clockOf, clockProblems, heldInWords } from './clock-words.ts';
import { type Command, type CommandContext, durationOption } from './command.ts';
import { breakerInWords, isOnItsWay, rollbacksInWords, type Waiting } from './delivery-words.ts';
import { monitorAsJson, monitorInWords } from './monitor-state.ts';
import { forecastInWords, secondsOf } from './outbox-forecast.ts';
import { quarantineAsJson, quarantineInWords } from './quarantine-words.ts';
import { sourcesInWords } from './quiet-words.ts';
import { sourceStates } from './sensors-state.ts';
import { diskProblems, gather, problemsOf, type Report, sensorTroubles } from './status-report.ts';
import { openInWords } from './ticket-words.ts';
import { ageInWords, count, isoTime } from './words.ts';

/** Often enough to look alive; a look costs some milliseconds. */
const WATCH_EVERY_MS = 2_000;

export const status: Command = {
  name: 'status',
  about: 'say whether all is well: programs, breakers, backlog, store (exits with 1 if not)',
  options: {
    watch: { about: 'a live view, until q or Ctrl-C; into a pipe, one report after the other' },
    interval: { value: 'TIME', about: 'with --watch: look this often (default 2s)' },
  },
  examples: [
    ['sensorctl status', 'is it OK?'],
    ['sensorctl status --watch', 'look on while you change something'],
    ['sensorctl status --json', 'the same for programs'],
  ],
  async run(context) {
    const everyMs = durationOption(context, 'interval', WATCH_EVERY_MS, 'status');
    const screen = context.options.watch === true && !context.json ? context.openScreen?.() : undefined;
    if (screen !== undefined) {
      const { watchStatus } = await import('./status-watch.ts');
      return watchStatus(context, screen, everyMs);
    }
    for (;;) {
      const report = await gather(context);
      if (context.json) await context.terminal.out(JSON.stringify(asJson(report)));
      else for (const line of inWords(report, context)) await context.terminal.out(line);
      const exitCode = problemsOf(report).length === 0 ? EXIT.ok : EXIT.failed;
      if (context.options.watch !== true || context.terminal.isRead?.() === false) return exitCode;
      await systemClock.sleep('status', everyMs);
      if (!context.json) await context.terminal.out('');
    }
  },
};

function sensorLines(report: Report, line: Line): string[] {
  const troubles = sensorTroubles(report);
  const states = [...sourceStates(report.reader).values()];
  if (states.length === 0) return [];
  if (troubles.length === 0) return [line(true, 'sensors', sourcesInWords(states))];
  return troubles.map((trouble) => line(false, 'sensors', trouble));
}

function inWords(report: Report, { terminal }: CommandContext): string[] {
  const { nowMs, reader, api, destinations, outbox, store } = report;
  const mark = (well: boolean) => {
    const text = well ? 'ok  ' : 'look';
    return terminal.colours ? styleText(well ? 'green' : 'yellow', text) : text;
  };
  const line: Line = (well, what, said) => `${mark(well)}  ${what.padEnd(12)}${printable(said)}`;
  const ago = (at: number | undefined) => (at === undefined ? 'never' : `${ageInWords(nowMs - at)} ago`);

  const who = reader.pid === undefined ? '' : ` (pid ${reader.pid}, version ${reader.version ?? 'unknown'})`;
  const version = api.version === undefined ? '' : `, version ${api.version}`;
  const lines = [
    line(reader.state === 'running', 'reader', `${reader.state}${who}`),
    line(
      api.state === 'up',
      'write API',
      `${api.state} at ${api.url}${version}${api.reason === undefined ? '' : ` (${api.reason})`}`,
    ),
  ];
  const monitor = monitorInWords(report.monitor);
  if (monitor !== undefined) lines.push(line(report.monitor.state === 'running', 'monitor', monitor));
  lines.push(...sensorLines(report, line));
  for (const { name, breaker, outage, rebuff, waiting, quiet } of destinations) {
    const closed = isClosed(breaker);
    const said = breakerInWords(breaker, { outage, reader, nowMs });
    const but = rebuff === undefined ? '' : `, but ${rebuff}`;
    const waits = waitingInWords(report, waiting, closed);
    const hushed = quiet === undefined ? '' : `quiet ${quiet.words}; `;
    const sentence = `${hushed}breaker ${said}${but}; ${waits}`;
    lines.push(line(closed && rebuff === undefined, `to ${name}`, sentence));
  }
  lines.push(
    typeof outbox === 'string'
      ? line(false, 'outbox', outbox)
      : line(
          outbox.deadLetters === 0,
          'outbox',
          `${count(outbox.rows, 'row')}, ${count(outbox.deadLetters, 'dead letter')}`,
        ),
    ...diskProblems(reader).map((problem) => line(false, 'disk', problem)),
    ...clockLines(report, line),
    typeof store === 'string'
      ? line(false, 'store', store)
      : line(
          true,
          'store',
          `${count(store.received, 'reading')} of ${store.series} series${meansInWords(store)}, the newest from ${ago(store.newestAt)}`,
        ),
    ...ticketLines(report, line),
    ...shelfLines(report, line),
    ...rollbacksInWords(report.rollbacks, nowMs).map((said) => `      rolled back ${printable(said)}`),
    ...forecastLines(report),
    `      data        ${printable(report.dataDir)}`,
  );
  return lines;
}

type Line = (well: boolean, what: string, said: string) => string;

function ticketLines({ tickets = [] }: Report, line: Line): string[] {
  if (tickets.length === 0) return [];
  const unseen = tickets.some(({ state, severity }) => state === 'open' && severity !== 'info');
  return [line(!unseen, 'tickets', `${openInWords(tickets)}: sensorctl tickets list`)];
}

function shelfLines({ shelf, nowMs }: Report, line: Line): string[] {
  return shelf.flatMap((one) =>
    quarantineInWords([one], nowMs).map((said) => line(one.state !== 'given_up', 'quarantine', said)),
  );
}

/** Coverage with less resolution, which is no loss. */
function meansInWords({ thinned: { rows, readings } }: StoreSummary): string {
  return rows === 0
    ? ''
    : ` (${rows.toLocaleString('en')} of them means of ${readings.toLocaleString('en')})`;
}

function clockLines({ reader, clockTrust }: Report, line: Line): string[] {
  const clock = clockOf(reader);
  if (clock === undefined) return [];
  return [line(clockProblems(clock, clockTrust).length === 0, 'clock', clockInWords(clock))];
}

/** Only while something waits: nobody asks for it otherwise. */
function forecastLines(report: Report): string[] {
  const { forecast, destinations } = report;
  const waits = destinations.some(
    ({ breaker, waiting }) => waiting.rows > 0 && !(isClosed(breaker) && isOnItsWay(waiting, report)),
  );
  if (forecast === undefined || !waits) return [];
  return [`      forecast    ${forecastInWords(forecast)}`];
}

function waitingInWords(report: Report, waiting: Waiting, closed: boolean): string {
  const { rows, oldestAt } = waiting;
  if (rows === 0) return 'nothing waiting';
  if (closed && isOnItsWay(waiting, report)) return 'up to date';
  const clock = clockOf(report.reader);
  // Their times say nothing about how long they have waited.
  if (closed && clock !== undefined && clock.heldRows > 0) return heldInWords(clock);
  const age = oldestAt === undefined ? '' : `, the oldest from ${ageInWords(report.nowMs - oldestAt)} ago`;
  return `${count(rows, 'reading')} waiting${age}`;
}

function asJson(report: Report): object {
  const { reader, api, outbox, store } = report;
  const problems = problemsOf(report);
  return {
    ok: problems.length === 0,
    problems,
    data_dir: report.dataDir,
    reader: {
      state: reader.state,
      pid: reader.pid ?? null,
      version: reader.version ?? null,
      status: reader.status ?? null,
    },
    clock: clockAsJson(clockOf(reader)),
    api: { state: api.state, url: api.url, version: api.version ?? null, reason: api.reason ?? null },
    monitor: monitorAsJson(report.monitor),
    destinations: report.destinations.map(({ name, breaker, outage, waiting, quiet }) => ({
      name,
      breaker: breaker?.state ?? null,
      breaker_since: isoTime(outage?.sinceAt ?? breaker?.sinceAt),
      held: breaker?.held ?? false,
      backlog_rows: waiting.rows,
      backlog_oldest_at: isoTime(waiting.oldestAt),
      quiet_until: isoTime(quiet?.untilAt),
    })),
    tickets:
      report.tickets === undefined
        ? null
        : {
            open: report.tickets.length,
            critical: report.tickets.filter(({ severity }) => severity === 'critical').length,
          },
    quarantine: quarantineAsJson(report.shelf),
    outbox: typeof outbox === 'string' ? null : { rows: outbox.rows, dead_letters: outbox.deadLetters },
    rollbacks: report.rollbacks.map(({ notedAt, ...one }) => ({ ...one, noted_at: isoTime(notedAt) })),
    forecast:
      report.forecast === undefined
        ? null
        : {
            unthinned_s: secondsOf(report.forecast.fullMs),
            lasts_s: secondsOf(report.forecast.lastsMs),
            drain_s: secondsOf(report.forecast.drainMs),
          },
    store:
      typeof store === 'string'
        ? null
        : {
            readings: store.received,
            series: store.series,
            newest_at: isoTime(store.newestAt),
            means: { readings: store.thinned.rows, stand_for: store.thinned.readings },
          },
  };
}
