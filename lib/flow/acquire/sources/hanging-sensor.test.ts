/**
 * What the layers of I2C are for, seen from the rounds: one sensor hangs for ever, another fails at one exchange in
 * five, and nobody else notices. Sources, sampling and liveness are the real ones, the wires are not.
 */

import { describe, expect, test } from 'vitest';
import { createFakeBme280 } from '../../../../test/support/fake-bme280.ts';
import { reported, source, startSampling } from '../../../../test/support/sampling-rig.ts';
import { createScriptedWire } from '../../../../test/support/scripted-wire.ts';
import { createSeededRandom } from '../../../../test/support/seeded-random.ts';
import { createTestWorld } from '../../../../test/support/test-world.ts';
import { createLiveness } from '../../../ops/liveness.ts';
import { createSources, type SourceOptions } from './create-sources.ts';
import { ChipError } from './i2c/chip.ts';
import type { I2cWire } from './i2c/i2c-bus.ts';

/** 120 rounds: twice as long as the longest wait in here. */
const WHILE_MS = 1_200_000;
const INTERVAL_MS = 10_000;
const ROUNDS = WHILE_MS / INTERVAL_MS;

interface While {
  /** From which exchange on the first bus hangs; `undefined`: never. */
  readonly hangsFrom?: number;
  readonly hangingBuses?: readonly number[];
  readonly restartAfterMs?: number;
  readonly extra?: readonly SourceOptions[];
}

/** A bus with one BME280 on each of its two addresses. */
function wireOf(over: { hangsFrom?: number | undefined; errors?: number }): I2cWire & { letGo(): void } {
  const chips = [0x76, 0x77].map((address) => createFakeBme280({ address }));
  const random = createSeededRandom(6);
  let exchanges = 0;
  const hung = createScriptedWire(() => 'hangs');
  return {
    letGo: hung.letGo,
    drop: async () => {},
    async exchange(address, write, readLength, signal) {
      exchanges += 1;
      if (over.hangsFrom !== undefined && exchanges > over.hangsFrom)
        await hung.exchange(address, write, readLength, signal);
      if (random.fraction() < (over.errors ?? 0)) throw new ChipError('garbled', 'EIO: garbled');
      const chip = chips[address - 0x76] ?? expect.fail('no such chip');
      return chip.bus.transfer(address, write, readLength);
    },
  };
}

const chip = (name: string, bus: number, address = 0x76): SourceOptions => ({
  type: 'bme280',
  name,
  bus,
  address,
  deadlineMs: 5_000,
});

/** Rounds over four buses: a hung one, a flaky one, one with two sound chips, and one more. */
async function aWhile({ hangsFrom = 100, hangingBuses = [1], restartAfterMs }: While = {}) {
  const world = createTestWorld();
  const liveness = createLiveness(world.clock);
  const wires = [1, 2, 3, 4].map((bus) =>
    wireOf({ hangsFrom: hangingBuses.includes(bus) ? hangsFrom : undefined, errors: bus === 2 ? 0.2 : 0 }),
  );
  const sources = createSources(
    [chip('hung', 1), chip('flaky', 2), chip('sound', 3), chip('twin', 3, 0x77), chip('spare', 4)],
    {
      world,
      stateDir: '/',
      pulse: liveness,
      i2c: { restartAfterMs },
      openWire: (bus) => wires[bus - 1] ?? expect.fail('no such bus'),
    },
  );
  const rig = startSampling([...sources.all, source('plain', { read: async () => [reported('plain')] })], {
    world,
    pulse: liveness,
    intervalMs: INTERVAL_MS,
  });
  const overdue = new Set<string>();
  for (let at = 0; at < WHILE_MS; at += INTERVAL_MS) {
    await world.clock.advance(INTERVAL_MS);
    for (const { loop } of liveness.overdue()) overdue.add(loop);
  }
  const having = (sensor: string) =>
    rig.rounds.filter((round) => round.some((reading) => reading.sensor === sensor)).length;
  return { ...rig, sources, wires, having, overdue: [...overdue], status: () => rig.loop.status() };
}

describe('with one sensor that hangs for ever and one that fails at an exchange in five', () => {
  test('all others are in each round, on time, and nothing asks for a new process', async () => {
    const { world, having, overdue, rounds } = await aWhile();

    expect(rounds.length).toBe(ROUNDS);
    expect([having('sound'), having('twin'), having('spare'), having('plain')]).toEqual([
      ROUNDS,
      ROUNDS,
      ROUNDS,
      ROUNDS,
    ]);
    expect(world.recorder.of('round.skipped')).toEqual([]);
    const slowest = Math.max(...world.recorder.of('round.sampled').map((event) => event.durationMs));
    expect(slowest).toBeLessThan(2_000);
    expect(overdue).toEqual([]);
  });

  test('the flaky one gives nearly all of its readings, and says how hard that is', async () => {
    const { having, status } = await aWhile();

    expect(having('flaky')).toBeGreaterThan(0.9 * ROUNDS);
    const flaky = status().sources.find(({ name }) => name === 'flaky')?.statistics;
    expect(flaky?.repeats).toBeGreaterThan(100);
    expect(flaky?.faults).toMatchObject({ garbled: expect.any(Number) });
  });

  test('the bus of the hung one is told as stuck since it was, and nothing more is asked of it', async () => {
    const { sources, having } = await aWhile();

    expect(sources.buses()).toMatchObject([
      { bus: 1, state: 'stuck', abandoned: 1, exchanges: 101 },
      { bus: 2, state: 'free', abandoned: 0 },
      { bus: 3, state: 'free', abandoned: 0 },
      { bus: 4, state: 'free', abandoned: 0 },
    ]);
    expect(sources.hangs()).toBe(true);
    expect(having('hung')).toBeGreaterThan(5);
    expect(having('hung')).toBeLessThan(30);
  });

  test('the hung one is back as soon as its bus is, without a restart', async () => {
    const { world, wires, having, sources } = await aWhile({ hangsFrom: 100 });
    const before = having('hung');

    wires[0]?.letGo();
    await world.clock.advance(1);
    const { state } = sources.buses()[0] ?? {};
    // It hangs again with its next exchange; that there was one is what counts here.
    await world.clock.advance(INTERVAL_MS + 2_000);

    expect(state).toBe('free');
    expect(sources.buses()[0]).toMatchObject({ state: 'stuck', abandoned: 2 });
    expect(having('hung')).toBe(before);
  });
});

describe('a new process is asked for', () => {
  test('when a bus that has worked hangs for as long as the setting says', async () => {
    const { overdue } = await aWhile({ restartAfterMs: 600_000 });

    expect(overdue).toEqual(['i2c bus 1']);
  });

  test('not for a bus that has hung from its first exchange on: it would hang again', async () => {
    const { overdue } = await aWhile({ hangsFrom: 0, restartAfterMs: 600_000 });

    expect(overdue).toEqual([]);
  });

  test('when hung buses hold all threads that they may, although no setting says so', async () => {
    const two = await aWhile({ hangingBuses: [1, 4] });
    const three = await aWhile({ hangingBuses: [1, 2, 4] });

    expect([two.overdue, two.having('sound')]).toEqual([[], ROUNDS]);
    expect(three.overdue).toEqual(['pool threads']);
    expect(three.having('plain')).toBe(three.rounds.length);
  });
});
