/** `POST /api/v1/readings`: objects, for people and other devices; all streams of a request in one transaction. */

import type { ReadingsAnswer } from '../../reading.ts';
import { batchesOf } from '../ingest.ts';
import type { Route } from './route.ts';

export const readingsRoute: Route = {
  method: 'POST',
  url: '/api/v1/readings',
  async handle({ body }, api): Promise<ReadingsAnswer> {
    return { results: await api.ingest(batchesOf(body, api.ingestContext())) };
  },
};
