/**
 * The limits of the units under a real systemd and cgroup v2, which is how a Raspberry Pi has them: each is
 * enforced by the kernel, on the programs and units as they are installed, and none costs a reading. The
 * machine is emulated, and every start of a program in it takes its time, so the tests follow on each other.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoCard } from '../crash/card.ts';
import { API, bootGateway, type GuestGateway, READER } from './guest-gateway.ts';
import { whyNoMachine } from './machine.ts';

/** The first machine is made from packages. */
const MAKING_MS = 600_000;
/** One limit, on a host that others use, too. */
const LIMIT_MS = 480_000;
/**
 * Rounds more often than usual, so that there are some to see, but not as often as may be: with a round each second an
 * emulated machine beside others has so much to do that a read which is only starved is called stuck.
 */
const CONFIG = `
sampling: {interval: 3s, deadline: 1s}
sources: [{type: kernel, interval: 12s, deadline: 2400ms}, {type: simulated, name: a}, {type: simulated, name: b}, {type: simulated, name: c}]
`;

/** Longer than the watchdog waits (30 s) and a heartbeat takes to come round. */
const STARVED_MS = 45_000;
/**
 * Of a core of a small Raspberry Pi (Zero 2 W). One of the emulated machine may be many times slower, above all beside
 * others, and then a twentieth of it would be less than we promise to do with.
 */
const QUOTA_PERCENT = 5;
/** More would be no limit any more: as installed it has 75. */
const QUOTA_PERCENT_MAX = 50;

const LEAKING = 'Environment="NODE_OPTIONS=--import /opt/sensor-gateway/payload/test/vm/leak.js"';
/** All that they must do with. A leak is one that waits to be told to begin. */
const NARROW = [LEAKING, 'MemoryMax=200M', 'MemorySwapMax=0', 'TasksMax=15', 'LimitNOFILE=64'];

const MONITOR = 'sensor-monitor';
const DROP_IN = readFileSync(join(import.meta.dirname, '../../deploy/monitor-network.conf'), 'utf8');
/** Another machine: an address that is not one of localhost, and somebody who answers there. */
const ELSEWHERE = '[Socket]\nListenStream=192.0.2.1:8999\nFreeBind=yes\nAccept=yes\n';
const ANSWERING = '[Service]\nExecStart=/bin/echo reached\nStandardOutput=socket\n';
/** In the unit of the monitor, with all that it forbids, a program that only goes there: Node would take a minute. */
const STAND_IN = `[Service]
Type=oneshot
WatchdogSec=0
Restart=no
ExecStart=
ExecStart=/bin/bash -c 'exec 3<>/dev/tcp/192.0.2.1/8999 && grep -q reached <&3'
`;

const reason = whyNoMachine() ?? whyNoCard();

describe.skipIf(reason !== undefined)(
  `the units in a machine of their own${reason === undefined ? '' : ` (${reason})`}`,
  { timeout: LIMIT_MS },
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'sensorgw-vm-'));
    let gateway: GuestGateway;
    beforeAll(async () => {
      gateway = await bootGateway(dir, ['test/vm/leak.ts']);
      await gateway.configure(CONFIG);
    }, MAKING_MS);
    afterAll(async () => {
      await gateway?.cutPower();
      rmSync(dir, { recursive: true, force: true });
    });

    test('sample and deliver as they are installed', async () => {
      await gateway.start();

      await gateway.rounds(5);

      for (const unit of [READER, API]) expect(await gateway.property(unit, 'NRestarts')).toBe('0');
    });

    test('are late, but never taken for dead, with a twentieth of a core', async () => {
      const percent = Math.round(Math.min(QUOTA_PERCENT_MAX, QUOTA_PERCENT * (await gateway.slowness())));
      await gateway.limit(`CPUQuota=${percent}%`);
      const before = await gateway.limitFile('cpu.stat');

      await sleep(STARVED_MS);
      await gateway.rounds(1);

      expect(throttled(await gateway.limitFile('cpu.stat'))).toBeGreaterThan(throttled(before));
      await gateway.limit('CPUQuota=');
      await gateway.rounds(2);
      expect(gateway.failures()).toEqual([]);
    });

    test('survive being stopped for less than WatchdogSec', async () => {
      await gateway.do(`systemctl kill --signal=SIGSTOP --kill-whom=main ${READER}`);
      await sleep(10_000);
      await gateway.do(`systemctl kill --signal=SIGCONT --kill-whom=main ${READER}`);

      await gateway.rounds(2);

      expect(gateway.failures()).toEqual([]);
    });

    test('twin: are ended by the watchdog when they are stopped for longer, and come back', async () => {
      const ended = gateway.saidOfReader("Failed with result 'watchdog'");
      await gateway.do(`systemctl kill --signal=SIGSTOP --kill-whom=main ${READER}`);
      // Everything after this test is done in narrow limits; a start is what takes most of the time here.
      await gateway.nextStartWith(NARROW);
      await gateway.do(`systemctl restart ${API}`);

      await ended;

      await gateway.rounds(2);
    });

    test('do their work with 15 tasks and 64 open files', async () => {
      const failures = gateway.failures();

      await gateway.rounds(5);

      expect(await gateway.limitFile('pids.max')).toBe('15');
      expect(await gateway.limitFile('pids.events')).toBe('max 0');
      for (const unit of [READER, API]) {
        const limits = await gateway.do(`cat /proc/$(systemctl show --value -p MainPID ${unit})/limits`);
        expect(limits).toMatch(/open files +64 /);
      }
      expect(gateway.failures()).toEqual(failures);
      expect(await gateway.property(API, 'NRestarts')).toBe('0');
    });

    test('are back after the kernel has killed one for its memory', async () => {
      const killed = gateway.saidOfReader("Failed with result 'oom-kill'");
      await gateway.do(`systemctl kill --signal=SIGUSR2 --kill-whom=main ${READER}`);

      await killed;

      await gateway.rounds(2);
      // What the monitor will tell of, although both run again.
      expect(await gateway.do(`cat /run/sensor-gateway/${READER}.ends`)).toMatch(
        /^\S+ watchdog killed ABRT\n(?:.*\n)*\S+ oom-kill killed KILL$/m,
      );
    });

    test('let what runs as the monitor reach this machine alone, and others with the drop-in', async () => {
      await gateway.put('/run/systemd/system/elsewhere.socket', ELSEWHERE);
      await gateway.put('/run/systemd/system/elsewhere@.service', ANSWERING);
      await gateway.put(`/run/systemd/system/${MONITOR}.service.d/stand-in.conf`, STAND_IN);
      await gateway.do('ip address add 192.0.2.1/32 dev lo && systemctl daemon-reload');
      await gateway.do('systemctl start elsewhere.socket');

      const shut = await gateway.run(`systemctl start ${MONITOR}`);
      await gateway.put(`/run/systemd/system/${MONITOR}.service.d/network.conf`, DROP_IN);
      await gateway.do('systemctl daemon-reload');
      const open = await gateway.run(`systemctl start ${MONITOR}`);

      // 1: it was started, and has failed.
      expect([shut.code, open]).toEqual([1, { code: 0, output: '' }]);
    });

    test('have lost nothing in all of that, and stored nothing twice', async () => {
      expect(await gateway.accounts()).toMatchObject({ problems: [], buried: 0, gone: 0 });
    });
  },
);

/** How often the kernel has made it wait for its next share. */
function throttled(cpuStat: string): number {
  return Number(/nr_throttled (\d+)/.exec(cpuStat)?.[1]);
}
