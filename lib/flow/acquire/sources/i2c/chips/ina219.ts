/**
 * Texas Instruments INA219: voltage, current and power of a supply. Sections are those of the data sheet SBOS448G.
 * It measures all the time (8.4); what is read is its latest measurement, at most 1.2 ms old, so nothing waits.
 *
 * There is no id. What proves the chip is that bits which it does not have are 0, and that it keeps what is
 * written to it. The calibration register is 0 after power-on (8.6.4.1): it also tells of a power loss.
 */

import { type ChipDeps, type ChipDriver, ChipError } from '../chip.ts';
import { hex } from '../i2c-errors.ts';
import { powerLost, wrongChip } from './chip-faults.ts';
import { checkOptions } from './chip-options.ts';
import { createWordRegisters } from './word-registers.ts';
import { signed } from './words.ts';

/** 8.6.1, table 2. */
const REGISTER = { config: 0, busVoltage: 2, power: 3, current: 4, calibration: 5 } as const;

/** 8.6.2.1: as after power-on: 32 V, 320 mV across the resistor, 12 bits, measuring all the time. */
const CONFIG = 0x399f;
/** 8.6.2.1: the chip has no bit 14, and bit 15 resets it and falls back. An INA226 has bit 14 set. */
const CONFIG_ABSENT = 0xc000;
/** 8.6.3.2: the chip has no bit 2. */
const BUS_ABSENT = 0x0004;
/** 8.6.3.2: power and current are meaningless. */
const BUS_OVERFLOW = 0x0001;

/**
 * 8.5.1, equation 4: with 4096 a step of the current is a step of the voltage across the resistor, 10 uV, and none
 * is lost by rounding. The kernel's driver does the same.
 */
const CALIBRATION = 4_096;
const SHUNT_STEP_NANOVOLT = 10_000;
/** 8.5.1, equation 3. */
const POWER_STEPS_PER_CURRENT_STEP = 20;
/** 8.6.3.2. */
const BUS_STEP_VOLT = 0.004;

/** What boards with this chip usually carry (R100). */
const SHUNT_OHM_USUAL = 0.1;
export const SHUNT_OHM = { min: 0.0001, max: 10 } as const;

/** 7.5: twice 586 us, one for each voltage. */
const FIRST_MEASUREMENT_MS = 2;

/** 8.3.1.2: what the resistor may drop at most. */
const SHUNT_VOLT_MAX = 0.32;
const CURRENT_MAX = SHUNT_VOLT_MAX / SHUNT_OHM.min;

export const INA219: ChipDriver = {
  type: 'ina219',
  title: 'Texas Instruments INA219',
  dataSheet: 'SBOS448G',
  addresses: [0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f],
  metrics: [
    { metric: 'voltage', unit: 'volt', legal: [0, 32] },
    { metric: 'current', unit: 'ampere', legal: [-CURRENT_MAX, CURRENT_MAX] },
    { metric: 'power', unit: 'watt', legal: [0, 32 * CURRENT_MAX] },
  ],
  options: { shuntOhm: SHUNT_OHM },
  measureMaxMs: 15,

  open(deps) {
    checkOptions(INA219, deps.options);
    return openChip(deps);
  },
};

function openChip({
  device,
  pause,
  options: { shuntOhm = SHUNT_OHM_USUAL },
}: ChipDeps): ReturnType<ChipDriver['open']> {
  const { read, write } = createWordRegisters(device);
  // The kernel's driver counts in whole microohm and whole microampere; so do we, to show the same digits.
  const stepMicroampere = Math.round((1_000 * SHUNT_STEP_NANOVOLT) / Math.round(1_000_000 * shuntOhm));

  async function assertKeeps(register: number, value: number): Promise<void> {
    await write(register, value);
    const kept = await read(register);
    if (kept !== value) throw wrongChip(device, 'an INA219', `register ${register} reads as ${hex(kept)}`);
  }

  return {
    async begin(signal) {
      const config = await read(REGISTER.config);
      if ((config & CONFIG_ABSENT) !== 0) {
        throw wrongChip(device, 'an INA219', `its configuration reads as ${hex(config)}`);
      }
      const bus = await read(REGISTER.busVoltage);
      if ((bus & BUS_ABSENT) !== 0) throw wrongChip(device, 'an INA219', `its voltage reads as ${hex(bus)}`);
      await assertKeeps(REGISTER.config, CONFIG);
      await assertKeeps(REGISTER.calibration, CALIBRATION);
      await pause(FIRST_MEASUREMENT_MS, signal);
    },

    async measure() {
      const bus = await read(REGISTER.busVoltage);
      const current = signed(await read(REGISTER.current), 16);
      const power = await read(REGISTER.power);
      // Read last: whatever was read before it was measured by a chip that had its power.
      if ((await read(REGISTER.calibration)) !== CALIBRATION) throw powerLost(device);
      if ((bus & BUS_OVERFLOW) !== 0) {
        throw new ChipError(
          'illegal_value',
          `the INA219 at ${hex(device.address)} says that its power does not fit`,
        );
      }
      return [
        { metric: 'voltage', value: (bus >> 3) * BUS_STEP_VOLT },
        { metric: 'current', value: (current * stepMicroampere) / 1_000_000 },
        { metric: 'power', value: (power * POWER_STEPS_PER_CURRENT_STEP * stepMicroampere) / 1_000_000 },
      ];
    },
  };
}
