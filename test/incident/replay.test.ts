/**
 * The incident in short: ten times faster, and an outage of ten seconds, with real processes. The model
 * of the old design is the twin of every promise here: what this reader does not do, it does.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileInto } from '../support/compile.js';
import { type Contender, INTERVAL_MS, OLD_DESIGN, THIS_READER } from './contender.ts';
import { plotOf } from './plot.ts';
import { type Replayed, replay } from './replay.ts';
import { jsonOf, tableOf } from './report.ts';

const OUTAGE_MS = 10_000;
const SCALE = 10;
const FITS_IN_A_PAGE_BYTES = 15_000;

describe('the write API frozen for ten seconds', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-incident-'));
  const stop = new AbortController();
  let old: Replayed;
  let own: Replayed;

  beforeAll(async () => {
    compileInto(dir, ['test/incident/old-reader.ts']);
    const run = (contender: Contender, name: string) =>
      replay(contender, {
        root: resolve(import.meta.dirname, '../..'),
        oldReader: join(dir, 'test/incident/old-reader.js'),
        dir: join(dir, name),
        scale: SCALE,
        outageMs: OUTAGE_MS,
        signal: stop.signal,
      });
    [old, own] = await Promise.all([run(OLD_DESIGN, 'old'), run(THIS_READER, 'own')]);
  });

  afterAll(() => {
    stop.abort();
    rmSync(dir, { recursive: true, force: true });
  });

  test('the old design takes less than half of its readings, this reader every round', () => {
    expect(old.taken).toBeLessThan(old.due / 2);
    // One round less if this machine itself stalls for as long as an interval: rounds are not made up for.
    expect(own.taken).toBeGreaterThanOrEqual(own.due - own.readingsPerRound);
  });

  test('a turn of the old loop lasts several intervals, one of this reader is over before the next', () => {
    const intervalMs = INTERVAL_MS / SCALE;

    expect(old.turnsMs.at(-1)).toBeGreaterThan(3 * intervalMs);
    expect(own.turnsMs.at(-1)).toBeLessThan(intervalMs);
  });

  test('this reader loses nothing and stores nothing twice; the old design does', () => {
    expect({ lost: own.lost, duplicates: own.duplicates }).toEqual({ lost: 0, duplicates: 0 });
    expect(old.lost + old.duplicates).toBeGreaterThan(0);
  });

  test('uploads of the old design overlap; this reader has one request in flight for each lane', () => {
    expect(old.inFlightMax).toBeGreaterThan(2);
    expect(own.inFlightMax).toBeLessThanOrEqual(2);
  });

  test('the old design leaves ever more dead connections at the API, this reader one for each probe', () => {
    expect(heldAt(old, 1)).toBeGreaterThan(2 * heldAt(old, 1 / 4));
    expect(own.heldByApiMax).toBeLessThan(old.heldByApiMax / 2);
  });

  test('the pool of the old design runs dry', () => {
    expect(old.waitedForSessionMax).toBeGreaterThan(0);
  });

  test('both recover by themselves once the API goes on', () => {
    expect(old.responsiveAfterMs).toBeDefined();
    expect(own.responsiveAfterMs).toBeDefined();
  });

  test('the report shows both, and its picture is small and whole', () => {
    const report = { outageMs: OUTAGE_MS, scale: SCALE, old, own };
    const table = tableOf(report);
    const picture = plotOf(report);

    expect(table).toContain('old design');
    expect(table).not.toMatch(/NaN|undefined/);
    expect(JSON.parse(JSON.stringify(jsonOf(report)))).toMatchObject({ own: { lost: 0, duplicates: 0 } });
    expect(picture).not.toMatch(/NaN|undefined/);
    expect(picture.length).toBeLessThan(FITS_IN_A_PAGE_BYTES);
    expect(picture.match(/<path/g)).toHaveLength(4);
  });
});

/** At that share of the outage. */
function heldAt({ samples }: Replayed, share: number): number {
  return samples.findLast(({ atMs }) => atMs <= OUTAGE_MS * share)?.heldByApi ?? 0;
}
