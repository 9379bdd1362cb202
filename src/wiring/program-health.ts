/** How a program shows that it lives, at each beat: to the supervisor, and in its health file. */

import type { Loop } from '../../lib/base/loop.ts';
import { createHealthFile } from '../../lib/ops/health-file.ts';
import { createHeartbeat } from '../../lib/ops/heartbeat.ts';
import type { Program } from '../../lib/ops/limits/limits.ts';
import type { Liveness } from '../../lib/ops/liveness.ts';
import { noting, type ProgramContext } from './program.ts';
import { VERSION } from './version.ts';

export interface ProgramHealthOptions {
  readonly context: ProgramContext;
  readonly program: Program;
  readonly liveness: Liveness;
  /** The program's state in one line, for `systemctl status`. */
  readonly statusLine: () => string;
  /** What its health file says beside that line. */
  readonly state: () => Readonly<Record<string, unknown>>;
  /** Between two beats, for those who are looked at more often than the supervisor asks; as of a heartbeat if left out. */
  readonly beatMs?: number;
  /** What else is renewed at each beat. */
  readonly onBeat?: () => void;
}

export interface ProgramHealth {
  readonly heartbeat: Loop;
  /** Takes the health file away, after the last beat. */
  remove(): void;
}

export function createProgramHealth(options: ProgramHealthOptions): ProgramHealth {
  const { context, program, liveness, statusLine, state, onBeat } = options;
  const { config, clock, log, supervisor } = context;
  const file = createHealthFile({
    dir: config.runDir,
    program,
    pid: context.pid,
    version: VERSION,
    wallMs: clock.wallMs,
    monotonicMs: clock.monotonicMs,
  });
  return {
    heartbeat: createHeartbeat({
      clock,
      liveness,
      supervisor,
      statusLine,
      everyMs: options.beatMs ?? context.surroundings.cadence.beatMs,
      onWithheld: (stuck) =>
        log.error({ stuck }, `heartbeat withheld: ${stuck.map((one) => one.loop).join(', ')} stuck`),
      onBeat() {
        noting(log, 'health file', () => file.write({ status: statusLine(), ...state() }));
        onBeat?.();
      },
    }),
    remove: () => noting(log, 'health file', () => file.remove()),
  };
}
