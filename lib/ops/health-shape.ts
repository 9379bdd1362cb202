/**
 * What a health file says, for whoever looks at a program from outside: the monitor, and `sensorctl`. Another version
 * may have written it: each part is looked at before it is believed, and what does not fit is left out.
 */

import { z } from 'zod';

const Count = z.number().catch(0);
const Words = z.string().optional().catch(undefined);
const Figure = z.number().optional().catch(undefined);

/** A list whose entries do not all fit keeps those that do. */
function listOf<T>(entry: z.ZodType<T>) {
  return z
    .array(z.unknown())
    .catch([])
    .transform((all) => all.flatMap((one) => entry.safeParse(one).data ?? []));
}

/** The same of a group. */
function groupOf<T>(value: z.ZodType<T>) {
  return z
    .record(z.string(), z.unknown())
    .catch({})
    .transform((all): Readonly<Record<string, T>> => {
      const fitting = Object.entries(all).flatMap(([key, one]): [string, T][] => {
        const { success, data } = value.safeParse(one);
        return success ? [[key, data]] : [];
      });
      return Object.fromEntries(fitting);
    });
}

/** `words`: `until 06:00`, by the clocks of the configured zone, which need not be that of whoever asks. */
const Quiet = z.object({ untilAt: z.number(), words: z.string() }).optional().catch(undefined);
const Suspect = z.object({ check: z.string(), message: z.string() }).optional().catch(undefined);

const Series = z
  .object({ sensor: z.string(), metric: z.string(), suspect: Suspect, counts: groupOf(z.number()) })
  .transform(({ suspect, ...one }) => ({ ...one, suspect }));

const Value = z.object({ sensor: z.string(), metric: z.string(), unit: z.string(), value: z.number() });

const Source = z
  .object({
    name: z.string(),
    failures: Count,
    lastFailure: z.object({ message: z.string() }).optional().catch(undefined),
    lastOkAt: Figure,
    latest: listOf(Value),
    latestCount: Figure,
    troubles: groupOf(z.string()),
    statistics: z
      .object({ faults: groupOf(z.number()), breaker: Words, nextTryAt: Figure })
      .catch({ faults: {}, breaker: undefined, nextTryAt: undefined }),
    quiet: Quiet,
    quality: listOf(Series),
  })
  .transform(({ name, failures, lastFailure, lastOkAt, latest, latestCount, troubles, ...one }) => ({
    name,
    failures,
    failure: lastFailure?.message,
    lastOkAt,
    latest,
    /** How many values its last answer had; `latest` may be the first of them. */
    latestCount: latestCount ?? latest.length,
    troubles,
    faults: one.statistics.faults,
    breaker: one.statistics.breaker,
    nextTryAt: one.statistics.nextTryAt,
    quiet: one.quiet,
    quality: one.quality,
  }));

const Bus = z
  .object({ bus: z.number(), state: Words, stuckSinceAt: Figure })
  .transform(({ bus, state, stuckSinceAt }) => ({ bus, stuck: state === 'stuck', stuckSinceAt }));

const Drain = z
  .object({ drain: z.object({ rowsPerSecond: z.number() }) })
  .optional()
  .catch(undefined);

const Destination = z
  .object({
    name: z.string(),
    quiet: Quiet,
    backlog: z.object({ rows: z.number() }).optional().catch(undefined),
    backfill: Drain,
  })
  .transform(({ name, quiet, backlog, backfill }) => ({
    name,
    quiet,
    backlogRows: backlog?.rows,
    /** `undefined` while there is no drain. */
    drainRowsPerSecond: backfill?.drain.rowsPerSecond || undefined,
  }));

const Clock = z
  .object({ trusted: z.boolean(), why: z.string(), jumpedMs: Count, heldRows: Count, heldForMs: Count })
  .optional()
  .catch(undefined);

const Guesses = z
  .object({
    total: z.number(),
    from: listOf(z.object({ from: z.string(), guesses: z.number(), lastAt: z.number() })),
  })
  .optional()
  .catch(undefined);

const Doubled = z.object({
  gateway: z.string(),
  streams: listOf(z.object({ stream: z.string(), from: z.string() })),
});

const NO_COUNTS = { shed: 0, dropped: 0, thinned: 0, readings: 0, rounds: 0 };

const Health = z
  .object({
    pid: Figure,
    version: Words,
    status: Words,
    generated_at: Figure,
    generated_mono_ms: Figure,
    overdue: listOf(z.object({ loop: z.string() })),
    url: Words,
    sampling: z.object({ sources: listOf(Source) }).catch({ sources: [] }),
    i2c_buses: listOf(Bus),
    destinations: listOf(Destination),
    calibrations_unmet: listOf(z.object({ sensor: z.string(), metric: z.string() })),
    clock: Clock,
    held: Count,
    counts: z
      .object({ shed: Count, dropped: Count, thinned: Count, readings: Count, rounds: Count })
      .catch(NO_COUNTS),
    guesses: Guesses,
    doubled: listOf(Doubled),
    appends: z.object({ median_ms: z.number(), slowest_ms: z.number() }).optional().catch(undefined),
  })
  .transform((one) => ({
    pid: one.pid,
    version: one.version,
    /** Its own words. */
    status: one.status,
    generatedAt: one.generated_at,
    generatedMono: one.generated_mono_ms,
    /** Loops that have broken their promise. */
    overdue: one.overdue.map(({ loop }) => loop),
    url: one.url,
    sources: one.sampling.sources,
    buses: one.i2c_buses,
    destinations: one.destinations,
    calibrationsUnmet: one.calibrations_unmet,
    clock: one.clock,
    held: one.held,
    counts: one.counts,
    /** Of the write API: wrong tokens that it was shown, where it asks for any. */
    guesses: one.guesses,
    /** And names under which two machines deliver. */
    doubled: one.doubled,
    appends: one.appends && { medianMs: one.appends.median_ms, slowestMs: one.appends.slowest_ms },
  }));

/** Of any of the programs: what one does not write of itself is empty, 0 or `undefined`. */
export type Health = z.infer<typeof Health>;
export type SourceHealth = Health['sources'][number];
export type SeriesHealth = SourceHealth['quality'][number];
export type ClockHealth = NonNullable<Health['clock']>;
export type QuietHealth = NonNullable<SourceHealth['quiet']>;
export type BusHealth = Health['buses'][number];

/** `undefined`: it is no health file. */
export function parseHealth(text: string): Health | undefined {
  return Health.safeParse(parsed(text)).data;
}

export const NO_HEALTH: Health = Health.parse({});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
