/**
 * `sensorctl tail`: readings as they are stored, until Ctrl-C. Looks at the store once a second, through a connection
 * that only reads, so that nothing waits for it. What comes late, out of a backlog, is not live:
 * `sensorctl readings` has it.
 */

import { statSync } from 'node:fs';
import { type Clock, systemClock } from '../../lib/base/clock.ts';
import { EXIT } from '../../lib/base/errors.ts';
import type { ReadingsReader, StoredReading } from '../../lib/flow/write-api/readings-store.ts';
import { type Command, type CommandContext, countOption, textOption } from './command.ts';
import { findPlaces, type Places } from './places.ts';
import { HEADING, jsonLine, tableRow } from './reading-lines.ts';
import { openStored } from './stored-readings.ts';

const LINES = 10;
/** All of them are held in memory. */
const LINES_MAX = 10_000;
const LOOK_EVERY_MS = 1_000;

/** Older ones are late, not live; so many are remembered, to be shown once. A clock may be ahead by as much. */
const LIVE_MS = 120_000;

/** The widest look back for the first lines: a store that has been quiet for longer has nothing live. */
const LOOK_BACK_MAX_MS = 400 * 86_400_000;

export interface TailDeps {
  readonly clock: Pick<Clock, 'sleep'>;
}

export function createTail({ clock }: TailDeps): Command {
  const command: Command = {
    name: 'tail',
    about: 'show readings as they are stored, until Ctrl-C',
    options: {
      lines: { value: 'N', short: 'n', about: `begin with the last N (default ${LINES})` },
      gateway: { value: 'NAME', about: 'only of this gateway' },
      sensor: { value: 'NAME', about: 'only of this sensor' },
      metric: { value: 'NAME', about: 'only of this metric' },
      'no-follow': { about: 'only the last ones, and end' },
    },
    examples: [
      ['sensorctl tail', 'what comes in, as it comes in'],
      ['sensorctl tail -n 1 --sensor attic --json', 'one JSON object a line, for a program'],
    ],
    async run(context) {
      const places = findPlaces(context);
      const lines = Math.min(LINES_MAX, countOption(context, 'lines', LINES, 'tail'));
      const tell = teller(context);
      let store = await openStored(places);
      let file = identityOf(places);
      try {
        const live = createLive(namesOf(context));
        for (const reading of await live.last(store, lines, context.wallMs())) await tell(reading);
        if (context.options['no-follow'] === true) return EXIT.ok;
        while (context.terminal.isRead?.() !== false) {
          await clock.sleep('tail', LOOK_EVERY_MS);
          // Restored, or begun afresh after damage: the old file is still there for whoever has it open.
          const now = identityOf(places);
          if (now !== undefined && now !== file) {
            await store.close();
            store = await openStored(places);
            file = now;
          }
          for await (const reading of live.since(store, context.wallMs())) await tell(reading);
        }
        return EXIT.ok;
      } finally {
        await store.close();
      }
    },
  };
  return command;
}

export const tail = createTail({ clock: systemClock });

type Names = Pick<StoredReading, 'gateway' | 'sensor' | 'metric'>;

function namesOf(context: CommandContext): Partial<Names> {
  const named = (['gateway', 'sensor', 'metric'] as const).flatMap((name) => {
    const value = textOption(context, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(named);
}

/** Shows each reading of the last minutes once, however often it is looked at. */
function createLive(names: Partial<Names>) {
  /** Identity -> its time. */
  const seen = new Map<string, number>();
  const isNew = ({ stream, seq, at }: StoredReading): boolean => {
    const identity = `${stream} ${seq}`;
    if (seen.has(identity)) return false;
    seen.set(identity, at);
    return true;
  };
  return {
    /** The last ones of the store, ascending. */
    async last(store: ReadingsReader, lines: number, nowMs: number): Promise<StoredReading[]> {
      for (let backMs = LIVE_MS; ; backMs *= 8) {
        const found: StoredReading[] = [];
        for await (const reading of store.readings({ sinceAt: nowMs - backMs, ...names })) {
          found.push(reading);
          if (reading.at >= nowMs - LIVE_MS) isNew(reading);
          // Twice as many are thrown away at once: one by one would move all of them each time.
          if (found.length > 2 * lines) found.splice(0, found.length - lines);
        }
        if (found.length >= lines || backMs >= LOOK_BACK_MAX_MS) return found.slice(-lines);
      }
    },
    async *since(store: ReadingsReader, nowMs: number): AsyncGenerator<StoredReading> {
      for (const [identity, at] of seen) if (at < nowMs - LIVE_MS) seen.delete(identity);
      for await (const reading of store.readings({ sinceAt: nowMs - LIVE_MS, ...names })) {
        if (isNew(reading)) yield reading;
      }
    },
  };
}

function teller({ json, terminal }: CommandContext): (reading: StoredReading) => Promise<void> {
  let told = false;
  return async (reading) => {
    if (!told && !json) await terminal.out(HEADING);
    told = true;
    await terminal.out(json ? jsonLine(reading) : tableRow(reading));
  };
}

/** `undefined`: it is not there, for the moment in which another one takes its place; or it is a database elsewhere. */
function identityOf({ config, storeFile }: Places): string | undefined {
  const stat = config.store.url === undefined ? statSync(storeFile, { throwIfNoEntry: false }) : undefined;
  return stat === undefined ? undefined : `${stat.dev} ${stat.ino}`;
}
