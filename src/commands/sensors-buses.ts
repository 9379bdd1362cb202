/**
 * Who answers on the I2C buses of this machine. Asked as `i2cdetect` asks, without a byte of data wherever that
 * is possible: a read where a write could lock an EEPROM (0x30 to 0x37, 0x50 to 0x5f), an empty write elsewhere.
 * Addresses that a kernel driver owns are never asked, and those of configured sources only whether they are
 * there: the reader may be talking to them. The kernel keeps exchanges apart, so that a scan beside the reader
 * costs a reading nothing.
 */

import { join } from 'node:path';
import { type ChipDriver, ChipError, type I2cDevice } from '../../lib/flow/acquire/sources/i2c/chip.ts';
import { CHIP_DRIVERS } from '../../lib/flow/acquire/sources/i2c/chips/index.ts';
import { BUS_OF_THE_HEADER, type I2cBus } from '../../lib/flow/acquire/sources/i2c/i2c-bus.ts';
import { listNames, readText } from '../../lib/flow/acquire/sources/kernel/kernel-files.ts';
import type { Config } from '../wiring/config.ts';

export interface FoundChip {
  readonly address: number;
  /** What the kernel calls the device, if a driver of its own has it. */
  readonly kernelDevice: string | undefined;
  /** The configured source that reads it. */
  readonly source: string | undefined;
  /** Drivers of ours that fit; a single one is meant if `sure`. */
  readonly drivers: readonly ChipDriver[];
  /** The chip has said itself what it is. */
  readonly sure: boolean;
}

export interface ScannedBus {
  readonly bus: number;
  /** The adapter's own name. */
  readonly adapter: string;
  readonly state: 'probed' | 'left alone' | 'failed';
  /** Why it was not probed to the end. */
  readonly reason: string | undefined;
  readonly found: readonly FoundChip[];
}

export interface ScanBusesOptions {
  readonly sysDir: string;
  /** Only this one, whatever it is; else all that are harmless to ask. */
  readonly only: number | undefined;
  readonly sources: Config['sources'];
  readonly busOf: (bus: number) => I2cBus;
}

/** The addresses that a chip may have; the others mean something else on every bus. */
const FIRST_ADDRESS = 0x08;
const LAST_ADDRESS = 0x77;

/** Displays, graphics and mainboards: asking there finds no sensors, and some of it does not like to be asked. */
const NOT_FOR_SENSORS =
  /smbus|ddc|edid|hdmi|dp.?aux|dpmst|nvidia|nvkm|amdgpu|radeon|i915|gmbus|^(fef0[49]500|107d5082[08]0)\.i2c$/i;

const NO_SIGNAL = new AbortController().signal;

/** The buses with a device file, the lowest first. */
export async function scanBuses(options: ScanBusesOptions): Promise<readonly ScannedBus[]> {
  const { sysDir, only } = options;
  const scanned: ScannedBus[] = [];
  for (const entry of await listNames(join(sysDir, 'class/i2c-dev'), NO_SIGNAL)) {
    const bus = Number(/^i2c-(\d{1,3})$/.exec(entry)?.[1] ?? Number.NaN);
    if (Number.isNaN(bus) || (only !== undefined && bus !== only)) continue;
    const adapter = (await readText(join(sysDir, 'class/i2c-dev', entry, 'name'), NO_SIGNAL)) ?? '';
    if (only === undefined && NOT_FOR_SENSORS.test(adapter)) {
      const reason = `a bus of a display or the mainboard; --bus ${bus} asks there all the same`;
      scanned.push({ bus, adapter, state: 'left alone', reason, found: [] });
    } else scanned.push(await scanBus(bus, adapter, options));
  }
  return scanned;
}

/** Adapters that the kernel has, whether or not there are device files for them. */
export async function adaptersOf(sysDir: string): Promise<readonly string[]> {
  const entries = await listNames(join(sysDir, 'bus/i2c/devices'), NO_SIGNAL);
  return entries.filter((entry) => /^i2c-\d+$/.test(entry));
}

