/**
 * A YAML file as plain values, together with the place (line and column) of every key and value, so
 * that a message can point at what it means. The one home of the `yaml` package.
 *
 * Deliberately less than YAML: no aliases (a few lines of them can expand to gigabytes), no custom
 * tags, one document, 256 KiB. A configuration needs none of that.
 */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { codeOf, GatewayError, messageOf } from './errors.ts';

export type Path = readonly (string | number)[];

/** A hundred times what a large installation writes. */
const FILE_BYTES_MAX = 256 * 1_024;

export interface ConfigFile {
  readonly file: string;
  /** Maps, lists, texts, numbers, booleans and null; `{}` for an empty file. */
  readonly values: unknown;
  /** What is wrong with the file as YAML. If there is anything, `values` is not to be used. */
  readonly problems: readonly { readonly place: string; readonly message: string }[];
  /** `file:line:column` of the value at `path`, or of the nearest group around it that exists. */
  placeOf(path: Path): string;
  /** The same for the key at `path`. */
  placeOfKey(path: Path): string;
  has(path: Path): boolean;
}

/** Reads and parses `file`. Throws `SGW_CONFIG_UNREADABLE` if it cannot be read as text at all. */
export function readConfigFile(file: string): ConfigFile {
  return parseConfig(file, decode(file, readBytes(file)));
}

/** Parses YAML text; `file` is only its name in messages. */
export function parseConfig(file: string, text: string): ConfigFile {
  const lines = new LineCounter();
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  } catch (error) {
    // The parser descends by recursion: what it throws instead of reporting is the depth of the stack.
    throw new GatewayError('SGW_CONFIG_INVALID', `${file}  nested too deeply. Nothing was started.`, {
      cause: error,
    });
  }
  const problems = [...document.errors, ...document.warnings].map((found) => ({
    place: place(found.pos[0]),
    message: explained(found.code, found.message),
  }));
  visit(document, {
    Alias(_key, alias) {
      const message = `"*${alias.source}" refers to another place. Aliases are not supported: write the value out.`;
      problems.push({ place: place(alias.range?.[0] ?? 0), message });
    },
  });

  const nodeAt = (path: Path): Node | undefined => {
    let node: unknown = document.contents;
    for (const step of path) node = isCollection(node) ? childOf(node, step)?.value : undefined;
    return isNode(node) ? node : undefined;
  };
  const placeOf = (path: Path): string => {
    for (let length = path.length; length >= 0; length -= 1) {
      const range = nodeAt(path.slice(0, length))?.range;
      if (range) return place(range[0]);
    }
    return place(0);
  };
  return {
    file,
    values: problems.length > 0 ? {} : (document.toJS() ?? {}),
    problems,
    placeOf,
    placeOfKey(path) {
      const group = nodeAt(path.slice(0, -1));
      const key = isCollection(group) ? childOf(group, path.at(-1) ?? '')?.key : undefined;
      return key?.range ? place(key.range[0]) : placeOf(path);
    },
    has: (path) => nodeAt(path) !== undefined,
  };
}

function childOf(group: Node, step: string | number): { key: Node | undefined; value: unknown } | undefined {
  if (!isMap(group))
    return isCollection(group) ? { key: undefined, value: group.get(step, true) } : undefined;
  const pair = group.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  return pair === undefined ? undefined : { key: isNode(pair.key) ? pair.key : undefined, value: pair.value };
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isCollection(value);
}

/** The parser's words are for people who know YAML; the commonest mistakes deserve better. */
function explained(code: string, message: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'this key was given before. Keep one of the two.';
    case 'TAB_AS_INDENT':
      return 'a tab. YAML is indented with spaces only: two a level.';
    case 'MULTIPLE_DOCS':
      return '"---" starts a second document. Keep everything in one.';
    case 'TAG_RESOLVE_FAILED':
      return 'a "!" tag. Tags are not supported: put a text that starts with "!" in quotes.';
    default:
      return `broken YAML: ${message}. Look at the indentation, brackets and quotes here and just before.`;
  }
}

function readBytes(file: string): Buffer {
  let handle: number | undefined;
  try {
    // A FIFO without a writer would stop us in open() for ever.
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(handle);
    if (stat.isDirectory()) throw unreadable(file, 'is a directory', 'Name the file in it.');
    if (!stat.isFile()) throw unreadable(file, 'is not a regular file', 'Copy the settings into a file.');
    const buffer = Buffer.alloc(FILE_BYTES_MAX + 1);
    const length = readSync(handle, buffer, 0, buffer.length, 0);
    if (length > FILE_BYTES_MAX) {
      throw unreadable(file, `is larger than ${FILE_BYTES_MAX / 1_024} KiB`, 'Is it the right file?');
    }
    return buffer.subarray(0, length);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw unreadable(
      file,
      (REASONS[codeOf(error) ?? ''] ?? messageOf(error)).trim(),
      hintFor(file, error),
      error,
    );
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  ENOTDIR: 'does not exist (a part of the path is a file)',
  ELOOP: 'is a link that leads in a circle',
};

function hintFor(file: string, error: unknown): string {
  if (codeOf(error) === 'EACCES') return `See who may: ls -l ${file}`;
  return 'Check --config and SENSORGW_CONFIG; `sensorctl config sample` prints a file to start from.';
}

function decode(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const wide = bytes[0] === 0xff || bytes[0] === 0xfe;
    const found = wide ? 'is UTF-16, not UTF-8' : `is not UTF-8 text (see line ${lineOfBadByte(bytes)})`;
    throw unreadable(file, found, 'Save it as UTF-8.', error);
  }
}

/** The first line that does not decode by itself; lines end at a byte that no other character contains. */
function lineOfBadByte(bytes: Buffer): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    try {
      decoder.decode(bytes.subarray(start, end === -1 ? bytes.length : end));
    } catch {
      break;
    }
    if (end === -1) break;
    start = end + 1;
  }
  return line;
}

function unreadable(file: string, what: string, hint: string, cause?: unknown): GatewayError {
  return new GatewayError('SGW_CONFIG_UNREADABLE', `${file} ${what}. Nothing was started.`, { hint, cause });
}
