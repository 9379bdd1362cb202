import { afterEach, describe, expect, it } from 'vitest';
import { HOUR_MS, type NotifyRig, notifyRig, type RigOptions } from '../../../test/support/notify-rig.ts';
import { notifyFailing } from '../invariants/notify-failing.ts';
import { NEWS_MAX, REFUSALS_MAX } from './limits.ts';

const MINUTE_MS = 60_000;
const KEY = 'sensor_silent:climate';
const UNAVAILABLE = { kind: 'failed', reason: 'HTTP 503' } as const;
const WELL = { kind: 'sent', said: 'HTTP 200' } as const;

let rig: NotifyRig;

async function started(options: RigOptions = {}): Promise<NotifyRig> {
  rig = notifyRig();
  rig.start(options);
  await rig.clock.advance(0);
  return rig;
}

afterEach(() => rig.stop());

/** What was heard of a thing, in order: `open` or `resolved`. */
const told = (key = KEY, channel = 'phone') =>
  rig.heard
    .filter((one) => one.channel === channel)
    .flatMap(({ message }) => message.tickets)
    .filter((one) => one.key === key)
    .map(({ state }) => state);

describe('a ticket', () => {
  it('is told within seconds of being opened, and once more when it is over', async () => {
    await started();

    rig.book.write(
      'opened',
      { key: KEY, title: 'climate has given no reading for 4 min' },
      rig.clock.wallMs(),
    );
    await rig.clock.advance(10_000);
    rig.book.write('resolved', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(10_000);

    expect(told()).toEqual(['open', 'resolved']);
    expect(rig.heard.map(({ message }) => message.subject)).toEqual([
      '[greenhouse] WARNING: climate has given no reading for 4 min',
      '[greenhouse] resolved: climate has given no reading for 4 min',
    ]);
  });

  it('is not told again because somebody has looked at it', async () => {
    await started();

    for (const change of ['opened', 'acknowledged', 'diagnosed', 'held', 'released'] as const) {
      rig.book.write(change, { key: KEY }, rig.clock.wallMs());
      await rig.clock.advance(2 * HOUR_MS);
    }

    expect(told()).toEqual(['open']);
  });

  it('that comes and goes all the time is told once in an hour', async () => {
    await started();

    for (let i = 0; i < 60; i += 1) {
      rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
      await rig.clock.advance(30_000);
      rig.book.write('resolved', { key: KEY }, rig.clock.wallMs());
      await rig.clock.advance(30_000);
    }
    await rig.clock.advance(HOUR_MS);

    // Told to be wrong, told to be over, and what came of the hour in one line.
    expect(told()).toEqual(['open', 'resolved', 'resolved']);
    expect(rig.heard.at(-1)?.message.tickets[0]?.times).toBe(59);
  });

  it('is told at once when it becomes worse than it was told to be', async () => {
    await started();

    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(10_000);
    rig.book.write('worsened', { key: KEY, severity: 'critical' }, rig.clock.wallMs());
    await rig.clock.advance(10_000);

    expect(rig.heard.map(({ message }) => message.severity)).toEqual(['warning', 'critical']);
  });

  it('that is less than a channel wants is not told on it', async () => {
    await started({
      channels: [
        { name: 'phone', severity: 'critical' },
        { name: 'chat', severity: 'info' },
      ],
    });

    rig.book.write('opened', { key: KEY, severity: 'warning' }, rig.clock.wallMs());
    await rig.clock.advance(10_000);

    expect([told(KEY, 'phone'), told(KEY, 'chat')]).toEqual([[], ['open']]);
  });

  it('that was opened before there was a channel is told when there is one, and what is over is not', async () => {
    rig = notifyRig();
    rig.book.write('opened', { key: 'old:one' }, rig.clock.wallMs());
    rig.book.write('resolved', { key: 'old:one' }, rig.clock.wallMs());
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());

    rig.start();
    await rig.clock.advance(10_000);

    expect(told('old:one')).toEqual([]);
    expect(told()).toEqual(['open']);
  });

  it('about a failing channel is told on the others alone', async () => {
    await started({ channels: [{ name: 'phone' }, { name: 'chat' }] });

    rig.book.write('opened', { key: `${notifyFailing.name}:phone` }, rig.clock.wallMs());
    await rig.clock.advance(10_000);

    expect(rig.heard.map(({ channel }) => channel)).toEqual(['chat']);
  });
});

