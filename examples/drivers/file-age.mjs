/**
 * An example of a driver for something that is no chip: how old a file is, such as the last backup. A module that
 * exports `createSource` is handed what it needs, and returns how to read it (docs/drivers.md).
 */

import { stat } from 'node:fs/promises';

/** What is watched. Two copies of this file, with two paths here, are two sources. */
const FILE = '/etc/hostname';

/** `name` is the source's name in the configuration. */
export function createSource({ name }) {
  return {
    async read(signal) {
      signal.throwIfAborted();
      // What it throws is the reason that people are told, so it should say what to look at.
      const { mtimeMs } = await stat(FILE);
      return [
        { sensor: name, metric: 'age', unit: 'second', value: Math.max(0, (Date.now() - mtimeMs) / 1_000) },
      ];
    },
  };
}
