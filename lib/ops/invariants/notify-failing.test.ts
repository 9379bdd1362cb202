import { expect, it } from 'vitest';
import { createEngine } from './engine.ts';
import type { InvariantLimits } from './limits.ts';
import type { ChannelLook, Look } from './look.ts';
import { notifyFailing } from './notify-failing.ts';

const MINUTE_MS = 60_000;
const KEY = 'notify_failing:phone';
const WELL: ChannelLook = { name: 'phone', failures: 0, failingMs: undefined, reason: '' };
const failing = (minutes: number, failures = 6): ChannelLook => ({
  name: 'phone',
  failures,
  failingMs: minutes * MINUTE_MS,
  reason: 'HTTP 503',
});

/** What an engine says of these looks, one after the other, each half a minute after the one before. */
function said(...looks: readonly (readonly ChannelLook[] | undefined)[]) {
  const limits = {} as InvariantLimits; // It has no thresholds of its own.
  const engine = createEngine({ invariants: [notifyFailing], limits });
  let open: { key: string; invariant: string; subject: string }[] = [];
  return looks.map((channels, i) => {
    const parts = channels === undefined ? {} : { channels };
    const times = { at: i * 30_000, atMono: i * 30_000 };
    const look = { ...times, unanswered: [], watched: {}, ...parts } as unknown as Look;
    const { findings, recovered } = engine.check(look, open);
    open = findings.map(({ key, invariant, subject }) => ({ key, invariant, subject }));
    return { found: findings.map(({ title }) => title), recovered };
  });
}

it('a channel that has failed for five minutes is a ticket, and is over with the first message that gets through', () => {
  const [early, late, well] = said([failing(4.5)], [failing(5)], [WELL]);

  expect(early).toEqual({ found: [], recovered: [] });
  expect(late?.found).toEqual(['nothing has got through on phone for 5 min: HTTP 503']);
  expect(well?.recovered).toMatchObject([{ key: KEY }]);
});

it('one that has only been tried twice is none, however long ago that was', () => {
  expect(said([failing(60, 2)])[0]?.found).toEqual([]);
});

it('one that nobody has configured any more is over, and one that cannot be told goes on', () => {
  expect(said([failing(5)], [])[1]?.recovered).toMatchObject([{ key: KEY, reason: 'no longer configured' }]);
  expect(said([failing(5)], undefined)[1]).toEqual({ found: [], recovered: [] });
});
