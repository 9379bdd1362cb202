/**
 * The reader, whole and real, for which time passes faster: what it does in five minutes can then be seen in
 * half a minute. Only its own clock hurries; the network and the disk are as fast as they are.
 *
 *   HURRY=12 node hurried-reader.js
 *   HURRY=60 HURRY_FROM=2026-01-15T22:00Z node hurried-reader.js     the time of day hurries, too
 */

import { runProgram } from '../../src/wiring/program.ts';
import { READER, startReader } from '../../src/wiring/reader.ts';
import { hurriedClock } from '../support/hurried-clock.ts';

const factor = Number(process.env.HURRY);
const { HURRY_FROM: from } = process.env;
await runProgram(READER, (context) =>
  startReader({
    ...context,
    clock: hurriedClock(context.clock, factor, from === undefined ? undefined : Date.parse(from)),
  }),
);
