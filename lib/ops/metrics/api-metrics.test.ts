import { expect, it } from 'vitest';
import { linesOf } from '../../../test/support/metric-lines.ts';
import { SOME_PROCESS } from '../../../test/support/some-process.ts';
import type { FlowEvent } from '../../flow/flow-event.ts';
import { createApiMetrics, type StoreLook } from './api-metrics.ts';

const STORE: StoreLook = { ok: true, lastStoredAt: null, bytes: 4_096 };

async function told(events: readonly FlowEvent[], store: Partial<StoreLook> = {}): Promise<string[]> {
  const metrics = createApiMetrics();
  for (const event of events) metrics.observe(event);
  return linesOf(await metrics.text({ ...STORE, ...store }, SOME_PROCESS));
}

it('what was brought is counted by what became of it', async () => {
  const batch = { type: 'batch.ingested', gateway: 'g', stream: 's', durationMs: 3 } as const;

  const lines = await told([
    { ...batch, stored: 8, duplicate: 2, refused: 1 },
    { ...batch, stored: 1, duplicate: 0, refused: 0 },
  ]);

  expect(lines).toContain('sensorgw_api_readings_total{result="stored"} 9');
  expect(lines).toContain('sensorgw_api_readings_total{result="duplicate"} 2');
  expect(lines).toContain('sensorgw_api_readings_total{result="refused"} 1');
  expect(lines).toContain('sensorgw_api_ingest_duration_seconds_count 2');
});

it('a request that the store could not serve counts as an error of the database, others do not', async () => {
  const refused = { type: 'request.refused', method: 'POST', path: '/', status: 503, message: 'm' } as const;

  const lines = await told([
    { ...refused, code: 'store_full' },
    { ...refused, code: 'token_unknown' },
  ]);

  expect(lines).toContain('sensorgw_api_requests_refused_total{code="store_full"} 1');
  expect(lines).toContain('sensorgw_api_requests_refused_total{code="token_unknown"} 1');
  expect(lines).toContain('sensorgw_db_errors_total{program="sensor-api-write",code="store_full"} 1');
  expect(
    lines.filter((line) => line.startsWith('sensorgw_db_errors_total') && !line.endsWith(' 0')),
  ).toHaveLength(1);
});

it('says how the store is', async () => {
  const well = await told([], { lastStoredAt: 2_500 });
  const failing = await told([], { ok: false, bytes: undefined });

  expect(well).toContain('sensorgw_store_up 1');
  expect(well).toContain('sensorgw_store_last_stored_timestamp_seconds 2.5');
  expect(well).toContain('sensorgw_store_bytes 4096');
  expect(failing).toContain('sensorgw_store_up 0');
  expect(failing.filter((line) => /store_bytes|last_stored/.test(line))).toEqual([]);
});
