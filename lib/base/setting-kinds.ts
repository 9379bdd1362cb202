/**
 * The kinds of settings that there are: what may be written for each, in the file and in the environment, and how a
 * value that may not is turned away. Each refusal is a whole sentence that says what to write instead.
 */

import { z } from 'zod';
import { printable } from './printable.ts';
import { parseDuration, parseSize } from './quantity-text.ts';
import type { Common, Setting } from './setting.ts';

interface WithInitial<T> extends Common {
  readonly initial: T;
}
interface WithNote extends Common {
  /** What happens when it is left out. */
  readonly initialNote: string;
  /** What somebody might write. */
  readonly example: string | number;
}

interface SeveralNote extends Common {
  readonly initialNote: string;
  readonly example: readonly string[];
}

interface Range<T> {
  readonly min: T;
  readonly max: T;
}

type QuantityOptions = Range<string> & (WithInitial<string> | WithNote);

/** A length of time, in milliseconds in the program. */
export function duration(options: Range<string> & WithInitial<string>): Setting<number>;
export function duration(options: Range<string> & WithNote): Setting<number | undefined>;
export function duration(options: QuantityOptions): Setting<number> | Setting<number | undefined> {
  const unit = 'Write a number with its unit, such as 250ms, 10s, 5m, 1h or 7d.';
  const schema = quantity(options, parseDuration, { small: 'too short', large: 'too long', unit, bare: 's' });
  return leaf(options, { schema, values: `${options.min} to ${options.max}`, isDuration: true });
}

/** A number of bytes. */
export function size(options: Range<string> & WithInitial<string>): Setting<number>;
export function size(options: Range<string> & WithNote): Setting<number | undefined>;
export function size(options: QuantityOptions): Setting<number> | Setting<number | undefined> {
  const unit = 'Write a number with its unit, such as 64KiB, 256MiB or 1GiB.';
  const schema = quantity(options, parseSize, { small: 'too small', large: 'too large', unit, bare: 'MiB' });
  return leaf(options, { schema, values: `${options.min} to ${options.max}` });
}

interface QuantityWords {
  readonly small: string;
  readonly large: string;
  readonly unit: string;
  /** The unit that a bare number most likely meant. */
  readonly bare: string;
}

function quantity(
  range: Range<string>,
  parse: (text: string) => number | undefined,
  words: QuantityWords,
): z.ZodType<number> {
  const [min, max] = [parse(range.min), parse(range.max)];
  if (min === undefined || max === undefined)
    throw new TypeError(`not a range: ${range.min} to ${range.max}`);
  return checked(`${range.min} to ${range.max}`, (raw) => {
    if (typeof raw === 'number') {
      return {
        problem: `${shown(raw)} has no unit. Write ${raw}${words.bare} if that is meant. ${use(range)}`,
      };
    }
    const value = typeof raw === 'string' ? parse(raw) : undefined;
    if (value === undefined)
      return { problem: `${shown(raw)} is not understood. ${words.unit} ${use(range)}` };
    if (value < min) return { problem: `${shown(raw)} is ${words.small}. ${use(range)}` };
    if (value > max) return { problem: `${shown(raw)} is ${words.large}. ${use(range)}` };
    return { value };
  });
}

/** A whole number. */
export function integer(options: Range<number> & WithInitial<number>): Setting<number>;
export function integer(options: Range<number> & WithNote): Setting<number | undefined>;
export function integer(
  options: Range<number> & (WithInitial<number> | WithNote),
): Setting<number> | Setting<number | undefined> {
  const schema = numeric(options, (raw) => Number.isSafeInteger(raw), 'a whole number');
  return leaf(options, { schema, values: `${options.min} to ${options.max}`, fromText: numberFromText });
}

/** A number that need not be whole. */
export function fraction(options: Range<number> & WithInitial<number>): Setting<number>;
export function fraction(options: Range<number> & WithNote): Setting<number | undefined>;
export function fraction(
  options: Range<number> & (WithInitial<number> | WithNote),
): Setting<number> | Setting<number | undefined> {
  const schema = numeric(options, (raw) => Number.isFinite(raw), 'a number');
  return leaf(options, { schema, values: `${options.min} to ${options.max}`, fromText: numberFromText });
}

