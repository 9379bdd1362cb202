/**
 * The installed reader, with its unit and as its user, on I2C buses of a real kernel: fifty chips that are well,
 * and beside them one that hangs for ever, one that fails in five, a bus that it may not open and one that is not
 * there. The hang is the worst that there is: a call in the kernel that not even SIGKILL ends.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoCard } from '../../crash/card.ts';
import { type AcceptedRound, API, bootGateway, type GuestGateway, READER } from '../guest-gateway.ts';
import { whyNoMachine } from '../machine.ts';
import { BOARD, BUS, boardSources, CROWD_SIZE, READABLE } from './board.ts';

/** The first machine is made from packages. */
const MAKING_MS = 600_000;
/** Two starts of a program in an emulated machine, and some rounds, on a host that others use, too. */
const SCENE_MS = 480_000;
const ROUNDS = 3;
/** The usual interval, and a longer one where the machine is so slow that a round of so many chips would not fit. */
const INTERVAL_MS = 10_000;
const INTERVAL_MAX_MS = 30_000;
/** At which an emulated machine on a quiet host has no need of that. */
const USUAL_SLOWNESS = 2;

const SENSORCTL = 'node /opt/sensor-gateway/dist/src/sensorctl.js';

const reason = whyNoMachine() ?? whyNoCard();

describe.skipIf(reason !== undefined)(
  `the installed reader on I2C buses${reason === undefined ? '' : ` (${reason})`}`,
  { timeout: SCENE_MS },
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'sensorgw-vm-'));
    let gateway: GuestGateway;
    let intervalMs = INTERVAL_MS;
    /** Longer than the kernel waits by itself (2 s), so that nothing but a hang is taken for one. */
    const exchangeMaxMs = () => intervalMs / 4;
    beforeAll(async () => {
      gateway = await bootGateway(dir, ['test/vm/i2c/plugged-board.ts']);
      const longer = INTERVAL_MS * ((await gateway.slowness()) / USUAL_SLOWNESS);
      intervalMs = 1_000 * Math.round(Math.min(INTERVAL_MAX_MS, Math.max(INTERVAL_MS, longer)) / 1_000);
      await gateway.configure(`
sampling: {interval: ${intervalMs}ms, deadline: ${intervalMs * 0.8}ms}
i2c: {timeout: ${exchangeMaxMs()}ms}
sources:
${boardSources()}
`);
    }, MAKING_MS);
    afterAll(async () => {
      await gateway?.cutPower();
      rmSync(dir, { recursive: true, force: true });
    });

    test('is told how to switch I2C on where there is no bus at all', async () => {
      // Meanwhile the write API starts, which has nothing to do with buses and takes as long.
      const { output } = await gateway.run(`
        systemctl start --no-block ${API}
        ${SENSORCTL} doctor --step i2c >/run/doctor 2>&1 &
        ${SENSORCTL} sensors scan >/run/scan 2>&1
        wait; cat /run/doctor /run/scan`);

      expect(output).toMatch(/\/dev\/i2c-0 does not exist: I2C is switched off.*\n.*raspi-config/);
      expect(output).toContain('There is no I2C bus. On a Raspberry Pi: sudo raspi-config');
    });

    test('reads fifty chips in each round, whatever hangs, fails, is forbidden or missing beside them', async () => {
      await gateway.do(`
        modprobe -a i2c-dev vhci-hcd i2c-tiny-usb
        node test/vm/i2c/plugged-board.js >/dev/hvc0 2>&1 &`);
      const { plugged } = await gateway.process.line((line) => line.plugged !== undefined);
      expect(plugged).toEqual([...BOARD.keys()]);
      await gateway.do(`
        chgrp i2c /dev/i2c-* && chmod 660 /dev/i2c-*
        chgrp root /dev/i2c-${BUS.forbidden} && chmod 600 /dev/i2c-${BUS.forbidden}`);
      await gateway.do(`systemctl start ${API} ${READER}`);
      const pid = await gateway.property(READER, 'MainPID');

      // The first may lack something: chips are begun in it, and everything in the machine is still being compiled.
      while (!areWhole(gateway.roundsSoFar().slice(-ROUNDS))) await gateway.rounds(1);

      expect(await gateway.property(READER, 'MainPID')).toBe(pid);
      expect(await gateway.property(READER, 'NRestarts')).toBe('0');
      expect(READABLE).toBeGreaterThan(CROWD_SIZE);
    });

    /** One after the other, none left out, with every value of every chip that can be read. */
    function areWhole(rounds: readonly AcceptedRound[]): boolean {
      const pauses = rounds
        .slice(1)
        .map(({ at }, index) => at.getTime() - (rounds[index]?.at.getTime() ?? 0));
      return (
        rounds.length === ROUNDS &&
        rounds.every(({ readings }) => readings === READABLE) &&
        pauses.every((pauseMs) => pauseMs < 2 * intervalMs)
      );
    }

    test('says of each trouble what it is and what to do', async () => {
      const health = await gateway.do(`cat /run/sensor-gateway/${READER}.health.json`);

      const hung = new RegExp(`bus ${BUS.wedged} (hangs|has been stuck)[^"]*0x76[^"]*unplug that chip`);
      expect(health).toMatch(hung);
      expect(health).toContain(`EACCES: /dev/i2c-${BUS.forbidden} may not be opened: add the gateway's user`);
      expect(health).toContain(
        `ENOENT: /dev/i2c-${BUS.missing} does not exist: switch I2C on (sudo raspi-config`,
      );
    });

    test('is told by the doctor which bus it may not open', async () => {
      const { output } = await gateway.run(`${SENSORCTL} doctor --step i2c`);

      expect(output).toMatch(new RegExp(`FAIL.*/dev/i2c-${BUS.forbidden} has mode .*\\n.*usermod -aG`));
    });

    test('has lost nothing in all of that', async () => {
      // Pulled out, the bus lets go of the call that hangs on it: nothing else ends the thread.
      await gateway.do('echo 0 >/sys/devices/platform/vhci_hcd.0/detach');

      expect(await gateway.accounts()).toMatchObject({ problems: [], buried: 0, gone: 0 });
    });
  },
);
