/** The text format of Prometheus: what is read strictly, and how two texts become one. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeExpositions, parseExposition } from './exposition.ts';

const HEAD = '# HELP a_total Of a\n# TYPE a_total counter\n';

describe('reading', () => {
  it('gives names, types, labels and values, and what escapes stand for', () => {
    const text = `${HEAD}a_total{x="1",y="a \\"b\\" \\\\ \\n,}"} 2.5e3\na_total +Inf\n\n# a remark\n`;

    const [family] = parseExposition(text);

    expect(family).toMatchObject({ name: 'a_total', type: 'counter', help: 'Of a' });
    const samples = family?.samples.map(({ labels, value }) => [Object.fromEntries(labels), value]);
    expect(samples).toEqual([
      [{ x: '1', y: 'a "b" \\ \n,}' }, 2_500],
      [{}, Number.POSITIVE_INFINITY],
    ]);
  });

  it('takes the three parts of a histogram for one metric', () => {
    const lines = ['h_bucket{le="1"} 1', 'h_bucket{le="+Inf"} 2', 'h_sum 3', 'h_count 2'];

    const [family] = parseExposition(`# HELP h H\n# TYPE h histogram\n${lines.join('\n')}\n`);

    expect(family?.samples.map(({ name }) => name)).toEqual(['h_bucket', 'h_bucket', 'h_sum', 'h_count']);
  });

  it.each([
    ['no end of its line', 'a_total 1'],
    ['a sample without a metric', 'a_total 1\n'],
    ['a sample of another metric', `${HEAD}b_total 1\n`],
    ['a metric twice', `${HEAD}a_total 1\n${HEAD}`],
    ['a type without a help', '# TYPE a_total counter\n'],
    ['a type of its own', '# HELP a A\n# TYPE a number\n'],
    ['a series twice', `${HEAD}a_total{x="1",y="2"} 1\na_total{y="2",x="1"} 1\n`],
    ['a label twice', `${HEAD}a_total{x="1",x="2"} 1\n`],
    ['a value that is no number', `${HEAD}a_total one\n`],
    ['a value of JavaScript', `${HEAD}a_total 0x10\n`],
    ['no value', `${HEAD}a_total\n`],
    ['a time', `${HEAD}a_total 1 1768493375000\n`],
    ['labels without quotes', `${HEAD}a_total{x=1} 1\n`],
    ['labels that do not end', `${HEAD}a_total{x="1} 1\n`],
    ['a name with a hyphen', `${HEAD}a-total 1\n`],
  ])('refuses %s', (_what, text) => {
    expect(() => parseExposition(text)).toThrow(/^line \d+: /);
  });

  it('never does anything else than to read or to refuse', () => {
    const part = fc.constantFrom('a_total', '{', '}', '"', 'x', '=', ',', ' ', '1', '\n', '\\', HEAD, '#');
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        try {
          parseExposition(parts.join(''));
        } catch (error) {
          expect(error).toHaveProperty('name', 'ExpositionError');
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

const value = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '}', ',', 'é', ' ') });
const series = fc.array(fc.tuple(value, fc.integer()), { maxLength: 5 });
const texts = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), series).map((all) =>
  Object.entries(all)
    .map(([name, samples]) => {
      const lines = new Map(samples.map(([label, one]) => [label, `${name}{x="${escaped(label)}"} ${one}`]));
      return [`# HELP ${name} Of ${name}`, `# TYPE ${name} gauge`, ...lines.values(), ''].join('\n');
    })
    .join('\n'),
);
const escaped = (text: string) =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** Every series of a text, with its value. */
function told(text: string): Map<string, number> {
  const samples = parseExposition(text).flatMap((family) => family.samples);
  return new Map(samples.map((one) => [`${one.name} ${one.labels.get('x')}`, one.value]));
}

describe('putting together', () => {
  it('keeps every series of both, once, and the first says what both say', () => {
    fc.assert(
      fc.property(texts, texts, (first, second) => {
        const merged = mergeExpositions(parseExposition(first), parseExposition(second));

        expect(told(merged)).toEqual(new Map([...told(second), ...told(first)]));
      }),
    );
  });

  it('leaves out a metric that has another type on the other side', () => {
    const first = parseExposition('# HELP a A\n# TYPE a gauge\na 1\n');
    const second = parseExposition('# HELP a A\n# TYPE a counter\na{x="1"} 2\n');

    expect(mergeExpositions(first, second)).toBe('# HELP a A\n# TYPE a gauge\na 1\n');
  });
});
