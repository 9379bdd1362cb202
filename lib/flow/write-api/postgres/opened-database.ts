/**
 * The database under its address: opened with the first work over it, and opened again after it was lost, because
 * what comes back may be another one: restored, or made anew. Until then everything is refused with
 * `store_unreachable`, and somebody goes on trying.
 *
 * That it cannot be reached is told once, and once that it can be again; a disk of its server that fails is
 * remembered for a while, for those who ask how the store is doing.
 */

import { GatewayError, messageOf } from '../../../base/errors.ts';
import type { World } from '../../flow-event.ts';
import { StoreFault, type StoreFaultCode } from '../readings-store.ts';
import { type ConnectionOptions, createConnections, type Session, type Sql } from './connections.ts';
import { MIGRATION_MAX_MS, migrateDatabase } from './migrate.ts';

export interface OpenedDatabaseOptions extends Omit<ConnectionOptions, 'clock' | 'onLost'> {
  readonly world: World;
  /** What else it needs before there can be any work over it; each time that it is opened. */
  readonly prepare: (session: Session) => Promise<void>;
  /** What is known of it may not be so any more. */
  readonly onForget: () => void;
}

export interface OpenedDatabase {
  /** The stream of the readings that came without one. Throws `StoreFault` while it is not known. */
  readonly ownStream: string;

  /** Opens it now. Throws `StoreFault` if it cannot be reached, and the `GatewayError` of one that is not for us. */
  open(): Promise<void>;

  /** `Connections.within`, over a database that is open. */
  work<T>(what: string, maxMs: number, job: (session: Session, ownStream: string) => Promise<T>): Promise<T>;

  /** Something has been stored: its server's disk is well again. */
  noteStored(): void;

  /** Why nothing can be stored now, asked of the server; `undefined`: it can be. Never rejects. */
  faultNow(): Promise<StoreFaultCode | undefined>;

  close(): Promise<void>;
}

/** With two migrations one after the other, another write API's and our own, and what is around them. */
export const OPEN_MAX_MS = 2 * MIGRATION_MAX_MS + 10_000;
const HEALTH_MAX_MS = 2_000;
/** A full disk or a failing one is told for so long after it was last met. */
const FAULT_TOLD_MS = 60_000;

export function createOpenedDatabase(options: OpenedDatabaseOptions): OpenedDatabase {
  const { world, prepare, onForget, ...address } = options;
  const { clock, random, observe } = world;
  const connections = createConnections({ ...address, clock, onLost: forget });
  let ownStream: string | undefined;
  let isOpen = false;
  let isOpening = false;
  /** Of the latest attempt to open it. */
  let whyNotOpen: string | undefined;
  let lostMono: number | undefined;
  let fault: { readonly code: StoreFaultCode; readonly metMono: number } | undefined;

  function forget(): void {
    isOpen = false;
    onForget();
  }

  function noteFault(error: unknown): void {
    if (!(error instanceof StoreFault)) return;
    if (error.code === 'store_full' || error.code === 'store_io')
      fault = { code: error.code, metMono: clock.monotonicMs() };
    if (error.code !== 'store_unreachable') return;
    forget();
    if (lostMono !== undefined) return;
    lostMono = clock.monotonicMs();
    observe({ type: 'store.unreachable', message: error.message });
  }

  function noteSuccess(): void {
    if (lostMono === undefined) return;
    observe({ type: 'store.reachable', downMs: Math.round(clock.monotonicMs() - lostMono) });
    lostMono = undefined;
  }

  async function noted<T>(what: string, maxMs: number, job: (session: Session) => Promise<T>): Promise<T> {
    try {
      const result = await connections.within(what, maxMs, job);
      noteSuccess();
      return result;
    } catch (error) {
      noteFault(error);
      throw error;
    }
  }

  async function opened(session: Session): Promise<string> {
    if (isOpen && ownStream !== undefined) return ownStream;
    await migrateDatabase(session);
    const stream = (await session.look(ownStreamOf)) ?? (await session.transaction(beginOwnStream));
    if (stream === undefined) throw new Error('the database has no stream of its own');
    await prepare(session);
    ownStream = stream;
    isOpen = true;
    return stream;
  }

  async function beginOwnStream(sql: Sql): Promise<string | undefined> {
    const candidate = random.streamId();
    await sql.run('INSERT INTO sensorgw.store (id, stream) VALUES (1, $1) ON CONFLICT DO NOTHING', [
      candidate,
    ]);
    return ownStreamOf(sql);
  }

  /** For whom a schema that is too new is one of the reasons why nothing can be stored now. */
  async function openedOrFault(session: Session): Promise<string> {
    try {
      return await opened(session);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      throw new StoreFault('store_unreachable', messageOf(error), error);
    }
  }

  async function openNow(job: (session: Session) => Promise<string>): Promise<void> {
    try {
      await noted('open', OPEN_MAX_MS, job);
    } catch (error) {
      whyNotOpen = messageOf(error);
      throw error;
    }
  }

  /** For the requests to come. What keeps it from opening is told to those who have to wait for that. */
  async function openSoon(): Promise<void> {
    if (isOpening) return;
    isOpening = true;
    await openNow(openedOrFault).catch(() => {});
    isOpening = false;
  }

  function notOpenYet(): StoreFault {
    const why =
      whyNotOpen === undefined ? 'the database has not been reached yet' : `not open yet: ${whyNotOpen}`;
    return new StoreFault('store_unreachable', why, undefined);
  }

  /** The first time takes as long as it takes, and nobody's request is to wait for it, or to end it. */
  async function openedForWork(session: Session): Promise<string> {
    if (ownStream !== undefined) return openedOrFault(session);
    void openSoon();
    throw notOpenYet();
  }

  function work<T>(
    what: string,
    maxMs: number,
    job: (session: Session, ownStream: string) => Promise<T>,
  ): Promise<T> {
    return noted(what, maxMs, async (session) => job(session, await openedForWork(session)));
  }

  function rememberedFault(): StoreFaultCode | undefined {
    const isRecent = fault !== undefined && clock.monotonicMs() - fault.metMono < FAULT_TOLD_MS;
    return isRecent ? fault?.code : undefined;
  }

  return {
    get ownStream() {
      if (ownStream !== undefined) return ownStream;
      // Without it no request gets as far as asking the server, so that somebody has to.
      void openSoon();
      throw notOpenYet();
    },
    open: () => openNow(opened),
    work,
    noteStored() {
      fault = undefined;
    },
    // Asked of the server, so that a write API without traffic is found well again.
    async faultNow() {
      try {
        const canWrite = await work('health', HEALTH_MAX_MS, (session) => session.look(isWritable));
        return canWrite ? rememberedFault() : 'store_unreachable';
      } catch (error) {
        return error instanceof StoreFault ? error.code : 'store_io';
      }
    },
    close: () => connections.close(),
  };
}

async function ownStreamOf(sql: Sql): Promise<string | undefined> {
  const [row] = await sql.rows<{ stream: string }>('SELECT stream FROM sensorgw.store');
  return row?.stream;
}

/** Whether our tables are there, and on no standby. */
async function isWritable(sql: Sql): Promise<boolean> {
  const [row] = await sql.rows<{ can: boolean }>(
    "SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off' AS can FROM sensorgw.store",
  );
  return row?.can === true;
}
