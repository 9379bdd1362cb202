/**
 * The limits of the units, at work: a leak ends in good order before the kernel has to kill, a kill loses
 * nothing, and little of everything else is enough. Version 1 of cgroups; the virtual machine has version 2.
 */

import { beforeAll, describe, it } from 'vitest';
import { bootableRoot, MAKING_MS, whyNoBootedMachine } from '../support/booted-machine.ts';
import {
  API,
  type Entry,
  heartbeatAt,
  type InstalledGateway,
  installGateway,
  isStored,
  READER,
  runningGateway,
} from './installed-gateway.ts';

const why = whyNoBootedMachine();

const says = (text: string) => (entry: Entry) => String(entry.msg).includes(text);

/** What systemd has said of the reader. */
const ofReader = (gateway: InstalledGateway, text: RegExp) =>
  gateway.journal.lines.filter((line) => line.UNIT === READER && text.test(String(line.MESSAGE)));

beforeAll(() => {
  if (why === undefined) bootableRoot('bookworm');
}, MAKING_MS);

describe
  .skipIf(why !== undefined)
  .concurrent(`within its limits the gateway${why === undefined ? '' : ` (${why})`}`, () => {
    it('ends in good order when memory leaks away, and is started afresh', async ({
      expect,
      onTestFinished,
    }) => {
      const gateway = await runningGateway(onTestFinished, {
        // What the kernel of a stock Raspberry Pi OS does with a limit: nothing.
        lines: ['MemoryMax=infinity', 'Environment=SENSORGW_UNIT_MEMORY_MIB=256'],
        faults: { FAULT: 'leak', LEAK_MIB_PER_S: '8' },
      });

      await gateway.setOff(READER);
      await gateway.said(READER, says('gave back what can be had again'));
      await gateway.said(READER, says('SGW_MEMORY_LIMIT'));
      await gateway.saidOf(READER, 'Started', 2);

      expect(ofReader(gateway, /status=75/)).toHaveLength(1);
      expect(ofReader(gateway, /code=killed/)).toEqual([]);
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });

    it('comes back with nothing lost when the kernel kills it for its memory', async ({
      expect,
      onTestFinished,
    }) => {
      const gateway = await runningGateway(onTestFinished, {
        lines: ['MemoryMax=200M', 'MemorySwapMax=0'],
        // Faster than anything that looks once a second.
        faults: { FAULT: 'leak', LEAK_MIB_PER_S: '2000' },
      });

      await gateway.setOff(READER);
      await gateway.saidOf(READER, 'code=killed, status=9/KILL');
      await gateway.saidOf(READER, 'Started', 2);

      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });

    it('works with 15 tasks and 64 open files', async ({ expect, onTestFinished }) => {
      const gateway = await installGateway({ onTestFinished });
      for (const unit of [READER, API]) await gateway.dropIn(unit, 'TasksMax=15', 'LimitNOFILE=64');

      await gateway.do('systemctl', 'start', API, READER);
      await gateway.said(READER, isStored, 10);

      for (const unit of [READER, API])
        expect(await gateway.show(unit)).toMatchObject({ ActiveState: 'active', NRestarts: '0' });
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });

    it('is late, but not killed, with a twentieth of a processor', async ({ expect, onTestFinished }) => {
      const gateway = await installGateway({ onTestFinished });
      await gateway.do('systemctl', 'start', API, READER);
      await gateway.said(READER, isStored, 2);
      await gateway.do('systemctl', 'stop', READER);
      await gateway.dropIn(READER, 'CPUQuota=5%');

      await gateway.do('systemctl', 'start', READER);
      const readyAt = await heartbeatAt(gateway);
      const stored = gateway.entries(READER).filter(isStored).length;
      await gateway.said(READER, isStored, stored + 2);
      // Longer than the watchdog of the unit waits.
      await gateway.until(async () => (await heartbeatAt(gateway)) > readyAt + 32);

      expect(await gateway.show(READER)).toMatchObject({ ActiveState: 'active', NRestarts: '0' });
      const throttled = `find /sys/fs/cgroup/cpu -path '*/${READER}/cpu.stat' -exec cat {} +`;
      expect(await gateway.do('sh', '-c', throttled)).toMatch(/^nr_throttled [1-9]\d\d/m);
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });

    it('stops within 5 s under load, with the batch in hand finished or rolled back', async ({
      expect,
      onTestFinished,
    }) => {
      const gateway = await runningGateway(onTestFinished);
      await gateway.do('systemctl', 'stop', API);
      // A backlog, so that the stop comes in the middle of a drain.
      await gateway.said(READER, (entry) => entry.event === 'outbox.appended', 12);
      await gateway.do('systemctl', 'start', API);

      for (let time = 0; time < 5; time += 1) {
        await gateway.do('systemctl', 'restart', READER);
        await gateway.do('systemctl', 'restart', API);
      }

      expect(ofReader(gateway, /timed out|SIGKILL/)).toEqual([]);
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });
  });
