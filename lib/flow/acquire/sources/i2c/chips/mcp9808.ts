/**
 * Microchip MCP9808: temperature. Sections are those of the data sheet DS25095A. It converts all the time, every
 * 250 ms, and what is read is its latest conversion (5.1.3), so nothing waits but the first one.
 *
 * Manufacturer and device have ids (5.1.4, 5.1.5). A hysteresis of the alert output, which is switched off, is
 * our mark: after a power loss it is gone.
 */

import { type ChipDriver, ChipError, type I2cDevice } from '../chip.ts';
import { hex } from '../i2c-errors.ts';
import { powerLost, unlessItRefuses, wrongChip } from './chip-faults.ts';
import { checkOptions } from './chip-options.ts';
import { createWordRegisters } from './word-registers.ts';
import { signed } from './words.ts';

/** 5.1, table 5-1; all but the resolution are 16 bits wide. */
const REGISTER = { config: 1, temperature: 5, manufacturer: 6, device: 7, resolution: 8 } as const;

const MANUFACTURER = 0x0054;
/** The upper byte; the lower one is the revision. */
const DEVICE = 0x04;

/** 5.1.1: it converts, and bits 10 and 9 are a hysteresis of 1.5 celsius. */
const CONFIG_MARK = 0x0200;
/** 5.1.1: bit 4 is the state of the alert output. */
const CONFIG_KEPT = 0xffff & ~0x0010;

/** 5.1.6: 0.0625 celsius. */
const RESOLUTION_FINEST = 0x03;

/** 1.0: 250 ms at the finest resolution is typical; no maximum is given, so a third more. */
const FIRST_CONVERSION_MS = 333;

export const MCP9808: ChipDriver = {
  type: 'mcp9808',
  title: 'Microchip MCP9808',
  dataSheet: 'DS25095A',
  addresses: [0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f],
  metrics: [{ metric: 'temperature', unit: 'celsius', legal: [-40, 125] }],
  measureMaxMs: 350,
  identify: (device) => unlessItRefuses(async () => (await strangerAt(device)) === undefined),

  open({ device, pause, options }) {
    checkOptions(MCP9808, options);
    const { read, write } = createWordRegisters(device);
    const readConfig = async () => (await read(REGISTER.config)) & CONFIG_KEPT;
    return {
      async begin(signal) {
        const stranger = await strangerAt(device);
        if (stranger !== undefined) throw wrongChip(device, 'an MCP9808', stranger);
        await write(REGISTER.config, CONFIG_MARK);
        if ((await readConfig()) !== CONFIG_MARK) {
          throw new ChipError(
            'unusable',
            `another program has locked the MCP9808 at ${hex(device.address)} (5.1.1): power it off and on`,
          );
        }
        await device.transfer(Uint8Array.of(REGISTER.resolution, RESOLUTION_FINEST), 0);
        await pause(FIRST_CONVERSION_MS, signal);
      },

      async measure() {
        const raw = await read(REGISTER.temperature);
        // Read last: the temperature that was read before it was measured by a chip that had its power.
        if ((await readConfig()) !== CONFIG_MARK) throw powerLost(device);
        return [{ metric: 'temperature', value: celsiusOf(raw) }];
      },
    };
  },
};

/** What is there instead of an MCP9808, as a part of a sentence. */
async function strangerAt(device: I2cDevice): Promise<string | undefined> {
  const { read } = createWordRegisters(device);
  const manufacturer = await read(REGISTER.manufacturer);
  if (manufacturer !== MANUFACTURER)
    return `its manufacturer is ${hex(manufacturer)} instead of ${hex(MANUFACTURER)}`;
  const id = (await read(REGISTER.device)) >> 8;
  return id === DEVICE ? undefined : `its device id is ${hex(id)} instead of ${hex(DEVICE)}`;
}

/**
 * 5.1.3.1: 13 bits in steps of 1/16 celsius; the three above them compare with the limits of the alert. Cut to whole
 * thousandths towards zero, as the kernel's driver does: 0.0625 is 0.062.
 */
function celsiusOf(raw: number): number {
  return Math.trunc((signed(raw, 13) * 125) / 2) / 1_000;
}
