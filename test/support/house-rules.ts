/**
 * The rules of the house as pure functions: from texts to a list of violations, each a sentence that
 * says where and what. `test/tidy.test.ts` feeds them the real files, and a violating sample each.
 */

import { posix } from 'node:path';

/** Path from the root of the repository -> contents. */
export type Files = ReadonlyMap<string, string>;

const isTest = (path: string) => path.endsWith('.test.ts') || path.startsWith('test/');

/** The programs and their parts, without their tests, which may do what they like. */
function productFiles(files: Files): Files {
  return new Map([...files].filter(([path]) => /^(src|lib)\/.*\.ts$/.test(path) && !isTest(path)));
}

/** Blocks and remarks away, strings kept. Good enough for code that Biome has formatted. */
export function withoutComments(text: string): string {
  return text.replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, '').replace(/(^|\s)\/\/ .*$/gm, '$1');
}

function importsOf(text: string): string[] {
  const pattern = /\bfrom\s+'([^']+)'|\bimport\s*\(\s*'([^']+)'|^import\s+'([^']+)'/gm;
  return [...withoutComments(text).matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

/** The room of the house that a file belongs to. */
function roomOf(path: string): string {
  const [top, second, third] = path.split('/');
  if (top !== 'lib') return top ?? '';
  if (second !== 'flow') return `lib/${second}`;
  return `lib/flow/${third}`;
}

const WIRE = ['lib/flow/reading.ts', 'lib/flow/batch.ts', 'lib/flow/seq-ranges.ts'];
const SHARED = [...WIRE, 'lib/flow/flow-event.ts'];

/** Left may import right, and itself. Anything else is a mistake. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  src: [
    'lib/ops',
    'lib/base',
    'lib/flow/acquire',
    'lib/flow/outbox',
    'lib/flow/sync',
    'lib/flow/write-api',
    'lib/flow/silence.ts',
    ...SHARED,
  ],
  'lib/ops': ['lib/flow/flow-event.ts', ...WIRE, 'lib/flow/outbox', 'lib/flow/write-api', 'lib/base'],
  'lib/flow/acquire': ['lib/flow/silence.ts', ...SHARED, 'lib/base'],
  'lib/flow/outbox': ['lib/flow/silence.ts', ...SHARED, 'lib/base'],
  'lib/flow/sync': ['lib/flow/outbox', ...SHARED, 'lib/base'],
  'lib/flow/write-api': [...SHARED, 'lib/base'],
  'lib/flow/reading.ts': ['lib/base'],
  'lib/flow/batch.ts': ['lib/flow/reading.ts', 'lib/base'],
  'lib/flow/seq-ranges.ts': ['lib/base'],
  'lib/flow/flow-event.ts': [...WIRE, 'lib/base'],
  'lib/flow/silence.ts': [],
  'lib/base': [],
};

export function arrowViolations(files: Files): string[] {
  return [...productFiles(files)].flatMap(([path, text]) =>
    importsOf(text)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => posix.join(posix.dirname(path), specifier))
      .filter((target) => {
        const [from, to] = [roomOf(path), roomOf(target)];
        return from !== to && !ARROWS[from]?.includes(to);
      })
      .map((target) => `${path} imports ${target}: ${roomOf(path)} may not`),
  );
}

/** Where each third-party package lives: one file, or one folder (ends with a slash). */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['lib/base/sqlite.ts'],
  'drizzle-orm': ['lib/flow/outbox/', 'lib/flow/write-api/', 'lib/ops/tickets/'],
  fastify: ['lib/base/http/', 'lib/flow/write-api/', 'lib/ops/read-api/'],
  'i2c-bus': ['lib/flow/acquire/sources/'],
  nodemailer: ['lib/ops/notify/smtp-channel.ts'],
  opossum: ['lib/base/breaker.ts'],
  pg: ['lib/flow/write-api/postgres/connections.ts'],
  pino: ['lib/base/logger.ts'],
  'prom-client': ['lib/ops/metrics/registry.ts', 'lib/ops/metrics/prom-client-parts.d.ts'],
  'sd-notify': ['lib/ops/notify-thread.ts'],
  undici: ['lib/flow/sync/connection.ts', 'lib/flow/sync/undici-parts.d.ts'],
  yaml: ['lib/base/config-file.ts', 'lib/base/config-edit.ts'],
  // The wire, the settings and the write API's own schemas: one language for everything that is checked.
  zod: [
    'lib/flow/reading.ts',
    'lib/flow/batch.ts',
    'lib/flow/outbox/account.ts',
    'lib/flow/sync/delivery-outcome.ts',
    'lib/flow/write-api/',
    'lib/ops/read-api/',
    'lib/ops/health-shape.ts',
    'lib/ops/notify/ledger-cells.ts',
    'lib/base/setting-schema.ts',
    'lib/base/setting.ts',
    'lib/base/setting-kinds.ts',
    'src/commands/formats/',
  ],
};

