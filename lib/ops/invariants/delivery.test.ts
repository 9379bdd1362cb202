import { expect, it } from 'vitest';
import { describeInvariant } from '../../../test/support/invariant-scenario.ts';
import { rawStore } from '../../../test/support/raw-store.ts';
import { createWatchRig, type WatchRig } from '../../../test/support/watch-rig.ts';
import type { BreakerRecord } from '../../flow/outbox/outbox.ts';
import type { Reading } from '../../flow/reading.ts';

const HOUR_MS = 3_600_000;
const CLOSED: Omit<BreakerRecord, 'sinceAt'> = {
  state: 'closed',
  streak: 0,
  step: 0,
  reason: '',
  held: false,
  nextTryAt: null,
};

function breaker(rig: WatchRig, differing: Partial<BreakerRecord>): void {
  rig.outbox.saveBreaker('local', { ...CLOSED, sinceAt: rig.world.clock.wallMs(), ...differing });
}
const opened = (rig: WatchRig) =>
  breaker(rig, { state: 'open', streak: 3, reason: 'connect ECONNREFUSED', nextTryAt: 0 });
const closed = (rig: WatchRig) => breaker(rig, {});

/** A round as it is sampled now, as many readings as asked for. */
function append(rig: WatchRig, count = 3): void {
  const { clock } = rig.world;
  rig.outbox.append(
    Array.from(
      { length: count },
      (_, i): Reading => ({
        sensor: `sensor-${i % 3}`,
        metric: 'temperature',
        unit: 'celsius',
        at: clock.wallMs(),
        value: 20,
        flags: 0,
        monoMs: clock.monotonicMs(),
      }),
    ),
  );
}

/** All that waits has been stored. */
function deliver(rig: WatchRig): void {
  for (;;) {
    const batch = rig.outbox.batch('local', { order: 'oldest', rowsMax: 1_000, bytesMax: 1e6 });
    if (batch === undefined) break;
    rig.outbox.acknowledge('local', batch.stream, batch.seqs);
  }
  rig.outbox.flush();
}

function keepsUp(rig: WatchRig, count: number): void {
  rig.eachRound(() => {
    append(rig, count);
    deliver(rig);
  });
}

/** The reader tells as many rows as the file has, as long as it is not told otherwise. */
const waits = (rig: WatchRig, more: object = {}) =>
  rig.reader({ destinations: [{ name: 'local', backlog: { rows: 1 }, ...more }] });
const waitsNot = (rig: WatchRig) => rig.reader({ destinations: [{ name: 'local', backlog: { rows: 0 } }] });

describeInvariant({
  of: 'breaker_open',
  subject: 'local',
  // Ninety seconds.
  patience: 2,
  when: 'nothing is delivered for ninety seconds, and stays until what has piled up is delivered',
  breaks: (rig) => {
    opened(rig);
    waits(rig);
    append(rig);
  },
  async heals(rig) {
    closed(rig);
    await rig.looks(10);
    expect(rig.open()).toEqual(['breaker_open:local']);
    deliver(rig);
    waitsNot(rig);
  },
  twin: [
    'it opens for a minute',
    async (rig) => {
      opened(rig);
      await rig.looks(2);
      closed(rig);
    },
  ],
});

describeInvariant({
  of: 'breaker_held',
  subject: 'local',
  patience: 2,
  when: 'a person has forgotten it for a day',
  breaks: (rig) =>
    breaker(rig, { state: 'open', held: true, sinceAt: rig.world.clock.wallMs() - 24 * HOUR_MS + 90_000 }),
  heals: closed,
  twin: [
    'a person holds it for an hour',
    (rig) => breaker(rig, { state: 'open', held: true, sinceAt: rig.world.clock.wallMs() - HOUR_MS }),
  ],
});

/** Each time for a minute. */
async function flap(rig: WatchRig, times: number): Promise<void> {
  for (let i = 1; i <= times; i += 1) {
    opened(rig);
    if (i < times) await rig.looks(2);
    closed(rig);
    if (i < times) await rig.looks(2);
  }
}

describeInvariant({
  of: 'breaker_flapping',
  subject: 'local',
  when: 'it opens three times within an hour, and is one ticket',
  breaks: (rig) => flap(rig, 3),
  heals: () => {},
  heedless: 120,
  twin: ['it opens twice', (rig) => flap(rig, 2)],
});

const answers = (rig: WatchRig, kind: 'stored' | 'misconfigured', reason: string) =>
  rig.outbox.noteOutcome('local', { kind, reason, sinceAt: rig.world.clock.wallMs() });

describeInvariant({
  of: 'delivery_misconfigured',
  subject: 'local',
  when: 'the token is wrong',
  breaks: (rig) => answers(rig, 'misconfigured', 'HTTP 401: token_unknown'),
  heals: (rig) => answers(rig, 'stored', ''),
  twin: ['it stores', (rig) => answers(rig, 'stored', '')],
});

describeInvariant({
  of: 'delivery_refused',
  subject: 'local',
  when: 'some readings are put off',
  breaks: (rig) => answers(rig, 'stored', 'refused for now: too_many_series'),
  heals: (rig) => answers(rig, 'stored', ''),
  twin: ['it is not asked at all', () => {}],
});

describeInvariant({
  of: 'dead_letters',
  when: 'a reading is refused for good',
  breaks(rig) {
    append(rig, 1);
    const { stream } =
      rig.outbox.batch('local', { order: 'oldest', rowsMax: 1, bytesMax: 1e6 }) ?? expect.fail();
    rig.outbox.bury('local', stream, [{ seq: 1, code: 'value_impossible', message: 'is no number' }]);
    rig.outbox.flush();
  },
  heals: (rig) => void rig.outbox.dropDeadLetters('local', undefined),
  twin: ['all is delivered', (rig) => keepsUp(rig, 3)],
});

