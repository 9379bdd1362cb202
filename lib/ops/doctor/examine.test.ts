import { expect, it } from 'vitest';
import { INSTALLED } from '../../../test/support/doctor-rig.ts';
import { recordedProbe } from '../../../test/support/recorded-probe.ts';
import { createVirtualClock } from '../../../test/support/virtual-clock.ts';
import { apiReader } from './checks/api-reader.ts';
import { networkDestinations } from './checks/network-destinations.ts';
import { examine } from './examine.ts';
import { type Check, pass } from './finding.ts';
import { NotPermitted, type Probe } from './probe.ts';

function check(name: string, run: Check['run']): Check {
  return { name, step: 'disk', asks: 'a question?', run };
}

const well = check('disk-well', async () => pass('all is well'));

it('a check that throws is a failure of itself, and the others are not touched by it', async () => {
  const broken = check('disk-broken', () => {
    throw new TypeError('x is undefined');
  });

  const found = await examine([well, broken, well], recordedProbe({}), INSTALLED, createVirtualClock());

  expect(found.map(({ verdict }) => verdict)).toEqual(['pass', 'fail', 'pass']);
  expect(found[1]?.evidence).toBe('the check itself failed: x is undefined');
});

it('checks that never come back are failures of themselves after 20 s, however many they are', async () => {
  const clock = createVirtualClock();
  const hanging = Array.from({ length: 6 }, (_, i) => check(`disk-${i}`, () => new Promise(() => {})));

  const examined = examine([...hanging, well], recordedProbe({}), INSTALLED, clock);
  await clock.advance(40_000);
  const found = await examined;

  expect(found.map(({ verdict }) => verdict)).toEqual([...hanging.map(() => 'fail'), 'pass']);
  expect(found[0]?.evidence).toContain('did not answer within 20 s');
});

it('a check that had to wait for others that hang judges by the time at which it looks itself', async () => {
  const clock = createVirtualClock();
  const hanging = Array.from({ length: 20 }, (_, i) => check(`disk-${i}`, () => new Promise(() => {})));
  const hq = { name: 'hq', url: 'https://hq.example', tokenFile: undefined, caFile: undefined };
  // The reader and the destination are well, and say so at the moment at which they are asked.
  const machine: Probe = {
    ...recordedProbe({ files: { '/proc/321': { kind: 'directory' } } }),
    readFile: async () =>
      `{"pid":321,"version":"0.1.0","generated_at":${clock.wallMs()},"generated_mono_ms":${clock.monotonicMs()}}`,
    fetch: async () => ({
      status: 200,
      headers: {
        'sensorgw-api': 'sensor-api-write/0.1.0; schema=1',
        date: new Date(clock.wallMs()).toUTCString(),
      },
      body: '',
    }),
  };

  const examined = examine(
    [...hanging, apiReader, networkDestinations],
    machine,
    { ...INSTALLED, destinations: [hq] },
    clock,
  );
  await clock.advance(100_000);
  const found = await examined;

  expect(found.slice(hanging.length)).toMatchObject([
    { verdict: 'pass', evidence: 'reader 0.1.0, pid 321, last sign of life 0 s ago' },
    { verdict: 'pass', evidence: 'hq is our write API 0.1.0' },
  ]);
});

it('what this user may not see is unknown, with the command that sees it', async () => {
  const hidden = check('disk-hidden', () => {
    throw new NotPermitted('/var/lib/sensor-gateway');
  });

  const [found] = await examine([hidden], recordedProbe({}), INSTALLED, createVirtualClock());

  expect(found).toMatchObject({ verdict: 'unknown', fix: 'sudo sensorctl doctor --step disk' });
});

it('evidence of many lines and of any length becomes one line that can be shown', async () => {
  const chatty = check('disk-chatty', async () => pass(`two\nlines \u001b[31m${'x'.repeat(10_000)}`));

  const [found] = await examine([chatty], recordedProbe({}), INSTALLED, createVirtualClock());

  expect(found?.evidence).toMatch(/^two\\nlines \\u001b/);
  expect(found?.evidence.length).toBeLessThan(500);
});
