/**
 * Settings, read once, checked whole, frozen. Values come from a YAML file, then from environment
 * variables that override it, then from the tree's defaults. Everything that is wrong is reported at
 * once, each with its place, the value, what would be right and, for an unknown key, the nearest known
 * one. If anything is wrong there is no configuration at all.
 */

import { z } from 'zod';
import { type ConfigFile, type Path, parseConfig, readConfigFile } from './config-file.ts';
import { GatewayError, messageOf } from './errors.ts';
import { didYouMean } from './nearest.ts';
import { printable } from './printable.ts';
import { keyOf, type List, type Node, type Section, type Shape, shown, type ValueOf } from './setting.ts';

/** Reports a problem between settings; the message is placed at the first path. */
export type ReportProblem = (paths: readonly [Path, ...Path[]], message: string) => void;

export interface LoadOptions<S extends Shape> {
  readonly tree: Section<S>;
  /** The file that must exist; `undefined`: defaults and environment only. */
  readonly file: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** All variables that start so are ours, and a wrong one is an error: `SENSORGW_`. */
  readonly prefix: string;
  /** Variables with the prefix that other parts of the product read. */
  readonly otherVariables: readonly string[];
  /** What must hold between settings. Called with the checked values; a path holds keys of the file. */
  readonly check?: (value: ValueOf<Section<S>>, report: ReportProblem) => void;
}

export interface Loaded<V> {
  readonly value: V;
  /** What stands at `path` in the file's own form, and where it comes from; `undefined`: the default holds. */
  given(path: Path): { readonly raw: unknown; readonly place: string } | undefined;
}

/** What a person reads before mending; the wrong file given by mistake may have thousands, and each is looked up in it. */
const PROBLEMS_TOLD_MAX = 20;

interface Problem {
  readonly place: string;
  readonly path: string;
  readonly message: string;
}

/** Throws `SGW_CONFIG_INVALID` with the full list of problems, or `SGW_CONFIG_UNREADABLE`. */
export function loadSettings<const S extends Shape>(options: LoadOptions<S>): Loaded<ValueOf<Section<S>>> {
  const { tree, file } = options;
  const source = file === undefined ? parseConfig('built-in defaults', '') : readConfigFile(file);
  const problems: Problem[] = source.problems.map((problem) => ({ ...problem, path: '' }));
  if (problems.length > 0) throw invalid(problems);

  const raw: unknown = structuredClone(source.values);
  const overrides = applyEnvironment(options, raw, problems);
  const place = (path: Path, ofKey = false) =>
    overrides.get(ownerOf(path, overrides))?.variable ??
    (ofKey ? source.placeOfKey(path) : source.placeOf(path));

  const isGiven = (path: Path) => ownerOf(path, overrides) !== '' || source.has(path);

  // zod cannot name the result: keys are renamed on the way. `ValueOf` follows the same rule.
  const schema = schemaOf(tree) as z.ZodType<ValueOf<Section<S>>>;
  const first = schema.safeParse(raw);
  const broken: Path[] = [];
  let untold = 0;
  const tell = (path: Path, ofKey: boolean, message: () => string) => {
    broken.push(path);
    if (problems.length >= PROBLEMS_TOLD_MAX) untold += 1;
    else problems.push({ place: place(path, ofKey), path: dotted(path), message: message() });
  };
  for (const issue of first.error?.issues ?? []) {
    const path = stepsOf(issue);
    if (issue.code !== 'unrecognized_keys') tell(path, false, () => issue.message);
    else {
      const hint = (key: string) => didYouMean(key, keysAt(tree, path));
      for (const key of issue.keys)
        tell([...path, key], true, () => `unknown key "${printable(key, 60)}".${hint(key)}`);
    }
  }

  // What holds between settings is said in the same breath: with the broken ones left out, the rest
  // can be judged, except where a broken one is involved.
  let rest = first;
  for (const cut of [(path: Path) => path, (path: Path) => path.slice(0, 1)]) {
    if (rest.success) break;
    // A required key that is missing cannot be left out; then its whole group is.
    if (rest !== first) broken.push(...rest.error.issues.map((issue) => cut(stepsOf(issue))));
    for (const path of broken) remove(raw, path);
    rest = schema.safeParse(raw);
  }
  if (rest.success) {
    options.check?.(rest.data, (paths, message) => {
      if (paths.some((path) => broken.some((one) => startsWith(path, one) || startsWith(one, path)))) return;
      // A default may be the culprit by name; the person can only look at what is written.
      const path = paths.find(isGiven) ?? paths[0];
      problems.push({ place: place(path), path: dotted(path), message });
    });
  }
  if (problems.length > 0 || !rest.success) throw invalid(problems, untold);

  return {
    value: deepFreeze(rest.data),
    given(path) {
      const value = valueAt(raw, path);
      return value === undefined || value === null
        ? undefined
        : { raw: value, place: givenPlace(source, path) };
    },
  };

  function givenPlace(from: ConfigFile, path: Path): string {
    return overrides.get(dotted(path))?.variable ?? from.placeOfKey(path);
  }
}

