import { describe, expect, it } from 'vitest';
import { rawStore, STORE_AT, storeBatch } from '../../../../test/support/raw-store.ts';
import { expectSameRollups, plainRollups, rollupsIn } from '../../../../test/support/rollup-audit.ts';
import { createTestWorld } from '../../../../test/support/test-world.ts';
import type { BatchRow } from '../../batch.ts';
import { FLAG } from '../../reading.ts';
import { openStoreReadOnly } from './sqlite-reader.ts';
import type { SqliteStore } from './sqlite-store.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** How many days are filled, a reading every ten minutes of each of three series. */
const DAYS = 40;
const NOW_AT = STORE_AT + DAYS * DAY_MS;

const rowsOfDays = (from: number, to: number): BatchRow[] =>
  Array.from({ length: (to - from) * 432 }, (_, n): BatchRow => {
    const i = from * 432 + n;
    return [i + 1, i % 3, STORE_AT + Math.floor(i / 3) * 600_000, (i % 50) / 4];
  });

async function filledStore(retention: Record<'rawMs' | 'minuteMs' | 'hourMs' | 'dayMs', number>) {
  const world = createTestWorld({ wallMs: NOW_AT });
  const made = rawStore({ world, retention });
  const rows = rowsOfDays(0, DAYS);
  for (let from = 0; from < rows.length; from += 4_000)
    await made.store.ingest([storeBatch(rows.slice(from, from + 4_000))]);
  made.settle();
  // The backlog is through: what is rolled up later is rolled up now.
  await world.clock.advance(60_000);
  return { ...made, world };
}

async function maintained(store: SqliteStore): Promise<number> {
  let steps = 1;
  while (await store.maintain()) steps += 1;
  return steps;
}

const PERIODS = { rawMs: 10 * DAY_MS, minuteMs: 20 * DAY_MS, hourMs: 30 * DAY_MS, dayMs: 0 };

