/**
 * The kinds of settings. A product writes its settings once, as a tree of these; types, validation,
 * defaults, environment names and documentation all follow from that tree.
 *
 * A setting is written under its name in the program (`intervalMs`); the key in the file is derived
 * from it (`interval`): words joined by `_`, and no unit, because the value carries one (`10s`).
 */

import type { z } from 'zod';

export interface Setting<T> {
  readonly node: 'setting';
  /** From the value in the file to the value in the program; its issues are whole sentences. */
  readonly schema: z.ZodType<T>;
  /** Each value of the environment is text: does it name a number, a list, or is it text already? */
  readonly fromText: (text: string) => unknown;
  /** What may be written, for people: `1s to 1h`. */
  readonly values: string;
  /** As it would stand in the file; `undefined` if there is none, see `initialNote`. */
  readonly initial: unknown;
  /** What happens without it, where that is not a fixed value: `this machine's name`. */
  readonly initialNote: string | undefined;
  /** What somebody might write where there is no `initial`. */
  readonly example: unknown;
  readonly about: string;
  /** Whether the name in the program ends in `Ms`. */
  readonly isDuration: boolean;
}

export interface Section<S extends Shape = Shape> {
  readonly node: 'section';
  readonly about: string;
  readonly shape: S;
}

export interface List<S extends Shape = Shape> {
  readonly node: 'list';
  readonly about: string;
  readonly entry: Section<S>;
  readonly entriesMax: number;
  /** An entry that is a bare word stands for this key of it: `- kernel` for `- type: kernel`. */
  readonly bareKey: string | undefined;
  readonly initial: readonly unknown[];
  /** What somebody might write where there is no entry by default. */
  readonly example: readonly object[];
}

// biome-ignore lint/suspicious/noExplicitAny: a setting of whatever type; `unknown` would not accept a `Setting<number>`.
export type Node = Setting<any> | Section<any> | List<any>;
export type Shape = { readonly [name: string]: Node };

/** The value in the program that a node of the tree stands for. */
export type ValueOf<N> =
  N extends Setting<infer T>
    ? T
    : N extends Section<infer S>
      ? { readonly [K in keyof S]: ValueOf<S[K]> }
      : N extends List<infer S>
        ? readonly { readonly [K in keyof S]: ValueOf<S[K]> }[]
        : never;

export interface Common {
  /** One or two full sentences: what it decides, and when one would change it. */
  readonly about: string;
}
export function section<const S extends Shape>(about: string, shape: S): Section<S> {
  return { node: 'section', about, shape };
}

export function list<const S extends Shape>(
  options: Common & {
    entry: S;
    entriesMax: number;
    bareKey?: string;
    /** An empty one means that the list may be empty. */
    initial: readonly unknown[];
    example?: readonly object[];
  },
): List<S> {
  const { about, entriesMax, bareKey, initial, example = [] } = options;
  return { node: 'list', about, entriesMax, bareKey, initial, example, entry: section(about, options.entry) };
}

/** The key in the file for a name in the program: `requestTimeoutMs` is `request_timeout`. */
export function keyOf(name: string, node: Node): string {
  const bare = node.node === 'setting' && node.isDuration ? name.replace(/Ms$/, '') : name;
  return bare.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
