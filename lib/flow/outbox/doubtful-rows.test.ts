/**
 * One changed byte in the tables that say what was delivered and which seqs are taken: a clean stop, a flip
 * anywhere on their pages, a start. Whatever was hit, nothing counts as delivered that was not, and no identity is
 * given to two readings.
 */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withBitTurned } from '../../../test/support/changed-bits.ts';
import { createSeededRandom } from '../../../test/support/seeded-random.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import {
  ALL,
  offered,
  rawOutbox,
  someReadings,
  successorOutbox,
  tempOutbox,
} from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { unsalvaged } from '../../base/quarantine-shelf.ts';
import type { Reading } from '../reading.ts';
import type { SeqRanges } from '../seq-ranges.ts';
import type { Outbox } from './outbox.ts';
import { salvage } from './salvage.ts';
import { SEQS_PER_FILE } from './tiers.ts';

const PAGE = 4_096;
const DESTINATIONS = ['local', 'remote'];
/** Flips in each table: each is an outbox of its own, some 30 ms. */
const FLIPS = 60;
/** In the header of a page: how many rows it has. Every bit of these is flipped, for that hides rows. */
const ROWS_AT = [3, 4];

type Key = `${string} ${number}`;

interface History {
  readonly file: string;
  readonly accepted: ReadonlyMap<Key, Reading>;
  /** By destination: what it was delivered, and has named as stored. */
  readonly stored: ReadonlyMap<string, ReadonlySet<Key>>;
  /** Where each table and index begins. */
  readonly roots: ReadonlyMap<string, number>;
}

/** Three runs on one file; some rows have left, some are acknowledged by one, some were shed, one is buried. */
function history(): History {
  const dir = tempDir();
  const file = join(dir, 'outbox.db');
  const accepted = new Map<Key, Reading>();
  const stored = new Map(DESTINATIONS.map((name) => [name, new Set<Key>()]));
  for (let run = 0; run < 3; run += 1) {
    const { outbox } = tempOutbox({ file, destinations: DESTINATIONS });
    const readings = someReadings(20, run * 20);
    const { stream, lo } = outbox.append(readings);
    for (const [i, reading] of readings.entries()) accepted.set(`${stream} ${lo + i}`, reading);
    const acknowledge = (name: string, seqs: SeqRanges) => {
      outbox.acknowledge(name, stream, seqs);
      for (const [from, to] of seqs)
        for (let seq = from; seq <= to; seq += 1) stored.get(name)?.add(`${stream} ${seq}`);
    };
    if (run === 0) {
      acknowledge('local', [[1, 12]]);
      acknowledge('remote', [[1, 8]]);
      outbox.declareGone([[9, 10]], 'shed');
      outbox.bury('remote', stream, [{ seq: 14, code: 'NO', message: 'no' }]);
    }
    if (run === 1) acknowledge('local', [[lo + 3, lo + 6]]);
    if (run === 2) acknowledge('remote', [[lo + 15, lo + 19]]);
    outbox.flush();
    outbox.close();
  }
  const database = rawOutbox(file);
  const roots = database
    .prepare<[], [string, number]>('SELECT name, rootpage FROM sqlite_schema')
    .raw()
    .all();
  database.close();
  return { file, accepted, stored, roots: new Map(roots) };
}

/** The bytes of a page that are in use: its header, its pointers and its cells. */
function usedBytes(file: string, root: number): number[] {
  const page = readFileSync(file).subarray((root - 1) * PAGE, root * PAGE);
  const pointers = 8 + 2 * page.readUInt16BE(3);
  const content = page.readUInt16BE(5);
  const all = Array.from({ length: PAGE }, (_, at) => at);
  return all.filter((at) => at < pointers || at >= content).map((at) => (root - 1) * PAGE + at);
}

interface Flip {
  readonly at: number;
  readonly bit: number;
}

/** Every one that changes the number of rows on a page, and others anywhere on it. */
function flipsIn(file: string, root: number, random: { fraction(): number }): Flip[] {
  const bytes = usedBytes(file, root);
  const below = (n: number) => Math.floor(random.fraction() * n);
  const ofCount = ROWS_AT.flatMap((at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].map((bit) => ({ at: (root - 1) * PAGE + at, bit })),
  );
  const anywhere = Array.from({ length: FLIPS - ofCount.length }, () => ({
    at: bytes[below(bytes.length)] ?? 0,
    bit: below(8),
  }));
  return [...ofCount, ...anywhere];
}

