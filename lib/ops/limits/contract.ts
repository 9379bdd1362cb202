/**
 * A contract between two limits that are set in different places: each is right by itself, and together they
 * must keep a relation, or one of them does not do what it is there for. Nothing is refused for it: a machine
 * has to stay reachable and readings have to be taken. It is said, with both numbers and what mends it.
 */

import type { Step } from '../doctor/finding.ts';
import type { Limits, Program } from './limits.ts';
import { inWords, type Quantity } from './quantity.ts';

export interface Contract {
  /** Together with `program` it is unique: `stop`. */
  readonly name: string;
  /** Whose limits they are; the reader's and the machine's if left out. */
  readonly program?: Program;
  /** With which part of the doctor it is shown. */
  readonly step: Step;
  /** fail: the gateway does not do its work then. */
  readonly verdict: 'warn' | 'fail';
  /** The first number must be ... the second one. */
  readonly relation: 'less than' | 'at most' | 'exactly';
  /** The two numbers; one that nobody knows on this machine is `undefined`. */
  readonly sides: (limits: Limits) => readonly [Quantity | undefined, Quantity | undefined];
  /** What happens otherwise. */
  readonly otherwise: string;
  /** The command or the words that mend it. */
  readonly fix: string;
}

export interface Judgement {
  readonly contract: Contract;
  /** unknown: one of the numbers cannot be seen, or does not exist here. */
  readonly state: 'kept' | 'violated' | 'unknown';
  /** Both numbers and their places, and what comes of it. */
  readonly evidence: string;
}

export function judge(contract: Contract, limits: Limits): Judgement {
  const [left, right] = contract.sides(limits);
  if (left === undefined || right === undefined) return { contract, state: 'unknown', evidence: '' };
  const kept = {
    'less than': left.value < right.value,
    'at most': left.value <= right.value,
    exactly: left.value === right.value,
  }[contract.relation];
  return {
    contract,
    state: kept ? 'kept' : 'violated',
    evidence: `${said(left)} must be ${contract.relation} ${said(right)}; otherwise ${contract.otherwise}`,
  };
}

function said(quantity: Quantity): string {
  return `${quantity.name} (${inWords(quantity)}, ${quantity.place})`;
}

/** `sensor-main stop` */
export function titleOf({ name, program }: Contract): string {
  return program === undefined ? name : `${program} ${name}`;
}
