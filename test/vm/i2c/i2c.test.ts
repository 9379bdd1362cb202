/**
 * Our I2C drivers on a real kernel adapter, whose chips are those of the drivers' own tests: the ioctls, the
 * addon, the device file and its faults are the real ones, and the kernel's own drivers say what is right.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Line } from '../../support/child.ts';
import { appImage } from '../app-image.ts';
import { guestImage } from '../guest-image.ts';
import { type Machine, startMachine, whyNoMachine } from '../machine.ts';
import { KERNEL_DRIVERS, KERNEL_MODULES } from './kernel-drivers.ts';

/** The first machine is made from packages. */
const MAKING_MS = 600_000;
/** Everything that the machine does, on a host that others use, too. */
const SCENES_MS = 600_000;

const reason = whyNoMachine();

describe.skipIf(reason !== undefined)(
  `I2C chips on a kernel's adapter${reason === undefined ? '' : ` (${reason})`}`,
  { timeout: SCENES_MS },
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'sensorgw-vm-'));
    let machine: Machine;
    let finished: Promise<string>;
    beforeAll(async () => {
      const app = appImage(dir, ['test/vm/i2c/in-guest.ts']);
      machine = await startMachine({ image: guestImage(), app, dir, bare: true });
      finished = machine.do(`
        modprobe -a i2c-dev vhci-hcd i2c-tiny-usb ${KERNEL_MODULES.join(' ')}
        node test/vm/i2c/in-guest.js >/dev/hvc0`);
      finished.catch(() => {});
    }, MAKING_MS);
    afterAll(async () => {
      await machine?.cutPower();
      rmSync(dir, { recursive: true, force: true });
    });

    /** What the machine found in this scene; rejects with its words if it does not get that far. */
    async function scene(name: string): Promise<Line> {
      const failed = finished.then(() => machine.process.line((line) => line.scene === name));
      return Promise.race([machine.process.line((line) => line.scene === name), failed]);
    }
    const all = (name: string) => machine.process.lines.filter((line) => line.scene === name);

    test('read what they are in the examples of their data sheets', async () => {
      await scene('varied');

      for (const { type, ours, expected } of all('example')) {
        expect({ type, values: Object.keys(Object(ours).values ?? ours) }).toEqual({
          type,
          values: Object.keys(Object(expected)),
        });
      }
      expect(all('example').length).toBeGreaterThanOrEqual(10);
    });

    test('read what the kernel’s own drivers read, to the last digit', async () => {
      await scene('nak');

      const said = [...all('example'), ...all('varied')];
      const compared = said.filter(({ kernel }) => kernel !== undefined);
      for (const { type, kernel, asKernel, ours } of compared)
        expect({ type, ours, said: asKernel }).toEqual({ type, ours, said: kernel });
      // Every one of those in states that nobody has chosen; one that we could not read would not be compared.
      expect(new Set(compared.map(({ type }) => type))).toEqual(new Set(Object.keys(KERNEL_DRIVERS)));
      expect(said.filter(({ scene: name, kernel }) => name === 'varied' && kernel === undefined)).toEqual([]);
      console.log(
        `${compared.length} states of ${Object.keys(KERNEL_DRIVERS).length} chips compared with the kernel`,
      );
    });

    test.each([
      ['nak', 'no_answer'],
      ['eio', 'garbled'],
      ['garble', 'checksum'],
      ['hang', 'garbled'],
    ])('troubled by %s are told by %s, and read again when it is over', async (trouble, fault) => {
      const { before, during, after } = await scene(trouble);

      expect(during).toMatchObject({ fault });
      expect(after).toEqual(before);
      expect(Object(after).values).toBeDefined();
    });

    test('give no wrong value while one exchange in five is not answered', async () => {
      const { reads, good, wrong } = await scene('flaky');

      expect(wrong).toEqual([]);
      expect(Number(good)).toBeGreaterThan(Number(reads) / 2);
    });

    test('are read with their own calibration when they were exchanged, and not at all if they are others', async () => {
      const { first, second, secondAlone, stranger } = await scene('swap');

      expect(second).toEqual(secondAlone);
      expect(second).not.toEqual(first);
      expect(stranger).toMatchObject({ fault: 'wrong_chip' });
    });

    test('are fifty on one bus', async () => {
      expect(await scene('crowd')).toMatchObject({ good: 50 });
    });

    test('are read again after their adapter was pulled out and put back', async () => {
      const { before, during, sameNumber, after } = await scene('unplugged');

      expect(during).toMatchObject({ fault: expect.any(String) });
      expect({ sameNumber, after }).toEqual({ sameNumber: true, after: before });
    });

    test('say what to do when their bus may not be opened, or is not there', async () => {
      const { forbidden, missing } = await scene('unusable');

      expect(forbidden).toMatchObject({ fault: 'unusable', message: expect.stringContaining('group i2c') });
      expect(missing).toMatchObject({
        fault: 'unusable',
        message: expect.stringContaining('does not exist'),
      });
    });
  },
);