describe('many tickets', () => {
  it('of one look are one message, the worst first', async () => {
    await started();

    rig.book.write('opened', { key: 'a:1', severity: 'warning' }, rig.clock.wallMs());
    rig.book.write(
      'opened',
      { key: 'b:1', severity: 'critical', title: 'the disk is full' },
      rig.clock.wallMs(),
    );
    await rig.clock.advance(10_000);

    expect(rig.heard.map(({ message }) => message.subject)).toEqual([
      '[greenhouse] 2 open; CRITICAL: the disk is full',
    ]);
  });

  it('beyond what may wait are counted, in a message of bounded size', async () => {
    await started();
    rig.answer(UNAVAILABLE);

    for (let i = 0; i < NEWS_MAX + 100; i += 1)
      rig.book.write('opened', { key: `a:${i}` }, rig.clock.wallMs());
    await rig.clock.advance(10_000);
    rig.answer(WELL);
    await rig.clock.advance(MINUTE_MS);

    const [first] = rig.heard;
    expect(first?.message).toMatchObject({ more: NEWS_MAX + 100 - 20 });
    expect(first?.message.text).toContain(`and ${NEWS_MAX + 80} more: sensorctl tickets list`);
  });
});

describe('in quiet hours', () => {
  const NIGHT = { untilAt: 0, untilMono: 0, words: 'until 07:00' };

  it('only what is critical is told; the rest is told together when they end', async () => {
    let isQuiet = true;
    await started({ quiet: { now: () => (isQuiet ? NIGHT : undefined) } });

    rig.book.write('opened', { key: 'a:1' }, rig.clock.wallMs());
    await rig.clock.advance(HOUR_MS);
    rig.book.write('opened', { key: 'b:1' }, rig.clock.wallMs());
    rig.book.write('opened', { key: 'c:1', severity: 'critical' }, rig.clock.wallMs());
    await rig.clock.advance(HOUR_MS);
    const atNight = rig.heard.flatMap(({ message }) => message.tickets.map(({ key }) => key));
    isQuiet = false;
    await rig.clock.advance(10_000);

    expect(atNight).toEqual(['c:1']);
    expect(rig.heard.slice(1).map(({ message }) => message.tickets.map(({ key }) => key))).toEqual([
      ['a:1', 'b:1'],
    ]);
  });
});

