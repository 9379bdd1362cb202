/** `sensorctl dead redrive`: has dead letters sent once more, for when the reason for their refusal is mended. */

import { EXIT } from '../../lib/base/errors.ts';
import type { Command } from './command.ts';
import { chosenLetters, chosenOptions } from './dead-letters.ts';
import { changeOutbox } from './outbox-change.ts';
import { findPlaces } from './places.ts';
import { createProgress } from './progress.ts';
import { count } from './words.ts';

export const deadRedrive: Command = {
  name: 'dead redrive',
  about: 'send dead letters once more, under their own identity',
  options: chosenOptions,
  examples: [['sensorctl dead redrive --all', 'when what they were refused for is mended']],
  async run(context) {
    const places = findPlaces(context);
    const { destination, seq, letters } = await chosenLetters(context, places, 'dead redrive');
    const dryRun = context.options['dry-run'] === true;
    let redriven = dryRun ? letters : 0;
    let readerRuns = false;
    if (!dryRun && letters > 0) {
      const progress = createProgress(context);
      const request = { command: 'dead.redrive', destinations: [destination], seq: seq ?? null };
      const change = await changeOutbox(
        places,
        { request, inFile: (outbox) => outbox.redrive(destination, seq) },
        (step) => {
          redriven += step;
          progress(redriven, letters, 'dead letters');
          // Those that are refused again meanwhile are dead letters once more: they are not for this run.
          return step === 0 || redriven >= letters;
        },
      );
      readerRuns = change.readerRuns;
    }
    const note =
      dryRun || readerRuns || letters === 0 ? '' : ' (the reader is not running; it will find them)';
    await context.terminal.out(
      context.json
        ? JSON.stringify({ dry_run: dryRun, destination, redriven, reader_running: readerRuns })
        : `${destination}: ${count(redriven, 'dead letter')} ${dryRun ? 'would be' : redriven === 1 ? 'is' : 'are'} sent once more${note}`,
    );
    return EXIT.ok;
  },
};
