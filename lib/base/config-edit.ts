/**
 * One value put into a YAML text, with everything else left as it was: comments, order, blank lines. The text is
 * changed at the one place where that is possible; where it is not, the document is written afresh, which keeps
 * comments but not their columns. Either way the result is read again and compared before it is given out.
 */

import { isDeepStrictEqual } from 'node:util';
import { type Document, isCollection, isMap, isScalar, type Node, parseDocument, stringify } from 'yaml';
import type { Path } from './config-file.ts';

/** YAML of a house: two spaces a level. */
const INDENT = 2;

/** In one line, as a person would write it. */
const FORM = {
  collectionStyle: 'flow',
  flowCollectionPadding: false,
  lineWidth: 0,
  blockQuote: false,
} as const;

/**
 * `text` with `value` at `path`. The text must be one that `parseConfig` accepts. Throws if something that is no
 * group is in the way.
 */
export function withValue(text: string, path: Path, value: unknown): string {
  const document = parseDocument(text);
  const wanted = parseDocument(text);
  wanted.setIn(path, value);
  const values: unknown = wanted.toJS();
  const candidates = [replaced(text, document, path, value), added(text, document, path, value)];
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    const again = parseDocument(candidate);
    if (again.errors.length === 0 && isDeepStrictEqual(again.toJS(), values)) return candidate;
  }
  return wanted.toString({ lineWidth: 0 });
}

/** The same text with another value where there is one: `interval: 10s`. */
function replaced(text: string, document: Document, path: Path, value: unknown): string | undefined {
  const node = document.getIn(path, true);
  if (!(isScalar(node) || isCollection(node)) || !node.range) return undefined;
  const [start, end] = node.range;
  if (isCollection(node) && !node.flow) return undefined;
  return end > start ? text.slice(0, start) + inline(value) + text.slice(end) : undefined;
}

/** A line of its own behind the last one of the group that it belongs to. */
function added(text: string, document: Document, path: Path, value: unknown): string | undefined {
  let depth = path.length - 1;
  while (depth > 0 && !isMap(document.getIn(path.slice(0, depth), true))) depth -= 1;
  const group: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
  const rest = path.slice(depth);
  if (group === null) return `${ended(text)}${lines(rest, value, 0)}\n`;
  if (!isMap(group) || group.flow) return undefined;
  const [first, last] = [group.items[0], group.items.at(-1)];
  const at = startOf(first?.key);
  const end = endOf(last?.value) ?? endOf(last?.key);
  if (at === undefined || end === undefined) return undefined;
  const column = at - (text.lastIndexOf('\n', at - 1) + 1);
  const lineEnd = text.indexOf('\n', end);
  const position = lineEnd === -1 ? text.length : lineEnd;
  return `${text.slice(0, position)}\n${lines(rest, value, column)}${lineEnd === -1 ? '\n' : text.slice(position)}`;
}

/** `interval: 5s`, or the groups around it that are not there yet. */
function lines(path: Path, value: unknown, column: number): string {
  return path
    .map((step, depth) => {
      const own = depth === path.length - 1 ? ` ${inline(value)}` : '';
      return `${' '.repeat(column + depth * INDENT)}${step}:${own}`;
    })
    .join('\n');
}

function inline(value: unknown): string {
  return stringify(value, FORM).trim();
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Where the last scalar in it ends: a group's own end may lie behind the comments that follow it. */
function endOf(node: unknown): number | undefined {
  if (isMap(node)) return endOf(node.items.at(-1)?.value) ?? endOf(node.items.at(-1)?.key);
  if (isCollection(node) && !node.flow) return endOf(node.items.at(-1));
  return isNode(node) ? node.range?.[1] : undefined;
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isCollection(value);
}
