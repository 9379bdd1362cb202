import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../test/support/virtual-clock.ts';
import { createEventLog } from './event-log.ts';

function setUp(rounds: 'each' | 'hourly' = 'hourly') {
  const clock = createVirtualClock();
  const lines: string[] = [];
  const say = (level: string) => (_fields: object, message: string) => {
    if (level !== 'debug') lines.push(message);
  };
  const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  const observe = createEventLog({ log, monotonicMs: clock.monotonicMs, rounds, breakerFailures: 3 });
  return { clock, lines, observe };
}

const opened = (step: number) =>
  ({
    type: 'breaker.opened',
    destination: 'local',
    failures: 3,
    step,
    pauseMs: 10_000,
    reason: 'ECONNREFUSED',
    held: false,
  }) as const;
const halfOpened = { type: 'breaker.half_opened', destination: 'local' } as const;
const closed = { type: 'breaker.closed', destination: 'local', openMs: 10_000 } as const;

test('the circuit speaks its fixed words', () => {
  const { lines, observe } = setUp();

  observe(opened(0));
  observe(halfOpened);
  observe(closed);

  expect(lines).toEqual([
    'Circuit breaker OPEN - API failures exceeded threshold (3)',
    'Circuit breaker HALF_OPEN - attempting recovery',
    'Circuit breaker CLOSED - API recovered',
  ]);
});

test('a breaker that a person holds says so in the same words that people grep for', () => {
  const { lines, observe } = setUp();

  observe({ ...opened(0), held: true, reason: 'upgrade' });

  expect(lines).toEqual(['Circuit breaker OPEN - held by a person: upgrade']);
});

test('readings that a store puts off are said, and again not before the hour', () => {
  const { lines, observe } = setUp();
  const event = {
    type: 'batch.delivered',
    destination: 'local',
    lane: 'live',
    outcome: 'stored',
    rows: 36,
    bytes: 3_000,
    stored: 0,
    duplicate: 0,
    durationMs: 5,
    reason: 'refused for now: future: the clock is ahead',
  } as const;

  observe(event);
  observe(event);

  expect(lines).toEqual(['local puts readings off: refused for now: future: the clock is ahead']);
});

test('a hold is said even in the quiet of a long outage', () => {
  const { lines, observe } = setUp();

  for (const step of [0, 1, 2, 2, 2]) observe(opened(step));
  observe({ ...opened(0), held: true, reason: 'upgrade' });

  expect(lines.at(-1)).toBe('Circuit breaker OPEN - held by a person: upgrade');
});

test('a day of outage with a probe a minute stays under a hundred lines', async () => {
  const { clock, lines, observe } = setUp();

  observe(opened(0));
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    observe(halfOpened);
    observe(opened(Math.min(2, minute + 1)));
    observe({ type: 'round.sampled', readings: 5, sourcesOk: 5, sourcesFailed: 0, durationMs: 3, lateMs: 0 });
    await clock.advance(60_000);
  }

  expect(lines.length).toBeLessThan(100);
  expect(lines.filter((line) => line.includes('OPEN')).length).toBeGreaterThan(24);
});

test.each([1, 2, 5])('a ladder of %d pauses fills the log no more than the usual one', async (pauses) => {
  const { clock, lines, observe } = setUp();

  observe(opened(0));
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    observe(halfOpened);
    observe(opened(Math.min(pauses - 1, minute + 1)));
    await clock.advance(60_000);
  }

  expect(lines.length).toBeLessThan(100);
  expect(lines[1]).toContain('HALF_OPEN');
});

test('after a quiet pair of lines the last one still tells the state: OPEN', async () => {
  const { clock, lines, observe } = setUp();

  observe(opened(0));
  for (let probe = 0; probe < 200; probe += 1) {
    await clock.advance(60_000);
    observe(halfOpened);
    observe(opened(2));
  }

  expect(lines.at(-1)).toBe('Circuit breaker OPEN - API failures exceeded threshold (3)');
});

test('a source that fails all day is said a few times and its recovery once', () => {
  const { lines, observe } = setUp();

  for (let failures = 1; failures <= 8_640; failures += 1) {
    observe({ type: 'source.failed', source: 'bme280', reason: 'error', message: 'EREMOTEIO', failures });
  }
  observe({ type: 'source.recovered', source: 'bme280', failures: 8_640 });

  expect(lines.length).toBe(3 + 24 + 1);
  expect(lines.at(-1)).toBe('source bme280 is back after 8640 failures');
});

describe('a source on a loose wire', () => {
  const failed = (failures: number) =>
    ({ type: 'source.failed', source: 'pond', reason: 'error', message: 'EREMOTEIO', failures }) as const;
  const recovered = { type: 'source.recovered', source: 'pond', failures: 1 } as const;

  test('that fails and is back every minute is said once an hour, with how often', async () => {
    const { clock, lines, observe } = setUp();

    for (let minute = 0; minute < 24 * 60; minute += 1) {
      observe(failed(1));
      observe(recovered);
      await clock.advance(60_000);
    }

    expect(lines.length).toBeLessThanOrEqual(2 * 24);
    expect(lines.slice(0, 3)).toEqual([
      'source pond failed (1 in a row): EREMOTEIO',
      'source pond is back after 1 failures',
      'source pond failed (1 in a row, and 59 times since this was last said): EREMOTEIO',
    ]);
  });

  test('that then fails for good is said although its beginning was not, and so is its end', async () => {
    const { clock, lines, observe } = setUp();
    observe(failed(1));
    observe(recovered);
    await clock.advance(60_000);

    for (let failures = 1; failures <= 10; failures += 1) observe(failed(failures));
    observe({ ...recovered, failures: 10 });

    expect(lines.slice(2)).toEqual([
      'source pond failed (10 in a row, and 1 times since this was last said): EREMOTEIO',
      'source pond is back after 10 failures',
    ]);
  });
});

