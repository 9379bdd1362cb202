import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { RARE_TEXT, withBitTurned, withTextAsBlob } from '../../../test/support/changed-bits.ts';
import { rawOutbox, someReadings, successorOutbox, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { isSuspect } from '../../base/damaged-file.ts';
import { unsalvaged } from '../../base/quarantine-shelf.ts';
import { SEQS_PER_FILE } from './tiers.ts';

const PAGE_BYTES = 4_096;

/** A file that has been closed, and where the table of its silences begins. */
function aFile() {
  const { outbox, file, world } = tempOutbox();
  outbox.append(someReadings(3));
  outbox.close();
  const raw = rawOutbox(file);
  const page = raw
    .prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'silences'")
    .pluck()
    .get();
  raw.close();
  return { file, world, page: page ?? 0 };
}

describe('damage that is met while running', () => {
  it('is noted for the next start, also where it is a part of the outbox that meets it', () => {
    const { file, world, page } = aFile();
    const damages: unknown[] = [];
    const outbox = successorOutbox(file, world, { onDamage: (error) => damages.push(error) });
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, (page - 1) * PAGE_BYTES);
    closeSync(handle);

    const endAll = () => outbox.silences.endAll(3, world.clock.wallMs());

    expect(endAll).toThrow(expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CORRUPT/) }));
    expect(damages).toHaveLength(1);
    expect(isSuspect(file)).toBe(true);
  });
});

describe('a row that a bit on the card has made into one that must not be', () => {
  it('ends the run that would write it, and the next start replaces the file', () => {
    const { outbox, file, world } = tempOutbox();
    outbox.append(someReadings(3));
    outbox.silences.note({ ...SILENCE, detail: RARE_TEXT });
    outbox.close();
    writeFileSync(file, withTextAsBlob(readFileSync(file)));

    const next = successorOutbox(file, world);
    expect(() => next.silences.endAll(4, 5)).toThrow(/BLOB value in TEXT column/);
    next.close();
    const last = successorOutbox(file, world);
    last.silences.endAll(4, 5);

    expect(last.append(someReadings(2)).hi).toBe(SEQS_PER_FILE + 2);
    expect(unsalvaged(file)).toHaveLength(1);
  });
});

const SILENCE = {
  cause: 'sensor_fault',
  sensor: 'roof',
  afterSeq: 1,
  untilSeq: null,
  fromAt: 1,
  toAt: null,
} as const;

describe('a letter of the schema that has changed on the card', () => {
  it('costs no start, wherever it stands, and no reading', () => {
    const { outbox, file, world } = tempOutbox();
    outbox.append(someReadings(3));
    outbox.close();
    const whole = readFileSync(file);
    const texts = textsIn(file);
    const places = texts.flatMap((sql) => {
      // Of a table that has been altered an earlier text lies about, too.
      const starts = new Set([whole.indexOf(sql), whole.lastIndexOf(sql)]);
      return [...starts].flatMap((start) => everyNth(sql.length, LETTERS_APART).map((at) => start + at));
    });
    let changed = 0;

    for (const [which, at] of places.entries()) {
      const copy = `${file}.${which}`;
      writeFileSync(copy, withBitTurned(whole, 8 * at));
      if (isDeepStrictEqual(textsIn(copy), texts)) continue;
      changed += 1;

      const next = successorOutbox(copy, world);

      expect(next.append(someReadings(2)).hi).toBeGreaterThan(SEQS_PER_FILE);
      expect(unsalvaged(copy)).toHaveLength(1);
      next.close();
    }
    expect(changed).toBeGreaterThan(40);
  });
});

describe('a bit of the header that has changed on the card', () => {
  it('costs no start, whichever it is, and no reading', () => {
    const { outbox, file, world } = tempOutbox();
    outbox.append(someReadings(3));
    outbox.close();
    const whole = readFileSync(file);
    const bits = Array.from({ length: 8 * HEADER_BYTES }, (_, bit) => bit).filter(
      (bit) => DECISIVE_BYTES.has(Math.floor(bit / 8)) || bit % BITS_APART === 0,
    );

    for (const bit of bits) {
      const copy = `${file}.${bit}`;
      writeFileSync(copy, withBitTurned(whole, bit));

      const next = successorOutbox(copy, world);

      const { hi } = next.append(someReadings(2));
      expect([5, SEQS_PER_FILE + 2], `bit ${bit}`).toContain(hi);
      expect(unsalvaged(copy), `bit ${bit}`).toHaveLength(hi === 5 ? 0 : 1);
      next.close();
    }
  });
});

/** SQLite's file format, section 1.3. */
const HEADER_BYTES = 100;
/** Which format the file has, and which schema. */
const DECISIVE_BYTES = new Set([18, 19, 60, 61, 62, 63]);
const BITS_APART = 13;

/** What its tables are made with; nothing of a file that cannot even be asked. */
function textsIn(file: string): string[] {
  const raw = new Database(file, { readonly: true });
  try {
    return raw.prepare<[], string>('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL').pluck().all();
  } catch {
    return [];
  } finally {
    raw.close();
  }
}

/** A prime, so that it falls on names, types and constraints alike. */
const LETTERS_APART = 61;

const everyNth = (length: number, n: number) =>
  Array.from({ length: Math.ceil(length / n) }, (_, i) => i * n);
