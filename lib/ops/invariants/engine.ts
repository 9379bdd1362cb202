/**
 * From looks to what is said of them. Each subject of each invariant is judged in each look:
 *
 *   broken in `seen` of the last `of` looks that could tell -> found: a ticket is opened, or counted
 *   whole `resolvesAfter` times, not broken in between       -> recovered: its ticket is resolved
 *   gone from the configuration                              -> recovered at once, for that reason
 *   unknown, or explained by a parent                        -> neither: nothing is counted, nothing is said
 *
 * Which tickets there are it is told with each look, from the book: so it follows those of earlier runs, and never
 * believes in one that somebody has closed. After a start all counting begins anew.
 */

import type { Finding } from '../tickets/ticket.ts';
import { type Broken, type Invariant, isBroken, type Verdict } from './invariant.ts';
import type { InvariantLimits } from './limits.ts';
import type { Look } from './look.ts';
import { createLooks } from './past.ts';

/** A ticket that is not resolved. */
export type OpenTicket = Pick<Finding, 'key' | 'invariant' | 'subject'>;

export interface Recovery {
  readonly key: string;
  readonly reason: string;
}

export interface Checked {
  /** Tickets to be opened or counted. */
  readonly findings: readonly Finding[];
  readonly recovered: readonly Recovery[];
  /** Keys that are broken in this look and not explained by another, said or not yet. */
  readonly broken: readonly string[];
}

export interface Engine {
  check(look: Look, open: readonly OpenTicket[]): Checked;
}

export interface EngineOptions {
  /** Parents before their children. */
  readonly invariants: readonly Invariant[];
  readonly limits: InvariantLimits;
  /** Names of those of which nothing is said, and which explain nothing. */
  readonly skip?: readonly string[];
}

/** What was seen before this is of another time, even if nothing could be told since. */
const REMEMBERED_MS = 900_000;

const UNCONFIGURED = 'no longer configured';

/** Of one key: what the looks that could tell have seen of it, the latest last. */
interface Seen {
  readonly looks: readonly { readonly broken: boolean; readonly atMono: number }[];
  /** Looks on end that saw it whole. */
  readonly whole: number;
}

const NOTHING_SEEN: Seen = { looks: [], whole: 0 };

export function createEngine({ invariants, limits, skip = [] }: EngineOptions): Engine {
  const ancestors = ancestorsOf(invariants);
  const judged = invariants.filter(({ name }) => !skip.includes(name));
  const names = new Set(judged.map(({ name }) => name));
  const looks = createLooks();
  let seen = new Map<string, Seen>();

  return {
    check(look, open) {
      const isOpen = new Set(open.map(({ key }) => key));
      const explained = new Map<string, Explained>();
      // A subject that nobody tells of for a while is not forgotten: a reader that restarts, a look that is rare.
      const next = new Map([...seen].filter(([, one]) => isFresh(one.looks.at(-1), look)));
      const findings: Finding[] = [];
      const recovered: Recovery[] = [];
      const broken: string[] = [];
      for (const invariant of judged) {
        const ofTickets = open.filter((one) => one.invariant === invariant.name);
        const subjects = new Set([...invariant.subjects(look), ...ofTickets.map(({ subject }) => subject)]);
        const parents = (ancestors.get(invariant.name) ?? []).flatMap((name) => explained.get(name) ?? []);
        const own: Explained = { all: false, subjects: new Set() };
        for (const subject of subjects) {
          const key = keyOf(invariant.name, subject);
          const verdict = invariant.judge({ subject, look, past: looks, limits });
          const isExplained = parents.some((one) => explains(one, subject));
          // A ticket that is not over yet still speaks for what hangs on it.
          if (isBroken(verdict) || (isOpen.has(key) && verdict === 'unknown')) stand(own, subject, verdict);
          if (verdict === 'gone') {
            next.delete(key);
            if (isOpen.has(key)) recovered.push({ key, reason: UNCONFIGURED });
            continue;
          }
          const now = told(seen.get(key) ?? NOTHING_SEEN, isExplained ? 'unknown' : verdict, look, invariant);
          next.set(key, now);
          if (isBroken(verdict) && !isExplained) {
            broken.push(key);
            const times = now.looks.filter((one) => one.broken).length;
            if (isOpen.has(key) || times >= invariant.opens.seen)
              findings.push(findingOf(invariant, key, subject, verdict));
          } else if (isOpen.has(key) && now.whole >= invariant.resolvesAfter) {
            recovered.push({ key, reason: `found well in ${now.whole} looks` });
          }
        }
        explained.set(invariant.name, own);
      }
      for (const { key, invariant } of open) {
        if (!names.has(invariant)) recovered.push({ key, reason: UNCONFIGURED });
      }
      looks.add(look);
      seen = next;
      return { findings, recovered, broken };
    },
  };
}

/** `sensor_silent:climate`, and `outbox_forecast` where there is but one. */
function keyOf(name: string, subject: string): string {
  return subject === '' ? name : `${name}:${subject}`;
}

function told(before: Seen, verdict: Verdict, { atMono }: Look, { opens }: Invariant): Seen {
  const fresh = before.looks.filter((one) => isFresh(one, { atMono }));
  if (verdict === 'unknown') return { looks: fresh, whole: before.whole };
  const broken = isBroken(verdict);
  return { looks: [...fresh, { broken, atMono }].slice(-opens.of), whole: broken ? 0 : before.whole + 1 };
}

function isFresh(one: Seen['looks'][number] | undefined, { atMono }: Pick<Look, 'atMono'>): boolean {
  return one !== undefined && atMono - one.atMono <= REMEMBERED_MS;
}

function findingOf(invariant: Invariant, key: string, subject: string, verdict: Broken): Finding {
  const { name, severity, hint } = invariant;
  const { title, evidence } = verdict;
  const chosen = { severity: verdict.severity ?? severity, hint: verdict.hint ?? hint };
  return { key, invariant: name, subject, ...chosen, title, evidence };
}

interface Explained {
  all: boolean;
  readonly subjects: Set<string>;
}

function stand(explained: Explained, subject: string, verdict: Verdict): void {
  const stands = (isBroken(verdict) ? verdict.explains : undefined) ?? [subject];
  for (const one of stands) {
    if (one === '') explained.all = true;
    else explained.subjects.add(one);
  }
}

/** `climate` explains `climate/indoor/temperature`, too: a part of it. */
function explains({ all, subjects }: Explained, subject: string): boolean {
  return all || subjects.has(subject) || [...subjects].some((one) => subject.startsWith(`${one}/`));
}

/**
 * Of each invariant all that stands above it. Throws a TypeError where a parent is not listed before its child, and
 * where looks that opened a ticket could still be remembered when it is resolved: they would help to open the next.
 */
function ancestorsOf(invariants: readonly Invariant[]): ReadonlyMap<string, readonly string[]> {
  const above = new Map<string, readonly string[]>();
  for (const { name, parents, opens, resolvesAfter } of invariants) {
    if (above.has(name)) throw new TypeError(`two invariants are named ${name}`);
    if (resolvesAfter < opens.of) throw new TypeError(`${name} resolves before it has forgotten`);
    const lines = parents.map((parent) => {
      const ofParent = above.get(parent);
      if (ofParent === undefined) throw new TypeError(`${parent} must be listed before ${name}`);
      return [parent, ...ofParent];
    });
    above.set(name, [...new Set(lines.flat())]);
  }
  return above;
}
