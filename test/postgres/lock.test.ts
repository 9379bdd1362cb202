/**
 * Goal: two write APIs that are sent the same batch at once both answer, and store it once. Method: the first is held
 * up between its look at what has been received and its first write, where the second would have to come in between.
 */

import { expect, it } from 'vitest';
import type { Session, Sql } from '../../lib/flow/write-api/postgres/connections.ts';
import { type IntakeDeps, type Taken, takeIn } from '../../lib/flow/write-api/postgres/intake.ts';
import { batchOf, createPostgresRig, describeOverPostgres } from '../support/postgres-rig.ts';

/** Says when the first statement that matches is to be run, and runs it when it is told to. */
function heldUp(sql: Sql, matches: RegExp): { sql: Sql; reached: Promise<void>; goOn: () => void } {
  let goOn = () => {};
  let reach = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const released = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const wait = async (text: string) => {
    if (!matches.test(text)) return;
    reach();
    await released;
  };
  return {
    sql: {
      async rows(text, values) {
        await wait(text);
        return sql.rows(text, values);
      },
      async run(text, values) {
        await wait(text);
        return sql.run(text, values);
      },
    },
    reached,
    goOn: () => goOn(),
  };
}

/** The same, with a stream that nobody locks. */
function unlocked(sql: Sql): Sql {
  const without = (text: string) => text.replace('FOR UPDATE', '');
  return {
    rows: (text, values) => sql.rows(without(text), values),
    run: (text, values) => sql.run(without(text), values),
  };
}

const FIRST_WRITE = /INSERT INTO sensorgw\.readings/;
const BATCH = batchOf([
  [1, 0, Date.UTC(2026, 0, 15), 1],
  [2, 0, Date.UTC(2026, 0, 15), 2],
]);

describeOverPostgres('two write APIs that are sent one batch', (server) => {
  /** Both at once, the second while the first has decided and not yet written; what it says, and what is stored. */
  async function bothAtOnce(prepared: (sql: Sql) => Sql) {
    const rig = await createPostgresRig(server());
    // Streams and series have been begun.
    await rig.store.ingest([batchOf([[9, 0, Date.UTC(2026, 0, 15), 9]])]);
    const deps: IntakeDeps = {
      ownStream: rig.store.ownStream,
      series: { idOf: () => 1, full: () => expect.fail('there is room') },
      missing: () => [],
    };
    const take = (session: Session, around: (sql: Sql) => Sql) =>
      session.transaction((sql) => takeIn(around(prepared(sql)), [BATCH], deps));

    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    let first: Promise<Taken> | undefined;
    await new Promise<void>((resolve) => {
      first = rig.session((session) =>
        take(session, (sql) => {
          const held = heldUp(sql, FIRST_WRITE);
          void held.reached.then(resolve);
          void ended.then(held.goOn);
          return held.sql;
        }),
      );
    });
    if (first === undefined) throw new Error('it has not begun');
    return { rig, first, take, end };
  }

  it('are both answered, and it is stored once', async () => {
    const { rig, first, take, end } = await bothAtOnce((sql) => sql);
    const second = rig.session((session) => take(session, (sql) => sql));
    // The second waits for the stream, so the first has to be let go on.
    await rig.session((session) => untilSomebodyWaits(session));
    end();

    const stored = (taken: Taken) => ('answers' in taken ? taken.answers.map((one) => one.stored) : taken);
    expect(stored(await first)).toEqual([[[1, 2]]]);
    expect(stored(await second)).toEqual([[]]);
  });

  it('would not both be answered without the lock', async () => {
    const { rig, first, take, end } = await bothAtOnce(unlocked);
    const second = await rig.session((session) => take(session, (sql) => sql));
    const refused = expect(first).rejects.toMatchObject({ code: '23505' });
    end();

    expect('answers' in second && second.answers[0]?.stored).toEqual([[1, 2]]);
    await refused;
  });
});

/** Asks the server until one of its sessions waits for a lock of another. */
async function untilSomebodyWaits(session: Session): Promise<void> {
  for (;;) {
    const [row] = await session.look((sql) =>
      sql.rows<{ waits: boolean }>(
        "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%sensorgw.streams%') AS waits",
      ),
    );
    if (row?.waits === true) return;
  }
}
