/**
 * Damaged outbox files. Each seed fills an outbox, loses the process, overwrites bytes somewhere in what is
 * left on the disk, starts again, salvages, and delivers everything: whatever was hit, the start succeeds and
 * keeps a round at once, what is delivered is bit for bit what was accepted, and what is not is named.
 */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { unsalvaged } from '../../lib/base/quarantine-shelf.ts';
import { BatchRequest } from '../../lib/flow/batch.ts';
import type { Outbox } from '../../lib/flow/outbox/outbox.ts';
import { salvage } from '../../lib/flow/outbox/salvage.ts';
import { prepareSealStream } from '../../lib/flow/outbox/streams.ts';
import { SEQS_PER_FILE } from '../../lib/flow/outbox/tiers.ts';
import type { Reading } from '../../lib/flow/reading.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';
import {
  ALL,
  crashed,
  rawOutbox,
  someReadings,
  successorOutbox,
  tempOutbox,
} from '../support/temp-outbox.ts';
import { createTestWorld } from '../support/test-world.ts';

const PAGE = 4_096;
const ROUNDS = 60;
const ROWS = 5;

type Known = Map<string, Reading>;
const keyOf = (stream: string, seq: number) => `${stream} ${seq}`;

interface Left {
  /** What the crash has left on the disk. */
  readonly file: string;
  readonly accepted: Known;
  readonly stored: ReadonlySet<string>;
}

/** An outbox with delivered, waiting and logged rows, as a crash leaves it behind. */
function leftBehind(dice: { next(): number }): Left {
  const { outbox, file } = tempOutbox();
  const accepted: Known = new Map();
  const stored = new Set<string>();
  const checkpointAt = Math.floor(dice.next() * ROUNDS);
  for (let round = 0; round < ROUNDS; round += 1) {
    const readings = someReadings(ROWS, round * ROWS).map((one) => ({ ...one, value: dice.next() * 100 }));
    const { stream, lo } = outbox.append(readings);
    for (const [i, reading] of readings.entries()) accepted.set(keyOf(stream, lo + i), reading);
    if (round % 7 === 0) {
      outbox.acknowledge('local', stream, [[lo, lo + 1]]);
      stored.add(keyOf(stream, lo)).add(keyOf(stream, lo + 1));
    }
    if (round === checkpointAt) rawOutbox(file).pragma('wal_checkpoint(PASSIVE)');
  }
  return { file: crashed(file), accepted, stored };
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  if (!existsSync(path)) return;
  const text = readFileSync(path);
  bytes.copy(text, Math.min(at, Math.max(0, text.length - bytes.length)));
  writeFileSync(path, text);
}

function restart(file: string, onDamage: (error: unknown) => void = () => {}) {
  const world = createTestWorld({ seed: 99 });
  const outbox = successorOutbox(file, world, { onDamage });
  return { outbox, world };
}

function salvageAll(file: string, outbox: Outbox): { saved: number; lost: number } {
  const total = { saved: 0, lost: 0 };
  for (const dir of unsalvaged(file)) {
    const work = salvage({ file: join(dir, basename(file)), destinations: ['local'], outbox });
    let turn = work.next();
    while (!turn.done) turn = work.next();
    total.saved += turn.value.saved;
    total.lost += turn.value.lost;
  }
  return total;
}

/** Everything the outbox offers, taken once; and everything that it declares gone. */
function deliverAll(outbox: Outbox): { delivered: Known; gone: Set<string> } {
  const delivered: Known = new Map();
  const gone = new Set<string>();
  for (;;) {
    const batch = outbox.batch('local', ALL);
    if (batch === undefined) break;
    const { series, readings } = BatchRequest.parse(JSON.parse(batch.body));
    for (const [seq, index, at, value, flags = 0] of readings) {
      const key = keyOf(batch.stream, seq);
      expect(delivered.has(key)).toBe(false);
      const one = series[index];
      if (one !== undefined) delivered.set(key, { ...one, at, value, flags, monoMs: 0 });
    }
    outbox.acknowledge('local', batch.stream, batch.seqs);
    outbox.flush();
  }
  outbox.flush();
  for (;;) {
    const told = outbox.goneBatch('local');
    if (told?.goneUpTo === undefined) break;
    const body: { gone: [number, number, string][] } = JSON.parse(told.body);
    for (const [lo, hi] of body.gone)
      for (let seq = lo; seq <= hi; seq += 1) gone.add(keyOf(told.stream, seq));
    outbox.noteTold('local', told.goneUpTo);
    outbox.flush();
  }
  return { delivered, gone };
}

