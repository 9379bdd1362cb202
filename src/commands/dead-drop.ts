/** `sensorctl dead drop`: deletes dead letters for good. Nothing is asked: `--yes` has to be there. */

import { EXIT } from '../../lib/base/errors.ts';
import { type Command, usageError } from './command.ts';
import { chosenLetters, chosenOptions } from './dead-letters.ts';
import { changeOutbox } from './outbox-change.ts';
import { findPlaces } from './places.ts';
import { count } from './words.ts';

export const deadDrop: Command = {
  name: 'dead drop',
  about: 'delete dead letters for good (with --yes)',
  options: { ...chosenOptions, yes: { about: 'really' } },
  examples: [['sensorctl dead drop --seq 4711 --yes', 'a reading that was never one']],
  async run(context) {
    const places = findPlaces(context);
    const { destination, seq, letters } = await chosenLetters(context, places, 'dead drop');
    const dryRun = context.options['dry-run'] === true;
    if (!dryRun && letters > 0 && context.options.yes !== true) {
      throw usageError(
        `this deletes ${count(letters, 'dead letter')} of ${destination} for good: say --yes if you mean it`,
        'dead drop',
      );
    }
    let dropped = dryRun ? letters : 0;
    if (!dryRun && letters > 0) {
      const request = { command: 'dead.drop', destinations: [destination], seq: seq ?? null };
      await changeOutbox(
        places,
        { request, inFile: (outbox) => outbox.dropDeadLetters(destination, seq) },
        (answer) => {
          dropped = answer;
          return true;
        },
      );
    }
    await context.terminal.out(
      context.json
        ? JSON.stringify({ dry_run: dryRun, destination, dropped })
        : `${destination}: ${count(dropped, 'dead letter')} ${dryRun ? 'would be ' : ''}deleted`,
    );
    return EXIT.ok;
  },
};
