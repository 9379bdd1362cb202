import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loggable, loggableText } from './loggable.ts';

describe('what may be logged', () => {
  it.each([
    'token',
    'api_token',
    'api-token',
    'Authorization',
    'password',
    'db_password',
    'client_secret',
    'apiKey',
    'cookie',
  ])('never the value of %s, at whatever depth', (key) => {
    expect(
      JSON.stringify(loggable({ [key]: 'hunter2', request: { headers: { [key]: 'hunter2' } } })),
    ).not.toContain('hunter2');
  });

  it('keeps what only sounds like a secret', () => {
    expect(loggable({ token_file: '/etc/token', tokens: 3, clock_trusted: true })).toEqual({
      token_file: '/etc/token',
      tokens: 3,
      clock_trusted: true,
    });
  });

  it('takes credentials out of texts, also in errors and their causes', () => {
    const error = new Error('GET https://ann:hunter2@host/x failed', {
      cause: new Error('Bearer hunter2hunter2'),
    });

    const text = JSON.stringify(loggable({ err: error }));

    expect(text).not.toContain('hunter2');
    expect(text).toContain('GET https://[redacted]@host/x failed');
  });

  it('takes an error given by itself as `err`', () => {
    expect(loggable(Object.assign(new Error('no'), { code: 'ENOENT' }))).toMatchObject({
      err: { name: 'Error', message: 'no', code: 'ENOENT' },
    });
  });

  it('survives cycles, getters that throw, and numbers that JSON does not know', () => {
    const cycle: Record<string, unknown> = { when: new Date(Number.NaN), value: Number.NaN, big: 10n };
    cycle.self = cycle;
    const trap = {
      get value(): string {
        throw new Error('no');
      },
    };

    expect(loggable(cycle)).toMatchObject({ when: 'invalid date', value: 'NaN', big: '10' });
    expect(loggable({ trap })).toEqual({ trap: '[unreadable: no]' });
  });

  it('is bounded whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.anything({ maxDepth: 8, withBigInt: true, withDate: true, withTypedArray: true }),
        (value) => {
          expect(JSON.stringify(loggable({ value })).length).toBeLessThan(1_000_000);
        },
      ),
    );
    const long = loggable({ text: 'x'.repeat(1e6), list: Array(1e5).fill(1), bytes: new Uint8Array(1e6) });
    expect(JSON.stringify(long).length).toBeLessThan(6_000);
    expect(loggableText('x'.repeat(1e6))).toMatch(/… \(1000000 characters\)$/);
  });
});
