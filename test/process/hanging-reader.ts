/** The reader, whole and real, with `hanging-addon.ts` for the addon that speaks to I2C. */

import { register } from 'node:module';
import { runProgram } from '../../src/wiring/program.ts';
import { READER, startReader } from '../../src/wiring/reader.ts';
import './hanging-addon.ts';

const addon = new URL('hanging-addon.js', import.meta.url).href;
const hook = `export async function resolve(specifier, context, next) {
  if (specifier !== 'i2c-bus') return next(specifier, context);
  return { url: ${JSON.stringify(addon)}, format: 'module', shortCircuit: true };
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

await runProgram(READER, startReader);
