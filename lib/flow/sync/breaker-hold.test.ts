import { describe, expect, test } from 'vitest';
import { DOWN, fire, openAndWait, STORED, breakerRig as setUp } from '../../../test/support/breaker-rig.ts';

describe('a hold', () => {
  test('of a breaker that is open already is news all the same', async () => {
    const one = setUp();
    await openAndWait(one);
    await fire(one.breaker, DOWN);
    await one.clock.advance(1_000);

    one.breaker.hold('repairing the roof');

    expect(one.recorder.of('breaker.opened').at(-1)).toMatchObject({
      held: true,
      reason: 'repairing the roof',
    });
    expect(one.breaker.status()).toMatchObject({ held: true, sinceAt: one.clock.wallMs() });
  });

  test('keeps everything out until it is released, and then lets one probe through', async () => {
    const { breaker, clock } = setUp();

    breaker.hold('');
    await clock.advance(3_600_000);
    expect(breaker.probeNow()).toBe(false);
    expect((await fire(breaker, STORED)).made).toBe(false);
    breaker.release();

    expect((await fire(breaker, STORED)).made).toBe(true);
    expect(breaker.status()).toMatchObject({ state: 'closed', held: false, reason: '' });
  });

  test('that comes during a probe is not undone by its success', async () => {
    const one = setUp();
    await openAndWait(one);
    const probe = one.breaker.fire(async () => {
      await one.clock.sleep('probe', 1_000);
      return STORED;
    });

    one.breaker.hold('stop');
    await one.clock.advance(1_000);
    await probe;

    expect(one.breaker.status()).toMatchObject({ state: 'open', held: true });
  });
});
