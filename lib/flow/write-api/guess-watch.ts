/**
 * Who tries tokens that nobody has. Guessing is hopeless, for a token has 260 bits of chance, and wants to be noticed
 * all the same. A gateway with a wrong token shows the same one again and again; who guesses shows others: only those
 * count. And each sender may be wrong only so often: beyond that its tokens are not looked at any more, but for those
 * that were good from there a moment ago, so that nobody is silenced by a neighbour behind the same address.
 */

import { isIPv6 } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { hashOf } from './token-file.ts';

export interface GuessWatch {
  /** Seconds until a token of this sender is looked at; `undefined`: now. */
  waitS(from: string, token: string): number | undefined;
  /** It was good. */
  right(from: string, token: string): void;
  /** It was nobody's. */
  wrong(from: string, token: string): void;
  /** For whoever looks from outside: those who guessed most, a few of them. */
  told(): Guesses;
}

export interface Guesses {
  /** Different wrong tokens since the start, of all senders. */
  readonly total: number;
  readonly from: readonly { readonly from: string; readonly guesses: number; readonly lastAt: number }[];
}

interface Sender {
  /** As of `atMono`. */
  turns: number;
  atMono: number;
  guesses: number;
  lastAt: number;
  /** Hashes of the wrong tokens that it has shown lately, the latest last. */
  shown: readonly string[];
}

/** A gateway that is misconfigured asks once a minute; ten of them behind one address still have their turns. */
const WRONG_PER_S = 1 / 6;
const WRONG_BURST = 10;
/** So many gateways behind one address may be misconfigured before it looks like guessing. */
const SHOWN_MAX = 8;
/** Some 300 KiB. Beyond that the ones that were wrong longest ago are forgotten; the total is not. */
const SENDERS_MAX = 512;
/** A fleet that a collector of ours can serve; 200 bytes each. */
const GOOD_MAX = 4_096;
const TOLD_MAX = 5;

export function createGuessWatch(clock: Pick<Clock, 'wallMs' | 'monotonicMs'>): GuessWatch {
  const senders = new Map<string, Sender>();
  const good = new Map<string, true>();
  let total = 0;

  function turnsOf(sender: Sender): number {
    const grown = ((clock.monotonicMs() - sender.atMono) / 1_000) * WRONG_PER_S;
    return Math.min(WRONG_BURST, sender.turns + grown);
  }

  return {
    waitS(from, token) {
      const sender = senders.get(networkOf(from));
      if (sender === undefined || good.has(keyOf(from, token))) return undefined;
      const turns = turnsOf(sender);
      return turns >= 1 ? undefined : Math.ceil((1 - turns) / WRONG_PER_S);
    },
    right(from, token) {
      touch(good, keyOf(from, token), true, GOOD_MAX);
    },
    wrong(from, token) {
      const network = networkOf(from);
      const before = senders.get(network);
      const hash = hashOf(token).toString('base64');
      const isNew = !(before?.shown ?? []).includes(hash);
      const nowMono = clock.monotonicMs();
      // The first one that it shows is a mistake, and no guess.
      const isGuess = isNew && before !== undefined;
      if (isGuess) total += 1;
      good.delete(keyOf(from, token));
      touch(
        senders,
        network,
        {
          turns: (before === undefined ? WRONG_BURST : turnsOf(before)) - 1,
          atMono: nowMono,
          guesses: (before?.guesses ?? 0) + Number(isGuess),
          lastAt: clock.wallMs(),
          shown: isNew ? [...(before?.shown ?? []), hash].slice(-SHOWN_MAX) : (before?.shown ?? []),
        },
        SENDERS_MAX,
      );
    },
    told() {
      const guessing = [...senders].filter(([, { guesses }]) => guesses > 0);
      const most = guessing.sort(([, a], [, b]) => b.guesses - a.guesses).slice(0, TOLD_MAX);
      return { total, from: most.map(([from, { guesses, lastAt }]) => ({ from, guesses, lastAt })) };
    },
  };
}

const keyOf = (from: string, token: string) => `${networkOf(from)} ${hashOf(token).toString('base64')}`;

/** Puts it last; the first has to go if there are too many. */
function touch<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}

/** Whoever has one address of IPv6 has all of its network of 64 bits, and can take another for each guess. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const [left, right] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail === undefined ? 0 : 8 - (left?.length ?? 0) - (right?.length ?? 0);
  const groups = [...(left ?? []), ...Array<string>(Math.max(0, zeros)).fill('0'), ...(right ?? [])];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
