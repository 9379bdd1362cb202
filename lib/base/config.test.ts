import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { type LoadOptions, loadSettings } from './config.ts';
import { GatewayError } from './errors.ts';
import { list, section, type ValueOf } from './setting.ts';
import { choice, duration, integer } from './setting-kinds.ts';

const about = 'It decides something.';
const TREE = section('', {
  sampling: section(about, {
    intervalMs: duration({ about, initial: '10s', min: '1s', max: '1h' }),
    deadlineMs: duration({ about, initial: '5s', min: '1s', max: '1h' }),
  }),
  sources: list({
    about,
    entriesMax: 2,
    bareKey: 'type',
    initial: [{ type: 'kernel' }],
    entry: {
      type: choice({ about, of: ['kernel', 'simulated'] }),
      bus: integer({ about, min: 0, max: 9, initialNote: 'none', example: 1 }),
    },
  }),
});
type Options = Partial<LoadOptions<(typeof TREE)['shape']>>;

function load(yaml: string | undefined, options: Options = {}) {
  const file = yaml === undefined ? undefined : join(tempDir(), 'config.yaml');
  if (file !== undefined) writeFileSync(file, yaml ?? '');
  return { file: file ?? '', ...loadFile(file, options) };
}

function loadFile(file: string | undefined, options: Options = {}) {
  return loadSettings({ tree: TREE, file, environment: {}, prefix: 'TEST_', otherVariables: [], ...options });
}

/** What loading says, with the file's directory left out. */
function complaint(yaml: string | Buffer, options: Options = {}): string {
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(file, yaml);
  return failure(() => loadFile(file, options)).message.replaceAll(file, 'config.yaml');
}

