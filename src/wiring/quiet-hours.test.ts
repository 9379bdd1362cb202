import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { loadConfig } from './config.ts';
import { hasQuietHours, planQuietHours } from './quiet-hours.ts';

function load(yaml: string, environment: Record<string, string> = {}) {
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(file, yaml);
  return loadConfig({ file, environment, hostName: 'pi' }).config;
}

/** Of the first source and the first destination: until when it is quiet, at this instant. */
function quietAt(at: string, config: ReturnType<typeof load>) {
  const plan = planQuietHours(config, () => ({ at: Date.parse(at), monoMs: 0, trusted: true }));
  const [source = {}, destination = {}] = [config.sources[0], config.destinations[0]];
  return [plan.ofSource(source)?.now()?.words, plan.ofDestination(destination)?.now()?.words];
}

describe('quiet hours in the configuration', () => {
  test('are none without a word', () => {
    const config = load('');

    expect(hasQuietHours(config)).toBe(false);
    expect(quietAt('2026-01-15T23:30Z', config)).toEqual([undefined, undefined]);
  });

  test('hold for all, in the zone that is named', () => {
    const config = load(
      'quiet_hours:\n  zone: Europe/Berlin\n  sampling: [23:00-06:00]\n  delivery:\n    - mon-fri 00:00-05:30\n',
    );

    expect(hasQuietHours(config)).toBe(true);
    expect(quietAt('2026-01-15T23:30Z', config)).toEqual(['until 06:00', 'until 05:30']);
    expect(quietAt('2026-01-15T22:30Z', config)).toEqual(['until 06:00', undefined]);
    expect(quietAt('2026-01-15T21:30Z', config)).toEqual([undefined, undefined]);
  });

  test('of a source and of a destination take the place of those of all', () => {
    const config = load(
      [
        'quiet_hours: {zone: UTC, sampling: [20:00-21:00], delivery: [20:00-21:00]}',
        'sources: [{type: kernel, quiet_hours: [22:00-07:00]}]',
        'destinations: [{name: far, url: "http://far:1", quiet_hours: [never]}]',
      ].join('\n'),
    );

    expect(quietAt('2026-01-15T20:30Z', config)).toEqual([undefined, undefined]);
    expect(quietAt('2026-01-15T22:30Z', config)).toEqual(['until 07:00', undefined]);
  });

  test('may come from the environment', () => {
    const config = load('', {
      SENSORGW_QUIET_HOURS_ZONE: 'UTC',
      SENSORGW_QUIET_HOURS_SAMPLING: 'mon-thu 23:00-06:00, fri 23:00-08:00',
    });

    expect(quietAt('2026-01-16T23:30Z', config)).toEqual(['until 08:00', undefined]);
  });

  test.each([
    ['quiet_hours:\n  zone: Europe/Berlni', ':2:9  quiet_hours.zone', 'Did you mean "Europe/Berlin"?'],
    ['quiet_hours:\n  sampling: [22:00-22:00]', ':2:14  quiet_hours.sampling[0]', 'at the same time'],
    ['quiet_hours:\n  sampling: [1:00-2:00]', ':2:14  quiet_hours.sampling[0]', 'Write HH:MM-HH:MM'],
    [
      'quiet_hours:\n  sampling:\n    - 08:00-09:00\n    - 23:00-06:00\n    - mon 05:00-07:00',
      ':5:7  quiet_hours.sampling[2]',
      '"mon 05:00-07:00" and "23:00-06:00" overlap',
    ],
    [
      'sources:\n  - type: kernel\n    quiet_hours: [00:00-12:00, 11:00-13:00]',
      ':3:32  sources[0].quiet_hours[1]',
      'overlap. Let one end where the other begins.',
    ],
    [
      'destinations:\n  - {name: a, url: "http://a:1", quiet_hours: [never, 11:00-13:00]}',
      ':2:48  destinations[0].quiet_hours[0]',
      '"never" stands beside windows',
    ],
    [
      'quiet_hours:\n  sampling: [06:00-18:00, 18:00-06:00]',
      ':2:13  quiet_hours.sampling',
      'nothing is left of the week',
    ],
    [
      'clock: {trust: never}\nquiet_hours:\n  delivery: [23:00-06:00]',
      ':3:13  quiet_hours.delivery',
      'need a clock that somebody vouches for',
    ],
  ])('are refused at their place: %j', (yaml, place, told) => {
    expect(() => load(yaml)).toThrow(place);
    expect(() => load(yaml)).toThrow(told);
  });
});
