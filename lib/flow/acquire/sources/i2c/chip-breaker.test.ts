import { describe, expect, test } from 'vitest';
import { createChipBreaker } from './chip-breaker.ts';

/** Reads every 10 s for an hour, as the rounds do, and says at which seconds the chip was tried. */
function triedIn(seconds: number, stoppedBus: boolean): number[] {
  const breaker = createChipBreaker();
  const tried: number[] = [];
  for (let mono = 0; mono < seconds * 1_000; mono += 10_000) {
    if (breaker.waitMs(mono) > 0) continue;
    tried.push(mono / 1_000);
    breaker.failed(mono, stoppedBus);
  }
  return tried;
}

describe('a chip', () => {
  test('that fails is tried with every round three times, and then after 10, 30 and 60 s', () => {
    expect(triedIn(300, false)).toEqual([0, 10, 20, 30, 60, 120, 180, 240]);
  });

  test('that stops the bus is tried less and less, at last every two minutes', () => {
    expect(triedIn(600, true)).toEqual([0, 10, 40, 100, 220, 340, 460, 580]);
  });

  test('that answers once has all its tries again', () => {
    const breaker = createChipBreaker();
    for (let i = 0; i < 5; i += 1) breaker.failed(0, false);
    const open = breaker.state(1_000);

    breaker.succeeded();

    expect(open).toBe('open');
    expect(breaker.state(1_000)).toBe('closed');
    for (let i = 0; i < 2; i += 1) breaker.failed(1_000, false);
    expect(breaker.waitMs(1_000)).toBe(0);
  });

  test('that is to be probed says so', () => {
    const breaker = createChipBreaker();
    for (let i = 0; i < 3; i += 1) breaker.failed(0, false);

    expect([breaker.state(7_999), breaker.state(8_000)]).toEqual(['open', 'half_open']);
  });
});
