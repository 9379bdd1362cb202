/** What a damaged file knew that must hold from the first moment of its successor, and what a salvage must find whole. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { someReadings, successorOutbox, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { unsalvaged } from '../../base/quarantine-shelf.ts';
import type { BreakerRecord } from './outbox.ts';
import { salvage } from './salvage.ts';

const HELD: BreakerRecord = {
  state: 'open',
  streak: 4,
  step: 2,
  reason: 'held by a person',
  sinceAt: 1_768_493_400_000,
  held: true,
  nextTryAt: null,
};

/** As a failing card does it to the page that is written most. */
function damage(file: string): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(100, 0xa5), 0, 100, 0);
  closeSync(handle);
}

function successor(file: string) {
  const outbox = successorOutbox(file, createTestWorld({ seed: 77 }));
  return outbox;
}

it('a breaker that a person holds, what was answered last and every sensor hold before anything is salvaged', () => {
  const { outbox, file } = tempOutbox();
  outbox.append(someReadings(3));
  outbox.saveBreaker('local', HELD);
  const sensors = Array.from({ length: 300 }, (_, i) => ({
    sensor: `sensor-${String(i).padStart(3, '0')}`,
    source: 'bus',
    intervalMs: 10_000,
  }));
  for (const one of sensors) outbox.silences.keepSensor(one);
  outbox.close();
  damage(file);

  const later = successor(file);

  expect(later.breaker('local')).toEqual(HELD);
  // More than a page of them: their table is a tree.
  expect(later.silences.sensors()).toEqual(sensors);
});

it('dead letters that fill several pages are salvaged, each of them', () => {
  const { outbox, file } = tempOutbox();
  const { stream } = outbox.append(someReadings(120));
  const refused = Array.from({ length: 120 }, (_, i) => ({
    seq: i + 1,
    code: 'NO',
    message: 'n'.repeat(90),
  }));
  outbox.bury('local', stream, refused);
  outbox.close();
  damage(file);
  const later = successor(file);

  for (const dir of unsalvaged(file)) {
    const work = salvage({ file: join(dir, basename(file)), destinations: ['local'], outbox: later });
    while (!work.next().done);
  }

  expect(
    later
      .deadLetters(1_000)
      .map(({ seq }) => seq)
      .sort((a, b) => a - b),
  ).toEqual(refused.map(({ seq }) => seq));
});
