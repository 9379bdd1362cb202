/**
 * The limits of the units under a real systemd and cgroup v2, which is how a Raspberry Pi has them: each is
 * enforced by the kernel, on the programs and units as they are installed, and none costs a reading. The
 * machine is emulated, and every start of a program in it takes its time, so the tests follow on each other.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { API, bootGateway, type GuestGateway, READER } from './guest-gateway.ts';
import { whyNoMachine } from './machine.ts';

/** The first machine is made from packages. */
const MAKING_MS = 600_000;
/** One limit, on a host that others use, too. */
const LIMIT_MS = 480_000;
/** Longer than the watchdog waits (30 s) and a heartbeat takes to come round. */
const STARVED_MS = 45_000;
/**
 * What a small Raspberry Pi (Zero 2 W) needs to start Node. A core of the emulated machine may be many times slower,
 * above all beside others, and then a twentieth of it would be less than we promise to do with.
 */
const NODE_START_MS = 500;
const QUOTA_PERCENT = 5;
/** More would be no limit any more: as installed it has 75. */
const QUOTA_PERCENT_MAX = 50;

const LEAKING = 'Environment="NODE_OPTIONS=--import /opt/sensor-gateway/payload/test/vm/leak.js"';

const reason = whyNoMachine();

describe.skipIf(reason !== undefined)(
  `the units in a machine of their own${reason === undefined ? '' : ` (${reason})`}`,
  { timeout: LIMIT_MS },
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'sensorgw-vm-'));
    let gateway: GuestGateway;
    beforeAll(async () => {
      gateway = await bootGateway(dir);
    }, MAKING_MS);
    afterAll(async () => {
      await gateway?.cutPower();
      rmSync(dir, { recursive: true, force: true });
    });
    const watchdogs = () => gateway.saidSoFar("Failed with result 'watchdog'");

    test('sample and deliver as they are installed', async () => {
      await gateway.startWith([]);

      await gateway.rounds(5);

      for (const unit of [READER, API]) expect(await gateway.property(unit, 'NRestarts')).toBe('0');
    });

    test('are late, but never taken for dead, with a twentieth of a core', async () => {
      const quota = await twentiethOfCore(gateway);
      await gateway.limit(`CPUQuota=${quota}%`);
      const before = await gateway.limitFile('cpu.stat');

      await sleep(STARVED_MS);
      await gateway.rounds(1);

      expect(throttled(await gateway.limitFile('cpu.stat'))).toBeGreaterThan(throttled(before));
      await gateway.limit('CPUQuota=');
      await gateway.rounds(2);
      expect(watchdogs()).toBe(0);
    });

    test('survive being stopped for less than WatchdogSec', async () => {
      await gateway.do(`systemctl kill --signal=SIGSTOP --kill-whom=main ${READER}`);
      await sleep(10_000);
      await gateway.do(`systemctl kill --signal=SIGCONT --kill-whom=main ${READER}`);

      await gateway.rounds(2);

      expect(watchdogs()).toBe(0);
    });

    test('twin: are ended by the watchdog when they are stopped for longer, and come back', async () => {
      const ended = gateway.saidOfReader("Failed with result 'watchdog'");
      await gateway.do(`systemctl kill --signal=SIGSTOP --kill-whom=main ${READER}`);

      await ended;

      await gateway.rounds(2);
    });

    test('are back after the kernel has killed one for its memory', async () => {
      await gateway.startWith([LEAKING, 'MemoryMax=200M', 'MemorySwapMax=0']);
      const killed = gateway.saidOfReader("Failed with result 'oom-kill'");
      await gateway.do(`systemctl kill --signal=SIGUSR2 --kill-whom=main ${READER}`);

      await killed;

      await gateway.rounds(2);
    });

    test('do their work with 15 tasks and 64 open files', async () => {
      await gateway.startWith(['TasksMax=15', 'LimitNOFILE=64']);

      await gateway.rounds(5);

      expect(await gateway.limitFile('pids.max')).toBe('15');
      expect(await gateway.limitFile('pids.events')).toBe('max 0');
      const limits = await gateway.do(`cat /proc/$(systemctl show --value -p MainPID ${READER})/limits`);
      expect(limits).toMatch(/open files +64 /);
      for (const unit of [READER, API]) expect(await gateway.property(unit, 'NRestarts')).toBe('0');
    });

    test('have lost nothing in all of that, and stored nothing twice', async () => {
      expect(await gateway.accounts()).toMatchObject({ problems: [], buried: 0, gone: 0 });
    });
  },
);

/** In percent of a core of the machine: what a twentieth of a small Raspberry Pi's is. */
async function twentiethOfCore(gateway: GuestGateway): Promise<number> {
  const startedMono = performance.now();
  await gateway.do('node -e 0');
  const slowness = (performance.now() - startedMono) / NODE_START_MS;
  return Math.round(Math.min(QUOTA_PERCENT_MAX, QUOTA_PERCENT * Math.max(1, slowness)));
}

/** How often the kernel has made it wait for its next share. */
function throttled(cpuStat: string): number {
  return Number(/nr_throttled (\d+)/.exec(cpuStat)?.[1]);
}
