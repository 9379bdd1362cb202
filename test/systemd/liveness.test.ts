/**
 * The watchdog under a real systemd. A reader that does not get on any more is restarted, whatever keeps
 * it; one that gets on in a bad world is not. Each time every reading that was accepted is accounted for.
 * The limits are short so that a test is; what the units themselves say stands in `units.test.ts`.
 */

import { beforeAll, describe, it } from 'vitest';
import { bootableRoot, MAKING_MS, whyNoBootedMachine } from '../support/booted-machine.ts';
import type { OnTestFinished } from '../support/temp-dir.ts';
import {
  API,
  type Circumstances,
  heartbeatAt,
  type InstalledGateway,
  QUICK_CONFIG,
  READER,
  runningGateway,
  WATCHDOG_S,
} from './installed-gateway.ts';

const why = whyNoBootedMachine();

beforeAll(() => {
  if (why === undefined) bootableRoot('bookworm');
}, MAKING_MS);

const watchedGateway = (finished: OnTestFinished, circumstances: Circumstances = {}) =>
  runningGateway(finished, { watchdogS: WATCHDOG_S, ...circumstances });

/** The watchdog has acted, and the reader delivers again. */
async function restartedByWatchdog(gateway: InstalledGateway): Promise<void> {
  await gateway.saidOf(READER, 'Watchdog timeout');
  await gateway.saidOf(READER, 'Started', 2);
}

const roundsIn = (gateway: InstalledGateway) =>
  gateway.entries(READER).filter((entry) => entry.event === 'round.sampled').length;

/** What hangs from the start on costs its own readings and no restart: it must have been read once. */
const bothSourcesRead = (gateway: InstalledGateway) =>
  gateway.said(READER, (entry) => entry.event === 'round.sampled' && entry.sourcesOk === 2);

describe
  .skipIf(why !== undefined)
  .concurrent(
    `a reader that does not get on is restarted by the watchdog, and nothing is lost${why === undefined ? '' : ` (${why})`}:`,
    () => {
      it('an endless loop', async ({ expect, onTestFinished }) => {
        const gateway = await watchedGateway(onTestFinished, { faults: { FAULT: 'endless-loop' } });

        await gateway.setOff(READER);
        await restartedByWatchdog(gateway);

        expect(await gateway.restarts(READER)).toBe(1);
        expect(await gateway.accountForAll()).toBeGreaterThan(0);
      });

      it('a promise that never settles', async ({ expect, onTestFinished }) => {
        const gateway = await watchedGateway(onTestFinished, { faults: { FAULT: 'never-settles' } });

        await gateway.setOff(READER);
        await gateway.said(READER, (entry) => String(entry.msg).includes('heartbeat withheld: sampling'));
        await restartedByWatchdog(gateway);

        expect(await gateway.accountForAll()).toBeGreaterThan(0);
      });

      it('twin: over the same promise a heartbeat that a bare timer drives goes on and on', async ({
        expect,
        onTestFinished,
      }) => {
        const gateway = await watchedGateway(onTestFinished, {
          faults: { FAULT: 'never-settles', BARE_TIMER: 'yes' },
        });

        await gateway.setOff(READER);
        await gateway.said(READER, (entry) => entry.msg === 'fault: never-settles');
        const setOffAt = await heartbeatAt(gateway);
        const rounds = roundsIn(gateway);
        // Longer than the promise, the patience and the watchdog of the test above together.
        await gateway.until(async () => (await heartbeatAt(gateway)) > setOffAt + 22 + WATCHDOG_S);

        expect(await gateway.restarts(READER)).toBe(0);
        // One may have been under way.
        expect(roundsIn(gateway) - rounds).toBeLessThanOrEqual(1);
      });

      it('a read that hangs in a driver and has taken its thread along', async ({
        expect,
        onTestFinished,
      }) => {
        const gateway = await watchedGateway(onTestFinished, {
          config: `${QUICK_CONFIG}sources: [simulated, {type: module, name: tank, path: /opt/faults/stuck-source.js, deadline: 500ms}]\n`,
          faults: { FAULT: 'stuck-read' },
        });
        await bothSourcesRead(gateway);
        await gateway.do('mkfifo', '--mode=666', '/opt/faults/fifo');

        await gateway.setOff(READER);
        await gateway.said(READER, (entry) => String(entry.msg).includes('heartbeat withheld: read tank'));
        await restartedByWatchdog(gateway);

        expect(await gateway.accountForAll()).toBeGreaterThan(0);
      });

      it('twin: on an I2C bus of which is known that it hangs, it costs its own readings and no restart', async ({
        expect,
        onTestFinished,
      }) => {
        const gateway = await watchedGateway(onTestFinished, {
          config: `${QUICK_CONFIG}sources: [simulated, {type: bme280, deadline: 500ms}]\ni2c: {timeout: 200ms}\n`,
          faults: { FAULT: 'stuck-read' },
        });
        await bothSourcesRead(gateway);
        await gateway.do('mkfifo', '--mode=666', '/opt/faults/fifo');

        await gateway.setOff(READER);
        await gateway.said(READER, (entry) => String(entry.msg).includes('bus 1 hangs'));
        const hangsAt = await heartbeatAt(gateway);
        const rounds = roundsIn(gateway);
        // Longer than the minute, the patience and the watchdog of the test above together.
        await gateway.until(async () => (await heartbeatAt(gateway)) > hangsAt + 72 + WATCHDOG_S);

        expect(await gateway.restarts(READER)).toBe(0);
        expect(roundsIn(gateway) - rounds).toBeGreaterThan(15);
        expect(await gateway.accountForAll()).toBeGreaterThan(0);
      });

      it('SIGSTOP', async ({ expect, onTestFinished }) => {
        const gateway = await watchedGateway(onTestFinished);

        await gateway.do('systemctl', 'kill', '--signal=STOP', READER);
        await restartedByWatchdog(gateway);

        expect(await gateway.accountForAll()).toBeGreaterThan(0);
      });

      it('SIGSTOP of the write API, which leaves the reader alone', async ({ expect, onTestFinished }) => {
        const gateway = await watchedGateway(onTestFinished);

        await gateway.do('systemctl', 'kill', '--signal=STOP', API);
        await gateway.saidOf(API, 'Watchdog timeout');
        await gateway.saidOf(API, 'Started', 2);

        expect(await gateway.restarts(READER)).toBe(0);
        expect(await gateway.accountForAll()).toBeGreaterThan(0);
      });
    },
  );
