/**
 * Where a device is attached, from the path that the kernel gives it: `1-0076` on an I2C bus, `28-...` on a
 * 1-Wire bus, `0000:01:00.0` on PCI. Sensors are named by this and never by `hwmon3` or `iio:device0`, which
 * the kernel hands out in the order of probing, another one at each boot.
 *
 * An I2C bus of a board has a fixed number; that of a USB adapter has the next one that is free.
 */

/** Attached at run time or by a person's hand: another of the same kind may come and go. */
const REMOVABLE: readonly RegExp[] = [
  /^\d{1,3}-[0-9a-f]{4}$/, // I2C: bus and address.
  /^spi\d+\.\d+$/,
  /^[0-9a-f]{2}-[0-9a-f]{12}$/, // 1-Wire: family and serial number.
  /^\d+-\d+(\.\d+)*:\d+\.\d+$/, // USB: the ports on the way, and the interface.
];

/** Classes, and numbers given in the order of probing. */
const NO_ADDRESS =
  /^(\.\.|hwmon|iio|nvme|scsi_host|(hwmon|iio:device|nvme|phy|host)\d+|target[\d:]+|[\d:]+)$/;

/** A bus whose devices wait for each other: when one hangs, the others do. */
const SHARED_BUS = /^(i2c-\d+|w1_bus_master\d+|spi\d+)$/;

export interface DevicePlace {
  /** Stable from boot to boot, as far as the kernel knows. */
  readonly address: string;
  readonly removable: boolean;
  /** What it shares with its neighbours; its own address if it is alone. */
  readonly bus: string;
}

/** `path` is that of the device in /sys/devices, or any link text that ends like it; the last part at least. */
export function placeOf(path: string): DevicePlace {
  const parts = path.split('/').filter((part) => part !== '');
  const address = parts.findLast((part) => !NO_ADDRESS.test(part)) ?? parts.at(-1) ?? '';
  return {
    address,
    removable: REMOVABLE.some((form) => form.test(address)),
    bus: parts.findLast((part) => SHARED_BUS.test(part)) ?? address,
  };
}
