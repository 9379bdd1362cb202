/**
 * The settings for what values are worth: what they are held to, and what sensors are off by. Here is also what must
 * hold within an entry, each complaint with the place in the file.
 */

import type { ReportProblem } from '../../lib/base/config.ts';
import { list, type ValueOf } from '../../lib/base/setting.ts';
import type { TextRules } from '../../lib/base/setting-kinds.ts';
import { duration, fraction, shown, text } from '../../lib/base/setting-kinds.ts';
import {
  CALIBRATED_METRIC_LENGTH_MAX,
  calibrationMetrics,
  isCalibrationMetric,
} from '../../lib/flow/acquire/calibration.ts';
import { NAME, NAMES } from './text-rules.ts';

/** More than units of measure need, and few enough digits to be read in a message. */
const VALUE_MAX = 1_000_000_000_000;
const SCALE_MAX = 1_000_000;
/** Below this a value would be gone rather than scaled. */
const SCALE_MIN = 1 / SCALE_MAX;

/** Its longest calibration has to have a name, too. */
const CALIBRATED_METRIC: TextRules = {
  values: `1 to ${CALIBRATED_METRIC_LENGTH_MAX} characters of a-z, 0-9, _ and -`,
  problem: (metric) => {
    if (metric.length > CALIBRATED_METRIC_LENGTH_MAX) {
      return `${shown(metric)} is too long: its calibration is stored as ${calibrationMetrics('...').offset}. Use ${CALIBRATED_METRIC.values}.`;
    }
    if (isCalibrationMetric(metric)) return `${shown(metric)} is a calibration itself.`;
    return NAME.problem(metric);
  },
};

const LIMIT = { min: -VALUE_MAX, max: VALUE_MAX } as const;

export const QUALITY = list({
  about:
    'What values are held to (docs/sensors.md). One that fails is kept as suspect. The first entry that fits a series and says something about a check decides that check; behind them are limits that no working sensor fails.',
  entriesMax: 64,
  initial: [],
  example: [{ sensor: 'terrarium', metric: 'temperature', min: 5, max: 60 }],
  entry: {
    sensor: text({ ...NAMES, initial: '*', about: 'Whose values.' }),
    metric: text({ ...NAMES, initial: '*', about: 'Which of them.' }),
    min: fraction({
      ...LIMIT,
      about: 'The least that can be there, in the unit of the metric. It is judged after the calibration.',
      initialNote: 'open, if the entry has a max',
      example: 5,
    }),
    max: fraction({
      ...LIMIT,
      about: 'The most that can be there.',
      initialNote: 'open, if the entry has a min',
      example: 60,
    }),
    changeMax: fraction({
      min: SCALE_MIN,
      max: VALUE_MAX,
      about: 'By so much it may move within a minute; further away it is a spike, unless it stays there.',
      initialNote: 'as far as it likes, but 100 for celsius',
      example: 3,
    }),
    unchangedMaxMs: duration({
      min: '1m',
      max: '90d',
      about: 'For so long it may have the very same value.',
      initialNote: 'for ever',
      example: '12h',
    }),
    warmUpMs: duration({
      min: '1s',
      max: '1d',
      about: 'So long after its first value it does not yet measure as it should.',
      initialNote: 'it does at once',
      example: '5m',
    }),
  },
});

export const CALIBRATION = list({
  about:
    'What sensors are off by: a value becomes value * scale + offset. Both are stored beside it, so that what the sensor gave is not lost (docs/sensors.md).',
  entriesMax: 64,
  initial: [],
  example: [{ sensor: 'attic', metric: 'temperature', offset: -0.4 }],
  entry: {
    sensor: text({ ...NAME, about: 'Whose values, by the name in the readings.' }),
    metric: text({ ...CALIBRATED_METRIC, about: 'Which of them.' }),
    scale: fraction({
      initial: 1,
      min: -SCALE_MAX,
      max: SCALE_MAX,
      about: 'What to multiply it by. Not 0; negative for a sensor that is wired the other way round.',
    }),
    offset: fraction({
      initial: 0,
      min: -VALUE_MAX,
      max: VALUE_MAX,
      about: 'What to add then, in the unit of the metric.',
    }),
  },
});

export function checkQuality(quality: ValueOf<typeof QUALITY>, report: ReportProblem): void {
  for (const [i, { min, max, changeMax, unchangedMaxMs, warmUpMs }] of quality.entries()) {
    if ([min, max, changeMax, unchangedMaxMs, warmUpMs].every((limit) => limit === undefined)) {
      report([['quality', i]], 'says nothing. Give it min, max, change_max, unchanged_max or warm_up.');
    }
    if (min !== undefined && max !== undefined && min >= max) {
      report(
        [
          ['quality', i, 'min'],
          ['quality', i, 'max'],
        ],
        `${min} is not less than its max (${max}), and nothing lies between them.`,
      );
    }
  }
}

export function checkCalibration(calibration: ValueOf<typeof CALIBRATION>, report: ReportProblem): void {
  for (const [i, { sensor, metric, scale, offset }] of calibration.entries()) {
    if (calibration.findIndex((other) => other.sensor === sensor && other.metric === metric) < i) {
      report([['calibration', i]], `a second calibration of ${metric} of ${sensor}. Make one of the two.`);
    }
    if (Math.abs(scale) < SCALE_MIN) {
      report(
        [['calibration', i, 'scale']],
        `${scale} leaves nothing of a value. Use at least ${SCALE_MIN}, or -${SCALE_MIN}.`,
      );
    }
    if (scale === 1 && offset === 0) {
      report([['calibration', i]], 'changes nothing. Give it a scale, an offset, or both.');
    }
  }
}
