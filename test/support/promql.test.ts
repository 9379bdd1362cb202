import { describe, expect, it } from 'vitest';
import { missingFrom, namedIn } from './promql.ts';

const SERIES = [
  'sensorgw_rounds_total',
  'sensorgw_reads_total{source="roof",result="ok"}',
  'sensorgw_reads_total{source="roof",result="busy"}',
  'sensorgw_lag_seconds_bucket{le="+Inf",program="a"}',
];

describe('what an expression names', () => {
  it('metrics with the values that are selected, and labels that are grouped by', () => {
    const { metrics, grouping } = namedIn(
      'sum by (source, result) (rate(sensorgw_reads_total{source=~"$s", result=~"ok|busy",program!="x"}[5m])) > 0.5e3 or sensorgw_up unless on (instance) time() - sensorgw_at > 1h',
    );

    expect(metrics.map(({ metric, labels }) => [metric, Object.fromEntries(labels)])).toEqual([
      ['sensorgw_reads_total', { source: [], result: ['ok', 'busy'], program: [] }],
      ['sensorgw_up', {}],
      ['sensorgw_at', {}],
    ]);
    expect(grouping).toEqual(['source', 'result', 'instance']);
  });

  it.each(['up == 0', 'rte(sensorgw_rounds_total[5m])', '{source="roof"}', 'sensorgw_reads_total{source}'])(
    'a word that is unknown is refused: %s',
    (expression) => {
      expect(() => namedIn(expression)).toThrow('is nothing that is known here');
    },
  );
});

describe('what a scrape does not have', () => {
  it.each([
    'rate(sensorgw_rounds_total[5m])',
    'sum by (source) (sensorgw_reads_total{result="busy",instance=~"$instance"})',
    'histogram_quantile(0.95, sum by (le) (rate(sensorgw_lag_seconds_bucket{program="a"}[5m])))',
    'sensorgw_reads_total{result!="never"}',
  ])('nothing is missing for %s', (expression) => {
    expect(missingFrom(SERIES, expression)).toEqual([]);
  });

  it.each([
    ['sensorgw_round_total', 'sensorgw_round_total'],
    ['sensorgw_lag_seconds', 'sensorgw_lag_seconds'],
    ['sensorgw_reads_total{result="error"}', 'sensorgw_reads_total{result="error"}'],
    ['sensorgw_reads_total{result=~"ok|error"}', 'sensorgw_reads_total{result="error"}'],
    ['sensorgw_reads_total{outcome="ok"}', 'sensorgw_reads_total{outcome="ok"}'],
    ['sum by (sensor) (sensorgw_reads_total)', 'the label sensor'],
  ])('for %s it is %s', (expression, missing) => {
    expect(missingFrom(SERIES, expression)).toEqual([missing]);
  });
});
