/** `POST /api/v1/batches`: the reader's compact form, answered with what became of each seq. */

import type { BatchAnswer } from '../../reading.ts';
import { batchOf } from '../ingest.ts';
import type { Route } from './route.ts';

export const batchesRoute: Route = {
  method: 'POST',
  url: '/api/v1/batches',
  async handle({ body }, api): Promise<BatchAnswer> {
    const [answer] = await api.ingest([batchOf(body, api.ingestContext())]);
    if (answer === undefined) throw new Error('the store gave no answer for a batch');
    const { stored, duplicate, refused } = answer;
    return { stored, duplicate, refused };
  },
};
