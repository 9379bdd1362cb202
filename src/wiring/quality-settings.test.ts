import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { loadConfig } from './config.ts';

const nowhere = { environment: {}, hostName: 'pi', usualFile: '/nonexistent/config.yaml' };

function load(yaml: string, environment: Record<string, string> = {}) {
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(file, yaml);
  return loadConfig({ ...nowhere, file, environment }).config;
}

describe('quality', () => {
  it('has no entries by default, and may be emptied', () => {
    expect(load('').quality).toEqual([]);
    expect(load('quality: []').quality).toEqual([]);
  });

  it('holds all series to what an entry without names says', () => {
    expect(load('quality:\n  - change_max: 3\n    warm_up: 5m\n').quality).toEqual([
      {
        sensor: '*',
        metric: '*',
        min: undefined,
        max: undefined,
        changeMax: 3,
        unchangedMaxMs: undefined,
        warmUpMs: 300_000,
      },
    ]);
  });

  it('is read from the environment, too', () => {
    const { quality } = load('', { SENSORGW_QUALITY: '[{sensor: attic, unchanged_max: 12h}]' });

    expect(quality).toMatchObject([{ sensor: 'attic', unchangedMaxMs: 43_200_000 }]);
  });

  it.each([
    ['quality:\n  - sensor: attic', /:2:5 {2}quality\[0\]\n.*says nothing\. Give it min, max, change_max/s],
    ['quality:\n  - min: 60\n    max: 5', /:2:10 {2}quality\[0\]\.min\n.*60 is not less than its max \(5\)/s],
    ['quality:\n  - sensor: Attic!\n    max: 5', /:2:13 {2}quality\[0\]\.sensor.*"Attic!" is no name/s],
    ['quality:\n  - change_max: 0', /quality\[0\]\.change_max.*0 is too small/s],
    ['quality:\n  - warm_up: 5', /quality\[0\]\.warm_up.*5 has no unit/s],
    ['quality:\n  - stuck: 5h', /quality\[0\]\.stuck.*unknown/s],
  ])('refuses %j with its place', (yaml, message) => {
    expect(() => load(yaml)).toThrow(message);
  });
});

describe('calibration', () => {
  it('scales by 1 and adds 0 where nothing else is said', () => {
    expect(
      load('calibration:\n  - {sensor: attic, metric: temperature, offset: -0.4}\n').calibration,
    ).toEqual([{ sensor: 'attic', metric: 'temperature', scale: 1, offset: -0.4 }]);
  });

  it.each([
    [
      'calibration:\n  - {sensor: attic, metric: temperature}',
      /:2:\d+ {2}calibration\[0\]\n.*changes nothing/s,
    ],
    [
      'calibration:\n  - {sensor: attic, metric: temperature, scale: 0}',
      /:2:\d+ {2}calibration\[0\]\.scale\n.*0 leaves nothing of a value/s,
    ],
    [
      'calibration:\n  - {sensor: a, metric: t, scale: 2}\n  - {sensor: a, metric: t, scale: 3}',
      /:3:5 {2}calibration\[1\]\n.*a second calibration of t of a/s,
    ],
    [
      `calibration:\n  - {sensor: a, metric: ${'m'.repeat(30)}, scale: 2}`,
      /calibration\[0\]\.metric.*is too long: its calibration is stored as \.\.\._calibration_offset/s,
    ],
    [
      'calibration:\n  - {sensor: a, metric: t_calibration_scale, scale: 2}',
      /calibration\[0\]\.metric.*is a calibration itself/s,
    ],
    ['calibration:\n  - {sensor: "a*", metric: t, scale: 2}', /calibration\[0\]\.sensor.*is not a name/s],
    ['calibration:\n  - {metric: t, scale: 2}', /calibration\[0\]\.sensor.*is missing/s],
  ])('refuses %j with its place', (yaml, message) => {
    expect(() => load(yaml)).toThrow(message);
  });
});
