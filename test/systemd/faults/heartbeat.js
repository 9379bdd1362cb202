/** The heartbeat as it is; with BARE_TIMER one that a timer drives whatever has become of the loops. */

import { createHeartbeat as createRealHeartbeat } from '/opt/sensor-gateway/current/dist/lib/ops/heartbeat.js';

export * from '/opt/sensor-gateway/current/dist/lib/ops/heartbeat.js';

export function createHeartbeat(options) {
  if (process.env.BARE_TIMER === undefined) return createRealHeartbeat(options);
  return createRealHeartbeat({ ...options, liveness: { overdue: () => [] } });
}
