import { describe, expect, test } from 'vitest';
import { ALL, rawOutbox, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createTestWorld, type TestWorld } from '../../../test/support/test-world.ts';
import {
  RIGHT_MS,
  restampAll,
  untrustedReadings,
  WRONG_MS,
} from '../../../test/support/untrusted-readings.ts';
import { BatchRequest } from '../batch.ts';
import { FLAG, type Reading } from '../reading.ts';
import type { Outbox } from './outbox.ts';

const HOLD_MS = 300_000;

describe('readings that were thinned before the clock was trusted', () => {
  const bounds = { bytesMax: 512 * 1_024, diskReserveBytes: 0 };

  /** Rounds of one series, until the oldest have been thinned. */
  function appendUntilThinned(outbox: Outbox, world: TestWorld, make: (i: number) => Reading[]): void {
    const before = world.recorder.of('reading.thinned').length;
    for (let i = 0; world.recorder.of('reading.thinned').length === before; i += 1) outbox.append(make(i));
  }
  const hundred = (i: number) => untrustedReadings(100, i * 100_000);
  const marked = (file: string) =>
    rawOutbox(file)
      .prepare(`SELECT count(*) FROM readings WHERE flags & ${FLAG.clockUntrusted}`)
      .pluck()
      .get();
  const wrong = (file: string) =>
    rawOutbox(file).prepare('SELECT count(*) FROM readings WHERE at <> mono_ms + ?').pluck().get(RIGHT_MS);

  test('are mended, too, and what they stand for stays', () => {
    const { outbox, file, world } = tempOutbox({ world: createTestWorld(), clockHoldMs: HOLD_MS, bounds });
    appendUntilThinned(outbox, world, hundred);
    outbox.clock.trust(RIGHT_MS);
    restampAll(outbox);
    const batch = BatchRequest.parse(JSON.parse(outbox.batch('local', ALL)?.body ?? '{}'));

    expect(batch.readings[0]).toHaveLength(6);
    expect(batch.readings[0]?.[2]).toBe(RIGHT_MS);
    expect([marked(file), wrong(file)]).toEqual([0, 0]);
    expect(world.recorder.of('outbox.corrupted')).toEqual([]);
  });

  test('stay as they are if they belong to another boot', () => {
    const { outbox, file, world } = tempOutbox({ world: createTestWorld(), clockHoldMs: HOLD_MS, bounds });
    outbox.append(hundred(0));
    outbox.close();
    const again = tempOutbox({ file, world, clockHoldMs: HOLD_MS, bounds, bootId: 'boot-2' }).outbox;
    appendUntilThinned(again, world, (i) => untrustedReadings(100, i * 100_000, WRONG_MS + 1));
    again.clock.trust(RIGHT_MS);
    restampAll(again);

    expect(marked(file)).toBeGreaterThan(0);
    expect(wrong(file)).toBe(marked(file));
  });
});