export function homeViolations(files: Files): string[] {
  return [...productFiles(files)].flatMap(([path, text]) =>
    importsOf(text)
      .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
      .map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'))
      .filter(
        (name) => !HOMES[name]?.some((home) => (home.endsWith('/') ? path.startsWith(home) : path === home)),
      )
      .map((name) => `${path} imports ${name}, whose home is ${HOMES[name]?.join(' or ') ?? 'nowhere'}`),
  );
}

export interface Ban {
  readonly what: string;
  readonly pattern: RegExp;
  /** Which files it holds for. */
  readonly within: RegExp;
  /** Path -> the reason why it may, there. */
  readonly except: Readonly<Record<string, string>>;
}

export function banViolations(files: Files, bans: readonly Ban[]): string[] {
  return bans.flatMap(({ what, pattern, within, except }) =>
    [...productFiles(files)]
      .filter(([path, text]) => within.test(path) && !(path in except) && pattern.test(withoutComments(text)))
      .map(([path]) => `${path} has ${what}`),
  );
}

/** An exception that nobody needs any more would hide the next mistake. */
export function idleExceptions(files: Files, bans: readonly Ban[]): string[] {
  return bans.flatMap(({ what, pattern, except }) =>
    Object.keys(except)
      .filter((path) => !pattern.test(withoutComments(files.get(path) ?? '')))
      .map((path) => `${path} no longer needs its exception for ${what}`),
  );
}

export function openingViolations(files: Files): string[] {
  return [...productFiles(files)]
    .filter(([, text]) => !/^(#!.*\n)?\/\*\*/.test(text))
    .map(([path]) => `${path} does not open with its promise (/** ... */)`);
}

export function lengthViolations(files: Files, linesMax: number): string[] {
  return [...files]
    .filter(([path]) => /\.(ts|js|sh)$/.test(path))
    .map(([path, text]) => [path, text.split('\n').length - 1] as const)
    .filter(([, lines]) => lines > linesMax)
    .map(([path, lines]) => `${path} has ${lines} lines, more than ${linesMax}: split it`);
}

export function wordViolations(files: Files, words: readonly RegExp[]): string[] {
  return [...files].flatMap(([path, text]) =>
    words.filter((word) => word.test(text)).map((word) => `${path} speaks of ${word.source}`),
  );
}

/** What is in one list and not in the other, in words. */
export function disagreements(
  [here, inHere]: readonly [string, Iterable<string>],
  [there, inThere]: readonly [string, Iterable<string>],
): string[] {
  const [left, right] = [new Set(inHere), new Set(inThere)];
  return [
    ...[...left].filter((one) => !right.has(one)).map((one) => `${one} is in ${here} but not in ${there}`),
    ...[...right].filter((one) => !left.has(one)).map((one) => `${one} is in ${there} but not in ${here}`),
  ];
}

/** Tests that a document names, written as `path/x.test.ts` "title" (or `x.contract.ts`). */
function testsNamedIn(text: string): { file: string; title: string }[] {
  // One title behind the file, or several.
  const places = text.matchAll(/`([\w./-]+\.(?:test|contract)\.ts)`((?:,?\s+"[^"]+")+)/g);
  return [...places].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/"([^"]+)"/g)].map((match) => ({ file, title: match[1] ?? '' })),
  );
}

export function missingTests(document: string, files: Files): string[] {
  const named = testsNamedIn(files.get(document) ?? '');
  if (named.length === 0) return [`${document} names no test`];
  return named
    .filter(({ file, title }) => !titlesOf(files.get(file) ?? '').includes(title))
    .map(({ file, title }) => `${document} names "${title}", which is not a test in ${file}`);
}

function titlesOf(text: string): string[] {
  const titles = text.matchAll(
    // `it('...'`, `it.each(TABLE)('...'`, `it.for(TABLE.map((row) => row.name))('...'`, and the titles of a table.
    /(?:\b(?:it|test)(?:\.[\w.]+(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?)?\(\s*|\btitle: )(['"`])((?:\\.|(?!\1).)*)\1/gs,
  );
  return [...titles].map((match) => (match[2] ?? '').replace(/\\(.)/g, '$1'));
}

/** Decision pages are `NNNN-title.md`: from 0001, without holes or twins, each in the list. */
export function decisionViolations(names: readonly string[], list: string): string[] {
  const pages = names.filter((name) => /^\d{4}-.+\.md$/.test(name)).sort();
  return pages.flatMap((name, i) => [
    ...(Number(name.slice(0, 4)) === i + 1 ? [] : [`${name} should have number ${i + 1}`]),
    ...(list.includes(`](${name})`) ? [] : [`${name} is not in the list of decisions`]),
  ]);
}

/** A unit file: `Section.Key` -> every value given, in order. */
export function parseUnit(text: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  let section = '';
  for (const line of text.split('\n')) {
    const heading = /^\[(\w+)\]$/.exec(line);
    const setting = /^(\w+)=(.*)$/.exec(line);
    if (heading !== null) section = heading[1] ?? '';
    else if (setting !== null) {
      const key = `${section}.${setting[1]}`;
      values.set(key, [...(values.get(key) ?? []), setting[2] ?? '']);
    }
  }
  return values;
}
