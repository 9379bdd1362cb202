import { expect, it } from 'vitest';
import { linesOf } from '../../../test/support/metric-lines.ts';
import { SOME_PROCESS } from '../../../test/support/some-process.ts';
import { HEALTH_FRESH_MS } from '../health-file.ts';
import { parseExposition } from './exposition.ts';
import type { WrittenMetrics } from './metrics-file.ts';
import { createMonitorMetrics } from './monitor-metrics.ts';

const OF_READER = `# HELP sensorgw_rounds_total Rounds
# TYPE sensorgw_rounds_total counter
sensorgw_rounds_total 7

# HELP sensorgw_loops_overdue Loops
# TYPE sensorgw_loops_overdue gauge
sensorgw_loops_overdue{program="sensor-main"} 0
`;

async function told(written: WrittenMetrics | undefined): Promise<string[]> {
  const options = { routes: ['/api/v1/latest'], reader: () => written, tickets: () => undefined };
  return linesOf(await createMonitorMetrics(options).text(SOME_PROCESS));
}

it('shows those of the reader beside its own while they are fresh', async () => {
  const lines = await told({ families: parseExposition(OF_READER), ageMs: HEALTH_FRESH_MS - 1 });

  expect(lines).toContain('sensorgw_reader_up 1');
  expect(lines).toContain('sensorgw_reader_metrics_age_seconds 44.999');
  expect(lines).toContain('sensorgw_rounds_total 7');
  expect(lines).toContain('sensorgw_loops_overdue{program="sensor-main"} 0');
  expect(lines).toContain('sensorgw_loops_overdue{program="sensor-monitor"} 0');
});

it('leaves them out when they are old, and says how old', async () => {
  const lines = await told({ families: parseExposition(OF_READER), ageMs: HEALTH_FRESH_MS });

  expect(lines).toContain('sensorgw_reader_up 0');
  expect(lines).toContain('sensorgw_reader_metrics_age_seconds 45');
  expect(lines).not.toContain('sensorgw_rounds_total 7');
});

it('says that there is no reader where there is none', async () => {
  const lines = await told(undefined);

  expect(lines).toContain('sensorgw_reader_up 0');
  expect(lines.filter((line) => line.startsWith('sensorgw_reader_metrics_age'))).toEqual([]);
});

it('counts what was answered and refused, and the tickets that are open', async () => {
  const metrics = createMonitorMetrics({
    routes: ['/api/v1/latest', '/api/v1/range'],
    reader: () => undefined,
    tickets: () => ({ info: 0, warning: 2, critical: 1 }),
  });

  metrics.answered('/api/v1/latest', 3);
  metrics.refused('too_busy');
  const lines = linesOf(await metrics.text(SOME_PROCESS));

  expect(lines).toContain('sensorgw_questions_total{route="/api/v1/latest"} 1');
  expect(lines).toContain('sensorgw_questions_total{route="/api/v1/range"} 0');
  expect(lines).toContain('sensorgw_question_duration_seconds_bucket{le="0.005"} 1');
  expect(lines).toContain('sensorgw_questions_refused_total{code="too_busy"} 1');
  expect(lines).toContain('sensorgw_questions_refused_total{code="store_missing"} 0');
  expect(lines).toContain('sensorgw_tickets_open{severity="warning"} 2');
});
