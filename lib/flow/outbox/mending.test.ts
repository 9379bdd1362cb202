import { describe, expect, test } from 'vitest';
import { crashed, offered, rawOutbox, someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createTestWorld, type TestWorld } from '../../../test/support/test-world.ts';
import {
  RIGHT_MS,
  restampAll,
  sent,
  untrustedReadings,
  WRONG_MS,
} from '../../../test/support/untrusted-readings.ts';
import { BatchRequest } from '../batch.ts';
import { FLAG } from '../reading.ts';
import { rangesOfSeqs } from '../seq-ranges.ts';
import type { Outbox } from './outbox.ts';

const MINUTE_MS = 60_000;
const HOLD_MS = 5 * MINUTE_MS;
/** What a destination would be told of readings that it has. */
function told(outbox: Outbox, destination = 'local') {
  const batch = outbox.correctionBatch(destination);
  return batch && BatchRequest.parse(JSON.parse(batch.body)).corrections;
}

function acknowledgeAll(outbox: Outbox, destination = 'local'): void {
  outbox.acknowledge(destination, outbox.stream, [[1, 1_000_000]]);
}

/** The same boot in another process, after a crash. */
function restarted(
  file: string,
  world: TestWorld,
  over: { bootId?: string; clockHoldMs?: number } = {},
): Outbox {
  const copy = crashed(file);
  return tempOutbox({ file: copy, world, clockHoldMs: HOLD_MS, ...over }).outbox;
}

/** What `restarted` has opened. */
const crashedName = (file: string) => `${file}.crashed`;

const holding = () => tempOutbox({ world: createTestWorld(), clockHoldMs: HOLD_MS });

describe('readings that wait for a trusted clock', () => {
  test('are offered to nobody until the hold has passed, and then go with the mark', async () => {
    const { outbox, world } = holding();
    outbox.append(untrustedReadings(2));
    await world.clock.advance(HOLD_MS - 1);
    const before = sent(outbox);
    await world.clock.advance(1);

    expect(before).toEqual([]);
    expect(sent(outbox)).toEqual([`1: ${WRONG_MS} 1`, `2: ${WRONG_MS + 1_000} 1`]);
    expect(outbox.backlog('local').rows).toBe(2);
  });

  test('hold up nothing that has a trusted time', () => {
    const { outbox } = holding();
    outbox.append(untrustedReadings(2));
    outbox.append(someReadings(2));

    expect(offered(outbox)).toEqual([[3, 4]]);
  });

  test('have waited as long after a restart in the same boot', async () => {
    const { outbox, file, world } = holding();
    outbox.append(untrustedReadings(2));
    await world.clock.advance(HOLD_MS);
    const again = restarted(file, world);

    expect(offered(again)).toEqual([[1, 2]]);
  });

  test('wait no longer in another boot: nothing can mend them any more', () => {
    const { outbox, file, world } = holding();
    outbox.append(untrustedReadings(2));
    const again = restarted(file, world, { bootId: 'boot-2' });

    expect(offered(again)).toEqual([[1, 2]]);
    expect(again.clock.held().seqs).toEqual([]);
  });

  test('are not held at all where nobody asked for it', () => {
    const { outbox } = tempOutbox();
    outbox.append(untrustedReadings(2));

    expect(offered(outbox)).toEqual([[1, 2]]);
  });
});

