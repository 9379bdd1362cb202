/**
 * Goal: an outbox that is full fades, and loses nothing that it could keep. Method: real files with a bound of
 * half a MiB, which some ten thousand rows meet, and what stands in them held against the readings themselves:
 * each is in exactly one place, and the aggregates add up to what they stand for.
 */

import { describe, expect, it } from 'vitest';
import { ALL, crashed, offered, rawOutbox, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createThinningAudit } from '../../../test/support/thinning-audit.ts';
import { BatchRequest } from '../batch.ts';
import type { Reading } from '../reading.ts';
import { readOutboxLedger } from './ledger-view.ts';
import { openOutboxReadOnly } from './outbox-view.ts';
import { salvage } from './salvage.ts';
import { isOf, MINUTE, SEQS_PER_FILE, TEN_MINUTES } from './tiers.ts';

const BYTES_MAX = 512 * 1_024;
const bounds = { bytesMax: BYTES_MAX, diskReserveBytes: 0 };
/** The beginning of a minute. */
const START_AT = 1_768_493_400_000;

/** Rounds of five readings, ten seconds apart if nothing else is said. */
function rounds(count: number, from = 0, everyMs = 10_000): Reading[] {
  return Array.from({ length: count * 5 }, (_, i) => {
    const round = from + Math.floor(i / 5);
    return {
      sensor: `sensor-${i % 5}`,
      metric: 'temperature',
      unit: 'celsius',
      at: START_AT + round * everyMs,
      value: 20 + ((round * 7) % 64) / 8,
      flags: 0,
      monoMs: round * everyMs,
    };
  });
}

const MINUTE_ROUNDS = 6;

