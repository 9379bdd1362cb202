#!/usr/bin/env node
/** The write API: takes batches of readings over HTTP and stores each reading once. */

import { createRequire } from 'node:module';

// See sensor-main.ts.
createRequire(import.meta.url)('./wiring/write-api.js');
const { startWriteApi, WRITE_API } = await import('./wiring/write-api.ts');
const { runProgram } = await import('./wiring/program.ts');

await runProgram(WRITE_API, startWriteApi);
