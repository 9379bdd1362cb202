/** The formats of what prints readings: of the store, of the outbox, and of sensors as they are read. */

import { z } from 'zod';
import type { Cause } from '../gap-words.ts';
import { CAUSE_IN_WORDS } from '../gap-words.ts';
import { counted, maybe, measurement, moment, range, thinned } from './parts.ts';

/** One line each. */
const reading = z.strictObject({
  gateway: z.string(),
  sensor: z.string(),
  metric: z.string(),
  unit: z.string(),
  at: moment,
  value: z.number(),
  stream: z.string(),
  seq: z.int(),
  clock_untrusted: z.literal(true).optional(),
  suspect: z.literal(true).optional(),
  calibrated: z.literal(true).optional(),
  /** With `--raw`; `null`: it is not known any more. */
  raw: z.number().nullable().optional(),
  mean_of: z
    .strictObject({
      count: counted,
      min: z.number(),
      max: z.number(),
      first: z.number(),
      last: z.number(),
      span_s: z.number(),
      stream: z.string(),
      lo: z.int(),
      hi: z.int(),
    })
    .partial()
    .optional(),
});

/** One line each. */
const outboxRow = z.strictObject({
  stream: z.string(),
  seq: z.int(),
  sensor: z.string(),
  metric: z.string(),
  unit: z.string(),
  at: moment,
  value: z.number(),
  flags: counted,
  thinned: thinned.optional(),
});

/** One line each. */
const deadLetter = z.strictObject({
  destination: z.string(),
  stream: z.string(),
  seq: z.int(),
  code: z.string(),
  message: z.string(),
  sensor: z.string(),
  metric: z.string(),
  unit: z.string(),
  value: z.number(),
  flags: counted,
  at: moment,
  buried_at: moment,
  mono_ms: z.number(),
  boot_id: z.string(),
  thinned: thinned.optional(),
});

const causes = Object.keys(CAUSE_IN_WORDS) as [Cause, ...Cause[]];
const cause = z.enum(causes);

const gaps = z.strictObject({
  explained: z.boolean(),
  gaps: z.array(
    z.strictObject({
      gateway: z.string(),
      stream: z.string(),
      lo: z.int(),
      hi: z.int(),
      readings: counted.nullable(),
      means: counted.optional(),
      cause,
      after: maybe,
      before: maybe,
    }),
  ),
  silences: z.array(
    z.strictObject({
      sensors: z.array(z.string()),
      from: maybe,
      to: maybe,
      causes: z.array(z.strictObject({ cause, detail: z.string() })),
    }),
  ),
});

const verify = z.strictObject({
  dry_run: z.boolean(),
  reader_running: z.boolean(),
  destinations: z.array(
    z.strictObject({
      name: z.string(),
      compared: counted,
      failed: z.string().nullable(),
      streams: z.array(
        z.strictObject({
          stream: z.string(),
          lost: z.array(range),
          lost_still_in_outbox: z.array(range),
          ahead: z.array(range),
        }),
      ),
    }),
  ),
});

/** One line for each value, sensor in trouble, or source that gave nothing. */
const sensorsRead = z.union([
  z.strictObject({ at: moment, source: z.string(), ...measurement.shape, raw: z.number().optional() }),
  z.strictObject({ at: moment, source: z.string(), sensor: z.string(), trouble: z.string() }),
  z.strictObject({ source: z.string(), failure: z.string() }),
]);

/** One line for each series. */
const chart = z.strictObject({
  gateway: z.string(),
  sensor: z.string(),
  metric: z.string(),
  unit: z.string(),
  from: moment,
  until: moment,
  suspect: counted,
  points: z.array(
    z.strictObject({ at: moment, count: counted, min: z.number(), max: z.number(), mean: z.number() }),
  ),
});

const sensorsScan = z.strictObject({
  buses: z.array(
    z.strictObject({
      bus: z.int(),
      adapter: z.string(),
      state: z.string(),
      reason: z.string().nullable(),
      found: z.array(
        z.strictObject({
          address: z.string(),
          kernel_device: z.string().nullable(),
          source: z.string().nullable(),
          types: z.array(z.string()),
          sure: z.boolean(),
        }),
      ),
    }),
  ),
  kernel: z.array(
    z.strictObject({
      source: z.string(),
      measurements: z.array(measurement),
      troubles: z.record(z.string(), z.string()),
      failure: z.string().nullable(),
    }),
  ),
  hints: z.array(z.string()),
  configuration: z.string(),
});

const checkDriver = z.strictObject({
  ok: z.boolean(),
  path: z.string(),
  verdicts: z.array(z.strictObject({ title: z.string(), broken: z.string().nullable() })),
});

export const READINGS_FORMATS = {
  readings: reading,
  tail: reading,
  chart,
  'outbox peek': outboxRow,
  'outbox export': z.union([outboxRow, z.strictObject({ file: z.string(), rows: counted })]),
  'dead list': deadLetter,
  'dead show': deadLetter,
  gaps,
  verify,
  'sensors read': sensorsRead,
  'sensors scan': sensorsScan,
  'sensors check-driver': checkDriver,
} as const;
