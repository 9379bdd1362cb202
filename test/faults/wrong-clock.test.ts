/**
 * Goal: the built reader, on a clock that starts in 1970 or is moved while it runs, leaves every reading in a real
 * store once and at its true time, as soon as the clock is trusted. Method: real processes under libfaketime.
 */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FLAG } from '../../lib/flow/reading.ts';
import type { StoredReading } from '../../lib/flow/write-api/readings-store.ts';
import { type ChildProgram, startCommand } from '../support/child-program.ts';
import { fakeClock, noFakeClock, noOwnRun, synchronizeAgain, underTimesyncd } from '../support/fake-clock.ts';
import {
  createGateway,
  type Gateway,
  isAppended,
  isEvent,
  isStored,
  seqsOf,
  upTo,
} from '../support/gateway.ts';

const reason = noFakeClock();
const HOURS_3_S = 3 * 3_600;
const TO_1970_S = -Math.round(Date.now() / 1_000) + 30;
/** Programs read the moved clock a second later, and a reading is rounded. */
const SLACK_MS = 2_000;

const isMarked = ({ flags }: StoredReading) => (flags & FLAG.clockUntrusted) !== 0;

/** Readings that are not of the time in which the test has run. */
function ofAnotherTime(readings: readonly StoredReading[], sinceAt: number): StoredReading[] {
  return readings.filter(({ at }) => at < sinceAt - SLACK_MS || at > Date.now() + SLACK_MS);
}

/** Readings that are not later than the one before them in their series. */
function outOfOrder(readings: readonly StoredReading[]): StoredReading[] {
  const newest = new Map<string, number>();
  return readings
    .toSorted((a, b) => a.seq - b.seq)
    .filter(({ sensor, metric, at }) => {
      const before = newest.get(`${sensor} ${metric}`);
      newest.set(`${sensor} ${metric}`, at);
      return before !== undefined && at <= before;
    });
}

/** Until what was accepted so far is in the store and, where that was needed, has been corrected. */
async function settled(
  gateway: Gateway,
  done: (stored: StoredReading[]) => boolean,
): Promise<StoredReading[]> {
  let stored = await gateway.stored();
  await expect
    .poll(
      async () => {
        stored = await gateway.stored();
        return done(stored);
      },
      { timeout: 60_000, interval: 250 },
    )
    .toBe(true);
  return stored;
}

describe.skipIf(reason !== undefined)(
  `a reader on a wrong clock${reason === undefined ? '' : ` (${reason})`}`,
  () => {
    test('that boots in 1970 and learns the time sends nothing before, and everything right after', async () => {
      const sinceAt = Date.now();
      const clock = fakeClock(TO_1970_S);
      const gateway = await createGateway();
      await gateway.startApi();
      const reader = await gateway.startReader({ ...clock.env, SENSORGW_CLOCK_HOLD: '1h' });
      await reader.count(isAppended, 3);
      const before = await gateway.stored();
      clock.set(0);
      await reader.line(isEvent('reading.restamped'));
      await reader.count(isStored, 2);
      const ledger = await gateway.finish(reader);

      const stored = await gateway.stored();
      expect(before).toEqual([]);
      expect(seqsOf(stored)).toEqual(upTo(ledger.accepted));
      expect(stored.filter(isMarked)).toEqual([]);
      expect(ofAnotherTime(stored, sinceAt)).toEqual([]);
      expect(outOfOrder(stored)).toEqual([]);
    });

    test('that sends from 1970 because it must not wait has the store corrected later', async () => {
      const sinceAt = Date.now();
      const clock = fakeClock(TO_1970_S);
      const gateway = await createGateway();
      await gateway.startApi();
      const reader = await gateway.startReader({ ...clock.env, SENSORGW_CLOCK_HOLD: '0s' });
      await reader.count(isStored, 3);
      const before = await gateway.stored();
      clock.set(0);
      await reader.line(isEvent('reading.corrected'));

      expect(before.length).toBeGreaterThan(0);
      expect(before.every((one) => isMarked(one) && one.at < sinceAt / 2)).toBe(true);
      const stored = await settled(gateway, (now) => !now.some(isMarked));
      expect(ofAnotherTime(stored, sinceAt)).toEqual([]);
      expect(outOfOrder(stored)).toEqual([]);
      const ledger = await gateway.finish(reader);
      expect(seqsOf(await gateway.stored())).toEqual(upTo(ledger.accepted));
    });

    test('that nobody may vouch for keeps its marks: their twin', async () => {
      const clock = fakeClock(TO_1970_S);
      const gateway = await createGateway();
      await gateway.startApi();
      const settings = { ...clock.env, SENSORGW_CLOCK_TRUST: 'never', SENSORGW_CLOCK_HOLD: '0s' };
      const reader = await gateway.startReader(settings);
      await reader.count(isStored, 2);
      clock.set(0);
      await reader.count(isStored, 6);

      const stored = await gateway.stored();
      expect(stored.every(isMarked)).toBe(true);
      expect(stored.some(({ at }) => at < Date.now() / 2)).toBe(true);
    });
  },
);

const noJump = reason ?? noOwnRun();

describe.skipIf(noJump !== undefined)(
  `a clock that jumps while the reader runs${noJump === undefined ? '' : ` (${noJump})`}`,
  () => {
    /** A reader on a machine whose clock timesyncd has synchronised. */
    async function startReader(
      gateway: Gateway,
      env: Readonly<Record<string, string>>,
    ): Promise<ChildProgram> {
      const main = join(import.meta.dirname, '../../dist/src/sensor-main.js');
      const [command = '', ...args] = underTimesyncd(
        { ...gateway.env, SENSORGW_CLOCK_TRUST: 'auto', SENSORGW_CLOCK_HOLD: '1h', ...env },
        [process.execPath, main],
      );
      const reader = startCommand(command, args);
      await reader.line((line) => line.event === 'outbox.opened');
      return reader;
    }

    test.each([HOURS_3_S, -HOURS_3_S])(
      'by %s s moves no reading, if nobody vouches for it',
      async (jumpS) => {
        const sinceAt = Date.now();
        const clock = fakeClock(0);
        const gateway = await createGateway();
        await gateway.startApi();
        const reader = await startReader(gateway, clock.env);
        await reader.count(isStored, 2);
        clock.set(jumpS);
        await reader.line(isEvent('clock.doubted'));
        await reader.count(isStored, 5);

        const stored = await gateway.stored();
        expect(ofAnotherTime(stored, sinceAt)).toEqual([]);
        expect(stored.filter(isMarked)).toEqual([]);
        expect(outOfOrder(stored)).toEqual([]);
      },
    );

    test('is followed once timesyncd has synchronised it again: their twin', async () => {
      const clock = fakeClock(0);
      const gateway = await createGateway();
      await gateway.startApi();
      const reader = await startReader(gateway, clock.env);
      await reader.count(isStored, 2);
      clock.set(-HOURS_3_S);
      await reader.line(isEvent('clock.doubted'));
      synchronizeAgain(reader.pid);
      await reader.line(isEvent('clock.stepped'));
      await reader.count(isStored, reader.lines.filter(isStored).length + 2);

      const newest = Math.max(...(await gateway.stored()).map(({ seq }) => seq));
      const last = (await gateway.stored()).find(({ seq }) => seq === newest);
      expect(Math.abs((last?.at ?? 0) - (Date.now() - HOURS_3_S * 1_000))).toBeLessThan(30_000);
    });
  },
);
