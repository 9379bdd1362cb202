/**
 * The text format of Prometheus, version 0.0.4, read strictly: for a page that is put together from two programs,
 * whose halves may share metrics. A metric may be described once, and all its lines must stand together, so two
 * texts cannot simply be joined.
 */

export interface Sample {
  /** Of a histogram also with `_bucket`, `_sum` or `_count`. */
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** As it stands in the text. */
  readonly line: string;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** What is not in the format, and in which line. */
class ExpositionError extends Error {
  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`);
    this.name = 'ExpositionError';
  }
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\\\|\\"|\\n)*)"(,|$)/y;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/**
 * Every metric of a text, in its order. Stricter than the format asks for: each metric has a help and a type before
 * its samples, samples carry no times, and no line comes twice. Throws `ExpositionError`.
 */
export function parseExposition(text: string): Family[] {
  if (text !== '' && !text.endsWith('\n'))
    throw new ExpositionError(1, 'the text does not end with its line');
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const told = new Set<string>();
  let open = '';
  let help: string | undefined;

  for (const [index, line] of text.split('\n').entries()) {
    const wrong = (what: string) => new ExpositionError(index + 1, what);
    if (line === '' || (line.startsWith('#') && !/^# (HELP|TYPE) /.test(line))) continue;
    if (line.startsWith('# ')) {
      const [, word = '', name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
      if (!NAME.test(name)) throw wrong(`"${name}" is no name`);
      if (word === 'HELP') {
        if (families.has(name)) throw wrong(`${name} comes a second time`);
        [open, help] = [name, rest];
        continue;
      }
      if (help === undefined || name !== open) throw wrong(`${name} has no help right before its type`);
      if (!TYPES.includes(rest)) throw wrong(`${name} has the type "${rest}"`);
      families.set(name, { type: rest, help, samples: [] });
      help = undefined;
      continue;
    }
    const family = families.get(open);
    const sample = sampleOf(line, wrong);
    if (family === undefined || !belongs(sample.name, open, family.type))
      throw wrong(`${sample.name} does not stand with its metric`);
    const key = `${sample.name} ${JSON.stringify([...sample.labels].sort())}`;
    if (told.has(key)) throw wrong(`${sample.name} comes twice with the same labels`);
    told.add(key);
    family.samples.push(sample);
  }
  return Array.from(families, ([name, rest]) => ({ name, ...rest }));
}

function belongs(sample: string, family: string, type: string): boolean {
  return (SUFFIXES[type] ?? ['']).some((suffix) => sample === family + suffix);
}

function sampleOf(line: string, wrong: (what: string) => Error): Sample {
  const match = SAMPLE.exec(line);
  if (match === null) throw wrong('this is no sample');
  const [, name = '', inside = '', number = ''] = match;
  return { name, labels: labelsOf(inside, wrong), value: numberOf(number, wrong), line };
}

function labelsOf(text: string, wrong: (what: string) => Error): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (match === null) throw wrong('the labels cannot be read');
    const [, name = '', value = ''] = match;
    if (labels.has(name)) throw wrong(`the label ${name} comes twice`);
    labels.set(
      name,
      value.replace(/\\(.)/g, (_all, one: string) => (one === 'n' ? '\n' : one)),
    );
  }
  return labels;
}

const WORDS: Readonly<Record<string, number>> = {
  '+Inf': Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

function numberOf(text: string, wrong: (what: string) => Error): number {
  const value =
    WORDS[text] ?? (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined);
  if (value === undefined) throw wrong(`"${text}" is no number`);
  return value;
}

/** One text of both. What both say of the same series is said as in `first`. */
export function mergeExpositions(first: readonly Family[], second: readonly Family[]): string {
  const names = [...new Set([...first, ...second].map(({ name }) => name))];
  return names
    .map((name) => {
      const found = [first, second].flatMap((families) => families.find((one) => one.name === name) ?? []);
      const [{ type, help } = { type: 'untyped', help: '' }] = found;
      // Of another type it is another metric, and must not stand beside this one.
      const samples = found.filter((one) => one.type === type).flatMap((one) => one.samples);
      const lines = new Map(samples.toReversed().map((one) => [seriesOf(one), one.line]));
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...[...lines.values()].reverse(), ''].join(
        '\n',
      );
    })
    .join('\n');
}

function seriesOf({ name, labels }: Sample): string {
  return `${name} ${JSON.stringify([...labels].sort())}`;
}
