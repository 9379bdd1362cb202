/**
 * Runs inside a virtual machine, as root: plays the chips of board.ts behind adapters that the kernel takes for
 * real ones, until it is killed. Says so in one line when all are plugged in.
 */

import { createFakeAds1115 } from '../../support/chips/fake-ads1115.ts';
import { createFakeBh1750 } from '../../support/chips/fake-bh1750.ts';
import type { FakeChip, Now } from '../../support/chips/fake-chip.ts';
import { createFakeIna219 } from '../../support/chips/fake-ina219.ts';
import { createFakeSht3x, createFakeSht4x } from '../../support/chips/fake-sht.ts';
import {
  createFakeLm75,
  createFakeMcp9808,
  createFakeTmp102,
} from '../../support/chips/fake-thermometers.ts';
import { createFakeBme280 } from '../../support/fake-bme280.ts';
import { createSeededRandom } from '../../support/seeded-random.ts';
import { BOARD } from './board.ts';
import { createChipBus } from './chip-bus.ts';
import { createVirtualAdapter } from './virtual-adapter.ts';

const CHIPS: Readonly<Record<string, (now: Now, address: number) => FakeChip>> = {
  ads1115: createFakeAds1115,
  bh1750: createFakeBh1750,
  bme280: (_now, address) => createFakeBme280({ address }),
  bmp280: (_now, address) => createFakeBme280({ id: 0x58, address }),
  ina219: (_now, address) => createFakeIna219(address),
  lm75: (now, address) => createFakeLm75(now, { address }),
  mcp9808: (_now, address) => createFakeMcp9808(address),
  sht3x: createFakeSht3x,
  sht4x: createFakeSht4x,
  tmp102: createFakeTmp102,
};

const { fraction } = createSeededRandom(50);
const numbers: number[] = [];
for (const [port, chips] of BOARD.entries()) {
  const bus = createChipBus(fraction);
  for (const { type, address, trouble } of chips) {
    const create = CHIPS[type];
    if (create === undefined) throw new Error(`there is no fake of ${type}`);
    bus.plug(create(() => performance.now(), address));
    bus.trouble(address, trouble);
  }
  // One after the other, so that they get their numbers in this order.
  numbers.push(await createVirtualAdapter(bus, port).plugIn());
}
console.log(JSON.stringify({ plugged: numbers }));
