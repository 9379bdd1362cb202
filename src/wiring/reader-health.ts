/** What the reader tells of itself, at each beat: to the supervisor, and in its health file. */

import { join } from 'node:path';
import { quarantined } from '../../lib/base/quarantine-shelf.ts';
import type { Appraiser } from '../../lib/flow/acquire/appraisal.ts';
import type { SamplingLoop } from '../../lib/flow/acquire/sampling-loop.ts';
import type { I2cBusStatus } from '../../lib/flow/acquire/sources/i2c/i2c-bus.ts';
import type { ClockLoop } from '../../lib/flow/outbox/clock-loop.ts';
import type { Destination, DestinationStatus } from '../../lib/flow/sync/destination.ts';
import type { AppendTimes } from '../../lib/ops/append-times.ts';
import type { Liveness } from '../../lib/ops/liveness.ts';
import type { VitalSigns } from '../../lib/ops/vital-signs.ts';
import { OUTBOX_FILE, READER } from './names.ts';
import type { ProgramContext } from './program.ts';
import { createProgramHealth } from './program-health.ts';
import type { WrittenMetrics } from './reader-metrics.ts';

export interface ReaderHealthDeps {
  readonly context: ProgramContext;
  readonly liveness: Liveness;
  readonly signs: VitalSigns;
  readonly appends: Pick<AppendTimes, 'snapshot'>;
  readonly sampling: SamplingLoop;
  readonly appraiser: Pick<Appraiser, 'unmetCalibrations'>;
  readonly buses: () => readonly I2cBusStatus[];
  readonly clockLoop: ClockLoop;
  readonly destinations: readonly Destination[];
  readonly metrics: Pick<WrittenMetrics, 'write' | 'remove'>;
}

export function createReaderHealth({
  context,
  liveness,
  signs,
  appends,
  sampling,
  appraiser,
  buses,
  clockLoop,
  destinations,
  metrics,
}: ReaderHealthDeps) {
  const { config } = context;
  function clockRemark(): string {
    const { trusted, jumpedMs } = clockLoop.status();
    if (jumpedMs !== 0) return ', the clock has jumped';
    return trusted ? '' : ', the clock is not trusted';
  }
  /** `, 3 sources quiet until 06:00, local quiet until 17:00`. */
  function quietRemark(standings: readonly DestinationStatus[]): string {
    const quiet = sampling.status().sources.flatMap((one) => one.quiet ?? []);
    const [first] = quiet.toSorted((a, b) => a.untilAt - b.untilAt);
    const sources = first === undefined ? '' : `, ${quiet.length} sources quiet ${first.words}`;
    const hushed = standings.flatMap(({ name, quiet: now }) =>
      now === undefined ? [] : [`, ${name} quiet ${now.words}`],
    );
    return sources + hushed.join('');
  }
  const standings = () => destinations.map((one) => one.status());
  const statusLine = () => {
    const now = standings();
    return signs.statusLine(now) + clockRemark() + quietRemark(now);
  };

  const { heartbeat, remove } = createProgramHealth({
    context,
    program: READER,
    onBeat: metrics.write,
    liveness,
    statusLine,
    state: () => {
      const now = standings();
      return {
        overdue: liveness.overdue(),
        ...signs.snapshot(now),
        appends: appends.snapshot(),
        clock: clockLoop.status(),
        quarantine: shelfOf(join(config.dataDir, OUTBOX_FILE)),
        sampling: sampling.status(),
        calibrations_unmet: appraiser.unmetCalibrations(),
        i2c_buses: buses(),
        destinations: now,
      };
    },
  });
  return {
    heartbeat,
    remove() {
      remove();
      metrics.remove();
    },
  };
}

/** How much lies in quarantine, and how much of it waits to be salvaged. */
function shelfOf(outboxFile: string): object {
  const shelf = quarantined(outboxFile);
  const of = (state: string) => shelf.filter((one) => one.state === state).length;
  return {
    files: shelf.length,
    bytes: shelf.reduce((sum, one) => sum + one.bytes, 0),
    waiting: of('waiting'),
    given_up: of('given_up'),
  };
}
