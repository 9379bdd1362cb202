/**
 * Goal: whatever comes while an outbox is full, clock jumps, deliveries in any order, readings without neighbours,
 * restarts and crashes, every reading is in exactly one place and every thinned row tells the truth. Method: random
 * runs on real files with random small bounds, audited again and again.
 */

import { copyFileSync, existsSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ALL, type TempOutbox, tempOutbox } from '../../../test/support/temp-outbox.ts';
import type { TestWorld } from '../../../test/support/test-world.ts';
import { createThinningAudit, type ThinningAudit } from '../../../test/support/thinning-audit.ts';
import type { Reading } from '../reading.ts';

const DESTINATIONS = ['local', 'cloud'];
const START_AT = 1_768_493_400_000;

type Step =
  | {
      readonly do: 'append';
      readonly rounds: number;
      readonly everyMs: number;
      readonly jumpMs: number;
      readonly flags: number;
    }
  | {
      readonly do: 'deliver';
      readonly destination: string;
      readonly order: 'oldest' | 'newest';
      readonly rows: number;
    }
  | { readonly do: 'crash' | 'restart' | 'check' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append'),
      rounds: fc.integer({ min: 60, max: 180 }),
      everyMs: fc.constantFrom(10_000, 10_000, 10_000, 30_000, 60_000, 400_000),
      jumpMs: fc.constantFrom(0, 0, 0, -3_600_000, 7_000, 86_400_000),
      flags: fc.constantFrom(0, 0, 0, 2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('deliver'),
      destination: fc.constantFrom(...DESTINATIONS),
      order: fc.constantFrom('oldest', 'newest'),
      rows: fc.integer({ min: 1, max: 900 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash', 'restart', 'check') }) },
);

/** Nothing but rounds: through both tiers, whatever the runs of chance do. */
const LONG_OUTAGE: Step[] = Array.from({ length: 25 }, () => ({
  do: 'append',
  rounds: 180,
  everyMs: 10_000,
  jumpMs: 0,
  flags: 0,
}));
/**
 * The smallest bound in KiB: little more than a step of thinning takes. The smaller it is, the more often rows are
 * thinned in the same time.
 */
const KIB_MIN = 100;

it('every reading is in one place and every thinned row adds up, after any run of steps', {
  timeout: 120_000,
}, () => {
  const tiersSeen = new Set<string>();

  fc.assert(
    fc.property(
      fc.array(step, { minLength: 25, maxLength: 40, size: 'max' }),
      fc.integer({ min: KIB_MIN, max: 220 }),
      (steps, kib) => {
        const bounds = { bytesMax: kib * 1_024, diskReserveBytes: 0 };
        const worlds: TestWorld[] = [];
        const open = (file?: string) => {
          const opened = tempOutbox({
            bounds,
            destinations: DESTINATIONS,
            synchronous: 'NORMAL',
            ...(file === undefined ? {} : { file }),
          });
          worlds.push(opened.world);
          return opened;
        };
        let made = open();
        let audit = createThinningAudit(made);
        let at = START_AT;

        for (const one of steps) {
          if (one.do === 'append') {
            at += one.jumpMs;
            audit.append(rounds(one.rounds, at, one));
            at += one.rounds * one.everyMs;
          } else if (one.do === 'deliver') {
            audit.deliver(one.destination, { ...ALL, order: one.order, rowsMax: one.rows });
          } else if (one.do === 'check') {
            audit.flush();
            audit.check();
          } else {
            // What was only noted is sent again and recognised: here it is simply flushed before.
            audit.flush();
            [made, audit] = begunAgain(
              made,
              audit,
              one.do === 'crash' ? `${made.file}-${worlds.length}` : undefined,
              open,
            );
          }
        }

        audit.flush();
        audit.check();
        for (const { recorder } of worlds) {
          for (const { tier } of recorder.of('reading.thinned')) tiersSeen.add(tier);
        }
        made.outbox.close();
      },
    ),
    { numRuns: 8, examples: [[LONG_OUTAGE, KIB_MIN]] },
  );

  expect(tiersSeen).toEqual(new Set(['minute', 'ten_minutes']));
});

/** In the same file, or in the copy that a crash leaves. */
function begunAgain(
  made: TempOutbox,
  audit: ThinningAudit,
  copy: string | undefined,
  open: (file: string) => TempOutbox,
): [TempOutbox, ThinningAudit] {
  for (const suffix of copy === undefined ? [] : ['', '-wal']) {
    if (existsSync(made.file + suffix)) copyFileSync(made.file + suffix, copy + suffix);
  }
  made.outbox.close();
  const next = open(copy ?? made.file);
  return [next, audit.of(next)];
}

function rounds(
  count: number,
  fromAt: number,
  { everyMs, flags }: { everyMs: number; flags: number },
): Reading[] {
  return Array.from({ length: count * 3 }, (_, i) => ({
    sensor: `sensor-${i % 3}`,
    metric: 'temperature',
    unit: 'celsius',
    at: fromAt + Math.floor(i / 3) * everyMs,
    value: ((i * 7_919) % 1_000) / 8 - 40,
    // Not all of a round: the neighbours of a suspect reading are thinned without it.
    flags: i % 5 === 0 ? flags : 0,
    monoMs: i,
  }));
}
