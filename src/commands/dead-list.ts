/** `sensorctl dead list` and `dead show`: readings that a destination will never take, and why. */

import { EXIT } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import type { DeadLetter } from '../../lib/flow/outbox/outbox.ts';
import { type Command, type CommandContext, countOption, textOption, usageError } from './command.ts';
import { letterAsJson, letterInWords, noSuchLetter } from './dead-letters.ts';
import { destinationOf, destinationOption } from './destination-option.ts';
import { lookAtOutbox } from './outbox-file.ts';
import { findPlaces, type Places } from './places.ts';
import { count, localTime } from './words.ts';

const LIMIT = 20;
/** All of them are held in memory. */
const LIMIT_MAX = 10_000;

export const deadList: Command = {
  name: 'dead list',
  about: 'readings that a destination will never take, the latest first',
  options: {
    destination: { value: 'NAME', about: 'only of this destination' },
    limit: { value: 'N', about: `at most so many (default ${LIMIT}, at most ${LIMIT_MAX})` },
  },
  examples: [['sensorctl dead list', 'what was refused, and why?']],
  async run(context) {
    const limit = Math.min(LIMIT_MAX, countOption(context, 'limit', LIMIT, 'dead list'));
    const places = findPlaces(context);
    const only =
      textOption(context, 'destination') === undefined
        ? undefined
        : destinationOf(context, places, 'dead list');
    const { letters, total } = await lookUp(places, only, undefined, limit);
    for (const letter of letters)
      await context.terminal.out(context.json ? letterAsJson(letter) : printable(letterInWords(letter)));
    if (!context.json) {
      const more = total > letters.length ? `, of which ${letters.length} are shown: --limit` : '';
      context.terminal.note(
        total === 0 ? 'There are no dead letters.' : `${count(total, 'dead letter')}${more}`,
      );
    }
    return EXIT.ok;
  },
};

export const deadShow: Command = {
  name: 'dead show',
  about: 'all that is known about one dead letter',
  options: { ...destinationOption, seq: { value: 'N', about: 'which one, as listed' } },
  examples: [['sensorctl dead show --seq 4711', 'the reading, and what the server said of it']],
  async run(context) {
    const places = findPlaces(context);
    const destination = destinationOf(context, places, 'dead show');
    if (context.options.seq === undefined) throw usageError('which dead letter? --seq N', 'dead show');
    const seq = countOption(context, 'seq', 1, 'dead show');
    const { letters } = await lookUp(places, destination, seq, 1);
    const [letter] = letters;
    if (letter === undefined) throw noSuchLetter(destination, seq);
    if (context.json) await context.terminal.out(letterAsJson(letter));
    else await show(context, letter);
    return EXIT.ok;
  },
};

async function show(context: CommandContext, letter: DeadLetter): Promise<void> {
  const { sensor, metric, value, unit, at, flags } = letter.reading;
  const rows: readonly (readonly [string, string])[] = [
    ['reading', `${sensor} ${metric} ${value} ${unit}`],
    ['measured', localTime(at)],
    ['identity', `seq ${letter.seq} of stream ${letter.stream}`],
    ['flags', String(flags)],
    ['refused by', letter.destination],
    ['because', `${letter.code}: ${letter.message}`],
    ['since', localTime(letter.buriedAt)],
  ];
  for (const [what, said] of rows) await context.terminal.out(printable(`${what.padEnd(12)}${said}`));
}

function lookUp(places: Places, destination: string | undefined, seq: number | undefined, limit: number) {
  return lookAtOutbox(places, (view) => ({
    letters: view.deadLetters(limit, { destination, seq }),
    total: view.countDeadLetters(destination, seq),
  }));
}
