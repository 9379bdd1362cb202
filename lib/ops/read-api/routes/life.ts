/** `GET /livez`, `GET /readyz` and `GET /metrics`: for programs that look after this one. */

import { loopsNeed, metricsPage, needsPage } from '../../../base/http/text-page.ts';
import { type ReadRoute, route } from '../route.ts';
import { LifeQuery, NoQuery } from '../schemas.ts';
import { troubleWith } from './health.ts';

export const livezRoute: ReadRoute = {
  ...route({
    url: '/livez',
    about: 'Whether its loops move; else they are named.',
    query: LifeQuery,
    answer: ['text/plain'],
    reply: async ({ verbose }, api) => needsPage('livez', [loopsNeed(api.overdue())], verbose !== undefined),
  }),
  isAlwaysAnswered: true,
};

export const readyzRoute: ReadRoute = {
  ...route({
    url: '/readyz',
    about: 'Whether questions can be answered now; else what is missing for it.',
    query: LifeQuery,
    answer: ['text/plain'],
    async reply({ verbose }, api) {
      const trouble = await troubleWith(api);
      const missing = trouble === undefined ? undefined : `${trouble.code}: ${trouble.message}`;
      const needs = [{ name: 'store', missing }, loopsNeed(api.overdue())];
      return needsPage('readyz', needs, verbose !== undefined);
    },
  }),
  isAlwaysAnswered: true,
};

export const metricsRoute: ReadRoute = {
  ...route({
    url: '/metrics',
    about: 'Numbers of the monitor, and of the reader while it runs, in the text format of Prometheus.',
    query: NoQuery,
    answer: ['text/plain'],
    reply: async (_query, api) => metricsPage(await api.metrics()),
  }),
  isAlwaysAnswered: true,
};
