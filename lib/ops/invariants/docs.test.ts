import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/wiring/config.ts';
import { limitsFrom } from '../../../src/wiring/invariant-settings.ts';
import { disagreements } from '../../../test/support/house-rules.ts';
import { invariantsMarkdown } from '../../../test/support/invariants-docs.ts';
import { LIMITS } from '../../../test/support/watch-rig.ts';
import { INVARIANTS } from './index.ts';

it('docs/invariants.md lists exactly the invariants that there are, as they are', async () => {
  await expect(invariantsMarkdown()).toMatchFileSnapshot('../../../docs/invariants.md');
});

it('every invariant is made true by a test, and has a twin that is not', () => {
  const tests = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'));
  const texts = tests.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('\n');
  const shown = [...texts.matchAll(/\bof: '(\w+)',/g)].map((match) => match[1] ?? '');
  // That of notifications has no look of its own, and its test tells the whole story in one piece.
  const others = ['gaps_unexplained', 'notify_failing'];
  for (const name of others) expect(texts).toContain(name);

  const names = INVARIANTS.map(({ name }) => name);

  expect(disagreements(['the invariants', names], ['the tests', [...shown, ...others]])).toEqual([]);
});

it('every setting that an invariant names is one, and the usual thresholds are those that tests are made with', () => {
  const { config } = loadConfigOf();
  const keys = Object.keys(config.invariants).map((key) =>
    key.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  );
  const named = INVARIANTS.flatMap(({ about }) => [...about.matchAll(/`invariants\.(\w+)`/g)]);

  expect(named.length).toBeGreaterThan(5);
  expect(keys).toEqual(expect.arrayContaining(named.map((match) => match[1])));
  expect(limitsFrom(config.invariants)).toEqual(LIMITS);
});

function loadConfigOf() {
  return loadConfig({ environment: {}, hostName: 'attic', usualFile: '/nonexistent' });
}