function start(file: string, seed: number) {
  const world = createTestWorld({ seed: 1_000 + seed });
  const outbox = successorOutbox(file, world, { destinations: DESTINATIONS });
  return { outbox, world };
}

function salvageAll(file: string, outbox: Outbox): void {
  for (const dir of unsalvaged(file)) {
    const work = salvage({ file: join(dir, basename(file)), destinations: DESTINATIONS, outbox });
    while (!work.next().done);
  }
}

/** Adds what a destination is offered, and what it is told that it will never get. */
function drain(
  outbox: Outbox,
  destination: string,
  got: Set<Key>,
  all: ReadonlyMap<Key, Reading>,
  wrong: string[],
): void {
  for (;;) {
    const batch = outbox.batch(destination, ALL);
    if (batch === undefined) break;
    for (const [seq, , , value] of JSON.parse(batch.body).readings) {
      const key: Key = `${batch.stream} ${seq}`;
      if (all.get(key)?.value !== value) wrong.push(`${destination} got ${value} as ${key}`);
      got.add(key);
    }
    outbox.acknowledge(destination, batch.stream, batch.seqs);
    outbox.flush();
  }
  for (;;) {
    const batch = outbox.goneBatch(destination);
    if (batch?.goneUpTo === undefined) break;
    for (const [lo, hi] of JSON.parse(batch.body).gone) {
      for (let seq = lo; seq <= hi; seq += 1) got.add(`${batch.stream} ${seq}`);
    }
    outbox.noteTold(destination, batch.goneUpTo);
    outbox.flush();
  }
}

/** What is wrong after a start on a file of this history, in words. */
function complaints(past: History, file: string, seed: number): string[] {
  const all = new Map(past.accepted);
  const wrong: string[] = [];
  const got = new Map(DESTINATIONS.map((name) => [name, new Set(past.stored.get(name))]));
  // Damage that is met at work ends a run, and the next start deals with it.
  for (let run = 0; run < 3; run += 1) {
    const { outbox } = start(file, seed * 10 + run);
    try {
      const readings = someReadings(4, 5_000 + run * 10);
      const { stream, lo } = outbox.append(readings);
      for (const [i, reading] of readings.entries()) {
        if (all.has(`${stream} ${lo + i}`)) wrong.push(`${stream} ${lo + i} was given twice`);
        all.set(`${stream} ${lo + i}`, reading);
      }
      salvageAll(file, outbox);
      for (const name of DESTINATIONS) drain(outbox, name, got.get(name) ?? new Set(), all, wrong);
      break;
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^SQLITE_CORRUPT|SGW_INTERNAL/) });
    } finally {
      outbox.close();
    }
  }
  for (const [name, keys] of got) {
    for (const key of all.keys()) if (!keys.has(key)) wrong.push(`${key} is nowhere for ${name}`);
  }
  return wrong;
}

describe('a flipped bit', () => {
  const TABLES = [
    'acknowledged',
    'streams',
    'sqlite_autoindex_streams_1',
    'gone_reach',
    'gone',
    'destinations',
  ];

  it.each(TABLES)(
    'anywhere in %s loses no reading, and gives no identity twice',
    { timeout: 120_000 },
    (table) => {
      const past = history();
      const random = createSeededRandom(TABLES.indexOf(table) + 1);
      const flips = flipsIn(past.file, past.roots.get(table) ?? 0, random);
      for (const [flip, { at, bit }] of flips.entries()) {
        const file = join(dirname(past.file), `${table}-${flip}`, 'outbox.db');
        mkdirSync(dirname(file));
        writeFileSync(file, withBitTurned(readFileSync(past.file), 8 * at + bit));

        const found = complaints(past, file, flip);

        expect({ at, bit, found }).toEqual({ at, bit, found: [] });
      }
    },
  );

  it('would count unsent rows as delivered if their claim were believed (the twin)', () => {
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(9));
    outbox.acknowledge('local', stream, [[1, 3]]);
    outbox.acknowledge('local', stream, [[5, 5]]);
    outbox.close();
    const forge = (crc: string) => {
      const copy = join(dirname(file), `${crc.length}.db`);
      copyFileSync(file, copy);
      const database = rawOutbox(copy);
      database.exec(`UPDATE acknowledged SET hi = 8, crc = ${crc} WHERE lo = 5`);
      database.close();
      return tempOutbox({ file: copy });
    };

    const believed = forge("crc_of('local', lo, 8)");
    const doubted = forge('crc');

    expect(offered(believed.outbox)).toEqual([
      [4, 4],
      [9, 9],
    ]);
    expect(offered(doubted.outbox)).toEqual([[4, 9]]);
    expect(doubted.world.recorder.of('outbox.mended')).toEqual([
      { type: 'outbox.mended', table: 'acknowledged', rows: 1 },
    ]);
  });
});

