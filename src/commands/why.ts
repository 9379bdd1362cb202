/**
 * `sensorctl why`: in plain words, what is being delivered, what is not and why, since when, and when it
 * is tried again. From the database, not from the log, which may have been lost at the last reboot.
 */

import { EXIT } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import { isClosed, type Outage, outageOf, TRANSITIONS_KEPT } from '../../lib/flow/outbox/outage.ts';
import type { BreakerRecord, BreakerTransition } from '../../lib/flow/outbox/outbox.ts';
import type { DestinationStats } from '../../lib/flow/outbox/outbox-view.ts';
import { READER } from '../wiring/names.ts';
import { clockOf, heldInWords } from './clock-words.ts';
import type { Command } from './command.ts';
import { isOnItsWay, nextTryInWords, rollbacksInWords, type Waiting, waitingFor } from './delivery-words.ts';
import { lookAtOutbox } from './outbox-file.ts';
import { findPlaces } from './places.ts';
import { quietDestination } from './quiet-words.ts';
import { type ProgramState, programState } from './running.ts';
import { ageInWords, count, localTime } from './words.ts';

/** What went wrong lately, not for ever. */
const ERRORS_SHOWN = 3;

export const why: Command = {
  name: 'why',
  about: 'say in words why readings are, or are not, being delivered',
  options: {},
  examples: [['sensorctl why', 'nothing arrives: why, and when is it tried again?']],
  async run(context) {
    const { config, outboxFile, runDir, clone } = findPlaces(context);
    const nowMs = context.wallMs();
    const reader = programState(runDir, READER, nowMs);
    return lookAtOutbox({ outboxFile }, async (view) => {
      const { destinations } = view.stats();
      const transitions = view.breakerTransitions(TRANSITIONS_KEPT);
      const judged = destinations.map((one) =>
        judge(one, {
          nowMs,
          reader,
          url: config.destinations.find(({ name }) => name === one.destination)?.url,
          intervalMs: config.sampling.intervalMs,
          transitions,
        }),
      );
      if (context.json)
        await context.terminal.out(JSON.stringify({ reader: reader.state, destinations: judged }));
      else {
        if (reader.state !== 'running') await context.terminal.out(readerInWords(reader, clone));
        for (const one of judged) for (const line of one.words) await context.terminal.out(printable(line));
        for (const said of rollbacksInWords(view.rollbacks(), nowMs))
          await context.terminal.out(printable(`Rolled back, ${said}`));
      }
      return reader.state === 'running' && judged.every((one) => one.delivering) ? EXIT.ok : EXIT.failed;
    });
  },
};

interface Circumstances {
  readonly nowMs: number;
  readonly reader: ProgramState;
  readonly url: string | undefined;
  readonly intervalMs: number;
  /** Of all destinations, the latest first. */
  readonly transitions: readonly BreakerTransition[];
}

interface Judgement {
  readonly destination: string;
  readonly delivering: boolean;
  readonly words: readonly string[];
}

