/**
 * The connections to a PostgreSQL server: few, each wait on them bounded, and none of them trusted to answer. Work
 * is given a time in which it is over whatever becomes of the server: one that is frozen, unplugged or restarted
 * costs the connection, not the caller. The next piece of work connects again by itself.
 *
 * Nothing is set for a whole session, so that a pooler in between may hand each transaction to another one.
 */

import pg from 'pg';
import type { Clock } from '../../../base/clock.ts';
import { withDeadline } from '../../../base/deadline.ts';
import { StoreFault } from '../readings-store.ts';
import { asStoreFault, isRetriable } from './postgres-fault.ts';

export interface ConnectionOptions {
  /** `postgres://USER@HOST:PORT/DATABASE`, as libpq has it. */
  readonly url: string;
  readonly password?: string | undefined;
  /** What the server shows in its list of activities. */
  readonly program: string;
  readonly clock: Clock;
  /** A connection was lost that nobody was using: the server, or the database, may be another one now. */
  readonly onLost?: () => void;
}

export interface Connections {
  /**
   * Runs `work`, which is over within `maxMs`: with its value or a `StoreFault`. What a session does after that has no
   * effect. Anything else that it throws is a bug.
   */
  within<T>(what: string, maxMs: number, work: (session: Session) => Promise<T>): Promise<T>;

  /** Waits for work in hand. Afterwards everything is refused with `store_closed`. */
  close(): Promise<void>;
}

export interface Session {
  /** Committed, durably, when it resolves; rolled back when it rejects, unless the connection was lost meanwhile. */
  transaction<T>(work: (sql: Sql) => Promise<T>, limits?: TransactionLimits): Promise<T>;
  /** All of it sees the same moment. */
  look<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}

export interface TransactionLimits {
  readonly statementMaxMs?: number;
  readonly lockMaxMs?: number;
}

export interface Sql {
  /** One statement; `$1` and so on stand for `values`. Rows by the names of their columns; int8 as a number. */
  rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The same for what gives no rows: how many were changed. */
  run(text: string, values?: readonly unknown[]): Promise<number>;
}

/** One to ingest, one to be asked what has been received, one for upkeep and one for health. A server has a hundred. */
const CONNECTIONS_MAX = 4;
const CONNECT_MAX_MS = 3_000;
/** Longer than a batch takes on a busy server, shorter than those who wait for it. */
const STATEMENT_MAX_MS = 6_000;
const LOCK_MAX_MS = 4_000;
/** A write API that was killed or cut off must not keep the streams of others locked. */
const IDLE_IN_TRANSACTION_MAX_MS = 10_000;
/** Transactions that another one made impossible are tried again: twice is already rare. */
const ATTEMPTS_MAX = 4;
/** Given back when nothing has come for so long: longer than the pause between two rounds. */
const IDLE_MS = 60_000;

/** Shorter than a program has for its stop. */
const CLOSE_MAX_MS = 2_000;

/** The OID of int8, which `pg` gives as text: nothing of ours is larger than a double counts exactly. */
const INT8 = 20;

export function createConnections(options: ConnectionOptions): Connections {
  const { clock, url, password } = options;
  const pool = new pg.Pool({
    connectionString: password === undefined ? url : withPassword(url, password),
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MAX_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    application_name: options.program,
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
  });
  // A connection that is lost while nobody uses it is replaced when somebody does, and then it is said if that fails.
  pool.on('error', () => options.onLost?.());
  pool.on('connect', (client) => client.on('error', () => {}));
  let closed = false;

  function refuseIfClosed(): void {
    if (closed) throw new StoreFault('store_closed', 'the connections to the database are closed', undefined);
  }

  async function inTransaction<T>(
    begin: string,
    signal: AbortSignal,
    work: (sql: Sql) => Promise<T>,
  ): Promise<T> {
    // Closed between two transactions of one piece of work.
    refuseIfClosed();
    const client = await pool.connect();
    let released = false;
    const release = (isLost: boolean) => {
      if (released) return;
      released = true;
      client.release(isLost);
    };
    const giveUp = () => release(true);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    const live = () => {
      if (released) throw new StoreFault('store_unreachable', 'the database: given up', undefined);
    };
    const sql: Sql = {
      async rows<Row extends object>(text: string, values: readonly unknown[] = []) {
        live();
        return (await client.query<Row>(text, [...values])).rows;
      },
      async run(text, values = []) {
        live();
        return (await client.query(text, [...values])).rowCount ?? 0;
      },
    };
    try {
      live();
      await client.query(begin);
      const result = await work(sql);
      live();
      const { command } = await client.query('COMMIT');
      // A transaction in which a statement has failed is rolled back by COMMIT without an error.
      if (command !== 'COMMIT') throw new Error(`a transaction ended with ${command}`);
      release(false);
      return result;
    } catch (error) {
      if (!released) await client.query('ROLLBACK').catch(() => release(true));
      release(false);
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  const sessionOf = (signal: AbortSignal): Session => ({
    async transaction(work, limits = {}) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await inTransaction(beginning(limits), signal, work);
        } catch (error) {
          if (!isRetriable(error) || attempt >= ATTEMPTS_MAX || signal.aborted) throw error;
        }
      }
    },
    look: (work) =>
      inTransaction(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = ${STATEMENT_MAX_MS}`,
        signal,
        work,
      ),
  });

  return {
    async within(what, maxMs, work) {
      refuseIfClosed();
      try {
        const timed = await withDeadline(clock, what, maxMs, (signal) => work(sessionOf(signal)));
        if (!timed.late) return timed.value;
      } catch (error) {
        throw asStoreFault(error);
      }
      throw new StoreFault('store_unreachable', `the database has not answered for ${maxMs} ms`, undefined);
    },
    async close() {
      if (closed) return;
      closed = true;
      // A server that is frozen never says goodbye.
      await withDeadline(clock, 'database close', CLOSE_MAX_MS, () => pool.end());
    },
  };
}

/** As an option: what stands in an address goes before everything else, a password that is not there included. */
function withPassword(url: string, password: string): string {
  const whole = new URL(url);
  whole.searchParams.set('password', password);
  return whole.href;
}

function beginning({
  statementMaxMs = STATEMENT_MAX_MS,
  lockMaxMs = LOCK_MAX_MS,
}: TransactionLimits): string {
  return [
    'BEGIN ISOLATION LEVEL READ COMMITTED',
    `SET LOCAL statement_timeout = ${statementMaxMs}`,
    `SET LOCAL lock_timeout = ${lockMaxMs}`,
    `SET LOCAL idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MAX_MS}`,
    // What is answered as stored is on a disk, whatever the database is used to.
    'SET LOCAL synchronous_commit = on',
  ].join('; ');
}

function parserOf(oid: number, format?: 'text' | 'binary'): unknown {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format ?? 'text');
}

/** Numbers as one parameter, an array for PostgreSQL: quoted one by one they take as long as storing them. */
export function numbers(list: Iterable<number>): string {
  return `{${[...list].join(',')}}`;
}

/** The same where some are missing. */
export function numbersOrNull(list: Iterable<number | undefined>): string {
  return `{${Array.from(list, (one) => one ?? 'NULL').join(',')}}`;
}
