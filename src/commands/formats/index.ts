/**
 * What each command prints with `--json`, line by line, without the name of its format that goes before it
 * (`json-format.ts`). Not loaded by a command: tests hold what is really printed against it, and
 * `docs/json-formats.json` is made from it.
 */

import { z } from 'zod';
import type { Command } from '../command.ts';
import { formatOf } from '../json-format.ts';
import { CHANGE_FORMATS } from './changes.ts';
import { HEALTH_FORMATS } from './health.ts';
import { NOTIFY_FORMATS } from './notify.ts';
import { READINGS_FORMATS } from './readings.ts';
import { TICKET_FORMATS } from './tickets.ts';

/** By the name of the command. */
export const FORMATS: Readonly<Record<string, z.ZodType>> = {
  ...HEALTH_FORMATS,
  ...READINGS_FORMATS,
  ...CHANGE_FORMATS,
  ...TICKET_FORMATS,
  ...NOTIFY_FORMATS,
};

/** All of them as one JSON Schema: `$defs` has each under the name that its objects carry. */
export function jsonFormats(commands: readonly Command[]): object {
  const named = commands.flatMap((command) => {
    const format = formatOf(command);
    const schema = FORMATS[command.name];
    return command.hidden || format === undefined || schema === undefined ? [] : [[format, schema] as const];
  });
  const definitions = named.map(([format, schema]) => {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'output', override: plainly });
    return [format, withName(rest, format)];
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title:
      'What sensorctl prints with --json: each object names its format, and has the definition of that name.',
    $defs: Object.fromEntries(definitions),
  };
}

/** Without what says no more than the type does: the pattern of a time, and that a number is one that JSON can hold. */
function plainly({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}

/** An object of a strict format says which it is. */
function withName(schema: Readonly<Record<string, unknown>>, format: string): object {
  const { anyOf, properties, required } = schema;
  if (Array.isArray(anyOf)) return { ...schema, anyOf: anyOf.map((one) => withName(one, format)) };
  return {
    ...schema,
    properties: { format: { const: format }, ...(properties instanceof Object ? properties : {}) },
    required: ['format', ...(Array.isArray(required) ? required : [])],
  };
}