/** What is wrong, in words: nothing may be. */
function complaints({ accepted, stored }: Left, fresh: Known, outbox: Outbox): string[] {
  const { delivered, gone } = deliverAll(outbox);
  const all = new Map([...accepted, ...fresh]);
  const wrong = [...delivered].flatMap(([key, got]) => {
    const was = all.get(key);
    if (was === undefined) return [`${key} was never accepted`];
    const same = JSON.stringify({ ...got, monoMs: was.monoMs }) === JSON.stringify(inOrder(was));
    return same ? [] : [`${key} is ${JSON.stringify(got)}, and was ${JSON.stringify(was)}`];
  });
  const unexplained = [...all.keys()].filter(
    (key) => !delivered.has(key) && !stored.has(key) && !gone.has(key),
  );
  return [...wrong, ...unexplained.map((key) => `${key} is nowhere`)];
}

const inOrder = ({ sensor, metric, unit, at, value, flags, monoMs }: Reading): Reading => ({
  sensor,
  metric,
  unit,
  at,
  value,
  flags,
  monoMs,
});

/** The first round after the start: it must be kept at once. */
function sample(outbox: Outbox): Known {
  const readings = someReadings(ROWS, 90_000);
  const { stream, lo } = outbox.append(readings);
  return new Map(readings.map((reading, i) => [keyOf(stream, lo + i), reading]));
}

const ZONES = ['header page', 'b-tree pages', 'row payloads', 'log'] as const;
const SEEDS = Array.from({ length: 100 }, (_, seed) => [seed, ZONES[seed % 4] ?? 'log'] as const);

describe('random bytes in what a crash has left', () => {
  const tally = { quarantined: 0, saved: 0, lost: 0 };

  it.each(SEEDS)(
    'of seed %i, in the %s: the start succeeds, nothing wrong is sent, nothing is missing without a name',
    (seed, zone) => {
      const dice = diceOf(seed);
      const left = leftBehind(dice);
      const hits = 1 + Math.floor(dice.next() * 4);
      for (let hit = 0; hit < hits; hit += 1) {
        const noise = Buffer.from(
          Array.from({ length: 1 + Math.floor(dice.next() * 64) }, () => Math.floor(dice.next() * 256)),
        );
        const path = zone === 'log' ? `${left.file}-wal` : left.file;
        const pages = Math.max(1, Math.floor(readFileSync(path).length / PAGE));
        const page = Math.floor(dice.next() * pages) * PAGE;
        const at = {
          'header page': dice.next() * PAGE,
          'b-tree pages': page + dice.next() * 64,
          'row payloads': page + dice.next() * PAGE,
          log: dice.next() * pages * PAGE,
        }[zone];
        overwrite(path, Math.floor(at), noise);
      }

      const { outbox, world } = restart(left.file);
      const fresh = sample(outbox);
      const count = salvageAll(left.file, outbox);

      tally.quarantined += world.recorder.of('outbox.quarantined').length;
      tally.saved += count.saved;
      tally.lost += count.lost;
      expect(complaints(left, fresh, outbox)).toEqual([]);
      expect(world.recorder.of('outbox.quarantined').length).toBeLessThanOrEqual(1);
      if (count.saved > 0) expect(count.saved).toBeLessThanOrEqual(left.accepted.size);
    },
  );

  it('the seeds above have damaged what they should: many files were replaced, rows were saved, and some lost', () => {
    expect(tally.quarantined).toBeGreaterThan(25);
    expect(tally.saved).toBeGreaterThan(1_000);
    expect(tally.lost).toBeGreaterThan(0);
  });
});

function diceOf(seed: number): { next(): number } {
  const random = createSeededRandom(seed + 1);
  return { next: () => random.fraction() };
}

describe('a file that is not an outbox', () => {
  const FOREIGN: Record<string, (file: string) => void> = {
    'is empty': (file) => writeFileSync(file, ''),
    'is a text': (file) => writeFileSync(file, 'not a database\n'.repeat(1_000)),
    'is a directory': (file) => mkdirSync(file),
    'is a link to nowhere': (file) => symlinkSync(`${file}-on-a-disk-that-is-away`, file),
    'belongs to another program': (file) => {
      const database = new Database(file);
      database.exec('CREATE TABLE notes (text TEXT); PRAGMA application_id = 7');
      database.close();
    },
  };

  it.each(Object.entries(FOREIGN))('because it %s makes place for a fresh one', (_what, make) => {
    const file = join(tempDir(), 'outbox.db');
    make(file);

    const { outbox, world } = restart(file);
    const fresh = sample(outbox);

    expect(world.recorder.of('outbox.quarantined')).toHaveLength(1);
    expect(readdirSync(join(dirname(file), 'quarantine'))).toHaveLength(1);
    expect(salvageAll(file, outbox)).toEqual({ saved: 0, lost: 0 });
    expect(deliverAll(outbox).delivered.size).toBe(fresh.size);
  });
});

