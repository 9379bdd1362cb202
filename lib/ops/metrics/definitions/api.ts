/** What the write API tells: what it is brought, and how its store is. */

import type { MetricDefinition } from './definition.ts';

export const API_METRICS = {
  sensorgw_api_readings_total: {
    type: 'counter',
    of: ['sensor-api-write'],
    labels: ['result'],
    unit: '-',
    about: 'Readings that senders brought, by what became of them: stored, duplicate, refused',
  },
  sensorgw_api_ingest_duration_seconds: {
    type: 'histogram',
    of: ['sensor-api-write'],
    labels: [],
    unit: 'seconds',
    about: 'How long a batch waited for its commit, and the commit',
    // From an SSD to a card that is dying.
    buckets: [0.001, 0.005, 0.02, 0.05, 0.2, 1, 5, 30],
  },
  sensorgw_api_requests_refused_total: {
    type: 'counter',
    of: ['sensor-api-write'],
    labels: ['code'],
    unit: '-',
    about: 'Requests that were answered with a problem, by its code',
  },
  sensorgw_api_gateways_doubled_total: {
    type: 'counter',
    of: ['sensor-api-write'],
    labels: [],
    unit: '-',
    about:
      'How often deliveries under one name came from two machines by turns, from the fourth turn in an hour on',
  },
  sensorgw_store_up: {
    type: 'gauge',
    of: ['sensor-api-write'],
    labels: [],
    unit: '-',
    about: '1 while the store can take readings',
  },
  sensorgw_store_last_stored_timestamp_seconds: {
    type: 'gauge',
    of: ['sensor-api-write'],
    labels: [],
    unit: 'seconds',
    about: 'When readings were last stored, in seconds since 1970; left out until there are any',
  },
  sensorgw_store_bytes: {
    type: 'gauge',
    of: ['sensor-api-write'],
    labels: [],
    unit: 'bytes',
    about: 'What the store takes of the disk, its log included; left out where it is no file here',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
