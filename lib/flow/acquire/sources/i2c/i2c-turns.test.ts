import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Behaviour, createScriptedWire } from '../../../../../test/support/scripted-wire.ts';
import { createVirtualClock, settle } from '../../../../../test/support/virtual-clock.ts';
import { createPoolThreads } from '../pool-threads.ts';
import { createI2cTurns, EXCHANGE_MAX_MS } from './i2c-turns.ts';

const failure = (code: string) => Object.assign(new Error(code), { code });

function rig(behaviours: Record<number, Behaviour> = {}) {
  const clock = createVirtualClock();
  const script = { ...behaviours };
  const wire = createScriptedWire((address) => script[address]);
  const stuck: boolean[] = [];
  const bus = createI2cTurns({ bus: 1, wire, clock, onStuck: (answered) => stuck.push(answered) });
  const ask = (address: number, signal?: AbortSignal) => {
    const answer = bus.transfer(address, Uint8Array.of(0), 1, signal);
    answer.catch(() => {}); // Looked at by the test, maybe after time has passed.
    return answer;
  };
  return { clock, wire, script, bus, ask, stuck };
}

describe('exchanges', () => {
  test('run one at a time, in the order asked', async () => {
    const { wire, ask } = rig();

    await Promise.all([1, 2, 3, 4].map((address) => ask(address)));

    expect(wire.mostUnderWay).toBe(1);
    expect(wire.asked).toEqual([1, 2, 3, 4]);
  });

  test('do not fail because the one before has failed', async () => {
    const { ask } = rig({ 1: failure('EREMOTEIO') });

    const [first, second] = await Promise.allSettled([ask(1), ask(2)]);

    expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled']);
  });

  test('leave the queue when nobody wants them any more', async () => {
    const { wire, ask } = rig({ 1: 'hangs' });
    const abort = new AbortController();
    void ask(1);
    const unwanted = ask(2, abort.signal);
    const wanted = ask(3);
    await settle();

    abort.abort();
    wire.letGo();
    await settle();

    await expect(unwanted).rejects.toMatchObject({ fault: 'bus_stuck', tried: false });
    await expect(wanted).resolves.toHaveLength(1);
    expect(wire.asked).toEqual([1, 3]);
  });

  test('of somebody who has already left do not begin', async () => {
    const { wire, ask } = rig();

    await expect(ask(1, AbortSignal.abort())).rejects.toThrow(/abort/i);

    expect(wire.asked).toEqual([]);
  });

  test('are refused when 64 wait already', async () => {
    const { ask, bus } = rig({ 1: 'hangs' });
    for (let i = 0; i < 65; i += 1) void ask(1);

    await expect(ask(1)).rejects.toMatchObject({
      message: '64 exchanges are waiting for bus 1 already',
      tried: false,
    });
    expect(bus.status().waiting).toBe(64);
  });
});

describe('an exchange that does not end', () => {
  test('is abandoned at its deadline, and so is all that waits', async () => {
    const { clock, wire, ask, bus } = rig({ 118: 'hangs' });
    const hung = ask(0x76);
    const behind = ask(0x44);

    await clock.advance(EXCHANGE_MAX_MS - 1);
    const before = bus.status().state;
    await clock.advance(51);

    expect(before).toBe('free');
    expect(bus.status()).toMatchObject({ state: 'stuck', abandoned: 1, exchanges: 1, waiting: 0 });
    await expect(hung).rejects.toMatchObject({
      fault: 'bus_stuck',
      tried: true,
      message: expect.stringMatching(/bus 1 hangs: the exchange with 0x76 has not ended after 1500 ms/),
    });
    await expect(behind).rejects.toMatchObject({ fault: 'bus_stuck', tried: false });
    expect(wire.asked).toEqual([0x76]);
  });

  test('makes the bus refuse what is new at once, and says which chip and for how long', async () => {
    const { clock, wire, ask } = rig({ 118: 'hangs' });
    void ask(0x76);
    await clock.advance(61_550);

    await expect(ask(0x44)).rejects.toMatchObject({
      message: expect.stringMatching(/stuck for 60 s, in an exchange with 0x76/),
      tried: false,
    });
    expect(wire.asked).toEqual([0x76]);
  });

  test('frees the bus when it ends after all, over a new handle', async () => {
    const { clock, wire, script, ask, bus } = rig({ 118: 'hangs' });
    void ask(0x76);
    await clock.advance(10_000);
    delete script[0x76];

    wire.letGo();
    await settle();

    expect(wire.dropped).toBe(1);
    expect(bus.status()).toMatchObject({ state: 'free', stuckSinceAt: undefined });
    await expect(ask(0x76)).resolves.toHaveLength(1);
  });

  test('is not abandoned for a stall of our own: what has come meanwhile is looked at first', async () => {
    const { clock, wire, ask, bus } = rig({ 118: 'hangs' });
    const answer = ask(0x76);

    await clock.advance(EXCHANGE_MAX_MS);
    wire.letGo();
    await clock.advance(1);

    await expect(answer).resolves.toHaveLength(1);
    expect(bus.status()).toMatchObject({ state: 'free', abandoned: 0 });
  });

  test('is told on with whether the bus has ever answered', async () => {
    const { clock, wire, ask, stuck } = rig({ 2: 'hangs' });
    void ask(2);
    await clock.advance(2_000);
    wire.letGo();
    await settle();
    await ask(1);

    void ask(2);
    await clock.advance(2_000);

    expect(stuck).toEqual([false, true]);
  });
});

