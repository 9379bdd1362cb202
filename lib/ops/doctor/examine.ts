/**
 * Runs checks, each on its own: one that throws, or does not come back, is a failure of itself and never
 * the end of the others. A few at a time: each asks programs outside, and the machine may be a small one
 * in trouble.
 */

import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { messageOf } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { fewAtOnce } from './few-at-once.ts';
import type { Check, Examined, Finding, Step, Subject } from './finding.ts';
import { NoAnswer, NotPermitted, type Probe } from './probe.ts';

/** More than any single look takes on a Pi Zero under load; the whole must end while a person still waits. */
const CHECK_MAX_MS = 20_000;

/** A line of a terminal or two. */
const EVIDENCE_LENGTH_MAX = 400;

export interface Diagnosis extends Finding {
  readonly check: string;
  readonly step: Step;
}

export async function examine(
  checks: readonly Check[],
  probe: Probe,
  subject: Subject,
  clock: Clock,
): Promise<Diagnosis[]> {
  const examined: Examined = {
    ...subject,
    get nowMs() {
      return clock.wallMs();
    },
    get nowMono() {
      return clock.monotonicMs();
    },
  };
  const done = await fewAtOnce(checks, async (check) => {
    const found = await findingsOf(check, probe, examined, clock);
    return found.map(({ verdict, evidence, fix }) => ({
      check: check.name,
      step: check.step,
      verdict,
      evidence: printable(evidence, EVIDENCE_LENGTH_MAX),
      ...(fix === undefined ? {} : { fix: printable(fix, EVIDENCE_LENGTH_MAX) }),
    }));
  });
  return done.flat();
}

async function findingsOf(
  check: Check,
  probe: Probe,
  subject: Examined,
  clock: Clock,
): Promise<readonly Finding[]> {
  const found = await findingOf(check, probe, subject, clock);
  return 'verdict' in found ? [found] : found;
}

async function findingOf(
  check: Check,
  probe: Probe,
  subject: Examined,
  clock: Clock,
): Promise<Finding | readonly Finding[]> {
  try {
    const found = await withDeadline(clock, check.name, CHECK_MAX_MS, () => check.run(probe, subject));
    if (!found.late) return found.value;
    throw new NoAnswer('what it looks at', CHECK_MAX_MS);
  } catch (error) {
    if (error instanceof NoAnswer) {
      return {
        verdict: 'fail',
        evidence: error.message,
        fix: 'Does a disk or mount hang? findmnt; dmesg | tail',
      };
    }
    if (error instanceof NotPermitted) {
      return {
        verdict: 'unknown',
        evidence: error.message,
        fix: `sudo sensorctl doctor --step ${check.step}`,
      };
    }
    return {
      verdict: 'fail',
      evidence: `the check itself failed: ${messageOf(error)}`,
      fix: 'Report it, with this line: it is a bug.',
    };
  }
}
