/**
 * What is no reason for a restart: a world in which nothing works, a disk that takes its time, a program
 * that stood still for less than the watchdog allows. A watchdog that restarts then makes an outage worse.
 */

import { beforeAll, describe, it } from 'vitest';
import { bootableRoot, MAKING_MS, whyNoBootedMachine } from '../support/booted-machine.ts';
import {
  API,
  type Entry,
  heartbeatAt,
  installGateway,
  isStored,
  QUICK_CONFIG,
  READER,
  runningGateway,
  WATCHDOG_S,
} from './installed-gateway.ts';

const why = whyNoBootedMachine();

/** Of 3.6 kB each: twice what the journal's socket (8 MiB) and the program's own queue (1 MiB) hold. */
const CHATTER_LINES = 5_000;

const isRound = (entry: Entry) => entry.event === 'round.sampled';

beforeAll(() => {
  if (why === undefined) bootableRoot('bookworm');
}, MAKING_MS);

describe
  .skipIf(why !== undefined)
  .concurrent(`no restart comes of${why === undefined ? '' : ` (${why})`}`, () => {
    it('an API that is down for three times the watchdog’s limit', async ({ expect, onTestFinished }) => {
      const gateway = await runningGateway(onTestFinished, { watchdogS: WATCHDOG_S });

      await gateway.do('systemctl', 'stop', API);
      const soFar = gateway.entries(READER).filter(isRound).length;
      // Three times the limit; the pauses of the breaker are over and over again, too.
      await gateway.said(READER, isRound, soFar + 3 * WATCHDOG_S);
      await gateway.do('systemctl', 'start', API);
      await gateway.said(READER, (entry) => entry.event === 'breaker.closed');

      expect(await gateway.restarts(READER)).toBe(0);
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });

    it('sensors that are all unplugged, from the start on', async ({ expect, onTestFinished }) => {
      const gateway = await installGateway({ onTestFinished });
      gateway.put(
        '/etc/sensor-gateway/config.yaml',
        `${QUICK_CONFIG}sources: [{type: bme280, name: a}, {type: bme280, name: b, address: 0x77}]\n`,
      );
      await gateway.dropIn(READER, `WatchdogSec=${WATCHDOG_S}`);

      await gateway.do('systemctl', 'start', READER);
      await gateway.said(READER, (entry) => isRound(entry) && entry.sourcesFailed === 2, 12);

      expect(await gateway.show(READER)).toMatchObject({ ActiveState: 'active', NRestarts: '0' });
    });

    it('a check of the outbox at the start that takes longer than the start may', async ({
      expect,
      onTestFinished,
    }) => {
      const gateway = await runningGateway(onTestFinished);
      await gateway.do('systemctl', 'kill', '--signal=KILL', READER);
      await gateway.do('systemctl', 'stop', READER);
      await gateway.fault(READER, { SLOW_CHECK_MS: '25000' });
      await gateway.dropIn(READER, 'TimeoutStartSec=20');

      await gateway.do('systemctl', 'start', READER);

      await gateway.said(READER, (entry) => entry.msg === 'fault: a check of 25000 ms');
      expect(await gateway.show(READER)).toMatchObject({ ActiveState: 'active', NRestarts: '0' });
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });

    it('a stop of the whole program below the limit', async ({ expect, onTestFinished }) => {
      const gateway = await runningGateway(onTestFinished, { watchdogS: 20 });
      const rounds = gateway.entries(READER).filter(isRound).length;

      await gateway.do('systemctl', 'kill', '--signal=STOP', READER);
      await gateway.do('sleep', '5');
      await gateway.do('systemctl', 'kill', '--signal=CONT', READER);
      await gateway.said(READER, isRound, rounds + 3);

      expect(await gateway.restarts(READER)).toBe(0);
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });

    it('a log that nobody reads, of which what does not fit is counted and said', async ({
      expect,
      onTestFinished,
    }) => {
      const gateway = await runningGateway(onTestFinished, {
        watchdogS: WATCHDOG_S,
        // journald must not drop any of it on its part.
        lines: ['LogRateLimitIntervalSec=1s', 'LogRateLimitBurst=1000000'],
        faults: { FAULT: 'chatter', CHATTER_LINES: String(CHATTER_LINES) },
      });
      const journald = 'systemd-journald.service';

      // Its socket fills up, then the program's own queue, and both stay full for longer than the watchdog waits.
      await gateway.do('systemctl', 'kill', '--signal=STOP', journald);
      await gateway.setOff(READER);
      const full = await heartbeatAt(gateway);
      await gateway.until(async () => (await heartbeatAt(gateway)) > full + WATCHDOG_S + 4);
      const meanwhile = await gateway.show(READER);
      await gateway.do('systemctl', 'kill', '--signal=CONT', journald);
      await gateway.said(READER, (entry) => Number(entry.dropped) > 0);
      await gateway.said(READER, isStored, gateway.entries(READER).filter(isStored).length + 2);

      expect(meanwhile).toMatchObject({ ActiveState: 'active', NRestarts: '0' });
      const said = gateway.entries(READER);
      const chatter = said.filter((entry) => entry.chatter !== undefined).length;
      const dropped = said.reduce((sum, entry) => sum + Number(entry.dropped ?? 0), 0);
      expect(chatter).toBeLessThan(CHATTER_LINES);
      expect(chatter + dropped).toBeGreaterThanOrEqual(CHATTER_LINES);
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    });
  });