describe('threads', () => {
  test('of hung buses are taken from the others only as far as one stays for files and names', async () => {
    const clock = createVirtualClock();
    const threads = createPoolThreads({ clock, poolThreads: 4 });
    const wires = [0, 1, 2, 3].map(() =>
      createScriptedWire((address) => (address === 9 ? 'hangs' : undefined)),
    );
    const buses = wires.map((wire, bus) => createI2cTurns({ bus, wire, clock, threads }));
    const ask = (bus: number, address: number) => {
      const answer = buses[bus]?.transfer(address, Uint8Array.of(0), 1) ?? expect.fail('no such bus');
      answer.catch(() => {});
      return answer;
    };
    for (const bus of [0, 1]) void ask(bus, 9);
    await clock.advance(2_000);

    const withTwoHung = await Promise.allSettled([ask(2, 1), ask(3, 1)]);
    void ask(2, 9);
    const behind = ask(3, 1);
    await clock.advance(2_000);
    const withThreeHung = await Promise.allSettled([behind, ask(3, 1)]);
    const exhausted = threads.exhausted();
    wires[0]?.letGo();
    await settle();

    expect(withTwoHung.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(withThreeHung).toMatchObject([
      { reason: { fault: 'bus_stuck', tried: false } },
      { reason: { fault: 'bus_stuck', tried: false } },
    ]);
    await expect(ask(3, 1)).resolves.toHaveLength(1);
    expect([exhausted, threads.exhausted()]).toEqual([true, false]);
  });
});

test('an exchange that is given up while it waits for a thread is never made', async () => {
  const clock = createVirtualClock();
  const threads = createPoolThreads({ clock, poolThreads: 2 });
  const wire = createScriptedWire(() => undefined);
  const bus = createI2cTurns({ bus: 1, wire, clock, threads });
  const other = await threads.take();
  const reader = new AbortController();
  const given = bus.transfer(1, Uint8Array.of(7), 0, reader.signal);
  await settle();

  reader.abort();
  await expect(given).rejects.toMatchObject({ fault: 'bus_stuck', tried: false });
  other?.release();
  await bus.transfer(2, Uint8Array.of(0), 1);

  expect(bus.status().exchanges).toBe(1);
});

test('closing twice lets go once, after the exchanges already asked for, and then takes no more', async () => {
  const { bus, wire, ask } = rig();
  const inHand = [ask(1), ask(2)];

  bus.close();
  bus.close();

  await Promise.all(inHand);
  await settle();
  await expect(ask(3)).rejects.toThrow(/has been closed/);
  expect(wire.dropped).toBe(1);
});

test('whatever chips do, every exchange settles, and one bus has one under way', async () => {
  const behaviour = fc.constantFrom<Behaviour | undefined>(
    'hangs',
    failure('EIO'),
    failure('ETIMEDOUT'),
    undefined,
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(behaviour, { minLength: 1, maxLength: 5 }),
      fc.array(fc.record({ address: fc.nat(4), afterMs: fc.nat(4_000), letGo: fc.boolean() }), {
        maxLength: 30,
      }),
      async (behaviours, steps) => {
        const { clock, wire, ask, bus } = rig(scriptOf(behaviours));
        const asked: Promise<unknown>[] = [];
        for (const { address, afterMs, letGo } of steps) {
          asked.push(ask(address));
          await clock.advance(afterMs);
          if (letGo) wire.letGo();
        }
        await clock.advance(steps.length * (EXCHANGE_MAX_MS + 50));

        const outcomes = await Promise.allSettled(asked);

        expect(outcomes).toHaveLength(steps.length);
        expect(wire.mostUnderWay).toBeLessThanOrEqual(1);
        expect(bus.status().waiting).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

function scriptOf(behaviours: readonly (Behaviour | undefined)[]): Record<number, Behaviour> {
  const script: Record<number, Behaviour> = {};
  for (const [address, behaviour] of behaviours.entries())
    if (behaviour !== undefined) script[address] = behaviour;
  return script;
}
