import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeededRandom } from '../../../test/support/seeded-random.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createVirtualClock, INCIDENT_AT } from '../../../test/support/virtual-clock.ts';
import { createRateLimit } from './rate-limit.ts';
import { createTokenBook } from './token-book.ts';
import { createToken, hashOf, readTokens, writeTokens } from './token-file.ts';

const record = (gateway: string, token: string) => ({
  gateway,
  hash: hashOf(token).toString('hex'),
  addedAt: INCIDENT_AT,
});
const newFile = () => join(tempDir(), 'tokens.json');

describe('the file of tokens', () => {
  it('holds no token, and comes back as it was written', () => {
    const file = newFile();
    const token = createToken(createSeededRandom(1));

    writeTokens(file, [record('attic', token)]);

    expect(readTokens(file)).toEqual([record('attic', token)]);
    expect(readFileSync(file, 'utf8')).not.toContain(token.slice(4));
    expect(statSync(file).mode & 0o007).toBe(0);
  });

  it('need not exist: then there are none', () => {
    expect(readTokens(newFile())).toEqual([]);
  });

  it.each([
    ['no JSON', 'tokens: none'],
    ['another version', '{"version":2,"tokens":[]}'],
    ['a hash that is none', '{"version":1,"tokens":[{"gateway":"attic","hash":"abc","addedAt":1}]}'],
    [
      'a name that is none',
      `{"version":1,"tokens":[{"gateway":"../x","hash":"${'a'.repeat(64)}","addedAt":1}]}`,
    ],
  ])('with %s in it is refused in words', (_what, text) => {
    const file = newFile();
    writeFileSync(file, text);

    expect(() => readTokens(file)).toThrow(/cannot use the tokens in .*tokens\.json: /);
  });

  it('is not written by two at once: the second is told, and what the first wrote stays', () => {
    const file = newFile();
    writeTokens(file, [record('attic', 'one')]);
    writeFileSync(`${file}.new`, '');

    expect(() => writeTokens(file, [])).toThrow(/is another sensorctl at work\? If not: rm /);

    expect(readTokens(file)).toHaveLength(1);
  });

  it('has tokens of 260 bits of chance, recognisable as ours', () => {
    const random = createSeededRandom(7);
    const tokens = Array.from({ length: 100 }, () => createToken(random));

    expect(new Set(tokens).size).toBe(tokens.length);
    for (const token of tokens) expect(token).toMatch(/^sgw_[a-z2-7]{52}$/);
  });
});

describe('the tokens that are good now', () => {
  it('know each gateway by its own token, and nobody by anything else', () => {
    const file = newFile();
    const [attic, shed] = [1, 2].map((seed) => createToken(createSeededRandom(seed)));
    writeTokens(file, [record('attic', attic ?? ''), record('shed', shed ?? '')]);
    const book = createTokenBook(file);

    expect(book.gatewayOf(attic ?? '')).toBe('attic');
    expect(book.gatewayOf(shed ?? '')).toBe('shed');
    for (const other of ['', 'sgw_', attic?.slice(0, -1) ?? '', `${shed}x`, readFileSync(file, 'utf8')])
      expect(book.gatewayOf(other)).toBeUndefined();
  });

  it('are those of the file in this moment: added, revoked and added again without a restart', () => {
    const file = newFile();
    const book = createTokenBook(file);

    const seen = [
      [record('attic', 'one')],
      [],
      [record('attic', 'two')],
      [record('attic', 'one'), record('shed', 'two')],
    ].map((tokens) => {
      writeTokens(file, tokens);
      return [book.gatewayOf('one'), book.gatewayOf('two')];
    });

    expect(seen).toEqual([
      ['attic', undefined],
      [undefined, undefined],
      [undefined, 'attic'],
      ['attic', 'shed'],
    ]);
  });

  it('let nobody in while the file cannot be read, and those whom it names once it can', () => {
    const file = newFile();
    writeTokens(file, [record('attic', 'one')]);
    const book = createTokenBook(file);
    expect(book.gatewayOf('one')).toBe('attic');
    const good = readFileSync(file, 'utf8');

    writeFileSync(file, good.slice(0, -9));
    const broken = () => book.gatewayOf('one');

    expect(broken).toThrow(expect.objectContaining({ code: 'tokens_unreadable', retryAfterS: 30 }));
    expect(broken).toThrow();
    writeFileSync(file, good);
    chmodSync(file, 0o640);
    expect(book.gatewayOf('one')).toBe('attic');
  });
});

describe('how often a gateway may ask', () => {
  it('never exceeds its rate by more than a burst, over any time, and never less than its rate', () => {
    const perSecond = 10;
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 200 }), async (pauses) => {
        const clock = createVirtualClock();
        const limit = createRateLimit({ perSecond, clock });
        let taken = 0;
        for (const pauseMs of pauses) {
          await clock.advance(pauseMs);
          if (limit.take('attic') === undefined) taken += 1;
        }
        const seconds = clock.monotonicMs() / 1_000;
        expect(taken).toBeLessThanOrEqual(perSecond * (seconds + 2));
        expect(taken).toBeGreaterThanOrEqual(Math.min(pauses.length, Math.floor(perSecond * 2)));
      }),
      { numRuns: 30 },
    );
  });

  it('is said in whole seconds to those who are too early, and another gateway is not held up', async () => {
    const clock = createVirtualClock();
    const limit = createRateLimit({ perSecond: 1, clock });

    expect([limit.take('attic'), limit.take('attic'), limit.take('attic')]).toEqual([
      undefined,
      undefined,
      1,
    ]);
    expect(limit.take('shed')).toBeUndefined();
    await clock.advance(1_000);
    expect(limit.take('attic')).toBeUndefined();
  });
});
