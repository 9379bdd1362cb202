import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { messageOf } from '../../lib/base/errors.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { loadConfig } from './config.ts';

/** The sources of a configuration file, or everything that is wrong with it. */
function sourcesOf(yaml: string) {
  const file = join(tempDir(), 'c.yaml');
  writeFileSync(file, yaml);
  try {
    return loadConfig({ file, environment: {}, hostName: 'pi' }).config.sources;
  } catch (error) {
    return messageOf(error).replaceAll(file, 'c.yaml');
  }
}

describe('the kernel’s sensors in the configuration', () => {
  test('can be chosen, left out and named', () => {
    const sources = sourcesOf(
      [
        'sources:',
        '  - type: kernel',
        '    only: [w1-*, cpu]',
        '    skip: [w1-28-00*]',
        '    names:',
        '      w1-28-0316a2795e8b: water-tank',
      ].join('\n'),
    );

    expect(sources).toMatchObject([
      {
        only: ['w1-*', 'cpu'],
        skip: ['w1-28-00*'],
        names: { 'w1-28-0316a2795e8b': 'water-tank' },
      },
    ]);
  });

  test.each([
    [
      'names: {w1-28-0316a2795e8b: Water tank}',
      'c.yaml:3:33  sources[0].names.w1-28-0316a2795e8b\n  "Water tank" is not a name.',
    ],
    ['names: {a: pond, b: pond}', '"pond" is the name of another sensor, too.'],
    ['names: pond', 'c.yaml:3:12  sources[0].names\n  "pond" is not a group of keys.'],
    ['skip: [Net]', 'c.yaml:3:12  sources[0].skip[0]\n  "Net" is no name of a sensor.'],
    ['only: w1-*', '"w1-*" is not a list.'],
  ])('%s is refused with its place', (line, told) => {
    expect(sourcesOf(`sources:\n  - type: kernel\n    ${line}\n`)).toContain(told);
  });

  test('belong to the kernel source alone', () => {
    expect(sourcesOf('sources: [{type: simulated, skip: [x]}]')).toContain(
      'a source of type simulated has no skip.',
    );
  });
});
