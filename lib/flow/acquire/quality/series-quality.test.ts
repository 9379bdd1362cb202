import { describe, expect, test } from 'vitest';
import { createEventRecorder } from '../../../../test/support/event-recorder.ts';
import type { Reading } from '../../reading.ts';
import type { QualityLimits } from './checks.ts';
import { createSourceQuality } from './series-quality.ts';

const MINUTE_MS = 60_000;

/** A source of one series (or more), which a test gives value after value. */
function rig(limits: QualityLimits, seriesMax?: number) {
  const recorder = createEventRecorder();
  const quality = createSourceQuality({
    source: 'terrarium',
    limitsOf: () => limits,
    observe: recorder.observe,
    ...(seriesMax === undefined ? {} : { seriesMax }),
  });
  let monoMs = 0;
  /** Reads the source, ten seconds after the last time; it gives nothing for `undefined`. */
  function read(value: number | undefined, over: Partial<Reading> = {}, afterMs = 10_000): boolean {
    monoMs += afterMs;
    quality.nextRead();
    if (value === undefined) return false;
    const names = { sensor: 'terrarium', metric: 'temperature', unit: 'celsius' };
    return quality.isSuspect({ ...names, at: monoMs, monoMs, value, flags: 0, ...over });
  }
  return { recorder, quality, read };
}

describe('a series that becomes suspect', () => {
  test('is told of once, with the check, the value and the limit', () => {
    const { recorder, read } = rig({ max: 60 });

    const suspect = [20, 85, 86, 20, 85].map((value) => read(value));

    expect(suspect).toEqual([false, true, true, false, true]);
    expect(recorder.events).toEqual([
      {
        type: 'series.suspected',
        source: 'terrarium',
        sensor: 'terrarium',
        metric: 'temperature',
        unit: 'celsius',
        value: 85,
        check: 'range',
        message: 'is more than 60',
      },
    ]);
  });

  test('is told of again when it fails another check', () => {
    const { recorder, read } = rig({ max: 60, changeMax: 5 });

    for (const value of [20, 85, 20, 40, 20]) read(value);

    expect(recorder.of('series.suspected').map(({ check }) => check)).toEqual(['range', 'spike']);
  });

  test('is good again after ten good minutes, and says how many readings were suspect', () => {
    const { recorder, read } = rig({ max: 60 });

    for (const value of [85, 20, 85]) read(value);
    for (let i = 0; i < 59; i += 1) read(20);
    const before = recorder.of('series.cleared');
    read(20);

    expect(before).toEqual([]);
    expect(recorder.of('series.cleared')).toMatchObject([
      { source: 'terrarium', metric: 'temperature', readings: 2, durationMs: 20_000 },
    ]);
  });

  test('twin: while it fails every nine minutes nothing more is said for a day', () => {
    const { recorder, read } = rig({ max: 60 });

    for (let i = 0; i < 1_440; i += 1) read(i % 9 === 0 ? 85 : 20, {}, MINUTE_MS);

    expect(recorder.events.map(({ type }) => type)).toEqual(['series.suspected']);
  });

  test('needs three good values, however long the time between them is', () => {
    const { recorder, read } = rig({ max: 60 });

    for (const value of [85, 20, 20]) read(value, {}, 3_600_000);
    const before = recorder.of('series.cleared');
    read(20, {}, 3_600_000);

    expect([before.length, recorder.of('series.cleared').length]).toEqual([0, 1]);
  });

  test('is counted by its checks, and shown while its latest value is suspect', () => {
    const { quality, read } = rig({ max: 60, changeMax: 5, warmUpMs: 15_000 });
    const shown = () => quality.status().map(({ suspect, counts }) => ({ suspect: suspect?.check, counts }));

    expect(shown()).toEqual([]);
    for (const value of [20, 40]) read(value);
    expect(shown()).toEqual([{ suspect: 'spike', counts: { warm_up: 2, spike: 1 } }]);
    for (const value of [20, 85, 20]) read(value);
    expect(shown()).toEqual([{ suspect: undefined, counts: { warm_up: 2, spike: 1, range: 1 } }]);
  });
});

describe('a sensor that was away', () => {
  test('for six reads warms up anew, and its first value is compared with nothing', () => {
    const { read } = rig({ warmUpMs: 25_000, changeMax: 5 });

    const start = [20, 20, 20, 20].map((value) => read(value));
    for (let i = 0; i < 6; i += 1) read(undefined);
    const back = [90, 90, 90, 90].map((value) => read(value));

    expect(start).toEqual([true, true, true, false]);
    expect(back).toEqual(start);
  });

  test('for fewer, as on a loose wire, does not', () => {
    const { read } = rig({ warmUpMs: 15_000 });

    for (const value of [20, 20, 20]) read(value);
    for (let i = 0; i < 5; i += 1) read(undefined);

    expect(read(20)).toBe(false);
  });

  test('because nobody asked it, for as long as they like, does not', () => {
    const { read } = rig({ warmUpMs: 15_000 });

    for (const value of [20, 20, 20]) read(value);

    expect(read(20, {}, 86_400_000)).toBe(false);
  });
});

describe('series without end', () => {
  test('are judged all the same, and only those seen last are remembered', () => {
    const { quality, read } = rig({ max: 60 }, 8);

    for (let i = 0; i < 1_000; i += 1) expect(read(85, { sensor: `made-up-${i}` })).toBe(true);

    expect(quality.status().map(({ sensor }) => sensor)).toEqual(
      Array.from({ length: 8 }, (_, i) => `made-up-${992 + i}`),
    );
  });

  test('of one sensor are told apart by their unit, too', () => {
    const { read } = rig({ changeMax: 5 });

    expect([read(20), read(293, { unit: 'degree' }), read(20)]).toEqual([false, false, false]);
  });
});