function failure(load: () => unknown): GatewayError {
  try {
    load();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const deadlineBelowInterval = (
  value: ValueOf<typeof TREE>,
  report: Parameters<NonNullable<Options['check']>>[1],
) => {
  if (value.sampling.deadlineMs < value.sampling.intervalMs) return;
  report(
    [
      ['sampling', 'deadline'],
      ['sampling', 'interval'],
    ],
    'too long.',
  );
};

describe('loading settings', () => {
  it('gives the defaults without a file, frozen all the way down', () => {
    const { value } = load(undefined);

    expect(value).toEqual({
      sampling: { intervalMs: 10_000, deadlineMs: 5_000 },
      sources: [{ type: 'kernel', bus: undefined }],
    });
    expect(Object.isFrozen(value.sampling) && Object.isFrozen(value.sources[0])).toBe(true);
  });

  it.each([
    '',
    '# only a comment\n',
    'sampling:\n  # all of it commented out\n',
    '---\n',
    '\ufeffsampling: {}\n',
  ])('takes %j as an empty file', (yaml) => {
    expect(load(yaml).value).toEqual(load(undefined).value);
  });

  it('lets the environment override the file and the file the default, and knows which did', () => {
    const { value, given, file } = load('sampling:\n  interval: 20s\n  deadline: 2s\n', {
      environment: { TEST_SAMPLING_DEADLINE: '3s', TEST_SOURCES: 'kernel,simulated', PATH: '/bin' },
    });

    expect(value.sampling).toEqual({ intervalMs: 20_000, deadlineMs: 3_000 });
    expect(value.sources.map((source) => source.type)).toEqual(['kernel', 'simulated']);
    expect(given(['sampling', 'interval'])).toEqual({ raw: '20s', place: `${file}:2:3` });
    expect(given(['sampling', 'deadline'])).toEqual({ raw: '3s', place: 'TEST_SAMPLING_DEADLINE' });
  });

  it('reads a list of groups from one variable, and counts an empty variable as not set', () => {
    const { value } = load(undefined, {
      environment: { TEST_SOURCES: '[{type: simulated, bus: 2}]', TEST_SAMPLING_INTERVAL: '' },
    });

    expect(value.sources).toEqual([{ type: 'simulated', bus: 2 }]);
    expect(value.sampling.intervalMs).toBe(10_000);
  });
});

describe('what is wrong', () => {
  it('is told all at once, with place, value, range and nearest key', () => {
    const yaml = `# settings
sampling:
  intervall: 1s
  interval: "0s"
sources:
  - kernel
  - typ: simulated
    bus: x
`;
    const environment = { TEST_SAMPLING_DEADLINE: '10', TEST_SAMPLING_INTERVAL_: '1s', TEST_CONFIG: 'ours' };

    expect(
      complaint(yaml, { environment, otherVariables: ['TEST_CONFIG'] }),
    ).toBe(`config.yaml:3:3  sampling.intervall
  unknown key "intervall". Did you mean "interval"?
config.yaml:4:13  sampling.interval
  "0s" is too short. Use 1s to 1h.
config.yaml:7:5  sources[1].type
  is missing. Use kernel or simulated.
config.yaml:7:5  sources[1].typ
  unknown key "typ". Did you mean "type"?
config.yaml:8:10  sources[1].bus
  "x" is not a whole number. Use 0 to 9.
TEST_SAMPLING_DEADLINE  sampling.deadline
  "10" is not understood. Write a number with its unit, such as 250ms, 10s, 5m, 1h or 7d. Use 1s to 1h.
TEST_SAMPLING_INTERVAL_
  unknown variable. Did you mean "TEST_SAMPLING_INTERVAL"?
7 problems. Nothing was started.`);
  });

  it('is told for the first twenty of thousands', () => {
    const lines = Array.from({ length: 3_000 }, (_, i) => `k${i}:`);

    const told = complaint(lines.join('\n'));

    expect(told.split('\n')).toHaveLength(41);
    expect(told).toMatch(/^config\.yaml:1:1 {2}k0\n/);
    expect(told).toMatch(/3000 problems \(the first 20 are shown\)\. Nothing was started\.$/);
  });

  it('ends the program with exit code 78', () => {
    expect(failure(() => load('x: 1'))).toMatchObject({ code: 'SGW_CONFIG_INVALID', exitCode: 78 });
  });

  it('includes what holds between settings, in the same list', () => {
    const yaml = 'sampling:\n  deadline: 20s\nsources:\n  - typ: kernel\n';

    const told = complaint(yaml, { check: deadlineBelowInterval });

    expect(told).toContain('config.yaml:2:13  sampling.deadline\n  too long.');
    expect(told).toContain('3 problems.');
  });

  it('does not blame a setting for the default of a broken one', () => {
    const yaml = 'sampling:\n  interval: 1 minute\n  deadline: 20s\n';

    expect(complaint(yaml, { check: deadlineBelowInterval })).toContain('1 problem.');
  });

  it.each([
    [
      'sampling: 5',
      'config.yaml:1:11  sampling\n  5 stands where a group of keys belongs (interval, deadline).',
    ],
    ['- a', 'config.yaml:1:1\n  a list stands where a group of keys belongs (sampling, sources).'],
    ['just text', 'config.yaml:1:1\n  "just text" stands where a group of keys belongs'],
    ['sampling:\n  interval:\n', 'sampling.interval\n  has no value. Use 1s to 1h.'],
    ['sources: []', 'sources\n  the list is empty.'],
    ['sources: kernel', 'sources\n  "kernel" is not a list.'],
    ['sources: [kernel, kernel, kernel]', 'sources\n  more than 2 entries.'],
    ['sources: [5]', 'config.yaml:1:11  sources[0]\n  5 stands where a group of keys belongs'],
    ['__proto__: {x: 1}', 'unknown key "__proto__".'],
    ['constructor: 1', 'unknown key "constructor".'],
    ['1: 2', 'unknown key "1".'],
    ['"a\\nb": 1', 'unknown key "a\\nb".'],
  ])('%j', (yaml, told) => {
    expect(complaint(yaml)).toContain(told);
  });

  it.each([
    ['a key given twice', 'sampling: {}\nsampling: {}\n', 'config.yaml:2:1\n  this key was given before.'],
    ['a tab', 'sampling:\n\tinterval: 1s\n', 'config.yaml:2:1\n  a tab.'],
    ['an open bracket', 'sources: [kernel,\n', 'broken YAML'],
    ['an open quote', 'sources: "kernel\n', 'broken YAML'],
    ['a tag', 'sampling: !x {}\n', 'config.yaml:1:11\n  a "!" tag.'],
    [
      'two documents',
      'sampling: {}\n---\nsampling: {}\n',
      'config.yaml:2:1\n  "---" starts a second document.',
    ],
    ['an alias', 'sampling: &a {}\nsources: *a\n', 'config.yaml:2:10\n  "*a" refers to another place.'],
  ])('%s is explained', (_what, yaml, told) => {
    expect(complaint(yaml)).toContain(told);
  });

  it('an alias bomb is refused before it expands', () => {
    const level = (n: number) =>
      `l${n}: &l${n} [${Array(10)
        .fill(`*l${n - 1}`)
        .join(', ')}]`;
    const bomb = ['l0: &l0 [x]', ...Array.from({ length: 12 }, (_, i) => level(i + 1))].join('\n');

    expect(complaint(bomb)).toContain('Aliases are not supported');
  });

  it('a file that nests as deep as it can is refused, not followed', () => {
    expect(complaint('['.repeat(100_000))).toMatch(/nested too deeply|broken YAML/);
  });
});

describe('a file that cannot be read', () => {
  it.each([
    ['too large', Buffer.alloc(256 * 1_024 + 1, '#'), 'is larger than 256 KiB'],
    ['not UTF-8', Buffer.from('a: 1\nb: \xe9\n', 'latin1'), 'is not UTF-8 text (see line 2)'],
    ['UTF-16', Buffer.from('\ufeffa: 1', 'utf16le'), 'is UTF-16, not UTF-8'],
  ])('%s', (_what, bytes, told) => {
    expect(complaint(bytes)).toBe(`config.yaml ${told}. Nothing was started.`);
  });

  it('is named when it does not exist, or is no file', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'd'));

    expect(failure(() => loadFile(join(dir, 'none.yaml')))).toMatchObject({
      code: 'SGW_CONFIG_UNREADABLE',
      exitCode: 78,
      message: `${join(dir, 'none.yaml')} does not exist. Nothing was started.`,
    });
    expect(failure(() => loadFile(join(dir, 'd'))).message).toContain('is a directory');
    expect(failure(() => loadFile('/dev/zero')).message).toContain('is not a regular file');
  });
});
