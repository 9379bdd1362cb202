/** The watch of the monitor, put together: what is configured, where to look, what to hold it against, and the ticket book. */

import { join } from 'node:path';
import type { Loop, Pulse } from '../../lib/base/loop.ts';
import { CHIP_DRIVERS } from '../../lib/flow/acquire/sources/i2c/chips/index.ts';
import { BUS_OF_THE_HEADER } from '../../lib/flow/acquire/sources/i2c/i2c-bus.ts';
import { createBallast } from '../../lib/flow/outbox/ballast.ts';
import { createEngine } from '../../lib/ops/invariants/engine.ts';
import { INVARIANTS } from '../../lib/ops/invariants/index.ts';
import type { ChannelLook, Watched } from '../../lib/ops/invariants/look.ts';
import { createLookProbe } from '../../lib/ops/monitor/look-probe.ts';
import { createLooker } from '../../lib/ops/monitor/looker.ts';
import type { LookPlace } from '../../lib/ops/monitor/parts/part.ts';
import { createPatientBook } from '../../lib/ops/monitor/patient-book.ts';
import { createTicketLines } from '../../lib/ops/monitor/ticket-lines.ts';
import { createWatch, type WatchStatus } from '../../lib/ops/monitor/watch.ts';
import { openTicketBookSafely } from '../../lib/ops/tickets/safe-ticket-book.ts';
import type { Severity } from '../../lib/ops/tickets/ticket.ts';
import type { TicketBook } from '../../lib/ops/tickets/ticket-book.ts';
import { isLocalUrl } from './api-settings.ts';
import type { Config } from './config.ts';
import { limitsFrom } from './invariant-settings.ts';
import { OUTBOX_FILE, STORE_FILE, TICKETS_BALLAST_FILE, TICKETS_FILE } from './names.ts';
import { noting, type ProgramContext } from './program.ts';

/** As it lies beside us once everything is compiled. */
const LOOK_WORKER = new URL('../../lib/ops/monitor/look-worker.js', import.meta.url);

/** A dozen tickets with their evidence, and what SQLite needs to open their file. */
const TICKETS_BALLAST_BYTES = 1_048_576;

const driverOf = (type: string) => CHIP_DRIVERS.find((driver) => driver.type === type);
const isChip = (type: string) => driverOf(type) !== undefined;

export interface MonitorWatch {
  readonly loop: Loop;
  readonly book: TicketBook;
  status(): WatchStatus;
  /** `nothing is wrong`, `2 tickets open`, or that the disk takes none. */
  statusLine(): string;
  /** By severity; `undefined` while the book does not answer. */
  openTickets(): Readonly<Record<Severity, number>> | undefined;
  /** Called after each look: whoever goes by the history of the book need not ask it all the time. */
  onChecked(listener: () => void): void;
  /** A look has not ended, and never may. */
  hangs(): boolean;
  /** After the loop has ended. */
  close(): Promise<void>;
}

/** A ticket book that cannot be opened is tried again with each look. */
export function openWatch(
  context: ProgramContext,
  pulse: Pulse,
  channels: () => readonly ChannelLook[],
): MonitorWatch {
  const { config, clock, log, surroundings } = context;
  const ticketsFile = join(config.dataDir, TICKETS_FILE);
  const ballast = createBallast({
    file: join(config.dataDir, TICKETS_BALLAST_FILE),
    diskReserveBytes: config.outbox.diskReserve,
    bytes: TICKETS_BALLAST_BYTES,
  });
  // Before the first look: a disk may fill up in between.
  ballast.grow();
  const open = () =>
    openTicketBookSafely({
      file: ticketsFile,
      clock,
      bootId: context.bootId,
      ...config.tickets,
      onLeftOut: (findings) =>
        log.warn({ findings }, `${findings} more things are wrong than may have a ticket`),
      onSetAside: (dir, reason) =>
        log.error({ dir, reason }, `the tickets so far are set aside in ${dir}: their file was damaged`),
    });
  const book = createPatientBook(open, ballast);
  const { thread, system } = surroundings.openEyes({ worker: LOOK_WORKER, clock });
  const probe = createLookProbe({ ask: thread.ask, system });
  const place = placeOf(config, { ticketsFile, units: process.env.NOTIFY_SOCKET !== undefined });
  const looker = createLooker({
    eyes: { ask: thread.ask, probe, place },
    thread,
    clock,
    watched: watchedIn(config),
    channels,
  });
  const sayTickets = createTicketLines(book, log);
  // Those of earlier runs have been said by them. A book that cannot be read now is told of by the first look.
  noting(log, 'tickets', sayTickets);
  const listeners: (() => void)[] = [() => noting(log, 'tickets', sayTickets), ballast.grow];
  const watch = createWatch({
    looker,
    engine: createEngine({
      invariants: INVARIANTS,
      skip: config.invariants.skip ?? [],
      limits: limitsFrom(config.invariants),
    }),
    book,
    clock,
    pulse,
    everyMs: config.invariants.everyMs,
    onChecked: () => {
      for (const listener of listeners) listener();
    },
    onRefused: (reason) => log.error({ reason }, `what is wrong cannot be written down: ${reason}`),
  });
  return {
    loop: watch,
    book,
    status: watch.status,
    statusLine() {
      const { looks, openTickets, bySeverity, broken } = watch.status();
      if (looks === 0) return 'has not looked yet';
      if (bySeverity === undefined)
        return `TICKETS CANNOT BE WRITTEN, broken: ${broken.join(', ') || 'nothing'}`;
      if (openTickets === 0) return 'nothing is wrong';
      return `${openTickets} ${openTickets === 1 ? 'ticket' : 'tickets'} open`;
    },
    openTickets: () => watch.status().bySeverity,
    onChecked: (listener) => listeners.push(listener),
    hangs: () => thread.hangs,
    async close() {
      await thread.close();
      book.close();
    },
  };
}

function watchedIn({ sources, destinations, sampling, outbox, clock }: Config): Watched {
  return {
    sources: sources.map(({ name, type, intervalMs, bus, address }) => ({
      name,
      several: type === 'kernel',
      intervalMs: Math.max(intervalMs ?? 0, sampling.intervalMs),
      // A module may be on a bus, and says so where it is.
      bus: bus ?? (isChip(type) ? BUS_OF_THE_HEADER : undefined),
      address: address ?? driverOf(type)?.addresses[0],
    })),
    destinations: destinations.map(({ name, url }) => ({ name, url })),
    intervalMs: sampling.intervalMs,
    diskReserveBytes: outbox.diskReserve,
    clockTrust: clock.trust,
  };
}

function placeOf(
  config: Config,
  { ticketsFile, units }: Pick<LookPlace, 'ticketsFile' | 'units'>,
): LookPlace {
  const { dataDir, runDir, outbox, destinations, store } = config;
  return {
    runDir,
    dataDir,
    outboxFile: join(dataDir, OUTBOX_FILE),
    storeFile: join(dataDir, STORE_FILE),
    ticketsFile,
    bounds: outbox,
    ownStore: store.url === undefined && destinations.some(({ url }) => isLocalUrl(url)),
    units,
    destinations: destinations.map(({ name, url, caFile }) => ({ name, url, caFile })),
  };
}
