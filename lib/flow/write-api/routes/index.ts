/** All there is under the API's address. */

import { batchesRoute } from './batches.ts';
import { healthRoute } from './health.ts';
import { livezRoute, metricsRoute, readyzRoute } from './life.ts';
import { readingsRoute } from './readings.ts';
import type { Route } from './route.ts';
import { streamsRoute } from './streams.ts';

export const ROUTES: readonly Route[] = [
  batchesRoute,
  readingsRoute,
  streamsRoute,
  healthRoute,
  livezRoute,
  readyzRoute,
  metricsRoute,
];