describe('a full outbox', () => {
  it('makes rows of a minute of its oldest readings, each telling what it stands for', () => {
    const { outbox, world } = tempOutbox({ bounds });
    const { stream } = outbox.append(rounds(10 * MINUTE_ROUNDS));

    for (let i = 1; world.recorder.of('reading.thinned').length === 0; i += 1)
      outbox.append(rounds(10 * MINUTE_ROUNDS, i * 10 * MINUTE_ROUNDS));

    const batch = outbox.batch('local', { ...ALL, rowsMax: 1 });
    const request = BatchRequest.parse(JSON.parse(batch?.body ?? '{}'));
    const values = [0, 1, 2, 3, 4, 5].map((round) => 20 + ((round * 7) % 64) / 8);
    const mean = values.reduce((sum, value) => sum + value, 0) / 6;
    expect(request.sources).toEqual([stream]);
    expect(request.readings).toEqual([
      [MINUTE.space[0], 0, START_AT, mean, 4, [6, 20, values[5], 20, values[5], 50_000, 0, 1, 30]],
    ]);
    expect(world.recorder.of('reading.thinned')[0]).toMatchObject({ stream, lo: 1, tier: 'minute' });
  });

  it('keeps every minute of an outage as long as they have their share, and then every ten minutes', () => {
    const made = tempOutbox({ bounds, synchronous: 'NORMAL' });
    const audit = createThinningAudit(made);

    for (let i = 0; i < 110; i += 1) audit.append(rounds(60, i * 60));

    expect(made.world.recorder.of('reading.shed')).toEqual([]);
    expect(new Set(made.world.recorder.of('reading.thinned').map(({ tier }) => tier))).toEqual(
      new Set(['minute', 'ten_minutes']),
    );
    expect(audit.uncovered('local', 600_000)).toEqual([]);
    audit.check();
  });

  it('sheds the oldest ten minutes once they have more than their share, and nothing else', () => {
    const made = tempOutbox({ bounds, synchronous: 'NORMAL' });
    const audit = createThinningAudit(made);

    for (let i = 0; made.world.recorder.of('reading.shed').length === 0; i += 1)
      audit.append(rounds(200, i * 200, 60_000));

    const shed = made.world.recorder.of('reading.shed');
    expect(shed[0]?.lo).toBe(TEN_MINUTES.space[0]);
    audit.check();
  });

  it('goes straight to ten minutes where a minute has too few readings to be worth a row', () => {
    const { outbox, world } = tempOutbox({ bounds });

    for (let i = 0; world.recorder.of('reading.thinned').length === 0; i += 1)
      outbox.append(rounds(100, i * 100, 60_000));

    expect(world.recorder.of('reading.thinned')[0]?.tier).toBe('ten_minutes');
  });

  it('twin: has nothing of the oldest hours if it can only shed', () => {
    const made = tempOutbox({ bounds, synchronous: 'NORMAL' });
    const audit = createThinningAudit(made);

    // Readings of one series never come twice within ten minutes.
    for (let i = 0; i < 80; i += 1) {
      const round = rounds(60, i * 60).map((one, k) => ({ ...one, metric: `m-${Math.floor(k / 5)}` }));
      audit.append(round);
    }

    expect(made.world.recorder.of('reading.thinned')).toEqual([]);
    expect(audit.uncovered('local', 600_000).length).toBeGreaterThan(20);
  });

  it('takes nothing from readings while it is within its bound', () => {
    const made = tempOutbox({ bounds, synchronous: 'NORMAL' });
    const audit = createThinningAudit(made);

    for (let i = 0; i < 25; i += 1) audit.append(rounds(60, i * 60));

    expect(made.world.recorder.of('reading.thinned')).toEqual([]);
    expect(offered(made.outbox)[0]?.[0]).toBe(1);
  });

  it('gives a thinned row to those who lack its readings, and names it to the others', () => {
    const made = tempOutbox({ bounds, destinations: ['local', 'cloud'] });
    const audit = createThinningAudit(made);
    audit.append(rounds(120));
    audit.deliver('cloud', { ...ALL, rowsMax: 300 });

    for (let i = 1; made.world.recorder.of('reading.thinned').length === 0; i += 1)
      audit.append(rounds(120, i * 120));

    const next = (destination: string) =>
      made.outbox.batch(destination, { ...ALL, rowsMax: 1 })?.seqs[0]?.[0];
    expect(next('local')).toBe(MINUTE.space[0]);
    expect(next('cloud')).toBeGreaterThan(MINUTE.space[0] + 40);
    audit.check();
  });

  it('never lets a row of a minute reach over a reading that a destination has', () => {
    const made = tempOutbox({ bounds, synchronous: 'NORMAL' });
    const audit = createThinningAudit(made);
    audit.append(rounds(120));
    made.outbox.acknowledge('local', made.outbox.stream, [[26, 30]]);
    audit.acknowledged('local', [[26, 30]]);

    for (let i = 1; made.world.recorder.of('reading.thinned').length < 12; i += 1)
      audit.append(rounds(120, i * 120));

    audit.check();
  });

  it('names a damaged reading as corrupt, and the others of its minute are thinned without it', () => {
    const made = tempOutbox({ bounds, synchronous: 'NORMAL' });
    const audit = createThinningAudit(made);
    audit.append(rounds(120));
    rawOutbox(made.file).exec('UPDATE readings SET value = 99 WHERE seq = 7');
    rawOutbox(made.file).exec('DELETE FROM readings WHERE seq = 18');

    for (let i = 1; made.world.recorder.of('reading.thinned').length === 0; i += 1)
      audit.append(rounds(120, i * 120));

    expect(made.world.recorder.of('outbox.corrupted').map(({ seqs }) => seqs)).toEqual([
      [
        [7, 7],
        [18, 18],
      ],
    ]);
    audit.check();
  });

  it('is as it was before if the commit fails', () => {
    const made = tempOutbox({ bounds, synchronous: 'NORMAL' });
    let i = 0;
    while (made.world.recorder.of('reading.thinned').length === 0) made.outbox.append(rounds(60, 60 * i++));
    const before = { offered: offered(made.outbox), backlog: made.outbox.backlog('local') };
    const events = made.world.recorder.of('reading.thinned').length;
    const writer = rawOutbox(made.file);

    // Late in the commit, when all of it has been noted in memory.
    writer.exec("CREATE TRIGGER broken BEFORE DELETE ON readings BEGIN SELECT RAISE(ABORT, 'no trim'); END");
    expect(() => made.outbox.append(rounds(60, 60 * i))).toThrow(/no trim/);
    writer.exec('DROP TRIGGER broken');

    expect({ offered: offered(made.outbox), backlog: made.outbox.backlog('local') }).toEqual(before);
    expect(made.world.recorder.of('reading.thinned')).toHaveLength(events);
    expect(made.outbox.append(rounds(60, 60 * i)).lo).toBe(300 * i + 1);
    expect(made.world.recorder.of('reading.thinned').length).toBeGreaterThan(events);
  });

  it('adds up after a crash behind every single commit', () => {
    const smaller = { ...bounds, bytesMax: BYTES_MAX / 2 };
    const made = tempOutbox({ bounds: smaller, destinations: ['local', 'cloud'], synchronous: 'NORMAL' });
    const audit = createThinningAudit(made);

    for (let i = 0; i < 24; i += 1) {
      audit.append(rounds(60, i * 60));
      if (i % 3 === 0) audit.deliver('cloud', { ...ALL, rowsMax: 200 });
      made.outbox.flush();
      const survivor = tempOutbox({
        file: crashed(made.file, i),
        destinations: ['local', 'cloud'],
        bounds: smaller,
      });
      audit.of(survivor).check();
      survivor.outbox.close();
    }

    expect(made.world.recorder.of('reading.thinned').length).toBeGreaterThan(3);
  });
});

