/**
 * `GET /livez`: its loops move. `GET /readyz`: readings can be stored, or what is missing for that. Both take
 * `?verbose`. `GET /metrics`: its numbers, asked for like anything else here: where others can reach it, with a token.
 */

import { HttpProblem } from '../../../base/http/problem.ts';
import { loopsNeed, metricsPage, needsPage } from '../../../base/http/text-page.ts';
import { STORE_FAULTS } from '../readings-store.ts';
import type { Route } from './route.ts';

export const livezRoute: Route = {
  method: 'GET',
  url: '/livez',
  isPublic: true,
  handle: async ({ query }, api) =>
    needsPage('livez', [loopsNeed(api.overdue())], query.verbose !== undefined),
};

export const readyzRoute: Route = {
  method: 'GET',
  url: '/readyz',
  isPublic: true,
  async handle({ query }, api) {
    const { ok, code } = await api.store.health();
    const why = code === undefined ? 'the store takes no readings' : `${code}: ${STORE_FAULTS[code].hint}`;
    const store = { name: 'store', missing: ok ? undefined : why };
    return needsPage('readyz', [store, loopsNeed(api.overdue())], query.verbose !== undefined);
  },
};

export const metricsRoute: Route = {
  method: 'GET',
  url: '/metrics',
  async handle(_request, api) {
    if (api.metrics === undefined) throw new HttpProblem('not_found', 'there are no metrics here');
    return metricsPage(await api.metrics());
  },
};