describe('when the clock becomes trusted', () => {
  test('rows that wait get the time that their monotonic time says, and lose the mark', () => {
    const { outbox } = holding();
    outbox.append(untrustedReadings(3));
    outbox.clock.trust(RIGHT_MS);

    expect(restampAll(outbox)).toBe(3);
    expect(sent(outbox)).toEqual([0, 1, 2].map((i) => `${i + 1}: ${RIGHT_MS + i * 1_000} 0`));
    expect(told(outbox)).toBeUndefined();
  });

  test('a mended row has a checksum of its own again: no row is taken for damaged', () => {
    const { outbox, world } = holding();
    outbox.append(untrustedReadings(3));
    outbox.clock.trust(RIGHT_MS);
    restampAll(outbox);
    sent(outbox);

    expect(world.recorder.of('outbox.corrupted')).toEqual([]);
  });

  test('a row that the disk has changed is not mended into a good one', () => {
    const { outbox, file, world } = holding();
    outbox.append(untrustedReadings(3));
    rawOutbox(file).exec('UPDATE readings SET value = value + 1 WHERE seq = 2');
    outbox.clock.trust(RIGHT_MS);

    expect(restampAll(outbox)).toBe(2);
    expect(offered(outbox)).toEqual([
      [1, 1],
      [3, 3],
    ]);
    expect(world.recorder.of('outbox.corrupted')).toHaveLength(1);
  });

  test('other remarks of a reading stay', () => {
    const { outbox } = holding();
    outbox.append(untrustedReadings(1).map((one) => ({ ...one, flags: FLAG.clockUntrusted | FLAG.suspect })));
    outbox.clock.trust(RIGHT_MS);
    restampAll(outbox);

    expect(sent(outbox)).toEqual([`1: ${RIGHT_MS} ${FLAG.suspect}`]);
  });

  test('rows of trusted times, and rows of another boot, stay as they are', () => {
    const { outbox, file, world } = holding();
    outbox.append(untrustedReadings(1));
    const again = restarted(file, world, { bootId: 'boot-2' });
    again.append(someReadings(1));
    again.clock.trust(RIGHT_MS);

    expect(restampAll(again)).toBe(0);
    expect(sent(again)).toEqual([`1: ${WRONG_MS} 1`]);
  });

  test('a round that was stamped before and is appended after has its true time at once', () => {
    const { outbox } = holding();
    outbox.clock.trust(RIGHT_MS);
    outbox.append(untrustedReadings(1));

    expect(sent(outbox)).toEqual([`1: ${RIGHT_MS} 0`]);
  });

  test('many rows are mended in bounded steps, and the rest of them after a crash', () => {
    const { outbox, file, world } = holding();
    for (let round = 0; round < 5; round += 1) outbox.append(untrustedReadings(500, round * 500_000));
    outbox.clock.trust(RIGHT_MS);
    const first = outbox.clock.restamp() ?? 0;
    const again = restarted(file, world);
    again.clock.trust(RIGHT_MS);
    const rest = restampAll(again);

    expect(first).toBe(1_000);
    expect(rest).toBe(1_500);
    expect(sent(again)).toEqual(
      Array.from({ length: 2_500 }, (_, i) => `${i + 1}: ${RIGHT_MS + i * 1_000} 0`),
    );
  });

  test('an earlier run of this boot has left word of it', () => {
    const { outbox, file, world } = holding();
    outbox.clock.trust(RIGHT_MS);
    outbox.append(someReadings(1));

    const again = restarted(file, world);
    expect(again.clock.trustedOffsetMs()).toBe(RIGHT_MS);
    again.close();
    const other = restarted(crashedName(file), world, { bootId: 'boot-2' });
    expect(other.clock.trustedOffsetMs()).toBeUndefined();
  });
});

