/**
 * How much a ticket may hold. What finds something wrong may quote an error page or a whole configuration; a ticket
 * is read on a terminal and kept on a card, so it takes what fits, and names what it has left out.
 */

import type { Finding } from './ticket.ts';

/** Two lines of a wide terminal. */
const TITLE_MAX = 240;
/** A command with its arguments, and a sentence. */
const HINT_MAX = 480;
/** The name of an invariant, and of a sensor, a unit or a path. */
const KEY_MAX = 200;
/** What a person types at a prompt. */
export const NOTE_MAX = 1_000;
/** A name of a user or program. */
export const BY_MAX = 60;
/** A snapshot of some dozens of values, or the last ten lines of a log. */
const EVIDENCE_BYTES_MAX = 4_096;
/** For the names of what was left out. */
const LEFT_OUT_BYTES = 512;
const LEFT_OUT_NAMES_MAX = 10;
const LEFT_OUT_NAME_MAX = 40;

/**
 * Tickets that are not resolved: more than all sensors and destinations that a gateway may have together can bring
 * about in earnest. Whoever looks at as many needs no more of them to begin with.
 */
export const UNRESOLVED_MAX = 500;
/** Resolved ones, for years of an ordinary gateway; some 3 MiB. */
export const RESOLVED_MAX = 1_000;
/** So many stay whatever their age: a clock that jumps ahead must not empty the book. */
export const RESOLVED_KEPT = 100;
/** Lines of the history of one ticket: a night of flapping, or a script that holds and releases. */
export const CHANGES_MAX = 200;

/** Longer texts end with an ellipsis. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  // Not between the two halves of one character.
  const end = /[\ud800-\udbff]/.test(text[max - 2] ?? '') ? max - 2 : max - 1;
  return `${text.slice(0, end)}…`;
}

/** As a ticket with this key has it: what is found, and what is well again, must name the same one. */
export function boundedKey(key: string): string {
  return cut(key, KEY_MAX);
}

export interface BoundedFinding extends Omit<Finding, 'evidence' | 'foundAt'> {
  /** JSON. */
  readonly evidence: string;
}

/** Never throws, whatever the evidence is: a ticket without it is better than none. */
export function bounded(finding: Finding): BoundedFinding {
  return {
    key: boundedKey(finding.key),
    invariant: cut(finding.invariant, KEY_MAX),
    subject: cut(finding.subject, KEY_MAX),
    severity: finding.severity,
    title: cut(finding.title, TITLE_MAX),
    hint: cut(finding.hint, HINT_MAX),
    evidence: evidenceText(finding.evidence),
  };
}

function evidenceText(evidence: Finding['evidence']): string {
  const parts = Object.entries(evidence).map(([name, value]) => ({ name, json: jsonOf(value) }));
  const whole = objectOf(parts);
  if (Buffer.byteLength(whole) <= EVIDENCE_BYTES_MAX) return whole;
  // The small ones say most for their size; they stay in their order.
  const bySize = parts.toSorted((a, b) => a.json.length - b.json.length);
  const kept = new Set<string>();
  let bytes = LEFT_OUT_BYTES;
  for (const { name, json } of bySize) {
    bytes += Buffer.byteLength(`${JSON.stringify(name)}:${json},`);
    if (bytes > EVIDENCE_BYTES_MAX) break;
    kept.add(name);
  }
  const left = parts.filter(({ name }) => !kept.has(name)).map(({ name }) => cut(name, LEFT_OUT_NAME_MAX));
  const names = left.length > LEFT_OUT_NAMES_MAX ? [...left.slice(0, LEFT_OUT_NAMES_MAX), '…'] : left;
  return objectOf([
    ...parts.filter(({ name }) => kept.has(name)),
    { name: 'left_out', json: JSON.stringify(names) },
  ]);
}

function objectOf(parts: readonly { readonly name: string; readonly json: string }[]): string {
  return `{${parts.map(({ name, json }) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    // A cycle, or a number without end: it says at least that there was something.
    return '"cannot be shown"';
  }
}
