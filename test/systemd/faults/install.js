/**
 * Puts faults into a program that knows nothing of them: loaded before it with `--import`, chosen by the
 * variable FAULT, and set off by SIGUSR2. A fault either happens at once, in here, or in a module that
 * stands in for one of the program's own and does what that one does until the signal comes.
 */

import { register } from 'node:module';
import { onSetOff, setOff } from './fault.js';

register('./stand-ins.js', import.meta.url);
// Loaded here and now: the program itself would get them through `require`, which asks no stand-in.
await import('/opt/sensor-gateway/current/dist/src/wiring/reader.js');

/** How fast a leak grows, and in which steps. */
const LEAK_MIB_PER_S = Number(process.env.LEAK_MIB_PER_S ?? 0);
const LEAK_EVERY_MS = 100;

/** @type {Buffer[]} */
const leaked = [];

onSetOff('endless-loop', () => {
  for (;;);
});

onSetOff('leak', () => {
  const bytes = (LEAK_MIB_PER_S * 1_048_576 * LEAK_EVERY_MS) / 1_000;
  // Filled, because memory that nobody has written to is not there yet.
  setInterval(() => leaked.push(Buffer.alloc(bytes, 1)), LEAK_EVERY_MS);
});

process.on('SIGUSR2', setOff);
