/**
 * Goal: readings that are refused for good, round after round and for as long as nobody looks, leave what waits its
 * room, and none of them goes without a name. Method: real files with a bound of half a MiB, a quarter of which is
 * 512 dead letters.
 */

import { describe, expect, it } from 'vitest';
import { offered, rawOutbox, someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { rangesOfSeqs, type SeqRanges } from '../seq-ranges.ts';
import { lettersMaxOf } from './letter-bound.ts';
import type { Outbox } from './outbox.ts';

/** How soon it is on the disk is not the question. */
const synchronous = 'NORMAL';
const bounds = { bytesMax: 512 * 1_024, diskReserveBytes: 0 };
const LETTERS_MAX = 512;
const REFUSED = { code: 'out_of_range', message: 'above 150' };

/** Rounds of `each` readings, all of which a destination refuses. */
function refuse(outbox: Outbox, { rounds, each, by = 'local' }: Rounds): void {
  for (let round = 0; round < rounds; round += 1) {
    const { stream, lo } = outbox.append(someReadings(each));
    const seqs = Array.from({ length: each }, (_, i) => lo + i);
    outbox.bury(
      by,
      stream,
      seqs.map((seq) => ({ seq, ...REFUSED })),
    );
  }
}

interface Rounds {
  readonly rounds: number;
  readonly each: number;
  readonly by?: string;
}

function look(file: string) {
  const database = rawOutbox(file);
  const pragma = (name: string) => Number(database.pragma(name, { simple: true }));
  const lettersOf = (destination: string): SeqRanges =>
    rangesOfSeqs(
      database
        .prepare<[string], number>('SELECT seq FROM dead_letters WHERE destination = ? ORDER BY seq')
        .pluck()
        .all(destination),
    );
  const gone = database
    .prepare<[], [number, number, string]>('SELECT lo, hi, cause FROM gone ORDER BY lo')
    .raw()
    .all();
  const usedBytes = (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  return { lettersOf, gone, usedBytes, writer: database };
}

describe('dead letters', () => {
  it('have a quarter of the outbox: the oldest go, and each stays named', () => {
    const { outbox, file, world } = tempOutbox({ synchronous, bounds });

    refuse(outbox, { rounds: 1_000, each: 5 });

    const { lettersOf, gone, usedBytes } = look(file);
    const [kept] = lettersOf('local');
    expect(lettersOf('local')).toHaveLength(1);
    expect(kept?.[1]).toBe(5_000);
    expect(5_000 - (kept?.[0] ?? 0)).toBeLessThan(LETTERS_MAX);
    expect(5_000 - (kept?.[0] ?? 0)).toBeGreaterThan((LETTERS_MAX * 3) / 4);
    expect(gone).toEqual([[1, 5_000, 'buried']]);
    expect(usedBytes).toBeLessThan(bounds.bytesMax / 2);
    const shed = world.recorder.of('letter.shed');
    expect(shed.map(({ lo }) => lo)).toEqual([1, ...shed.slice(0, -1).map(({ hi }) => hi + 1)]);
    expect(shed.at(-1)?.hi).toBe((kept?.[0] ?? 0) - 1);
  });

  it('without a bound they would have taken all of it', () => {
    const { outbox, file, world } = tempOutbox({ synchronous });

    refuse(outbox, { rounds: 1_000, each: 5 });

    expect(look(file).usedBytes).toBeGreaterThan(bounds.bytesMax);
    expect(world.recorder.of('letter.shed')).toEqual([]);
  });

  it('leave what waits its room: no reading is thinned or shed for them', () => {
    const { outbox, world } = tempOutbox({ synchronous, bounds });
    refuse(outbox, { rounds: 1_000, each: 5 });

    const { lo, hi } = outbox.append(someReadings(4_000));

    expect(offered(outbox)).toEqual([[lo, hi]]);
    expect(world.recorder.of('reading.thinned')).toEqual([]);
    expect(world.recorder.of('reading.shed')).toEqual([]);
  });

  it('of one destination take nothing from those of another', () => {
    const { outbox, file } = tempOutbox({ synchronous, bounds, destinations: ['local', 'remote'] });

    refuse(outbox, { rounds: 1, each: 200, by: 'remote' });
    refuse(outbox, { rounds: 100, each: 5, by: 'local' });

    const { lettersOf } = look(file);
    expect(lettersOf('remote')).toEqual([[1, 200]]);
    expect(lettersOf('local')[0]?.[0]).toBeGreaterThan(201);
  });

  it('that a person has taken away make room for others', () => {
    const { outbox, world } = tempOutbox({ synchronous, bounds });
    refuse(outbox, { rounds: 100, each: 5 });

    outbox.dropDeadLetters('local', undefined);
    refuse(outbox, { rounds: 100, each: 5 });

    expect(world.recorder.of('letter.shed')).toEqual([]);
  });

  it('stay when the commit fails with which they would have gone', () => {
    const { outbox, file, world } = tempOutbox({ synchronous, bounds });
    refuse(outbox, { rounds: 1, each: LETTERS_MAX });
    const { writer } = look(file);

    writer.exec("CREATE TRIGGER broken BEFORE DELETE ON readings BEGIN SELECT RAISE(ABORT, 'no trim'); END");
    expect(() => refuse(outbox, { rounds: 1, each: 5 })).toThrow(/no trim/);
    writer.exec('DROP TRIGGER broken');

    expect(look(file).lettersOf('local')).toEqual([[1, LETTERS_MAX]]);
    expect(world.recorder.of('letter.shed')).toEqual([]);
    outbox.bury('local', outbox.stream, [{ seq: LETTERS_MAX + 1, ...REFUSED }]);
    expect(look(file).lettersOf('local')).toEqual([[65, LETTERS_MAX + 1]]);
  });

  it('that came back from a damaged file count with the next burial', () => {
    const { outbox, world } = tempOutbox({ synchronous, bounds });
    refuse(outbox, { rounds: 1, each: LETTERS_MAX - 1 });
    const [letter] = outbox.deadLetters(1);
    if (letter === undefined) throw new Error('nothing was buried');
    const thinned = null;
    outbox.restore({
      letters: Array.from({ length: 300 }, (_, i) => ({
        ...letter,
        thinned,
        stream: 'old',
        seq: 10_000 + i,
      })),
    });

    refuse(outbox, { rounds: 1, each: 1 });

    expect(world.recorder.of('letter.shed')).toMatchObject([{ letters: 300 }]);
  });

  it('of a file with a larger bound go a bounded number at a time, and those of the last run count', () => {
    const before = tempOutbox({ synchronous });
    refuse(before.outbox, { rounds: 3, each: 4_000 });
    before.outbox.close();
    const { outbox, world } = tempOutbox({ synchronous, file: before.file, bounds });

    refuse(outbox, { rounds: 3, each: 1 });

    expect(world.recorder.of('letter.shed').map(({ letters }) => letters)).toEqual([4_000, 4_000, 3_491]);
  });
});

describe('lettersMaxOf', () => {
  it.each([
    [256 * 1_048_576, 1, 262_144],
    [256 * 1_048_576, 3, 87_381],
    [Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY],
  ])('of %d bytes for %d destinations is %d', (bytes, destinations, letters) => {
    expect(lettersMaxOf(bytes, destinations)).toBe(letters);
  });
});
