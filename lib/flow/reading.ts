/**
 * What a reading is, and what is said about it on the wire. Together with `batch.ts`, the form in which readings
 * are sent, and `seq-ranges.ts` this file is the whole contract between the reader and the write API: neither
 * imports anything else of the other.
 *
 * The schemas are written once, here, and serve validation, types and documentation.
 */

import { z } from 'zod';

/** Sensors, metrics and gateways: safe as a label, a topic, a file name and in a log line. */
export const NAME_PATTERN = /^[a-z0-9_-]{1,48}$/;
export const NAME_LENGTH_MAX = 48;
/** `NAME_PATTERN`, for people. */
export const NAME_RULE = `1 to ${NAME_LENGTH_MAX} characters of a-z, 0-9, _ and -`;

/** A stream's identity, born with an outbox file; `Random.streamId` makes them. */
export const STREAM_PATTERN = /^[a-z0-9]{8,64}$/;

/** The units our own sources may use: base units, spelled like Prometheus spells them. */
export const UNITS = [
  'ampere',
  'bit',
  'byte',
  'celsius',
  'count',
  'degree',
  'hertz',
  'hectopascal',
  'joule',
  'lux',
  'meter',
  'ohm',
  'pascal',
  'percent',
  'ppm',
  'ratio',
  'rpm',
  'second',
  'volt',
  'watt',
] as const;
export type Unit = (typeof UNITS)[number];

/** Other people's devices may use any unit that is harmless to print. */
export const UNIT_PATTERN = /^[A-Za-z0-9%°µ/_.^-]{1,24}$/;

/** Bits of `flags`. A reading without remarks has flags 0, and they are then left off the wire. */
export const FLAG = {
  /** Its time was taken from a clock that nobody vouched for. */
  clockUntrusted: 1,
  /** It failed a plausibility check and was kept with this mark. */
  suspect: 2,
  /** It stands for several readings, and its value is their mean: `Thinned` says the rest. */
  thinned: 4,
  /** Its value is what the source gave times a scale plus an offset, which are stored beside it (calibration.ts). */
  calibrated: 8,
} as const;

/** One validated measurement. `stream` and `seq` are added when the outbox accepts it. */
export interface Reading {
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string;
  /** Wall time of the measurement, whole milliseconds since 1970. */
  readonly at: number;
  /** Finite. */
  readonly value: number;
  readonly flags: number;
  /** Monotonic time of the measurement since boot, whole milliseconds: what `at` can be mended from. */
  readonly monoMs: number;
}

/**
 * What a thinned reading says beyond its mean: several readings of one series, equal in their other flags,
 * that had to make room in a full outbox. Its `at` is the time of the first of them.
 */
export interface Thinned {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly last: number;
  /** From the first of them to the last. */
  readonly spanMs: number;
  /**
   * Where they were accepted: the stream, and their seqs from first to last. No other reading of this series was
   * ever accepted with a seq in between, so that a store that has some of them knows how many are left.
   */
  readonly source: string;
  readonly lo: number;
  readonly hi: number;
}

/** Why a seq will never arrive. Declared to the store, so that no gap is unexplained. */
export const GONE_CAUSES = ['shed', 'thinned', 'buried', 'corrupt', 'rolled_back', 'deleted'] as const;
export type GoneCause = (typeof GONE_CAUSES)[number];

/**
 * At most so many readings a request: about 180 KiB compact, 600 KiB as objects. Of 1,000 a drain spent more
 * time between the batches than on them; 4,000 are some 15 ms of a desktop's store, which a fresh round may wait.
 */
export const BATCH_ROWS_MAX = 4_000;
/** At most so many bytes a request body, after decompression. */
export const BATCH_BYTES_MAX = 1_048_576;
/** Changes when an old reader and a new API (or the reverse) could misunderstand each other. */
export const WIRE_SCHEMA = 1;
/** Every answer of the write API carries this header, so that a stranger on the port is recognised. */
export const API_IDENTITY_HEADER = 'sensorgw-api';