describeInvariant({
  of: 'backlog_age',
  subject: 'local',
  patience: 118,
  when: 'a reading has waited for an hour while deliveries succeed',
  breaks(rig) {
    append(rig);
    waits(rig);
  },
  heals(rig) {
    deliver(rig);
    waitsNot(rig);
  },
  twin: [
    'an old backlog is being drained',
    (rig) => {
      append(rig);
      waits(rig, { backfill: { drain: { rowsPerSecond: 900 } } });
    },
  ],
});

describeInvariant({
  of: 'backlog_growing',
  subject: 'local',
  patience: 15,
  when: 'more comes than goes for ten minutes',
  breaks(rig) {
    waits(rig);
    rig.eachRound(() => append(rig));
  },
  heals(rig) {
    rig.eachRound(() => deliver(rig));
    waitsNot(rig);
  },
  twin: [
    'what piles up is delivered every four minutes',
    (rig) => {
      let rounds = 0;
      waits(rig);
      rig.eachRound(() => {
        append(rig);
        rounds += 1;
        if (rounds % 24 === 0) deliver(rig);
      });
    },
  ],
});

const SMALL = { place: { bounds: { bytesMax: 120_000_000, diskReserve: 0 } } };

describeInvariant({
  of: 'outbox_forecast',
  rig: { ...SMALL, limits: { forecastMs: 36_500 * 86_400_000, backlogAgeMs: 100 * HOUR_MS } },
  patience: 3,
  when: 'something waits, and the outbox is full before that much time has gone by',
  breaks(rig) {
    waits(rig);
    rig.eachRound(() => append(rig, 30));
  },
  heals(rig) {
    rig.eachRound(() => deliver(rig));
    waitsNot(rig);
  },
  twin: ['as much is delivered as is sampled', (rig) => keepsUp(rig, 30)],
});

const counts = (rig: WatchRig, more: object) =>
  rig.reader({ counts: { shed: 0, dropped: 0, thinned: 0, ...more } });

describeInvariant({
  of: 'readings_given_up',
  when: 'the outbox was full, and readings had to go',
  breaks: (rig) => counts(rig, { shed: 36 }),
  heals: () => {},
  heedless: 120,
  twin: ['the reader has begun anew', (rig) => counts(rig, {})],
});

describeInvariant({
  of: 'readings_given_up',
  severity: 'warning',
  when: 'readings were thinned to means',
  breaks: (rig) => counts(rig, { thinned: 360 }),
  heals: () => {},
  heedless: 120,
  twin: ['none were', (rig) => counts(rig, { stored: 100 })],
});

it('an API that is down for good after it has flapped stays one ticket for each destination', async () => {
  const rig = createWatchRig();
  await rig.looks(2);

  await flap(rig, 3);
  opened(rig);
  await rig.looks(40);

  expect(rig.tickets().map(({ key }) => key)).toEqual(['breaker_flapping:local']);
});

it('a gap that nobody can explain is found in the files, and one that is explained is none', async () => {
  const { file, store, raw } = rawStore();
  const rig = createWatchRig({ place: { ownStore: true, storeFile: file } });
  append(rig, 5);
  const { stream } =
    rig.outbox.batch('local', { order: 'oldest', rowsMax: 9, bytesMax: 1e6 }) ?? expect.fail();
  const at = rig.world.clock.wallMs();
  const series = [{ gateway: 'test-gateway', sensor: 'sensor-0', metric: 'temperature', unit: 'celsius' }];
  const nothing = { refused: [], gone: [], sources: [], corrections: [] };
  const store1To = (hi: number) =>
    store.ingest([
      {
        stream,
        gateway: 'test-gateway',
        series,
        rows: Array.from({ length: hi }, (_, i) => [i + 1, 0, at, 20]),
        ...nothing,
      },
    ]);
  await store1To(3);
  await rig.looks(12);
  expect(rig.tickets(), 'the rest waits in the outbox').toEqual([]);

  // Acknowledged, gone from the outbox, and never stored.
  deliver(rig);
  append(rig, 1);
  await rig.looks(21);
  expect(rig.tickets()).toMatchObject([
    { key: 'gaps_unexplained', evidence: { unexplained: 2, ranges: [`4-5 of ${stream}`] } },
  ]);

  await store1To(5);
  await rig.looks(21);
  expect(rig.tickets()).toMatchObject([{ state: 'resolved' }]);
  expect(raw.prepare('SELECT count(*) FROM received').pluck().get()).toBe(1);
});

const guesses = (rig: WatchRig, total: number) =>
  rig.api(true, { guesses: { total, from: [{ from: '192.0.2.7', guesses: total, lastAt: 0 }] } });

describeInvariant({
  of: 'tokens_guessed',
  when: 'somebody has tried twenty tokens',
  breaks: async (rig) => {
    guesses(rig, 1_000);
    await rig.looks(1);
    guesses(rig, 1_020);
  },
  heals: () => {},
  heedless: 120,
  twin: [
    'nineteen were tried',
    async (rig) => {
      guesses(rig, 1_000);
      await rig.looks(1);
      guesses(rig, 1_019);
    },
  ],
});

const STREAMS = [
  { stream: 'abcdefgh', from: '192.0.2.7' },
  { stream: 'ijklmnop', from: '192.0.2.8' },
];

describeInvariant({
  of: 'gateway_doubled',
  subject: 'attic',
  when: 'two machines deliver as one',
  breaks: (rig) => rig.api(true, { doubled: [{ gateway: 'attic', streams: STREAMS }] }),
  heals: (rig) => rig.api(true, { doubled: [] }),
  twin: ['each delivers under its own name', (rig) => rig.api(true, { doubled: [] })],
});
