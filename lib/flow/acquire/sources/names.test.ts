import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NAME_PATTERN } from '../../reading.ts';
import { createUniqueNames, nameOf } from './names.ts';

test.each([
  [['hwmon', 'coretemp', 'Package id 0'], 'hwmon-coretemp-package-id-0'],
  [['net', 'eth0.10'], 'net-eth0-10'],
  [['thermal', 'x86_pkg_temp'], 'thermal-x86_pkg_temp'],
  [['hwmon', 'nct6798', '+3.3V'], 'hwmon-nct6798-3-3v'],
  [['Ä'], 'unnamed'],
  [[], 'unnamed'],
])('%j is named %s', (parts, name) => {
  expect(nameOf(...parts)).toBe(name);
});

test('every text becomes a legal name, and no two are the same', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 80 }), { maxLength: 30 }), (texts) => {
      const unique = createUniqueNames();

      const names = texts.map((text) => unique(nameOf('hwmon', text)));

      for (const name of names) expect(name).toMatch(NAME_PATTERN);
      expect(new Set(names).size).toBe(texts.length);
    }),
  );
});
