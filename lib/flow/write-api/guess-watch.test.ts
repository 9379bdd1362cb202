import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { createGuessWatch, networkOf } from './guess-watch.ts';

const aWatch = () => {
  const { clock } = createTestWorld();
  return { clock, watch: createGuessWatch(clock) };
};

it('different wrong tokens of one sender count as guesses, the first and repetitions do not', () => {
  const { watch, clock } = aWatch();
  for (const token of ['a', 'a', 'b', 'c', 'b', 'a']) watch.wrong('192.0.2.7', token);
  watch.wrong('192.0.2.8', 'a');

  expect(watch.told()).toEqual({
    total: 2,
    from: [{ from: '192.0.2.7', guesses: 2, lastAt: clock.wallMs() }],
  });
});

it('those who guess most are told of, a few of them, and all are counted', () => {
  const { watch } = aWatch();
  for (let sender = 1; sender <= 9; sender += 1)
    for (let n = 0; n <= sender; n += 1) watch.wrong(`192.0.2.${sender}`, `token-${n}`);

  const { total, from } = watch.told();

  expect(total).toBe(45);
  expect(from.map(({ guesses }) => guesses)).toEqual([9, 8, 7, 6, 5]);
});

it('no sender has more wrong tokens looked at than its turns allow, however it times them', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 80 }), (pauses) => {
      const { clock } = createTestWorld();
      let mono = 0;
      const watch = createGuessWatch({ wallMs: clock.wallMs, monotonicMs: () => mono });
      let lookedAt = 0;
      for (const [n, pause] of pauses.entries()) {
        mono += pause;
        if (watch.waitS('192.0.2.7', `token-${n}`) !== undefined) continue;
        watch.wrong('192.0.2.7', `token-${n}`);
        lookedAt += 1;
      }
      expect(lookedAt).toBeLessThanOrEqual(10 + mono / 6_000 + 1);
    }),
  );
});

it('a million senders are remembered in bounded memory, and their guesses are counted all the same', () => {
  const { watch } = aWatch();
  for (let sender = 0; sender < 2_000; sender += 1)
    for (const token of ['a', 'b']) watch.wrong(`10.0.${sender >> 8}.${sender & 255}`, token);

  expect(watch.told().total).toBe(2_000);
  expect(watch.waitS('10.0.0.0', 'c')).toBeUndefined();
});

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:0:7:1:2:3:4', '2001:db8:0:7::/64'],
  ['2001:db8:0:7::9', '2001:db8:0:7::/64'],
  ['2001:DB8::9', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['somewhere', 'somewhere'],
])('%s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
