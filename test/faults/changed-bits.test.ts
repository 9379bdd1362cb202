/**
 * Goal: one bit that a card changes, anywhere in a database of ours, ends no program for good. Method: files as their
 * owners leave them after a clean stop, with one bit of them turned; then starts that do all the usual work. The first
 * may meet damage and the second confirm it (docs/decisions/0044); the third must be through with it.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { castsDoubt, noteDamage } from '../../lib/base/damaged-file.ts';
import { EXIT, GatewayError } from '../../lib/base/errors.ts';
import { acquireInstanceLock } from '../../lib/base/instance-lock.ts';
import { createZone } from '../../lib/base/local-time.ts';
import type { BatchRow } from '../../lib/flow/batch.ts';
import { openOutbox } from '../../lib/flow/outbox/outbox.ts';
import { openOutboxSafely } from '../../lib/flow/outbox/quarantine.ts';
import { openStoreSafely } from '../../lib/flow/write-api/store/quarantined-stores.ts';
import { openNotifyLedger } from '../../lib/ops/notify/ledger.ts';
import { composeMessage } from '../../lib/ops/notify/message.ts';
import { openTicketBookSafely } from '../../lib/ops/tickets/safe-ticket-book.ts';
import { withBitTurned } from '../support/changed-bits.ts';
import { STORE_AT, storeBatch } from '../support/raw-store.ts';
import { someReadings } from '../support/some-readings.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ALL } from '../support/temp-outbox.ts';
import { createTestWorld } from '../support/test-world.ts';
import { someFinding } from '../support/ticket-rig.ts';

/** In each kind of file: some 15 ms each. */
const BITS = Number(process.env.CHANGED_BITS ?? 100);
/** The same bits each time, unless somebody asks for others. */
const SEED = Number(process.env.CHANGED_BITS_SEED ?? 1);
const STARTS_MAX = 3;
const TEST_MAX_MS = 60_000 + BITS * 200;

/** A start of its owner, all the usual work, and a clean stop; throws what it meets. Makes the file if there is none. */
type Run = (file: string) => Promise<void>;

let worlds = 0;
/** No two runs draw the same names for their streams. */
function anotherWorld() {
  worlds += 1;
  return createTestWorld({ seed: worlds });
}

const OPEN = { streak: 4, step: 1, reason: 'HTTP 503', sinceAt: 5, held: false, nextTryAt: 9 } as const;

