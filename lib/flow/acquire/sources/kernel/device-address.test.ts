import { expect, test } from 'vitest';
import { placeOf } from './device-address.ts';

test.each([
  ['../../devices/platform/soc/fe804000.i2c/i2c-1/1-0076/iio:device0', '1-0076', true, 'i2c-1'],
  ['../../devices/platform/soc/fe804000.i2c/i2c-1/1-0040/hwmon/hwmon3', '1-0040', true, 'i2c-1'],
  [
    '../../devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/i2c-11/11-0040/hwmon/hwmon7',
    '11-0040',
    true,
    'i2c-11',
  ],
  ['../../devices/pci0000:00/0000:00:14.0/usb1/1-2.1/1-2.1:1.0/hwmon/hwmon7', '1-2.1:1.0', true, '1-2.1:1.0'],
  ['../../../devices/w1_bus_master1/28-0316a2795e8b', '28-0316a2795e8b', true, 'w1_bus_master1'],
  ['../../devices/platform/soc/fe204000.spi/spi_master/spi0/spi0.1/iio:device1', 'spi0.1', true, 'spi0'],
  [
    '../../devices/pci0000:00/0000:00:01.0/0000:01:00.0/nvme/nvme0/hwmon2',
    '0000:01:00.0',
    false,
    '0000:01:00.0',
  ],
  [
    '../../devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/hwmon/hwmon4',
    'ata3',
    false,
    'ata3',
  ],
  ['../../devices/platform/coretemp.1/hwmon/hwmon6', 'coretemp.1', false, 'coretemp.1'],
  ['../../../1-0040', '1-0040', true, '1-0040'],
  ['hwmon3', 'hwmon3', false, 'hwmon3'],
])('%s lies at %s', (path, address, removable, bus) => {
  expect(placeOf(path)).toEqual({ address, removable, bus });
});
