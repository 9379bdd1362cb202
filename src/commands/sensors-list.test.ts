import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandRig } from '../../test/support/command-rig.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { sensorsList } from './sensors-list.ts';

const VALUE = { sensor: 'attic', metric: 'temperature', unit: 'celsius', value: 21.5 };

/** Two sources in the configuration, and a reader that says this of its own. */
function listRig(sources?: unknown, more: object = {}) {
  const rig = commandRig();
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(
    file,
    'sources:\n  - {type: sht4x, name: attic}\n  - {type: kernel, only: [w1-*], interval: 1m}\n',
  );
  rig.environment.SENSORGW_CONFIG = file;
  if (sources !== undefined) {
    const health = { pid: process.pid, generated_at: INCIDENT_AT - 1_000, sampling: { sources }, ...more };
    writeFileSync(join(rig.dataDir, 'sensor-main.health.json'), JSON.stringify(health));
  }
  return { list: (options = {}) => rig.run(sensorsList, options) };
}

describe('sensorctl sensors list', () => {
  test('shows each source with its interval, its last values, and what is wrong with the rest', async () => {
    const { exitCode, out, notes } = await listRig([
      { name: 'attic', lastOkAt: INCIDENT_AT - 4_000, failures: 0, latest: [VALUE], latestCount: 3 },
      {
        name: 'kernel-w1',
        lastOkAt: INCIDENT_AT - 8_000,
        failures: 0,
        latest: [],
        troubles: { 'w1-28-0316a2795e8b': 'does not answer' },
      },
    ]).list();

    expect(exitCode).toBe(0);
    expect(out).toEqual([
      'attic (every 10 s): ok, 4 s ago',
      '  attic                             temperature   21.5 celsius',
      '  and 2 more: sensorctl sensors read attic',
      'kernel-w1 (every 60 s): ok, 8 s ago',
      '  w1-28-0316a2795e8b                does not answer',
    ]);
    expect(notes).toEqual([]);
  });

  test('says how a source fails, since when, how often in which way, and when it is tried again', async () => {
    const { out } = await listRig([
      {
        name: 'attic',
        lastOkAt: INCIDENT_AT - 600_000,
        failures: 12,
        lastFailure: { reason: 'error', message: 'EREMOTEIO: no chip\u001b[2J answers' },
        statistics: {
          faults: { no_answer: 14, checksum: 1 },
          breaker: 'open',
          nextTryAt: INCIDENT_AT + 40_000,
        },
      },
      { name: 'kernel-w1' },
    ]).list();

    expect(out[0]).toBe(
      'attic (every 10 s): failing (12 times in a row): EREMOTEIO: no chip\\u001b[2J answers; last answered 10 min ago, left alone for 40 s; since the start no_answer 14, checksum 1',
    );
    expect(out[1]).toBe('kernel-w1 (every 60 s): has not been read yet');
  });

  test('says which series are suspect, why, and how often they were', async () => {
    const quality = [
      {
        sensor: 'attic',
        metric: 'temperature',
        suspect: { check: 'range', message: 'is more than 60' },
        counts: { range: 3, spike: 1 },
      },
      { sensor: 'attic', metric: 'humidity', counts: { unchanged: 7 } },
    ];
    const { out } = await listRig([
      { name: 'attic', lastOkAt: INCIDENT_AT, failures: 0, latest: [VALUE], latestCount: 1, quality },
    ]).list();

    expect(out.slice(1, 4)).toEqual([
      '  attic                             temperature   21.5 celsius',
      '  attic                             temperature   suspect (range): is more than 60; suspect since the start: range 3, spike 1',
      '  attic                             humidity      good now; suspect since the start: unchanged 7',
    ]);
  });

  test('names a calibration that has met no value, which is most likely misspelt', async () => {
    const sources = [{ name: 'attic' }, { name: 'kernel-w1' }];
    const { notes } = await listRig(sources, {
      calibrations_unmet: [{ sensor: 'atic', metric: 'temperature' }, 7],
    }).list();

    expect(notes).toEqual([
      'The calibration of temperature of atic has met no value since the start: is there a sensor of that name?',
    ]);
  });

  test('says until when a source is quiet, and nothing of how it failed before', async () => {
    const quiet = { untilAt: INCIDENT_AT + 60_000, untilMono: 1, words: 'until 06:00' };
    const { out } = await listRig([
      { name: 'attic', lastOkAt: INCIDENT_AT - 10_800_000, failures: 3, quiet },
      { name: 'kernel-w1', failures: 0, quiet },
    ]).list();

    expect(out).toEqual([
      'attic (every 10 s): quiet until 06:00; last answered 3 h ago',
      'kernel-w1 (every 60 s): quiet until 06:00',
    ]);
  });

  test('without a reader shows what is configured, and how to read it', async () => {
    const { out, notes } = await listRig().list();

    expect(out).toEqual(['attic (every 10 s): not read', 'kernel-w1 (every 60 s): not read']);
    expect(notes[0]).toMatch(/^The reader is not running.*sensorctl sensors read NAME/);
  });

  test('notices that the reader runs with another configuration', async () => {
    const { out, notes } = await listRig([{ name: 'cellar', failures: 0, lastOkAt: INCIDENT_AT }]).list();

    expect(out).toContain('cellar (not in the configuration any more): ok, 0 s ago');
    expect(notes[0]).toContain('another configuration: restart it');
  });

  test('tells programs the same as JSON', async () => {
    const { out } = await listRig([
      { name: 'attic', lastOkAt: INCIDENT_AT, failures: 0, latest: [VALUE], latestCount: 1 },
    ]).list({ json: true });

    expect(JSON.parse(out[0] ?? '')).toEqual({
      reader: 'running',
      stuck_buses: [],
      sources: [
        {
          name: 'attic',
          configured: true,
          interval_ms: null,
          state: expect.objectContaining({
            last_ok_at: '2026-01-15T16:09:35.000Z',
            failures: 0,
            latest: [VALUE],
            latest_count: 1,
          }),
        },
        { name: 'kernel-w1', configured: true, interval_ms: 60_000, state: null },
      ],
    });
  });

  test.each([
    7,
    {},
    [7, null, [], {}, { name: 7 }],
    [{ name: 'attic', latest: [{}], troubles: 7, statistics: 'x' }],
    [{ name: 'attic', quality: 7 }],
    [{ name: 'attic', quality: [7, {}, { sensor: 'a', metric: 'b', suspect: 7, counts: { c: 'd' } }] }],
  ])('survives a health file with %j for its sources', async (sources) => {
    expect((await listRig(sources).list()).exitCode).toBe(0);
  });
});
