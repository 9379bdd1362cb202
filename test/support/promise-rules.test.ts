import { expect, it } from 'vitest';
import { faultViolations, promiseViolations } from './promise-rules.ts';

const GOOD = `# Proofs

### It is quick

Of course.

### It is kept

- \`a.test.ts\` "keeps it"

| fault | what we promise | test | observed |
| --- | --- | --- | --- |
| a storm | nothing is lost | \`a.test.ts\` "keeps it" | none of 200 |

| also held | test |
| --- | --- |
| rain | \`a.test.ts\` "keeps it" |

| fault | why not | what would test it |
| --- | --- | --- |
| snow | it is summer | winter |
`;

it('tables that say what they should are left alone', () => {
  expect(faultViolations(GOOD)).toEqual([]);
});

it.each([
  ['an outcome', ' | none of 200 |', ' |  |', 'a storm: a cell is empty'],
  ['a promise', 'a storm | nothing is lost |', 'a storm |', 'a storm: not as many cells as its table has'],
  ['a test', '"keeps it" | none', 'see there | none', 'a storm: names no test'],
  ['a test in a short table', 'rain | `a.test.ts` "keeps it"', 'rain | yes', 'rain: names no test'],
  ['a reason', 'it is summer', '', 'snow: a cell is empty'],
  ['text below a heading', 'Of course.', '', 'It is quick: nothing is below it'],
  [
    'what a row refers to',
    '| rain',
    '| the same, with rain',
    'the same, with rain: nothing stands before it',
  ],
  [
    'the table of what is not shown',
    'why not',
    'why',
    'there is no table of fault, why not, what would test it',
  ],
])('a document without %s is found', (_what, part, instead, found) => {
  expect(GOOD).toContain(part);
  expect(faultViolations(GOOD.replace(part, instead))).toContain(found);
});

const README = `# It

## What we promise

- It is [kept](docs/robustness.md#it-is-kept),
  always.

## More
`;

it('a promise that leads to a heading with a test is left alone', () => {
  expect(promiseViolations(README, 'What we promise', GOOD)).toEqual([]);
});

it.each([
  ['nowhere', '](docs/robustness.md#it-is-kept)', ']', 'links to no proof'],
  ['a heading that there is not', '#it-is-kept', '#it-was-kept', 'there is no heading #it-was-kept'],
  ['a heading without a test', '#it-is-kept', '#it-is-quick', '#it-is-quick names no test'],
  ['somewhere, but not under its heading', '## What we promise', '## What we hope', 'there are no promises'],
])('a promise that leads to %s is found', (_what, part, instead, found) => {
  const violations = promiseViolations(README.replace(part, instead), 'What we promise', GOOD);

  expect(violations).toHaveLength(1);
  expect(violations[0]).toContain(found);
});
