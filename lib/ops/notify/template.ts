/**
 * The body of a webhook: JSON that somebody has written, with `{{subject}}` and the like in its texts. They are
 * replaced in what the JSON means and not in how it is written, so that nothing in a message can break out of it.
 * A text that is nothing but `{{tickets}}` or `{{count}}` becomes the list or the number itself.
 */

import { didYouMean } from '../../base/nearest.ts';
import type { Message } from './message.ts';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

const FIELDS: Readonly<Record<string, (message: Message) => JsonValue>> = {
  id: ({ id }) => id,
  at: ({ at }) => new Date(at).toISOString(),
  gateway: ({ gateway }) => gateway,
  subject: ({ subject }) => subject,
  text: ({ text }) => text,
  severity: ({ severity }) => severity,
  state: ({ over }) => (over ? 'resolved' : 'open'),
  count: ({ tickets, more }) => tickets.length + more,
  tickets: ({ tickets }) => tickets.map((one) => ({ ...one })),
};
const TEMPLATE_FIELDS: readonly string[] = Object.keys(FIELDS);

/** What is sent when nobody has written anything else. */
export const USUAL_TEMPLATE: JsonValue = Object.fromEntries(
  TEMPLATE_FIELDS.map((field) => [field, `{{${field}}}`]),
);

/** Deeper is a mistake; nothing that takes webhooks asks for more. */
const DEPTH_MAX = 16;
const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** Throws a RangeError that says, in a sentence, what is wrong. */
export function parseTemplate(text: string): JsonValue {
  let template: JsonValue;
  try {
    template = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw new RangeError(`is not JSON: ${why.replaceAll(/\s+/g, ' ')}.`);
  }
  if (typeof template !== 'object' || template === null) throw new RangeError('is no JSON object or list.');
  for (const one of textsIn(template, 0)) {
    for (const [, name = ''] of one.matchAll(PLACEHOLDER)) {
      if (Object.hasOwn(FIELDS, name)) continue;
      const known = TEMPLATE_FIELDS.map((field) => `{{${field}}}`).join(', ');
      throw new RangeError(
        `has "{{${name}}}", which nobody fills in.${didYouMean(name, TEMPLATE_FIELDS)} Use ${known}.`,
      );
    }
  }
  return template;
}

export function filledIn(template: JsonValue, message: Message): JsonValue {
  if (typeof template === 'string') return fillText(template, message);
  if (Array.isArray(template)) return template.map((one: JsonValue) => filledIn(one, message));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, filledIn(value, message)]));
}

function fillText(text: string, message: Message): JsonValue {
  const whole = /^\{\{\s*(\w+)\s*\}\}$/.exec(text)?.[1];
  if (whole !== undefined) return FIELDS[whole]?.(message) ?? text;
  return text.replaceAll(PLACEHOLDER, (placeholder, name: string) => {
    const value = FIELDS[name]?.(message);
    if (value === undefined) return placeholder;
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  });
}

function* textsIn(value: JsonValue, depth: number): Generator<string> {
  if (depth > DEPTH_MAX) throw new RangeError(`is deeper than ${DEPTH_MAX} levels.`);
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) yield* textsIn(inner, depth + 1);
}
