/** Questions to the read API as a browser, a script with a mistake, or somebody with bad intentions may ask them. */

import fc from 'fast-check';

/** Those that end, in the way of most questions: `/api/v1/events` does not. */
const PATHS = [
  '/api/v1/series',
  '/api/v1/latest',
  '/api/v1/range',
  '/api/v1/aggregate',
  '/api/v1/gaps',
  '/api/v1/export',
  '/health',
  '/openapi.json',
  '/livez',
  '/readyz',
  '/metrics',
];

const NAMES = [
  ...['gateway', 'sensor', 'metric', 'unit', 'since', 'until', 'resolution', 'points', 'limit', 'cursor'],
  ...['bucket', 'longer_than', 'format', 'times', '__proto__', 'constructor', 'a[b]', 'since[]', ''],
];

const VALUES = [
  ...['', '0', '-1', '1', '1e400', 'NaN', 'null', '99999999999999999999', '../../etc/passwd', '%00', '%zz'],
  ...[
    'roof',
    'temperature',
    'attic',
    'raw',
    'auto',
    'minute',
    'now',
    '24h',
    '1s',
    '99999w',
    '1h',
    '9007199254740993',
  ],
  ...[
    '2026-01-15',
    '2026-13-45T99:99:99Z',
    '1970-01-01',
    '9999-12-31T23:59:59.999Z',
    '-271821-04-20',
    'ndjson',
    'epoch',
  ],
  ...["'%20OR%201=1--", '%F0%9F%92%A5', '%ED%A0%80', '__proto__', '[object Object]', 'a'.repeat(2_000)],
];

const cursor = fc
  .array(
    fc.oneof(fc.integer(), fc.nat(), fc.string({ maxLength: 8 }), fc.constant(null), fc.constant(1e308)),
    {
      maxLength: 6,
    },
  )
  .map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'));
const place = fc
  .tuple(fc.nat({ max: 3 }), fc.nat({ max: 2_000_000_000 }), fc.nat({ max: 2 }), fc.nat(), fc.nat())
  .map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'));
const pair = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES)).map((one) => one.join('=')),
  },
  { weight: 2, arbitrary: fc.oneof(cursor, place).map((text) => `cursor=${text}`) },
  { weight: 1, arbitrary: fc.webQueryParameters({ size: '-1' }) },
  { weight: 1, arbitrary: fc.constantFrom('sensor=roof', 'metric=temperature', 'since=1970-01-01') },
);
const path = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...PATHS) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '/',
      '//',
      '/api/v1/../../etc/passwd',
      '/api/v1/series/',
      '/api/v1/%73eries',
      '/%ff',
      `/${'a/'.repeat(400)}`,
      '/api/v1/backup?x=1',
    ),
  },
);
const method = fc.oneof(
  { weight: 14, arbitrary: fc.constant('GET') },
  { weight: 1, arbitrary: fc.constantFrom('HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND') },
);
const header = fc.oneof(
  { weight: 10, arbitrary: fc.constant('') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'If-None-Match: *\r\n',
      'If-None-Match: "x", W/"y"\r\n',
      'Origin: https://evil.example\r\n',
      'Range: bytes=5-1\r\n',
      'Accept: image/png\r\n',
      'Accept-Encoding: gzip\r\n',
      'Content-Length: 2\r\nContent-Type: application/json\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Upgrade: websocket\r\nConnection: Upgrade\r\n',
      'Expect: wonders\r\n',
      `X-Long: ${'y'.repeat(12_000)}\r\n`,
      `${'X-Many: z\r\n'.repeat(1_500)}`,
      `X-Flood: ${'z'.repeat(20_000)}\r\n`,
      '__proto__: x\r\n',
    ),
  },
);
const host = fc.oneof(
  { weight: 12, arbitrary: fc.constant('localhost') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('evil.example', '[', '127.0.0.1:8471', '[::1]', '', 'localhost:99999999'),
  },
);

export interface HostileQuestion {
  readonly method: string;
  readonly bytes: Buffer;
}

export const hostileQuestions: fc.Arbitrary<HostileQuestion> = fc
  .tuple(method, path, fc.array(pair, { maxLength: 5 }), header, host)
  .map(([how, where, pairs, more, whom]) => {
    const url = pairs.length === 0 ? where : `${where}${where.includes('?') ? '&' : '?'}${pairs.join('&')}`;
    // What says that it has a body has one.
    const body = /^Content-Length/.test(more) ? '{}' : /^Transfer-Encoding/.test(more) ? '0\r\n\r\n' : '';
    const text = `${how} ${url.replaceAll(' ', '+')} HTTP/1.1\r\nHost: ${whom}\r\n${more}\r\n${body}`;
    return { method: how, bytes: Buffer.from(text) };
  });
