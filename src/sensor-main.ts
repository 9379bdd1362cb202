#!/usr/bin/env node
/** The reader: samples the sensors, keeps every round in its outbox, and delivers it. */

import { createRequire } from 'node:module';

// Loads the modules one after the other. An import opens the files of dozens at once, which is more than
// a unit with a limit on open files may allow.
createRequire(import.meta.url)('./wiring/reader.js');
const { READER, startReader } = await import('./wiring/reader.ts');
const { runProgram } = await import('./wiring/program.ts');

await runProgram(READER, startReader);
