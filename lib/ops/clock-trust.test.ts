import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { createVirtualClock, INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { type ClockTrustOptions, createClockTrust, type KernelAnswer } from './clock-trust.ts';

const HOUR_MS = 3_600_000;
const FLOOR_AT = Date.UTC(2026, 0, 1);
const SYNCHRONIZED = 'run/systemd/timesync/synchronized';

/** A machine as far as it can be asked about its clock. */
function machine(over: Partial<ClockTrustOptions> & { wallMs?: number; kernel?: KernelAnswer } = {}) {
  const root = tempDir();
  const clock = createVirtualClock({ wallMs: over.wallMs ?? INCIDENT_AT });
  const kernel = { answer: over.kernel ?? 'nobody', asked: 0 };
  const trust = createClockTrust({
    mode: 'auto',
    floorAt: FLOOR_AT,
    clock,
    root,
    askKernel: async () => {
      kernel.asked += 1;
      return kernel.answer;
    },
    ...over,
  });
  return {
    clock,
    kernel,
    look: (stepped = false) => trust.look({ stepped }),
    has(path: string, text = '', modifiedS = 1_000) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      utimesSync(join(root, path), modifiedS, modifiedS);
    },
    lacks: (path: string) => rmSync(join(root, path)),
    hasBatteryClock(atMs: number, { setTheClock = true } = {}) {
      this.has('sys/class/rtc/rtc0/hctosys', setTheClock ? '1\n' : '0\n');
      this.has('sys/class/rtc/rtc0/since_epoch', `${Math.round(atMs / 1_000)}\n`);
    },
  };
}

describe('whose word counts', () => {
  test('timesyncd has synchronised the clock: trusted, and nobody else is asked', async () => {
    const { look, has, kernel } = machine({ kernel: 'no' });
    has(SYNCHRONIZED);

    expect(await look()).toEqual({ trusted: true, why: 'NTP has synchronised it' });
    expect(kernel.asked).toBe(0);
  });

  test('the kernel counts its clock as synchronised, whoever does it', async () => {
    expect(await machine({ kernel: 'yes' }).look()).toMatchObject({ trusted: true });
  });

  test('a time service that has not answered yet: not trusted', async () => {
    expect(await machine({ kernel: 'no' }).look()).toEqual({
      trusted: false,
      why: 'NTP has not synchronised it yet',
    });
  });

  test('a service that can be seen and not asked, as in a container that was lent its directory', async () => {
    const { look, has, lacks } = machine();
    has(SYNCHRONIZED);
    lacks(SYNCHRONIZED);

    expect(await look()).toMatchObject({ trusted: false });
  });

  test('nothing can be known, as in most containers: trusted', async () => {
    expect(await machine().look()).toEqual({ trusted: true, why: 'nothing on this machine says otherwise' });
  });

  test('no answer at all: not trusted', async () => {
    expect(await machine({ kernel: 'late' }).look()).toMatchObject({ trusted: false });
  });
});

describe('a battery clock', () => {
  test('that set the system clock, and still agrees with it, vouches for it', async () => {
    const one = machine({ kernel: 'no' });
    one.hasBatteryClock(INCIDENT_AT + 20_000);

    expect(await one.look()).toEqual({ trusted: true, why: 'it was set from the battery clock rtc0' });
  });

  test('that did not set it says nothing', async () => {
    const one = machine({ kernel: 'no' });
    one.hasBatteryClock(INCIDENT_AT, { setTheClock: false });

    expect(await one.look()).toMatchObject({ trusted: false });
  });

  test('without a battery, beside a clock that was restored from a file, says nothing', async () => {
    const one = machine({ kernel: 'no' });
    one.hasBatteryClock(45_000);

    expect(await one.look()).toMatchObject({ trusted: false });
  });

  test('that is hours away from the system clock says nothing', async () => {
    const one = machine({ kernel: 'no' });
    one.hasBatteryClock(INCIDENT_AT - 3 * HOUR_MS);

    expect(await one.look()).toMatchObject({ trusted: false });
  });
});

describe('a clock that is before the day on which this version was made', () => {
  test.each(['auto', 'always', 'never'] as const)('is trusted by nobody (clock.trust: %s)', async (mode) => {
    const { look, has } = machine({ wallMs: 45_000, mode });
    has(SYNCHRONIZED);

    expect(await look()).toMatchObject({ trusted: false });
  });

  test('and the day is named', async () => {
    expect((await machine({ wallMs: 45_000 }).look()).why).toBe(
      'it is before 2026-01-01, when this version was made',
    );
  });
});

describe('the setting', () => {
  test('always: trusted, whatever the machine says', async () => {
    expect(await machine({ mode: 'always', kernel: 'no' }).look()).toMatchObject({ trusted: true });
  });

  test('never: not trusted, whatever the machine says', async () => {
    const { look, has } = machine({ mode: 'never', kernel: 'yes' });
    has(SYNCHRONIZED);

    expect(await look()).toEqual({ trusted: false, why: 'clock.trust is never' });
  });
});

describe('after a jump of the clock', () => {
  test('what timesyncd said before does not count, and what it says anew does', async () => {
    const { look, has } = machine({ kernel: 'no' });
    has(SYNCHRONIZED, '', 1_000);
    await look();

    expect(await look(true)).toMatchObject({ trusted: false });
    has(SYNCHRONIZED, '', 2_000);
    expect(await look(true)).toMatchObject({ trusted: true });
  });

  test('a run that has never seen the file change asks the kernel', async () => {
    const { look, has, kernel } = machine({ kernel: 'yes' });
    has(SYNCHRONIZED);

    expect(await look(true)).toMatchObject({ trusted: true });
    expect(kernel.asked).toBe(1);
  });

  test('a battery clock that was set along with it vouches for it', async () => {
    const one = machine({ kernel: 'no' });
    one.clock.stepWall(3 * HOUR_MS);
    one.hasBatteryClock(INCIDENT_AT + 3 * HOUR_MS);

    expect(await one.look(true)).toMatchObject({ trusted: true });
  });
});

describe('what a look costs', () => {
  test('the kernel is asked once in 30 s, however often somebody looks', async () => {
    const { look, clock, kernel } = machine({ kernel: 'no' });
    for (let second = 0; second < 60; second += 2) {
      await look();
      await clock.advance(2_000);
    }

    expect(kernel.asked).toBe(2);
  });

  test('a question that is never answered ends by its deadline', async () => {
    const { look, clock } = machine({ askKernel: () => new Promise(() => {}) });
    const verdict = look();
    await expect.poll(() => clock.sleepers().join()).toContain('ask about the clock');
    await clock.advance(5_000);

    expect(await verdict).toEqual({ trusted: false, why: 'the time service gives no answer' });
  });
});
