/** The store as its own command sees it. */

import { type Check, fail, notApplicable, pass } from '../finding.ts';
import { askOwn } from '../own-command.ts';

export const dataStore: Check = {
  name: 'data-store',
  step: 'data',
  asks: 'can the store be opened?',
  async run(probe, subject) {
    const answer = await askOwn(probe, subject, 'readings', '--limit', '1');
    if (answer.ok) return pass('the store opens');
    if (answer.code === 'SGW_DATABASE_MISSING') return notApplicable(answer.message);
    return fail(answer.message, answer.hint || 'sensorctl readings');
  },
};
