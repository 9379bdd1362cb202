/** What several formats of `--json` are made of. */

import { z } from 'zod';

/** A moment, in ISO 8601 and UTC. */
export const moment = z.iso.datetime();

/** `null`: it has not happened, or nobody knows. */
export const maybe = moment.nullable();

export const counted = z.int().nonnegative();

/** Seqs from the first to the last. */
export const range = z.tuple([z.int(), z.int()]);

export const breakerState = z.enum(['closed', 'open', 'half_open']);

export const quarantined = z.strictObject({
  dir: z.string(),
  file: z.string(),
  bytes: counted,
  at: moment,
  reason: z.string(),
  state: z.enum(['waiting', 'salvaged', 'given_up']),
  failure: z.string().nullable(),
});

export const measurement = z.strictObject({
  sensor: z.string(),
  metric: z.string(),
  unit: z.string(),
  value: z.number(),
});

/** What a thinned reading stands for. */
export const thinned = z.strictObject({
  count: counted,
  min: z.number(),
  max: z.number(),
  first: z.number(),
  last: z.number(),
  spanMs: counted,
  source: z.string(),
  lo: z.int(),
  hi: z.int(),
});
