/**
 * What every driver of a chip promises, tried without the chip: over devices on which nobody answers, that answer
 * nothing but zeros or ones, or noise. So these clauses find what a healthy chip on a desk never shows. Time
 * passes only in `pause`, and at once.
 */

import {
  type Chip,
  type ChipDriver,
  ChipError,
  type ChipValue,
  faultOf,
  type I2cDevice,
} from '../sources/i2c/chip.ts';
import { hex } from '../sources/i2c/i2c-errors.ts';
import { problemsOfDriver } from '../sources/module/driver-shape.ts';
import { type Clause, must } from './clause.ts';

type Answer = (readLength: number) => Uint8Array;

/** More exchanges in one measurement than this would keep a bus from its other chips. */
const EXCHANGES_MAX = 200;

const HOSTILE: readonly (readonly [name: string, answer: Answer])[] = [
  ['zeros', (length) => new Uint8Array(length)],
  ['ones, as a floating bus does', (length) => new Uint8Array(length).fill(0xff)],
  ['a counter', counting()],
  ['noise', noise(1)],
  ['other noise', noise(20_260_115)],
];

export const CHIP_CLAUSES: readonly Clause<ChipDriver>[] = [
  {
    title: 'it states what it is, where it can be, and what it measures',
    async try(driver) {
      const problems = problemsOfDriver(driver);
      must(problems.length === 0, problems.join('; '));
    },
  },
  {
    title: 'opening it exchanges nothing',
    async try(driver) {
      const bench = createBench(driver, HOSTILE[0]?.[1]);
      bench.open();
      must(bench.exchanges() === 0, `${bench.exchanges()} exchanges before begin`);
    },
  },
  {
    title: 'where nobody answers it fails, with the failure of the exchange or one of its own classes',
    async try(driver) {
      const { values, error } = await createBench(driver, undefined).attempt();
      must(values === undefined, `it gave ${JSON.stringify(values)}`);
      must(faultOf(error) !== undefined, `it threw "${String(error)}", which has no fault`);
    },
  },
  ...HOSTILE.map(
    ([name, answer]): Clause<ChipDriver> => ({
      title: `from a chip that answers ${name} it takes nothing but what it has declared, in its own time`,
      async try(driver) {
        const bench = createBench(driver, answer);
        for (let attempt = 0; attempt < 3; attempt += 1) {
          const { values = [], error } = await bench.attempt();
          for (const { metric, value } of values) {
            must(
              driver.metrics.some((one) => one.metric === metric),
              `it gave "${metric}", which is not among its metrics`,
            );
            must(typeof value === 'number', `${metric} is no number`);
          }
          must(
            error === undefined || faultOf(error) !== undefined,
            `it threw "${String(error)}", which has no fault`,
          );
          const { pausedMs } = bench;
          must(
            pausedMs() <= driver.measureMaxMs,
            `begin and measure paused for ${pausedMs()} ms, and measureMaxMs is ${driver.measureMaxMs}`,
          );
        }
      },
    }),
  ),
  {
    title: 'it stops at once when its time is over',
    async try(driver) {
      for (const [, answer] of HOSTILE) {
        const bench = createBench(driver, answer);
        await bench.attempt({ abortInPause: true });
        must(
          bench.exchangesAfterAbort() === 0,
          `${bench.exchangesAfterAbort()} exchanges after the signal was aborted`,
        );
      }
    },
  },
  {
    title: 'telling whether it is there never ends in a yes where nobody answers',
    async try(driver) {
      if (driver.identify === undefined) return;
      const yes = await driver.identify(createBench(driver, undefined).device).catch(() => false);
      must(yes === false, 'it said yes');
    },
  },
];

/** What came of one begin and measure. */
interface Attempt {
  readonly values?: readonly ChipValue[];
  readonly error?: unknown;
}

interface Bench {
  readonly device: I2cDevice;
  open(): Chip;
  /** Begin and measure on the same chip; counts start anew. */
  attempt(over?: { readonly abortInPause?: boolean }): Promise<Attempt>;
  exchanges(): number;
  exchangesAfterAbort(): number;
  pausedMs(): number;
}

/** `answer`: what the chip answers, `undefined`: there is none. */
function createBench(driver: ChipDriver, answer: Answer | undefined): Bench {
  let exchanges = 0;
  let late = 0;
  let paused = 0;
  let abort = new AbortController();
  let abortInPause = false;
  let chip: Chip | undefined;
  const address = driver.addresses[0];

  const device: I2cDevice = {
    address,
    async transfer(_write, readLength) {
      exchanges += 1;
      if (abort.signal.aborted) late += 1;
      if (exchanges > EXCHANGES_MAX) throw new ChipError('garbled', `more than ${EXCHANGES_MAX} exchanges`);
      if (answer === undefined) throw new ChipError('no_answer', `no chip answers at ${hex(address)}`);
      return answer(readLength);
    },
  };

  const open = () =>
    driver.open({
      device,
      options: {},
      async pause(ms, signal) {
        paused += ms;
        if (abortInPause) abort.abort();
        signal.throwIfAborted();
      },
    });

  return {
    device,
    open,
    exchanges: () => exchanges,
    exchangesAfterAbort: () => late,
    pausedMs: () => paused,
    async attempt(over = {}) {
      [exchanges, late, paused, abort] = [0, 0, 0, new AbortController()];
      abortInPause = over.abortInPause ?? false;
      chip ??= open();
      try {
        await chip.begin(abort.signal);
        return { values: await chip.measure(abort.signal) };
      } catch (error) {
        must(exchanges <= EXCHANGES_MAX, `more than ${EXCHANGES_MAX} exchanges in one measurement`);
        return { error };
      }
    },
  };
}

function counting(): Answer {
  let next = 0;
  return (length) => Uint8Array.from({ length }, () => next++ & 0xff);
}

/** The same bytes each time: a linear congruential generator (Numerical Recipes). */
function noise(seed: number): Answer {
  let state = seed;
  return (length) =>
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
}
