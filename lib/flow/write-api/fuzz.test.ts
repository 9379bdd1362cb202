/**
 * Goal: no input whatever is answered with a 5xx, a batch that is not of the wire form is never taken,
 * not even in part, and one that is never called malformed. Method: whole and broken requests of every
 * kind go through the HTTP surface into a real store; the schemas judge the form of each, and whatever
 * the answers call stored must be what the store has afterwards.
 */

import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { INCIDENT_AT } from '../../../test/support/virtual-clock.ts';
import { BatchRequest } from '../batch.ts';
import { API_IDENTITY_HEADER, BatchAnswer, ProblemAnswer, ReadingsAnswer } from '../reading.ts';
import {
  countOf,
  intersection,
  NO_SEQS,
  normalized,
  rangesOfSeqs,
  type SeqRanges,
  union,
} from '../seq-ranges.ts';
import { createWriteApi } from './server.ts';
import { openStoreReadOnly } from './sqlite-reader.ts';
import { createSqliteStore } from './sqlite-store.ts';

const STREAM = 'fuzzstream';
const BATCHES = '/api/v1/batches';
const KEYS = ['gateway', 'stream', 'series', 'readings', 'gone', 'sources', 'corrections', '__proto__'];
const RUNS = 3_000;

const number = fc.oneof(
  fc.integer({ min: -2, max: 40 }),
  fc.constantFrom(0.5, 1e308, -1e308, 2 ** 53, INCIDENT_AT, INCIDENT_AT * 2, 253_402_300_800_000),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const seq = fc.integer({ min: 1, max: 2_000 });
const goodAt = fc.oneof(
  { weight: 9, arbitrary: fc.nat({ max: 1e9 }) },
  { weight: 1, arbitrary: fc.constant(INCIDENT_AT * 2) },
);
const goodRow = fc.tuple(seq, fc.nat({ max: 2 }), goodAt, number);
/** What stands for others: often enough for readings of the same stream that are there already. */
const thinnedRow = fc
  .tuple(goodRow, fc.nat({ max: 3 }), fc.constantFrom(4, 5), fc.nat({ max: 1 }), fc.nat({ max: 30 }))
  .map(([[seq, series, at, mean], count, flags, source, more]) => [
    seq,
    series,
    at,
    mean,
    flags,
    [count, mean, mean, mean, mean, more * 1_000, source, seq, seq + more],
  ]);
const row = fc.oneof(
  { weight: 60, arbitrary: goodRow },
  { weight: 10, arbitrary: thinnedRow },
  // One field replaced, or flags added: each check is alone in its way.
  {
    weight: 3,
    arbitrary: fc
      .tuple(goodRow, fc.nat({ max: 4 }), fc.oneof(number, fc.jsonValue()))
      .map(([good, index, other]) => (good as unknown[]).toSpliced(index, 1, other)),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
);
/** Now and then the first reading comes again, and says something else. */
const goodRows = fc
  .tuple(fc.array(goodRow, { maxLength: 20 }), fc.nat({ max: 9 }))
  .map(([rows, chance]) =>
    chance > 0 ? rows : [...rows, ...rows.slice(0, 1).map(([seq]) => [seq, 0, 5, 0.25])],
  );
const series = fc.constant(
  ['temperature', 'humidity', 'rain'].map((metric) => ({ sensor: 'roof', metric, unit: 'unit' })),
);
const correction = fc.tuple(seq, seq, fc.integer({ min: -1_000, max: 1_000 }), fc.nat({ max: 1e9 }), goodAt);
const batchOf = (readings: fc.Arbitrary<unknown[]>) =>
  fc.record({
    gateway: fc.constant('attic'),
    stream: fc.constant(STREAM),
    series,
    readings,
    sources: fc.constant(['fuzzsource', STREAM]),
    corrections: fc.option(fc.array(correction, { maxLength: 2 }), { nil: undefined, freq: 9 }),
  });
const batch = batchOf(fc.array(row, { maxLength: 20 }));
const object = fc.record(
  {
    sensor: fc.oneof(fc.constant('roof'), fc.string({ maxLength: 60 })),
    metric: fc.constant('temperature'),
    value: fc.oneof(number, fc.jsonValue()),
    at: fc.oneof(number, fc.constant('2026-01-15T16:09:35Z'), fc.string()),
    stream: fc.constant('otherstream'),
    seq: fc.oneof(seq, number),
  },
  { requiredKeys: ['sensor', 'metric', 'value'] },
);
/** Any JSON document with one of its parts replaced by anything else. */
const json = fc.oneof(
  { weight: 4, arbitrary: batch },
  fc
    .tuple(batch, fc.constantFrom(...KEYS), fc.jsonValue())
    .map(([whole, key, value]) => ({ ...whole, [key]: value })),
  object,
  fc.array(object, { maxLength: 4 }),
  fc.jsonValue(),
);
const body = fc.oneof(
  { weight: 6, arbitrary: json.map((value) => JSON.stringify(value)) },
  // Cut off, or with one byte changed: what a broken link makes of a good request.
  { weight: 2, arbitrary: fc.tuple(json, fc.nat()).map(([value, at]) => cut(JSON.stringify(value), at)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(json, fc.nat(), fc.string({ maxLength: 3 }))
      .map(([value, at, text]) => spoiled(JSON.stringify(value), at, text)),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);
const url = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(BATCHES, '/api/v1/readings') },
  { weight: 1, arbitrary: fc.webPath().map((path) => `/${path}`) },
  {
    weight: 1,
    arbitrary: fc.string({ maxLength: 70 }).map((text) => `/api/v1/streams/${encodeURIComponent(text)}`),
  },
);
const anyRequest = fc.record({
  url,
  body,
  method: fc.oneof(
    { weight: 8, arbitrary: fc.constant('POST' as const) },
    { weight: 1, arbitrary: fc.constantFrom('GET' as const, 'PUT' as const) },
  ),
  type: fc.oneof(
    { weight: 9, arbitrary: fc.constant('application/json') },
    { weight: 1, arbitrary: fc.constantFrom('text/plain', 'application/json;charset=', ';', 'x/y') },
  ),
});

const wholeBatch = batchOf(goodRows).map((value) => ({
  url: BATCHES,
  method: 'POST' as const,
  type: 'application/json',
  body: JSON.stringify(value),
}));
const request = fc.oneof({ weight: 1, arbitrary: wholeBatch }, { weight: 2, arbitrary: anyRequest });

const cut = (text: string, at: number) => text.slice(0, at % (text.length + 1));
const spoiled = (text: string, at: number, other: string) => {
  const index = at % (text.length + 1);
  return `${text.slice(0, index)}${other}${text.slice(index + 1)}`;
};

/** By the schemas alone: an opinion that owes nothing to the check by hand. */
function isWellFormed(body: string): boolean {
  return BatchRequest.safeParse(JSON.parse(body)).success;
}

it(`answers ${RUNS} requests of every kind without a 5xx and has stored exactly what it called stored`, async () => {
  const file = join(tempDir(), 'store.db');
  const world = createTestWorld();
  const store = createSqliteStore({ file, world });
  const { app } = createWriteApi({ store, world, version: '9.9.9' });
  const statuses = new Map<number, number>();
  const refusals = new Map<string, number>();
  // By stream: a changed byte may well make another good stream.
  const named = new Map<string, SeqRanges>();
  let rows = 0;

  await fc.assert(
    fc.asyncProperty(request, async ({ url, method, type, body }) => {
      const answer = await app.inject({ method, url, headers: { 'content-type': type }, payload: body });

      statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
      expect(answer.statusCode).toBeLessThan(500);
      expect(answer.headers[API_IDENTITY_HEADER]).toBeDefined();
      if (answer.statusCode !== 200) {
        const { code } = ProblemAnswer.parse(answer.json());
        if (url === BATCHES && code === 'body_invalid') expect(isWellFormed(body)).toBe(false);
      } else if (url === BATCHES) {
        const { stored, duplicate, refused } = BatchAnswer.parse(answer.json());
        const parts = [
          normalized(stored),
          normalized(duplicate),
          rangesOfSeqs(refused.map((one) => one.seq)),
        ];
        // Every seq of a request is in exactly one part of its answer.
        expect(countOf(parts.reduce(union))).toBe(parts.reduce((sum, part) => sum + countOf(part), 0));
        const { stream } = BatchRequest.parse(JSON.parse(body));
        expect(isWellFormed(body)).toBe(true);
        for (const { code } of refused) refusals.set(code, (refusals.get(code) ?? 0) + 1);
        const before = named.get(stream) ?? NO_SEQS;
        expect(intersection(before, normalized(stored))).toEqual([]);
        // A duplicate may be new as a seq: what it says is there in another form.
        named.set(stream, union(before, union(normalized(stored), normalized(duplicate))));
        rows += countOf(normalized(stored));
      } else if (url === '/api/v1/readings') {
        for (const result of ReadingsAnswer.parse(answer.json()).results)
          rows += countOf(normalized(result.stored));
      }
    }),
    // The store remembers earlier runs, so a smaller example would be one of another story.
    { numRuns: RUNS, endOnFailure: true },
  );

  const reader = openStoreReadOnly(file);
  let found = 0;
  for await (const reading of reader.readings({ sinceAt: 0 })) {
    found += 1;
    expect(Number.isFinite(reading.value)).toBe(true);
  }
  expect(found).toBe(rows);
  for (const [stream, seqs] of named) expect((await store.stream(stream)).received).toEqual(seqs);
  // The fuzz is worth something only if it gets to the store and to the refusals alike.
  expect(statuses.get(200)).toBeGreaterThan(RUNS / 10);
  expect(statuses.get(400)).toBeGreaterThan(RUNS / 10);
  expect([...refusals.keys()].sort()).toEqual(['future', 'seq_conflict']);
  expect(rows).toBeGreaterThan(100);
  await reader.close();
  await app.close();
  await store.close();
});
