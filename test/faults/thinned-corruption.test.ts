/**
 * A full outbox that has thinned its oldest rows, and then random bytes anywhere in what a crash leaves of it: what
 * is delivered is what stood there, and each reading is delivered, covered by a mean, or named.
 */

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { unsalvaged } from '../../lib/base/quarantine-shelf.ts';
import type { Outbox } from '../../lib/flow/outbox/outbox.ts';
import { openOutboxReadOnly } from '../../lib/flow/outbox/outbox-view.ts';
import { salvage } from '../../lib/flow/outbox/salvage.ts';
import { MINUTE } from '../../lib/flow/outbox/tiers.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ALL, crashed, someReadings, successorOutbox, tempOutbox } from '../support/temp-outbox.ts';
import { createTestWorld } from '../support/test-world.ts';

const SEEDS = Array.from({ length: 24 }, (_, seed) => seed);
const BOUNDS = { bytesMax: 384 * 1_024, diskReserveBytes: 0 };
/** As `someReadings`, ten seconds apart. */
const EVERY_MS = 10_000;

interface Left {
  readonly file: string;
  /** Raw readings and means, as the rows of the file or `append` said them: by stream and seq. */
  readonly values: ReadonlyMap<string, number>;
  readonly accepted: ReadonlySet<string>;
  readonly stored: ReadonlySet<string>;
}

function leftBehind(): Left {
  const file = join(tempDir(), 'outbox.db');
  const { outbox, world } = tempOutbox({ file, bounds: BOUNDS, synchronous: 'NORMAL' });
  const values = new Map<string, number>();
  const accepted = new Set<string>();
  const stored = new Set<string>();
  for (let round = 0; world.recorder.of('reading.thinned').length < 4; round += 1) {
    const readings = someReadings(60, round * 60).map((one, i) => ({
      ...one,
      at: one.at + round * 60 * EVERY_MS + i * EVERY_MS,
    }));
    const { stream, lo } = outbox.append(readings);
    for (const [i, { value }] of readings.entries()) {
      values.set(`${stream} ${lo + i}`, value);
      accepted.add(`${stream} ${lo + i}`);
    }
    if (round % 10 !== 0) continue;
    outbox.acknowledge('local', stream, [[lo, lo + 4]]);
    for (let seq = lo; seq <= lo + 4; seq += 1) stored.add(`${stream} ${seq}`);
  }
  const view = openOutboxReadOnly(file);
  for (const { stream, seq, value } of view.rows()) {
    if (seq >= MINUTE.space[0]) values.set(`${stream} ${seq}`, value);
  }
  view.close();
  const copy = crashed(file);
  outbox.close();
  return { file: copy, values, accepted, stored };
}

function start(file: string, seed: number): Outbox {
  const outbox = successorOutbox(file, createTestWorld({ seed: 500 + seed }));
  return outbox;
}

function salvageAll(file: string, outbox: Outbox): void {
  for (const dir of unsalvaged(file)) {
    const work = salvage({ file: join(dir, basename(file)), destinations: ['local'], outbox });
    while (!work.next().done);
  }
}

/** One to four runs of up to 64 random bytes, in the file or in its log. */
function damage(file: string, random: { fraction(): number }): void {
  const hits = 1 + Math.floor(random.fraction() * 4);
  for (let hit = 0; hit < hits; hit += 1) {
    const path = random.fraction() < 0.3 && existsSync(`${file}-wal`) ? `${file}-wal` : file;
    const text = readFileSync(path);
    const at = Math.floor(random.fraction() * text.length);
    const until = Math.min(text.length, at + 1 + Math.floor(random.fraction() * 64));
    for (let i = at; i < until; i += 1) text[i] = Math.floor(random.fraction() * 256);
    writeFileSync(path, text);
  }
}

/** What is wrong, in words: nothing may be. */
function complaints({ values, accepted, stored }: Left, outbox: Outbox): string[] {
  const wrong: string[] = [];
  const known = new Set(stored);
  for (let batch = outbox.batch('local', ALL); batch !== undefined; batch = outbox.batch('local', ALL)) {
    for (const [seq, , , value] of JSON.parse(batch.body).readings) {
      const key = `${batch.stream} ${seq}`;
      if (values.get(key) !== value) wrong.push(`${key} is ${value}, and was ${values.get(key)}`);
      known.add(key);
    }
    outbox.acknowledge('local', batch.stream, batch.seqs);
    outbox.flush();
  }
  for (let told = outbox.goneBatch('local'); told !== undefined; told = outbox.goneBatch('local')) {
    for (const [lo, hi] of JSON.parse(told.body).gone)
      for (let seq = lo; seq <= hi; seq += 1) known.add(`${told.stream} ${seq}`);
    outbox.noteTold('local', told.goneUpTo ?? 0);
    outbox.flush();
  }
  return [...wrong, ...[...accepted].filter((key) => !known.has(key)).map((key) => `${key} is nowhere`)];
}

it('random bytes in a file with means: nothing wrong is sent, and nothing is missing without a name', {
  timeout: 240_000,
}, () => {
  const left = leftBehind();
  const means = [...left.values.keys()].length - left.accepted.size;
  let quarantined = 0;
  for (const seed of SEEDS) {
    const file = join(dirname(left.file), `seed-${seed}`, 'outbox.db');
    mkdirSync(dirname(file));
    for (const suffix of ['', '-wal']) copyFileSync(left.file + suffix, file + suffix);
    damage(file, createSeededRandom(seed + 1));

    // Damage that is met at work ends a run, and the next start deals with it.
    let outbox = start(file, seed);
    salvageAll(file, outbox);
    let found: string[] = [];
    try {
      found = complaints(left, outbox);
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^SQLITE_CORRUPT/) });
      outbox.close();
      outbox = start(file, seed + 100);
      salvageAll(file, outbox);
      found = complaints(left, outbox);
    }
    if (existsSync(join(dirname(file), 'quarantine'))) quarantined += 1;

    expect({ seed, found: found.slice(0, 5), of: found.length }).toEqual({ seed, found: [], of: 0 });
    outbox.close();
  }
  expect(means).toBeGreaterThan(100);
  expect(quarantined).toBeGreaterThan(SEEDS.length / 4);
  expect(quarantined).toBeLessThan(SEEDS.length);
});
