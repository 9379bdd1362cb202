/** `sensorctl outbox peek`: the readings that a destination is sent next. */

import { EXIT } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import { type Command, countOption } from './command.ts';
import { destinationOf, destinationOption } from './destination-option.ts';
import { rowAsJson } from './outbox-export.ts';
import { lookAtOutbox } from './outbox-file.ts';
import { findPlaces } from './places.ts';
import { count, localTime } from './words.ts';

/** A screen. */
const LIMIT = 10;
/** All of them are held in memory; `outbox export` has no such bound. */
const LIMIT_MAX = 10_000;

export const outboxPeek: Command = {
  name: 'outbox peek',
  about: 'the readings that are sent next, the oldest first',
  options: {
    ...destinationOption,
    limit: { value: 'N', about: `at most so many (default ${LIMIT}, at most ${LIMIT_MAX})` },
  },
  examples: [['sensorctl outbox peek --limit 5', 'what waits at the front?']],
  async run(context) {
    const places = findPlaces(context);
    const limit = Math.min(LIMIT_MAX, countOption(context, 'limit', LIMIT, 'outbox peek'));
    const destination = destinationOf(context, places, 'outbox peek');
    await lookAtOutbox(places, async (view) => {
      const rows = view.waiting(destination, limit);
      for (const row of rows) {
        const { seq, sensor, metric, value, unit, at, thinned } = row;
        const means = thinned === undefined ? '' : ` (mean of ${thinned.count})`;
        const line = `${String(seq).padStart(8)}  ${localTime(at)}  ${sensor} ${metric} ${value} ${unit}${means}`;
        await context.terminal.out(context.json ? rowAsJson(row) : printable(line));
      }
      if (!context.json)
        context.terminal.note(
          rows.length === 0 ? `Nothing waits for ${destination}.` : count(rows.length, 'reading'),
        );
    });
    return EXIT.ok;
  },
};