test('the same trouble is said at once and then hourly with its count', async () => {
  const { clock, lines, observe } = setUp();
  const refused = {
    type: 'request.refused',
    method: 'POST',
    path: '/x',
    status: 400,
    code: 'bad',
    message: 'no',
  } as const;

  for (let i = 0; i < 100; i += 1) observe(refused);
  await clock.advance(3_600_000);
  observe(refused);

  expect(lines).toEqual([
    'POST /x answered 400: no',
    'POST /x answered 400: no (and 99 more like it since this was last said)',
  ]);
});

test('somebody who watches sees each round; a daemon sums up once an hour', async () => {
  const watched = setUp('each');
  const daemon = setUp('hourly');
  const round = {
    type: 'round.sampled',
    readings: 5,
    sourcesOk: 2,
    sourcesFailed: 0,
    durationMs: 3,
    lateMs: 0,
  } as const;
  const stored = {
    type: 'batch.delivered',
    destination: 'local',
    lane: 'live',
    outcome: 'stored',
    rows: 5,
    bytes: 300,
    stored: 5,
    duplicate: 0,
    durationMs: 6.2,
  } as const;

  for (const { clock, observe } of [watched, daemon]) {
    for (let i = 0; i < 361; i += 1) {
      observe(round);
      observe(stored);
      await clock.advance(10_000);
    }
  }

  expect(watched.lines).toHaveLength(361);
  expect(watched.lines[0]).toBe('stored 5 readings at local in 7 ms');
  expect(daemon.lines).toEqual(['summary of the last hour']);
});

test('the first round after quiet hours sums up all that was before, and says how long that was', async () => {
  const { clock, lines, observe } = setUp();
  const round = {
    type: 'round.sampled',
    readings: 5,
    sourcesOk: 2,
    sourcesFailed: 0,
    durationMs: 3,
    lateMs: 0,
  } as const;

  observe(round);
  await clock.advance(8 * 3_600_000);
  observe(round);

  expect(lines).toEqual(['summary of the last 8 hours']);
});

test('an API that flaps all day logs its small drains once an hour, and a large one always', async () => {
  const { clock, lines, observe } = setUp();
  const drained = { type: 'backlog.drained', destination: 'local', durationMs: 20 } as const;

  for (let flap = 0; flap < 1_000; flap += 1) {
    observe({ ...drained, rows: 5 });
    await clock.advance(10_000);
  }
  observe({ ...drained, rows: 12_000 });

  expect(lines).toHaveLength(4);
  expect(lines.at(-1)).toBe('backlog of local drained: 12000 readings');
});

test('a disk that stays full is said once an hour, and that it is back at once', async () => {
  const { clock, lines, observe } = setUp();

  for (let held = 5; held <= 3_600; held += 5) {
    observe({ type: 'outbox.held', readings: 5, held, code: 'SQLITE_FULL', message: 'disk is full' });
    await clock.advance(10_000);
  }
  observe({ type: 'outbox.released', readings: 3_600, heldMs: 7_200_000 });

  expect(lines).toEqual([
    'the disk takes no readings (disk is full): 5 are held in memory',
    'the disk takes no readings (disk is full): 1805 are held in memory (and 359 more like it since this was last said)',
    'the disk is back: 3600 readings held in memory are kept',
  ]);
});

test('an outbox that is thinned with every round says so once an hour', async () => {
  const { clock, lines, observe } = setUp();

  for (let lo = 1; lo <= 20 * 720; lo += 20) {
    observe({ type: 'reading.thinned', stream: 's', lo, hi: lo + 19, rows: 20, into: 5, tier: 'minute' });
    await clock.advance(10_000);
  }

  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe('the outbox is full: its 20 oldest rows are thinned to 5, each of a minute');
});

test('an outbox that gives up readings with every round says so once an hour', async () => {
  const { clock, lines, observe } = setUp();

  for (let lo = 1; lo <= 20 * 720; lo += 20) {
    observe({ type: 'reading.shed', stream: 's', lo, hi: lo + 19, cause: 'bytes_max' });
    await clock.advance(10_000);
  }

  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe('the outbox is full (bytes_max): 20 of the oldest readings are given up undelivered');
});

test('dead letters that go with every burial are told once an hour', async () => {
  const { clock, lines, observe } = setUp();

  for (let lo = 1; lo <= 720; lo += 1) {
    observe({ type: 'letter.shed', destination: 'local', letters: 1, lo, hi: lo });
    await clock.advance(10_000);
  }

  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe(
    'local has more dead letters than the outbox keeps: the 1 oldest are deleted, and stay named in the ledger',
  );
});

test('a clock that is set in small steps all hour is said once, and once more in the next hour', async () => {
  const { observe, lines, clock } = setUp();
  for (let step = 0; step < 40; step += 1) {
    observe({ type: 'clock.stepped', why: 'NTP has synchronised it', offsetMs: 100 });
    await clock.advance(100_000);
  }

  expect(lines.filter((line) => line.startsWith('the clock was set'))).toHaveLength(2);
});
