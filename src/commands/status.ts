/**
 * `sensorctl status`: is it OK? From the files, which are true whether or not anything runs, and from the
 * programs themselves where they answer. Exits with 1 if something needs a look, so that a script can ask.
 */

import { styleText } from 'node:util';
import { EXIT, GatewayError, messageOf } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import type { BreakerRecord } from '../../lib/flow/outbox/outbox.ts';
import type { OutboxStats, RollbackRecord } from '../../lib/flow/outbox/outbox-view.ts';
import { type Quarantined, quarantined } from '../../lib/flow/outbox/quarantine-shelf.ts';
import type { StoreSummary } from '../../lib/flow/write-api/readings-store.ts';
import { type Config, httpUrl } from '../wiring/config.ts';
import { READER, WRITE_API } from '../wiring/names.ts';
import { clockAsJson, clockInWords, clockOf, clockProblems, heldInWords } from './clock-words.ts';
import type { Command, CommandContext } from './command.ts';
import {
  breakerInWords,
  isClosed,
  isOnItsWay,
  type Outage,
  outageOf,
  rebuffOf,
  rollbacksInWords,
  stateInWords,
  TRANSITIONS_READ,
  type Waiting,
  waitingFor,
} from './delivery-words.ts';
import { forecastFor, forecastInWords, type OutboxForecast, secondsOf } from './outbox-forecast.ts';
import { findPlaces } from './places.ts';
import { quarantineAsJson, quarantineInWords, quarantineProblems } from './quarantine-words.ts';
import { type ApiState, apiState, type ProgramState, programState } from './running.ts';
import { sensorProblems, sourceStates, stuckBuses, stuckInWords } from './sensors-state.ts';
import { ageInWords, count } from './words.ts';

export const status: Command = {
  name: 'status',
  about: 'say whether all is well: programs, breakers, backlog, store (exits with 1 if not)',
  options: {},
  examples: [
    ['sensorctl status', 'is it OK?'],
    ['sensorctl status --json', 'the same for programs'],
  ],
  async run(context) {
    const report = await gather(context);
    if (context.json) await context.terminal.out(JSON.stringify(asJson(report)));
    else for (const line of inWords(report, context)) await context.terminal.out(line);
    return problemsOf(report).length === 0 ? EXIT.ok : EXIT.failed;
  },
};

interface DestinationReport {
  readonly name: string;
  /** `undefined`: it has not been used yet. */
  readonly breaker: BreakerRecord | undefined;
  /** `undefined`: none at present. */
  readonly outage: Outage | undefined;
  /** What it says instead of taking readings, while its breaker is closed. */
  readonly rebuff: string | undefined;
  readonly waiting: Waiting;
}

interface Report {
  readonly nowMs: number;
  readonly dataDir: string;
  readonly intervalMs: number;
  readonly clockTrust: Config['clock']['trust'];
  readonly reader: ProgramState;
  readonly api: ApiState;
  readonly destinations: readonly DestinationReport[];
  /** `undefined`: there is no outbox to measure. */
  readonly forecast: OutboxForecast | undefined;
  /** The value, or why there is none. */
  readonly outbox: OutboxStats | string;
  readonly store: StoreSummary | string;
  readonly rollbacks: readonly RollbackRecord[];
  /** Damaged files beside the outbox. */
  readonly shelf: readonly Quarantined[];
}

async function gather(context: CommandContext): Promise<Report> {
  const places = findPlaces(context);
  const { dataDir, runDir, outboxFile, storeFile, config } = places;
  const nowMs = context.wallMs();
  const reader = programState(runDir, READER, nowMs);
  // The API knows best where it listens: it may have been started with another port.
  const { url } = programState(runDir, WRITE_API, nowMs).health;
  const [api, looked, store] = await Promise.all([
    apiState(typeof url === 'string' && URL.canParse(url) ? url : httpUrl(config.api)),
    orReason(async () => {
      const { openOutboxReadOnly } = await import('../../lib/flow/outbox/outbox-view.ts');
      const view = openOutboxReadOnly(outboxFile);
      try {
        return {
          outbox: view.stats(),
          measures: view.measures(),
          transitions: view.breakerTransitions(TRANSITIONS_READ),
          rollbacks: view.rollbacks(),
        };
      } finally {
        view.close();
      }
    }),
    orReason(async () => {
      const { openStoreReadOnly } = await import('../../lib/flow/write-api/sqlite-reader.ts');
      const view = openStoreReadOnly(storeFile);
      try {
        return await view.summary();
      } finally {
        await view.close();
      }
    }),
  ]);
  const settings = { intervalMs: config.sampling.intervalMs, clockTrust: config.clock.trust };
  const report = { nowMs, dataDir, ...settings, reader, api, store, shelf: quarantined(outboxFile) };
  if (typeof looked === 'string')
    return { ...report, outbox: looked, destinations: [], forecast: undefined, rollbacks: [] };
  const { outbox, measures, transitions, rollbacks } = looked;
  const forecast = forecastFor({ stats: outbox, measures, reader, places });
  const destinations = outbox.destinations.map(
    (one): DestinationReport => ({
      name: one.destination,
      breaker: one.breaker,
      outage: outageOf(one, transitions),
      rebuff: rebuffOf(one.breaker, one.outcome),
      waiting: waitingFor(one, reader),
    }),
  );
  return { ...report, outbox, destinations, forecast, rollbacks };
}

