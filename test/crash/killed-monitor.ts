/**
 * Goal: a death of the monitor at any instant neither doubles nor loses a ticket. Method: the built monitor looks at a
 * shelf of damaged files that are put there and taken away by a seed, once a second, and is killed at random instants,
 * from its start on; after each death its book is held against the one before, against what it has said, and against
 * how often each thing was really wrong.
 */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { INVARIANTS } from '../../lib/ops/invariants/index.ts';
import type { Child, Line } from '../support/child.ts';
import { startProgram } from '../support/child-program.ts';
import { createGateway, freePort } from '../support/gateway.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { type OnTestFinished, tempDir } from '../support/temp-dir.ts';
import { auditTickets, bookIn, NO_BOOK, type Said, saidIn, type TicketsBook } from './tickets-audit.ts';

export interface KilledMonitor {
  readonly kills: number;
  /** In the end. */
  readonly book: TicketsBook;
  /** What is wrong, in words; the first thing ends the run. */
  readonly problems: readonly string[];
}

export interface MonitorKills {
  readonly kills: number;
  readonly seed: number;
  /** After so many openings a thing flaps: a low number has one ticket opened again, a high one many tickets. */
  readonly openings: number;
  readonly onTestFinished?: OnTestFinished;
}

/** From the start of the process; it listens after two thirds of that. */
const STARTING_MS = 1_200;
/** From when it listens, or from a change of the shelf: two looks. */
const LOOKING_MS = 2_200;
/** The last one looks until all is said; a busy machine may take its time. */
const LAST_LOOKS_MAX_MS = 30_000;

export async function killMonitor(options: MonitorKills): Promise<KilledMonitor> {
  const { kills, seed, openings, onTestFinished } = options;
  const mine = onTestFinished === undefined ? {} : { onTestFinished };
  const random = createSeededRandom(seed);
  const gateway = await createGateway(mine);
  const shelf = createShelf(gateway.dir, tempDir(onTestFinished));
  const env = {
    ...gateway.env,
    SENSORGW_MONITOR_PORT: String(await freePort()),
    SENSORGW_INVARIANTS_EVERY: '1s',
    // Nothing but the shelf is of this test.
    SENSORGW_INVARIANTS_SKIP: String(
      INVARIANTS.map(({ name }) => name).filter((name) => name !== 'file_damaged'),
    ),
    SENSORGW_TICKETS_FLAPPING_OPENINGS: String(openings),
    SENSORGW_TICKETS_FLAPPING_WITHIN: '1m',
    SENSORGW_TICKETS_FLAPPING_QUIET: '1m',
  };
  const start = () => startProgram('sensor-monitor', { env, ...mine });
  const said: Said[] = [];
  let book: TicketsBook = NO_BOOK;

  function problemsAfter(life: Child): readonly string[] {
    said.push(...life.lines.flatMap(saidIn));
    const now = bookIn(gateway.dir);
    const problems = auditTickets({ before: book, now, said, timesWrong: shelf.timesWrong });
    book = now;
    return problems;
  }
  const summary = (problems: readonly string[]): KilledMonitor => ({
    kills,
    book,
    problems,
  });

  for (let kill = 1; kill <= kills; kill += 1) {
    shelf.flip(random);
    const monitor = start();
    if (random.fraction() < 0.3) await sleep(random.fraction() * STARTING_MS);
    else {
      await monitor.line(isListening).catch(() => {});
      await sleep(random.fraction() * LOOKING_MS);
      shelf.flip(random);
      await sleep(random.fraction() * LOOKING_MS);
    }
    monitor.kill('SIGKILL');
    const { signal } = await monitor.exited;
    if (signal !== 'SIGKILL') return summary([`it ended by itself: ${monitor.lastWords()}`]);
    const problems = problemsAfter(monitor);
    if (problems.length > 0) return summary(problems.map((one) => `seed ${seed}, kill ${kill}: ${one}`));
  }

  // In peace: what is wrong has a ticket each, and none is left of what is well.
  const last = start();
  const states = () => bookIn(gateway.dir).tickets.filter(({ state }) => state !== 'resolved');
  shelf.put(FILES);
  const opened = await until(() => states().length === FILES.length);
  shelf.put([]);
  // What flaps is not over before a minute of quiet, but it is seen to be well.
  const over = await until(() => states().every(({ flapping, recoveredAt }) => flapping && recoveredAt));
  last.kill('SIGTERM');
  await last.exited;
  const problems = [...problemsAfter(last)];
  if (!opened) problems.push('a file that is damaged has no ticket');
  if (!over) problems.push('a file that is well has a ticket');
  return summary(problems);
}

const isListening = (line: Line) => String(line.msg).startsWith('monitor listens');

async function until(check: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < LAST_LOOKS_MAX_MS; waitedMs += 100) {
    if (check()) return true;
    await sleep(100);
  }
  return check();
}

// ---------------------------------------------------------------- what is wrong

const FILES = ['outbox.db', 'store.db', 'tickets.db'] as const;
const keyOf = (file: string) => `file_damaged:${file}`;

/** Damaged files that lie in quarantine, or do not: each is there or gone in one step. */
function createShelf(dataDir: string, aside: string) {
  const quarantine = join(dataDir, 'quarantine');
  mkdirSync(quarantine, { recursive: true });
  const there = new Set<string>();
  /** By key: how often it has become wrong. */
  const timesWrong = new Map<string, number>();
  for (const file of FILES) {
    mkdirSync(join(aside, file));
    writeFileSync(join(aside, file, 'about.json'), JSON.stringify({ file, reason: 'a test', at: 1 }));
    writeFileSync(join(aside, file, file), 'damaged');
  }

  function put(files: readonly string[]): void {
    for (const file of FILES) {
      const wanted = files.includes(file);
      if (wanted === there.has(file)) continue;
      const [away, here] = [join(aside, file), join(quarantine, file)];
      renameSync(wanted ? away : here, wanted ? here : away);
      if (!wanted) there.delete(file);
      else {
        there.add(file);
        timesWrong.set(keyOf(file), (timesWrong.get(keyOf(file)) ?? 0) + 1);
      }
    }
  }

  return {
    timesWrong,
    put,
    flip: (random: { fraction(): number }) =>
      put(FILES.filter((file) => there.has(file) !== random.fraction() < 0.4)),
  };
}
