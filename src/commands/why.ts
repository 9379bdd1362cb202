/**
 * `sensorctl why`: in plain words, what is being delivered, what is not and why, since when, and when it
 * is tried again. From the database, not from the log, which may have been lost at the last reboot.
 */

import { EXIT } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import type { BreakerTransition } from '../../lib/flow/outbox/outbox.ts';
import type { DestinationStats } from '../../lib/flow/outbox/outbox-view.ts';
import { READER } from '../wiring/names.ts';
import { soonInWords } from './breaker.ts';
import type { Command } from './command.ts';
import { findPlaces } from './places.ts';
import { liveBacklog, type ProgramState, programState } from './running.ts';
import { ageInWords, count, localTime } from './words.ts';

/** What went wrong lately, not for ever. */
const ERRORS_SHOWN = 3;
const TRANSITIONS_READ = 200;

/** Rows of the last round are on their way; two rounds old, they wait. */
const ROUNDS_ON_THEIR_WAY = 2;

export const why: Command = {
  name: 'why',
  about: 'say in words why readings are, or are not, being delivered',
  options: {},
  examples: [['sensorctl why', 'nothing arrives: why, and when is it tried again?']],
  async run(context) {
    const { config, outboxFile, runDir } = findPlaces(context);
    const nowMs = context.wallMs();
    const reader = programState(runDir, READER, nowMs);
    const { openOutboxReadOnly } = await import('../../lib/flow/outbox/outbox-view.ts');
    const view = openOutboxReadOnly(outboxFile);
    try {
      const { destinations } = view.stats();
      const transitions = view.breakerTransitions(TRANSITIONS_READ);
      const judged = destinations.map((one) => {
        const urls = config.destinations.filter(({ name }) => name === one.destination);
        const rows = Math.min(one.rows, liveBacklog(reader.health, one.destination) ?? one.rows);
        return judge(
          { ...one, rows },
          {
            nowMs,
            reader,
            url: urls[0]?.url,
            intervalMs: config.sampling.intervalMs,
            errors: errorsOf(one.destination, transitions),
          },
        );
      });
      if (context.json)
        await context.terminal.out(JSON.stringify({ reader: reader.state, destinations: judged }));
      else {
        if (reader.state !== 'running') await context.terminal.out(readerInWords(reader));
        for (const one of judged) for (const line of one.words) await context.terminal.out(printable(line));
      }
      return reader.state === 'running' && judged.every((one) => one.delivering) ? EXIT.ok : EXIT.failed;
    } finally {
      view.close();
    }
  },
};

interface Circumstances {
  readonly nowMs: number;
  readonly reader: ProgramState;
  readonly url: string | undefined;
  readonly intervalMs: number;
  /** The latest first. */
  readonly errors: readonly BreakerTransition[];
}

interface Judgement {
  readonly destination: string;
  readonly delivering: boolean;
  readonly words: readonly string[];
}

function judge(one: DestinationStats, { nowMs, reader, url, intervalMs, errors }: Circumstances): Judgement {
  const { destination, breaker, outcome } = one;
  const at = url === undefined ? destination : `${destination} (${url})`;
  const waiting = backlogInWords(one, nowMs, intervalMs);
  const say = (delivering: boolean, ...words: string[]): Judgement => ({ destination, delivering, words });

  if (breaker?.held) {
    const reason = breaker.reason === '' ? '' : `: ${breaker.reason}`;
    return say(
      false,
      `Nothing is delivered to ${at}: a person has held it ${since(breaker.sinceAt, nowMs)}${reason}.`,
      `${waiting} To go on: sensorctl breaker release --destination ${destination}`,
    );
  }
  if (breaker !== undefined && breaker.state !== 'closed') {
    const lastly = errors
      .slice(0, ERRORS_SHOWN)
      .map(({ at: when, reason }) => `  ${localTime(when)}  ${reason}`);
    return say(
      false,
      `Nothing is delivered to ${at} ${since(outageBegan(breaker.sinceAt, errors), nowMs)}: ${breaker.reason}.`,
      `${breaker.streak} attempts in a row have failed. ${nextTry(breaker.nextTryAt, reader, nowMs)}`,
      waiting,
      ...(lastly.length > 0 ? ['The last errors:', ...lastly] : []),
    );
  }
  if (outcome?.kind === 'misconfigured') {
    return say(
      false,
      `Nothing is delivered to ${at} ${since(outcome.sinceAt, nowMs)}: it answers, but not as our write API should: ${outcome.reason}.`,
      `${waiting} Nothing is given up for this; check address, token and path. It is tried once a minute.`,
    );
  }
  if (outcome === undefined)
    return say(one.rows === 0, `Nothing has been delivered to ${at} yet. ${waiting}`);
  if (outcome.kind === 'stored') {
    const note = outcome.reason === '' ? '' : ` Some readings are ${outcome.reason}.`;
    return say(true, `Readings are delivered to ${at} as they come. ${waiting}${note}`);
  }
  const failing = outcome.kind === 'unavailable' ? 'fails' : 'is refused';
  return say(
    true,
    `Readings are delivered to ${at}, but the last attempt ${failing}: ${outcome.reason}. ${waiting}`,
  );
}

/** An outage begins when the breaker first opened since it was last closed, not at the latest probe. */
function outageBegan(sinceAt: number, errors: readonly BreakerTransition[]): number {
  return errors.at(-1)?.at ?? sinceAt;
}

/** The openings of the present outage, the latest first. */
function errorsOf(destination: string, transitions: readonly BreakerTransition[]): BreakerTransition[] {
  const own = transitions.filter((one) => one.destination === destination);
  const closed = own.findIndex((one) => one.to === 'closed');
  return own.slice(0, closed < 0 ? own.length : closed).filter((one) => one.to === 'open');
}

function since(at: number, nowMs: number): string {
  return `since ${localTime(at)} (${ageInWords(nowMs - at)})`;
}

function nextTry(nextTryAt: number | null, reader: ProgramState, nowMs: number): string {
  if (reader.state !== 'running') return 'The next try is made when the reader runs again.';
  if (nextTryAt === null) return 'A try is under way.';
  return `The next try is ${soonInWords(nextTryAt - nowMs)}.`;
}

function backlogInWords({ rows, oldestAt }: DestinationStats, nowMs: number, intervalMs: number): string {
  const ageMs = oldestAt === undefined ? 0 : nowMs - oldestAt;
  if (rows === 0 || ageMs < ROUNDS_ON_THEIR_WAY * intervalMs) return 'Nothing waits.';
  return `${count(rows, 'reading')} wait safely in the outbox, the oldest from ${ageInWords(ageMs)} ago.`;
}

function readerInWords(reader: ProgramState): string {
  if (reader.state === 'silent') {
    return `The reader (pid ${reader.pid}) is there but does not move: nothing is read or delivered. systemd restarts it; by hand: systemctl restart ${READER}`;
  }
  return `The reader is not running: nothing is read or delivered. Start it: systemctl start ${READER}`;
}
