/** An append is one sync of the card. A card that wears out, or a cheap one, takes longer and longer for it. */

import { type Case, type Invariant, ONLY_ONE } from './invariant.ts';

/** Against what it took before; a card that writes its own tables is slow for seconds, not for minutes. */
const SLOWER_TIMES = 5;
/** Below this nobody minds, however much slower it is than it was. */
const NOTICEABLE_MS = 100;
const RECENT_MS = 1_800_000;
const WINDOW_MS = 3_600_000;

export const diskSlow: Invariant = {
  name: 'disk_slow',
  about: `an append to the outbox takes less than \`invariants.append\` in the median, and not ${SLOWER_TIMES} times of what it took half an hour before`,
  severity: 'warning',
  hint: 'dmesg | tail; sensorctl doctor --step disk; what writes much: sudo iotop -ao; an older card may be worn out',
  // The median is over minutes of appends already.
  opens: { seen: 4, of: 6 },
  resolvesAfter: 10,
  parents: ['disk_refuses', 'disk_read_only', 'program_silent', 'unit_failed'],
  subjects: () => ONLY_ONE,
  judge(one) {
    const { look, limits } = one;
    const appends = look.reader?.appends;
    if (appends === undefined) return 'unknown';
    const { medianMs, slowestMs } = appends;
    const beforeMs = medianBefore(one);
    const isSlower = beforeMs !== undefined && medianMs > NOTICEABLE_MS && medianMs > SLOWER_TIMES * beforeMs;
    if (medianMs < limits.appendMs && !isSlower) return 'whole';
    const than = beforeMs === undefined ? '' : `, after ${Math.round(beforeMs)} ms half an hour before`;
    return {
      title: `the disk is slow: an append takes ${Math.round(medianMs)} ms${than}`,
      evidence: { median_ms: medianMs, slowest_ms: slowestMs, median_before_ms: beforeMs },
    };
  },
};

/** The median of the looks between an hour and half an hour ago. */
function medianBefore({ look, past }: Case): number | undefined {
  const medians = past
    .within(WINDOW_MS)
    .filter(({ atMono }) => look.atMono - atMono >= RECENT_MS)
    .flatMap(({ reader }) => reader?.appends?.medianMs ?? [])
    .sort((a, b) => a - b);
  return medians[Math.floor(medians.length / 2)];
}
