/** `POST /api/v1/readings`: objects, for people and other devices; all streams of a request in one transaction. */

import type { ReadingsAnswer } from '../../reading.ts';
import { refuseOtherGateways } from '../access.ts';
import { batchesOf } from '../ingest.ts';
import type { Route } from './route.ts';

export const readingsRoute: Route = {
  method: 'POST',
  url: '/api/v1/readings',
  async handle({ body, sender }, api): Promise<ReadingsAnswer> {
    const batches = batchesOf(body, api.ingestContext(sender));
    refuseOtherGateways(
      sender,
      batches.flatMap(({ series }) => series.map((one) => one.gateway)),
    );
    return { results: await api.ingest(batches) };
  },
};
