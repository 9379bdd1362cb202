import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { openDatabaseReadOnly } from '../../base/sqlite.ts';
import { CHECKPOINT_EVERY_MS } from './checkpoints.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from './schema.ts';

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

test('the log grows while somebody reads from one state for long, and is cut off when that has ended', async () => {
  const { outbox, file, world } = tempOutbox();
  const round = () => {
    const { stream, lo, hi } = outbox.append(someReadings(5));
    outbox.acknowledge('local', stream, [[lo, hi]]);
  };
  round();
  const owner = { file, applicationId: OUTBOX_APPLICATION_ID, migrations: OUTBOX_MIGRATIONS };
  const other = openDatabaseReadOnly(owner);
  other.exec('BEGIN');
  const seen = other.prepare('SELECT count(*) FROM readings').pluck().get();

  for (let quarter = 0; quarter < 4; quarter += 1) {
    await world.clock.advance(CHECKPOINT_EVERY_MS);
    for (let i = 0; i < 90; i += 1) round();
  }
  const [held, seenLater] = [walBytes(file), other.prepare('SELECT count(*) FROM readings').pluck().get()];
  other.close();
  await world.clock.advance(CHECKPOINT_EVERY_MS);
  round();

  expect(seenLater).toBe(seen);
  // An hour of rounds, each with its few pages.
  expect(held / 360).toBeLessThan(4 * 4_096 + 1_000);
  expect(held).toBeGreaterThan(360 * 4_096);
  expect(walBytes(file)).toBe(0);
});