it('a dead letter that has changed on the disk is never sent once more', () => {
  const { outbox, file, world } = tempOutbox();
  const { stream } = outbox.append(someReadings(3));
  outbox.bury(
    'local',
    stream,
    [1, 2].map((seq) => ({ seq, code: 'NO', message: 'no' })),
  );
  outbox.close();
  const database = rawOutbox(file);
  database.exec('UPDATE dead_letters SET value = value + 1 WHERE seq = 2');
  database.close();
  const { outbox: later } = tempOutbox({ file, world });

  expect(later.redrive('local', undefined)).toBe(1);
  expect(later.redrive('local', undefined)).toBe(0);
  expect(offered(later)).toEqual([
    [1, 1],
    [3, 3],
  ]);
  expect(later.deadLetters(9).map(({ seq }) => seq)).toEqual([2]);
});

it('a line of the ledger that has changed on the disk takes no waiting row away, and what it named is still named', () => {
  const { outbox, file, world } = tempOutbox();
  const { stream } = outbox.append(someReadings(9));
  outbox.acknowledge('local', stream, [[1, 2]]);
  outbox.declareGone([[3, 4]], 'shed');
  outbox.close();
  const database = rawOutbox(file);
  database.exec('UPDATE gone SET hi = 8');
  database.close();

  const { outbox: later } = tempOutbox({ file, world });

  expect(world.recorder.of('outbox.mended')).toMatchObject([{ table: 'gone', rows: 1 }]);
  expect(offered(later)).toEqual([[5, 9]]);
  expect(JSON.parse(later.goneBatch('local')?.body ?? '{}').gone).toEqual([[1, 4, 'corrupt']]);
});

it('a series whose name has changed on the disk, in its table or in its index, keeps no round from being accepted', () => {
  const { outbox, file } = tempOutbox();
  outbox.append(someReadings(9));
  outbox.close();
  const whole = readFileSync(file);
  const names = [...whole.toString('latin1').matchAll(/temperature/g)].map(({ index }) => index);

  for (const [seed, at] of names.entries()) {
    const copy = `${file}.${seed}`;
    const bytes = Buffer.from(whole);
    bytes.write('T', at);
    writeFileSync(copy, bytes);
    const { outbox: next } = start(copy, seed);
    const { hi } = next.append(someReadings(9));
    next.close();

    expect(hi).toBeGreaterThan(SEQS_PER_FILE);
    expect(unsalvaged(copy)).toHaveLength(1);
  }
  expect(names.length).toBeGreaterThanOrEqual(6);
});

describe('a note of how far a destination was told the ledger', () => {
  /** Two rows were shed and have left; nobody has been told. Then the note changes on the disk. */
  function forged(crc: string) {
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(9));
    outbox.acknowledge('local', stream, [[1, 2]]);
    outbox.declareGone([[3, 4]], 'shed');
    outbox.flush();
    outbox.close();
    const database = rawOutbox(file);
    database.exec(`UPDATE destinations SET gone_told = 1, crc = ${crc}`);
    database.close();
    return tempOutbox({ file });
  }

  it('that has changed on the disk is forgotten: it is told once more', () => {
    const { outbox, world } = forged('crc');

    expect(JSON.parse(outbox.goneBatch('local')?.body ?? '{}').gone).toEqual([[3, 4, 'shed']]);
    expect(world.recorder.of('outbox.mended')).toEqual([
      { type: 'outbox.mended', table: 'destinations', rows: 1 },
    ]);
  });

  it('would leave the line untold if it were believed (the twin)', () => {
    const { outbox } = forged('crc_of(name, configured, 1, since_seq, since_minute, since_ten_minutes)');

    expect(outbox.goneBatch('local')).toBeUndefined();
  });

  it('is as it was written after everything that writes it', () => {
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(9));
    outbox.declareGone([[3, 4]], 'shed');
    outbox.noteTold('local', outbox.goneBatch('local')?.goneUpTo ?? 0);
    outbox.flush();
    outbox.close();
    const later = tempOutbox({ file, destinations: ['new'] });
    later.outbox.close();
    const again = tempOutbox({ file, destinations: ['local', 'new'] });

    expect(again.world.recorder.of('outbox.mended')).toEqual([]);
    expect(later.world.recorder.of('outbox.mended')).toEqual([]);
    expect(again.outbox.goneBatch('local')).toBeUndefined();
  });
});