describe('a truncated file', () => {
  it('cut at any multiple of a page is replaced, and its whole rows are salvaged', () => {
    const left = leftBehind(diceOf(5));
    const bytes = readFileSync(left.file).length;
    const base = dirname(left.file);
    for (let length = 0; length < bytes; length += PAGE) {
      const file = join(base, `cut-${length}`, 'outbox.db');
      mkdirSync(dirname(file));
      for (const suffix of ['', '-wal']) copyFileSync(left.file + suffix, file + suffix);
      truncateSync(file, length);

      const { outbox } = restart(file);
      const fresh = sample(outbox);
      salvageAll(file, outbox);

      expect({ length, complaints: complaints(left, fresh, outbox) }).toEqual({ length, complaints: [] });
      outbox.close();
    }
  });
});

describe('damage met while running', () => {
  it('ends the run with a note, and the next start replaces the file and saves its rows', () => {
    const { outbox: before, file } = tempOutbox();
    for (let round = 0; round < 6; round += 1) before.append(someReadings(500, round * 500));
    before.close();
    // After a clean stop nothing is checked, so this is only met when the rows are read.
    const pages = Math.floor(readFileSync(file).length / PAGE);
    overwrite(file, Math.floor(pages / 2) * PAGE, Buffer.alloc(PAGE, 0x5a));
    const noticed: unknown[] = [];
    const { outbox: running } = restart(file, (error) => noticed.push(error));

    expect(() => deliverAll(running)).toThrow(/malformed/);
    running.close();
    const { outbox, world } = restart(file);
    const { saved, lost } = salvageAll(file, outbox);

    expect(noticed).toHaveLength(1);
    expect(world.recorder.of('outbox.quarantined')).toHaveLength(1);
    expect(saved).toBeGreaterThan(2_000);
    expect(saved + lost).toBe(3_000);
  });

  it('of a row that is in no stream is met twice, and then the file is replaced, and its rows saved', () => {
    const { outbox: before, file } = tempOutbox();
    const { stream } = before.append(someReadings(3));
    before.close();
    const raw = rawOutbox(file);
    raw.exec('UPDATE streams SET first_seq = 2');
    prepareSealStream(raw)(stream);
    raw.close();
    const noticed: unknown[] = [];

    for (const _ of ['met', 'met again']) {
      const { outbox } = restart(file, (error) => noticed.push(error));
      expect(() => deliverAll(outbox)).toThrow(expect.objectContaining({ code: 'SGW_OUTBOX_DAMAGED' }));
      outbox.close();
    }
    const { outbox } = restart(file);

    expect(noticed).toHaveLength(2);
    expect(salvageAll(file, outbox)).toEqual({ saved: 3, lost: 0 });
    expect(deliverAll(outbox).delivered.size).toBe(3);
  });
});

describe('a page of which the log has several versions', () => {
  it('gives back what is damaged in the last of them from the one before it, and nothing is named as lost', () => {
    const { outbox: before, file } = tempOutbox();
    const readings = someReadings(6).map((one, i) => ({ ...one, value: i + 0.123456789 }));
    const { stream } = before.append(readings.slice(0, 3));
    before.append(readings.slice(3));
    const left = crashed(file);
    const log = readFileSync(`${left}-wal`);
    const second = Buffer.alloc(8);
    second.writeDoubleBE(readings[1]?.value ?? 0);
    expect(log.indexOf(second)).toBeLessThan(log.lastIndexOf(second));
    overwrite(`${left}-wal`, log.lastIndexOf(second), Buffer.alloc(8, 0x3f));
    const { outbox } = tempOutbox({ firstSeq: SEQS_PER_FILE });

    const work = salvage({ file: left, destinations: ['local'], outbox });
    let turn = work.next();
    while (!turn.done) turn = work.next();

    expect(turn.value).toMatchObject({ saved: 6, lost: 0 });
    const { delivered, gone } = deliverAll(outbox);
    expect([...delivered.keys()].filter((key) => key.startsWith(stream))).toHaveLength(6);
    expect([...gone]).toEqual([]);
  });
});
