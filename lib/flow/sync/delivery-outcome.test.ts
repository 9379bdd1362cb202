import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { API_IDENTITY_HEADER, apiIdentity, BATCH_ROWS_MAX, NAME_LENGTH_MAX, REFUSALS } from '../reading.ts';
import { classify, type HttpAnswer, namedIn } from './delivery-outcome.ts';
import { ANSWER_BYTES_MAX } from './http-limits.ts';

const OURS = { [API_IDENTITY_HEADER]: apiIdentity('1.2.3'), 'content-type': 'application/json' };
const STRANGER = { 'content-type': 'text/html' };
const BATCH = [[11, 20]] as const;
const NAMES_ALL = { stored: [[11, 20]], duplicate: [], refused: [] };

function answer(status: number, headers: HttpAnswer['headers'], body: unknown = NAMES_ALL): HttpAnswer {
  return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body), tooLong: false };
}

const kindOf = (one: HttpAnswer) => classify(one, BATCH, 0).kind;

/** The table of the design, once for a write API of ours and once for anybody else. */
function expected(status: number, ours: boolean): string {
  if (status >= 500 || [408, 425, 429].includes(status)) return 'unavailable';
  if (!ours || status >= 300) return ours && [400, 413, 422].includes(status) ? 'refused' : 'misconfigured';
  return 'stored';
}

test('every status from 200 to 599 has the outcome of the table, from us and from a stranger', () => {
  for (let status = 200; status <= 599; status += 1) {
    expect([status, kindOf(answer(status, OURS))]).toEqual([status, expected(status, true)]);
    expect([status, kindOf(answer(status, STRANGER))]).toEqual([status, expected(status, false)]);
  }
});

test('a stranger can neither store nor refuse, whatever it answers', () => {
  const anything = fc.oneof(fc.json(), fc.constant(JSON.stringify(NAMES_ALL)), fc.string());
  const header = fc.option(fc.string(), { nil: undefined });
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 999 }), anything, header, (status, body, identity) => {
      const kind = kindOf(answer(status, { ...STRANGER, [API_IDENTITY_HEADER]: identity }, body));
      expect(['misconfigured', 'unavailable']).toContain(kind);
    }),
  );
});

describe('an acknowledgement', () => {
  test('counts only for seqs that were in the batch', () => {
    const outcome = classify(
      answer(200, OURS, {
        stored: [[1, 12]],
        duplicate: [[19, 99]],
        refused: [
          { seq: 15, code: 'BAD', message: 'no' },
          { seq: 500, code: 'BAD', message: 'never sent' },
        ],
      }),
      BATCH,
      0,
    );

    expect(outcome).toEqual({
      kind: 'stored',
      answer: {
        stored: [[11, 12]],
        duplicate: [[19, 20]],
        refused: [{ seq: 15, code: 'BAD', message: 'no' }],
      },
    });
  });

  test('that stores and refuses the same seq has stored it', () => {
    const both = { stored: [[11, 11]], duplicate: [], refused: [{ seq: 11, code: 'BAD', message: 'no' }] };

    const outcome = classify(answer(200, OURS, both), BATCH, 0);

    expect(outcome).toMatchObject({ kind: 'stored', answer: { stored: [[11, 11]], refused: [] } });
  });

  test.each([
    ['names nothing', { stored: [], duplicate: [], refused: [] }],
    ['names only others', { stored: [[900, 999]], duplicate: [], refused: [] }],
    ['is HTML', '<h1>It works!</h1>'],
    ['is empty', ''],
    ['is cut off', '{"stored":[[11,2'],
    ['is of another shape', { ok: true }],
    ['has a range that ends before it starts', { stored: [[20, 11]], duplicate: [], refused: [] }],
    ['has null for ranges', { stored: null, duplicate: null, refused: null }],
  ])('that %s acknowledges nothing', (_what, body) => {
    expect(classify(answer(200, OURS, body), BATCH, 0)).toMatchObject({ kind: 'unavailable' });
  });

  test('of a full batch is read to its end, though all of it is refused in the longest words of our store', () => {
    const name = 'n'.repeat(NAME_LENGTH_MAX);
    const words = Object.entries(REFUSALS).map(([code, { meaning }]) => ({
      seq: Number.MAX_SAFE_INTEGER,
      code,
      message: `${name}/${name} ${meaning} (100000)`,
    }));
    const longest = Math.max(...words.map((one) => JSON.stringify(one).length + 1));

    expect(BATCH_ROWS_MAX * longest).toBeLessThan(ANSWER_BYTES_MAX);
  });

  test('that is longer than we read acknowledges nothing, and calls for a smaller batch', () => {
    expect(classify({ ...answer(200, OURS), tooLong: true }, BATCH, 0)).toMatchObject({
      kind: 'unavailable',
      overloaded: true,
    });
    expect(classify(answer(200, OURS, '{'), BATCH, 0)).toMatchObject({ overloaded: false });
  });
});

test('another wire schema is a misconfiguration that names both', () => {
  const outcome = classify(
    answer(200, { ...OURS, [API_IDENTITY_HEADER]: 'sensor-api-write/9.0.0; schema=2' }),
    BATCH,
    0,
  );

  expect(outcome).toMatchObject({ kind: 'misconfigured', reason: expect.stringContaining('schema 2') });
});

test('a refusal carries the reason of the server in one printable, bounded line', () => {
  const problem = { code: 'SGW_BAD', detail: `bad\n\u001b[31mred${'x'.repeat(9_999)}` };

  const outcome = classify(answer(422, OURS, problem), BATCH, 0);

  expect(outcome).toMatchObject({ kind: 'refused', code: 'SGW_BAD', tooLarge: false });
  if (outcome.kind === 'refused') {
    expect(outcome.message).toMatch(/^bad \[31mredx+$/);
    expect(outcome.message.length).toBeLessThanOrEqual(400);
  }
});

test('413 says that it is the size', () => {
  expect(classify(answer(413, OURS, ''), BATCH, 0)).toMatchObject({ kind: 'refused', tooLarge: true });
});

test('429 and 503 say when to come back and that it was too much, from a proxy as well', () => {
  for (const status of [429, 503]) {
    const outcome = classify(answer(status, { ...STRANGER, 'retry-after': '7' }), BATCH, 0);
    expect(outcome).toMatchObject({ kind: 'unavailable', retryAfterMs: 7_000, overloaded: true });
  }
});

test('only a write API of ours can have failed on the batch itself', () => {
  expect(classify(answer(500, OURS), BATCH, 0)).toMatchObject({ failedInside: true });
  expect(classify(answer(500, STRANGER), BATCH, 0)).toMatchObject({ failedInside: false });
  expect(classify(answer(502, OURS), BATCH, 0)).toMatchObject({ failedInside: false });
});

test('a redirect says where it leads', () => {
  const outcome = classify(answer(301, { ...OURS, location: 'https://example.org/\u0007' }), BATCH, 0);

  expect(outcome).toMatchObject({
    kind: 'misconfigured',
    reason: expect.stringContaining('https://example.org/'),
  });
});

test('what an acknowledgement has dealt with is stored, duplicate and refused together', () => {
  const refused = [{ seq: 3, code: 'BAD', message: 'no' }];
  expect(namedIn({ stored: [[1, 1]], duplicate: [[2, 2]], refused })).toEqual([[1, 3]]);
});
