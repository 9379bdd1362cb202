/** The statements that change tickets. Each is prepared once, and is run inside a transaction of the book. */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { BoundedFinding } from './bounds.ts';
import type { Stamp } from './stamp.ts';
import type { TicketState } from './ticket.ts';

/** Of a ticket that is not resolved, what decides how it goes on. */
export interface Unresolved {
  readonly id: number;
  readonly key: string;
  /** See `worst` in `schema.ts`. */
  readonly worst: number;
  readonly held: boolean;
  readonly flapping: boolean;
  readonly recoveredAt: number | null;
  readonly recoveredReason: string | null;
  readonly lastSeen: Stamp;
}

interface UnresolvedRow {
  readonly id: number;
  readonly key: string;
  readonly worst: number;
  readonly held: number;
  readonly flapping: number;
  readonly recovered_at: number | null;
  readonly recovered_reason: string | null;
  readonly last_seen_at: number;
  readonly last_seen_boot: string;
  readonly last_seen_mono: number;
}

type Found = BoundedFinding &
  Stamp & { readonly firstAt: number; readonly worst: number; readonly batch: string };

export interface TicketWrites {
  unresolvedOf(key: string): Unresolved | undefined;
  /** Those that were seen well again, and wait for their release or for quiet. */
  waiting(): Unresolved[];
  countUnresolved(): number;
  /** The latest ticket of a key, resolved or not. */
  latestOf(key: string): number | undefined;
  /** Opens a ticket, or counts the one that there is. Returns its id. */
  upsert(found: Found): number;
  /** Opens a resolved ticket again, because its key flaps. The finding itself is then counted by `upsert`. */
  reopen(to: { readonly id: number; readonly worst: number; readonly batch: string }): void;
  /** Notes that a key was seen well, unless that is noted already. */
  recover(well: { readonly key: string; readonly at: number; readonly reason: string }): void;
  resolve(to: { readonly id: number; readonly at: number }): void;
  /** `diagnosis`: null leaves it as it is. */
  change(to: {
    readonly id: number;
    readonly state: TicketState;
    readonly held: boolean;
    readonly diagnosis: string | null;
  }): void;
}

const UNRESOLVED = `SELECT id, key, worst, held, flapping, recovered_at, recovered_reason,
  last_seen_at, last_seen_boot, last_seen_mono FROM tickets WHERE state != 'resolved'`;

export function prepareWrites(database: SqliteDatabase): TicketWrites {
  const byKey = database.prepare<[string], UnresolvedRow>(`${UNRESOLVED} AND key = ?`);
  const waiting = database.prepare<[], UnresolvedRow>(
    `${UNRESOLVED} AND recovered_at IS NOT NULL ORDER BY id`,
  );
  const count = database
    .prepare<[], number>("SELECT count(*) FROM tickets WHERE state != 'resolved'")
    .pluck();
  const latest = database
    .prepare<[string], number>('SELECT id FROM tickets WHERE key = ? ORDER BY id DESC LIMIT 1')
    .pluck();
  // One statement decides between a new ticket and the one that there is: there is no moment between the two. What the
  // card has made of a number must not be taken for a free one: then no ticket could be opened any more.
  const upsert = database
    .prepare<Found, number>(`
      INSERT INTO tickets (id, key, invariant, subject, severity, worst, state, held, flapping, occurrences,
        first_seen_at, last_seen_at, last_seen_boot, last_seen_mono, title, hint, evidence, batch)
      VALUES ((SELECT max(last_ticket, (SELECT coalesce(max(id), 0) FROM tickets)) + 1 FROM numbers),
        @key, @invariant, @subject, @severity, @worst, 'open', 0, 0, 1,
        @firstAt, @at, @bootId, @monoMs, @title, @hint, @evidence, @batch)
      ON CONFLICT (key) WHERE state != 'resolved' DO UPDATE SET
        severity = excluded.severity, worst = max(worst, excluded.worst), occurrences = occurrences + 1,
        last_seen_at = excluded.last_seen_at, last_seen_boot = excluded.last_seen_boot,
        last_seen_mono = excluded.last_seen_mono, recovered_at = NULL, recovered_reason = NULL,
        title = excluded.title, hint = excluded.hint, evidence = excluded.evidence
      RETURNING id`)
    .pluck();
  const noteNumber = database.prepare<[number, number]>(
    'UPDATE numbers SET last_ticket = ? WHERE last_ticket < ?',
  );
  const reopen = database.prepare<{ id: number; worst: number; batch: string }>(`
    UPDATE tickets SET state = 'open', flapping = 1, resolved_at = NULL, worst = @worst, batch = @batch
    WHERE id = @id`);
  const recover = database.prepare<{ key: string; at: number; reason: string }>(`
    UPDATE tickets SET recovered_at = @at, recovered_reason = @reason
    WHERE key = @key AND state != 'resolved' AND recovered_at IS NULL`);
  const resolve = database.prepare<{ id: number; at: number }>(`
    UPDATE tickets SET state = 'resolved', held = 0, resolved_at = @at, recovered_at = NULL, recovered_reason = NULL
    WHERE id = @id`);
  const change = database.prepare<{
    id: number;
    state: TicketState;
    held: number;
    diagnosis: string | null;
  }>(`
    UPDATE tickets SET state = @state, held = @held, diagnosis = coalesce(@diagnosis, diagnosis) WHERE id = @id`);

  return {
    unresolvedOf(key) {
      const row = byKey.get(key);
      return row === undefined ? undefined : unresolvedOf(row);
    },
    waiting: () => waiting.all().map(unresolvedOf),
    countUnresolved: () => count.get() ?? 0,
    latestOf: (key) => latest.get(key),
    upsert(found) {
      const id = upsert.get(found);
      if (id === undefined) throw new Error(`${found.key} was written, and has no ticket`);
      noteNumber.run(id, id);
      return id;
    },
    reopen: (to) => void reopen.run(to),
    recover: (well) => void recover.run(well),
    resolve: (to) => void resolve.run(to),
    change: (to) => void change.run({ ...to, held: to.held ? 1 : 0 }),
  };
}

function unresolvedOf(row: UnresolvedRow): Unresolved {
  return {
    id: row.id,
    key: row.key,
    worst: row.worst,
    held: row.held === 1,
    flapping: row.flapping === 1,
    recoveredAt: row.recovered_at,
    recoveredReason: row.recovered_reason,
    lastSeen: { at: row.last_seen_at, bootId: row.last_seen_boot, monoMs: row.last_seen_mono },
  };
}
