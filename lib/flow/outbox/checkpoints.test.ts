import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { CHECKPOINT_EVERY_MS } from './checkpoints.ts';

const walBytes = (file: string) => statSync(`${file}-wal`).size;

test('the log is written back and cut off once nothing waits, and not with every round', async () => {
  const { outbox, file, world } = tempOutbox();
  const round = () => {
    const { stream, lo, hi } = outbox.append(someReadings(5));
    outbox.acknowledge('local', stream, [[lo, hi]]);
  };
  round();
  round();
  const before = walBytes(file);

  await world.clock.advance(CHECKPOINT_EVERY_MS);
  round();
  const after = walBytes(file);
  round();

  expect(before).toBeGreaterThan(0);
  expect(after).toBe(0);
  expect(walBytes(file)).toBeGreaterThan(0);
});

test('the log stays while readings wait', async () => {
  const { outbox, file, world } = tempOutbox();
  outbox.append(someReadings(5));

  await world.clock.advance(CHECKPOINT_EVERY_MS);
  outbox.append(someReadings(5));

  expect(walBytes(file)).toBeGreaterThan(0);
});
