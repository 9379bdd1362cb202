/**
 * What the monitor may and must say, held against what really happens: a ticket for each outage that lasts, none
 * without a cause, one at a time for each thing, and none that stays when all is well again. Asked after each of its
 * looks, of its own book; what is wrong meanwhile is known from outside.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../lib/base/errors.ts';
import type { SqliteDatabase } from '../../lib/base/sqlite.ts';
import type { FlowEvent } from '../../lib/flow/flow-event.ts';
import { HEALTH_FRESH_MS } from '../../lib/ops/health-file.ts';
import { CHANGES_MAX, RESOLVED_MAX, UNRESOLVED_MAX } from '../../lib/ops/tickets/bounds.ts';
import { READER, WRITE_API } from '../../src/wiring/names.ts';
import type { Machine } from './machine.ts';
import type { MonitorHost } from './monitor-host.ts';

export interface TicketRules {
  /** What the reader reports. */
  observe(event: FlowEvent): void;
  readerGone(): void;
  afterStep(): void;
  /** Keys of tickets that are not resolved, but for those that rightly wait for a person. */
  standing(): readonly string[];
  /** What a book may hold at most. */
  checkBounds(): void;
  /** After this long without a fault nothing stands any more: whatever an invariant remembers, it has forgotten. */
  readonly restMs: number;
}

export interface TicketRulesDeps {
  readonly nowMs: () => number;
  readonly monitor: MonitorHost;
  readonly machine: Machine;
  /** The file of the outbox, if the reader has it open. */
  readonly outbox: () => SqliteDatabase | undefined;
  /** Whether its disk takes what is written there. */
  readonly isWritable: (outbox: SqliteDatabase) => boolean;
  /** A sensor that only a person can bring back. */
  readonly isLost: (sensor: string) => boolean;
  /** Faults that this world has. */
  readonly kinds: readonly string[];
  readonly problem: (what: string) => void;
  readonly note: (what: string) => void;
}

/** All in the time of the monitor, which its lens slows down. */
const LOOK_MS = 30_000;
/** What needs as many looks as breaker and program do, one that just missed it, and one to spare. */
const LOOKS_MS = 4 * LOOK_MS;
const BREAKER_OPEN_MS = 90_000;
/** The longest window of an invariant that is looked at here, and the looks after it. */
const REST_MS = 3_600_000 + 10 * LOOK_MS;

/** Any trouble on the way, or at its end. */
const WAY =
  /refused|slow|silent|reset|lost|lossy|error|requests|unauthorized|large|stranger|poison|killed|stopped|power|disk|flips|back/;
const CLOCK = /clock|time service|1970/;

/** Which faults may bring about which tickets; an invariant that is not listed has no cause in this world. */
const CAUSES: Readonly<Record<string, RegExp>> = {
  program_silent: /killed|power|flips|back|hangs|disk/,
  sensor_silent: /^sensor|hangs/,
  breaker_open: WAY,
  breaker_flapping: WAY,
  backlog_age: WAY,
  backlog_growing: WAY,
  outbox_forecast: WAY,
  delivery_misconfigured: /unauthorized|stranger/,
  delivery_refused: /large|poison|disk|clock|time service|1970/,
  dead_letters: /poison|large|flips|clock|time service|1970/,
  readings_given_up: WAY,
  disk_refuses: /disk/,
  file_damaged: /flips/,
  look_unanswered: /flips/,
  boots_often: /power/,
  clock_untrusted: CLOCK,
  clock_jumped: CLOCK,
};

/** These are right to stay: only a person can say that a loss is dealt with. */
const FOR_A_PERSON: Readonly<Record<string, RegExp>> = { file_damaged: /flips/ };

interface Change {
  readonly id: number;
  readonly change: string;
  readonly key: string;
  readonly invariant: string;
}

const CHANGES = `SELECT changes.id, change, changes.key, invariant FROM changes
  JOIN tickets ON tickets.id = changes.ticket WHERE changes.id > ? ORDER BY changes.id`;