function judge(one: DestinationStats, circumstances: Circumstances): Judgement {
  const { nowMs, reader, url } = circumstances;
  const { destination, breaker, outcome } = one;
  const at = url === undefined ? destination : `${destination} (${url})`;
  const waiting = waitingFor(one, reader);
  const waits = waitingInWords(waiting, isClosed(breaker), circumstances);
  const say = (delivering: boolean, ...words: string[]): Judgement => ({ destination, delivering, words });

  if (breaker?.held) {
    const reason = breaker.reason === '' ? '' : `: ${breaker.reason}`;
    return say(
      false,
      `Nothing is delivered to ${at}: a person has held it ${since(breaker.sinceAt, nowMs)}${ended(reason)}`,
      `${waits} To go on: sensorctl breaker release --destination ${destination}`,
    );
  }
  const outage = outageOf(one, circumstances.transitions);
  const quiet = quietDestination(reader, destination);
  if (quiet !== undefined) {
    const before =
      outage === undefined ? [] : [`Before they began it failed: ${ended(breaker?.reason ?? '')}`];
    return say(
      outage === undefined,
      `Nothing is delivered to ${at} ${quiet.words}: it has its quiet hours, as configured (quiet_hours).`,
      ...before,
      waits,
    );
  }
  if (breaker !== undefined && outage !== undefined) {
    return say(false, ...outageInWords(at, breaker, outage, circumstances), waits, ...lastErrors(outage));
  }
  if (outcome?.kind === 'misconfigured') {
    return say(
      false,
      `Nothing is delivered to ${at} ${since(outcome.sinceAt, nowMs)}: it answers, but not as our write API should: ${ended(outcome.reason)}`,
      `${waits} Nothing is given up for this; check address, token and path. It is tried once a minute.`,
    );
  }
  const clock = clockOf(reader);
  if (reader.state === 'running' && clock !== undefined && clock.heldRows > 0) {
    return say(
      false,
      `The clock of this machine is not trusted: ${clock.why}. To ${at}: ${heldInWords(clock)}.`,
      'They are safe in the outbox, and get their true times as soon as somebody vouches for the clock.',
    );
  }
  if (outcome === undefined)
    return say(waiting.rows === 0, `Nothing has been delivered to ${at} yet. ${waits}`);
  if (outcome.kind === 'stored') {
    const well =
      reader.state === 'running'
        ? `Readings are delivered to ${at} as they come.`
        : `What was last sent to ${at} has been stored.`;
    const mark =
      clock === undefined || clock.trusted
        ? ''
        : ` Their times are marked, because the clock is not trusted: ${clock.why}.`;
    if (outcome.reason === '') return say(true, `${well} ${waits}${mark}`);
    return say(
      false,
      `${at} answers, but some readings are ${outcome.reason}, ${since(outcome.sinceAt, nowMs)}.`,
      `${waits} They are kept and tried again each minute.`,
    );
  }
  const failing = outcome.kind === 'unavailable' ? 'failed' : 'was refused';
  return say(
    true,
    `Readings are delivered to ${at}, but the last attempt ${failing}: ${outcome.reason}. ${waits}`,
  );
}

function outageInWords(
  at: string,
  breaker: BreakerRecord,
  outage: Outage,
  circumstances: Circumstances,
): string[] {
  const { reason, streak } = breaker;
  const { nowMs, reader } = circumstances;
  const verb = reader.state === 'running' ? 'is' : 'is made';
  const tried = `The next try ${verb} ${nextTryInWords(breaker, circumstances)}.`;
  // A release takes the reason of the hold away, and nothing has failed since.
  if (reason === '') return [`Nothing is delivered to ${at} yet: a person has released it. ${tried}`];
  const began = `since ${outage.older ? 'before ' : ''}${momentInWords(outage.sinceAt, nowMs)}`;
  return [
    `Nothing is delivered to ${at} ${began}: ${ended(reason)}`,
    `${count(streak, 'attempt')} in a row ${streak === 1 ? 'has' : 'have'} failed. ${tried}`,
  ];
}

/** A reason comes from elsewhere, and may be a sentence of its own. */
function ended(reason: string): string {
  return /[.?!]$/.test(reason) ? reason : `${reason}.`;
}

function lastErrors({ openings }: Outage): string[] {
  const errors = openings.filter(({ reason }) => reason !== '').slice(0, ERRORS_SHOWN);
  const lines = errors.map(({ at, reason }) => `  ${localTime(at)}  ${reason}`);
  return lines.length === 0 ? [] : ['The last errors:', ...lines];
}

function since(at: number, nowMs: number): string {
  return `since ${momentInWords(at, nowMs)}`;
}

function momentInWords(at: number, nowMs: number): string {
  return `${localTime(at)} (${ageInWords(nowMs - at)})`;
}

function waitingInWords(waiting: Waiting, closed: boolean, circumstances: Circumstances): string {
  const { rows, oldestAt } = waiting;
  if (rows === 0 || (closed && isOnItsWay(waiting, circumstances))) return 'Nothing waits.';
  const age =
    oldestAt === undefined ? '' : `, the oldest from ${ageInWords(circumstances.nowMs - oldestAt)} ago`;
  return `${count(rows, 'reading')} ${rows === 1 ? 'waits' : 'wait'} safely in the outbox${age}.`;
}

function readerInWords(reader: ProgramState, clone: boolean): string {
  if (reader.state === 'silent') {
    const again = clone
      ? 'End it with Ctrl-C, and start it again: npm start'
      : `systemd restarts it; by hand: systemctl restart ${READER}`;
    return `The reader (pid ${reader.pid}) is there but does not move: nothing is read or delivered. ${again}`;
  }
  const start = clone ? 'npm start' : `systemctl start ${READER}`;
  return `The reader is not running: nothing is read or delivered. Start it: ${start}`;
}
