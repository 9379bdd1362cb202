#!/usr/bin/env node
/** The write API: takes batches of readings over HTTP and stores each reading once. */

import { runProgram } from './wiring/program.ts';
import { startWriteApi, WRITE_API } from './wiring/write-api.ts';

await runProgram(WRITE_API, startWriteApi);
