import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandRig } from '../../test/support/command-rig.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { sensorsList } from './sensors-list.ts';

const VALUE = { sensor: 'attic', metric: 'temperature', unit: 'celsius', value: 21.5 };

/** Two sources in the configuration, and a reader that says this of its own. */
function listRig(sources?: unknown) {
  const rig = commandRig();
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(
    file,
    'sources:\n  - {type: sht4x, name: attic}\n  - {type: kernel, only: [w1-*], interval: 1m}\n',
  );
  rig.environment.SENSORGW_CONFIG = file;
  if (sources !== undefined) {
    const health = { pid: process.pid, generated_at: INCIDENT_AT - 1_000, sampling: { sources } };
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
  ])('survives a health file with %j for its sources', async (sources) => {
    expect((await listRig(sources).list()).exitCode).toBe(0);
  });
});
