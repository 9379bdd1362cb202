/** What the running reader says of the quality of its series, in words. */

import type { SeriesHealth } from '../../lib/ops/health-shape.ts';
import type { ProgramState } from './running.ts';

/** `suspect (range): is more than 60; since the start range 3`; empty if there is nothing to say. */
export function qualityInWords({ suspect, counts }: SeriesHealth): string {
  const counted = Object.entries(counts).map(([check, n]) => `${check} ${n}`);
  const now = suspect === undefined ? 'good now' : `suspect (${suspect.check}): ${suspect.message}`;
  return `${now}; suspect since the start: ${counted.join(', ') || 'none'}`;
}

/** Series that want a look, each as a sentence. One that warms up will have done so soon. */
export function qualityProblems(quality: readonly SeriesHealth[]): readonly string[] {
  return quality.flatMap(({ sensor, metric, suspect }) =>
    suspect === undefined || suspect.check === 'warm_up'
      ? []
      : [`${metric} of ${sensor} is suspect (${suspect.check}): the latest value ${suspect.message}`],
  );
}

/** Calibrations whose series the running reader has not met, each as a sentence: most likely a name is misspelt. */
export function unmetCalibrations({ health }: Pick<ProgramState, 'health'>): readonly string[] {
  return health.calibrationsUnmet.map(
    ({ sensor, metric }) =>
      `The calibration of ${metric} of ${sensor} has met no value since the start: is there a sensor of that name?`,
  );
}
