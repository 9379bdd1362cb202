/** The table of metrics against the rules that people who use Prometheus expect, and against its document. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { disagreements } from '../../../test/support/house-rules.ts';
import { METRICS, type MetricDefinition } from './metric-definitions.ts';

const DEFINED = Object.entries<MetricDefinition>(METRICS);
const BASE_UNITS = ['seconds', 'bytes', 'ratio', 'celsius', 'pascals', 'lux', 'volts', 'amperes', 'watts'];

/** What is wrong with a metric, in words. */
function faults(name: string, { type, labels, unit, about, buckets }: MetricDefinition): string[] {
  const bare = name.replace(/_total$/, '').replace(/_max$/, '');
  const ending = BASE_UNITS.find((one) => bare.endsWith(`_${one}`));
  const found = [
    !/^sensorgw_[a-z0-9]+(_[a-z0-9]+)*$/.test(name) && 'is not written sensorgw_words_like_this',
    name.endsWith('_total') !== (type === 'counter') && 'ends with _total if it is a counter, and only then',
    (ending ?? '-') !== unit && `does not end with its unit ${unit}`,
    (buckets !== undefined) !== (type === 'histogram') && 'has buckets if it is a histogram',
    buckets?.some((one, i) => one <= (buckets[i - 1] ?? 0)) && 'has buckets that do not ascend',
    labels.some((one) => !/^[a-z]+$/.test(one)) && 'has a label that is no word',
    labels.some((one) => name.includes(`_by_${one}`)) && 'has a label in its name',
    /\.$|[|`]/.test(about) && 'has words that do not fit into a table',
  ];
  return found.filter((one) => typeof one === 'string').map((one) => `${name} ${one}`);
}

describe('the names', () => {
  it.each<[string, Partial<MetricDefinition>]>([
    ['temperature_celsius', { unit: 'celsius' }],
    ['sensorgw_reads', { type: 'counter' }],
    ['sensorgw_size_total', {}],
    ['sensorgw_size_bytes', {}],
    ['sensorgw_size', { unit: 'bytes' }],
    ['sensorgw_size', { type: 'histogram' }],
    ['sensorgw_size', { type: 'histogram', buckets: [2, 1] }],
    ['sensorgw_size', { labels: ['Sensor'] }],
    ['sensorgw_size', { about: 'It ends.' }],
  ])('%s with %j is found to break a rule', (name, part) => {
    const sound: MetricDefinition = { type: 'gauge', of: [], labels: [], unit: '-', about: 'Fine' };

    expect(faults(name, { ...sound, ...part })).toHaveLength(1);
    expect(faults('sensorgw_size', sound)).toEqual([]);
  });

  it('follow the rules', () => {
    expect(DEFINED.flatMap(([name, definition]) => faults(name, definition))).toEqual([]);
  });
});

it('docs/metrics.md lists exactly the metrics, with whose they are, type, labels, unit and meaning', () => {
  const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const inDocument = page.split(/^## Of /m).flatMap((chapter) => {
    const whose = chapter.split('\n', 1)[0];
    return [...chapter.matchAll(/^\| (`sensorgw_\w+` \|.*) \|$/gm)].map(([, row]) => `${whose}: ${row}`);
  });

  const inCode = DEFINED.map(([name, definition]) => `${chapterOf(definition)}: ${rowOf(name, definition)}`);

  expect(disagreements(['the code', inCode], ['docs/metrics.md', inDocument])).toEqual([]);
});

function chapterOf({ of: [first, second] }: MetricDefinition): string {
  if (second !== undefined) return 'every program';
  return {
    'sensor-main': 'the reader',
    'sensor-api-write': 'the write API',
    'sensor-monitor': 'the monitor',
  }[first ?? 'sensor-main'];
}

function rowOf(name: string, { type, labels, unit, about }: MetricDefinition): string {
  return [`\`${name}\``, type, labels.length === 0 ? undefined : labels.join(', '), unit, about]
    .map((cell) => (cell === undefined ? ' ' : ` ${cell} `))
    .join('|')
    .trim();
}
