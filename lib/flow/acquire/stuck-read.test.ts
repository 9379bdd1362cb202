import { describe, expect, test } from 'vitest';
import { reported, source, startSampling } from '../../../test/support/sampling-rig.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { createLiveness } from '../../ops/liveness.ts';

const never = () => new Promise<never>(() => {});

/** A source that answers so many times and then never again, beside one that always does. */
function startBesideStuck(answers: number, deadlineMs = 1_000) {
  const world = createTestWorld();
  const liveness = createLiveness(world.clock);
  let reads = 0;
  const stuck = source('stuck', {
    deadlineMs,
    read: async () => {
      reads += 1;
      return reads <= answers ? [reported('stuck')] : never();
    },
  });
  const rig = startSampling([stuck, source('good')], { world, pulse: liveness });
  return { ...rig, liveness };
}

describe('a read that does not end', () => {
  test.each([
    ['a minute, however short its deadline is', 1_000, 64_000],
    ['twelve of its deadlines, where they are longer than a minute', 8_000, 100_000],
  ])('is no stuck loop for %s, and one after that', async (_for, deadlineMs, patienceMs) => {
    const { world, liveness } = startBesideStuck(1, deadlineMs);
    await world.clock.advance(10_000);

    await world.clock.advance(patienceMs);
    const before = liveness.overdue();
    await world.clock.advance(2_000);

    expect(before).toEqual([]);
    expect(liveness.overdue()).toMatchObject([{ loop: 'read stuck' }]);
  });

  test('is for ever only a failing source if it has not answered since the start', async () => {
    const { world, liveness, rounds } = startBesideStuck(0);

    await world.clock.advance(3_600_000);

    expect(liveness.overdue()).toEqual([]);
    expect(rounds.length).toBeGreaterThan(350);
  });

  test('says when it will be asked again, once it has hung for longer than a slow machine explains', async () => {
    const { world, loop } = startBesideStuck(0);
    const told = () => loop.status().sources[0]?.lastFailure?.message;

    await world.clock.advance(60_000);
    const atFirst = told();
    await world.clock.advance(60_000);

    expect(atFirst).toBe('has not ended the read begun 60 s ago');
    expect(told()).toBe(
      'has not ended the read begun 120 s ago, nor answered since the start: it is asked again when that read has ended, or the reader is restarted',
    );
  });

  test('twin: of one that has worked before the watchdog takes care, and nothing is to be done', async () => {
    const { world, loop } = startBesideStuck(1);

    await world.clock.advance(120_000);

    expect(loop.status().sources[0]?.lastFailure?.message).toBe('has not ended the read begun 110 s ago');
  });

  test('that fails instead, round after round, is no stuck loop either', async () => {
    const world = createTestWorld();
    const liveness = createLiveness(world.clock);
    let reads = 0;
    const unplugged = source('unplugged', {
      read: async () => {
        reads += 1;
        if (reads > 3) throw new Error('EREMOTEIO');
        return [reported('unplugged')];
      },
    });
    startSampling([unplugged], { world, pulse: liveness });

    await world.clock.advance(3_600_000);

    expect(liveness.overdue()).toEqual([]);
  });
});
