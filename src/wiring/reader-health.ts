/** What the reader tells of itself, at each beat: to the supervisor, and in its health file. */

import { join } from 'node:path';
import type { SamplingLoop } from '../../lib/flow/acquire/sampling-loop.ts';
import type { I2cBusStatus } from '../../lib/flow/acquire/sources/i2c/i2c-bus.ts';
import type { ClockLoop } from '../../lib/flow/outbox/clock-loop.ts';
import { quarantined } from '../../lib/flow/outbox/quarantine-shelf.ts';
import type { Destination } from '../../lib/flow/sync/destination.ts';
import { createHealthFile } from '../../lib/ops/health-file.ts';
import { createHeartbeat } from '../../lib/ops/heartbeat.ts';
import type { Liveness } from '../../lib/ops/liveness.ts';
import type { VitalSigns } from '../../lib/ops/vital-signs.ts';
import { OUTBOX_FILE, READER } from './names.ts';
import { noting, type ProgramContext } from './program.ts';
import { VERSION } from './version.ts';

export interface ReaderHealthDeps {
  readonly context: ProgramContext;
  readonly liveness: Liveness;
  readonly signs: VitalSigns;
  readonly sampling: SamplingLoop;
  readonly buses: () => readonly I2cBusStatus[];
  readonly clockLoop: ClockLoop;
  readonly destinations: readonly Destination[];
}

export function createReaderHealth({
  context,
  liveness,
  signs,
  sampling,
  buses,
  clockLoop,
  destinations,
}: ReaderHealthDeps) {
  const { config, clock, log, supervisor } = context;
  const file = createHealthFile({
    dir: config.runDir,
    program: READER,
    pid: context.pid,
    version: VERSION,
    wallMs: clock.wallMs,
    monotonicMs: clock.monotonicMs,
  });
  function clockRemark(): string {
    const { trusted, jumpedMs } = clockLoop.status();
    if (jumpedMs !== 0) return ', the clock has jumped';
    return trusted ? '' : ', the clock is not trusted';
  }
  // A destination that is up to date must not hide one that is not.
  const statusLine = () =>
    signs.statusLine(Math.max(0, ...destinations.map((one) => one.status().backlog.rows))) + clockRemark();

  return {
    heartbeat: createHeartbeat({
      clock,
      liveness,
      supervisor,
      statusLine,
      onWithheld: (stuck) =>
        log.error({ stuck }, `heartbeat withheld: ${stuck.map((one) => one.loop).join(', ')} stuck`),
      onBeat: () =>
        noting(log, 'health file', () =>
          file.write({
            status: statusLine(),
            overdue: liveness.overdue(),
            ...signs.snapshot(),
            clock: clockLoop.status(),
            quarantine: shelfOf(join(config.dataDir, OUTBOX_FILE)),
            sampling: sampling.status(),
            i2c_buses: buses(),
            destinations: destinations.map((one) => one.status()),
          }),
        ),
    }),
    /** After the last beat. */
    remove: () => noting(log, 'health file', () => file.remove()),
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
