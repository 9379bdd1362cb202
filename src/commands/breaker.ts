/**
 * `sensorctl breaker ...`: look at the breakers, and hold one open while somebody works on the other
 * side. Shown from the outbox, which is true whether or not the reader runs; changed through the reader
 * if it runs, else in the outbox, under the reader's own lock.
 */

import { EXIT } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import { outageOf, TRANSITIONS_KEPT } from '../../lib/flow/outbox/outage.ts';
import type { BreakerRecord, BreakerTransition } from '../../lib/flow/outbox/outbox.ts';
import type { DestinationStats } from '../../lib/flow/outbox/outbox-view.ts';
import { askProgram } from '../../lib/ops/control-socket.ts';
import { controlPath, READER } from '../wiring/names.ts';
import { type Command, type CommandContext, textOption } from './command.ts';
import { breakerInWords, nameOfState } from './delivery-words.ts';
import { destinationsOf } from './destination-option.ts';
import { underLock } from './outbox-change.ts';
import { lookAtOutbox } from './outbox-file.ts';
import { findPlaces } from './places.ts';
import { programState } from './running.ts';
import { isoTime, localTime } from './words.ts';

/** A screen of history. */
const TRANSITIONS_SHOWN = 10;

/** Long enough for a sentence, short enough for a line of a status. */
const REASON_LENGTH_MAX = 200;

const destinationOption = { destination: { value: 'NAME', about: 'this destination only (else all)' } };

export const breakerShow: Command = {
  name: 'breaker show',
  about: 'the state of each breaker, and what it did lately',
  options: destinationOption,
  examples: [['sensorctl breaker show', 'since when is it open, and when is the next try?']],
  async run(context) {
    const places = findPlaces(context);
    const names = destinationsOf(context, places, 'breaker show').map(({ name }) => name);
    await lookAtOutbox(places, async (view) => {
      const destinations = view.stats().destinations.filter((one) => names.includes(one.destination));
      const transitions = view
        .breakerTransitions(TRANSITIONS_KEPT)
        .filter((one) => names.includes(one.destination));
      if (context.json) await context.terminal.out(JSON.stringify(asJson(destinations, transitions)));
      else {
        const nowMs = context.wallMs();
        const reader = programState(places.runDir, READER, nowMs);
        for (const one of destinations) {
          const said = breakerInWords(one.breaker, { outage: outageOf(one, transitions), reader, nowMs });
          await context.terminal.out(printable(`${one.destination}: ${said}`));
        }
        for (const line of historyInWords(transitions)) await context.terminal.out(line);
      }
    });
    return EXIT.ok;
  },
};

export const breakerHold: Command = {
  name: 'breaker hold',
  about: 'deliver nothing until it is released; readings are kept meanwhile',
  options: { ...destinationOption, reason: { value: 'TEXT', about: 'why, for whoever looks later' } },
  examples: [['sensorctl breaker hold --reason upgrade', 'before work on the other side']],
  async run(context) {
    const reason = (textOption(context, 'reason') ?? '').slice(0, REASON_LENGTH_MAX);
    return change(context, 'hold', reason, (record, nowMs) => ({
      ...record,
      state: 'open',
      step: 0,
      reason,
      sinceAt: nowMs,
      held: true,
      nextTryAt: null,
    }));
  },
};

export const breakerRelease: Command = {
  name: 'breaker release',
  about: 'end a hold: the next delivery is tried at once',
  options: destinationOption,
  examples: [['sensorctl breaker release', 'when the work is done']],
  async run(context) {
    return change(context, 'release', '', (record, nowMs) =>
      record.held ? { ...record, reason: '', held: false, nextTryAt: nowMs } : record,
    );
  },
};

const NEVER_USED: BreakerRecord = {
  state: 'closed',
  streak: 0,
  step: 0,
  reason: '',
  sinceAt: 0,
  held: false,
  nextTryAt: null,
};

async function change(
  context: CommandContext,
  verb: 'hold' | 'release',
  reason: string,
  changed: (record: BreakerRecord, nowMs: number) => BreakerRecord,
): Promise<number> {
  const places = findPlaces(context);
  const names = destinationsOf(context, places, `breaker ${verb}`).map(({ name }) => name);
  const command = `breaker.${verb}`;
  const answer = await askProgram(controlPath(places.runDir), { command, destinations: names, reason });
  if (answer === undefined) {
    await underLock(places, (outbox) => {
      for (const name of names)
        outbox.saveBreaker(name, changed(outbox.breaker(name) ?? NEVER_USED, context.wallMs()));
    });
  }
  const done = verb === 'hold' ? 'held' : 'released';
  const note = answer === undefined ? ' (the reader is not running; it will find it so)' : '';
  await context.terminal.out(
    context.json
      ? JSON.stringify({ [done]: names, reader_running: answer !== undefined })
      : `${names.join(', ')}: ${done}${note}`,
  );
  return EXIT.ok;
}

function historyInWords(transitions: readonly BreakerTransition[]): string[] {
  if (transitions.length === 0) return [];
  const lines = transitions
    .slice(0, TRANSITIONS_SHOWN)
    .map(
      ({ at, destination, from, to, reason }) =>
        `  ${localTime(at)}  ${destination}  ${nameOfState(from)} -> ${nameOfState(to)}${reason && `  ${reason}`}`,
    );
  return ['', 'Lately:', ...lines.map((line) => printable(line))];
}

function asJson(
  destinations: readonly DestinationStats[],
  transitions: readonly BreakerTransition[],
): object {
  return {
    destinations: destinations.map(({ destination, breaker = NEVER_USED }) => ({
      name: destination,
      state: breaker.state,
      held: breaker.held,
      failures: breaker.streak,
      step: breaker.step,
      reason: breaker.reason,
      since: breaker === NEVER_USED ? null : isoTime(breaker.sinceAt),
      next_try_at: isoTime(breaker.nextTryAt),
    })),
    transitions: transitions
      .slice(0, TRANSITIONS_SHOWN)
      .map(({ at, ...rest }) => ({ at: isoTime(at), ...rest })),
  };
}
