/** The space of the file system that holds the state directory: how long the outbox can go on growing. */

import { statfs } from 'node:fs/promises';
import type { Measurement } from '../../sensor-source.ts';
import { absentAsUndefined } from './kernel-files.ts';
import { percentOf } from './percent.ts';

export async function readDiskSpace(dir: string, signal: AbortSignal): Promise<readonly Measurement[]> {
  signal.throwIfAborted();
  const space = await absentAsUndefined(() => statfs(dir));
  if (space === undefined || space.blocks === 0) return [];
  // bavail leaves out the blocks reserved for root: it is what the gateway itself may still write.
  const usable = space.blocks - space.bfree + space.bavail;
  return [
    { sensor: 'disk', metric: 'total', unit: 'byte', value: space.blocks * space.bsize },
    { sensor: 'disk', metric: 'free', unit: 'byte', value: space.bavail * space.bsize },
    { sensor: 'disk', metric: 'used', unit: 'percent', value: percentOf(space.blocks - space.bfree, usable) },
  ];
}
