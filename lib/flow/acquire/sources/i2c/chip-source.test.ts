import { describe, expect, test } from 'vitest';
import { chipRig } from '../../../../../test/support/scripted-chip.ts';
import type { Behaviour } from '../../../../../test/support/scripted-wire.ts';
import { settle } from '../../../../../test/support/virtual-clock.ts';
import { ChipError, type ChipFault } from './chip.ts';

const fault = (kind: ChipFault) => new ChipError(kind, `${kind}, says the test`);

/** Fails on these exchanges, counted from 0, and answers on all others. */
function failingOn(error: Error, ...exchanges: number[]): Behaviour {
  let count = 0;
  return async (_write, readLength) => {
    count += 1;
    if (exchanges.includes(count - 1)) throw error;
    return new Uint8Array(readLength);
  };
}

describe('a chip', () => {
  test('is begun before its first measurement, and not before the next', async () => {
    const { read, log } = chipRig();

    const first = await read();
    await read();

    expect(first).toEqual([{ sensor: 'pond', metric: 'temperature', unit: 'celsius', value: 20 }]);
    expect(log).toEqual(['begin', 'measure', 'measure']);
  });

  test('is begun again after a failure: it may have been exchanged', async () => {
    const { read, log, script } = chipRig();
    await read();
    script.behaviour = fault('unusable');
    await expect(read()).rejects.toThrow(/unusable/);
    script.behaviour = undefined;

    await read();

    expect(log).toEqual(['begin', 'measure', 'measure', 'begin', 'measure']);
  });

  test('that has lost its power is begun again at once', async () => {
    const { read, log, script } = chipRig();
    await read();
    script.behaviour = failingOn(fault('power_lost'), 0);

    const measurements = await read();

    expect(measurements).toHaveLength(1);
    expect(log).toEqual(['begin', 'measure', 'measure', 'begin', 'measure']);
  });

  test('is not asked again while its first read is under way', async () => {
    const { source, clock } = chipRig();
    const { signal } = new AbortController();

    const both = Promise.allSettled([source.read(signal), source.read(signal)]);
    await clock.advance(100);

    expect((await both).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('that does not allow a read so soon gives no new value, and no failure', async () => {
    const { read, clock, wire } = chipRig({ driver: { intervalMinMs: 5_000 } });
    await read();
    const asked = wire.asked.length;

    const tooSoon = await read();
    const askedTooSoon = wire.asked.length - asked;
    await clock.advance(1_000);

    expect(tooSoon).toEqual([]);
    expect(askedTooSoon).toBe(0);
    expect(await read()).toHaveLength(1);
  });

  test('is waited for by a round that comes a little early, so that no round is lost to jitter', async () => {
    const { source, clock, read } = chipRig({ driver: { intervalMinMs: 5_000 } });
    await read();
    await clock.advance(2_900);

    const reading = source.read(new AbortController().signal);
    await clock.advance(50);
    const asleep = clock.sleepers();
    await clock.advance(200);

    expect(asleep).toEqual(['pond interval@5000']);
    expect(await reading).toHaveLength(1);
  });

  test('is read no more often than it allows, whatever the configuration says', () => {
    expect(chipRig({ driver: { intervalMinMs: 30_000 } }).source.intervalMs).toBe(30_000);
    expect(chipRig({ driver: { intervalMinMs: 5_000 }, intervalMs: 60_000 }).source.intervalMs).toBe(60_000);
    expect(chipRig().source.intervalMs).toBeUndefined();
  });

  test('is told to end when the source is closed, if it was begun', async () => {
    const { read, source, log } = chipRig();
    source.close?.();
    await read();

    source.close?.();
    source.close?.();

    expect(log).toEqual(['begin', 'measure', 'end']);
  });
});

describe('a failure', () => {
  test.each<ChipFault>(['no_answer', 'garbled'])(
    'of a single exchange (%s) is met by making it again',
    async (kind) => {
      const { read, script, source } = chipRig();
      script.behaviour = failingOn(fault(kind), 0, 2, 4);

      const measurements = await read();

      expect(measurements).toHaveLength(1);
      expect(source.statistics?.()).toMatchObject({ repeats: 3, retries: 0, faults: {} });
    },
  );

  test.each<ChipFault>(['checksum', 'not_ready', 'wrong_chip', 'illegal_value'])(
    'of class %s is met by a second try in the same round',
    async (kind) => {
      const { read, script, source } = chipRig();
      script.behaviour = failingOn(fault(kind), 0);

      const measurements = await read();

      expect(measurements).toHaveLength(1);
      expect(source.statistics?.()).toMatchObject({ retries: 1, faults: { [kind]: 1 }, breaker: 'closed' });
    },
  );

  test.each<ChipFault>(['bus_stuck', 'unusable'])(
    'of class %s is not tried again: it only costs',
    async (kind) => {
      const { read, script, wire } = chipRig();
      script.behaviour = fault(kind);

      await expect(read()).rejects.toMatchObject({ fault: kind });

      expect(wire.asked).toHaveLength(1);
    },
  );

  test('is tried again once, and not for ever', async () => {
    const { read, script, log } = chipRig();
    script.behaviour = fault('checksum');

    await expect(read()).rejects.toThrow(/checksum/);

    expect(log).toEqual(['begin', 'begin']);
  });

  test('is not tried again when the time for it is over', async () => {
    const { read, script, log } = chipRig({ driver: { measureMaxMs: 1_950 } });
    script.behaviour = fault('checksum');

    await expect(read()).rejects.toThrow(/checksum/);

    expect(log).toEqual(['begin']);
  });

  test('is counted by its class, and a bug of a driver has one of its own', async () => {
    const { read, script, source } = chipRig();
    script.behaviour = fault('checksum');
    await expect(read()).rejects.toThrow();
    script.behaviour = new TypeError('undefined is not a function');
    await expect(read()).rejects.toThrow();

    expect(source.statistics?.()).toMatchObject({ faults: { checksum: 2, other: 1 }, retries: 1 });
  });

  test('of a driver that is not ours is told by its property, not by its class', async () => {
    const { read, script, source } = chipRig();
    script.behaviour = Object.assign(new Error('bad sum'), { fault: 'checksum' });

    await expect(read()).rejects.toThrow(/bad sum/);

    expect(source.statistics?.()?.faults).toEqual({ checksum: 2 });
  });
});

describe('a value', () => {
  test.each([-40.01, 85.01, Number.NaN, Number.POSITIVE_INFINITY])(
    'of %d, which the chip cannot measure, is a failure and no reading',
    async (value) => {
      const { read, script } = chipRig();
      script.values = [{ metric: 'temperature', value }];

      await expect(read()).rejects.toThrow(/outside of what the chip can measure \(-40 to 85\)/);
    },
  );

  test('of a metric that the driver has not declared is a failure', async () => {
    const { read, script } = chipRig();
    script.values = [{ metric: 'mood', value: 1 }];

    await expect(read()).rejects.toThrow(/gives "mood", which it has not declared/);
  });

  test('that is not there now is left out, and no failure', async () => {
    const { read, script, source } = chipRig();
    script.values = [];

    expect(await read()).toEqual([]);
    expect(source.statistics?.()).toMatchObject({ faults: {}, lastValueAt: {} });
  });

  test('is remembered with its time', async () => {
    const { read, clock, source } = chipRig();
    const at = clock.wallMs() + 10;

    await read();

    expect(source.statistics?.()?.lastValueAt).toEqual({ temperature: at });
  });
});

describe('a dead chip', () => {
  test('is left alone with growing pauses, and taken up at the first answer', async () => {
    const { rounds, script, wire, source } = chipRig();
    script.behaviour = fault('no_answer');
    const dead = await rounds(30);
    const asked = wire.asked.length;
    script.behaviour = undefined;

    const back = await rounds(8);

    // Three rounds of two tries with two exchanges each, then probes of two exchanges: a minute apart at last.
    expect(asked).toBe(3 * 4 + 5 * 2);
    expect(new Set(dead)).toEqual(new Set(['failed']));
    expect(back.indexOf('ok')).toBeLessThanOrEqual(6);
    expect(back.slice(back.indexOf('ok'))).not.toContain('failed');
    expect(source.statistics?.()?.breaker).toBe('closed');
  });

  test('says that it is left alone, until when, and why', async () => {
    const { rounds, read, script, source, clock } = chipRig();
    script.behaviour = fault('no_answer');
    await rounds(4);
    const at = clock.wallMs();

    await expect(read()).rejects.toThrow(/left alone for \d+ s more: no_answer, says the test/);

    expect(source.statistics?.()).toMatchObject({ breaker: 'open', nextTryAt: expect.any(Number) });
    expect(source.statistics?.()?.nextTryAt).toBeGreaterThan(at);
  });

  test('that hangs the bus makes it refuse, and costs no more than its deadline', async () => {
    const { read, script, clock, bus } = chipRig();
    script.behaviour = 'hangs';
    await expect(read()).rejects.toThrow(/bus 1 hangs/);
    const before = clock.monotonicMs();

    await expect(read()).rejects.toThrow(/left alone for 6 s more: bus 1 hangs/);
    await clock.advance(8_000);
    await expect(read()).rejects.toThrow(/has been stuck for 1\d s, in an exchange with 0x44/);

    expect(clock.monotonicMs() - before).toBe(12_000); // Only what the test lets pass.
    expect(bus.status()).toMatchObject({ state: 'stuck', abandoned: 1, exchanges: 1 });
  });

  test('is not blamed for a bus that another has stopped: it is read as soon as the bus is free', async () => {
    const { rounds, script, wire, bus } = chipRig();
    const { signal } = new AbortController();
    await rounds(1);
    script.behaviour = 'hangs';
    bus.transfer(0x10, Uint8Array.of(0), 1, signal).catch(() => {});

    const stuck = await rounds(20);
    wire.letGo();
    await settle();
    script.behaviour = undefined;
    const free = await rounds(2);

    expect(new Set(stuck)).toEqual(new Set(['failed']));
    expect(free).toEqual(['ok', 'ok']);
  });
});

test('an abort in the middle ends the read, and the next one begins the chip again', async () => {
  const { source, clock, log, read, wire } = chipRig();
  const abort = new AbortController();
  const reading = source.read(abort.signal);
  reading.catch(() => {});
  await clock.advance(5);
  const asked = wire.asked.length;

  abort.abort();
  await expect(reading).rejects.toThrow(/abort/i);

  expect(wire.asked).toHaveLength(asked);
  expect(source.statistics?.()).toMatchObject({ abandoned: 1, faults: {} });
  await read();
  expect(log).toEqual(['begin', 'measure', 'begin', 'measure']);
});

test('a chip at which one exchange in five fails is read in nearly every round', async () => {
  const { rounds, script } = chipRig();
  let count = 0;
  script.behaviour = async (_write, readLength) => {
    count += 1;
    // The golden ratio spreads the failures evenly without a period that could fit a measurement's.
    if ((count * 0.618_033_988_75) % 1 < 0.2) throw fault('garbled');
    return new Uint8Array(readLength);
  };

  const outcomes = await rounds(100);

  expect(outcomes.filter((one) => one === 'ok').length).toBeGreaterThan(90);
});
