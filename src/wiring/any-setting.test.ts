/** Whatever a person writes for a setting: it is taken, or refused at its place with what would be right. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { variableOf } from '../../lib/base/config-environment.ts';
import { GatewayError, messageOf } from '../../lib/base/errors.ts';
import { settingsOf } from '../../lib/base/setting-tree.ts';
import { loadConfig } from './config.ts';
import { SETTINGS } from './settings.ts';

const ALL = [...settingsOf(SETTINGS)].map(({ path }) => path);

/** What people have written, and what they might. */
const ANY_TEXT = fc.oneof(
  fc.constantFrom('0', '-1', '1e9', '1e400', 'NaN', 'Infinity', '10', '0s', '-10s', '1e9s', '10 s', '10sec'),
  fc.constantFrom('true', 'null', '~', '[]', '{}', '[[]]', '*', '&a', '__proto__', '"', '10s,', 'тест', '🙂'),
  fc.integer().map(String),
  fc.double().map(String),
  fc
    .tuple(fc.integer(), fc.constantFrom('ms', 's', 'm', 'h', 'd', 'B', 'KiB', 'GiB'))
    .map((one) => one.join('')),
  fc.string({ maxLength: 40 }),
);

function load(environment: Record<string, string>) {
  return loadConfig({ environment, hostName: 'pi', usualFile: '/nonexistent/config.yaml' }).config;
}

it('any value of any setting is taken, or refused with the name of its variable', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ALL), ANY_TEXT, (path, text) => {
      const variable = variableOf('SENSORGW_', path);
      try {
        load({ [variable]: text });
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
        expect(error).toMatchObject({ code: 'SGW_CONFIG_INVALID', exitCode: 78 });
        expect(messageOf(error)).toContain(variable);
        expect(messageOf(error)).toContain('Nothing was started');
      }
    }),
    { numRuns: 150 },
  );
});

it('an interval that is taken is within its range, and one that is not is told the range', () => {
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const anyDuration = fc.tuple(
    fc.integer({ min: -10, max: 10_000_000 }),
    fc.constantFrom(...entriesOf(units)),
  );
  fc.assert(
    fc.property(anyDuration, ([count, [unit, unitMs]]) => {
      const isInRange = count * unitMs >= 1_000 && count * unitMs <= 3_600_000;
      const take = () =>
        load({ SENSORGW_SAMPLING_INTERVAL: `${count}${unit}`, SENSORGW_SAMPLING_DEADLINE: '500ms' });

      if (isInRange) expect(take().sampling.intervalMs).toBe(count * unitMs);
      else expect(take).toThrow(count < 0 ? /is not a duration|1s to 1h/ : '1s to 1h');
    }),
    { numRuns: 60 },
  );
});

function entriesOf<T>(of: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(of);
}
