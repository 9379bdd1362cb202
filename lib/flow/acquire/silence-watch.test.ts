import { describe, expect, it } from 'vitest';
import { crashed, someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createVirtualClock } from '../../../test/support/virtual-clock.ts';
import { readOutboxLedger } from '../outbox/ledger-view.ts';
import { createSilenceWatch } from './silence-watch.ts';

const INTERVAL_MS = 10_000;
const ROUND = {
  type: 'round.sampled',
  ...{ readings: 1, sourcesOk: 1, sourcesFailed: 0, durationMs: 1, lateMs: 0 },
} as const;

/** A watch over one source of two sensors, with a real book, and how often something was written in it. */
function watching(file?: string, bootId = 'kernel-1') {
  const clock = createVirtualClock();
  const made = tempOutbox(file === undefined ? {} : { file });
  let writes = 0;
  let isFull = false;
  const book = {
    ...made.outbox.silences,
    write(work: () => void) {
      writes += 1;
      if (isFull) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
      made.outbox.silences.write(work);
    },
  };
  const sources = [{ name: 'chip' }];
  const watch = createSilenceWatch({ book, clock, bootId, intervalMs: INTERVAL_MS, sources });
  return {
    ...made,
    clock,
    watch,
    writes: () => writes,
    /** Rounds of a disk that takes nothing, each of which costs two readings that were held. */
    async fullDisk(rounds: number, ...sensors: string[]) {
      isFull = true;
      const held = { readings: 2, held: 12, code: 'SQLITE_FULL', message: 'full' };
      for (let n = 0; n < rounds; n += 1) {
        await clock.advance(INTERVAL_MS);
        watch.onRead('chip', new Set(sensors));
        watch.observe({ type: 'outbox.held', ...held });
        const at = clock.wallMs();
        watch.observe({ type: 'reading.dropped', readings: 2, series: [], oldestAt: at, newestAt: at });
        watch.observe(ROUND);
      }
      isFull = false;
      watch.observe({ type: 'outbox.released', readings: 12, heldMs: rounds * INTERVAL_MS });
    },
    async round(...sensors: string[]) {
      await clock.advance(INTERVAL_MS);
      watch.onRead('chip', sensors.length === 0 ? undefined : new Set(sensors));
      made.outbox.append(someReadings(1));
      watch.observe(ROUND);
    },
    said: () =>
      readOutboxLedger(made.file)
        .silences.slice(1)
        .map(({ cause, sensor, untilSeq }) => [cause, sensor, untilSeq === null ? 'goes on' : 'ended']),
  };
}

