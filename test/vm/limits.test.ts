/**
 * The limits of the units under a real systemd and cgroup v2, which is how a Raspberry Pi has them: each is
 * enforced by the kernel, on the programs and units as they are installed, and none costs a reading.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Child, Line } from '../support/child.ts';
import { guestImage } from './guest-image.ts';
import { appImage, startMachine, whyNoMachine } from './machine.ts';

/** The first machine is made from packages. */
const MAKING_MS = 300_000;
/** One limit, on a machine that shares its two cores with others. */
const LIMIT_MS = 480_000;

/** No reading is missing, none is there twice, and there were some to look for. */
const KEPT = { problems: [], heard: true, buried: 0, gone: 0 };

const reason = whyNoMachine();

describe.skipIf(reason !== undefined)(
  `the units in a machine of their own${reason === undefined ? '' : ` (${reason})`}`,
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'sensorgw-vm-'));
    let machine: Child;
    beforeAll(() => {
      machine = startMachine({
        image: guestImage(),
        app: appImage(dir, ['test/vm/payloads/limits.ts']),
        payload: 'limits.js',
        console: join(dir, 'console'),
      });
    }, MAKING_MS);
    afterAll(async () => {
      machine?.kill('SIGKILL');
      await machine?.exited;
      rmSync(dir, { recursive: true, force: true });
    });
    /** What the payload found under this limit. */
    const found = (limit: string): Promise<Line> => machine.line((line) => line.limit === limit);

    test('sample, deliver and stop as they are installed', { timeout: LIMIT_MS }, async () => {
      expect(await found('nothing')).toMatchObject({ ...KEPT, restarts: 0 });
    });

    test('do their work with 15 tasks and 64 open files', { timeout: LIMIT_MS }, async () => {
      const limits = await found('TasksMax=15 and LimitNOFILE=64');

      expect(limits).toMatchObject({ ...KEPT, restarts: 0, enforced: ['15', '64'] });
      expect(limits.tasks).toBeLessThanOrEqual(15);
    });

    test('are back after the kernel has killed one for its memory, with nothing lost', {
      timeout: LIMIT_MS,
    }, async () => {
      expect(await found('MemoryMax')).toMatchObject({ ...KEPT, restarted: true });
    });

    test('are late, but never taken for dead, with a twentieth of a core', {
      timeout: LIMIT_MS,
    }, async () => {
      const limits = await found('CPUQuota=5%');

      expect(limits).toMatchObject({ ...KEPT, restarts: 0, watchdogs: 0 });
      expect(limits.throttled).toBeGreaterThan(0);
      expect(limits.slowly).toBeGreaterThan(0);
      // In three times the time.
      expect(limits.slowly).toBeLessThan(3 * Number(limits.quietly));
    });

    test('survive being stopped for less than WatchdogSec', { timeout: LIMIT_MS }, async () => {
      expect(await found('a stop below WatchdogSec')).toMatchObject({ ...KEPT, restarts: 0, watchdogs: 0 });
    });

    test('twin: are ended by the watchdog when they are stopped for longer, and nothing is lost', {
      timeout: LIMIT_MS,
    }, async () => {
      expect(await found('a stop beyond WatchdogSec')).toMatchObject({ ...KEPT, restarts: 1 });
    });
  },
);
