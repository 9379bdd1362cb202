/**
 * Requests to the write API of every kind: good ones, good ones with something wrong in the body, the headers, the
 * path, the token or the compression, and bytes that break HTTP itself. Each says what an honest answer to it may
 * claim.
 */

import fc from 'fast-check';
import { FRAMING, type Framing, framed, PACKING, type Packing, packed } from './body-forms.ts';
import { BREAKERS } from './broken-http.ts';
import { anyNumber, anyValue, spoiled } from './hostile-texts.ts';
import { BATCHES, READINGS } from './paths.ts';

const STREAMS = ['fuzzstream1', 'fuzzstream2', 'fuzzstream3'] as const;

export interface HostileRequest {
  /** `socket`: open to this machine. `port`: asks for a token. */
  readonly door: 'socket' | 'port';
  /** Whether it shows what its door asks for. */
  readonly mayEnter: boolean;
  readonly method: string;
  readonly path: string;
  /** What its body says once it is plain: what an answer that calls something stored speaks of. */
  readonly text: string;
  readonly bytes: Buffer;
  /** Both others must be answered. `odd`: perhaps before the end of it is seen to be broken. `cut`: its sender dies. */
  readonly kind: 'whole' | 'odd' | 'cut';
}

export interface Surroundings {
  /** Good at the port, for the gateway `attic`. */
  readonly token: string;
  readonly nowAt: number;
  /** Seqs are taken from behind it: what comes later meets both new seqs and old ones. */
  readonly seqsAfter: number;
}

/** Seqs of the requests of a time: few enough that many come again. */
const SEQS = 6_000;
const DAY_MS = 86_400_000;

export function hostileRequests({ token, nowAt, seqsAfter }: Surroundings): fc.Arbitrary<HostileRequest> {
  const text = texts(nowAt, seqsAfter);
  const body = fc.oneof(
    { weight: 6, arbitrary: text.map((one) => Buffer.from(one)) },
    { weight: 4, arbitrary: spoiled(text) },
  );
  const plain = fc.record({
    door: doors(token),
    method: fc.constant('POST'),
    path: fc.constant<string>(BATCHES),
    body: text.map((one) => Buffer.from(one)),
    packing: fc.constant<Packing>('plain'),
    framing: fc.constant<Framing>('length'),
    headers: fc.constant<readonly string[]>([]),
  });
  const anything = fc.record({
    door: doors(token),
    method: METHOD,
    path: PATH,
    body,
    packing: PACKING,
    framing: FRAMING,
    headers: HEADERS,
  });
  return fc.oneof(
    { weight: 5, arbitrary: plain.map(whole) },
    { weight: 9, arbitrary: anything.map(whole) },
    {
      weight: 2,
      arbitrary: fc.tuple(plain, fc.constantFrom(...BREAKERS)).map(([request, how]) => broken(request, how)),
    },
  );
}

