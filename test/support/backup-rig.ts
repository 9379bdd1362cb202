/** The monitor's way to copies of a store: its read API over real HTTP, and the worker that copies, compiled. */

import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';
import type { RefusedRequest } from '../../lib/base/http/problem-answers.ts';
import { createReadApi } from '../../lib/ops/read-api/server.ts';
import {
  createStoreBackups,
  type StoreBackups,
  type StoreBackupsOptions,
} from '../../lib/ops/read-api/store-backups.ts';
import { compileForChild } from './compiled.ts';
import type { StoreRig } from './store-rig.ts';

export interface BackupRig {
  readonly backups: StoreBackups;
  /** Where it listens. */
  readonly url: string;
  readonly refused: readonly RefusedRequest[];
}

/** Closed with the store when the test ends. */
export async function startBackups(
  rig: StoreRig,
  more: Partial<StoreBackupsOptions> = {},
): Promise<BackupRig> {
  const compiled = compileForChild('lib/ops/read-api/backup-worker.ts');
  const backups = createStoreBackups({
    file: rig.file,
    dir: dirname(rig.file),
    reserveBytes: 0,
    worker: pathToFileURL(join(compiled, 'lib/ops/read-api/backup-worker.js')),
    clock: systemClock,
    ...more,
  });
  const refused: RefusedRequest[] = [];
  const api = createReadApi({
    ask: rig.ask,
    backups,
    clock: systemClock,
    program: 'sensor-monitor',
    version: '1.2.3',
    onRefused: (one) => refused.push(one),
  });
  const { url } = await api.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await backups.close();
    await api.close();
    await rig.close();
  });
  return { backups, url, refused };
}
