/** `sensorctl outbox compact`: gives back at once what a drained outbox keeps for its next backlog. */

import { EXIT } from '../../lib/base/errors.ts';
import type { Command } from './command.ts';
import { changeOutbox } from './outbox-change.ts';
import { lookAtOutbox } from './outbox-file.ts';
import { findPlaces, type Places } from './places.ts';
import { createProgress } from './progress.ts';
import { bytesInWords } from './words.ts';

/** Of 4 MiB each: more than the largest outbox has. A reader that fills as fast as this empties must not keep us. */
const STEPS_MAX = 20_000;

export const outboxCompact: Command = {
  name: 'outbox compact',
  about: 'give unused room of the outbox back to the disk, at once',
  options: { 'dry-run': { about: 'only say how much that would be' } },
  examples: [['sensorctl outbox compact', 'after a long outage has been delivered']],
  async run(context) {
    const places = findPlaces(context);
    const dryRun = context.options['dry-run'] === true;
    const before = await measure(places);
    const unused = before.fileBytes - before.bytesUsed;
    let freed = unused;
    if (!dryRun) {
      const progress = createProgress(context);
      let steps = 0;
      await changeOutbox(
        places,
        { request: { command: 'outbox.compact' }, inFile: (outbox) => outbox.compact() },
        (left) => {
          steps += 1;
          progress(Math.max(0, unused - left), unused, 'bytes');
          return left === 0 || steps >= STEPS_MAX;
        },
      );
      freed = Math.max(0, before.fileBytes - (await measure(places)).fileBytes);
    }
    await context.terminal.out(
      context.json
        ? JSON.stringify({ dry_run: dryRun, freed_bytes: freed, file_bytes: before.fileBytes - freed })
        : `${bytesInWords(freed)} ${dryRun ? 'would be ' : ''}given back, ${bytesInWords(before.fileBytes - freed)} ${dryRun ? 'would be ' : ''}left`,
    );
    return EXIT.ok;
  },
};

const measure = (places: Places) => lookAtOutbox(places, (view) => view.measures());