function texts(nowAt: number, seqsAfter: number): fc.Arbitrary<string> {
  const seq = fc.integer({ min: seqsAfter + 1, max: seqsAfter + SEQS });
  // Most of them said by no other request: a value that is stored tells which one it came from.
  const value = fc.oneof(
    { weight: 7, arbitrary: fc.integer({ min: 0, max: 2 ** 40 }).map((n) => n / 1_024) },
    { weight: 1, arbitrary: anyNumber },
  );
  const at = fc.oneof(
    { weight: 9, arbitrary: fc.nat({ max: DAY_MS }) },
    { weight: 1, arbitrary: fc.constantFrom(nowAt + 3 * DAY_MS, nowAt) },
  );
  const row = fc.tuple(seq, fc.nat({ max: 2 }), at, value);
  const flagged = fc.tuple(row, fc.constantFrom(1, 2, 8, 3)).map(([one, flags]) => [...one, flags]);
  // What stands for others: often enough for readings of the same stream that are there already.
  const thinned = fc
    .tuple(row, fc.nat({ max: 3 }), fc.constantFrom(4, 5), fc.nat({ max: 1 }), fc.nat({ max: 30 }))
    .map(([[from, series, when, mean], count, flags, source, more]) => [
      from,
      series,
      when,
      mean,
      flags,
      [count, mean, mean, mean, mean, more * 1_000, source, from, from + more],
    ]);
  const odd = fc
    .tuple(row, fc.nat({ max: 4 }), fc.oneof(anyNumber, anyValue))
    .map(([one, index, other]) => (one as unknown[]).toSpliced(index, 1, other));
  const rows = fc.oneof(
    { weight: 8, arbitrary: fc.array(row, { maxLength: 12 }) },
    {
      weight: 3,
      arbitrary: fc.array(fc.oneof({ weight: 8, arbitrary: row }, flagged, thinned), { maxLength: 12 }),
    },
    // The first reading comes again, and says something else.
    {
      weight: 1,
      arbitrary: fc
        .array(row, { minLength: 1, maxLength: 10 })
        .map((all) => [...all, ...all.slice(0, 1).map(([first]) => [first, 0, 5, 0.25])]),
    },
    { weight: 1, arbitrary: fc.array(fc.oneof({ weight: 9, arbitrary: row }, odd), { maxLength: 12 }) },
  );
  // Of a short time, as in life: of each the store looks at all readings from then.
  const correction = fc
    .tuple(seq, seq, fc.integer({ min: -1_000, max: 1_000 }), fc.nat({ max: DAY_MS }), fc.nat({ max: 1e6 }))
    .map(([lo, hi, offsetMs, fromAt, lengthMs]) => [lo, hi, offsetMs, fromAt, fromAt + lengthMs]);
  const batch = fc.record(
    {
      gateway: fc.oneof({ weight: 15, arbitrary: fc.constant('attic') }, fc.constant('cellar')),
      stream: fc.constantFrom(...STREAMS),
      series: fc.constant(
        ['temperature', 'humidity', 'rain'].map((metric) => ({ sensor: 'roof', metric, unit: 'unit' })),
      ),
      readings: rows,
      sources: fc.constant(['fuzzsource', STREAMS[0]]),
      corrections: fc.array(correction, { maxLength: 2 }),
      gone: fc.array(fc.tuple(seq, seq, fc.constantFrom('shed', 'thinned', 'nowhere')), { maxLength: 2 }),
    },
    { requiredKeys: ['gateway', 'stream', 'series', 'readings', 'sources'] },
  );
  const object = fc.record(
    {
      sensor: fc.constantFrom('roof', 'roof', 'roof', '', '__proto__', 'ROOF', '\ud800', 'a'.repeat(49)),
      metric: fc.constant('temperature'),
      value,
      at: fc.oneof(at, fc.constantFrom('2026-01-15T16:09:35Z', '2026-13-45T99:99:99Z', 'now', '')),
      stream: fc.constant('otherstream'),
      seq,
    },
    { requiredKeys: ['sensor', 'metric', 'value'] },
  );
  const plainBatch = batch.map(({ corrections: _none, gone: _nothing, ...rest }) => rest);
  return fc
    .oneof(
      { weight: 40, arbitrary: plainBatch },
      { weight: 1, arbitrary: batch },
      { weight: 4, arbitrary: object },
      { weight: 4, arbitrary: fc.array(object, { maxLength: 4 }) },
    )
    .map((one) => JSON.stringify(one));
}

interface Door extends Pick<HostileRequest, 'door' | 'mayEnter'> {
  /** Its Authorization headers. */
  readonly shows: readonly string[];
}

function doors(token: string): fc.Arbitrary<Door> {
  const port = (mayEnter: boolean, ...shows: string[]): Door => ({ door: 'port', mayEnter, shows });
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant<Door>({ door: 'socket', mayEnter: true, shows: [] }) },
    { weight: 3, arbitrary: fc.constant(port(true, `Bearer ${token}`)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        port(false),
        port(false, ''),
        port(false, 'Bearer'),
        port(false, `Basic ${token}`),
        port(false, `Bearer ${token}x`),
        port(false, `Bearer ${token.slice(0, -1)}`),
        port(false, `Bearer ${token.toUpperCase()}`),
        port(false, 'Bearer null'),
        port(false, 'Bearer __proto__'),
        port(false, `Bearer ${'x'.repeat(4_000)}`),
        port(false, `Bearer ${token}, Bearer ${token}`),
        // Of two only the first counts, as Node has it.
        port(false, 'Bearer wrong', `Bearer ${token}`),
      ),
    },
  );
}

