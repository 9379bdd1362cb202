/**
 * Settings, read once, checked whole, frozen. Values come from a YAML file, then from environment
 * variables that override it, then from the tree's defaults. Everything that is wrong is reported at
 * once, each with its place, the value, what would be right and, for an unknown key, the nearest known
 * one. If anything is wrong there is no configuration at all.
 */

import { applyEnvironment, type EnvironmentOptions, type Overrides } from './config-environment.ts';
import { type ConfigFile, type Path, parseConfig, readConfigFile } from './config-file.ts';
import { type ConfigProblems, createConfigProblems } from './config-problems.ts';
import { didYouMean } from './nearest.ts';
import { printable } from './printable.ts';
import type { Section, Shape, ValueOf } from './setting.ts';
import { type Flaw, type Judged, judgeOf } from './setting-schema.ts';
import { keysAt } from './setting-tree.ts';
import { deepFreeze, dotted, overlap, remove, valueAt } from './value-path.ts';

/** Reports a problem between settings; the message is placed at the first path. */
export type ReportProblem = (paths: readonly [Path, ...Path[]], message: string) => void;

export interface LoadOptions<S extends Shape> extends EnvironmentOptions {
  readonly tree: Section<S>;
  /** The file that must exist; `undefined`: defaults and environment only. */
  readonly file: string | undefined;
  /** What must hold between settings. Called with the checked values; a path holds keys of the file. */
  readonly check?: (value: ValueOf<Section<S>>, report: ReportProblem) => void;
}

export interface Loaded<V> {
  readonly value: V;
  /** What stands at `path` in the file's own form, and where it comes from; `undefined`: the default holds. */
  given(path: Path): { readonly raw: unknown; readonly place: string } | undefined;
}

/** Throws `SGW_CONFIG_INVALID` with the full list of problems, or `SGW_CONFIG_UNREADABLE`. */
export function loadSettings<const S extends Shape>(options: LoadOptions<S>): Loaded<ValueOf<Section<S>>> {
  const { tree, file } = options;
  const problems = createConfigProblems();
  const source = file === undefined ? parseConfig('built-in defaults', '') : readConfigFile(file);
  for (const { place, message } of source.problems) problems.add(place, '', () => message);
  problems.throwIfAny();

  const raw: unknown = structuredClone(source.values);
  const places = placesIn(source, applyEnvironment(options, raw, problems));
  const judge = judgeOf(tree);
  const judged = judge(raw);
  const broken = 'flaws' in judged ? tell(judged.flaws, tree, places, problems) : [];
  // What must hold between settings is said in the same breath, except where a broken one is involved.
  const sound = 'value' in judged ? judged : judgeRest(judge, raw, broken);
  if ('value' in sound) {
    options.check?.(sound.value, (paths, message) => {
      if (paths.some((path) => broken.some((one) => overlap(path, one)))) return;
      // A default may be the culprit by name; the person can only look at what is written.
      const path = paths.find(places.isGiven) ?? paths[0];
      problems.add(places.of(path), dotted(path), () => message);
    });
  }
  problems.throwIfAny();
  if (!('value' in sound)) throw new Error('values were refused without a word');
  return {
    value: deepFreeze(sound.value),
    given(path) {
      const value = valueAt(raw, path);
      return value === undefined || value === null ? undefined : { raw: value, place: places.ofKey(path) };
    },
  };
}

interface Places {
  of(path: Path): string;
  ofKey(path: Path): string;
  isGiven(this: void, path: Path): boolean;
}

/** A variable is the place of what it has given. */
function placesIn(source: ConfigFile, overrides: Overrides): Places {
  return {
    of: (path) => overrides.variableOf(path) ?? source.placeOf(path),
    ofKey: (path) => overrides.variableOf(path) ?? source.placeOfKey(path),
    isGiven: (path) => overrides.variableOf(path) !== undefined || source.has(path),
  };
}

/** Returns the paths of what is broken. */
function tell(flaws: readonly Flaw[], tree: Section, places: Places, problems: ConfigProblems): Path[] {
  const broken: Path[] = [];
  for (const { path, message, unknownKeys } of flaws) {
    if (unknownKeys.length === 0) {
      broken.push(path);
      problems.add(places.of(path), dotted(path), () => message);
    }
    for (const key of unknownKeys) {
      const ofKey = [...path, key];
      broken.push(ofKey);
      const hint = () => didYouMean(key, keysAt(tree, path));
      problems.add(places.ofKey(ofKey), dotted(ofKey), () => `unknown key "${printable(key, 60)}".${hint()}`);
    }
  }
  return broken;
}

/** With what is broken left out, the rest can be judged. Adds to `broken` what had to go besides. */
function judgeRest<V>(judge: (raw: unknown) => Judged<V>, raw: unknown, broken: Path[]): Judged<V> {
  for (const path of broken) remove(raw, path);
  const judged = judge(raw);
  if ('value' in judged) return judged;
  // A required key that is missing cannot be left out; then its whole group is.
  broken.push(...judged.flaws.map(({ path }) => path.slice(0, 1)));
  for (const path of broken) remove(raw, path);
  return judge(raw);
}
