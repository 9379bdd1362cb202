import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NO_HEALTH, parseHealth } from './health-shape.ts';

const of = (health: object) => parseHealth(JSON.stringify(health)) ?? NO_HEALTH;

it.each(['', 'no JSON', '7', 'null', '[]', '"text"'])('%j is no health file', (text) => {
  expect(parseHealth(text)).toBeUndefined();
});

it('is read whole where all of it fits', () => {
  const health = of({
    pid: 7,
    generated_at: 5,
    overdue: [{ loop: 'sampling', overdueMs: 3 }],
    sampling: {
      sources: [
        {
          name: 'attic',
          failures: 2,
          lastFailure: { message: 'no answer', at: 3 },
          latest: [{ sensor: 'attic', metric: 'temperature', unit: 'celsius', value: 20 }],
          statistics: { faults: { timeout: 2 }, breaker: 'open', nextTryAt: 9 },
          quiet: { untilAt: 5, words: 'until 06:00' },
        },
      ],
    },
    i2c_buses: [{ bus: 1, state: 'stuck', stuckSinceAt: 4 }],
    destinations: [{ name: 'local', backlog: { rows: 3 }, backfill: { drain: { rowsPerSecond: 100 } } }],
    appends: { median_ms: 4, slowest_ms: 20 },
  });

  expect(health).toMatchObject({
    pid: 7,
    generatedAt: 5,
    overdue: ['sampling'],
    sources: [
      {
        name: 'attic',
        failures: 2,
        failure: 'no answer',
        latestCount: 1,
        faults: { timeout: 2 },
        breaker: 'open',
        nextTryAt: 9,
        quiet: { words: 'until 06:00' },
        quality: [],
      },
    ],
    buses: [{ bus: 1, stuck: true, stuckSinceAt: 4 }],
    destinations: [{ name: 'local', backlogRows: 3, drainRowsPerSecond: 100 }],
    appends: { medianMs: 4, slowestMs: 20 },
  });
});

it.each([null, 7, {}, { untilAt: 'x', words: 7 }, { untilAt: 1 }])(
  'leaves quiet hours out that say %j',
  (quiet) => {
    expect(of({ destinations: [{ name: 'far', quiet }] }).destinations[0]?.quiet).toBeUndefined();
  },
);

it('keeps what fits beside what does not', () => {
  const { sources, destinations, clock, counts } = of({
    sampling: {
      sources: [
        7,
        null,
        { name: 7 },
        { name: 'attic', latest: [{}], troubles: 7, quality: [{}], failures: 'x' },
      ],
    },
    destinations: [[], { name: 'local', backlog: 'much', backfill: { drain: { rowsPerSecond: 0 } } }],
    clock: { trusted: 'yes' },
    counts: { shed: 3, readings: 'many' },
  });

  expect(sources).toMatchObject([{ name: 'attic', latest: [], troubles: {}, quality: [], failures: 0 }]);
  expect(destinations).toMatchObject([
    { name: 'local', backlogRows: undefined, drainRowsPerSecond: undefined },
  ]);
  expect([clock, counts]).toMatchObject([undefined, { shed: 3, readings: 0, rounds: 0 }]);
});

it('never throws, whatever another version has written where', () => {
  const keys = [
    'pid',
    'sampling',
    'i2c_buses',
    'destinations',
    'clock',
    'counts',
    'appends',
    'overdue',
    'url',
  ];
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.jsonValue(), (key, value) => {
      expect(of({ pid: 7, [key]: value })).toBeDefined();
    }),
  );
});
