#!/usr/bin/env node
/** The monitor: looks at the gateway from outside, opens tickets and tells of them, and answers what is stored. */

import { createRequire } from 'node:module';

// See sensor-main.ts.
createRequire(import.meta.url)('./wiring/monitor.js');
const { MONITOR, startMonitor } = await import('./wiring/monitor.ts');
const { runProgram } = await import('./wiring/program.ts');

await runProgram(MONITOR, startMonitor);
