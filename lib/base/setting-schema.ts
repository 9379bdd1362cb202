/** From a tree of settings to what judges values by it: all of them, with everything that is wrong at once. */

import { z } from 'zod';
import type { Path } from './config-file.ts';
import { keyOf, type List, type Node, type Section, type Shape, type ValueOf } from './setting.ts';
import { shown } from './setting-kinds.ts';
import { entriesOf } from './setting-tree.ts';

/** What is wrong at `path`. */
export interface Flaw {
  readonly path: Path;
  readonly message: string;
  /** Keys of the group at `path` that nobody knows; that is then all that is wrong. */
  readonly unknownKeys: readonly string[];
}

export type Judged<V> = { readonly value: V } | { readonly flaws: readonly Flaw[] };

/** Defaults are filled in, and keys of the file become names of the program. */
export function judgeOf<const S extends Shape>(
  tree: Section<S>,
): (raw: unknown) => Judged<ValueOf<Section<S>>> {
  // zod cannot name the result: keys are renamed on the way. `ValueOf` follows the same rule.
  const schema = schemaOf(tree) as z.ZodType<ValueOf<Section<S>>>;
  return (raw) => {
    const result = schema.safeParse(raw);
    return result.success ? { value: result.data } : { flaws: result.error.issues.map(flawOf) };
  };
}

function flawOf(issue: z.core.$ZodIssue): Flaw {
  return {
    path: issue.path.filter((step) => typeof step !== 'symbol'),
    message: issue.message,
    unknownKeys: issue.code === 'unrecognized_keys' ? issue.keys : [],
  };
}

function schemaOf(node: Node): z.ZodType {
  switch (node.node) {
    case 'setting':
      return node.initial === undefined ? node.schema : node.schema.prefault(node.initial);
    case 'section':
      return sectionSchema(node);
    case 'list':
      return listSchema(node);
  }
}

function sectionSchema(node: Section): z.ZodType {
  const children = entriesOf(node).map(([name, child]) => ({ name, child, key: keyOf(name, child) }));
  return z
    .preprocess(
      // A heading whose keys are all commented out is an empty group, not a mistake.
      (raw) => raw ?? {},
      z.strictObject(Object.fromEntries(children.map(({ key, child }) => [key, schemaOf(child)])), {
        error: (issue) =>
          issue.code === 'invalid_type'
            ? `${shown(issue.input)} stands where a group of keys belongs (${children.map((one) => one.key).join(', ')}).`
            : undefined,
      }),
    )
    .transform((value) => Object.fromEntries(children.map(({ name, key }) => [name, value[key]])))
    .prefault({});
}

function listSchema(node: List): z.ZodType {
  const { bareKey, entriesMax } = node;
  const entry = z.preprocess(
    (raw) => (bareKey !== undefined && typeof raw === 'string' ? { [bareKey]: raw } : raw),
    sectionSchema(node.entry),
  );
  return z
    .array(entry, { error: (issue) => `${shown(issue.input)} is not a list. Start each entry with "- ".` })
    .min(node.initial.length === 0 ? 0 : 1, 'the list is empty. Leave the key out to get the default.')
    .max(entriesMax, `more than ${entriesMax} entries.`)
    .prefault([...node.initial]);
}
