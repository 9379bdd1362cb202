/**
 * Short looks at what a store has, for those who answer questions: each reads a bounded number of rows in one
 * piece and ends, so that no question, however large, keeps SQLite's log from being reset, nor another question
 * from being asked in between. What is stored between two looks may or may not be seen; nothing is seen twice.
 */

import type { Thinned } from '../../reading.ts';
import type { SeriesKey } from '../readings-store.ts';
import type { Unrolled } from './unrolled.ts';

export interface SeriesRow extends SeriesKey {
  readonly id: number;
}

export interface SeriesLook {
  readonly gateway?: string | undefined;
  readonly sensor?: string | undefined;
  readonly metric?: string | undefined;
  readonly unit?: string | undefined;
  /** The last one that has been seen: those behind it, by gateway, sensor, metric and unit. */
  readonly after?: SeriesKey | undefined;
  readonly limit: number;
}

/** Where a reading stands in its series. The stream is the store's own number for it. */
export interface Position {
  readonly at: number;
  readonly stream: number;
  readonly seq: number;
}

export interface RowLook {
  readonly id: number;
  readonly after: Position;
  /** Not included. */
  readonly untilAt: number;
  readonly limit: number;
}

export interface ReadingRow extends Position {
  readonly id: number;
  readonly streamName: string;
  readonly value: number;
  readonly flags: number;
  /** What it stands for, if its flags say that it is a thinned one. */
  readonly thinned?: Thinned;
}

export interface RowPage {
  readonly rows: readonly ReadingRow[];
  /** There may be more behind it. */
  readonly next?: Position;
}

/** What readings of one series with the same remarks were like, somewhere within a stretch of time. */
export interface Summary {
  /** The beginning of the stretch. */
  readonly at: number;
  /** Of all of them, without the flag of a thinned one. */
  readonly flags: number;
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly firstAt: number;
  readonly last: number;
  readonly lastAt: number;
}

export interface RollupLook {
  readonly id: number;
  /** One of `ROLLUP_LEVELS`. */
  readonly level: number;
  /** Both at the border of a stretch of that level; the second is not included. */
  readonly fromAt: number;
  readonly untilAt: number;
  readonly limit: number;
}

export interface SummaryPage {
  /** In the order of their stretches; of one stretch there may be several, to be put together. */
  readonly summaries: readonly Summary[];
  /** Everything before it has been told. */
  readonly nextAt?: number;
}

/** From when on there is what. */
export interface Held {
  readonly rawFromAt: number;
  /** Of each level of `ROLLUP_LEVELS`. */
  readonly levelFromAt: readonly number[];
  /** Of a series the span whose readings are in no rollup yet. */
  readonly unrolled: ReadonlyMap<number, Unrolled>;
}

/** Everything throws `StoreFault`, or the `GatewayError` of a file that cannot be opened. */
export interface StoreLooks {
  series(look: SeriesLook): readonly SeriesRow[];
  /** The newest reading of each, of those that have any. */
  latest(ids: readonly number[]): readonly ReadingRow[];
  rows(look: RowLook): RowPage;
  rollups(look: RollupLook): SummaryPage;
  held(): Held;
}

/** Names of looks, and what each is asked with: what can be sent to another thread. */
export type LookName = keyof StoreLooks;
export type LookArguments<Name extends LookName> = Parameters<StoreLooks[Name]>;
export type LookResult<Name extends LookName> = ReturnType<StoreLooks[Name]>;

/** The same looks from another thread, or over a network. */
export type AskStore = <Name extends LookName>(
  name: Name,
  ...args: LookArguments<Name>
) => Promise<LookResult<Name>>;