const METHOD = fc.oneof(
  { weight: 14, arbitrary: fc.constant('POST') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'),
  },
);

const PATH = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(BATCHES, BATCHES, READINGS) },
  { weight: 1, arbitrary: fc.webPath({ size: '-1' }).map((path) => `/${path}`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '/',
      '/health',
      '/health?x=1',
      '/api/v1/streams/fuzzstream1',
      '/api/v1/streams/fuzzstream1?from=100',
      '/api/v1/streams/../../../etc/passwd',
      '/api/v1/streams/..%2f..%2fetc%2fpasswd',
      '/api/v1/streams/%00%00%00%00%00%00%00%00',
      '/api/v1/streams/%ff%fe%fd%fc%fb%fa%f9%f8',
      '/api/v1/streams/%zz',
      '/api/v1/streams/__proto__x',
      '/api/v1/streams/fuzzstream1?from=1e999',
      '/api/v1/streams/fuzzstream1?from=NaN&from=1',
      '/api/v1/streams/fuzzstream1?from[]=1&from=__proto__',
      `/api/v1/streams/${'a'.repeat(65)}`,
      '/api/v1/batches/../readings',
      '/api/v1/batches/',
      '//api/v1/batches',
      '/api/v1/%62atches',
      '/API/v1/batches',
      '/api/v1/batches;x=1',
      '/api/v1/batches?__proto__[x]=1',
      `/${'a/'.repeat(500)}`,
      `/api/v1/batches?${'x=1&'.repeat(1_000)}`,
    ),
  },
);

/** What a proxy, a browser, a scanner or an attacker may add; for most requests nothing. */
const HEADERS = fc.oneof(
  { weight: 12, arbitrary: fc.constant<readonly string[]>([]) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        'Origin: https://evil.example',
        'Origin: null',
        'Sec-Fetch-Site: cross-site',
        'User-Agent: sensor-gateway/0',
        'X-Forwarded-For: 127.0.0.1',
        'Forwarded: for=127.0.0.1',
        'X-HTTP-Method-Override: DELETE',
        '__proto__: x',
        'constructor: y',
        'Content-Type: text/plain',
        'Cookie: a=b; a=c',
        'Upgrade: websocket\r\nConnection: Upgrade',
        'Connection: close',
        'Connection: keep-alive, x-odd',
        'Range: bytes=0-1',
        'If-None-Match: *',
        `X-Long: ${'y'.repeat(8_000)}`,
        `${'X-Many: z\r\n'.repeat(300)}X-Last: z`,
        'X-Latin: \u00e4\u00ff',
        'Accept-Encoding: gzip, br',
        'Expect: 100-CONTINUE',
      )
      .map((one) => [one]),
  },
);

interface Parts {
  readonly door: Door;
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
  readonly packing: Packing;
  readonly framing: Framing;
  readonly headers: readonly string[];
}

function whole(parts: Parts): HostileRequest {
  const { sent, encoding } = packed(parts.body, parts.packing);
  const { headers, sent: framedBody } = framed(sent, parts.framing);
  const more = [
    ...parts.headers,
    ...(encoding === undefined ? [] : [`Content-Encoding: ${encoding}`]),
    ...headers,
  ];
  const bytes = Buffer.concat([headOf(parts, more), framedBody]);
  return { ...saying(parts), bytes, kind: 'whole' };
}

function headOf({ method, path, door }: Parts, headers: readonly string[]): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    ...(headers.some((one) => one.startsWith('Content-Type:')) ? [] : ['Content-Type: application/json']),
    ...door.shows.map((one) => `Authorization: ${one}`),
    ...headers,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function saying({ door: { door, mayEnter }, method, path, body }: Parts) {
  return { door, mayEnter, method, path, text: body.toString('utf8') };
}

function broken(parts: Parts, { breaker, kind }: (typeof BREAKERS)[number]): HostileRequest {
  const head = headOf(parts, []).toString('latin1').slice(0, -2);
  const bytes = Buffer.from(breaker(head, parts.body.toString('latin1')), 'latin1');
  return { ...saying(parts), bytes, kind };
}
