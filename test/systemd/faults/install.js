/**
 * Puts faults into a program that knows nothing of them: loaded before it with `--import`, chosen by the
 * variable FAULT, and set off by SIGUSR2. A fault either happens at once, in here, or in a module that
 * stands in for one of the program's own and does what that one does until the signal comes.
 */

import { register } from 'node:module';

export const fault = { name: process.env.FAULT ?? '', active: false };

register('./stand-ins.js', import.meta.url);

/** Bytes that a leak takes each time, and how often it does. */
const LEAK_BYTES = 4 * 1_048_576;
const LEAK_EVERY_MS = 100;

/** @type {Buffer[]} */
const leaked = [];

process.on('SIGUSR2', () => {
  fault.active = true;
  process.stderr.write(`fault: ${fault.name}\n`);
  if (fault.name === 'endless-loop') for (;;);
  // Filled, because memory that nobody has written to is not there yet.
  if (fault.name === 'leak') setInterval(() => leaked.push(Buffer.alloc(LEAK_BYTES, 1)), LEAK_EVERY_MS);
});
