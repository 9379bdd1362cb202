/**
 * The recovery script under a real systemd: it mends what systemd believes to be fine or has given up on,
 * leaves alone what systemd or a person is at, and does nothing at all to a system that is well.
 */

import { beforeAll, describe, it } from 'vitest';
import { bootableRoot, MAKING_MS, whyNoBootedMachine } from '../support/booted-machine.ts';
import type { OnTestFinished } from '../support/temp-dir.ts';
import {
  API,
  type InstalledGateway,
  MONITOR,
  QUICK_CONFIG,
  READER,
  runningGateway,
} from './installed-gateway.ts';

const why = whyNoBootedMachine();

const SCRIPT = '/opt/sensor-gateway/current/monitor_and_recover.sh';
const NOTES = '/run/sensor-gateway-recover';
const SOCKET = '/run/sensor-gateway/sensor-api.sock';

beforeAll(() => {
  if (why === undefined) bootableRoot('bookworm');
}, MAKING_MS);

const recover = (gateway: InstalledGateway, ...options: string[]) => gateway.run(SCRIPT, ...options);

/** What the script must not have touched. */
async function processes(gateway: InstalledGateway): Promise<unknown> {
  const units = await Promise.all([READER, API].map((unit) => gateway.show(unit)));
  return units.map(({ MainPID, NRestarts, ActiveState }) => ({ MainPID, NRestarts, ActiveState }));
}

/** A reader that ends at each start, until systemd gives it up. */
async function readerAtStartLimit(onTestFinished: OnTestFinished): Promise<InstalledGateway> {
  const gateway = await runningGateway(onTestFinished);
  await gateway.dropIn(READER, 'ExecStartPre=/bin/false');
  await gateway.run('systemctl', 'restart', READER);
  await gateway.saidOf(READER, 'Start request repeated too quickly');
  return gateway;
}