/** The value of the identity header: `sensor-api-write/0.1.0; schema=1`. */
export function apiIdentity(version: string): string {
  return `sensor-api-write/${version}; schema=${WIRE_SCHEMA}`;
}

/** Reads an identity header; `undefined` when the answer is not from a write API of ours. */
export function parseApiIdentity(
  header: string | undefined,
): { version: string; schema: number } | undefined {
  const match = /^sensor-api-write\/([0-9A-Za-z.+-]{1,32}); schema=(\d{1,4})$/.exec(header ?? '');
  return match === null ? undefined : { version: match[1] as string, schema: Number(match[2]) };
}

const name = z.string().regex(NAME_PATTERN, `must be ${NAME_RULE}`);
const stream = z.string().regex(STREAM_PATTERN, 'must be 8 to 64 characters of a-z and 0-9');
const unit = z.string().regex(UNIT_PATTERN, 'must be 1 to 24 characters, such as celsius, percent or hPa');
/** Sequence numbers start at 1 and stay exact in a double. */
const seq = z.int().min(1);
/** The last millisecond of the year 9999: later ones have no ISO 8601 form of the usual length. */
export const AT_MAX = 253_402_300_799_999;
const TIME_FORM = 'must be whole milliseconds since 1970, or like 2026-01-15T16:09:35Z; up to the year 9999';
const at = z.int(TIME_FORM).min(0, TIME_FORM).max(AT_MAX, TIME_FORM);
/** One byte. */
export const FLAGS_MAX = 255;
const value = z.number();
/** What the fields of a reading must be, wherever they are written. */
export const FIELDS = { name, stream, unit, seq, at, value } as const;
const range = z.tuple([seq, seq]).refine(([lo, hi]) => lo <= hi, 'a range must not end before it starts');

/**
 * Every code with which the store refuses one reading of a request that it otherwise accepts. A refused
 * reading is not marked as received: after a fix on either side it can be sent again. `later` says that
 * the same reading can be accepted once time has passed; the others will be refused each time.
 */
export const REFUSALS = {
  future: { later: true, meaning: 'has a time too far ahead of the clock of the write API' },
  seq_conflict: { later: false, meaning: 'shares its seq with a different reading of the same request' },
  series_limit: { later: true, meaning: 'would begin a series, and the store has as many as it may have' },
} as const;
export type RefusalCode = keyof typeof REFUSALS;

const LATER: ReadonlySet<string> = new Set(
  Object.entries(REFUSALS).flatMap(([code, { later }]) => (later ? [code] : [])),
);

/**
 * Whether a reading refused with `code` is worth sending again as it is. A reader keeps such a reading;
 * one refused for good it buries. A code that only a newer store knows is for good: a dead letter can
 * still be redriven, a reading sent for ever holds a place in the outbox for ever.
 */
export function isRefusedForNow(code: string): boolean {
  return LATER.has(code);
}

/** Whether `thing` can be the seq of a reading. */
export function isSeq(thing: unknown): thing is number {
  return isWhole(thing, 1);
}

/** Whether `thing` is a whole number, exact in a double, from `min` to `max`; from 0 on if they are left out. */
export function isWhole(thing: unknown, min = 0, max = Number.MAX_SAFE_INTEGER): thing is number {
  return typeof thing === 'number' && Number.isSafeInteger(thing) && thing >= min && thing <= max;
}

/** ISO 8601 with an offset, within the same years as a number may be. */
const isoTime = z.iso
  .datetime({ offset: true, error: TIME_FORM, abort: true })
  .refine((text) => isWhole(Date.parse(text), 0, AT_MAX), TIME_FORM);

