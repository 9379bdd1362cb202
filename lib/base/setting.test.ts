import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationText, parseDuration, parseSize } from './quantity-text.ts';
import { keyOf, list, type Setting, section } from './setting.ts';
import { choice, duration, fraction, integer, several, size, table, text } from './setting-kinds.ts';
import { judgeOf } from './setting-schema.ts';

const about = 'It decides something.';

function judge<T>(setting: Setting<T>, raw: unknown): T | string | undefined {
  const result = setting.schema.safeParse(raw);
  return result.success ? result.data : result.error.issues.map((issue) => issue.message).join(' ');
}

describe('a duration', () => {
  const setting = duration({ about, initial: '10s', min: '1s', max: '1h' });

  it.each([
    ['1s', 1_000],
    ['1500ms', 1_500],
    ['1.5s', 1_500],
    ['60m', 3_600_000],
    ['0s', '"0s" is too short. Use 1s to 1h.'],
    ['2h', '"2h" is too long. Use 1s to 1h.'],
    [10, '10 has no unit. Write 10s if that is meant. Use 1s to 1h.'],
    [null, 'has no value. Use 1s to 1h.'],
    [undefined, 'is missing. Use 1s to 1h.'],
  ])('reads %j as %j', (raw, expected) => {
    expect(judge(setting, raw)).toBe(expected);
  });

  it.each(['10', 's', '-1s', '1e3s', '10 s', '10sec', '10S', '٣s', '', ' 1s', true, {}, ['1s']])(
    'does not guess at %j',
    (raw) => {
      expect(judge(setting, raw)).toMatch(/is not understood\. Write a number with its unit/);
    },
  );

  it('is the number times its unit, in milliseconds', () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
    fc.assert(
      fc.property(fc.nat(99_999), fc.constantFrom('ms', 's', 'm', 'h', 'd'), (count, unit) => {
        expect(parseDuration(`${count}${unit}`)).toBe(count * units[unit]);
      }),
    );
  });

  it('is written in the largest unit that it is a whole number of, and reads as the same again', () => {
    expect([0, 250, 90_000, 600_000, 86_400_000].map(durationText)).toEqual([
      '0ms',
      '250ms',
      '90s',
      '10m',
      '1d',
    ]);
    fc.assert(
      fc.property(fc.nat(999_999_999), (ms) => {
        expect(parseDuration(durationText(ms))).toBe(ms);
      }),
    );
  });
});

describe('a number that need not be whole', () => {
  it.each([
    [0.5, 0.5],
    [1, 1],
    [undefined, undefined],
    ['0.5', '"0.5" is not a number. Use 0.1 to 10.'],
    [0.01, '0.01 is too small. Use 0.1 to 10.'],
    [11, '11 is too large. Use 0.1 to 10.'],
  ])('reads %j as %j, and may be left out where there is a note', (raw, expected) => {
    const setting = fraction({ about, initialNote: 'none', example: 0.5, min: 0.1, max: 10 });

    expect(judge(setting, raw)).toBe(expected);
  });
});

describe('a size', () => {
  it.each([
    ['64KiB', 65_536],
    ['256MiB', 268_435_456],
    ['1GiB', 1_073_741_824],
    ['512B', 512],
    ['1MB', undefined],
    ['1mib', undefined],
    ['1', undefined],
  ])('%s is %s bytes', (line, bytes) => {
    expect(parseSize(line)).toBe(bytes);
  });

  it('says what to write instead of a bare number', () => {
    const setting = size({ about, initial: '1MiB', min: '16KiB', max: '1GiB' });

    expect(judge(setting, 256)).toBe('256 has no unit. Write 256MiB if that is meant. Use 16KiB to 1GiB.');
  });
});

describe('an integer', () => {
  const setting = integer({ about, initial: 3, min: 1, max: 100 });

  it.each([
    [1, 1],
    [100, 100],
    [0, '0 is too small. Use 1 to 100.'],
    [101, '101 is too large. Use 1 to 100.'],
    [1.5, '1.5 is not a whole number. Use 1 to 100.'],
    [Number.NaN, 'NaN is not a whole number. Use 1 to 100.'],
    [Number.POSITIVE_INFINITY, 'Infinity is not a whole number. Use 1 to 100.'],
    ['3', '"3" is not a whole number. Use 1 to 100.'],
  ])('reads %j as %j', (raw, expected) => {
    expect(judge(setting, raw)).toBe(expected);
  });

  it('is read from the environment, where everything is text', () => {
    expect(setting.fromText('42')).toBe(42);
    expect(setting.fromText('0x76')).toBe(0x76);
    expect(setting.fromText('4 2')).toBe('4 2');
  });
});

