#!/usr/bin/env node
/** The reader: samples the sensors, keeps every round in its outbox, and delivers it. */

import { runProgram } from './wiring/program.ts';
import { READER, startReader } from './wiring/reader.ts';

await runProgram(READER, startReader);
