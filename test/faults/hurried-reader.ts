/**
 * The reader, whole and real, for which time passes faster: what it does in five minutes can then be seen in
 * half a minute. Only its own clock hurries; the network and the disk are as fast as they are.
 *
 *   HURRY=12 node hurried-reader.js
 */

import { runProgram } from '../../src/wiring/program.ts';
import { READER, startReader } from '../../src/wiring/reader.ts';
import { hurriedClock } from '../support/hurried-clock.ts';

const factor = Number(process.env.HURRY);
await runProgram(READER, (context) =>
  startReader({ ...context, clock: hurriedClock(context.clock, factor) }),
);