describe('other kinds', () => {
  it('a choice lists its words', () => {
    const setting = choice({ about, of: ['slow', 'keep'], initial: 'slow' });

    expect(judge(setting, 'keep')).toBe('keep');
    expect(judge(setting, 'Slow')).toBe('"Slow" is not one of them. Use slow or keep.');
  });

  it('several durations come as a list, in the environment with commas', () => {
    const of = duration({ about, initial: '10s', min: '1s', max: '1h' });
    const setting = several({ about, of, countMax: 3, initial: ['10s', '30s'] });

    expect(judge(setting, ['1s', '2s'])).toEqual([1_000, 2_000]);
    expect(setting.fromText('[1s, 2s]')).toEqual(['1s', '2s']);
    expect(setting.fromText('1s,2s')).toEqual(['1s', '2s']);
    expect(setting.fromText(`["1s", '2s']`)).toEqual(['1s', '2s']);
    expect(judge(setting, '10s')).toBe('"10s" is not a list. Use a list of 1 to 3, such as [10s, 30s].');
    expect(judge(setting, ['1s', '0s'])).toBe('"0s" is too short. Use 1s to 1h.');
    expect(judge(setting, [])).toMatch(/^An empty list/);
    expect(judge(setting, ['1s', '2s', '3s', '4s'])).toMatch(/^Too many/);
  });

  it('a text that may be left out is undefined then', () => {
    const problem = () => undefined;
    const setting = text({ about, values: 'a path', problem, initialNote: 'none', example: '/x' });

    expect(judge(setting, undefined)).toBeUndefined();
    expect(judge(setting, 5)).toBe('5 is not text. Use a path.');
  });

  it('the key in the file has underscores and no unit', () => {
    const someDuration = duration({ about, initial: '1s', min: '1s', max: '2s' });
    const someSize = size({ about, initial: '1MiB', min: '1MiB', max: '2MiB' });

    expect(keyOf('requestTimeoutMs', someDuration)).toBe('request_timeout');
    expect(keyOf('bytesMax', someSize)).toBe('bytes_max');
  });
});

describe('several values without a default', () => {
  const setting = several({
    about,
    of: text({ about, values: 'a word', problem: (word) => (word === 'bad' ? 'bad is bad.' : undefined) }),
    countMax: 2,
    initialNote: 'all',
    example: ['net-*'],
  });

  it.each([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [undefined, undefined],
    [[], 'An empty list. Use a list of 1 to 2, such as [net-*].'],
    ['a', '"a" is not a list. Use a list of 1 to 2, such as [net-*].'],
    [['bad'], 'bad is bad.'],
  ])('read %j as %j', (raw, expected) => {
    expect(judge(setting, raw)).toEqual(expected);
  });
});

describe('a table', () => {
  const word = {
    values: 'a word',
    problem: (one: string) => (/^[a-z_]+$/.test(one) ? undefined : `"${one}" is no word.`),
  };
  const setting = table({
    about,
    key: word,
    of: text({ about, ...word }),
    countMax: 2,
    initialNote: 'their own',
    example: { temp: 'attic' },
  });

  it.each([
    [{ temp: 'attic' }, { temp: 'attic' }],
    [{}, {}],
    [undefined, undefined],
    ['attic', '"attic" is not a group of keys. Use up to 2 lines such as "temp: attic".'],
    [['attic'], 'a list is not a group of keys. Use up to 2 lines such as "temp: attic".'],
    [{ a: 'a', b: 'b', c: 'c' }, '3 are too many. Use up to 2 lines such as "temp: attic".'],
    [{ 'A 1': 'attic' }, '"A 1" is no word.'],
    [{ temp: 7 }, '7 is not text. Use a word.'],
    [{ temp: null }, 'has no value. Use a word.'],
  ])('reads %j as %j', (raw, expected) => {
    expect(judge(setting, raw)).toEqual(expected);
  });

  it('says of which entry it speaks', () => {
    const issues = setting.schema.safeParse({ temp: 'attic', hum: '!' }).error?.issues ?? [];

    expect(issues.map(({ path }) => path)).toEqual([['hum']]);
  });

  it('takes the names that JavaScript has its own ideas about', () => {
    const value = setting.schema.parse(JSON.parse('{"__proto__": "attic"}'));

    expect(Object.entries(value ?? {})).toEqual([['__proto__', 'attic']]);
  });
});

describe('a list', () => {
  const entry = { word: text({ about, values: 'a word', problem: () => undefined }) };
  const judged = (initial: readonly object[], raw: unknown) =>
    judgeOf(section('', { words: list({ about, entriesMax: 2, initial, entry }) }))(raw);

  it('may be empty only if it is so by default', () => {
    expect(judged([], {})).toEqual({ value: { words: [] } });
    expect(judged([], { words: [] })).toEqual({ value: { words: [] } });
    expect(judged([{ word: 'a' }], { words: [] })).toMatchObject({ flaws: [{ path: ['words'] }] });
  });
});