async function scanBus(bus: number, adapter: string, options: ScanBusesOptions): Promise<ScannedBus> {
  const { sysDir, sources, busOf } = options;
  const owned = await kernelDevices(sysDir, bus);
  const found: FoundChip[] = [];
  const wire = busOf(bus);
  for (let address = FIRST_ADDRESS; address <= LAST_ADDRESS; address += 1) {
    const kernelDevice = owned.get(address);
    const source = sources.find((one) => sourceIsAt(one, bus, address))?.name;
    try {
      if (kernelDevice === undefined && !(await answers(wire, address))) continue;
      const asked = kernelDevice === undefined && source === undefined;
      const likely = asked ? await likelyDrivers(wire, address) : { drivers: [], sure: false };
      found.push({ address, kernelDevice, source, ...likely });
    } catch (error) {
      if (!(error instanceof ChipError)) throw error;
      return { bus, adapter, state: 'failed', reason: error.message, found };
    }
  }
  return { bus, adapter, state: 'probed', reason: undefined, found };
}

/** Addresses that a driver of the kernel has taken; a device that none took is only a name. */
async function kernelDevices(sysDir: string, bus: number): Promise<ReadonlyMap<number, string>> {
  const root = join(sysDir, 'bus/i2c/devices');
  const owned = new Map<number, string>();
  for (const entry of await listNames(root, NO_SIGNAL)) {
    const [, number, address = ''] = /^(\d+)-00([0-9a-f]{2})$/.exec(entry) ?? [];
    if (Number(number) !== bus) continue;
    if (!(await listNames(join(root, entry), NO_SIGNAL)).includes('driver')) continue;
    const name = (await readText(join(root, entry, 'name'), NO_SIGNAL)) ?? 'a kernel driver';
    owned.set(Number.parseInt(address, 16), name);
  }
  return owned;
}

function sourceIsAt(source: Config['sources'][number], bus: number, address: number): boolean {
  const driver = CHIP_DRIVERS.find(({ type }) => type === source.type);
  if (driver === undefined && source.type !== 'module') return false;
  const usual = driver?.addresses[0];
  return (source.bus ?? BUS_OF_THE_HEADER) === bus && (source.address ?? usual) === address;
}

/** Throws on what concerns the whole bus: no rights, no addon, a bus that hangs. */
function refusal(error: unknown): ChipError {
  const whole = !(error instanceof ChipError) || error.fault === 'unusable' || error.fault === 'bus_stuck';
  if (whole) throw error;
  return error;
}

async function answers(wire: I2cBus, address: number): Promise<boolean> {
  const mustRead = (address >= 0x30 && address <= 0x37) || (address >= 0x50 && address <= 0x5f);
  try {
    await wire.transfer(address, new Uint8Array(), mustRead ? 1 : 0);
    return true;
  } catch (error) {
    const code = error instanceof ChipError ? error.code : undefined;
    if (code === 'EBUSY') return true;
    // Some adapters cannot write nothing.
    if (code === 'EOPNOTSUPP' && !mustRead) return answersARead(wire, address);
    refusal(error);
    return false;
  }
}

async function answersARead(wire: I2cBus, address: number): Promise<boolean> {
  try {
    await wire.transfer(address, new Uint8Array(), 1);
    return true;
  } catch (error) {
    refusal(error);
    return false;
  }
}

async function likelyDrivers(wire: I2cBus, address: number): Promise<Pick<FoundChip, 'drivers' | 'sure'>> {
  const device = {
    address,
    transfer: (write: Uint8Array, readLength: number) => wire.transfer(address, write, readLength),
  };
  const possible: ChipDriver[] = [];
  for (const driver of CHIP_DRIVERS.filter(({ addresses }) => addresses.includes(address))) {
    if (driver.identify === undefined) possible.push(driver);
    else if (await isIt(driver, device)) return { drivers: [driver], sure: true };
  }
  return { drivers: possible, sure: false };
}

async function isIt(driver: ChipDriver, device: I2cDevice): Promise<boolean> {
  try {
    return (await driver.identify?.(device)) === true;
  } catch (error) {
    // A stranger may answer anything, or nothing.
    refusal(error);
    return false;
  }
}
