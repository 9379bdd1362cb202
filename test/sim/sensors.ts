/**
 * The sensors of a simulated machine: every value that they give is given once in the whole world, so that a value is
 * as good as a name. They hang, throw and talk nonsense on demand.
 */

import type { SensorSource } from '../../lib/flow/acquire/sensor-source.ts';
import type { Sources } from '../../lib/flow/acquire/sources/create-sources.ts';

export type SensorFault = 'hangs' | 'throws' | 'nonsense';

export interface Sensors {
  /** For one start of a reader. */
  open(): Sources;
  fault(fault: SensorFault | undefined): void;
  /** Whether one of them hangs since the reader has started. */
  haveHung(): boolean;
  /** Those that have answered in this run, and have hung for longer than this since. */
  hangingFor(ms: number): readonly string[];
  /**
   * One hangs since its first read in this run, and nothing of ours will mend that: to start again for a sensor that
   * did not even answer after a start would be no end of starts.
   */
  isLost(sensor: string): boolean;
  /** When a value was measured, in ms since the world began; `undefined`: no sensor has ever given it. */
  measuredMs(value: number): number | undefined;
}

/** Each is a source of its own. */
export const SENSOR_NAMES: readonly string[] = ['attic', 'cellar'];
const METRICS = ['level', 'flow'];
const DEADLINE_MS = 2_000;

/** `awakeMs` is of the machine: a sensor hangs for as long as somebody waits for it. */
export function createSensors(nowMs: () => number, awakeMs: () => number): Sensors {
  const measured: number[] = [];
  let present: SensorFault | undefined;
  let hung = false;
  const answered = new Set<string>();
  const lost = new Set<string>();
  const hangsSince = new Map<string, number>();

  function next(): number {
    measured.push(nowMs());
    // A whole number and a quarter: exact in every form that a value takes on its way.
    return measured.length + 0.25;
  }

  const sourceOf = (name: string, mayFail: boolean): SensorSource => ({
    name,
    deadlineMs: DEADLINE_MS,
    async read() {
      const fault = mayFail ? present : undefined;
      hung ||= fault === 'hangs';
      if (fault === 'hangs') {
        if (answered.has(name)) hangsSince.set(name, awakeMs());
        else lost.add(name);
      }
      if (fault === 'hangs') await new Promise(() => {});
      if (fault === 'throws') throw new Error('EREMOTEIO: nobody answers');
      answered.add(name);
      const value = () => (fault === 'nonsense' ? Number.NaN : next());
      return METRICS.map((metric) => ({ sensor: name, metric, unit: 'count', value: value() }));
    },
  });

  return {
    open() {
      hung = false;
      answered.clear();
      lost.clear();
      hangsSince.clear();
      return {
        all: SENSOR_NAMES.map((name, index) => sourceOf(name, index > 0)),
        buses: () => [],
        hangs: () => false,
        close() {},
      };
    },
    haveHung: () => hung,
    isLost: (sensor) => lost.has(sensor),
    hangingFor: (ms) => [...hangsSince].flatMap(([name, since]) => (awakeMs() - since > ms ? [name] : [])),
    fault(fault) {
      present = fault;
    },
    measuredMs: (value) => (Number.isInteger(value - 0.25) ? measured[value - 1.25] : undefined),
  };
}
