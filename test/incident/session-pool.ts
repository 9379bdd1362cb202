/**
 * The old design's connection pool: so many sessions, lent first come, first served, and a wait that
 * gives up after a time, as SQLAlchemy's does. It is not the pool that was wrong, but what was done
 * while a session was held.
 */

export interface Session<Connection> {
  readonly connection: Connection;
  release(): void;
}

export interface SessionPool<Connection> {
  /** Rejects with `PoolExhausted` if none has come back within the wait. */
  acquire(): Promise<Session<Connection>>;
  /** Who waits for one at present. */
  waiting(): number;
}

export class PoolExhausted extends Error {}

export function createSessionPool<Connection>(
  connections: readonly Connection[],
  waitMs: number,
): SessionPool<Connection> {
  const idle = [...connections];
  const waiters: ((connection: Connection) => void)[] = [];

  function lend(connection: Connection): Session<Connection> {
    return {
      connection,
      release() {
        const next = waiters.shift();
        if (next === undefined) idle.push(connection);
        else next(connection);
      },
    };
  }

  return {
    acquire() {
      const connection = idle.pop();
      if (connection !== undefined) return Promise.resolve(lend(connection));
      return new Promise((resolve, reject) => {
        const waiter = (returned: Connection) => {
          clearTimeout(timer);
          resolve(lend(returned));
        };
        const timer = setTimeout(() => {
          waiters.splice(waiters.indexOf(waiter), 1);
          reject(new PoolExhausted(`no session within ${waitMs} ms`));
        }, waitMs);
        waiters.push(waiter);
      });
    },
    waiting: () => waiters.length,
  };
}
