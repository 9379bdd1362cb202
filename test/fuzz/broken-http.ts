/** HTTP that is broken: what no library would send, and a link, a proxy or an attacker does. */

import { BATCHES } from './paths.ts';

/** Takes a good request apart, and puts it together wrongly. `head` ends before its last headers and the empty line. */
type Breaker = (head: string, body: string) => string;

const sized = (size: number | string) => `Content-Length: ${size}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const chunk = (size: number | string, body: string) => `${CHUNKED}\r\n${size.toString(16)}\r\n${body}\r\n`;
const good: Breaker = (head, body) => `${head}${sized(body.length)}\r\n${body}`;
const withHeader =
  (line: string): Breaker =>
  (head, body) =>
    good(`${head}${line}\r\n`, body);
const changed =
  (from: string | RegExp, to: string): Breaker =>
  (head, body) =>
    good(head, body).replace(from, to);

/** What the server can see to be wrong, or odd, and has to say so. */
const ODD: readonly Breaker[] = [
  (head, body) => `${head}${sized(7)}${sized(body.length)}\r\n${body}`,
  (head, body) => `${head}${sized(body.length)}${sized(body.length)}\r\n${body}`,
  (head, body) => `${head}${sized(body.length)}${CHUNKED}\r\n${body}`,
  (head, body) => `${head}${sized(5)}${CHUNKED}\r\n0\r\n\r\n${body}`,
  ...['-5', '+5', '0x10', '1e2', '99999999999999999999', '1048577'].map(
    (size): Breaker =>
      (head, body) =>
        `${head}${sized(size)}\r\n${body}`,
  ),
  (head, body) => `${head}${chunk(body.length, body)}0\r\n${sized(3)}\r\n`,
  ...['zz', '-1', 'ffffffffffffffffff', '1;x=\u0000'].map(
    (size): Breaker =>
      (head, body) =>
        `${head}${chunk(size, body)}0\r\n\r\n`,
  ),
  (head, body) => `${head}${chunk(body.length - 1, body)}0\r\n\r\n`,
  withHeader('Transfer-Encoding: chunked, identity'),
  withHeader('Transfer-Encoding:\u000bchunked'),
  withHeader('X-Null: a\u0000b'),
  withHeader('X Space : x'),
  withHeader('no colon'),
  withHeader(': no name'),
  withHeader(`X-Flood: ${'z'.repeat(20_000)}`),
  withHeader('aa: bb\r\n'.repeat(3_000)),
  withHeader('Expect: wonders'),
  changed('HTTP/1.1', 'HTTP/9.9'),
  changed('HTTP/1.1', 'HTTP/1.0'),
  changed('POST', 'post'),
  changed('POST /', 'POST http://evil.example/'),
  changed(BATCHES, '*'),
  changed(BATCHES, `${BATCHES} x`),
  changed(/Host: .*\r\n/, ''),
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  () => '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003 hello TLS\r\n\r\n',
  () => '\u0000'.repeat(100),
];

/** What could still go on, or begin another request, when the client dies. None of it may ever be stored. */
const CUT: readonly Breaker[] = [
  (head, body) => `${head}${sized(body.length + 1)}\r\n${body}`,
  (head, body) => `${head}${sized(body.length - 1)}\r\n${body}`,
  (head, body) => `${head}${sized(0)}\r\n${body}`,
  (head, body) => `${head}\r\n${body}`,
  (head, body) => `${head}${chunk(body.length, body)}`,
  (head, body) => `${head}${chunk(body.length, body)}0\r\nX-After: 1`,
  (head, body) => `${head}Transfer-Encoding: gzip\r\n\r\n${body}`,
  (head, body) => good(head, body).replaceAll('\r\n', '\n').slice(0, -1),
  (head) => head.slice(0, -20),
  () => 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n',
  () => 'GET /health\r\n\r\n',
  () => '\r\n\r\n\r\n',
];
export const BREAKERS = [
  ...ODD.map((breaker) => ({ breaker, kind: 'odd' as const })),
  ...CUT.map((breaker) => ({ breaker, kind: 'cut' as const })),
];