function numeric(range: Range<number>, fits: (raw: number) => boolean, what: string): z.ZodType<number> {
  return checked(`${range.min} to ${range.max}`, (raw) => {
    if (typeof raw !== 'number' || !fits(raw))
      return { problem: `${shown(raw)} is not ${what}. ${use(range)}` };
    if (raw < range.min) return { problem: `${shown(raw)} is too small. ${use(range)}` };
    if (raw > range.max) return { problem: `${shown(raw)} is too large. ${use(range)}` };
    return { value: raw };
  });
}

/** One of a few words (or numbers). */
export function choice<const C extends readonly [string, ...string[]]>(
  options: { readonly of: C } & WithInitial<C[number]>,
): Setting<C[number]>;
export function choice<const C extends readonly [string, ...string[]]>(
  options: { readonly of: C } & Common,
): Setting<C[number]>;
export function choice(
  options: { readonly of: readonly string[]; readonly initial?: string } & Common,
): Setting<string> {
  const words = oneOf(options.of);
  const schema = checked(words, (raw) =>
    typeof raw === 'string' && options.of.includes(raw)
      ? { value: raw }
      : { problem: `${shown(raw)} is not one of them. Use ${words}.` },
  );
  return required({ initial: undefined, ...options }, { schema, values: words });
}

/** Yes or no. */
export function flag(options: WithInitial<boolean>): Setting<boolean> {
  const schema = checked('true or false', (raw) =>
    typeof raw === 'boolean'
      ? { value: raw }
      : { problem: `${shown(raw)} is neither true nor false. Use true or false.` },
  );
  const fromText = (line: string) => (line === 'true' || line === 'false' ? line === 'true' : line);
  return required(options, { schema, values: 'true or false', fromText });
}

export interface TextRules {
  /** For people: `a-z, 0-9, _ and -, at most 48 characters`. */
  readonly values: string;
  /** What is wrong with it, as a sentence; `undefined` if nothing is. */
  readonly problem: (text: string) => string | undefined;
}

/** A text with rules of its own. */
export function text(options: TextRules & WithInitial<string>): Setting<string>;
export function text(options: TextRules & WithNote): Setting<string | undefined>;
export function text(options: TextRules & Common): Setting<string>;
export function text(
  options: TextRules & Common & { initial?: string; initialNote?: string; example?: string | number },
): Setting<string> | Setting<string | undefined> {
  const schema = checked<string>(options.values, (raw) => {
    if (typeof raw !== 'string') return { problem: `${shown(raw)} is not text. Use ${options.values}.` };
    const problem = options.problem(raw);
    return problem === undefined ? { value: raw } : { problem };
  });
  return leaf(options, { schema, values: options.values });
}

interface SeveralOptions<T> {
  readonly of: Setting<T>;
  readonly countMax: number;
}

