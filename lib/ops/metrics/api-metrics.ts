/** The metrics of the write API: what it was brought, what became of it, and how its store is. */

import type { Observe } from '../../flow/flow-event.ts';
import { PROBLEMS } from '../../flow/write-api/problem.ts';
import { STORE_FAULTS } from '../../flow/write-api/readings-store.ts';
import { one, type ProcessLook, showProcess } from './process-metrics.ts';
import { createMetrics } from './registry.ts';

export interface StoreLook {
  readonly ok: boolean;
  readonly lastStoredAt: number | null;
  readonly bytes: number | undefined;
}

export interface ApiMetrics {
  readonly observe: Observe;
  text(store: StoreLook, process: ProcessLook): Promise<string>;
}

export function createApiMetrics(): ApiMetrics {
  const metrics = createMetrics('sensor-api-write');
  metrics.begin('sensorgw_api_gateways_doubled_total', {});
  for (const result of ['stored', 'duplicate', 'refused'])
    metrics.begin('sensorgw_api_readings_total', { result });
  for (const code of Object.keys(PROBLEMS)) metrics.begin('sensorgw_api_requests_refused_total', { code });
  for (const code of Object.keys(STORE_FAULTS)) metrics.begin('sensorgw_db_errors_total', { code });

  return {
    observe(event) {
      if (event.type === 'batch.ingested') {
        for (const result of ['stored', 'duplicate', 'refused'] as const)
          metrics.count('sensorgw_api_readings_total', { result }, event[result]);
        metrics.time('sensorgw_api_ingest_duration_seconds', {}, event.durationMs / 1_000);
      } else if (event.type === 'gateway.doubled') {
        metrics.count('sensorgw_api_gateways_doubled_total', {});
      } else if (event.type === 'request.refused') {
        const { code } = event;
        metrics.count('sensorgw_api_requests_refused_total', { code });
        if (Object.hasOwn(STORE_FAULTS, code)) metrics.count('sensorgw_db_errors_total', { code });
      }
    },
    text(store, process) {
      showProcess(metrics, process);
      metrics.set('sensorgw_store_up', {}, Number(store.ok));
      const at = store.lastStoredAt;
      metrics.show('sensorgw_store_last_stored_timestamp_seconds', one(at === null ? undefined : at / 1_000));
      metrics.show('sensorgw_store_bytes', one(store.bytes));
      return metrics.text();
    },
  };
}
