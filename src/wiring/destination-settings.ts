/** The settings of destinations, and what must hold between them. */

import type { ReportProblem } from '../../lib/base/config.ts';
import { durationText } from '../../lib/base/quantity-text.ts';
import { list, type ValueOf } from '../../lib/base/setting.ts';
import { duration, text } from '../../lib/base/setting-kinds.ts';
import { API_PORT } from './api-settings.ts';
import { ownQuietHours } from './quiet-settings.ts';
import { NAME, PATH, URL_RULES } from './text-rules.ts';

export const DESTINATIONS = list({
  about: 'Where readings are delivered. They are independent: one that is down never holds up another.',
  entriesMax: 8,
  initial: [{ name: 'local', url: `http://127.0.0.1:${API_PORT}` }],
  entry: {
    name: text({
      ...NAME,
      about: 'Unique among the destinations. A new name starts from the whole backlog.',
    }),
    url: text({
      ...URL_RULES,
      about: 'The write API: scheme, host and port, or its socket on this machine.',
    }),
    tokenFile: text({
      ...PATH,
      about: 'A file that holds the bearer token, readable by us alone.',
      initialNote: 'no token',
      example: '/etc/sensor-gateway/token',
    }),
    caFile: text({
      ...PATH,
      about: 'A PEM file with the authority that signed its certificate.',
      initialNote: "the system's authorities",
      example: '/etc/sensor-gateway/ca.pem',
    }),
    requestTimeoutMs: duration({
      min: '100ms',
      max: '5m',
      about: 'As delivery.request_timeout, for this one.',
      initialNote: '`delivery.request_timeout`',
      example: '10s',
    }),
    batchTimeoutMs: duration({
      min: '100ms',
      max: '10m',
      about: 'As delivery.batch_timeout, for this one.',
      initialNote: '`delivery.batch_timeout`',
      example: '30s',
    }),
    quietHours: ownQuietHours('quiet_hours.delivery', ['mon-fri 08:00-17:00']),
  },
});

interface Deadlines {
  readonly requestTimeoutMs: number;
  readonly batchTimeoutMs: number;
}

/** What must hold between a destination, those before it, and the deadlines of all. */
export function checkDestinations(
  {
    destinations,
    delivery,
  }: { readonly destinations: ValueOf<typeof DESTINATIONS>; readonly delivery: Deadlines },
  report: ReportProblem,
): void {
  for (const [i, destination] of destinations.entries()) {
    if (destinations.findIndex((other) => other.name === destination.name) < i) {
      report([['destinations', i, 'name']], `a second destination named "${destination.name}".`);
    }
    const requestMs = destination.requestTimeoutMs ?? delivery.requestTimeoutMs;
    const batchMs = destination.batchTimeoutMs ?? delivery.batchTimeoutMs;
    const own = destination.requestTimeoutMs !== undefined || destination.batchTimeoutMs !== undefined;
    if (own && requestMs > batchMs) {
      const culprit = destination.requestTimeoutMs === undefined ? 'batch_timeout' : 'request_timeout';
      report(
        [['destinations', i, culprit], ['delivery']],
        `its request_timeout (${durationText(requestMs)}) is more than its batch_timeout (${durationText(batchMs)}).`,
      );
    }
  }
}