describe('readings that a destination has with the wrong time', () => {
  test('are declared as corrected, once', () => {
    const { outbox, world } = tempOutbox();
    outbox.append(untrustedReadings(3));
    sent(outbox);
    acknowledgeAll(outbox);
    outbox.flush();
    outbox.clock.trust(RIGHT_MS);
    restampAll(outbox);

    const corrections = told(outbox);
    outbox.noteCorrected('local', outbox.correctionBatch('local')?.corrects ?? []);

    expect(corrections).toEqual([[1, 3, RIGHT_MS - WRONG_MS, WRONG_MS, WRONG_MS + 2_000]]);
    expect(outbox.correctionBatch('local')).toBeUndefined();
    expect(world.recorder.of('outbox.trimmed')).toHaveLength(1);
  });

  test('are told to each destination that has them, and to no other', () => {
    const { outbox } = tempOutbox({ destinations: ['local', 'far'] });
    outbox.append(untrustedReadings(2));
    sent(outbox);
    acknowledgeAll(outbox);
    outbox.clock.trust(RIGHT_MS);
    restampAll(outbox);

    expect(told(outbox)).toHaveLength(1);
    expect(told(outbox, 'far')).toBeUndefined();
    expect(sent(outbox, 'far')[0]).toBe(`1: ${RIGHT_MS} 0`);
  });

  test('that are on their way are mended here, and declared when they have arrived', () => {
    const { outbox } = tempOutbox();
    outbox.append(untrustedReadings(2));
    const onItsWay = sent(outbox);
    outbox.clock.trust(RIGHT_MS);
    restampAll(outbox);
    const before = told(outbox);
    acknowledgeAll(outbox);

    expect(onItsWay[0]).toBe(`1: ${WRONG_MS} 1`);
    expect(before).toBeUndefined();
    expect(told(outbox)).toEqual([[1, 2, RIGHT_MS - WRONG_MS, WRONG_MS, WRONG_MS + 1_000]]);
  });

  test('are declared as far as they have arrived, and the rest once it has', () => {
    const { outbox } = tempOutbox();
    outbox.append(untrustedReadings(3));
    sent(outbox);
    outbox.clock.trust(RIGHT_MS);
    restampAll(outbox);
    const partsTold = [[1, 2] as const, [3, 3] as const].map(([lo, hi]) => {
      outbox.acknowledge('local', outbox.stream, [[lo, hi]]);
      const batch = outbox.correctionBatch('local');
      if (batch?.corrects !== undefined) outbox.noteCorrected('local', batch.corrects);
      return batch && BatchRequest.parse(JSON.parse(batch.body)).corrections?.map(([from, to]) => [from, to]);
    });

    expect(partsTold).toEqual([[[1, 2]], [[3, 3]]]);
    expect(told(outbox)).toBeUndefined();
  });

  test('and whose answer was lost with the run that sent them are declared, too', () => {
    const { outbox, file, world } = tempOutbox();
    outbox.append(untrustedReadings(2));
    sent(outbox);
    const again = restarted(file, world, { clockHoldMs: 0 });
    again.clock.trust(RIGHT_MS);
    restampAll(again);
    again.acknowledge('local', outbox.stream, [[1, 2]]);

    expect(told(again)).toHaveLength(1);
  });

  test('are declared after a crash between trust and telling, in whatever boot that is', () => {
    const { outbox, file, world } = tempOutbox();
    outbox.append(untrustedReadings(2));
    sent(outbox);
    acknowledgeAll(outbox);
    outbox.flush();
    outbox.clock.trust(RIGHT_MS);
    restampAll(outbox);

    expect(told(restarted(file, world, { bootId: 'boot-2' }))).toHaveLength(1);
  });

  test('are told again after a crash between telling and the next commit, and that is harmless', () => {
    const { outbox, file, world } = tempOutbox();
    outbox.append(untrustedReadings(2));
    sent(outbox);
    acknowledgeAll(outbox);
    outbox.clock.trust(RIGHT_MS);
    restampAll(outbox);
    outbox.noteCorrected('local', outbox.correctionBatch('local')?.corrects ?? []);

    const again = restarted(file, world);
    const toldAgain = told(again);
    again.noteCorrected('local', again.correctionBatch('local')?.corrects ?? []);
    again.flush();
    again.close();

    expect(toldAgain).toHaveLength(1);
    expect(told(restarted(crashedName(file), world))).toBeUndefined();
  });

  test('are moved by what their own clock was wrong by, if it jumped in between', () => {
    const { outbox } = tempOutbox();
    outbox.append(untrustedReadings(2));
    outbox.append(untrustedReadings(2, 2_000, WRONG_MS + 3_600_000));
    sent(outbox);
    acknowledgeAll(outbox);
    outbox.clock.trust(RIGHT_MS);
    restampAll(outbox);

    expect(told(outbox)?.map(([lo, hi, offsetMs]) => [lo, hi, offsetMs])).toEqual([
      [1, 2, RIGHT_MS - WRONG_MS],
      [3, 4, RIGHT_MS - WRONG_MS - 3_600_000],
    ]);
  });

  test('are told of one stream at a time', () => {
    const { outbox, file, world } = tempOutbox();
    const first = outbox.stream;
    outbox.append(untrustedReadings(2));
    const again = restarted(file, world, { clockHoldMs: 0 });
    again.append(untrustedReadings(2, 2_000));
    again.acknowledge('local', first, [[1, 2]]);
    acknowledgeAll(again);
    again.clock.trust(RIGHT_MS);
    restampAll(again);

    expect(again.correctionBatch('local')).toMatchObject({ stream: first, corrects: [[1, 2]] });
    again.noteCorrected('local', [[1, 2]]);
    expect(again.correctionBatch('local')).toMatchObject({ stream: again.stream, corrects: [[3, 4]] });
  });
});

