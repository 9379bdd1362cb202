/** All there is under the API's address. */

import { batchesRoute } from './batches.ts';
import { healthRoute } from './health.ts';
import { readingsRoute } from './readings.ts';
import type { Route } from './route.ts';
import { streamsRoute } from './streams.ts';

export const ROUTES: readonly Route[] = [batchesRoute, readingsRoute, streamsRoute, healthRoute];
