import { expect, it } from 'vitest';
import { linesOf } from '../../../test/support/metric-lines.ts';
import { parseExposition } from './exposition.ts';
import { createMetrics, SERIES_MAX } from './registry.ts';

it('what was counted, timed and set is in the text, which can be read', async () => {
  const metrics = createMetrics('sensor-main');

  metrics.count('sensorgw_rounds_total', {});
  metrics.count('sensorgw_rounds_total', {}, 2);
  metrics.begin('sensorgw_readings_dropped_total', { reason: 'memory' });
  metrics.time('sensorgw_round_duration_seconds', {}, 0.3);
  metrics.set('sensorgw_readings_held', {}, 7);
  const text = await metrics.text();

  const lines = linesOf(text);
  expect(lines).toContain('sensorgw_rounds_total 3');
  expect(lines).toContain('sensorgw_readings_dropped_total{reason="memory"} 0');
  expect(lines).toContain('sensorgw_round_duration_seconds_bucket{le="0.5"} 1');
  expect(lines).toContain('sensorgw_round_duration_seconds_bucket{le="0.2"} 0');
  expect(lines).toContain('sensorgw_readings_held 7');
  expect(() => parseExposition(text)).not.toThrow();
});

it('what is not shown any more is left out, with or without labels', async () => {
  const metrics = createMetrics('sensor-main');
  const labels = { sensor: 'roof' };
  metrics.show('sensorgw_temperature_celsius', [{ labels, value: 20 }]);
  metrics.show('sensorgw_backlog_bytes', [{ labels: {}, value: 4_096 }]);
  expect(linesOf(await metrics.text())).toContain('sensorgw_temperature_celsius{sensor="roof"} 20');

  metrics.show('sensorgw_temperature_celsius', []);
  metrics.show('sensorgw_backlog_bytes', []);

  const text = (await metrics.text()).split('\n').filter((line) => !line.startsWith('#'));
  expect(text.filter((line) => /temperature|backlog_bytes /.test(line))).toEqual([]);
});

it('what several programs have says whose it is', async () => {
  const metrics = createMetrics('sensor-monitor');

  metrics.set('sensorgw_loops_overdue', {}, 1);

  expect(linesOf(await metrics.text())).toContain('sensorgw_loops_overdue{program="sensor-monitor"} 1');
});

it('a metric of another program is a bug', () => {
  const metrics = createMetrics('sensor-monitor');

  expect(() => metrics.count('sensorgw_rounds_total', {})).toThrow('is no metric of sensor-monitor');
});

it('one metric has no more series than it may, and says how much was left out', async () => {
  const metrics = createMetrics('sensor-main');
  const many = Array.from({ length: SERIES_MAX + 3 }, (_, i) => ({ labels: { sensor: `s${i}` }, value: i }));

  metrics.show('sensorgw_temperature_celsius', many);
  for (const { labels } of many)
    metrics.count('sensorgw_sensor_reads_total', { source: labels.sensor, result: 'ok' });
  for (const source of ['s0', `s${SERIES_MAX}`])
    metrics.count('sensorgw_sensor_reads_total', { source, result: 'ok' });
  const lines = linesOf(await metrics.text());

  expect(lines.filter((line) => line.startsWith('sensorgw_temperature_celsius'))).toHaveLength(SERIES_MAX);
  expect(lines.filter((line) => line.startsWith('sensorgw_sensor_reads_total'))).toHaveLength(SERIES_MAX);
  expect(lines).toContain('sensorgw_sensor_reads_total{source="s0",result="ok"} 2');
  expect(lines).toContain('sensorgw_series_left_out{program="sensor-main"} 6');
});
