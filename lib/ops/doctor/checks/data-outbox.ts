/** The outbox as its own command sees it: it opens, it is of this version, and what is in it. */

import { type Check, fail, pass, warn } from '../finding.ts';
import { askOwn } from '../own-command.ts';

export const dataOutbox: Check = {
  name: 'data-outbox',
  step: 'data',
  asks: 'can the outbox be opened, and does it hold dead letters?',
  async run(probe, subject) {
    const answer = await askOwn(probe, subject, 'outbox', 'stat');
    if (answer.ok) {
      const { rows, dead_letters: dead } = answer.json;
      if (typeof dead === 'number' && dead > 0) {
        return warn(
          `${rows} rows, ${dead} dead letters: readings that were refused for good`,
          'sensorctl dead list',
        );
      }
      return pass(`${rows} rows, no dead letters`);
    }
    if (answer.code === 'SGW_DATABASE_MISSING')
      return warn(answer.message, 'sudo systemctl start sensor-main');
    return fail(answer.message, answer.hint || 'sensorctl outbox stat');
  },
};
