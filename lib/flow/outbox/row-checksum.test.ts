import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL, rawOutbox, someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createRowChecksum } from './row-checksum.ts';

const SERIES = { sensor: 'roof', metric: 'temperature', unit: 'celsius' };
const ROW = { seq: 7, at: 1_768_493_375_000, value: 21.5, flags: 0, monoMs: 1_000 };

describe('the checksum of a row', () => {
  it('changes with every single bit of the value', () => {
    const { startOf, of } = createRowChecksum();
    const start = startOf('stream01', SERIES);

    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.integer({ min: 0, max: 63 }), (value, bit) => {
        const flipped = withBitFlipped(value, bit);
        fc.pre(value !== flipped && !Number.isNaN(flipped));
        expect(of(start, { ...ROW, value: flipped })).not.toBe(of(start, { ...ROW, value }));
      }),
    );
  });

  it.each([
    ['seq', { seq: 8 }],
    ['time', { at: ROW.at + 1 }],
    ['flags', { flags: 1 }],
    ['monotonic time', { monoMs: 1_001 }],
  ])('changes with the %s', (_what, change) => {
    const { startOf, of } = createRowChecksum();
    const start = startOf('stream01', SERIES);

    expect(of(start, { ...ROW, ...change })).not.toBe(of(start, ROW));
  });

  it('is of one stream and one series', () => {
    const { startOf } = createRowChecksum();
    const starts = [
      startOf('stream01', SERIES),
      startOf('stream02', SERIES),
      startOf('stream01', { ...SERIES, unit: 'kelvin' }),
    ];

    expect(new Set(starts).size).toBe(3);
  });
});

describe('a row that the disk has changed', () => {
  const changes = [
    ['value', 'UPDATE readings SET value = 99 WHERE seq = 2'],
    ['value, beyond all numbers', 'UPDATE readings SET value = 9e999 WHERE seq = 2'],
    ['time', 'UPDATE readings SET at = at + 1 WHERE seq = 2'],
    ['series', 'UPDATE readings SET series = 1 WHERE seq = 2'],
    ['checksum', 'UPDATE readings SET crc = crc + 1 WHERE seq = 2'],
    ['summary, which it has not', "UPDATE readings SET thinned = 'x' WHERE seq = 2"],
  ] as const;

  it.each(changes)('in its %s is not sent to anybody, and is named', (_what, sql) => {
    const { outbox, file, world } = tempOutbox({ destinations: ['local', 'cloud'] });
    const { stream } = outbox.append(someReadings(3));
    rawOutbox(file).exec(sql);

    const batches = ['local', 'cloud'].map((destination) => outbox.batch(destination, ALL));

    expect(batches.map((batch) => batch?.seqs)).toEqual([
      [
        [1, 1],
        [3, 3],
      ],
      [
        [1, 1],
        [3, 3],
      ],
    ]);
    expect(world.recorder.of('outbox.corrupted')).toEqual([
      { type: 'outbox.corrupted', stream, seqs: [[2, 2]] },
    ]);
  });

  it('twin: is delivered with its wrong value if the checksum is made to agree', () => {
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append([{ ...someReadings(1)[0], ...SERIES, ...ROW }]);
    const { startOf, of } = createRowChecksum();
    const crc = of(startOf(stream, SERIES), { ...ROW, seq: 1, value: 99 });
    rawOutbox(file).exec(`UPDATE readings SET value = 99, crc = ${crc}`);

    expect(outbox.batch('local', ALL)?.body).toContain(',99]');
  });
});

function withBitFlipped(value: number, bit: number): number {
  const bits = new BigUint64Array(Float64Array.of(value).buffer);
  bits[0] = (bits[0] ?? 0n) ^ (1n << BigInt(bit));
  return new Float64Array(bits.buffer)[0] ?? Number.NaN;
}
