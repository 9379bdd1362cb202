/** The settings of the invariants: which of them hold here, and the thresholds that differ between machines. */

import { section, type ValueOf } from '../../lib/base/setting.ts';
import { choice, duration, fraction, integer, several, size } from '../../lib/base/setting-kinds.ts';
import { INVARIANTS } from '../../lib/ops/invariants/index.ts';
import type { InvariantLimits } from '../../lib/ops/invariants/limits.ts';

const [first, ...others] = INVARIANTS.map(({ name }) => name);
const NAMES: readonly [string, ...string[]] = [first ?? '', ...others];

export const INVARIANT_SETTINGS = section(
  'What the monitor takes for wrong, and opens tickets for. docs/invariants.md lists all of it.',
  {
    everyMs: duration({
      initial: '30s',
      min: '1s',
      max: '5m',
      about: 'From one look at the machine to the next. All that an invariant counts, it counts in looks.',
    }),
    skip: several({
      of: choice({ of: NAMES, initial: NAMES[0], about: '' }),
      countMax: NAMES.length,
      about: 'Invariants that do not matter on this machine: nothing is said of them.',
      initialNote: 'none',
      example: ['recovery_silent'],
    }),
    sensorSilentMs: duration({
      initial: '2m',
      min: '1s',
      max: '7d',
      about:
        'How long a source may give no reading. At least three of its own intervals, whatever stands here.',
    }),
    breakerOpenMs: duration({
      initial: '90s',
      min: '1s',
      max: '7d',
      about: 'How long nothing may be delivered to a destination. More than the longest of breaker.pauses.',
    }),
    backlogAgeMs: duration({
      initial: '1h',
      min: '2m',
      max: '7d',
      about: 'How long a reading may wait for a destination that answers.',
    }),
    forecastMs: duration({
      initial: '1d',
      min: '1m',
      max: '30d',
      about: 'While something waits, the outbox must last for longer than this.',
    }),
    appendMs: duration({
      initial: '500ms',
      min: '10ms',
      max: '1m',
      about: 'How long the disk may take for a round, in the median.',
    }),
    memoryAvailable: size({
      initial: '64MiB',
      min: '1MiB',
      max: '64GiB',
      about: 'How much memory must be available. With less a shell over SSH takes seconds to start.',
    }),
    temperatureCelsius: fraction({
      initial: 80,
      min: 30,
      max: 120,
      about: 'How hot the processor may be. A Raspberry Pi slows down at 80 to 85.',
    }),
    clockUntrustedMs: duration({
      initial: '15m',
      min: '1m',
      max: '45m',
      about: 'How long nobody may have vouched for the clock.',
    }),
    restarts: integer({
      initial: 3,
      min: 1,
      max: 100,
      about: 'So many restarts of a unit within an hour are too many.',
    }),
    certificateMs: duration({
      initial: '14d',
      min: '1d',
      max: '365d',
      about: 'How long the certificate of a remote destination must still be valid.',
    }),
  },
);

/** The thresholds among the settings. */
export function limitsFrom({
  everyMs: _every,
  skip: _skip,
  ...limits
}: ValueOf<typeof INVARIANT_SETTINGS>): InvariantLimits {
  return limits;
}
