/**
 * The partitions of the tables that go by time: made ahead for the months to come, on demand for any other, and
 * dropped with what is too old. A new one is attached to its table, which neither waits for those who write nor keeps
 * them waiting; one write API makes them at a time.
 */

import { LOCKS } from './advisory-locks.ts';
import type { Session, Sql } from './connections.ts';
import { type Stretch, stretchesAhead, stretchNamed, stretchOf } from './months.ts';
import { TIMED_TABLES, type TimedTable } from './schema.ts';

export interface Partitions {
  /** The stretches of these times of which it is not known that their partitions are there. */
  missing(ats: Iterable<number>): Stretch[];

  /** Makes what is missing of these. */
  ensure(session: Session, stretches: readonly Stretch[]): Promise<void>;

  /** Those of now and of the month after. */
  ensureAhead(session: Session, nowAt: number): Promise<void>;

  /** What is known may not be so any more: another write API has dropped some. */
  forget(): void;
}

/** A partition of a table, and the stretch of time that it holds. */
export interface Partition {
  readonly name: string;
  readonly stretch: Stretch;
}

export async function partitionsOf(sql: Sql, table: TimedTable): Promise<Partition[]> {
  const rows = await sql.rows<{ name: string }>(
    `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = ('sensorgw.' || $1::text)::regclass ORDER BY relname`,
    [table],
  );
  return rows.flatMap(({ name }) => {
    const stretch = stretchNamed(name.slice(table.length + 1));
    return stretch === undefined ? [] : [{ name: `sensorgw.${name}`, stretch }];
  });
}

export function createPartitions(): Partitions {
  let known = new Map<string, Stretch>();
  /** Nearly always the stretch of the last reading is that of the next one. */
  let last: Stretch | undefined;

  const isKnown = (at: number): boolean => {
    if (last !== undefined && last.fromAt <= at && at < last.untilAt) return true;
    last = known.get(stretchOf(at).name);
    return last !== undefined;
  };

  async function make(sql: Sql, stretches: readonly Stretch[]): Promise<void> {
    for (const { table } of TIMED_TABLES) {
      const there = new Set((await partitionsOf(sql, table)).map(({ stretch }) => stretch.name));
      for (const { name, fromAt, untilAt } of stretches) {
        if (there.has(name)) continue;
        const partition = `sensorgw.${table}_${name}`;
        await sql.run(`CREATE TABLE ${partition} (LIKE sensorgw.${table} INCLUDING ALL)`);
        await sql.run(
          `ALTER TABLE sensorgw.${table} ATTACH PARTITION ${partition} FOR VALUES FROM (${fromAt}) TO (${untilAt})`,
        );
      }
    }
  }

  async function ensure(session: Session, stretches: readonly Stretch[]): Promise<void> {
    const unknown = stretches.filter(({ name }) => !known.has(name));
    if (unknown.length === 0) return;
    await session.transaction(async (sql) => {
      await sql.rows('SELECT pg_advisory_xact_lock($1)', [LOCKS.partitions]);
      await make(sql, unknown);
    });
    for (const one of unknown) known.set(one.name, one);
  }

  return {
    missing(ats) {
      const found = new Map<string, Stretch>();
      for (const at of ats) {
        if (isKnown(at)) continue;
        const stretch = stretchOf(at);
        found.set(stretch.name, stretch);
      }
      return [...found.values()];
    },
    ensure,
    ensureAhead: (session, nowAt) => ensure(session, stretchesAhead(nowAt)),
    forget() {
      known = new Map();
      last = undefined;
    },
  };
}
