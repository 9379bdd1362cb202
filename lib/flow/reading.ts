/**
 * What a reading is, and how it looks on the wire. Together with `seq-ranges.ts` this file is the whole
 * contract between the reader and the write API: neither imports anything else of the other.
 *
 * The schemas are written once, here, and serve validation, types and documentation.
 */

import { z } from 'zod';

/** Sensors, metrics and gateways: safe as a label, a topic, a file name and in a log line. */
export const NAME_PATTERN = /^[a-z0-9_-]{1,48}$/;

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
const UNIT_PATTERN = /^[A-Za-z0-9%°µ/_.^-]{1,24}$/;

/** Bits of `flags`. A reading without remarks has flags 0, and they are then left off the wire. */
export const FLAG = {
  /** Its time was taken from a clock that nobody vouched for. */
  clockUntrusted: 1,
  /** It failed a plausibility check and was kept with this mark. */
  suspect: 2,
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

/** Why a seq will never arrive. Declared to the store, so that no gap is unexplained. */
export const GONE_CAUSES = ['shed', 'thinned', 'buried', 'corrupt', 'rolled_back'] as const;
export type GoneCause = (typeof GONE_CAUSES)[number];

/** At most so many readings a request: about 50 KiB compact, 150 KiB as objects, 10 ms of work on a Pi. */
export const BATCH_ROWS_MAX = 1_000;
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

const name = z.string().regex(NAME_PATTERN, 'must be 1 to 48 characters of a-z, 0-9, _ and -');
const stream = z.string().regex(STREAM_PATTERN, 'must be 8 to 64 characters of a-z and 0-9');
const unit = z.string().regex(UNIT_PATTERN, 'must be 1 to 24 characters, such as celsius, percent or hPa');
/** Sequence numbers start at 1 and stay exact in a double. */
const seq = z.int().min(1);
/** 1970 to 9999, in milliseconds. */
const at = z.int().min(0).max(253_402_300_799_999);
const flags = z.int().min(0).max(255);
const range = z.tuple([seq, seq]).refine(([lo, hi]) => lo <= hi, 'a range must not end before it starts');

/** `POST /api/v1/batches`: the reader's compact form. A reading refers to its series by index. */
export const BatchRequest = z.strictObject({
  gateway: name,
  stream,
  series: z.array(z.strictObject({ sensor: name, metric: name, unit })).max(BATCH_ROWS_MAX),
  readings: z
    .array(
      z.union([
        z.tuple([seq, z.int().min(0), at, z.number()]),
        z.tuple([seq, z.int().min(0), at, z.number(), flags]),
      ]),
    )
    .max(BATCH_ROWS_MAX),
  gone: z
    .array(z.tuple([seq, seq, z.enum(GONE_CAUSES)]))
    .max(BATCH_ROWS_MAX)
    .optional(),
});
export type BatchRequest = z.infer<typeof BatchRequest>;

/** `POST /api/v1/readings`: for people and other devices. With `stream` and `seq` exactly once, else as it comes. */
export const ReadingsRequest = z
  .array(
    z
      .strictObject({
        sensor: name,
        metric: name,
        value: z.number(),
        unit: unit.optional(),
        /** Milliseconds since 1970, or ISO 8601 with an offset. Left out: the time of arrival. */
        at: z.union([at, z.iso.datetime({ offset: true })]).optional(),
        gateway: name.optional(),
        stream: stream.optional(),
        seq: seq.optional(),
      })
      .refine((one) => (one.stream === undefined) === (one.seq === undefined), 'stream and seq go together'),
  )
  .min(1)
  .max(BATCH_ROWS_MAX);
export type ReadingsRequest = z.infer<typeof ReadingsRequest>;

/** Why the store refused one reading, for good. */
export const Refusal = z.object({ seq, code: z.string().max(64), message: z.string().max(400) });
export type Refusal = z.infer<typeof Refusal>;

/** The answer to both: what is now durably stored, what already was, and what never will be. */
export const BatchAnswer = z.object({
  stored: z.array(range),
  duplicate: z.array(range),
  refused: z.array(Refusal),
});
export type BatchAnswer = z.infer<typeof BatchAnswer>;

/** `GET /api/v1/streams/{stream}`: what the store has of a stream. Unknown streams have received nothing. */
export const StreamAnswer = z.object({
  stream,
  gateway: name.nullable(),
  received: z.array(range),
  gone: z.array(z.tuple([seq, seq, z.enum(GONE_CAUSES)])),
});
export type StreamAnswer = z.infer<typeof StreamAnswer>;
