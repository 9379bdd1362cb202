import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { createGatewayWatch } from './gateway-watch.ts';

const ROUND_MS = 10_000;

function aWatch() {
  const world = createTestWorld();
  const watch = createGatewayWatch(world);
  /** A round of this stream, measured now or so long ago. */
  const deliver = (stream: string, agoMs = 0, from = `host of ${stream}`) =>
    watch.note({ gateway: 'attic', stream, rows: [[1, 0, world.clock.wallMs() - agoMs, 20.5]] }, from);
  return { world, watch, deliver, said: () => world.recorder.of('gateway.doubled') };
}

it('two machines of one name are noticed within a minute, with both streams and where they come from', async () => {
  const { world, watch, deliver, said } = aWatch();
  for (let round = 0; round < 4; round += 1) {
    deliver('first');
    await world.clock.advance(ROUND_MS / 2);
    deliver('second');
    await world.clock.advance(ROUND_MS / 2);
  }

  const streams = [
    { stream: 'first', from: 'host of first' },
    { stream: 'second', from: 'host of second' },
  ];
  expect(said().length).toBeGreaterThan(0);
  expect(watch.doubled()).toEqual([{ gateway: 'attic', streams: expect.arrayContaining(streams) }]);
});

it('that is over when only one of them has delivered for five minutes', async () => {
  const { world, watch, deliver } = aWatch();
  for (let round = 0; round < 6; round += 1) {
    for (const stream of ['first', 'second']) {
      deliver(stream);
      await world.clock.advance(ROUND_MS / 2);
    }
  }
  expect(watch.doubled()).toHaveLength(1);

  for (let round = 0; round < 31; round += 1) {
    deliver('first');
    await world.clock.advance(ROUND_MS);
  }

  expect(watch.doubled()).toEqual([]);
});

it('one machine is never taken for two, whatever it restarts, and however its backlogs drain beside fresh rounds', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant('round' as const) },
    { weight: 2, arbitrary: fc.constant('outage' as const) },
    { weight: 1, arbitrary: fc.constant('restart' as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), async (steps, newestFirst) => {
      const { world, watch, said } = aWatch();
      const backlog: { stream: string; at: number }[] = [];
      let run = 0;
      const note = (stream: string, at: number) =>
        watch.note({ gateway: 'attic', stream, rows: [[1, 0, at, 20.5]] }, 'here');
      for (const one of steps) {
        await world.clock.advance(ROUND_MS);
        if (one === 'restart') run += 1;
        else if (one === 'outage') backlog.push({ stream: `run-${run}`, at: world.clock.wallMs() });
        else {
          note(`run-${run}`, world.clock.wallMs());
          const late = newestFirst ? backlog.pop() : backlog.shift();
          if (late !== undefined) note(late.stream, late.at);
        }
      }
      expect(said()).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

it('twin: were the order of arrival what counts, a backlog that drains beside fresh rounds would look like two', async () => {
  const { world, deliver } = aWatch();
  const arrivals: string[] = [];
  for (let round = 0; round < 6; round += 1) {
    for (const [stream, agoMs] of [
      ['now', 0],
      ['before', 3_600_000 - round],
    ] as const) {
      deliver(stream, agoMs);
      arrivals.push(stream);
    }
    await world.clock.advance(ROUND_MS);
  }

  const returns = arrivals.filter((one, i) => i > 1 && one !== arrivals[i - 1]);
  expect(returns.length).toBeGreaterThan(4);
  expect(world.recorder.of('gateway.doubled')).toEqual([]);
});

it('readings without a stream, and batches that only tell what is gone, say nothing of machines', () => {
  const { watch, said } = aWatch();
  for (let n = 0; n < 20; n += 1) {
    watch.note({ gateway: 'attic', stream: undefined, rows: [[1, 0, n, 1]] }, 'here');
    watch.note({ gateway: 'attic', stream: `stream-${n % 2}`, rows: [] }, 'here');
  }

  expect([said(), watch.doubled()]).toEqual([[], []]);
});
