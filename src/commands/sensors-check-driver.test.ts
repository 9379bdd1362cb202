import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandRig } from '../../test/support/command-rig.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { sensorsCheckDriver } from './sensors-check-driver.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples/drivers');

function driverFile(text: string): string {
  const file = join(tempDir(), 'pond.mjs');
  writeFileSync(file, text);
  return file;
}

const check = (PATH: string, more: Record<string, string | boolean> = {}) =>
  commandRig().run(sensorsCheckDriver, { PATH, ...more });

describe('sensorctl sensors check-driver', () => {
  it.each(['aht20.mjs', 'file-age.mjs'])('finds nothing wrong with the example %s', async (name) => {
    const { exitCode, out } = await check(join(EXAMPLES, name));

    expect(out.filter((line) => line.startsWith('FAIL'))).toEqual([]);
    expect(out.at(-1)).toMatch(/^\n\d+ promises kept, 0 broken$/);
    expect(exitCode).toBe(0);
  });

  it('says of a chip that it can be tried on the chip, too', async () => {
    expect((await check(join(EXAMPLES, 'aht20.mjs'))).notes).toEqual([
      'With --bus it is tried on the chip, too.',
    ]);
    expect((await check(join(EXAMPLES, 'file-age.mjs'))).notes).toEqual([]);
  });

  it('says of a bus that is not there what to do, for each promise that needs the chip', async () => {
    const { exitCode, out } = await check(join(EXAMPLES, 'aht20.mjs'), { bus: '250', address: '0x38' });

    expect(out.join('\n')).toMatch(
      /FAIL {2}it answers with measurements that all pass validation\n.*(i2c-250 does not exist|addon i2c-bus)/,
    );
    expect(exitCode).toBe(1);
  });

  it('names what cannot be loaded', async () => {
    const { exitCode, out } = await check(driverFile('export const driver = {};'));

    expect(out[0]).toBe('FAIL  it can be loaded');
    expect(out[1]).toMatch(/driver.type must be 1 to 48 characters.*driver.metrics must be a list/);
    expect(exitCode).toBe(1);
  });

  it('names the promise that is broken, for programs, too', async () => {
    const file = driverFile(
      `export const createSource = () => ({ read: async () => [{ sensor: 'A', metric: 'ph', unit: 'ratio', value: 7 }] });`,
    );

    const { exitCode, out } = await check(file, { json: true });

    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      ok: false,
      path: file,
      verdicts: expect.arrayContaining([
        {
          title: 'it answers with measurements that all pass validation',
          broken: expect.stringMatching(/^A ph: sensor must be/),
        },
        { title: 'it does not measure for somebody who has already left', broken: null },
      ]),
    });
    expect(exitCode).toBe(1);
  });

  it.each([
    ['bus', '256'],
    ['address', '0x99'],
    ['bus', 'one'],
  ])('refuses --%s %s', async (option, value) => {
    await expect(check(join(EXAMPLES, 'aht20.mjs'), { [option]: value })).rejects.toMatchObject({
      code: 'SGW_USAGE',
    });
  });
});
