import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandRig } from '../../test/support/command-rig.ts';
import { someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { status } from './status.ts';
import { why } from './why.ts';

const TRUSTED = {
  trusted: true,
  why: 'NTP has synchronised it',
  jumpedMs: 0,
  heldRows: 0,
  heldForMs: 0,
};
const HELD = {
  ...TRUSTED,
  trusted: false,
  why: 'NTP has not synchronised it yet',
  heldRows: 35,
  heldForMs: 240_000,
};

/** A running reader that says this of its clock, with 35 readings in its outbox. */
function gateway(clock: unknown) {
  const rig = commandRig();
  const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
  outbox.append(someReadings(35).map((one, i) => ({ ...one, at: 12_000 + i })));
  outbox.noteOutcome('local', { kind: 'stored', reason: '', sinceAt: INCIDENT_AT - 60_000 });
  const health = { pid: process.pid, version: '1.2.3', generated_at: INCIDENT_AT - 1_000, clock };
  writeFileSync(join(rig.dataDir, 'sensor-main.health.json'), JSON.stringify(health));
  return rig;
}

const clockLine = (out: readonly string[]) => out.find((line) => line.includes('  clock '));

describe('sensorctl status, of the clock', () => {
  test('says who vouches for it', async () => {
    expect(clockLine((await gateway(TRUSTED).run(status)).out)).toBe(
      'ok    clock       trusted: NTP has synchronised it',
    );
  });

  test('says what is held back, and for how long at most, instead of an age in 1970', async () => {
    const { out } = await gateway(HELD).run(status);

    expect(clockLine(out)).toBe(
      'look  clock       not trusted (NTP has not synchronised it yet): 35 readings held back, waiting up to 4 min for a trusted clock',
    );
    expect(out.find((line) => line.includes('to local'))).toMatch(/; 35 readings held back, waiting up to/);
  });

  test('says that readings are sent with a mark once they have waited', async () => {
    const { out } = await gateway({ ...HELD, heldRows: 0, heldForMs: 0 }).run(status);

    expect(clockLine(out)).toMatch(/^look .*not trusted .*: readings are sent with a mark$/);
  });

  test('says how far it has jumped', async () => {
    const { out } = await gateway({ ...TRUSTED, jumpedMs: -10_800_000 }).run(status);

    expect(clockLine(out)).toMatch(/^look .* 3 h behind the time that readings have, and nobody vouches/);
  });

  test('finds nothing wrong with a clock that a person has said not to trust', async () => {
    const rig = gateway({ ...HELD, why: 'clock.trust is never', heldRows: 0, heldForMs: 0 });
    rig.environment.SENSORGW_CLOCK_TRUST = 'never';

    expect(clockLine((await rig.run(status)).out)).toMatch(/^ok /);
  });

  test.each([undefined, 'right', { trusted: 'yes' }])(
    'says nothing if the reader does not: %s',
    async (clock) => {
      expect(clockLine((await gateway(clock).run(status)).out)).toBeUndefined();
    },
  );

  test('tells programs the same', async () => {
    const { out } = await gateway(HELD).run(status, { json: true });

    expect(JSON.parse(out[0] ?? '').clock).toEqual({
      trusted: false,
      why: 'NTP has not synchronised it yet',
      jumped_ms: 0,
      held_rows: 35,
      held_for_ms: 240_000,
    });
  });
});

describe('sensorctl why, of the clock', () => {
  test('says that readings wait for it, and what becomes of them', async () => {
    const { exitCode, out } = await gateway(HELD).run(why);

    expect(out).toEqual([
      'The clock of this machine is not trusted: NTP has not synchronised it yet. To local (http://127.0.0.1:8470): 35 readings held back, waiting up to 4 min for a trusted clock.',
      'They are safe in the outbox, and get their true times as soon as somebody vouches for the clock.',
    ]);
    expect(exitCode).toBe(1);
  });

  test('says that times are marked once they have waited', async () => {
    const { out } = await gateway({ ...HELD, heldRows: 0, heldForMs: 0 }).run(why);

    expect(out[0]).toMatch(/Their times are marked, because the clock is not trusted: NTP has not/);
  });
});