describe('a thinned row', () => {
  function withThinned() {
    const made = tempOutbox({ bounds, synchronous: 'NORMAL' });
    for (let i = 0; made.world.recorder.of('reading.thinned').length === 0; i += 1)
      made.outbox.append(rounds(60, i * 60));
    const stream = made.outbox.batch('local', ALL)?.stream ?? '';
    return { ...made, stream, seq: MINUTE.space[0] };
  }

  it.each([
    ['count', '$[0]', 7],
    ['minimum', '$[1]', 1],
    ['source', '$[6]', 'somebodyelse'],
    ['range', '$[8]', 31],
  ])('whose %s the disk has changed is corrupt as a whole', (_what, path, value) => {
    const { outbox, file, world, seq } = withThinned();
    rawOutbox(file)
      .prepare('UPDATE readings SET thinned = json_set(thinned, ?, ?) WHERE seq = ?')
      .run(path, value, seq);

    const [first] = outbox.batch('local', ALL)?.seqs ?? [];

    expect(first?.[0]).toBe(seq + 1);
    expect(world.recorder.of('outbox.corrupted')).toMatchObject([{ seqs: [[seq, seq]] }]);
  });

  it('is saved from a damaged file exactly as it was, and what is thinned later has seqs of its own', () => {
    const lost = withThinned();
    const offeredBefore = lost.outbox.batch('local', { ...ALL, rowsMax: 5 });
    lost.outbox.close();
    const made = tempOutbox({ bounds, firstSeq: SEQS_PER_FILE + 1, synchronous: 'NORMAL' });

    for (const _ of salvage({ file: lost.file, destinations: ['local'], outbox: made.outbox }));
    const saved = made.outbox.batch('local', { ...ALL, rowsMax: 5 });
    for (let i = 0; made.world.recorder.of('reading.thinned').length < 10; i += 1)
      made.outbox.append(rounds(60, i * 60));

    expect(saved?.body).toBe(offeredBefore?.body);
    const ledger = readOutboxLedger(made.file);
    const ofMinutes = ledger.streams.filter(({ seqs: [lo] }) => isOf(MINUTE, lo)).map(({ seqs: [lo] }) => lo);
    expect(ofMinutes).toEqual([MINUTE.space[0], MINUTE.space[0] + SEQS_PER_FILE]);
  });

  it('is listed with what it stands for', () => {
    const { file, seq } = withThinned();
    const view = openOutboxReadOnly(file);

    const [first] = view.waiting('local', 1);
    const stats = view.stats();
    view.close();

    expect(first).toMatchObject({ seq, at: START_AT, thinned: { count: 6, spanMs: 50_000 } });
    expect(stats.thinnedRows).toBeGreaterThan(50);
  });

  it('comes back from the dead letters exactly as it was', () => {
    const { outbox, stream, seq } = withThinned();
    const one = { ...ALL, rowsMax: 1 };
    const before = outbox.batch('local', one)?.body;

    outbox.bury('local', stream, [{ seq, code: 'no', message: 'never' }]);
    const [letter] = outbox.deadLetters(1);
    const between = outbox.batch('local', one)?.body;
    outbox.redrive('local', seq);

    expect(letter?.thinned).toMatchObject({ count: 6, lo: 1, hi: 30 });
    expect(between).not.toBe(before);
    expect(outbox.batch('local', one)?.body).toBe(before);
  });
});
