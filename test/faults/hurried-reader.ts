/**
 * The reader, whole and real, for which time passes faster: what it does in five minutes can then be seen in
 * half a minute. Only its own clock hurries; the network and the disk are as fast as they are.
 *
 *   HURRY=12 node hurried-reader.js
 */

import type { Clock } from '../../lib/base/clock.ts';
import { runProgram } from '../../src/wiring/program.ts';
import { READER, startReader } from '../../src/wiring/reader.ts';

const factor = Number(process.env.HURRY);
await runProgram(READER, (context) => startReader({ ...context, clock: hurried(context.clock) }));

function hurried(clock: Clock): Clock {
  const startMono = clock.monotonicMs();
  return {
    // Readings must not come from the future.
    wallMs: clock.wallMs,
    monotonicMs: () => startMono + (clock.monotonicMs() - startMono) * factor,
    sleep: (name, ms, signal) => clock.sleep(name, ms / factor, signal),
  };
}
