/**
 * A driver of one's own. Once the fault `stuck-read` is set off, a read opens a FIFO that nobody writes to: one of
 * the threads that Node reads with is then gone for good, and nobody but the driver could have known.
 */

import { open } from 'node:fs/promises';
import { fault } from './fault.js';

export function createSource({ name }) {
  return {
    async read(signal) {
      signal.throwIfAborted();
      if (fault.active && fault.name === 'stuck-read') await open('/opt/faults/fifo', 'r');
      return [{ sensor: name, metric: 'level', unit: 'meter', value: 1 }];
    },
  };
}
