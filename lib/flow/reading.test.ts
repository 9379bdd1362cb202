import { describe, expect, it } from 'vitest';
import {
  apiIdentity,
  isRefusedForNow,
  parseApiIdentity,
  REFUSALS,
  ReadingObject,
  Refusal,
} from './reading.ts';

describe('a refusal', () => {
  it.each([
    ['future', true],
    ['series_limit', true],
    ['seq_conflict', false],
    ['a_code_of_a_newer_store', false],
    ['constructor', false],
  ])('with the code %s is for now only: %s', (code, forNow) => {
    expect(isRefusedForNow(code)).toBe(forNow);
  });
});

describe('the wire', () => {
  it('words every refusal within its bounds', () => {
    for (const [code, { meaning }] of Object.entries(REFUSALS)) {
      expect(Refusal.safeParse({ seq: 1, code, message: `the reading ${meaning}` }).success).toBe(true);
    }
  });

  it.each([
    ['2026-01-15T16:09:35Z', true],
    ['2026-01-15T17:09:35.250+01:00', true],
    ['2026-01-15T16:09:35', false],
    ['yesterday', false],
    ['0001-01-01T00:00:00Z', false],
    [253_402_300_800_000, false],
    [-1, false],
    [0, true],
  ])('the time %s is understood: %s', (at, understood) => {
    const parsed = ReadingObject.safeParse({ sensor: 'roof', metric: 'temperature', value: 1, at });

    expect(parsed.success).toBe(understood);
    if (!parsed.success) expect(parsed.error.issues[0]?.message).toContain('2026-01-15T16:09:35Z');
  });

  it('wants stream and seq together', () => {
    const reading = { sensor: 'roof', metric: 'temperature', value: 1 };

    expect(ReadingObject.safeParse({ ...reading, stream: 'teststream', seq: 1 }).success).toBe(true);
    expect(ReadingObject.safeParse({ ...reading, stream: 'teststream' }).success).toBe(false);
    expect(ReadingObject.safeParse({ ...reading, seq: 1 }).success).toBe(false);
  });

  it('recognises the identity of a write API and nothing else', () => {
    expect(parseApiIdentity(apiIdentity('0.1.0'))).toEqual({ version: '0.1.0', schema: 1 });
    expect(parseApiIdentity('nginx')).toBeUndefined();
    expect(parseApiIdentity(undefined)).toBeUndefined();
  });
});
