import { expect, it } from 'vitest';
import { INSTALLED } from '../../../test/support/doctor-rig.ts';
import { recordedProbe } from '../../../test/support/recorded-probe.ts';
import { createVirtualClock } from '../../../test/support/virtual-clock.ts';
import { examine } from './examine.ts';
import { type Check, pass } from './finding.ts';
import { NotPermitted } from './probe.ts';

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