describe('retention', () => {
  it('removes readings before minutes, minutes before hours, and keeps days that are for ever', async () => {
    const { store, raw, world } = await filledStore(PERIODS);
    const whole = plainRollups(raw, 'all');

    const steps = await maintained(store);

    const oldest = (sql: string) => raw.prepare<[], number>(sql).pluck().get();
    const dayOf = (at: number | undefined) => Math.floor(((at ?? 0) - STORE_AT) / DAY_MS);
    expect(dayOf(oldest('SELECT min(at) FROM readings'))).toBe(29);
    expect(
      [0, 1, 2].map((level) => dayOf(oldest(`SELECT min(at) FROM rollups WHERE level = ${level}`))),
    ).toEqual([19, 9, 0]);
    expect(
      raw.prepare('SELECT raw_from_at, minute_from_at, hour_from_at, day_from_at FROM store').raw().get(),
    ).toEqual([29, 19, 9].map((day) => STORE_AT + day * DAY_MS).concat(0));
    const left = rollupsIn(raw);
    const names = new Set(left.map(({ level, series, at }) => `${level} ${series} ${at}`));
    expectSameRollups(
      left,
      whole.filter(({ level, series, at }) => names.has(`${level} ${series} ${at}`)),
    );
    expect(steps).toBeGreaterThan(5);
    expect(world.recorder.events.filter(({ type }) => type === 'store.aged')).toHaveLength(1);
  });

  it('keeps the received ranges: what has left because of its age is a duplicate when it comes again', async () => {
    const { store } = await filledStore(PERIODS);
    await maintained(store);

    const [answer] = await store.ingest([storeBatch(rowsOfDays(0, 2))]);

    expect(answer).toMatchObject({ stored: [], duplicate: [[1, 864]] });
    expect((await store.stream('teststream')).received).toEqual([[1, DAYS * 432]]);
  });

  it('adds what comes late to rollups whose readings have left', async () => {
    const { store, raw, settle } = await filledStore(PERIODS);
    await maintained(store);
    const dayOf = () =>
      rollupsIn(raw).find(({ level, series, at }) => level === 2 && series === 1 && at === STORE_AT);
    const before = dayOf();

    await store.ingest([storeBatch([[900_000, 0, STORE_AT + HOUR_MS + 1, 1_000]])]);
    settle();

    expect(dayOf()).toMatchObject({ count: (before?.count ?? 0) + 1, max: 1_000, min: before?.min });
  });

  it('keeps readings whose time nobody vouches for, until their correction has had a year to come', async () => {
    const { store, raw, settle } = await filledStore(PERIODS);
    const inThe1970s = 5 * DAY_MS;
    await store.ingest([
      storeBatch([
        [800_000, 0, STORE_AT + 1, 7, FLAG.clockUntrusted],
        [800_001, 0, inThe1970s, 8, FLAG.clockUntrusted],
      ]),
    ]);
    settle();

    await maintained(store);
    const kept = raw
      .prepare('SELECT seq FROM readings WHERE at < ?')
      .pluck()
      .all(STORE_AT + DAY_MS);
    const offset = NOW_AT - inThe1970s - HOUR_MS;
    await store.ingest([storeBatch([], [[800_001, 800_001, offset, 0, inThe1970s]])]);

    expect(kept).toEqual([800_001, 800_000]);
    expect(raw.prepare('SELECT at, flags FROM readings WHERE seq = 800001').get()).toEqual({
      at: NOW_AT - HOUR_MS,
      flags: 0,
    });
    const untrusted = rollupsIn(raw).filter(({ flags }) => flags === FLAG.clockUntrusted);
    expect(untrusted.map(({ count }) => count)).toEqual([1, 1, 1]);
  });

  it('believes no clock that has run ahead of every reading', async () => {
    const { store, raw, world } = await filledStore(PERIODS);
    world.clock.stepWall(20 * 365 * DAY_MS);

    await maintained(store);

    expect(raw.prepare('SELECT count(*) FROM readings').pluck().get()).toBe(11 * 432);
  });

  it('removes nothing for ever, and nothing before a reading has come', async () => {
    const { store, raw, file } = await filledStore({ rawMs: 0, minuteMs: 0, hourMs: 0, dayMs: 0 });
    await maintained(store);
    const again = rawStore({ file, world: createTestWorld({ wallMs: NOW_AT }), retention: PERIODS });

    await maintained(again.store);

    expect(raw.prepare('SELECT count(*) FROM readings').pluck().get()).toBe(DAYS * 432);
  });

  it('waits until everything is rolled up that it would remove', async () => {
    const { store, raw } = await filledStore(PERIODS);
    const whole = plainRollups(raw, 'all').filter(({ level }) => level === 2);
    raw.exec(
      `DELETE FROM rollups; INSERT OR REPLACE INTO unrolled SELECT id, 0, ${Number.MAX_SAFE_INTEGER} FROM series`,
    );

    await maintained(store);

    expectSameRollups(
      rollupsIn(raw).filter(({ level }) => level === 2),
      whole,
    );
    expect(raw.prepare('SELECT count(*) FROM readings').pluck().get()).toBe(11 * 432);
  });

  it('forgets what a thinned reading stood for together with it', async () => {
    const { store, raw, settle } = await filledStore(PERIODS);
    const mean: BatchRow = [700_000, 0, STORE_AT, 2, FLAG.thinned, [3, 1, 3, 1, 3, 20_000, 0, 1, 3]];
    await store.ingest([storeBatch([mean])]);
    settle();

    await maintained(store);

    expect(raw.prepare('SELECT count(*) FROM thinned').pluck().get()).toBe(0);
    expect(raw.prepare('SELECT lo, hi FROM covered').all()).toEqual([{ lo: 1, hi: 3 }]);
  });

  it('shows a reader what is left, in order', async () => {
    const { store, file } = await filledStore(PERIODS);
    await maintained(store);

    const reader = openStoreReadOnly(file);
    const first = [];
    for await (const { at } of reader.readings({ sinceAt: 0, limit: 3 })) first.push(at);
    await reader.close();

    expect(first).toEqual(Array(3).fill(STORE_AT + 29 * DAY_MS));
  });
});
