/**
 * Goal: who tells of what is new is not in the way of who writes it, reads no more than is new, and misses nothing.
 * Method: a real store and a real outbox, looked at one look at a time.
 */

import { existsSync, utimesSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rawStore, STORE_AT, storeBatch } from '../../../test/support/raw-store.ts';
import { createStoreRig } from '../../../test/support/store-rig.ts';
import { rawOutbox, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { INCIDENT_AT } from '../../../test/support/virtual-clock.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { BreakerState } from '../../flow/flow-event.ts';
import { followArrivals } from './arrivals.ts';
import { CHANGES_PAGE } from './limits.ts';
import { followTransitions } from './transitions.ts';

const A_MINUTE_MS = 60_000;

/** From now on its log is written over, and does not grow. */
function beginLogAgain(raw: SqliteDatabase): void {
  raw.pragma('wal_checkpoint(RESTART)');
}

/** As if it had been written to then for the last time, whatever has been written since. */
function lastWrittenAt(file: string, at: number): void {
  for (const path of [file, `${file}-wal`]) utimesSync(path, at / 1_000, at / 1_000);
}

/** A store that is followed, and in which it seems that nobody has written for so long. */
function followedStore({ quietMs = A_MINUTE_MS } = {}) {
  const { file, store, raw } = rawStore();
  beginLogAgain(raw);
  const follow = followArrivals(file, { wallMs: () => INCIDENT_AT });
  lastWrittenAt(file, INCIDENT_AT - quietMs);
  follow();
  return {
    raw,
    /** What a look tells, after a write that shows or does not. */
    look: () => follow().readings.map(({ value }) => value),
    begins: () => follow().began,
    put: (seq: number) => store.ingest([storeBatch([[seq, 0, STORE_AT + seq * 1_000, seq]])]),
    hideWrites: () => lastWrittenAt(file, INCIDENT_AT - quietMs),
    showWrites: () => lastWrittenAt(file, INCIDENT_AT - quietMs + 1),
  };
}

/** An outbox whose breaker moves. */
function movingOutbox() {
  const { outbox, file } = tempOutbox();
  let isOpen = false;
  return {
    outbox,
    file,
    move(times: number) {
      for (let i = 0; i < times; i += 1) {
        const state: BreakerState = isOpen ? 'closed' : 'open';
        isOpen = !isOpen;
        const record = { state, streak: 0, step: 0, reason: 'test', held: false, nextTryAt: null };
        outbox.saveBreaker('local', { ...record, sinceAt: INCIDENT_AT });
      }
    },
  };
}

it('a store and an outbox that are closed while they are followed leave no log behind', async () => {
  const rig = createStoreRig();
  const { outbox, file } = movingOutbox();
  const clock = { wallMs: () => INCIDENT_AT };
  const began = [followArrivals(rig.file, clock)().began, followTransitions(file, clock)().began];

  await rig.close();
  outbox.close();

  expect(began).toEqual([true, true]);
  expect([rig.file, file].map((one) => existsSync(`${one}-wal`))).toEqual([false, false]);
});

it('a store that was not written to is not read', async () => {
  const { look, put, hideWrites, showWrites } = followedStore();
  await put(1);
  hideWrites();
  const unread = look();
  showWrites();

  expect([unread, look()]).toEqual([[], [1]]);
});

it('what is written in the same moment as what was seen is seen, too', async () => {
  const { look, put, hideWrites } = followedStore({ quietMs: 5 });
  await put(1);
  hideWrites();

  expect(look()).toEqual([1]);
});

it('a look that fails midway loses nothing: the next one tells it', async () => {
  const { raw, look, put, showWrites } = followedStore();
  await put(1);
  raw.exec('ALTER TABLE recent_readings RENAME TO recent_readings_away');
  showWrites();
  expect(look).toThrow('no such table');
  raw.exec('ALTER TABLE recent_readings_away RENAME TO recent_readings');

  expect(look()).toEqual([1]);
});

it('a store that lacks what it had is another one', async () => {
  const { raw, begins, put, showWrites } = followedStore();
  await put(1);
  showWrites();
  const before = begins();
  raw.exec('DELETE FROM received');

  expect([before, begins(), begins()]).toEqual([false, true, false]);
});

it('more transitions than are told at once are told with the next look, although nothing is written', () => {
  const { file, move } = movingOutbox();
  const follow = followTransitions(file, { wallMs: () => INCIDENT_AT });
  follow();
  move(CHANGES_PAGE + 1);
  lastWrittenAt(file, INCIDENT_AT - A_MINUTE_MS);

  expect([follow(), follow(), follow()].map(({ moved }) => moved.length)).toEqual([CHANGES_PAGE, 1, 0]);
});

it('an outbox that was not written to is not read', () => {
  const { file, move } = movingOutbox();
  beginLogAgain(rawOutbox(file));
  const follow = followTransitions(file, { wallMs: () => INCIDENT_AT });
  lastWrittenAt(file, INCIDENT_AT - A_MINUTE_MS);
  follow();
  move(1);
  lastWrittenAt(file, INCIDENT_AT - A_MINUTE_MS);
  const unread = follow().moved.length;
  lastWrittenAt(file, INCIDENT_AT - A_MINUTE_MS + 1);

  expect([unread, follow().moved.length]).toEqual([0, 1]);
});

it('an outbox that lacks what it had is another one', () => {
  const { file, move } = movingOutbox();
  move(1);
  const follow = followTransitions(file, { wallMs: () => INCIDENT_AT });
  follow();
  const raw = rawOutbox(file);
  raw.exec('DELETE FROM breaker_transitions');

  expect([follow().began, follow().began]).toEqual([true, false]);
});
