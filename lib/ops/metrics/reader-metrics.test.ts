/** What the reader tells in numbers: its events counted, and its parts as they are now. */

import { expect, it } from 'vitest';
import { linesOf } from '../../../test/support/metric-lines.ts';
import { SOME_PROCESS } from '../../../test/support/some-process.ts';
import type { FlowEvent } from '../../flow/flow-event.ts';
import type { ReaderLook } from './reader-look.ts';
import { createReaderMetrics } from './reader-metrics.ts';

const SOURCE = { name: 'roof', lastOkAt: 5_000, failures: 0, rejected: 0, latest: [] };
const DESTINATION = {
  name: 'local',
  breaker: { state: 'closed' as const, held: false },
  backlog: { rows: 0, oldestAt: undefined },
};
const LOOK: ReaderLook = {
  sources: [SOURCE],
  destinations: [DESTINATION],
  clockTrusted: true,
  buses: [],
  outboxBytes: 4_096,
};

/** The samples after these events, as the parts are. */
async function told(events: readonly FlowEvent[], look: Partial<ReaderLook> = {}): Promise<string[]> {
  const metrics = createReaderMetrics({ destinations: ['local'], intervalMs: 10_000, outboxBytesMax: 1_000 });
  metrics.begin(['roof']);
  for (const event of events) metrics.observe(event);
  return linesOf(await metrics.text({ ...LOOK, ...look }, SOME_PROCESS));
}

it('what may happen is there from the start, as 0', async () => {
  const lines = await told([]);

  for (const reason of ['bytes_max', 'disk_reserve', 'corrupted', 'salvage', 'memory', 'append'])
    expect(lines).toContain(`sensorgw_readings_dropped_total{reason="${reason}"} 0`);
  for (const outcome of ['stored', 'refused', 'misconfigured', 'unavailable'])
    expect(lines).toContain(
      `sensorgw_delivery_attempts_total{destination="local",lane="live",outcome="${outcome}"} 0`,
    );
  expect(lines).toContain('sensorgw_sensor_reads_total{source="roof",result="deadline"} 0');
  expect(lines).toContain('sensorgw_circuit_transitions_total{destination="local",to="open"} 0');
  expect(lines).toContain('sensorgw_sampling_interval_seconds 10');
  expect(lines).toContain('sensorgw_delivery_duration_seconds_count{destination="local"} 0');
});

const lost = (reason: string, n: number) => `sensorgw_readings_dropped_total{reason="${reason}"} ${n}`;
const delivered = { destination: 'local', lane: 'live', rows: 3, bytes: 99, durationMs: 20 } as const;

it.each<[string, FlowEvent, string[]]>([
  [
    'a batch that was stored',
    { type: 'batch.delivered', ...delivered, outcome: 'stored', stored: 2, duplicate: 1 },
    [
      'sensorgw_delivery_attempts_total{destination="local",lane="live",outcome="stored"} 1',
      'sensorgw_readings_delivered_total{destination="local",result="stored"} 2',
      'sensorgw_readings_delivered_total{destination="local",result="duplicate"} 1',
      'sensorgw_delivery_duration_seconds_bucket{le="0.02",destination="local"} 1',
    ],
  ],
  [
    'readings that were accepted',
    { type: 'outbox.appended', stream: 's', lo: 5, hi: 9, durationMs: 1 },
    ['sensorgw_readings_accepted_total 5'],
  ],
  [
    'a round without readings',
    { type: 'outbox.appended', stream: 's', lo: 5, hi: 4, durationMs: 1 },
    ['sensorgw_readings_accepted_total 0'],
  ],
  [
    'what was shed',
    { type: 'reading.shed', stream: 's', lo: 1, hi: 4, cause: 'disk_reserve' },
    [lost('disk_reserve', 4)],
  ],
  [
    'dead letters that were too many',
    { type: 'letter.shed', destination: 'local', letters: 5, lo: 1, hi: 9 },
    [lost('dead_letters', 5)],
  ],
  [
    'what memory had no place for',
    { type: 'reading.dropped', readings: 3, series: [], oldestAt: 1, newestAt: 2 },
    [lost('memory', 3)],
  ],
  [
    'what was damaged on the disk',
    {
      type: 'outbox.corrupted',
      stream: 's',
      seqs: [
        [1, 3],
        [7, 7],
      ],
    },
    [lost('corrupted', 4)],
  ],
  [
    'what a salvage did not find',
    { type: 'outbox.salvaged', dir: 'd', saved: 9, lost: 2, deadLetters: 0 },
    [lost('salvage', 2)],
  ],
  [
    'a round that was not accepted',
    { type: 'outbox.append_failed', readings: 6, code: 'SQLITE_FULL', message: 'full' },
    [lost('append', 6), 'sensorgw_db_errors_total{program="sensor-main",code="SQLITE_FULL"} 1'],
  ],
  [
    'a round that waits in memory',
    { type: 'outbox.held', readings: 6, held: 12, code: 'SQLITE_IOERR_WRITE', message: 'io' },
    ['sensorgw_readings_held 12', 'sensorgw_db_errors_total{program="sensor-main",code="SQLITE_IOERR"} 1'],
  ],
  [
    'rows that were thinned, which are not lost',
    { type: 'reading.thinned', stream: 's', lo: 1, hi: 60, rows: 60, into: 10, tier: 'minute' },
    ['sensorgw_readings_thinned_total 60', lost('bytes_max', 0)],
  ],
  [
    'a reading that was buried',
    { type: 'reading.buried', destination: 'local', stream: 's', seq: 1, code: 'c', message: 'm' },
    ['sensorgw_readings_delivered_total{destination="local",result="buried"} 1'],
  ],
  [
    'a source that failed',
    { type: 'source.failed', source: 'roof', reason: 'busy', message: 'm', failures: 1 },
    [
      'sensorgw_sensor_reads_total{source="roof",result="busy"} 1',
      'sensorgw_sensor_reads_total{source="roof",result="ok"} 0',
    ],
  ],
  [
    'a breaker that opened',
    {
      type: 'breaker.opened',
      destination: 'local',
      failures: 3,
      step: 0,
      pauseMs: 1,
      reason: 'r',
      held: false,
    },
    ['sensorgw_circuit_transitions_total{destination="local",to="open"} 1'],
  ],
  [
    'sampling that was slowed',
    { type: 'sampling.paced', intervalMs: 60_000, reason: 'r' },
    ['sensorgw_sampling_interval_seconds 60'],
  ],
  ['rounds that were skipped', { type: 'round.skipped', rounds: 4 }, ['sensorgw_rounds_skipped_total 4']],
])('%s', async (_what, event, expected) => {
  const lines = await told([event]);

  for (const line of expected) expect(lines).toContain(line);
});

