import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { withValue } from './config-edit.ts';

const FILE = `# The attic.
gateway: attic   # not the cellar

sampling:
  interval: 10s      # how often
  # deadline: 5s

# Who gets the readings.
destinations:
  - name: local
    url: http://127.0.0.1:8470  # here
breaker: {pauses: [10s, 30s]}
`;

describe('a value put into a configuration', () => {
  it('changes nothing but itself where there is one', () => {
    expect(withValue(FILE, ['sampling', 'interval'], '5s')).toBe(FILE.replace('10s  ', '5s  '));
    expect(withValue(FILE, ['destinations', 0, 'url'], 'http://10.0.0.1')).toBe(
      FILE.replace('http://127.0.0.1:8470', 'http://10.0.0.1'),
    );
    expect(withValue(FILE, ['breaker', 'pauses'], ['1s', '2s'])).toBe(FILE.replace('[10s, 30s]', '[1s, 2s]'));
  });

  it('gets a line of its own in its group, behind what is there', () => {
    expect(withValue(FILE, ['sampling', 'deadline'], '2s')).toBe(
      FILE.replace('# how often\n', '# how often\n  deadline: 2s\n'),
    );
    expect(withValue(FILE, ['destinations', 0, 'token_file'], '/t')).toBe(
      FILE.replace('# here\n', '# here\n    token_file: /t\n'),
    );
  });

  it('brings its group with it where there is none', () => {
    expect(withValue(FILE, ['log', 'level'], 'debug')).toBe(`${FILE}log:\n  level: debug\n`);
    expect(withValue('', ['log', 'level'], 'debug')).toBe('log:\n  level: debug\n');
    expect(withValue('# only words', ['gateway'], 'attic')).toBe('# only words\ngateway: attic\n');
  });

  it('keeps every comment where the text has to be written afresh', () => {
    const text = withValue(FILE, ['breaker', 'failures'], 5);

    for (const comment of FILE.match(/#.*$/gm) ?? []) expect(text).toContain(comment);
    expect(parse(text)).toEqual({ ...parse(FILE), breaker: { pauses: ['10s', '30s'], failures: 5 } });
  });

  it('is that value when it is read again, whatever it is', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }));
    const path = fc.constantFrom(
      ['gateway'],
      ['sampling', 'interval'],
      ['log', 'level'],
      ['sampling', 'new'],
    );
    fc.assert(
      fc.property(path, value, (at, put) => {
        const before = parse(FILE);
        const after = parse(withValue(FILE, at, put));
        let there: unknown = after;
        for (const step of at) there = (there as Record<string, unknown>)[step];

        expect(there).toEqual(put);
        expect(Object.keys(after)).toEqual(expect.arrayContaining(Object.keys(before)));
      }),
    );
  });
});
