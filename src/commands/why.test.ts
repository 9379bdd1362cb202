import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BreakerRecord } from '../../lib/flow/outbox/outbox.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { why } from './why.ts';

const OPEN: BreakerRecord = {
  state: 'open',
  streak: 3,
  step: 0,
  reason: 'connect ECONNREFUSED 127.0.0.1:8470',
  sinceAt: INCIDENT_AT - 41 * 60_000,
  held: false,
  nextTryAt: INCIDENT_AT + 12_000,
};

/** An outbox as a running reader leaves it; the health file says that one runs. */
function gateway(options: { running?: boolean; health?: object } = {}) {
  const rig = commandRig();
  const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
  if (options.running !== false) {
    const health = {
      pid: process.pid,
      version: '1.2.3',
      generated_at: INCIDENT_AT - 1_000,
      ...options.health,
    };
    writeFileSync(join(rig.dataDir, 'sensor-main.health.json'), JSON.stringify(health));
  }
  return { ...rig, outbox };
}

test('when all is well it says so and exits with 0', async () => {
  const { outbox, run } = gateway();
  outbox.noteOutcome('local', { kind: 'stored', reason: '', sinceAt: INCIDENT_AT - 60_000 });

  const { exitCode, out } = await run(why);

  expect(out).toEqual([
    'Readings are delivered to local (http://127.0.0.1:8470) as they come. Nothing waits.',
  ]);
  expect(exitCode).toBe(0);
});

/** In the health file. */
const QUIET = {
  destinations: [{ name: 'local', quiet: { untilAt: INCIDENT_AT + 60_000, words: 'until 17:00' } }],
};

test('in quiet hours it says until when, and that nothing is wrong', async () => {
  const { outbox, run } = gateway({ health: QUIET });
  outbox.append(someReadings(312).map((one) => ({ ...one, at: INCIDENT_AT - 41 * 60_000 })));
  outbox.noteOutcome('local', { kind: 'stored', reason: '', sinceAt: INCIDENT_AT - 60_000 });

  const { exitCode, out } = await run(why);

  expect(out).toEqual([
    'Nothing is delivered to local (http://127.0.0.1:8470) until 17:00: it has its quiet hours, as configured (quiet_hours).',
    '312 readings wait safely in the outbox, the oldest from 41 min ago.',
  ]);
  expect(exitCode).toBe(0);
});

test('in quiet hours it does not keep an outage to itself', async () => {
  const { outbox, run } = gateway({ health: QUIET });
  outbox.saveBreaker('local', OPEN);

  const { exitCode, out } = await run(why);

  expect(out[1]).toBe('Before they began it failed: connect ECONNREFUSED 127.0.0.1:8470.');
  expect(exitCode).toBe(1);
});

test('readings that are put off are not called delivered', async () => {
  const { outbox, run } = gateway();
  const reason = 'refused for now: future: the clock is ahead';
  outbox.noteOutcome('local', { kind: 'stored', reason, sinceAt: INCIDENT_AT - 60_000 });

  const { exitCode, out } = await run(why);

  expect(out[0]).toMatch(/^local \(http.*\) answers, but some readings are refused for now: future/);
  expect(out[1]).toMatch(/kept and tried again each minute/);
  expect(exitCode).toBe(1);
});

test('in an outage it says what is not delivered, since when, why, what waits, and when it is tried again', async () => {
  const { outbox, run } = gateway();
  outbox.append(someReadings(312).map((one) => ({ ...one, at: INCIDENT_AT - 41 * 60_000 })));
  outbox.saveBreaker('local', OPEN);
  outbox.saveBreaker('local', {
    ...OPEN,
    state: 'half_open',
    sinceAt: INCIDENT_AT - 70_000,
    nextTryAt: null,
  });
  outbox.saveBreaker('local', {
    ...OPEN,
    streak: 4,
    step: 1,
    reason: 'no answer within 10000 ms',
    sinceAt: INCIDENT_AT - 60_000,
  });

  const { exitCode, out } = await run(why);
  const said = out.join('\n');

  expect(said).toMatch(
    /^Nothing is delivered to local \(http:\/\/127\.0\.0\.1:8470\) since .* \(41 min\): no answer within 10000 ms\./,
  );
  expect(said).toContain('4 attempts in a row have failed. The next try is in 12 s.');
  expect(said).toContain('312 readings wait safely in the outbox, the oldest from 41 min ago.');
  expect(said).toContain('connect ECONNREFUSED 127.0.0.1:8470');
  expect(exitCode).toBe(1);
});