it('what was held in memory and is on the disk again is held no more', async () => {
  const lines = await told([
    { type: 'outbox.held', readings: 6, held: 6, code: 'SQLITE_FULL', message: 'full' },
    { type: 'outbox.released', readings: 6, heldMs: 1 },
  ]);

  expect(lines).toContain('sensorgw_readings_held 0');
});

it('says of a destination what waits for it, and since when; and in which of its states the breaker is', async () => {
  const breaker = { state: 'open' as const, held: true };
  const waiting = { ...DESTINATION, breaker, backlog: { rows: 12, oldestAt: 1_500 } };

  const open = await told([], { destinations: [waiting] });
  const idle = await told([]);

  expect(open).toContain('sensorgw_backlog_rows{destination="local"} 12');
  expect(open).toContain('sensorgw_backlog_oldest_timestamp_seconds{destination="local"} 1.5');
  const states = open.filter((line) => line.startsWith('sensorgw_circuit_state'));
  expect(states.map((line) => line.at(-1))).toEqual(['0', '1', '0']);
  expect(open).toContain('sensorgw_circuit_held{destination="local"} 1');
  expect(idle.filter((line) => line.includes('oldest_timestamp'))).toEqual([]);
});

const VALUES = [
  { sensor: 'roof', metric: 'temperature', unit: 'celsius', value: 20.5 },
  { sensor: 'roof', metric: 'humidity', unit: 'percent', value: 50 },
  { sensor: 'roof', metric: 'temperature', unit: 'kelvin', value: 293 },
  { sensor: 'pond', metric: 'ph', unit: 'pH', value: 7.1 },
];
const SHOWN = [
  'sensorgw_temperature_celsius{sensor="roof"} 20.5',
  'sensorgw_humidity_ratio{sensor="roof"} 0.5',
  'sensorgw_sensor_value{sensor="roof",metric="temperature",unit="kelvin"} 293',
  'sensorgw_sensor_value{sensor="pond",metric="ph",unit="pH"} 7.1',
];
const values = (lines: readonly string[]) =>
  lines.filter((line) => /sensorgw_(temperature|humidity|sensor_value)/.test(line));

it('the newest values are in their base units, and those that have no metric of their own say their unit', async () => {
  const lines = await told([], { sources: [{ ...SOURCE, latest: VALUES }] });

  expect(values(lines)).toEqual(SHOWN);
});

it.each([
  ['fails', { failures: 1 }],
  ['is quiet', { quiet: { untilAt: 1, words: 'until 06:00' } }],
])('values of a source that %s are not shown: nobody measures them now', async (_what, part) => {
  const lines = await told([], { sources: [{ ...SOURCE, latest: VALUES, ...part }] });

  expect(values(lines)).toEqual([]);
  expect(lines).toContain('sensorgw_sensor_last_success_timestamp_seconds{source="roof"} 5');
});

it('what the sampling loop read well is counted by source', async () => {
  const metrics = createReaderMetrics({ destinations: [], intervalMs: 1, outboxBytesMax: 1 });

  metrics.onRead('roof', true);
  metrics.onRead('roof', false);
  const lines = linesOf(await metrics.text(LOOK, SOME_PROCESS));

  expect(lines).toContain('sensorgw_sensor_reads_total{source="roof",result="ok"} 1');
});