describe
  .skipIf(why !== undefined)
  .concurrent(`the recovery script${why === undefined ? '' : ` (${why})`}`, () => {
    it('changes nothing on a healthy system, run a hundred times', async ({ expect, onTestFinished }) => {
      const gateway = await runningGateway(onTestFinished);
      const before = await processes(gateway);

      const { code, stdout } = await gateway.run(
        'sh',
        '-c',
        `for i in $(seq 100); do ${SCRIPT} || exit 1; done`,
      );

      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(await processes(gateway)).toEqual(before);
      expect((await gateway.do('ls', NOTES)).trim()).toBe('lock');
    });

    it('leaves an API alone that a person has stopped', async ({ expect, onTestFinished }) => {
      const gateway = await runningGateway(onTestFinished);
      await gateway.do('systemctl', 'stop', API);

      const runs = [await recover(gateway), await recover(gateway), await recover(gateway)];

      expect(runs.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
        Array(3).fill({ code: 0, stdout: '' }),
      );
      expect(await gateway.show(API)).toMatchObject({ ActiveState: 'inactive' });
    });

    it('restarts an API that is frozen where no watchdog does, at the second look', async ({
      expect,
      onTestFinished,
    }) => {
      const gateway = await runningGateway(onTestFinished);
      await gateway.dropIn(API, 'WatchdogSec=0');
      await gateway.do('systemctl', 'restart', API);
      await gateway.do('systemctl', 'kill', '--signal=STOP', API);

      const dry = [await recover(gateway, '--dry-run'), await recover(gateway, '--dry-run')];
      const first = await recover(gateway);
      const second = await recover(gateway);
      await gateway.saidOf(API, 'Started', 3);

      expect(dry[0]?.stdout).toEqual(dry[1]?.stdout);
      expect(first.stdout).toContain('will look again before doing anything');
      expect(second.stdout).toContain('2 times in a row; restarted');
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });

    it('leaves an API alone that has another port and a store that takes nothing: it lives', async ({
      expect,
      onTestFinished,
    }) => {
      const config = `${QUICK_CONFIG}api: {port: 18470}\n`;
      const gateway = await runningGateway(onTestFinished, { config });
      // Nobody listens there.
      gateway.put(
        '/etc/sensor-gateway/config.yaml',
        `${config}store: {url: "postgres://us@127.0.0.1:9/us"}\n`,
      );
      await gateway.do('systemctl', 'restart', API);
      const ask = `curl -s -o /dev/null -w '%{http_code}' --unix-socket ${SOCKET} http://localhost/health`;
      const health = await gateway.do('sh', '-c', ask);
      const before = await processes(gateway);

      const byCron = [await recover(gateway), await recover(gateway)];
      for (const _look of byCron) await gateway.do('systemctl', 'start', 'sensor-recover.service');

      expect(health).toBe('503');
      expect(byCron.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
        Array(2).fill({ code: 0, stdout: '' }),
      );
      expect(await processes(gateway)).toEqual(before);
      expect((await gateway.do('ls', NOTES)).trim()).toBe('lock');
    });

    it.for([
      ['its unit', 'systemctl start sensor-recover.service'],
      ['cron', SCRIPT],
    ] as const)(
      'tells a monitor in its sandbox that it has given a unit up, run by %s',
      async ([, command], { expect, onTestFinished }) => {
        const gateway = await readerAtStartLimit(onTestFinished);
        // Three hours later, by the clock that the script goes by.
        await gateway.do('sh', '-c', "awk '{ print $1 + 10800, $2 }' /proc/uptime >/run/later");
        const later = '[Service]\nEnvironment=RECOVER_UPTIME_FILE=/run/later\n';
        gateway.put('/etc/systemd/system/sensor-recover.service.d/later.conf', later);
        await gateway.do('systemctl', 'daemon-reload');
        const look = () => gateway.run('sh', '-c', `RECOVER_UPTIME_FILE=/run/later ${command}`);
        // It makes the directory, and starts the reader in vain.
        await look();
        await gateway.saidOf(READER, 'Start request repeated too quickly', 2);
        const laterS = Math.floor(Number(gateway.read('/run/later').split(' ')[0]));
        const restarts = [3_500, 2_000, 1_000].map((ago) => `${laterS - ago}\n`);
        gateway.put(`${NOTES}/${READER}.restarts`, restarts.join(''));

        await look();
        await gateway.do('systemctl', 'start', 'sensor-recover.timer');
        await gateway.dropIn(
          MONITOR,
          'Environment=SENSORGW_INVARIANTS_EVERY=1s',
          'Environment=SENSORGW_LOG_FORMAT=json',
        );
        await gateway.do('systemctl', 'start', MONITOR);
        await gateway.said(MONITOR, ({ key, change }) => key === 'recovery_gave_up' && change === 'opened');

        // Who can open it can hold it.
        const lock = await gateway.run('runuser', '-u', 'sensor-gateway', '--', 'cat', `${NOTES}/lock`);
        expect(lock.stderr).toContain('Permission denied');
      },
    );

    it('keeps out of the way while systemd restarts a reader that crashes again and again', async ({
      expect,
      onTestFinished,
    }) => {
      const gateway = await runningGateway(onTestFinished);
      await gateway.dropIn(READER, 'RestartSec=30s', 'ExecStartPre=/bin/false');
      await gateway.run('systemctl', 'restart', READER);
      await gateway.until(async () => (await gateway.show(READER)).SubState === 'auto-restart');

      const { code, stdout } = await recover(gateway);

      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(await gateway.show(READER)).toMatchObject({ SubState: 'auto-restart' });
    });

    it('waits for the cooldown at a start limit, and then starts the reader again', async ({
      expect,
      onTestFinished,
    }) => {
      const gateway = await readerAtStartLimit(onTestFinished);

      const soon = await recover(gateway);
      await gateway.do('rm', '-rf', `/etc/systemd/system/${READER}.d`);
      await gateway.do('systemctl', 'daemon-reload');
      // Five minutes later, by the clock that the script goes by.
      await gateway.do('sh', '-c', "awk '{ print $1 + 301, $2 }' /proc/uptime >/run/later");
      const later = await gateway.run('env', 'RECOVER_UPTIME_FILE=/run/later', SCRIPT);
      await gateway.until(async () => (await gateway.show(READER)).ActiveState === 'active');

      expect(soon.stdout).toContain('systemd has given up; will start it when 300 s have passed');
      expect(later.stdout).toContain('restarted');
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });

    it('runs once when it is started twice at the same time', async ({ expect, onTestFinished }) => {
      const gateway = await runningGateway(onTestFinished);
      await gateway.do('systemctl', 'kill', '--signal=STOP', API);

      const runs = await Promise.all([recover(gateway, '--verbose'), recover(gateway, '--verbose')]);

      const blocked = runs.filter(({ stdout }) => stdout.includes('another run is under way'));
      expect(blocked).toMatchObject([{ code: 0 }]);
    });

    it('reboots the machine from within its sandbox, where it may and nothing else has helped', async ({
      expect,
      onTestFinished,
    }) => {
      const gateway = await readerAtStartLimit(onTestFinished);
      // Three hours after the boot; a ticket has stood for longer than an hour, and so have three restarts.
      await gateway.do('sh', '-c', "awk '{ print $1 + 10800, $2 }' /proc/uptime >/run/later");
      const laterS = Math.floor(Number(gateway.read('/run/later').split(' ')[0]));
      const restarts = [3_500, 2_000, 1_000].map((ago) => `${laterS - ago}\n`);
      gateway.put(`${NOTES}/${READER}.restarts`, restarts.join(''));
      gateway.put(`${NOTES}/${READER}.ticket`, `${laterS - 3_700}\nunit: ${READER}\n`);
      const later = '[Service]\nEnvironment=RECOVER_UPTIME_FILE=/run/later\n';
      gateway.put('/etc/systemd/system/sensor-recover.service.d/later.conf', later);
      await gateway.do('systemctl', 'daemon-reload');

      await gateway.do('systemctl', 'start', 'sensor-recover.service');
      const kept = await gateway.show(READER);
      const may = `${later}Environment=RECOVER_REBOOT=yes\n`;
      gateway.put('/etc/systemd/system/sensor-recover.service.d/later.conf', may);
      await gateway.do('systemctl', 'daemon-reload');
      await gateway.run('systemctl', '--no-block', 'start', 'sensor-recover.service');

      expect(await gateway.ended()).toBe('rebooted');
      expect(kept).toMatchObject({ ActiveState: 'failed' });
      const said = gateway.journal.lines.map((line) => String(line.MESSAGE));
      expect(said.filter((text) => text.includes('rebooting the machine'))).toHaveLength(1);
    });

    it('is run by its timer, within its own sandbox', async ({ expect, onTestFinished }) => {
      const gateway = await runningGateway(onTestFinished);
      await gateway.dropIn(API, 'WatchdogSec=0');
      await gateway.do('systemctl', 'restart', API);
      gateway.put(
        '/etc/systemd/system/sensor-recover.timer.d/soon.conf',
        '[Timer]\nOnBootSec=1\nOnUnitInactiveSec=2\n',
      );
      await gateway.do('systemctl', 'daemon-reload');
      await gateway.do('systemctl', 'kill', '--signal=STOP', API);

      await gateway.do('systemctl', 'start', 'sensor-recover.timer');
      await gateway.journal.line((line) => String(line.MESSAGE).includes('2 times in a row; restarted'));
      await gateway.saidOf(API, 'Started', 3);

      expect(await gateway.show('sensor-recover.service')).toMatchObject({ Result: 'success' });
      const verified = await gateway.run('systemd-analyze', 'verify', '--man=no', 'sensor-recover.timer');
      expect(verified).toMatchObject({ code: 0, stderr: '' });
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });
  });