describe('a channel that fails', () => {
  it('is tried again with growing pauses, with the same message under the same id, and told of once', async () => {
    await started();
    rig.answer(UNAVAILABLE);

    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(HOUR_MS);
    const inTheFirstHour = rig.events.map(({ type }) => type);
    rig.answer('lost');
    await rig.clock.advance(HOUR_MS);
    await rig.stop();
    rig.answer(WELL);
    rig.start();
    await rig.clock.advance(HOUR_MS);

    expect(inTheFirstHour).toEqual(['failed']);
    expect(new Set(rig.heard.map(({ message }) => JSON.stringify(message))).size).toBe(1);
    expect(rig.heard).toHaveLength(2);
    expect(rig.events.map(({ type }) => type)).toEqual(['failed', 'sent', 'recovered']);
  });

  it('is left alone for longer and longer: some ten tries in the first hour', async () => {
    await started();
    rig.answer(UNAVAILABLE);
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());

    await rig.clock.advance(HOUR_MS);

    const [failing] = rig.status();
    expect(failing?.failures).toBeGreaterThanOrEqual(5);
    expect(failing?.failures).toBeLessThanOrEqual(10);
    expect(failing).toMatchObject({ reason: 'HTTP 503', waiting: 1, failingAt: expect.any(Number) });
  });

  it('does not hold up another one', async () => {
    await started({ channels: [{ name: 'phone' }, { name: 'chat' }] });
    rig.answer(UNAVAILABLE, 'phone');

    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(10_000);

    expect(told(KEY, 'chat')).toEqual(['open']);
  });

  it('is waited for as long as it asks', async () => {
    await started();
    rig.answer({ ...UNAVAILABLE, retryAfterMs: 10 * MINUTE_MS });
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(10_000);

    rig.answer(WELL);
    await rig.clock.advance(9 * MINUTE_MS);
    const early = rig.heard.length;
    await rig.clock.advance(4 * MINUTE_MS);

    expect([early, rig.heard.length]).toEqual([0, 1]);
  });

  it('that will not have a message gets the next one, and the refused one is said to be given up', async () => {
    await started();
    rig.answer({ kind: 'failed', reason: 'HTTP 422', verdict: true });
    rig.book.write('opened', { key: 'a:1' }, rig.clock.wallMs());
    await rig.clock.advance(REFUSALS_MAX * HOUR_MS);
    rig.answer(WELL);
    rig.book.write('opened', { key: 'b:1' }, rig.clock.wallMs());
    await rig.clock.advance(HOUR_MS);

    expect(rig.events).toContainEqual({ type: 'given_up', channel: 'phone', reason: 'HTTP 422', tickets: 1 });
    expect([told('a:1'), told('b:1')]).toEqual([[], ['open']]);
  });

  it('learns what is true by the time it is well again', async () => {
    await started();
    rig.answer(UNAVAILABLE);
    rig.book.write('opened', { key: 'first:1' }, rig.clock.wallMs());
    await rig.clock.advance(10_000);
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(HOUR_MS);
    rig.book.write('resolved', { key: KEY }, rig.clock.wallMs());
    rig.answer(WELL);
    await rig.clock.advance(HOUR_MS);

    expect(told()).toEqual(['resolved']);
  });
});

describe('the history of the tickets', () => {
  it('is read on where it was left, after a restart', async () => {
    await started();
    rig.book.write('opened', { key: 'a:1' }, rig.clock.wallMs());
    await rig.clock.advance(10_000);
    await rig.stop();
    rig.book.write('opened', { key: 'b:1' }, rig.clock.wallMs());
    rig.start();
    await rig.clock.advance(10_000);

    expect([told('a:1'), told('b:1')]).toEqual([['open'], ['open']]);
  });

  it('is read from its beginning when the first change ever comes while nobody reads', async () => {
    await started();
    await rig.stop();
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    rig.start();
    await rig.clock.advance(10_000);

    expect(told()).toEqual(['open']);
  });

  it.each([1, 3, 7])('of another book is read from its beginning, with %d changes in it', async (count) => {
    await started();
    for (let i = 0; i < 5; i += 1) rig.book.write('opened', { key: `old:${i}` }, rig.clock.wallMs());
    await rig.clock.advance(10_000);
    rig.book.beginAfresh();
    for (let i = 0; i < count; i += 1) rig.book.write('opened', { key: `new:${i}` }, rig.clock.wallMs());
    await rig.clock.advance(10_000);

    const keys = rig.heard.flatMap(({ message }) => message.tickets.map(({ key }) => key));
    expect(keys.filter((key) => key.startsWith('new:'))).toHaveLength(count);
  });

  it('that has lost its oldest changes is read on', async () => {
    await started();
    rig.book.write('opened', { key: 'a:1' }, rig.clock.wallMs());
    await rig.clock.advance(10_000);
    rig.book.write('opened', { key: 'b:1' }, rig.clock.wallMs());
    rig.book.forgetTo(1);
    await rig.clock.advance(10_000);

    expect([told('a:1'), told('b:1')]).toEqual([['open'], ['open']]);
  });
});
