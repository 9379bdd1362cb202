/** `GET /health`: whether readings can be stored now; 503 when not, so that a plain `curl -f` is a check. */

import { type HealthAnswer, WIRE_SCHEMA } from '../../reading.ts';
import type { Route } from './route.ts';

export const healthRoute: Route = {
  method: 'GET',
  url: '/health',
  isPublic: true,
  async handle(_request, api): Promise<HealthAnswer> {
    const store = await api.store.health();
    return {
      status: store.ok ? 'ok' : 'failing',
      version: api.version,
      schema: WIRE_SCHEMA,
      uptimeMs: Math.round(api.uptimeMs()),
      store,
    };
  },
  statusOf: (answer) => ('status' in answer && answer.status === 'ok' ? 200 : 503),
};
