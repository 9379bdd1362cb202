import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeededRandom } from '../../../test/support/seeded-random.ts';
import { HttpProblem } from '../../base/http/problem.ts';
import { createAdmission, type Seat } from './admission.ts';

const LIMITS = { waitingMax: 4, heldBytesMax: 1_000, reservedRequests: 2, reservedBytes: 500 };
const create = () => createAdmission(LIMITS, createSeededRandom(1));

/** The problem that `work` throws. */
function refusalOf(work: () => unknown): HttpProblem {
  try {
    work();
  } catch (error) {
    if (error instanceof HttpProblem) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function waitingFor(seats: number, admission = create()) {
  const taken = Array.from({ length: seats }, () => admission.enter(false));
  for (const seat of taken) seat.wait();
  return { admission, taken };
}

describe('the places before the store', () => {
  it('are as many as the limit says, and one that is left is free for the next', () => {
    const { admission, taken } = waitingFor(LIMITS.waitingMax);

    const refusal = refusalOf(() => admission.enter(false));
    taken[0]?.leave();

    expect(refusal).toMatchObject({ code: 'overloaded' });
    expect(() => admission.enter(false)).not.toThrow();
  });

  it('are not taken by requests that are still arriving', () => {
    const admission = create();
    const arriving = Array.from({ length: 50 }, () => admission.enter(false));

    arriving[0]?.wait();

    expect(() => admission.enter(false)).not.toThrow();
  });

  it('are counted again when a body has arrived: meanwhile others may have taken them', () => {
    const admission = create();
    const slow = admission.enter(false);
    waitingFor(LIMITS.waitingMax, admission);

    expect(refusalOf(() => slow.wait())).toMatchObject({ code: 'overloaded' });
  });

  it('are kept for the reader of this machine when others have taken all', () => {
    const { admission } = waitingFor(LIMITS.waitingMax);

    const reader = [admission.enter(true), admission.enter(true)];
    for (const seat of reader) seat.wait();

    expect(refusalOf(() => admission.enter(true))).toMatchObject({ code: 'overloaded' });
  });

  it('tell those whom they send away to return at different times, soon', () => {
    const { admission } = waitingFor(LIMITS.waitingMax);

    const times = Array.from({ length: 100 }, () => refusalOf(() => admission.enter(false)).retryAfterS);

    expect(new Set(times)).toEqual(new Set([1, 2, 3, 4]));
  });
});

describe('the bytes of all bodies', () => {
  it('are bounded together, and the reader of this machine has some of its own', () => {
    const admission = create();
    admission.enter(false).hold(LIMITS.heldBytesMax);

    const other = refusalOf(() => admission.enter(false).hold(1));
    const reader = admission.enter(true);
    reader.hold(LIMITS.reservedBytes);

    expect(other).toMatchObject({ code: 'overloaded' });
    expect(refusalOf(() => reader.hold(1))).toMatchObject({ code: 'overloaded' });
  });
});

it('whatever comes and goes, in any order: the bounds hold, and in the end all is free', () => {
  const step = fc.record({
    seat: fc.nat({ max: 9 }),
    action: fc.constantFrom('hold' as const, 'wait' as const, 'leave' as const),
    isReader: fc.boolean(),
    bytes: fc.integer({ min: 1, max: 700 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const admission = create();
      const seats = new Map<number, { seat: Seat; bytes: number; waits: boolean }>();
      for (const { seat: index, action, isReader, bytes } of steps) {
        try {
          const one = seats.get(index) ?? { seat: admission.enter(isReader), bytes: 0, waits: false };
          seats.set(index, one);
          if (action === 'leave') {
            one.seat.leave();
            seats.delete(index);
          } else if (action === 'hold') {
            one.seat.hold(bytes);
            one.bytes += bytes;
          } else if (!one.waits) {
            one.seat.wait();
            one.waits = true;
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'overloaded' });
        }
        const held = [...seats.values()];
        expect(held.filter((one) => one.waits).length).toBeLessThanOrEqual(
          LIMITS.waitingMax + LIMITS.reservedRequests,
        );
        expect(held.reduce((sum, one) => sum + one.bytes, 0)).toBeLessThanOrEqual(
          LIMITS.heldBytesMax + LIMITS.reservedBytes,
        );
      }
      for (const { seat } of seats.values()) seat.leave();
      waitingFor(LIMITS.waitingMax, admission);
      expect(() => admission.enter(true).hold(LIMITS.heldBytesMax + LIMITS.reservedBytes)).not.toThrow();
    }),
  );
});