test('a hold is named as what it is, with the way out', async () => {
  const { outbox, run } = gateway();
  outbox.saveBreaker('local', { ...OPEN, held: true, reason: 'upgrade', nextTryAt: null });

  const { out } = await run(why);

  expect(out.join('\n')).toContain('a person has held it since');
  expect(out.join('\n')).toContain('(41 min): upgrade.');
  expect(out.join('\n')).toContain('sensorctl breaker release --destination local');
});

test('an outage that began before the history does is said to be older than all of it', async () => {
  const { outbox, run } = gateway();
  for (let probe = 0; probe < 501; probe += 1) {
    const sinceAt = INCIDENT_AT - 600 * 60_000 + probe * 60_000;
    outbox.saveBreaker('local', { ...OPEN, sinceAt });
    outbox.saveBreaker('local', { ...OPEN, state: 'half_open', sinceAt: sinceAt + 1 });
  }

  const { out } = await run(why);

  expect(out[0]).toMatch(/since before .* \(10 h\): connect ECONNREFUSED/);
});

test('a breaker that was released and not tried yet is no outage without a reason', async () => {
  const { outbox, run } = gateway();
  outbox.saveBreaker('local', { ...OPEN, streak: 0, reason: '', nextTryAt: INCIDENT_AT });

  const { out } = await run(why);

  expect(out[0]).toBe(
    'Nothing is delivered to local (http://127.0.0.1:8470) yet: a person has released it. The next try is now.',
  );
});

test('a stranger on the port is no outage: it says that nothing is given up and what to check', async () => {
  const { outbox, run } = gateway();
  outbox.noteOutcome('local', {
    kind: 'misconfigured',
    reason: 'HTTP 404 did not come from us: is the address right?',
    sinceAt: INCIDENT_AT - 5_000,
  });

  const { exitCode, out } = await run(why);

  expect(out.join('\n')).toContain(
    'it answers, but not as our write API should: HTTP 404 did not come from us: is the address right?\n',
  );
  expect(exitCode).toBe(1);
});

test('without a running reader that is the first thing it says', async () => {
  const { outbox, run } = gateway({ running: false });
  outbox.saveBreaker('local', OPEN);

  const { exitCode, out } = await run(why);

  expect(out[0]).toBe(
    'The reader is not running: nothing is read or delivered. Start it: systemctl start sensor-main',
  );
  expect(out.join('\n')).toContain('The next try is made when the reader runs again.');
  expect(exitCode).toBe(1);
});

test('what a server wrote cannot reach the terminal', async () => {
  const { outbox, run } = gateway();
  outbox.saveBreaker('local', { ...OPEN, reason: 'boo\u001b[2J\nforged line' });

  const { out } = await run(why);

  expect(out.join('\n')).not.toContain('\u001b');
  expect(out).not.toContain('forged line');
});

test('without a running reader nothing is said to be delivered as it comes', async () => {
  const { outbox, run } = gateway({ running: false });
  outbox.noteOutcome('local', { kind: 'stored', reason: '', sinceAt: INCIDENT_AT - 60_000 });

  const { out } = await run(why);

  expect(out.slice(1)).toEqual([
    'What was last sent to local (http://127.0.0.1:8470) has been stored. Nothing waits.',
  ]);
});

test('in a clone it speaks of npm start, where no unit of systemd runs the reader', async () => {
  const { outbox, dataDir, run, environment } = gateway({ running: false });
  outbox.append(someReadings(1));
  mkdirSync(join(dataDir, 'run'));
  delete environment.SENSORGW_RUN_DIR;

  const { out } = await run(why);

  expect(out[0]).toBe('The reader is not running: nothing is read or delivered. Start it: npm start');
});
