/** `POST /api/v1/batches`: the reader's compact form, answered with what became of each seq. */

import type { BatchAnswer } from '../../reading.ts';
import { refuseOtherGateways } from '../access.ts';
import { batchOf } from '../ingest.ts';
import type { Route } from './route.ts';

export const batchesRoute: Route = {
  method: 'POST',
  url: '/api/v1/batches',
  async handle({ body, sender }, api): Promise<BatchAnswer> {
    const batch = batchOf(body, api.ingestContext(sender));
    refuseOtherGateways(sender, [batch.gateway]);
    const [answer] = await api.ingest([batch]);
    if (answer === undefined) throw new Error('the store gave no answer for a batch');
    api.noteDelivery(batch, sender);
    const { stored, duplicate, refused } = answer;
    return { stored, duplicate, refused };
  },
};
