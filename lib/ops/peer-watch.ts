/**
 * Notices within a second that a program beside us has come back, from its health file: a new process,
 * or a beat after a long silence (it was frozen). So recovery need not wait for the end of a pause of a
 * minute. A program that beats on but answers with failures is not news; it keeps to the pauses.
 */

import { readFileSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { createLoop, type Loop, type Pulse } from '../base/loop.ts';

export interface PeerWatchOptions {
  /** Its health file; it may be missing. */
  readonly file: string;
  /** Between two looks; a second if left out. */
  readonly everyMs?: number | undefined;
  readonly clock: Clock;
  readonly pulse: Pulse;
  /** Whether anybody wants to know at present; otherwise nothing is called. */
  readonly wanted: () => boolean;
  readonly onBack: () => void;
}

interface Beat {
  readonly pid: number;
  readonly generatedMonoMs: number;
}

const LOOK_MS = 1_000;

/** How often a program that is watched like this beats. */
export const PEER_BEAT_MS = 2_000;

/** Two beats missed and a little: it has been away. Wrong only costs a probe, and only while the breaker is open. */
const SILENT_LOOKS = 5;
export const SILENCE_MS = SILENT_LOOKS * LOOK_MS;

/** A health file is some hundred bytes; reading it takes no time worth mentioning. */
const TURN_MAX_MS = 5_000;

export function createPeerWatch(options: PeerWatchOptions): Loop {
  const { file, clock, everyMs = LOOK_MS } = options;
  const silenceMs = SILENT_LOOKS * everyMs;
  let last = readBeat(file);
  return createLoop({
    name: 'peer-watch',
    clock,
    pulse: options.pulse,
    turnMaxMs: TURN_MAX_MS,
    async turn() {
      const beat = readBeat(file);
      if (beat !== undefined && isBack(beat, last, silenceMs) && options.wanted()) options.onBack();
      last = beat ?? last;
      return clock.monotonicMs() + everyMs;
    },
  });
}

function isBack(beat: Beat, last: Beat | undefined, silenceMs: number): boolean {
  if (last === undefined || beat.pid !== last.pid) return true;
  return beat.generatedMonoMs - last.generatedMonoMs > silenceMs;
}

/** Whatever is wrong with the file, it is then no sign of life. */
function readBeat(file: string): Beat | undefined {
  try {
    const health: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const { pid, generated_mono_ms: generatedMonoMs } = health as Record<string, unknown>;
    return typeof pid === 'number' && typeof generatedMonoMs === 'number'
      ? { pid, generatedMonoMs }
      : undefined;
  } catch {
    return undefined;
  }
}
