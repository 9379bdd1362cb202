/**
 * Goal: a death at any instant neither doubles nor loses a ticket or a line of its history. Method: a child does calls
 * that a seed decides to a book of tickets, and is killed at a random instant; what the file then shows must be what
 * the plain model shows after the calls that were said to be done, or after one more, which the kill came upon.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { openTicketsReadOnly } from '../../lib/ops/tickets/ticket-view.ts';
import { startCommand } from '../support/child-program.ts';
import { compileForChild } from '../support/compiled.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { createTicketModel, shown, type TicketModel } from '../support/ticket-model.ts';
import { callAt, STEP_MS } from './ticket-calls.ts';
import type { ReporterOrders } from './ticket-reporter.ts';

export interface KilledTickets {
  readonly file: string;
  readonly model: TicketModel;
  /** All calls that were done. */
  readonly calls: number;
  /** Kills that came upon a call: between its commit and its word. */
  readonly caught: number;
  readonly tickets: number;
  /** What is wrong, in words; the first thing ends the run. */
  readonly problems: readonly string[];
}

/** At most so many calls in a life: a book that keeps all its tickets can be compared with the model to the end. */
const CALLS_EACH = 40;
/** From the child's start; opening the file takes a part of it. */
const STARTING_MS = 400;
/** From its first word; a call takes some milliseconds. */
const WORKING_MS = 60;

export async function killReporter({ kills, seed }: { kills: number; seed: number }): Promise<KilledTickets> {
  const program = join(compileForChild('test/crash/ticket-reporter.ts'), 'test/crash/ticket-reporter.js');
  const random = createSeededRandom(seed);
  const file = join(tempDir(), 'tickets.db');
  const problems: string[] = [];
  let model = createTicketModel();
  let done = 0;
  let caught = 0;

  for (let kill = 1; kill <= kills && problems.length === 0; kill += 1) {
    const orders: ReporterOrders = { file, seed, from: done, calls: CALLS_EACH };
    const child = startCommand(process.execPath, [program, JSON.stringify(orders)]);
    // The first life is let in: before it there is no file that could be asked.
    const working = kill === 1 || random.fraction() < 0.7;
    if (working) await child.line(({ text }) => text.startsWith('done')).catch(() => {});
    await sleep(random.fraction() * (working ? WORKING_MS : STARTING_MS));
    child.kill('SIGKILL');
    const { signal } = await child.exited;
    if (signal !== 'SIGKILL') problems.push(`it ended by itself: ${child.lastWords()}`);

    const said = child.lines.filter(({ text }) => text.startsWith('done')).length;
    for (let n = done; n < done + said; n += 1) model.call(callAt(seed, n), n * STEP_MS);
    done += said;
    const seen = shownIn(file);
    if (agrees(seen, model)) continue;
    const next = model.copy();
    next.call(callAt(seed, done), done * STEP_MS);
    if (agrees(seen, next)) {
      model = next;
      done += 1;
      caught += 1;
    } else problems.push(`seed ${seed}, kill ${kill}, after ${done} calls the book is not as it should be`);
  }
  const check = new Database(file);
  const sound = check.pragma('quick_check(1)', { simple: true });
  check.close();
  if (sound !== 'ok') problems.push(`the file is damaged: ${sound}`);
  return { file, model, calls: done, caught, tickets: model.shown().length, problems };
}

/** All that the file has, for a reader that brings its log back. */
export function shownIn(file: string): object[] {
  const view = openTicketsReadOnly(file);
  try {
    return shown(view);
  } finally {
    view.close();
  }
}

export function agrees(seen: readonly object[], model: TicketModel): boolean {
  return JSON.stringify(seen) === JSON.stringify(model.shown());
}
