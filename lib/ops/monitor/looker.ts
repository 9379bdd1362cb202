/**
 * Takes looks: each part by itself and in turn, so that one that hangs or fails is left out by name and costs the
 * others nothing. A part whose thread hangs is left alone until the kernel lets go of it.
 */

import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { messageOf } from '../../base/errors.ts';
import { NotPermitted } from '../doctor/probe.ts';
import type { ChannelLook, Look, LookPart, LookParts, Unanswered, Watched } from '../invariants/look.ts';
import { LookFailed, type LookThread } from './look-thread.ts';
import { certificatesPart } from './parts/certificates.ts';
import { gapsPart, outboxPart, shelfPart } from './parts/databases.ts';
import { diskPart, machinePart } from './parts/machine.ts';
import type { Eyes, PartLook } from './parts/part.ts';
import { programsPart } from './parts/programs.ts';
import { endsPart, recoveryPart, unitsPart } from './parts/services.ts';

const PARTS: readonly PartLook[] = [
  programsPart,
  machinePart,
  unitsPart,
  endsPart,
  outboxPart,
  shelfPart,
  diskPart,
  gapsPart,
  recoveryPart,
  certificatesPart,
];

/** More than a thread is given to answer, and than a handful of programs take on a machine in trouble. */
const PART_MAX_MS = 8_000;
export const LOOK_TURN_MAX_MS = PARTS.length * PART_MAX_MS;

export interface Looker {
  take(stopping: AbortSignal): Promise<Look>;
}

export interface LookerDeps {
  readonly eyes: Eyes;
  readonly thread: Pick<LookThread, 'hangs'>;
  readonly clock: Clock;
  readonly watched: Watched;
  /** Those of notifications; left out where nobody knows of any. */
  readonly channels?: (() => readonly ChannelLook[]) | undefined;
}

export function createLooker(deps: LookerDeps): Looker {
  const { eyes, thread, clock, watched, channels } = deps;
  /** When those that are not asked each time gave their last answer. */
  const answeredMono = new Map<LookPart, number>();
  /** Whose thread was left behind. */
  const hanging = new Set<LookPart>();

  async function lookAt({ part, everyMs, look }: PartLook, stopping: AbortSignal) {
    const now = { at: clock.wallMs(), atMono: clock.monotonicMs() };
    const lastMono = answeredMono.get(part);
    if (everyMs !== undefined && lastMono !== undefined && now.atMono - lastMono < everyMs) return {};
    const looked = await withDeadline(clock, `look at ${part}`, PART_MAX_MS, () => look(eyes, now), stopping);
    if (looked.late) throw new Error(`no answer within ${PART_MAX_MS / 1_000} s`);
    answeredMono.set(part, now.atMono);
    return looked.value;
  }

  return {
    async take(stopping) {
      if (!thread.hangs) hanging.clear();
      let seen: Partial<LookParts> = {};
      const unanswered: Unanswered[] = [];
      for (const one of PARTS) {
        if (stopping.aborted) break;
        try {
          if (hanging.has(one.part)) throw new Error('an earlier look at it has not ended');
          seen = { ...seen, ...(await lookAt(one, stopping)) };
        } catch (error) {
          if (error instanceof LookFailed && error.late) hanging.add(one.part);
          // What is not for this user is no trouble of the machine; its unit lets the monitor see all that it looks at.
          if (eyes.place.units || !(error instanceof NotPermitted))
            unanswered.push({ part: one.part, why: messageOf(error) });
        }
      }
      return {
        at: clock.wallMs(),
        atMono: clock.monotonicMs(),
        watched,
        unanswered,
        ...seen,
        ...(channels === undefined ? {} : { channels: channels() }),
      };
    },
  };
}
