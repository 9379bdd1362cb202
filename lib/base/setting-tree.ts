/** Walks through a tree of settings: every setting with its path in the file, and the keys of a group. */

import type { Path } from './config-file.ts';
import { keyOf, type Node, type Section } from './setting.ts';

/** Every setting and list of a tree with its path in the file, in the order of the tree. */
export function* settingsOf(
  node: Node,
  path: readonly string[] = [],
): Generator<{ path: readonly string[]; node: Exclude<Node, Section> }> {
  if (node.node !== 'section') yield { path, node };
  else for (const [name, child] of entriesOf(node)) yield* settingsOf(child, [...path, keyOf(name, child)]);
}

/** The children of a section, typed: `Object.entries` forgets. */
export function entriesOf(node: Section): [name: string, child: Node][] {
  return Object.entries(node.shape);
}

/** What is at `path`; any number leads into a list. */
export function nodeAt(tree: Node, path: Path): Node | undefined {
  let node: Node | undefined = tree;
  for (const step of path) {
    if (node?.node === 'list') node = node.entry;
    else if (node?.node === 'section')
      node = entriesOf(node).find(([name, one]) => keyOf(name, one) === step)?.[1];
    else return undefined;
  }
  return node;
}

/** The keys that are known in the group at `path`. */
export function keysAt(tree: Node, path: Path): string[] {
  const node = nodeAt(tree, path);
  return node?.node === 'section' ? entriesOf(node).map(([name, child]) => keyOf(name, child)) : [];
}
