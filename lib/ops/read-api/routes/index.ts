/** All there is under the read API's address. */

import type { ReadRoute } from '../route.ts';
import { backupRoute } from './backup.ts';
import { eventsRoute } from './events.ts';
import { exportRoute } from './export.ts';
import { gapsRoute } from './gaps.ts';
import { healthRoute } from './health.ts';
import { livezRoute, metricsRoute, readyzRoute } from './life.ts';
import { openApiRoute } from './openapi.ts';
import { aggregateRoute, rangeRoute } from './range.ts';
import { latestRoute, seriesRoute } from './series.ts';

export const READ_ROUTES: readonly ReadRoute[] = [
  seriesRoute,
  latestRoute,
  rangeRoute,
  aggregateRoute,
  gapsRoute,
  exportRoute,
  eventsRoute,
  backupRoute,
  healthRoute,
  openApiRoute,
  livezRoute,
  readyzRoute,
  metricsRoute,
];

/** Those that are questions about what is stored. */
export const QUESTION_URLS = READ_ROUTES.filter(({ isAlwaysAnswered }) => isAlwaysAnswered !== true).map(
  ({ url }) => url,
);
