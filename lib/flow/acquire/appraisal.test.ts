import { describe, expect, test } from 'vitest';
import { createEventRecorder } from '../../../test/support/event-recorder.ts';
import { reported, source, startSampling } from '../../../test/support/sampling-rig.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { FLAG } from '../reading.ts';
import { type AppraiserOptions, createAppraiser } from './appraisal.ts';
import type { Measurement } from './sensor-source.ts';

const { suspect, calibrated, clockUntrusted } = FLAG;

function rig(options: Omit<AppraiserOptions, 'observe'>) {
  const recorder = createEventRecorder();
  const appraisal = createAppraiser({ ...options, observe: recorder.observe }).of('terrarium');
  let monoMs = 0;
  const appraise = (measurements: readonly Measurement[], flags = 0) => {
    monoMs += 10_000;
    appraisal.nextRead();
    return appraisal.appraise(measurements, { at: 1_000_000 + monoMs, monoMs, flags });
  };
  return { appraise, recorder };
}

describe('a measurement', () => {
  test('becomes a reading with its times, as it is, when there is nothing to say', () => {
    const { readings, calibrations, rejections } = rig({}).appraise([reported('attic')]);

    expect(readings).toEqual([{ ...reported('attic'), at: 1_010_000, monoMs: 10_000, flags: 0 }]);
    expect([calibrations, rejections]).toEqual([[], []]);
  });

  test('is calibrated, says so, and is judged by what it became', () => {
    const { appraise, recorder } = rig({
      calibrations: [{ sensor: 'attic', metric: 'temperature', scale: 1, offset: -5 }],
      quality: [{ sensor: 'attic', max: 60 }],
    });

    const values = [64, 66].flatMap((value) => appraise([reported('attic', { value })]).readings);

    expect(values).toMatchObject([
      { value: 59, flags: calibrated },
      { value: 61, flags: calibrated | suspect },
    ]);
    expect(recorder.of('series.suspected')).toMatchObject([{ value: 61, message: 'is more than 60' }]);
  });

  test('that is suspect is kept with its value, beside a remark about its clock', () => {
    const { readings } = rig({}).appraise([reported('attic', { value: -127 })], clockUntrusted);

    expect(readings).toMatchObject([{ value: -127, flags: suspect | clockUntrusted }]);
  });

  test('has its calibration stored under its own times, without a flag', () => {
    const { appraise } = rig({
      calibrations: [{ sensor: 'attic', metric: 'temperature', scale: 1.02, offset: -0.4 }],
    });

    const { calibrations } = appraise([reported('attic'), reported('cellar')], clockUntrusted);

    const stamp = { at: 1_010_000, monoMs: 10_000, flags: clockUntrusted };
    expect(calibrations).toEqual([
      { sensor: 'attic', metric: 'temperature_calibration_scale', unit: 'ratio', value: 1.02, ...stamp },
      { sensor: 'attic', metric: 'temperature_calibration_offset', unit: 'celsius', value: -0.4, ...stamp },
    ]);
    expect(appraise([reported('attic')]).calibrations).toEqual([]);
  });

  test.each<[Partial<Measurement>, string]>([
    [{ value: 1e308 }, 'value Infinity is not a finite number once it is calibrated'],
    [
      { metric: 'temperature_calibration_offset' },
      'a metric of this name is what calibrations are stored under',
    ],
  ])('like %j is rejected, and the others of its source are not', (over, message) => {
    const { appraise } = rig({
      calibrations: [{ sensor: 'attic', metric: 'temperature', scale: 100, offset: 0 }],
    });

    const { readings, rejections } = appraise([reported('attic', over), reported('cellar')]);

    expect(rejections).toMatchObject([{ sensor: 'attic', message }]);
    expect(readings).toMatchObject([{ sensor: 'cellar' }]);
  });
});

describe('a round', () => {
  test('has the calibration before the first reading that it is for, and shows the calibrated value', async () => {
    const world = createTestWorld();
    const calibrations = [{ sensor: 'attic', metric: 'temperature', scale: 2, offset: 1 }];
    const appraiser = createAppraiser({ calibrations, observe: world.observe });
    const { loop, rounds } = startSampling([source('attic'), source('cellar')], { world, appraiser });

    await world.clock.advance(10_000);

    const told = rounds.map((round) =>
      round.map(({ sensor, metric, value }) => `${sensor} ${metric} ${value}`),
    );
    expect(told).toEqual([
      [
        'attic temperature_calibration_scale 2',
        'attic temperature_calibration_offset 1',
        'attic temperature 41',
        'cellar temperature 20',
      ],
      ['attic temperature 41', 'cellar temperature 20'],
    ]);
    const [attic] = loop.status().sources;
    expect(attic).toMatchObject({ latest: [{ metric: 'temperature', value: 41 }], latestCount: 1 });
  });

  test('of a source that fails counts as a read of it: what comes back warms up anew', async () => {
    const world = createTestWorld();
    let answers = 0;
    const flaky = source('gas', {
      read: async () => {
        answers += 1;
        if (answers > 3 && answers < 11) throw new Error('EREMOTEIO');
        return [reported('gas')];
      },
    });
    const appraiser = createAppraiser({ quality: [{ warmUpMs: 15_000 }], observe: world.observe });
    const { loop, rounds } = startSampling([flaky], { world, appraiser });

    await world.clock.advance(120_000);

    const flags = rounds.map((round) => round[0]?.flags);
    expect(flags).toEqual([suspect, suspect, 0, suspect, suspect, 0]);
    expect(loop.status().sources[0]?.quality).toEqual([
      { sensor: 'gas', metric: 'temperature', suspect: undefined, counts: { warm_up: 4 } },
    ]);
  });
});