export function createTicketRules(deps: TicketRulesDeps): TicketRules {
  const { nowMs, monitor, machine, outbox, kinds, problem, note } = deps;
  const slowed = (ms: number) => ms * monitor.lens.times;
  /** By destination, since when its breaker is not closed. */
  const brokenSince = new Map<string, number>();
  const standing = new Set<string>();
  const { monotonicMs } = machine.clocks(() => true);
  let [asked, lastChange, wallErrorMs] = [0, 0, 0];
  let upSinceMs: number | undefined;
  /** When something last kept the truth from the files, or moved the clock by which it is dated. */
  let disturbedMs = 0;

  function readBook(book: SqliteDatabase): void {
    for (const { id, change, key, invariant } of book.prepare<[number], Change>(CHANGES).all(lastChange)) {
      lastChange = id;
      note(`${change}: ${key}`);
      if (change === 'opened' || change === 'flapping') {
        if (standing.has(key)) problem(`TICKETS: ${key} has one already, and ${change} another`);
        if (!kinds.some((kind) => CAUSES[invariant]?.test(kind)))
          problem(`TICKETS: ${key} was ${change}, and nothing here brings that about`);
        standing.add(key);
      }
      if (change === 'resolved' && !standing.delete(key))
        problem(`TICKETS: ${key} is resolved, and was not open`);
    }
  }

  function expectOutages(): void {
    for (const [destination, sinceMs] of brokenSince) {
      const fromMs = Math.max(sinceMs, upSinceMs ?? nowMs(), disturbedMs);
      if (nowMs() - fromMs <= slowed(BREAKER_OPEN_MS + LOOKS_MS)) continue;
      const said = [`breaker_open:${destination}`, `breaker_flapping:${destination}`, silent(READER)];
      if (said.some((key) => standing.has(key))) continue;
      problem(
        `TICKETS: ${destination} has not been delivered to for ${nowMs() - fromMs} ms, and has no ticket`,
      );
    }
  }

  function expectSilences(): void {
    if (nowMs() - (upSinceMs ?? nowMs()) <= slowed(LOOKS_MS)) return;
    for (const program of [READER, WRITE_API]) {
      const generatedMono = lastBeatMono(join(machine.runDir, `${program}.health.json`));
      const ageMs = monotonicMs() - (generatedMono ?? monotonicMs());
      if (ageMs <= slowed(HEALTH_FRESH_MS + LOOKS_MS) || standing.has(silent(program))) continue;
      problem(`TICKETS: ${program} has been silent for ${ageMs} ms, and has no ticket`);
    }
  }

  return {
    restMs: slowed(REST_MS),
    observe(event) {
      if (event.type !== 'breaker.opened' && event.type !== 'breaker.closed') return;
      const file = outbox();
      // The monitor knows what is in the file: a full disk keeps it as it was.
      if (file === undefined || !deps.isWritable(file)) disturbedMs = nowMs();
      if (event.type === 'breaker.closed') brokenSince.delete(event.destination);
      else if (!brokenSince.has(event.destination)) brokenSince.set(event.destination, nowMs());
    },
    readerGone: () => brokenSince.clear(),
    afterStep() {
      if (machine.wallErrorMs() !== wallErrorMs) disturbedMs = nowMs();
      wallErrorMs = machine.wallErrorMs();
      upSinceMs = monitor.isUp() ? (upSinceMs ?? nowMs()) : undefined;
      const book = monitor.tickets();
      if (upSinceMs === undefined || asked === monitor.asked() || book === undefined) return;
      asked = monitor.asked();
      readBook(book);
      expectOutages();
      expectSilences();
    },
    standing() {
      const file = outbox();
      const dead = Number(file?.prepare('SELECT count(*) FROM dead_letters').pluck().get() ?? 0);
      return [...standing].filter((key) => {
        if (key === 'dead_letters') return dead === 0;
        const [invariant = '', subject = ''] = key.split(':');
        if (invariant === 'sensor_silent' && deps.isLost(subject)) return false;
        return !kinds.some((kind) => FOR_A_PERSON[invariant]?.test(kind));
      });
    },
    checkBounds() {
      const book = monitor.tickets();
      if (book === undefined) return problem('TICKETS: the monitor has no book open');
      const bounds = [
        ["SELECT count(*) FROM tickets WHERE state != 'resolved'", UNRESOLVED_MAX],
        ["SELECT count(*) FROM tickets WHERE state = 'resolved'", RESOLVED_MAX],
        ['SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM changes GROUP BY ticket)', CHANGES_MAX],
      ] as const;
      for (const [sql, most] of bounds) {
        const count = Number(book.prepare(sql).pluck().get());
        if (count > most) problem(`TICKETS: ${count} of at most ${most}: ${sql}`);
      }
    },
  };
}

const silent = (program: string) => `program_silent:${program}`;

/** `undefined`: it does not run, or was stopped cleanly. */
function lastBeatMono(file: string): number | undefined {
  try {
    const { generated_mono_ms } = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly generated_mono_ms: number;
    };
    return generated_mono_ms;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
