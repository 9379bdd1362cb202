/** The watch of an installed monitor, in the sandbox of its unit: it sees what it is to see, and nothing keeps it from it. */

import { beforeAll, describe, it } from 'vitest';
import { bootableRoot, MAKING_MS, whyNoBootedMachine } from '../support/booted-machine.ts';
import { API, type Entry, MONITOR, READER, runningGateway, WATCHDOG_S } from './installed-gateway.ts';

const why = whyNoBootedMachine();

const HEALTH = '/run/sensor-gateway/sensor-monitor.health.json';
const SENSORCTL = '/opt/sensor-gateway/current/dist/src/sensorctl.js';
const LOOKS = ['Environment=SENSORGW_INVARIANTS_EVERY=1s', 'Environment=SENSORGW_LOG_FORMAT=json'];

beforeAll(() => {
  if (why === undefined) bootableRoot('bookworm');
}, MAKING_MS);

const says = (key: string, change: string) => (entry: Entry) => entry.key === key && entry.change === change;

describe
  .skipIf(why !== undefined)
  .concurrent(`the watch of an installed monitor${why === undefined ? '' : ` (${why})`}`, () => {
    it('asks systemd, reads files and databases, and has an answer from every part', async ({
      expect,
      onTestFinished,
    }) => {
      const gateway = await runningGateway(onTestFinished);
      await gateway.dropIn(MONITOR, ...LOOKS);
      await gateway.do('systemctl', 'enable', API);
      await gateway.do('systemctl', 'start', MONITOR);

      await gateway.do('systemctl', 'stop', API);
      await gateway.said(MONITOR, says('unit_failed:sensor-api-write', 'opened'));
      await gateway.do('systemctl', 'start', API);
      await gateway.said(MONITOR, says('unit_failed:sensor-api-write', 'resolved'));

      const watch = async () => JSON.parse(await gateway.do('cat', HEALTH)).watch;
      // Its health file is of its last heartbeat.
      await gateway.until(async () => (await watch()).looks > 5);
      expect((await watch()).unanswered).toEqual([]);
    });

    it('has one ticket of a program that the watchdog has killed, although it runs again', async ({
      expect,
      onTestFinished,
    }) => {
      const gateway = await runningGateway(onTestFinished, { watchdogS: WATCHDOG_S });
      await gateway.dropIn(MONITOR, ...LOOKS);
      await gateway.do('systemctl', 'start', MONITOR);
      const key = 'watchdog_kills:sensor-main';

      for (const times of [1, 2]) {
        await gateway.do('systemctl', 'kill', '--signal=STOP', READER);
        await gateway.saidOf(READER, 'Watchdog timeout', times);
        await gateway.saidOf(READER, 'Started', times + 1);
      }
      await gateway.said(MONITOR, says(key, 'opened'));
      // It was stopped in order, and killed by somebody: neither is a matter of the watchdog.
      await gateway.do('systemctl', 'stop', API);
      await gateway.do('systemctl', 'start', API);
      await gateway.do('systemctl', 'kill', '--signal=KILL', API);
      await gateway.saidOf(API, 'Started', 3);
      const tickets = async () =>
        JSON.parse(await gateway.do('node', SENSORCTL, 'tickets', 'list', '--all', '--json')).tickets.filter(
          (one: { key: string }) => one.key.startsWith('watchdog_kills'),
        );
      await gateway.until(async () => /[2-9] times/.test((await tickets())[0]?.title));

      expect((await tickets()).map((one: { key: string }) => one.key)).toEqual([key]);
      expect(await gateway.do('cat', '/run/sensor-gateway/sensor-main.ends')).toMatch(
        /^(\d+\.\d+ watchdog killed ABRT\n?){2,}$/,
      );
      expect(await gateway.do('cat', '/run/sensor-gateway/sensor-api-write.ends')).toMatch(
        /^\d+\.\d+ signal killed KILL$/m,
      );
    });
  });
