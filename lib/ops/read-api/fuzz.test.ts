import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createStoreRig, ROOF } from '../../../test/support/store-rig.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { READ_ROUTES } from './routes/index.ts';
import { createReadApi } from './server.ts';

const NOW_AT = Date.UTC(2026, 0, 15, 16, 9, 35);

/** What a browser, a script with a mistake, or somebody with bad intentions may write. */
const word = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constantFrom('', '0', '-1', '1e400', 'NaN', 'null', '24h', '99999999999999999999', '../../etc/passwd'),
  fc.constantFrom(
    'roof',
    'temperature',
    'raw',
    'auto',
    'now',
    '2026-01-15',
    '2026-13-45T99:99:99Z',
    "' OR 1=1 --",
  ),
  fc
    .array(fc.oneof(fc.integer(), fc.string(), fc.constant(null)), { maxLength: 5 })
    .map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url')),
);
const parameter = fc.oneof(
  fc.constantFrom('gateway', 'sensor', 'metric', 'unit', 'since', 'until', 'resolution', 'points', 'limit'),
  fc.constantFrom('cursor', 'bucket', 'longer_than', 'format', 'times', '__proto__', 'constructor', 'a[b]'),
  fc.string({ maxLength: 10 }),
);
const query = fc.array(fc.tuple(parameter, word), { maxLength: 6 });
const path = fc.oneof(fc.constantFrom(...READ_ROUTES.map(({ url }) => url)), fc.webPath({ size: '-1' }));

it('whatever is asked, the answer is one, or a problem that is the fault of the question', async () => {
  const rig = createStoreRig();
  await rig.put(
    ROOF,
    Array.from({ length: 100 }, (_, i) => [NOW_AT - i * 10_000, i]),
  );
  const { clock } = createTestWorld({ wallMs: NOW_AT });
  const onRefused = () => {};
  const { app } = createReadApi({
    ask: rig.ask,
    clock,
    program: 'sensor-monitor',
    version: '1.2.3',
    onRefused,
  });

  await fc.assert(
    fc.asyncProperty(path, query, async (url, parameters) => {
      const asked = `${url}?${parameters.map((pair) => pair.map(encodable).join('=')).join('&')}`;

      const { statusCode, headers, body } = await app.inject({ url: asked, headers: { host: 'localhost' } });

      expect([asked, statusCode]).toEqual([asked, expect.toSatisfy((status: number) => status < 500)]);
      expect(headers['sensorgw-api']).toBeDefined();
      if (statusCode >= 400)
        expect(JSON.parse(body)).toMatchObject({ status: statusCode, hint: expect.any(String) });
    }),
    { numRuns: 1_000 },
  );
});

/** Half of a surrogate pair has no percent-encoding. */
function encodable(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udfff]/g, '?'));
}
