/** SQLite as it is, but with SLOW_CHECK_MS a check of a whole file takes at least so long, and blocks as it does. */

import { quickCheck as realQuickCheck } from '/opt/sensor-gateway/current/dist/lib/base/sqlite.js';

export * from '/opt/sensor-gateway/current/dist/lib/base/sqlite.js';

export function quickCheck(...args) {
  const ms = Number(process.env.SLOW_CHECK_MS ?? 0);
  if (ms > 0) {
    process.stderr.write(`fault: a check of ${ms} ms\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  }
  return realQuickCheck(...args);
}