describe('the watch over silences', () => {
  it('writes nothing in round after round in which all goes well', async () => {
    const { round, writes } = watching();
    await round('a', 'b');
    const before = writes();

    for (let n = 0; n < 100; n += 1) await round('a', 'b');

    expect(writes()).toBe(before);
  });

  it('does not write one miss down, and writes the second one at once, safe from a crash', async () => {
    const { round, said, file } = watching();
    await round('a', 'b');
    await round('a');
    await round('a', 'b');
    expect(said()).toEqual([]);

    await round('a');
    await round('a');

    expect(readOutboxLedger(crashed(file)).silences.at(-1)).toMatchObject({
      cause: 'sensor_fault',
      sensor: 'b',
      untilSeq: null,
      detail: 'source chip answers without it',
    });
    await round('a', 'b');
    expect(said()).toEqual([['sensor_fault', 'b', 'ended']]);
  });

  it('finds a gap that no event told of', async () => {
    const { round, clock, said } = watching();
    await round('a', 'b');
    await clock.advance(5 * INTERVAL_MS);

    await round('a', 'b');

    expect(said()).toEqual([
      ['late', 'a', 'ended'],
      ['late', 'b', 'ended'],
    ]);
  });

  it('names missed rounds, a sleep, a clock that was set and a failed append once, for all sensors', async () => {
    const { round, clock, watch, said } = watching();
    await round('a', 'b');
    watch.observe({ type: 'round.skipped', rounds: 5 });
    watch.observe({ type: 'clock.suspended', durationMs: 3_600_000 });
    watch.observe({ type: 'clock.stepped', why: 'NTP', offsetMs: 7_200_000 });
    watch.observe({ type: 'outbox.append_failed', readings: 2, code: 'X', message: 'a bug' });
    await clock.advance(5 * INTERVAL_MS);

    await round('a', 'b');

    expect(said()).toEqual([
      ['late', null, 'ended'],
      ['suspended', null, 'ended'],
      ['clock_set', null, 'ended'],
      ['dropped', null, 'ended'],
    ]);
  });

  it('tells how many readings a full disk has cost in all, however many rounds that took', async () => {
    const { round, fullDisk, file } = watching();
    await round('a', 'b');

    await fullDisk(1_500, 'a', 'b');
    await round('a', 'b');

    expect(readOutboxLedger(file).silences.slice(1)).toMatchObject([
      { cause: 'dropped', sensor: null, detail: '3000 readings' },
    ]);
  });

  it('knows of a sensor that came back while the disk was full that its silence has ended', async () => {
    const { round, fullDisk, said } = watching();
    await round('a', 'b');
    await round('a');
    await round('a');

    await fullDisk(1_500, 'a');
    await fullDisk(1, 'a', 'b');
    await round('a', 'b');

    expect(said()).toContainEqual(['sensor_fault', 'b', 'ended']);
  });

  it('has one line for a sensor that comes and goes within minutes', async () => {
    const { round, said } = watching();
    await round('a', 'b');

    for (let n = 0; n < 20; n += 1) {
      for (let missed = 0; missed < 3; missed += 1) await round('a');
      await round('a', 'b');
    }

    expect(said()).toEqual([['sensor_fault', 'b', 'ended']]);
  });

  it('tells a boot from a run of the same boot, and a sleep from both', async () => {
    const { outbox, file } = watching(undefined, 'kernel-1');
    outbox.close();
    watching(file, 'kernel-1').outbox.close();
    watching(file, 'kernel-1+300').outbox.close();
    watching(file, 'kernel-2').outbox.close();

    expect(readOutboxLedger(file).silences.map(({ cause }) => cause)).toEqual([
      'reader_stopped',
      'reader_stopped',
      'reader_stopped',
      'power_off',
    ]);
  });

  it('knows the sensors of a source that gives nothing from the start, and of one that is configured no more', async () => {
    const { round, outbox, file } = watching();
    await round('a');
    outbox.silences.keepSensor({ sensor: 'old', source: 'gone', intervalMs: INTERVAL_MS });
    outbox.close();

    const later = watching(file);
    await later.round();
    await later.round();

    expect(later.said()).toEqual([
      ['reader_stopped', null, 'ended'],
      ['removed', 'old', 'goes on'],
      ['sensor_fault', 'a', 'goes on'],
    ]);
  });
});

describe('the book of silences', () => {
  it('is bounded', () => {
    const { outbox, file } = tempOutbox();

    outbox.silences.write(() => {
      for (let n = 0; n < 10_050; n += 1) {
        const at = n * 3_600_000;
        outbox.silences.note({
          ...{ cause: 'late', sensor: null, afterSeq: n, untilSeq: n, fromAt: at, toAt: at, detail: '' },
        });
      }
    });

    const { silences } = readOutboxLedger(file);
    expect(silences).toHaveLength(10_000);
    expect(silences[0]?.afterSeq).toBe(50);
  });
});

it('a book that is damaged does not keep the reader from its stop', () => {
  const { outbox, clock } = watching();
  let malformed = false;
  const book = {
    ...outbox.silences,
    write() {
      const code = malformed ? 'SQLITE_CORRUPT' : 'SQLITE_FULL';
      throw Object.assign(new Error(code), { code });
    },
  };
  const sources = [{ name: 'chip' }];
  const watch = createSilenceWatch({ book, clock, bootId: 'kernel-2', intervalMs: INTERVAL_MS, sources });
  malformed = true;

  expect(() => watch.observe(ROUND)).toThrow('SQLITE_CORRUPT');
  expect(() => watch.close()).not.toThrow();
});