/** A few values of one kind: `[10s, 30s, 60s]`, in the environment `10s,30s,60s`. */
export function several<T>(
  options: SeveralOptions<T> & WithInitial<readonly string[]>,
): Setting<readonly T[]>;
export function several<T>(options: SeveralOptions<T> & SeveralNote): Setting<readonly T[] | undefined>;
export function several<T>(
  options: SeveralOptions<T> & (WithInitial<readonly string[]> | SeveralNote),
): Setting<readonly T[]> | Setting<readonly T[] | undefined> {
  const example = 'initial' in options ? options.initial : options.example;
  const wanted = `Use a list of 1 to ${options.countMax}, such as [${example.join(', ')}].`;
  const schema = z
    .array(options.of.schema, { error: (issue) => `${shown(issue.input)} is not a list. ${wanted}` })
    .min(1, `An empty list. ${wanted}`)
    .max(options.countMax, `Too many. ${wanted}`);
  return leaf<readonly T[]>(options, {
    schema,
    values: `1 to ${options.countMax} of ${options.of.values}`,
    isDuration: options.of.isDuration,
    fromText: (line) =>
      line
        .replace(/^\s*\[|\]\s*$/g, '')
        .split(',')
        // Quoted as they are in the file, or in JSON.
        .map((word) => word.trim().replace(/^(["'])(.*)\1$/, '$2')),
  });
}

/** Names and what belongs to each: `{temp1: attic}`. */
export function table<T>(options: {
  readonly about: string;
  /** What a name may be. */
  readonly key: TextRules;
  readonly of: Setting<T>;
  readonly countMax: number;
  readonly initialNote: string;
  readonly example: Readonly<Record<string, string>>;
}): Setting<Readonly<Record<string, T>> | undefined> {
  const { key, of, countMax, example } = options;
  const shownExample = Object.entries(example).map(([name, value]) => `${name}: ${value}`);
  const wanted = `Use up to ${countMax} lines such as "${shownExample[0]}".`;
  const schema = z.unknown().transform((raw, context) => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
      context.addIssue({ code: 'custom', message: `${shown(raw)} is not a group of keys. ${wanted}` });
      return z.NEVER;
    }
    const entries = Object.entries(raw);
    if (entries.length > countMax)
      context.addIssue({ code: 'custom', message: `${entries.length} are too many. ${wanted}` });
    const known = entries.flatMap(([name, value]): [string, T][] => {
      const problem = key.problem(name);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, path: [name] });
      const parsed = of.schema.safeParse(value);
      for (const issue of parsed.error?.issues ?? [])
        context.addIssue({ code: 'custom', message: issue.message, path: [name, ...issue.path] });
      return parsed.success ? [[name, parsed.data]] : [];
    });
    return Object.fromEntries(known);
  });
  const { about, initialNote } = options;
  return {
    ...required<Readonly<Record<string, T>> | undefined>(
      { about, initial: undefined },
      { schema: schema.optional(), values: `up to ${countMax} lines such as ${shownExample[0]}` },
    ),
    initialNote,
    example,
  };
}

interface LeafParts<T> {
  readonly schema: z.ZodType<T>;
  readonly values: string;
  readonly isDuration?: boolean;
  readonly fromText?: (text: string) => unknown;
}

function leaf<T>(
  options: Common & { initial?: unknown; initialNote?: string; example?: unknown },
  parts: LeafParts<T>,
): Setting<T> | Setting<T | undefined> {
  const setting = required({ initial: undefined, ...options }, parts);
  if (options.initialNote === undefined) return setting;
  const { initialNote, example } = options;
  return { ...setting, schema: parts.schema.optional(), initialNote, example };
}

function required<T>(options: Common & { initial: unknown }, parts: LeafParts<T>): Setting<T> {
  const { fromText = (line: string) => line, isDuration = false, values, schema } = parts;
  const { about, initial } = options;
  return {
    node: 'setting',
    schema,
    fromText,
    values,
    isDuration,
    initial,
    initialNote: undefined,
    example: undefined,
    about,
  };
}

/** A zod type from a function that either accepts or says, in a sentence, what is wrong. */
function checked<T>(
  values: string,
  judge: (raw: unknown) => { value: T } | { problem: string },
): z.ZodType<T> {
  return z.unknown().transform((raw, context) => {
    const missing = raw === undefined ? 'is missing' : raw === null ? 'has no value' : undefined;
    const verdict = missing === undefined ? judge(raw) : { problem: `${missing}. Use ${values}.` };
    if ('value' in verdict) return verdict.value;
    context.addIssue({ code: 'custom', message: verdict.problem });
    return z.NEVER;
  });
}

function numberFromText(line: string): unknown {
  return /^-?(0x[0-9a-f]+|\d+(\.\d+)?)$/i.test(line) ? Number(line) : line;
}

function use(range: Range<string | number>): string {
  return `Use ${range.min} to ${range.max}.`;
}

/** Long enough to recognise, short enough for one line. */
const SHOWN_LENGTH_MAX = 60;

/** The offending value, quoted for a message. */
export function shown(raw: unknown): string {
  if (raw === undefined || raw === null) return 'no value';
  if (typeof raw === 'string') return `"${printable(raw, SHOWN_LENGTH_MAX)}"`;
  if (Array.isArray(raw)) return 'a list';
  return typeof raw === 'object' ? 'a group of keys' : String(raw);
}

/** For people: `a, b or c`. */
function oneOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
