/**
 * Goal: what is said about a reading is not lost in the outbox. Method: a series with a spike now and then, calibrated,
 * with its calibration beside it, through a thinning and through a salvage, in real files.
 */

import { describe, expect, it } from 'vitest';
import { ALL, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { FLAG, type Reading } from '../reading.ts';
import { openOutboxReadOnly } from './outbox-view.ts';
import { salvage } from './salvage.ts';
import { SEQS_PER_FILE } from './tiers.ts';

const bounds = { bytesMax: 512 * 1_024, diskReserveBytes: 0 };
/** The beginning of a minute. */
const START_AT = 1_768_493_400_000;
const SPIKE = 85;

/** Rounds ten seconds apart: the calibration each hour, and now and then two spikes one after the other. */
function rounds(count: number, from: number, spike: Pick<Reading, 'flags'>): Reading[] {
  return Array.from({ length: count }, (_, i) => from + i).flatMap((round): Reading[] => {
    const stamp = { sensor: 'attic', at: START_AT + round * 10_000, monoMs: round * 10_000, flags: 0 };
    const calibration: Reading[] = [
      { ...stamp, metric: 'temperature_calibration_scale', unit: 'ratio', value: 1.02 },
      { ...stamp, metric: 'temperature_calibration_offset', unit: 'celsius', value: -0.4 },
    ];
    const value: Reading =
      round % 40 < 2
        ? { ...stamp, metric: 'temperature', unit: 'celsius', value: SPIKE, ...spike }
        : {
            ...stamp,
            metric: 'temperature',
            unit: 'celsius',
            value: 20 + (round % 3),
            flags: FLAG.calibrated,
          };
    return [...(round % 360 === 0 ? calibration : []), value];
  });
}

/** What waits after a long outage, thinned, by metric. */
function thinned(spike: Pick<Reading, 'flags'>) {
  const { outbox, file, world } = tempOutbox({ bounds, synchronous: 'NORMAL' });
  // More than the bound has room for.
  for (let i = 0; i < 45; i += 1) outbox.append(rounds(360, i * 360, spike));
  expect(world.recorder.of('reading.thinned').length).toBeGreaterThan(1);
  const view = openOutboxReadOnly(file);
  const rows = view.waiting('local', 300).filter((row) => row.thinned !== undefined);
  view.close();
  return {
    values: rows.filter(({ metric }) => metric === 'temperature'),
    calibrations: rows.filter(({ metric }) => metric !== 'temperature'),
  };
}

describe('a thinned outbox', () => {
  it('never averages suspect readings with good ones, and says of both what was said before', () => {
    const { values } = thinned({ flags: FLAG.calibrated | FLAG.suspect });

    const suspect = values.filter(({ flags }) => (flags & FLAG.suspect) !== 0);
    const good = values.filter(({ flags }) => (flags & FLAG.suspect) === 0);
    expect(suspect.length).toBeGreaterThan(10);
    expect(good.length).toBeGreaterThan(10);
    expect(new Set(suspect.map(({ value }) => value))).toEqual(new Set([SPIKE]));
    expect(good.every(({ thinned: of }) => (of?.max ?? SPIKE) < SPIKE)).toBe(true);
    expect(values.every(({ flags }) => (flags & FLAG.calibrated) !== 0)).toBe(true);
  });

  it('twin: averages them if nobody has said that they are suspect', () => {
    const { values } = thinned({ flags: FLAG.calibrated });

    expect(values.some(({ value, thinned: of }) => value < SPIKE && of?.max === SPIKE)).toBe(true);
  });

  it('keeps each calibration as it was stored', () => {
    const { calibrations } = thinned({ flags: FLAG.calibrated | FLAG.suspect });

    expect(calibrations.length).toBeGreaterThan(1);
    for (const { metric, value, thinned: of } of calibrations) {
      const stored = metric.endsWith('_scale') ? 1.02 : -0.4;
      expect([value, of?.min, of?.max]).toEqual([stored, stored, stored]);
    }
  });
});

describe('a salvage', () => {
  it('saves readings with all that was said about them, and their calibration', () => {
    const lost = tempOutbox();
    lost.outbox.append(rounds(8, 0, { flags: FLAG.calibrated | FLAG.suspect }));
    const before = lost.outbox.batch('local', ALL)?.body;
    lost.outbox.close();
    const made = tempOutbox({ firstSeq: SEQS_PER_FILE + 1 });

    for (const _ of salvage({ file: lost.file, destinations: ['local'], outbox: made.outbox }));

    expect(before).toContain(`,${SPIKE},${FLAG.calibrated | FLAG.suspect}]`);
    expect(made.outbox.batch('local', ALL)?.body).toBe(before);
  });
});
