/**
 * `sensorctl status`: is it OK? From the files, which are true whether or not anything runs, and from the
 * programs themselves where they answer. Exits with 1 if something needs a look, so that a script can ask.
 */

import { styleText } from 'node:util';
import { EXIT, GatewayError, messageOf } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import type { OutboxStats } from '../../lib/flow/outbox/outbox-view.ts';
import type { StoreSummary } from '../../lib/flow/write-api/readings-store.ts';
import { READER, WRITE_API } from '../wiring/names.ts';
import type { Command, CommandContext } from './command.ts';
import { findPlaces } from './places.ts';
import { type ApiState, apiState, liveBacklog, type ProgramState, programState } from './running.ts';
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
  readonly breaker: { readonly state: string; readonly sinceAt: number; readonly reason: string } | undefined;
  readonly backlogRows: number;
  readonly oldestAt: number | undefined;
}

interface Report {
  readonly nowMs: number;
  readonly dataDir: string;
  readonly intervalMs: number;
  readonly reader: ProgramState;
  readonly api: ApiState;
  readonly destinations: readonly DestinationReport[];
  /** The value, or why there is none. */
  readonly outbox: OutboxStats | string;
  readonly store: StoreSummary | string;
}

async function gather(context: CommandContext): Promise<Report> {
  const { dataDir, runDir, outboxFile, storeFile, config } = findPlaces(context);
  const nowMs = context.wallMs();
  const reader = programState(runDir, READER, nowMs);
  // The API knows best where it listens: it may have been started with another port.
  const { url } = programState(runDir, WRITE_API, nowMs).health;
  const configured = `http://${config.api.host.includes(':') ? `[${config.api.host}]` : config.api.host}:${config.api.port}`;
  const [api, outbox, store] = await Promise.all([
    apiState(typeof url === 'string' && URL.canParse(url) ? url : configured),
    orReason(async () => {
      const { openOutboxReadOnly } = await import('../../lib/flow/outbox/outbox-view.ts');
      const view = openOutboxReadOnly(outboxFile);
      try {
        return view.stats();
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
  const health = reader.state === 'running' ? reader.health : {};
  const destinations = (typeof outbox === 'string' ? [] : outbox.destinations).map(
    (one): DestinationReport => {
      // Acknowledgements reach the file with the next round; until then the reader knows better.
      const closed = one.breaker === undefined || one.breaker.state === 'closed';
      const backlogRows = Math.min(
        one.rows,
        (closed ? liveBacklog(health, one.destination) : undefined) ?? one.rows,
      );
      return {
        name: one.destination,
        breaker: one.breaker,
        backlogRows,
        oldestAt: backlogRows === 0 ? undefined : one.oldestAt,
      };
    },
  );
  return { nowMs, dataDir, intervalMs: config.sampling.intervalMs, reader, api, destinations, outbox, store };
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
function problemsOf({ reader, api, destinations, outbox, store }: Report): string[] {
  const problems: string[] = [];
  if (reader.state !== 'running') problems.push(`the reader is ${reader.state}`);
  if (api.state !== 'up') problems.push(`the write API is ${api.state}`);
  for (const { name, breaker } of destinations) {
    if (breaker !== undefined && breaker.state !== 'closed')
      problems.push(`the breaker of ${name} is ${breaker.state}`);
  }
  if (typeof outbox === 'string') problems.push(`outbox: ${outbox}`);
  else if (outbox.deadLetters > 0) problems.push(count(outbox.deadLetters, 'dead letter'));
  if (typeof store === 'string') problems.push(`store: ${store}`);
  return problems;
}

function inWords(report: Report, { terminal }: CommandContext): string[] {
  const { nowMs, reader, api, destinations, outbox, store } = report;
  const mark = (well: boolean) => {
    const text = well ? 'ok  ' : 'look';
    return terminal.colours ? styleText(well ? 'green' : 'yellow', text) : text;
  };
  const line = (well: boolean, what: string, said: string) =>
    `${mark(well)}  ${what.padEnd(12)}${printable(said)}`;
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
  for (const { name, breaker, backlogRows, oldestAt } of destinations) {
    const closed = breaker === undefined || breaker.state === 'closed';
    const state =
      breaker === undefined
        ? 'breaker closed'
        : `breaker ${breaker.state} for ${ageInWords(nowMs - breaker.sinceAt)}${breaker.reason && ` (${breaker.reason})`}`;
    const waiting = backlogInWords(report, { backlogRows, oldestAt }, closed);
    lines.push(line(closed, `to ${name}`, `${state}; ${waiting}`));
  }
  lines.push(
    typeof outbox === 'string'
      ? line(false, 'outbox', outbox)
      : line(
          outbox.deadLetters === 0,
          'outbox',
          `${count(outbox.rows, 'row')}, ${count(outbox.deadLetters, 'dead letter')}`,
        ),
    typeof store === 'string'
      ? line(false, 'store', store)
      : line(
          true,
          'store',
          `${count(store.received, 'reading')} of ${store.series} series, the newest from ${ago(store.newestAt)}`,
        ),
    `      data        ${printable(report.dataDir)}`,
  );
  return lines;
}

/** The last round is always on its way or just being acknowledged: that is no backlog to speak of. */
function backlogInWords(
  { nowMs, intervalMs }: Report,
  { backlogRows, oldestAt }: Pick<DestinationReport, 'backlogRows' | 'oldestAt'>,
  closed: boolean,
): string {
  if (backlogRows === 0) return 'nothing waiting';
  const ageMs = oldestAt === undefined ? 0 : nowMs - oldestAt;
  if (closed && ageMs < 2 * intervalMs) return 'up to date';
  return `${count(backlogRows, 'reading')} waiting, the oldest from ${ageInWords(ageMs)} ago`;
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
    api: { state: api.state, url: api.url, version: api.version ?? null, reason: api.reason ?? null },
    destinations: report.destinations.map(({ name, breaker, backlogRows, oldestAt }) => ({
      name,
      breaker: breaker?.state ?? null,
      breaker_since: iso(breaker?.sinceAt),
      backlog_rows: backlogRows,
      backlog_oldest_at: iso(oldestAt),
    })),
    outbox: typeof outbox === 'string' ? null : { rows: outbox.rows, dead_letters: outbox.deadLetters },
    store:
      typeof store === 'string'
        ? null
        : { readings: store.received, series: store.series, newest_at: iso(store.newestAt) },
  };
}
