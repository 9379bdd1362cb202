import { closeSync, openSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { someRounds } from '../../../test/support/some-readings.ts';
import { rawOutbox, tempOutbox } from '../../../test/support/temp-outbox.ts';
import type { TestWorld } from '../../../test/support/test-world.ts';
import { unsalvaged } from '../../base/quarantine-shelf.ts';
import type { Outbox } from './outbox.ts';
import { openOutboxSafely } from './quarantine.ts';
import { salvage } from './salvage.ts';
import { TEN_MINUTES } from './tiers.ts';

const BOUNDS = { bytesMax: 192 * 1_024, diskReserveBytes: 0 };
const SENSORS = 5;
const ROUNDS = 560;
const ALL_ROUNDS = 2 * ROUNDS;

const roundOf = (round: number) => someRounds(1, round, { sensors: SENSORS, everyMs: 10_000 });

function openSafely(file: string, world: TestWorld, bounds = BOUNDS) {
  const outbox = openOutboxSafely({
    file,
    gateway: 'test-gateway',
    destinations: ['local'],
    bootId: 'boot-2',
    bounds,
    world,
    onDamage: () => {},
  });
  onTestFinished(() => outbox.close());
  return outbox;
}

function spoilHeader(file: string): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(512, 0xa5), 0, 512, 0);
  closeSync(handle);
}

function salvageInto(outbox: Outbox, file: string): void {
  const [dir = ''] = unsalvaged(file);
  const steps = salvage({ file: join(dir, basename(file)), destinations: ['local'], outbox });
  while (steps.next().done !== true);
}

function streamsOfMeans(file: string): number | undefined {
  const raw = rawOutbox(file);
  const [from, to] = TEN_MINUTES.space;
  return raw
    .prepare<[number, number], number>('SELECT count(*) FROM streams WHERE first_seq BETWEEN ? AND ?')
    .pluck()
    .get(from, to);
}

/** Readings that are rows, or that a row stands for; what a mean stands for already leaves a bounded number at a time. */
function countedIn(file: string): number | undefined {
  const raw = rawOutbox(file);
  return raw
    .prepare<[], number>(
      `SELECT sum(coalesce(json_extract(thinned, '$[0]'), 1)) FROM readings
       WHERE NOT EXISTS (SELECT 1 FROM gone WHERE seq BETWEEN lo AND hi)`,
    )
    .pluck()
    .get();
}

it('rows that are saved into an outbox which is full already are thinned as they come in, and none is lost', () => {
  const { outbox, file, world } = tempOutbox();
  for (let round = 0; round < ROUNDS; round += 1) outbox.append(roundOf(round));
  outbox.close();
  spoilHeader(file);

  const next = openSafely(file, world);
  // So full that the very commit which takes the first of them in must make room, with a stream that is new to it.
  for (let round = ROUNDS; round < ALL_ROUNDS; round += 1) next.append(roundOf(round));
  salvageInto(next, file);

  expect(world.recorder.of('reading.thinned').length).toBeGreaterThan(1);
  expect(countedIn(file)).toBe(SENSORS * ALL_ROUNDS);
});

it('means of several runs are saved into an outbox that has made none itself', () => {
  const { outbox, file, world } = tempOutbox();
  outbox.close();
  for (let run = 0; run < 2; run += 1) {
    const full = openSafely(file, world);
    for (let round = 0; round < ROUNDS; round += 1) full.append(roundOf(run * ROUNDS + round));
    full.close();
  }
  const before = countedIn(file);
  spoilHeader(file);

  const next = openSafely(file, world, { ...BOUNDS, bytesMax: 1e9 });
  salvageInto(next, file);

  expect(streamsOfMeans(file)).toBe(2);
  expect(countedIn(file)).toBe(before);
});
