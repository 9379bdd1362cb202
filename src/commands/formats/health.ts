/** The formats of what tells how the gateway is: `status`, `why`, `doctor`, `breaker ...`. */

import { z } from 'zod';
import { STEPS } from '../../../lib/ops/doctor/finding.ts';
import { breakerState, counted, maybe, measurement, moment, quarantined } from './parts.ts';

const programState = z.enum(['running', 'silent', 'not running']);

/** `null`: it never ends. */
const seconds = z.int().nullable();

const forecast = { unthinned_s: seconds, lasts_s: seconds, drain_s: seconds };

const status = z.strictObject({
  ok: z.boolean(),
  problems: z.array(z.string()),
  data_dir: z.string(),
  reader: z.strictObject({
    state: programState,
    pid: z.int().nullable(),
    version: z.string().nullable(),
    status: z.string().nullable(),
  }),
  clock: z
    .strictObject({
      trusted: z.boolean(),
      why: z.string(),
      jumped_ms: z.number(),
      held_rows: counted,
      held_for_ms: z.number(),
    })
    .nullable(),
  api: z.strictObject({
    state: z.enum(['up', 'failing', 'foreign', 'down']),
    url: z.string(),
    version: z.string().nullable(),
    reason: z.string().nullable(),
  }),
  monitor: z.strictObject({
    state: programState,
    url: z.string().nullable(),
    pid: z.int().nullable(),
    version: z.string().nullable(),
  }),
  destinations: z.array(
    z.strictObject({
      name: z.string(),
      breaker: breakerState.nullable(),
      breaker_since: maybe,
      held: z.boolean(),
      backlog_rows: counted,
      backlog_oldest_at: maybe,
      quiet_until: maybe,
    }),
  ),
  tickets: z.strictObject({ open: counted, critical: counted }).nullable(),
  quarantine: z.array(quarantined),
  outbox: z.strictObject({ rows: counted, dead_letters: counted }).nullable(),
  rollbacks: z.array(
    z.strictObject({
      destination: z.string(),
      stream: z.string(),
      ours: z.int(),
      theirs: z.int(),
      noted_at: maybe,
    }),
  ),
  forecast: z.strictObject(forecast).nullable(),
  store: z
    .strictObject({
      readings: counted,
      series: counted,
      newest_at: maybe,
      means: z.strictObject({ readings: counted, stand_for: counted }),
    })
    .nullable(),
});

const why = z.strictObject({
  reader: programState,
  destinations: z.array(
    z.strictObject({ destination: z.string(), delivering: z.boolean(), words: z.array(z.string()) }),
  ),
});

const doctor = z.strictObject({
  ok: z.boolean(),
  passed: counted,
  warnings: counted,
  failed: counted,
  unknown: counted,
  findings: z.array(
    z.strictObject({
      verdict: z.enum(['pass', 'warn', 'fail', 'unknown']),
      check: z.string(),
      step: z.enum(STEPS),
      evidence: z.string(),
      fix: z.string().nullable(),
    }),
  ),
});

const breakerShow = z.strictObject({
  destinations: z.array(
    z.strictObject({
      name: z.string(),
      state: breakerState,
      held: z.boolean(),
      failures: counted,
      step: counted,
      reason: z.string(),
      since: maybe,
      next_try_at: maybe,
    }),
  ),
  transitions: z.array(
    z.strictObject({
      at: moment,
      destination: z.string(),
      from: breakerState,
      to: breakerState,
      reason: z.string(),
      step: counted,
    }),
  ),
});

const outboxStat = z.strictObject({
  stream: z.string().nullable(),
  rows: counted,
  thinned_rows: counted,
  next_seq: z.int(),
  dead_letters: counted,
  streams: counted,
  file_bytes: counted,
  used_bytes: counted,
  log_bytes: counted,
  quarantine: z.array(quarantined),
  rows_per_second: z.number(),
  ...forecast,
  destinations: z.array(
    z.strictObject({ name: z.string(), backlog_rows: counted, backlog_oldest_at: maybe }),
  ),
});

const sourceState = z.strictObject({
  last_ok_at: maybe,
  failures: counted,
  failure: z.string().nullable(),
  breaker: z.string().nullable(),
  next_try_at: maybe,
  quiet_until: maybe,
  faults: z.record(z.string(), counted),
  troubles: z.record(z.string(), z.string()),
  quality: z.array(
    z.strictObject({
      sensor: z.string(),
      metric: z.string(),
      suspect: z.strictObject({ check: z.string(), message: z.string() }).optional(),
      counts: z.record(z.string(), counted),
    }),
  ),
  latest: z.array(measurement),
  latest_count: counted,
});

const sensorsList = z.strictObject({
  reader: programState,
  sources: z.array(
    z.strictObject({
      name: z.string(),
      configured: z.boolean(),
      interval_ms: z.number().nullable(),
      state: sourceState.nullable(),
    }),
  ),
  stuck_buses: z.array(z.int()),
});

export const HEALTH_FORMATS = {
  status,
  why,
  doctor,
  'support bundle': z.strictObject({ file: z.string(), failed: counted, warnings: counted }),
  drill: z.strictObject({
    drill: z.string(),
    ok: z.boolean(),
    sandbox: z.string().nullable(),
    findings: z.array(z.strictObject({ promised: z.string(), observed: z.string(), kept: z.boolean() })),
  }),
  'breaker show': breakerShow,
  'breaker hold': z.strictObject({ held: z.array(z.string()), reader_running: z.boolean() }),
  'breaker release': z.strictObject({ released: z.array(z.string()), reader_running: z.boolean() }),
  'outbox stat': outboxStat,
  'sensors list': sensorsList,
} as const;
