/** The contract of a sensor source as tests: a suite to be run over each adapter. */

import { describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../lib/base/clock.ts';
import {
  type SourceTraits,
  type SourceUnderTest,
  sourceClauses,
} from '../../lib/flow/acquire/contract/source-clauses.ts';

export interface SourceContractOptions extends SourceTraits {
  /** A fresh source; called once for each test. */
  readonly create: () => SourceUnderTest;
}

export function describeSensorSource(name: string, options: SourceContractOptions): void {
  function open(): SourceUnderTest {
    const subject = options.create();
    onTestFinished(() => subject.source.close?.());
    return subject;
  }

  describe(`the source contract: ${name}`, () => {
    for (const clause of sourceClauses(options)) {
      test(clause.title, async () => {
        await expect(clause.try(open())).resolves.toBeUndefined();
      });
    }

    test('closing it before the first read is harmless', () => {
      const { source } = open();

      expect(() => {
        source.close?.();
        source.close?.();
      }).not.toThrow();
    });
  });
}

/** For sources that need no help from a clock of ours. */
export async function inRealTime<T>(work: Promise<T>): Promise<T> {
  return work;
}

/** For sources that sleep on a virtual clock: a minute is longer than any deadline. */
export function inVirtualTime(
  clock: Clock & { advance(ms: number): Promise<void> },
): SourceUnderTest['settle'] {
  return async (work) => {
    work.catch(() => {}); // The caller looks at it, but only after time has passed.
    await clock.advance(60_000);
    return work;
  };
}