describe('sleep of the machine', () => {
  test('begins another boot: what was stamped before it is not mended across it', () => {
    const { outbox, file } = holding();
    outbox.append(untrustedReadings(1));
    outbox.clock.beginBoot('boot-1+7200');
    outbox.append(untrustedReadings(1, 1_000));
    outbox.clock.trust(RIGHT_MS);

    expect(restampAll(outbox)).toBe(1);
    expect(sent(outbox)).toEqual([`1: ${WRONG_MS} 1`, `2: ${RIGHT_MS + 1_000} 0`]);
    expect(rawOutbox(file).prepare('SELECT boot_id FROM boots ORDER BY id').pluck().all()).toEqual([
      'boot-1',
      'boot-1+7200',
    ]);
  });

  test.each([
    ['before they are written', true],
    ['after they are written', false],
  ])(
    'does not mend what no disk has taken before it, although the clock is trusted %s',
    async (_when, trustedFirst) => {
      const { outbox, file, world } = holding();
      const [held, later] = [untrustedReadings(1), untrustedReadings(1, 1_000)];
      await world.clock.advance(500);
      outbox.clock.beginBoot('boot-1+7200');
      if (trustedFirst) outbox.clock.trust(RIGHT_MS);
      outbox.append([...held, ...later]);
      outbox.clock.trust(RIGHT_MS);
      restampAll(outbox);

      expect(sent(outbox)).toEqual([`1: ${WRONG_MS} 1`, `2: ${RIGHT_MS + 1_000} 0`]);
      const bootOfRow = 'SELECT boot_id FROM readings JOIN boots ON boots.id = boot ORDER BY seq';
      expect(rawOutbox(file).prepare(bootOfRow).pluck().all()).toEqual(['boot-1', 'boot-1+7200']);
    },
  );

  test('is the same to a run that measures it a second longer', () => {
    const { outbox, file, world } = holding();
    outbox.clock.beginBoot('boot-1+7200');
    outbox.append(untrustedReadings(1, 1_000));
    const again = restarted(file, world, { bootId: 'boot-1+7201' });
    again.clock.trust(RIGHT_MS);

    expect(restampAll(again)).toBe(1);
  });
});

test('a commit that fails after a sleep brings nothing of the time before it back', () => {
  const { outbox, file } = holding();
  outbox.append(untrustedReadings(1));
  const blocker = rawOutbox(file);
  outbox.clock.beginBoot('boot-1+7200');
  blocker.exec('BEGIN IMMEDIATE');
  expect(() => outbox.append(untrustedReadings(1, 5_000))).toThrow(/locked/);
  blocker.exec('ROLLBACK');
  outbox.clock.trust(RIGHT_MS);

  expect(restampAll(outbox)).toBe(0);
  expect(sent(outbox)).toEqual([`1: ${WRONG_MS} 1`]);
});

test('a commit that fails leaves everything as it was, and the next one does it', () => {
  const { outbox, file } = holding();
  outbox.append(untrustedReadings(2));
  outbox.clock.trust(RIGHT_MS);
  const blocker = rawOutbox(file);
  blocker.exec('BEGIN IMMEDIATE');
  expect(() => outbox.clock.restamp()).toThrow(/locked/);
  expect(() => outbox.append(untrustedReadings(1, 5_000))).toThrow(/locked/);
  blocker.exec('ROLLBACK');

  expect(restampAll(outbox)).toBe(2);
  expect(offered(outbox)).toEqual(rangesOfSeqs([1, 2]));
});
