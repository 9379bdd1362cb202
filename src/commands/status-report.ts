/** How the gateway is, gathered for `status` and its live view: from the files, and from the programs that answer. */

import { GatewayError, messageOf } from '../../lib/base/errors.ts';
import { type Quarantined, quarantined } from '../../lib/base/quarantine-shelf.ts';
import { isClosed, type Outage, outageOf, TRANSITIONS_KEPT } from '../../lib/flow/outbox/outage.ts';
import type { BreakerRecord } from '../../lib/flow/outbox/outbox.ts';
import type { OutboxStats, RollbackRecord } from '../../lib/flow/outbox/outbox-view.ts';
import type { StoreSummary } from '../../lib/flow/write-api/readings-store.ts';
import type { QuietHealth } from '../../lib/ops/health-shape.ts';
import type { Ticket } from '../../lib/ops/tickets/ticket.ts';
import { ownApiUrl } from '../wiring/api-settings.ts';
import type { Config } from '../wiring/config.ts';
import { MONITOR, READER, WRITE_API } from '../wiring/names.ts';
import { clockOf, clockProblems } from './clock-words.ts';
import type { CommandContext } from './command.ts';
import { rebuffOf, stateInWords, type Waiting, waitingFor } from './delivery-words.ts';
import { lookAtOutbox } from './outbox-file.ts';
import { forecastFor, type OutboxForecast } from './outbox-forecast.ts';
import { findPlaces, type Places } from './places.ts';
import { quarantineProblems } from './quarantine-words.ts';
import { quietDestination } from './quiet-words.ts';
import { type ApiState, apiState, type ProgramState, programState } from './running.ts';
import { sensorProblems, sourceStates, stuckBuses, stuckInWords } from './sensors-state.ts';
import { openStored } from './stored-readings.ts';
import { lookAtTickets } from './ticket-file.ts';
import { byUrgency, openInWords, UNRESOLVED } from './ticket-words.ts';
import { count } from './words.ts';

export interface DestinationReport {
  readonly name: string;
  /** `undefined`: it has not been used yet. */
  readonly breaker: BreakerRecord | undefined;
  /** `undefined`: none at present. */
  readonly outage: Outage | undefined;
  /** What it says instead of taking readings, while its breaker is closed. */
  readonly rebuff: string | undefined;
  readonly waiting: Waiting;
  /** It is sent nothing at present, on purpose. */
  readonly quiet: QuietHealth | undefined;
}

export interface Report {
  readonly nowMs: number;
  readonly dataDir: string;
  readonly intervalMs: number;
  readonly clockTrust: Config['clock']['trust'];
  readonly reader: ProgramState;
  readonly monitor: ProgramState;
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
  /** Those that are not resolved, the worst first; `undefined`: the monitor has never run here. */
  readonly tickets: readonly Ticket[] | undefined;
}

/** Settles within two seconds, which is what a silent API is given. */
export async function gather(context: CommandContext): Promise<Report> {
  const places = findPlaces(context);
  const { dataDir, runDir, outboxFile, config } = places;
  const nowMs = context.wallMs();
  const reader = programState(runDir, READER, nowMs);
  const monitor = programState(runDir, MONITOR, nowMs);
  // The API knows best where it listens: it may have been started with another port.
  const { url } = programState(runDir, WRITE_API, nowMs).health;
  const [api, looked, store, tickets] = await Promise.all([
    apiState(url !== undefined && URL.canParse(url) ? url : ownApiUrl({ api: config.api, runDir })),
    orReason(() =>
      lookAtOutbox(places, (view) => ({
        outbox: view.stats(),
        measures: view.measures(),
        transitions: view.breakerTransitions(TRANSITIONS_KEPT),
        rollbacks: view.rollbacks(),
      })),
    ),
    orReason(async () => {
      const view = await openStored(places);
      try {
        return await view.summary();
      } finally {
        await view.close();
      }
    }),
    unresolved(places),
  ]);
  const settings = { intervalMs: config.sampling.intervalMs, clockTrust: config.clock.trust };
  const shelf = [outboxFile, places.storeFile].flatMap(quarantined);
  const report = { nowMs, dataDir, ...settings, reader, monitor, api, store, shelf, tickets };
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
      quiet: quietDestination(reader, one.destination),
    }),
  );
  return { ...report, outbox, destinations, forecast, rollbacks };
}

/** More than fit on a screen; the rest is a number. */
const TICKETS_MAX = 200;

async function unresolved(places: Places): Promise<readonly Ticket[] | undefined> {
  const look = () => lookAtTickets(places, (view) => view.list({ states: UNRESOLVED, limit: TICKETS_MAX }));
  // What is wrong with its file is for `tickets list` to say: the gateway works without it.
  const found = await orReason(look);
  return typeof found === 'string' ? undefined : found.toSorted(byUrgency);
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
export function problemsOf(report: Report): string[] {
  const { reader, api, destinations, outbox, store, clockTrust, shelf } = report;
  const problems: string[] = [];
  if (reader.state !== 'running') problems.push(`the reader is ${reader.state}`);
  if (api.state !== 'up') problems.push(`the write API is ${api.state}`);
  if (report.monitor.state === 'silent') problems.push('the monitor is silent');
  for (const { name, breaker, rebuff } of destinations) {
    if (!isClosed(breaker)) problems.push(`the breaker of ${name} is ${stateInWords(breaker)}`);
    if (rebuff !== undefined) problems.push(`${name}: ${rebuff}`);
  }
  if (typeof outbox === 'string') problems.push(`outbox: ${outbox}`);
  else if (outbox.deadLetters > 0) problems.push(count(outbox.deadLetters, 'dead letter'));
  if (typeof store === 'string') problems.push(`store: ${store}`);
  problems.push(...sensorTroubles(report), ...diskProblems(reader), ...quarantineProblems(shelf));
  const unseen =
    report.tickets?.filter(({ state, severity }) => state === 'open' && severity !== 'info') ?? [];
  if (unseen.length > 0) problems.push(`${openInWords(unseen)}: sensorctl tickets list`);
  problems.push(...clockProblems(clockOf(reader), clockTrust));
  return problems;
}

/** Sources that do not answer, and buses that hang, as the running reader finds them. */
export function sensorTroubles({ reader, nowMs }: Report): string[] {
  const buses = stuckBuses(reader).map((bus) => stuckInWords(bus, nowMs));
  return [...sensorProblems(sourceStates(reader)), ...buses];
}

/** What the reader says of itself in its health file, since its start. */
export function diskProblems({ health }: Pick<ProgramState, 'health'>): string[] {
  const { held, counts } = health;
  const problems: string[] = [];
  if (held > 0) problems.push(`the disk takes no readings: ${count(held, 'reading')} only in memory`);
  if (counts.thinned > 0) {
    problems.push(
      `the outbox was full: ${count(counts.thinned, 'row')} thinned to means since the reader started`,
    );
  }
  if (counts.shed > 0)
    problems.push(`the outbox was full: ${count(counts.shed, 'reading')} given up since the reader started`);
  return problems;
}