const RUNS: Readonly<Record<string, Run>> = {
  async 'outbox.db'(file) {
    const outbox = openOutboxSafely({
      file,
      gateway: 'greenhouse',
      destinations: ['local'],
      world: anotherWorld(),
      bootId: 'boot',
      onDamage: () => {},
    });
    try {
      outbox.breaker('local');
      const { silences } = outbox;
      silences.lastStart();
      silences.sensors();
      silences.endAll(3, 4);
      silences.keepSensor({ sensor: 'roof', source: 'climate', intervalMs: 10_000 });
      const why = { sensor: null, afterSeq: 1, untilSeq: 3, fromAt: 1, toAt: 5, detail: '{}' };
      silences.note({ cause: 'reader_stopped', ...why });
      const { stream, lo } = outbox.append(someReadings(30));
      outbox.bury('local', stream, [{ seq: lo + 7, code: 'BAD', message: 'bad' }]);
      outbox.declareGone([[lo + 9, lo + 11]], 'shed');
      outbox.goneBatch('local');
      const batch = outbox.batch('local', { ...ALL, rowsMax: 5 });
      if (batch !== undefined) outbox.acknowledge('local', batch.stream, batch.seqs);
      outbox.redrive('local', lo + 7);
      outbox.bury('local', stream, [{ seq: lo + 12, code: 'BAD', message: 'bad' }]);
      outbox.saveBreaker('local', { state: 'closed', ...OPEN });
      outbox.saveBreaker('local', { state: 'open', ...OPEN });
      outbox.noteOutcome('local', { kind: 'unavailable', reason: 'HTTP 503', sinceAt: 3 });
      for (const look of [outbox.deadLetters, outbox.breakerTransitions]) look(10);
      outbox.runs('local', 20);
      outbox.backlog('local');
      outbox.compact();
    } finally {
      outbox.close();
    }
  },

  async 'store.db'(file) {
    let damage: unknown;
    const store = openStoreSafely({
      file,
      world: anotherWorld(),
      onDamage: (error) => {
        damage ??= error;
      },
    });
    const rowsFrom = (seq: number) =>
      Array.from({ length: 20 }, (_, i): BatchRow => [seq + i, i % 3, STORE_AT + (seq + i) * 10_000, i]);
    try {
      await store.ingest([{ ...storeBatch(rowsFrom(1)), gone: [[45, 47, 'shed']] }]);
      await store.ingest([storeBatch(rowsFrom(11))]);
      await store.stream('teststream');
      while (await store.maintain());
    } catch (error) {
      throw damage ?? error;
    } finally {
      await store.close();
    }
    if (damage !== undefined) throw damage;
  },

  async 'tickets.db'(file) {
    const { clock } = anotherWorld();
    const book = openTicketBookSafely({ file, clock, bootId: () => 'boot', onSetAside: () => {} });
    try {
      const found = ['bus', 'disk', 'clock'].map((key) => someFinding({ key }));
      book.report(found, 'look-1', clock.wallMs());
      book.recovered(['clock'], clock.wallMs());
      for (const { id } of book.list({ limit: 10 })) book.historyOf(id, 10);
      book.changesAfter(0, 100);
      book.report(found, 'look-2', clock.wallMs());
    } finally {
      book.close();
    }
  },

  async 'notify.db'(file) {
    const ledger = openNotifyLedger({ file, wallMs: () => 0, onQuarantined: () => {} });
    try {
      ledger.knowChannels(['phone']);
      ledger.breaker('phone');
      for (const one of ledger.allNews('phone')) ledger.told('phone', one.ticket.key);
      ledger.underway('phone');
      const { key, severity, title, hint } = someFinding();
      const facts = {
        id: 1,
        key,
        severity,
        title,
        hint,
        flapping: false,
        firstSeenAt: 1,
        resolvedAt: undefined,
      };
      const news = { ticket: facts, isOpen: true, times: 1, fromAt: 1 };
      const made = { id: 'id', at: 1, gateway: 'greenhouse', zone: createZone('UTC'), overflow: 0 };
      ledger.putNews('phone', news);
      ledger.putTold('phone', key, { severity, isOpen: true, at: 1 });
      const message = composeMessage([news], made);
      ledger.putUnderway('phone', { message, news: [news], tries: 1, refusals: 0 });
      ledger.saveBreaker('phone', { state: 'open', ...OPEN });
      ledger.moveTo({ change: 1, ticket: 1, at: 1 });
    } catch (error) {
      if (castsDoubt(error)) noteDamage(file, error);
      throw error;
    } finally {
      ledger.close();
    }
  },

  async 'sensor-main.lock'(file) {
    acquireInstanceLock({ dir: join(file, '..'), name: basename(file, '.lock'), pid: 4711 }).release();
  },
};

/** Starts until one is through. Throws what is met for ever, and what systemd starts nothing after. */
async function livesOn(run: Run, file: string): Promise<void> {
  for (let start = 1; ; start += 1) {
    try {
      return await run(file);
    } catch (error) {
      const isLast =
        start === STARTS_MAX || (error instanceof GatewayError && error.exitCode === EXIT.config);
      if (isLast) throw error;
    }
  }
}

it.each(Object.entries(RUNS))(
  'a bit that has changed in %s ends no start for good, wherever it is',
  async (name, run) => {
    const original = join(tempDir(), name);
    await run(original);
    const whole = readFileSync(original);
    // What is written nowhere is read by nobody.
    const places = [...whole.keys()].filter((at) => whole[at] !== 0);

    await fc.assert(
      fc.asyncProperty(fc.nat(8 * places.length - 1), async (bit) => {
        const at = places[Math.floor(bit / 8)] ?? 0;
        const file = join(tempDir(), name);
        writeFileSync(file, withBitTurned(whole, 8 * at + (bit % 8)));
        await livesOn(run, file);
      }),
      { seed: SEED, numRuns: BITS, endOnFailure: true },
    );
  },
  TEST_MAX_MS,
);

it('twin: opened without suspicion, a file whose header says that it may only be read ends every start', async () => {
  const options = {
    gateway: 'greenhouse',
    destinations: ['local'],
    world: anotherWorld(),
    bootId: 'boot',
  };
  const trusting: Run = async (path) => openOutbox({ file: path, ...options }).close();
  const file = join(tempDir(), 'outbox.db');
  await trusting(file);
  const bytes = readFileSync(file);
  // The version that it takes to write to the file: SQLite's file format, section 1.3.
  bytes.writeUInt8(3, 18);
  writeFileSync(file, bytes);

  await expect(livesOn(trusting, file)).rejects.toThrow('readonly');
  await expect(livesOn(trusting, file)).rejects.toThrow('readonly');
});