async function orReason<T>(look: () => Promise<T>): Promise<T | string> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'SGW_DATABASE_MISSING') return 'none yet';
    return messageOf(error);
  }
}

/** What needs a look, in words; empty if all is well. */
function problemsOf(report: Report): string[] {
  const { reader, api, destinations, outbox, store, clockTrust, shelf } = report;
  const problems: string[] = [];
  if (reader.state !== 'running') problems.push(`the reader is ${reader.state}`);
  if (api.state !== 'up') problems.push(`the write API is ${api.state}`);
  for (const { name, breaker, rebuff } of destinations) {
    if (!isClosed(breaker)) problems.push(`the breaker of ${name} is ${stateInWords(breaker)}`);
    if (rebuff !== undefined) problems.push(`${name}: ${rebuff}`);
  }
  if (typeof outbox === 'string') problems.push(`outbox: ${outbox}`);
  else if (outbox.deadLetters > 0) problems.push(count(outbox.deadLetters, 'dead letter'));
  if (typeof store === 'string') problems.push(`store: ${store}`);
  problems.push(...sensorTroubles(report), ...diskProblems(reader), ...quarantineProblems(shelf));
  problems.push(...clockProblems(clockOf(reader), clockTrust));
  return problems;
}

/** Sources that do not answer, and buses that hang, as the running reader finds them. */
function sensorTroubles({ reader, nowMs }: Report): string[] {
  const buses = stuckBuses(reader).map((bus) => stuckInWords(bus, nowMs));
  return [...sensorProblems(sourceStates(reader)), ...buses];
}

function sensorLines(report: Report, line: Line): string[] {
  const troubles = sensorTroubles(report);
  const states = [...sourceStates(report.reader).values()];
  if (states.length === 0) return [];
  const silent = states.filter(({ failures }) => failures > 0).map(({ name }) => name);
  const said =
    silent.length === 0 ? 'and all answer' : `of which just now ${silent.join(', ')} did not answer`;
  if (troubles.length === 0) return [line(true, 'sensors', `${count(states.length, 'source')}, ${said}`)];
  return troubles.map((trouble) => line(false, 'sensors', trouble));
}

/** What the reader says of itself in its health file, since its start. */
function diskProblems({ health }: ProgramState): string[] {
  const { held, counts } = health;
  const shed = counts instanceof Object && 'shed' in counts ? counts.shed : 0;
  const thinned = counts instanceof Object && 'thinned' in counts ? counts.thinned : 0;
  const problems: string[] = [];
  if (typeof held === 'number' && held > 0) {
    problems.push(`the disk takes no readings: ${count(held, 'reading')} only in memory`);
  }
  if (typeof thinned === 'number' && thinned > 0) {
    problems.push(`the outbox was full: ${count(thinned, 'row')} thinned to means since the reader started`);
  }
  if (typeof shed === 'number' && shed > 0) {
    problems.push(`the outbox was full: ${count(shed, 'reading')} given up since the reader started`);
  }
  return problems;
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
  lines.push(...sensorLines(report, line));
  for (const { name, breaker, outage, rebuff, waiting } of destinations) {
    const closed = isClosed(breaker);
    const said = breakerInWords(breaker, { outage, reader, nowMs });
    const but = rebuff === undefined ? '' : `, but ${rebuff}`;
    const waits = waitingInWords(report, waiting, closed);
    lines.push(line(closed && rebuff === undefined, `to ${name}`, `breaker ${said}${but}; ${waits}`));
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
    ...shelfLines(report, line),
    ...rollbacksInWords(report.rollbacks, nowMs).map((said) => `      rolled back ${printable(said)}`),
    ...forecastLines(report),
    `      data        ${printable(report.dataDir)}`,
  );
  return lines;
}

type Line = (well: boolean, what: string, said: string) => string;

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
  const iso = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());
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
    destinations: report.destinations.map(({ name, breaker, outage, waiting }) => ({
      name,
      breaker: breaker?.state ?? null,
      breaker_since: iso(outage?.sinceAt ?? breaker?.sinceAt),
      held: breaker?.held ?? false,
      backlog_rows: waiting.rows,
      backlog_oldest_at: iso(waiting.oldestAt),
    })),
    quarantine: quarantineAsJson(report.shelf),
    outbox: typeof outbox === 'string' ? null : { rows: outbox.rows, dead_letters: outbox.deadLetters },
    rollbacks: report.rollbacks.map(({ notedAt, ...one }) => ({ ...one, noted_at: iso(notedAt) })),
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
            newest_at: iso(store.newestAt),
            means: { readings: store.thinned.rows, stand_for: store.thinned.readings },
          },
  };
}
