/**
 * When to sample: a grid of slots `anchor + n * interval` on the monotonic clock. Slots are computed by
 * multiplication and never by adding to the last wake-up, so lateness does not pile up into drift. A
 * slot that we are too late for is skipped and counted; rounds are never bunched to make up for it.
 *
 * Everything here is pure: values in, values out.
 */

export interface Schedule {
  /** Monotonic ms of slot 0. */
  readonly anchorMono: number;
  readonly intervalMs: number;
  /** The first slot that has been neither served nor skipped. */
  readonly nextSlot: number;
}

export interface TakenSlot {
  /** The schedule after this slot. */
  readonly schedule: Schedule;
  /** The slot to serve now, or `undefined` if there is none and the caller should sleep. */
  readonly dueMono: number | undefined;
  /** Slots that passed unserved, so that served + skipped = passed. */
  readonly skipped: number;
}

/**
 * A slot is served up to this share of the interval after its time. At one half, two rounds are never
 * closer than half an interval, and the slot served is always the nearest one.
 */
const LATE_SHARE_MAX = 0.5;

/** A schedule whose first slot is at `anchorMono`. */
export function scheduleFrom(anchorMono: number, intervalMs: number): Schedule {
  // Whole milliseconds keep every slot exact in a double, however long the program runs.
  return { anchorMono: Math.floor(anchorMono), intervalMs, nextSlot: 0 };
}

/** Monotonic ms of the next slot that has not been served or skipped. */
export function nextDueMono(schedule: Schedule): number {
  return schedule.anchorMono + schedule.nextSlot * schedule.intervalMs;
}

/** Takes the slot for `nowMono`, skipping those that it is too late for. */
export function takeSlot(schedule: Schedule, nowMono: number): TakenSlot {
  const { anchorMono, intervalMs, nextSlot } = schedule;
  const latest = Math.floor((nowMono - anchorMono) / intervalMs);
  if (latest < nextSlot) return { schedule, dueMono: undefined, skipped: 0 };
  const dueMono = anchorMono + latest * intervalMs;
  const servable = nowMono - dueMono < intervalMs * LATE_SHARE_MAX;
  return {
    schedule: { ...schedule, nextSlot: latest + 1 },
    dueMono: servable ? dueMono : undefined,
    skipped: latest - nextSlot + (servable ? 0 : 1),
  };
}

/**
 * The same phase at another pace: counts on from the last slot, so that a shorter interval takes effect
 * within one interval of it and a longer one does not start over. Slots of the new grid that already
 * lie behind `nowMono` were never promised, so they do not count as skipped.
 */
export function paced(schedule: Schedule, intervalMs: number, nowMono: number): Schedule {
  if (schedule.nextSlot === 0) return { ...schedule, intervalMs };
  const anchorMono = nextDueMono(schedule) - schedule.intervalMs;
  const nextSlot = Math.max(1, Math.ceil((nowMono - anchorMono) / intervalMs));
  return { anchorMono, intervalMs, nextSlot };
}