/** `SENSORGW_SAMPLING_INTERVAL` for `sampling.interval`. */
export function variableOf(prefix: string, path: Path): string {
  return prefix + path.join('_').toUpperCase();
}

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

/** Writes the environment's values into `raw`; returns them by the dotted path that they replaced. */
function applyEnvironment<S extends Shape>(
  options: LoadOptions<S>,
  raw: unknown,
  problems: Problem[],
): Map<string, { variable: string }> {
  const { prefix, environment, otherVariables } = options;
  const known = new Map([...settingsOf(options.tree)].map((one) => [variableOf(prefix, one.path), one]));
  const overrides = new Map<string, { variable: string }>();
  for (const [variable, line] of Object.entries(environment)) {
    // An empty variable is how unit files and containers say "not set".
    if (!variable.startsWith(prefix) || line === undefined || line === '') continue;
    if (otherVariables.includes(variable)) continue;
    const target = known.get(variable);
    if (target === undefined) {
      const hint = didYouMean(variable, [...known.keys(), ...otherVariables]);
      problems.push({ place: printable(variable, 80), path: '', message: `unknown variable.${hint}` });
      continue;
    }
    try {
      const value = target.node.node === 'list' ? listFromText(variable, line) : target.node.fromText(line);
      if (write(raw, target.path, value)) overrides.set(dotted(target.path), { variable });
    } catch (error) {
      problems.push({ place: variable, path: dotted(target.path), message: messageOf(error) });
    }
  }
  return overrides;
}

/** `kernel,simulated` or YAML in one line: `[{name: local, url: "http://127.0.0.1:8470"}]`. */
function listFromText(variable: string, line: string): unknown {
  const { values, problems } = parseConfig(variable, line.trim().startsWith('[') ? line : `[${line}]`);
  if (problems[0] !== undefined) throw new Error(problems[0].message);
  return values;
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
    .min(1, 'the list is empty. Leave the key out to get the default.')
    .max(entriesMax, `more than ${entriesMax} entries.`)
    .prefault([...node.initial]);
}

/** The keys that are known in the group at `path`. */
function keysAt(tree: Node, path: Path): string[] {
  let node: Node | undefined = tree;
  for (const step of path) {
    if (node?.node === 'list') node = node.entry;
    else if (node?.node === 'section')
      node = entriesOf(node).find(([name, one]) => keyOf(name, one) === step)?.[1];
  }
  return node?.node === 'section' ? entriesOf(node).map(([name, child]) => keyOf(name, child)) : [];
}

function invalid(problems: readonly Problem[], untold = 0): GatewayError {
  const inOrder = problems.toSorted((a, b) => a.place.localeCompare(b.place, 'en', { numeric: true }));
  const told = inOrder
    .slice(0, PROBLEMS_TOLD_MAX)
    .map(({ place, path, message }) => `${place}${path && `  ${path}`}\n  ${message}`);
  const all = problems.length + untold;
  const count = all === 1 ? '1 problem' : `${all} problems`;
  const first = all > told.length ? ` (the first ${told.length} are shown)` : '';
  return new GatewayError(
    'SGW_CONFIG_INVALID',
    [...told, `${count}${first}. Nothing was started.`].join('\n'),
  );
}

function stepsOf(issue: z.core.$ZodIssue): Path {
  return issue.path.filter((step) => typeof step !== 'symbol');
}

/** For people: `destinations[0].url`. */
function dotted(path: Path): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${printable(step, 60)}`))
    .join('');
}

/** The override that a path lies in, if any: an entry of a list comes from where the list comes from. */
function ownerOf(path: Path, overrides: ReadonlyMap<string, unknown>): string {
  for (let length = path.length; length > 0; length -= 1) {
    const owner = dotted(path.slice(0, length));
    if (overrides.has(owner)) return owner;
  }
  return '';
}

function isGroup(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) value = isGroup(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  return value;
}

/** False if something that is no group is in the way; that will be reported for itself. */
function write(root: unknown, path: readonly string[], value: unknown): boolean {
  let group = root;
  for (const step of path.slice(0, -1)) {
    if (!isGroup(group)) return false;
    group[step] ??= {};
    group = group[step];
  }
  const last = path.at(-1);
  if (!isGroup(group) || Array.isArray(group) || last === undefined) return false;
  group[last] = value;
  return true;
}

function remove(root: unknown, path: Path): void {
  const group = valueAt(root, path.slice(0, -1));
  const last = path.at(-1);
  if (!isGroup(group) || last === undefined) return;
  if (Array.isArray(group) && typeof last === 'number') group[last] = undefined;
  else delete group[last];
}

function startsWith(path: Path, beginning: Path): boolean {
  return beginning.length <= path.length && beginning.every((step, i) => step === path[i]);
}

function deepFreeze<T>(value: T): T {
  if (isGroup(value)) for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}