/** One reading as people and other devices write it. */
export const ReadingObject = z
  .strictObject({
    sensor: name,
    metric: name,
    value,
    /** Left out: `UNIT_UNKNOWN`. */
    unit: unit.optional(),
    /** Milliseconds since 1970, or ISO 8601 with an offset. Left out: the time of arrival. */
    at: z.union([at, isoTime], TIME_FORM).optional(),
    /** Left out: the write API's own default. */
    gateway: name.optional(),
    stream: stream.optional(),
    seq: seq.optional(),
  })
  .refine((one) => (one.stream === undefined) === (one.seq === undefined), {
    message: 'stream and seq go together: give both (exactly once) or neither (stored as it comes)',
    path: ['seq'],
  });
export type ReadingObject = z.infer<typeof ReadingObject>;

/** The unit of a reading whose sender did not say one. */
export const UNIT_UNKNOWN = 'unknown';

/** `POST /api/v1/readings`: one object or a list. With `stream` and `seq` exactly once, else as it comes. */
export const ReadingsRequest = z.array(ReadingObject).min(1).max(BATCH_ROWS_MAX);
export type ReadingsRequest = z.infer<typeof ReadingsRequest>;

/** A word and a sentence; a longer text is somebody's page of HTML. Dead letters and logs keep to it, too. */
export const REFUSAL_CODE_LENGTH_MAX = 64;
export const REFUSAL_MESSAGE_LENGTH_MAX = 400;

/** Why the store refused one reading. The code is a key of `REFUSALS`; newer stores may know more. */
export const Refusal = z.object({
  seq,
  code: z.string().max(REFUSAL_CODE_LENGTH_MAX),
  message: z.string().max(REFUSAL_MESSAGE_LENGTH_MAX),
});
export type Refusal = z.infer<typeof Refusal>;

/**
 * The answer to a batch: what is now durably stored, what already was, and what was refused. Every seq
 * of the request is in exactly one of the three.
 */
export const BatchAnswer = z.object({
  stored: z.array(range),
  duplicate: z.array(range),
  refused: z.array(Refusal),
});
export type BatchAnswer = z.infer<typeof BatchAnswer>;

/** The answer to readings: one entry for each stream of the request, since seqs only mean something within theirs. */
export const ReadingsAnswer = z.object({ results: z.array(BatchAnswer.extend({ stream })) });
export type ReadingsAnswer = z.infer<typeof ReadingsAnswer>;

/**
 * `GET /api/v1/streams/{stream}?from=SEQ`: what the store has of a stream from that seq on. An unknown
 * stream has received nothing. What was declared gone and came after all is only in `received`.
 */
export const StreamAnswer = z.object({
  stream,
  gateway: name.nullable(),
  received: z.array(range),
  gone: z.array(z.tuple([seq, seq, z.enum(GONE_CAUSES)])),
  /** The highest seq ever received, whatever part of the ranges this answer shows. Missing: none. */
  highest: seq.optional(),
  /** There is more: ask again with `from` set to this. Everything below it has been told. */
  next: seq.optional(),
});
export type StreamAnswer = z.infer<typeof StreamAnswer>;

/** `GET /health`: 200 while `status` is `ok`, 503 while the store cannot be read or written. */
export const HealthAnswer = z.object({
  status: z.enum(['ok', 'failing']),
  version: z.string(),
  schema: z.int(),
  uptimeMs: z.int(),
  store: z.object({
    ok: z.boolean(),
    /** Why not, when it is not ok: a `StoreFault` code. */
    code: z.string().optional(),
    /** Version of the schema in the store, not of the wire. */
    schema: z.int(),
    /** Readings stored since this program started. */
    rowsStored: z.int(),
    /** Wall time of the last commit that stored a reading, since this program started. */
    lastStoredAt: at.nullable(),
  }),
});
export type HealthAnswer = z.infer<typeof HealthAnswer>;

/** Every answer that is not a success, as application/problem+json (RFC 9457). */
export const ProblemAnswer = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  /** What was wrong with this request, with its values. */
  detail: z.string(),
  /** Stable, for programs. */
  code: z.string(),
  /** What a person should do. */
  hint: z.string(),
  /** Where in the body, at most 20 of them. */
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type ProblemAnswer = z.infer<typeof ProblemAnswer>;
