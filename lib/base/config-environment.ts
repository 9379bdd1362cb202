/** Settings from environment variables, which override those of the file: `SENSORGW_SAMPLING_INTERVAL=10s`. */

import { type Path, parseConfig } from './config-file.ts';
import type { ConfigProblems } from './config-problems.ts';
import { messageOf } from './errors.ts';
import { didYouMean } from './nearest.ts';
import { printable } from './printable.ts';
import type { Node } from './setting.ts';
import { settingsOf } from './setting-tree.ts';
import { dotted, write } from './value-path.ts';

export interface EnvironmentOptions {
  readonly tree: Node;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** All variables that start so are ours, and a wrong one is an error: `SENSORGW_`. */
  readonly prefix: string;
  /** Variables with the prefix that other parts of the product read. */
  readonly otherVariables: readonly string[];
}

export interface Overrides {
  /** The variable that gave what lies at `path`: an entry of a list comes from where the list comes from. */
  variableOf(path: Path): string | undefined;
}

/** `SENSORGW_SAMPLING_INTERVAL` for `sampling.interval`. */
export function variableOf(prefix: string, path: Path): string {
  return prefix + path.join('_').toUpperCase();
}

/** Writes the environment's values into `raw`. */
export function applyEnvironment(
  { tree, environment, prefix, otherVariables }: EnvironmentOptions,
  raw: unknown,
  problems: ConfigProblems,
): Overrides {
  const known = new Map([...settingsOf(tree)].map((one) => [variableOf(prefix, one.path), one]));
  const variables = new Map<string, string>();
  for (const [variable, line] of Object.entries(environment)) {
    // An empty variable is how unit files and containers say "not set".
    if (!variable.startsWith(prefix) || line === undefined || line === '') continue;
    if (otherVariables.includes(variable)) continue;
    const target = known.get(variable);
    if (target === undefined) {
      const hint = () => didYouMean(variable, [...known.keys(), ...otherVariables]);
      problems.add(printable(variable, 80), '', () => `unknown variable.${hint()}`);
      continue;
    }
    const { path, node } = target;
    try {
      const value = node.node === 'list' ? listFromText(variable, line) : node.fromText(line);
      if (write(raw, path, value)) variables.set(dotted(path), variable);
    } catch (error) {
      problems.add(variable, dotted(path), () => messageOf(error));
    }
  }
  return {
    variableOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const variable = variables.get(dotted(path.slice(0, length)));
        if (variable !== undefined) return variable;
      }
      return undefined;
    },
  };
}

/** `kernel,simulated` or YAML in one line: `[{name: local, url: "http://127.0.0.1:8470"}]`. */
function listFromText(variable: string, line: string): unknown {
  const { values, problems } = parseConfig(variable, line.trim().startsWith('[') ? line : `[${line}]`);
  if (problems[0] !== undefined) throw new Error(problems[0].message);
  return values;
}
